//! Getting back in from the host, when nobody can administer burgee any more.

use super::password;
use super::user::{self, Edit, NewUser};
use crate::access::admins::ADMIN_ROLE;
use crate::access::{Administer, Granted, Root};
use crate::app::App;
use crate::error::Result;
use crate::events::{Event, Fact};

/// Makes `name` (a user name or e-mail address) an active admin with a new password, which is returned. A person
/// who does not exist is made. The event log keeps that it happened.
pub async fn recover(app: &App, name: &str) -> Result<String> {
    let password = format!("{}-Aa1", app.entropy.base64url::<15>());
    let hash = app.passwords.hash(password.clone()).await?;
    let grant = Granted::<Administer>::system("recovery on the host", Root);
    app.db
        .change(&grant, app.clock.now(), async |tx| {
            let found = user::named(tx, name).await?;
            let user = match found {
                Some(found) => {
                    let edit = Edit { root_role: Some(ADMIN_ROLE), active: Some(true), ..Edit::default() };
                    user::update(tx, found.id, edit).await?.into_value()
                }
                None => {
                    let mail = name.contains('@').then(|| name.to_owned());
                    let new = NewUser {
                        name: None,
                        username: mail.is_none().then(|| name.to_owned()),
                        email: mail,
                        root_role: ADMIN_ROLE,
                        password_hash: None,
                        is_service: false,
                    };
                    user::create(tx, new).await?
                }
            };
            password::set(tx, user.id, &hash, None).await?;
            Ok(tx.recorded((), Event::created(Fact::AdminRecovered, &user)))
        })
        .await?;
    Ok(password)
}
