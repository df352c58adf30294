//! Changes as they happen, one stream for each client.

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;

use super::super::guard::Backend;
use super::super::{Problem, Routes, stream};
use super::features::query;
use crate::app::App;
use crate::published::Delta;

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::GET, "/api/client/streaming", "stream", "Client", changes)
        .writes("text/event-stream")
}

/// A client that comes again gets what it missed.
async fn changes(
    Backend(token): Backend,
    State(app): State<App>,
    RawQuery(asked): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let scope = query(&token, asked.as_deref().unwrap_or_default(), &headers)?.scope;
    // Perhaps another server was ahead of this one.
    app.published.delta_after(&scope, stream::had(&headers).unwrap_or_default(), &app.db).await;
    let following = app.published.follow_deltas(&scope);
    let room = app.streams.sdks.clone();
    stream::open(app, &room, token, following, &headers, Delta::frame)
}
