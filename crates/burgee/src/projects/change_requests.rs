//! Where changes need approval, and of how many.

use crate::db::Read;
use crate::error::Result;
use crate::sql;

/// How many approvals a change in this environment of the project needs; `None` if it needs none.
pub async fn required(tx: &mut Read, project: &str, environment: &str) -> Result<Option<i64>> {
    let row: Option<(i64,)> = tx
        .optional(sql!(
            "SELECT required_approvals FROM change_request_settings WHERE project = $1 AND environment = $2",
            project,
            environment
        ))
        .await?;
    Ok(row.map(|(approvals,)| approvals))
}
