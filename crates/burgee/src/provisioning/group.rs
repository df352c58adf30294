//! Provisioned groups: created or adopted, renamed, removed. Their members are [`super::members`]' matter.

use std::collections::BTreeSet;

use burgee_scim::{MemberChange, Object, fold};
use serde_json::json;

use super::connection::{Connection, OnMatch};
use super::members;
use super::resource::{Noun, Provisioned, kept, taken, text};
use super::{giving, guard, hold, signals};
use crate::clock::Time;
use crate::db::Read;
use crate::entropy::Entropy;
use crate::error::{Error, Kind, Result};
use crate::events::{Change, Event, Fact};
use crate::people;
use crate::sql;

/// Provisions a group with its first members. A group of the same name that no identity provider manages is adopted:
/// its roles stay, and so do members who were added by hand; where the connection adopts nothing, that is a conflict.
pub async fn create(
    tx: &mut Change,
    entropy: &Entropy,
    on: &Connection,
    document: Object,
    first: &[MemberChange],
) -> Result<Provisioned> {
    let connection = on.id;
    let name = text(&document, "displayName").unwrap_or_default().to_owned();
    let name_ci = fold(&name);
    ensure_free(tx, connection, &document, None).await?;
    let now = tx.now();
    let existing: Option<(i64,)> = tx
        .optional(sql!(
            "SELECT id FROM groups WHERE name_ci = $1
             AND NOT EXISTS (SELECT 1 FROM scim_groups s WHERE s.group_id = groups.id)",
            &name_ci
        ))
        .await?;
    let adopted = existing.is_some();
    if let Some((id,)) = existing {
        // What this connection has removed itself, and is still here, comes back to it.
        let own = hold::had_removed(tx, connection, None, Some(id)).await?;
        if on.setup.on_match == OnMatch::Conflict && !own {
            return Err(kept("group"));
        }
        hold::take_back_group(tx, connection, id).await?;
    }
    let id = if let Some((id,)) = existing {
        // The identity provider's spelling holds from now on.
        tx.execute(sql!(
            "UPDATE groups SET name = $2, version = version + 1 WHERE id = $1 AND name <> $2",
            id,
            &name
        ))
        .await?;
        id
    } else {
        let author = tx.actor().name.clone();
        let (id,): (i64,) = tx
                .one(sql!(
                    "INSERT INTO groups (name, name_ci, created_at, created_by) VALUES ($1, $2, $3, $4) RETURNING id",
                    &name,
                    &name_ci,
                    now,
                    author
                ))
                .await?;
        id
    };
    let scim_id = entropy.ulid(now);
    let key = write(tx, connection, id, &scim_id, &document, now).await?;
    let fact = if adopted { Fact::GroupAdopted } else { Fact::GroupCreated };
    tx.record(Event::created(
        fact,
        &json!({ "id": id, "name": name, "scimId": scim_id, "connection": connection }),
    ));
    let group =
        Provisioned { key, local_id: id, scim_id, document, version: 1, created_at: now, updated_at: now };
    let mut touched = members::apply(tx, on, &group, &name, first).await?;
    if adopted {
        // Rules are about whoever was in it already, too, and those of a connection that had it before are not any more.
        touched.groups.insert(id);
        touched.users.extend(giving::inside(tx, &touched.groups).await?);
        giving::follow(tx, connection, &touched.users, "adopt").await?;
    } else {
        giving::moved(tx, connection, id, touched.users, &touched.groups).await?;
    }
    Ok(group)
}

/// Puts a group under a connection, with the id by which the identity provider knows it from another server. The group
/// stays as it is: `document` says what it is already.
pub async fn take_over(
    tx: &mut Change,
    connection: i64,
    group: i64,
    scim_id: &str,
    document: &Object,
    since: Time,
) -> Result<()> {
    let found: Option<(i64,)> = tx
        .optional(sql!(
            "SELECT id FROM scim_groups WHERE connection_id = $1 AND external_id = $2",
            connection,
            text(document, "externalId")
        ))
        .await?;
    if found.is_some() {
        return Err(taken("group", "externalId"));
    }
    write(tx, connection, group, scim_id, document, since).await?;
    let name = text(document, "displayName");
    let fact = json!({ "id": group, "name": name, "scimId": scim_id, "connection": connection });
    tx.record(Event::created(Fact::GroupAdopted, &fact));
    signals::adopted(tx, connection, Noun::Group, scim_id);
    let people = giving::inside(tx, &BTreeSet::from([group])).await?;
    giving::follow(tx, connection, &people, "adopt").await
}

/// Writes the resource; tells its place in the connection's order.
async fn write(
    tx: &mut Change,
    connection: i64,
    group: i64,
    scim_id: &str,
    document: &Object,
    since: Time,
) -> Result<i64> {
    let now = tx.now();
    let (key,): (i64,) = tx
        .one(sql!(
            "INSERT INTO scim_groups (group_id, connection_id, scim_id, external_id, display_name_ci, document,
                                      created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
            group,
            connection,
            scim_id,
            text(document, "externalId"),
            fold(text(document, "displayName").unwrap_or_default()),
            serde_json::to_string(document)?,
            since,
            now
        ))
        .await?;
    set_keys(tx, connection, group, document).await?;
    Ok(key)
}

/// Writes what rules find a group by, in place of what it was before.
async fn set_keys(tx: &mut Change, connection: i64, group: i64, document: &Object) -> Result<()> {
    let name = giving::by_name(text(document, "displayName").unwrap_or_default());
    let external = text(document, "externalId").map(giving::by_external);
    let keys: Vec<String> = std::iter::once(name).chain(external).collect();
    tx.execute(sql!("DELETE FROM scim_group_keys WHERE group_id = $1", group)).await?;
    tx.execute(sql!(
        "INSERT INTO scim_group_keys (group_id, connection_id, group_key)
         SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), item FROM ({list:$3}) k",
        group,
        connection,
        serde_json::to_string(&keys)?
    ))
    .await
    .map(drop)
}

/// Locks all groups of a connection, in the order in which everybody does.
pub(super) async fn lock_all(tx: &mut Change, connection: i64) -> Result<()> {
    let _: Vec<(i64,)> = tx
        .all(sql!("SELECT id FROM scim_groups WHERE connection_id = $1 ORDER BY id{lock}", connection))
        .await?;
    Ok(())
}

/// Somebody came into a group beside its identity provider: whoever holds an old copy must notice.
pub async fn stir(tx: &mut Change, group: i64) -> Result<()> {
    let now = tx.now();
    tx.execute(sql!(
        "UPDATE scim_groups SET version = version + 1, updated_at = $2 WHERE group_id = $1",
        group,
        now
    ))
    .await
    .map(drop)
}

/// Makes `next` the group's document and applies changes of its membership. Nothing is recorded, and no version
/// rises, if neither changes anything.
pub async fn change(
    tx: &mut Change,
    on: &Connection,
    current: Provisioned,
    next: Object,
    membership: &[MemberChange],
) -> Result<Provisioned> {
    let name = text(&next, "displayName").unwrap_or_default().to_owned();
    let before = text(&current.document, "displayName").unwrap_or_default().to_owned();
    let described = next != current.document;
    if described {
        ensure_free(tx, on.id, &next, Some(current.key)).await?;
        tx.execute(sql!(
            "UPDATE groups SET name = $2, name_ci = $3, version = version + 1 WHERE id = $1 AND name <> $2",
            current.local_id,
            &name,
            fold(&name)
        ))
        .await?;
        let state = |name: &str| json!({ "id": current.local_id, "name": name, "scimId": current.scim_id });
        tx.record(Event::updated(Fact::GroupUpdated, &state(&before), &state(&name)));
    }
    let mut touched = members::apply(tx, on, &current, &name, membership).await?;
    if !described && !touched.anything() {
        return Ok(current);
    }
    let external = text(&next, "externalId");
    let now = tx.now();
    let (version,): (i64,) = tx
        .one(sql!(
            "UPDATE scim_groups SET external_id = $2, display_name_ci = $3, document = $4, updated_at = $5,
                                    version = version + 1 WHERE id = $1 RETURNING version",
            current.key,
            external,
            fold(&name),
            serde_json::to_string(&next)?,
            now
        ))
        .await?;
    let was = text(&current.document, "externalId");
    let renamed = fold(&before) != fold(&name) || was != external;
    if renamed {
        set_keys(tx, on.id, current.local_id, &next).await?;
    }
    if renamed && giving::about(tx, on.id, &[&before, &name], &[was, external]).await? {
        touched.groups.insert(current.local_id);
        touched.users.extend(giving::inside(tx, &touched.groups).await?);
        giving::follow(tx, on.id, &touched.users, "rename a group").await?;
    } else {
        giving::moved(tx, on.id, current.local_id, touched.users, &touched.groups).await?;
    }
    Ok(Provisioned { document: next, version, updated_at: now, ..current })
}

/// Gives a group the name back that the identity provider last pushed, on an admin's word. False: it has it.
pub async fn repair(tx: &mut Change, group: &Provisioned) -> Result<bool> {
    let before = people::group::lock(tx, group.local_id).await?;
    let name = text(&group.document, "displayName").unwrap_or_default();
    if before.name == name {
        return Ok(false);
    }
    let other: Option<(i64,)> = tx
        .optional(sql!("SELECT id FROM groups WHERE name_ci = $1 AND id <> $2", fold(name), group.local_id))
        .await?;
    if other.is_some() {
        let message = format!(
            "The group “{}” cannot be called “{name}” again: another group has this name.",
            before.name
        );
        return Err(Error::rejected(Kind::Conflict, message));
    }
    tx.execute(sql!(
        "UPDATE groups SET name = $2, name_ci = $3, version = version + 1 WHERE id = $1",
        group.local_id,
        name,
        fold(name)
    ))
    .await?;
    let after = people::group::get(tx, group.local_id).await?;
    tx.record(Event::updated(Fact::GroupUpdated, &before, &after));
    Ok(true)
}

/// Removes a group and everything that it gave its members, except that the last admin stays one. In
/// [hold](super::hold), it is gone for the identity provider only.
pub async fn delete(tx: &mut Change, on: &Connection, group: &Provisioned) -> Result<()> {
    if hold::keep_group(tx, on.id, group).await? {
        return Ok(());
    }
    let everybody = BTreeSet::from([group.local_id]);
    let at_stake = guard::at_stake(tx, group.local_id, &BTreeSet::new(), &everybody).await?;
    let members = giving::at_rules(tx, group.local_id).await?;
    people::group::delete(tx, group.local_id).await?;
    guard::keep_one_of(tx, &at_stake, "delete group").await?;
    giving::follow(tx, on.id, &members, "delete group").await
}

async fn ensure_free(tx: &mut Read, connection: i64, document: &Object, except: Option<i64>) -> Result<()> {
    let name_ci = fold(text(document, "displayName").unwrap_or_default());
    let found: Option<(bool,)> = tx
        .optional(sql!(
            "SELECT display_name_ci = $2 FROM scim_groups
             WHERE connection_id = $1 AND (display_name_ci = $2 OR external_id = $3)
               AND (CAST($4 AS BIGINT) IS NULL OR id <> $4)",
            connection,
            &name_ci,
            text(document, "externalId"),
            except
        ))
        .await?;
    match found {
        Some((true,)) => return Err(taken("group", "displayName")),
        Some((false,)) => return Err(taken("group", "externalId")),
        None => {}
    }
    // A rename must not collide with a group that is managed by hand, or by another connection.
    let other: Option<(i64,)> = tx
        .optional(sql!(
            "SELECT g.id FROM groups g LEFT JOIN scim_groups s ON s.group_id = g.id
             WHERE g.name_ci = $1 AND (CAST($2 AS BIGINT) IS NULL AND s.id IS NOT NULL OR
                                       CAST($2 AS BIGINT) IS NOT NULL AND (s.id IS NULL OR s.id <> $2))",
            &name_ci,
            except
        ))
        .await?;
    if other.is_some() { Err(taken("group", "displayName")) } else { Ok(()) }
}
