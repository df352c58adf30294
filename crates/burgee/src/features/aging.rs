//! Flags that have outlived what is expected of their type.

use super::feature::event;
use crate::access::{Granted, Somewhere, UpdateSomeFeature};
use crate::clock::Time;
use crate::db::Db;
use crate::error::Result;
use crate::events::{Event, Fact};
use crate::sql;

/// How many flags are marked at once.
const BATCH: i64 = 200;

/// Marks flags as potentially stale whose type says that they should be gone by now. However many servers do this at
/// the same time, each flag is marked once, with one event.
pub async fn mark_overdue(db: &Db, now: Time) -> Result<()> {
    let grant = Granted::<UpdateSomeFeature>::system("stale flags", Somewhere);
    loop {
        let mut tx = db.change(&grant, now).await?;
        let due: Vec<(String, String)> = tx
            .all(sql!(
                "SELECT name, project FROM features
                 WHERE archived_at IS NULL AND stale = FALSE AND potentially_stale = FALSE AND EXISTS (
                     SELECT 1 FROM feature_types t WHERE t.id = features.type
                     AND features.created_at + t.lifetime_days * 86400000 < $1)
                 ORDER BY name LIMIT $2{lock}",
                now,
                BATCH
            ))
            .await?;
        if due.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = due.iter().map(|(name, _)| name.as_str()).collect();
        tx.execute(sql!(
            "UPDATE features SET potentially_stale = TRUE WHERE name IN ({list:$1})",
            serde_json::to_string(&names)?
        ))
        .await?;
        for (name, project) in due {
            tx.record(event(Event::bare(Fact::FeaturePotentiallyStaleOn), &project, &name));
        }
        tx.commit().await?;
    }
}
