//! Removing everybody, or every group, that an identity provider has pushed by a connection.

use crate::audience;
use crate::error::Result;
use crate::events::{Change, Event, Fact};
use crate::people::{group, user};
use crate::provisioning::hold;
use crate::{owners, sql};

/// Removes all users of a connection, and those whose removal waits, each recorded, and then the fact as a whole; how many
/// there were. With nobody to remove, nothing is recorded.
pub async fn users(tx: &mut Change, connection: i64) -> Result<usize> {
    // Whoever decides about what waits takes groups first, too.
    super::group::lock_all(tx, connection).await?;
    let ids: Vec<(i64,)> = tx
        .all(sql!("SELECT user_id FROM scim_users WHERE connection_id = $1 ORDER BY id{lock}", connection))
        .await?;
    let leaving = hold::leaving(tx, connection).await?;
    let ids: Vec<i64> = ids.into_iter().map(|(id,)| id).chain(leaving).collect();
    tx.see_off(ids.iter().copied());
    for id in &ids {
        user::delete(tx, *id).await?;
    }
    if !ids.is_empty() {
        tx.record(Event::bare(Fact::ScimUsersDeleted));
    }
    Ok(ids.len())
}

/// Removes all groups of a connection, each recorded, and then the fact as a whole, even if there was none; how many there
/// were. Refused while segments take their people from one of them.
pub async fn groups(tx: &mut Change, connection: i64) -> Result<usize> {
    // Locked, so that exactly those are removed that are recorded.
    let ids: Vec<(i64,)> = tx
        .all(sql!("SELECT group_id FROM scim_groups WHERE connection_id = $1 ORDER BY id{lock}", connection))
        .await?;
    let ids: Vec<i64> = ids.into_iter().map(|(id,)| id).collect();
    audience::ensure_untied(tx, &ids).await?;
    let list = serde_json::to_string(&ids)?;
    let now = tx.now();
    let groups = group::these(tx, &list).await?;
    for group in &groups {
        owners::group_gone(tx, group.id, &group.name).await?;
    }
    tx.execute(sql!(
        "INSERT INTO scim_tombstones (scim_id, connection_id, resource_type, local_id, external_id, deleted_at)
         SELECT scim_id, connection_id, 'Group', group_id, external_id, $2 FROM scim_groups
         WHERE group_id IN ({ids:$1})",
        &list,
        now
    ))
    .await?;
    audience::lose(tx, &ids).await?;
    tx.execute(sql!("DELETE FROM groups WHERE id IN ({ids:$1})", &list)).await?;
    for group in &groups {
        tx.record(Event::deleted(Fact::GroupDeleted, group));
    }
    tx.record(Event::bare(Fact::ScimGroupsDeleted));
    Ok(groups.len())
}
