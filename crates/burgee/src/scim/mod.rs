//! SCIM 2.0 on the wire (RFC 7643, RFC 7644): paths, bodies, headers, and the quirks of the clients that are out
//! there. What a request means is [`crate::provisioning`]'s matter; the grammar is the `burgee-scim` crate's.

mod assignable;
mod bulk;
mod caller;
mod cursor;
mod discovery;
mod edit;
mod events;
mod fault;
mod finish;
mod group;
mod later;
mod mount;
mod notebook;
mod oauth;
mod quirks;
mod replay;
mod reply;
mod request;
mod resource;
mod router;
mod search;
mod target;
mod user;

pub use self::replay::{Replayed, replay};
pub use self::router::router;

/// The header by which a client asks that a call changes nothing: `true`.
pub const DRY_RUN: &str = "burgee-dry-run";
