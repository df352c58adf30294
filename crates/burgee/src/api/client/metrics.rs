//! What backend SDKs and Edges count.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::super::guard::Backend;
use super::super::input::{Body, Quick};
use super::super::metrics::{self, ClientMetrics, Moment, NAMELESS, Variants, name, take_impact, times};
use super::super::{Problem, Routes};
use crate::app::App;
use crate::applications::{self, Registration};
use crate::clock::Time;
use crate::metrics::{Sample, Tally};
use crate::people::seen::Subject;
use crate::people::throttle::Errand;
use crate::published::Token;

/// How many instances an Edge may be behind of one that it tells about.
const MOST_BETWEEN: usize = 10;
/// How many projects an application may be told to have.
const MOST_PROJECTS: usize = 100;
/// How many tokens an Edge may say it has seen, at once.
const MOST_TOKENS: usize = 1000;

pub(super) fn routes() -> Routes {
    const EDGE: &str = "Unleash Edge";
    Routes::default()
        .add(Method::POST, "/api/client/metrics", "registerClientMetrics", "Client", counted)
        .takes::<ClientMetrics>()
        .empty(202)
        .add(Method::POST, "/api/client/metrics/bulk", "clientBulkMetrics", EDGE, bulk)
        .takes::<BulkMetrics>()
        .empty(202)
        .add(Method::POST, "/api/client/metrics/custom", "clientCustomMetrics", "Client", custom)
        .takes::<CustomMetrics>()
        .empty(202)
        .add(Method::POST, "/api/client/metrics/edge", "registerEdgeObservabilityMetrics", EDGE, edge)
        .takes::<EdgeInstance>()
        .empty(202)
}

async fn counted(
    Backend(token): Backend,
    State(app): State<App>,
    headers: HeaderMap,
    Quick(told): Quick<ClientMetrics>,
) -> Result<StatusCode, Problem> {
    metrics::take(&app, &token, &headers, told, Errand::ClientMetrics)?;
    Ok(StatusCode::ACCEPTED)
}

/// What an Edge collected: of all environments, of which those of the token count.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "bulkMetricsSchema")]
struct BulkMetrics {
    applications: Vec<BulkRegistration>,
    metrics: Vec<BulkCount>,
    impact_metrics: Option<Value>,
    #[serde(default)]
    seen_tokens: Vec<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "bulkRegistrationSchema")]
struct BulkRegistration {
    #[serde(deserialize_with = "name")]
    #[schemars(length(min = 1, max = 255))]
    app_name: String,
    environment: String,
    instance_id: Option<String>,
    sdk_version: Option<String>,
    strategies: Option<Vec<String>>,
    projects: Option<Vec<String>>,
    connect_via: Option<Vec<Between>>,
}

/// An Edge on the way from an application to here.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
struct Between {
    #[serde(deserialize_with = "name")]
    #[schemars(length(min = 1, max = 255))]
    app_name: String,
    instance_id: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "clientMetricsEnvSchema")]
struct BulkCount {
    feature_name: String,
    #[serde(deserialize_with = "name")]
    #[schemars(length(min = 1, max = 255))]
    app_name: String,
    environment: String,
    timestamp: Option<Moment>,
    #[serde(default, deserialize_with = "times")]
    #[schemars(range(min = 0))]
    yes: u64,
    #[serde(default, deserialize_with = "times")]
    #[schemars(range(min = 0))]
    no: u64,
    variants: Option<Variants>,
}

async fn bulk(
    Backend(token): Backend,
    State(app): State<App>,
    Quick(told): Quick<BulkMetrics>,
) -> Result<StatusCode, Problem> {
    app.paces.count(Errand::ClientMetrics, token.id)?;
    let now = app.clock.now();
    let here = |environment: &str| environment == token.scope.environment;
    for registration in told.applications.into_iter().filter(|told| here(&told.environment)) {
        register(&app, &token, registration, now);
    }
    let flags = app.published.flags();
    for count in told.metrics.into_iter().filter(|told| here(&told.environment)) {
        let BulkCount { feature_name, app_name, timestamp, yes, no, variants, .. } = count;
        let variants = variants.map(|variants| variants.0).unwrap_or_default();
        let at = timestamp.map_or(now, |moment| moment.0);
        let tally = Tally { name: feature_name, yes, no, variants };
        let application = app.usage.admit(token.id, &app_name, now);
        app.usage.report(&flags, &token.scope, application, (at, now), &[tally]);
    }
    if let Some(told) = told.impact_metrics {
        take_impact(&app, &token, "", "edge", told);
    }
    let secrets = told.seen_tokens.iter().take(MOST_TOKENS);
    for seen in secrets.filter_map(|secret| app.published.known_token(secret, now)) {
        app.seen.note(Subject::ApiToken, seen.id, now);
    }
    Ok(StatusCode::ACCEPTED)
}

/// Notes an instance behind an Edge, and the Edges between. Its projects are those of the Edge's token, or fewer.
fn register(app: &App, token: &Token, told: BulkRegistration, now: Time) {
    let told_projects = told.projects.unwrap_or_default();
    let reached = |project: &String| project != "*" && token.scope.has(project) && !project.contains('\0');
    let told_projects = told_projects.into_iter().filter_map(|project| fitting(Some(project)));
    let mut projects: Vec<String> = told_projects.filter(reached).take(MOST_PROJECTS).collect();
    if projects.is_empty() {
        projects = token.scope.project_list();
    }
    let note = |application: &str, instance: Option<String>, sdk: Option<String>, strategies| {
        let registration = Registration {
            application: app.usage.admit(token.id, application, now).to_owned(),
            instance: fitting(instance).unwrap_or_else(|| NAMELESS.to_owned()),
            environment: token.scope.environment.clone(),
            projects: projects.clone(),
            sdk: fitting(sdk),
            strategies,
            ip: None,
            at: now,
        };
        if let Err(error) = app.registrations.note(registration) {
            tracing::debug!(%error, "an instance behind an Edge has no name that can be noted");
        }
    };
    for between in told.connect_via.into_iter().flatten().take(MOST_BETWEEN) {
        note(&between.app_name, Some(between.instance_id), None, Vec::new());
    }
    let strategies = told.strategies.unwrap_or_default();
    let known = strategies.into_iter().filter(|name| name.len() <= 100).take(100).collect();
    note(&told.app_name, told.instance_id, told.sdk_version, known);
}

/// Text that can be stored.
fn fitting(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty() && text.len() <= applications::LONGEST)
}

/// Figures of one's own.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "customMetricsSchema")]
struct CustomMetrics {
    #[schemars(length(max = 1000))]
    metrics: Vec<CustomMetric>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "customMetricSchema")]
struct CustomMetric {
    #[schemars(length(min = 1, max = 255))]
    name: String,
    value: f64,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

async fn custom(
    Backend(token): Backend,
    State(app): State<App>,
    Body(told): Body<CustomMetrics>,
) -> Result<StatusCode, Problem> {
    app.paces.count(Errand::ClientMetrics, token.id)?;
    let now = app.clock.now();
    for CustomMetric { name, value, labels } in told.metrics {
        app.custom.set(Sample { name, labels, value }, now);
    }
    Ok(StatusCode::ACCEPTED)
}

/// What an Edge tells about itself. That it is there is kept; how it fares, Prometheus asks it directly.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "edgeInstanceDataSchema")]
struct EdgeInstance {
    #[schemars(length(min = 1, max = 255))]
    identifier: String,
    #[schemars(length(min = 1, max = 255))]
    app_name: String,
    #[schemars(length(max = 100))]
    edge_version: String,
}

async fn edge(
    Backend(token): Backend,
    State(app): State<App>,
    Body(told): Body<EdgeInstance>,
) -> Result<StatusCode, Problem> {
    app.paces.count(Errand::ClientMetrics, token.id)?;
    app.registrations.note(Registration {
        application: told.app_name,
        instance: told.identifier,
        environment: token.scope.environment.clone(),
        projects: token.scope.project_list(),
        sdk: Some(format!("unleash-edge:{}", told.edge_version)),
        strategies: Vec::new(),
        ip: None,
        at: app.clock.now(),
    })?;
    Ok(StatusCode::ACCEPTED)
}
