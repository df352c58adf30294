//! OAuth 2.0 clients (RFC 6749 §4.4): an identity provider shows a secret or a signed assertion, and gets access tokens
//! that live for an hour.

use std::time::Duration;

use serde_json::json;

use super::assertion::{self, Keys};
use super::lock;
use crate::clock::Time;
use crate::db::{Db, Read};
use crate::entropy::{Entropy, digest};
use crate::error::{Error, Result};
use crate::events::{Change, Event, Fact};
use crate::{keep, sql};

/// How long an access token works.
pub const LIFE: Duration = Duration::from_hours(1);
/// How many access tokens of a connection work at the same time.
const MOST: i64 = 100;
/// The longest text of keys, in bytes.
const LONGEST_KEYS: usize = 32 * 1024;
/// What secrets and access tokens begin with, so that scanners for leaked secrets know them.
const SECRET_MARK: &str = "bgc_";
const ACCESS_MARK: &str = "bga_";
/// How many characters of a secret are shown.
const SHOWN: usize = 12;

/// The client of a connection, without its secret.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Client {
    /// What it is called on the wire.
    pub client_id: String,
    /// How its secret begins, if it has one.
    pub secret_prefix: Option<String>,
    /// Its public keys, as PEM or as a JWK set, if it has any.
    pub keys: Option<String>,
    /// When it was made.
    pub created_at: Time,
    /// When it got its newest access token.
    pub token_at: Option<Time>,
}

/// The client of a connection, if it has one.
pub async fn client(tx: &mut Read, connection: i64) -> Result<Option<Client>> {
    tx.optional(sql!(
        "SELECT c.client_id, c.secret_prefix, c.keys, c.created_at,
                (SELECT MAX(t.created_at) FROM scim_access_tokens t WHERE t.connection_id = c.connection_id) AS token_at
         FROM scim_clients c WHERE c.connection_id = $1",
        connection
    ))
    .await
}

/// Gives the client of a connection a new secret, which is returned once, and makes the client if there is none. The
/// secret before stops working, and so do all access tokens.
pub async fn give_secret(tx: &mut Change, entropy: &Entropy, connection: i64) -> Result<(Client, String)> {
    let before = ensure(tx, entropy, connection).await?;
    let secret = format!("{SECRET_MARK}{}", entropy.hex::<32>());
    tx.execute(sql!(
        "UPDATE scim_clients SET secret_digest = $2, secret_prefix = $3 WHERE connection_id = $1",
        connection,
        digest(&secret),
        &secret[..SHOWN]
    ))
    .await?;
    Ok((changed(tx, connection, before.as_ref()).await?, secret))
}

/// Gives the client of a connection other public keys, and makes the client if there is none. All access tokens stop
/// working. Without keys, it shows a secret only.
pub async fn give_keys(
    tx: &mut Change,
    entropy: &Entropy,
    connection: i64,
    keys: Option<&str>,
) -> Result<Client> {
    if let Some(text) = keys {
        if text.len() > LONGEST_KEYS {
            return Err(Error::bad_data(format!("The keys must have {LONGEST_KEYS} bytes at most.")));
        }
        Keys::parse(text)?;
    }
    lock(tx, connection).await?;
    let keys = keys.map(str::trim);
    match client(tx, connection).await? {
        Some(there) if there.keys.as_deref() == keys => return Ok(there),
        None if keys.is_none() => return Err(Error::bad_data("Give at least one public key.")),
        _ => {}
    }
    let before = ensure(tx, entropy, connection).await?;
    tx.execute(sql!("UPDATE scim_clients SET keys = $2 WHERE connection_id = $1", connection, keys)).await?;
    changed(tx, connection, before.as_ref()).await
}

/// Removes the client of a connection with all its access tokens.
pub async fn remove_client(tx: &mut Change, connection: i64) -> Result<()> {
    lock(tx, connection).await?;
    let found = client(tx, connection).await?;
    let found = found.ok_or_else(|| Error::not_found("This connection has no OAuth client."))?;
    tx.execute(sql!("DELETE FROM scim_access_tokens WHERE connection_id = $1", connection)).await?;
    tx.execute(sql!("DELETE FROM scim_clients WHERE connection_id = $1", connection)).await?;
    tx.record(Event::deleted(Fact::ScimClientDeleted, &about(connection, &found)));
    Ok(())
}

/// The client as it is before a change; none if it is made just now.
async fn ensure(tx: &mut Change, entropy: &Entropy, connection: i64) -> Result<Option<Client>> {
    lock(tx, connection).await?;
    let found = client(tx, connection).await?;
    if found.is_none() {
        let (id, now) = (format!("burgee-{}", entropy.hex::<12>()), tx.now());
        tx.execute(sql!(
            "INSERT INTO scim_clients (connection_id, client_id, created_at) VALUES ($1, $2, $3)",
            connection,
            id,
            now
        ))
        .await?;
    }
    Ok(found)
}

async fn changed(tx: &mut Change, connection: i64, before: Option<&Client>) -> Result<Client> {
    tx.execute(sql!("DELETE FROM scim_access_tokens WHERE connection_id = $1", connection)).await?;
    let found = client(tx, connection).await?;
    let after = found.ok_or_else(|| Error::not_found("This connection has no OAuth client."))?;
    tx.record(match before {
        None => Event::created(Fact::ScimClientCreated, &about(connection, &after)),
        Some(before) => {
            Event::updated(Fact::ScimClientUpdated, &about(connection, before), &about(connection, &after))
        }
    });
    Ok(after)
}

fn about(connection: i64, client: &Client) -> serde_json::Value {
    json!({
        "connection": connection,
        "clientId": client.client_id,
        "secretPrefix": client.secret_prefix,
        "keys": client.keys,
    })
}

/// How a client shows who it is.
pub enum Proof {
    /// By its secret.
    Secret {
        /// The client.
        id: String,
        /// The secret.
        secret: String,
    },
    /// By an assertion (RFC 7523 §2.2).
    Assertion {
        /// The client, if it says so beside the assertion.
        id: Option<String>,
        /// The assertion.
        jwt: String,
    },
}

#[derive(sqlx::FromRow)]
struct Known {
    connection_id: i64,
    client_id: String,
    secret_digest: Option<String>,
    keys: Option<String>,
}

impl Proof {
    /// Which client it is said to come from, before anything is checked; none if that is no text.
    fn claimed(&self) -> Option<String> {
        let claimed = match self {
            Self::Secret { id, .. } | Self::Assertion { id: Some(id), .. } => Some(id.clone()),
            Self::Assertion { jwt, .. } => assertion::claimed(jwt),
        };
        // No client is called what no database can store.
        claimed.filter(|id| !id.contains('\0'))
    }
}

/// The connection, and the name, of the client that a proof is said to come from: for the journal, whether it is right
/// or not.
pub async fn claimant(db: &Db, proof: &Proof) -> Result<Option<(i64, String)>> {
    let Some(id) = proof.claimed() else { return Ok(None) };
    db.glance(sql!("SELECT connection_id, client_id FROM scim_clients WHERE client_id = $1", id)).await
}

/// Gives a client that shows who it is an access token. `audiences` are the names of this server that an assertion may
/// be meant for. `Err`: what is wrong with the proof, in a sentence that tells nothing of others.
pub async fn access_token(
    db: &Db,
    entropy: &Entropy,
    proof: &Proof,
    audiences: &[String],
    now: Time,
) -> Result<Result<String, &'static str>> {
    const UNKNOWN: &str = "There is no such client, or it has no such secret.";
    let Some(named) = proof.claimed() else {
        return Ok(Err(match proof {
            Proof::Assertion { id: None, .. } => "The assertion is no JSON web token.",
            _ => UNKNOWN,
        }));
    };
    let known: Option<Known> = db
        .glance(sql!(
            "SELECT connection_id, client_id, secret_digest, keys FROM scim_clients WHERE client_id = $1",
            named
        ))
        .await?;
    let Some(known) = known else { return Ok(Err(UNKNOWN)) };
    let used = match proof {
        Proof::Secret { secret, .. } => {
            if known.secret_digest != Some(digest(secret)) {
                return Ok(Err(UNKNOWN));
            }
            None
        }
        Proof::Assertion { jwt, .. } => {
            let Some(keys) = &known.keys else { return Ok(Err("This client has no keys here.")) };
            match assertion::verify(jwt, &Keys::parse(keys)?, &known.client_id, audiences, now) {
                Ok(used) => Some(used),
                Err(wrong) => return Ok(Err(wrong)),
            }
        }
    };
    let token = format!("{ACCESS_MARK}{}", entropy.hex::<32>());
    let connection = known.connection_id;
    let mut tx = db.bookkeep().await?;
    if let Some(used) = used {
        tx.execute(keep!("DELETE FROM scim_used_assertions WHERE expires_at <= $1", now)).await?;
        let first = tx
            .execute(keep!(
                "INSERT INTO scim_used_assertions (connection_id, jti, expires_at) VALUES ($1, $2, $3)
                 ON CONFLICT (connection_id, jti) DO NOTHING",
                connection,
                digest(&used.jti),
                used.until
            ))
            .await?;
        if first == 0 {
            return Ok(Err("It was used already: each assertion works once."));
        }
    }
    // Whoever changes the client at this moment goes first: then nothing is proved any more.
    let given = tx
        .execute(keep!(
            "INSERT INTO scim_access_tokens (connection_id, digest, created_at, expires_at)
             SELECT c.connection_id, CAST($2 AS TEXT), CAST($3 AS BIGINT), CAST($4 AS BIGINT) FROM scim_clients c
             WHERE c.connection_id = $1 AND c.client_id = $5 AND COALESCE(c.secret_digest, '') = $6
               AND COALESCE(c.keys, '') = $7{lock}",
            connection,
            digest(&token),
            now,
            now.plus(LIFE),
            &known.client_id,
            known.secret_digest.as_deref().unwrap_or_default(),
            known.keys.as_deref().unwrap_or_default()
        ))
        .await?;
    if given == 0 {
        return Ok(Err(UNKNOWN));
    }
    tx.execute(keep!(
        "DELETE FROM scim_access_tokens WHERE connection_id = $1 AND (expires_at <= $2 OR id NOT IN (
             SELECT id FROM scim_access_tokens WHERE connection_id = $1 ORDER BY id DESC LIMIT $3))",
        connection,
        now,
        MOST
    ))
    .await?;
    tx.commit().await?;
    Ok(Ok(token))
}
