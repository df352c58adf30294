//! What flags come to, as values.

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, Method, header};
use axum::response::{IntoResponse, Response};
use burgee_eval::{Context, Evaluation, Ground};
use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use super::super::Routes;
use super::super::evaluation::{Asked, Unclear, results, seen};
use super::super::guard::Evaluating;
use super::super::input::Name;
use super::events::place;
use super::{Fault, TAG};
use crate::app::App;
use crate::published::Written;

/// About how many bytes the answer about a flag has.
const EACH: usize = 160;

pub(super) fn routes() -> Routes {
    const FLAGS: &str = "/ofrep/v1/evaluate/flags";
    const FLAG: &str = "/ofrep/v1/evaluate/flags/{key}";
    const ASKED: &[&str] = &["flagConfigEtag", "flagConfigLastModified"];
    Routes::default()
        .add(Method::POST, FLAGS, "evaluateFlags", TAG, bulk)
        .asks(ASKED)
        .takes::<Question>()
        .gives::<Answers>(200)
        .add(Method::POST, FLAG, "evaluateFlag", TAG, single)
        .asks(ASKED)
        .takes::<Question>()
        .gives::<Answer>(200)
}

/// For whom.
#[derive(JsonSchema)]
#[schemars(rename = "ofrepEvaluationRequest")]
#[expect(dead_code, reason = "describes what is read elsewhere")]
struct Question {
    context: Option<Map<String, Value>>,
}

/// What all flags come to, and where to hear of changes.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ofrepBulkEvaluationSuccess")]
#[expect(dead_code, reason = "describes bytes that are made elsewhere")]
struct Answers {
    flags: Vec<Answer>,
    event_streams: Vec<Map<String, Value>>,
    metadata: Map<String, Value>,
}

/// What a flag comes to. Without a value it is the default of the code that asks.
#[derive(JsonSchema)]
#[schemars(rename = "ofrepEvaluationSuccess")]
#[expect(dead_code, reason = "describes bytes that are made elsewhere")]
struct Answer {
    key: String,
    value: Option<Value>,
    reason: Option<String>,
    variant: Option<String>,
    metadata: Option<Map<String, Value>>,
}

async fn bulk(
    Evaluating(token): Evaluating,
    State(app): State<App>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    asked: Result<Asked, Unclear>,
) -> Result<Response, Fault> {
    let context = targeted(asked?);
    let revision = told(query.as_deref()).max(seen(&headers));
    let evaluator = app.published.evaluator_after(&token.scope, revision, &app.db).await;
    let all = evaluator.all(&context);
    let mut out = Vec::with_capacity(all.len() * EACH);
    out.extend_from_slice(b"{\"flags\":[");
    for (index, (flag, evaluation)) in all.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        if let Err(fault) = write(&mut out, flag, &evaluation) {
            out.extend(serde_json::to_vec(&fault).unwrap_or_default());
        }
    }
    let (streams, metadata) = (
        json!([place(&app.config, &token.listening_key)]),
        json!({ "environment": token.scope.environment }),
    );
    out.extend(format!("],\"eventStreams\":{streams},\"metadata\":{metadata}}}").bytes());
    Ok(results(&headers, evaluator.revision, out)?)
}

async fn single(
    Evaluating(token): Evaluating,
    State(app): State<App>,
    Name(key): Name,
    RawQuery(query): RawQuery,
    asked: Result<Asked, Unclear>,
) -> Result<Response, Fault> {
    let context = targeted(asked.map_err(|unclear| Fault::from(unclear).about(&key))?);
    let evaluator = app.published.evaluator_after(&token.scope, told(query.as_deref()), &app.db).await;
    let found = evaluator.one(&key, &context);
    let (flag, evaluation) = found.ok_or_else(|| Fault::no_such_flag().about(&key))?;
    let mut out = Vec::with_capacity(EACH);
    write(&mut out, flag, &evaluation)?;
    let headers =
        [(header::CONTENT_TYPE, "application/json; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    Ok((headers, out).into_response())
}

/// The targeting key is the user, unless there is one.
fn targeted(Asked(mut context): Asked) -> Context {
    if context.get("userId").is_none()
        && let Some(key) = context.get("targetingKey").map(str::to_owned)
    {
        context.set("userId", key);
    }
    context
}

/// The revision that a client was told of, perhaps by another server.
fn told(query: Option<&str>) -> i64 {
    let mut query = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let etag = query.find(|(name, _)| name == "flagConfigEtag");
    etag.and_then(|(_, etag)| etag.trim_matches('"').parse().ok()).unwrap_or_default()
}

/// Writes what a flag comes to, or nothing. Which type its value has does not depend on whether it is on.
fn write(out: &mut Vec<u8>, flag: &Written, evaluation: &Evaluation<'_>) -> Result<(), Fault> {
    let variant = flag.variant(evaluation);
    let value: Option<&[u8]> = match variant {
        _ if !flag.has_values => Some(if evaluation.enabled { b"true" } else { b"false" }),
        Some(variant) if variant.payload.is_some() => {
            let unreadable = || Fault::unreadable().about(evaluation.name);
            Some(variant.value.as_deref().ok_or_else(unreadable)?)
        }
        _ => None,
    };
    out.extend_from_slice(b"{\"key\":");
    out.extend_from_slice(&flag.name);
    if let Some(value) = value {
        out.extend_from_slice(b",\"value\":");
        out.extend_from_slice(value);
    }
    let reason: &[u8] = match evaluation.ground {
        Ground::Switch => b"DISABLED",
        Ground::NoMatch => b"DEFAULT",
        _ if value.is_none() => b"DEFAULT",
        Ground::Everybody => b"STATIC",
        Ground::Match => b"TARGETING_MATCH",
        Ground::Share => b"SPLIT",
    };
    out.extend_from_slice(b",\"reason\":\"");
    out.extend_from_slice(reason);
    out.push(b'"');
    if let Some(variant) = variant {
        out.extend_from_slice(b",\"variant\":");
        out.extend_from_slice(&variant.name);
    }
    out.extend_from_slice(b",\"metadata\":{\"project\":");
    out.extend_from_slice(&flag.project);
    out.extend_from_slice(if evaluation.enabled { b",\"enabled\":true}}" } else { b",\"enabled\":false}}" });
    Ok(())
}
