//! People and service accounts by the page, as admins look for them. However many there are, one page is read.

use super::user::{self, User, select_users};
use crate::db::{Read, Sql, dialect, last_page};
use crate::error::{Error, Result};

/// How many words a search heeds.
const WORDS: usize = 5;

/// Who keeps an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// People do.
    Manual,
    /// An identity provider does.
    Provisioned,
}

/// How an account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Has access, and has used it.
    Active,
    /// Has access, and was never seen.
    Unseen,
    /// Has no access.
    Deactivated,
}

impl Status {
    /// How somebody's account stands.
    pub const fn of(user: &User) -> Self {
        match (user.active, user.seen_at) {
            (false, _) => Self::Deactivated,
            (true, None) => Self::Unseen,
            (true, Some(_)) => Self::Active,
        }
    }
}

/// Which accounts to find. What is `None` or empty does not restrict.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Service accounts, instead of people.
    pub services: bool,
    /// The name, the user name or the e-mail address contains each of these words.
    pub text: String,
    /// Who keeps the account.
    pub origin: Option<Origin>,
    /// The root role.
    pub role: Option<i64>,
    /// How the account stands.
    pub status: Option<Status>,
}

/// By what to sort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Key {
    /// The name that lists show.
    #[default]
    Name,
    /// When the account was made.
    Created,
    /// When the person was last seen; never is last.
    Seen,
}

/// A page of the accounts that pass a filter.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Which ones.
    pub filter: Filter,
    /// By what to sort.
    pub key: Key,
    /// From the greatest to the least.
    pub descending: bool,
    /// How many to leave out.
    pub offset: i64,
    /// How many to return.
    pub limit: i64,
}

/// An account in a list.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Person {
    /// The connection that provisions the account.
    pub connection: Option<String>,
    /// The account.
    #[sqlx(flatten)]
    pub user: User,
}

/// Finds accounts: a page of them and how many there are in all.
pub async fn search(tx: &mut Read, query: &Query) -> Result<(Vec<Person>, i64)> {
    let mut sql = Sql::build("");
    page(&mut sql, tx, query);
    let ids: Vec<(i64,)> = tx.all(sql).await?;
    let ids: Vec<i64> = ids.into_iter().map(|(id,)| id).collect();
    let total = match last_page(ids.len(), query.offset, query.limit) {
        Some(total) => total,
        None => count(tx, &query.filter).await?,
    };
    let mut found = these(tx, &ids).await?;
    found.sort_by_key(|person| ids.iter().position(|id| *id == person.user.id));
    Ok((found, total))
}

/// The account with this id, unless removed.
pub async fn get(tx: &mut Read, id: i64) -> Result<Person> {
    let user = user::get(tx, id).await?;
    let found = these(tx, &[user.id]).await?.into_iter().next();
    found.ok_or_else(|| Error::not_found("No user found"))
}

async fn these(tx: &mut Read, ids: &[i64]) -> Result<Vec<Person>> {
    tx.all(select_users!(
        ["c.name AS connection, "]
        "LEFT JOIN scim_connections c ON c.id = s.connection_id WHERE u.id IN ({ids:$1})",
        serde_json::to_string(ids)?
    ))
    .await
}

/// How the database would find a page, line by line: for the test that holds the list to an index.
pub async fn plan(tx: &mut Read, query: &Query) -> Result<Vec<String>> {
    let mut sql = Sql::build("");
    page(&mut sql, tx, query);
    tx.plan(sql).await
}

async fn count(tx: &mut Read, filter: &Filter) -> Result<i64> {
    let mut sql = Sql::build("SELECT COUNT(*)");
    conditions(&mut sql, tx, filter, false);
    let (total,): (i64,) = tx.one(sql).await?;
    Ok(total)
}

fn page(sql: &mut Sql, tx: &Read, query: &Query) {
    sql.push("SELECT u.id");
    conditions(sql, tx, &query.filter, query.key == Key::Seen);
    sql.push(match (query.key, query.descending) {
        (Key::Name, false) => " ORDER BY u.label_ci, u.id",
        (Key::Name, true) => " ORDER BY u.label_ci DESC, u.id DESC",
        (Key::Created, false) => " ORDER BY u.id",
        (Key::Created, true) => " ORDER BY u.id DESC",
        (Key::Seen, false) => " ORDER BY COALESCE(n.last_at, 9223372036854775807), u.id",
        (Key::Seen, true) => " ORDER BY COALESCE(n.last_at, -1) DESC, u.id",
    });
    sql.push(" LIMIT ").bind(query.limit).push(" OFFSET ").bind(query.offset);
}

fn conditions(sql: &mut Sql, tx: &Read, filter: &Filter, by_sight: bool) {
    sql.push(" FROM users u");
    if by_sight || matches!(filter.status, Some(Status::Active | Status::Unseen)) {
        sql.push(" LEFT JOIN seen n ON n.subject = 'user' AND n.id = u.id");
    }
    sql.push(" WHERE u.deleted_at IS NULL");
    sql.push(" AND u.is_system = FALSE");
    sql.push(if filter.services { " AND u.is_service = TRUE" } else { " AND u.is_service = FALSE" });
    let (start, middle, end) = dialect::contains(tx.engine());
    for word in filter.text.split_whitespace().take(WORDS) {
        let word = burgee_scim::fold(word);
        for (index, column) in ["u.label_ci", "u.username_ci", "u.email_ci"].into_iter().enumerate() {
            sql.push(if index == 0 { " AND (" } else { " OR " });
            sql.push(start).push(column).push(middle).bind(word.as_str()).push(end);
        }
        sql.push(")");
    }
    match filter.origin {
        None => {}
        Some(Origin::Manual) => {
            sql.push(" AND NOT EXISTS (SELECT 1 FROM scim_users s WHERE s.user_id = u.id)");
        }
        Some(Origin::Provisioned) => {
            sql.push(" AND EXISTS (SELECT 1 FROM scim_users s WHERE s.user_id = u.id)");
        }
    }
    if let Some(role) = filter.role {
        sql.push(" AND u.root_role_id = ").bind(role);
    }
    sql.push(match filter.status {
        None => "",
        Some(Status::Active) => " AND u.active = TRUE AND n.last_at IS NOT NULL",
        Some(Status::Unseen) => " AND u.active = TRUE AND n.last_at IS NULL",
        Some(Status::Deactivated) => " AND u.active = FALSE",
    });
}
