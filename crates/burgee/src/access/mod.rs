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

pub use self::actor::{Actor, Origin};
pub use self::grant::{Denied, Granted, InProject, OnConnection, Root, Scope, provisioner};
pub use self::permission::{
    Administer, ConfigureAuth, ConfigureCors, CreateAddons, CreateApiTokens, CreateProjectTokens,
    DeleteAddons, DeleteApiTokens, DeleteProjectTokens, Guard, Level, Maintain, ManageBanners,
    ManageProjectAccess, Permission, Provision, ReadApiTokens, ReadInstanceLogs, ReadProjectAccess,
    ReadProjectTokens, ReadRoles, SignedIn, UpdateAddons, UpdateApiTokens,
};
pub use self::resolve::{Hold, Holdings, Subject, holdings_of};
