//! What an admin decides about removals that wait.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::item::{Kind, State};
use super::settle;
use crate::access::admins;
use crate::error::Result;
use crate::events::{Change, Event, Fact};
use crate::people;
use crate::people::user::{self, Edit};
use crate::provisioning::{connection, giving, guard};
use crate::sql;

/// How many are decided upon at once, at most.
const MOST: i64 = 10_000;

/// What was decided upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// How many removals.
    pub count: i64,
    /// How many still wait.
    pub left: i64,
}

#[derive(sqlx::FromRow)]
struct Item {
    id: i64,
    #[sqlx(try_from = "String")]
    kind: Kind,
    user_id: Option<i64>,
    group_id: Option<i64>,
}

impl Item {
    /// Who loses their access by it.
    fn ends_access(&self) -> Option<i64> {
        self.user_id.filter(|_| matches!(self.kind, Kind::Deactivate | Kind::Delete))
    }
}

/// Does what the identity provider asked for: all that is in this `state`, 10,000 at once, or what is chosen of it by
/// number. The last admin keeps access, and what is taken of roles is recorded. Numbers that mean nothing (any more) are
/// passed over.
pub async fn apply(tx: &mut Change, connection: i64, state: State, chosen: Option<&[i64]>) -> Result<Done> {
    connection::get(tx, connection).await?;
    let items = take(tx, connection, state, chosen).await?;
    let ids: Vec<i64> = items.iter().map(|item| item.id).collect();
    let ending: Vec<i64> = items.iter().filter_map(Item::ends_access).collect();
    let admins = admins::among(tx, &ending).await?;
    tx.see_off(ending.iter().copied());
    let mut leaving: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
    // Who had something by rules about the groups that they leave.
    let mut ruled: BTreeSet<i64> = BTreeSet::new();
    // Before the groups that may make them admins: the last one of them is known while they are.
    for item in &items {
        if let Some(user) = item.ends_access() {
            end_access(tx, item.kind, user, admins.contains(&user)).await?;
        }
    }
    for item in &items {
        match (item.kind, item.user_id, item.group_id) {
            (Kind::Leave, Some(user), Some(group)) => {
                leaving.entry(group).or_default().insert(user);
            }
            (Kind::DeleteGroup, _, Some(group)) => ruled.extend(remove_group(tx, group).await?),
            _ => {}
        }
    }
    for (group, users) in &leaving {
        ruled.extend(leave(tx, *group, users).await?);
    }
    tx.execute(sql!("DELETE FROM scim_held WHERE id IN ({ids:$1})", serde_json::to_string(&ids)?)).await?;
    // Of whoever is deleted, that alone is recorded.
    for item in items.iter().filter(|item| item.kind == Kind::Delete) {
        ruled.retain(|user| Some(*user) != item.user_id);
    }
    giving::follow(tx, connection, &ruled, "apply what was held").await?;
    finish(tx, connection, Fact::ScimHeldApplied, &items).await
}

/// Leaves everything as it is, although the identity provider wants it otherwise: all that waits, 10,000 at once, or
/// what is chosen of it by number. That lasts until it gives back itself what it took away.
pub async fn discard(tx: &mut Change, connection: i64, chosen: Option<&[i64]>) -> Result<Done> {
    connection::get(tx, connection).await?;
    let items = take(tx, connection, State::Waiting, chosen).await?;
    let ids: Vec<i64> = items.iter().map(|item| item.id).collect();
    let (now, author) = (tx.now(), tx.actor().name.clone());
    tx.execute(sql!(
        "UPDATE scim_held SET discarded_at = $2, discarded_by = $3 WHERE id IN ({ids:$1})",
        serde_json::to_string(&ids)?,
        now,
        author
    ))
    .await?;
    finish(tx, connection, Fact::ScimHeldDiscarded, &items).await
}

/// Locks what is decided upon, and first the groups that will change: whoever changes one of them now, and takes back
/// what waits, comes before or after.
async fn take(tx: &mut Change, connection: i64, state: State, chosen: Option<&[i64]>) -> Result<Vec<Item>> {
    let chosen = chosen.map(serde_json::to_string).transpose()?;
    let found: Vec<(i64,)> = tx
        .all(sql!(
            "SELECT id FROM scim_held WHERE connection_id = $1 AND (discarded_at IS NULL) = $2
               AND (CAST($3 AS TEXT) IS NULL OR id IN ({ids:COALESCE($3, '[]')})) ORDER BY id LIMIT $4",
            connection,
            state == State::Waiting,
            chosen,
            MOST
        ))
        .await?;
    let ids: Vec<i64> = found.into_iter().map(|(id,)| id).collect();
    let ids = serde_json::to_string(&ids)?;
    let _: Vec<(i64,)> = tx
        .all(sql!(
            "SELECT id FROM scim_groups WHERE group_id IN (
                 SELECT group_id FROM scim_held WHERE id IN ({ids:$1}) AND group_id IS NOT NULL
                 UNION SELECT m.group_id FROM scim_held h JOIN group_users m ON m.user_id = h.user_id
                 WHERE h.id IN ({ids:$1}) AND h.kind = 'delete'
                 UNION SELECT g.parent_id FROM scim_held h JOIN group_groups g ON g.child_id = h.group_id
                 WHERE h.id IN ({ids:$1}) AND h.kind = 'delete-group')
             ORDER BY id{lock}",
            &ids
        ))
        .await?;
    tx.all(sql!(
        "SELECT id, kind, user_id, group_id FROM scim_held
         WHERE id IN ({ids:$1}) AND (discarded_at IS NULL) = $2 ORDER BY id{lock}",
        &ids,
        state == State::Waiting
    ))
    .await
}

async fn end_access(tx: &mut Change, kind: Kind, id: i64, is_admin: bool) -> Result<()> {
    let Some(account) = user::find(tx, id).await? else { return Ok(()) };
    if account.active && is_admin && admins::is_last(tx, id).await? {
        guard::retain(tx, id, kind.name()).await?;
        if kind == Kind::Delete {
            if let Some(signal) = people::removed::user(tx, id).await? {
                tx.signal(signal);
            }
            tx.execute(sql!("DELETE FROM scim_said WHERE user_id = $1", id)).await?;
        }
        return Ok(());
    }
    if kind == Kind::Delete {
        user::delete(tx, id).await?;
    } else {
        user::update(tx, id, Edit { active: Some(false), ..Edit::default() }).await?;
    }
    Ok(())
}

/// Tells who was in it, if rules gave them something for that.
async fn remove_group(tx: &mut Change, group: i64) -> Result<BTreeSet<i64>> {
    let everybody = BTreeSet::from([group]);
    let at_stake = guard::at_stake(tx, group, &BTreeSet::new(), &everybody).await?;
    let members = giving::at_rules(tx, group).await?;
    people::group::delete(tx, group).await?;
    guard::keep_one_of(tx, &at_stake, "delete group").await?;
    Ok(members)
}

/// Tells who left, if rules gave them something for being there.
async fn leave(tx: &mut Change, id: i64, users: &BTreeSet<i64>) -> Result<BTreeSet<i64>> {
    let Some(group) = people::group::find(tx, id).await? else { return Ok(BTreeSet::new()) };
    let gone: Vec<(i64,)> = tx
        .all(sql!(
            "DELETE FROM group_users WHERE group_id = $1 AND user_id IN ({ids:$2}) AND unwanted = TRUE
             RETURNING user_id",
            id,
            serde_json::to_string(users)?
        ))
        .await?;
    let gone: BTreeSet<i64> = gone.into_iter().map(|(user,)| user).collect();
    if gone.is_empty() {
        return Ok(gone);
    }
    let fact = json!({ "groupId": id, "groupName": group.name, "userIds": gone });
    tx.record(Event::deleted(Fact::GroupUserRemoved, &fact));
    let at_stake = guard::at_stake(tx, id, &gone, &BTreeSet::new()).await?;
    guard::keep_one_of(tx, &at_stake, "remove from group").await?;
    Ok(if giving::ruled(tx, id).await? { gone } else { BTreeSet::new() })
}

/// Records what was decided, and ends the hold if nothing waits any more.
async fn finish(tx: &mut Change, connection: i64, fact: Fact, items: &[Item]) -> Result<Done> {
    let count = i64::try_from(items.len()).unwrap_or(i64::MAX);
    if count > 0 {
        let told: Vec<_> = items
            .iter()
            .map(|it| json!({ "kind": it.kind.name(), "userId": it.user_id, "groupId": it.group_id }))
            .collect();
        tx.record(Event::created(fact, &json!({ "connection": connection, "removals": told })));
        settle(tx, connection).await?;
    }
    Ok(Done { count, left: super::waiting(tx, connection).await? })
}
