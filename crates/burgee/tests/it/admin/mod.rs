//! The Admin API.

mod addons;
mod api_tokens;
mod compatibility;
mod constraints;
mod contexts;
mod contract;
mod environments;
mod events;
mod features;
mod groups;
mod instance_settings;
mod invite_links;
mod logins;
mod matrix;
mod me;
mod private_projects;
mod project_access;
mod project_tokens;
mod projects;
mod roles;
mod secrets;
mod segments;
mod service_accounts;
mod strategies;
mod tags;
mod users;
