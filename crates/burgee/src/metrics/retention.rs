//! What gets old.

use std::time::Duration;

use super::usage::MOST_UNKNOWN;
use crate::clock::Time;
use crate::db::Db;
use crate::error::Result;
use crate::keep;

/// How long counts by the hour are kept.
const HOURS: Duration = Duration::from_hours(48);
/// How long unknown flags are, that nobody asks for any more.
const UNKNOWN: Duration = Duration::from_hours(24);
/// How many counts are forgotten at once, so that nobody who changes something waits for long.
const CHUNK: u64 = 2000;

/// Forgets counts by the hour after two days, counts by the day after `days`, and unknown flags that nobody asked for
/// since yesterday, or that are more than there may be.
pub async fn forget(db: &Db, now: Time, days: u64) -> Result<()> {
    for (per, age) in [("hour", HOURS), ("day", Duration::from_hours(24 * days))] {
        while forget_some(db, per, now.minus(age)).await? == CHUNK {}
    }
    let mut tx = db.bookkeep().await?;
    tx.execute(keep!("DELETE FROM unknown_flags WHERE seen_at < $1", now.minus(UNKNOWN))).await?;
    tx.execute(keep!(
        "DELETE FROM unknown_flags WHERE (environment, name) IN (
             SELECT environment, name FROM (
                 SELECT environment, name, ROW_NUMBER() OVER (PARTITION BY environment ORDER BY MAX(seen_at) DESC, name)
                            AS place
                 FROM unknown_flags GROUP BY environment, name) ranked
             WHERE place > $1)",
        i64::try_from(MOST_UNKNOWN).unwrap_or(i64::MAX)
    ))
    .await?;
    tx.commit().await
}

async fn forget_some(db: &Db, per: &str, before: Time) -> Result<u64> {
    let mut tx = db.bookkeep().await?;
    let gone = tx
        .execute(keep!(
            "DELETE FROM flag_usage WHERE (feature, per, begins, environment, application, variant) IN (
                 SELECT feature, per, begins, environment, application, variant FROM flag_usage
                 WHERE per = $1 AND begins < $2 LIMIT $3)",
            per,
            before,
            i64::try_from(CHUNK).unwrap_or(i64::MAX)
        ))
        .await?;
    tx.commit().await?;
    Ok(gone)
}
