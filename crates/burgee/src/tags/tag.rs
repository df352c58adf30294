//! Tags as such, on flags or not.

use serde::Serialize;

use crate::access::{Granted, Guard};
use crate::db::Read;
use crate::error::{Error, Kind, Result};
use crate::events::{Change, Event, Fact};
use crate::sql;

/// How many tags there may be.
const LIMIT: i64 = 10_000;

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, sqlx::FromRow)]
pub struct Tag {
    /// Its type.
    pub r#type: String,
    /// What it says.
    pub value: String,
}

impl Tag {
    /// A tag as posted: white space around the value does not count. Refuses values of fewer than 2 and of more than
    /// 50 characters.
    pub fn new(kind: String, value: &str) -> Result<Self> {
        let value = value.trim();
        if (2..=50).contains(&value.chars().count()) {
            return Ok(Self { r#type: kind, value: value.to_owned() });
        }
        let shown: String = value.chars().take(100).collect();
        Err(Error::invalid(vec![format!(
            "\"value\" length must be between 2 and 50 characters. You provided \"{shown}\"."
        )]))
    }
}

/// All tags.
pub async fn list(tx: &mut Read) -> Result<Vec<Tag>> {
    tx.all(sql!("SELECT type, value FROM tags ORDER BY type, value")).await
}

/// The tags of one type.
pub async fn by_type(tx: &mut Read, kind: &str) -> Result<Vec<Tag>> {
    tx.all(sql!("SELECT type, value FROM tags WHERE type = $1 ORDER BY value", kind)).await
}

/// One tag.
pub async fn get(tx: &mut Read, kind: &str, value: &str) -> Result<Tag> {
    find(tx, kind, value)
        .await?
        .ok_or_else(|| Error::not_found(format!("No tag with type: [{kind}] and value [{value}]")))
}

async fn find(tx: &mut Read, kind: &str, value: &str) -> Result<Option<Tag>> {
    tx.optional(sql!("SELECT type, value FROM tags WHERE type = $1 AND value = $2", kind, value)).await
}

/// Makes a tag.
pub async fn create(tx: &mut Change, tag: &Tag) -> Result<()> {
    if !ensure(tx, tag).await? {
        return Err(Error::rejected(
            Kind::NameExists,
            format!("A tag of {}:{} already exists", tag.r#type, tag.value),
        ));
    }
    Ok(())
}

/// Makes a tag, and records it, unless it is there already; tells whether it was made.
pub(super) async fn ensure(tx: &mut Change, tag: &Tag) -> Result<bool> {
    let known: Option<(String,)> =
        tx.optional(sql!("SELECT name FROM tag_types WHERE name = $1", &tag.r#type)).await?;
    if known.is_none() {
        return Err(Error::invalid(vec![format!("Tag type '{}' does not exist", tag.r#type)]));
    }
    if find(tx, &tag.r#type, &tag.value).await?.is_some() {
        return Ok(false);
    }
    let (there,): (i64,) = tx.one(sql!("SELECT COUNT(*) FROM tags")).await?;
    if there >= LIMIT {
        return Err(Error::limit("tag", LIMIT));
    }
    let now = tx.now();
    tx.execute(sql!(
        "INSERT INTO tags (type, value, created_at) VALUES ($1, $2, $3)",
        &tag.r#type,
        &tag.value,
        now
    ))
    .await?;
    tx.record(Event::created(Fact::TagCreated, tag));
    Ok(true)
}

/// Deletes a tag wherever it is; one that is not there is no error. It takes the right to change every flag that has
/// it.
pub async fn delete<G: Guard>(tx: &mut Change, grant: &Granted<G>, kind: &str, value: &str) -> Result<()> {
    let Some(tag) = find(tx, kind, value).await? else { return Ok(()) };
    let projects: Vec<(String,)> = tx
        .all(sql!(
            "SELECT DISTINCT f.project FROM feature_tags t JOIN features f ON f.name = t.feature
             WHERE t.type = $1 AND t.value = $2 ORDER BY f.project",
            kind,
            value
        ))
        .await?;
    for (project,) in projects {
        grant.ensure_in(Some(&project), None)?;
    }
    tx.execute(sql!("DELETE FROM tags WHERE type = $1 AND value = $2", kind, value)).await?;
    tx.record(Event::deleted(Fact::TagDeleted, &tag));
    Ok(())
}
