//! People: whoever is not here yet gets an account, and stays managed by the identity provider that managed them.

use std::collections::{HashMap, HashSet};

use burgee_scim::{Object, fold};
use serde_json::{Value, json};

use super::fate::Fate;
use super::outcome::Outcome;
use super::source::Person;
use super::{Taken, root_roles};
use crate::access::admins::ADMIN_ROLE;
use crate::access::role;
use crate::clock::Time;
use crate::db::Read;
use crate::error::{Error, Result};
use crate::events::Change;
use crate::people::user::NewUser;
use crate::people::{password, user};
use crate::provisioning::{self, Noun};
use crate::sql;

/// How long the text of a bcrypt hash is.
const BCRYPT: usize = 60;

/// Takes over whoever is not here; tells who is who.
pub(super) async fn take(
    tx: &mut Change,
    connection: i64,
    people: &[Person],
    outcome: &mut Outcome,
) -> Result<HashMap<i64, Taken>> {
    let roles = root_roles(tx).await?;
    let removed = removed(tx).await?;
    let mut taken = HashMap::new();
    for person in people {
        let called = person.called();
        let why = match person {
            _ if person.is_deleted => Some("deleted in Unleash"),
            _ if person.is_service => Some("service accounts, which need new tokens anyway"),
            Person { username: None, email: None, .. } => Some("neither user name nor e-mail address"),
            _ => None,
        };
        if let Some(why) = why {
            outcome.users.out += 1;
            outcome.leave(why, called);
            continue;
        }
        let provisioned = usize::from(person.scim_id.is_some());
        match fate(tx, connection, person, &removed).await? {
            Fate::Conflict(with) => outcome.conflicts.push(format!("user {called}: {with}")),
            Fate::Gone => {
                outcome.users.out += 1;
                outcome.provisioned.out += provisioned;
                outcome.leave("removed here since", called);
            }
            Fate::Here(id) => {
                outcome.users.here += 1;
                outcome.provisioned.here += provisioned;
                taken.insert(person.id, Taken { id, new: false });
            }
            Fate::New => match make(tx, connection, person, &roles, outcome).await {
                Ok(id) => {
                    outcome.users.new += 1;
                    outcome.provisioned.new += provisioned;
                    taken.insert(person.id, Taken { id, new: true });
                }
                Err(Error::Rejected(refused)) => {
                    outcome.conflicts.push(format!("user {called}: {}", refused.message));
                }
                Err(error) => return Err(error),
            },
        }
    }
    Ok(taken)
}

#[derive(sqlx::FromRow)]
struct Account {
    id: i64,
    created_at: Time,
    username_ci: Option<String>,
    email_ci: Option<String>,
    root_role_id: i64,
    provisioned: bool,
}

async fn fate(tx: &mut Read, connection: i64, person: &Person, removed: &HashSet<Time>) -> Result<Fate> {
    if let Some(scim_id) = &person.scim_id
        && let Some(fate) = Fate::by_id(tx, connection, Noun::User, scim_id).await?
    {
        return Ok(fate);
    }
    let username = person.user_name().map(fold);
    let email = person.email.as_deref().map(fold);
    let accounts: Vec<Account> = tx
        .all(sql!(
            "SELECT u.id, u.created_at, u.username_ci, u.email_ci, u.root_role_id,
                    EXISTS (SELECT 1 FROM scim_users s WHERE s.user_id = u.id) AS provisioned
             FROM users u WHERE u.username_ci = $1 OR u.email_ci = $2 ORDER BY u.id",
            username.clone(),
            email.clone()
        ))
        .await?;
    let Some(account) = accounts.first() else {
        return Ok(if removed.contains(&person.created_at) { Fate::Gone } else { Fate::New });
    };
    let same = account.username_ci == username && account.email_ci == email;
    // Whoever was taken over before is known by when they came to Unleash. An admin of the same names, as the first one
    // of both usually is, gains nothing by whatever groups they are in.
    let known = account.created_at == person.created_at || (same && account.root_role_id == ADMIN_ROLE);
    if accounts.len() == 1 && known && person.scim_id.is_none() {
        return Ok(Fate::Here(account.id));
    }
    let kind = if account.provisioned { "a provisioned account" } else { "an account" };
    Ok(Fate::Conflict(format!(
        "the user name or e-mail address belongs to {kind} that is here already, number {}",
        account.id
    )))
}

/// When those came to Unleash who were removed here since: their names are gone. Unleash need not know when somebody came.
async fn removed(tx: &mut Read) -> Result<HashSet<Time>> {
    let found: Vec<(Time,)> = tx
        .all(sql!(
            "SELECT created_at FROM users WHERE deleted_at IS NOT NULL AND is_service = FALSE AND created_at > 0"
        ))
        .await?;
    Ok(found.into_iter().map(|(at,)| at).collect())
}

async fn make(
    tx: &mut Change,
    connection: i64,
    person: &Person,
    roles: &HashMap<String, i64>,
    outcome: &mut Outcome,
) -> Result<i64> {
    let root_role = match &person.role {
        None => role::VIEWER,
        Some(name) => roles.get(&fold(name)).copied().unwrap_or_else(|| {
            let why = format!("Viewers, since there is no root role \"{name}\"");
            outcome.leave(&why, person.called());
            role::VIEWER
        }),
    };
    let password_hash = person.password_hash.clone().filter(|hash| is_bcrypt(hash));
    let new = NewUser {
        name: person.name.clone(),
        username: person.user_name().map(str::to_owned),
        email: person.email.clone(),
        root_role,
        password_hash: password_hash.clone(),
        is_service: false,
    };
    let made = user::create(tx, new).await?;
    tx.execute(sql!("UPDATE users SET created_at = $2 WHERE id = $1", made.id, person.created_at)).await?;
    if let Some(hash) = password_hash {
        password::set(tx, made.id, &hash, None).await?;
        outcome.passwords.new += 1;
    } else if person.password_hash.is_some() {
        outcome.passwords.out += 1;
        outcome.leave("no password, since it was not hashed with bcrypt", person.called());
    }
    if let Some(scim_id) = &person.scim_id {
        let document = person.document();
        let since = person.created_at;
        provisioning::user::take_over(tx, connection, made.id, scim_id, &document, since).await?;
    }
    Ok(made.id)
}

fn is_bcrypt(hash: &str) -> bool {
    hash.len() == BCRYPT && ["$2a$", "$2b$", "$2y$"].iter().any(|mark| hash.starts_with(mark))
}

impl Person {
    /// What people know them by.
    pub(super) fn called(&self) -> String {
        let names = [&self.email, &self.username, &self.name];
        names.into_iter().flatten().next().cloned().unwrap_or_else(|| format!("user {}", self.id))
    }

    /// The user name here. To an identity provider, nobody is without one.
    fn user_name(&self) -> Option<&str> {
        let email = self.email.as_deref().filter(|_| self.scim_id.is_some());
        self.username.as_deref().or(email)
    }

    /// What the identity provider is told that it sent.
    fn document(&self) -> Object {
        let mut document = Object::new();
        let mut put = |name: &str, value: Value| {
            document.insert(name.to_owned(), value);
        };
        put("schemas", json!([burgee_scim::USER.schema.urn]));
        put("userName", json!(self.user_name()));
        if let Some(id) = &self.external_id {
            put("externalId", json!(id));
        }
        if let Some(name) = self.name.as_deref().filter(|name| !name.is_empty()) {
            put("name", json!({ "formatted": name }));
            put("displayName", json!(name));
        }
        if let Some(email) = &self.email {
            put("emails", json!([{ "value": email, "type": "work", "primary": true }]));
        }
        put("active", json!(true));
        document
    }
}
