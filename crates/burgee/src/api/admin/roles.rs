//! Roles and the permissions they can hold.

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::role::{self, Draft, Held};
use crate::access::{Administer, Granted, Level, Permission, ReadRoles, SignedIn};
use crate::api::input::{Body, Id};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::error::{Error, Result};
use crate::projects;

const TAG: &str = "Users";

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::GET, "/api/admin/permissions", "getPermissions", "Auth", permissions)
        .gives::<Permissions>(200)
        .add(Method::GET, "/api/admin/roles", "getRoles", TAG, list)
        .gives::<Roles>(200)
        .add(Method::POST, "/api/admin/roles", "createRole", TAG, create)
        .takes::<DraftView>()
        .gives::<RoleWithVersion>(200)
        .add(Method::POST, "/api/admin/roles/validate", "validateRole", TAG, validate)
        .takes::<DraftView>()
        .add(Method::GET, "/api/admin/roles/{roleId}", "getRoleById", TAG, get)
        .gives::<RoleWithPermissions>(200)
        .add(Method::PUT, "/api/admin/roles/{roleId}", "updateRole", TAG, update)
        .takes::<DraftView>()
        .gives::<RoleWithVersion>(200)
        .add(Method::DELETE, "/api/admin/roles/{roleId}", "deleteRole", TAG, delete)
}

/// A role without its permissions.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "roleSchema")]
pub(in crate::api) struct Role {
    id: i64,
    r#type: String,
    name: String,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<String>,
}

impl From<role::Role> for Role {
    fn from(role: role::Role) -> Self {
        Self {
            id: role.id,
            r#type: role.r#type,
            name: role.name,
            description: role.description,
            project: None,
        }
    }
}

impl Role {
    /// The role as it holds in one project.
    pub(super) fn within(role: role::Role, project: String) -> Self {
        Self { project: Some(project), ..role.into() }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "adminPermissionSchema")]
pub(super) struct PermissionView {
    id: i64,
    name: &'static str,
    display_name: &'static str,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<String>,
}

impl PermissionView {
    pub(super) fn new(permission: Permission, environment: Option<String>) -> Self {
        Self {
            id: permission.id(),
            name: permission.name(),
            display_name: permission.label(),
            r#type: permission.level().as_str(),
            environment,
        }
    }
}

impl From<Held> for PermissionView {
    fn from(held: Held) -> Self {
        Self::new(held.permission, Some(held.environment).filter(|name| !name.is_empty()))
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "adminPermissionsSchema")]
struct Permissions {
    permissions: Catalogue,
    version: u8,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "permissionCatalogueSchema")]
struct Catalogue {
    root: Vec<PermissionView>,
    project: Vec<PermissionView>,
    environments: Vec<EnvironmentPermissions>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "environmentPermissionsSchema")]
struct EnvironmentPermissions {
    name: String,
    permissions: Vec<PermissionView>,
}

async fn permissions(_: Granted<SignedIn>, State(app): State<App>) -> Result<Json<Permissions>, Problem> {
    let mut tx = app.db.read().await?;
    let environments = projects::environments(&mut tx).await?;
    let of = |level: Level| Permission::ALL.iter().copied().filter(move |p| p.level() == level);
    Ok(Json(Permissions {
        permissions: Catalogue {
            root: of(Level::Root).map(|p| PermissionView::new(p, None)).collect(),
            project: of(Level::Project).map(|p| PermissionView::new(p, None)).collect(),
            environments: environments
                .into_iter()
                .map(|name| EnvironmentPermissions {
                    permissions: of(Level::Environment)
                        .map(|p| PermissionView::new(p, Some(name.clone())))
                        .collect(),
                    name,
                })
                .collect(),
        },
        version: 2,
    }))
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "rolesWithVersionSchema")]
struct Roles {
    version: u8,
    roles: Vec<Role>,
}

async fn list(_: Granted<ReadRoles>, State(app): State<App>) -> Result<Json<Roles>, Problem> {
    let mut tx = app.db.read().await?;
    let roles = role::list(&mut tx).await?;
    Ok(Json(Roles { version: 1, roles: roles.into_iter().map(Role::from).collect() }))
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "roleWithPermissionsSchema")]
struct RoleWithPermissions {
    #[serde(flatten)]
    role: Role,
    permissions: Vec<PermissionView>,
}

async fn get(
    _: Granted<ReadRoles>,
    State(app): State<App>,
    Id(id): Id,
) -> Result<Json<RoleWithPermissions>, Problem> {
    let mut tx = app.db.read().await?;
    let (role, held) = (role::get(&mut tx, id).await?, role::held(&mut tx, id).await?);
    let permissions = held.into_iter().map(PermissionView::from).collect();
    Ok(Json(RoleWithPermissions { role: role.into(), permissions }))
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "createRoleWithPermissionsSchema")]
struct DraftView {
    name: String,
    description: Option<String>,
    r#type: Option<Type>,
    permissions: Option<Vec<Named>>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[schemars(inline)]
enum Type {
    #[serde(rename = "root-custom")]
    Root,
    #[serde(rename = "custom")]
    Project,
}

/// A permission by name or, as project roles are posted, by id.
#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
struct Named {
    name: Option<String>,
    id: Option<i64>,
    environment: Option<String>,
}

impl DraftView {
    fn read(self) -> Result<Draft> {
        let mut unknown = Vec::new();
        let mut held = Vec::new();
        for named in self.permissions.unwrap_or_default() {
            let found = match (&named.name, named.id) {
                (Some(name), _) => Permission::named(name),
                (None, Some(id)) => Permission::with_id(id),
                (None, None) => None,
            };
            match found {
                Some(permission) if permission.level() == Level::Environment => {
                    held.push(Held { permission, environment: named.environment.unwrap_or_default() });
                }
                Some(permission) => held.push(Held { permission, environment: String::new() }),
                None => unknown.push(named.name.unwrap_or_else(|| format!("{:?}", named.id))),
            }
        }
        if !unknown.is_empty() {
            return Err(Error::bad_data(format!(
                "Invalid permissions supplied. The following permissions don't exist: {}.",
                unknown.join(", ")
            )));
        }
        Ok(Draft {
            name: self.name,
            description: self.description.unwrap_or_default(),
            in_projects: !matches!(self.r#type, Some(Type::Root)),
            held,
        })
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "roleWithVersionSchema")]
struct RoleWithVersion {
    version: u8,
    roles: Role,
}

async fn create(
    grant: Granted<Administer>,
    State(app): State<App>,
    Body(body): Body<DraftView>,
) -> Result<Json<RoleWithVersion>, Problem> {
    let draft = body.read()?;
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let role = role::create(&mut tx, draft).await?;
    tx.commit().await?;
    Ok(Json(RoleWithVersion { version: 1, roles: role.into() }))
}

async fn validate(
    _: Granted<Administer>,
    State(app): State<App>,
    Body(body): Body<DraftView>,
) -> Result<(), Problem> {
    let draft = body.read()?;
    let mut tx = app.db.read().await?;
    role::check(&mut tx, &draft, None).await?;
    Ok(())
}

async fn update(
    grant: Granted<Administer>,
    State(app): State<App>,
    Id(id): Id,
    Body(body): Body<DraftView>,
) -> Result<Json<RoleWithVersion>, Problem> {
    let draft = body.read()?;
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let role = role::update(&mut tx, id, draft).await?;
    tx.commit().await?;
    Ok(Json(RoleWithVersion { version: 1, roles: role.into() }))
}

async fn delete(grant: Granted<Administer>, State(app): State<App>, Id(id): Id) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    role::delete(&mut tx, id).await?;
    Ok(tx.commit().await?)
}
