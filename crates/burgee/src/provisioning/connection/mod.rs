//! Connections to identity providers, and the tokens with which they call. The default one exists from the first start.

mod admission;
mod assertion;
mod choice;
mod client;
mod giving;
mod network;
mod removal;
mod setup;
mod token;
mod uses;

use burgee_scim::Mode;
use serde::Serialize;

pub use self::admission::{Admitted, Rates, Refusal, by_token};
pub use self::assertion::ALGORITHMS;
pub use self::choice::{
    Fate, OnMatch, PatchAnswer, Provider, RootConflict, Source, Strictness, UnknownMembers,
};
pub use self::client::{
    Client, LIFE, Proof, access_token, claimant, client, give_keys, give_secret, remove_client,
};
pub use self::giving::Giving;
pub use self::network::Network;
pub use self::removal::delete;
pub use self::setup::{Setup, UNSAFE, configure, create, enable, pause, rehearse};
pub use self::token::{NewToken, Token, holder, issue, replace, revoke, tokens};
pub use self::uses::{Use, Uses};
use crate::clock::Time;
use crate::db::Read;
use crate::error::{Error, Result};
use crate::events::Change;
use crate::sql;

/// The connection that Unleash's endpoints act on.
pub const DEFAULT: i64 = 1;

/// A connection and how it is set up.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// Its number.
    pub id: i64,
    /// What was chosen for it.
    #[serde(flatten)]
    #[sqlx(flatten)]
    pub setup: Setup,
    /// What it has to say about roles.
    #[serde(flatten)]
    #[sqlx(flatten)]
    pub giving: Giving,
    /// Whether the identity provider gets in.
    pub enabled: bool,
    /// Whether its calls have to come again later.
    pub paused: bool,
    /// Whether its calls are answered as if they were done, and are not.
    pub dry_run: bool,
    /// Rises with every change of what is above.
    pub version: i64,
}

/// The columns of a [`Connection`] in `scim_connections c`.
macro_rules! columns {
    () => {
        "c.id, c.name, c.slug, c.provider, c.mode, c.patch_answer, c.on_match, c.unknown_members, c.rate, c.networks, \
         c.heeds_roles, c.usual_role, c.root_conflict, c.gives_admin, c.enabled, c.paused, c.dry_run, c.version"
    };
}
use columns;

impl Connection {
    /// How forgiving the service is, in the engine's words.
    pub fn mode(&self) -> Mode {
        self.setup.mode.into()
    }
}

/// The connection with this number.
pub async fn get(tx: &mut Read, id: i64) -> Result<Connection> {
    let sql = sql!(concat!("SELECT ", columns!(), " FROM scim_connections c WHERE c.id = $1"), id);
    tx.optional(sql).await?.ok_or_else(unknown)
}

/// Keeps everybody else from changing a connection until the transaction ends.
pub async fn lock(tx: &mut Change, id: i64) -> Result<Connection> {
    let sql = sql!("SELECT id FROM scim_connections WHERE id = $1{lock}", id);
    let _: Option<(i64,)> = tx.optional(sql).await?;
    get(tx, id).await
}

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
    /// The connection.
    #[sqlx(flatten)]
    pub connection: Connection,
    /// When its newest token was made, if it has one.
    pub token_at: Option<Time>,
    /// Until when one of its tokens works; for ever, if that is beyond all times.
    token_until: Option<Time>,
    /// Whether it has an OAuth client that can show who it is.
    pub has_client: bool,
    /// When it last called.
    pub called_at: Option<Time>,
    /// How many people it manages.
    pub users: i64,
    /// How many of them have no access because it says so.
    pub inactive: i64,
    /// How many groups it manages.
    pub groups: i64,
}

impl Overview {
    /// True if the identity provider could show who it is at this moment.
    pub fn has_way_in(&self, now: Time) -> bool {
        self.has_client || self.token_until.is_some_and(|until| until > now)
    }
}

/// `sql!` text that selects [`Overview`]s; a condition follows.
macro_rules! select_overviews {
    ($rest:literal $(, $arg:expr)*) => {
        sql!(concat!(
            "SELECT ",
            columns!(),
            ",
                (SELECT MAX(t.created_at) FROM scim_tokens t WHERE t.connection_id = c.id) AS token_at,
                (SELECT MAX(COALESCE(t.expires_at, 9223372036854775807)) FROM scim_tokens t
                 WHERE t.connection_id = c.id) AS token_until,
                EXISTS (SELECT 1 FROM scim_clients o WHERE o.connection_id = c.id
                        AND (o.secret_digest IS NOT NULL OR o.keys IS NOT NULL)) AS has_client,
                (SELECT n.last_at FROM seen n WHERE n.subject = 'scim' AND n.id = c.id) AS called_at,
                (SELECT COUNT(*) FROM scim_users u WHERE u.connection_id = c.id) AS users,
                (SELECT COUNT(*) FROM scim_users u JOIN users a ON a.id = u.user_id
                 WHERE u.connection_id = c.id AND u.active = FALSE AND a.active = FALSE) AS inactive,
                (SELECT COUNT(*) FROM scim_groups g WHERE g.connection_id = c.id) AS groups
         FROM scim_connections c ",
            $rest
        ) $(, $arg)*)
    };
}

/// All connections, in the order in which they were made.
pub async fn list(tx: &mut Read) -> Result<Vec<Overview>> {
    tx.all(select_overviews!("ORDER BY c.id")).await
}

/// One connection, as admins see it.
pub async fn overview(tx: &mut Read, id: i64) -> Result<Overview> {
    tx.optional(select_overviews!("WHERE c.id = $1", id)).await?.ok_or_else(unknown)
}

fn unknown() -> Error {
    Error::not_found("There is no such connection.")
}

/// The address that the identity provider is given, on a server that is reached at `base`. Any mount point would do, as
/// the token decides; at one of its own, a connection refuses the token of another.
pub fn url(base: &str, connection: &Connection) -> String {
    if connection.id == DEFAULT {
        format!("{base}/scim")
    } else {
        format!("{base}/scim/c/{}", connection.setup.slug)
    }
}
