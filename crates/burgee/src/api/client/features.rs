//! The flags of a token, as a document that names its version, and as steps from one version to the next.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use schemars::JsonSchema;
use semver::Version;
use serde_json::{Map, Value};

use super::super::etag::{self, known, not_modified};
use super::super::guard::Backend;
use super::super::input::Name;
use super::super::metrics::keep_alive;
use super::super::{Problem, Routes};
use crate::app::App;
use crate::applications;
use crate::error::{Error, Kind};
use crate::gate::encoding;
use crate::published::{Answer, Encoding, Query, Scope, Token};

/// Clients of older versions of the specification do not know segments.
const KNOWS_SEGMENTS: Version = Version::new(4, 2, 0);

pub(super) fn routes() -> Routes {
    const TAG: &str = "Client";
    Routes::default()
        .add(Method::GET, "/api/client/features", "getAllClientFeatures", TAG, features)
        .asks(&["project", "namePrefix", "tag"])
        .gives::<Document>(200)
        .add(Method::GET, "/api/client/features/{featureName}", "getClientFeature", TAG, feature)
        .gives::<Object>(200)
        .add(Method::GET, "/api/client/delta", "getDelta", TAG, delta)
        .gives::<Changes>(200)
}

type Object = Map<String, Value>;

/// Everything that an SDK needs to evaluate flags by itself.
#[derive(JsonSchema)]
#[schemars(rename = "clientFeaturesSchema")]
#[expect(dead_code, reason = "describes bytes that are made elsewhere")]
struct Document {
    version: u32,
    features: Vec<Object>,
    segments: Option<Vec<Object>>,
    query: Object,
    meta: Object,
}

/// What changed, in order.
#[derive(JsonSchema)]
#[schemars(rename = "clientFeaturesDeltaSchema")]
#[expect(dead_code, reason = "describes bytes that are made elsewhere")]
struct Changes {
    events: Vec<Object>,
}

async fn features(
    Backend(token): Backend,
    State(app): State<App>,
    RawQuery(asked): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    alive(&app, &token, &headers);
    let mut query = query(&token, asked.as_deref().unwrap_or_default(), &headers)?;
    query.scope = trimmed(&app, &token, query.scope);
    let known: Vec<&str> = known(&headers).collect();
    let seen = known.iter().filter_map(|tag| tag.split(':').nth(1)?.parse().ok()).max();
    let payload = app.published.payload_after(&query, seen.unwrap_or_default(), &app.db).await;
    if known.contains(&&*payload.etag) {
        return not_modified(&payload.etag);
    }
    let encoding = encoding(&headers);
    document(&payload.etag, encoding, payload.bytes(encoding).await?)
}

async fn feature(
    Backend(token): Backend,
    State(app): State<App>,
    Name(name): Name,
) -> Result<Response, Problem> {
    let found = app.published.flag(&token.scope, &name);
    let json = found.ok_or_else(|| Error::not_found(format!("Could not find feature toggle {name}")))?;
    Ok(([(header::CONTENT_TYPE, "application/json; charset=utf-8")], json).into_response())
}

async fn delta(
    Backend(token): Backend,
    State(app): State<App>,
    RawQuery(asked): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    alive(&app, &token, &headers);
    let scope = trimmed(&app, &token, query(&token, asked.as_deref().unwrap_or_default(), &headers)?.scope);
    let at = known(&headers).find_map(|tag| tag.trim_matches('"').parse().ok());
    let delta = app.published.delta_after(&scope, at.unwrap_or_default(), &app.db).await;
    let etag = format!("\"{}\"", delta.revision);
    match delta.since(at) {
        Answer::Nothing => not_modified(&etag),
        Answer::Changes(message) => document(&etag, Encoding::Identity, message.document()),
        Answer::Everything(whole) => {
            let encoding = encoding(&headers);
            document(&etag, encoding, whole.document(encoding).await?)
        }
    }
}

/// Notes that the instance that asks is still there, if it says what it belongs to.
fn alive(app: &App, token: &Token, headers: &HeaderMap) {
    let named = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let fits = |name: &&str| !name.is_empty() && name.len() <= applications::LONGEST;
    if let Some(application) = named("unleash-appname").filter(fits) {
        keep_alive(app, token, headers, application, None, None);
    }
}

/// The projects that a client asks for itself, as far as they are there.
fn trimmed(app: &App, token: &Token, scope: Arc<Scope>) -> Arc<Scope> {
    if Arc::ptr_eq(&scope, &token.scope) { scope } else { app.published.trimmed(scope) }
}

/// What a client asks for. A token for some projects gets these, whatever it asks for.
pub(super) fn query(token: &Token, asked: &str, headers: &HeaderMap) -> Result<Query, Problem> {
    let mut query = Query {
        scope: token.scope.clone(),
        tags: Vec::new(),
        prefix: None,
        inline: !knows_segments(headers)?,
    };
    let mut projects = BTreeSet::new();
    for (name, value) in form_urlencoded::parse(asked.as_bytes()) {
        match &*name {
            "project" if value != "*" => {
                projects.insert(value.into_owned());
            }
            "namePrefix" if !value.is_empty() => query.prefix = Some(value.into_owned()),
            "tag" => query.tags.push(tag(&value)?),
            _ => {}
        }
    }
    query.tags.sort_unstable();
    query.tags.dedup();
    if token.scope.projects.is_none() && !projects.is_empty() {
        let environment = token.scope.environment.clone();
        query.scope = Arc::new(Scope { environment, projects: Some(projects) });
    }
    Ok(query)
}

fn tag(text: &str) -> Result<(String, String), Problem> {
    let parts = text.split_once(':').filter(|(kind, value)| !kind.is_empty() && !value.is_empty());
    let (kind, value) =
        parts.ok_or_else(|| bad(format!("\"{text}\" is no tag: tags have the form `type:value`.")))?;
    Ok((kind.to_owned(), value.to_owned()))
}

/// What the client says of itself; nothing: it is an old one.
fn knows_segments(headers: &HeaderMap) -> Result<bool, Problem> {
    let Some(version) = headers.get("unleash-client-spec") else { return Ok(false) };
    let version = version.to_str().ok().and_then(|text| Version::parse(text).ok());
    let version = version
        .ok_or_else(|| bad("The header `Unleash-Client-Spec` is no version such as `5.2.0`.".to_owned()))?;
    Ok(version >= KNOWS_SEGMENTS)
}

fn bad(message: String) -> Problem {
    Error::rejected(Kind::BadData, message).into()
}

fn document(etag: &str, encoding: Encoding, body: Bytes) -> Result<Response, Problem> {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8")),
        (header::ETAG, etag::value(etag)?),
        (header::VARY, HeaderValue::from_static("Accept-Encoding")),
    ];
    let mut response = (headers, body).into_response();
    if let Some(name) = encoding.name() {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    Ok(response)
}
