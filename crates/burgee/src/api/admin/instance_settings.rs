//! What holds for the whole installation: maintenance, allowed origins, and the ways to sign in.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::access::{ConfigureAuth, ConfigureCors, Granted, Maintain, SignedIn};
use crate::api::input::Body;
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::error::{Error, Kind};
use crate::instance::settings::{self, Frontend, Maintenance};

const MAINTENANCE: &str = "/api/admin/maintenance";

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::GET, MAINTENANCE, "getMaintenance", "Maintenance", maintenance)
        .gives::<MaintenanceView>(200)
        .add(Method::POST, MAINTENANCE, "toggleMaintenance", "Maintenance", toggle)
        .takes::<MaintenanceView>()
        .empty(204)
        .add(Method::POST, "/api/admin/ui-config/cors", "setCors", "Admin UI", set_cors)
        .takes::<Origins>()
        .empty(204)
        .add(
            Method::GET,
            "/api/admin/telemetry/settings",
            "getTelemetrySettings",
            "Telemetry",
            telemetry_settings,
        )
        .gives::<TelemetrySettings>(200)
        .add(Method::GET, "/api/admin/auth/simple/settings", "getSimpleSettings", "Auth", simple)
        .gives::<PasswordAuth>(200)
        .add(Method::POST, "/api/admin/auth/simple/settings", "setSimpleSettings", "Auth", set_simple)
        .takes::<PasswordAuth>()
        .gives::<PasswordAuth>(200)
        .add(Method::GET, "/api/admin/auth/oidc/settings", "getOidcSettings", "Auth", no_single_sign_on)
        .gives::<Map<String, Value>>(200)
        .add(Method::GET, "/api/admin/auth/saml/settings", "getSamlSettings", "Auth", no_single_sign_on)
        .gives::<Map<String, Value>>(200)
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "maintenanceSchema")]
struct MaintenanceView {
    enabled: bool,
}

async fn maintenance(_: Granted<Maintain>, State(app): State<App>) -> Result<Json<MaintenanceView>, Problem> {
    let mut tx = app.db.read().await?;
    let Maintenance { enabled } = settings::load(&mut tx).await?.unwrap_or_default();
    Ok(Json(MaintenanceView { enabled }))
}

async fn toggle(
    grant: Granted<Maintain>,
    State(app): State<App>,
    Body(body): Body<MaintenanceView>,
) -> Result<StatusCode, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    settings::store(&mut tx, &Maintenance { enabled: body.enabled }).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Stands before every operation: during maintenance the Admin API takes no changes, except to end it. The database
/// is asked each time, so that it holds on every node at once.
pub(in crate::api) async fn during_maintenance(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if reads || !path.starts_with("/api/admin/") || path == MAINTENANCE {
        return next.run(request).await;
    }
    match closed(&app).await {
        Ok(false) => next.run(request).await,
        Ok(true) => {
            let body = json!({ "message": "Unleash is currently in maintenance mode." });
            (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
        }
        Err(problem) => problem.into_response(),
    }
}

async fn closed(app: &App) -> Result<bool, Problem> {
    let mut tx = app.db.read().await?;
    let maintenance: Option<Maintenance> = settings::load(&mut tx).await?;
    tx.end().await?;
    Ok(maintenance.is_some_and(|maintenance| maintenance.enabled))
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "setCorsSchema")]
struct Origins {
    frontend_api_origins: Vec<String>,
}

async fn set_cors(
    grant: Granted<ConfigureCors>,
    State(app): State<App>,
    Body(body): Body<Origins>,
) -> Result<StatusCode, Problem> {
    let frontend = Frontend { frontend_api_origins: body.frontend_api_origins };
    frontend.check()?;
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    settings::store(&mut tx, &frontend).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "telemetrySettingsSchema")]
struct TelemetrySettings {
    version_info_collection_enabled: bool,
    feature_info_collection_enabled: bool,
}

/// Nothing is ever sent anywhere.
async fn telemetry_settings(_: Granted<SignedIn>) -> Json<TelemetrySettings> {
    Json(TelemetrySettings { version_info_collection_enabled: false, feature_info_collection_enabled: false })
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "passwordAuthSchema")]
struct PasswordAuth {
    disabled: Option<bool>,
}

async fn simple(_: Granted<ConfigureAuth>) -> Json<PasswordAuth> {
    Json(PasswordAuth { disabled: Some(false) })
}

/// Passwords are the only way to sign in: without them nobody could administer the instance.
async fn set_simple(
    _: Granted<ConfigureAuth>,
    Body(body): Body<PasswordAuth>,
) -> Result<Json<PasswordAuth>, Problem> {
    if body.disabled == Some(true) {
        return Err(Error::rejected(
            Kind::Conflict,
            "Signing in with a password cannot be switched off: there is no other way to sign in.",
        )
        .into());
    }
    Ok(Json(PasswordAuth { disabled: Some(false) }))
}

/// No identity provider is configured for signing in, and none can be.
async fn no_single_sign_on(_: Granted<ConfigureAuth>) -> Json<Map<String, Value>> {
    Json(Map::new())
}
