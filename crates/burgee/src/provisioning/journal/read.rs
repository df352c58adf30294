//! Calls, looked for.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::redact::MASKED;
use crate::clock::Time;
use crate::db::{Json, Read, Sql, dialect, last_page};
use crate::entropy::numbered_ulid;
use crate::error::Result;
use crate::provisioning::Noun;
use crate::sql;

macro_rules! words {
    ($($(#[doc = $doc:literal])* $name:ident { $($(#[doc = $meaning:literal])* $choice:ident $text:literal $label:literal,)* })*) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[doc = $meaning])* $choice,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$choice,)*];

            /// As it is stored, and stands in addresses.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$choice => $text,)* }
            }

            /// What people read.
            pub const fn label(self) -> &'static str {
                match self { $(Self::$choice => $label,)* }
            }

            /// The one of this name.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|it| it.name() == name)
            }
        }
    )*};
}

words! {
    /// How a call ended.
    Outcome {
        /// Something is not what it was, or in a dry run, would not be.
        Changed "changed" "Changed something",
        /// It was so already.
        Same "same" "Nothing to change",
        /// A question was answered.
        Answered "answered" "Answered",
        /// The client did something that it may not.
        Refused "refused" "Refused",
        /// This server did not do what it should.
        Failed "failed" "Failed",
    }
    /// What kind of call.
    Verb {
        /// Reading and searching.
        Look "look" "Look up",
        /// Making.
        Create "create" "Create",
        /// Changing.
        Change "change" "Change",
        /// Removing.
        Remove "remove" "Remove",
        /// What the service can do.
        Discover "discover" "Discover",
        /// Anything else.
        Other "other" "Other",
    }
}

/// Which calls to find. What is not said does not restrict.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of a connection.
    pub connection: Option<i64>,
    /// How they ended.
    pub outcome: Option<Outcome>,
    /// What kind.
    pub verb: Option<Verb>,
    /// About all of these users and groups, by their ids here.
    pub subjects: Vec<(Noun, i64)>,
    /// Text that the meaning, the path or the query contains, in any case.
    pub text: Option<String>,
    /// Under which events were recorded.
    pub events: Option<String>,
    /// Not before.
    pub from: Option<Time>,
    /// Before.
    pub until: Option<Time>,
    /// Older than this one.
    pub before: Option<String>,
    /// Newer than this one.
    pub after: Option<String>,
}

/// A call in a list.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Brief {
    /// A ULID; their order is that in which calls ended.
    pub id: String,
    /// Whose.
    #[sqlx(rename = "connection_id")]
    pub connection: Option<i64>,
    /// When it began.
    pub at: Time,
    /// How long it took, in microseconds.
    pub micros: i64,
    /// GET, POST, …
    pub method: String,
    /// What was asked for.
    pub path: String,
    /// What stood after the `?`.
    pub query: Option<String>,
    /// The status of the answer.
    pub status: i64,
    /// What kind of call: a [`Verb`].
    #[serde(rename = "kind")]
    pub verb: String,
    /// `User` or `Group`.
    pub noun: Option<String>,
    /// How it ended: an [`Outcome`].
    pub outcome: String,
    /// The whole in a sentence.
    pub meaning: String,
    /// True if nothing was to be changed.
    pub dry_run: bool,
    /// What shows whose call it was.
    pub credential: Option<String>,
    /// Where it came from.
    pub address: Option<String>,
    /// Which program it was.
    pub agent: Option<String>,
    /// What client or proxy call it.
    pub request_id: Option<String>,
    /// Who did it again.
    pub replayed_by: Option<String>,
    /// Which call was done again.
    pub replays: Option<String>,
    /// The deviations that were understood.
    #[sqlx(try_from = "String")]
    pub quirks: Json<Vec<String>>,
    /// The groups under which events were recorded.
    #[sqlx(try_from = "String")]
    pub events: Json<Vec<String>>,
}

/// A call with everything that is kept of it.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Full {
    /// What lists show.
    #[sqlx(flatten)]
    #[serde(flatten)]
    pub brief: Brief,
    /// The headers that matter.
    #[sqlx(try_from = "String")]
    pub headers: Json<Value>,
    /// The body that came, as far as it is kept.
    pub request: Option<String>,
    /// How large it was, in bytes.
    pub request_size: i64,
    /// `none`, `whole`, `secret` (all but a secret that means nothing here), `cut`, `masked` or `unreadable`.
    pub request_state: String,
    /// The body that was sent, as far as it is kept.
    pub response: Option<String>,
    /// How large it was, in bytes.
    pub response_size: i64,
    /// As for the request.
    pub response_state: String,
    /// What differs, before and after, operation by operation.
    #[sqlx(try_from = "String")]
    pub changes: Json<Value>,
}

impl Full {
    /// Why it cannot be done again; `None`: it can.
    pub fn why_not_again(&self) -> Option<&'static str> {
        match self.request_state.as_str() {
            _ if self.brief.verb == Verb::Discover.name() || self.brief.method == "OPTIONS" => {
                Some("It only asked what the service can do.")
            }
            _ if self.brief.connection.is_none() => Some("Nobody knows whose call it was."),
            "cut" => Some("Only a part of its body is kept."),
            "masked" => Some("Names and addresses in its body are masked."),
            "unreadable" => Some("Its body was no JSON, so that it is not kept."),
            _ if self.brief.query.as_deref().is_some_and(looks_masked) => {
                Some("What it looked for is masked.")
            }
            _ => None,
        }
    }
}

/// True if a query searches for what is masked.
pub fn looks_masked(query: &str) -> bool {
    form_urlencoded::parse(query.as_bytes())
        .any(|(name, value)| name.eq_ignore_ascii_case("filter") && value.contains(MASKED))
}

/// The columns of [`Brief`].
macro_rules! columns {
    () => {
        "id, connection_id, at, micros, method, path, query, status, verb, noun, outcome, meaning, dry_run, credential,
         address, agent, request_id, replayed_by, replays, quirks, events"
    };
}

/// How many calls are counted after those that are told.
const COUNTED_AHEAD: i64 = 1000;

impl Filter {
    fn conditions(&self, sql: &mut Sql, tx: &Read) {
        sql.push(" FROM scim_calls c WHERE TRUE");
        if let Some(connection) = self.connection {
            sql.push(" AND c.connection_id = ").bind(connection);
        }
        for (column, word) in [
            (" AND c.outcome = ", self.outcome.map(Outcome::name)),
            (" AND c.verb = ", self.verb.map(Verb::name)),
            (" AND c.id < ", self.before.as_deref()),
            (" AND c.id > ", self.after.as_deref()),
        ] {
            if let Some(word) = word {
                sql.push(column).bind(word);
            }
        }
        // The time of an id is that of the end.
        if let Some(from) = self.from {
            sql.push(" AND c.id >= ").bind(numbered_ulid(from, 0)).push(" AND c.at >= ").bind(from);
        }
        if let Some(until) = self.until {
            let last = numbered_ulid(until.plus(LONGEST_CALL), 0);
            sql.push(" AND c.id < ").bind(last).push(" AND c.at < ").bind(until);
        }
        for (noun, id) in self.subjects.iter().copied() {
            sql.push(" AND c.id IN (SELECT s.call_id FROM scim_call_subjects s WHERE s.noun = ");
            sql.bind(noun.name()).push(" AND s.local_id = ").bind(id).push(")");
        }
        let (start, middle, end) = dialect::contains(tx.engine());
        if let Some(group) = &self.events {
            sql.push(" AND ").push(start).push("c.events").push(middle);
            sql.bind(format!("\"{group}\"")).push(end);
        }
        if let Some(text) = &self.text {
            sql.push(" AND (");
            for (index, column) in ["c.meaning_ci", "lower(c.path)", "lower(c.query)"].into_iter().enumerate()
            {
                sql.push(if index == 0 { "" } else { " OR " });
                sql.push(start).push(column).push(middle).bind(text.to_lowercase()).push(end);
            }
            sql.push(")");
        }
    }
}

/// Finds calls, the newest first, or after another one the oldest first, so that whoever follows can go on after the last
/// one: a page of them, and how many there are, or at least are.
pub async fn search(tx: &mut Read, filter: &Filter, offset: i64, limit: i64) -> Result<(Vec<Brief>, i64)> {
    let mut sql = Sql::build(concat!("SELECT ", columns!()));
    filter.conditions(&mut sql, tx);
    sql.push(if filter.after.is_some() { " ORDER BY c.id LIMIT " } else { " ORDER BY c.id DESC LIMIT " });
    sql.bind(limit).push(" OFFSET ").bind(offset);
    let found: Vec<Brief> = tx.all(sql).await?;
    if let Some(total) = last_page(found.len(), offset, limit) {
        return Ok((found, total));
    }
    let mut sql = Sql::build("SELECT COUNT(*) FROM (SELECT 1");
    filter.conditions(&mut sql, tx);
    sql.push(" LIMIT ").bind(offset.saturating_add(limit).saturating_add(COUNTED_AHEAD)).push(") AS found");
    let (total,): (i64,) = tx.one(sql).await?;
    Ok((found, total))
}

/// The calls that a filter finds, with everything: the newest first, or with `forward` the oldest first.
pub async fn newest(tx: &mut Read, filter: &Filter, forward: bool, limit: i64) -> Result<Vec<Full>> {
    let mut sql = Sql::build(concat!(
        "SELECT ",
        columns!(),
        ", headers, request, request_size, request_state, response, response_size, response_state, changes"
    ));
    filter.conditions(&mut sql, tx);
    sql.push(if forward { " ORDER BY c.id LIMIT " } else { " ORDER BY c.id DESC LIMIT " }).bind(limit);
    tx.all(sql).await
}

/// One call.
pub async fn find(tx: &mut Read, id: &str) -> Result<Option<Full>> {
    tx.optional(sql!(
        concat!(
            "SELECT ",
            columns!(),
            ", headers, request, request_size, request_state, response, response_size, response_state, changes
             FROM scim_calls WHERE id = $1"
        ),
        id
    ))
    .await
}

/// How long a call takes at most.
const LONGEST_CALL: Duration = Duration::from_hours(1);
/// How long before and after its events a call can have begun.
const AROUND: Duration = Duration::from_mins(2);

/// The call that recorded a group of events at this time, if it is kept.
pub async fn of_events(tx: &mut Read, group: &str, at: Time) -> Result<Option<Brief>> {
    let (from, until) = (Some(at.minus(AROUND)), Some(at.plus(AROUND)));
    let filter = Filter { events: Some(group.to_owned()), from, until, ..Filter::default() };
    Ok(search(tx, &filter, 0, 1).await?.0.into_iter().next())
}

/// When the newest call began, in milliseconds since 1970; zero if there is none.
pub async fn latest(tx: &mut Read) -> Result<i64> {
    let found: Option<(i64,)> =
        tx.optional(sql!("SELECT at FROM scim_calls ORDER BY id DESC LIMIT 1")).await?;
    Ok(found.map_or(0, |(at,)| at))
}
