//! Who signed in, and who tried to. Bookkeeping: kept for two weeks.

use std::time::Duration;

use crate::clock::Time;
use crate::db::{Db, Keep, Read};
use crate::error::Result;
use crate::{keep, sql};

/// How long a sign-in is remembered.
const RETENTION: Duration = Duration::from_hours(336);
/// How many are shown.
const SHOWN: i64 = 10_000;
/// The longest name that is kept.
const LONGEST: usize = 255;

/// One try to sign in.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Login {
    /// Its number.
    pub id: i64,
    /// The name that was given, whoever's it is.
    pub username: String,
    /// The way in.
    pub auth_type: String,
    /// Whether it succeeded.
    pub successful: bool,
    /// Why not.
    pub failure_reason: Option<String>,
    /// From where.
    pub ip: Option<String>,
    /// When.
    pub created_at: Time,
}

/// The statement that remembers one try to sign in with a password.
pub(super) fn remember(name: &str, failure: Option<&'static str>, ip: Option<&str>, now: Time) -> Keep {
    keep!(
        "INSERT INTO logins (username, auth_type, successful, failure_reason, ip, created_at)
         VALUES ($1, 'simple', $2, $3, $4, $5)",
        name.chars().filter(|c| *c != '\0').take(LONGEST).collect::<String>(),
        failure.is_none(),
        failure,
        ip,
        now
    )
}

/// The latest tries, the newest first.
pub async fn list(tx: &mut Read, now: Time) -> Result<Vec<Login>> {
    tx.all(sql!(
        "SELECT id, username, auth_type, successful, failure_reason, ip, created_at FROM logins
         WHERE created_at >= $1 ORDER BY id DESC LIMIT $2",
        now.minus(RETENTION),
        SHOWN
    ))
    .await
}

/// Forgets what is older than is kept.
pub async fn forget(db: &Db, now: Time) -> Result<()> {
    let mut tx = db.bookkeep().await?;
    tx.execute(keep!("DELETE FROM logins WHERE created_at < $1", now.minus(RETENTION))).await?;
    tx.commit().await
}
