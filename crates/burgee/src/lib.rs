//! burgee: a feature-management server with provisioning at its heart.
//!
//! Three rings, each knowing only the ones inside it: pure engines (`burgee-scim`, `burgee-eval`), the domain
//! ([`db`], [`access`], [`events`], [`people`], [`provisioning`], [`environments`], [`projects`], [`features`],
//! [`instance`], [`applications`], [`metrics`], [`playground`], [`published`]) and the protocols ([`api`], [`scim`], [`ui`]).
//! `docs/architecture.md` is the map.

pub mod access;
pub mod api;
pub mod app;
pub mod applications;
pub mod audience;
pub mod cli;
pub mod clock;
pub mod config;
pub mod constraints;
pub mod contexts;
pub mod db;
pub mod demo;
pub mod entropy;
pub mod environments;
pub mod error;
pub mod events;
pub mod feature_types;
pub mod features;
pub mod gate;
pub mod instance;
mod jobs;
pub mod metrics;
pub mod moving;
pub mod names;
pub mod outbound;
pub mod owners;
pub mod people;
pub mod playground;
pub mod projects;
pub mod provisioning;
pub mod published;
pub mod scim;
pub mod segments;
mod start;
pub mod strategies;
pub mod tags;
pub mod telemetry;
pub mod transfer;
pub mod ui;
