//! OAuth 2.0 for identity providers: the token endpoint (RFC 6749 §4.4, RFC 7523 §2.2) and what says where it is
//! (RFC 8414, RFC 9728).

use std::collections::HashSet;

use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use http_body_util::{BodyExt, Limited};
use percent_encoding::percent_decode_str;
use serde_json::json;

use super::mount::Mount;
use super::notebook::{Begun, Notebook};
use crate::app::{App, client_address};
use crate::error::Error;
use crate::provisioning::connection::{ALGORITHMS, LIFE, Proof, access_token, claimant};
use crate::provisioning::journal::Act;

/// The only scope there is.
const SCOPE: &str = "scim";
/// The largest request, in bytes.
const LARGEST: usize = 64 * 1024;
/// How a client says that it shows an assertion.
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/oauth/token", post(token))
        .route("/.well-known/oauth-authorization-server", get(server))
        .route("/.well-known/oauth-protected-resource", get(resource))
        .route("/.well-known/oauth-protected-resource/{*path}", get(resource))
}

/// Who issues tokens: the server, by the address under which it is reached.
fn issuer(app: &App) -> String {
    app.config.url()
}

fn endpoint(app: &App) -> String {
    format!("{}/oauth/token", issuer(app))
}

/// The challenge to a client that showed nothing that opens (RFC 6750 §3), with where it learns how to get a token
/// (RFC 9728 §5.1).
pub(super) fn metadata(app: &App, path: &str) -> HeaderValue {
    let mount = Mount::of(path);
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-_.~%".contains(&b));
    let point = if plain(mount.point) { mount.point } else { "/scim" };
    let challenge = format!(
        "Bearer realm=\"burgee\", error=\"invalid_token\", resource_metadata=\"{}/.well-known/oauth-protected-resource{point}\"",
        issuer(app)
    );
    HeaderValue::try_from(challenge).unwrap_or(HeaderValue::from_static("Bearer realm=\"burgee\""))
}

/// Authorization server metadata (RFC 8414 §2).
async fn server(State(app): State<App>) -> Response {
    Json(json!({
        "issuer": issuer(&app),
        "token_endpoint": endpoint(&app),
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "scopes_supported": [SCOPE],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
    }))
    .into_response()
}

/// Protected resource metadata (RFC 9728 §2), for any mount point of SCIM.
async fn resource(State(app): State<App>, request: Request) -> Response {
    let (_, path) = request.uri().path().split_once("/oauth-protected-resource").unwrap_or_default();
    let path = if path.is_empty() { "/scim" } else { path };
    let mount = Mount::of(path);
    if !mount.below.is_empty() || !mount.point.contains("/scim") {
        return StatusCode::NOT_FOUND.into_response();
    }
    Json(json!({
        "resource": format!("{}{}", issuer(&app), mount.point),
        "authorization_servers": [issuer(&app)],
        "scopes_supported": [SCOPE],
        "bearer_methods_supported": ["header"],
    }))
    .into_response()
}

/// Why there is no token (RFC 6749 §5.2).
struct Refused {
    status: StatusCode,
    error: &'static str,
    why: String,
    retry_after: Option<u64>,
}

impl Refused {
    fn new(error: &'static str, why: impl Into<String>) -> Self {
        let status =
            if error == "invalid_client" { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
        Self { status, error, why: why.into(), retry_after: None }
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        match error {
            Error::Rejected(rejection) if rejection.retry_after.is_some() => Self {
                status: StatusCode::TOO_MANY_REQUESTS,
                retry_after: rejection.retry_after,
                ..Self::new("temporarily_unavailable", rejection.message)
            },
            Error::Unavailable(_) => Self {
                status: StatusCode::SERVICE_UNAVAILABLE,
                retry_after: Some(5),
                ..Self::new("temporarily_unavailable", "The database does not answer. Try again.")
            },
            other => {
                tracing::error!("internal error: {other:#}");
                Self {
                    status: StatusCode::INTERNAL_SERVER_ERROR,
                    ..Self::new("server_error", "Something went wrong on our side.")
                }
            }
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = Json(json!({ "error": self.error, "error_description": self.why }));
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"burgee\""));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// What stands in the body of a request for a token.
#[derive(Default)]
struct Asked {
    grant_type: String,
    scope: String,
    client_id: Option<String>,
    client_secret: Option<String>,
    assertion_type: Option<String>,
    assertion: Option<String>,
}

impl Asked {
    /// No parameter may come twice (RFC 6749 §3.2).
    fn read(body: &[u8]) -> Result<Self, Refused> {
        let mut asked = Self::default();
        let mut seen = HashSet::new();
        for (name, value) in form_urlencoded::parse(body) {
            if !seen.insert(name.clone()) {
                return Err(Refused::new("invalid_request", "A parameter comes twice."));
            }
            let value = value.into_owned();
            match &*name {
                "grant_type" => asked.grant_type = value,
                "scope" => asked.scope = value,
                "client_id" => asked.client_id = Some(value),
                "client_secret" => asked.client_secret = Some(value),
                "client_assertion_type" => asked.assertion_type = Some(value),
                "client_assertion" => asked.assertion = Some(value),
                _ => {}
            }
        }
        Ok(asked)
    }

    /// One way to show who the client is, and not two (RFC 6749 §2.3).
    fn proof(self, basic: Option<(String, String)>) -> Result<Proof, Refused> {
        let Self { client_id, client_secret, assertion_type, assertion, .. } = self;
        match (basic, client_secret, assertion) {
            (Some((id, secret)), None, None) if client_id.as_ref().is_none_or(|it| *it == id) => {
                Ok(Proof::Secret { id, secret })
            }
            (None, Some(secret), None) => {
                let id = client_id.ok_or_else(|| Refused::new("invalid_client", "client_id is missing."))?;
                Ok(Proof::Secret { id, secret })
            }
            (None, None, Some(jwt)) if assertion_type.as_deref() == Some(ASSERTION) => {
                Ok(Proof::Assertion { id: client_id, jwt })
            }
            (None, None, Some(_)) => {
                Err(Refused::new("invalid_request", format!("client_assertion_type must be {ASSERTION}.")))
            }
            (None, None, None) => Err(Refused::new(
                "invalid_client",
                "Show who you are: by client_secret_basic, client_secret_post or private_key_jwt.",
            )),
            _ => Err(Refused::new("invalid_request", "Show who you are in one way only.")),
        }
    }
}

/// Id and secret in the `Authorization` header, form-encoded as RFC 6749 §2.3.1 has it.
fn basic(request: &Request) -> Result<Option<(String, String)>, Refused> {
    let Some(value) = request.headers().get(header::AUTHORIZATION) else { return Ok(None) };
    let bad = || Refused::new("invalid_client", "The Authorization header is no client_secret_basic.");
    let text = value.to_str().map_err(|_| bad())?;
    let (scheme, encoded) = text.split_once(' ').ok_or_else(bad)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(bad());
    }
    let decoded = base64::engine::general_purpose::STANDARD.decode(encoded.trim()).map_err(|_| bad())?;
    let decoded = String::from_utf8(decoded).map_err(|_| bad())?;
    let (id, secret) = decoded.split_once(':').ok_or_else(bad)?;
    let plain = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    Ok(Some((plain(id), plain(secret))))
}

/// Answers a request for a token, and notes it in the journal: neither what the client showed nor what it got.
async fn token(State(app): State<App>, request: Request<Body>) -> Response {
    let (begun, request) = Begun::of(&app, request);
    let notebook = Notebook::default();
    let outcome = give(&app, request, &notebook).await;
    let (response, shown) = match outcome {
        Ok(token) => {
            let shown = json!({ "token_type": "Bearer", "expires_in": LIFE.as_secs(), "scope": SCOPE });
            let mut body = shown.clone();
            body["access_token"] = token.into();
            (([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response(), Json(shown).into_response())
        }
        Err(refused) => {
            notebook.told(&refused.why);
            let shown = json!({ "error": refused.error, "error_description": refused.why });
            let shown = (refused.status, Json(shown)).into_response();
            (refused.into_response(), shown)
        }
    };
    if let Some(begun) = begun {
        begun.without_query().end(&app, &notebook, shown).await;
    }
    response
}

async fn give(app: &App, request: Request<Body>, notebook: &Notebook) -> Result<String, Refused> {
    notebook.begin(Act::Token, None);
    let basic = basic(&request)?;
    let (parts, body) = request.into_parts();
    app.throttle.machine(client_address(&parts, app).as_deref())?;
    let kind =
        parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !kind.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded") {
        return Err(Refused::new("invalid_request", "The body must be application/x-www-form-urlencoded."));
    }
    let body = Limited::new(body, LARGEST).collect().await.map_err(|_| {
        Refused::new("invalid_request", format!("The body is larger than {LARGEST} bytes, or not whole."))
    })?;
    let asked = Asked::read(&body.to_bytes())?;
    if asked.grant_type != "client_credentials" {
        return Err(Refused::new("unsupported_grant_type", "grant_type must be client_credentials."));
    }
    if asked.scope.split_whitespace().any(|scope| scope != SCOPE) {
        return Err(Refused::new("invalid_scope", "The only scope is scim."));
    }
    let proof = asked.proof(basic)?;
    if let Some((connection, client)) = claimant(&app.db, &proof).await? {
        notebook.whose(connection, Some(client));
    }
    let audiences = [issuer(app), endpoint(app)];
    let made = access_token(&app.db, &app.entropy, &proof, &audiences, app.clock.now()).await?;
    made.map_err(|why| Refused::new("invalid_client", why))
}
