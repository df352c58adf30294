//! Tags on flags, and the types that tags have.

pub mod of_flags;
mod tag;
pub mod types;

pub use self::tag::{Tag, by_type, create, delete, get, list};
