//! What follows from a change of words or of memberships: the record of what was given and taken, and an admin who stays.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::rule::{by_external, by_name};
use super::{Grant, Named};
use crate::access::role::{self, Role};
use crate::access::said::with_said;
use crate::db::Read;
use crate::error::Result;
use crate::events::{Change, Event, Fact};
use crate::provisioning::guard;
use crate::sql;

/// How many people one event names.
const MOST_NAMED: usize = 1000;

/// What somebody gained, and what they lost.
type Difference = (BTreeSet<Grant>, BTreeSet<Grant>);

/// Records what `users` have been given and what was taken from them since this change began, those with the same
/// difference together; and keeps an admin, if there would be none left. `why` is for the record.
pub async fn follow(tx: &mut Change, connection: i64, users: &BTreeSet<i64>, why: &str) -> Result<()> {
    if users.is_empty() {
        return Ok(());
    }
    let ids = serde_json::to_string(users)?;
    let before = given(&mut tx.before().await?, &ids).await?;
    let after = given(tx, &ids).await?;
    let none = BTreeSet::new();
    let mut differences: BTreeMap<Difference, Vec<i64>> = BTreeMap::new();
    for user in users {
        let (was, is) = (before.get(user).unwrap_or(&none), after.get(user).unwrap_or(&none));
        if was != is {
            let gained = is.difference(was).cloned().collect();
            let lost = was.difference(is).cloned().collect();
            differences.entry((gained, lost)).or_default().push(*user);
        }
    }
    if differences.is_empty() {
        return Ok(());
    }
    let roles = role::list(tx).await?;
    let mut everywhere = false;
    for ((gained, lost), users) in differences {
        everywhere |= gained.iter().chain(&lost).any(|grant| grant.project.is_none());
        for (fact, grants) in [(Fact::ScimRolesGiven, gained), (Fact::ScimRolesTaken, lost)] {
            if !grants.is_empty() {
                record(tx, fact, connection, &users, grants, &roles);
            }
        }
    }
    // A root role that is given may replace the one that was there.
    if everywhere {
        guard::keep_one(tx, why).await?;
    }
    Ok(())
}

fn record(
    tx: &mut Change,
    fact: Fact,
    connection: i64,
    users: &[i64],
    grants: BTreeSet<Grant>,
    roles: &[Role],
) {
    let roles: Vec<Value> = grants
        .into_iter()
        .map(|grant| Named::of(grant, roles))
        .map(|it| json!({ "id": it.grant.role, "name": it.role, "project": it.grant.project }))
        .collect();
    // The events of one person are found by the number in front.
    let state = match users {
        [user] => json!({ "id": user, "connection": connection, "roles": roles }),
        many => json!({
            "userIds": many.iter().take(MOST_NAMED).collect::<Vec<_>>(),
            "people": many.len(),
            "connection": connection,
            "roles": roles,
        }),
    };
    tx.record(if fact == Fact::ScimRolesGiven {
        Event::created(fact, &state)
    } else {
        Event::deleted(fact, &state)
    });
}

/// What identity providers give to users, a JSON array of ids.
async fn given(tx: &mut Read, users: &str) -> Result<BTreeMap<i64, BTreeSet<Grant>>> {
    let rows: Vec<(i64, Option<String>, i64)> = tx
        .all(sql!(
            with_said!(
                "SELECT item FROM ({ids:$1}) i",
                " SELECT DISTINCT user_id, project, role_id FROM given"
            ),
            users
        ))
        .await?;
    let mut given: BTreeMap<i64, BTreeSet<Grant>> = BTreeMap::new();
    for (user, project, role) in rows {
        given.entry(user).or_default().insert(Grant { project, role });
    }
    Ok(given)
}

/// Follows people who came into a group, or went: `users` themselves, and everybody in `groups`. Costs one look where no
/// rule is about the group.
pub async fn moved(
    tx: &mut Change,
    connection: i64,
    group: i64,
    mut users: BTreeSet<i64>,
    groups: &BTreeSet<i64>,
) -> Result<()> {
    if users.is_empty() && groups.is_empty() || !ruled(tx, group).await? {
        return Ok(());
    }
    users.extend(inside(tx, groups).await?);
    follow(tx, connection, &users, "change a group").await
}

/// True if a rule is about a group, or one around it.
pub async fn ruled(tx: &mut Read, group: i64) -> Result<bool> {
    let (found,): (bool,) = tx
        .one(sql!(
            "WITH RECURSIVE up (id) AS (
                 SELECT CAST($1 AS BIGINT)
                 UNION SELECT g.parent_id FROM group_groups g JOIN up ON g.child_id = up.id
             )
             SELECT EXISTS (
                 SELECT 1 FROM up JOIN scim_group_keys k ON k.group_id = up.id
                 JOIN scim_rules x ON x.connection_id = k.connection_id AND x.group_key = k.group_key)",
            group
        ))
        .await?;
    Ok(found)
}

/// Everybody in a group, and in those inside it, if a rule is about it, or about one around it; nobody otherwise.
pub async fn at_rules(tx: &mut Read, group: i64) -> Result<BTreeSet<i64>> {
    if ruled(tx, group).await? { inside(tx, &BTreeSet::from([group])).await } else { Ok(BTreeSet::new()) }
}

/// Everybody in some groups, and in those inside them.
pub async fn inside(tx: &mut Read, groups: &BTreeSet<i64>) -> Result<BTreeSet<i64>> {
    if groups.is_empty() {
        return Ok(BTreeSet::new());
    }
    let found: Vec<(i64,)> = tx
        .all(sql!(
            "WITH RECURSIVE down (id) AS (
                 SELECT item FROM ({ids:$1}) i
                 UNION SELECT g.child_id FROM group_groups g JOIN down ON g.parent_id = down.id
             )
             SELECT DISTINCT m.user_id FROM group_users m JOIN down ON down.id = m.group_id",
            serde_json::to_string(groups)?
        ))
        .await?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}

/// True if the connection has a rule about a group of one of these names or external ids.
pub async fn about(
    tx: &mut Read,
    connection: i64,
    names: &[&str],
    external_ids: &[Option<&str>],
) -> Result<bool> {
    let names = names.iter().map(|name| by_name(name));
    let ids = external_ids.iter().flatten().map(|id| by_external(id));
    let keys: Vec<String> = names.chain(ids).collect();
    let (found,): (bool,) = tx
        .one(sql!(
            "SELECT EXISTS (SELECT 1 FROM scim_rules WHERE connection_id = $1 AND group_key IN ({list:$2}))",
            connection,
            serde_json::to_string(&keys)?
        ))
        .await?;
    Ok(found)
}
