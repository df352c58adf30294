//! Searching: SCIM filters and sorting as SQL. Every test runs on an index of the database, on both engines, and means
//! exactly what [`burgee_scim::filter::matches`] means.

mod compare;
mod filter;
mod order;

use burgee_scim::{AttrRef, Checked, Error as Scim};

use self::filter::Compiler;
pub(super) use self::filter::member_condition;
pub use self::order::{Key, Mark};
use super::pages::{Pages, Place};
use super::resource::{Noun, Provisioned, Row, rows};
use crate::db::{Engine, Read, Sql};
use crate::error::{Error, Result};

/// A search as the wire asks for it, checked.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Which ones; all, if absent.
    pub filter: Option<Checked>,
    /// By what and in which direction; in order of creation, if absent.
    pub sort: Option<Sort>,
    /// Where to begin.
    pub start: Start,
    /// How many to return.
    pub count: i64,
}

/// Where a page begins.
#[derive(Clone, Debug, PartialEq)]
pub enum Start {
    /// After so many.
    Skip(i64),
    /// At the beginning, with marks for the pages around it.
    First,
    /// With what comes after a mark.
    After(Mark),
    /// So that it ends with what comes before a mark.
    Before(Mark),
}

impl Default for Start {
    fn default() -> Self {
        Self::Skip(0)
    }
}

impl Start {
    /// True for pages that are known by marks.
    const fn is_marked(&self) -> bool {
        !matches!(self, Self::Skip(_))
    }

    /// How many are left out.
    const fn skip(&self) -> i64 {
        match self {
            Self::Skip(skip) => *skip,
            Self::First | Self::After(_) | Self::Before(_) => 0,
        }
    }
}

/// An order.
#[derive(Clone, Debug)]
pub struct Sort {
    /// A simple attribute.
    pub attr: AttrRef,
    /// From the greatest to the least.
    pub descending: bool,
}

/// What a search found.
#[derive(Clone, Debug)]
pub struct Page {
    /// How many there are in all.
    pub total: i64,
    /// The ones asked for.
    pub found: Vec<Provisioned>,
    /// Where the page before it ends. Only for pages that are known by marks.
    pub before: Option<Mark>,
    /// Where the page after it begins, unless this is the last. Only for pages that are known by marks.
    pub after: Option<Mark>,
}

impl Page {
    fn nothing(total: i64) -> Self {
        Self { total, found: Vec::new(), before: None, after: None }
    }
}

/// Searches a connection's users or groups.
pub async fn search(
    tx: &mut Read,
    pages: &Pages,
    connection: i64,
    noun: Noun,
    query: &Query,
) -> Result<Page> {
    if !order::fits(noun, query) {
        return Err(Error::Scim(Scim::invalid_cursor("The cursor is for another search: begin anew.")));
    }
    let engine = tx.engine();
    let skip = query.start.skip();
    // The order makes no difference to how many there are.
    let place = match (&query.filter, &query.sort) {
        (None, sort) if sort.is_none() || query.start.is_marked() => {
            Some(pages.place(tx, connection, noun, skip).await?)
        }
        _ => None,
    };
    let total = match place.as_ref().and_then(|place| place.total) {
        Some(total) => total,
        None => count(tx, connection, noun, query).await?,
    };
    if query.count == 0 || skip >= total {
        return Ok(Page::nothing(total));
    }
    // The page is found by id first: SQLite then reads no row that is left out, which halves the time of a late page.
    // PostgreSQL takes as long either way.
    let mut select = Sql::build(match noun {
        Noun::User => rows!("user"),
        Noun::Group => rows!("group"),
    });
    select.push(" WHERE r.id IN (");
    ids(&mut select, engine, connection, noun, query, place.as_ref())?;
    select.push(")");
    order::by(&mut select, noun, query);
    let rows: Vec<Row> = tx.all(select).await?;
    let found: Vec<Provisioned> = rows.into_iter().map(Provisioned::try_from).collect::<Result<_>>()?;
    if query.start.is_marked() {
        if let Some(place) = place {
            pages.remember(&place, connection, noun, total, [(0, 0); 2]);
        }
        return marked(tx, noun, query, total, found).await;
    }
    if let (Some(place), [first, .., last]) = (place, found.as_slice()) {
        let next = skip + i64::try_from(found.len()).map_err(Error::internal)?;
        let starts = [(skip, first.key - 1), (next, last.key)];
        pages.remember(&place, connection, noun, total, starts);
    }
    Ok(Page { found, ..Page::nothing(total) })
}

/// A page with the marks at its ends, of what was found in its direction: one more than it has tells that it is not the
/// last.
async fn marked(
    tx: &mut Read,
    noun: Noun,
    query: &Query,
    total: i64,
    mut found: Vec<Provisioned>,
) -> Result<Page> {
    let count = usize::try_from(query.count).unwrap_or_default();
    let more = found.len() > count;
    found.truncate(count);
    let back = matches!(query.start, Start::Before(_));
    if back {
        found.reverse();
    }
    let (mut before, mut after) = (None, None);
    if let (Some(first), Some(last)) = (found.first(), found.last()) {
        let is_first = if back { !more } else { query.start == Start::First };
        if !is_first {
            before = Some(order::mark(tx, noun, query, first.key).await?);
        }
        if back || more {
            after = Some(order::mark(tx, noun, query, last.key).await?);
        }
    }
    Ok(Page { total, found, before, after })
}

async fn count(tx: &mut Read, connection: i64, noun: Noun, query: &Query) -> Result<i64> {
    let engine = tx.engine();
    let mut count = Sql::build(match noun {
        Noun::User => "SELECT COUNT(*) FROM scim_users r",
        Noun::Group => "SELECT COUNT(*) FROM scim_groups r",
    });
    conditions(&mut count, engine, connection, noun, query)?;
    let (total,): (i64,) = tx.one(count).await?;
    Ok(total)
}

/// How the database would find a page, line by line: for the test that holds searches to an index.
pub async fn plan(tx: &mut Read, connection: i64, noun: Noun, query: &Query) -> Result<Vec<String>> {
    let engine = tx.engine();
    let mut sql = Sql::build("");
    ids(&mut sql, engine, connection, noun, query, None)?;
    tx.plan(sql).await
}

/// Selects the ids of a page, from the place where it is known to begin.
fn ids(
    sql: &mut Sql,
    engine: Engine,
    connection: i64,
    noun: Noun,
    query: &Query,
    place: Option<&Place>,
) -> Result<()> {
    sql.push(match noun {
        Noun::User => "SELECT r.id FROM scim_users r",
        Noun::Group => "SELECT r.id FROM scim_groups r",
    });
    conditions(sql, engine, connection, noun, query)?;
    if query.start.is_marked() {
        order::beyond(sql, noun, query);
        order::by(sql, noun, query);
        sql.push(" LIMIT ").bind(query.count + 1);
        return Ok(());
    }
    if let Some(place) = place {
        sql.push(" AND r.id > ").bind(place.after);
    }
    order::by(sql, noun, query);
    sql.push(" LIMIT ").bind(query.count);
    sql.push(" OFFSET ").bind(place.map_or(query.start.skip(), |place| place.skip));
    Ok(())
}

fn conditions(sql: &mut Sql, engine: Engine, connection: i64, noun: Noun, query: &Query) -> Result<()> {
    sql.push(" WHERE r.connection_id = ").bind(connection);
    if let Some(filter) = &query.filter {
        sql.push(" AND ");
        Compiler { sql, engine, connection, noun }.node(filter)?;
    }
    Ok(())
}

/// Where an attribute lives, if not among the leaves.
enum Column {
    Text(&'static str),
    Optional(&'static str),
    Time(&'static str),
    Bool(&'static str),
    Constant(&'static str),
}

fn column(noun: Noun, key: &str) -> Option<Column> {
    Some(match (noun, key) {
        (_, "id") => Column::Text("r.scim_id"),
        (_, "externalId") => Column::Optional("r.external_id"),
        (_, "meta.created") => Column::Time("r.created_at"),
        (_, "meta.lastModified") => Column::Time("r.updated_at"),
        (_, "meta.version") => Column::Text("('W/\"' || CAST(r.version AS TEXT) || '\"')"),
        (Noun::User, "userName") => Column::Text("r.user_name_ci"),
        (Noun::User, "active") => Column::Bool("r.active"),
        (Noun::User, "meta.resourceType") => Column::Constant("User"),
        (Noun::Group, "displayName") => Column::Text("r.display_name_ci"),
        (Noun::Group, "meta.resourceType") => Column::Constant("Group"),
        _ => return None,
    })
}
