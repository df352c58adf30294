//! Who is calling: turns a session cookie or a token into the grant that a handler asks for.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;

use super::ofrep::Fault;
use super::problem::Problem;
use crate::access::{Granted, Guard, Subject};
use crate::app::{App, client_address};
pub use crate::gate::Open;
use crate::gate::{self, Access, FromPath, Proof};
use crate::people::api_token::Kind;
use crate::people::seen;
use crate::people::session::Origins;
use crate::people::token::{self, Bearer};
use crate::published::Token;

impl<G: Guard> FromRequestParts<App> for Granted<G>
where
    G::Scope: FromPath,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let subject = caller(parts, app).await?;
        Ok(gate::grant(parts, app, &subject).await?)
    }
}

/// Whoever calls has a backend token, and so gets the flags that it reaches. The database is not asked.
pub struct Backend(pub Arc<Token>);

impl Backend {
    /// The tokens that it takes.
    pub const KINDS: &[Kind] = &[Kind::Client];
}

impl Proof for Backend {
    const ACCESS: Access = Access::Token(Self::KINDS);
}

impl FromRequestParts<App> for Backend {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        client(parts, app, Self::KINDS).await.map(Self)
    }
}

/// Whoever calls has a frontend token, and so gets what the flags that it reaches come to. The database is not asked.
pub struct Frontend(pub Arc<Token>);

impl Frontend {
    /// The tokens that it takes.
    pub const KINDS: &[Kind] = &[Kind::Frontend];
}

impl Proof for Frontend {
    const ACCESS: Access = Access::Token(Self::KINDS);
}

impl FromRequestParts<App> for Frontend {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        client(parts, app, Self::KINDS).await.map(Self)
    }
}

/// Whoever calls has a backend or a frontend token, and so gets what the flags that it reaches come to. The token may
/// stand in `X-API-Key`, too. The database is not asked.
pub struct Evaluating(pub Arc<Token>);

impl Evaluating {
    /// The tokens that it takes.
    pub const KINDS: &[Kind] = &[Kind::Client, Kind::Frontend];
}

impl Proof for Evaluating {
    const ACCESS: Access = Access::Token(Self::KINDS);
}

impl FromRequestParts<App> for Evaluating {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Fault> {
        if !parts.headers.contains_key(header::AUTHORIZATION)
            && let Some(key) = parts.headers.get("x-api-key").cloned()
        {
            parts.headers.insert(header::AUTHORIZATION, key);
        }
        Ok(Self(client(parts, app, Self::KINDS).await?))
    }
}

/// Whoever calls may be told that something changed: they have a token, or know the listening key of one. Browsers
/// cannot send tokens where they listen.
pub struct Listening(pub Arc<Token>);

impl Proof for Listening {
    const ACCESS: Access = Access::Token(Evaluating::KINDS);
}

impl FromRequestParts<App> for Listening {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Fault> {
        let mut query = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        let Some((_, key)) = query.find(|(name, _)| name == "key") else {
            return Evaluating::from_request_parts(parts, app).await.map(|it| Self(it.0));
        };
        let found = app.published.listening(&app.db, &key, app.clock.now()).await.map_err(Problem::from)?;
        let token = found.filter(|token| Evaluating::KINDS.contains(&token.kind));
        Ok(Self(token.ok_or_else(Problem::no_api_token)?))
    }
}

/// The client that calls, with a token of a kind that is for this API.
async fn client(parts: &Parts, app: &App, kinds: &[Kind]) -> Result<Arc<Token>, Problem> {
    let authorization = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let secret = authorization.map(bare).ok_or_else(Problem::no_api_token)?;
    if secret.starts_with("user:") {
        return Err(Problem::wrong_token());
    }
    let now = app.clock.now();
    let token = app.published.token(&app.db, secret, now).await?.ok_or_else(Problem::no_api_token)?;
    if !kinds.contains(&token.kind) {
        return Err(Problem::wrong_token());
    }
    app.seen.note(seen::Subject::ApiToken, token.id, now);
    Ok(token)
}

/// The token in an `Authorization` header, with or without the name of a scheme.
fn bare(authorization: &str) -> &str {
    let scheme = authorization.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("bearer "));
    authorization[scheme.map_or(0, str::len)..].trim()
}

/// Where the request came from.
pub struct From(pub Origins);

impl FromRequestParts<App> for From {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        Ok(Self(gate::origins(parts, app)))
    }
}

/// The session cookie, if the request carries one.
pub struct Cookie(pub Option<String>);

impl FromRequestParts<App> for Cookie {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Self::Rejection> {
        Ok(Self(gate::cookie(&parts.headers).map(str::to_owned)))
    }
}

async fn caller(parts: &Parts, app: &App) -> Result<Subject, Problem> {
    let now = app.clock.now();
    let ip = client_address(parts, app);
    let authorization = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if let Some(authorization) = authorization {
        let secret = bare(authorization);
        let mut tx = app.db.read().await?;
        return match token::bearer(&mut tx, secret, now, ip).await? {
            Bearer::Subject(subject, id, kind) => {
                app.seen.note(kind, id, now);
                if let crate::access::Origin::User(user) = subject.actor.origin {
                    app.seen.note(seen::Subject::User, user, now);
                }
                Ok(subject)
            }
            Bearer::Client => Err(Problem::wrong_token()),
            Bearer::Unknown => Err(Problem::unknown_token()),
        };
    }
    let subject = gate::person(parts, app).await?;
    subject.ok_or_else(|| Problem::unauthenticated(&app.config.base_path()))
}
