//! The stages of a flag's life: from `initial` over `pre-live` and `live` to `completed` and `archived`.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::detail::Stage;
use super::feature::{event, get, lock};
use crate::access::{Sight, visible};
use crate::clock::Time;
use crate::db::{Books, Read};
use crate::error::{Error, Result};
use crate::events::{Change, Event, Fact};
use crate::{keep, sql};

/// The longest word on what was kept, in characters.
const LONGEST_VALUE: usize = 255;

/// SQL: how far a stage is, where two began at the same moment.
macro_rules! rank {
    () => {
        super::lifecycle::rank!("stage")
    };
    ($column:literal) => {
        concat!(
            "CASE ",
            $column,
            " WHEN 'initial' THEN 0 WHEN 'pre-live' THEN 1 WHEN 'live' THEN 2 WHEN 'completed' THEN 3 ELSE 4 END"
        )
    };
}
pub(super) use rank;

/// What became of a flag that served its purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Outcome {
    /// What it guarded is for everybody now.
    Kept,
    /// What it guarded goes.
    Discarded,
}

impl Outcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Discarded => "discarded",
        }
    }
}

/// Life begins, for new flags and for revived ones.
pub(super) async fn begin(tx: &mut Change, names: &[String]) -> Result<()> {
    let (list, now) = (serde_json::to_string(names)?, tx.now());
    tx.execute(sql!("DELETE FROM feature_lifecycles WHERE feature IN ({list:$1})", &list)).await?;
    enter(tx, &list, "initial", now).await
}

/// Life ends.
pub(super) async fn end(tx: &mut Change, names: &[String]) -> Result<()> {
    let (list, now) = (serde_json::to_string(names)?, tx.now());
    enter(tx, &list, "archived", now).await
}

async fn enter(tx: &mut Change, list: &str, stage: &str, now: Time) -> Result<()> {
    tx.execute(sql!(
        "INSERT INTO feature_lifecycles (feature, stage, created_at)
         SELECT item, CAST($2 AS TEXT), CAST($3 AS BIGINT) FROM ({list:$1}) AS named WHERE TRUE
         ON CONFLICT (feature, stage) DO UPDATE SET created_at = excluded.created_at",
        list,
        stage,
        now
    ))
    .await
    .map(drop)
}

/// Clients used a flag.
#[derive(Debug, Serialize)]
pub struct Used<'a> {
    /// The flag.
    pub feature: &'a str,
    /// Where.
    pub environment: &'a str,
    /// When, in milliseconds since 1970.
    pub at: i64,
}

/// SQL: true if the flag behind the alias `f` was used, after its life began, as `$1` says where the condition holds,
/// and has come to none of the stages.
macro_rules! due {
    ($condition:literal, $stages:literal) => {
        concat!(
            "f.archived_at IS NULL AND f.name IN (
                 SELECT item ->> 'feature' FROM ({rows:$1}) r
                 LEFT JOIN feature_lifecycles b ON b.feature = item ->> 'feature' AND b.stage = 'initial'
                 WHERE (b.created_at IS NULL OR b.created_at <= CAST(item ->> 'at' AS BIGINT)) AND ",
            $condition,
            ") AND NOT EXISTS (SELECT 1 FROM feature_lifecycles y WHERE y.feature = f.name AND y.stage IN (",
            $stages,
            ")) ORDER BY f.name{share} ON CONFLICT DO NOTHING"
        )
    };
}

/// What clients use goes on in its life: anywhere, from `initial` to `pre-live`; where it is on in production, to
/// `live`. `used` is a JSON array of [`Used`]. Nobody decided it, so there is no event. Tells how many flags came to
/// which stage.
pub async fn advance(tx: &mut Books, used: &str, now: Time) -> Result<[(&'static str, u64); 2]> {
    let early = tx
        .execute(keep!(
            concat!(
                "INSERT INTO feature_lifecycles (feature, stage, created_at)
                 SELECT f.name, 'pre-live', CAST($2 AS BIGINT) FROM features f WHERE ",
                due!("TRUE", "'pre-live', 'live', 'completed', 'archived'")
            ),
            used,
            now
        ))
        .await?;
    let live = tx
        .execute(keep!(
            concat!(
                "INSERT INTO feature_lifecycles (feature, stage, created_at)
                 SELECT f.name, 'live', CAST($2 AS BIGINT) FROM features f WHERE ",
                due!(
                    "EXISTS (SELECT 1 FROM feature_environments p JOIN environments e ON e.name = p.environment
                             WHERE p.feature = item ->> 'feature' AND p.environment = item ->> 'environment'
                               AND p.enabled = TRUE AND e.type = 'production')",
                    "'live', 'completed', 'archived'"
                )
            ),
            used,
            now
        ))
        .await?;
    Ok([("pre-live", early), ("live", live)])
}

/// The stages that a flag, archived or not, went through.
pub async fn history(tx: &mut Read, project: &str, name: &str) -> Result<Vec<Stage>> {
    get(tx, project, name).await?;
    tx.all(sql!(
        concat!(
            "SELECT stage, created_at, status FROM feature_lifecycles WHERE feature = $1 ORDER BY created_at, ",
            rank!()
        ),
        name
    ))
    .await
}

/// Says that a flag has served its purpose; `value` may name the variant that was kept.
pub async fn complete(
    tx: &mut Change,
    project: &str,
    name: &str,
    outcome: Outcome,
    value: Option<String>,
) -> Result<()> {
    if value.as_ref().is_some_and(|value| value.chars().count() > LONGEST_VALUE) {
        return Err(Error::bad_data(format!(
            "\"statusValue\" must have at most {LONGEST_VALUE} characters."
        )));
    }
    lock(tx, project, name).await?;
    let now = tx.now();
    tx.execute(sql!(
        "INSERT INTO feature_lifecycles (feature, stage, created_at, status, status_value)
         VALUES ($1, 'completed', $2, $3, $4)
         ON CONFLICT (feature, stage) DO UPDATE SET status = excluded.status, status_value = excluded.status_value",
        name,
        now,
        outcome.as_str(),
        value.clone()
    ))
    .await?;
    let mut state = json!({ "status": outcome });
    if let Some(value) = value {
        state["statusValue"] = json!(value);
    }
    state["kept"] = json!(outcome == Outcome::Kept);
    tx.record(event(Event::created(Fact::FeatureCompleted, &state), project, name));
    Ok(())
}

/// Says that a flag still has a purpose, unless nobody said otherwise.
pub async fn uncomplete(tx: &mut Change, project: &str, name: &str) -> Result<()> {
    lock(tx, project, name).await?;
    let gone = tx
        .execute(sql!("DELETE FROM feature_lifecycles WHERE feature = $1 AND stage = 'completed'", name))
        .await?;
    if gone > 0 {
        tx.record(event(Event::bare(Fact::FeatureUncompleted), project, name));
    }
    Ok(())
}

/// How many flags are at each stage, of those in projects that are seen.
pub async fn counts(tx: &mut Read, sight: &Sight) -> Result<Vec<(String, i64)>> {
    tx.all(sql!(
        concat!(
            "SELECT stage, COUNT(*) FROM (
                 SELECT l.stage, ROW_NUMBER() OVER (PARTITION BY l.feature ORDER BY l.created_at DESC, ",
            rank!(),
            " DESC) AS place
                 FROM feature_lifecycles l JOIN features f ON f.name = l.feature JOIN projects p ON p.id = f.project
                 WHERE ",
            visible!("p", "$1"),
            ") latest WHERE place = 1 GROUP BY stage"
        ),
        sight.param()?
    ))
    .await
}
