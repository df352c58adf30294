//! Who is signed in, as admins see it.

use serde_json::json;

use crate::clock::Time;
use crate::db::Read;
use crate::error::{Error, Result};
use crate::events::{Change, Event, Fact};
use crate::sql;

/// A session. Its id is the digest of its secret: it names the session and opens nothing.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Session {
    /// What names it.
    pub digest: String,
    /// Whose it is.
    pub user_id: i64,
    /// Their user name.
    pub username: Option<String>,
    /// Their e-mail address.
    pub email: Option<String>,
    /// From where they signed in.
    pub ip: Option<String>,
    /// With which program.
    pub user_agent: Option<String>,
    /// When they signed in.
    pub created_at: Time,
    /// When the session ends by itself.
    pub expires_at: Time,
}

/// All sessions that live, the newest first.
pub async fn list(tx: &mut Read, now: Time) -> Result<Vec<Session>> {
    tx.all(sql!(
        "SELECT s.digest, s.user_id, u.username, u.email, s.ip, s.user_agent, s.created_at, s.expires_at
         FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.expires_at > $1
         ORDER BY s.created_at DESC, s.digest",
        now
    ))
    .await
}

/// Ends a session, and records that somebody did.
pub async fn end(tx: &mut Change, digest: &str) -> Result<()> {
    let found: Option<(i64, Option<String>, Option<String>)> = tx
        .optional(sql!(
            "SELECT u.id, u.username, u.email FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.digest = $1",
            digest
        ))
        .await?;
    let (user, username, email) = found.ok_or_else(|| Error::not_found("Could not find session"))?;
    tx.execute(sql!("DELETE FROM sessions WHERE digest = $1", digest)).await?;
    let state = json!({ "userId": user, "username": username, "email": email });
    tx.record(Event::deleted(Fact::SessionEnded, &state));
    Ok(())
}
