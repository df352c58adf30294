//! The permissions of the wire format, and what operations ask for.
//!
//! [`Permission`] is the one list of what a role can hold: ids, names and levels as Unleash has them. [`guards!`]
//! names what an operation needs: any one of some permissions, within a scope. Documentation, the roles API and the
//! OpenAPI document read both.

use super::grant::{InEnvironment, InProject, OnConnection, Root, Somewhere};

/// Where a permission applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Everywhere; projects do not matter.
    Root,
    /// In one project, in all its environments.
    Project,
    /// In one environment of one project.
    Environment,
}

impl Level {
    /// As the wire spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Project => "project",
            Self::Environment => "environment",
        }
    }
}

macro_rules! catalogue {
    ($($id:literal $variant:ident $name:literal $level:ident $label:literal;)*) => {
        /// Everything a role can hold.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Permission {
            $(#[doc = $label] $variant,)*
        }

        impl Permission {
            /// All of them, by id.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The number that custom project roles are posted with.
            pub const fn id(self) -> i64 {
                match self { $(Self::$variant => $id,)* }
            }

            /// The constant of the wire format.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Where it applies.
            pub const fn level(self) -> Level {
                match self { $(Self::$variant => Level::$level,)* }
            }

            /// What people read.
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }

            /// The permission with this constant.
            pub fn named(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }

            /// The permission with this number.
            pub fn with_id(id: i64) -> Option<Self> {
                match id { $($id => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

catalogue! {
    1 Admin "ADMIN" Root "Admin";
    2 CreateFeature "CREATE_FEATURE" Project "Create feature flags";
    3 CreateStrategy "CREATE_STRATEGY" Root "Create activation strategies";
    4 CreateAddon "CREATE_ADDON" Root "Create addons";
    5 DeleteAddon "DELETE_ADDON" Root "Delete addons";
    6 UpdateAddon "UPDATE_ADDON" Root "Update addons";
    7 UpdateFeature "UPDATE_FEATURE" Project "Update feature flags";
    8 DeleteFeature "DELETE_FEATURE" Project "Delete feature flags";
    9 UpdateApplication "UPDATE_APPLICATION" Root "Update applications";
    10 UpdateTagType "UPDATE_TAG_TYPE" Root "Update tag types";
    11 DeleteTagType "DELETE_TAG_TYPE" Root "Delete tag types";
    12 CreateProject "CREATE_PROJECT" Root "Create projects";
    13 UpdateProject "UPDATE_PROJECT" Project "Update project";
    14 DeleteProject "DELETE_PROJECT" Project "Delete project";
    15 UpdateStrategy "UPDATE_STRATEGY" Root "Update strategies";
    16 DeleteStrategy "DELETE_STRATEGY" Root "Delete strategies";
    17 UpdateContextField "UPDATE_CONTEXT_FIELD" Root "Update context fields";
    18 CreateContextField "CREATE_CONTEXT_FIELD" Root "Create context fields";
    19 DeleteContextField "DELETE_CONTEXT_FIELD" Root "Delete context fields";
    20 ReadRole "READ_ROLE" Root "Read roles";
    25 CreateFeatureStrategy "CREATE_FEATURE_STRATEGY" Environment "Create activation strategies";
    26 UpdateFeatureStrategy "UPDATE_FEATURE_STRATEGY" Environment "Update activation strategies";
    27 DeleteFeatureStrategy "DELETE_FEATURE_STRATEGY" Environment "Delete activation strategies";
    28 UpdateFeatureEnvironment "UPDATE_FEATURE_ENVIRONMENT" Environment "Enable/disable flags";
    29 UpdateFeatureVariants "UPDATE_FEATURE_VARIANTS" Project "Create/edit variants";
    30 MoveFeatureToggle "MOVE_FEATURE_TOGGLE" Project "Change feature flag project";
    31 CreateSegment "CREATE_SEGMENT" Root "Create segments";
    32 UpdateSegment "UPDATE_SEGMENT" Root "Edit segments";
    33 DeleteSegment "DELETE_SEGMENT" Root "Delete segments";
    35 ApproveChangeRequest "APPROVE_CHANGE_REQUEST" Environment "Approve/Reject change requests";
    36 ApplyChangeRequest "APPLY_CHANGE_REQUEST" Environment "Apply change requests";
    37 UpdateFeatureEnvironmentVariants "UPDATE_FEATURE_ENVIRONMENT_VARIANTS" Environment "Update variants";
    38 SkipChangeRequest "SKIP_CHANGE_REQUEST" Environment "Skip change request process";
    42 ReadProjectApiToken "READ_PROJECT_API_TOKEN" Project "Read api tokens for a specific project";
    43 CreateProjectApiToken "CREATE_PROJECT_API_TOKEN" Project "Create api tokens for a specific project";
    44 DeleteProjectApiToken "DELETE_PROJECT_API_TOKEN" Project "Delete api tokens for a specific project";
    45 UpdateProjectSegment "UPDATE_PROJECT_SEGMENT" Project "Create/edit project segment";
    50 CreateClientApiToken "CREATE_CLIENT_API_TOKEN" Root "Create Backend tokens";
    51 UpdateClientApiToken "UPDATE_CLIENT_API_TOKEN" Root "Update Backend tokens";
    52 DeleteClientApiToken "DELETE_CLIENT_API_TOKEN" Root "Delete Backend tokens";
    53 ReadClientApiToken "READ_CLIENT_API_TOKEN" Root "Read Backend tokens";
    54 CreateFrontendApiToken "CREATE_FRONTEND_API_TOKEN" Root "Create Frontend tokens";
    55 UpdateFrontendApiToken "UPDATE_FRONTEND_API_TOKEN" Root "Update Frontend tokens";
    56 DeleteFrontendApiToken "DELETE_FRONTEND_API_TOKEN" Root "Delete Frontend tokens";
    57 ReadFrontendApiToken "READ_FRONTEND_API_TOKEN" Root "Read Frontend tokens";
    58 UpdateFeatureDependency "UPDATE_FEATURE_DEPENDENCY" Project "Update feature dependency";
    59 CreateTagType "CREATE_TAG_TYPE" Root "Create tag types";
    60 ProjectUserAccessRead "PROJECT_USER_ACCESS_READ" Project "View only access to Project User Access";
    61 ProjectDefaultStrategyRead "PROJECT_DEFAULT_STRATEGY_READ" Project "View only access to default strategy configuration for project";
    62 ProjectChangeRequestRead "PROJECT_CHANGE_REQUEST_READ" Project "View only access to change request configuration for project";
    63 ProjectSettingsRead "PROJECT_SETTINGS_READ" Project "View only access to project settings";
    64 ProjectUserAccessWrite "PROJECT_USER_ACCESS_WRITE" Project "Write access to Project User Access";
    65 ProjectDefaultStrategyWrite "PROJECT_DEFAULT_STRATEGY_WRITE" Project "Write access to default strategy configuration for project";
    66 ProjectChangeRequestWrite "PROJECT_CHANGE_REQUEST_WRITE" Project "Write access to change request configuration for project";
    67 ProjectSettingsWrite "PROJECT_SETTINGS_WRITE" Project "Write access to project settings";
    70 ReleasePlanTemplateCreate "RELEASE_PLAN_TEMPLATE_CREATE" Root "Create release plan template";
    71 ReleasePlanTemplateUpdate "RELEASE_PLAN_TEMPLATE_UPDATE" Root "Update release plan template";
    72 ReleasePlanTemplateDelete "RELEASE_PLAN_TEMPLATE_DELETE" Root "Delete release plan template";
    73 UpdateMaintenanceMode "UPDATE_MAINTENANCE_MODE" Root "Change maintenance mode state";
    74 UpdateInstanceBanners "UPDATE_INSTANCE_BANNERS" Root "Change instance banners";
    75 UpdateAuthConfiguration "UPDATE_AUTH_CONFIGURATION" Root "Change authentication settings (SSO)";
    76 ReadLogs "READ_LOGS" Root "Read instance logs and login history";
    77 UpdateCors "UPDATE_CORS" Root "Update CORS settings";
    78 UpdateProjectContext "UPDATE_PROJECT_CONTEXT" Project "Create/edit project context";
    79 UpdateProjectReleaseTemplate "UPDATE_PROJECT_RELEASE_TEMPLATE" Project "Create/edit project release template";
}

impl Permission {
    /// The names of the permissions of which one is enough where `any_of` are asked for: ADMIN always is.
    pub fn enough(any_of: &[Self]) -> Vec<&'static str> {
        let admin = (!any_of.contains(&Self::Admin)).then_some(Self::Admin);
        admin.iter().chain(any_of).map(|permission| permission.name()).collect()
    }
}

/// What an operation needs. Types that implement it are made by [`guards!`].
pub trait Guard: Send + Sync + 'static {
    /// Where it must be held.
    type Scope: super::grant::Scope;
    /// Any one of these is enough; [`Permission::Admin`] always is. Empty: every signed-in person may.
    const ANY_OF: &'static [Permission];
    /// True if only SCIM tokens pass.
    const PROVISIONING: bool = false;
}

macro_rules! guards {
    ($($(#[doc = $doc:literal])* $name:ident: $scope:ty = [$($permission:ident),*] $($provisioning:literal)?;)*) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl Guard for $name {
            type Scope = $scope;
            const ANY_OF: &'static [Permission] = &[$(Permission::$permission),*];
            $(const PROVISIONING: bool = $provisioning;)?
        }
    )*};
}

guards! {
    /// Every signed-in person, for what concerns themselves or what everybody may see.
    SignedIn: Root = [];
    /// Administration: users, groups, roles, provisioning.
    Administer: Root = [Admin];
    /// Look at roles.
    ReadRoles: Root = [ReadRole];
    /// Change how people sign in and are provisioned.
    ConfigureAuth: Root = [UpdateAuthConfiguration];
    /// Look at how people sign in, and which web pages get flags.
    SeeSignIn: Root = [UpdateAuthConfiguration, UpdateCors];
    /// See API tokens of at least one type.
    ReadApiTokens: Root = [ReadClientApiToken, ReadFrontendApiToken];
    /// Create API tokens of at least one type.
    CreateApiTokens: Root = [CreateClientApiToken, CreateFrontendApiToken];
    /// Prolong API tokens of at least one type.
    UpdateApiTokens: Root = [UpdateClientApiToken, UpdateFrontendApiToken];
    /// Delete API tokens of at least one type.
    DeleteApiTokens: Root = [DeleteClientApiToken, DeleteFrontendApiToken];
    /// Say who has which role in a project.
    ManageProjectAccess: InProject = [UpdateProject, ProjectUserAccessWrite];
    /// See who has which role in a project.
    ReadProjectAccess: InProject = [UpdateProject, ProjectUserAccessRead];
    /// Look at what is in a project.
    SeeProject: InProject = [];
    /// Look at what is in an environment of a project.
    SeeEnvironment: InEnvironment = [];
    /// Create projects.
    CreateProject: Root = [CreateProject];
    /// Change a project.
    UpdateProject: InProject = [UpdateProject];
    /// Change who sees a project and how flags are named in it.
    UpdateProjectSettings: InProject = [UpdateProject, ProjectSettingsWrite];
    /// Say which strategy a flag gets that is turned on without one.
    UpdateDefaultStrategy: InProject = [UpdateProject, ProjectDefaultStrategyWrite];
    /// See where changes need approval.
    ReadChangeRequestSettings: InProject = [UpdateProject, ProjectChangeRequestRead, ProjectChangeRequestWrite];
    /// Say where changes need approval.
    UpdateChangeRequestSettings: InEnvironment = [UpdateProject, ProjectChangeRequestWrite];
    /// Archive, revive and delete a project.
    DeleteProject: InProject = [DeleteProject];
    /// Create flags.
    CreateFeature: InProject = [CreateFeature];
    /// Change flags.
    UpdateFeature: InProject = [UpdateFeature];
    /// Change a flag that is named without its project.
    UpdateSomeFeature: Somewhere = [UpdateFeature];
    /// Archive and delete flags.
    DeleteFeature: InProject = [DeleteFeature];
    /// Delete a flag that is named without its project.
    DeleteSomeFeature: Somewhere = [DeleteFeature];
    /// Move flags to another project.
    MoveFeature: InProject = [MoveFeatureToggle];
    /// Say on which flags a flag depends.
    UpdateDependency: InProject = [UpdateFeatureDependency];
    /// Turn flags on and off.
    ToggleFeature: InEnvironment = [UpdateFeatureEnvironment];
    /// Turn flags on and off that are named without their projects.
    ToggleSomeFeature: Somewhere = [UpdateFeatureEnvironment];
    /// Add strategies to flags.
    AddStrategy: InEnvironment = [CreateFeatureStrategy];
    /// Change the strategies of flags.
    UpdateStrategy: InEnvironment = [UpdateFeatureStrategy];
    /// Change a strategy that is named without its flag.
    UpdateSomeStrategy: Somewhere = [UpdateFeatureStrategy];
    /// Remove strategies from flags.
    RemoveStrategy: InEnvironment = [DeleteFeatureStrategy];
    /// Change the variants of flags.
    UpdateVariants: InEnvironment = [UpdateFeatureEnvironmentVariants];
    /// Create segments, everywhere or in a project.
    CreateSegment: Somewhere = [CreateSegment, UpdateProjectSegment];
    /// Change segments, those of all projects or of one.
    UpdateSegment: Somewhere = [UpdateSegment, UpdateProjectSegment];
    /// Delete segments, those of all projects or of one.
    DeleteSegment: Somewhere = [DeleteSegment, UpdateProjectSegment];
    /// Create context fields.
    CreateContextField: Root = [CreateContextField];
    /// Change context fields.
    UpdateContextField: Root = [UpdateContextField];
    /// Delete context fields.
    DeleteContextField: Root = [DeleteContextField];
    /// Create context fields of a project.
    CreateProjectContextField: InProject = [CreateContextField, UpdateProjectContext];
    /// Change context fields of a project.
    UpdateProjectContextField: InProject = [UpdateContextField, UpdateProjectContext];
    /// Delete context fields of a project.
    DeleteProjectContextField: InProject = [DeleteContextField, UpdateProjectContext];
    /// Create context fields, everywhere or in a project.
    CreateSomeContextField: Somewhere = [CreateContextField, UpdateProjectContext];
    /// Change a context field that is named without its project.
    UpdateSomeContextField: Somewhere = [UpdateContextField, UpdateProjectContext];
    /// Delete a context field that is named without its project.
    DeleteSomeContextField: Somewhere = [DeleteContextField, UpdateProjectContext];
    /// Create strategy types.
    CreateStrategyType: Root = [CreateStrategy];
    /// Change strategy types.
    UpdateStrategyType: Root = [UpdateStrategy];
    /// Delete strategy types.
    DeleteStrategyType: Root = [DeleteStrategy];
    /// Create tag types.
    CreateTagType: Root = [CreateTagType];
    /// Change tag types.
    UpdateTagType: Root = [UpdateTagType];
    /// Delete tag types.
    DeleteTagType: Root = [DeleteTagType];
    /// See the API tokens that reach a project.
    ReadProjectTokens: InProject = [ReadProjectApiToken];
    /// Create API tokens for one project.
    CreateProjectTokens: InProject = [CreateProjectApiToken];
    /// Delete the API tokens of one project.
    DeleteProjectTokens: InProject = [DeleteProjectApiToken];
    /// Look at who signed in, and who tried to.
    ReadInstanceLogs: Root = [ReadLogs];
    /// Switch maintenance on and off.
    Maintain: Root = [UpdateMaintenanceMode];
    /// See one of the pages about the server.
    SeeInstance: Root = [ReadLogs, UpdateMaintenanceMode, UpdateInstanceBanners];
    /// Write what everybody reads at the top of the page.
    ManageBanners: Root = [UpdateInstanceBanners];
    /// Say which web pages may use the Frontend API.
    ConfigureCors: Root = [UpdateCors];
    /// Write about applications, and forget them.
    UpdateApplication: Root = [UpdateApplication];
    /// Create integrations.
    CreateAddons: Root = [CreateAddon];
    /// Change integrations.
    UpdateAddons: Root = [UpdateAddon];
    /// Delete integrations.
    DeleteAddons: Root = [DeleteAddon];
    /// Create, change and remove the people and groups of one SCIM connection.
    Provision: OnConnection = [] true;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_ids_lead_back_to_the_permission() {
        assert_eq!(Permission::ALL.len(), 65);
        for permission in Permission::ALL {
            assert_eq!(Permission::named(permission.name()), Some(*permission));
            assert_eq!(Permission::with_id(permission.id()), Some(*permission));
        }
    }
}
