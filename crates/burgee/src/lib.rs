//! burgee: a feature-management server with provisioning at its heart.
//!
//! Three rings, each knowing only the ones inside it: pure engines (`burgee-scim`, `burgee-eval`), the domain
//! ([`db`], [`access`], [`events`], [`people`], [`provisioning`], [`projects`], [`features`]) and the protocols ([`api`], [`scim`]).
//! `docs/architecture.md` is the map.

pub mod access;
pub mod api;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod db;
pub mod entropy;
pub mod error;
pub mod events;
pub mod features;
pub mod people;
pub mod projects;
pub mod provisioning;
pub mod scim;
mod start;
pub mod telemetry;
