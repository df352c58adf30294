//! The environments that a project uses.

use std::collections::HashMap;

use burgee_eval::canonical;
use burgee_eval::document::Strategy;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::project::{self, recorded};
use crate::db::Read;
use crate::environments::{self, Environment};
use crate::error::{Error, Kind, Result};
use crate::events::{Change, Event, Fact};
use crate::sql;

/// An environment of a project, and of how many people changes in it need approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// The environment.
    pub environment: String,
    /// What kind it is.
    pub r#type: String,
    /// How many must approve; `None`: nobody.
    pub required_approvals: Option<i64>,
    /// What a flag gets that is turned on without a strategy; JSON.
    #[serde(skip)]
    pub default_strategy: Option<String>,
}

impl From<Environment> for Place {
    fn from(environment: Environment) -> Self {
        Self {
            environment: environment.name,
            r#type: environment.r#type,
            required_approvals: environment.required_approvals,
            default_strategy: None,
        }
    }
}

impl Place {
    /// What a flag gets that is turned on without a strategy.
    pub fn strategy(&self) -> Result<Option<Value>> {
        Ok(self.default_strategy.as_deref().map(serde_json::from_str).transpose()?)
    }
}

/// The environments of a project in their order.
pub async fn list(tx: &mut Read, project: &str) -> Result<Vec<Place>> {
    tx.all(sql!(
        "SELECT e.environment, v.type, c.required_approvals, e.default_strategy
         FROM project_environments e JOIN environments v ON v.name = e.environment
         LEFT JOIN change_request_settings c ON c.project = e.project AND c.environment = e.environment
         WHERE e.project = $1 ORDER BY v.sort_order, v.name",
        project
    ))
    .await
}

/// The environments of each of some projects, in their order.
pub async fn of_projects(tx: &mut Read, projects: &[&str]) -> Result<HashMap<String, Vec<Place>>> {
    #[derive(sqlx::FromRow)]
    struct Row {
        project: String,
        #[sqlx(flatten)]
        place: Place,
    }
    let rows: Vec<Row> = tx
        .all(sql!(
            "SELECT e.project, e.environment, v.type, c.required_approvals, e.default_strategy
             FROM project_environments e JOIN environments v ON v.name = e.environment
             LEFT JOIN change_request_settings c ON c.project = e.project AND c.environment = e.environment
             WHERE e.project IN ({list:$1}) ORDER BY e.project, v.sort_order, v.name",
            serde_json::to_string(projects)?
        ))
        .await?;
    let mut found: HashMap<String, Vec<Place>> = HashMap::new();
    for row in rows {
        found.entry(row.project).or_default().push(row.place);
    }
    Ok(found)
}

/// An environment of a project, or a refusal.
pub async fn get(tx: &mut Read, project: &str, environment: &str) -> Result<Place> {
    let places = list(tx, project).await?;
    places.into_iter().find(|place| place.environment == environment).ok_or_else(|| {
        Error::not_found(format!("Could not find environment \"{environment}\" in project \"{project}\""))
    })
}

/// Lets a project use an environment. Its flags are off there.
pub async fn add(tx: &mut Change, project: &str, environment: &str) -> Result<()> {
    project::lock(tx, project).await?;
    let Some(found) = environments::find(tx, environment).await? else {
        return Err(Error::bad_data(format!("Environment {environment} does not exist")));
    };
    if list(tx, project).await?.iter().any(|place| place.environment == environment) {
        return Err(Error::rejected(
            Kind::NameExists,
            format!("{project} already has the environment {environment} enabled"),
        ));
    }
    let place = Place::from(found);
    insert(tx, project, &place).await?;
    tx.execute(sql!(
        "INSERT INTO feature_environments (feature, environment, enabled)
         SELECT name, $2, FALSE FROM features WHERE project = $1
         ON CONFLICT (feature, environment) DO NOTHING",
        project,
        environment
    ))
    .await?;
    tx.record(at(Event::created(Fact::ProjectEnvironmentAdded, &place), project, environment));
    Ok(())
}

/// Adds the rows that make an environment one of a project's.
pub(super) async fn insert(tx: &mut Change, project: &str, place: &Place) -> Result<()> {
    tx.execute(sql!(
        "INSERT INTO project_environments (project, environment) VALUES ($1, $2)",
        project,
        &place.environment
    ))
    .await?;
    if let Some(count) = place.required_approvals {
        super::change_requests::store(tx, project, &place.environment, Some(count)).await?;
    }
    Ok(())
}

/// Takes an environment away from a project, with the states and strategies that its flags have there. One that the
/// project does not use is gone already.
pub async fn remove(tx: &mut Change, project: &str, environment: &str) -> Result<()> {
    project::lock(tx, project).await?;
    let places = list(tx, project).await?;
    let Some(place) = places.iter().find(|place| place.environment == environment) else { return Ok(()) };
    if places.len() == 1 {
        return Err(Error::rejected(
            Kind::MinimumOneEnvironment,
            "You must always have one active environment",
        ));
    }
    let (strategies,): (i64,) = tx
        .one(sql!(
            "SELECT COUNT(*) FROM feature_strategies s JOIN features f ON f.name = s.feature
             WHERE f.project = $1 AND s.environment = $2",
            project,
            environment
        ))
        .await?;
    tx.execute(sql!(
        "DELETE FROM feature_environments
         WHERE environment = $2 AND feature IN (SELECT name FROM features WHERE project = $1)",
        project,
        environment
    ))
    .await?;
    super::change_requests::store(tx, project, environment, None).await?;
    tx.execute(sql!(
        "DELETE FROM project_environments WHERE project = $1 AND environment = $2",
        project,
        environment
    ))
    .await?;
    let mut state = serde_json::to_value(place)?;
    state["defaultStrategy"] = json!(place.strategy()?);
    state["strategies"] = json!(strategies);
    tx.record(at(Event::deleted(Fact::ProjectEnvironmentRemoved, &state), project, environment));
    Ok(())
}

/// Says what a flag gets that is turned on without a strategy. Returns it in the form in which it is stored.
pub async fn set_default_strategy(
    tx: &mut Change,
    project: &str,
    environment: &str,
    wanted: Map<String, Value>,
) -> Result<Value> {
    project::lock(tx, project).await?;
    let place = get(tx, project, environment).await?;
    let strategy = canonical_strategy(project, &wanted)?;
    let ids: Vec<i64> =
        strategy["segments"].as_array().into_iter().flatten().filter_map(Value::as_i64).collect();
    ensure_segments(tx, project, &ids).await?;
    let before = place.strategy()?;
    if before.as_ref() == Some(&strategy) {
        return Ok(strategy);
    }
    tx.execute(sql!(
        "UPDATE project_environments SET default_strategy = $3 WHERE project = $1 AND environment = $2",
        project,
        environment,
        strategy.to_string()
    ))
    .await?;
    tx.record(at(Event::updated(Fact::DefaultStrategyUpdated, &before, &strategy), project, environment));
    Ok(strategy)
}

/// The form on which SDKs agree. A group that nobody named stays unnamed: it will be the flag's.
fn canonical_strategy(project: &str, wanted: &Map<String, Value>) -> Result<Value> {
    if wanted.get("name").and_then(Value::as_str) != Some("flexibleRollout") {
        return Err(Error::bad_data(
            "Only \"flexibleRollout\" strategy can be used as a default strategy for an environment",
        ));
    }
    let strategy: Strategy = serde_json::from_value(Value::Object(wanted.clone()))
        .map_err(|error| Error::bad_data(format!("The default strategy is not valid: {error}")))?;
    let grouped = strategy.parameters.get("groupId").is_some_and(|group| !group.trim().is_empty());
    let mut strategy =
        canonical::strategy(strategy, project).map_err(|refused| Error::bad_data(refused.to_string()))?;
    if !grouped {
        strategy.parameters.remove("groupId");
    }
    Ok(json!({
        "name": strategy.name,
        "title": wanted.get("title"),
        "disabled": strategy.disabled,
        "constraints": strategy.constraints,
        "variants": strategy.variants,
        "parameters": strategy.parameters,
        "segments": strategy.segments,
    }))
}

/// Refuses segments that do not exist or belong to another project.
async fn ensure_segments(tx: &mut Read, project: &str, ids: &[i64]) -> Result<()> {
    let found: Vec<(i64,)> = tx
        .all(sql!(
            "SELECT id FROM segments WHERE id IN ({ids:$1}) AND (project IS NULL OR project = $2)",
            serde_json::to_string(ids)?,
            project
        ))
        .await?;
    match ids.iter().find(|id| !found.contains(&(**id,))) {
        Some(id) => Err(Error::bad_data(format!("The segment {id} does not exist or belongs elsewhere."))),
        None => Ok(()),
    }
}

fn at(event: Event, project: &str, environment: &str) -> Event {
    Event { environment: Some(environment.to_owned()), ..recorded(event, project) }
}

/// An environment of the installation as one project sees it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct View {
    /// The environment.
    #[sqlx(flatten)]
    pub environment: Environment,
    /// True if the project uses it.
    pub used: bool,
    /// API tokens for it that name the project.
    pub api_tokens: i64,
    /// Flags of the project that are on in it.
    pub enabled_flags: i64,
    default_strategy: Option<String>,
}

impl View {
    /// What a flag gets that is turned on without a strategy.
    pub fn strategy(&self) -> Result<Option<Value>> {
        Ok(self.default_strategy.as_deref().map(serde_json::from_str).transpose()?)
    }
}

/// All environments as one project sees them.
pub async fn view(tx: &mut Read, project: &str) -> Result<Vec<View>> {
    tx.all(sql!(
        "SELECT v.name, v.type, v.enabled, v.protected, v.sort_order, v.required_approvals,
                e.project IS NOT NULL AS used, COALESCE(t.count, 0) AS api_tokens,
                COALESCE(f.count, 0) AS enabled_flags, e.default_strategy
         FROM environments v
         LEFT JOIN project_environments e ON e.environment = v.name AND e.project = $1
         LEFT JOIN (SELECT t.environment, COUNT(*) AS count
                    FROM api_tokens t JOIN api_token_projects r ON r.token_id = t.id
                    WHERE r.project = $1 GROUP BY t.environment) t ON t.environment = v.name
         LEFT JOIN (SELECT e.environment, COUNT(*) AS count
                    FROM features f JOIN feature_environments e ON e.feature = f.name
                    WHERE f.project = $1 AND f.archived_at IS NULL AND e.enabled = TRUE
                    GROUP BY e.environment) f ON f.environment = v.name
         ORDER BY v.sort_order, v.name",
        project
    ))
    .await
}
