//! Protocol errors (RFC 7644 §3.12).

use std::fmt;

use serde_json::{Value, json};

/// The URN of the error message schema.
pub const ERROR_URN: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// The detail error keywords of RFC 7644 table 9 and RFC 9865 §2.1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ScimType {
    /// The filter does not parse, or does not fit the schema.
    InvalidFilter,
    /// The request asks for more work than the server is willing to do.
    TooMany,
    /// A value that must be unique is taken.
    Uniqueness,
    /// The attribute cannot be changed like that.
    Mutability,
    /// The body does not have the shape of the message it should be.
    InvalidSyntax,
    /// The PATCH path does not parse, or does not fit the schema.
    InvalidPath,
    /// The PATCH path selects nothing.
    NoTarget,
    /// A value is missing, or has the wrong type.
    InvalidValue,
    /// The protocol version is not supported.
    InvalidVers,
    /// The attribute must not appear in a URL.
    Sensitive,
    /// The cursor was not made here, or for another search.
    InvalidCursor,
    /// The cursor is too old.
    ExpiredCursor,
    /// With a cursor, a page has at least one resource.
    InvalidCount,
}

impl ScimType {
    /// The keyword on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            ScimType::InvalidFilter => "invalidFilter",
            ScimType::TooMany => "tooMany",
            ScimType::Uniqueness => "uniqueness",
            ScimType::Mutability => "mutability",
            ScimType::InvalidSyntax => "invalidSyntax",
            ScimType::InvalidPath => "invalidPath",
            ScimType::NoTarget => "noTarget",
            ScimType::InvalidValue => "invalidValue",
            ScimType::InvalidVers => "invalidVers",
            ScimType::Sensitive => "sensitive",
            ScimType::InvalidCursor => "invalidCursor",
            ScimType::ExpiredCursor => "expiredCursor",
            ScimType::InvalidCount => "invalidCount",
        }
    }

    /// The HTTP status that the RFCs assign to the keyword.
    pub fn status(self) -> u16 {
        match self {
            ScimType::Uniqueness => 409,
            ScimType::Sensitive => 403,
            _ => 400,
        }
    }
}

/// A refusal that can be sent to the client as it is: `detail` names attributes, positions and limits, and echoes at
/// most 64 characters of the request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Error {
    /// HTTP status.
    pub status: u16,
    /// Detail error keyword.
    pub scim_type: Option<ScimType>,
    /// For humans.
    pub detail: String,
}

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident => $kind:ident),* $(,)?) => {
        $($(#[$doc])* pub fn $name(detail: impl Into<String>) -> Error { Error::of(ScimType::$kind, detail) })*
    };
}

impl Error {
    /// An error with a keyword and the status that belongs to it.
    pub fn of(kind: ScimType, detail: impl Into<String>) -> Error {
        Error { status: kind.status(), scim_type: Some(kind), detail: detail.into() }
    }

    /// An error without a keyword.
    pub fn status(status: u16, detail: impl Into<String>) -> Error {
        Error { status, scim_type: None, detail: detail.into() }
    }

    /// 404.
    pub fn not_found(detail: impl Into<String>) -> Error {
        Error::status(404, detail)
    }

    constructors! {
        /// 400 `invalidFilter`.
        invalid_filter => InvalidFilter,
        /// 400 `tooMany`.
        too_many => TooMany,
        /// 409 `uniqueness`.
        uniqueness => Uniqueness,
        /// 400 `mutability`.
        mutability => Mutability,
        /// 400 `invalidSyntax`.
        invalid_syntax => InvalidSyntax,
        /// 400 `invalidPath`.
        invalid_path => InvalidPath,
        /// 400 `noTarget`.
        no_target => NoTarget,
        /// 400 `invalidValue`.
        invalid_value => InvalidValue,
        /// 400 `invalidVers`.
        invalid_vers => InvalidVers,
        /// 403 `sensitive`.
        sensitive => Sensitive,
        /// 400 `invalidCursor`.
        invalid_cursor => InvalidCursor,
        /// 400 `expiredCursor`.
        expired_cursor => ExpiredCursor,
        /// 400 `invalidCount`.
        invalid_count => InvalidCount,
    }

    /// The same error, saying where it happened.
    #[must_use]
    pub(crate) fn within(mut self, place: &str) -> Error {
        self.detail = format!("{place}: {}", self.detail);
        self
    }

    /// The error message body. `status` is a string (RFC 7644 §3.12).
    pub fn to_json(&self) -> Value {
        let mut body = json!({ "schemas": [ERROR_URN], "status": self.status.to_string() });
        if let Some(kind) = self.scim_type {
            body["scimType"] = kind.as_str().into();
        }
        body["detail"] = self.detail.as_str().into();
        body
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.scim_type {
            Some(kind) => write!(f, "{} {}: {}", self.status, kind.as_str(), self.detail),
            None => write!(f, "{}: {}", self.status, self.detail),
        }
    }
}

impl std::error::Error for Error {}

/// The beginning of client text, short enough to echo.
pub(crate) fn excerpt(text: &str) -> String {
    const LIMIT: usize = 48;
    match text.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
