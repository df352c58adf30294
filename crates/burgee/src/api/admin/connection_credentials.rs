//! What a connection to an identity provider lets in: its tokens, and its OAuth client.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::{Administer, ConfigureAuth, Granted};
use crate::api::input::{Body, Id, Ids};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::clock::Time;
use crate::error::Error;
use crate::provisioning::connection::{self, Client, NewToken, Token};

const TAG: &str = "Provisioning";

pub(super) fn routes() -> Routes {
    const TOKENS: &str = "/api/admin/provisioning/connections/{id}/tokens";
    const TOKEN: &str = "/api/admin/provisioning/connections/{id}/tokens/{tokenId}";
    const CLIENT: &str = "/api/admin/provisioning/connections/{id}/client";
    const SECRET: &str = "/api/admin/provisioning/connections/{id}/client/secret";
    Routes::default()
        .add(Method::GET, TOKENS, "getConnectionTokens", TAG, tokens)
        .gives::<Tokens>(200)
        .add(Method::POST, TOKENS, "createConnectionToken", TAG, new_token)
        .takes::<NewTokenView>()
        .gives::<MadeToken>(201)
        .add(Method::DELETE, TOKEN, "deleteConnectionToken", TAG, revoke)
        .add(Method::GET, CLIENT, "getConnectionClient", TAG, client)
        .gives::<ClientView>(200)
        .add(Method::PUT, CLIENT, "setConnectionClientKeys", TAG, give_keys)
        .takes::<KeysView>()
        .gives::<ClientView>(200)
        .add(Method::DELETE, CLIENT, "deleteConnectionClient", TAG, remove_client)
        .add(Method::POST, SECRET, "createConnectionClientSecret", TAG, give_secret)
        .gives::<MadeSecret>(201)
}

/// A token, without its secret.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "connectionTokenSchema")]
struct TokenView {
    id: i64,
    prefix: Option<String>,
    origin: String,
    created_at: Time,
    expires_at: Option<Time>,
    used_at: Option<Time>,
    /// Where it was last used from.
    address: Option<String>,
    /// By which program, in its own words.
    agent: Option<String>,
}

impl From<Token> for TokenView {
    fn from(token: Token) -> Self {
        Self {
            id: token.id,
            prefix: token.prefix,
            origin: token.source.name().to_owned(),
            created_at: token.created_at,
            expires_at: token.expires_at,
            used_at: token.used_at,
            address: token.address,
            agent: token.agent,
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "connectionTokensSchema")]
struct Tokens {
    tokens: Vec<TokenView>,
}

async fn tokens(
    _: Granted<ConfigureAuth>,
    State(app): State<App>,
    Id(id): Id,
) -> Result<Json<Tokens>, Problem> {
    let mut tx = app.db.read().await?;
    connection::get(&mut tx, id).await?;
    let found = connection::tokens(&mut tx, &app.token_uses, id).await?;
    Ok(Json(Tokens { tokens: found.into_iter().map(TokenView::from).collect() }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "createConnectionTokenSchema")]
struct NewTokenView {
    /// When it stops working; never, if left out.
    expires_at: Option<Time>,
    /// For how many seconds the token before it goes on working; not at all, if left out.
    overlap: Option<u64>,
    /// The token itself, if the identity provider has it already.
    secret: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "madeConnectionTokenSchema")]
struct MadeToken {
    #[serde(flatten)]
    token: TokenView,
    /// Shown this once; not for a token that was made elsewhere.
    secret: Option<String>,
}

async fn new_token(
    grant: Granted<Administer>,
    State(app): State<App>,
    Id(id): Id,
    Body(body): Body<NewTokenView>,
) -> Result<Response, Problem> {
    let imported = body.secret.is_some();
    let overlap = Duration::from_secs(body.overlap.unwrap_or_default());
    let new = NewToken { expires_at: body.expires_at, overlap, secret: body.secret };
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let (token, secret) = connection::issue(&mut tx, &app.entropy, id, new).await?;
    tx.commit().await?;
    let made = MadeToken { token: token.into(), secret: (!imported).then_some(secret) };
    Ok((StatusCode::CREATED, Json(made)).into_response())
}

async fn revoke(
    grant: Granted<Administer>,
    State(app): State<App>,
    Ids(id, token): Ids,
) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    connection::revoke(&mut tx, id, token).await?;
    tx.commit().await?;
    Ok(())
}

/// An OAuth client, without its secret.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "connectionClientSchema")]
struct ClientView {
    client_id: String,
    /// How its secret begins, if it has one.
    secret_prefix: Option<String>,
    /// Its public keys, as PEM or as a JWK set.
    keys: Option<String>,
    created_at: Time,
    /// When it got its newest access token.
    token_at: Option<Time>,
    token_endpoint: String,
}

impl ClientView {
    fn of(app: &App, client: Client) -> Self {
        Self {
            client_id: client.client_id,
            secret_prefix: client.secret_prefix,
            keys: client.keys,
            created_at: client.created_at,
            token_at: client.token_at,
            token_endpoint: format!("{}/oauth/token", app.config.url()),
        }
    }
}

async fn client(
    _: Granted<ConfigureAuth>,
    State(app): State<App>,
    Id(id): Id,
) -> Result<Json<ClientView>, Problem> {
    let found = connection::client(&mut app.db.read().await?, id).await?;
    let found = found.ok_or_else(|| Error::not_found("This connection has no OAuth client."))?;
    Ok(Json(ClientView::of(&app, found)))
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "connectionClientKeysSchema", extend("required" = ["keys"]))]
struct KeysView {
    /// Public keys, as PEM or as a JWK set; with `null`, only the secret counts.
    #[serde(deserialize_with = "Option::deserialize")]
    keys: Option<String>,
}

async fn give_keys(
    grant: Granted<Administer>,
    State(app): State<App>,
    Id(id): Id,
    Body(body): Body<KeysView>,
) -> Result<Json<ClientView>, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let client = connection::give_keys(&mut tx, &app.entropy, id, body.keys.as_deref()).await?;
    tx.commit().await?;
    Ok(Json(ClientView::of(&app, client)))
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "connectionClientSecretSchema")]
struct MadeSecret {
    client_id: String,
    /// Shown this once.
    client_secret: String,
}

async fn give_secret(
    grant: Granted<Administer>,
    State(app): State<App>,
    Id(id): Id,
) -> Result<Response, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let (client, secret) = connection::give_secret(&mut tx, &app.entropy, id).await?;
    tx.commit().await?;
    let made = MadeSecret { client_id: client.client_id, client_secret: secret };
    Ok((StatusCode::CREATED, Json(made)).into_response())
}

async fn remove_client(
    grant: Granted<Administer>,
    State(app): State<App>,
    Id(id): Id,
) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    connection::remove_client(&mut tx, id).await?;
    tx.commit().await?;
    Ok(())
}
