//! What requests for results have in common: who asks, and what was answered before.

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use burgee_eval::{Context, Fields, Flaw};
use twox_hash::XxHash3_64;

use super::etag::{self, known, not_modified};
use super::input::Raw;
use super::problem::Problem;
use crate::app::{App, client_address};
use crate::error::Error;

/// For whom flags are evaluated: from the body of a POST, from the query of anything else. Without an address it is that
/// of the client, without a session it is one that nobody else has.
pub struct Asked(pub Context);

/// Why it is not known for whom.
pub enum Unclear {
    /// The request cannot be read.
    Problem(Problem),
    /// What it says cannot be.
    Flaw(Flaw),
}

impl FromRequest<App> for Asked {
    type Rejection = Unclear;

    async fn from_request(request: Request, app: &App) -> Result<Self, Unclear> {
        let (parts, body) = request.into_parts();
        let mut context = Context::new(app.clock.now().timestamp(), u64::from_le_bytes(app.entropy.bytes()));
        if let Some(address) = client_address(&parts, app) {
            context.set("remoteAddress", address);
        }
        if parts.method == Method::POST {
            let Raw(bytes) =
                Raw::from_request(Request::from_parts(parts, body), app).await.map_err(Unclear::Problem)?;
            Fields::from_json(&bytes).map_err(Unclear::Flaw)?.apply(&mut context);
        } else {
            queried(parts.uri.query().unwrap_or_default()).map_err(Unclear::Flaw)?.apply(&mut context);
        }
        if context.get("sessionId").is_none() {
            context.set("sessionId", app.entropy.hex::<16>());
        }
        Ok(Self(context))
    }
}

/// `userId=7&properties[plan]=gold`; what is no standard field is a property, too.
fn queried(query: &str) -> Result<Fields<'_>, Flaw> {
    let mut fields = Fields::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let property = name.strip_prefix("properties[").and_then(|rest| rest.strip_suffix(']'));
        match property.map(str::to_owned) {
            Some(property) => fields.add_property(property.into(), value)?,
            None => fields.add(name, value)?,
        }
    }
    Ok(fields)
}

impl From<Unclear> for Problem {
    fn from(unclear: Unclear) -> Self {
        match unclear {
            Unclear::Problem(problem) => problem,
            Unclear::Flaw(Flaw::Malformed(message)) => Self::malformed(format!("invalid JSON: {message}")),
            Unclear::Flaw(Flaw::Unfit(message)) => Error::bad_data(message).into(),
        }
    }
}

impl IntoResponse for Unclear {
    fn into_response(self) -> Response {
        Problem::from(self).into_response()
    }
}

/// The last revision that the client has got results of, as far as it tells.
pub(super) fn seen(headers: &HeaderMap) -> i64 {
    known(headers).filter_map(versions).map(|(_, revision)| revision).max().unwrap_or_default()
}

/// What an ETag of results says: their hash, and their revision.
fn versions(etag: &str) -> Option<(&str, i64)> {
    let (hash, revision) = etag.trim_matches('"').split_once(':')?;
    Some((hash, revision.parse().ok()?))
}

/// Results of a revision, as JSON. Who has the same of an earlier one does not get them again.
pub(super) fn results(headers: &HeaderMap, revision: i64, body: Vec<u8>) -> Result<Response, Problem> {
    let hash = format!("{:016x}", XxHash3_64::oneshot(&body));
    let same = |etag: &&str| versions(etag).is_some_and(|(known, at)| known == hash && at <= revision);
    if let Some(etag) = known(headers).find(same) {
        return not_modified(&format!("W/{etag}"));
    }
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::ETAG, etag::value(&format!("W/\"{hash}:{revision}\""))?),
    ];
    Ok((headers, body).into_response())
}
