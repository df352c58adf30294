//! What an identity provider can never do: leave nobody who can administer burgee.
//!
//! Its call succeeds all the same (an error would stop its whole synchronisation), but one admin keeps access, and
//! the event log says so.

use std::collections::BTreeSet;

use serde_json::json;

use crate::access::admins::{self, ADMIN_ROLE};
use crate::db::Read;
use crate::error::Result;
use crate::events::{Change, Event, Fact};
use crate::people::user;
use crate::sql;

/// Keeps a user as an active admin in their own right.
pub(super) async fn retain(tx: &mut Change, id: i64, why: &str) -> Result<()> {
    let now = tx.now();
    user::lock(tx, id).await?;
    tx.execute(sql!(
        "UPDATE users SET active = TRUE, retained = TRUE, root_role_id = $2, root_by_hand = TRUE, updated_at = $3,
                          version = version + 1 WHERE id = $1",
        id,
        ADMIN_ROLE,
        now
    ))
    .await?;
    let user = user::get(tx, id).await?;
    tracing::error!(user.id = id, "the last admin was kept against the identity provider: {why}");
    tx.record(Event::created(
        Fact::AdminRetained,
        &json!({ "user": user, "attempted": why, "severity": "critical" }),
    ));
    Ok(())
}

/// Those among `users`, and among everybody in `groups`, whom `group` makes admins if they are in it: itself, or
/// because it is in a group that does. For most groups nobody.
pub(super) async fn at_stake(
    tx: &mut Read,
    group: i64,
    users: &BTreeSet<i64>,
    groups: &BTreeSet<i64>,
) -> Result<Vec<i64>> {
    if users.is_empty() && groups.is_empty() {
        return Ok(Vec::new());
    }
    let found: Vec<(i64,)> = tx
        .all(sql!(
            "WITH RECURSIVE up (id) AS (
                 SELECT CAST($1 AS BIGINT)
                 UNION SELECT g.parent_id FROM group_groups g JOIN up ON g.child_id = up.id
             ), down (id) AS (
                 SELECT item FROM ({ids:$3}) i
                 UNION SELECT g.child_id FROM group_groups g JOIN down ON g.parent_id = down.id
             ), person (id) AS (
                 SELECT item FROM ({ids:$2}) i
                 UNION SELECT m.user_id FROM group_users m JOIN down ON down.id = m.group_id
             )
             SELECT id FROM person
             WHERE EXISTS (SELECT 1 FROM groups g JOIN up ON up.id = g.id WHERE g.root_role_id = 1)",
            group,
            serde_json::to_string(users)?,
            serde_json::to_string(groups)?
        ))
        .await?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}

/// Keeps one of those who were admins before this change, if nobody else is left who is one.
pub(super) async fn keep_one(tx: &mut Change, why: &str) -> Result<()> {
    if !tx.weakens_administration().await? {
        return Ok(());
    }
    let were = admins::people(&mut tx.before().await?).await?;
    let are = admins::people(tx).await?;
    let mut at_stake: Vec<i64> = were.difference(&are).copied().collect();
    if at_stake.is_empty() {
        // Nobody ceased to be one, but nobody is in whose hands it counts.
        at_stake.extend(were);
    }
    keep_one_of(tx, &at_stake, why).await
}

/// Keeps one of those who were at stake as an admin, if nobody else is left who is.
pub(super) async fn keep_one_of(tx: &mut Change, at_stake: &[i64], why: &str) -> Result<()> {
    if at_stake.is_empty() || !tx.weakens_administration().await? {
        return Ok(());
    }
    let candidate: Option<(i64,)> = tx
        .optional(sql!(
            "SELECT u.id FROM users u
             WHERE u.id IN ({ids:$1}) AND u.active = TRUE AND u.is_service = FALSE AND u.is_system = FALSE
               AND u.deleted_at IS NULL
             ORDER BY u.password_hash IS NULL, u.id LIMIT 1",
            serde_json::to_string(at_stake)?
        ))
        .await?;
    match candidate {
        Some((id,)) => retain(tx, id, why).await,
        None => Ok(()),
    }
}
