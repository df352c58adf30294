//! Service accounts: what programs act as. They hold roles like people, act with tokens only, and never sign in.
//!
//! In the database they are users; what their owner does with them is recorded as theirs.

use std::collections::HashMap;

use super::token::{self, Personal};
use super::user::{self, NewUser, User, select_users};
use crate::db::Read;
use crate::error::{Error, Result};
use crate::events::Change;

/// All service accounts, each with its tokens.
pub async fn list(tx: &mut Read) -> Result<Vec<(User, Vec<Personal>)>> {
    let accounts: Vec<User> =
        tx.all(select_users!("WHERE u.deleted_at IS NULL AND u.is_service = TRUE ORDER BY u.id")).await?;
    let mut tokens: HashMap<i64, Vec<Personal>> = HashMap::new();
    for token in token::of_services(tx).await? {
        tokens.entry(token.user_id).or_default().push(token);
    }
    Ok(accounts
        .into_iter()
        .map(|account| {
            let tokens = tokens.remove(&account.id).unwrap_or_default();
            (account, tokens)
        })
        .collect())
}

/// The service account with this id; a person is none.
pub async fn get(tx: &mut Read, id: i64) -> Result<User> {
    let found = user::find(tx, id).await?.filter(|user| user.is_service);
    found.ok_or_else(|| Error::not_found(format!("Could not find service account with id {id}")))
}

/// Makes a service account.
pub async fn create(tx: &mut Change, name: String, username: String, root_role: i64) -> Result<User> {
    let new = NewUser {
        name: Some(name),
        username: Some(username),
        email: None,
        root_role,
        password_hash: None,
        is_service: true,
    };
    user::create(tx, new).await
}
