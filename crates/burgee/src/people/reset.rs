//! One-time links with which a person sets a password: for newcomers, and for those who forgot theirs.

use std::time::Duration;

use super::password::{self, Passwords};
use super::user::{self, User};
use crate::access::{Granted, Root, SignedIn};
use crate::clock::Time;
use crate::db::{Db, Read};
use crate::entropy::{Entropy, digest};
use crate::error::{Error, Kind, Result};
use crate::events::{Change, Event, Fact};
use crate::sql;

/// How long a link works.
const LIFETIME: Duration = Duration::from_hours(24);

/// Makes a link's token for a user, and records that somebody did: whoever has it can take the account over. The ones
/// before it stop working. Whoever is deactivated gets none: it would open the account when it is active again.
pub async fn issue(tx: &mut Change, entropy: &Entropy, user: &User) -> Result<String> {
    user::lock(tx, user.id).await?;
    if !user::get(tx, user.id).await?.active {
        return Err(Error::bad_data("Only people whose account is active can have a password."));
    }
    let token = entropy.base64url::<32>();
    let (now, author) = (tx.now(), tx.actor().name.clone());
    tx.execute(sql!("DELETE FROM reset_tokens WHERE user_id = $1 AND used_at IS NULL", user.id)).await?;
    tx.execute(sql!(
        "INSERT INTO reset_tokens (digest, user_id, created_at, created_by, expires_at) VALUES ($1, $2, $3, $4, $5)",
        digest(&token),
        user.id,
        now,
        author,
        now.plus(LIFETIME)
    ))
    .await?;
    tx.record(Event::created(Fact::ResetLinkCreated, user));
    Ok(token)
}

/// The person that a token belongs to and who asked for it.
pub async fn whose(tx: &mut Read, token: &str, now: Time) -> Result<(User, Option<String>)> {
    let found: Option<(i64, Option<String>, i64, Option<i64>)> = tx
        .optional(sql!(
            "SELECT user_id, created_by, expires_at, used_at FROM reset_tokens WHERE digest = $1",
            digest(token)
        ))
        .await?;
    let invalid = || Error::rejected(Kind::InvalidToken, "Token was not valid");
    let (id, author, expires, used) = found.ok_or_else(invalid)?;
    if used.is_some() {
        return Err(Error::rejected(Kind::UsedToken, "Token has already been used"));
    }
    if expires <= now.millis() {
        return Err(invalid());
    }
    let user = user::find(tx, id).await?.filter(|user| user.active).ok_or_else(invalid)?;
    Ok((user, author))
}

/// Sets a password with a token, which is used up by it. All sessions of the person end.
pub async fn redeem(db: &Db, passwords: &Passwords, token: &str, new: &str, now: Time) -> Result<()> {
    let mut tx = db.read().await?;
    let (user, author) = whose(&mut tx, token, now).await?;
    let remembered = password::remembered(&mut tx, user.id).await?;
    tx.end().await?;
    let hash = password::accept(passwords, new, remembered).await?;
    // The token is the proof: whoever holds it acts for the person.
    let grant = Granted::<SignedIn>::system(
        &format!("link for {} by {}", user.label(), author.unwrap_or_default()),
        Root,
    );
    let mut tx = db.change(&grant, now).await?;
    let used = tx
        .execute(sql!(
            "UPDATE reset_tokens SET used_at = $2 WHERE digest = $1 AND used_at IS NULL",
            digest(token),
            now
        ))
        .await?;
    if used == 0 {
        return Err(Error::rejected(Kind::UsedToken, "Token has already been used"));
    }
    password::set(&mut tx, user.id, &hash, None).await?;
    tx.record(Event::updated(Fact::UserUpdated, &user, &user));
    tx.commit().await
}
