//! Answers: media type, location, version.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use burgee_scim::{Object, ResourceType};
use serde_json::{Value, json};

use super::fault::Fault;
use crate::error::{Error, Result};
use crate::provisioning::Provisioned;

const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/scim+json");

/// A body of SCIM's media type.
pub(super) fn json(status: StatusCode, body: impl Into<Body>) -> Response {
    (status, [(header::CONTENT_TYPE, MEDIA_TYPE)], body.into()).into_response()
}

/// The entity tag of a version: `meta.version`, byte for byte.
pub(super) fn etag(version: i64) -> String {
    format!("W/\"{version}\"")
}

/// Where a resource lives.
pub(super) fn location(base: &str, kind: &ResourceType, id: &str) -> String {
    format!("{base}{}/{id}", kind.endpoint)
}

/// The resource as the client sees it, before projection and without what other tables know.
pub(super) fn resource(found: &Provisioned, kind: &ResourceType, base: &str) -> Object {
    let mut object = Object::new();
    if let Some(schemas) = found.document.get("schemas") {
        object.insert("schemas".to_owned(), schemas.clone());
    }
    object.insert("id".to_owned(), Value::String(found.scim_id.clone()));
    for (name, value) in found.document.iter().filter(|(name, _)| *name != "schemas") {
        object.insert(name.clone(), value.clone());
    }
    object.insert(
        "meta".to_owned(),
        json!({
            "resourceType": kind.name,
            "created": found.created_at,
            "lastModified": found.updated_at,
            "location": location(base, kind, &found.scim_id),
            "version": etag(found.version),
        }),
    );
    object
}

/// Adds version and location to an answer about one resource.
pub(super) fn about(
    mut response: Response,
    found: &Provisioned,
    kind: &ResourceType,
    base: &str,
) -> Response {
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::try_from(etag(found.version)) {
        headers.insert(header::ETAG, value);
    }
    let name =
        if response.status() == StatusCode::CREATED { header::LOCATION } else { header::CONTENT_LOCATION };
    if let Ok(value) = HeaderValue::try_from(location(base, kind, &found.scim_id)) {
        response.headers_mut().insert(name, value);
    }
    response
}

/// True if `If-None-Match` names the present version: the client has it already.
pub(super) fn is_known(headers: &HeaderMap, version: i64) -> bool {
    named(headers, &header::IF_NONE_MATCH).is_some_and(|tags| matches(&tags, version))
}

/// Refuses a write whose `If-Match` names another version.
pub(super) fn check_match(headers: &HeaderMap, version: i64) -> Result<(), Error> {
    match named(headers, &header::IF_MATCH) {
        Some(tags) if !matches(&tags, version) => Err(Fault::precondition()),
        _ => Ok(()),
    }
}

fn named(headers: &HeaderMap, name: &header::HeaderName) -> Option<String> {
    let values: Vec<&str> = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
    (!values.is_empty()).then(|| values.join(","))
}

/// Weak comparison: clients send strong tags for weak ones and the other way round.
fn matches(tags: &str, version: i64) -> bool {
    let wanted = version.to_string();
    tags.split(',')
        .map(str::trim)
        .any(|tag| tag == "*" || tag.trim_start_matches("W/").trim_matches('"') == wanted)
}
