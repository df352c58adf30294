//! Events for those who fetch them (RFC 8936), and the keys by which events are checked (RFC 7517).

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http_body_util::{BodyExt, Limited};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::app::App;
use crate::error::{Error, Result};
use crate::provisioning::signals::{self, Delivery, Receiver, Refusal};

/// The largest request, in bytes.
const LARGEST: usize = 1024 * 1024;
/// How many events are handed over at once, at most and if the receiver does not say.
const MOST: usize = 100;
/// How long a receiver can wait for an event.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often is looked for one meanwhile.
const LOOK: Duration = Duration::from_millis(500);

pub(super) fn routes() -> Router<App> {
    Router::new().route("/scim/events/poll", post(poll)).route("/.well-known/jwks.json", get(keys))
}

async fn keys(State(app): State<App>) -> Result<Response, Refused> {
    let keys = signals::published(&mut app.db.read().await?, app.clock.now()).await?;
    Ok(([(header::CACHE_CONTROL, "public, max-age=300")], Json(keys)).into_response())
}

/// Why nothing is handed over (RFC 8936 §2.4, with the words of RFC 8935 §2.4).
struct Refused {
    status: StatusCode,
    error: &'static str,
    why: String,
}

impl Refused {
    fn request(why: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, error: "invalid_request", why: why.into() }
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        let status = match error {
            Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        tracing::error!("events could not be handed over: {error:#}");
        Self { status, error: "server_error", why: "Nothing was handed over; try again.".to_owned() }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = Json(json!({ "err": self.error, "description": self.why }));
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static("en"));
        match self.status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"burgee\""));
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(5));
            }
            _ => {}
        }
        response
    }
}

/// What a receiver sends (RFC 8936 §2.2).
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Asked {
    max_events: Option<u64>,
    return_immediately: bool,
    ack: Vec<String>,
    set_errs: BTreeMap<String, SetError>,
}

#[derive(Deserialize)]
struct SetError {
    err: String,
    #[serde(default)]
    description: String,
}

async fn sender(app: &App, parts: &Parts) -> Result<Receiver, Refused> {
    let refused = || Refused {
        status: StatusCode::UNAUTHORIZED,
        error: "authentication_failed",
        why: "The token of a receiver is needed: send it as `Authorization: Bearer …`.".to_owned(),
    };
    let value = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (scheme, token) = value.and_then(|value| value.trim().split_once(' ')).ok_or_else(refused)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(refused());
    }
    let found = signals::by_token(&app.db, token.trim()).await?;
    found.filter(|it| it.delivery == Delivery::Poll).ok_or_else(refused)
}

async fn poll(State(app): State<App>, request: Request<Body>) -> Result<Response, Refused> {
    let (parts, body) = request.into_parts();
    let mut receiver = sender(&app, &parts).await?;
    let body = Limited::new(body, LARGEST)
        .collect()
        .await
        .map_err(|_| Refused::request(format!("The body is larger than {LARGEST} bytes, or not whole.")))?;
    let asked: Asked = serde_json::from_slice(&body.to_bytes())
        .map_err(|error| Refused::request(format!("The body is no poll request: {error}")))?;
    let refused: Vec<Refusal> = asked
        .set_errs
        .into_iter()
        .map(|(jti, it)| Refusal {
            jti,
            of_all: it.err != signals::ABOUT_ONE,
            why: format!("{} {}", it.err, it.description).trim().to_owned(),
        })
        .collect();
    signals::acknowledge(&app.db, &receiver, &asked.ack, &refused, app.clock.now()).await?;
    let limit = asked.max_events.map_or(MOST, |most| usize::try_from(most).unwrap_or(MOST).min(MOST));
    // Each who waits costs a look at the database now and then: there is room for some.
    let may_wait = !asked.return_immediately && limit > 0;
    let room = may_wait.then(|| app.polls.try_acquire().ok()).flatten();
    let until = tokio::time::Instant::now() + PATIENCE;
    let issuer = app.config.url();
    loop {
        let found = signals::fetch(&app.db, &app.entropy, &receiver, &issuer, limit, app.clock.now()).await?;
        let over = tokio::time::Instant::now() >= until || app.stopping.is_cancelled();
        if !found.sets.is_empty() || room.is_none() || over {
            let sets: Map<String, Value> =
                found.sets.into_iter().map(|(jti, token)| (jti, token.into())).collect();
            let mut answer = json!({ "sets": sets });
            if found.more {
                answer["moreAvailable"] = true.into();
            }
            return Ok(([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response());
        }
        tokio::select! {
            () = app.stopping.cancelled() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
        // Whoever waits may be switched off meanwhile, or get another token.
        receiver = sender(&app, &parts).await?;
    }
}
