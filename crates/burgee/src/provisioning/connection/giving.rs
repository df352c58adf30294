//! How much a connection has to say about roles.

use serde::Serialize;

use super::choice::RootConflict;
use crate::access::role;

/// What admins choose about the roles that a connection gives. The rules about groups stand beside it:
/// [`crate::provisioning::giving`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Giving {
    /// Whether `roles` and `entitlements` of its users count.
    pub heeds_roles: bool,
    /// The root role of newcomers.
    pub usual_role: i64,
    /// Whose root role counts where an admin gave one by hand.
    #[sqlx(try_from = "String")]
    pub root_conflict: RootConflict,
    /// Whether it may make admins.
    pub gives_admin: bool,
}

impl Default for Giving {
    fn default() -> Self {
        Self {
            heeds_roles: false,
            usual_role: role::VIEWER,
            root_conflict: RootConflict::Local,
            gives_admin: false,
        }
    }
}
