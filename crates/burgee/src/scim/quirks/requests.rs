//! Quirks of everything around the body. The service takes them all as they are; here they get their names.

use axum::http::header;
use axum::http::request::Parts;
use burgee_scim::{Mode, filter};

use super::{Noticed, Quirk};

/// The parameters in the spelling of RFC 7644.
const PARAMETERS: [&str; 7] =
    ["filter", "sortBy", "sortOrder", "startIndex", "count", "attributes", "excludedAttributes"];

/// Names what is unusual about path, query and headers.
pub(super) fn notice(parts: &Parts, noticed: &mut Noticed) {
    if parts.uri.path().to_ascii_lowercase().contains("/serviceconfiguration") {
        noticed.note(Quirk::ServiceConfiguration);
    }
    for (name, value) in form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()) {
        let Some(known) = PARAMETERS.into_iter().find(|known| known.eq_ignore_ascii_case(&name)) else {
            continue;
        };
        if known != name || (known == "startIndex" && value == "0") {
            noticed.note(Quirk::ParameterSpelling);
        }
        match known {
            "filter" if filter::parse(&value, Mode::Strict).is_err() => noticed.note(Quirk::LenientFilter),
            "attributes" | "excludedAttributes" if value.contains('[') => {
                noticed.note(Quirk::ValuePathProjection);
            }
            _ => {}
        }
    }
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let has_body = matches!(parts.method.as_str(), "POST" | "PUT" | "PATCH");
    if has_body && !kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/scim+json")) {
        noticed.note(Quirk::MediaType);
    }
}
