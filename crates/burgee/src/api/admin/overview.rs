//! What one person may do in one place, permission by permission, and why.

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::groups::GroupItem;
use super::roles::{PermissionView, Role};
use super::users::UserView;
use crate::access::{Administer, Granted, Level, Permission, holdings_of, reach, role};
use crate::api::input::{Id, Query};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::db::Read;
use crate::people::group;
use crate::people::user::{self, User};

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::GET, "/api/admin/user-admin/{id}/permissions", "getUserPermissions", "Users", get)
        .asks(&["project", "environment"])
        .gives::<View>(200)
}

#[derive(Deserialize)]
pub(super) struct Place {
    project: Option<String>,
    environment: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "userAccessOverviewSchema")]
pub(super) struct View {
    overview: Levels,
    user: UserView,
    root_role: Role,
    project_roles: Vec<RoleInProject>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "accessLevelsSchema")]
struct Levels {
    root: Vec<Answer>,
    project: Vec<Answer>,
    environment: Vec<Answer>,
    groups: Vec<GroupItem>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "permissionAnswerSchema")]
struct Answer {
    #[serde(flatten)]
    permission: PermissionView,
    has_permission: bool,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "roleInProjectSchema")]
struct RoleInProject {
    #[serde(flatten)]
    role: Role,
    permissions: Vec<PermissionView>,
}

async fn get(
    _: Granted<Administer>,
    State(app): State<App>,
    Id(id): Id,
    Query(place): Query<Place>,
) -> Result<Json<View>, Problem> {
    let mut tx = app.db.read().await?;
    let user = user::get(&mut tx, id).await?;
    view(&mut tx, user, place).await
}

/// What `user` may do in `place`.
pub(super) async fn view(tx: &mut Read, user: User, place: Place) -> Result<Json<View>, Problem> {
    let id = user.id;
    let held = holdings_of(tx, id).await?;
    let (project, environment) = (place.project.as_deref(), place.environment.as_deref());
    let answers = |level: Level| {
        let asked = Permission::ALL.iter().copied().filter(move |permission| permission.level() == level);
        asked
            .map(|permission| Answer {
                permission: PermissionView::new(
                    permission,
                    place.environment.clone().filter(|_| level == Level::Environment),
                ),
                has_permission: held.any(&[permission], project, environment),
            })
            .collect()
    };
    let levels = Levels {
        root: answers(Level::Root),
        project: answers(Level::Project),
        environment: answers(Level::Environment),
        groups: group::of_user(tx, id).await?.into_iter().map(GroupItem::from).collect(),
    };
    let mut project_roles = Vec::new();
    for (project, role) in reach::project_roles(tx, id).await? {
        if place.project.as_ref().is_none_or(|wanted| *wanted == project) {
            let held = role::held(tx, role.id).await?;
            let permissions = held.into_iter().map(PermissionView::from).collect();
            project_roles.push(RoleInProject { role: Role::within(role, project), permissions });
        }
    }
    let root_role = role::get(tx, user.root_role).await?.into();
    let overview = View { overview: levels, user: UserView::from(&user), root_role, project_roles };
    Ok(Json(overview))
}
