//! The Admin API.

mod api_tokens;
mod contract;
mod events;
mod groups;
mod matrix;
mod me;
mod project_access;
mod project_tokens;
mod roles;
mod secrets;
mod service_accounts;
mod users;
