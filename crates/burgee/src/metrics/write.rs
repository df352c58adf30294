//! Into the database: some hundred rows a statement, each statement a transaction, so that nobody who changes
//! something waits for long.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::usage::{Count, Counts, Place, Usage};
use super::{DAY, floor};
use crate::clock::Time;
use crate::db::Db;
use crate::error::{Error, Kind, Result};
use crate::features::lifecycle::{self, Used};
use crate::keep;

/// How many rows go into a statement, give or take the variants of a flag: about ten milliseconds.
const CHUNK: usize = 500;
/// The most that is counted of anything in an hour or on a day: many of them can be added up, and JavaScript can read it.
const MOST: i64 = (1 << 53) - 1;

/// A row of `flag_usage`.
#[derive(Serialize)]
struct Row<'a> {
    feature: &'a str,
    per: &'static str,
    begins: i64,
    environment: &'a str,
    application: &'a str,
    variant: &'a str,
    yes: u64,
    no: u64,
}

/// A row of `unknown_flags`.
#[derive(Serialize)]
struct Miss {
    name: String,
    application: String,
    environment: String,
    at: i64,
}

impl Usage {
    /// Writes what was counted since the last time, and tells `written` of each flag and application how often it was on
    /// and off. What could not be written is counted again; if it is not known whether it was, perhaps twice. What the
    /// database refuses is lost.
    pub async fn write(&self, db: &Db, written: impl FnMut(&str, &str, u64, u64)) -> Result<()> {
        let counts = self.write_counts(db, written).await;
        let unknown = self.write_unknown(db).await;
        counts.and(unknown)
    }

    async fn write_counts(&self, db: &Db, mut written: impl FnMut(&str, &str, u64, u64)) -> Result<()> {
        let mut counts = sorted(self.take_counts()).into_iter();
        let mut outcome = Ok(Some(()));
        loop {
            let (mut chunk, mut rows) = (Vec::new(), 0);
            while rows < CHUNK
                && let Some(next) = counts.next()
            {
                // The flag and its variants, for the hour and for the day.
                rows += 2 * (1 + next.2.variants.len());
                chunk.push(next);
            }
            if chunk.is_empty() {
                return outcome.and(Ok(()));
            }
            if outcome.is_ok() {
                outcome = unless_refused(write(db, &chunk).await);
            }
            for (flag, place, count) in chunk {
                match &outcome {
                    Ok(Some(())) => written(&flag, &place.1, count.yes, count.no),
                    Ok(None) => self.lose(1 + count.variants.len() as u64),
                    Err(_) => self.put_back(&place, &flag, count),
                }
            }
        }
    }

    async fn write_unknown(&self, db: &Db) -> Result<()> {
        let unknown = std::mem::take(&mut self.noted().unknown);
        let mut rows = Vec::new();
        for (environment, names) in unknown {
            for (name, reporters) in names {
                rows.extend(reporters.into_iter().map(|(application, at)| Miss {
                    name: name.clone(),
                    application,
                    environment: environment.clone(),
                    at: at.millis(),
                }));
            }
        }
        rows.sort_unstable_by(|a, b| {
            (&a.name, &a.application, &a.environment).cmp(&(&b.name, &b.application, &b.environment))
        });
        let mut outcome = Ok(());
        for chunk in rows.chunks(CHUNK) {
            if outcome.is_ok() {
                outcome = unless_refused(write_misses(db, chunk).await).and(Ok(()));
            }
            if outcome.is_err() {
                let mut noted = self.noted();
                for miss in chunk {
                    let at = Time::from_millis(miss.at);
                    noted.miss(&miss.environment, &miss.application, at, &[&miss.name]);
                }
            }
        }
        outcome
    }

    /// Writes when clients last used which flags, as far as it was counted before. Flags that they use go on in their
    /// lives; tells how many came to which stage.
    pub async fn write_sightings(&self, db: &Db, now: Time) -> Result<Vec<(&'static str, u64)>> {
        let sightings = std::mem::take(&mut self.noted().sightings);
        let mut all: Vec<_> = sightings.into_iter().collect();
        all.sort_unstable();
        let mut entered = Vec::new();
        let mut outcome = Ok(());
        for chunk in all.chunks(CHUNK) {
            if outcome.is_ok() {
                match unless_refused(sight(db, chunk, now).await) {
                    Ok(stages) => entered.extend(stages.into_iter().flatten()),
                    Err(error) => outcome = Err(error),
                }
            }
            if outcome.is_err() {
                let mut noted = self.noted();
                for ((flag, environment), at) in chunk {
                    noted.sight(flag.clone(), environment.clone(), *at);
                }
            }
        }
        outcome.map(|()| entered)
    }
}

/// What came of a write; `None`: the database refuses it, now and for ever, and nothing else must wait for it. An error
/// is worth another try: the database is not there, or a flag went at the same moment.
fn unless_refused<T>(outcome: Result<T>) -> Result<Option<T>> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(error @ Error::Unavailable(_)) => Err(error),
        Err(Error::Rejected(rejection)) if rejection.kind == Kind::Conflict => {
            Err(Error::Rejected(rejection))
        }
        Err(error) => {
            tracing::error!(?error, "the database refuses what was counted: it is lost");
            Ok(None)
        }
    }
}

/// In the order in which flags are locked everywhere.
fn sorted(counts: Counts) -> Vec<(Arc<str>, Arc<Place>, Count)> {
    let mut all = Vec::new();
    for (place, flags) in counts {
        let place = Arc::new(place);
        all.extend(flags.into_iter().map(|(flag, count)| (flag, place.clone(), count)));
    }
    all.sort_unstable_by(|(a, at, _), (b, there, _)| (a, at).cmp(&(b, there)));
    all
}

async fn write(db: &Db, chunk: &[(Arc<str>, Arc<Place>, Count)]) -> Result<()> {
    let sum = |sum: u64, more: u64| sum.saturating_add(more).min(MOST.unsigned_abs());
    let mut rows: BTreeMap<_, (u64, u64)> = BTreeMap::new();
    for (flag, place, count) in chunk {
        let (environment, application, hour) = &**place;
        for (per, begins) in [("day", floor(*hour, DAY)), ("hour", *hour)] {
            let mut add = |variant, yes, no| {
                let key = (&**flag, per, begins, environment.as_str(), application.as_str(), variant);
                let sums = rows.entry(key).or_default();
                *sums = (sum(sums.0, yes), sum(sums.1, no));
            };
            add("", count.yes, count.no);
            for (variant, times) in &count.variants {
                add(variant, *times, 0);
            }
        }
    }
    let row =
        |((feature, per, begins, environment, application, variant), (yes, no)): (
            (_, _, Time, _, _, _),
            (u64, u64),
        )| Row { feature, per, begins: begins.millis(), environment, application, variant, yes, no };
    let rows: Vec<Row<'_>> = rows.into_iter().map(row).collect();
    let mut tx = db.bookkeep().await?;
    tx.execute(keep!(
        "INSERT INTO flag_usage (feature, per, begins, environment, application, variant, yes, no)
         SELECT item ->> 'feature', item ->> 'per', CAST(item ->> 'begins' AS BIGINT), item ->> 'environment',
                item ->> 'application', item ->> 'variant', CAST(item ->> 'yes' AS BIGINT), CAST(item ->> 'no' AS BIGINT)
         FROM ({rows:$1}) r
         WHERE EXISTS (SELECT 1 FROM features f WHERE f.name = item ->> 'feature')
           AND EXISTS (SELECT 1 FROM environments e WHERE e.name = item ->> 'environment')
         ON CONFLICT (feature, per, begins, environment, application, variant)
            DO UPDATE SET
                yes = CASE WHEN flag_usage.yes > $2 - excluded.yes THEN $2 ELSE flag_usage.yes + excluded.yes END,
                no = CASE WHEN flag_usage.no > $2 - excluded.no THEN $2 ELSE flag_usage.no + excluded.no END",
        serde_json::to_string(&rows)?,
        MOST
    ))
    .await?;
    tx.commit().await
}

async fn write_misses(db: &Db, rows: &[Miss]) -> Result<()> {
    let mut tx = db.bookkeep().await?;
    tx.execute(keep!(
        "INSERT INTO unknown_flags (name, application, environment, seen_at)
         SELECT item ->> 'name', item ->> 'application', item ->> 'environment', CAST(item ->> 'at' AS BIGINT)
         FROM ({rows:$1}) r WHERE TRUE
         ON CONFLICT (name, application, environment) DO UPDATE SET seen_at = excluded.seen_at",
        serde_json::to_string(rows)?
    ))
    .await?;
    tx.commit().await
}

async fn sight(db: &Db, chunk: &[((Arc<str>, String), Time)], now: Time) -> Result<[(&'static str, u64); 2]> {
    let rows: Vec<Used<'_>> = chunk
        .iter()
        .map(|((feature, environment), at)| Used { feature, environment, at: at.millis() })
        .collect();
    let rows = serde_json::to_string(&rows)?;
    let mut tx = db.bookkeep().await?;
    let entered = lifecycle::advance(&mut tx, &rows, now).await?;
    tx.execute(keep!(
        "INSERT INTO flag_sightings (feature, environment, seen_at)
         SELECT item ->> 'feature', item ->> 'environment', CAST(item ->> 'at' AS BIGINT)
         FROM ({rows:$1}) r
         WHERE EXISTS (SELECT 1 FROM features f WHERE f.name = item ->> 'feature')
           AND EXISTS (SELECT 1 FROM environments e WHERE e.name = item ->> 'environment')
         ON CONFLICT (feature, environment) DO UPDATE SET seen_at = excluded.seen_at
            WHERE excluded.seen_at > flag_sightings.seen_at",
        rows
    ))
    .await?;
    tx.commit().await?;
    Ok(entered)
}
