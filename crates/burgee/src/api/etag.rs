//! Which version of something a client has.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Problem;

/// The versions that a client has, as it was told them.
pub(super) fn known(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lists = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).map(|tag| tag.trim().trim_start_matches("W/"))
}

/// The client has it already.
pub(super) fn not_modified(etag: &str) -> Result<Response, Problem> {
    Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, value(etag)?)]).into_response())
}

/// As the value of a header.
pub(super) fn value(etag: &str) -> Result<HeaderValue, Problem> {
    HeaderValue::from_str(etag).map_err(|_| Problem::internal())
}
