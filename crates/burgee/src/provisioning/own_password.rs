//! What people change about themselves: their password, unless an identity provider manages them.

use super::locks;
use crate::access::{Granted, SignedIn};
use crate::error::{Error, Kind, Result};
use crate::events::{Event, Fact};
use crate::people::password::{self, Verdict};
use crate::people::session::{Door, Origins};
use crate::people::user;

/// What somebody sent to change their password.
pub struct Sent<'a> {
    /// The present one.
    pub old: &'a str,
    /// The one to come.
    pub new: &'a str,
    /// The session that stays, by its secret.
    pub session: Option<&'a str>,
}

/// Changes the password of whoever acts. The present one is needed, and tries are counted: a session that was left
/// open is no way to take over the account. All other sessions end.
pub async fn change(
    door: &Door<'_>,
    grant: &Granted<SignedIn>,
    from: &Origins,
    sent: Sent<'_>,
) -> Result<()> {
    let id = grant.person()?;
    door.throttle.sign_in(from.ip.as_deref(), &grant.actor().name)?;
    let mut tx = door.db.read().await?;
    let user = user::get(&mut tx, id).await?;
    locks::ensure_user_unlocked(&mut tx, &user).await?;
    let hash = password::hash_of(&mut tx, id).await?;
    let remembered = password::remembered(&mut tx, id).await?;
    tx.end().await?;
    let wrong = password::is_too_long(sent.old)
        || door.passwords.verify(sent.old.to_owned(), hash).await? == Verdict::Wrong;
    if wrong {
        return Err(Error::rejected(Kind::PasswordMismatch, "The old password is not right."));
    }
    let hash = password::accept(door.passwords, sent.new, remembered).await?;
    let mut tx = door.db.change(grant, door.now).await?;
    password::set(&mut tx, id, &hash, sent.session).await?;
    tx.record(Event::updated(Fact::UserUpdated, &user, &user));
    tx.commit().await
}
