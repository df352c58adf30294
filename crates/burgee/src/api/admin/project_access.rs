//! Who has which role in a project.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::groups::{GroupItem, MemberView};
use super::roles::Role;
use crate::access::{Administer, Granted, ManageProjectAccess, ReadProjectAccess, role};
use crate::api::input::{Body, Id};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::clock::Time;
use crate::people::{group, membership, user};
use crate::projects::members::{self, Place, Subject};

const TAG: &str = "Projects";

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::GET, "/api/admin/projects/{projectId}/access", "getProjectAccess", TAG, get)
        .gives::<Access>(200)
        .add(Method::POST, "/api/admin/projects/{projectId}/access", "addAccessToProject", TAG, add)
        .takes::<Added>()
        .add(Method::PUT, "/api/admin/projects/{projectId}/access", "setProjectAccess", TAG, replace)
        .takes::<Wanted>()
        .add(
            Method::PUT,
            "/api/admin/projects/{projectId}/users/{userId}/roles",
            "setRolesForUser",
            TAG,
            set_user_roles,
        )
        .takes::<Roles>()
        .add(
            Method::DELETE,
            "/api/admin/projects/{projectId}/users/{userId}/roles",
            "removeUserAccess",
            TAG,
            remove_user,
        )
        .add(
            Method::PUT,
            "/api/admin/projects/{projectId}/groups/{groupId}/roles",
            "setRolesForGroup",
            TAG,
            set_group_roles,
        )
        .takes::<Roles>()
        .add(
            Method::DELETE,
            "/api/admin/projects/{projectId}/groups/{groupId}/roles",
            "removeGroupAccess",
            TAG,
            remove_group,
        )
        .add(Method::GET, "/api/admin/projects/roles/{roleId}/access", "getRoleProjectAccess", TAG, usage)
        .gives::<Usages>(200)
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "projectAccessSchema")]
struct Access {
    roles: Vec<Role>,
    users: Vec<UserInProject>,
    groups: Vec<GroupInProject>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "userWithProjectRoleSchema")]
struct UserInProject {
    id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    username: Option<String>,
    email: Option<String>,
    image_url: Option<String>,
    #[serde(flatten)]
    place: Held,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "groupWithProjectRoleSchema")]
struct GroupInProject {
    #[serde(flatten)]
    item: GroupItem,
    users: Vec<MemberView>,
    created_by: Option<String>,
    created_at: Time,
    #[serde(flatten)]
    place: Held,
}

/// The roles of somebody in the project; `roleId` is the first of them.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
struct Held {
    role_id: i64,
    roles: Vec<i64>,
    added_at: Time,
}

async fn get(grant: Granted<ReadProjectAccess>, State(app): State<App>) -> Result<Json<Access>, Problem> {
    let project = &grant.scope().project;
    let mut tx = app.db.read().await?;
    let mut held: BTreeMap<Subject, Held> = BTreeMap::new();
    for ((subject, role), since) in members::places(&mut tx, project).await? {
        let place = held.entry(subject).or_insert(Held { role_id: role, roles: Vec::new(), added_at: since });
        place.roles.push(role);
        place.added_at = place.added_at.min(since);
    }
    let (mut users, mut groups) = (Vec::new(), Vec::new());
    for (subject, place) in held {
        match subject {
            Subject::User(id) => {
                let user = user::get(&mut tx, id).await?;
                users.push(UserInProject {
                    id,
                    name: user.name,
                    username: user.username,
                    email: user.email,
                    image_url: user.image_url,
                    place,
                });
            }
            Subject::Group(id) => {
                let group = group::get(&mut tx, id).await?;
                groups.push(GroupInProject {
                    users: membership::list(&mut tx, Some(id))
                        .await?
                        .into_iter()
                        .map(MemberView::from)
                        .collect(),
                    created_by: group.created_by.clone(),
                    created_at: group.created_at,
                    item: group.into(),
                    place,
                });
            }
        }
    }
    let roles = role::list(&mut tx).await?.into_iter().filter(|role| !role.is_root());
    let access = Access { roles: roles.map(Role::from).collect(), users, groups };
    Ok(Json(access))
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "projectAddAccessSchema")]
struct Added {
    roles: Vec<i64>,
    groups: Vec<i64>,
    users: Vec<i64>,
}

async fn add(
    grant: Granted<ManageProjectAccess>,
    State(app): State<App>,
    Body(body): Body<Added>,
) -> Result<(), Problem> {
    let subjects: Vec<Subject> = body
        .users
        .into_iter()
        .map(Subject::User)
        .chain(body.groups.into_iter().map(Subject::Group))
        .collect();
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    members::add(&mut tx, grant.held(), &grant.scope().project, &body.roles, &subjects).await?;
    tx.commit().await?;
    Ok(())
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "projectAccessConfigurationSchema")]
struct Wanted {
    roles: Vec<WantedRole>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
struct WantedRole {
    id: i64,
    groups: Option<Vec<i64>>,
    users: Option<Vec<i64>>,
}

async fn replace(
    grant: Granted<ManageProjectAccess>,
    State(app): State<App>,
    Body(body): Body<Wanted>,
) -> Result<(), Problem> {
    let places: BTreeSet<Place> = body
        .roles
        .into_iter()
        .flat_map(|role| {
            let users = role.users.unwrap_or_default().into_iter().map(Subject::User);
            let groups = role.groups.unwrap_or_default().into_iter().map(Subject::Group);
            users.chain(groups).map(move |subject| (subject, role.id))
        })
        .collect();
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    members::replace(&mut tx, grant.held(), &grant.scope().project, places).await?;
    tx.commit().await?;
    Ok(())
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "projectRolesSchema")]
struct Roles {
    roles: Vec<i64>,
}

async fn set(
    grant: Granted<ManageProjectAccess>,
    app: App,
    subject: Subject,
    roles: Option<Vec<i64>>,
) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    members::set(&mut tx, grant.held(), &grant.scope().project, subject, roles.as_deref()).await?;
    tx.commit().await?;
    Ok(())
}

async fn set_user_roles(
    grant: Granted<ManageProjectAccess>,
    State(app): State<App>,
    Id(id): Id,
    Body(body): Body<Roles>,
) -> Result<(), Problem> {
    set(grant, app, Subject::User(id), Some(body.roles)).await
}

async fn remove_user(
    grant: Granted<ManageProjectAccess>,
    State(app): State<App>,
    Id(id): Id,
) -> Result<(), Problem> {
    set(grant, app, Subject::User(id), None).await
}

async fn set_group_roles(
    grant: Granted<ManageProjectAccess>,
    State(app): State<App>,
    Id(id): Id,
    Body(body): Body<Roles>,
) -> Result<(), Problem> {
    set(grant, app, Subject::Group(id), Some(body.roles)).await
}

async fn remove_group(
    grant: Granted<ManageProjectAccess>,
    State(app): State<App>,
    Id(id): Id,
) -> Result<(), Problem> {
    set(grant, app, Subject::Group(id), None).await
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "projectRoleUsageSchema")]
struct Usages {
    projects: Vec<UsageView>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "projectRoleSchema")]
struct UsageView {
    project: String,
    role: i64,
    user_count: i64,
    service_account_count: i64,
    group_count: i64,
}

async fn usage(_: Granted<Administer>, State(app): State<App>, Id(id): Id) -> Result<Json<Usages>, Problem> {
    let mut tx = app.db.read().await?;
    let usage = members::usage(&mut tx, id).await?;
    let projects = usage
        .into_iter()
        .map(|usage| UsageView {
            project: usage.project,
            role: id,
            user_count: usage.users,
            service_account_count: usage.services,
            group_count: usage.groups,
        })
        .collect();
    Ok(Json(Usages { projects }))
}
