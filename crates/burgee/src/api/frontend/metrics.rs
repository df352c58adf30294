//! What frontend SDKs tell when they start, and what they count.

use axum::extract::State;
use axum::http::{HeaderMap, Method};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::super::guard::Frontend;
use super::super::input::Quick;
use super::super::metrics::{self, ClientMetrics, name};
use super::super::{Problem, Routes};
use crate::app::App;
use crate::people::throttle::Errand;

pub(super) fn routes() -> Routes {
    const TAG: &str = "Frontend API";
    Routes::default()
        .add(Method::POST, "/api/frontend/client/metrics", "registerFrontendMetrics", TAG, counted)
        .takes::<ClientMetrics>()
        .add(Method::POST, "/api/frontend/client/register", "registerFrontendClient", TAG, register)
        .takes::<FrontendClient>()
}

async fn counted(
    Frontend(token): Frontend,
    State(app): State<App>,
    headers: HeaderMap,
    Quick(told): Quick<ClientMetrics>,
) -> Result<&'static str, Problem> {
    metrics::take(&app, &token, &headers, told, Errand::FrontendMetrics)?;
    Ok("OK")
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "frontendApiClientSchema")]
struct FrontendClient {
    #[serde(deserialize_with = "name")]
    #[schemars(length(min = 1, max = 255))]
    app_name: String,
    sdk_version: Option<String>,
    #[expect(dead_code, reason = "SDKs have to tell it, and nothing needs it")]
    strategies: Vec<String>,
    #[expect(dead_code, reason = "SDKs have to tell it, and nothing needs it")]
    interval: f64,
    #[expect(dead_code, reason = "SDKs have to tell it, and nothing needs it")]
    started: Value,
}

async fn register(
    Frontend(token): Frontend,
    State(app): State<App>,
    headers: HeaderMap,
    Quick(told): Quick<FrontendClient>,
) -> Result<&'static str, Problem> {
    app.paces.count(Errand::RegisterFrontend, token.id)?;
    metrics::keep_alive(&app, &token, &headers, &told.app_name, None, told.sdk_version.as_deref());
    Ok("OK")
}
