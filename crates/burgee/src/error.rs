//! One vocabulary of failure for the whole domain. Each protocol spells it in its own error shape.

use std::fmt;

/// The result of domain code.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something did not happen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller asked for something that cannot be; the message says what and, where it helps, what to do.
    #[error("{0}")]
    Rejected(Box<Rejection>),
    /// The request breaks a rule of SCIM.
    #[error(transparent)]
    Scim(#[from] burgee_scim::Error),
    /// The database did not answer. The same request may succeed later; nothing was changed.
    #[error("the database is not available")]
    Unavailable(#[source] sqlx::Error),
    /// A defect or a broken machine. The cause is logged and never shown.
    #[error("internal error")]
    Internal(#[source] anyhow::Error),
}

/// What kind of "no" a [`Rejection`] is. Protocols derive status codes and error names from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The data breaks a rule.
    BadData,
    /// There is no such thing, or the caller may not know of it.
    NotFound,
    /// The name is taken.
    NameExists,
    /// Somebody already signs in by this name or address.
    AccountExists,
    /// The present state forbids it.
    Conflict,
    /// It would leave nobody who can administer the installation.
    LastAdmin,
    /// A conditional request named another version.
    PreconditionFailed,
    /// The caller holds none of the permissions it takes.
    Permission,
    /// Nobody may do this to this object.
    Forbidden,
    /// The caller may not do this with these values.
    InvalidOperation,
    /// Nobody is signed in, or the credentials mean nothing.
    Unauthenticated,
    /// User name and password do not belong together.
    PasswordMismatch,
    /// A one-time token is unknown or has expired.
    InvalidToken,
    /// A one-time token was used before.
    UsedToken,
    /// The password is too weak.
    WeakPassword,
    /// The password was used recently.
    PasswordPreviouslyUsed,
    /// The role still belongs to somebody.
    RoleInUse,
    /// The name breaks a pattern.
    Pattern,
    /// The flag does not fit into the project.
    IncompatibleProject,
    /// The flag is archived.
    ArchivedFeature,
    /// It would leave a project, or the installation, without an environment.
    MinimumOneEnvironment,
    /// There are as many as there may be.
    ExceedsLimit,
    /// The way in is switched off.
    Disabled,
    /// Too many tries; wait.
    RateLimit,
}

/// A refusal that the caller can understand and act upon.
#[derive(Debug)]
pub struct Rejection {
    /// The kind of refusal.
    pub kind: Kind,
    /// A sentence for people.
    pub message: String,
    /// One sentence for each thing that is wrong with the input, where there are several.
    pub details: Vec<String>,
    /// The permissions of which one would have been enough.
    pub permissions: Vec<&'static str>,
    /// Seconds to wait before the next try.
    pub retry_after: Option<u64>,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error {
    /// A refusal of the given kind.
    pub fn rejected(kind: Kind, message: impl Into<String>) -> Self {
        Self::Rejected(Box::new(Rejection {
            kind,
            message: message.into(),
            details: Vec::new(),
            permissions: Vec::new(),
            retry_after: None,
        }))
    }

    /// The data breaks a rule.
    pub fn bad_data(message: impl Into<String>) -> Self {
        Self::rejected(Kind::BadData, message)
    }

    /// There is no such thing.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::rejected(Kind::NotFound, message)
    }

    /// The data breaks rules: one sentence for each.
    pub fn invalid(details: Vec<String>) -> Self {
        Self::with_details(Kind::BadData, details.join(" "), details)
    }

    /// There are as many as there may be.
    pub fn limit(what: &str, limit: i64) -> Self {
        Self::rejected(
            Kind::ExceedsLimit,
            format!("Failed to create {what}. You can't create more than the established limit of {limit}."),
        )
    }

    /// The data breaks several rules at once.
    pub fn with_details(kind: Kind, message: impl Into<String>, details: Vec<String>) -> Self {
        let mut error = Self::rejected(kind, message);
        if let Self::Rejected(rejection) = &mut error {
            rejection.details = details;
        }
        error
    }

    /// The same refusal, saying first what it is about.
    #[must_use]
    pub fn about(mut self, subject: &str) -> Self {
        if let Self::Rejected(rejection) = &mut self {
            rejection.message = format!("{subject}: {}", rejection.message);
            for detail in &mut rejection.details {
                *detail = format!("{subject}: {detail}");
            }
        }
        self
    }

    /// The caller holds none of these, and needs them.
    pub fn lacking(permissions: Vec<&'static str>, labels: &[&str]) -> Self {
        let labels: Vec<String> = labels.iter().map(|label| format!("\"{label}\"")).collect();
        let need = match labels.as_slice() {
            [one] => format!("you need the {one} permission"),
            several => format!("you need all of the following permissions: {}", several.join(", ")),
        };
        let message = format!(
            "You don't have the required permissions to perform this operation. To perform this action, {need}."
        );
        let mut error = Self::rejected(Kind::Permission, message);
        if let Self::Rejected(rejection) = &mut error {
            rejection.permissions = permissions;
        }
        error
    }

    /// Too many tries: the next one may come after `seconds`.
    pub fn rate_limited(seconds: u64) -> Self {
        let mut error = Self::rejected(Kind::RateLimit, "Too many requests, please try again later.");
        if let Self::Rejected(rejection) = &mut error {
            rejection.retry_after = Some(seconds);
        }
        error
    }

    /// The database did not answer somebody who asked it for the same.
    pub fn unavailable() -> Self {
        Self::Unavailable(sqlx::Error::PoolTimedOut)
    }

    /// A defect: `why` goes to the log only.
    pub fn internal(why: impl Into<anyhow::Error>) -> Self {
        Self::Internal(why.into())
    }

    /// The kind of refusal, if it is one.
    pub fn kind(&self) -> Option<Kind> {
        match self {
            Self::Rejected(rejection) => Some(rejection.kind),
            _ => None,
        }
    }
}

impl Error {
    /// Text that PostgreSQL cannot hold.
    pub fn zero() -> Self {
        Self::bad_data("Text must not contain the character U+0000.")
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match &error {
            E::Io(_) | E::Tls(_) | E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed => {
                Self::Unavailable(error)
            }
            E::Database(db) => match db.code().as_deref() {
                // PostgreSQL: connection exceptions (08), shutting down or starting up (57P), too many
                // connections (53), lost races (40). SQLite: busy (5), locked (6), I/O error (10), full (13).
                Some("5" | "6" | "10" | "13") => Self::Unavailable(error),
                // PostgreSQL: an item of a list in JSON has it. By itself, it is refused before it gets here.
                Some("22P05") => Self::zero(),
                Some(code)
                    if ["08", "57P", "53", "40"].iter().any(|class| code.starts_with(class))
                        && code.len() == 5 =>
                {
                    Self::Unavailable(error)
                }
                _ if db.is_unique_violation() => Self::rejected(
                    Kind::Conflict,
                    "Somebody else has just taken the same name; nothing was changed.",
                ),
                _ if db.is_foreign_key_violation() => Self::rejected(
                    Kind::Conflict,
                    "Something that belongs to this was added or removed at the same moment; nothing was changed.",
                ),
                _ => Self::Internal(error.into()),
            },
            _ => Self::Internal(error.into()),
        }
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Internal(error.into())
    }
}
