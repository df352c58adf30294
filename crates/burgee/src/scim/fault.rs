//! Failures in SCIM's error shape (RFC 7644 §3.12).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use burgee_scim::{Error as Scim, ScimType};
use serde_json::Value;

use super::reply;
use crate::error::{Error, Kind};
use crate::provisioning::connection::Refusal;

/// After how many seconds a client is to try a paused connection again.
const PAUSE: u64 = 300;

/// What ids begin with that are given in a dry run.
pub(super) const REHEARSED: &str = "dry-";

/// A failure on its way to the client.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    error: Scim,
    retry_after: Option<u64>,
    allow: Option<&'static str>,
}

impl Fault {
    /// Nothing lives at the path, or the caller may not know of it.
    pub(super) fn not_found(what: &str, id: &str) -> Error {
        let id: String = id.chars().take(64).collect();
        if id.starts_with(REHEARSED) {
            let detail = format!("{what} {id} was made in a dry run: it never came to be.");
            return Error::Scim(Scim::not_found(detail));
        }
        Error::Scim(Scim::not_found(format!("{what} {id} not found")))
    }

    /// The token is missing, unknown or expired.
    pub(super) fn unauthenticated() -> Self {
        Scim::status(401, "A valid provisioning token is needed: send it as `Authorization: Bearer …`.")
            .into()
    }

    /// Why, in a sentence.
    pub(super) fn detail(&self) -> &str {
        &self.error.detail
    }

    /// Its status.
    pub(super) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Its body.
    pub(super) fn to_json(&self) -> Value {
        self.error.to_json()
    }

    /// The path takes other methods.
    pub(super) fn method(allow: &'static str) -> Self {
        let error = Scim::status(405, format!("This path takes {allow}."));
        Self { error, retry_after: None, allow: Some(allow) }
    }

    /// The version that the client expects is not the present one.
    pub(super) fn precondition() -> Error {
        Error::Scim(Scim::status(412, "The resource has changed: its version is not the one in If-Match."))
    }
}

impl From<Scim> for Fault {
    fn from(error: Scim) -> Self {
        Self { error, retry_after: None, allow: None }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let (status, message, retry_after) = match refusal {
            Refusal::Off => {
                let message =
                    "The token is right, but provisioning is switched off: an admin has to switch it on.";
                (401, message.to_owned(), None)
            }
            Refusal::Network => {
                let message = "The token is right, but this connection takes no calls from your network.";
                (403, message.to_owned(), None)
            }
            Refusal::Paused => {
                let message = "This connection is paused. Nothing is lost: send the same again later.";
                (503, message.to_owned(), Some(PAUSE))
            }
            Refusal::Rate(seconds) => {
                let message = format!("Too many requests: send the same again in {seconds} s.");
                (429, message, Some(seconds))
            }
        };
        Self { error: Scim::status(status, message), retry_after, allow: None }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::Scim(error) => error.into(),
            Error::Rejected(rejection) => {
                let message = rejection.message;
                match rejection.kind {
                    Kind::NotFound => Scim::not_found(message),
                    Kind::NameExists | Kind::AccountExists | Kind::Conflict => Scim::uniqueness(message),
                    Kind::BadData => Scim::of(ScimType::InvalidValue, message),
                    Kind::LastAdmin => Scim::status(409, message),
                    Kind::Disabled => Scim::status(401, message),
                    _ => Scim::status(403, message),
                }
                .into()
            }
            Error::Unavailable(cause) => {
                tracing::error!(%cause, "the database does not answer");
                let error =
                    Scim::status(503, "The database does not answer. Nothing was changed; try again.");
                Self { error, retry_after: Some(5), allow: None }
            }
            Error::Internal(cause) => {
                tracing::error!("internal error: {cause:#}");
                Scim::status(500, "Something went wrong on our side.").into()
            }
        }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut response = reply::json(status, self.to_json().to_string());
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(allow) = self.allow {
            headers.insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        response
    }
}
