//! Projects: where flags live, where roles apply, and what API tokens reach.

pub mod change_requests;
pub mod environment;
pub mod favorites;
pub mod flags;
mod life;
pub mod members;
pub mod naming;
mod project;
pub mod statistics;
pub mod summary;
pub mod tokens;

pub use self::life::{archive, delete, revive, tokens_that_go};
pub use self::naming::{LinkTemplate, Naming};
pub use self::project::{DEFAULT, Draft, Edit, Mode, Project, create, ensure_free, get, lock, update};

use crate::access::{Sight, visible};
use crate::db::Read;
use crate::error::{Error, Result};
use crate::people::api_token::EVERYWHERE;
use crate::sql;

/// Refuses a project that does not exist.
pub async fn ensure_exists(tx: &mut Read, project: &str) -> Result<()> {
    let found: Option<(String,)> =
        tx.optional(sql!("SELECT id FROM projects WHERE id = $1", project)).await?;
    found.map(drop).ok_or_else(|| Error::not_found("No project found"))
}

/// The ids of the projects that somebody sees, archived ones included.
pub async fn seen(tx: &mut Read, sight: &Sight) -> Result<Vec<String>> {
    let ids: Vec<(String,)> = tx
        .all(sql!(
            concat!("SELECT p.id FROM projects p WHERE ", visible!("p", "$1"), " ORDER BY p.id"),
            sight.param()?
        ))
        .await?;
    Ok(ids.into_iter().map(|(id,)| id).collect())
}

/// Refuses a name that no new flag of the project may have.
pub async fn ensure_well_named(tx: &mut Read, project: &str, name: &str) -> Result<()> {
    let row: Option<(Option<String>,)> =
        tx.optional(sql!("SELECT naming FROM projects WHERE id = $1", project)).await?;
    naming::check(row.and_then(|(naming,)| naming).as_deref(), name)
}

/// The names of all environments, in their order.
pub async fn environments(tx: &mut Read) -> Result<Vec<String>> {
    let names: Vec<(String,)> =
        tx.all(sql!("SELECT name FROM environments ORDER BY sort_order, name")).await?;
    Ok(names.into_iter().map(|(name,)| name).collect())
}

/// Refuses places that no API token can reach: an environment or projects that do not exist or are not seen, or all
/// environments.
pub async fn ensure_reachable(
    tx: &mut Read,
    sight: &Sight,
    environment: &str,
    projects: &[String],
) -> Result<()> {
    if environment == EVERYWHERE {
        return Err(Error::bad_data("Client token cannot be scoped to all environments"));
    }
    if !environments(tx).await?.iter().any(|name| name == environment) {
        return Err(Error::bad_data(format!("Environment={environment} does not exist")));
    }
    for project in projects.iter().filter(|project| *project != EVERYWHERE) {
        let known = sight.ensure(tx, project).await;
        known.map_err(|error| match error.kind() {
            Some(_) => Error::bad_data(format!("Project={project} does not exist")),
            None => error,
        })?;
    }
    Ok(())
}
