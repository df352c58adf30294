//! What was counted, as far as whoever asks sees the flags.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::{DAY, HOUR, floor};
use crate::access::{Sight, visible};
use crate::applications::{seen_application, seen_use};
use crate::clock::Time;
use crate::db::Read;
use crate::error::Result;
use crate::sql;

/// How many rows are read at most.
const MOST: i64 = 50_000;
/// How many flags of an application are listed, counted for each environment.
const MOST_USED: i64 = 1000;
/// How many unknown flags are listed.
const MOST_UNKNOWN: i64 = 1000;

/// How much time a count is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// An hour.
    Hour,
    /// A day.
    Day,
}

impl Per {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    const fn span(self) -> i64 {
        match self {
            Self::Hour => HOUR,
            Self::Day => DAY,
        }
    }
}

/// What an application had from a flag in some hour or on some day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// How often it was on.
    pub yes: i64,
    /// How often it was off.
    pub no: i64,
    /// How often it was which variant.
    pub variants: BTreeMap<String, i64>,
}

impl Count {
    /// Adds another one.
    pub fn add(&mut self, other: &Self) {
        self.yes = self.yes.saturating_add(other.yes);
        self.no = self.no.saturating_add(other.no);
        for (name, times) in &other.variants {
            let sum = self.variants.entry(name.clone()).or_default();
            *sum = sum.saturating_add(*times);
        }
    }
}

/// When, where, and which application.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bucket {
    /// When the hour or the day began.
    pub begins: Time,
    /// Where.
    pub environment: String,
    /// Which application.
    pub application: String,
}

/// The beginnings of the last hours or days, the present one included, in order.
pub fn buckets(now: Time, per: Per, count: i64) -> Vec<Time> {
    let last = floor(now, per.span()).millis();
    (0..count).rev().map(|back| Time::from_millis(last - back * per.span())).collect()
}

/// What applications had from a flag since a moment. A flag that is not there, or not seen, was not used.
pub async fn of_flag(
    tx: &mut Read,
    sight: &Sight,
    flag: &str,
    per: Per,
    since: Time,
) -> Result<BTreeMap<Bucket, Count>> {
    let rows: Vec<(Time, String, String, String, i64, i64)> = tx
        .all(sql!(
            concat!(
                "SELECT u.begins, u.environment, u.application, u.variant, u.yes, u.no
                 FROM flag_usage u JOIN features f ON f.name = u.feature JOIN projects p ON p.id = f.project
                 WHERE u.feature = $2 AND u.per = $3 AND u.begins >= $4 AND ",
                visible!("p", "$1"),
                " ORDER BY u.begins DESC, u.environment, u.application, u.variant LIMIT $5"
            ),
            sight.param()?,
            flag,
            per.as_str(),
            since,
            MOST
        ))
        .await?;
    let mut found: BTreeMap<Bucket, Count> = BTreeMap::new();
    for (begins, environment, application, variant, yes, no) in rows {
        let count = found.entry(Bucket { begins, environment, application }).or_default();
        if variant.is_empty() {
            (count.yes, count.no) = (yes, no);
        } else {
            count.variants.insert(variant, yes);
        }
    }
    Ok(found)
}

/// The applications that used a flag in the last day.
pub async fn applications(tx: &mut Read, sight: &Sight, flag: &str, now: Time) -> Result<Vec<String>> {
    let names: Vec<(String,)> = tx
        .all(sql!(
            concat!(
                "SELECT DISTINCT u.application
                 FROM flag_usage u JOIN features f ON f.name = u.feature JOIN projects p ON p.id = f.project
                 WHERE u.feature = $2 AND u.per = 'hour' AND u.begins >= $3 AND ",
                visible!("p", "$1"),
                " ORDER BY u.application LIMIT $4"
            ),
            sight.param()?,
            flag,
            yesterday(now),
            MOST
        ))
        .await?;
    Ok(names.into_iter().map(|(name,)| name).collect())
}

/// How many flags an application used since yesterday.
pub async fn flags_of(tx: &mut Read, sight: &Sight, application: &str, now: Time) -> Result<i64> {
    let (count,): (i64,) = tx
        .one(sql!(
            concat!(
                "SELECT COUNT(DISTINCT u.feature)
                 FROM flag_usage u JOIN features f ON f.name = u.feature JOIN projects p ON p.id = f.project
                 WHERE u.per = 'day' AND u.begins IN ($3, $4) AND u.application = $2 AND ",
                visible!("p", "$1")
            ),
            sight.param()?,
            application,
            floor(yesterday(now), DAY),
            floor(now, DAY)
        ))
        .await?;
    Ok(count)
}

/// A flag that an application used in an environment, and how often it was on and off.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct UsedFlag {
    /// The flag.
    pub feature: String,
    /// The project that it lives in.
    pub project: String,
    /// Where.
    pub environment: String,
    /// How often it was on.
    pub yes: i64,
    /// How often it was off.
    pub no: i64,
}

/// The flags that an application used since yesterday, by name; at most as many as are read.
pub async fn used_by(tx: &mut Read, sight: &Sight, application: &str, now: Time) -> Result<Vec<UsedFlag>> {
    tx.all(sql!(
        concat!(
            "SELECT u.feature, f.project, u.environment,
                    CAST(SUM(u.yes) AS BIGINT) AS yes, CAST(SUM(u.no) AS BIGINT) AS no
             FROM flag_usage u JOIN features f ON f.name = u.feature JOIN projects p ON p.id = f.project
             WHERE u.per = 'day' AND u.begins IN ($3, $5) AND u.application = $2 AND u.variant = '' AND ",
            visible!("p", "$1"),
            " GROUP BY u.feature, f.project, u.environment ORDER BY u.feature, u.environment LIMIT $4"
        ),
        sight.param()?,
        application,
        floor(yesterday(now), DAY),
        MOST_USED,
        floor(now, DAY)
    ))
    .await
}

/// How many counts by the hour there were yesterday, of flags and of variants.
pub async fn buckets_of_yesterday(tx: &mut Read, now: Time) -> Result<(i64, i64)> {
    let end = floor(now, DAY);
    tx.one(sql!(
        "SELECT COUNT(CASE WHEN variant = '' THEN 1 END), COUNT(CASE WHEN variant <> '' THEN 1 END)
         FROM flag_usage WHERE per = 'hour' AND begins >= $1 AND begins < $2",
        yesterday(end),
        end
    ))
    .await
}

/// A flag that applications ask for and that is not there.
#[derive(Clone, Debug)]
pub struct UnknownFlag {
    /// What they call it.
    pub name: String,
    /// When one asked last.
    pub seen_at: Time,
    /// When something last happened to a flag of this name.
    pub last_event_at: Option<Time>,
    /// Which applications ask for it, in which environments, and when they last did.
    pub reports: BTreeMap<String, Vec<(String, Time)>>,
}

/// SQL: true if the unknown flag behind the alias `u` may be seen: nobody who does not see a private project learns the
/// names of its flags, archived ones included, or of applications that use it alone.
macro_rules! seen_unknown {
    ($sight:literal) => {
        concat!(
            "(CAST(",
            $sight,
            " AS TEXT) IS NULL
              OR EXISTS (SELECT 1 FROM applications a WHERE a.name = u.application AND ",
            seen_application!($sight),
            ")) AND NOT EXISTS (SELECT 1 FROM features f JOIN projects p ON p.id = f.project
                                WHERE f.name = u.name AND NOT ",
            visible!("p", $sight),
            ")"
        )
    };
}

/// The flags that applications ask for and that are not there, by name.
pub async fn unknown_flags(tx: &mut Read, sight: &Sight) -> Result<Vec<UnknownFlag>> {
    let rows: Vec<(String, String, String, Time)> = tx
        .all(sql!(
            concat!(
                "SELECT u.name, u.application, u.environment, u.seen_at FROM unknown_flags u
                 WHERE u.name IN (SELECT name FROM unknown_flags GROUP BY name ORDER BY MAX(seen_at) DESC, name LIMIT $2)
                   AND NOT EXISTS (SELECT 1 FROM features x WHERE x.name = u.name AND x.archived_at IS NULL) AND ",
                seen_unknown!("$1"),
                " ORDER BY u.name, u.application, u.environment LIMIT $3"
            ),
            sight.param()?,
            MOST_UNKNOWN,
            MOST
        ))
        .await?;
    let mut found: Vec<UnknownFlag> = Vec::new();
    for (name, application, environment, seen_at) in rows {
        if found.last().is_none_or(|last| last.name != name) {
            found.push(UnknownFlag { name, seen_at, last_event_at: None, reports: BTreeMap::new() });
        }
        let Some(last) = found.last_mut() else { continue };
        last.seen_at = last.seen_at.max(seen_at);
        last.reports.entry(application).or_default().push((environment, seen_at));
    }
    let names: Vec<&str> = found.iter().map(|flag| flag.name.as_str()).collect();
    let events: Vec<(String, Time)> = tx
        .all(sql!(
            concat!(
                "SELECT e.feature_name, MAX(e.created_at) FROM events e LEFT JOIN projects p ON p.id = e.project
                 WHERE e.feature_name {among:$2} AND (p.id IS NULL OR ",
                visible!("p", "$1"),
                ") GROUP BY e.feature_name"
            ),
            sight.param()?,
            serde_json::to_string(&names)?
        ))
        .await?;
    let mut events: HashMap<String, Time> = events.into_iter().collect();
    for flag in &mut found {
        flag.last_event_at = events.remove(&flag.name);
    }
    Ok(found)
}

/// The flags that an application asks for and that are not there, by environment.
pub async fn missing(
    tx: &mut Read,
    sight: &Sight,
    application: &str,
) -> Result<BTreeMap<String, Vec<String>>> {
    let rows: Vec<(String, String)> = tx
        .all(sql!(
            concat!(
                "SELECT u.environment, u.name FROM unknown_flags u
                 WHERE u.application = $2
                   AND NOT EXISTS (SELECT 1 FROM features x WHERE x.name = u.name AND x.archived_at IS NULL) AND ",
                seen_unknown!("$1"),
                " ORDER BY u.environment, u.name LIMIT $3"
            ),
            sight.param()?,
            application,
            MOST
        ))
        .await?;
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (environment, name) in rows {
        found.entry(environment).or_default().push(name);
    }
    Ok(found)
}

fn yesterday(now: Time) -> Time {
    now.minus(Duration::from_hours(24))
}
