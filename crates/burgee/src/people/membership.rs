//! Who is in which group.
//!
//! Members are never loaded to change them: who comes and who goes is found by the database, and the cost follows the
//! change.

use std::collections::BTreeSet;

use serde_json::json;

use super::group::Group;
use super::user::{User, select_users};
use crate::clock::Time;
use crate::db::Read;
use crate::error::{Error, Result};
use crate::events::{Change, Event, Fact};
use crate::sql;

/// Somebody in a group.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Member {
    /// The group.
    pub group_id: i64,
    /// Since when.
    pub joined_at: Time,
    /// Who added them.
    pub added_by: Option<String>,
    /// Who.
    #[sqlx(flatten)]
    pub user: User,
}

/// How many members a group has.
pub async fn size(tx: &mut Read, id: i64) -> Result<i64> {
    let (count,): (i64,) = tx.one(sql!("SELECT COUNT(*) FROM group_users WHERE group_id = $1", id)).await?;
    Ok(count)
}

/// The members of one group, or of all.
pub async fn list(tx: &mut Read, id: Option<i64>) -> Result<Vec<Member>> {
    let Some(id) = id else {
        return tx
            .all(select_users!(
                ["m.group_id, m.joined_at, m.created_by AS added_by, "]
                "JOIN group_users m ON m.user_id = u.id ORDER BY m.group_id, u.id"
            ))
            .await;
    };
    tx.all(select_users!(
        ["m.group_id, m.joined_at, m.created_by AS added_by, "]
        "JOIN group_users m ON m.user_id = u.id WHERE m.group_id = $1 ORDER BY u.id",
        id
    ))
    .await
}

/// A page of the members of a group, in the order of their accounts.
pub async fn page(tx: &mut Read, id: i64, offset: i64, limit: i64) -> Result<Vec<Member>> {
    tx.all(select_users!(
        ["m.group_id, m.joined_at, m.created_by AS added_by, "]
        "JOIN group_users m ON m.user_id = u.id WHERE m.group_id = $1 AND u.id IN (
             SELECT p.user_id FROM group_users p WHERE p.group_id = $1 ORDER BY p.user_id LIMIT $2 OFFSET $3
         ) ORDER BY u.id",
        id,
        limit,
        offset
    ))
    .await
}

/// Puts somebody into a group; false: they were in it.
pub async fn add(tx: &mut Change, group: &Group, user: i64) -> Result<bool> {
    let (now, author) = (tx.now(), tx.actor().name.clone());
    let added: Vec<(i64,)> = tx
        .all(sql!(
            "INSERT INTO group_users (group_id, user_id, joined_at, created_by)
             SELECT $1, id, $3, $4 FROM users WHERE id = $2 AND deleted_at IS NULL AND is_system = FALSE
             ON CONFLICT (group_id, user_id) DO NOTHING RETURNING user_id",
            group.id,
            user,
            now,
            author
        ))
        .await?;
    moved(tx, Fact::GroupUserAdded, group, added).await
}

/// Takes somebody out of a group; false: they were not in it.
pub async fn remove(tx: &mut Change, group: &Group, user: i64) -> Result<bool> {
    let removed: Vec<(i64,)> = tx
        .all(sql!(
            "DELETE FROM group_users WHERE group_id = $1 AND user_id = $2 RETURNING user_id",
            group.id,
            user
        ))
        .await?;
    moved(tx, Fact::GroupUserRemoved, group, removed).await
}

async fn moved(tx: &mut Change, fact: Fact, group: &Group, users: Vec<(i64,)>) -> Result<bool> {
    if users.is_empty() {
        return Ok(false);
    }
    tx.execute(sql!("UPDATE groups SET version = version + 1 WHERE id = $1", group.id)).await?;
    record(tx, fact, group, users);
    Ok(true)
}

/// Makes `users` the members of a group, and records who came and who went. True if somebody did.
pub async fn set(tx: &mut Change, group: &Group, users: &BTreeSet<i64>) -> Result<bool> {
    let list = serde_json::to_string(users)?;
    let known: Vec<(i64,)> = tx
        .all(sql!(
            "SELECT id FROM users WHERE id IN ({ids:$1}) AND deleted_at IS NULL AND is_system = FALSE",
            &list
        ))
        .await?;
    let known: BTreeSet<i64> = known.into_iter().map(|(id,)| id).collect();
    let unknown: Vec<String> = users.difference(&known).map(ToString::to_string).collect();
    if !unknown.is_empty() {
        return Err(Error::bad_data(format!("Incorrect user id {}", unknown.join(", "))));
    }
    // Whoever changes the same group at the same time waits here.
    tx.execute(sql!("UPDATE groups SET version = version + 1 WHERE id = $1", group.id)).await?;
    let (now, author) = (tx.now(), tx.actor().name.clone());
    let removed: Vec<(i64,)> = tx
        .all(sql!(
            "DELETE FROM group_users WHERE group_id = $1 AND user_id NOT IN ({ids:$2}) RETURNING user_id",
            group.id,
            &list
        ))
        .await?;
    let added: Vec<(i64,)> = tx
        .all(sql!(
            "INSERT INTO group_users (group_id, user_id, joined_at, created_by)
             SELECT $1, id, $3, $4 FROM users WHERE id IN ({ids:$2}) AND deleted_at IS NULL AND is_system = FALSE
             ON CONFLICT (group_id, user_id) DO NOTHING RETURNING user_id",
            group.id,
            &list,
            now,
            author
        ))
        .await?;
    let changed = !(added.is_empty() && removed.is_empty());
    record(tx, Fact::GroupUserAdded, group, added);
    record(tx, Fact::GroupUserRemoved, group, removed);
    Ok(changed)
}

fn record(tx: &mut Change, fact: Fact, group: &Group, users: Vec<(i64,)>) {
    if users.is_empty() {
        return;
    }
    let mut ids: Vec<i64> = users.into_iter().map(|(id,)| id).collect();
    ids.sort_unstable();
    let state = json!({ "groupId": group.id, "groupName": group.name, "userIds": ids });
    tx.record(if fact == Fact::GroupUserAdded {
        Event::created(fact, &state)
    } else {
        Event::deleted(fact, &state)
    });
}
