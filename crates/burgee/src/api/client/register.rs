//! What SDKs tell about themselves when they start.

use axum::extract::State;
use axum::http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::super::guard::{Backend, From};
use super::super::input::Body;
use super::super::metrics::NAMELESS;
use super::super::{Problem, Routes};
use crate::app::App;
use crate::applications::Registration;
use crate::people::throttle::Errand;

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::POST, "/api/client/register", "registerClientApplication", "Client", register)
        .takes::<ClientApplication>()
        .empty(202)
}

/// What an SDK tells when it starts. Where and whose flags it gets, its token says.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "clientApplicationSchema")]
struct ClientApplication {
    #[schemars(length(min = 1, max = 255))]
    app_name: String,
    #[schemars(length(max = 255))]
    instance_id: Option<String>,
    #[schemars(length(max = 255))]
    sdk_version: Option<String>,
    #[schemars(length(max = 100), inner(length(max = 100)))]
    strategies: Vec<String>,
    #[expect(dead_code, reason = "SDKs have to tell it, and nothing needs it")]
    #[schemars(range(min = 0))]
    interval: f64,
    #[expect(dead_code, reason = "SDKs have to tell it, and nothing needs it")]
    started: Value,
}

async fn register(
    Backend(token): Backend,
    State(app): State<App>,
    From(origins): From,
    Body(told): Body<ClientApplication>,
) -> Result<StatusCode, Problem> {
    app.paces.count(Errand::RegisterClient, token.id)?;
    let given = |text: &String| !text.is_empty();
    let now = app.clock.now();
    app.registrations.note(Registration {
        application: app.usage.admit(token.id, &told.app_name, now).to_owned(),
        instance: told.instance_id.filter(given).unwrap_or_else(|| NAMELESS.to_owned()),
        environment: token.scope.environment.clone(),
        projects: token.scope.project_list(),
        sdk: told.sdk_version.filter(given),
        strategies: told.strategies,
        ip: origins.ip,
        at: now,
    })?;
    Ok(StatusCode::ACCEPTED)
}
