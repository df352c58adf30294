//! The Admin API.

mod api_tokens;
mod contract;
mod events;
mod features;
mod groups;
mod matrix;
mod me;
mod project_access;
mod roles;
mod secrets;
mod users;
