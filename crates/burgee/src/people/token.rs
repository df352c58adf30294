//! Personal tokens, with which a person's scripts act, and what a token in a request turns out to be.
//!
//! A token is `…v2_<selector>_<secret>`. Only its digest is stored; the selector names it to people afterwards.

use std::sync::Arc;

use serde::Serialize;

use super::api_token::Kind;
use super::seen;
use super::session::person;
use super::user;
use crate::access::{Actor, Holdings, Origin, Subject};
use crate::clock::Time;
use crate::db::Read;
use crate::entropy::{Entropy, digest};
use crate::error::{Error, Kind as No, Result};
use crate::events::{Change, Event, Fact};
use crate::sql;

/// How many personal tokens somebody may have.
pub const PERSONAL_LIMIT: i64 = 10;

/// What a token in an `Authorization` header turned out to be.
pub enum Bearer {
    /// Somebody who may use the Admin API, with the token's id and kind.
    Subject(Subject, i64, seen::Subject),
    /// A backend or frontend token, which is for other APIs.
    Client,
    /// Nothing that is known, or nothing that still works.
    Unknown,
}

/// Looks a token up.
pub async fn bearer(tx: &mut Read, secret: &str, now: Time, ip: Option<String>) -> Result<Bearer> {
    let digest = digest(secret);
    if secret.starts_with("user:") {
        let found: Option<(i64, i64)> = tx
            .optional(sql!(
                "SELECT id, user_id FROM personal_tokens WHERE digest = $1 AND expires_at > $2",
                digest,
                now
            ))
            .await?;
        let Some((id, user)) = found else { return Ok(Bearer::Unknown) };
        let subject = person(tx, user, ip).await?;
        return Ok(subject.map_or(Bearer::Unknown, |s| Bearer::Subject(s, id, seen::Subject::PersonalToken)));
    }
    let found: Option<(i64, String, String)> = tx
        .optional(sql!(
            "SELECT id, name, type FROM api_tokens
             WHERE (digest = $1 OR alias = $1) AND (expires_at IS NULL OR expires_at > $2)",
            digest,
            now
        ))
        .await?;
    Ok(match found {
        Some((id, name, kind)) if kind == Kind::Admin.as_str() => {
            let actor = Actor { origin: Origin::AdminToken, name, ip };
            Bearer::Subject(Subject { actor, held: Arc::new(Holdings::admin()) }, id, seen::Subject::ApiToken)
        }
        Some(_) => Bearer::Client,
        None => Bearer::Unknown,
    })
}

/// A personal token, without its secret.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Personal {
    /// Its number.
    pub id: i64,
    /// Whose it is.
    pub user_id: i64,
    /// What its owner calls it.
    pub description: String,
    /// When it stops working.
    pub expires_at: Time,
    /// When it was made.
    pub created_at: Time,
    /// When it was last used.
    #[serde(skip)]
    pub seen_at: Option<Time>,
}

/// The personal tokens of a user.
pub async fn personal_of(tx: &mut Read, user: i64) -> Result<Vec<Personal>> {
    tx.all(sql!(
        "SELECT p.id, p.user_id, p.description, p.expires_at, p.created_at, n.last_at AS seen_at
         FROM personal_tokens p LEFT JOIN seen n ON n.subject = 'pat' AND n.id = p.id
         WHERE p.user_id = $1 ORDER BY p.id",
        user
    ))
    .await
}

/// How many tokens that work each of these users has; those who have none are left out.
pub async fn counts(tx: &mut Read, users: &[i64], now: Time) -> Result<Vec<(i64, i64)>> {
    tx.all(sql!(
        "SELECT user_id, COUNT(*) FROM personal_tokens
         WHERE user_id IN ({ids:$1}) AND expires_at > $2 GROUP BY user_id ORDER BY user_id",
        serde_json::to_string(users)?,
        now
    ))
    .await
}

/// The tokens of all service accounts.
pub async fn of_services(tx: &mut Read) -> Result<Vec<Personal>> {
    tx.all(sql!(
        "SELECT p.id, p.user_id, p.description, p.expires_at, p.created_at, n.last_at AS seen_at
         FROM personal_tokens p JOIN users u ON u.id = p.user_id
         LEFT JOIN seen n ON n.subject = 'pat' AND n.id = p.id
         WHERE u.is_service = TRUE AND u.deleted_at IS NULL ORDER BY p.id"
    ))
    .await
}

/// Makes a personal token; the secret is returned once.
pub async fn create_personal(
    tx: &mut Change,
    entropy: &Entropy,
    user: i64,
    description: &str,
    expires_at: Time,
) -> Result<(Personal, String)> {
    let description = description.trim();
    if description.is_empty() || description.chars().count() > 255 {
        return Err(Error::bad_data("The description must have between 1 and 255 characters."));
    }
    if expires_at <= tx.now() {
        return Err(Error::bad_data("The expiry date should be in future."));
    }
    let mine = personal_of(tx, user).await?;
    if i64::try_from(mine.len()).is_ok_and(|count| count >= PERSONAL_LIMIT) {
        return Err(Error::rejected(
            No::InvalidOperation,
            format!("Too many personal access tokens: {PERSONAL_LIMIT} is the limit. Delete one first."),
        ));
    }
    if mine.iter().any(|token| token.description == description) {
        return Err(Error::rejected(
            No::NameExists,
            "A personal access token with this description already exists.",
        ));
    }
    let (selector, secret) = mint(entropy, "user:");
    let now = tx.now();
    let (id,): (i64,) = tx
        .one(sql!(
            "INSERT INTO personal_tokens (user_id, description, selector, digest, expires_at, created_at)
             VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
            user,
            description,
            selector,
            digest(&secret),
            expires_at,
            now
        ))
        .await?;
    let token = Personal {
        id,
        user_id: user,
        description: description.to_owned(),
        expires_at,
        created_at: now,
        seen_at: None,
    };
    let fact = user::get(tx, user).await?.either(Fact::PatCreated, Fact::ServiceTokenCreated);
    tx.record(Event::created(fact, &token));
    Ok((token, secret))
}

/// Deletes a personal token of a user; one that is not there, or is somebody else's, is no error.
pub async fn delete_personal(tx: &mut Change, user: i64, id: i64) -> Result<()> {
    let found = personal_of(tx, user).await?.into_iter().find(|token| token.id == id);
    if let Some(token) = found {
        tx.execute(sql!("DELETE FROM personal_tokens WHERE id = $1 AND user_id = $2", id, user)).await?;
        let fact = user::get(tx, user).await?.either(Fact::PatDeleted, Fact::ServiceTokenDeleted);
        tx.record(Event::deleted(fact, &token));
    }
    Ok(())
}

/// Deletes all personal tokens of a user.
pub async fn delete_all_of(tx: &mut Change, user: i64) -> Result<()> {
    for token in personal_of(tx, user).await? {
        delete_personal(tx, user, token.id).await?;
    }
    Ok(())
}

/// A new selector and the whole token.
pub(super) fn mint(entropy: &Entropy, prefix: &str) -> (String, String) {
    let selector = entropy.base64url::<16>();
    let token = format!("{prefix}v2_{selector}_{}", entropy.base64url::<32>());
    (selector, token)
}
