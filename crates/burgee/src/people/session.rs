//! Signing in with a password, and the sessions that follow.
//!
//! The cookie holds 256 random bits; the database holds their digest, so a stolen backup opens nothing.

use std::sync::Arc;
use std::time::Duration;

use super::login_history;
use super::password::{self, Passwords, Verdict};
use super::seen;
use super::throttle::Throttle;
use super::user::{self, User};
use crate::access::{Actor, Origin, Subject, holdings_of};
use crate::clock::Time;
use crate::db::{Db, Read};
use crate::entropy::{Entropy, digest};
use crate::error::{Error, Kind, Result};
use crate::{keep, sql};

/// Everything it takes to sign somebody in.
pub struct Door<'a> {
    /// The database.
    pub db: &'a Db,
    /// Compares passwords.
    pub passwords: &'a Passwords,
    /// Slows down guessing.
    pub throttle: &'a Throttle,
    /// Makes cookies.
    pub entropy: &'a Entropy,
    /// The present.
    pub now: Time,
    /// How long a session lasts.
    pub lifetime: Duration,
    /// How many sessions a person may have; the oldest end first.
    pub parallel: i64,
}

/// Where a request came from.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    /// The address.
    pub ip: Option<String>,
    /// The program.
    pub agent: Option<String>,
}

/// A session that has just begun.
pub struct Begun {
    /// The person.
    pub user: User,
    /// The cookie's value; shown once.
    pub secret: String,
    /// Sessions the person has now.
    pub active: i64,
    /// Sessions that had to end for this one.
    pub deleted: i64,
}

impl Door<'_> {
    /// Signs in with user name (or e-mail address) and password. One answer for every mistake.
    pub async fn sign_in(&self, name: &str, password: &str, from: Origins) -> Result<Begun> {
        self.throttle.sign_in(from.ip.as_deref(), name)?;
        let mut tx = self.db.read().await?;
        let user = user::named(&mut tx, name).await?;
        let hash = match &user {
            Some(user) => password::hash_of(&mut tx, user.id).await?,
            None => None,
        };
        tx.end().await?;
        let verdict = if password::is_too_long(password) {
            Verdict::Wrong
        } else {
            self.passwords.verify(password.to_owned(), hash.clone()).await?
        };
        let failure = match &user {
            None => Some("There is no such user"),
            Some(_) if verdict == Verdict::Wrong => Some("The password is wrong"),
            Some(user) if !user.active => Some("The account is inactive"),
            Some(_) => None,
        };
        let Some(user) = user.filter(|_| failure.is_none()) else {
            let mut tx = self.db.bookkeep().await?;
            tx.execute(login_history::remember(name, failure, from.ip.as_deref(), self.now)).await?;
            tx.commit().await?;
            return Err(mismatch());
        };
        let mut verified = hash.unwrap_or_default();
        if verdict == Verdict::RightButOld {
            let better = self.passwords.hash(password.to_owned()).await?;
            let mut tx = self.db.bookkeep().await?;
            tx.execute(keep!(
                "UPDATE users SET password_hash = $2 WHERE id = $1 AND password_hash = $3",
                user.id,
                &better,
                verified
            ))
            .await?;
            tx.commit().await?;
            verified = better;
        }
        self.begin(user, name, &verified, from).await
    }

    /// Begins a session for somebody who proved the password with this hash, unless it was changed, or access taken,
    /// since then.
    async fn begin(&self, user: User, name: &str, verified: &str, from: Origins) -> Result<Begun> {
        let secret = self.entropy.hex::<32>();
        let mut tx = self.db.bookkeep().await?;
        tx.execute(keep!("DELETE FROM sessions WHERE expires_at <= $1", self.now)).await?;
        let begun = tx
            .execute(keep!(
                "INSERT INTO sessions (digest, user_id, created_at, expires_at, ip, user_agent)
             SELECT $1, u.id, $3, $4, $5, $6 FROM users u
             WHERE u.id = $2 AND u.active = TRUE AND u.deleted_at IS NULL AND u.password_hash = $7{share}",
                digest(&secret),
                user.id,
                self.now,
                self.now.plus(self.lifetime),
                from.ip.clone(),
                from.agent.clone().map(|agent| agent.chars().take(200).collect::<String>()),
                verified
            ))
            .await?;
        if begun == 0 {
            return Err(mismatch());
        }
        tx.execute(login_history::remember(name, None, from.ip.as_deref(), self.now)).await?;
        tx.execute(seen::sighting(seen::Subject::User, user.id, self.now)).await?;
        let deleted = tx
            .execute(keep!(
                "DELETE FROM sessions WHERE user_id = $1 AND digest NOT IN
                     (SELECT digest FROM sessions WHERE user_id = $1 ORDER BY created_at DESC, digest LIMIT $2)",
                user.id,
                self.parallel
            ))
            .await?;
        let active: Option<(i64,)> =
            tx.optional(keep!("SELECT COUNT(*) FROM sessions WHERE user_id = $1", user.id)).await?;
        let (active, deleted) = (active.map_or(0, |(n,)| n), i64::try_from(deleted).unwrap_or(i64::MAX));
        tx.commit().await?;
        Ok(Begun { user, secret, active, deleted })
    }
}

fn mismatch() -> Error {
    Error::rejected(
        Kind::PasswordMismatch,
        "The combination of password and username you provided is invalid. If you have forgotten your password, ask an \
         administrator for a reset link.",
    )
}

/// The person behind a session cookie, if the session lives and the person is active.
pub async fn subject(tx: &mut Read, secret: &str, now: Time, ip: Option<String>) -> Result<Option<Subject>> {
    let found: Option<(i64,)> = tx
        .optional(sql!(
            "SELECT s.user_id FROM sessions s JOIN users u ON u.id = s.user_id
             WHERE s.digest = $1 AND s.expires_at > $2 AND u.active = TRUE AND u.deleted_at IS NULL",
            digest(secret),
            now
        ))
        .await?;
    match found {
        Some((id,)) => person(tx, id, ip).await,
        None => Ok(None),
    }
}

/// The person with this id as somebody who acts.
pub(super) async fn person(tx: &mut Read, id: i64, ip: Option<String>) -> Result<Option<Subject>> {
    let Some(user) = user::find(tx, id).await?.filter(|user| user.active) else { return Ok(None) };
    let held = Arc::new(holdings_of(tx, id).await?);
    Ok(Some(Subject { actor: Actor { origin: Origin::User(id), name: user.label(), ip }, held }))
}

/// Ends all sessions of the person behind the cookie.
pub async fn sign_out(db: &Db, secret: &str) -> Result<()> {
    let digest = digest(secret);
    let mut tx = db.bookkeep().await?;
    tx.execute(keep!(
        "DELETE FROM sessions WHERE user_id IN (SELECT user_id FROM sessions WHERE digest = $1)",
        digest
    ))
    .await?;
    tx.commit().await?;
    Ok(())
}
