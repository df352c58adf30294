//! Failures as OFREP tells them: `{key, errorCode, errorDetails}`.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use burgee_eval::Flaw;
use schemars::JsonSchema;
use serde::Serialize;

use super::super::evaluation::Unclear;
use super::super::problem::Problem;

/// A failure on its way to the client.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ofrepFailure")]
pub struct Fault {
    #[serde(skip)]
    status: StatusCode,
    #[serde(skip)]
    retry_after: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    error_code: &'static str,
    error_details: String,
}

impl Fault {
    fn new(status: StatusCode, error_code: &'static str, error_details: String) -> Self {
        Self { status, retry_after: None, key: None, error_code, error_details }
    }

    /// There is no such flag where the token looks.
    pub(super) fn no_such_flag() -> Self {
        Self::new(StatusCode::NOT_FOUND, "FLAG_NOT_FOUND", "There is no such flag.".to_owned())
    }

    /// The flag has a payload that is not of the type it says.
    pub(super) fn unreadable() -> Self {
        let details = "The payload of the variant is not of its type.";
        Self::new(StatusCode::BAD_REQUEST, "PARSE_ERROR", details.to_owned())
    }

    /// Names the flag that was asked for.
    pub(super) fn about(self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self }
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        let (status, message, retry_after) = problem.into_parts();
        Self { retry_after, ..Self::new(status, "GENERAL", message) }
    }
}

impl From<Unclear> for Fault {
    fn from(unclear: Unclear) -> Self {
        match unclear {
            Unclear::Problem(problem) => problem.into(),
            Unclear::Flaw(Flaw::Malformed(message)) => {
                Self::new(StatusCode::BAD_REQUEST, "PARSE_ERROR", message)
            }
            Unclear::Flaw(Flaw::Unfit(message)) => {
                Self::new(StatusCode::BAD_REQUEST, "INVALID_CONTEXT", message)
            }
        }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(&self)).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
