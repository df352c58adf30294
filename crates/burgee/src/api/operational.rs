//! Health, readiness, metrics, and what a UI needs to know before anybody signs in.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use super::guard::Open;
use super::{Problem, Routes, UNLEASH_VERSION};
use crate::app::App;
use crate::error::Error;
use crate::instance::identity;
use crate::instance::settings::{self, Frontend, Maintenance};
use crate::provisioning::{hold, silence};

const TAG: &str = "Operational";

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::GET, "/health", "getHealth", TAG, health)
        .gives::<Health>(200)
        .add(Method::GET, "/ready", "getReady", TAG, ready)
        .gives::<Health>(200)
        .add(Method::GET, "/internal-backstage/prometheus", "getPrometheus", TAG, prometheus)
        .writes("text/plain")
        .add(Method::GET, "/internal-backstage/impact/metrics", "getImpactMetrics", TAG, impact)
        .writes("text/plain")
        .add(Method::GET, "/api/admin/ui-config", "getUiConfig", "Admin UI", ui_config)
        .gives::<UiConfig>(200)
}

/// `GOOD` or `BAD`.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "healthCheckSchema")]
struct Health {
    health: &'static str,
}

async fn health(_: Open) -> Json<Health> {
    Json(Health { health: "GOOD" })
}

async fn ready(_: Open, State(app): State<App>) -> Response {
    match app.db.ping().await {
        Ok(()) => Json(Health { health: "GOOD" }).into_response(),
        Err(_) => {
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], Json(Health { health: "BAD" }))
                .into_response()
        }
    }
}

async fn prometheus(_: Open, State(app): State<App>) -> Result<Response, Problem> {
    let open = app.streams.open();
    let missing = app.journal.missing();
    let now = app.clock.now();
    let told = async {
        let mut tx = app.db.read().await?;
        let silent = silence::silent(&mut tx, now).await?;
        Ok::<_, Error>((silent, hold::standing(&mut tx).await?))
    };
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let mut state = vec![
        (
            "burgee_published_fresh",
            "1 if what clients get follows the database, 0 if it is what was last known",
            i64::from(app.published.is_fresh()),
        ),
        ("burgee_published_revision", "The last event that clients can know of", app.published.revision()),
        ("burgee_streams", "Open streams", i64::try_from(open).unwrap_or(i64::MAX)),
        (
            "burgee_usage_lost",
            "Counters of flags' usage that there was no room for",
            i64::try_from(app.usage.lost()).unwrap_or(i64::MAX),
        ),
        (
            "burgee_scim_calls_lost",
            "Calls of identity providers that the journal had no room for",
            number(missing.lost),
        ),
        (
            "burgee_scim_calls_passed_over",
            "Calls of nobody known that the journal left out because there were so many",
            number(missing.passed_over),
        ),
    ];
    // Of a database that does not answer, nothing is told: 0 would say that nothing waits.
    if let Ok((silent, held)) = told.await {
        state.extend([
            (
                "burgee_scim_silent_connections",
                "Connections whose identity provider has not called for three of its cycles",
                i64::try_from(silent.len()).unwrap_or(i64::MAX),
            ),
            (
                "burgee_scim_held_connections",
                "Connections whose removals wait for an admin",
                i64::try_from(held.len()).unwrap_or(i64::MAX),
            ),
            (
                "burgee_scim_held_changes",
                "Removals by identity providers that wait for an admin",
                held.iter().map(|it| it.waiting).sum(),
            ),
        ]);
    }
    let text = app.metrics.text(&app.db, &state).await?;
    Ok(figures(text))
}

async fn impact(_: Open, State(app): State<App>) -> Response {
    figures(app.impact.text())
}

/// Text for Prometheus.
pub(super) fn figures(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "uiConfigSchema")]
struct UiConfig {
    name: &'static str,
    version: &'static str,
    unleash_url: String,
    base_uri_path: String,
    authentication_type: &'static str,
    disable_password_auth: bool,
    email_enabled: bool,
    maintenance_mode: bool,
    frontend_api_origins: Vec<String>,
    version_info: VersionInfo,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "versionSchema")]
struct VersionInfo {
    current: Versions,
    latest: Versions,
    is_latest: bool,
    instance_id: String,
}

#[derive(Default, Serialize, JsonSchema)]
struct Versions {
    #[serde(skip_serializing_if = "Option::is_none")]
    oss: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enterprise: Option<&'static str>,
}

async fn ui_config(_: Open, State(app): State<App>) -> Result<Json<UiConfig>, Problem> {
    let mut tx = app.db.read().await?;
    let Maintenance { enabled: maintenance_mode } = settings::load(&mut tx).await?.unwrap_or_default();
    let frontend: Option<Frontend> = settings::load(&mut tx).await?;
    let frontend_api_origins = frontend.map_or_else(
        || app.config.unleash_frontend_api_origins.clone(),
        |frontend| frontend.frontend_api_origins,
    );
    let instance_id = identity::id(&mut tx).await?;
    Ok(Json(UiConfig {
        name: "burgee",
        version: UNLEASH_VERSION,
        unleash_url: app.config.url(),
        base_uri_path: app.config.base_path(),
        authentication_type: "enterprise",
        disable_password_auth: false,
        email_enabled: false,
        maintenance_mode,
        frontend_api_origins,
        version_info: VersionInfo {
            current: Versions { oss: None, enterprise: Some(UNLEASH_VERSION) },
            latest: Versions::default(),
            is_latest: true,
            instance_id,
        },
    }))
}
