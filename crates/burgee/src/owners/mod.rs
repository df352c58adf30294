//! Who answers for a flag: a person or a group, at first whoever made it.
//!
//! When owners lose their account, or their group is removed, their flags go to whom the [`Policy`] says, or are listed
//! until somebody takes over. Nobody gets flags back by coming back.

mod heir;
mod left;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use self::heir::{manager, named, word};
pub use self::left::{Abandoned, Departed, Orphan, departed, group_gone, hand_over, left};
use crate::access::{Sight, visible};
use crate::db::Read;
use crate::error::{Error, Result};
use crate::events::{Change, Event, Fact};
use crate::instance::settings::{self, Setting};
use crate::sql;

/// Who answers for a flag.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ownerIdSchema")]
pub enum Owner {
    /// A person, by id.
    User(i64),
    /// A group, by id.
    Group(i64),
}

impl Owner {
    const fn user(self) -> Option<i64> {
        match self {
            Self::User(id) => Some(id),
            Self::Group(_) => None,
        }
    }

    const fn group(self) -> Option<i64> {
        match self {
            Self::Group(id) => Some(id),
            Self::User(_) => None,
        }
    }

    fn of(user: Option<i64>, group: Option<i64>) -> Option<Self> {
        user.map(Self::User).or(group.map(Self::Group))
    }
}

/// An owner with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Who.
    pub owner: Owner,
    /// What people call them.
    pub name: String,
    /// True if they left: nobody answers for the flag.
    pub left: bool,
}

impl Named {
    /// As events tell it.
    fn state(&self) -> Value {
        json!({ "owner": self.owner, "name": self.name })
    }
}

/// What becomes of the flags of people who leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", tag = "onLeave")]
#[schemars(rename = "flagOwnersPolicySchema")]
pub enum Policy {
    /// They are listed until somebody takes over.
    #[default]
    List,
    /// They go to the manager, as the identity provider tells: to the first one above who is active.
    Manager,
    /// They go to a group.
    Group {
        /// Which one.
        group: i64,
    },
}

impl Setting for Policy {
    const NAME: &'static str = "burgee.flag-owners";
}

/// Makes a policy hold for whoever leaves from now on. Refused if it names a group that there is not.
pub async fn decide(tx: &mut Change, policy: Policy) -> Result<()> {
    if let Policy::Group { group } = policy {
        ensure(tx, Owner::Group(group)).await?;
    }
    settings::store(tx, &policy).await
}

/// SQL: the columns of [`Row`] from `flag_owners o`, with `LEFT JOIN users u` and `LEFT JOIN groups g`.
macro_rules! owner {
    () => {
        "o.user_id, o.group_id, COALESCE(NULLIF(u.name, ''), u.username, u.email, g.name, o.left_name) AS name,
         o.left_at IS NOT NULL OR NOT COALESCE(u.active, TRUE) AS gone"
    };
    (join) => {
        " LEFT JOIN users u ON u.id = o.user_id LEFT JOIN groups g ON g.id = o.group_id "
    };
}
use owner;

#[derive(sqlx::FromRow)]
struct Row {
    user_id: Option<i64>,
    group_id: Option<i64>,
    name: Option<String>,
    gone: bool,
}

impl Row {
    fn named(self) -> Option<Named> {
        let owner = Owner::of(self.user_id, self.group_id)?;
        let unnamed = || match owner {
            Owner::User(id) => format!("user {id}"),
            Owner::Group(id) => format!("group {id}"),
        };
        Some(Named {
            owner,
            name: self.name.filter(|name| !name.is_empty()).unwrap_or_else(unnamed),
            left: self.gone,
        })
    }
}

/// Who answers for a flag, or did before they left.
pub async fn of(tx: &mut Read, feature: &str) -> Result<Option<Named>> {
    let row: Option<Row> = tx
        .optional(sql!(
            concat!("SELECT ", owner!(), " FROM flag_owners o", owner!(join), "WHERE o.feature = $1"),
            feature
        ))
        .await?;
    Ok(row.and_then(Row::named))
}

/// Everybody who answers for flags that are seen, by name.
pub async fn all(tx: &mut Read, sight: &Sight, limit: i64) -> Result<Vec<Named>> {
    let rows: Vec<Row> = tx
        .all(sql!(
            concat!(
                "SELECT DISTINCT ",
                owner!(),
                " FROM flag_owners o JOIN features f ON f.name = o.feature
                 AND f.archived_at IS NULL JOIN projects p ON p.id = f.project",
                owner!(join),
                "WHERE o.left_at IS NULL AND COALESCE(u.active, TRUE) AND ",
                visible!("p", "$1"),
                " ORDER BY name LIMIT $2"
            ),
            sight.param()?,
            limit
        ))
        .await?;
    Ok(rows.into_iter().filter_map(Row::named).collect())
}

/// Lets whoever makes a flag answer for it, if they are a person.
pub async fn begin(tx: &mut Change, feature: &str) -> Result<()> {
    let author = tx.actor().user_id();
    tx.execute(sql!(
        "INSERT INTO flag_owners (feature, user_id)
         SELECT CAST($1 AS TEXT), id FROM users WHERE id = $2 AND is_service = FALSE AND is_system = FALSE
         ON CONFLICT DO NOTHING",
        feature,
        author
    ))
    .await
    .map(drop)
}

/// Makes somebody answer for a flag, which the caller has locked, or nobody. Recorded unless it is so already.
pub async fn set(
    tx: &mut Change,
    project: &str,
    feature: &str,
    owner: Option<Owner>,
) -> Result<Option<Named>> {
    let before = of(tx, feature).await?;
    let after = match owner {
        Some(owner) => Some(ensure(tx, owner).await?),
        None => None,
    };
    let stays = before.as_ref().filter(|before| !before.left).map(|before| before.owner);
    if stays == owner && before.is_some() == owner.is_some() {
        return Ok(after);
    }
    match owner {
        Some(owner) => {
            tx.execute(sql!(
                "INSERT INTO flag_owners (feature, user_id, group_id) VALUES ($1, $2, $3)
                 ON CONFLICT (feature) DO UPDATE SET user_id = excluded.user_id, group_id = excluded.group_id,
                                                     left_name = NULL, left_at = NULL",
                feature,
                owner.user(),
                owner.group()
            ))
            .await?;
        }
        None => {
            tx.execute(sql!("DELETE FROM flag_owners WHERE feature = $1", feature)).await?;
        }
    }
    record(tx, project, feature, before.as_ref(), after.as_ref());
    Ok(after)
}

fn record(tx: &mut Change, project: &str, feature: &str, before: Option<&Named>, after: Option<&Named>) {
    let event = Event {
        data: after.map(Named::state),
        pre_data: before.map(Named::state),
        ..Event::bare(Fact::FeatureOwnerChanged)
    };
    tx.record(event.within(Some(project.to_owned()), None).on(feature));
}

/// Refuses an owner who could not answer: somebody without an active account, no person, or no group.
async fn ensure(tx: &mut Read, owner: Owner) -> Result<Named> {
    let row: Option<(Option<String>,)> = match owner {
        Owner::User(id) => {
            tx.optional(sql!(
                "SELECT COALESCE(name, username, email) AS name FROM users
                 WHERE id = $1 AND active = TRUE AND is_service = FALSE AND is_system = FALSE AND deleted_at IS NULL",
                id
            ))
            .await?
        }
        Owner::Group(id) => tx.optional(sql!("SELECT name FROM groups WHERE id = $1", id)).await?,
    };
    let Some((name,)) = row else {
        return Err(Error::bad_data(match owner {
            Owner::User(id) => format!("\"owner\": there is no active person with the id {id}."),
            Owner::Group(id) => format!("\"owner\": there is no group with the id {id}."),
        }));
    };
    Ok(Named { owner, name: name.unwrap_or_default(), left: false })
}
