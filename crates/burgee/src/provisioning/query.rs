//! SCIM filters and sorting as SQL: every test runs on an index of the database, on both engines, and means exactly
//! what [`burgee_scim::filter::matches`] means.
//!
//! Predicates are never NULL, so that `NOT` is the complement. User attributes without a column of their own are
//! rows of `scim_leaves`; a filter on one element of a list is a search for one row, with further looks at the rows
//! of the same element.

use burgee_scim::schema::Kind;
use burgee_scim::{AttrRef, Checked, Op, Operand, Test};
use jiff::Timestamp;

use super::pages::{Pages, Place};
use super::resource::{Provisioned, Row};
use super::user::{index_key, is_long};
use crate::db::dialect::{contains, explain, suffix};
use crate::db::{Engine, Read, Sql};
use crate::error::{Error, Result};

/// What to search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Noun {
    /// Users.
    User,
    /// Groups.
    Group,
}

/// A search as the wire asks for it, checked.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Which ones; all, if absent.
    pub filter: Option<Checked>,
    /// By what and in which direction; in order of creation, if absent.
    pub sort: Option<Sort>,
    /// How many to leave out.
    pub skip: i64,
    /// How many to return.
    pub count: i64,
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
}

/// Searches a connection's users or groups.
pub async fn search(
    tx: &mut Read,
    pages: &Pages,
    connection: i64,
    noun: Noun,
    query: &Query,
) -> Result<Page> {
    let engine = tx.engine();
    let place = match (&query.filter, &query.sort) {
        (None, None) => Some(pages.place(tx, connection, noun, query.skip).await?),
        _ => None,
    };
    let total = match place.as_ref().and_then(|place| place.total) {
        Some(total) => total,
        None => count(tx, connection, noun, query).await?,
    };
    if query.count == 0 || query.skip >= total {
        return Ok(Page { total, found: Vec::new() });
    }
    // The page is found by id first: SQLite then reads no row that is left out, which halves the time of a late page.
    // PostgreSQL takes as long either way.
    let mut select = Sql::build(match noun {
        Noun::User => {
            "SELECT r.id, r.user_id AS local_id, r.scim_id, r.document, r.version, r.created_at, r.updated_at
             FROM scim_users r WHERE r.id IN ("
        }
        Noun::Group => {
            "SELECT r.id, r.group_id AS local_id, r.scim_id, r.document, r.version, r.created_at, r.updated_at
             FROM scim_groups r WHERE r.id IN ("
        }
    });
    ids(&mut select, engine, connection, noun, query, place.as_ref())?;
    select.push(")");
    order(&mut select, noun, query);
    let rows: Vec<Row> = tx.all(select).await?;
    let found: Vec<Provisioned> = rows.into_iter().map(Provisioned::try_from).collect::<Result<_>>()?;
    if let (Some(place), [first, .., last]) = (place, found.as_slice()) {
        let next = query.skip + i64::try_from(found.len()).map_err(Error::internal)?;
        let starts = [(query.skip, first.key - 1), (next, last.key)];
        pages.remember(&place, connection, noun, total, starts);
    }
    Ok(Page { total, found })
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
    let mut sql = Sql::build(explain(engine));
    ids(&mut sql, engine, connection, noun, query, None)?;
    match engine {
        Engine::Sqlite => {
            let rows: Vec<(i64, i64, i64, String)> = tx.all(sql).await?;
            Ok(rows.into_iter().map(|(.., line)| line).collect())
        }
        Engine::Postgres => {
            let rows: Vec<(String,)> = tx.all(sql).await?;
            Ok(rows.into_iter().map(|(line,)| line).collect())
        }
    }
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
    if let Some(place) = place {
        sql.push(" AND r.id > ").bind(place.after);
    }
    order(sql, noun, query);
    sql.push(" LIMIT ").bind(query.count);
    sql.push(" OFFSET ").bind(place.map_or(query.skip, |place| place.skip));
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

/// False for attributes that are the same in all resources: there is nothing to sort by.
fn differs(noun: Noun, attr: &AttrRef) -> bool {
    match column(noun, &attr.key()) {
        Some(Column::Constant(_)) => false,
        Some(_) => true,
        None => noun == Noun::User,
    }
}

fn order(sql: &mut Sql, noun: Noun, query: &Query) {
    sql.push(" ORDER BY ");
    if let Some(sort) = query.sort.as_ref().filter(|sort| differs(noun, &sort.attr)) {
        let (first, then) =
            if sort.descending { (" IS NULL DESC, ", " DESC, ") } else { (" IS NULL, ", ", ") };
        sort_key(sql, noun, &sort.attr);
        sql.push(first);
        sort_key(sql, noun, &sort.attr);
        sql.push(then);
    }
    sql.push("r.id");
}

/// The text or number to sort by; NULL where the attribute is absent.
fn sort_key(sql: &mut Sql, noun: Noun, attr: &AttrRef) {
    let key = attr.key();
    match column(noun, &key) {
        Some(Column::Text(name) | Column::Optional(name) | Column::Time(name) | Column::Bool(name)) => {
            sql.push(name);
        }
        Some(Column::Constant(_)) | None => {
            sql.push("(SELECT COALESCE(s.whole, s.value) FROM scim_leaves s WHERE s.owner = r.id AND s.attribute = ").bind(key);
            sql.push(" ORDER BY s.is_primary DESC, s.ordinal LIMIT 1)");
        }
    }
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

struct Compiler<'a> {
    sql: &'a mut Sql,
    engine: Engine,
    connection: i64,
    noun: Noun,
}

impl Compiler<'_> {
    fn node(&mut self, node: &Checked) -> Result<()> {
        match node {
            Checked::Const(value) => {
                self.sql.push(if *value { "TRUE" } else { "FALSE" });
                Ok(())
            }
            Checked::And(nodes) => self.joined(nodes, " AND ", Self::node),
            Checked::Or(nodes) => self.joined(nodes, " OR ", Self::node),
            Checked::Not(node) => {
                self.sql.push("NOT (");
                self.node(node)?;
                self.sql.push(")");
                Ok(())
            }
            Checked::Test(test) => self.test(test),
            Checked::Element { attr, filter } => self.element(attr, filter),
        }
    }

    fn joined(
        &mut self,
        nodes: &[Checked],
        word: &'static str,
        each: impl Fn(&mut Self, &Checked) -> Result<()>,
    ) -> Result<()> {
        self.sql.push("(");
        for (index, node) in nodes.iter().enumerate() {
            self.sql.push(if index == 0 { "" } else { word });
            each(self, node)?;
        }
        self.sql.push(")");
        Ok(())
    }

    fn test(&mut self, test: &Test) -> Result<()> {
        let key = test.attr.key();
        if test.op == Op::Pr && (key == "meta" || key == "schemas") {
            self.sql.push("TRUE");
            return Ok(());
        }
        match column(self.noun, &key) {
            Some(Column::Text(name)) => self.text(name, test.op, &test.operand),
            Some(Column::Optional(name)) => {
                self.sql.push("(").push(name).push(" IS NOT NULL AND ");
                self.text(name, test.op, &test.operand)?;
                self.sql.push(")");
                Ok(())
            }
            Some(Column::Time(name)) => {
                self.time(name, test.op, &test.operand);
                Ok(())
            }
            Some(Column::Bool(name)) => {
                match test.operand {
                    Operand::Bool(wanted) => {
                        self.sql.push(name).push(if wanted { " = TRUE" } else { " = FALSE" })
                    }
                    _ => self.sql.push("TRUE"),
                };
                Ok(())
            }
            Some(Column::Constant(value)) => {
                // The same comparison, with the constant in place of a column.
                self.sql.push("EXISTS (SELECT 1 FROM (SELECT CAST(");
                self.sql.bind(value).push(" AS TEXT) AS value) k WHERE ");
                self.text("k.value", test.op, &test.operand)?;
                self.sql.push(")");
                Ok(())
            }
            None if test.attr.attribute.name == "meta" => Err(unsearchable(&key)),
            None => match (self.noun, test.attr.attribute.name) {
                (Noun::User, "groups") => self.groups_of_user(test),
                (Noun::Group, "members") => self.members_of_group(&Checked::Test(test.clone())),
                (Noun::Group, "schemas") => Err(unsearchable(&key)),
                (Noun::Group, _) => {
                    self.sql.push("FALSE");
                    Ok(())
                }
                (Noun::User, _) => {
                    self.sql.push("r.id IN (SELECT l.owner FROM scim_leaves l WHERE ");
                    self.leaf("l", test)?;
                    self.sql.push(")");
                    Ok(())
                }
            },
        }
    }

    /// One row of `scim_leaves`, under the name `alias`, passes the test.
    fn leaf(&mut self, alias: &'static str, test: &Test) -> Result<()> {
        self.attribute(alias, &test.attr);
        self.sql.push(" AND ");
        self.value(alias, test)
    }

    /// A row is about an attribute, or about any part of a complex one.
    fn attribute(&mut self, alias: &'static str, attr: &AttrRef) {
        self.sql.push(alias).push(".attribute");
        if attr.leaf().kind != Kind::Complex {
            self.sql.push(" = ").bind(attr.key());
            return;
        }
        self.sql.push(" IN (");
        self.sql.bind(attr.with_sub(None).key());
        for sub in attr.attribute.sub_attributes {
            self.sql.push(", ").bind(attr.with_sub(Some(sub)).key());
        }
        self.sql.push(")");
    }

    /// The value in a row passes the test. Long values are indexed by their beginning and a digest, which answers
    /// for equality, and for order and prefixes as long as the operand is not long too.
    fn value(&mut self, alias: &'static str, test: &Test) -> Result<()> {
        let (key, whole) = match alias {
            "l" => ("l.value", "COALESCE(l.whole, l.value)"),
            _ => ("x.value", "COALESCE(x.whole, x.value)"),
        };
        match (test.op, &test.operand) {
            (Op::Eq | Op::Ne, Operand::Text(text) | Operand::Folded(text)) => {
                self.sql.push(key).push(" = ").bind(index_key(text));
                Ok(())
            }
            (Op::Co | Op::Ew, _) => self.text(whole, test.op, &test.operand),
            (_, Operand::Text(text) | Operand::Folded(text)) if is_long(text) => {
                self.text(whole, test.op, &test.operand)
            }
            _ => self.text(key, test.op, &test.operand),
        }
    }

    /// One element of a list passes the filter. The search starts from a test that an index answers, where the
    /// filter has one that every hit must pass.
    fn element(&mut self, attr: &AttrRef, filter: &Checked) -> Result<()> {
        match (self.noun, attr.attribute.name) {
            // There is one, and its parts are columns.
            (_, "meta") => return self.node(filter),
            (Noun::Group, "members") => return self.members_of_group(filter),
            (Noun::Group, _) => {
                self.sql.push("FALSE");
                return Ok(());
            }
            (Noun::User, "groups") => return Err(unsearchable("groups[…]")),
            (Noun::User, _) => {}
        }
        self.sql.push("r.id IN (SELECT l.owner FROM scim_leaves l WHERE ");
        let rest: Vec<&Checked> = match filter {
            Checked::And(nodes) => nodes.iter().collect(),
            other => vec![other],
        };
        let anchor = rest.iter().position(|node| selective(node, Op::Eq)).or_else(|| {
            rest.iter().position(|node| matches!(node, Checked::Test(test) if leaf_of_its_own(test)))
        });
        match anchor.map(|index| (index, rest[index])) {
            Some((_, Checked::Test(test))) => self.leaf("l", test)?,
            _ => self.attribute("l", &attr.with_sub(None)),
        }
        for (index, node) in rest.iter().enumerate() {
            if Some(index) != anchor {
                self.sql.push(" AND ");
                self.same_element(node)?;
            }
        }
        self.sql.push(")");
        Ok(())
    }

    /// The element that row `l` belongs to passes the filter.
    fn same_element(&mut self, node: &Checked) -> Result<()> {
        match node {
            Checked::And(nodes) => self.joined(nodes, " AND ", Self::same_element),
            Checked::Or(nodes) => self.joined(nodes, " OR ", Self::same_element),
            Checked::Not(node) => {
                self.sql.push("NOT (");
                self.same_element(node)?;
                self.sql.push(")");
                Ok(())
            }
            Checked::Test(test) if is_type(test) => {
                self.sql.push("(l.element_type IS NOT NULL AND ");
                self.text("l.element_type", test.op, &test.operand)?;
                self.sql.push(")");
                Ok(())
            }
            Checked::Test(test) if test.operand == Operand::Bool(true) && sub_name(test) == "primary" => {
                self.sql.push("l.is_primary = TRUE");
                Ok(())
            }
            Checked::Test(test) => {
                self.sql.push(
                    "EXISTS (SELECT 1 FROM scim_leaves x WHERE x.owner = l.owner AND x.ordinal = l.ordinal AND ",
                );
                self.leaf("x", test)?;
                self.sql.push(")");
                Ok(())
            }
            other => self.node(other),
        }
    }

    /// SQLite joins in the order in which CROSS JOIN is written: from the group to its members.
    fn groups_of_user(&mut self, test: &Test) -> Result<()> {
        let column = match sub_name(test) {
            "value" => "g.scim_id",
            "display" => "g.display_name_ci",
            _ if test.op == Op::Pr => "g.scim_id",
            _ => return Err(unsearchable(&test.attr.key())),
        };
        self.sql.push(
            "r.id IN (WITH RECURSIVE found (id) AS (
                 SELECT g.group_id FROM scim_groups g WHERE g.connection_id = ",
        );
        self.sql.bind(self.connection).push(" AND ");
        self.text(column, test.op, &test.operand)?;
        self.sql.push(
            " UNION SELECT c.child_id FROM found f CROSS JOIN group_groups c WHERE c.parent_id = f.id)
             SELECT s.id FROM found f CROSS JOIN group_users m CROSS JOIN scim_users s
             WHERE m.group_id = f.id AND s.user_id = m.user_id)",
        );
        Ok(())
    }

    fn members_of_group(&mut self, filter: &Checked) -> Result<()> {
        self.sql.push(
            "r.id IN (SELECT p.id FROM group_users m JOIN scim_users u ON u.user_id = m.user_id
             JOIN scim_groups p ON p.group_id = m.group_id WHERE ",
        );
        self.member(filter, "u.scim_id", "user")?;
        self.sql.push(
            " UNION SELECT p.id FROM group_groups m JOIN scim_groups c ON c.group_id = m.child_id
             JOIN scim_groups p ON p.group_id = m.parent_id WHERE ",
        );
        self.member(filter, "c.scim_id", "group")?;
        self.sql.push(")");
        Ok(())
    }

    /// A member, whose id is in the column `id` and whose type is `kind`, passes the filter.
    pub(super) fn member(&mut self, node: &Checked, id: &'static str, kind: &'static str) -> Result<()> {
        match node {
            Checked::And(nodes) => self.joined(nodes, " AND ", |c, node| c.member(node, id, kind)),
            Checked::Or(nodes) => self.joined(nodes, " OR ", |c, node| c.member(node, id, kind)),
            Checked::Not(node) => {
                self.sql.push("NOT (");
                self.member(node, id, kind)?;
                self.sql.push(")");
                Ok(())
            }
            Checked::Test(test) => match sub_name(test) {
                "value" => self.text(id, test.op, &test.operand),
                "type" => {
                    self.sql.push("EXISTS (SELECT 1 FROM (SELECT CAST(").bind(kind);
                    self.sql.push(" AS TEXT) AS value) k WHERE ");
                    self.text("k.value", test.op, &test.operand)?;
                    self.sql.push(")");
                    Ok(())
                }
                _ if test.op == Op::Pr => {
                    self.sql.push("TRUE");
                    Ok(())
                }
                _ => Err(unsearchable(&test.attr.key())),
            },
            other => self.node(other),
        }
    }

    fn text(&mut self, column: &'static str, op: Op, operand: &Operand) -> Result<()> {
        let text = match operand {
            Operand::Text(text) | Operand::Folded(text) => text.clone(),
            Operand::Bool(value) => value.to_string(),
            Operand::Instant(at) => burgee_scim::render_instant(*at),
            Operand::Number(number) => number.to_string(),
            Operand::None => String::new(),
        };
        let sql = &mut *self.sql;
        match op {
            Op::Pr => {
                sql.push(column).push(" <> ''");
            }
            Op::Eq | Op::Ne => {
                sql.push(column).push(" = ").bind(text);
            }
            Op::Gt => {
                sql.push(column).push(" > ").bind(text);
            }
            Op::Ge => {
                sql.push(column).push(" >= ").bind(text);
            }
            Op::Lt => {
                sql.push(column).push(" < ").bind(text);
            }
            Op::Le => {
                sql.push(column).push(" <= ").bind(text);
            }
            Op::Co => {
                let (start, middle, end) = contains(self.engine);
                sql.push(start).push(column).push(middle).bind(text).push(end);
            }
            Op::Sw => {
                let beyond = beyond(&text);
                sql.push("(").push(column).push(" >= ").bind(text);
                if let Some(beyond) = beyond {
                    sql.push(" AND ").push(column).push(" < ").bind(beyond);
                }
                sql.push(")");
            }
            Op::Ew if text.is_empty() => {
                sql.push("TRUE");
            }
            Op::Ew => {
                let (start, middle, end) = suffix(self.engine);
                let count = i64::try_from(text.chars().count()).map_err(Error::internal)?;
                sql.push(start).push(column).push(middle).bind(count).push(end).push(" = ").bind(text);
            }
        }
        Ok(())
    }

    /// Stored moments are whole milliseconds; the operand need not be.
    fn time(&mut self, column: &'static str, op: Op, operand: &Operand) {
        let Operand::Instant(at) = operand else {
            self.sql.push("TRUE");
            return;
        };
        let (ms, exact) = floor(*at);
        let word = match op {
            Op::Eq if !exact => {
                self.sql.push("FALSE");
                return;
            }
            Op::Ge if !exact => " > ",
            Op::Lt if !exact => " <= ",
            Op::Gt => " > ",
            Op::Ge => " >= ",
            Op::Lt => " < ",
            Op::Le => " <= ",
            _ => " = ",
        };
        self.sql.push(column).push(word).bind(ms);
    }
}

/// A condition on the members of a group; for removing those that match.
pub(super) fn member_condition(
    sql: &mut Sql,
    engine: Engine,
    connection: i64,
    filter: &Checked,
    id: &'static str,
    kind: &'static str,
) -> Result<()> {
    Compiler { sql, engine, connection, noun: Noun::Group }.member(filter, id, kind)
}

fn unsearchable(key: &str) -> Error {
    Error::Scim(burgee_scim::Error::invalid_filter(format!("{key} cannot be searched")))
}

fn sub_name(test: &Test) -> &'static str {
    test.attr.sub.map_or("", |sub| sub.name)
}

fn is_type(test: &Test) -> bool {
    sub_name(test) == "type"
}

/// True for a test that has a row of `scim_leaves` to itself, so that the search can start there.
fn leaf_of_its_own(test: &Test) -> bool {
    !is_type(test) && sub_name(test) != "primary"
}

fn selective(node: &Checked, op: Op) -> bool {
    matches!(node, Checked::Test(test) if test.op == op && leaf_of_its_own(test))
}

/// The least text that is greater than every text that starts with `prefix`.
fn beyond(prefix: &str) -> Option<String> {
    let mut letters: Vec<char> = prefix.chars().collect();
    while let Some(last) = letters.pop() {
        let next = if last == '\u{d7ff}' { Some('\u{e000}') } else { char::from_u32(u32::from(last) + 1) };
        if let Some(next) = next {
            letters.push(next);
            return Some(letters.into_iter().collect());
        }
    }
    None
}

fn floor(at: Timestamp) -> (i64, bool) {
    let nanos = at.as_nanosecond();
    let ms = i64::try_from(nanos.div_euclid(1_000_000)).unwrap_or(i64::MAX);
    (ms, nanos.rem_euclid(1_000_000) == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_beyond_a_prefix_is_greater_than_all_that_start_with_it() {
        assert_eq!(beyond("ab").as_deref(), Some("ac"));
        assert_eq!(beyond("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(beyond("\u{d7ff}").as_deref(), Some("\u{e000}"));
        assert_eq!(beyond("\u{10ffff}"), None);
        assert_eq!(beyond(""), None);
    }

    #[test]
    fn moments_between_milliseconds_are_known_to_be_inexact() {
        let at: Timestamp = "2026-01-01T00:00:00.0005Z".parse().unwrap();
        assert_eq!(floor(at), (1_767_225_600_000, false));
        let before: Timestamp = "1969-12-31T23:59:59.9995Z".parse().unwrap();
        assert_eq!(floor(before), (-1, false));
    }
}
