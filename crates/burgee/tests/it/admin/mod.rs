//! The Admin API.

mod api_tokens;
mod constraints;
mod contexts;
mod contract;
mod events;
mod groups;
mod matrix;
mod me;
mod project_access;
mod roles;
mod secrets;
mod segments;
mod strategies;
mod tags;
mod users;
