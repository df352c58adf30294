//! An environment made after the likeness of another one.

use serde::Serialize;

use super::{Draft, Environment, get, insert, recorded};
use crate::entropy::Entropy;
use crate::error::{Error, Result};
use crate::events::{Change, Event, Fact};
use crate::sql;

/// What is copied.
#[derive(Clone, Debug)]
pub struct Likeness {
    /// Names the new environment.
    pub name: String,
    /// What kind it is.
    pub r#type: String,
    /// The projects that get it; with none, all that use the original.
    pub projects: Vec<String>,
    /// Whether roles that may do something in the original may do it in the copy.
    pub permissions: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Copied<'a> {
    #[serde(flatten)]
    environment: &'a Environment,
    cloned_from: &'a str,
    projects: &'a [String],
    clone_permissions: bool,
}

/// Makes an environment in which the flags of some projects stand as they stand in `source`.
pub async fn copy(tx: &mut Change, entropy: &Entropy, source: &str, copy: Likeness) -> Result<Environment> {
    let original = get(tx, source).await?;
    let using: Vec<(String,)> = tx
        .all(sql!("SELECT project FROM project_environments WHERE environment = $1 ORDER BY project", source))
        .await?;
    let projects = chosen(using.into_iter().map(|(project,)| project).collect(), &copy.projects, source)?;
    let draft = Draft {
        name: copy.name,
        r#type: copy.r#type,
        enabled: original.enabled,
        sort_order: None,
        required_approvals: original.required_approvals,
    };
    let environment = insert(tx, draft).await?;
    let name = &environment.name;
    let list = serde_json::to_string(&projects)?;
    tx.execute(sql!(
        "INSERT INTO project_environments (project, environment, default_strategy)
         SELECT project, $2, default_strategy FROM project_environments
         WHERE environment = $1 AND project IN ({list:$3})",
        source,
        name,
        &list
    ))
    .await?;
    tx.execute(sql!(
        "INSERT INTO change_request_settings (project, environment, required_approvals)
         SELECT project, $2, required_approvals FROM change_request_settings
         WHERE environment = $1 AND project IN ({list:$3})",
        source,
        name,
        &list
    ))
    .await?;
    tx.execute(sql!(
        "INSERT INTO feature_environments (feature, environment, enabled, variants)
         SELECT e.feature, $2, e.enabled, e.variants
         FROM feature_environments e JOIN features f ON f.name = e.feature
         WHERE e.environment = $1 AND f.project IN ({list:$3})",
        source,
        name,
        &list
    ))
    .await?;
    strategies(tx, entropy, source, name, &list).await?;
    if copy.permissions {
        tx.execute(sql!(
            "INSERT INTO role_permissions (role_id, permission, environment)
             SELECT role_id, permission, $2 FROM role_permissions WHERE environment = $1
             ON CONFLICT (role_id, permission, environment) DO NOTHING",
            source,
            name
        ))
        .await?;
    }
    for project in &projects {
        let added =
            Event::created(Fact::ProjectEnvironmentAdded, &serde_json::json!({ "environment": name }));
        tx.record(added.within(Some(project.clone()), Some(name.clone())));
    }
    let copied = Copied {
        environment: &environment,
        cloned_from: source,
        projects: &projects,
        clone_permissions: copy.permissions,
    };
    tx.record(recorded(Event::created(Fact::EnvironmentCreated, &copied), &environment));
    Ok(environment)
}

fn chosen(using: Vec<String>, wanted: &[String], source: &str) -> Result<Vec<String>> {
    if wanted.is_empty() || wanted.iter().any(|project| project == "*") {
        return Ok(using);
    }
    if let Some(stranger) = wanted.iter().find(|project| !using.contains(project)) {
        return Err(Error::bad_data(format!("Project {stranger} does not use the environment {source}")));
    }
    Ok(using.into_iter().filter(|project| wanted.contains(project)).collect())
}

/// Copies strategies with their segments. The new ids go along with the old ones in one list, so that the database
/// does the rest: the first 26 characters of each pair are the new id.
async fn strategies(
    tx: &mut Change,
    entropy: &Entropy,
    source: &str,
    name: &str,
    projects: &str,
) -> Result<()> {
    let ids: Vec<(String,)> = tx
        .all(sql!(
            "SELECT s.id FROM feature_strategies s JOIN features f ON f.name = s.feature
             WHERE s.environment = $1 AND f.project IN ({list:$2})",
            source,
            projects
        ))
        .await?;
    let now = tx.now();
    let pairs: Vec<String> = ids.into_iter().map(|(old,)| entropy.ulid(now) + &old).collect();
    let pairs = serde_json::to_string(&pairs)?;
    tx.execute(sql!(
        "INSERT INTO feature_strategies (id, feature, environment, name, title, disabled, parameters, constraints,
                                         variants, sort_order, created_at)
         SELECT substr(m.item, 1, 26), s.feature, $2, s.name, s.title, s.disabled, s.parameters, s.constraints,
                s.variants, s.sort_order, $3
         FROM ({list:$1}) m JOIN feature_strategies s ON s.id = substr(m.item, 27)",
        &pairs,
        name,
        now
    ))
    .await?;
    tx.execute(sql!(
        "INSERT INTO feature_strategy_segments (strategy_id, segment_id)
         SELECT substr(m.item, 1, 26), s.segment_id
         FROM ({list:$1}) m JOIN feature_strategy_segments s ON s.strategy_id = substr(m.item, 27)",
        &pairs
    ))
    .await?;
    Ok(())
}
