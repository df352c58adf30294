//! What gets old.

use std::time::Duration;

use super::Rules;
use crate::clock::Time;
use crate::db::Db;
use crate::entropy::numbered_ulid;
use crate::error::Result;
use crate::keep;

/// How many calls of nobody known are kept.
const STRANGERS: i64 = 1000;
/// How many calls are forgotten at once, so that nobody who changes something waits for long.
const CHUNK: i64 = 500;

/// Forgets calls that are older, or more, than the rules say, and all but the last of those whose call nobody knows.
pub async fn forget(db: &Db, now: Time, rules: &Rules) -> Result<()> {
    let oldest = numbered_ulid(now.minus(Duration::from_hours(24 * rules.days)), 0);
    while forget_before(db, &oldest).await? {}
    if let Some(last) = beyond(db, rules.rows).await? {
        while forget_before(db, &last).await? {}
    }
    let mut tx = db.bookkeep().await?;
    tx.execute(keep!(
        "DELETE FROM scim_calls WHERE connection_id IS NULL AND id <= (
             SELECT id FROM scim_calls WHERE connection_id IS NULL ORDER BY id DESC LIMIT 1 OFFSET $1)",
        STRANGERS
    ))
    .await?;
    tx.commit().await
}

/// The newest call of those that are too many.
async fn beyond(db: &Db, rows: i64) -> Result<Option<String>> {
    let mut tx = db.read().await?;
    let found: Option<(String,)> = tx
        .optional(crate::sql!("SELECT id FROM scim_calls ORDER BY id DESC LIMIT 1 OFFSET $1", rows))
        .await?;
    Ok(found.map(|(id,)| id))
}

/// Forgets some of the oldest calls up to this one; true if there may be more.
async fn forget_before(db: &Db, last: &str) -> Result<bool> {
    let mut tx = db.bookkeep().await?;
    let gone = tx
        .execute(keep!(
            "DELETE FROM scim_calls WHERE id IN (
                 SELECT id FROM scim_calls WHERE id <= $1 ORDER BY id LIMIT $2)",
            last,
            CHUNK
        ))
        .await?;
    tx.commit().await?;
    Ok(gone == CHUNK.unsigned_abs())
}
