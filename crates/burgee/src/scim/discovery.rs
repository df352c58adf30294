//! What the service can do (RFC 7644 §4). No token is needed; with one, it is what its connection can do.

use axum::http::StatusCode;
use axum::response::Response;
use burgee_scim::discovery::{self, Limits};
use burgee_scim::{Error, Mode};

use super::fault::Fault;
use super::reply;
use super::request::{LARGEST, LONGEST_PAGE, PAGE};
use super::target::Target;

/// Answers one of the discovery endpoints. Filters are refused there; everything else in the query is ignored.
pub(super) fn answer(target: &Target, base: &str, query: &str, mode: Mode) -> Result<Response, Fault> {
    let filtered =
        form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name.eq_ignore_ascii_case("filter"));
    if filtered && !matches!(target, Target::ServiceProviderConfig) {
        return Err(Error::status(403, "Discovery endpoints take no filter.").into());
    }
    let limits = Limits {
        max_results: LONGEST_PAGE.unsigned_abs(),
        default_page_size: PAGE.unsigned_abs(),
        bulk: false,
        max_operations: 1000,
        max_payload_size: LARGEST as u64,
        strict: mode == Mode::Strict,
        documentation: None,
    };
    let body = match target {
        Target::ServiceProviderConfig => Some(discovery::service_provider_config(base, &limits)),
        Target::ResourceTypes => Some(discovery::resource_types(base)),
        Target::ResourceType(name) => discovery::resource_type(base, name),
        Target::Schemas => Some(discovery::schemas(base)),
        Target::Schema(urn) => discovery::schema(base, urn),
        _ => None,
    };
    let body = body.ok_or_else(|| Error::not_found("No such schema or resource type."))?;
    Ok(reply::json(StatusCode::OK, body.to_string()))
}
