//! Flags that people like to have at hand.

use serde_json::json;

use super::feature::{event, get};
use crate::error::Result;
use crate::events::{Change, Event, Fact};
use crate::sql;

/// Makes a flag a favourite of somebody.
pub async fn add(tx: &mut Change, project: &str, feature: &str, person: i64) -> Result<()> {
    get(tx, project, feature).await?;
    add_all(tx, project, &[feature.to_owned()], person).await.map(drop)
}

/// Makes a flag a favourite of somebody no more.
pub async fn remove(tx: &mut Change, project: &str, feature: &str, person: i64) -> Result<()> {
    get(tx, project, feature).await?;
    remove_all(tx, project, &[feature.to_owned()], person).await.map(drop)
}

/// Makes flags of a project, all of which there are, favourites of somebody: tells which were none before.
pub async fn add_all(tx: &mut Change, project: &str, names: &[String], person: i64) -> Result<Vec<String>> {
    let now = tx.now();
    let added: Vec<(String,)> = tx
        .all(sql!(
            "INSERT INTO favorite_features (user_id, feature, created_at)
             SELECT CAST($1 AS BIGINT), f.name, CAST($3 AS BIGINT) FROM features f WHERE f.name IN ({list:$2})
             ON CONFLICT (user_id, feature) DO NOTHING RETURNING feature",
            person,
            serde_json::to_string(names)?,
            now
        ))
        .await?;
    Ok(record(tx, Fact::FeatureFavorited, project, added))
}

/// Makes flags of a project favourites of somebody no more: tells which were some before.
pub async fn remove_all(
    tx: &mut Change,
    project: &str,
    names: &[String],
    person: i64,
) -> Result<Vec<String>> {
    let removed: Vec<(String,)> = tx
        .all(sql!(
            "DELETE FROM favorite_features WHERE user_id = $1 AND feature IN ({list:$2}) RETURNING feature",
            person,
            serde_json::to_string(names)?
        ))
        .await?;
    Ok(record(tx, Fact::FeatureUnfavorited, project, removed))
}

fn record(tx: &mut Change, fact: Fact, project: &str, changed: Vec<(String,)>) -> Vec<String> {
    let mut names: Vec<String> = changed.into_iter().map(|(name,)| name).collect();
    names.sort();
    for name in &names {
        tx.record(event(Event::created(fact, &json!({ "feature": name })), project, name));
    }
    names
}
