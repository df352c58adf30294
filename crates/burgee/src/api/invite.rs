//! Signing up with an invite link.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::Deserialize;

use super::admin::users::UserView;
use super::guard::{From, Open};
use super::input::{Body, Name};
use super::{Problem, Routes};
use crate::app::App;
use crate::people::invite::{self, Newcomer};
use crate::people::user::check_email;

const TAG: &str = "Public signup tokens";

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::GET, "/invite/{token}/validate", "validatePublicSignupToken", TAG, validate)
        .add(Method::POST, "/invite/{token}/signup", "addPublicSignupTokenUser", TAG, sign_up)
        .takes::<NewcomerView>()
        .gives::<UserView>(201)
}

async fn validate(
    _: Open,
    State(app): State<App>,
    From(origins): From,
    Name(secret): Name,
) -> Result<(), Problem> {
    app.throttle.address(origins.ip.as_deref())?;
    let mut tx = app.db.read().await?;
    invite::find_open(&mut tx, &secret, app.clock.now()).await?;
    Ok(())
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "createInvitedUserSchema")]
struct NewcomerView {
    username: Option<String>,
    email: String,
    name: String,
    password: String,
}

async fn sign_up(
    _: Open,
    State(app): State<App>,
    From(origins): From,
    Name(secret): Name,
    Body(body): Body<NewcomerView>,
) -> Result<(StatusCode, Json<UserView>), Problem> {
    app.throttle.address(origins.ip.as_deref())?;
    let now = app.clock.now();
    // Nobody without a link learns anything, or keeps the server busy with passwords.
    let mut tx = app.db.read().await?;
    invite::find_open(&mut tx, &secret, now).await?;
    tx.end().await?;
    check_email(&body.email)?;
    let newcomer = Newcomer {
        name: body.name,
        username: body.username.filter(|name| !name.is_empty()),
        email: body.email,
        password: body.password,
    };
    let user = invite::accept(&app.db, &app.passwords, &secret, newcomer, now).await?;
    Ok((StatusCode::CREATED, Json(UserView::from(&user))))
}
