//! Connections to identity providers and their tokens. The default one exists from the first start.

use serde_json::json;

use crate::access::admins;
use crate::clock::Time;
use crate::db::Read;
use crate::entropy::{Entropy, digest};
use crate::error::{Error, Kind, Result};
use crate::events::{Change, Event, Fact};
use crate::sql;

/// The connection that Unleash's endpoints act on.
pub const DEFAULT: i64 = 1;

/// What Unleash's settings page shows of a connection.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub struct Settings {
    /// Whether the identity provider gets in.
    pub enabled: bool,
    /// Whether there is a token.
    pub has_token: bool,
}

/// The settings of a connection.
pub async fn settings(tx: &mut Read, connection: i64) -> Result<Settings> {
    tx.one(sql!(
        "SELECT c.enabled, EXISTS (SELECT 1 FROM scim_tokens t WHERE t.connection_id = c.id) AS has_token
         FROM scim_connections c WHERE c.id = $1",
        connection
    ))
    .await
}

/// A connection, as admins see it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Overview {
    /// Its number.
    pub id: i64,
    /// What it is called.
    pub name: String,
    /// Whether the identity provider gets in.
    pub enabled: bool,
    /// When its token was made, if it has one.
    pub token_at: Option<Time>,
    /// When it last called.
    pub called_at: Option<Time>,
    /// How many people it manages.
    pub users: i64,
    /// How many of them have no access because it says so.
    pub inactive: i64,
    /// How many groups it manages.
    pub groups: i64,
}

/// All connections.
pub async fn list(tx: &mut Read) -> Result<Vec<Overview>> {
    tx.all(sql!(
        "SELECT c.id, c.name, c.enabled,
                (SELECT MAX(t.created_at) FROM scim_tokens t WHERE t.connection_id = c.id) AS token_at,
                (SELECT n.last_at FROM seen n WHERE n.subject = 'scim' AND n.id = c.id) AS called_at,
                (SELECT COUNT(*) FROM scim_users u WHERE u.connection_id = c.id) AS users,
                (SELECT COUNT(*) FROM scim_users u WHERE u.connection_id = c.id AND u.active = FALSE) AS inactive,
                (SELECT COUNT(*) FROM scim_groups g WHERE g.connection_id = c.id) AS groups
         FROM scim_connections c ORDER BY c.id"
    ))
    .await
}

/// Lets an identity provider in, or shuts it out. Letting it in takes a proven way back in, so that it can never
/// lock everybody out of administration.
pub async fn enable(tx: &mut Change, connection: i64, enabled: bool) -> Result<()> {
    let before = settings(tx, connection).await?;
    if before.enabled == enabled {
        return Ok(());
    }
    if enabled && !admins::way_back_in(tx).await? {
        return Err(Error::rejected(
            Kind::Conflict,
            "Provisioning cannot be enabled: nobody could administer burgee if the identity provider removed its \
             admins. Keep an active admin with a password who is not provisioned, or give a provisioned group the \
             Admin role.",
        ));
    }
    let now = tx.now();
    tx.execute(sql!(
        "UPDATE scim_connections SET enabled = $2, updated_at = $3 WHERE id = $1",
        connection,
        enabled,
        now
    ))
    .await?;
    let state = |enabled: bool| json!({ "id": "scim", "connection": connection, "enabled": enabled });
    tx.record(Event::updated(Fact::SettingUpdated, &state(before.enabled), &state(enabled)));
    Ok(())
}

/// Makes a new token for a connection; the ones before it stop working. The secret is returned once: 64
/// hexadecimal digits, as Unleash makes them.
pub async fn new_token(tx: &mut Change, entropy: &Entropy, connection: i64) -> Result<String> {
    let secret = entropy.hex::<32>();
    replace_token(tx, connection, &secret).await?;
    Ok(secret)
}

/// Makes `secret` the only token of a connection.
pub async fn replace_token(tx: &mut Change, connection: i64, secret: &str) -> Result<()> {
    if secret.len() < 16 {
        return Err(Error::bad_data("A provisioning token needs at least 16 characters."));
    }
    let now = tx.now();
    tx.execute(sql!("DELETE FROM scim_tokens WHERE connection_id = $1", connection)).await?;
    tx.execute(sql!(
        "INSERT INTO scim_tokens (connection_id, digest, created_at) VALUES ($1, $2, $3)",
        connection,
        digest(secret),
        now
    ))
    .await?;
    tx.record(Event::created(Fact::ScimTokenCreated, &json!({ "connection": connection })));
    Ok(())
}
