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
use crate::config::Config;
use crate::published::Evaluator;

const EVENTS: &str = "/ofrep/v1/events";

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::GET, EVENTS, "listenToFlags", TAG, events)
        .asks(&["key"])
        .writes("text/event-stream")
}

/// Begins with the present, because something may have changed since the client asked.
async fn events(
    Listening(token): Listening,
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let following = app.published.follow_evaluators(&token.scope);
    let room = app.streams.listeners.clone();
    Ok(stream::open(app, &room, token, following, &headers, news)?)
}

fn news(evaluator: &Evaluator, at: Option<i64>) -> Option<Bytes> {
    let revision = evaluator.revision;
    if at == Some(revision) {
        return None;
    }
    let data = json!({ "type": "refetchEvaluation", "etag": format!("\"{revision}\"") });
    Some(format!("id: {revision}\nevent: message\ndata: {data}\n\n").into())
}

/// Where to listen with a key. The address is a secret.
pub(super) fn place(config: &Config, key: &str) -> Value {
    let path = format!("{EVENTS}?key={key}");
    if config.burgee_url.is_some() || config.unleash_url.is_some() {
        json!({ "type": "sse", "url": config.url() + &path })
    } else {
        // Clients know better than we do under which name they reach us.
        json!({ "type": "sse", "endpoint": { "requestUri": config.base_path() + &path } })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Settings {
        #[command(flatten)]
        config: Config,
    }

    #[test]
    fn clients_are_told_where_to_listen() {
        let place = |words: &[&str]| place(&Settings::parse_from([&["burgee"], words].concat()).config, "k");
        let url = json!({ "type": "sse", "url": "https://flags.example/x/ofrep/v1/events?key=k" });
        assert_eq!(place(&["--burgee-url", "https://flags.example/x/"]), url);
        assert_eq!(place(&["--unleash-url", "https://flags.example", "--base-uri-path", "x"]), url);
        let endpoint = json!({ "requestUri": "/x/ofrep/v1/events?key=k" });
        assert_eq!(place(&["--base-uri-path", "x"]), json!({ "type": "sse", "endpoint": endpoint }));
    }
}
