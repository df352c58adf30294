//! What happened in a project, in numbers, counted from its flags and events when somebody asks.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::clock::Time;
use crate::db::Read;
use crate::error::Result;
use crate::sql;

/// A day.
const DAY: Duration = Duration::from_hours(24);
/// The windows that are compared: the last days and as many before them.
const WINDOW: u32 = 30;
/// For how many days activity is shown.
const YEAR: u32 = 365;

/// What happened in the last thirty days, and in those before them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Stats {
    /// New flags.
    pub created: i64,
    /// New flags before.
    pub created_before: i64,
    /// Archived flags.
    pub archived: i64,
    /// Archived flags before.
    pub archived_before: i64,
    /// Events.
    pub events: i64,
    /// Events before.
    pub events_before: i64,
    /// People and groups who got a place.
    pub joined: i64,
}

/// The numbers of a project.
pub async fn stats(tx: &mut Read, project: &str, now: Time) -> Result<Stats> {
    let (since, before) = (now.minus(DAY * WINDOW), now.minus(DAY * WINDOW * 2));
    tx.one(sql!(
        "SELECT f.created, f.created_before, f.archived, f.archived_before, e.events, e.events_before,
                (SELECT COUNT(*) FROM user_roles WHERE project = $1 AND created_at >= $2)
                + (SELECT COUNT(*) FROM group_roles WHERE project = $1 AND created_at >= $2) AS joined
         FROM (SELECT COUNT(CASE WHEN created_at >= $2 THEN 1 END) AS created,
                      COUNT(CASE WHEN created_at >= $3 AND created_at < $2 THEN 1 END) AS created_before,
                      COUNT(CASE WHEN archived_at >= $2 THEN 1 END) AS archived,
                      COUNT(CASE WHEN archived_at >= $3 AND archived_at < $2 THEN 1 END) AS archived_before
               FROM features WHERE project = $1) f
         CROSS JOIN (SELECT COUNT(CASE WHEN created_at >= $2 THEN 1 END) AS events,
                            COUNT(CASE WHEN created_at < $2 THEN 1 END) AS events_before
                     FROM events WHERE project = $1 AND created_at >= $3) e",
        project,
        since,
        before
    ))
    .await
}

/// How long a flag took from its beginning until it was on in production for the first time, in days.
#[derive(Clone, Debug, PartialEq)]
pub struct LeadTime {
    /// The flag.
    pub feature: String,
    /// Days, with one decimal.
    pub days: f64,
}

/// The lead times of living flags that reached production.
pub async fn lead_times(tx: &mut Read, project: &str) -> Result<Vec<LeadTime>> {
    let rows: Vec<(String, i64)> = tx
        .all(sql!(
            "SELECT f.name, MIN(e.created_at) - f.created_at
             FROM features f JOIN events e ON e.feature_name = f.name JOIN environments v ON v.name = e.environment
             WHERE f.project = $1 AND f.archived_at IS NULL AND e.type = 'feature-environment-enabled'
               AND v.type = 'production' AND e.created_at >= f.created_at
             GROUP BY f.name, f.created_at ORDER BY f.name",
            project
        ))
        .await?;
    Ok(rows.into_iter().map(|(feature, ms)| LeadTime { feature, days: days(ms) }).collect())
}

/// The mean of lead times; 0 if there is none.
pub fn average(times: &[LeadTime]) -> f64 {
    if times.is_empty() {
        return 0.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "nobody has that many flags")]
    let count = times.len() as f64;
    rounded(times.iter().map(|time| time.days).sum::<f64>() / count)
}

fn days(ms: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a fraction of a millisecond does not matter")]
    let days = ms as f64 / DAY.as_millis() as f64;
    rounded(days)
}

fn rounded(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

/// How much happened on each day of the last year on which something happened: date and events.
pub async fn activity(tx: &mut Read, project: &str, now: Time) -> Result<Vec<(String, i64)>> {
    let rows: Vec<(i64, i64)> = tx
        .all(sql!(
            "SELECT created_at / 86400000 AS day, COUNT(*) FROM events
             WHERE project = $1 AND created_at >= $2 GROUP BY 1 ORDER BY 1",
            project,
            now.minus(DAY * YEAR)
        ))
        .await?;
    Ok(rows
        .into_iter()
        .map(|(day, count)| {
            let date = Time::from_millis(day * 86_400_000).to_string();
            (date.split('T').next().unwrap_or_default().to_owned(), count)
        })
        .collect())
}

/// What belongs to a project beside its flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Resources {
    /// API tokens that name it.
    pub api_tokens: i64,
    /// Its own segments.
    pub segments: i64,
}

/// What belongs to a project beside its flags.
pub async fn resources(tx: &mut Read, project: &str) -> Result<Resources> {
    tx.one(sql!(
        "SELECT (SELECT COUNT(*) FROM api_token_projects WHERE project = $1) AS api_tokens,
                (SELECT COUNT(*) FROM segments WHERE project = $1) AS segments",
        project
    ))
    .await
}

/// The flags in one stage of their lives.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stage {
    /// Those that are in it now.
    pub flags: i64,
    /// How long those that left it were in it, in days.
    pub average_days: Option<f64>,
    /// Those that came into it in the last thirty days and are still in it.
    pub recent: i64,
}

/// The stages of the flags of a project by their names. A flag of which nothing is known is in the first one.
pub async fn stages(tx: &mut Read, project: &str, now: Time) -> Result<BTreeMap<String, Stage>> {
    #[derive(sqlx::FromRow)]
    struct Row {
        stage: String,
        flags: i64,
        recent: i64,
        left_it: i64,
        spent: i64,
    }
    let rows: Vec<Row> = tx
        .all(sql!(
            "SELECT stage, COUNT(CASE WHEN left_at IS NULL THEN 1 END) AS flags,
                    COUNT(CASE WHEN left_at IS NULL AND entered_at >= $2 THEN 1 END) AS recent,
                    COUNT(left_at) AS left_it, CAST(COALESCE(SUM(left_at - entered_at), 0) AS BIGINT) AS spent
             FROM (SELECT COALESCE(y.stage, CASE WHEN f.archived_at IS NULL THEN 'initial' ELSE 'archived' END)
                              AS stage,
                          COALESCE(y.created_at, f.archived_at, f.created_at) AS entered_at,
                          LEAD(y.created_at) OVER (PARTITION BY f.name ORDER BY y.created_at, y.stage) AS left_at
                   FROM features f LEFT JOIN feature_lifecycles y ON y.feature = f.name
                   WHERE f.project = $1) s
             GROUP BY stage",
            project,
            now.minus(DAY * WINDOW)
        ))
        .await?;
    let stage = |row: &Row| Stage {
        flags: row.flags,
        average_days: (row.left_it > 0).then(|| days(row.spent / row.left_it.max(1))),
        recent: row.recent,
    };
    Ok(rows.iter().map(|row| (row.stage.clone(), stage(row))).collect())
}
