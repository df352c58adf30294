//! Which web pages may read answers (Fetch Standard §3.2).

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::App;

/// Stands before what pages call. Who may call decide tokens: this only tells browsers what to let scripts read.
pub(super) async fn allow(State(app): State<App>, request: Request, next: Next) -> Response {
    let origin = match app.published.origins() {
        Some(origins) => allowed(&origins, request.headers()),
        None => allowed(&app.config.unleash_frontend_api_origins, request.headers()),
    };
    let mut response = if request.method() == Method::OPTIONS {
        preflight(request.headers())
    } else {
        let mut response = next.run(request).await;
        let exposed = HeaderValue::from_static("ETag");
        response.headers_mut().insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        response
    };
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    response
}

/// The origin as the answer names it.
fn allowed(origins: &[String], headers: &HeaderMap) -> Option<HeaderValue> {
    if origins.iter().any(|origin| origin == "*") {
        return Some(HeaderValue::from_static("*"));
    }
    let origin = headers.get(header::ORIGIN)?;
    origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes()).then(|| origin.clone())
}

/// What a browser asks before it sends anything unusual. All headers may be sent.
fn preflight(headers: &HeaderMap) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let answer = response.headers_mut();
    answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET,HEAD,POST"));
    answer.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    answer.append(header::VARY, HeaderValue::from_static("Access-Control-Request-Headers"));
    if let Some(wanted) = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
    }
    response
}
