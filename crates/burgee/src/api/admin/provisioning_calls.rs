//! What identity providers asked for. Unleash has nothing like it.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Method, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::operators;
use crate::access::{Administer, Granted};
use crate::api::input::{Body, Name, Query};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::clock::Time;
use crate::error::{Error, Kind};
use crate::gate::lines;
use crate::provisioning::Noun;
use crate::provisioning::journal::{self, Brief, Filter, Full, Outcome, Verb};

const TAG: &str = "Provisioning";
/// How many calls a page has unless the request says otherwise.
const PAGE: i64 = 50;
/// How many calls a page can have.
const LARGEST_PAGE: i64 = 500;

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::GET, "/api/admin/provisioning/calls", "getProvisioningCalls", TAG, list)
        .asks(Search::PARAMETERS)
        .gives::<Found>(200)
        .writes(lines::KIND)
        .add(Method::GET, "/api/admin/provisioning/calls/{id}", "getProvisioningCall", TAG, one)
        .gives::<CallView>(200)
        .add(Method::POST, "/api/admin/provisioning/calls/{id}/replay", "replayProvisioningCall", TAG, replay)
        .takes::<Replay>()
        .gives::<Replayed>(200)
}

/// Which calls to find, as sent.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Search {
    connection: Option<i64>,
    outcome: Option<String>,
    kind: Option<String>,
    user: Option<i64>,
    group: Option<i64>,
    query: Option<String>,
    from: Option<String>,
    to: Option<String>,
    after: Option<String>,
    offset: Option<String>,
    limit: Option<String>,
}

impl Search {
    const PARAMETERS: &'static [&'static str] = &[
        "connection",
        "outcome",
        "kind",
        "user",
        "group",
        "query",
        "from",
        "to",
        "after",
        "offset",
        "limit",
    ];

    fn filter(&self) -> Result<Filter, Problem> {
        fn known<T>(
            name: &str,
            text: Option<&str>,
            named: fn(&str) -> Option<T>,
        ) -> Result<Option<T>, Problem> {
            let refused = |text| Problem::malformed(format!("\"{text}\" is no {name}."));
            text.map(|text| named(text).ok_or_else(|| refused(text))).transpose()
        }
        Ok(Filter {
            connection: self.connection,
            outcome: known("outcome", self.outcome.as_deref(), Outcome::named)?,
            verb: known("kind", self.kind.as_deref(), Verb::named)?,
            subjects: [(Noun::User, self.user), (Noun::Group, self.group)]
                .into_iter()
                .filter_map(|(noun, id)| Some((noun, id?)))
                .collect(),
            text: self.query.clone().filter(|text| !text.is_empty()),
            from: known("time", self.from.as_deref(), Time::parse)?,
            until: known("time", self.to.as_deref(), Time::parse)?,
            after: self.after.clone(),
            ..Filter::default()
        })
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "provisioningCallsSchema")]
struct Found {
    /// The newest first; after another one (`after`), the oldest first.
    calls: Vec<BriefView>,
    /// How many there are, or at least are.
    total: i64,
    /// Calls for which there was no room, since the server started.
    lost: u64,
    /// Calls of nobody known that were only counted, since the server started.
    passed_over: u64,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "provisioningCallBriefSchema")]
struct BriefView {
    id: String,
    connection: Option<i64>,
    at: Time,
    micros: i64,
    method: String,
    path: String,
    query: Option<String>,
    status: i64,
    /// `look`, `create`, `change`, `remove`, `discover` or `other`.
    kind: String,
    /// `User` or `Group`.
    noun: Option<String>,
    /// `changed`, `same`, `answered`, `refused` or `failed`.
    outcome: String,
    meaning: String,
    dry_run: bool,
    credential: Option<String>,
    address: Option<String>,
    agent: Option<String>,
    request_id: Option<String>,
    replayed_by: Option<String>,
    replays: Option<String>,
    quirks: Vec<String>,
    /// Values of `groupId` in the event log.
    events: Vec<String>,
}

impl From<Brief> for BriefView {
    fn from(it: Brief) -> Self {
        Self {
            id: it.id,
            connection: it.connection,
            at: it.at,
            micros: it.micros,
            method: it.method,
            path: it.path,
            query: it.query,
            status: it.status,
            kind: it.verb,
            noun: it.noun,
            outcome: it.outcome,
            meaning: it.meaning,
            dry_run: it.dry_run,
            credential: it.credential,
            address: it.address,
            agent: it.agent,
            request_id: it.request_id,
            replayed_by: it.replayed_by,
            replays: it.replays,
            quirks: it.quirks.0,
            events: it.events.0,
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "provisioningCallSchema")]
struct CallView {
    #[serde(flatten)]
    brief: BriefView,
    headers: Value,
    request: Option<String>,
    request_size: i64,
    /// `none`, `whole`, `secret`, `cut`, `masked` or `unreadable`.
    request_state: String,
    response: Option<String>,
    response_size: i64,
    response_state: String,
    changes: Value,
}

impl From<Full> for CallView {
    fn from(it: Full) -> Self {
        Self {
            brief: it.brief.into(),
            headers: it.headers.0,
            request: it.request,
            request_size: it.request_size,
            request_state: it.request_state,
            response: it.response,
            response_size: it.response_size,
            response_state: it.response_state,
            changes: it.changes.0,
        }
    }
}

async fn list(
    _: Granted<Administer>,
    State(app): State<App>,
    Query(search): Query<Search>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let filter = search.filter()?;
    if lines::wanted(&headers) {
        let body = lines::calls(app, filter);
        return Ok(([(header::CONTENT_TYPE, lines::KIND)], body).into_response());
    }
    let (offset, limit) =
        operators::page(search.offset.as_deref(), search.limit.as_deref(), PAGE, LARGEST_PAGE);
    let mut tx = app.db.read().await?;
    let (calls, total) = journal::search(&mut tx, &filter, offset, limit).await?;
    let calls = calls.into_iter().map(BriefView::from).collect();
    let missing = app.journal.missing();
    Ok(Json(Found { calls, total, lost: missing.lost, passed_over: missing.passed_over }).into_response())
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "replayProvisioningCallSchema")]
struct Replay {
    /// Change nothing: the journal shows what would have changed.
    #[serde(default)]
    dry_run: bool,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "replayedProvisioningCallSchema")]
struct Replayed {
    /// The status of the answer.
    status: u16,
    /// Under which the journal has what was done; none if there was no room.
    id: Option<String>,
}

async fn replay(
    grant: Granted<Administer>,
    State(app): State<App>,
    Name(id): Name,
    Body(wanted): Body<Replay>,
) -> Result<Json<Replayed>, Problem> {
    let call = journal::find(&mut app.db.read().await?, &id).await?.ok_or_else(missing)?;
    let done = app.replay(grant, call, wanted.dry_run).await?;
    Ok(Json(Replayed { status: done.status, id: done.id }))
}

fn missing() -> Error {
    Error::rejected(Kind::NotFound, "There is no such call. Calls are forgotten after some time.")
}

async fn one(
    _: Granted<Administer>,
    State(app): State<App>,
    Name(id): Name,
) -> Result<Json<CallView>, Problem> {
    let mut tx = app.db.read().await?;
    let found = journal::find(&mut tx, &id).await?;
    Ok(Json(found.ok_or_else(missing)?.into()))
}
