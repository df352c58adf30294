//! A root role that was given by hand, left to the identity provider again.

use crate::db::Read;
use crate::error::{Error, Kind, Result};
use crate::events::{Change, Event, Fact};
use crate::people::user;
use crate::sql;

/// True if an admin decided on the root role of somebody whom a connection manages.
pub async fn is_decided(tx: &mut Read, user: i64) -> Result<bool> {
    let (decided,): (bool,) = tx
        .one(sql!(
            "SELECT EXISTS (SELECT 1 FROM users u JOIN scim_users s ON s.user_id = u.id
                            WHERE u.id = $1 AND u.root_by_hand = TRUE)",
            user
        ))
        .await?;
    Ok(decided)
}

/// Makes somebody's root role what it is for newcomers of their connection, and lets what the connection says about it
/// count. Nothing is recorded if that is so already.
pub async fn release(tx: &mut Change, id: i64) -> Result<()> {
    user::lock(tx, id).await?;
    let before = user::get(tx, id).await?;
    let now = tx.now();
    let usual: Option<(i64,)> = tx
        .optional(sql!(
            "SELECT c.usual_role FROM scim_users s JOIN scim_connections c ON c.id = s.connection_id WHERE s.user_id = $1",
            id
        ))
        .await?;
    let Some((usual,)) = usual else {
        let message = "No identity provider manages this account: its root role is given by hand.";
        return Err(Error::rejected(Kind::Conflict, message));
    };
    let changed = tx
        .execute(sql!(
            "UPDATE users SET root_role_id = $2, root_by_hand = FALSE, retained = FALSE, updated_at = $3,
                              version = version + 1 WHERE id = $1 AND root_by_hand = TRUE",
            id,
            usual,
            now
        ))
        .await?;
    if changed > 0 {
        let after = user::get(tx, id).await?;
        tx.record(Event::updated(Fact::UserUpdated, &before, &after));
    }
    Ok(())
}
