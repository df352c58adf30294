//! What users and groups have in common once they are provisioned.

use burgee_scim::Object;
use serde_json::Value;

use crate::clock::Time;
use crate::db::Read;
use crate::error::{Error, Kind, Result};
use crate::events::Change;
use crate::sql;

/// What identity providers provision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Noun {
    /// Users.
    User,
    /// Groups.
    Group,
}

impl Noun {
    /// As SCIM names the type of such resources.
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }

    /// The noun of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::User, Self::Group].into_iter().find(|noun| noun.name() == name)
    }
}

/// A provisioned user or group.
#[derive(Clone, Debug)]
pub struct Provisioned {
    /// Its place in the connection's order.
    pub key: i64,
    /// The id of the user or group it stands for.
    pub local_id: i64,
    /// The id that the identity provider knows.
    pub scim_id: String,
    /// Everything that the identity provider sent; without `id`, `meta`, `groups` and `members`.
    pub document: Object,
    /// Rises with every change.
    pub version: i64,
    /// When it was provisioned.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

/// SQL that selects [`Row`]s from `scim_users` or `scim_groups`, under the name `r`; a condition follows.
macro_rules! rows {
    ($noun:literal) => {
        concat!(
            "SELECT r.id, r.",
            $noun,
            "_id AS local_id, r.scim_id, r.document, r.version, r.created_at, r.updated_at FROM scim_",
            $noun,
            "s r"
        )
    };
}
pub(super) use rows;

/// `sql!` text that selects the [`Row`]s of users or of groups; a condition follows.
macro_rules! select {
    ($noun:expr, $rest:literal $(, $arg:expr)*) => {
        match $noun {
            Noun::User => sql!(concat!(rows!("user"), $rest) $(, $arg)*),
            Noun::Group => sql!(concat!(rows!("group"), $rest) $(, $arg)*),
        }
    };
}

/// The user or group with this SCIM id, if it belongs to the connection.
pub async fn find(tx: &mut Read, noun: Noun, connection: i64, id: &str) -> Result<Option<Provisioned>> {
    let sql = select!(noun, " WHERE r.connection_id = $1 AND r.scim_id = $2", connection, id);
    tx.optional::<Row>(sql).await?.map(Provisioned::try_from).transpose()
}

/// Like [`find`], and keeps everybody else from changing it, or the members of a group, until the transaction ends.
pub async fn find_locked(
    tx: &mut Change,
    noun: Noun,
    connection: i64,
    id: &str,
) -> Result<Option<Provisioned>> {
    let sql = select!(noun, " WHERE r.connection_id = $1 AND r.scim_id = $2{lock}", connection, id);
    tx.optional::<Row>(sql).await?.map(Provisioned::try_from).transpose()
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: i64,
    local_id: i64,
    scim_id: String,
    document: String,
    version: i64,
    created_at: Time,
    updated_at: Time,
}

impl TryFrom<Row> for Provisioned {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            key: row.id,
            local_id: row.local_id,
            scim_id: row.scim_id,
            document: serde_json::from_str(&row.document)?,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// A text of a document; empty counts as absent.
pub(super) fn text<'a>(document: &'a Object, name: &str) -> Option<&'a str> {
    document.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// It is here already, managed by hand, and the connection adopts nothing.
pub(super) fn kept(resource: &str) -> Error {
    let message =
        format!("This {resource} exists already and is managed by hand: the connection adopts nobody.");
    Error::rejected(Kind::NameExists, message)
}

/// Somebody else has this value already. The detail names the attribute, and nothing of the other.
pub(super) fn taken(resource: &str, attribute: &str) -> Error {
    Error::rejected(Kind::NameExists, format!("A {resource} with this {attribute} already exists."))
}
