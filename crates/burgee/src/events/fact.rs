//! Every fact that the log knows.

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
    SettingCreated "setting-created" "Setting created";
    SettingUpdated "setting-updated" "Setting updated";
    ScimUsersDeleted "scim-users-deleted" "Provisioned users deleted";
    ScimGroupsDeleted "scim-groups-deleted" "Provisioned groups deleted";
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
    /// An admin ended somebody's session.
    SessionEnded "user-session-ended" "Session ended by an admin";
    FeatureCreated "feature-created" "Flag created";
    FeatureMetadataUpdated "feature-metadata-updated" "Flag metadata updated";
    FeatureArchived "feature-archived" "Flag archived";
    FeatureRevived "feature-revived" "Flag revived";
    FeatureDeleted "feature-deleted" "Flag deleted";
    FeatureStaleOn "feature-stale-on" "Flag marked as stale";
    FeatureStaleOff "feature-stale-off" "Flag stale marking removed";
    FeaturePotentiallyStaleOn "feature-potentially-stale-on" "Flag potentially stale";
    FeatureProjectChange "feature-project-change" "Flag moved to a new project";
    FeatureCompleted "feature-completed" "Flag marked as completed";
    FeatureUncompleted "feature-uncompleted" "Flag no longer marked as completed";
    FeatureTagged "feature-tagged" "Flag tagged";
    FeatureUntagged "feature-untagged" "Flag untagged";
    FeatureDependencyAdded "feature-dependency-added" "Flag dependency added";
    FeatureDependencyRemoved "feature-dependency-removed" "Flag dependency removed";
    FeatureDependenciesRemoved "feature-dependencies-removed" "Flag dependencies removed";
    FeatureLinkAdded "feature-link-added" "Flag link added";
    FeatureLinkUpdated "feature-link-updated" "Flag link updated";
    FeatureLinkRemoved "feature-link-removed" "Flag link removed";
    FeatureFavorited "feature-favorited" "Flag marked as favorite";
    FeatureUnfavorited "feature-unfavorited" "Flag no longer a favorite";
    FeatureEnabled "feature-environment-enabled" "Flag enabled";
    FeatureDisabled "feature-environment-disabled" "Flag disabled";
    FeatureVariantsUpdated "feature-environment-variants-updated" "Flag variants updated";
    StrategyAdded "feature-strategy-add" "Flag strategy added";
    StrategyUpdated "feature-strategy-update" "Flag strategy updated";
    StrategyRemoved "feature-strategy-remove" "Flag strategy removed";
    StrategyOrderChanged "strategy-order-changed" "Flag strategies reordered";
    FeaturesImported "features-imported" "Flags imported";
    FeaturesExported "features-exported" "Flags exported";
    FeatureTypeUpdated "feature-type-updated" "Flag type updated";
    SegmentCreated "segment-created" "Segment created";
    SegmentUpdated "segment-updated" "Segment updated";
    SegmentDeleted "segment-deleted" "Segment deleted";
    ContextFieldCreated "context-field-created" "Context field created";
    ContextFieldUpdated "context-field-updated" "Context field updated";
    ContextFieldDeleted "context-field-deleted" "Context field deleted";
    StrategyTypeCreated "strategy-created" "Strategy type created";
    StrategyTypeUpdated "strategy-updated" "Strategy type updated";
    StrategyTypeDeleted "strategy-deleted" "Strategy type deleted";
    StrategyTypeDeprecated "strategy-deprecated" "Strategy type deprecated";
    StrategyTypeReactivated "strategy-reactivated" "Strategy type reactivated";
    TagCreated "tag-created" "Tag created";
    TagDeleted "tag-deleted" "Tag deleted";
    TagTypeCreated "tag-type-created" "Tag type created";
    TagTypeUpdated "tag-type-updated" "Tag type updated";
    TagTypeDeleted "tag-type-deleted" "Tag type deleted";
    ProjectCreated "project-created" "Project created";
    ProjectUpdated "project-updated" "Project updated";
    ProjectArchived "project-archived" "Project archived";
    ProjectRevived "project-revived" "Project revived";
    ProjectDeleted "project-deleted" "Project deleted";
    ProjectFavorited "project-favorited" "Project marked as favorite";
    ProjectUnfavorited "project-unfavorited" "Project no longer a favorite";
    ProjectEnvironmentAdded "project-environment-added" "Environment added to project";
    ProjectEnvironmentRemoved "project-environment-removed" "Environment removed from project";
    DefaultStrategyUpdated "default-strategy-updated" "Default strategy updated";
    ChangeRequestsConfigured "change-request-configuration-updated" "Change request settings updated";
    EnvironmentCreated "environment-created" "Environment created";
    EnvironmentUpdated "environment-updated" "Environment updated";
    EnvironmentDeleted "environment-deleted" "Environment deleted";
    ApplicationCreated "application-created" "Application created";
    /// Somebody wrote about an application.
    ApplicationUpdated "application-updated" "Application updated";
    ApplicationDeleted "application-deleted" "Application deleted";
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
    /// The values that a segment takes from a group are others now: somebody came, went, or is known by something else.
    SegmentPeopleChanged "segment-people-changed" "People of a segment's group changed";
    FeatureOwnerChanged "feature-owner-updated" "Flag owner changed";
    /// Somebody who answers for flags has no account any more, or a group that does was removed.
    FlagOwnerLeft "flag-owner-left" "Owner of flags left";
    /// A provisioning token was made.
    ScimTokenCreated "scim-token-created" "Provisioning token created";
    /// A provisioning token stops working at another time, because there is a newer one.
    ScimTokenUpdated "scim-token-updated" "Provisioning token runs out";
    /// A provisioning token stopped working.
    ScimTokenDeleted "scim-token-deleted" "Provisioning token revoked";
    /// An identity provider got credentials for OAuth.
    ScimClientCreated "scim-client-created" "OAuth client of a connection created";
    ScimClientUpdated "scim-client-updated" "OAuth client of a connection changed";
    ScimClientDeleted "scim-client-deleted" "OAuth client of a connection removed";
    ScimConnectionCreated "scim-connection-created" "Connection to an identity provider created";
    ScimConnectionUpdated "scim-connection-updated" "Connection to an identity provider changed";
    ScimConnectionDeleted "scim-connection-deleted" "Connection to an identity provider deleted";
    /// What being in a group of an identity provider gives.
    ScimRuleCreated "scim-role-rule-created" "Rule about roles created";
    ScimRuleUpdated "scim-role-rule-updated" "Rule about roles changed";
    ScimRuleDeleted "scim-role-rule-deleted" "Rule about roles removed";
    /// Roles that count from now on because an identity provider says so.
    ScimRolesGiven "scim-roles-given" "Roles given by the identity provider";
    ScimRolesTaken "scim-roles-taken" "Roles taken by the identity provider";
    /// An identity provider that used to call does so no more.
    ScimSilent "scim-silent" "Identity provider has gone silent";
    /// Somebody did again what an identity provider asked for.
    ScimCallReplayed "scim-call-replayed" "Call of an identity provider done again";
    /// A request was done whose client did not wait for the answer: receivers of events get it.
    ScimCallAnswered "scim-call-answered" "Asynchronous request of an identity provider done";
    /// Somebody else is told what happens to provisioned people and groups.
    ScimReceiverCreated "scim-receiver-created" "Receiver of SCIM events created";
    ScimReceiverUpdated "scim-receiver-updated" "Receiver of SCIM events changed";
    ScimReceiverDeleted "scim-receiver-deleted" "Receiver of SCIM events removed";
    /// SCIM events are signed with another key.
    ScimKeyRotated "scim-signing-key-rotated" "Signing key of SCIM events replaced";
    /// A connection took away so much at once that its removals wait for an admin from now on.
    ScimConnectionHeld "scim-connection-held" "Removals by an identity provider are held";
    /// A removal waits for an admin.
    ScimChangeHeld "scim-change-held" "Removal by an identity provider held";
    /// The identity provider gave back what it had taken away, before that was done.
    ScimHeldWithdrawn "scim-held-withdrawn" "Held removal taken back by the identity provider";
    ScimHeldApplied "scim-held-applied" "Held removals applied";
    ScimHeldDiscarded "scim-held-discarded" "Held removals discarded";
    ScimHoldEnded "scim-hold-ended" "Removals by an identity provider are held no more";
    ScimGuardUpdated "scim-guard-updated" "Guard against mass removal changed";
    /// An admin made true again what an identity provider last pushed.
    ScimDriftRepaired "scim-drift-repaired" "What an identity provider last pushed applied again";
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
                | Self::ScimConnectionDeleted
                | Self::ScimConnectionUpdated
                | Self::ScimRuleCreated
                | Self::ScimRuleUpdated
                | Self::ScimRuleDeleted
                | Self::ScimRolesGiven
                | Self::ScimRolesTaken
                | Self::ScimChangeHeld
                | Self::UserAdopted
                | Self::GroupAdopted
        )
    }

    /// True if it may have changed which clients are let in, or from which pages.
    pub const fn changes_ways_in(self) -> bool {
        matches!(
            self,
            Self::ApiTokenCreated
                | Self::ApiTokenUpdated
                | Self::ApiTokenDeleted
                | Self::SettingCreated
                | Self::SettingUpdated
        )
    }

    /// True if clients may have to fetch something else after it. `feature` says whether it is about one flag.
    ///
    /// As in Unleash, all that happens to a flag counts but favourites and links; beyond Unleash, so does what changes
    /// which flags a project or an environment serves, or have a tag that clients may ask for.
    pub const fn revises(self, feature: bool) -> bool {
        match self {
            Self::SegmentUpdated
            | Self::SegmentPeopleChanged
            | Self::TagDeleted
            | Self::TagTypeDeleted
            | Self::FeaturesImported
            | Self::ProjectArchived
            | Self::ProjectRevived
            | Self::ProjectDeleted
            | Self::ProjectEnvironmentAdded
            | Self::ProjectEnvironmentRemoved
            | Self::EnvironmentCreated
            | Self::EnvironmentDeleted => true,
            Self::FeatureFavorited
            | Self::FeatureUnfavorited
            | Self::FeatureOwnerChanged
            | Self::FeatureLinkAdded
            | Self::FeatureLinkUpdated
            | Self::FeatureLinkRemoved => false,
            _ => feature,
        }
    }
}
