//! What Edges ask before they serve anybody.

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::guard::{From, Open};
use super::input::Body;
use super::{Problem, Routes};
use crate::app::App;

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::POST, "/edge/validate", "getValidTokens", "Unleash Edge", validate)
        .takes::<Tokens>()
        .gives::<Validated>(200)
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "tokenStringListSchema")]
struct Tokens {
    #[schemars(length(max = 1000))]
    tokens: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "validatedEdgeTokensSchema")]
struct Validated {
    tokens: Vec<EdgeToken>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "edgeTokenSchema")]
struct EdgeToken {
    token: String,
    r#type: &'static str,
    environment: String,
    projects: Vec<String>,
}

/// Which of some tokens work, and for what. Nobody has to sign in for it, so addresses must not ask often.
async fn validate(
    _: Open,
    State(app): State<App>,
    From(origins): From,
    Body(Tokens { tokens }): Body<Tokens>,
) -> Result<Json<Validated>, Problem> {
    app.throttle.address(origins.ip.as_deref())?;
    let now = app.clock.now();
    if tokens.iter().any(|secret| app.published.known_token(secret, now).is_none()) {
        // It may just have been made. Without the database, what is known is all there is to tell.
        if let Err(error) = app.published.catch_up(&app.db).await {
            tracing::warn!(%error, "tokens are validated by what was last known");
        }
    }
    let known = tokens.into_iter().filter_map(|secret| {
        let token = app.published.known_token(&secret, now)?;
        Some(EdgeToken {
            token: secret,
            r#type: token.kind.as_str(),
            environment: token.scope.environment.clone(),
            projects: token.scope.project_list(),
        })
    });
    Ok(Json(Validated { tokens: known.collect() }))
}
