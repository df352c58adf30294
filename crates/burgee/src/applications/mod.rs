//! Applications: who uses the server's flags, as their SDKs tell when they start.
//!
//! What SDKs tell is bookkeeping: noted in memory and written in bulk ([`Registrations`]), and gone when it gets old
//! ([`forget`]). What people write about an application is audited ([`describe`]) and stays until people delete it.
//!
//! An application belongs to the projects that its tokens reach. Whoever sees none of them does not see it; one that
//! has not told about itself is seen by everybody.

mod details;
mod outdated;
mod registrations;
mod retention;
mod usage;

use std::collections::HashMap;

use self::details::Details;
pub use self::details::{Draft, delete, describe, lock};
pub use self::outdated::is_outdated;
pub use self::registrations::{Registration, Registrations};
pub use self::retention::{announce, forget};
pub use self::usage::{Environment, Instance, Member, instances, of_project, outdated_sdks, overview};
use crate::access::{Sight, visible};
use crate::clock::Time;
use crate::db::{Json, Read};
use crate::error::{Error, Result};
use crate::sql;

/// The longest name of an application or an instance, and the longest text about one, in characters.
pub const LONGEST: usize = 255;
/// What all instances of an application that run at its users are called together: nobody needs to know each.
pub const OF_USERS: &str = "frontend";
/// All projects.
const EVERYWHERE: &str = "*";

/// SQL: true if the row behind the alias `u`, whose project is behind `p`, is of a project that is seen.
macro_rules! seen_use {
    ($sight:literal) => {
        concat!("(u.project = '*' OR ", visible!("p", $sight), ")")
    };
}
pub(crate) use seen_use;

/// SQL: true if the application behind the alias `a` is seen.
macro_rules! seen_application {
    ($sight:literal) => {
        concat!(
            "(NOT EXISTS (SELECT 1 FROM application_usage u WHERE u.application = a.name)
              OR EXISTS (SELECT 1 FROM application_usage u LEFT JOIN projects p ON p.id = u.project
                         WHERE u.application = a.name AND ",
            seen_use!($sight),
            "))"
        )
    };
}
pub(crate) use seen_application;

/// An application.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Application {
    /// What it calls itself.
    pub name: String,
    /// The strategy types that it knows.
    #[sqlx(try_from = "String")]
    pub strategies: Json<Vec<String>>,
    /// When it told about itself last.
    pub seen_at: Time,
    /// What people wrote about it.
    #[sqlx(flatten)]
    pub details: Details,
    /// The projects whose flags it gets, each with the environments. As far as they are seen.
    #[sqlx(skip)]
    pub usage: Vec<(String, Vec<String>)>,
}

/// Which of many to list.
#[derive(Clone, Debug)]
pub struct Page {
    /// What the names contain, in any case of letters.
    pub query: String,
    /// The last name first.
    pub descending: bool,
    /// How many to leave out.
    pub offset: i64,
    /// How many to list at most.
    pub limit: i64,
}

impl Page {
    /// For `LIKE … ESCAPE '!'`.
    fn pattern(&self) -> String {
        let mut pattern = String::from("%");
        for letter in self.query.chars().take(LONGEST).flat_map(char::to_lowercase) {
            if matches!(letter, '%' | '_' | '!') {
                pattern.push('!');
            }
            pattern.push(letter);
        }
        pattern.push('%');
        pattern
    }
}

/// A page of the applications that `sight` shows, and how many there are in all.
pub async fn list(tx: &mut Read, sight: &Sight, page: &Page) -> Result<(Vec<Application>, i64)> {
    let pattern = page.pattern();
    let (total,): (i64,) = tx
        .one(sql!(
            concat!(
                "SELECT COUNT(*) FROM applications a WHERE a.search LIKE $2 ESCAPE '!' AND ",
                seen_application!("$1")
            ),
            sight.param()?,
            &pattern
        ))
        .await?;
    let mut found: Vec<Application> = tx
        .all(sql!(
            concat!(
                "SELECT a.name, a.strategies, a.seen_at, d.url, d.color, d.icon, d.description
                 FROM applications a LEFT JOIN application_details d ON d.application = a.name
                 WHERE a.search LIKE $2 ESCAPE '!' AND ",
                seen_application!("$1"),
                " ORDER BY CASE WHEN $3 THEN a.name END DESC, a.name LIMIT $4 OFFSET $5"
            ),
            sight.param()?,
            pattern,
            page.descending,
            page.limit,
            page.offset
        ))
        .await?;
    complete(tx, sight, &mut found).await?;
    Ok((found, total))
}

/// An application that `sight` shows.
pub async fn get(tx: &mut Read, sight: &Sight, name: &str) -> Result<Application> {
    let found = find(tx, sight, name).await?;
    found.ok_or_else(|| Error::not_found(format!("Could not find appName={name}")))
}

async fn find(tx: &mut Read, sight: &Sight, name: &str) -> Result<Option<Application>> {
    let mut found: Vec<Application> = tx
        .all(sql!(
            concat!(
                "SELECT a.name, a.strategies, a.seen_at, d.url, d.color, d.icon, d.description
                 FROM applications a LEFT JOIN application_details d ON d.application = a.name
                 WHERE a.name = $2 AND ",
                seen_application!("$1")
            ),
            sight.param()?,
            name
        ))
        .await?;
    complete(tx, sight, &mut found).await?;
    Ok(found.pop())
}

/// Adds where they are used.
async fn complete(tx: &mut Read, sight: &Sight, applications: &mut [Application]) -> Result<()> {
    let names: Vec<&str> = applications.iter().map(|application| application.name.as_str()).collect();
    let rows: Vec<(String, String, String)> = tx
        .all(sql!(
            concat!(
                "SELECT u.application, u.project, u.environment
                 FROM application_usage u LEFT JOIN projects p ON p.id = u.project
                 WHERE u.application IN ({list:$2}) AND ",
                seen_use!("$1"),
                " ORDER BY u.application, u.project, u.environment"
            ),
            sight.param()?,
            serde_json::to_string(&names)?
        ))
        .await?;
    let mut usage: HashMap<String, Vec<(String, Vec<String>)>> = HashMap::new();
    for (application, project, environment) in rows {
        let uses = usage.entry(application).or_default();
        match uses.last_mut() {
            Some((last, environments)) if *last == project => environments.push(environment),
            _ => uses.push((project, vec![environment])),
        }
    }
    for application in applications {
        application.usage = usage.remove(&application.name).unwrap_or_default();
    }
    Ok(())
}

/// How many applications told about themselves since `time`.
pub async fn count(tx: &mut Read, since: Time) -> Result<i64> {
    let (count,): (i64,) =
        tx.one(sql!("SELECT COUNT(*) FROM applications WHERE seen_at >= $1", since)).await?;
    Ok(count)
}
