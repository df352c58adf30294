//! What people write about applications.

use serde::Serialize;

use super::retention::{place, places};
use super::{Application, LONGEST, find, get};
use crate::access::Sight;
use crate::error::{Error, Result};
use crate::events::{Change, Event, Fact};
use crate::sql;

/// What people wrote about an application.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Details {
    /// Where to read more.
    pub url: Option<String>,
    /// The colour that it is shown in.
    pub color: Option<String>,
    /// The icon that it is shown with.
    pub icon: Option<String>,
    /// What it is.
    pub description: Option<String>,
}

/// Changes of what is written about an application. What is `None` stays; an inner `None` takes away.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// Where to read more.
    pub url: Option<Option<String>>,
    /// The colour that it is shown in.
    pub color: Option<Option<String>>,
    /// The icon that it is shown with.
    pub icon: Option<Option<String>>,
    /// What it is.
    pub description: Option<Option<String>>,
    /// The strategy types that it knows, until it tells itself.
    pub strategies: Option<Vec<String>>,
}

/// An application as events show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Recorded {
    app_name: String,
    strategies: Vec<String>,
    #[serde(flatten)]
    details: Details,
}

impl Recorded {
    /// One about which only the name is told.
    pub(super) fn bare(app_name: String) -> Self {
        Self { app_name, strategies: Vec::new(), details: Details::default() }
    }
}

impl From<Application> for Recorded {
    fn from(application: Application) -> Self {
        let Application { name, strategies, details, .. } = application;
        Self { app_name: name, strategies: strategies.0, details }
    }
}

/// Loads an application about which nobody else writes until the transaction ends.
pub async fn lock(tx: &mut Change, sight: &Sight, name: &str) -> Result<Application> {
    hold(tx, name).await?;
    get(tx, sight, name).await
}

async fn hold(tx: &mut Change, name: &str) -> Result<()> {
    let _: Option<(String,)> =
        tx.optional(sql!("SELECT name FROM applications WHERE name = $1{lock}", name)).await?;
    Ok(())
}

/// Writes about an application; one that nobody knows comes to be. What changes nothing is no event.
pub async fn describe(tx: &mut Change, sight: &Sight, name: &str, draft: Draft) -> Result<()> {
    hold(tx, name).await?;
    let known = find(tx, sight, name).await?;
    let before = known.map(Recorded::from);
    let mut after = before.clone().unwrap_or_else(|| Recorded::bare(name.to_owned()));
    let Details { url, color, icon, description } = &mut after.details;
    for (text, change) in
        [(url, draft.url), (color, draft.color), (icon, draft.icon), (description, draft.description)]
    {
        *text = change.unwrap_or_else(|| text.take());
    }
    after.strategies = draft.strategies.unwrap_or(after.strategies);
    let Details { url, color, icon, description } = &after.details;
    let texts = [Some(&after.app_name), url.as_ref(), color.as_ref(), icon.as_ref(), description.as_ref()];
    if texts.into_iter().flatten().any(|text| text.chars().count() > LONGEST) {
        return Err(Error::bad_data(format!("Texts must have at most {LONGEST} characters.")));
    }
    if before.as_ref() == Some(&after) {
        return Ok(());
    }
    store(tx, &after, before.is_some()).await?;
    let place = place_of(tx, name).await?;
    let event = match &before {
        Some(before) => Event::updated(Fact::ApplicationUpdated, before, &after),
        None => Event::created(Fact::ApplicationCreated, &after),
    };
    tx.record(event.within(place, None));
    Ok(())
}

async fn store(tx: &mut Change, recorded: &Recorded, known: bool) -> Result<()> {
    let (name, now) = (&recorded.app_name, tx.now());
    let strategies = serde_json::to_string(&recorded.strategies)?;
    let touched = if known {
        tx.execute(sql!("UPDATE applications SET strategies = $2 WHERE name = $1", name, strategies)).await?
    } else {
        tx.execute(sql!(
            "INSERT INTO applications (name, search, strategies, announced, created_at, seen_at)
             VALUES ($1, $2, $3, TRUE, $4, $4) ON CONFLICT (name) DO NOTHING",
            name,
            name.to_lowercase(),
            strategies,
            now
        ))
        .await?
    };
    // It is there and not seen, or went meanwhile.
    if touched == 0 {
        return Err(Error::not_found(format!("Could not find appName={name}")));
    }
    let Details { url, color, icon, description } = recorded.details.clone();
    tx.execute(sql!(
        "INSERT INTO application_details (application, url, color, icon, description) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (application) DO UPDATE SET url = excluded.url, color = excluded.color, icon = excluded.icon,
            description = excluded.description",
        name,
        url,
        color,
        icon,
        description
    ))
    .await?;
    Ok(())
}

/// Deletes an application, and all that it told; one that is not there, or not seen, is no error. It comes back when
/// one of its instances starts.
pub async fn delete(tx: &mut Change, sight: &Sight, name: &str) -> Result<()> {
    let Some(application) = find(tx, sight, name).await? else { return Ok(()) };
    let place = place_of(tx, name).await?;
    tx.execute(sql!("DELETE FROM application_details WHERE application = $1", name)).await?;
    tx.execute(sql!("DELETE FROM applications WHERE name = $1", name)).await?;
    tx.record(Event::deleted(Fact::ApplicationDeleted, &Recorded::from(application)).within(place, None));
    Ok(())
}

async fn place_of(tx: &mut Change, name: &str) -> Result<Option<String>> {
    let places = places(tx, &serde_json::to_string(&[name])?).await?;
    Ok(place(places.iter().map(|(_, project)| project.as_str())))
}
