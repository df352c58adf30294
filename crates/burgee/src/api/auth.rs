//! Signing in and out, and setting a password with a one-time link.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::admin::roles::Role;
use super::admin::users::UserView;
use super::guard::{Cookie, From, Open};
use super::input::{Body, Query};
use super::{Problem, Routes};
use crate::access::role;
use crate::app::App;
use crate::error::Error;
use crate::gate::session_cookie;
use crate::people::{password, reset, session};

const TAG: &str = "Auth";

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::POST, "/auth/simple/login", "login", TAG, login)
        .takes::<Login>()
        .gives::<UserView>(200)
        .add(Method::POST, "/logout", "logout", TAG, logout)
        .empty(302)
        .add(Method::GET, "/logout", "logoutByLink", TAG, logout)
        .empty(302)
        .add(Method::POST, "/auth/reset/password-email", "sendResetPasswordEmail", TAG, send_reset_link)
        .takes::<Email>()
        .add(Method::GET, "/auth/reset/validate", "validateToken", TAG, validate_token)
        .asks(&["token"])
        .gives::<TokenUser>(200)
        .add(Method::POST, "/auth/reset/validate-password", "validatePassword", TAG, validate_password)
        .takes::<Password>()
        .add(Method::POST, "/auth/reset/password", "changePassword", TAG, change_password)
        .takes::<ChangePassword>()
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "loginSchema")]
struct Login {
    username: String,
    password: String,
}

async fn login(
    _: Open,
    State(app): State<App>,
    From(origins): From,
    Body(login): Body<Login>,
) -> Result<Response, Problem> {
    let begun = app.door().sign_in(&login.username, &login.password, origins).await?;
    app.seen.note(crate::people::seen::Subject::User, begun.user.id, app.clock.now());
    let mut view = UserView::from(&begun.user);
    view.active_sessions = Some(begun.active);
    view.deleted_sessions = Some(begun.deleted);
    let cookie = session_cookie(&app, Some(&begun.secret))?;
    Ok(([(header::SET_COOKIE, cookie)], Json(view)).into_response())
}

async fn logout(_: Open, State(app): State<App>, Cookie(cookie): Cookie) -> Result<Response, Problem> {
    if let Some(secret) = cookie {
        session::sign_out(&app.db, &secret).await?;
    }
    let to = format!("{}/signed-out", app.config.base_path());
    let headers = [
        (header::LOCATION, HeaderValue::try_from(to).map_err(|_| Problem::internal())?),
        (header::SET_COOKIE, session_cookie(&app, None)?),
        (
            header::HeaderName::from_static("clear-site-data"),
            HeaderValue::from_static("\"cookies\", \"storage\""),
        ),
    ];
    Ok((StatusCode::FOUND, headers).into_response())
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "emailSchema")]
struct Email {
    email: String,
}

/// Answers the same whether or not the address belongs to somebody. Without a mail server no link can be sent, and
/// none is made: an admin hands one out instead.
async fn send_reset_link(
    _: Open,
    State(app): State<App>,
    From(origins): From,
    Body(body): Body<Email>,
) -> Result<StatusCode, Problem> {
    app.throttle.reset(origins.ip.as_deref())?;
    if !body.email.contains('@') {
        return Err(Error::bad_data("The `/body/email` property must be an e-mail address.").into());
    }
    tracing::info!(
        "a reset link was asked for; no mail server is configured, so an admin has to hand it out"
    );
    Ok(StatusCode::OK)
}

#[derive(Deserialize)]
struct Token {
    token: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "tokenUserSchema")]
struct TokenUser {
    id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    email: String,
    token: String,
    created_by: Option<String>,
    role: Role,
}

async fn validate_token(
    _: Open,
    State(app): State<App>,
    Query(query): Query<Token>,
) -> Result<Json<TokenUser>, Problem> {
    let now = app.clock.now();
    let mut tx = app.db.read().await?;
    let (user, author) = reset::whose(&mut tx, &query.token, now).await?;
    let role = role::get(&mut tx, user.root_role).await?;
    Ok(Json(TokenUser {
        id: user.id,
        name: user.name,
        email: user.email.or(user.username).unwrap_or_default(),
        token: query.token,
        created_by: author,
        role: Role::from(role),
    }))
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "validatePasswordSchema")]
struct Password {
    password: String,
}

async fn validate_password(_: Open, Body(body): Body<Password>) -> Result<StatusCode, Problem> {
    password::check_strength(&body.password)?;
    Ok(StatusCode::OK)
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "changePasswordSchema")]
struct ChangePassword {
    token: String,
    password: String,
}

async fn change_password(
    _: Open,
    State(app): State<App>,
    Body(body): Body<ChangePassword>,
) -> Result<StatusCode, Problem> {
    reset::redeem(&app.db, &app.passwords, &body.token, &body.password, app.clock.now()).await?;
    Ok(StatusCode::OK)
}
