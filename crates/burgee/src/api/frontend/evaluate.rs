//! What flags come to for somebody.

use axum::extract::State;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use burgee_eval::{Context, Evaluation};
use schemars::JsonSchema;
use serde_json::{Map, Value};

use super::super::evaluation::{Asked, results, seen};
use super::super::guard::Frontend;
use super::super::input::Name;
use super::super::{Problem, Routes};
use crate::app::App;
use crate::error::Error;
use crate::published::{Token, Written};

/// About how many bytes the answer about a flag has.
const EACH: usize = 160;

pub(super) fn routes() -> Routes {
    const TAG: &str = "Frontend API";
    const ONE: &str = "/api/frontend/features/{featureName}";
    const ASKED: &[&str] =
        &["userId", "sessionId", "appName", "environment", "remoteAddress", "currentTime", "properties"];
    Routes::default()
        .add(Method::GET, "/api/frontend", "getFrontendFeatures", TAG, enabled)
        .asks(ASKED)
        .gives::<Toggles>(200)
        .add(Method::POST, "/api/frontend", "getFrontendApiFeaturesWithPost", TAG, enabled)
        .takes::<Question>()
        .gives::<Toggles>(200)
        .add(Method::GET, "/api/frontend/all", "getAllFrontendFeatures", TAG, all)
        .asks(ASKED)
        .gives::<Toggles>(200)
        .add(Method::POST, "/api/frontend/all", "getAllFrontendFeaturesWithPost", TAG, all)
        .takes::<Question>()
        .gives::<Toggles>(200)
        .add(Method::GET, ONE, "getFrontendFeature", TAG, one)
        .asks(ASKED)
        .gives::<Toggle>(200)
        .add(Method::POST, ONE, "getFrontendFeatureWithPost", TAG, one)
        .takes::<Question>()
        .gives::<Toggle>(200)
}

/// For whom; the fields may stand without `context`, too.
#[derive(JsonSchema)]
#[schemars(rename = "frontendApiFeaturesPostSchema")]
#[expect(dead_code, reason = "describes what is read elsewhere")]
struct Question {
    context: Option<Map<String, Value>>,
}

/// Results.
#[derive(JsonSchema)]
#[schemars(rename = "frontendApiFeaturesSchema")]
#[expect(dead_code, reason = "describes bytes that are made elsewhere")]
struct Toggles {
    toggles: Vec<Toggle>,
}

/// What a flag comes to.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "frontendApiFeatureSchema")]
#[expect(dead_code, reason = "describes bytes that are made elsewhere")]
struct Toggle {
    name: String,
    enabled: bool,
    variant: Map<String, Value>,
    impression_data: bool,
}

/// The flags that are on.
async fn enabled(
    Frontend(token): Frontend,
    State(app): State<App>,
    headers: HeaderMap,
    Asked(context): Asked,
) -> Result<Response, Problem> {
    toggles(&app, &token, &headers, &context, |evaluation| evaluation.enabled).await
}

/// All flags.
async fn all(
    Frontend(token): Frontend,
    State(app): State<App>,
    headers: HeaderMap,
    Asked(context): Asked,
) -> Result<Response, Problem> {
    toggles(&app, &token, &headers, &context, |_| true).await
}

async fn one(
    Frontend(token): Frontend,
    State(app): State<App>,
    Name(name): Name,
    headers: HeaderMap,
    Asked(context): Asked,
) -> Result<Response, Problem> {
    let evaluator = app.published.evaluator_after(&token.scope, seen(&headers), &app.db).await;
    let (flag, evaluation) = evaluator
        .one(&name, &context)
        .ok_or_else(|| Error::not_found(format!("Could not find feature toggle {name}")))?;
    let mut out = Vec::with_capacity(EACH);
    write(&mut out, flag, &evaluation);
    results(&headers, evaluator.revision, out)
}

async fn toggles(
    app: &App,
    token: &Token,
    headers: &HeaderMap,
    context: &Context,
    wanted: impl Fn(&Evaluation<'_>) -> bool,
) -> Result<Response, Problem> {
    let evaluator = app.published.evaluator_after(&token.scope, seen(headers), &app.db).await;
    let all = evaluator.all(context);
    let mut out = Vec::with_capacity(all.len() * EACH);
    out.extend_from_slice(b"{\"toggles\":[");
    let mut separator: &[u8] = b"";
    for (flag, evaluation) in all.filter(|(_, evaluation)| wanted(evaluation)) {
        out.extend_from_slice(separator);
        write(&mut out, flag, &evaluation);
        separator = b",";
    }
    out.extend_from_slice(b"]}");
    results(headers, evaluator.revision, out)
}

fn write(out: &mut Vec<u8>, flag: &Written, evaluation: &Evaluation<'_>) {
    out.extend_from_slice(b"{\"name\":");
    out.extend_from_slice(&flag.name);
    let enabled: &[u8] = if evaluation.enabled { b"true" } else { b"false" };
    out.extend_from_slice(b",\"enabled\":");
    out.extend_from_slice(enabled);
    out.extend_from_slice(b",\"variant\":{\"name\":");
    match flag.variant(evaluation) {
        Some(variant) => {
            out.extend_from_slice(&variant.name);
            out.extend_from_slice(b",\"enabled\":true");
            if let Some(payload) = &variant.payload {
                out.extend_from_slice(b",\"payload\":");
                out.extend_from_slice(payload);
            }
        }
        None => out.extend_from_slice(b"\"disabled\",\"enabled\":false"),
    }
    out.extend_from_slice(b",\"feature_enabled\":");
    out.extend_from_slice(enabled);
    out.extend_from_slice(b",\"featureEnabled\":");
    out.extend_from_slice(enabled);
    out.extend_from_slice(if evaluation.impression_data {
        b"},\"impressionData\":true}"
    } else {
        b"},\"impressionData\":false}"
    });
}
