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
mod search_events;
mod search_features;
mod secrets;
mod users;
