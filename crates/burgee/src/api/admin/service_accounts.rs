//! Service accounts and their tokens.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::overview::{self, Place};
use super::personal_tokens::{NewPat, Pat, Pats};
use super::roles::Role;
use crate::access::{Administer, Granted, role};
use crate::api::input::{Body, Id, Ids, Query};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::clock::Time;
use crate::error::Result;
use crate::people::service_account;
use crate::people::token::{self, Personal};
use crate::people::user::{self, Edit, User};

const TAG: &str = "Service Accounts";

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::GET, "/api/admin/service-account", "getServiceAccounts", TAG, list)
        .gives::<Accounts>(200)
        .add(Method::POST, "/api/admin/service-account", "createServiceAccount", TAG, create)
        .takes::<NewAccount>()
        .gives::<Account>(201)
        .add(Method::PUT, "/api/admin/service-account/{id}", "updateServiceAccount", TAG, update)
        .takes::<EditedAccount>()
        .gives::<Account>(200)
        .add(Method::DELETE, "/api/admin/service-account/{id}", "deleteServiceAccount", TAG, delete)
        .add(
            Method::GET,
            "/api/admin/service-account/{id}/permissions",
            "getServiceAccountPermissions",
            "Auth",
            permissions,
        )
        .asks(&["project", "environment"])
        .gives::<overview::View>(200)
        .add(Method::GET, "/api/admin/service-account/{id}/token", "getServiceAccountTokens", TAG, tokens)
        .gives::<Pats>(200)
        .add(
            Method::POST,
            "/api/admin/service-account/{id}/token",
            "createServiceAccountToken",
            TAG,
            create_token,
        )
        .takes::<NewPat>()
        .gives::<Pat>(201)
        .add(
            Method::DELETE,
            "/api/admin/service-account/{id}/token/{tokenId}",
            "deleteServiceAccountToken",
            TAG,
            delete_token,
        )
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "serviceAccountSchema")]
struct Account {
    id: i64,
    name: String,
    username: String,
    image_url: String,
    root_role: i64,
    seen_at: Option<Time>,
    created_at: Time,
    tokens: Vec<Pat>,
}

impl Account {
    fn new(user: User, tokens: Vec<Personal>, now: Time) -> Self {
        Self {
            id: user.id,
            name: user.name.unwrap_or_default(),
            username: user.username.unwrap_or_default(),
            image_url: user.image_url.unwrap_or_default(),
            root_role: user.root_role,
            seen_at: user.seen_at,
            created_at: user.created_at,
            tokens: tokens.into_iter().map(|token| Pat::new(token, now)).collect(),
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "serviceAccountsSchema")]
struct Accounts {
    service_accounts: Vec<Account>,
    root_roles: Vec<Role>,
}

async fn list(_: Granted<Administer>, State(app): State<App>) -> Result<Json<Accounts>, Problem> {
    let now = app.clock.now();
    let mut tx = app.db.read().await?;
    let accounts = service_account::list(&mut tx).await?.into_iter();
    let roles = role::list(&mut tx).await?.into_iter().filter(role::Role::is_root);
    Ok(Json(Accounts {
        service_accounts: accounts.map(|(user, tokens)| Account::new(user, tokens, now)).collect(),
        root_roles: roles.map(Role::from).collect(),
    }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "createServiceAccountSchema")]
struct NewAccount {
    name: String,
    username: String,
    root_role: i64,
}

async fn create(
    grant: Granted<Administer>,
    State(app): State<App>,
    Body(body): Body<NewAccount>,
) -> Result<Response, Problem> {
    let now = app.clock.now();
    let mut tx = app.db.change(&grant, now).await?;
    let role = role::root(&mut tx, Some(body.root_role), None).await?.id;
    let account = service_account::create(&mut tx, body.name, body.username, role).await?;
    tx.commit().await?;
    let location = account.id.to_string();
    let view = Account::new(account, Vec::new(), now);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(view)).into_response())
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "updateServiceAccountSchema")]
struct EditedAccount {
    name: Option<String>,
    root_role: Option<i64>,
}

async fn update(
    grant: Granted<Administer>,
    State(app): State<App>,
    Id(id): Id,
    Body(body): Body<EditedAccount>,
) -> Result<Json<Account>, Problem> {
    let now = app.clock.now();
    let mut tx = app.db.change(&grant, now).await?;
    service_account::get(&mut tx, id).await?;
    let root_role = match body.root_role {
        Some(role) => Some(role::root(&mut tx, Some(role), None).await?.id),
        None => None,
    };
    let edit = Edit { name: body.name.map(Some), root_role, ..Edit::default() };
    let account = user::update(&mut tx, id, edit).await?;
    let tokens = token::personal_of(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(Account::new(account, tokens, now)))
}

async fn delete(grant: Granted<Administer>, State(app): State<App>, Id(id): Id) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    service_account::get(&mut tx, id).await?;
    user::delete(&mut tx, id).await?;
    tx.commit().await?;
    Ok(())
}

async fn permissions(
    _: Granted<Administer>,
    State(app): State<App>,
    Id(id): Id,
    Query(place): Query<Place>,
) -> Result<Json<overview::View>, Problem> {
    let mut tx = app.db.read().await?;
    let account = service_account::get(&mut tx, id).await?;
    overview::view(&mut tx, account, place).await
}

async fn tokens(_: Granted<Administer>, State(app): State<App>, Id(id): Id) -> Result<Json<Pats>, Problem> {
    let now = app.clock.now();
    let mut tx = app.db.read().await?;
    service_account::get(&mut tx, id).await?;
    let tokens = token::personal_of(&mut tx, id).await?.into_iter();
    Ok(Json(Pats { pats: tokens.map(|token| Pat::new(token, now)).collect() }))
}

async fn create_token(
    grant: Granted<Administer>,
    State(app): State<App>,
    Id(id): Id,
    Body(body): Body<NewPat>,
) -> Result<Response, Problem> {
    let now = app.clock.now();
    let mut tx = app.db.change(&grant, now).await?;
    service_account::get(&mut tx, id).await?;
    let made = token::create_personal(&mut tx, &app.entropy, id, &body.description, body.expires_at).await?;
    let (token, secret) = made;
    tx.commit().await?;
    let location = format!("{}/api/admin/service-account/{id}/token/{}", app.config.base_path(), token.id);
    let pat = Pat::new(token, now).with_secret(secret);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(pat)).into_response())
}

async fn delete_token(
    grant: Granted<Administer>,
    State(app): State<App>,
    Ids(id, token): Ids,
) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    service_account::get(&mut tx, id).await?;
    token::delete_personal(&mut tx, id, token).await?;
    tx.commit().await?;
    Ok(())
}
