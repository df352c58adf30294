//! Errors in Unleash's shape: `{id, name, message, details}`.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;

use crate::access::Denied;
use crate::entropy::Entropy;
use crate::error::{Error, Kind, Rejection};

/// One thing that is wrong with the input.
#[derive(Clone, Debug, Serialize)]
pub struct Detail {
    /// A sentence that names the path and the rule.
    pub message: String,
    /// The path, such as `/body/rootRole`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// A failure on its way to the client.
#[derive(Debug)]
pub struct Problem {
    id: Box<str>,
    status: StatusCode,
    name: &'static str,
    message: String,
    details: Vec<Detail>,
    remedy: Option<Box<Remedy>>,
    retry_after: Option<u32>,
}

/// What would have helped.
#[derive(Debug)]
enum Remedy {
    /// One of these permissions.
    Permissions(Vec<&'static str>),
    /// Signing in at this path.
    SignIn(String),
}

impl Problem {
    fn new(status: StatusCode, name: &'static str, message: impl Into<String>) -> Self {
        Self {
            id: Entropy::System.uuid().into(),
            status,
            name,
            message: message.into(),
            details: Vec::new(),
            remedy: None,
            retry_after: None,
        }
    }

    /// Status, message, and after how many seconds to come again: for another protocol to say.
    pub(super) fn into_parts(self) -> (StatusCode, String, Option<u32>) {
        (self.status, self.message, self.retry_after)
    }

    /// Says in Unleash's words that the request is at fault, and leaves to the details what is wrong with it.
    fn generalise(&mut self) {
        const FAULT: &str = "Request validation failed: your request body or params contain invalid data";
        if self.details.is_empty() {
            let message = std::mem::take(&mut self.message);
            self.message = format!("{FAULT}: {message}");
            self.details = vec![Detail { message, path: None }];
        } else {
            self.message = format!("{FAULT}. Refer to the `details` list for more information.");
        }
    }

    /// No such path or method.
    pub fn route(status: StatusCode, message: String) -> Self {
        Self::new(status, "NotFoundError", message)
    }

    /// A defect; says nothing about its cause.
    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "UnknownError", "Something went wrong on our side.")
    }

    /// A body or parameter that breaks the schema.
    pub fn invalid(details: Vec<Detail>) -> Self {
        let mut problem = Self::new(
            StatusCode::BAD_REQUEST,
            "BadDataError",
            "Request validation failed: your request body or params contain invalid data. Refer to the `details` \
             list for more information.",
        );
        problem.details = details;
        problem
    }

    /// A parameter that is not of the form it must have.
    pub fn pattern(path: &str, pattern: &str, sent: &str) -> Self {
        let sent: String = sent.chars().take(100).collect();
        let message = format!("The `{path}` property must match pattern \"{pattern}\". You sent \"{sent}\".");
        Self::invalid(vec![Detail { message, path: Some(path.to_owned()) }])
    }

    /// A parameter that is none of what it can be.
    pub fn option(path: &str, allowed: &[&str], sent: &str) -> Self {
        let sent: String = sent.chars().take(100).collect();
        let allowed: Vec<String> = allowed.iter().map(|value| format!("\"{value}\"")).collect();
        let message = format!(
            "The `{path}` property must be equal to one of the allowed values: {}. You provided \"{sent}\", which is \
             not valid. Please use one of the allowed values instead..",
            allowed.join(", ")
        );
        Self::invalid(vec![Detail { message, path: Some(path.to_owned()) }])
    }

    /// The body is no JSON.
    pub fn malformed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadDataError", message)
    }

    /// The body is of a type that is not understood.
    pub fn content_type(got: &str) -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "ContentTypeError",
            format!(
                "We do not accept the content-type you provided ({got}). Try using \"application/json\" instead."
            ),
        )
    }

    /// The body is larger than `limit` bytes.
    pub fn too_large(limit: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "PayloadTooLargeError",
            format!("The request body is larger than {limit} bytes."),
        )
    }

    /// Nobody is signed in. Says where to, on a server whose paths begin with `base`.
    pub fn unauthenticated(base: &str) -> Self {
        let path = format!("{base}/auth/simple/login");
        let message = format!(
            "You must log in to use Unleash. Your request had no authorization header, so we could not authorize \
             you. Try logging in at {path}"
        );
        let mut problem = Self::new(StatusCode::UNAUTHORIZED, "AuthenticationRequired", message);
        problem.remedy = Some(Box::new(Remedy::SignIn(path)));
        problem
    }

    /// The token means nothing.
    pub fn unknown_token() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "AuthenticationRequired", "You must log in to use Unleash.")
    }

    /// No API token, or one that means nothing, where only such tokens count.
    pub fn no_api_token() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "AuthenticationRequired",
            "This endpoint requires an API token. Please add an authorization header to your request with a valid token",
        )
    }

    /// A token of another kind.
    pub fn wrong_token() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "NoAccessError",
            "invalid token: expected a different token type for this endpoint",
        )
    }

    /// No stream is free.
    pub fn too_many_streams() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "TooManyRequests",
            "Too many streams are open. Ask again and again instead.",
        )
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        Error::from(denied).into()
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Rejected(rejection) => rejected(*rejection),
            Error::Scim(error) => Self::malformed(error.detail),
            Error::Unavailable(cause) => {
                tracing::error!(%cause, "the database does not answer");
                let mut problem = Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "ServiceUnavailableError",
                    "The database does not answer. Nothing was changed; try again.",
                );
                problem.retry_after = Some(5);
                problem
            }
            Error::Internal(cause) => {
                let problem = Self::internal();
                tracing::error!(problem.id = problem.id, "internal error: {cause:#}");
                problem
            }
        }
    }
}

fn rejected(rejection: Rejection) -> Problem {
    use StatusCode as S;
    let (status, name) = match rejection.kind {
        Kind::BadData | Kind::AccountExists => (S::BAD_REQUEST, "BadDataError"),
        Kind::NotFound => (S::NOT_FOUND, "NotFoundError"),
        Kind::NameExists => (S::CONFLICT, "NameExistsError"),
        Kind::Conflict | Kind::LastAdmin => (S::CONFLICT, "ConflictError"),
        Kind::PreconditionFailed => (S::PRECONDITION_FAILED, "ConflictError"),
        Kind::Permission => (S::FORBIDDEN, "PermissionError"),
        Kind::Forbidden => (S::FORBIDDEN, "ForbiddenError"),
        Kind::InvalidOperation => (S::FORBIDDEN, "InvalidOperationError"),
        Kind::IncompatibleProject => (S::FORBIDDEN, "IncompatibleProjectError"),
        Kind::Unauthenticated => (S::UNAUTHORIZED, "UnauthorizedError"),
        Kind::PasswordMismatch => (S::UNAUTHORIZED, "PasswordMismatch"),
        Kind::InvalidToken => (S::UNAUTHORIZED, "InvalidTokenError"),
        Kind::UsedToken => (S::FORBIDDEN, "UsedTokenError"),
        Kind::WeakPassword => (S::BAD_REQUEST, "OwaspValidationError"),
        Kind::PasswordPreviouslyUsed => (S::BAD_REQUEST, "PasswordPreviouslyUsedError"),
        Kind::RoleInUse => (S::BAD_REQUEST, "RoleInUseError"),
        Kind::MinimumOneEnvironment => (S::BAD_REQUEST, "MinimumOneEnvironmentError"),
        Kind::Disabled => (S::UNPROCESSABLE_ENTITY, "DisabledError"),
        Kind::Pattern => (S::BAD_REQUEST, "PatternError"),
        Kind::ArchivedFeature => (S::BAD_REQUEST, "ArchivedFeatureError"),
        Kind::ExceedsLimit => (S::BAD_REQUEST, "ExceedsLimitError"),
        Kind::RateLimit => (S::TOO_MANY_REQUESTS, "RateLimitError"),
    };
    let mut problem = Problem::new(status, name, rejection.message);
    problem.details = rejection.details.into_iter().map(|message| Detail { message, path: None }).collect();
    if matches!(rejection.kind, Kind::BadData | Kind::AccountExists) {
        problem.generalise();
    }
    problem.retry_after = rejection.retry_after.map(|seconds| u32::try_from(seconds).unwrap_or(u32::MAX));
    if !rejection.permissions.is_empty() {
        problem.remedy = Some(Box::new(Remedy::Permissions(rejection.permissions)));
    }
    problem
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let details = if self.details.is_empty() {
            vec![Detail { message: self.message.clone(), path: None }]
        } else {
            self.details.clone()
        };
        let mut body = json!({
            "id": self.id,
            "name": self.name,
            "message": self.message,
            "details": details,
        });
        match self.remedy.as_deref() {
            Some(Remedy::Permissions(permissions)) => body["permissions"] = json!(permissions),
            Some(Remedy::SignIn(path)) => {
                body["path"] = json!(path);
                body["type"] = json!("password");
                body["defaultHidden"] = json!(false);
                body["options"] = json!([]);
            }
            None => {}
        }
        if self.name == "OwaspValidationError" {
            let messages: Vec<&str> = self.details.iter().map(|detail| detail.message.as_str()).collect();
            body["details"] = json!([{ "message": self.message, "validationErrors": messages }]);
        }
        let mut response = (self.status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
