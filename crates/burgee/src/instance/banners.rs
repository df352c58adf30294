//! Banners: what everybody reads at the top of the page.

use serde::Serialize;

use crate::clock::Time;
use crate::db::Read;
use crate::error::{Error, Kind, Result};
use crate::events::{Change, Event, Fact};
use crate::sql;

/// How many banners there may be.
const MOST: i64 = 100;
/// The longest text that stands on every page, and the longest text behind it, in characters.
const LONGEST: usize = 2000;
const LONGEST_DIALOG: usize = 20_000;

/// A banner.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Banner {
    /// Its number.
    pub id: i64,
    /// What it says and does.
    #[serde(flatten)]
    #[sqlx(flatten)]
    pub draft: Draft,
    /// When it was made.
    pub created_at: Time,
}

/// What a banner says and does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Draft {
    /// What it says.
    pub message: String,
    /// Whether it is shown.
    pub enabled: bool,
    /// What it looks like: `info`, `warning`, `error`, `success`.
    pub variant: String,
    /// Whether it stays in view.
    pub sticky: bool,
    /// A symbol.
    pub icon: Option<String>,
    /// Where it leads; `dialog` opens the dialog.
    pub link: Option<String>,
    /// What the link says.
    pub link_text: Option<String>,
    /// The title of the dialog.
    pub dialog_title: Option<String>,
    /// What the dialog says.
    pub dialog: Option<String>,
}

impl Draft {
    /// A link stands on everybody's page: it must not run anything there.
    pub fn check(&self) -> Result<()> {
        if self.message.trim().is_empty() {
            return Err(Error::bad_data("A banner needs a message."));
        }
        let texts = [
            Some(&self.message),
            self.icon.as_ref(),
            self.link.as_ref(),
            self.link_text.as_ref(),
            self.dialog_title.as_ref(),
        ];
        if texts.into_iter().flatten().any(|text| text.chars().count() > LONGEST) {
            return Err(Error::bad_data(format!(
                "The texts of a banner must have {LONGEST} characters at most."
            )));
        }
        if self.dialog.as_ref().is_some_and(|text| text.chars().count() > LONGEST_DIALOG) {
            return Err(Error::bad_data(format!(
                "What there is more to read must have {LONGEST_DIALOG} characters at most."
            )));
        }
        let safe = self.link.as_deref().is_none_or(|link| {
            link.is_empty()
                || link == "dialog"
                || ["/", "https://", "http://", "mailto:"].iter().any(|start| link.starts_with(start))
        });
        if safe {
            return Ok(());
        }
        Err(Error::bad_data("A banner's link must be `dialog`, a path, or a http(s) or mailto URL."))
    }
}

/// All banners, the newest last.
pub async fn list(tx: &mut Read) -> Result<Vec<Banner>> {
    tx.all(sql!(
        "SELECT id, message, enabled, variant, sticky, icon, link, link_text, dialog_title, dialog, created_at
         FROM banners ORDER BY id"
    ))
    .await
}

/// Those that are shown.
pub async fn shown(tx: &mut Read) -> Result<Vec<Banner>> {
    tx.all(sql!(
        "SELECT id, message, enabled, variant, sticky, icon, link, link_text, dialog_title, dialog, created_at
         FROM banners WHERE enabled = TRUE ORDER BY id"
    ))
    .await
}

/// The banner with this id.
pub async fn get(tx: &mut Read, id: i64) -> Result<Banner> {
    let found = list(tx).await?.into_iter().find(|banner| banner.id == id);
    found.ok_or_else(|| Error::not_found(format!("Could not find banner with id {id}")))
}

/// Makes a banner.
pub async fn create(tx: &mut Change, draft: Draft) -> Result<Banner> {
    draft.check()?;
    let (count,): (i64,) = tx.one(sql!("SELECT COUNT(*) FROM banners")).await?;
    if count >= MOST {
        return Err(Error::rejected(
            Kind::ExceedsLimit,
            format!("Failed to create banner. You can't create more than the established limit of {MOST}."),
        ));
    }
    let now = tx.now();
    let (id,): (i64,) = tx
        .one(sql!(
            "INSERT INTO banners (message, enabled, variant, sticky, icon, link, link_text, dialog_title, dialog,
                                  created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id",
            draft.message,
            draft.enabled,
            draft.variant,
            draft.sticky,
            draft.icon,
            draft.link,
            draft.link_text,
            draft.dialog_title,
            draft.dialog,
            now
        ))
        .await?;
    let banner = get(tx, id).await?;
    tx.record(Event::created(Fact::BannerCreated, &banner));
    Ok(banner)
}

/// Keeps everybody else from changing the banner until the transaction ends.
pub async fn lock(tx: &mut Change, id: i64) -> Result<Banner> {
    let _: Option<(i64,)> = tx.optional(sql!("SELECT id FROM banners WHERE id = $1{lock}", id)).await?;
    get(tx, id).await
}

/// Replaces what a banner says and does.
pub async fn update(tx: &mut Change, id: i64, draft: Draft) -> Result<Banner> {
    draft.check()?;
    let before = lock(tx, id).await?;
    tx.execute(sql!(
        "UPDATE banners SET message = $2, enabled = $3, variant = $4, sticky = $5, icon = $6, link = $7,
                            link_text = $8, dialog_title = $9, dialog = $10 WHERE id = $1",
        id,
        draft.message,
        draft.enabled,
        draft.variant,
        draft.sticky,
        draft.icon,
        draft.link,
        draft.link_text,
        draft.dialog_title,
        draft.dialog
    ))
    .await?;
    let after = get(tx, id).await?;
    tx.record(Event::updated(Fact::BannerUpdated, &before, &after));
    Ok(after)
}

/// Shows a banner, or hides it.
pub async fn show(tx: &mut Change, id: i64, enabled: bool) -> Result<Banner> {
    let before = lock(tx, id).await?;
    if before.draft.enabled == enabled {
        return Ok(before);
    }
    update(tx, id, Draft { enabled, ..before.draft }).await
}

/// Deletes a banner.
pub async fn delete(tx: &mut Change, id: i64) -> Result<()> {
    let banner = lock(tx, id).await?;
    tx.execute(sql!("DELETE FROM banners WHERE id = $1", id)).await?;
    tx.record(Event::deleted(Fact::BannerDeleted, &banner));
    Ok(())
}
