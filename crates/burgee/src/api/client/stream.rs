//! Changes as they happen: server-sent events (HTML Living Standard §9.2), one stream for each client.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, Method, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::unfold;
use tokio::sync::OwnedSemaphorePermit;

use super::super::guard::Backend;
use super::super::{Problem, Routes};
use super::features::query;
use crate::app::App;
use crate::published::{Following, Token};
use std::sync::Arc;

/// How long a stream is silent at most. Clients give a stream up after 60 s.
const SILENCE: Duration = Duration::from_secs(20);

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::GET, "/api/client/streaming", "stream", "Client", stream)
        .writes("text/event-stream")
}

/// An open stream: what it follows, and where it is.
struct Stream {
    app: App,
    token: Arc<Token>,
    scope: Following,
    /// The revision that the client has.
    at: Option<i64>,
    begun: bool,
    _permit: OwnedSemaphorePermit,
}

/// A client that comes again says what it had, and gets what it missed.
async fn stream(
    Backend(token): Backend,
    State(app): State<App>,
    RawQuery(asked): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let scope = query(&token, asked.as_deref().unwrap_or_default(), &headers)?.scope;
    let permit = app.streams.clone().try_acquire_owned().map_err(|_| Problem::too_many_streams())?;
    let following = app.published.follow_scope(&scope).ok_or_else(Problem::too_many_streams)?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let at = last.and_then(|id| id.parse().ok());
    let stream = Stream { app, token, scope: following, at, begun: false, _permit: permit };
    let body = Body::from_stream(unfold(stream, |mut stream| async {
        let frame = stream.next().await?;
        Some((Ok::<_, Infallible>(frame), stream))
    }));
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache"),
        // Proxies must not wait until there is more.
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, body).into_response())
}

impl Stream {
    /// What is sent next. `None`: the stream ends, because its token does or the server.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.token.is_over(self.app.clock.now()) {
                return None;
            }
            let now = self.scope.current();
            if let Some(frame) = now.frame(self.at) {
                self.at = Some(now.revision);
                self.begun = true;
                return Some(frame);
            }
            if !std::mem::replace(&mut self.begun, true) {
                // It has everything; now it knows that the stream is there.
                return Some(COMMENT);
            }
            tokio::select! {
                () = self.scope.changed() => {}
                () = self.token.gone.cancelled() => return None,
                () = self.app.stopping.cancelled() => return None,
                () = tokio::time::sleep(SILENCE) => return Some(COMMENT),
            }
        }
    }
}

/// Means nothing, and tells that the stream is alive.
const COMMENT: Bytes = Bytes::from_static(b":\n\n");
