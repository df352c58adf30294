//! What an admin can do about open streams.

use axum::extract::State;
use axum::http::{Method, StatusCode};

use crate::access::{Administer, Granted};
use crate::api::Routes;
use crate::app::App;

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::POST, "/api/admin/streaming/disconnect-all", "disconnectAll", "Streaming", disconnect)
        .empty(200)
}

/// Ends all streams of clients on this server: behind a load balancer they spread anew over all servers.
async fn disconnect(grant: Granted<Administer>, State(app): State<App>) -> StatusCode {
    tracing::info!(by = grant.actor().name, "all streams of clients are ended");
    app.streams.disconnect();
    StatusCode::OK
}
