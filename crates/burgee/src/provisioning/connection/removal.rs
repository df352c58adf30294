//! Removing a connection, and what becomes of those whom it manages.

use serde_json::json;

use super::{DEFAULT, Fate, lock};
use crate::access::admins;
use crate::error::{Error, Kind, Result};
use crate::events::{Change, Event, Fact};
use crate::people::user::{self, Edit};
use crate::provisioning::{giving, group, guard, hold, signals};
use crate::sql;

/// Removes a connection with its tokens, and the receivers that are told of it alone. The last admin keeps access
/// whatever was chosen.
pub async fn delete(tx: &mut Change, id: i64, fate: Fate) -> Result<()> {
    let connection = lock(tx, id).await?;
    if id == DEFAULT {
        return Err(Error::rejected(
            Kind::InvalidOperation,
            "The default connection stays: Unleash's endpoints act on it. Switch it off instead.",
        ));
    }
    // The connection is locked first, and so it is wherever a receiver begins to be told of one.
    let receivers: Vec<(i64,)> =
        tx.all(sql!("SELECT id FROM scim_receivers WHERE connection_id = $1 ORDER BY id{lock}", id)).await?;
    for (receiver,) in receivers {
        signals::delete(tx, receiver).await?;
    }
    group::lock_all(tx, id).await?;
    let people: Vec<(i64,)> =
        tx.all(sql!("SELECT user_id FROM scim_users WHERE connection_id = $1 ORDER BY id{lock}", id)).await?;
    // Whom it has removed belong to it, as long as that waits.
    let leaving = hold::leaving(tx, id).await?;
    let people: Vec<i64> = people.into_iter().map(|(person,)| person).chain(leaving).collect();
    if fate == Fate::Deactivate {
        let admins = admins::among(tx, &people).await?;
        tx.see_off(people.iter().copied());
        for &person in &people {
            if admins.contains(&person) && admins::is_last(tx, person).await? {
                guard::retain(tx, person, "delete connection").await?;
                continue;
            }
            user::update(tx, person, Edit { active: Some(false), ..Edit::default() }).await?;
        }
    }
    giving::forget(tx, id).await?;
    let now = tx.now();
    for statement in [
        sql!(
            "INSERT INTO scim_tombstones (scim_id, connection_id, resource_type, local_id, external_id, deleted_at)
             SELECT scim_id, connection_id, 'User', user_id, external_id, $2 FROM scim_users WHERE connection_id = $1",
            id,
            now
        ),
        sql!(
            "INSERT INTO scim_tombstones (scim_id, connection_id, resource_type, local_id, external_id, deleted_at)
             SELECT scim_id, connection_id, 'Group', group_id, external_id, $2 FROM scim_groups WHERE connection_id = $1",
            id,
            now
        ),
        sql!("DELETE FROM scim_users WHERE connection_id = $1", id),
        // Whoever was held in a group stays there as everybody does.
        sql!(
            "UPDATE group_users SET unwanted = FALSE WHERE unwanted = TRUE AND group_id IN (
                 SELECT group_id FROM scim_groups WHERE connection_id = $1)",
            id
        ),
    ] {
        tx.execute(statement).await?;
    }
    let groups = tx.execute(sql!("DELETE FROM scim_groups WHERE connection_id = $1", id)).await?;
    tx.execute(sql!("DELETE FROM scim_connections WHERE id = $1", id)).await?;
    // What it gave by attributes and rules went with it.
    guard::keep_one(tx, "delete connection").await?;
    let mut gone = serde_json::to_value(&connection)?;
    gone["people"] = json!({ "count": people.len(), "became": fate.name() });
    gone["groups"] = json!(groups);
    tx.record(Event::deleted(Fact::ScimConnectionDeleted, &gone));
    Ok(())
}
