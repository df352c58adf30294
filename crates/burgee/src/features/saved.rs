//! Searches for flags that people keep under a name, for themselves. Bookkeeping.

use crate::db::{Db, Read};
use crate::error::{Error, Result};
use crate::{keep, sql};

/// How many searches are kept of one person.
const PER_PERSON: i64 = 50;
/// The longest name, in characters.
const LONGEST_NAME: usize = 60;
/// The longest search, in characters.
const LONGEST_QUERY: usize = 1000;

/// A search that somebody keeps.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Saved {
    /// What they call it.
    pub name: String,
    /// What stands in the address of the list, after the `?`.
    pub query: String,
}

/// Those that somebody keeps, by name.
pub async fn list(tx: &mut Read, person: i64) -> Result<Vec<Saved>> {
    tx.all(sql!("SELECT name, query FROM saved_searches WHERE user_id = $1 ORDER BY name", person)).await
}

/// Keeps a search for somebody, instead of the one that had the name.
pub async fn keep(db: &Db, person: i64, saved: &Saved) -> Result<()> {
    let Saved { name, query } = saved;
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        return Err(Error::bad_data(format!("The name must have between 1 and {LONGEST_NAME} characters.")));
    }
    if query.chars().count() > LONGEST_QUERY || query.chars().any(char::is_control) {
        return Err(Error::bad_data(format!("A search must have at most {LONGEST_QUERY} characters.")));
    }
    let mut tx = db.bookkeep().await?;
    let kept = tx
        .execute(keep!(
            "INSERT INTO saved_searches (user_id, name, query)
             SELECT CAST($1 AS BIGINT), CAST($2 AS TEXT), CAST($3 AS TEXT)
             WHERE (SELECT COUNT(*) FROM saved_searches WHERE user_id = $1 AND name <> $2) < $4
             ON CONFLICT (user_id, name) DO UPDATE SET query = excluded.query",
            person,
            name,
            query,
            PER_PERSON
        ))
        .await?;
    if kept == 0 {
        return Err(Error::limit("saved searches", PER_PERSON));
    }
    tx.commit().await
}

/// Keeps a search no more.
pub async fn forget(db: &Db, person: i64, name: &str) -> Result<()> {
    let mut tx = db.bookkeep().await?;
    tx.execute(keep!("DELETE FROM saved_searches WHERE user_id = $1 AND name = $2", person, name)).await?;
    tx.commit().await
}
