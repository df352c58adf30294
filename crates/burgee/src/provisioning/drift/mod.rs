//! Drift: where what an identity provider last pushed is not what is true now. Many of them never look, so that only
//! burgee can tell; and it can make true again what was last pushed.
//!
//! Removals that an admin discarded are drift, too: [`super::hold::held`] lists them, [`super::hold::apply`] does them.

mod groups;
mod people;
mod unowned;

use serde_json::json;

pub use self::groups::{Group, Hand, groups};
pub use self::people::{Difference, Person, people};
pub use self::unowned::{Unowned, unowned};
use super::resource::{Noun, Row, rows};
use super::{Provisioned, connection, group, user};
use crate::error::{Error, Result};
use crate::events::{Change, Event, Fact};
use crate::sql;

/// How many people, or groups, are shown on a page.
const SIZE: i64 = 50;
/// How many people and groups are repaired at once, at most.
const MOST: usize = 500;

/// A page of a list that is read on from a mark.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// What was found.
    pub found: Vec<T>,
    /// After which key to go on; none at the end. There may be more although nothing was found so far.
    pub next: Option<i64>,
}

/// Makes true again what the connection last pushed of some people and groups, given by their ids here: how many
/// differed. The last admin keeps access, and so does whoever is held. Members of groups who were added by hand stay: the identity provider never
/// spoke of them.
pub async fn repair(tx: &mut Change, connection: i64, users: &[i64], groups: &[i64]) -> Result<usize> {
    if users.len() + groups.len() > MOST {
        return Err(Error::bad_data(format!("At most {MOST} people and groups are repaired at once.")));
    }
    connection::get(tx, connection).await?;
    let (mut people, mut renamed) = (Vec::new(), Vec::new());
    for found in locked(tx, Noun::User, connection, users).await? {
        if user::repair(tx, &found).await? {
            people.push(found.local_id);
        }
    }
    for found in locked(tx, Noun::Group, connection, groups).await? {
        if group::repair(tx, &found).await? {
            renamed.push(found.local_id);
        }
    }
    let count = people.len() + renamed.len();
    if count > 0 {
        let fact = json!({ "connection": connection, "userIds": people, "groupIds": renamed });
        tx.record(Event::created(Fact::ScimDriftRepaired, &fact));
    }
    Ok(count)
}

/// Those of a connection among some ids, each kept from being changed by others.
async fn locked(tx: &mut Change, noun: Noun, connection: i64, ids: &[i64]) -> Result<Vec<Provisioned>> {
    let ids = serde_json::to_string(ids)?;
    let sql = match noun {
        Noun::User => sql!(
            concat!(
                rows!("user"),
                " WHERE r.user_id IN ({ids:$1}) AND r.connection_id = $2 ORDER BY r.id{lock}"
            ),
            ids,
            connection
        ),
        Noun::Group => sql!(
            concat!(
                rows!("group"),
                " WHERE r.group_id IN ({ids:$1}) AND r.connection_id = $2 ORDER BY r.id{lock}"
            ),
            ids,
            connection
        ),
    };
    let found: Vec<Row> = tx.all(sql).await?;
    found.into_iter().map(Provisioned::try_from).collect()
}
