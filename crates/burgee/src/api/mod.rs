//! Unleash's HTTP API.
//!
//! Every operation is registered in one table ([`routes::Routes`]) with a handler whose first parameter says who may
//! call it; the OpenAPI document and the permission matrix are printed from the same table.

pub mod admin;
mod auth;
mod client;
mod cors;
mod edge;
mod etag;
mod evaluation;
mod frontend;
mod guard;
mod input;
mod invite;
mod json_patch;
mod metrics;
mod ofrep;
pub mod openapi;
mod operational;
mod problem;
mod routes;
mod stream;

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::http::header::CONTENT_TYPE;
use axum::http::uri::{PathAndQuery, Uri};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use tower::Layer;
use tower::util::MapRequest;
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;

pub use self::guard::{Backend, Frontend};
pub use self::problem::Problem;
pub use self::routes::{Operation, Routes};
use crate::app::App;

/// The version of Unleash whose wire format is spoken.
pub const UNLEASH_VERSION: &str = "8.2.0";

/// All operations of this protocol.
pub fn routes() -> Routes {
    for_people().merge(for_clients()).merge(for_pages())
}

fn for_people() -> Routes {
    Routes::default()
        .merge(operational::routes())
        .merge(auth::routes())
        .merge(invite::routes())
        .merge(admin::routes())
}

/// What is called all the time, and answers with bytes that are ready: nothing stands before it that it does not need.
fn for_clients() -> Routes {
    client::routes().merge(edge::routes())
}

/// What web pages call as well: small answers, made for each, and read by scripts from elsewhere.
fn for_pages() -> Routes {
    frontend::routes().merge(ofrep::routes())
}

/// Serves the OpenAPI document. It is large, and few ask for it: it is made when somebody does for the first time.
fn document() -> MethodRouter<App> {
    let document = Arc::new(OnceLock::<Bytes>::new());
    axum::routing::get(move |State(app): State<App>| async move {
        let make = || openapi::document(&routes().finish().1, &app.config.url()).to_string().into();
        ([(CONTENT_TYPE, "application/json")], document.get_or_init(make).clone())
    })
}

/// The protocol as a service; `unknown` answers to paths that nobody serves.
pub fn router<H: Handler<T, App>, T: 'static>(app: App, unknown: H) -> Router {
    let (people, _) = for_people().finish();
    let (clients, _) = for_clients().finish();
    let (pages, _) = for_pages().finish();
    let pages = pages
        .method_not_allowed_fallback(unknown_path)
        .layer(CompressionLayer::new().gzip(true).quality(CompressionLevel::Fastest))
        .layer(axum::middleware::from_fn_with_state(app.clone(), cors::allow));
    people
        .route("/docs/openapi.json", document())
        .fallback(unknown)
        .method_not_allowed_fallback(unknown_path)
        .layer(CompressionLayer::new().gzip(true))
        .layer(axum::middleware::from_fn_with_state(
            app.clone(),
            admin::instance_settings::during_maintenance,
        ))
        .merge(clients.method_not_allowed_fallback(unknown_path))
        .merge(pages)
        .layer((
            CatchPanicLayer::custom(|_| {
                tracing::error!("a handler panicked");
                Problem::internal().into_response()
            }),
            SetResponseHeaderLayer::overriding(
                HeaderName::from_static("x-unleash-version"),
                HeaderValue::from_static(UNLEASH_VERSION),
            ),
        ))
        .with_state(app)
}

/// `//` counts as `/`, and a slash at the end as none: for routing only, before any handler sees the request.
/// Who may call is decided by the handlers' types, never by paths.
pub fn normalised(router: Router) -> MapRequest<Router, fn(Request) -> Request> {
    tower::util::MapRequestLayer::new(normalise as fn(Request) -> Request).layer(router)
}

fn normalise(mut request: Request) -> Request {
    let path = request.uri().path();
    if path.contains("//") || (path.len() > 1 && path.ends_with('/')) {
        let mut clean = String::with_capacity(path.len());
        for segment in path.split('/').filter(|segment| !segment.is_empty()) {
            clean.push('/');
            clean.push_str(segment);
        }
        let clean = if clean.is_empty() { "/".to_owned() } else { clean };
        let text = request.uri().query().map_or(clean.clone(), |query| format!("{clean}?{query}"));
        let mut parts = request.uri().clone().into_parts();
        if let Ok(path) = PathAndQuery::try_from(text) {
            parts.path_and_query = Some(path);
            if let Ok(uri) = Uri::from_parts(parts) {
                *request.uri_mut() = uri;
            }
        }
    }
    request
}

/// The answer to a path that is not served.
pub async fn unknown_path(request: Request) -> Response {
    let path = request.uri().path().chars().take(200).collect::<String>();
    Problem::route(StatusCode::NOT_FOUND, format!("The path you were looking for ({path}) is not available."))
        .into_response()
}
