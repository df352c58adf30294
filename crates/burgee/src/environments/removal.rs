//! An environment that goes takes everything in it along.

use serde::Serialize;

use super::{Environment, all, lock, recorded};
use crate::error::{Error, Kind, Result};
use crate::events::{Change, Event, Fact};
use crate::people::api_token;
use crate::sql;

/// What went.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Gone<'a> {
    #[serde(flatten)]
    environment: &'a Environment,
    /// The projects that used it.
    projects: Vec<String>,
    /// How many strategies flags had in it.
    strategies: i64,
    /// The roles that held permissions in it.
    roles: Vec<i64>,
}

/// Deletes an environment: the states and strategies that flags have in it, its API tokens, and what roles may do in
/// it. An environment of that name that comes later starts from nothing.
pub async fn delete(tx: &mut Change, name: &str) -> Result<()> {
    let environment = lock(tx, name).await?;
    if environment.protected {
        return Err(Error::rejected(Kind::InvalidOperation, "You cannot delete a protected environment."));
    }
    if all(tx).await?.len() <= 1 {
        return Err(Error::rejected(
            Kind::MinimumOneEnvironment,
            "You must always have one active environment",
        ));
    }
    for token in api_token::list(tx).await?.iter().filter(|token| token.environment == name) {
        api_token::delete(tx, token).await?;
    }
    let projects: Vec<(String,)> = tx
        .all(sql!("SELECT project FROM project_environments WHERE environment = $1 ORDER BY project", name))
        .await?;
    let (strategies,): (i64,) =
        tx.one(sql!("SELECT COUNT(*) FROM feature_strategies WHERE environment = $1", name)).await?;
    let roles: Vec<(i64,)> = tx
        .all(sql!(
            "SELECT DISTINCT role_id FROM role_permissions WHERE environment = $1 ORDER BY role_id",
            name
        ))
        .await?;
    let projects: Vec<String> = projects.into_iter().map(|(project,)| project).collect();
    let roles = roles.into_iter().map(|(role,)| role).collect();
    tx.execute(sql!("DELETE FROM role_permissions WHERE environment = $1", name)).await?;
    tx.execute(sql!("DELETE FROM environments WHERE name = $1", name)).await?;
    for project in &projects {
        let gone =
            Event::deleted(Fact::ProjectEnvironmentRemoved, &serde_json::json!({ "environment": name }));
        tx.record(gone.within(Some(project.clone()), Some(name.to_owned())));
    }
    let gone = Gone { environment: &environment, projects, strategies, roles };
    tx.record(recorded(Event::deleted(Fact::EnvironmentDeleted, &gone), &environment));
    Ok(())
}
