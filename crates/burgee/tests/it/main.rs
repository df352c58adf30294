//! Tests from the outside: the real server, real databases, HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

#[macro_use]
mod support;

mod admin;
mod architecture;
mod conformance;
mod declared;
mod demo;
mod moving;
mod outbound;
mod overlap;
mod program;
mod readme;
mod replay;
mod resolution;
mod runtime;
mod scim;
mod scim_rules;
mod sdks;
mod sign_in;
mod spine;
mod ui;
