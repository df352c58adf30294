//! Invite links, as administrators make them.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::roles::Role;
use crate::access::{Administer, Granted, role};
use crate::api::input::{Body, Name};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::clock::Time;
use crate::db::Read;
use crate::error::{Error, Result};
use crate::people::invite::{self, Guest, Link, VIEWER};

const TAG: &str = "Public signup tokens";

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::GET, "/api/admin/invite-link/tokens", "getAllPublicSignupTokens", TAG, list)
        .gives::<Links>(200)
        .add(Method::POST, "/api/admin/invite-link/tokens", "createPublicSignupToken", TAG, create)
        .takes::<NewLink>()
        .gives::<LinkView>(201)
        .add(Method::GET, "/api/admin/invite-link/tokens/{token}", "getPublicSignupToken", TAG, get)
        .gives::<LinkView>(200)
        .add(Method::PUT, "/api/admin/invite-link/tokens/{token}", "updatePublicSignupToken", TAG, update)
        .takes::<EditedLink>()
        .gives::<LinkView>(200)
}

/// A link. `secret` is its selector and `url` null, except in the answer to its creation.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "publicSignupTokenSchema")]
struct LinkView {
    secret: String,
    url: Option<String>,
    name: String,
    enabled: bool,
    expires_at: Time,
    created_at: Time,
    created_by: Option<String>,
    users: Vec<GuestView>,
    role: Role,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "publicSignupTokenUserSchema")]
struct GuestView {
    id: i64,
    name: Option<String>,
    username: Option<String>,
}

/// Links with who came by them and the role they got.
async fn views(tx: &mut Read, links: Vec<Link>) -> Result<Vec<LinkView>> {
    let guests = invite::guests(tx).await?;
    let viewer = role::get(tx, VIEWER).await?;
    let view = |link: Link| {
        let mine = |guest: &&Guest| guest.link_id == link.id;
        let users = guests.iter().filter(mine).cloned();
        LinkView {
            users: users
                .map(|guest| GuestView { id: guest.id, name: guest.name, username: guest.username })
                .collect(),
            secret: link.selector,
            url: None,
            name: link.name,
            enabled: link.enabled,
            expires_at: link.expires_at,
            created_at: link.created_at,
            created_by: link.created_by,
            role: viewer.clone().into(),
        }
    };
    Ok(links.into_iter().map(view).collect())
}

async fn view(tx: &mut Read, link: Link) -> Result<LinkView> {
    let views = views(tx, vec![link]).await?;
    views.into_iter().next().ok_or_else(|| Error::not_found("Could not find public signup token."))
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "publicSignupTokensSchema")]
struct Links {
    tokens: Vec<LinkView>,
}

async fn list(_: Granted<Administer>, State(app): State<App>) -> Result<Json<Links>, Problem> {
    let mut tx = app.db.read().await?;
    let links = invite::list(&mut tx).await?;
    Ok(Json(Links { tokens: views(&mut tx, links).await? }))
}

async fn get(
    _: Granted<Administer>,
    State(app): State<App>,
    Name(text): Name,
) -> Result<Json<LinkView>, Problem> {
    let mut tx = app.db.read().await?;
    let link = invite::get(&mut tx, &text).await?;
    Ok(Json(view(&mut tx, link).await?))
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "publicSignupTokenCreateSchema")]
struct NewLink {
    name: String,
    expires_at: Time,
}

async fn create(
    grant: Granted<Administer>,
    State(app): State<App>,
    Body(body): Body<NewLink>,
) -> Result<Response, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let (link, secret) = invite::create(&mut tx, &app.entropy, &body.name, body.expires_at).await?;
    let mut view = view(&mut tx, link).await?;
    tx.commit().await?;
    let location = format!("{}/api/admin/invite-link/tokens/{}", app.config.base_path(), view.secret);
    view.url = Some(format!("{}/new-user?invite={secret}", app.config.url()));
    view.secret = secret;
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(view)).into_response())
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "publicSignupTokenUpdateSchema")]
struct EditedLink {
    expires_at: Option<Time>,
    enabled: Option<bool>,
}

async fn update(
    grant: Granted<Administer>,
    State(app): State<App>,
    Name(text): Name,
    Body(body): Body<EditedLink>,
) -> Result<Json<LinkView>, Problem> {
    if body.expires_at.is_none() && body.enabled.is_none() {
        return Err(Error::bad_data("Say whether the link is enabled, or when it expires.").into());
    }
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let link = invite::update(&mut tx, &text, body.enabled, body.expires_at).await?;
    let view = view(&mut tx, link).await?;
    tx.commit().await?;
    Ok(Json(view))
}
