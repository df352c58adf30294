//! What flags are for, and how long flags of each type should live.

use serde::Serialize;

use crate::db::Read;
use crate::error::{Error, Result};
use crate::events::{Change, Event, Fact};
use crate::sql;

/// What a flag can be for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct FeatureType {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What flags of this type do.
    pub description: String,
    /// After how many days a flag should be gone; `None` is never.
    pub lifetime_days: Option<i64>,
}

/// All types, in their order.
pub async fn list(tx: &mut Read) -> Result<Vec<FeatureType>> {
    tx.all(sql!("SELECT id, name, description, lifetime_days FROM feature_types ORDER BY sort_order, id"))
        .await
}

fn unknown(id: &str) -> Error {
    Error::not_found(format!("The feature type you tried to update (\"{id}\") does not exist."))
}

/// The type with this id.
pub async fn get(tx: &mut Read, id: &str) -> Result<FeatureType> {
    list(tx).await?.into_iter().find(|kind| kind.id == id).ok_or_else(|| unknown(id))
}

/// Like [`get`], once whoever changes it at the same time is done.
pub async fn lock(tx: &mut Change, id: &str) -> Result<FeatureType> {
    let found: Option<FeatureType> = tx
        .optional(sql!(
            "SELECT id, name, description, lifetime_days FROM feature_types WHERE id = $1{lock}",
            id
        ))
        .await?;
    found.ok_or_else(|| unknown(id))
}

/// Says how long flags of a type should live, and records it, unless it is so already. No days are no limit.
pub async fn set_lifetime(tx: &mut Change, id: &str, days: Option<i64>) -> Result<FeatureType> {
    let before = lock(tx, id).await?;
    let after = FeatureType { lifetime_days: days.filter(|days| *days > 0), ..before.clone() };
    if after != before {
        tx.execute(sql!(
            "UPDATE feature_types SET lifetime_days = $2 WHERE id = $1",
            id,
            after.lifetime_days
        ))
        .await?;
        // Whoever has outlived the new lifetime, too, is marked again.
        tx.execute(sql!(
            "UPDATE features SET potentially_stale = FALSE WHERE type = $1 AND potentially_stale = TRUE",
            id
        ))
        .await?;
        tx.record(Event::updated(Fact::FeatureTypeUpdated, &before, &after));
    }
    Ok(after)
}
