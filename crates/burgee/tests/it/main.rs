//! Tests from the outside: the real server, real databases, HTTP.

#[macro_use]
mod support;

mod admin;
mod resolution;
mod sign_in;
mod spine;
