//! Links from a flag to what people should know about it.

use serde::{Deserialize, Serialize};

use super::detail::Link;
use super::feature::{event, lock};
use crate::db::Read;
use crate::entropy::Entropy;
use crate::error::{Error, Result};
use crate::events::{Change, Event, Fact};
use crate::sql;

/// How many links a flag may have.
const LIMIT: i64 = 100;
/// The longest address, in characters.
const LONGEST_URL: usize = 2000;
/// The longest title, in characters.
const LONGEST_TITLE: usize = 255;

/// A link as somebody wants it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Draft {
    /// Where it leads.
    pub url: String,
    /// What people call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

impl Draft {
    /// Refuses what is no address of the web. Without a scheme, it is `https`.
    fn checked(self) -> Result<Self> {
        let invalid = || {
            let shown: String = self.url.chars().take(100).collect();
            Error::bad_data(format!("Invalid URL: {shown}"))
        };
        let text = if self.url.contains("://") { self.url.clone() } else { format!("https://{}", self.url) };
        let odd = |c: char| c.is_whitespace() || c.is_control();
        if text.chars().count() > LONGEST_URL || text.contains(odd) {
            return Err(invalid());
        }
        let url = url::Url::parse(&text).map_err(|_| invalid())?;
        let web = matches!(url.scheme(), "http" | "https");
        if !web || url.host().is_none() || !url.username().is_empty() || url.password().is_some() {
            return Err(invalid());
        }
        if self.title.as_ref().is_some_and(|title| title.chars().count() > LONGEST_TITLE) {
            return Err(Error::bad_data(format!("The title must have at most {LONGEST_TITLE} characters.")));
        }
        Ok(Self { url: text, title: self.title })
    }
}

/// Adds a link.
pub async fn add(
    tx: &mut Change,
    entropy: &Entropy,
    project: &str,
    feature: &str,
    draft: Draft,
) -> Result<()> {
    let draft = draft.checked()?;
    lock(tx, project, feature).await?;
    let (count,): (i64,) =
        tx.one(sql!("SELECT COUNT(*) FROM feature_links WHERE feature = $1", feature)).await?;
    if count >= LIMIT {
        return Err(Error::limit("link", LIMIT));
    }
    store(tx, entropy, project, feature, draft).await
}

/// Makes `drafts` all links of a flag. Links are the same if they lead to the same place; only their titles change.
pub async fn overwrite(
    tx: &mut Change,
    entropy: &Entropy,
    project: &str,
    feature: &str,
    drafts: Vec<Draft>,
) -> Result<()> {
    let wanted = drafts.into_iter().map(Draft::checked).collect::<Result<Vec<_>>>()?;
    lock(tx, project, feature).await?;
    let mut there: Vec<Link> = tx
        .all(sql!("SELECT id, url, title FROM feature_links WHERE feature = $1 ORDER BY id", feature))
        .await?;
    let mut missing = Vec::new();
    for draft in wanted {
        match there.iter().position(|link| link.url == draft.url) {
            Some(index) => {
                let link = there.remove(index);
                update(tx, project, feature, &link.id, draft).await?;
            }
            None => missing.push(draft),
        }
    }
    for link in there {
        remove(tx, project, feature, &link.id).await?;
    }
    for draft in missing {
        add(tx, entropy, project, feature, draft).await?;
    }
    Ok(())
}

/// Replaces a link.
pub async fn update(tx: &mut Change, project: &str, feature: &str, id: &str, draft: Draft) -> Result<()> {
    let after = draft.checked()?;
    lock(tx, project, feature).await?;
    let before = get(tx, feature, id).await?;
    if before == after {
        return Ok(());
    }
    tx.execute(sql!(
        "UPDATE feature_links SET url = $2, title = $3 WHERE id = $1",
        id,
        &after.url,
        after.title.clone()
    ))
    .await?;
    tx.record(event(Event::updated(Fact::FeatureLinkUpdated, &before, &after), project, feature));
    Ok(())
}

/// Removes a link.
pub async fn remove(tx: &mut Change, project: &str, feature: &str, id: &str) -> Result<()> {
    lock(tx, project, feature).await?;
    let before = get(tx, feature, id).await?;
    tx.execute(sql!("DELETE FROM feature_links WHERE id = $1", id)).await?;
    tx.record(event(Event::deleted(Fact::FeatureLinkRemoved, &before), project, feature));
    Ok(())
}

async fn get(tx: &mut Read, feature: &str, id: &str) -> Result<Draft> {
    let found: Option<Link> = tx
        .optional(sql!(
            "SELECT id, url, title FROM feature_links WHERE id = $1 AND feature = $2",
            id,
            feature
        ))
        .await?;
    let link = found.ok_or_else(|| Error::not_found(format!("No item with id {id}")))?;
    Ok(Draft { url: link.url, title: link.title })
}

/// What a project gives to new flags.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Template {
    title: Option<String>,
    url_template: String,
}

/// Gives a new flag the links of its project.
pub(super) async fn from_templates(
    tx: &mut Change,
    entropy: &Entropy,
    project: &str,
    feature: &str,
    templates: &str,
) -> Result<()> {
    for template in serde_json::from_str::<Vec<Template>>(templates)? {
        let url = template.url_template.replace("{{project}}", project).replace("{{feature}}", feature);
        // A template that leads nowhere must not keep people from making flags.
        if let Ok(draft) = (Draft { url, title: template.title }).checked() {
            store(tx, entropy, project, feature, draft).await?;
        }
    }
    Ok(())
}

async fn store(tx: &mut Change, entropy: &Entropy, project: &str, feature: &str, draft: Draft) -> Result<()> {
    let id = entropy.ulid(tx.now());
    tx.execute(sql!(
        "INSERT INTO feature_links (id, feature, url, title) VALUES ($1, $2, $3, $4)",
        id,
        feature,
        &draft.url,
        draft.title.clone()
    ))
    .await?;
    tx.record(event(Event::created(Fact::FeatureLinkAdded, &draft), project, feature));
    Ok(())
}
