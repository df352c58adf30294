//! Strategies: the ways in which a flag is on in an environment. The first one that matches decides.

use std::collections::{BTreeMap, HashMap};

use burgee_eval::canonical;
use burgee_eval::document::{Constraint, Strategy as Rule, Variant};
use serde::{Deserialize, Serialize};

use super::edit::Place;
use super::variants::distribute;
use crate::access::{Sight, visible};
use crate::constraints::{self, Owner};
use crate::db::Read;
use crate::error::{Error, Kind, Result};
use crate::events::Change;
use crate::sql;

/// How many strategies a flag may have in one environment.
const LIMIT: usize = 30;
/// How many segments one strategy may use.
const MOST_SEGMENTS: usize = 5;
/// The longest title, in characters.
const LONGEST_TITLE: usize = 255;
/// How much text the parameters of one strategy may have, in bytes.
const LARGEST_PARAMETERS: usize = 50_000;

/// A strategy as it is stored: in the form on which all SDKs agree.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Strategy {
    /// A ULID.
    pub id: String,
    /// The strategy type.
    pub name: String,
    /// What people call it.
    pub title: Option<String>,
    /// Disabled strategies never match.
    pub disabled: bool,
    /// All must hold.
    pub constraints: Vec<Constraint>,
    /// What the type needs, all as text.
    pub parameters: BTreeMap<String, String>,
    /// In which forms the flag is on.
    pub variants: Vec<Variant>,
    /// Lower ones are asked first.
    pub sort_order: i64,
    /// All must hold.
    pub segments: Vec<i64>,
}

/// A strategy as somebody wants it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Draft {
    /// The strategy type.
    pub name: String,
    /// What people call it.
    pub title: Option<String>,
    /// Disabled strategies never match.
    pub disabled: bool,
    /// All must hold.
    pub constraints: Vec<Constraint>,
    /// What the type needs.
    pub parameters: BTreeMap<String, String>,
    /// In which forms the flag is on.
    pub variants: Vec<Variant>,
    /// Lower ones are asked first; without one, it is asked last.
    pub sort_order: Option<i64>,
    /// All must hold.
    pub segments: Vec<i64>,
}

impl From<Strategy> for Draft {
    fn from(strategy: Strategy) -> Self {
        Self {
            name: strategy.name,
            title: strategy.title,
            disabled: strategy.disabled,
            constraints: strategy.constraints,
            parameters: strategy.parameters,
            variants: strategy.variants,
            sort_order: Some(strategy.sort_order),
            segments: strategy.segments,
        }
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    environment: String,
    id: String,
    name: String,
    title: Option<String>,
    disabled: bool,
    constraints: String,
    parameters: String,
    variants: String,
    sort_order: i64,
}

/// How many living flags that are seen follow a strategy of each type.
pub async fn types_in_use(tx: &mut Read, sight: &Sight) -> Result<HashMap<String, i64>> {
    let rows: Vec<(String, i64)> = tx
        .all(sql!(
            concat!(
                "SELECT s.name, COUNT(DISTINCT f.name) FROM features f JOIN feature_strategies s ON s.feature = f.name JOIN projects p ON p.id = f.project
                 WHERE f.archived_at IS NULL AND ",
                visible!("p", "$1"),
                " GROUP BY s.name"
            ),
            sight.param()?
        ))
        .await?;
    Ok(rows.into_iter().collect())
}

/// The strategies of a flag, by environment and in their order; of one environment or of all.
pub async fn strategies(
    tx: &mut Read,
    feature: &str,
    environment: Option<&str>,
) -> Result<HashMap<String, Vec<Strategy>>> {
    let rows: Vec<Row> = tx
        .all(sql!(
            "SELECT environment, id, name, title, disabled, constraints, parameters, variants, sort_order
             FROM feature_strategies
             WHERE feature = $1 AND (CAST($2 AS TEXT) IS NULL OR environment = $2)
             ORDER BY environment, sort_order, id",
            feature,
            environment.map(str::to_owned)
        ))
        .await?;
    let uses: Vec<(String, i64)> = tx
        .all(sql!(
            "SELECT u.strategy_id, u.segment_id
             FROM feature_strategies s JOIN feature_strategy_segments u ON u.strategy_id = s.id
             WHERE s.feature = $1 AND (CAST($2 AS TEXT) IS NULL OR s.environment = $2)
             ORDER BY u.strategy_id, u.segment_id",
            feature,
            environment.map(str::to_owned)
        ))
        .await?;
    let mut segments: HashMap<String, Vec<i64>> = HashMap::new();
    for (strategy, segment) in uses {
        segments.entry(strategy).or_default().push(segment);
    }
    let mut out: HashMap<String, Vec<Strategy>> = HashMap::new();
    for row in rows {
        let strategy = Strategy {
            segments: segments.remove(&row.id).unwrap_or_default(),
            id: row.id,
            name: row.name,
            title: row.title,
            disabled: row.disabled,
            constraints: serde_json::from_str(&row.constraints)?,
            parameters: serde_json::from_str(&row.parameters)?,
            variants: serde_json::from_str(&row.variants)?,
            sort_order: row.sort_order,
        };
        out.entry(row.environment).or_default().push(strategy);
    }
    Ok(out)
}

/// Where a strategy belongs.
pub async fn home(tx: &mut Read, id: &str) -> Result<Option<Place>> {
    let row: Option<(String, String, String)> = tx
        .optional(sql!(
            "SELECT f.project, s.feature, s.environment
             FROM feature_strategies s JOIN features f ON f.name = s.feature WHERE s.id = $1",
            id
        ))
        .await?;
    Ok(row.map(|(project, feature, environment)| Place { project, feature, environment }))
}

/// Why a strategy that is to be changed is not where somebody takes it to be: it is nowhere, or it is another flag's.
pub async fn absent(tx: &mut Read, id: &str) -> Result<Error> {
    Ok(match home(tx, id).await? {
        None => Error::not_found(format!("Could not find strategy with id={id}")),
        Some(_) => Error::rejected(
            Kind::InvalidOperation,
            "A strategy stays with its project, flag and environment: it is not one of these.",
        ),
    })
}

/// Adds a strategy under `id` to those that stand at a place already.
pub(super) async fn insert(
    tx: &mut Change,
    place: &Place,
    id: String,
    draft: Draft,
    beside: &[Strategy],
) -> Result<Strategy> {
    if beside.len() >= LIMIT {
        return Err(Error::limit("strategy", i64::try_from(LIMIT).unwrap_or(i64::MAX)));
    }
    let last = beside.iter().map(|strategy| strategy.sort_order).max();
    let sort_order = draft.sort_order.or_else(|| last.map(|last| last + 1)).unwrap_or_default();
    let strategy = check(tx, place, id, draft, sort_order).await?;
    store(tx, place, &strategy).await?;
    Ok(strategy)
}

/// Adds a strategy that is as strategies are stored.
pub(super) async fn store(tx: &mut Change, place: &Place, strategy: &Strategy) -> Result<()> {
    let now = tx.now();
    tx.execute(sql!(
        "INSERT INTO feature_strategies (id, feature, environment, name, title, disabled, parameters, constraints,
                                         variants, sort_order, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        &strategy.id,
        &place.feature,
        &place.environment,
        &strategy.name,
        strategy.title.clone(),
        strategy.disabled,
        serde_json::to_string(&strategy.parameters)?,
        serde_json::to_string(&strategy.constraints)?,
        serde_json::to_string(&strategy.variants)?,
        strategy.sort_order,
        now
    ))
    .await?;
    use_segments(tx, strategy).await?;
    if !strategy.constraints.is_empty() {
        constraints::index_strategy(tx, &strategy.id, &strategy.constraints).await?;
    }
    Ok(())
}

/// Replaces `before` by the draft.
pub(super) async fn replace(
    tx: &mut Change,
    place: &Place,
    before: &Strategy,
    draft: Draft,
) -> Result<Strategy> {
    let sort_order = draft.sort_order.unwrap_or(before.sort_order);
    let after = check(tx, place, before.id.clone(), draft, sort_order).await?;
    if after == *before {
        return Ok(after);
    }
    tx.execute(sql!(
        "UPDATE feature_strategies SET name = $2, title = $3, disabled = $4, parameters = $5, constraints = $6,
                                       variants = $7, sort_order = $8 WHERE id = $1",
        &after.id,
        &after.name,
        after.title.clone(),
        after.disabled,
        serde_json::to_string(&after.parameters)?,
        serde_json::to_string(&after.constraints)?,
        serde_json::to_string(&after.variants)?,
        after.sort_order
    ))
    .await?;
    if after.constraints != before.constraints {
        constraints::index_strategy(tx, &after.id, &after.constraints).await?;
    }
    if after.segments != before.segments {
        tx.execute(sql!("DELETE FROM feature_strategy_segments WHERE strategy_id = $1", &after.id)).await?;
        use_segments(tx, &after).await?;
    }
    Ok(after)
}

/// Removes a strategy.
pub(super) async fn remove(tx: &mut Change, id: &str) -> Result<()> {
    tx.execute(sql!("DELETE FROM feature_strategies WHERE id = $1", id)).await.map(drop)
}

/// Moves a strategy within its list.
pub(super) async fn sort(tx: &mut Change, id: &str, sort_order: i64) -> Result<()> {
    tx.execute(sql!("UPDATE feature_strategies SET sort_order = $2 WHERE id = $1", id, sort_order))
        .await
        .map(drop)
}

async fn use_segments(tx: &mut Change, strategy: &Strategy) -> Result<()> {
    if strategy.segments.is_empty() {
        return Ok(());
    }
    tx.execute(sql!(
        "INSERT INTO feature_strategy_segments (strategy_id, segment_id)
         SELECT CAST($1 AS TEXT), item FROM ({ids:$2}) AS chosen",
        &strategy.id,
        serde_json::to_string(&strategy.segments)?
    ))
    .await
    .map(drop)
}

/// Refuses what cannot be evaluated, and brings the rest to the form on which all SDKs agree.
async fn check(tx: &mut Read, place: &Place, id: String, draft: Draft, sort_order: i64) -> Result<Strategy> {
    let known: Option<(String,)> =
        tx.optional(sql!("SELECT name FROM strategy_types WHERE name = $1", &draft.name)).await?;
    if known.is_none() {
        return Err(Error::bad_data(format!("Could not find strategy type with name {}", draft.name)));
    }
    if draft.title.as_ref().is_some_and(|title| title.chars().count() > LONGEST_TITLE) {
        return Err(Error::bad_data(format!("The title must have at most {LONGEST_TITLE} characters.")));
    }
    let size: usize = draft.parameters.iter().map(|(name, value)| name.len() + value.len()).sum();
    if size > LARGEST_PARAMETERS {
        return Err(Error::bad_data(format!("The parameters have more than {LARGEST_PARAMETERS} bytes.")));
    }
    let mut segments = draft.segments;
    segments.sort_unstable();
    segments.dedup();
    ensure_usable(tx, place, &segments).await?;
    let mut parameters = draft.parameters;
    if draft.name == "flexibleRollout" && !parameters.contains_key("stickiness") {
        let (stickiness,): (String,) =
            tx.one(sql!("SELECT default_stickiness FROM projects WHERE id = $1", &place.project)).await?;
        parameters.insert("stickiness".to_owned(), stickiness);
    }
    let rule = Rule {
        name: draft.name,
        parameters,
        constraints: constraints::check(tx, Owner::Strategy, draft.constraints).await?,
        segments: Vec::new(),
        variants: distribute(draft.variants)?,
        disabled: false,
    };
    let rule = canonical::strategy(rule, &place.feature)
        .map_err(|refused| Error::invalid(vec![refused.to_string()]))?;
    Ok(Strategy {
        id,
        name: rule.name,
        title: draft.title,
        disabled: draft.disabled,
        constraints: rule.constraints,
        parameters: rule.parameters,
        variants: rule.variants,
        sort_order,
        segments,
    })
}

/// Refuses segments that do not exist, or that belong to another project.
async fn ensure_usable(tx: &mut Read, place: &Place, segments: &[i64]) -> Result<()> {
    if segments.len() > MOST_SEGMENTS {
        return Err(Error::bad_data(format!("Strategies may not have more than {MOST_SEGMENTS} segments.")));
    }
    if segments.is_empty() {
        return Ok(());
    }
    let found: Vec<(i64,)> = tx
        .all(sql!(
            "SELECT id FROM segments WHERE id IN ({ids:$1}) AND (project IS NULL OR project = $2){share}",
            serde_json::to_string(segments)?,
            &place.project
        ))
        .await?;
    match segments.iter().find(|id| !found.contains(&(**id,))) {
        Some(missing) => Err(Error::not_found(format!("No segment exists with ID \"{missing}\""))),
        None => Ok(()),
    }
}
