//! Tags that a flag is made with.

use std::collections::BTreeSet;

use serde::Serialize;

use super::feature::event;
use crate::error::{Error, Result};
use crate::events::{Change, Event, Fact};
use crate::sql;

/// How many tags a flag can be made with.
const MOST: usize = 100;

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Tag {
    /// Its type, which must be there.
    pub r#type: String,
    /// What it says; white space around it does not count.
    pub value: String,
}

/// Gives tags to a new flag, and makes those that are not there yet.
pub async fn tag(tx: &mut Change, project: &str, feature: &str, tags: Vec<Tag>) -> Result<()> {
    if tags.len() > MOST {
        return Err(Error::bad_data(format!("A flag can be made with at most {MOST} tags.")));
    }
    let trimmed = |tag: Tag| Tag { value: tag.value.trim().to_owned(), ..tag };
    let (now, author) = (tx.now(), tx.actor().user_id());
    for tag in tags.into_iter().map(trimmed).collect::<BTreeSet<_>>() {
        ensure_usable(tx, &tag).await?;
        let made = tx
            .execute(sql!(
                "INSERT INTO tags (type, value, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                &tag.r#type,
                &tag.value,
                now
            ))
            .await?;
        if made > 0 {
            tx.record(Event::created(Fact::TagCreated, &tag));
        }
        tx.execute(sql!(
            "INSERT INTO feature_tags (feature, type, value, created_at, created_by) VALUES ($1, $2, $3, $4, $5)",
            feature,
            &tag.r#type,
            &tag.value,
            now,
            author
        ))
        .await?;
        tx.record(event(Event::created(Fact::FeatureTagged, &tag), project, feature));
    }
    Ok(())
}

async fn ensure_usable(tx: &mut Change, tag: &Tag) -> Result<()> {
    if !(2..=50).contains(&tag.value.chars().count()) {
        return Err(Error::invalid(vec!["\"value\" length must be between 2 and 50 characters.".to_owned()]));
    }
    let known: Option<(String,)> =
        tx.optional(sql!("SELECT name FROM tag_types WHERE name = $1{share}", &tag.r#type)).await?;
    match known {
        Some(_) => Ok(()),
        None => Err(Error::invalid(vec![format!("Tag type '{}' does not exist", tag.r#type)])),
    }
}
