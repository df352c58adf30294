//! People who are not what was last pushed.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::Value;

use super::{Page, SIZE};
use crate::clock::Time;
use crate::db::Read;
use crate::error::Result;
use crate::events::Fact;
use crate::provisioning::profile::Profile;
use crate::provisioning::user::address;
use crate::sql;

/// How many accounts are looked at together.
const CHUNK: i64 = 500;
/// How many are looked at for one page.
const LOOKED_AT: usize = 5_000;

/// What differs about somebody, or a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[schemars(rename = "driftDifferenceSchema")]
pub struct Difference {
    /// `name`, `username`, `email` or `active`.
    pub what: &'static str,
    /// What was last pushed.
    pub pushed: Option<String>,
    /// What is true now.
    pub now: Option<String>,
}

impl Difference {
    pub(super) fn between(what: &'static str, pushed: Option<&str>, now: Option<&str>) -> Option<Self> {
        let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        let (pushed, now) = (text(pushed), text(now));
        (pushed != now).then_some(Self { what, pushed, now })
    }
}

/// Somebody who is not what was last pushed.
#[derive(Clone, Debug)]
pub struct Person {
    /// The number of the account.
    pub id: i64,
    /// What it is called.
    pub name: String,
    /// In what it differs.
    pub differences: Vec<Difference>,
    /// When the identity provider last changed something.
    pub pushed_at: Time,
    /// When the account last changed.
    pub changed_at: Time,
    /// Who changed it then, if the log of events tells.
    pub changed_by: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    key: i64,
    id: i64,
    document: String,
    pushed_at: Time,
    name: Option<String>,
    username: Option<String>,
    email: Option<String>,
    active: bool,
    changed_at: Time,
    /// It keeps its access by an admin's word, or waits for one: told elsewhere.
    kept: bool,
}

/// The next people of a connection after the key `after` who are not what was last pushed. Only accounts that changed
/// since, or are not as active as they should be, are compared.
pub async fn people(tx: &mut Read, connection: i64, mut after: i64) -> Result<Page<Person>> {
    let mut found = Vec::new();
    let mut looked_at = 0;
    let size = usize::try_from(SIZE).unwrap_or(usize::MAX);
    let next = 'page: loop {
        let rows: Vec<Row> = tx
            .all(sql!(
                "SELECT s.id AS key, u.id, s.document, s.updated_at AS pushed_at, u.name, u.username, u.email, u.active,
                        u.updated_at AS changed_at,
                        EXISTS (SELECT 1 FROM scim_held h WHERE h.user_id = u.id AND h.kind = 'deactivate') AS kept
                 FROM scim_users s JOIN users u ON u.id = s.user_id
                 WHERE s.connection_id = $1 AND s.id > $2
                   AND (u.updated_at > s.updated_at OR u.active <> s.active) ORDER BY s.id LIMIT $3",
                connection,
                after,
                CHUNK
            ))
            .await?;
        let full = i64::try_from(rows.len()) == Ok(CHUNK);
        looked_at += rows.len();
        for row in rows {
            after = row.key;
            found.extend(compare(tx, row).await?);
            if found.len() >= size {
                break 'page Some(after);
            }
        }
        if !full || looked_at >= LOOKED_AT {
            break full.then_some(after);
        }
    };
    tell_who(tx, &mut found).await?;
    Ok(Page { found, next })
}

async fn compare(tx: &mut Read, row: Row) -> Result<Option<Person>> {
    let Row { id, document, pushed_at, name, username, email, active, changed_at, kept, .. } = row;
    let wanted = Profile::of(&serde_json::from_str(&document)?);
    let mut differences = Vec::new();
    if wanted.name.is_some() {
        differences.extend(Difference::between("name", wanted.name.as_deref(), name.as_deref()));
    }
    differences.extend(Difference::between("username", Some(&wanted.username), username.as_deref()));
    if wanted.email.is_some() && wanted.email != email {
        // An address that somebody else has is none that this account could get.
        let free = address(tx, &wanted, Some(id)).await?;
        differences.extend(Difference::between("email", free.as_deref(), email.as_deref()));
    }
    let word = |active: bool| Some(if active { "true" } else { "false" });
    if let Some(wanted) = wanted.active.filter(|_| !kept) {
        differences.extend(Difference::between("active", word(wanted), word(active)));
    }
    if differences.is_empty() {
        return Ok(None);
    }
    let called = [name, username, email].into_iter().flatten().find(|name| !name.is_empty());
    let name = called.unwrap_or(wanted.username);
    Ok(Some(Person { id, name, differences, pushed_at, changed_at, changed_by: None }))
}

#[derive(sqlx::FromRow)]
struct Author {
    created_at: Time,
    created_by: String,
    data: Option<String>,
}

/// Looks up who made the changes: an account bears the time of the event that changed it.
async fn tell_who(tx: &mut Read, people: &mut [Person]) -> Result<()> {
    let times: Vec<i64> = people.iter().map(|person| person.changed_at.millis()).collect();
    let events: Vec<Author> = tx
        .all(sql!(
            "SELECT created_at, created_by, data FROM events
             WHERE created_at IN ({ids:$1}) AND type IN ($2, $3) LIMIT 10000",
            serde_json::to_string(&times)?,
            Fact::UserUpdated.name(),
            Fact::AdminRetained.name()
        ))
        .await?;
    let mut authors = HashMap::new();
    for Author { created_at, created_by, data } in events {
        let data: Value = data.map(|text| serde_json::from_str(&text)).transpose()?.unwrap_or_default();
        if let Some(id) = data["id"].as_i64().or_else(|| data["user"]["id"].as_i64()) {
            authors.insert((id, created_at), created_by);
        }
    }
    for person in people {
        person.changed_by = authors.remove(&(person.id, person.changed_at));
    }
    Ok(())
}
