//! Getting back in from the host, when nobody can administer burgee any more.

use super::password::{self, Passwords};
use super::user::{self, Edit, NewUser};
use crate::access::admins::ADMIN_ROLE;
use crate::access::{Administer, Granted, Root};
use crate::clock::Time;
use crate::db::Db;
use crate::entropy::Entropy;
use crate::error::Result;
use crate::events::{Event, Fact};

/// Makes `name` (a user name or e-mail address) an active admin with a new password, which is returned. A person
/// who does not exist is made. The event log keeps that it happened.
pub async fn recover(
    db: &Db,
    passwords: &Passwords,
    entropy: &Entropy,
    now: Time,
    name: &str,
) -> Result<String> {
    let password = format!("{}-Aa1", entropy.base64url::<15>());
    let hash = passwords.hash(password.clone()).await?;
    let grant = Granted::<Administer>::system("recovery on the host", Root);
    let mut tx = db.change(&grant, now).await?;
    let found = user::named(&mut tx, name).await?;
    let user = if let Some(found) = found {
        let edit = Edit { root_role: Some(ADMIN_ROLE), active: Some(true), ..Edit::default() };
        user::update(&mut tx, found.id, edit).await?
    } else {
        let mail = name.contains('@').then(|| name.to_owned());
        let new = NewUser {
            name: None,
            username: mail.is_none().then(|| name.to_owned()),
            email: mail,
            root_role: ADMIN_ROLE,
            password_hash: None,
            is_service: false,
        };
        user::create(&mut tx, new).await?
    };
    password::set(&mut tx, user.id, &hash, None).await?;
    tx.record(Event::created(Fact::AdminRecovered, &user));
    tx.commit().await?;
    Ok(password)
}
