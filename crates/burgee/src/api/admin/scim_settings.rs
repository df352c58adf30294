//! Unleash's endpoints for provisioning; they act on the default connection.

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::{Administer, ConfigureAuth, Granted};
use crate::api::input::Body;
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::provisioning::connection::{self, DEFAULT, Source};

const TAG: &str = "Auth";

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::GET, "/api/admin/scim-settings", "getScimSettings", TAG, get)
        .gives::<Settings>(200)
        .add(Method::POST, "/api/admin/scim-settings", "setScimSettings", TAG, set)
        .takes::<SetSettings>()
        .add(Method::POST, "/api/admin/scim-settings/generate-new-token", "generateNewToken", TAG, new_token)
        .gives::<Token>(200)
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "scimSettingsSchema")]
struct Settings {
    enabled: bool,
    has_token: bool,
}

async fn get(_: Granted<ConfigureAuth>, State(app): State<App>) -> Result<Json<Settings>, Problem> {
    let mut tx = app.db.read().await?;
    let settings = connection::settings(&mut tx, DEFAULT).await?;
    Ok(Json(Settings { enabled: settings.enabled, has_token: settings.has_token }))
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "setScimSettingsSchema")]
struct SetSettings {
    enabled: bool,
}

/// Whoever holds the token can make admins, by way of a group that carries the role: that takes an admin.
async fn set(
    grant: Granted<Administer>,
    State(app): State<App>,
    Body(body): Body<SetSettings>,
) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    connection::enable(&mut tx, DEFAULT, body.enabled).await?;
    tx.commit().await?;
    Ok(())
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "scimTokenSchema")]
struct Token {
    token: String,
}

async fn new_token(grant: Granted<Administer>, State(app): State<App>) -> Result<Json<Token>, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let token = app.entropy.hex::<32>();
    connection::replace(&mut tx, DEFAULT, &token, Source::Unleash).await?;
    tx.commit().await?;
    Ok(Json(Token { token }))
}
