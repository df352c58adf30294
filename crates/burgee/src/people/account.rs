//! A new account, with the way in that goes with it.

use super::user::{self, NewUser, User};
use super::{password, reset};
use crate::entropy::Entropy;
use crate::error::Result;
use crate::events::Change;

/// Makes an account. Without a password, the token of a link is returned, with which the person chooses one.
pub async fn open(tx: &mut Change, entropy: &Entropy, new: NewUser) -> Result<(User, Option<String>)> {
    let hash = new.password_hash.clone();
    let user = user::create(tx, new).await?;
    let token = match hash {
        Some(hash) => {
            password::set(tx, user.id, &hash, None).await?;
            None
        }
        None => Some(reset::issue(tx, entropy, &user).await?),
    };
    Ok((user, token))
}
