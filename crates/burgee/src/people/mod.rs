//! People: users, groups, and their ways in (passwords, sessions, one-time links, tokens).

pub mod account;
pub mod api_token;
pub mod group;
pub mod invite;
pub mod login_history;
pub mod membership;
pub mod password;
pub mod recovery;
pub mod removed;
pub mod reset;
pub mod roster;
pub mod seen;
pub mod service_account;
pub mod session;
pub mod signed_in;
pub mod survey;
pub mod throttle;
pub mod token;
pub mod user;
