//! Moving in from Unleash: its people, groups and who is in them, with the ids that the identity provider knows, so that
//! it goes on as if nothing had happened.
//!
//! What is here already stays as it is. What collides with something else is a conflict, and then nothing is taken over.

mod fate;
mod groups;
mod outcome;
mod people;
mod places;
mod source;

use std::collections::HashMap;
use std::time::Duration;

use burgee_scim::fold;

pub use self::outcome::{Count, Outcome};
pub use self::source::{Source, read};
use crate::access::{Administer, Granted, role};
use crate::db::Read;
use crate::entropy::Entropy;
use crate::error::Result;
use crate::events::Change;
use crate::provisioning::connection::{self, NewToken};

/// How long another token of the connection goes on working beside the one that is taken over.
pub const OVERLAP: Duration = Duration::from_hours(24);

/// What is wanted beside people and groups.
pub struct Wanted {
    /// The connection that manages whoever has an id of an identity provider.
    pub connection: i64,
    /// The token that the identity provider calls with.
    pub token: Option<String>,
    /// Whether to let the identity provider in.
    pub enable: bool,
}

/// Takes over what `source` has and is not here. With conflicts, the change must be dropped: it is not whole.
pub async fn take_over(
    tx: &mut Change,
    grant: &Granted<Administer>,
    entropy: &Entropy,
    source: &Source,
    wanted: &Wanted,
) -> Result<Outcome> {
    // Whoever takes over at the same time waits here.
    connection::lock(tx, wanted.connection).await?;
    let mut outcome = Outcome::default();
    let people = people::take(tx, wanted.connection, &source.people, &mut outcome).await?;
    let groups = groups::take(tx, wanted.connection, source, &people, &mut outcome).await?;
    places::take(tx, grant.held(), source, &people, &groups, &mut outcome).await?;
    if !outcome.conflicts.is_empty() {
        return Ok(outcome);
    }
    if let Some(token) = &wanted.token {
        let now = tx.now();
        match connection::holder(tx, token, now).await? {
            Some(holder) if holder == wanted.connection => outcome.token.here += 1,
            _ => {
                let new = NewToken { secret: Some(token.clone()), overlap: OVERLAP, ..NewToken::default() };
                connection::issue(tx, entropy, wanted.connection, new).await?;
                outcome.token.new += 1;
            }
        }
    }
    if wanted.enable {
        connection::enable(tx, wanted.connection, true).await?;
    }
    Ok(outcome)
}

/// A user or group of Unleash, once it is known what becomes of it.
#[derive(Clone, Copy, Debug)]
struct Taken {
    /// Its number here.
    id: i64,
    /// False if it was here before.
    new: bool,
}

/// The root roles, by folded name.
async fn root_roles(tx: &mut Read) -> Result<HashMap<String, i64>> {
    let roles = role::list(tx).await?.into_iter().filter(role::Role::is_root);
    Ok(roles.map(|role| (fold(&role.name), role.id)).collect())
}
