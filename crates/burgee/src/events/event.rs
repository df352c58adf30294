//! Every fact that the log knows.

use serde::Serialize;
use serde_json::Value;

macro_rules! facts {
    ($($(#[doc = $doc:literal])* $variant:ident $name:literal $label:literal;)*) => {
        /// What happened. The spelling on the wire is Unleash's; facts that Unleash does not know come last.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Fact {
            $($(#[doc = $doc])* #[doc = $label] $variant,)*
        }

        impl Fact {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The event type on the wire.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What people read.
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }

            /// The fact with this name.
            pub fn named(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

facts! {
    UserCreated "user-created" "User created";
    UserUpdated "user-updated" "User updated";
    UserDeleted "user-deleted" "User deleted";
    GroupCreated "group-created" "Group created";
    GroupUpdated "group-updated" "Group updated";
    GroupDeleted "group-deleted" "Group deleted";
    GroupUserAdded "group-user-added" "User added to group";
    GroupUserRemoved "group-user-removed" "User removed from group";
    RoleCreated "role-created" "Role created";
    RoleUpdated "role-updated" "Role updated";
    RoleDeleted "role-deleted" "Role deleted";
    PatCreated "pat-created" "Personal access token created";
    PatDeleted "pat-deleted" "Personal access token deleted";
    ApiTokenCreated "api-token-created" "API token created";
    ApiTokenUpdated "api-token-updated" "API token updated";
    ApiTokenDeleted "api-token-deleted" "API token deleted";
    ProjectAccessAdded "project-access-added" "Project access added";
    ProjectAccessUpdated "project-access-updated" "Project access updated";
    ProjectUserRolesUpdated "project-access-user-roles-updated" "User's project roles updated";
    ProjectUserRolesDeleted "project-access-user-roles-deleted" "User's project roles removed";
    ProjectGroupRolesUpdated "project-access-group-roles-updated" "Group's project roles updated";
    ProjectGroupRolesDeleted "project-access-group-roles-deleted" "Group's project roles removed";
    ServiceAccountCreated "service-account-created" "Service account created";
    ServiceAccountUpdated "service-account-updated" "Service account updated";
    ServiceAccountDeleted "service-account-deleted" "Service account deleted";
    ServiceTokenCreated "service-account-token-created" "Service account token created";
    ServiceTokenDeleted "service-account-token-deleted" "Service account token deleted";
    SignupLinkCreated "public-signup-token-created" "Invite link created";
    SignupLinkUpdated "public-signup-token-updated" "Invite link updated";
    SignupLinkUsed "public-signup-token-user-added" "User signed up with an invite link";
    PreferenceUpdated "user-preference-updated" "User's preference updated";
    AddonCreated "addon-config-created" "Integration configuration created";
    AddonUpdated "addon-config-updated" "Integration configuration updated";
    AddonDeleted "addon-config-deleted" "Integration configuration deleted";
    BannerCreated "banner-created" "Banner created";
    BannerUpdated "banner-updated" "Banner updated";
    BannerDeleted "banner-deleted" "Banner deleted";
    SettingCreated "setting-created" "Setting created";
    SettingUpdated "setting-updated" "Setting updated";
    ScimUsersDeleted "scim-users-deleted" "Provisioned users deleted";
    ScimGroupsDeleted "scim-groups-deleted" "Provisioned groups deleted";
    /// An identity provider pushed somebody who already had an account.
    UserAdopted "scim-user-adopted" "Existing user taken over by the identity provider";
    /// An identity provider pushed a group that already existed.
    GroupAdopted "scim-group-adopted" "Existing group taken over by the identity provider";
    /// Critical: an identity provider would have removed the last usable admin.
    AdminRetained "admin-retention-enforced" "Last admin kept against the identity provider";
    /// The operator restored administration on the host.
    AdminRecovered "admin-recovered" "Administration recovered on the host";
    /// A link was made with which somebody can set the password of an account.
    ResetLinkCreated "user-reset-link-created" "Password link created";
    /// An admin ended somebody's session.
    SessionEnded "user-session-ended" "Session ended by an admin";
    /// A provisioning token was made; the ones before it stopped working.
    ScimTokenCreated "scim-token-created" "Provisioning token created";
}

impl Fact {
    /// True if it may have left the installation without a usable admin.
    pub const fn may_cost_admins(self) -> bool {
        matches!(
            self,
            Self::UserUpdated
                | Self::UserDeleted
                | Self::GroupUpdated
                | Self::GroupDeleted
                | Self::GroupUserRemoved
                | Self::RoleUpdated
                | Self::RoleDeleted
                | Self::ScimUsersDeleted
                | Self::ScimGroupsDeleted
        )
    }
}

/// One fact with the state before and after, and where it happened. Who and when is added when it is recorded.
/// Secrets never go in.
#[derive(Clone, Debug)]
pub struct Event {
    /// What happened.
    pub fact: Fact,
    /// The state after.
    pub data: Option<Value>,
    /// The state before.
    pub pre_data: Option<Value>,
    /// The project it happened in.
    pub project: Option<String>,
    /// The environment it happened in.
    pub environment: Option<String>,
}

impl Event {
    /// A fact without states.
    pub const fn bare(fact: Fact) -> Self {
        Self { fact, data: None, pre_data: None, project: None, environment: None }
    }

    /// Something came to be.
    pub fn created(fact: Fact, after: &impl Serialize) -> Self {
        Self { data: Some(state(after)), ..Self::bare(fact) }
    }

    /// Something changed.
    pub fn updated(fact: Fact, before: &impl Serialize, after: &impl Serialize) -> Self {
        Self { data: Some(state(after)), pre_data: Some(state(before)), ..Self::bare(fact) }
    }

    /// Something ceased to be.
    pub fn deleted(fact: Fact, before: &impl Serialize) -> Self {
        Self { pre_data: Some(state(before)), ..Self::bare(fact) }
    }

    /// Says in which project and environment.
    #[must_use]
    pub fn within(mut self, project: Option<String>, environment: Option<String>) -> Self {
        self.project = project;
        self.environment = environment;
        self
    }
}

fn state(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}
