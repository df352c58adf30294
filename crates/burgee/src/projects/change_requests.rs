//! Where changes need approval, and of how many.

use serde_json::json;

use super::{environment, project};
use crate::db::Read;
use crate::environments::MOST_APPROVALS;
use crate::error::Result;
use crate::events::{Change, Event, Fact};
use crate::sql;

/// How many approvals a change in this place needs; `None`: changes are made directly.
pub async fn required(tx: &mut Read, project: &str, environment: &str) -> Result<Option<i64>> {
    let found: Option<(i64,)> = tx
        .optional(sql!(
            "SELECT required_approvals FROM change_request_settings WHERE project = $1 AND environment = $2",
            project,
            environment
        ))
        .await?;
    Ok(found.map(|(count,)| count))
}

/// Says how many approvals changes need; counts that make no sense become the nearest that does.
pub async fn configure(tx: &mut Change, project: &str, environment: &str, count: Option<i64>) -> Result<()> {
    project::lock(tx, project).await?;
    let before = environment::get(tx, project, environment).await?.required_approvals;
    let after = count.map(|count| count.clamp(1, MOST_APPROVALS));
    if before == after {
        return Ok(());
    }
    store(tx, project, environment, after).await?;
    let state = |count: Option<i64>| {
        json!({
            "environment": environment,
            "changeRequestsEnabled": count.is_some(),
            "requiredApprovals": count,
        })
    };
    let event = Event::updated(Fact::ChangeRequestsConfigured, &state(before), &state(after));
    tx.record(event.within(Some(project.to_owned()), Some(environment.to_owned())));
    Ok(())
}

pub(super) async fn store(
    tx: &mut Change,
    project: &str,
    environment: &str,
    count: Option<i64>,
) -> Result<()> {
    let sql = if let Some(count) = count {
        sql!(
            "INSERT INTO change_request_settings (project, environment, required_approvals) VALUES ($1, $2, $3)
             ON CONFLICT (project, environment) DO UPDATE SET required_approvals = excluded.required_approvals",
            project,
            environment,
            count
        )
    } else {
        sql!(
            "DELETE FROM change_request_settings WHERE project = $1 AND environment = $2",
            project,
            environment
        )
    };
    tx.execute(sql).await?;
    Ok(())
}

/// The environments of the project in which changes need approval.
pub async fn environments(tx: &mut Read, project: &str) -> Result<Vec<String>> {
    let found: Vec<(String,)> = tx
        .all(sql!(
            "SELECT environment FROM change_request_settings WHERE project = $1 ORDER BY environment",
            project
        ))
        .await?;
    Ok(found.into_iter().map(|(environment,)| environment).collect())
}
