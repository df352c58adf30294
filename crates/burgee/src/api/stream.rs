//! Streams of server-sent events (HTML Living Standard §9.2) that follow what clients see.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::unfold;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::Problem;
use crate::app::App;
use crate::published::{Following, Token};

/// How long a stream is silent at most. Clients give a stream up after 60 s.
const SILENCE: Duration = Duration::from_secs(20);
/// Means nothing, and tells that the stream is alive.
const COMMENT: Bytes = Bytes::from_static(b":\n\n");

/// What brings a client from the revision that it has, if it has one, to what it follows; `None`: it is there.
pub(super) type Step<V> = fn(&V, Option<i64>) -> Option<Bytes>;

/// An open stream: what it follows, and where it is.
struct Stream<V> {
    app: App,
    token: Arc<Token>,
    following: Following<V>,
    step: Step<V>,
    /// The revision that the client has.
    at: Option<i64>,
    begun: bool,
    end: CancellationToken,
    _permit: OwnedSemaphorePermit,
}

/// Opens a stream, if there is `room` for one more. A client that comes again says what it had.
pub(super) fn open<V: Send + Sync + 'static>(
    app: App,
    room: &Arc<Semaphore>,
    token: Arc<Token>,
    following: Option<Following<V>>,
    headers: &HeaderMap,
    step: Step<V>,
) -> Result<Response, Problem> {
    let permit = room.clone().try_acquire_owned().map_err(|_| Problem::too_many_streams())?;
    let following = following.ok_or_else(Problem::too_many_streams)?;
    let (at, end) = (had(headers), app.streams.end());
    let stream = Stream { app, token, following, step, at, begun: false, end, _permit: permit };
    let body = Body::from_stream(unfold(stream, |mut stream| async {
        let frame = stream.next().await?;
        Some((Ok::<_, Infallible>(frame), stream))
    }));
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache"),
        // Proxies must not wait until there is more.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, body).into_response())
}

/// The revision that a client had when its last stream ended.
pub(super) fn had(headers: &HeaderMap) -> Option<i64> {
    headers.get("last-event-id")?.to_str().ok()?.parse().ok()
}

impl<V> Stream<V> {
    /// What is sent next. `None`: the stream ends, because its token does, the server, or an admin ended all.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.token.is_over(self.app.clock.now()) {
                return None;
            }
            let (revision, now) = self.following.current();
            if let Some(frame) = (self.step)(&now, self.at) {
                self.at = Some(revision);
                self.begun = true;
                return Some(frame);
            }
            if !std::mem::replace(&mut self.begun, true) {
                // It has everything; now it knows that the stream is there.
                return Some(COMMENT);
            }
            tokio::select! {
                followed = self.following.changed() => if !followed { return None },
                () = self.token.gone.cancelled() => return None,
                () = self.app.stopping.cancelled() => return None,
                () = self.end.cancelled() => return None,
                () = tokio::time::sleep(SILENCE) => return Some(COMMENT),
            }
        }
    }
}
