//! The SCIM service as identity providers meet it.

pub mod connections;
mod isolation;
mod journal;
mod life_cycles;
mod ms_postman;
mod ms_validator;
mod never_destructive;
mod oauth;
mod okta_spec;
mod protocol;
mod quirks;
mod roles;
pub mod signals;
mod transcripts;
mod wire;
