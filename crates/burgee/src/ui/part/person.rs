//! Accounts in lists: who keeps them, and how they stand.

use maud::{Markup, html};

use super::{icon, tag};
use crate::people::login_history::Login;
use crate::people::roster::Status;
use crate::people::user::User;

/// Who keeps it: people, or an identity provider, by which connection.
pub(in crate::ui) fn origin(connection: Option<&str>) -> Markup {
    html! {
        @match connection {
            None => (tag::chip("manual")),
            Some(name) => span.chip.info { (icon::sync()) "SCIM: " (name) },
        }
    }
}

/// How an account stands.
pub(in crate::ui) fn status(user: &User) -> Markup {
    match (Status::of(user), user.has_password) {
        (Status::Active, _) => tag::toned("active", "good"),
        (Status::Deactivated, _) => tag::toned("deactivated", "problem"),
        (Status::Unseen, false) if user.scim_id.is_none() => tag::toned("invited", "info"),
        (Status::Unseen, _) => tag::chip("never signed in"),
    }
}

/// What came of a try to sign in.
pub(in crate::ui) fn outcome(login: &Login) -> Markup {
    html! {
        @if login.successful { (tag::toned("signed in", "good")) }
        @else { (tag::toned("refused", "problem")) @if let Some(why) = &login.failure_reason { " " span.muted { (why) } } }
    }
}
