//! Removals that wait, or were discarded, as admins see them.

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::db::Read;
use crate::error::Result;
use crate::sql;

/// What the identity provider asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum Kind {
    /// That somebody lose their access.
    Deactivate,
    /// That an account go.
    Delete,
    /// That somebody leave a group.
    Leave,
    /// That a group go.
    DeleteGroup,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Deactivate, Self::Delete, Self::Leave, Self::DeleteGroup];

    /// As it is stored and sent.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deactivate => "deactivate",
            Self::Delete => "delete",
            Self::Leave => "leave",
            Self::DeleteGroup => "delete-group",
        }
    }
}

impl TryFrom<String> for Kind {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or(text)
    }
}

/// Whether a removal is still to be decided upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum State {
    /// It waits.
    Waiting,
    /// An admin said no to it.
    Discarded,
}

/// A removal that was not done.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Held {
    /// Its number; they rise.
    pub id: i64,
    /// What was asked for.
    #[sqlx(try_from = "String")]
    pub kind: Kind,
    /// Whom it is about.
    pub user_id: Option<i64>,
    /// What they are called.
    pub user_name: Option<String>,
    /// Which group it is about.
    pub group_id: Option<i64>,
    /// What it is called.
    pub group_name: Option<String>,
    /// Since when.
    pub since: Time,
    /// When it was discarded, if it was.
    pub discarded_at: Option<Time>,
    /// By whom.
    pub discarded_by: Option<String>,
    /// By which call, if the journal still has it.
    pub call: Option<String>,
}

/// What waits of an account, or of a group.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Pending {
    /// What was asked for.
    #[sqlx(try_from = "String")]
    pub kind: Kind,
    /// By which connection.
    pub connection: i64,
    /// What that is called.
    pub name: String,
    /// Since when; of members, the first.
    pub since: Time,
    /// How many removals these are: one, or as many as members are to leave.
    pub count: i64,
}

/// The removal of an account that waits.
pub async fn of_user(tx: &mut Read, id: i64) -> Result<Option<Pending>> {
    pending(tx, Some(id), None).await
}

/// The removal of a group, or of members of it, that waits.
pub async fn of_group(tx: &mut Read, id: i64) -> Result<Option<Pending>> {
    pending(tx, None, Some(id)).await
}

async fn pending(tx: &mut Read, user: Option<i64>, group: Option<i64>) -> Result<Option<Pending>> {
    tx.optional(sql!(
        "SELECT h.kind, h.connection_id AS connection, c.name, MIN(h.since) AS since, COUNT(*) AS count
         FROM scim_held h JOIN scim_connections c ON c.id = h.connection_id
         WHERE h.discarded_at IS NULL AND ((h.user_id = $1 AND h.group_id IS NULL) OR h.group_id = $2)
         GROUP BY h.kind, h.connection_id, c.name ORDER BY h.kind LIMIT 1",
        user,
        group
    ))
    .await
}

/// The next `limit` removals of a connection after number `after`, or of those among them that are chosen by number.
pub async fn held(
    tx: &mut Read,
    connection: i64,
    state: State,
    chosen: Option<&[i64]>,
    after: i64,
    limit: i64,
) -> Result<Vec<Held>> {
    let chosen = chosen.map(serde_json::to_string).transpose()?;
    tx.all(sql!(
        "SELECT h.id, h.kind, h.user_id, COALESCE(NULLIF(u.name, ''), u.username, u.email) AS user_name, h.group_id,
                g.name AS group_name, h.since, h.discarded_at, h.discarded_by,
                (SELECT c.id FROM scim_call_subjects x JOIN scim_calls c ON c.id = x.call_id
                 WHERE x.noun = CASE WHEN h.group_id IS NULL THEN 'User' ELSE 'Group' END
                   AND x.local_id = COALESCE(h.group_id, h.user_id) AND c.connection_id = h.connection_id
                   AND c.at <= h.since AND c.verb IN ('change', 'remove', 'create')
                 ORDER BY x.call_id DESC LIMIT 1) AS call
         FROM scim_held h LEFT JOIN users u ON u.id = h.user_id LEFT JOIN groups g ON g.id = h.group_id
         WHERE h.connection_id = $1 AND h.id > $2 AND (h.discarded_at IS NULL) = $3
           AND (CAST($5 AS TEXT) IS NULL OR h.id IN ({ids:COALESCE($5, '[]')})) ORDER BY h.id LIMIT $4",
        connection,
        after,
        state == State::Waiting,
        limit,
        chosen
    ))
    .await
}
