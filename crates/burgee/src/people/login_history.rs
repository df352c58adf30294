//! Who signed in, and who tried to. Bookkeeping: kept for two weeks.

use std::time::Duration;

use crate::clock::Time;
use crate::db::{Db, Keep, Read, Sql, dialect};
use crate::error::Result;
use crate::people::user::User;
use crate::{keep, sql};

/// How long a sign-in is remembered.
const RETENTION: Duration = Duration::from_hours(336);
/// How many are told at once.
pub const MOST: i64 = 10_000;
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
        MOST
    ))
    .await
}

/// The latest tries by the names of one person, the newest first.
pub async fn of(tx: &mut Read, user: &User, now: Time, limit: i64) -> Result<Vec<Login>> {
    tx.all(sql!(
        "SELECT id, username, auth_type, successful, failure_reason, ip, created_at FROM logins
         WHERE created_at >= $1 AND lower(username) IN (lower($2), lower($3)) ORDER BY id DESC LIMIT $4",
        now.minus(RETENTION),
        user.username.clone().or_else(|| user.email.clone()),
        user.email.clone().or_else(|| user.username.clone()),
        limit
    ))
    .await
}

/// A page of the tries that are remembered, the newest first, and how many there are: those by a name that contains
/// `text`, perhaps only those that failed.
pub async fn search(
    tx: &mut Read,
    now: Time,
    text: &str,
    failed: bool,
    (offset, limit): (i64, i64),
) -> Result<(Vec<Login>, i64)> {
    let since = now.minus(RETENTION);
    let (start, middle, end) = dialect::contains(tx.engine());
    let condition = |sql: &mut Sql| {
        sql.push(" FROM logins WHERE created_at >= ").bind(since);
        if failed {
            sql.push(" AND successful = FALSE");
        }
        if !text.is_empty() {
            sql.push(" AND ").push(start).push("lower(username)").push(middle);
            sql.push("lower(").bind(text).push(")").push(end);
        }
    };
    let mut counted = Sql::build("SELECT COUNT(*)");
    condition(&mut counted);
    let (total,): (i64,) = tx.one(counted).await?;
    let mut page = Sql::build("SELECT id, username, auth_type, successful, failure_reason, ip, created_at");
    condition(&mut page);
    page.push(" ORDER BY id DESC LIMIT ").bind(limit).push(" OFFSET ").bind(offset);
    Ok((tx.all(page).await?, total))
}

/// Forgets what is older than is kept.
pub async fn forget(db: &Db, now: Time) -> Result<()> {
    let mut tx = db.bookkeep().await?;
    tx.execute(keep!("DELETE FROM logins WHERE created_at < $1", now.minus(RETENTION))).await?;
    tx.commit().await
}
