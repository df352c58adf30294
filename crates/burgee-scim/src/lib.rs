//! SCIM 2.0 as data (RFC 7643, RFC 7644).
//!
//! Everything here is a pure function over JSON values: schemas, filters, PATCH paths and operations, the bodies of
//! POST and PUT, projections, and the index entries that a database needs. There is no I/O, no clock and no
//! randomness; identifiers, timestamps, versions and membership storage belong to the caller.
//!
//! The way of a resource through this crate: a body is [`resource::accept`]ed into a canonical [`Object`] (canonical
//! attribute names, checked types, no nulls); [`patch::apply`] and [`resource::replace`] map canonical objects to
//! canonical objects; [`leaves::leaves`] lists what to index; [`project::Projection`] cuts the answer.
//! [`filter::check`] types a filter against the same schemas, ready for translation to SQL, and [`filter::matches`]
//! is the reference meaning of the result.

pub mod attr;
pub mod body;
pub mod bulk;
pub mod discovery;
pub mod error;
pub mod filter;
pub mod fold;
mod instant;
pub mod leaves;
pub mod patch;
pub mod path;
pub mod project;
pub mod resource;
pub mod schema;
mod value;

pub use attr::{AttrRef, Foreign, Resolved, resolve};
pub use error::{Error, ScimType};
pub use filter::{Checked, Filter, Op, Operand, Test};
pub use fold::fold;
pub use instant::{parse_instant, render_instant};
pub use leaves::{Leaf, leaves};
pub use patch::{MemberChange, Operation, PatchOp};
pub use path::Path;
pub use project::Projection;
pub use schema::{Attribute, GROUP, ResourceType, Schema, USER};

/// A JSON object in the order in which it was sent.
pub type Object = serde_json::Map<String, serde_json::Value>;

/// How forgiving to be.
///
/// Neither mode ever reads an unclear request as a destructive one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Accept what deployed clients send as long as its meaning is clear; keep unknown attributes.
    Tolerant,
    /// The RFCs as tightened by the interoperability profile draft; refuse everything else.
    Strict,
}

impl Mode {
    pub(crate) fn is_strict(self) -> bool {
        self == Mode::Strict
    }
}
