//! Removing a connection, and what becomes of those whom it manages.

use serde_json::json;

use super::{DEFAULT, lock};
use crate::access::admins;
use crate::error::{Error, Kind, Result};
use crate::events::{Change, Event, Fact};
use crate::people::user::{self, Edit};
use crate::provisioning::guard;
use crate::sql;

/// What becomes of the people of a connection that is removed. Their groups stay, with whoever is in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// They stay as they are, and are managed by hand from now on.
    Release,
    /// They lose all access; an admin can activate them again, one by one.
    Deactivate,
}

impl Fate {
    /// As it is sent.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Deactivate => "deactivate",
        }
    }

    /// The fate of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Release, Self::Deactivate].into_iter().find(|fate| fate.name() == name)
    }
}

/// Removes a connection with its tokens. The last admin keeps access whatever was chosen.
pub async fn delete(tx: &mut Change, id: i64, fate: Fate) -> Result<()> {
    let connection = lock(tx, id).await?;
    if id == DEFAULT {
        return Err(Error::rejected(
            Kind::InvalidOperation,
            "The default connection stays: Unleash's endpoints act on it. Switch it off instead.",
        ));
    }
    let people: Vec<(i64,)> =
        tx.all(sql!("SELECT user_id FROM scim_users WHERE connection_id = $1 ORDER BY id{lock}", id)).await?;
    if fate == Fate::Deactivate {
        for (person,) in &people {
            if admins::is_last(tx, *person).await? {
                guard::retain(tx, *person, "delete connection").await?;
                continue;
            }
            user::update(tx, *person, Edit { active: Some(false), ..Edit::default() }).await?;
        }
    }
    let now = tx.now();
    for statement in [
        sql!(
            "INSERT INTO scim_tombstones (scim_id, connection_id, resource_type, local_id, external_id, deleted_at)
             SELECT scim_id, connection_id, 'User', user_id, external_id, $2 FROM scim_users WHERE connection_id = $1",
            id,
            now
        ),
        sql!(
            "INSERT INTO scim_tombstones (scim_id, connection_id, resource_type, local_id, external_id, deleted_at)
             SELECT scim_id, connection_id, 'Group', group_id, external_id, $2 FROM scim_groups WHERE connection_id = $1",
            id,
            now
        ),
        sql!("DELETE FROM scim_users WHERE connection_id = $1", id),
    ] {
        tx.execute(statement).await?;
    }
    let groups = tx.execute(sql!("DELETE FROM scim_groups WHERE connection_id = $1", id)).await?;
    tx.execute(sql!("DELETE FROM scim_connections WHERE id = $1", id)).await?;
    let mut gone = serde_json::to_value(&connection)?;
    gone["people"] = json!({ "count": people.len(), "became": fate.name() });
    gone["groups"] = json!(groups);
    tx.record(Event::deleted(Fact::ScimConnectionDeleted, &gone));
    Ok(())
}
