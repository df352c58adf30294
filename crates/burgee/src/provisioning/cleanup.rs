//! Removing everybody, or every group, that an identity provider has pushed.

use crate::error::Result;
use crate::events::{Change, Event, Fact};
use crate::people::user;
use crate::sql;

/// Removes all provisioned users, each recorded, and then the fact as a whole. With nobody to remove, nothing is
/// recorded.
pub async fn users(tx: &mut Change) -> Result<()> {
    let ids: Vec<(i64,)> = tx.all(sql!("SELECT user_id FROM scim_users ORDER BY id")).await?;
    if ids.is_empty() {
        return Ok(());
    }
    for (id,) in ids {
        user::delete(tx, id).await?;
    }
    tx.record(Event::bare(Fact::ScimUsersDeleted));
    Ok(())
}

/// Removes all provisioned groups and records the fact as a whole.
pub async fn groups(tx: &mut Change) -> Result<()> {
    let now = tx.now();
    tx.execute(sql!(
        "INSERT INTO scim_tombstones (scim_id, connection_id, resource_type, local_id, external_id, deleted_at)
         SELECT scim_id, connection_id, 'Group', group_id, external_id, $1 FROM scim_groups",
        now
    ))
    .await?;
    tx.execute(sql!("DELETE FROM groups WHERE id IN (SELECT group_id FROM scim_groups)")).await?;
    tx.record(Event::bare(Fact::ScimGroupsDeleted));
    Ok(())
}
