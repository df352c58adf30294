//! Who did it, as the event log records it.

/// The person, token or process behind a change.
#[derive(Clone, Debug)]
pub struct Actor {
    /// What kind of actor.
    pub origin: Origin,
    /// The name that the event log shows: user name or e-mail address, token name, connection, job.
    pub name: String,
    /// The address the request came from.
    pub ip: Option<String>,
}

/// What kind of actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A person or service account, by id.
    User(i64),
    /// An API token of type admin.
    AdminToken,
    /// An identity provider, by connection id.
    Connection(i64),
    /// The server itself, or its operator on the command line.
    System,
}

impl Actor {
    /// The id of the author of automatic changes.
    pub const SYSTEM_USER: i64 = -1337;
    /// The id under which admin tokens act.
    pub const ADMIN_TOKEN_USER: i64 = -42;

    /// The server itself, doing `job`.
    pub fn system(job: &str) -> Self {
        Self { origin: Origin::System, name: job.to_owned(), ip: None }
    }

    /// The user id that the event log shows.
    pub const fn user_id(&self) -> i64 {
        match self.origin {
            Origin::User(id) => id,
            Origin::AdminToken => Self::ADMIN_TOKEN_USER,
            Origin::Connection(_) | Origin::System => Self::SYSTEM_USER,
        }
    }

    /// The SCIM connection, if one acts.
    pub const fn connection(&self) -> Option<i64> {
        match self.origin {
            Origin::Connection(id) => Some(id),
            _ => None,
        }
    }
}
