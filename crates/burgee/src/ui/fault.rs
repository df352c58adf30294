//! What went wrong, for people: a page with the cause and the way out, or a note beside what they were doing.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::html;

use super::frame::Frame;
use super::page;
use super::part::{button, toast};
use crate::entropy::Entropy;
use crate::error::{Error, Kind};

/// A failure on its way to the browser. It is drawn when it leaves the router, where the page that it belongs to is known.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    status: StatusCode,
    title: &'static str,
    cause: String,
    details: Vec<String>,
    /// Where somebody has to sign in first.
    signed_out: bool,
    retry_after: Option<u64>,
}

impl Fault {
    fn new(status: StatusCode, title: &'static str, cause: impl Into<String>) -> Self {
        Self { status, title, cause: cause.into(), details: Vec::new(), signed_out: false, retry_after: None }
    }

    /// There is no such page, or the reader may not know of it.
    pub(super) fn nowhere() -> Self {
        Self::missing("Nothing is at this address. It may have been moved, archived or mistyped.")
    }

    /// There is no such thing.
    pub(super) fn missing(cause: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "Page not found", cause)
    }

    /// Nobody is signed in.
    pub(super) fn signed_out() -> Self {
        let fault = Self::new(StatusCode::UNAUTHORIZED, "Sign in first", "You are not signed in.");
        Self { signed_out: true, ..fault }
    }

    /// Another site's page tried to change something.
    pub(super) fn foreign() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "Not from this page",
            "The request came from another website, so nothing was changed. Open the page here and try again.",
        )
    }

    /// Nothing can be changed now.
    pub(super) fn maintenance() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "Maintenance",
            "An admin switched on maintenance mode. Nothing can be changed until it is over.",
        )
    }

    /// No stream is free; the page tries again.
    pub(super) fn crowded() -> Self {
        let cause = "Too many pages follow what happens. This one shows changes when it is loaded again.";
        let fault = Self::new(StatusCode::TOO_MANY_REQUESTS, "Too many streams", cause);
        Self { retry_after: Some(30), ..fault }
    }

    /// What was sent cannot be read.
    pub(super) fn unreadable(cause: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "That did not work", cause)
    }

    /// A sentence that says why, for a form that stays open.
    pub(super) fn sentences(&self) -> Vec<String> {
        if self.details.is_empty() { vec![self.cause.clone()] } else { self.details.clone() }
    }

    /// True if the reader can mend it by other input.
    pub(super) fn is_about_input(&self) -> bool {
        matches!(
            self.status,
            StatusCode::BAD_REQUEST | StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY
        )
    }

    /// True if the reader can mend it by other input, or by choosing something else: rules of the place forbid it.
    pub(super) fn is_mendable(&self) -> bool {
        self.is_about_input() || self.status == StatusCode::FORBIDDEN
    }

    /// The status that goes with it.
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// Draws it for who asked.
    pub(super) fn show(self, frame: &Frame) -> Response {
        if self.signed_out {
            return frame.sign_in();
        }
        let mut response = if frame.fragment {
            let note = toast::problem(self.title, &self.sentences());
            let mut response = (self.status, note).into_response();
            for (name, value) in
                [("hx-retarget", "#toasts"), ("hx-reswap", "beforeend"), ("hx-push-url", "false")]
            {
                response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            response
        } else {
            let body = html! {
                p.plain-status { (self.status.as_u16()) }
                h1 { (self.title) }
                p { (self.cause) }
                @if !self.details.is_empty() {
                    ul { @for detail in &self.details { li { (detail) } } }
                }
                div.row { (button::link(&frame.at("/"), "Go to the start page")) }
            };
            (self.status, page::plain(frame, self.title, &body)).into_response()
        };
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        use StatusCode as S;
        let rejection = match error {
            Error::Rejected(rejection) => *rejection,
            Error::Scim(error) => return Self::unreadable(error.detail),
            Error::Unavailable(cause) => {
                tracing::error!(%cause, "the database does not answer");
                let cause = "The database does not answer. Nothing was changed; try again in a moment.";
                let fault = Self::new(S::SERVICE_UNAVAILABLE, "Not available", cause);
                return Self { retry_after: Some(5), ..fault };
            }
            Error::Internal(cause) => {
                let id = Entropy::System.uuid();
                tracing::error!(problem.id = id, "internal error: {cause:#}");
                let cause =
                    format!("Something went wrong on our side. An admin finds it in the log as {id}.");
                return Self::new(S::INTERNAL_SERVER_ERROR, "Something went wrong", cause);
            }
        };
        let (status, title) = match rejection.kind {
            Kind::NotFound => return Self::nowhere(),
            Kind::Permission | Kind::Forbidden | Kind::InvalidOperation | Kind::IncompatibleProject => {
                (S::FORBIDDEN, "Not allowed")
            }
            Kind::Unauthenticated | Kind::PasswordMismatch => (S::UNAUTHORIZED, "Not signed in"),
            Kind::InvalidToken | Kind::UsedToken => (S::UNAUTHORIZED, "The link does not work"),
            Kind::NameExists | Kind::Conflict | Kind::LastAdmin | Kind::PreconditionFailed => {
                (S::CONFLICT, "That did not work")
            }
            Kind::RateLimit => (S::TOO_MANY_REQUESTS, "Too many tries"),
            _ => (S::BAD_REQUEST, "That did not work"),
        };
        let fault = Self::new(status, title, rejection.message);
        Self { details: rejection.details, retry_after: rejection.retry_after, ..fault }
    }
}
