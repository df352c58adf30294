//! API tokens. Who may see, make, prolong or delete one depends on its type.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::{CreateApiTokens, DeleteApiTokens, Granted, ReadApiTokens, UpdateApiTokens};
use crate::api::input::{Body, Name};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::clock::Time;
use crate::error::{Error, Result};
use crate::people::api_token::{ApiToken, Kind, NewToken};
use crate::projects::tokens;

const TAG: &str = "API tokens";

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::GET, "/api/admin/api-tokens", "getAllApiTokens", TAG, list)
        .gives::<Tokens>(200)
        .add(Method::POST, "/api/admin/api-tokens", "createApiToken", TAG, create)
        .takes::<NewTokenView>()
        .gives::<TokenView>(201)
        .add(Method::GET, "/api/admin/api-tokens/{token}", "getApiTokensByName", TAG, named)
        .gives::<Tokens>(200)
        .add(Method::PUT, "/api/admin/api-tokens/{token}", "updateApiToken", TAG, update)
        .takes::<Expiry>()
        .add(Method::DELETE, "/api/admin/api-tokens/{token}", "deleteApiToken", TAG, delete)
}

/// A token. `secret` is its selector, except in the answer to its creation; `alias` is a secret and never shown.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "apiTokenSchema")]
pub(super) struct TokenView {
    secret: String,
    secure: bool,
    token_name: String,
    r#type: &'static str,
    environment: String,
    project: String,
    projects: Vec<String>,
    alias: Option<String>,
    created_at: Time,
    expires_at: Option<Time>,
    seen_at: Option<Time>,
}

impl From<ApiToken> for TokenView {
    fn from(token: ApiToken) -> Self {
        Self {
            secret: token.selector,
            secure: true,
            token_name: token.token_name,
            r#type: token.kind.as_str(),
            environment: token.environment,
            project: token.projects.join(","),
            projects: token.projects,
            alias: None,
            created_at: token.created_at,
            expires_at: token.expires_at,
            seen_at: token.seen_at,
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "apiTokensSchema")]
pub(super) struct Tokens {
    pub(super) tokens: Vec<TokenView>,
}

async fn list(grant: Granted<ReadApiTokens>, State(app): State<App>) -> Result<Json<Tokens>, Problem> {
    let mut tx = app.db.read().await?;
    let found = tokens::all(&mut tx, &grant).await?;
    Ok(Json(Tokens { tokens: found.into_iter().map(TokenView::from).collect() }))
}

/// The tokens that people call so; names need not be unique.
async fn named(
    grant: Granted<ReadApiTokens>,
    State(app): State<App>,
    Name(name): Name,
) -> Result<Json<Tokens>, Problem> {
    let mut tx = app.db.read().await?;
    let found = tokens::all(&mut tx, &grant).await?.into_iter().filter(|token| token.token_name == name);
    Ok(Json(Tokens { tokens: found.map(TokenView::from).collect() }))
}

/// What people post. `username` is the former name of `tokenName`.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "createApiTokenSchema")]
pub(super) struct NewTokenView {
    token_name: Option<String>,
    username: Option<String>,
    #[schemars(regex(
        pattern = r"^([Cc][Ll][Ii][Ee][Nn][Tt]|[Bb][Aa][Cc][Kk][Ee][Nn][Dd]|[Ff][Rr][Oo][Nn][Tt][Ee][Nn][Dd])$"
    ))]
    r#type: String,
    environment: Option<String>,
    project: Option<String>,
    projects: Option<Vec<String>>,
    expires_at: Option<Time>,
}

impl NewTokenView {
    /// The same for one project, whichever were asked for.
    pub(super) fn within(self, project: String) -> Self {
        Self { project: Some(project), projects: None, ..self }
    }

    /// The newer name of the type, if that was posted.
    pub(super) fn posted(&self) -> Option<&'static str> {
        self.r#type.eq_ignore_ascii_case("backend").then_some("backend")
    }

    /// Checks it. `project` is the former form of `projects`; where both are given, they must agree.
    pub(super) fn read(self) -> Result<NewToken> {
        let Some(name) = self.token_name.or(self.username) else {
            return Err(Error::bad_data(
                "The `/body/tokenName` property is required. It was not present on the data you sent.",
            ));
        };
        let projects = match (self.project, self.projects) {
            (None, Some(projects)) if projects.is_empty() => {
                return Err(Error::invalid(vec![
                    "\"projects\" must contain at least 1 items. You provided [].".to_owned(),
                ]));
            }
            (Some(project), Some(projects)) if projects != [project.as_str()] => {
                return Err(Error::bad_data("`project` and `projects` differ: give one of them."));
            }
            (Some(project), _) => vec![project],
            (None, projects) => projects.unwrap_or_default(),
        };
        let Some(kind) = Kind::posted(&self.r#type) else {
            return Err(Error::bad_data("The token type must be client, backend or frontend."));
        };
        Ok(NewToken {
            name,
            kind,
            environment: self.environment.unwrap_or_else(|| "development".to_owned()),
            projects,
            expires_at: self.expires_at,
            secret: None,
        })
    }
}

async fn create(
    grant: Granted<CreateApiTokens>,
    State(app): State<App>,
    Body(body): Body<NewTokenView>,
) -> Result<Response, Problem> {
    let posted = body.posted();
    let new = body.read()?;
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let limit = app.config.unleash_api_tokens_limit;
    let made = tokens::create(&mut tx, &grant, &app.entropy, limit, new).await?;
    tx.commit().await?;
    Ok(shown(&app, made, posted))
}

/// A new token, whole; its type as it was `posted`, since tools compare.
pub(super) fn shown(
    app: &App,
    (token, secret): (ApiToken, String),
    posted: Option<&'static str>,
) -> Response {
    let location = format!("{}/api/admin/api-tokens/{}", app.config.base_path(), token.selector);
    let view = TokenView { secret, ..TokenView::from(token) };
    let view = TokenView { r#type: posted.unwrap_or(view.r#type), ..view };
    (StatusCode::CREATED, [(header::LOCATION, location)], Json(view)).into_response()
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "updateApiTokenSchema")]
struct Expiry {
    expires_at: Time,
}

async fn update(
    grant: Granted<UpdateApiTokens>,
    State(app): State<App>,
    Name(text): Name,
    Body(body): Body<Expiry>,
) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    tokens::prolong(&mut tx, &grant, &text, body.expires_at).await?;
    tx.commit().await?;
    Ok(())
}

async fn delete(
    grant: Granted<DeleteApiTokens>,
    State(app): State<App>,
    Name(text): Name,
) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    tokens::delete(&mut tx, &grant, &text).await?;
    tx.commit().await?;
    Ok(())
}
