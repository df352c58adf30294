//! Other people's passwords, as administrators set them or have them set (`/user-admin`).

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::{Administer, Granted, SignedIn};
use crate::api::input::{Body, Id};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::error::Error;
use crate::events::{Event, Fact};
use crate::people::{password, reset, user};
use crate::provisioning::locks;

const TAG: &str = "Users";

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(
            Method::POST,
            "/api/admin/user-admin/validate-password",
            "validateUserPassword",
            TAG,
            validate_password,
        )
        .takes::<Password>()
        .add(Method::POST, "/api/admin/user-admin/reset-password", "resetUserPassword", TAG, reset_password)
        .takes::<UserId>()
        .gives::<ResetLink>(200)
        .add(
            Method::POST,
            "/api/admin/user-admin/{id}/change-password",
            "changeUserPassword",
            TAG,
            change_password,
        )
        .takes::<Password>()
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "passwordSchema")]
struct Password {
    password: String,
    confirm_password: Option<String>,
}

async fn validate_password(_: Granted<SignedIn>, Body(body): Body<Password>) -> Result<(), Problem> {
    Ok(password::check_strength(&body.password)?)
}

async fn change_password(
    grant: Granted<Administer>,
    State(app): State<App>,
    Id(id): Id,
    Body(body): Body<Password>,
) -> Result<(), Problem> {
    if body.confirm_password.is_some_and(|repeated| repeated != body.password) {
        return Err(Error::bad_data("The two passwords differ.").into());
    }
    let mut tx = app.db.read().await?;
    let user = user::get(&mut tx, id).await?;
    locks::ensure_user_unlocked(&mut tx, &user).await?;
    let remembered = password::remembered(&mut tx, id).await?;
    tx.end().await?;
    let hash = password::accept(&app.passwords, &body.password, remembered).await?;
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    password::set(&mut tx, id, &hash, None).await?;
    tx.record(Event::updated(Fact::UserUpdated, &user, &user));
    tx.commit().await?;
    Ok(())
}

/// Whose password to reset: Unleash calls the e-mail address (or user name) `id`.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "idSchema")]
struct UserId {
    id: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "resetPasswordSchema")]
struct ResetLink {
    reset_password_url: String,
}

async fn reset_password(
    grant: Granted<Administer>,
    State(app): State<App>,
    Body(body): Body<UserId>,
) -> Result<Json<ResetLink>, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let user = user::named(&mut tx, &body.id).await?;
    let user = user.ok_or_else(|| Error::not_found("No user found"))?;
    locks::ensure_user_unlocked(&mut tx, &user).await?;
    let token = reset::issue(&mut tx, &app.entropy, &user).await?;
    tx.commit().await?;
    Ok(Json(ResetLink { reset_password_url: format!("{}/reset-password?token={token}", app.config.url()) }))
}
