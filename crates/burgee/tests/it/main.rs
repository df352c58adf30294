//! Tests from the outside: the real server, real databases, HTTP.

#[macro_use]
mod support;

mod admin;
mod sign_in;
mod spine;
