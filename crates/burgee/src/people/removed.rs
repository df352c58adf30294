//! Accounts and groups that an identity provider has removed, and that are still here: it waits for an admin, or was
//! discarded.

use serde_json::{Value, json};

use crate::db::Read;
use crate::error::Result;
use crate::sql;

/// What receivers of SCIM events hear of the end of such an account, or of its access: as whom the identity provider knew
/// it. None for every other account: about whom that is can be told from what is provisioned.
pub async fn user(tx: &mut Read, id: i64) -> Result<Option<Value>> {
    let found: Option<(i64, String)> = tx
        .optional(sql!(
            "SELECT t.connection_id, t.scim_id FROM scim_held h
             JOIN scim_tombstones t ON t.local_id = h.user_id AND t.connection_id = h.connection_id
             WHERE h.user_id = $1 AND h.kind = 'delete' AND t.resource_type = 'User'
               AND NOT EXISTS (SELECT 1 FROM scim_users s WHERE s.user_id = h.user_id)
             ORDER BY t.deleted_at DESC, t.scim_id DESC LIMIT 1",
            id
        ))
        .await?;
    Ok(found.map(|(connection, scim_id)| signal(connection, "User", &scim_id)))
}

/// The same of a group.
pub async fn group(tx: &mut Read, id: i64) -> Result<Option<Value>> {
    let found: Option<(i64, String)> = tx
        .optional(sql!(
            "SELECT t.connection_id, t.scim_id FROM scim_held h
             JOIN scim_tombstones t ON t.local_id = h.group_id AND t.connection_id = h.connection_id
             WHERE h.group_id = $1 AND h.kind = 'delete-group' AND t.resource_type = 'Group'
               AND NOT EXISTS (SELECT 1 FROM scim_groups s WHERE s.group_id = h.group_id)
             ORDER BY t.deleted_at DESC, t.scim_id DESC LIMIT 1",
            id
        ))
        .await?;
    Ok(found.map(|(connection, scim_id)| signal(connection, "Group", &scim_id)))
}

/// As [`crate::provisioning::signals`] reads it.
fn signal(connection: i64, noun: &str, scim_id: &str) -> Value {
    json!({ "connection": connection, "noun": noun, "id": scim_id })
}
