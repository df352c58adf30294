//! What an identity provider can never do: leave nobody who can administer burgee.
//!
//! Its call succeeds all the same (an error would stop its whole synchronisation), but one admin keeps access, and
//! the event log says so.

use serde_json::json;

use crate::access::admins::{self, ADMIN_ROLE};
use crate::error::Result;
use crate::events::{Change, Event, Fact};
use crate::people::user;
use crate::sql;

/// Keeps a user as an active admin in their own right.
pub(super) async fn retain(tx: &mut Change, id: i64, why: &str) -> Result<()> {
    let now = tx.now();
    tx.execute(sql!(
        "UPDATE users SET active = TRUE, retained = TRUE, root_role_id = $2, updated_at = $3, version = version + 1
         WHERE id = $1",
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

/// Keeps one of the `removed` members of a group as an admin, if nobody else is left who is.
pub(super) async fn keep_one_of(tx: &mut Change, removed: &[i64], why: &str) -> Result<()> {
    if removed.is_empty() || admins::remain(tx, None).await? {
        return Ok(());
    }
    let list = serde_json::to_string(&removed.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    let candidate: Option<(i64,)> = tx
        .optional(sql!(
            "SELECT u.id FROM users u
             WHERE CAST(u.id AS TEXT) IN ({list:$1}) AND u.active = TRUE AND u.is_service = FALSE
               AND u.deleted_at IS NULL
             ORDER BY u.password_hash IS NULL, u.id LIMIT 1",
            list
        ))
        .await?;
    match candidate {
        Some((id,)) => retain(tx, id, why).await,
        None => Ok(()),
    }
}
