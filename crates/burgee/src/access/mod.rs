//! Who may do what: the permissions, the people and tokens that hold them, and the proof that they were checked.
//!
//! A [`Subject`] is somebody with everything they hold. [`Granted`] is the proof that a subject may do one thing; it
//! cannot be made elsewhere, and no audited table can be changed without one.

mod actor;
pub mod admins;
mod grant;
mod permission;
pub mod reach;
mod resolve;
pub mod role;
pub(crate) mod said;
mod sight;

pub use self::actor::{Actor, Origin};
pub(crate) use self::grant::provisioner;
pub use self::grant::{Denied, Granted, InEnvironment, InProject, OnConnection, Root, Scope, Somewhere};
pub use self::permission::*;
pub use self::resolve::{Hold, Holdings, Subject, holdings_of};
pub(crate) use self::sight::visible;
pub use self::sight::{Hidden, Sight};
