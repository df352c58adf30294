//! Types of tags.

use std::collections::HashMap;

use serde::Serialize;

use crate::access::{Sight, visible};
use crate::db::Read;
use crate::error::{Error, Kind, Result};
use crate::events::{Change, Event, Fact};
use crate::names::broken_rule;
use crate::sql;

/// How many types there may be.
const LIMIT: i64 = 250;
/// How long a name may be, in characters.
const NAME: (usize, usize) = (2, 50);
/// The longest description, in characters.
const LONGEST_DESCRIPTION: usize = 1000;
/// The longest icon, in characters.
const LONGEST_ICON: usize = 100;

/// A type of tags. What was never said is not there; what was taken back is null.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct TagType {
    /// Its name; no two types share one.
    pub name: String,
    /// What its tags say.
    pub description: Option<String>,
    /// How people recognise it.
    pub icon: Option<String>,
    /// `#RRGGBB`.
    pub color: Option<String>,
}

/// All types, by name.
pub async fn list(tx: &mut Read) -> Result<Vec<TagType>> {
    tx.all(sql!("SELECT name, description, icon, color FROM tag_types ORDER BY name")).await
}

/// The type of this name.
pub async fn get(tx: &mut Read, name: &str) -> Result<TagType> {
    let found: Option<TagType> = tx
        .optional(sql!("SELECT name, description, icon, color FROM tag_types WHERE name = $1", name))
        .await?;
    found.ok_or_else(|| Error::not_found("Could not find tag-type"))
}

/// How many living flags that are seen have tags of each type.
pub async fn in_use(tx: &mut Read, sight: &Sight) -> Result<HashMap<String, i64>> {
    let rows: Vec<(String, i64)> = tx
        .all(sql!(
            concat!(
                "SELECT t.type, COUNT(DISTINCT f.name) FROM feature_tags t
                 JOIN features f ON f.name = t.feature AND f.archived_at IS NULL
                 JOIN projects p ON p.id = f.project WHERE ",
                visible!("p", "$1"),
                " GROUP BY t.type"
            ),
            sight.param()?
        ))
        .await?;
    Ok(rows.into_iter().collect())
}

/// Like [`get`], once whoever changes it at the same time is done.
pub async fn lock(tx: &mut Change, name: &str) -> Result<TagType> {
    let _: Option<(String,)> =
        tx.optional(sql!("SELECT name FROM tag_types WHERE name = $1{lock}", name)).await?;
    get(tx, name).await
}

/// Makes a type.
pub async fn create(tx: &mut Change, draft: TagType) -> Result<TagType> {
    ensure_creatable(tx, &draft).await?;
    let (there,): (i64,) = tx.one(sql!("SELECT COUNT(*) FROM tag_types")).await?;
    if there >= LIMIT {
        return Err(Error::limit("tag type", LIMIT));
    }
    let now = tx.now();
    tx.execute(sql!(
        "INSERT INTO tag_types (name, description, icon, color, created_at) VALUES ($1, $2, $3, $4, $5)",
        &draft.name,
        draft.description.clone(),
        draft.icon.clone(),
        draft.color.clone(),
        now
    ))
    .await?;
    tx.record(Event::created(Fact::TagTypeCreated, &draft));
    Ok(draft)
}

/// Changes what is given, and records it, unless nothing differs.
pub async fn update(
    tx: &mut Change,
    name: &str,
    description: Option<String>,
    icon: Option<String>,
    color: Option<String>,
) -> Result<()> {
    let before = lock(tx, name).await?;
    let after = TagType {
        name: before.name.clone(),
        description: description.or_else(|| before.description.clone()),
        icon: icon.or_else(|| before.icon.clone()),
        color: color.or_else(|| before.color.clone()),
    };
    check(&after)?;
    if after == before {
        return Ok(());
    }
    tx.execute(sql!(
        "UPDATE tag_types SET description = $2, icon = $3, color = $4 WHERE name = $1",
        name,
        after.description.clone(),
        after.icon.clone(),
        after.color.clone()
    ))
    .await?;
    tx.record(Event::updated(Fact::TagTypeUpdated, &before, &after));
    Ok(())
}

/// Deletes a type with its tags, wherever they are.
pub async fn delete(tx: &mut Change, name: &str) -> Result<()> {
    let before = get(tx, name).await?;
    tx.execute(sql!("DELETE FROM tag_types WHERE name = $1", name)).await?;
    tx.record(Event::deleted(Fact::TagTypeDeleted, &before));
    Ok(())
}

/// Refuses what cannot be a new type.
pub async fn ensure_creatable(tx: &mut Read, draft: &TagType) -> Result<()> {
    if let Some(rule) = broken_rule("name", &draft.name, NAME.0, NAME.1) {
        return Err(Error::invalid(vec![rule]));
    }
    check(draft)?;
    let taken: Option<(String,)> =
        tx.optional(sql!("SELECT name FROM tag_types WHERE name = $1", &draft.name)).await?;
    match taken {
        Some(_) => Err(Error::rejected(
            Kind::NameExists,
            format!("There already exists a tag-type with the name {}", draft.name),
        )),
        None => Ok(()),
    }
}

fn check(draft: &TagType) -> Result<()> {
    let long = |text: &Option<String>, longest: usize| {
        text.as_ref().is_some_and(|text| text.chars().count() > longest)
    };
    let mut broken = Vec::new();
    for (member, text, longest) in
        [("description", &draft.description, LONGEST_DESCRIPTION), ("icon", &draft.icon, LONGEST_ICON)]
    {
        if long(text, longest) {
            broken.push(format!(
                "\"{member}\" length must be less than or equal to {longest} characters long."
            ));
        }
    }
    let plain = |color: &str| {
        let digits = color.strip_prefix('#');
        digits.is_some_and(|text| text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    if draft.color.as_deref().is_some_and(|color| !color.is_empty() && !plain(color)) {
        broken.push("\"color\" must be a colour such as #d97706.".to_owned());
    }
    if broken.is_empty() { Ok(()) } else { Err(Error::invalid(broken)) }
}
