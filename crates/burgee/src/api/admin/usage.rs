//! What was counted of flags, flags that are not there, and figures of clients' own.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::State;
use axum::http::Method as M;
use axum::response::Response;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::input::{Name, Query};
use super::super::operational::figures;
use super::super::{Problem, Routes};
use crate::access::{Granted, SignedIn};
use crate::app::App;
use crate::clock::Time;
use crate::metrics::{self, Bucket, Count, Per, UnknownFlag};

const TAG: &str = "Metrics";
/// How many hours are shown one by one; beyond that, days are.
const MOST_HOURS: i64 = 48;
/// How many days are shown.
const MOST_DAYS: i64 = 91;
/// How many hours are shown to whoever does not say.
const SOME_HOURS: i64 = 24;
/// In how many environments and applications a flag's hours are shown one by one.
const MOST_PLACES: usize = 200;

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(M::GET, "/api/admin/client-metrics/features/{name}", "getFeatureUsageSummary", TAG, summary)
        .gives::<Summary>(200)
        .add(M::GET, "/api/admin/client-metrics/features/{name}/raw", "getRawFeatureMetrics", TAG, raw)
        .asks(&["hoursBack"])
        .gives::<RawUsage>(200)
        .add(M::GET, "/api/admin/metrics/unknown-flags", "getUnknownFlags", "Unknown Flags", unknown_flags)
        .gives::<UnknownFlags>(200)
        .add(M::GET, "/api/admin/custom-metrics", "getCustomMetrics", TAG, custom)
        .gives::<CustomMetrics>(200)
        .add(M::GET, "/api/admin/custom-metrics/prometheus", "getPrometheusMetrics", TAG, prometheus)
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "featureUsageSchema")]
struct Summary {
    version: i64,
    maturity: &'static str,
    feature_name: String,
    last_hour_usage: Vec<CountView>,
    seen_applications: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "featureMetricsSchema")]
struct RawUsage {
    version: i64,
    maturity: &'static str,
    data: Vec<CountView>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "featureEnvironmentMetricsSchema")]
struct CountView {
    #[serde(skip_serializing_if = "Option::is_none")]
    feature_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_name: Option<String>,
    environment: String,
    timestamp: Time,
    yes: i64,
    no: i64,
    variants: BTreeMap<String, i64>,
}

/// The present hour, as Unleash understands the last one. A flag that is not there was not used.
async fn summary(
    grant: Granted<SignedIn>,
    State(app): State<App>,
    Name(name): Name,
) -> Result<Json<Summary>, Problem> {
    let now = app.clock.now();
    let mut tx = app.db.read().await?;
    let sight = grant.sight(&mut tx).await?;
    let since = metrics::buckets(now, Per::Hour, 1)[0];
    let mut places: BTreeMap<String, Count> = BTreeMap::new();
    for (bucket, count) in metrics::of_flag(&mut tx, &sight, &name, Per::Hour, since).await? {
        places.entry(bucket.environment).or_default().add(&count);
    }
    let view = |(environment, count): (String, Count)| CountView {
        feature_name: None,
        app_name: None,
        environment,
        timestamp: since,
        yes: count.yes,
        no: count.no,
        variants: count.variants,
    };
    let seen_applications = metrics::applications(&mut tx, &sight, &name, now).await?;
    Ok(Json(Summary {
        version: 1,
        maturity: "stable",
        feature_name: name,
        last_hour_usage: places.into_iter().map(view).collect(),
        seen_applications,
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Back {
    hours_back: Option<String>,
}

/// Every hour, or every day if there are many, for each environment and application that used the flag in one of them.
async fn raw(
    grant: Granted<SignedIn>,
    State(app): State<App>,
    Name(name): Name,
    Query(Back { hours_back }): Query<Back>,
) -> Result<Json<RawUsage>, Problem> {
    let hours: i64 = hours_back.and_then(|text| text.parse().ok()).unwrap_or(SOME_HOURS).max(1);
    let (per, count) = if hours <= MOST_HOURS {
        (Per::Hour, hours)
    } else {
        (Per::Day, (hours.saturating_add(23) / 24).min(MOST_DAYS))
    };
    let buckets = metrics::buckets(app.clock.now(), per, count);
    let mut tx = app.db.read().await?;
    let sight = grant.sight(&mut tx).await?;
    let mut found = metrics::of_flag(&mut tx, &sight, &name, per, buckets[0]).await?;
    let places: BTreeSet<(String, String)> =
        found.keys().map(|bucket| (bucket.environment.clone(), bucket.application.clone())).collect();
    let mut data = Vec::new();
    for begins in buckets {
        for (environment, application) in places.iter().take(MOST_PLACES) {
            let bucket =
                Bucket { begins, environment: environment.clone(), application: application.clone() };
            let count = found.remove(&bucket).unwrap_or_default();
            data.push(CountView {
                feature_name: Some(name.clone()),
                app_name: Some(bucket.application),
                environment: bucket.environment,
                timestamp: begins,
                yes: count.yes,
                no: count.no,
                variants: count.variants,
            });
        }
    }
    Ok(Json(RawUsage { version: 1, maturity: "stable", data }))
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "unknownFlagsResponseSchema")]
struct UnknownFlags {
    unknown_flags: Vec<UnknownFlagView>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "unknownFlagSchema")]
struct UnknownFlagView {
    name: String,
    last_seen_at: Time,
    last_event_at: Option<Time>,
    reports: Vec<Report>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
struct Report {
    app_name: String,
    environments: Vec<Sighting>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
struct Sighting {
    environment: String,
    seen_at: Time,
}

impl From<UnknownFlag> for UnknownFlagView {
    fn from(flag: UnknownFlag) -> Self {
        let report = |(app_name, environments): (String, Vec<(String, Time)>)| Report {
            app_name,
            environments: environments
                .into_iter()
                .map(|(environment, seen_at)| Sighting { environment, seen_at })
                .collect(),
        };
        Self {
            name: flag.name,
            last_seen_at: flag.seen_at,
            last_event_at: flag.last_event_at,
            reports: flag.reports.into_iter().map(report).collect(),
        }
    }
}

async fn unknown_flags(
    grant: Granted<SignedIn>,
    State(app): State<App>,
) -> Result<Json<UnknownFlags>, Problem> {
    let mut tx = app.db.read().await?;
    let sight = grant.sight(&mut tx).await?;
    let found = metrics::unknown_flags(&mut tx, &sight).await?;
    Ok(Json(UnknownFlags { unknown_flags: found.into_iter().map(UnknownFlagView::from).collect() }))
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
struct CustomMetrics {
    metrics: Vec<CustomMetric>,
    count: usize,
    metric_names: BTreeSet<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct CustomMetric {
    name: String,
    value: f64,
    labels: BTreeMap<String, String>,
}

async fn custom(_: Granted<SignedIn>, State(app): State<App>) -> Json<CustomMetrics> {
    let samples = app.custom.samples();
    let metric_names = samples.iter().map(|sample| sample.name.clone()).collect();
    let metrics: Vec<CustomMetric> = samples
        .into_iter()
        .map(|sample| CustomMetric { name: sample.name, value: sample.value, labels: sample.labels })
        .collect();
    Json(CustomMetrics { count: metrics.len(), metrics, metric_names })
}

async fn prometheus(_: Granted<SignedIn>, State(app): State<App>) -> Response {
    figures(app.custom.text())
}
