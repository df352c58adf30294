//! The person who asks: what they are, what they may do, their password.

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::groups::GroupItem;
use super::opinions::AskedView;
use super::roles::Role;
use super::users::UserView;
use crate::access::{Granted, Hold, SignedIn, reach, role};
use crate::api::guard::{Cookie, From as CameFrom};
use crate::api::input::{Body, Query};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::error::{Error, Result};
use crate::instance::opinions;
use crate::people::{group, user};
use crate::provisioning::locks;
use crate::provisioning::own_password::{self, Sent};

const TAG: &str = "Users";

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::GET, "/api/admin/user", "getMe", TAG, me)
        .gives::<Me>(200)
        .add(Method::GET, "/api/admin/user/profile", "getProfile", TAG, profile)
        .gives::<Profile>(200)
        .add(Method::POST, "/api/admin/user/change-password", "changeMyPassword", TAG, change_password)
        .takes::<Change>()
        .add(Method::GET, "/api/admin/user/roles", "getUserRoles", TAG, roles)
        .asks(&["projectId"])
        .gives::<Roles>(200)
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "meSchema")]
struct Me {
    user: UserView,
    permissions: Vec<PermissionHeld>,
    feedback: Vec<AskedView>,
    splash: Map<String, Value>,
}

/// A permission and where it holds; without a project or environment, everywhere.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "permissionSchema")]
struct PermissionHeld {
    permission: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<String>,
}

impl From<&Hold> for PermissionHeld {
    fn from(hold: &Hold) -> Self {
        Self {
            permission: hold.permission.name(),
            project: hold.project.clone(),
            environment: hold.environment.clone(),
        }
    }
}

async fn me(grant: Granted<SignedIn>, State(app): State<App>) -> Result<Json<Me>, Problem> {
    let id = grant.person()?;
    let mut tx = app.db.read().await?;
    let user = user::get(&mut tx, id).await?;
    Ok(Json(Me {
        user: UserView::from(&user),
        permissions: grant.held().iter().map(PermissionHeld::from).collect(),
        feedback: opinions::asked(&mut tx, id)
            .await?
            .into_iter()
            .map(|asked| AskedView::new(id, asked))
            .collect(),
        splash: opinions::seen(&mut tx, id).await?.into_iter().map(|name| (name, true.into())).collect(),
    }))
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "profileSchema")]
struct Profile {
    root_role: Role,
    projects: Vec<String>,
    groups: Vec<GroupItem>,
    features: Vec<Value>,
    subscriptions: Vec<String>,
    can_change_password: bool,
}

async fn profile(grant: Granted<SignedIn>, State(app): State<App>) -> Result<Json<Profile>, Problem> {
    let id = grant.person()?;
    let mut tx = app.db.read().await?;
    let user = user::get(&mut tx, id).await?;
    let mut projects: Vec<String> =
        reach::project_roles(&mut tx, id).await?.into_iter().map(|(project, _)| project).collect();
    projects.dedup();
    let locked = locks::ensure_user_unlocked(&mut tx, &user).await.is_err();
    let profile = Profile {
        root_role: role::get(&mut tx, user.root_role).await?.into(),
        projects,
        groups: group::of_user(&mut tx, id).await?.into_iter().map(GroupItem::from).collect(),
        features: Vec::new(),
        subscriptions: opinions::subscriptions(&mut tx, id).await?,
        can_change_password: user.has_password && !locked,
    };
    Ok(Json(profile))
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ownPasswordSchema")]
struct Change {
    password: String,
    old_password: String,
    confirm_password: Option<String>,
}

async fn change_password(
    grant: Granted<SignedIn>,
    State(app): State<App>,
    Cookie(cookie): Cookie,
    CameFrom(origins): CameFrom,
    Body(body): Body<Change>,
) -> Result<(), Problem> {
    if body.confirm_password.is_some_and(|repeated| repeated != body.password) {
        return Err(Error::bad_data("The two passwords differ.").into());
    }
    let sent = Sent { old: &body.old_password, new: &body.password, session: cookie.as_deref() };
    Ok(own_password::change(&app.door(), &grant, &origins, sent).await?)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    project_id: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "rolesSchema")]
struct Roles {
    version: u8,
    roles: Vec<Role>,
}

/// With a project: the roles in it. Without: the root roles.
async fn roles(
    grant: Granted<SignedIn>,
    State(app): State<App>,
    Query(place): Query<Place>,
) -> Result<Json<Roles>, Problem> {
    let id = grant.person()?;
    let mut tx = app.db.read().await?;
    let roles = match place.project_id {
        Some(project) => {
            let held = reach::project_roles(&mut tx, id).await?.into_iter();
            held.filter(|(place, _)| *place == project)
                .map(|(place, role)| Role::within(role, place))
                .collect()
        }
        None => reach::root_roles(&mut tx, id).await?.into_iter().map(Role::from).collect(),
    };
    Ok(Json(Roles { version: 1, roles }))
}
