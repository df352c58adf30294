//! Personal access tokens: each person sees and deletes their own.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::{Granted, SignedIn};
use crate::api::input::{Body, Id};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::clock::Time;
use crate::people::token::{self, Personal};

const TAG: &str = "Personal access tokens";
/// How long before its end a token carries a warning.
const SOON: Duration = Duration::from_hours(14 * 24);

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::GET, "/api/admin/user/tokens", "getPats", TAG, list)
        .gives::<Pats>(200)
        .add(Method::POST, "/api/admin/user/tokens", "createPat", TAG, create)
        .takes::<NewPat>()
        .gives::<Pat>(201)
        .add(Method::DELETE, "/api/admin/user/tokens/{id}", "deletePat", TAG, delete)
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "patSchema")]
pub(super) struct Pat {
    id: i64,
    user_id: i64,
    description: String,
    /// The token itself; in the answer to its creation only.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    created_at: Time,
    expires_at: Time,
    seen_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiry_warning: Option<&'static str>,
}

impl Pat {
    pub(super) fn new(token: Personal, now: Time) -> Self {
        let expiry_warning = if token.expires_at <= now {
            Some("expired")
        } else if token.expires_at <= now.plus(SOON) {
            Some("expires-soon")
        } else {
            None
        };
        Self {
            id: token.id,
            user_id: token.user_id,
            description: token.description,
            secret: None,
            created_at: token.created_at,
            expires_at: token.expires_at,
            seen_at: token.seen_at,
            expiry_warning,
        }
    }

    /// As shown once, to whoever made it.
    pub(super) fn with_secret(self, secret: String) -> Self {
        Self { secret: Some(secret), ..self }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "patsSchema")]
pub(super) struct Pats {
    pub(super) pats: Vec<Pat>,
}

async fn list(grant: Granted<SignedIn>, State(app): State<App>) -> Result<Json<Pats>, Problem> {
    let (me, now) = (grant.person()?, app.clock.now());
    let mut tx = app.db.read().await?;
    let tokens = token::personal_of(&mut tx, me).await?;
    Ok(Json(Pats { pats: tokens.into_iter().map(|token| Pat::new(token, now)).collect() }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "createPatSchema")]
pub(super) struct NewPat {
    pub(super) description: String,
    pub(super) expires_at: Time,
}

async fn create(
    grant: Granted<SignedIn>,
    State(app): State<App>,
    Body(body): Body<NewPat>,
) -> Result<Response, Problem> {
    let (me, now) = (grant.person()?, app.clock.now());
    let mut tx = app.db.change(&grant, now).await?;
    let made = token::create_personal(&mut tx, &app.entropy, me, &body.description, body.expires_at).await?;
    let (token, secret) = made;
    tx.commit().await?;
    let location = format!("{}/api/admin/user/tokens/{}", app.config.base_path(), token.id);
    let pat = Pat::new(token, now).with_secret(secret);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(pat)).into_response())
}

async fn delete(grant: Granted<SignedIn>, State(app): State<App>, Id(id): Id) -> Result<(), Problem> {
    let me = grant.person()?;
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    token::delete_personal(&mut tx, me, id).await?;
    tx.commit().await?;
    Ok(())
}
