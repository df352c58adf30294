//! Accounts and groups that an identity provider has removed, and that are still here: it waits for an admin, or was
//! discarded.

use serde_json::{Value, json};

use crate::db::Read;
use crate::error::Result;
use crate::sql;

/// What receivers of SCIM events hear of the end of such an account, or of its access: as whom the identity provider knew
/// it. None for every other account that is not provisioned: nobody is told of those.
pub async fn user(tx: &mut Read, id: i64) -> Result<Option<Value>> {
    signal(tx, id, "User", "delete").await
}

/// The same of a group.
pub async fn group(tx: &mut Read, id: i64) -> Result<Option<Value>> {
    signal(tx, id, "Group", "delete-group").await
}

/// As [`crate::provisioning::signals`] reads it.
async fn signal(tx: &mut Read, id: i64, noun: &str, kind: &str) -> Result<Option<Value>> {
    let found: Option<(i64, String)> = tx
        .optional(sql!(
            "SELECT t.connection_id, t.scim_id FROM scim_held h
             JOIN scim_tombstones t ON t.local_id = $1 AND t.connection_id = h.connection_id
             WHERE (h.user_id = $1 OR h.group_id = $1) AND h.kind = $3 AND t.resource_type = $2
             ORDER BY t.deleted_at DESC, t.scim_id DESC LIMIT 1",
            id,
            noun,
            kind
        ))
        .await?;
    Ok(found.map(|(connection, id)| json!({ "connection": connection, "noun": noun, "id": id })))
}
