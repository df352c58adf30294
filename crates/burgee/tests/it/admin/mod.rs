//! The Admin API.

mod users;
