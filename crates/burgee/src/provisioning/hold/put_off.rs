//! Removals that are put off, and what the identity provider takes back before an admin decides.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::item::Kind;
use super::{guard, settle, weigh_account, weigh_members};
use crate::clock::Time;
use crate::db::Read;
use crate::error::Result;
use crate::events::{Change, Event, Fact};
use crate::people::user::User;
use crate::provisioning::resource::Provisioned;
use crate::sql;

/// True if the account keeps its access against the identity provider: the removal waits, or was discarded.
pub(in crate::provisioning) async fn keeps_account(tx: &mut Read, user: i64) -> Result<bool> {
    let found: Option<(i64,)> = tx
        .optional(sql!(
            "SELECT id FROM scim_held WHERE user_id = $1 AND kind = $2 LIMIT 1",
            user,
            Kind::Deactivate.name()
        ))
        .await?;
    Ok(found.is_some())
}

/// Those whose deletion by a connection waits, locked.
pub(in crate::provisioning) async fn leaving(tx: &mut Change, connection: i64) -> Result<BTreeSet<i64>> {
    let found: Vec<(i64,)> = tx
        .all(sql!(
            "SELECT user_id FROM scim_held WHERE connection_id = $1 AND kind = $2 AND discarded_at IS NULL
             ORDER BY id{lock}",
            connection,
            Kind::Delete.name()
        ))
        .await?;
    Ok(found.into_iter().map(|(user,)| user).collect())
}

/// True if the account keeps its access for now: what would end it waits for an admin.
pub(in crate::provisioning) async fn keep_account(
    tx: &mut Change,
    connection: i64,
    kind: Kind,
    account: &User,
) -> Result<bool> {
    if kind == Kind::Deactivate {
        if keeps_account(tx, account.id).await? {
            return Ok(true);
        }
    } else if becomes_deletion(tx, account.id).await? {
        held(tx, connection, kind, account);
        return Ok(true);
    }
    if !weigh_account(tx, connection, account).await? {
        return Ok(false);
    }
    put(tx, connection, kind, Some(account.id), None).await?;
    held(tx, connection, kind, account);
    Ok(true)
}

/// Whoever is to be deleted need not be deactivated before: that a deactivation waits, or was discarded, becomes that a
/// deletion waits.
async fn becomes_deletion(tx: &mut Change, user: i64) -> Result<bool> {
    let now = tx.now();
    let asked = tx
        .execute(sql!(
            "UPDATE scim_held SET kind = $2, since = $4, discarded_at = NULL, discarded_by = NULL
             WHERE user_id = $1 AND kind = $3",
            user,
            Kind::Delete.name(),
            Kind::Deactivate.name(),
            now
        ))
        .await?;
    Ok(asked > 0)
}

fn held(tx: &mut Change, connection: i64, kind: Kind, account: &User) {
    let fact =
        json!({ "connection": connection, "kind": kind.name(), "id": account.id, "name": account.called() });
    tx.record(Event::created(Fact::ScimChangeHeld, &fact));
}

/// Takes back what waits for an account, or was discarded, because the identity provider gives it access again.
pub(in crate::provisioning) async fn take_back_account(
    tx: &mut Change,
    connection: i64,
    user: i64,
) -> Result<()> {
    let gone: Vec<(i64,)> = tx
        .all(sql!(
            "DELETE FROM scim_held WHERE user_id = $1 AND kind IN ($2, $3) RETURNING connection_id",
            user,
            Kind::Deactivate.name(),
            Kind::Delete.name()
        ))
        .await?;
    for (whose,) in gone {
        withdrawn(tx, whose, &json!({ "id": user, "by": connection })).await?;
    }
    Ok(())
}

/// True if the connection has removed this account, or this group, which is still here.
pub(in crate::provisioning) async fn had_removed(
    tx: &mut Read,
    connection: i64,
    user: Option<i64>,
    group: Option<i64>,
) -> Result<bool> {
    let found: Option<(i64,)> = tx
        .optional(sql!(
            "SELECT id FROM scim_held WHERE connection_id = $1 AND kind IN ($4, $5)
               AND (user_id = $2 OR (group_id = $3 AND user_id IS NULL)) LIMIT 1",
            connection,
            user,
            group,
            Kind::Delete.name(),
            Kind::DeleteGroup.name()
        ))
        .await?;
    Ok(found.is_some())
}

/// The same for a group that is made again.
pub(in crate::provisioning) async fn take_back_group(
    tx: &mut Change,
    connection: i64,
    group: i64,
) -> Result<()> {
    let gone: Vec<(i64,)> = tx
        .all(sql!(
            "DELETE FROM scim_held WHERE group_id = $1 AND kind = $2 RETURNING connection_id",
            group,
            Kind::DeleteGroup.name()
        ))
        .await?;
    for (whose,) in gone {
        withdrawn(tx, whose, &json!({ "groupId": group, "by": connection })).await?;
    }
    Ok(())
}

/// Records that the identity provider took back what waited, and ends the hold with the last of it.
pub(in crate::provisioning) async fn withdrawn(tx: &mut Change, connection: i64, what: &Value) -> Result<()> {
    let fact = json!({ "connection": connection, "what": what });
    tx.record(Event::created(Fact::ScimHeldWithdrawn, &fact));
    settle(tx, connection).await
}

/// True if somebody is in the group against the identity provider.
pub(in crate::provisioning) async fn keeps_members(tx: &mut Read, group: i64) -> Result<bool> {
    let found: Option<(i64,)> =
        tx.optional(sql!("SELECT id FROM scim_held WHERE group_id = $1 LIMIT 1", group)).await?;
    Ok(found.is_some())
}

/// Puts those back into the group, out of sight of the identity provider, who `went` and must not lose it now; they
/// are taken out of `went`. True if there are any. Whoever came within the window just goes.
pub(in crate::provisioning) async fn keep_members(
    tx: &mut Change,
    connection: i64,
    group: &Provisioned,
    name: &str,
    went: &mut BTreeMap<i64, Time>,
) -> Result<bool> {
    if went.is_empty() {
        return Ok(false);
    }
    let now = tx.now();
    let guard = guard(tx, connection).await?;
    let since = guard.since(now);
    let old: Vec<(i64, Time)> =
        went.iter().filter(|(_, joined)| **joined <= since).map(|(id, joined)| (*id, *joined)).collect();
    let losing = i64::try_from(old.len()).unwrap_or(i64::MAX);
    if !weigh_members(tx, connection, guard, group, losing, 0).await? {
        return Ok(false);
    }
    let rows: Vec<Value> =
        old.iter().map(|(id, joined)| json!({ "id": id, "at": joined.millis() })).collect();
    let rows = serde_json::to_string(&rows)?;
    let author = tx.actor().name.clone();
    tx.execute(sql!(
        "INSERT INTO group_users (group_id, user_id, joined_at, created_by, unwanted)
         SELECT CAST($1 AS BIGINT), CAST(item ->> 'id' AS BIGINT), CAST(item ->> 'at' AS BIGINT), CAST($3 AS TEXT), TRUE
         FROM ({rows:$2}) r",
        group.local_id,
        rows,
        author
    ))
    .await?;
    let ids: Vec<i64> = old.iter().map(|(id, _)| *id).collect();
    for id in &ids {
        went.remove(id);
    }
    tx.execute(sql!(
        "INSERT INTO scim_held (connection_id, kind, user_id, group_id, since)
         SELECT CAST($1 AS BIGINT), CAST($2 AS TEXT), item, CAST($3 AS BIGINT), CAST($4 AS BIGINT) FROM ({ids:$5}) i",
        connection,
        Kind::Leave.name(),
        group.local_id,
        now,
        serde_json::to_string(&ids)?
    ))
    .await?;
    let fact = json!({
        "connection": connection,
        "kind": Kind::Leave.name(),
        "groupId": group.local_id,
        "groupName": name,
        "userIds": ids,
    });
    tx.record(Event::created(Fact::ScimChangeHeld, &fact));
    Ok(true)
}

/// Shows those of a list of SCIM ids to the identity provider again whom it had taken out of the group: who they are.
pub(in crate::provisioning) async fn take_back_members(
    tx: &mut Change,
    connection: i64,
    group: i64,
    list: &str,
) -> Result<Vec<i64>> {
    // What waits first: an admin who decides at the same time has locked it.
    let back: Vec<(i64,)> = tx
        .all(sql!(
            "DELETE FROM scim_held WHERE group_id = $1 AND user_id IN (
                 SELECT s.user_id FROM scim_users s WHERE s.scim_id {among:$2} AND +s.connection_id = $3)
             RETURNING user_id",
            group,
            list,
            connection
        ))
        .await?;
    let back: Vec<i64> = back.into_iter().map(|(id,)| id).collect();
    if !back.is_empty() {
        tx.execute(sql!(
            "UPDATE group_users SET unwanted = FALSE WHERE group_id = $1 AND user_id IN ({ids:$2})",
            group,
            serde_json::to_string(&back)?
        ))
        .await?;
    }
    Ok(back)
}

/// True if the group stays for now: its removal waits for an admin. Until then rules go on finding it.
pub(in crate::provisioning) async fn keep_group(
    tx: &mut Change,
    connection: i64,
    group: &Provisioned,
) -> Result<bool> {
    // The groups around it will change, too. Taken in one order, and before what others count.
    let _: Vec<(i64,)> = tx
        .all(sql!(
            "SELECT id FROM scim_groups WHERE group_id IN (SELECT parent_id FROM group_groups WHERE child_id = $1)
             ORDER BY id{lock}",
            group.local_id
        ))
        .await?;
    let now = tx.now();
    let guard = guard(tx, connection).await?;
    let (losing,): (i64,) = tx
        .one(sql!(
            "SELECT COUNT(*) FROM group_users WHERE group_id = $1 AND joined_at <= $2",
            group.local_id,
            guard.since(now)
        ))
        .await?;
    if !weigh_members(tx, connection, guard, group, losing, losing).await? {
        return Ok(false);
    }
    let id = group.local_id;
    for statement in [
        sql!("DELETE FROM scim_held WHERE group_id = $1", id),
        sql!("UPDATE group_users SET unwanted = FALSE WHERE group_id = $1 AND unwanted = TRUE", id),
        sql!(
            "INSERT INTO scim_tombstones (scim_id, connection_id, resource_type, local_id, external_id, deleted_at)
             SELECT scim_id, connection_id, 'Group', group_id, external_id, $2 FROM scim_groups WHERE group_id = $1",
            id,
            now
        ),
        sql!(
            "UPDATE scim_groups SET version = version + 1, updated_at = $2
             WHERE group_id IN (SELECT parent_id FROM group_groups WHERE child_id = $1)",
            id,
            now
        ),
        sql!("DELETE FROM scim_groups WHERE group_id = $1", id),
    ] {
        tx.execute(statement).await?;
    }
    put(tx, connection, Kind::DeleteGroup, None, Some(id)).await?;
    let name = group.document.get("displayName");
    let fact = json!({ "connection": connection, "kind": Kind::DeleteGroup.name(), "groupId": id, "groupName": name });
    tx.record(Event::created(Fact::ScimChangeHeld, &fact));
    Ok(true)
}

async fn put(
    tx: &mut Change,
    connection: i64,
    kind: Kind,
    user: Option<i64>,
    group: Option<i64>,
) -> Result<()> {
    let now = tx.now();
    tx.execute(sql!(
        "INSERT INTO scim_held (connection_id, kind, user_id, group_id, since) VALUES ($1, $2, $3, $4, $5)",
        connection,
        kind.name(),
        user,
        group,
        now
    ))
    .await?;
    Ok(())
}
