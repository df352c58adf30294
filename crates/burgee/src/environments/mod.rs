//! Environments: places in which every flag has a state of its own.
//!
//! A disabled environment is not offered to new projects; flags keep their state in it.

mod copy;
mod removal;

use std::collections::BTreeMap;

use serde::Serialize;

pub use self::copy::{Likeness, copy};
pub use self::removal::delete;
use crate::access::{Sight, visible};
use crate::db::Read;
use crate::error::{Error, Kind, Result};
use crate::events::{Change, Event, Fact};
use crate::sql;

/// As many as there may be.
const MOST: i64 = 50;
/// The longest name, in characters.
const LONGEST_NAME: usize = 100;
/// The longest type, in characters.
const LONGEST_TYPE: usize = 100;
/// Where an environment stands in lists if nobody says otherwise.
const LAST: i64 = 9999;
/// As many people as can be asked to approve.
pub const MOST_APPROVALS: i64 = 10;

/// An environment as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Environment {
    /// Names it everywhere.
    pub name: String,
    /// `development`, `test`, `pre-production`, `production`, or words of one's own.
    pub r#type: String,
    /// False: not offered to new projects.
    pub enabled: bool,
    /// True: cannot be deleted.
    pub protected: bool,
    /// Its place in lists.
    pub sort_order: i64,
    /// How many approvals changes need in new projects.
    pub required_approvals: Option<i64>,
}

/// An environment with what uses it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Usage {
    /// The environment.
    #[sqlx(flatten)]
    pub environment: Environment,
    /// Living projects that use it.
    pub projects: i64,
    /// API tokens for it.
    pub api_tokens: i64,
    /// Flags that are on in it.
    pub enabled_flags: i64,
}

/// What it takes to make an environment.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Names it everywhere.
    pub name: String,
    /// What kind it is.
    pub r#type: String,
    /// Whether new projects get it.
    pub enabled: bool,
    /// Its place in lists.
    pub sort_order: Option<i64>,
    /// How many approvals changes need in new projects.
    pub required_approvals: Option<i64>,
}

/// A change to an environment; `None` leaves a value as it is.
#[derive(Clone, Debug, Default)]
pub struct Edit {
    /// What kind it is.
    pub r#type: Option<String>,
    /// Its place in lists.
    pub sort_order: Option<i64>,
    /// How many approvals changes need in new projects.
    pub required_approvals: Option<Option<i64>>,
    /// Whether new projects get it.
    pub enabled: Option<bool>,
}

/// `sql!` text that selects environments; a condition follows.
macro_rules! select_environments {
    ($rest:literal $(, $arg:expr)* $(,)?) => {
        $crate::sql!(concat!(
            "SELECT name, type, enabled, protected, sort_order, required_approvals FROM environments ", $rest)
            $(, $arg)*)
    };
}

/// All environments in their order.
pub async fn all(tx: &mut Read) -> Result<Vec<Environment>> {
    tx.all(select_environments!("ORDER BY sort_order, name")).await
}

/// The environment with this name.
pub async fn find(tx: &mut Read, name: &str) -> Result<Option<Environment>> {
    tx.optional(select_environments!("WHERE name = $1", name)).await
}

/// The environment with this name, or a refusal.
pub async fn get(tx: &mut Read, name: &str) -> Result<Environment> {
    find(tx, name).await?.ok_or_else(|| unknown(name))
}

fn unknown(name: &str) -> Error {
    Error::not_found(format!("Could not find environment with name: {name}"))
}

/// Loads an environment that nobody else changes until the transaction ends.
pub async fn lock(tx: &mut Change, name: &str) -> Result<Environment> {
    tx.optional(select_environments!("WHERE name = $1{lock}", name)).await?.ok_or_else(|| unknown(name))
}

/// All environments in their order. Nobody else changes one of them until the transaction ends.
pub async fn lock_all(tx: &mut Change) -> Result<Vec<Environment>> {
    let _: Vec<Environment> = tx.all(select_environments!("ORDER BY name{lock}")).await?;
    all(tx).await
}

/// All environments, or the one of that name, with what uses them as far as the viewer sees it.
pub async fn usage(tx: &mut Read, sight: &Sight, name: Option<&str>) -> Result<Vec<Usage>> {
    tx.all(sql!(
        concat!(
            "SELECT v.name, v.type, v.enabled, v.protected, v.sort_order, v.required_approvals,
                    COALESCE(p.count, 0) AS projects, COALESCE(t.count, 0) AS api_tokens,
                    COALESCE(f.count, 0) AS enabled_flags
             FROM environments v
             LEFT JOIN (SELECT e.environment, COUNT(*) AS count
                        FROM project_environments e JOIN projects p ON p.id = e.project
                        WHERE p.archived_at IS NULL AND ",
            visible!("p", "$1"),
            "           GROUP BY e.environment) p ON p.environment = v.name
             LEFT JOIN (SELECT environment, COUNT(*) AS count FROM api_tokens GROUP BY environment) t
                  ON t.environment = v.name
             LEFT JOIN (SELECT e.environment, COUNT(*) AS count
                        FROM feature_environments e JOIN features f ON f.name = e.feature
                        JOIN projects p ON p.id = f.project
                        WHERE e.enabled = TRUE AND f.archived_at IS NULL AND ",
            visible!("p", "$1"),
            "           GROUP BY e.environment) f ON f.environment = v.name
             WHERE CAST($2 AS TEXT) IS NULL OR v.name = $2
             ORDER BY v.sort_order, v.name"
        ),
        sight.param()?,
        name
    ))
    .await
}

/// Id and name of the projects that use an environment, by name.
pub async fn projects(tx: &mut Read, name: &str) -> Result<Vec<(String, String)>> {
    tx.all(sql!(
        "SELECT p.id, p.name FROM project_environments e JOIN projects p ON p.id = e.project
         WHERE e.environment = $1 ORDER BY p.name, p.id",
        name
    ))
    .await
}

/// Refuses a name that no new environment can have.
pub async fn ensure_free(tx: &mut Read, name: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "~_.-".contains(c);
    if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(plain) || matches!(name, "." | "..")
    {
        return Err(Error::bad_data(format!(
            "\"name\" must be URL friendly and have between 1 and {LONGEST_NAME} characters."
        )));
    }
    if find(tx, name).await?.is_some() {
        return Err(Error::rejected(
            Kind::NameExists,
            format!("Environment with name {name} already exists"),
        ));
    }
    Ok(())
}

/// Makes an environment. Projects that exist do not use it before they are told to.
pub async fn create(tx: &mut Change, draft: Draft) -> Result<Environment> {
    let environment = insert(tx, draft).await?;
    tx.record(recorded(Event::created(Fact::EnvironmentCreated, &environment), &environment));
    Ok(environment)
}

async fn insert(tx: &mut Change, draft: Draft) -> Result<Environment> {
    ensure_free(tx, &draft.name).await?;
    let (count,): (i64,) = tx.one(sql!("SELECT COUNT(*) FROM environments")).await?;
    if count >= MOST {
        return Err(Error::limit("environment", MOST));
    }
    let environment = Environment {
        r#type: checked_type(draft.r#type)?,
        enabled: draft.enabled,
        protected: false,
        sort_order: draft.sort_order.unwrap_or(LAST),
        required_approvals: checked_approvals(draft.required_approvals)?,
        name: draft.name,
    };
    let now = tx.now();
    tx.execute(sql!(
        "INSERT INTO environments (name, type, enabled, sort_order, required_approvals, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        &environment.name,
        &environment.r#type,
        environment.enabled,
        environment.sort_order,
        environment.required_approvals,
        now
    ))
    .await?;
    Ok(environment)
}

/// Changes an environment and records it, unless nothing differs.
pub async fn update(tx: &mut Change, name: &str, edit: Edit) -> Result<Environment> {
    let before = lock(tx, name).await?;
    let after = Environment {
        r#type: edit.r#type.map(checked_type).transpose()?.unwrap_or_else(|| before.r#type.clone()),
        sort_order: edit.sort_order.unwrap_or(before.sort_order),
        required_approvals: match edit.required_approvals {
            Some(wanted) => checked_approvals(wanted)?,
            None => before.required_approvals,
        },
        enabled: edit.enabled.unwrap_or(before.enabled),
        ..before.clone()
    };
    store(tx, &before, &after).await?;
    Ok(after)
}

/// Gives environments their places in lists.
pub async fn sort(tx: &mut Change, places: BTreeMap<String, i64>) -> Result<()> {
    for (name, sort_order) in places {
        update(tx, &name, Edit { sort_order: Some(sort_order), ..Edit::default() }).await?;
    }
    Ok(())
}

async fn store(tx: &mut Change, before: &Environment, after: &Environment) -> Result<()> {
    if before == after {
        return Ok(());
    }
    tx.execute(sql!(
        "UPDATE environments SET type = $2, enabled = $3, sort_order = $4, required_approvals = $5,
                                 version = version + 1
         WHERE name = $1",
        &after.name,
        &after.r#type,
        after.enabled,
        after.sort_order,
        after.required_approvals
    ))
    .await?;
    tx.record(recorded(Event::updated(Fact::EnvironmentUpdated, before, after), after));
    Ok(())
}

fn checked_type(text: String) -> Result<String> {
    if text.trim().is_empty() || text.chars().count() > LONGEST_TYPE {
        return Err(Error::bad_data(format!(
            "The type of an environment must have between 1 and {LONGEST_TYPE} characters."
        )));
    }
    Ok(text)
}

/// Refuses a number of approvals that nobody can give.
pub fn checked_approvals(wanted: Option<i64>) -> Result<Option<i64>> {
    if wanted.is_some_and(|count| !(1..=MOST_APPROVALS).contains(&count)) {
        return Err(Error::bad_data(format!(
            "The number of required approvals must be between 1 and {MOST_APPROVALS}."
        )));
    }
    Ok(wanted)
}

fn recorded(event: Event, environment: &Environment) -> Event {
    event.within(None, Some(environment.name.clone()))
}
