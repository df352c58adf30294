//! What protocols for people and SDKs share: how handlers are registered, who is behind a cookie, whose page sent a request, and
//! which scope a path is about.

pub mod csv;
pub mod handler;
pub mod lines;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};

use crate::access::{
    Granted, Guard, InEnvironment, InProject, Origin, Permission, Root, Scope, Somewhere, Subject,
};
use crate::app::{App, client_address};
use crate::error::{Error, Result};
use crate::people::api_token::Kind;
use crate::people::seen;
use crate::people::session::{self, Origins};
use crate::published::Encoding;

/// The name of the session cookie, which Unleash's tools know.
const COOKIE: &str = "unleash-session";

/// Who may call an operation.
#[derive(Clone, Copy, Debug)]
pub enum Access {
    /// Everybody.
    Open,
    /// Whoever has a token of one of these kinds.
    Token(&'static [Kind]),
    /// Whoever holds one of these permissions in the scope; everybody who is signed in, if there are none.
    AnyOf(&'static [Permission]),
}

impl Access {
    /// The names of the permissions of which one is enough.
    pub fn permissions(self) -> Vec<&'static str> {
        match self {
            Self::Open | Self::Token(_) | Self::AnyOf([]) => Vec::new(),
            Self::AnyOf(list) => Permission::enough(list),
        }
    }
}

/// Tells from a handler's parameters who may call it: the first one is a proof, such as [`Granted`] or [`Open`].
pub trait Guarded {
    /// Who may call.
    const ACCESS: Access;
}

/// A handler's first parameter that says who may call.
pub trait Proof {
    /// Who may call.
    const ACCESS: Access;
}

impl<G: Guard> Proof for Granted<G> {
    const ACCESS: Access = Access::AnyOf(G::ANY_OF);
}

impl Proof for Open {
    const ACCESS: Access = Access::Open;
}

macro_rules! guarded {
    ($($rest:ident),*) => {
        impl<M, P: Proof, $($rest),*> Guarded for (M, P, $($rest,)*) {
            const ACCESS: Access = P::ACCESS;
        }
    };
}
guarded!();
guarded!(A);
guarded!(A, B);
guarded!(A, B, C);
guarded!(A, B, C, D);
guarded!(A, B, C, D, E);

/// Marks a handler that everybody may call, signed in or not.
pub struct Open;

impl<S: Send + Sync> FromRequestParts<S> for Open {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self)
    }
}

/// A scope that can be read from the path of a request.
pub trait FromPath: Scope + Sized {
    /// Reads it from the path's parameters. `None`: the path has none, which is a defect of the table of paths.
    fn from_path(params: &RawPathParams) -> Option<Self>;
}

impl FromPath for Root {
    fn from_path(_: &RawPathParams) -> Option<Self> {
        Some(Self)
    }
}

impl FromPath for InProject {
    fn from_path(params: &RawPathParams) -> Option<Self> {
        Some(Self { project: parameter(params, "projectId")? })
    }
}

impl FromPath for InEnvironment {
    fn from_path(params: &RawPathParams) -> Option<Self> {
        let environment = parameter(params, "environment")?;
        Some(Self { project: parameter(params, "projectId")?, environment })
    }
}

impl FromPath for Somewhere {
    fn from_path(_: &RawPathParams) -> Option<Self> {
        Some(Self)
    }
}

fn parameter(params: &RawPathParams, wanted: &str) -> Option<String> {
    params.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.to_owned())
}

/// The grant that a handler asks for, for whoever is known to call. What the caller does not see is not there, whatever
/// they may do elsewhere.
pub async fn grant<G: Guard>(parts: &mut Parts, app: &App, subject: &Subject) -> Result<Granted<G>>
where
    G::Scope: FromPath,
{
    let defect = || Error::internal(anyhow::anyhow!("the path does not have the parameters of its scope"));
    let params = RawPathParams::from_request_parts(parts, app).await.map_err(|_| defect())?;
    let scope = G::Scope::from_path(&params).ok_or_else(defect)?;
    if let Some(project) = scope.project() {
        let mut tx = app.db.read().await?;
        subject.sight(&mut tx).await?.ensure(&mut tx, project).await?;
    }
    Ok(Granted::check(subject, scope)?)
}

/// The person behind the session cookie. Nobody, if another site's page sent the request to change something.
pub async fn person(parts: &Parts, app: &App) -> Result<Option<Subject>> {
    let Some(secret) = cookie(&parts.headers).filter(|_| !foreign(parts, app)) else { return Ok(None) };
    let now = app.clock.now();
    let mut tx = app.db.read().await?;
    let subject = session::subject(&mut tx, secret, now, client_address(parts, app)).await?;
    if let Some(Origin::User(user)) = subject.as_ref().map(|subject| subject.actor.origin) {
        app.seen.note(seen::Subject::User, user, now);
    }
    Ok(subject)
}

/// True for a write that another site's page sends with this site's cookie. Browsers say so themselves; where they do
/// not, because the connection is not encrypted, the page's origin tells.
pub fn foreign(parts: &Parts, app: &App) -> bool {
    if matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return false;
    }
    let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => matches!(site, "cross-site" | "same-site"),
        (None, Some(origin)) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            let ours = app.config.url();
            let beyond = ours.strip_prefix(origin);
            (host.is_none() || host != text("host"))
                && !beyond.is_some_and(|path| path.is_empty() || path.starts_with('/'))
        }
        (None, None) => false,
    }
}

/// The session cookie, if the request carries one.
pub fn cookie(headers: &HeaderMap) -> Option<&str> {
    named_cookie(headers, COOKIE)
}

/// A cookie by its name.
pub fn named_cookie<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == wanted)
        .map(|(_, value)| value)
}

/// What sets the session cookie; without a secret, what takes it away.
pub fn session_cookie(app: &App, secret: Option<&str>) -> Result<HeaderValue> {
    let seconds = if secret.is_some() { app.config.session_ttl_hours * 3600 } else { 0 };
    set_cookie(app, COOKIE, secret.unwrap_or_default(), seconds)
}

/// What sets a cookie that only this server reads.
pub fn set_cookie(app: &App, name: &str, value: &str, seconds: u64) -> Result<HeaderValue> {
    let base = app.config.base_path();
    let path = if base.is_empty() { "/" } else { &base };
    let secure = if app.config.secure_headers { "; Secure" } else { "" };
    HeaderValue::try_from(format!(
        "{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"
    ))
    .map_err(Error::internal)
}

/// Where the request came from.
pub fn origins(parts: &Parts, app: &App) -> Origins {
    let agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    Origins { ip: client_address(parts, app), agent: agent.map(str::to_owned) }
}

/// The best encoding that the client takes; among equals, the one that makes the fewest bytes.
pub fn encoding(headers: &HeaderMap) -> Encoding {
    let mut best = (Encoding::Identity, 0.0);
    for (encoding, name) in [(Encoding::Brotli, "br"), (Encoding::Zstd, "zstd"), (Encoding::Gzip, "gzip")] {
        let quality = quality(headers, name);
        if quality > best.1 {
            best = (encoding, quality);
        }
    }
    best.0
}

/// How much the client likes an encoding, from 0 to 1.
fn quality(headers: &HeaderMap, wanted: &str) -> f32 {
    let lists = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let named = lists.flat_map(|list| list.split(',')).find_map(|item| {
        let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
        let quality = parameters.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse);
        name.trim().eq_ignore_ascii_case(wanted).then(|| quality.unwrap_or_default())
    });
    named.unwrap_or_default()
}
