//! Flags that people like to have at hand.

use serde_json::json;

use super::feature::{event, get};
use crate::error::Result;
use crate::events::{Change, Event, Fact};
use crate::sql;

/// Makes a flag a favourite of somebody.
pub async fn add(tx: &mut Change, project: &str, feature: &str, person: i64) -> Result<()> {
    get(tx, project, feature).await?;
    let now = tx.now();
    let changed = tx
        .execute(sql!(
            "INSERT INTO favorite_features (user_id, feature, created_at) VALUES ($1, $2, $3)
             ON CONFLICT (user_id, feature) DO NOTHING",
            person,
            feature,
            now
        ))
        .await?;
    record(tx, Fact::FeatureFavorited, project, feature, changed);
    Ok(())
}

/// Makes a flag a favourite of somebody no more.
pub async fn remove(tx: &mut Change, project: &str, feature: &str, person: i64) -> Result<()> {
    get(tx, project, feature).await?;
    let changed = tx
        .execute(sql!("DELETE FROM favorite_features WHERE user_id = $1 AND feature = $2", person, feature))
        .await?;
    record(tx, Fact::FeatureUnfavorited, project, feature, changed);
    Ok(())
}

fn record(tx: &mut Change, fact: Fact, project: &str, feature: &str, changed: u64) {
    if changed > 0 {
        tx.record(event(Event::created(fact, &json!({ "feature": feature })), project, feature));
    }
}
