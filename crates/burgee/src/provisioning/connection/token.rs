//! The tokens of a connection: at most two that work, so that a new one can take over from an old one without a gap.
//!
//! Only the digest of a token is stored, and its first characters, by which people and scanners for leaked secrets
//! know it.

use std::time::Duration;

use serde_json::json;

use super::uses::{Use, Uses};
use super::{Source, lock};
use crate::clock::Time;
use crate::db::Read;
use crate::entropy::{Entropy, digest};
use crate::error::{Error, Kind, Result};
use crate::events::{Change, Event, Fact};
use crate::sql;

/// What our own tokens begin with.
const MARK: &str = "bgs_";
/// The bounds of a token that was made elsewhere, in characters.
const SHORTEST: usize = 16;
const LONGEST: usize = 512;
/// How many characters of a token are shown at most.
const SHOWN: usize = 12;

/// A token, without its secret.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Token {
    /// Its number.
    pub id: i64,
    /// How it begins, if that is known.
    pub prefix: Option<String>,
    /// How it came here.
    #[sqlx(rename = "origin", try_from = "String")]
    pub source: Source,
    /// When it was made.
    pub created_at: Time,
    /// When it stops working.
    pub expires_at: Option<Time>,
    /// When it was last used.
    pub used_at: Option<Time>,
    /// From which address.
    pub address: Option<String>,
    /// By which program, in its own words.
    pub agent: Option<String>,
}

impl Token {
    /// True if it works at this moment.
    pub fn is_live(&self, now: Time) -> bool {
        self.expires_at.is_none_or(|end| end > now)
    }
}

/// The tokens of a connection, the newest first, with those that expired. What is noted of their use and not written yet
/// counts, too.
pub async fn tokens(tx: &mut Read, uses: &Uses, connection: i64) -> Result<Vec<Token>> {
    let mut found = stored(tx, connection).await?;
    for token in &mut found {
        if let Some(Use { at, address, agent }) = uses.noted(token.id) {
            (token.used_at, token.address, token.agent) = (Some(at), address, agent);
        }
    }
    Ok(found)
}

async fn stored(tx: &mut Read, connection: i64) -> Result<Vec<Token>> {
    tx.all(sql!(
        "SELECT t.id, t.prefix, t.origin, t.created_at, t.expires_at, u.used_at, u.address, u.agent
         FROM scim_tokens t LEFT JOIN scim_token_uses u ON u.token_id = t.id
         WHERE t.connection_id = $1 ORDER BY t.id DESC",
        connection
    ))
    .await
}

/// What it takes to make a token.
#[derive(Clone, Debug, Default)]
pub struct NewToken {
    /// When it stops working.
    pub expires_at: Option<Time>,
    /// How long the one before it goes on working.
    pub overlap: Duration,
    /// The token itself, if it exists elsewhere already.
    pub secret: Option<String>,
}

/// Makes a token; the secret is returned once. The newest of those that work goes on for the overlap, and no longer than
/// it would have; all others stop working.
pub async fn issue(
    tx: &mut Change,
    entropy: &Entropy,
    connection: i64,
    new: NewToken,
) -> Result<(Token, String)> {
    let now = tx.now();
    if new.expires_at.is_some_and(|end| end <= now) {
        return Err(Error::bad_data("A token must stop working in the future."));
    }
    lock(tx, connection).await?;
    let (secret, source) = match new.secret {
        Some(secret) => (secret, Source::Imported),
        None => (format!("{MARK}{}", entropy.hex::<32>()), Source::Made),
    };
    let until = now.plus(new.overlap);
    let mut kept = false;
    for token in stored(tx, connection).await? {
        if kept || new.overlap.is_zero() || !token.is_live(now) {
            drop_token(tx, connection, &token).await?;
            continue;
        }
        kept = true;
        if token.expires_at.is_none_or(|end| end > until) {
            tx.execute(sql!("UPDATE scim_tokens SET expires_at = $2 WHERE id = $1", token.id, until)).await?;
            let after = Token { expires_at: Some(until), ..token.clone() };
            tx.record(Event::updated(
                Fact::ScimTokenUpdated,
                &about(connection, &token),
                &about(connection, &after),
            ));
        }
    }
    let made = insert(tx, connection, &secret, source, new.expires_at).await?;
    Ok((made, secret))
}

/// Makes `secret` the only token of a connection.
pub async fn replace(tx: &mut Change, connection: i64, secret: &str, source: Source) -> Result<()> {
    lock(tx, connection).await?;
    for token in stored(tx, connection).await? {
        drop_token(tx, connection, &token).await?;
    }
    insert(tx, connection, secret, source, None).await.map(drop)
}

/// The connection that has this token, if it still works.
pub async fn holder(tx: &mut Read, secret: &str, now: Time) -> Result<Option<i64>> {
    let found: Option<(i64,)> = tx
        .optional(sql!(
            "SELECT connection_id FROM scim_tokens
             WHERE digest = $1 AND (expires_at IS NULL OR expires_at > $2)",
            digest(secret),
            now
        ))
        .await?;
    Ok(found.map(|(connection,)| connection))
}

/// Ends a token at once.
pub async fn revoke(tx: &mut Change, connection: i64, id: i64) -> Result<()> {
    lock(tx, connection).await?;
    let found = stored(tx, connection).await?.into_iter().find(|token| token.id == id);
    let token = found.ok_or_else(|| Error::not_found("This connection has no such token."))?;
    drop_token(tx, connection, &token).await
}

async fn drop_token(tx: &mut Change, connection: i64, token: &Token) -> Result<()> {
    tx.execute(sql!("DELETE FROM scim_tokens WHERE id = $1", token.id)).await?;
    tx.record(Event::deleted(Fact::ScimTokenDeleted, &about(connection, token)));
    Ok(())
}

async fn insert(
    tx: &mut Change,
    connection: i64,
    secret: &str,
    source: Source,
    expires_at: Option<Time>,
) -> Result<Token> {
    let length = secret.chars().count();
    if !(SHORTEST..=LONGEST).contains(&length) || !secret.chars().all(|c| c.is_ascii_graphic()) {
        return Err(Error::bad_data(format!(
            "A provisioning token needs between {SHORTEST} and {LONGEST} characters: letters, digits and signs of ASCII, \
             no spaces."
        )));
    }
    let digest = digest(secret);
    let taken: Option<(i64,)> =
        tx.optional(sql!("SELECT id FROM scim_tokens WHERE digest = $1", &digest)).await?;
    if taken.is_some() {
        return Err(Error::rejected(Kind::NameExists, "A connection has this token already."));
    }
    let now = tx.now();
    // Whoever sees what is shown must not have gained much on the rest.
    let prefix: String = secret.chars().take(SHOWN.min(length / 4)).collect();
    let (id,): (i64,) = tx
        .one(sql!(
            "INSERT INTO scim_tokens (connection_id, digest, prefix, origin, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
            connection,
            digest,
            &prefix,
            source.name(),
            now,
            expires_at
        ))
        .await?;
    let token = Token {
        id,
        prefix: Some(prefix),
        source,
        created_at: now,
        expires_at,
        used_at: None,
        address: None,
        agent: None,
    };
    tx.record(Event::created(Fact::ScimTokenCreated, &about(connection, &token)));
    Ok(token)
}

/// What the event log keeps of a token.
fn about(connection: i64, token: &Token) -> serde_json::Value {
    json!({
        "connection": connection,
        "id": token.id,
        "prefix": token.prefix,
        "origin": token.source,
        "expiresAt": token.expires_at,
    })
}
