//! What every test needs: a server on an empty database, and people to talk to it as.

#[macro_use]
pub mod both;
pub mod client;
pub mod flags;
pub mod postgres;
pub mod server;
pub mod snapshot;

pub use self::server::TestServer;
