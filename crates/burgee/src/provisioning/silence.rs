//! Identity providers that used to call and do so no more: their secret has expired, their job is quarantined, a
//! firewall has changed. Nothing fails then, so that somebody has to notice.

use std::time::Duration;

use serde_json::json;

use crate::access::{Administer, Granted, Root};
use crate::clock::Time;
use crate::db::{Db, Read};
use crate::error::Result;
use crate::events::{Event, Fact};
use crate::sql;

/// How long a cycle is unless the calls tell otherwise: Microsoft Entra ID's.
const CYCLE: Duration = Duration::from_mins(40);
/// A pause as long as this ends a cycle.
const PAUSE: Duration = Duration::from_mins(5);
/// No cycle is taken for shorter, or longer, than this.
const BOUNDS: (Duration, Duration) = (Duration::from_mins(10), Duration::from_hours(7 * 24));
/// After how many cycles without a call an identity provider is silent.
const CYCLES: u32 = 3;
/// How many pauses it takes to know how long they are.
const ENOUGH: usize = 5;
/// How many calls are looked at.
const CALLS: i64 = 20_000;

/// A connection whose identity provider is silent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    /// Which connection.
    pub connection: i64,
    /// What it is called.
    pub name: String,
    /// When it last called.
    pub since: Time,
    /// How long nine of ten pauses between its calls were at most; what is usual, if that is not known.
    pub cycle: Duration,
}

/// A connection that is let in, and has called before.
#[derive(sqlx::FromRow)]
struct Quiet {
    id: i64,
    name: String,
    last_at: Time,
    /// When its settings last changed: it may have been paused until then.
    let_in_at: Time,
}

impl Quiet {
    /// That it is silent, if it is: whoever was held up until a moment ago has not been silent since.
    fn silence(self, cycle: Duration, now: Time) -> Option<Silence> {
        (self.last_at.max(self.let_in_at) < now.minus(cycle * CYCLES)).then_some(Silence {
            connection: self.id,
            name: self.name,
            since: self.last_at,
            cycle,
        })
    }
}

/// The silences that [`tell`] has told, and that last.
pub async fn silent(tx: &mut Read, now: Time) -> Result<Vec<Silence>> {
    #[derive(sqlx::FromRow)]
    struct Told {
        #[sqlx(flatten)]
        quiet: Quiet,
        pause: i64,
    }
    let told: Vec<Told> = tx
        .all(sql!(
            "SELECT c.id, c.name, n.last_at, c.updated_at AS let_in_at, s.pause
             FROM scim_silences s JOIN scim_connections c ON c.id = s.connection_id
             JOIN seen n ON n.subject = 'scim' AND n.id = c.id AND n.last_at <= s.since
             WHERE c.enabled = TRUE AND c.paused = FALSE ORDER BY c.id"
        ))
        .await?;
    let silence = |it: Told| it.quiet.silence(Duration::from_millis(it.pause.unsigned_abs()), now);
    Ok(told.into_iter().filter_map(silence).collect())
}

/// Records every silence of three cycles that is not told yet: once, however many servers look.
pub async fn tell(db: &Db, now: Time) -> Result<()> {
    // Read to the end before anything is written.
    let silent = found(&mut db.read().await?, now).await?;
    for it in silent {
        let grant = Granted::<Administer>::system("scim-silence", Root);
        let mut tx = db.change(&grant, now).await?;
        let first = tx
            .execute(sql!(
                "INSERT INTO scim_silences (connection_id, since, pause) VALUES ($1, $2, $3)
                 ON CONFLICT (connection_id) DO UPDATE SET since = excluded.since, pause = excluded.pause
                    WHERE scim_silences.since < excluded.since",
                it.connection,
                it.since,
                i64::try_from(it.cycle.as_millis()).unwrap_or(i64::MAX)
            ))
            .await?;
        if first == 0 {
            continue;
        }
        tracing::warn!(connection = it.name, since = %it.since, "an identity provider has gone silent");
        tx.record(Event::created(
            Fact::ScimSilent,
            &json!({
                "connection": it.connection,
                "name": it.name,
                "lastCallAt": it.since,
                "usualMinutes": it.cycle.as_secs() / 60,
            }),
        ));
        tx.commit().await?;
    }
    Ok(())
}

/// The silences that are not told yet.
async fn found(tx: &mut Read, now: Time) -> Result<Vec<Silence>> {
    let quiet: Vec<Quiet> = tx
        .all(sql!(
            "SELECT c.id, c.name, n.last_at, c.updated_at AS let_in_at
             FROM scim_connections c JOIN seen n ON n.subject = 'scim' AND n.id = c.id
             WHERE c.enabled = TRUE AND c.paused = FALSE AND n.last_at < $1 AND c.updated_at < $1
               AND NOT EXISTS (SELECT 1 FROM scim_silences s WHERE s.connection_id = c.id AND s.since >= n.last_at)
             ORDER BY c.id",
            now.minus(BOUNDS.0 * CYCLES)
        ))
        .await?;
    let mut silent = Vec::new();
    for it in quiet {
        let cycle = cycle(&pauses(tx, it.id).await?);
        silent.extend(it.silence(cycle, now));
    }
    Ok(silent)
}

/// How long the pauses between bursts of calls were, in milliseconds.
async fn pauses(tx: &mut Read, connection: i64) -> Result<Vec<i64>> {
    let found: Vec<(i64,)> = tx
        .all(sql!(
            "SELECT pause FROM (
                 SELECT at - LAG(at) OVER (ORDER BY id) AS pause FROM (
                     SELECT id, at FROM scim_calls WHERE connection_id = $1 ORDER BY id DESC LIMIT $2) recent) pauses
             WHERE pause > $3",
            connection,
            CALLS,
            i64::try_from(PAUSE.as_millis()).unwrap_or(i64::MAX)
        ))
        .await?;
    Ok(found.into_iter().map(|(pause,)| pause).collect())
}

/// How long nine of ten pauses are at most, in bounds.
fn cycle(pauses: &[i64]) -> Duration {
    if pauses.len() < ENOUGH {
        return CYCLE;
    }
    let mut sorted = pauses.to_vec();
    sorted.sort_unstable();
    let most = sorted.get((sorted.len() * 9).div_ceil(10) - 1).copied().unwrap_or_default();
    Duration::from_millis(most.unsigned_abs()).clamp(BOUNDS.0, BOUNDS.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    #[test]
    fn a_cycle_is_learned_from_pauses_and_stays_in_bounds() {
        let minutes = |pauses: &[i64]| {
            cycle(&pauses.iter().map(|pause| pause * MINUTE).collect::<Vec<_>>()).as_secs() / 60
        };
        assert_eq!(minutes(&[]), 40);
        assert_eq!(minutes(&[90, 90, 90, 90]), 40, "too few to know");
        assert_eq!(minutes(&[38, 40, 39, 41, 40]), 41);
        assert_eq!(minutes(&[40, 40, 40, 40, 40, 40, 40, 40, 40, 4000]), 40, "one weekend is no rule");
        assert_eq!(minutes(&[6, 6, 6, 6, 6]), 10);
        assert_eq!(minutes(&[99_999; 5]), 7 * 24 * 60);
    }
}
