//! The rows of the record: append and search.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::event::Event;
use super::fact::Fact;
use crate::access::{Actor, Sight};
use crate::clock::Time;
use crate::db::{Read, Sql, Write, dialect, last_page};
use crate::entropy::numbered_ulid;
use crate::error::Result;
use crate::sql;

/// One line of the record.
#[derive(Clone, Debug)]
pub struct Record {
    /// Rises with every event, in commit order.
    pub id: i64,
    /// The event type on the wire.
    pub kind: String,
    /// When.
    pub created_at: Time,
    /// Who, by name at that time.
    pub created_by: String,
    /// Who, by id.
    pub created_by_user_id: i64,
    /// From which address.
    pub ip: Option<String>,
    /// The state after.
    pub data: Option<Value>,
    /// The state before.
    pub pre_data: Option<Value>,
    /// Where.
    pub project: Option<String>,
    /// Where.
    pub environment: Option<String>,
    /// Which flag.
    pub feature_name: Option<String>,
    /// Events of one kind of undertaking share these.
    pub group_type: Option<String>,
    /// Events of one kind of undertaking share these.
    pub group_id: Option<String>,
}

impl Record {
    /// What people read for its type.
    pub fn label(&self) -> Option<&'static str> {
        Fact::named(&self.kind).map(Fact::label)
    }

    /// One sentence for people: who did what to whom or what, and where.
    pub fn summary(&self) -> String {
        let what = self.label().unwrap_or(&self.kind);
        let subject = self.subject().map(|name| format!(" ({name})")).unwrap_or_default();
        let place = self.project.as_ref().map(|project| format!(" in project {project}")).unwrap_or_default();
        format!("{}: {what}{subject}{place}", self.created_by)
    }

    /// The name of what was changed, as far as the states tell it.
    fn subject(&self) -> Option<&str> {
        let state = self.data.as_ref().or(self.pre_data.as_ref())?;
        ["name", "username", "email", "tokenName", "groupName", "description"]
            .into_iter()
            .find_map(|key| state[key].as_str().filter(|text| !text.is_empty()))
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    r#type: String,
    created_at: Time,
    created_by: String,
    created_by_user_id: i64,
    ip: Option<String>,
    data: Option<String>,
    pre_data: Option<String>,
    project: Option<String>,
    environment: Option<String>,
    feature_name: Option<String>,
    group_type: Option<String>,
    group_id: Option<String>,
}

/// What a change must know before it ends.
#[derive(sqlx::FromRow)]
pub(super) struct Standing {
    /// The number of the last event.
    pub(super) last: i64,
    /// True if a segment is, or was, tied to a group.
    pub(super) tied: bool,
}

/// How things stand, once no other transaction can end before `tx` does.
pub(super) async fn standing(tx: &mut Write) -> Result<Standing> {
    tx.one(sql!(
        "SELECT COALESCE((SELECT MAX(id) FROM events), 0) AS last,
                EXISTS (SELECT 1 FROM segment_groups) OR EXISTS (SELECT 1 FROM segment_people) AS tied"
    ))
    .await
}

/// Writes events at the end of the transaction `tx`, as one group, and returns its id. Since no other transaction writes
/// events now, the number of the `last` one makes it unique. `txn` is what the request is called that they come of, if it
/// has a name.
pub(super) async fn append(
    tx: &mut Write,
    actor: &Actor,
    now: Time,
    txn: Option<&str>,
    events: &[Event],
    last: i64,
) -> Result<String> {
    let group = numbered_ulid(now, last);
    let rows: Vec<Value> = events.iter().map(|event| row(event, txn)).collect();
    tx.execute(sql!(
        "INSERT INTO events (type, created_at, created_by, created_by_user_id, ip, data, pre_data, project,
                             environment, connection_id, feature_name, segment_id, revises, signal, group_type, group_id)
         SELECT item ->> 'type', CAST($2 AS BIGINT), CAST($3 AS TEXT), CAST($4 AS BIGINT), CAST($5 AS TEXT),
                item ->> 'data', item ->> 'preData', item ->> 'project', item ->> 'environment',
                CAST($6 AS BIGINT), item ->> 'feature', CAST(item ->> 'segment' AS BIGINT),
                CAST(item ->> 'revises' AS BOOLEAN), item ->> 'signal', 'transaction', CAST($7 AS TEXT)
         FROM ({rows:$1}) r",
        serde_json::to_string(&rows)?,
        now,
        &actor.name,
        actor.user_id(),
        actor.ip.clone(),
        actor.connection(),
        &group
    ))
    .await?;
    Ok(group)
}

/// An event as one item of a list. The states are kept as text.
fn row(event: &Event, txn: Option<&str>) -> Value {
    let mut signal = event.signal();
    if let (Some(Value::Object(said)), Some(txn)) = (&mut signal, txn) {
        said.entry("txn").or_insert_with(|| txn.into());
    }
    json!({
        "type": event.fact.name(),
        "data": event.data.as_ref().map(Value::to_string),
        "preData": event.pre_data.as_ref().map(Value::to_string),
        "revises": event.revises(),
        "project": event.project,
        "environment": event.environment,
        "feature": event.feature,
        "segment": event.segment,
        "signal": signal.as_ref().map(Value::to_string),
    })
}

/// Which events to find. Empty lists do not restrict; a list means any of its values.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Event ids.
    pub ids: Vec<i64>,
    /// Event types.
    pub types: Vec<String>,
    /// Projects.
    pub projects: Vec<String>,
    /// Flags.
    pub features: Vec<String>,
    /// Environments.
    pub environments: Vec<String>,
    /// Ids of authors.
    pub created_by: Vec<i64>,
    /// Connections of identity providers that did it.
    pub connections: Vec<i64>,
    /// Ids of undertakings.
    pub group_ids: Vec<String>,
    /// Not before.
    pub from: Option<Time>,
    /// Before.
    pub until: Option<Time>,
    /// Older than this one.
    pub before: Option<i64>,
    /// Text that the states or the flag's name contain; upper and lower case of ASCII letters are the same.
    pub query: Option<String>,
    /// Only events that belong to a project which this sight shows: what people without administration may see.
    pub sight: Option<Sight>,
}

impl Filter {
    fn conditions(&self, sql: &mut Sql, tx: &Read) -> Result<()> {
        sql.push(" WHERE TRUE");
        integers(sql, " AND id IN (", &self.ids);
        integers(sql, " AND created_by_user_id IN (", &self.created_by);
        integers(sql, " AND connection_id IN (", &self.connections);
        for (column, values) in [
            (" AND type IN (", &self.types),
            (" AND project IN (", &self.projects),
            (" AND feature_name IN (", &self.features),
            (" AND environment IN (", &self.environments),
            (" AND group_id IN (", &self.group_ids),
        ] {
            if !values.is_empty() {
                sql.push(column);
                for (index, value) in values.iter().enumerate() {
                    sql.push(if index == 0 { "" } else { ", " }).bind(value);
                }
                sql.push(")");
            }
        }
        if let Some(from) = self.from {
            sql.push(" AND created_at >= ").bind(from);
        }
        if let Some(until) = self.until {
            sql.push(" AND created_at < ").bind(until);
        }
        if let Some(before) = self.before {
            sql.push(" AND id < ").bind(before);
        }
        if let Some(query) = &self.query {
            let (start, middle, end) = dialect::contains(tx.engine());
            sql.push(" AND (");
            let columns = ["lower(feature_name)", "lower(data)", "lower(pre_data)"];
            for (index, column) in columns.into_iter().enumerate() {
                sql.push(if index == 0 { "" } else { " OR " });
                sql.push(start).push(column).push(middle).bind(query.to_ascii_lowercase()).push(end);
            }
            sql.push(")");
        }
        if let Some(sight) = &self.sight {
            sql.push(" AND project IS NOT NULL");
            sight.restrict(sql, "project")?;
        }
        Ok(())
    }
}

fn integers(sql: &mut Sql, start: &'static str, values: &[i64]) {
    if values.is_empty() {
        return;
    }
    sql.push(start);
    for (index, value) in values.iter().enumerate() {
        sql.push(if index == 0 { "" } else { ", " }).bind(*value);
    }
    sql.push(")");
}

/// How many events with a text are counted after those that are told.
const COUNTED_AHEAD: i64 = 1000;

/// Finds events, the newest first: a page of them and how many there are in all; of a text, how many there are at
/// least.
pub async fn search(tx: &mut Read, filter: &Filter, offset: i64, limit: i64) -> Result<(Vec<Record>, i64)> {
    let mut sql = Sql::build("");
    page(&mut sql, tx, filter, offset, limit)?;
    let rows: Vec<Row> = tx.all(sql).await?;
    let total = match last_page(rows.len(), offset, limit) {
        Some(total) => total,
        None => count(tx, filter, offset, limit).await?,
    };
    Ok((rows.into_iter().map(record).collect(), total))
}

/// The newest events that a filter finds, without how many there are: for who goes through all of them with
/// [`Filter::before`].
pub async fn newest(tx: &mut Read, filter: &Filter, limit: i64) -> Result<Vec<Record>> {
    let mut sql = Sql::build("");
    page(&mut sql, tx, filter, 0, limit)?;
    let rows: Vec<Row> = tx.all(sql).await?;
    Ok(rows.into_iter().map(record).collect())
}

/// How many milliseconds a day has.
const DAY: i64 = 24 * 60 * 60 * 1000;
/// How many events are counted by the day.
const COUNTED: i64 = 50_000;

/// How many events a filter finds on each day, with days told by how many passed since 1970; days without any are left
/// out. `None` if it would take long: of a text, or of very many.
pub async fn by_day(tx: &mut Read, filter: &Filter) -> Result<Option<BTreeMap<i64, i64>>> {
    if filter.query.is_some() {
        return Ok(None);
    }
    let mut sql = Sql::build("SELECT day, COUNT(*) FROM (SELECT created_at / ");
    sql.bind(DAY).push(" AS day FROM events");
    filter.conditions(&mut sql, tx)?;
    sql.push(" LIMIT ").bind(COUNTED).push(") AS found GROUP BY day");
    let days: Vec<(i64, i64)> = tx.all(sql).await?;
    let days: BTreeMap<i64, i64> = days.into_iter().collect();
    Ok(Some(days).filter(|days| days.values().sum::<i64>() < COUNTED))
}

/// The number of the newest event that a filter finds; zero, if it finds none.
pub async fn latest(tx: &mut Read, filter: &Filter) -> Result<i64> {
    let mut sql = Sql::build("SELECT id FROM events");
    filter.conditions(&mut sql, tx)?;
    sql.push(" ORDER BY id DESC LIMIT 1");
    let found: Option<(i64,)> = tx.optional(sql).await?;
    Ok(found.map_or(0, |(id,)| id))
}

/// How many events there are. Text has no index, so that of what contains it no more are counted than
/// [`COUNTED_AHEAD`] after the page: whoever goes on to the next pages comes to all.
async fn count(tx: &mut Read, filter: &Filter, offset: i64, limit: i64) -> Result<i64> {
    let mut sql = Sql::build("SELECT COUNT(*) FROM (SELECT 1 FROM events");
    filter.conditions(&mut sql, tx)?;
    if filter.query.is_some() {
        sql.push(" LIMIT ").bind(offset.saturating_add(limit).saturating_add(COUNTED_AHEAD));
    }
    sql.push(") AS found");
    let (total,): (i64,) = tx.one(sql).await?;
    Ok(total)
}

/// How the database would find a page, line by line: for the test that holds searches to an index.
pub async fn plan(tx: &mut Read, filter: &Filter) -> Result<Vec<String>> {
    let mut sql = Sql::build("");
    page(&mut sql, tx, filter, 0, 50)?;
    tx.plan(sql).await
}

fn page(sql: &mut Sql, tx: &Read, filter: &Filter, offset: i64, limit: i64) -> Result<()> {
    sql.push(
        "SELECT id, type, created_at, created_by, created_by_user_id, ip, data, pre_data, project, environment,
                feature_name, group_type, group_id FROM events",
    );
    filter.conditions(sql, tx)?;
    sql.push(" ORDER BY id DESC LIMIT ").bind(limit).push(" OFFSET ").bind(offset);
    Ok(())
}

/// Somebody who appears in the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Creator {
    /// The author's id.
    pub id: i64,
    /// The author's name as of the latest event.
    pub name: String,
}

/// Everybody who ever changed something, or whoever is called `name` among them: at most `limit` are looked at.
pub async fn creators(tx: &mut Read, name: Option<&str>, limit: i64) -> Result<Vec<Creator>> {
    let rows: Vec<(i64, String)> = tx
        .all(sql!(
            // One look into the index for each author, instead of one at each event.
            "WITH RECURSIVE authors (id, number) AS (
                 SELECT MIN(created_by_user_id), CAST(1 AS BIGINT) FROM events
                 UNION ALL
                 SELECT (SELECT MIN(e.created_by_user_id) FROM events e WHERE e.created_by_user_id > a.id), a.number + 1
                 FROM authors a WHERE a.id IS NOT NULL AND a.number < $1
             )
             SELECT id, name FROM (
                 SELECT a.id, (SELECT e.created_by FROM events e WHERE e.created_by_user_id = a.id
                               ORDER BY e.id DESC LIMIT 1) AS name
                 FROM authors a WHERE a.id IS NOT NULL
             ) named WHERE CAST($2 AS TEXT) IS NULL OR name = $2 ORDER BY id",
            limit,
            name
        ))
        .await?;
    Ok(rows.into_iter().map(|(id, name)| Creator { id, name }).collect())
}

fn record(row: Row) -> Record {
    let json = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
    Record {
        id: row.id,
        kind: row.r#type,
        created_at: row.created_at,
        created_by: row.created_by,
        created_by_user_id: row.created_by_user_id,
        ip: row.ip,
        data: json(row.data),
        pre_data: json(row.pre_data),
        project: row.project,
        environment: row.environment,
        feature_name: row.feature_name,
        group_type: row.group_type,
        group_id: row.group_id,
    }
}
