//! Tells whoever keeps results when to ask again.

use axum::extract::State;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Value, json};

use super::super::guard::Listening;
use super::super::{Routes, stream};
use super::{Fault, TAG};
use crate::app::App;
use crate::published::{Evaluator, Token};

const EVENTS: &str = "/ofrep/v1/events";

pub(super) fn routes() -> Routes {
    Routes::default().add(Method::GET, EVENTS, "listenToFlags", TAG, events).asks(&["key"])
}

/// Begins with the present, because something may have changed since the client asked.
async fn events(
    Listening(token): Listening,
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let following = app.published.follow_evaluators(&token.scope);
    Ok(stream::open(app, token, following, &headers, news)?)
}

fn news(evaluator: &Evaluator, at: Option<i64>) -> Option<Bytes> {
    let revision = evaluator.revision;
    let data = json!({ "type": "refetchEvaluation", "etag": format!("\"{revision}\"") });
    (at != Some(revision)).then(|| format!("id: {revision}\nevent: message\ndata: {data}\n\n").into())
}

/// Where the holder of a token can listen. The address is a secret, though not the token.
pub(super) fn place(app: &App, token: &Token) -> Value {
    let path = format!("{EVENTS}?key={}", token.listening_key);
    if app.config.burgee_url.is_some() || app.config.unleash_url.is_some() {
        json!({ "type": "sse", "url": app.config.url() + &path })
    } else {
        // Clients know better than we do under which name they reach us.
        json!({ "type": "sse", "endpoint": { "requestUri": app.config.base_path() + &path } })
    }
}
