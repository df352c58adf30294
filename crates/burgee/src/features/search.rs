//! Finding flags: by what they are, where they stand and who made them; a page at a time, with what lists show of them.
//!
//! A search takes five statements, however many flags there are and however many it finds. [`in_project`] is the search
//! that the list of a project needs.

use std::collections::HashMap;

use serde::de::IgnoredAny;

use super::detail::{Author, Stage};
use super::feature::Feature;
use super::lifecycle::rank;
use crate::access::Sight;
use crate::clock::Time;
use crate::db::{Read, Sql, dialect, last_page};
use crate::error::Result;
use crate::owners::Owner;
use crate::sql;

/// Which flags to find. What is `None` or empty does not restrict.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Archived ones, instead of all others.
    pub archived: bool,
    /// The name.
    pub names: Option<Choice<String>>,
    /// The name or the description contains one of these; in folded form.
    pub words: Vec<String>,
    /// The project.
    pub project: Option<Choice<String>>,
    /// `active`, `stale` or `potentially-stale`.
    pub state: Option<Choice<String>>,
    /// The latest step of its life.
    pub stage: Option<Choice<String>>,
    /// The type.
    pub kind: Option<Choice<String>>,
    /// Who made it, by id.
    pub created_by: Option<Choice<i64>>,
    /// Who answers for it.
    pub owner: Option<OwnedBy>,
    /// The tags that it has.
    pub tags: Option<Having<Tag>>,
    /// The names of the segments that its strategies use.
    pub segments: Option<Having<String>>,
    /// One of these: on or off in an environment.
    pub status: Vec<(String, bool)>,
    /// Whether the reader likes it.
    pub favorite: Option<bool>,
    /// When it was made.
    pub created: Option<When>,
    /// When clients last asked for it anywhere; what nobody ever asked for is not found, unless that is what is asked.
    pub seen: Option<When>,
}

/// Who answers for flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnedBy {
    /// This person or group.
    Owner(Owner),
    /// The reader, or a group that they are in.
    Reader,
    /// Nobody: there never was an owner, or they left.
    Nobody,
}

/// The one value that a flag has is among some, or is not.
#[derive(Clone, Debug)]
pub enum Choice<T> {
    /// It is one of these.
    AnyOf(Vec<T>),
    /// It is none of these.
    NoneOf(Vec<T>),
}

/// The many values that a flag has, and some others.
#[derive(Clone, Debug)]
pub enum Having<T> {
    /// It has one of these.
    Any(Vec<T>),
    /// It has all of these.
    All(Vec<T>),
    /// It has none of these.
    None(Vec<T>),
    /// One of these is missing.
    NotAll(Vec<T>),
}

/// Before a moment, or not, or never.
#[derive(Clone, Copy, Debug)]
pub enum When {
    /// Before.
    Before(Time),
    /// Then or later.
    From(Time),
    /// Not once.
    Never,
}

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its type.
    pub kind: String,
    /// Its value.
    pub value: String,
}

/// By what to sort. Flags that are equal come in the order of their creation.
#[derive(Clone, Debug, Default)]
pub enum Key {
    /// When it was made.
    #[default]
    Created,
    /// The name.
    Name,
    /// The type.
    Kind,
    /// When clients last asked for it anywhere; never is last.
    Seen,
    /// How it stands in an environment: absent, off, on.
    Environment(String),
}

/// A page of the flags that pass a filter.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Which ones.
    pub filter: Filter,
    /// By what to sort.
    pub key: Key,
    /// From the greatest to the least.
    pub descending: bool,
    /// Those that the reader likes come first.
    pub favorites_first: bool,
    /// How many to leave out.
    pub offset: i64,
    /// How many to return.
    pub limit: i64,
}

/// Who asks: whose favourites count, and what exists for them.
#[derive(Clone, Debug)]
pub struct Reader {
    /// The person, if it is one.
    pub id: Option<i64>,
    /// Which projects they see.
    pub sight: Sight,
}

/// What other flags are to one that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kinship {
    /// Others depend on it.
    Parent,
    /// It depends on another.
    Child,
}

/// A flag in an environment, in short.
#[derive(Clone, Debug)]
pub struct Glance {
    /// The environment.
    pub environment: String,
    /// The environment's type.
    pub kind: String,
    /// The environment's place in lists.
    pub sort_order: i64,
    /// On or off.
    pub enabled: bool,
    /// When clients last asked for it here.
    pub last_seen_at: Option<Time>,
    /// How many variants the flag itself has here.
    pub variants: usize,
    /// Whether there are strategies.
    pub strategies: bool,
    /// Whether one of them is enabled.
    pub enabled_strategies: bool,
}

/// A tag on a flag.
#[derive(Clone, Debug)]
pub struct Tagged {
    /// The tag.
    pub tag: Tag,
    /// The colour of its type.
    pub color: Option<String>,
}

/// A flag as lists show it.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The flag.
    pub feature: Feature,
    /// Whether the reader likes it.
    pub favorite: bool,
    /// Who made it.
    pub author: Author,
    /// What other flags are to it.
    pub kinship: Option<Kinship>,
    /// The latest step of its life.
    pub stage: Option<Stage>,
    /// Where it stands in each environment.
    pub environments: Vec<Glance>,
    /// Its tags.
    pub tags: Vec<Tagged>,
    /// The names of the segments that its strategies use.
    pub segments: Vec<String>,
}

/// Finds flags: a page of them and how many there are in all.
pub async fn search(tx: &mut Read, reader: &Reader, query: &Query) -> Result<(Vec<Summary>, i64)> {
    let found = page(tx, reader, query).await?;
    if let Some(total) = last_page(found.len(), query.offset, query.limit) {
        return Ok((found, total));
    }
    let mut count = Sql::build("SELECT COUNT(*) FROM features f");
    conditions(&mut count, tx, reader, &query.filter)?;
    let (total,): (i64,) = tx.one(count).await?;
    Ok((found, total))
}

/// The flags of a project that are not archived, by name, as `reader` sees them.
pub async fn in_project(tx: &mut Read, project: &str, reader: Option<i64>) -> Result<Vec<Summary>> {
    let project = Some(Choice::AnyOf(vec![project.to_owned()]));
    let filter = Filter { project, ..Filter::default() };
    let query = Query { filter, key: Key::Name, limit: i64::MAX, ..Query::default() };
    page(tx, &Reader { id: reader, sight: Sight::ALL }, &query).await
}

/// How the database would find a page, line by line: for the test that holds searches to an index.
pub async fn plan(tx: &mut Read, reader: &Reader, query: &Query) -> Result<Vec<String>> {
    let mut sql = Sql::build("");
    names(&mut sql, tx, reader, query)?;
    tx.plan(sql).await
}

/// SQL: the latest step in the life of the flag behind the alias `f`.
macro_rules! stage {
    () => {
        concat!(
            "(SELECT s.stage FROM feature_lifecycles s WHERE s.feature = f.name ORDER BY s.created_at DESC, ",
            rank!("s.stage"),
            " DESC LIMIT 1)"
        )
    };
}

/// SQL: among all that the flag behind the alias `f` went through, `s` is the latest step. Nothing is sorted for it.
const LATEST: &str = concat!(
    "s.feature = f.name AND NOT EXISTS (SELECT 1 FROM feature_lifecycles n WHERE n.feature = s.feature AND (n.created_at, ",
    rank!("n.stage"),
    ") > (s.created_at, ",
    rank!("s.stage"),
    "))"
);

/// SQL: when clients last asked for the flag behind the alias `f`.
const SEEN: &str = "(SELECT MAX(s.seen_at) FROM flag_sightings s WHERE s.feature = f.name)";

async fn page(tx: &mut Read, reader: &Reader, query: &Query) -> Result<Vec<Summary>> {
    #[derive(sqlx::FromRow)]
    struct Row {
        #[sqlx(flatten)]
        feature: Feature,
        favorite: bool,
        author_name: String,
        author_image: String,
        parent: bool,
        child: bool,
        stage: Option<String>,
        stage_since: Option<Time>,
        stage_status: Option<String>,
    }
    // The page is found by name first, so that nothing is looked up for flags that are left out.
    let mut sql = Sql::build(
        "SELECT f.name, f.description, f.type, f.project, f.stale, f.created_at, f.impression_data, f.archived_at,
                f.archived_at IS NOT NULL AS archived, f.created_by, f.version,
                COALESCE(u.name, u.username, u.email, '') AS author_name, COALESCE(u.image_url, '') AS author_image,
                EXISTS (SELECT 1 FROM feature_dependencies d WHERE d.parent = f.name) AS parent,
                EXISTS (SELECT 1 FROM feature_dependencies d WHERE d.child = f.name) AS child,
                l.stage, l.created_at AS stage_since, l.status AS stage_status,
                f.name IN (SELECT x.feature FROM favorite_features x WHERE x.user_id = ",
    );
    sql.bind(reader.id).push(concat!(
        ") AS favorite
         FROM features f LEFT JOIN users u ON u.id = f.created_by
         LEFT JOIN feature_lifecycles l ON l.feature = f.name AND l.stage = ",
        stage!(),
        " WHERE f.name IN ("
    ));
    names(&mut sql, tx, reader, query)?;
    sql.push(")");
    order(&mut sql, reader, query);
    let rows: Vec<Row> = tx.all(sql).await?;
    let found: Vec<&str> = rows.iter().map(|row| row.feature.name.as_str()).collect();
    let found = serde_json::to_string(&found)?;
    let mut environments = glances(tx, &found).await?;
    let mut tags = tags(tx, &found).await?;
    let mut segments = segments(tx, &found).await?;
    let summary = |row: Row| Summary {
        environments: environments.remove(&row.feature.name).unwrap_or_default(),
        tags: tags.remove(&row.feature.name).unwrap_or_default(),
        segments: segments.remove(&row.feature.name).unwrap_or_default(),
        favorite: row.favorite,
        author: Author { id: row.feature.created_by, name: row.author_name, image_url: row.author_image },
        kinship: match (row.parent, row.child) {
            (true, _) => Some(Kinship::Parent),
            (false, true) => Some(Kinship::Child),
            (false, false) => None,
        },
        stage: row.stage.zip(row.stage_since).map(|(stage, created_at)| Stage {
            stage,
            created_at,
            status: row.stage_status,
        }),
        feature: row.feature,
    };
    Ok(rows.into_iter().map(summary).collect())
}

/// Where flags stand in each environment. `found` is a list of their names in JSON.
async fn glances(tx: &mut Read, found: &str) -> Result<HashMap<String, Vec<Glance>>> {
    #[derive(sqlx::FromRow)]
    struct Row {
        feature: String,
        environment: String,
        r#type: String,
        sort_order: i64,
        enabled: bool,
        last_seen_at: Option<Time>,
        variants: String,
        strategies: bool,
        enabled_strategies: bool,
    }
    let rows: Vec<Row> = tx
        .all(sql!(
            "SELECT p.feature, p.environment, e.type, e.sort_order, p.enabled, n.seen_at AS last_seen_at, p.variants,
                    EXISTS (SELECT 1 FROM feature_strategies s
                            WHERE s.feature = p.feature AND s.environment = p.environment) AS strategies,
                    EXISTS (SELECT 1 FROM feature_strategies s
                            WHERE s.feature = p.feature AND s.environment = p.environment AND s.disabled = FALSE)
                        AS enabled_strategies
             FROM feature_environments p JOIN environments e ON e.name = p.environment
             LEFT JOIN flag_sightings n ON n.feature = p.feature AND n.environment = p.environment
             WHERE p.feature IN ({list:$1}) ORDER BY e.sort_order, e.name",
            found
        ))
        .await?;
    grouped(rows.into_iter().map(|row| {
        let variants: Vec<IgnoredAny> = serde_json::from_str(&row.variants)?;
        let glance = Glance {
            environment: row.environment,
            kind: row.r#type,
            sort_order: row.sort_order,
            enabled: row.enabled,
            last_seen_at: row.last_seen_at,
            variants: variants.len(),
            strategies: row.strategies,
            enabled_strategies: row.enabled_strategies,
        };
        Ok((row.feature, glance))
    }))
}

async fn tags(tx: &mut Read, found: &str) -> Result<HashMap<String, Vec<Tagged>>> {
    let rows: Vec<(String, String, String, Option<String>)> = tx
        .all(sql!(
            "SELECT t.feature, t.type, t.value, k.color FROM feature_tags t JOIN tag_types k ON k.name = t.type
             WHERE t.feature IN ({list:$1}) ORDER BY t.type, t.value",
            found
        ))
        .await?;
    grouped(
        rows.into_iter()
            .map(|(feature, kind, value, color)| Ok((feature, Tagged { tag: Tag { kind, value }, color }))),
    )
}

async fn segments(tx: &mut Read, found: &str) -> Result<HashMap<String, Vec<String>>> {
    let rows: Vec<(String, String)> = tx
        .all(sql!(
            "SELECT DISTINCT s.feature, g.name FROM feature_strategies s
             JOIN feature_strategy_segments x ON x.strategy_id = s.id JOIN segments g ON g.id = x.segment_id
             WHERE s.feature IN ({list:$1}) ORDER BY g.name",
            found
        ))
        .await?;
    grouped(rows.into_iter().map(Ok))
}

fn grouped<T>(rows: impl Iterator<Item = Result<(String, T)>>) -> Result<HashMap<String, Vec<T>>> {
    let mut groups: HashMap<String, Vec<T>> = HashMap::new();
    for row in rows {
        let (feature, item) = row?;
        groups.entry(feature).or_default().push(item);
    }
    Ok(groups)
}

/// Selects the names of a page.
fn names(sql: &mut Sql, tx: &Read, reader: &Reader, query: &Query) -> Result<()> {
    sql.push("SELECT f.name FROM features f");
    conditions(sql, tx, reader, &query.filter)?;
    order(sql, reader, query);
    sql.push(" LIMIT ").bind(query.limit).push(" OFFSET ").bind(query.offset);
    Ok(())
}

fn order(sql: &mut Sql, reader: &Reader, query: &Query) {
    let way = if query.descending { " DESC, " } else { ", " };
    sql.push(" ORDER BY ");
    if query.favorites_first {
        sql.push("(SELECT COUNT(*) FROM favorite_features x WHERE x.feature = f.name AND x.user_id = ");
        sql.bind(reader.id).push(") DESC, ");
    }
    match &query.key {
        Key::Created if query.descending => {
            sql.push("f.created_at DESC, f.name DESC");
            return;
        }
        Key::Created => {}
        Key::Name => {
            sql.push("f.name").push(way);
        }
        Key::Kind => {
            sql.push("f.type").push(way);
        }
        Key::Seen => {
            let never = if query.descending { ", -1)" } else { ", 9223372036854775807)" };
            sql.push("COALESCE(").push(SEEN).push(never).push(way);
        }
        Key::Environment(environment) => {
            sql.push(
                "COALESCE((SELECT CASE WHEN p.enabled = TRUE THEN 2 ELSE 1 END FROM feature_environments p
                           WHERE p.feature = f.name AND p.environment = ",
            );
            sql.bind(environment).push("), 0)").push(way);
        }
    }
    sql.push("f.created_at, f.name");
}

/// What flags must be to be found, as conditions on `features f`.
fn conditions(sql: &mut Sql, tx: &Read, reader: &Reader, filter: &Filter) -> Result<()> {
    sql.push(if filter.archived {
        " WHERE f.archived_at IS NOT NULL"
    } else {
        " WHERE f.archived_at IS NULL"
    });
    reader.sight.restrict(sql, "f.project")?;
    if !filter.words.is_empty() {
        let (start, middle, end) = dialect::contains(tx.engine());
        any(sql, &filter.words, |sql, word| {
            sql.push(start).push("f.search").push(middle).bind(word).push(end);
        });
    }
    chosen(sql, "f.name", filter.names.as_ref());
    chosen(sql, "f.project", filter.project.as_ref());
    chosen(sql, "f.type", filter.kind.as_ref());
    let state =
        "CASE WHEN f.stale = TRUE THEN 'stale' WHEN f.potentially_stale = TRUE THEN 'potentially-stale'
                      ELSE 'active' END";
    chosen(sql, state, filter.state.as_ref());
    if filter.stage.is_some() {
        sql.push(" AND EXISTS (SELECT 1 FROM feature_lifecycles s WHERE ").push(LATEST);
        chosen(sql, "s.stage", filter.stage.as_ref());
        sql.push(")");
    }
    chosen(sql, "f.created_by", filter.created_by.as_ref());
    owned(sql, reader, filter.owner);
    having(sql, filter.tags.as_ref(), |sql, tag| {
        sql.push("f.name IN (SELECT t.feature FROM feature_tags t WHERE t.type = ").bind(&tag.kind);
        sql.push(" AND t.value = ").bind(&tag.value).push(")");
    });
    having(sql, filter.segments.as_ref(), |sql, segment| {
        sql.push(
            "f.name IN (SELECT s.feature FROM segments g JOIN feature_strategy_segments x ON x.segment_id = g.id
                        JOIN feature_strategies s ON s.id = x.strategy_id WHERE g.name = ",
        );
        sql.bind(segment).push(")");
    });
    if !filter.status.is_empty() {
        any(sql, &filter.status, |sql, (environment, enabled)| {
            // Asked of the flags that are left, rather than of all that stand so.
            sql.push(
                "EXISTS (SELECT 1 FROM feature_environments p WHERE p.feature = f.name AND p.environment = ",
            );
            sql.bind(environment);
            sql.push(if *enabled { " AND p.enabled = TRUE)" } else { " AND p.enabled = FALSE)" });
        });
    }
    if let Some(favorite) = filter.favorite {
        sql.push(if favorite { " AND f.name IN " } else { " AND f.name NOT IN " });
        sql.push("(SELECT x.feature FROM favorite_features x WHERE x.user_id = ").bind(reader.id).push(")");
    }
    for (column, when) in [("f.created_at", filter.created), (SEEN, filter.seen)] {
        let Some(when) = when else { continue };
        sql.push(" AND ").push(column);
        match when {
            When::Before(time) => sql.push(" < ").bind(time),
            When::From(time) => sql.push(" >= ").bind(time),
            When::Never => sql.push(" IS NULL"),
        };
    }
    Ok(())
}

/// Continues with ` AND (… OR …)`.
fn any<T>(sql: &mut Sql, items: &[T], test: impl Fn(&mut Sql, &T)) {
    joined(sql, " AND (", " OR ", items, test);
}

fn joined<T>(
    sql: &mut Sql,
    start: &'static str,
    word: &'static str,
    items: &[T],
    test: impl Fn(&mut Sql, &T),
) {
    for (index, item) in items.iter().enumerate() {
        sql.push(if index == 0 { start } else { word });
        test(sql, item);
    }
    sql.push(")");
}

fn chosen<T: Clone + Into<crate::db::Value>>(sql: &mut Sql, value: &'static str, choice: Option<&Choice<T>>) {
    let (items, start) = match choice {
        None => return,
        Some(Choice::AnyOf(items)) => (items, " IN ("),
        Some(Choice::NoneOf(items)) => (items, " NOT IN ("),
    };
    sql.push(" AND ").push(value);
    joined(sql, start, ", ", items, |sql, item| {
        sql.bind(item.clone());
    });
}

fn owned(sql: &mut Sql, reader: &Reader, by: Option<OwnedBy>) {
    const LIVING: &str = "SELECT o.feature FROM flag_owners o LEFT JOIN users w ON w.id = o.user_id
                          WHERE o.left_at IS NULL AND COALESCE(w.active, TRUE)";
    match by {
        None => {}
        Some(OwnedBy::Nobody) => {
            sql.push(" AND f.name NOT IN (").push(LIVING).push(")");
        }
        Some(OwnedBy::Owner(Owner::User(id))) => {
            sql.push(" AND f.name IN (").push(LIVING).push(" AND o.user_id = ").bind(id).push(")");
        }
        Some(OwnedBy::Owner(Owner::Group(id))) => {
            sql.push(" AND f.name IN (").push(LIVING).push(" AND o.group_id = ").bind(id).push(")");
        }
        Some(OwnedBy::Reader) => {
            sql.push(" AND f.name IN (").push(LIVING).push(" AND (o.user_id = ").bind(reader.id).push(
                " OR o.group_id IN (WITH RECURSIVE member (group_id) AS (
                     SELECT group_id FROM group_users WHERE user_id = ",
            );
            sql.bind(reader.id).push(
                " UNION SELECT g.parent_id FROM group_groups g JOIN member m ON g.child_id = m.group_id
                  ) SELECT group_id FROM member)))",
            );
        }
    }
}

fn having<T>(sql: &mut Sql, having: Option<&Having<T>>, has: impl Fn(&mut Sql, &T)) {
    match having {
        None => {}
        Some(Having::Any(items)) => any(sql, items, has),
        Some(Having::All(items)) => joined(sql, " AND (", " AND ", items, has),
        Some(Having::None(items)) => joined(sql, " AND NOT (", " OR ", items, has),
        Some(Having::NotAll(items)) => joined(sql, " AND NOT (", " AND ", items, has),
    }
}

/// Who made flags, archived ones included, that `sight` shows: a page of them and how many there are in all.
pub async fn authors(tx: &mut Read, sight: &Sight, offset: i64, limit: i64) -> Result<(Vec<Author>, i64)> {
    let mut made = Sql::build("SELECT DISTINCT f.created_by FROM features f WHERE TRUE");
    sight.restrict(&mut made, "f.project")?;
    let ids: Vec<(i64,)> = tx.all(made).await?;
    let ids: Vec<i64> = ids.into_iter().map(|(id,)| id).collect();
    let total = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    let authors = tx
        .all(sql!(
            concat!(
                "SELECT ",
                super::detail::author!(),
                " FROM users u WHERE u.id IN ({ids:$1}) ORDER BY u.id LIMIT $2 OFFSET $3"
            ),
            serde_json::to_string(&ids)?,
            limit,
            offset
        ))
        .await?;
    Ok((authors, total))
}
