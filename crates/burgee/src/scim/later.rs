//! Requests whose clients do not wait for the answer (`Prefer: respond-async`, RFC 9967 §2.5).
//!
//! The work is done at once, and what came of it is kept in the record before the client hears that it was accepted: so
//! nothing that was accepted can get lost. What is refused is refused at once, as ever.

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use burgee_scim::Object;
use serde_json::{Value, json};

use super::fault::Fault;
use super::router::{self, Call};
use super::target::Target;
use crate::error::Result;
use crate::provisioning::signals::{self, Answer, Kind};

const PREFER: HeaderName = HeaderName::from_static("prefer");
const APPLIED: HeaderName = HeaderName::from_static("preference-applied");
/// What the request is called from now on.
pub(super) const SET_TXN: &str = "set-txn";
const ASYNC: &str = "respond-async";
/// The largest answer: one to as many operations as there may be.
const LARGEST: usize = 64 * 1024 * 1024;

/// True if the client says that it does not wait.
fn is_wanted(headers: &HeaderMap) -> bool {
    let values = headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok());
    let mut preferences = values.flat_map(|value| value.split(','));
    preferences.any(|it| it.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(ASYNC))
}

/// What a request is called whose client does not wait; none if it has to. That is so for what changes nothing, and
/// where nobody would get the answer: then the preference is ignored (RFC 7240 §2).
pub(super) async fn asked(call: &Call, method: &Method, target: &Target) -> Result<Option<String>> {
    let writes = match *method {
        Method::PUT | Method::PATCH | Method::DELETE => true,
        Method::POST => matches!(target, Target::Users | Target::Groups | Target::Bulk),
        _ => false,
    };
    if !is_wanted(&call.headers) || !writes || call.dry_run || call.replays.is_some() {
        return Ok(None);
    }
    let taken = signals::taken(&mut call.app.db.read().await?, call.connection()).await?;
    Ok(taken.contains(&Kind::Answer).then(|| call.app.entropy.uuid()))
}

/// Does what is asked for, and keeps the answer for the receivers.
pub(super) async fn respond(
    call: &Call,
    method: &Method,
    target: &Target,
    object: Object,
    txn: String,
) -> Result<Response, Fault> {
    let call = &Call { txn: Some(txn.clone()), ..call.clone() };
    let response = router::perform_now(call, method, target, object).await?;
    let (parts, body) = response.into_parts();
    // Of one resource its head is told, as in a bulk answer: whoever wants the rest can read it.
    let (body, whole) = if *target == Target::Bulk { read(body).await } else { (body, None) };
    let word = |name: HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let location = word(header::LOCATION).or_else(|| word(header::CONTENT_LOCATION));
    let mut answer = json!({ "method": method.as_str(), "status": parts.status.as_str() });
    if let Some(version) = word(header::ETAG) {
        answer["version"] = version.into();
    }
    if let Some(location) = location {
        answer["location"] = location.into();
    }
    if let Some(whole) = whole {
        answer["response"] = whole;
    }
    let subject =
        location.and_then(|it| it.strip_prefix(&call.base)).map_or_else(|| path(target), str::to_owned);
    let kept = async {
        let mut tx = call.app.db.change(&call.caller.grant, call.app.clock.now()).await?;
        let it = Answer {
            txn: &txn,
            connection: call.connection(),
            method: method.as_str(),
            subject: &subject,
            status: parts.status.as_u16(),
            answer: &answer,
        };
        signals::answered(&mut tx, &it).await?;
        tx.commit().await
    };
    // What cannot be kept is told at once: the client asked not to wait, not to hear nothing.
    if let Err(error) = kept.await {
        tracing::warn!(%error, "an answer could not be kept for later, and was given at once");
        return Ok(Response::from_parts(parts, body));
    }
    let mut accepted = StatusCode::ACCEPTED.into_response();
    let headers = accepted.headers_mut();
    headers.insert(APPLIED, HeaderValue::from_static(ASYNC));
    if let Ok(txn) = HeaderValue::try_from(txn) {
        headers.insert(HeaderName::from_static(SET_TXN), txn);
    }
    Ok(accepted)
}

/// A body, and what stands in it. What was done is done, even if that cannot be read.
async fn read(body: Body) -> (Body, Option<Value>) {
    match to_bytes(body, LARGEST).await {
        Ok(bytes) => {
            let whole = serde_json::from_slice(&bytes).ok();
            (Body::from(bytes), whole)
        }
        Err(error) => {
            tracing::warn!(%error, "the answer to a bulk request is told without what came of its operations");
            (Body::empty(), None)
        }
    }
}

/// What a request is about whose answer names no resource.
fn path(target: &Target) -> String {
    match target {
        Target::User(id) => format!("/Users/{id}"),
        Target::Group(id) => format!("/Groups/{id}"),
        Target::Users => "/Users".to_owned(),
        Target::Groups => "/Groups".to_owned(),
        _ => "/Bulk".to_owned(),
    }
}
