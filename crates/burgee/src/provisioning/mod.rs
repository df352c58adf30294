//! What provisioning means here: which identity provider manages whom, what happens when somebody is created,
//! adopted, deactivated or removed, and what an identity provider can never do. The wire is [`crate::scim`]'s matter.

pub mod cleanup;
pub mod connection;
pub mod drift;
pub mod giving;
pub mod group;
mod guard;
pub mod hold;
pub mod journal;
pub mod locks;
pub mod members;
pub mod own_password;
pub mod pages;
mod profile;
pub mod query;
mod resource;
pub mod signals;
pub mod silence;
pub mod user;

pub use self::resource::{Noun, Provisioned, find, find_locked};
