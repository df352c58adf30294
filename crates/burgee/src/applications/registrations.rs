//! What applications tell about themselves: noted in memory, written in bulk.
//!
//! A deployment starts thousands of instances within seconds. However many register, there is one write a turn, and
//! three statements for each [`CHUNK`] of them.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use crate::clock::Time;
use crate::db::{Books, Db};
use crate::error::{Error, Result};
use crate::keep;

/// How many instances are noted before they are written. What comes beyond that is not noted.
const ROOM: usize = 10_000;
/// How many instances go into a statement.
const CHUNK: usize = 1000;

/// How many instances are remembered as alive.
const MOST_ALIVE: usize = 100_000;
/// How often it is noted that an instance is still there, in milliseconds.
const PULSE: i64 = 10 * 60 * 1000;

/// What an instance of an application tells when it starts.
#[derive(Clone, Debug)]
pub struct Registration {
    /// What the application calls itself.
    pub application: String,
    /// What the instance calls itself.
    pub instance: String,
    /// The environment whose flags it gets.
    pub environment: String,
    /// The projects whose flags it gets; `*` means all.
    pub projects: Vec<String>,
    /// Which SDK it uses: `name:version`.
    pub sdk: Option<String>,
    /// The strategy types that it knows. None at all takes nothing away from what the application is known for.
    pub strategies: Vec<String>,
    /// The address that it came from.
    pub ip: Option<String>,
    /// When it told.
    pub at: Time,
}

/// Application, environment, instance.
type Key = (String, String, String);
type Noted = BTreeMap<Key, Registration>;

impl Registration {
    /// Takes over what the instance told before and does not tell itself: a sign of life takes nothing away.
    fn complete(&mut self, before: Self) {
        if self.strategies.is_empty() {
            self.strategies = before.strategies;
        }
        self.sdk = self.sdk.take().or(before.sdk);
        self.ip = self.ip.take().or(before.ip);
        self.at = self.at.max(before.at);
    }
}

/// Registrations that are not written yet: of each instance, what it told last.
#[derive(Default)]
pub struct Registrations {
    noted: Mutex<Noted>,
    alive: Mutex<Alive>,
    spread: RandomState,
}

/// Who called in the present stretch of time, by hashes.
#[derive(Default)]
struct Alive {
    stretch: i64,
    known: HashSet<u64>,
}

impl Registrations {
    /// Notes a registration. Beyond [`ROOM`], it is forgotten: the instance will start again some day.
    pub fn note(&self, registration: Registration) -> Result<()> {
        let texts = [&registration.application, &registration.instance].into_iter();
        let lists = registration.strategies.iter().chain(&registration.projects);
        if texts.chain(&registration.sdk).chain(lists).any(|text| text.contains('\0')) {
            return Err(Error::bad_data("Text must not contain the character U+0000."));
        }
        let Registration { application, environment, instance, .. } = &registration;
        let key = (application.clone(), environment.clone(), instance.clone());
        let mut noted = self.noted();
        let full = noted.len() >= ROOM;
        match noted.entry(key) {
            Entry::Occupied(mut entry) => {
                let before = entry.insert(registration);
                entry.get_mut().complete(before);
            }
            Entry::Vacant(entry) if !full => {
                entry.insert(registration);
            }
            Entry::Vacant(_) => tracing::warn!("more instances register than can be noted"),
        }
        Ok(())
    }

    /// Notes that an instance is still there, which may have told about itself long ago: once in ten minutes for the
    /// same `key`, however often it calls.
    pub fn keep_alive(&self, key: impl Hash, at: Time, registration: impl FnOnce() -> Registration) {
        let (stretch, key) = (at.millis() / PULSE, self.spread.hash_one(key));
        let mut alive = self.alive.lock().unwrap_or_else(PoisonError::into_inner);
        if alive.stretch != stretch {
            *alive = Alive { stretch, known: HashSet::new() };
        }
        let new = alive.known.len() < MOST_ALIVE && alive.known.insert(key);
        drop(alive);
        if new && let Err(error) = self.note(registration()) {
            tracing::debug!(%error, "an instance that calls has no name that can be noted");
        }
    }

    /// Writes what was noted since the last time. What could not be written is noted again, as far as there is room.
    pub async fn write(&self, db: &Db) -> Result<()> {
        let batch = std::mem::take(&mut *self.noted());
        let outcome = write(db, &batch).await;
        if outcome.is_err() {
            let mut noted = self.noted();
            for (key, registration) in batch {
                let full = noted.len() >= ROOM;
                match noted.entry(key) {
                    Entry::Occupied(mut entry) => entry.get_mut().complete(registration),
                    Entry::Vacant(entry) if !full => {
                        entry.insert(registration);
                    }
                    Entry::Vacant(_) => {}
                }
            }
        }
        outcome
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A row of any of the three tables.
#[derive(Serialize)]
struct Row<'a> {
    application: &'a str,
    environment: &'a str,
    at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    search: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strategies: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sdk: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<&'a str>,
}

impl<'a> From<&'a Registration> for Row<'a> {
    fn from(registration: &'a Registration) -> Self {
        Self {
            application: &registration.application,
            environment: &registration.environment,
            at: registration.at.millis(),
            search: None,
            strategies: None,
            project: None,
            instance: None,
            sdk: None,
            ip: None,
        }
    }
}

async fn write(db: &Db, batch: &Noted) -> Result<()> {
    if batch.is_empty() {
        return Ok(());
    }
    let all: Vec<&Registration> = batch.values().collect();
    let mut tx = db.bookkeep().await?;
    for chunk in all.chunks(CHUNK) {
        write_applications(&mut tx, chunk).await?;
        write_usage(&mut tx, chunk).await?;
        write_instances(&mut tx, chunk).await?;
    }
    tx.commit().await
}

async fn write_applications(tx: &mut Books, chunk: &[&Registration]) -> Result<()> {
    let mut rows: BTreeMap<&str, Row<'_>> = BTreeMap::new();
    for registration in chunk {
        let row = rows.entry(&registration.application).or_insert_with(|| Row {
            search: Some(registration.application.to_lowercase()),
            strategies: Some("[]".to_owned()),
            ..Row::from(*registration)
        });
        row.at = row.at.max(registration.at.millis());
        if !registration.strategies.is_empty() {
            row.strategies = Some(serde_json::to_string(&registration.strategies)?);
        }
    }
    tx.execute(keep!(
        "INSERT INTO applications (name, search, strategies, announced, created_at, seen_at)
         SELECT item ->> 'application', item ->> 'search', item ->> 'strategies', FALSE,
                CAST(item ->> 'at' AS BIGINT), CAST(item ->> 'at' AS BIGINT)
         FROM ({rows:$1}) r WHERE TRUE
         ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at,
            strategies = CASE excluded.strategies WHEN '[]' THEN applications.strategies
                         ELSE excluded.strategies END",
        json(rows.values())?
    ))
    .await?;
    Ok(())
}

async fn write_usage(tx: &mut Books, chunk: &[&Registration]) -> Result<()> {
    let mut rows: BTreeMap<(&str, &str, &str), Row<'_>> = BTreeMap::new();
    for registration in chunk {
        for project in &registration.projects {
            let key =
                (registration.application.as_str(), project.as_str(), registration.environment.as_str());
            let row = Row { project: Some(project), ..Row::from(*registration) };
            let row = rows.entry(key).or_insert(row);
            row.at = row.at.max(registration.at.millis());
        }
    }
    tx.execute(keep!(
        "INSERT INTO application_usage (application, project, environment, seen_at)
         SELECT item ->> 'application', item ->> 'project', item ->> 'environment', CAST(item ->> 'at' AS BIGINT)
         FROM ({rows:$1}) r WHERE TRUE
         ON CONFLICT (application, project, environment) DO UPDATE SET seen_at = excluded.seen_at",
        json(rows.values())?
    ))
    .await?;
    Ok(())
}

async fn write_instances(tx: &mut Books, chunk: &[&Registration]) -> Result<()> {
    let rows = chunk.iter().map(|registration| Row {
        instance: Some(&registration.instance),
        sdk: registration.sdk.as_deref(),
        ip: registration.ip.as_deref(),
        ..Row::from(*registration)
    });
    tx.execute(keep!(
        "INSERT INTO application_instances (application, environment, instance, sdk, ip, seen_at)
         SELECT item ->> 'application', item ->> 'environment', item ->> 'instance', item ->> 'sdk', item ->> 'ip',
                CAST(item ->> 'at' AS BIGINT)
         FROM ({rows:$1}) r WHERE TRUE
         ON CONFLICT (application, environment, instance) DO UPDATE SET seen_at = excluded.seen_at,
            ip = COALESCE(excluded.ip, application_instances.ip),
            sdk = COALESCE(excluded.sdk, application_instances.sdk)",
        json(rows)?
    ))
    .await?;
    Ok(())
}

fn json<T: Serialize>(rows: impl Iterator<Item = T>) -> Result<String> {
    Ok(serde_json::to_string(&rows.collect::<Vec<_>>())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_noted_up_to_a_bound() {
        let registrations = Registrations::default();
        for number in 0..ROOM + 5 {
            let registration = Registration {
                application: "flood".into(),
                instance: number.to_string(),
                environment: "development".into(),
                projects: vec!["*".into()],
                sdk: None,
                strategies: Vec::new(),
                ip: None,
                at: Time::from_millis(0),
            };
            registrations.note(registration.clone()).unwrap();
            registrations.note(registration).unwrap();
        }
        assert_eq!(registrations.noted().len(), ROOM);
    }

    #[test]
    fn whoever_calls_all_the_time_is_noted_now_and_then() {
        let registrations = Registrations::default();
        let mut noted = 0;
        for minute in 0..60 {
            let at = Time::from_millis(minute * 60_000);
            for instance in ["a", "b"] {
                registrations.keep_alive(instance, at, || {
                    noted += 1;
                    Registration {
                        application: "shop".into(),
                        instance: instance.into(),
                        environment: "development".into(),
                        projects: vec!["*".into()],
                        sdk: None,
                        strategies: Vec::new(),
                        ip: None,
                        at,
                    }
                });
            }
        }
        assert_eq!(noted, 2 * 6);
    }
}
