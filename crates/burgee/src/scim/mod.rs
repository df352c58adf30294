//! SCIM 2.0.

use axum::Router;

use crate::app::App;

/// The protocol as a service.
pub fn router(app: App) -> Router {
    let _ = app;
    Router::new()
}
