//! Projects and environments: where roles apply and what API tokens reach.

use crate::db::Read;
use crate::error::{Error, Result};
use crate::sql;

/// Refuses a project that does not exist.
pub async fn ensure_exists(tx: &mut Read, project: &str) -> Result<()> {
    let found: Option<(String,)> =
        tx.optional(sql!("SELECT id FROM projects WHERE id = $1", project)).await?;
    found.map(drop).ok_or_else(|| Error::not_found("No project found"))
}

/// Those of `projects` that do not exist.
pub async fn missing(tx: &mut Read, projects: &[String]) -> Result<Vec<String>> {
    let known: Vec<(String,)> = tx
        .all(sql!("SELECT id FROM projects WHERE id IN ({list:$1})", serde_json::to_string(projects)?))
        .await?;
    Ok(projects.iter().filter(|project| !known.iter().any(|(id,)| id == *project)).cloned().collect())
}

/// The names of all environments, in their order.
pub async fn environments(tx: &mut Read) -> Result<Vec<String>> {
    let names: Vec<(String,)> =
        tx.all(sql!("SELECT name FROM environments ORDER BY sort_order, name")).await?;
    Ok(names.into_iter().map(|(name,)| name).collect())
}
