//! Into the database: many calls a statement, each statement a transaction, so that nobody who changes something waits
//! for long.

use std::collections::BTreeSet;

use burgee_scim::Object;
use serde::Serialize;
use serde_json::{Value, json};

use super::deed::{Act, Deed};
use super::queue::{Call, Journal};
use super::read::{Outcome, Verb};
use super::words::{self, End};
use super::{Rules, redact};
use crate::db::Db;
use crate::error::{Error, Result};
use crate::keep;
use crate::provisioning::Noun;

/// How many calls go into a statement.
const CHUNK: usize = 100;
/// How many users and groups are remembered of a call.
const MOST_SUBJECTS: usize = 100;
/// How much of what differs is kept, in bytes.
const LONGEST_CHANGES: usize = 32 * 1024;
/// How much is kept of what clients say of themselves, in characters.
const LONGEST_WORD: usize = 300;
/// How much of a path or query is kept, in characters.
const LONGEST_PATH: usize = 2000;

/// A row of `scim_calls`.
#[derive(Serialize)]
struct Row {
    id: String,
    connection: Option<i64>,
    at: i64,
    micros: i64,
    method: String,
    path: String,
    query: Option<String>,
    status: u16,
    verb: &'static str,
    noun: Option<&'static str>,
    outcome: &'static str,
    meaning: String,
    meaning_ci: String,
    dry: bool,
    credential: Option<String>,
    address: Option<String>,
    agent: Option<String>,
    request_id: Option<String>,
    replayed_by: Option<String>,
    replays: Option<String>,
    quirks: String,
    events: String,
    headers: String,
    request: Option<String>,
    request_size: i64,
    request_state: &'static str,
    response: Option<String>,
    response_size: i64,
    response_state: &'static str,
    changes: String,
    #[serde(skip)]
    touched: Vec<(Noun, i64)>,
}

/// A row of `scim_call_subjects`.
#[derive(Serialize)]
struct Touched<'a> {
    noun: &'static str,
    id: i64,
    call: &'a str,
}

impl Journal {
    /// Writes what was noted since the last time. What could not be written is tried again; what the database refuses is
    /// lost.
    pub async fn write(&self, db: &Db, rules: &Rules) -> Result<()> {
        loop {
            let calls = self.take(CHUNK);
            if calls.is_empty() {
                return Ok(());
            }
            let rows: Vec<Row> = calls.iter().map(|(id, call)| row(id.clone(), call, rules)).collect();
            match write(db, &rows).await {
                Ok(()) => {}
                Err(error @ Error::Unavailable(_)) => {
                    self.put_back(calls);
                    return Err(error);
                }
                Err(error) => {
                    tracing::error!(
                        ?error,
                        "the database refuses calls of identity providers: they are lost"
                    );
                    self.lose(calls.len());
                }
            }
        }
    }
}

async fn write(db: &Db, rows: &[Row]) -> Result<()> {
    let mut tx = db.bookkeep().await?;
    tx.execute(keep!(
        "INSERT INTO scim_calls (id, connection_id, at, micros, method, path, query, status, verb, noun, outcome,
                                 meaning, meaning_ci, dry_run, credential, address, agent, request_id, replayed_by,
                                 replays, quirks, events, headers, request, request_size, request_state, response,
                                 response_size, response_state, changes)
         SELECT item ->> 'id', CAST(item ->> 'connection' AS BIGINT), CAST(item ->> 'at' AS BIGINT),
                CAST(item ->> 'micros' AS BIGINT), item ->> 'method', item ->> 'path', item ->> 'query',
                CAST(item ->> 'status' AS BIGINT), item ->> 'verb', item ->> 'noun', item ->> 'outcome',
                item ->> 'meaning', item ->> 'meaning_ci', CAST(item ->> 'dry' AS BOOLEAN),
                item ->> 'credential', item ->> 'address', item ->> 'agent', item ->> 'request_id',
                item ->> 'replayed_by', item ->> 'replays', item ->> 'quirks', item ->> 'events',
                item ->> 'headers', item ->> 'request', CAST(item ->> 'request_size' AS BIGINT),
                item ->> 'request_state', item ->> 'response', CAST(item ->> 'response_size' AS BIGINT),
                item ->> 'response_state', item ->> 'changes'
         FROM ({rows:$1}) r WHERE TRUE
         ON CONFLICT (id) DO NOTHING",
        serde_json::to_string(rows)?
    ))
    .await?;
    let subjects: Vec<Touched<'_>> = rows
        .iter()
        .flat_map(|row| {
            row.touched.iter().map(|(noun, id)| Touched { noun: noun.name(), id: *id, call: &row.id })
        })
        .collect();
    if !subjects.is_empty() {
        tx.execute(keep!(
            "INSERT INTO scim_call_subjects (noun, local_id, call_id)
             SELECT item ->> 'noun', CAST(item ->> 'id' AS BIGINT), item ->> 'call' FROM ({rows:$1}) r WHERE TRUE
             ON CONFLICT (noun, local_id, call_id) DO NOTHING",
            serde_json::to_string(&subjects)?
        ))
        .await?;
    }
    // Whatever waits to be written is lost with the power, too.
    tx.commit_unhurried().await
}

fn row(id: String, call: &Call, rules: &Rules) -> Row {
    let mask = rules.mask;
    let request = redact::body(&call.request, false, mask);
    let response = redact::body(&call.response, true, mask);
    let end = End { status: call.status, detail: call.detail.as_deref(), dry_run: call.dry_run, mask };
    let nouns: BTreeSet<&'static str> =
        call.deeds.iter().filter_map(|deed| deed.noun).map(Noun::name).collect();
    let groups: Vec<&str> = call.deeds.iter().filter_map(|deed| deed.group.as_deref()).collect();
    let mut touched: Vec<(Noun, i64)> =
        call.deeds.iter().flat_map(|deed| deed.touched(MOST_SUBJECTS)).collect();
    let mut seen = std::collections::HashSet::new();
    touched.retain(|it| seen.insert(*it));
    touched.truncate(MOST_SUBJECTS);
    let meaning = without_zero(words::tell(&call.deeds, &end));
    let word = |text: &Option<String>| text.as_deref().map(|text| short(text, LONGEST_WORD));
    Row {
        id,
        connection: call.connection,
        at: call.at.millis(),
        micros: call.micros,
        method: short(&call.method, 16),
        path: short(&call.path, LONGEST_PATH),
        query: call
            .query
            .as_deref()
            .filter(|query| !query.is_empty())
            .map(|query| short(&redact::query(query, mask), LONGEST_PATH)),
        status: call.status,
        verb: verb(call).name(),
        noun: nouns.first().filter(|_| nouns.len() == 1).copied(),
        outcome: outcome(call).name(),
        meaning_ci: meaning.to_lowercase(),
        meaning,
        dry: call.dry_run,
        credential: word(&call.credential),
        address: word(&call.address),
        agent: word(&call.agent),
        request_id: word(&call.request_id),
        replayed_by: call.replays.as_ref().map(|(_, who)| short(who, LONGEST_WORD)),
        replays: call.replays.as_ref().map(|(id, _)| id.clone()),
        quirks: json!(call.quirks).to_string(),
        events: json!(groups).to_string(),
        headers: call.headers.to_string(),
        request: request.text.map(without_zero),
        request_size: request.size,
        request_state: request.state.name(),
        response: response.text.map(without_zero),
        response_size: response.size,
        response_state: response.state.name(),
        changes: changes(call, mask),
        touched,
    }
}

/// Without the one character that not every database stores.
fn without_zero(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

/// [`without_zero`], and of `most` characters at most.
fn short(text: &str, most: usize) -> String {
    without_zero(text.chars().take(most).collect())
}

fn verb(call: &Call) -> Verb {
    match call.deeds.as_slice() {
        [] if call.method == "OPTIONS" => Verb::Discover,
        [] => Verb::Other,
        [deed] => match deed.act {
            Act::Look { .. } | Act::Read => Verb::Look,
            Act::Create => Verb::Create,
            Act::Replace | Act::Patch => Verb::Change,
            Act::Remove => Verb::Remove,
            Act::Discover => Verb::Discover,
            Act::Token | Act::Other => Verb::Other,
        },
        _ => Verb::Change,
    }
}

fn outcome(call: &Call) -> Outcome {
    let writes = |deed: &Deed| matches!(deed.act, Act::Create | Act::Replace | Act::Patch | Act::Remove);
    match call.status {
        500.. => Outcome::Failed,
        400..500 => Outcome::Refused,
        _ if call.deeds.iter().any(Deed::changed) => Outcome::Changed,
        _ if call.deeds.iter().any(|deed| deed.refused.is_some()) => Outcome::Refused,
        _ if call.deeds.iter().any(writes) => Outcome::Same,
        _ => Outcome::Answered,
    }
}

/// What differs, operation by operation; for a dry run with what would have been recorded.
fn changes(call: &Call, mask: bool) -> String {
    let mut all = Vec::new();
    let mut room = LONGEST_CHANGES;
    for deed in call.deeds.iter().filter(|deed| deed.changed()) {
        let (mut before, mut after) = differing(deed.before.as_ref(), deed.after.as_ref());
        for state in [&mut before, &mut after].into_iter().flatten() {
            redact::hide(state);
            if mask {
                redact::mask(state);
            }
        }
        let events: Vec<Value> = deed
            .events
            .iter()
            .filter(|_| call.dry_run)
            .map(|event| {
                let mut states = json!({ "before": event.pre_data, "after": event.data });
                if mask {
                    redact::mask(&mut states);
                }
                json!({ "type": event.fact.name(), "states": states })
            })
            .collect();
        let change = json!({
            "noun": deed.noun.map(Noun::name),
            "name": deed.subject.as_ref().map(|it| it.name.as_str()).filter(|_| !mask || deed.noun == Some(Noun::Group)),
            "before": before,
            "after": after,
            "events": events,
        });
        let length = change.to_string().len();
        if length > room {
            all.push(json!({ "cut": true }));
            break;
        }
        room -= length;
        all.push(change);
    }
    Value::Array(all).to_string()
}

/// Those attributes of two documents that differ.
fn differing(before: Option<&Object>, after: Option<&Object>) -> (Option<Value>, Option<Value>) {
    let only = |one: Option<&Object>, other: Option<&Object>| {
        let differs = |name: &str, value: &Value| other.and_then(|other| other.get(name)) != Some(value);
        one.map(|one| {
            let left = one.iter().filter(|(name, value)| differs(name, value));
            Value::Object(left.map(|(name, value)| (name.clone(), value.clone())).collect())
        })
    };
    (only(before, after), only(after, before))
}
