//! People, as administrators see them (`/user-admin`).

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::roles::Role;
use crate::access::{Administer, Granted, SignedIn, admins, role};
use crate::api::input::{Body, Id, Query};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::clock::Time;
use crate::db::Read;
use crate::error::{Error, Result};
use crate::people::user::{self, Edit, NewUser, User, check_email};
use crate::people::{account, group, password};
use crate::provisioning::connection::DEFAULT;
use crate::provisioning::{cleanup, locks};

const TAG: &str = "Users";

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::GET, "/api/admin/user-admin", "getUsers", TAG, list)
        .gives::<Users>(200)
        .add(Method::POST, "/api/admin/user-admin", "createUser", TAG, create)
        .takes::<CreateUser>()
        .gives::<UserView>(201)
        .add(Method::GET, "/api/admin/user-admin/search", "searchUsers", TAG, search)
        .asks(&["q"])
        .gives::<Vec<UserView>>(200)
        .add(Method::GET, "/api/admin/user-admin/access", "getBaseUsersAndGroups", TAG, pickers)
        .gives::<Pickers>(200)
        .add(Method::GET, "/api/admin/user-admin/admin-count", "getAdminCount", TAG, admin_count)
        .gives::<AdminCount>(200)
        .add(Method::GET, "/api/admin/user-admin/inactive", "getInactiveUsers", TAG, inactive)
        .gives::<Inactive>(200)
        .add(
            Method::POST,
            "/api/admin/user-admin/inactive/delete",
            "deleteInactiveUsers",
            TAG,
            delete_inactive,
        )
        .takes::<Ids>()
        .add(Method::DELETE, "/api/admin/user-admin/scim-users", "deleteScimUsers", TAG, delete_scim_users)
        .add(Method::GET, "/api/admin/user-admin/{id}", "getUser", TAG, get)
        .gives::<UserView>(200)
        .add(Method::PUT, "/api/admin/user-admin/{id}", "updateUser", TAG, update)
        .takes::<UpdateUser>()
        .gives::<UserView>(200)
        .add(Method::DELETE, "/api/admin/user-admin/{id}", "deleteUser", TAG, delete)
}

/// A user on the wire.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "userSchema")]
pub(in crate::api) struct UserView {
    id: i64,
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    username: Option<String>,
    image_url: String,
    root_role: i64,
    seen_at: Option<Time>,
    created_at: Time,
    account_type: &'static str,
    scim_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invite_link: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_sent: Option<bool>,
    /// Sessions the person has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::api) active_sessions: Option<i64>,
    /// Sessions that a new one has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::api) deleted_sessions: Option<i64>,
}

impl From<&User> for UserView {
    fn from(user: &User) -> Self {
        Self {
            id: user.id,
            name: user.name.clone(),
            email: user.email.clone(),
            username: user.username.clone(),
            image_url: user.image_url.clone().unwrap_or_default(),
            root_role: user.root_role,
            seen_at: user.seen_at,
            created_at: user.created_at,
            account_type: if user.is_service { "Service Account" } else { "User" },
            scim_id: user.scim_id.clone(),
            invite_link: None,
            email_sent: None,
            active_sessions: None,
            deleted_sessions: None,
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "usersSchema")]
struct Users {
    users: Vec<UserView>,
    root_roles: Vec<Role>,
}

async fn list(_: Granted<Administer>, State(app): State<App>) -> Result<Json<Users>, Problem> {
    let mut tx = app.db.read().await?;
    let (users, roles) = (user::list(&mut tx).await?, role::list(&mut tx).await?);
    Ok(Json(Users {
        users: users.iter().map(UserView::from).collect(),
        root_roles: roles.into_iter().filter(role::Role::is_root).map(Role::from).collect(),
    }))
}

/// A root role by number or by name.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
enum RootRole {
    Id(i64),
    Name(String),
}

impl RootRole {
    /// Finds it.
    async fn resolve(&self, tx: &mut Read) -> Result<i64> {
        let role = match self {
            Self::Id(id) => role::root(tx, Some(*id), None).await?,
            Self::Name(name) => role::root(tx, None, Some(name)).await?,
        };
        Ok(role.id)
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "createUserSchema")]
struct CreateUser {
    username: Option<String>,
    email: Option<String>,
    name: Option<String>,
    password: Option<String>,
    root_role: RootRole,
    #[expect(dead_code, reason = "accepted for compatibility; there is no mail server to send with")]
    send_email: Option<bool>,
}

async fn create(
    grant: Granted<Administer>,
    State(app): State<App>,
    Body(body): Body<CreateUser>,
) -> Result<Response, Problem> {
    let email = body.email.filter(|email| !email.is_empty());
    if let Some(email) = &email {
        check_email(email)?;
    }
    let hash = match body.password.filter(|password| !password.is_empty()) {
        Some(password) if password::is_too_long(&password) => {
            return Err(Error::bad_data("The password must be fewer than 128 characters.").into());
        }
        Some(password) => Some(app.passwords.hash(password).await?),
        None => None,
    };
    let now = app.clock.now();
    let mut tx = app.db.change(&grant, now).await?;
    let root_role = body.root_role.resolve(&mut tx).await?;
    let new = NewUser {
        name: body.name,
        username: body.username.filter(|name| !name.is_empty()),
        email,
        root_role,
        password_hash: hash,
        is_service: false,
    };
    let (user, token) = account::open(&mut tx, &app.entropy, new).await?;
    let mut view = UserView::from(&user);
    view.invite_link = token.map(|token| format!("{}/new-user?token={token}", app.config.url()));
    tx.commit().await?;
    view.email_sent = Some(false);
    let location = user.id.to_string();
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(view)).into_response())
}

#[derive(Deserialize)]
struct Search {
    q: Option<String>,
}

async fn search(
    _: Granted<SignedIn>,
    State(app): State<App>,
    Query(query): Query<Search>,
) -> Result<Json<Vec<UserView>>, Problem> {
    let text = query.q.unwrap_or_default();
    if text.chars().count() < 2 {
        return Ok(Json(Vec::new()));
    }
    let mut tx = app.db.read().await?;
    let users = user::search(&mut tx, &text).await?;
    Ok(Json(users.iter().map(UserView::from).collect()))
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "usersGroupsBaseSchema")]
struct Pickers {
    users: Vec<PickedUser>,
    groups: Vec<PickedGroup>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "pickedUserSchema")]
struct PickedUser {
    id: i64,
    name: Option<String>,
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    account_type: &'static str,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "pickedGroupSchema")]
struct PickedGroup {
    id: i64,
    name: String,
    user_count: i64,
}

async fn pickers(_: Granted<SignedIn>, State(app): State<App>) -> Result<Json<Pickers>, Problem> {
    let mut tx = app.db.read().await?;
    let (users, groups) = (user::list(&mut tx).await?, group::sizes(&mut tx).await?);
    let groups = groups
        .into_iter()
        .map(|group| PickedGroup { id: group.id, name: group.name, user_count: group.user_count })
        .collect();
    let users = users
        .into_iter()
        .map(|user| PickedUser {
            id: user.id,
            name: user.name,
            username: user.username,
            email: user.email,
            account_type: if user.is_service { "Service Account" } else { "User" },
        })
        .collect();
    Ok(Json(Pickers { users, groups }))
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "adminCountSchema")]
struct AdminCount {
    password: i64,
    no_password: i64,
    service: i64,
}

async fn admin_count(_: Granted<Administer>, State(app): State<App>) -> Result<Json<AdminCount>, Problem> {
    let mut tx = app.db.read().await?;
    let count = admins::count(&mut tx).await?;
    Ok(Json(AdminCount {
        password: count.with_password,
        no_password: count.without_password,
        service: count.service,
    }))
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "inactiveUsersSchema")]
struct Inactive {
    version: u8,
    inactive_users: Vec<InactiveUser>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "inactiveUserSchema")]
struct InactiveUser {
    id: i64,
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    username: Option<String>,
    seen_at: Option<Time>,
    created_at: Time,
}

async fn inactive(_: Granted<Administer>, State(app): State<App>) -> Result<Json<Inactive>, Problem> {
    let days = app.config.user_inactivity_threshold_in_days;
    let since = app.clock.now().minus(Duration::from_secs(days * 24 * 60 * 60));
    let mut tx = app.db.read().await?;
    let users = user::inactive(&mut tx, since).await?;
    let inactive_users = users
        .into_iter()
        .map(|user| InactiveUser {
            id: user.id,
            name: user.name,
            email: user.email,
            username: user.username,
            seen_at: user.seen_at,
            created_at: user.created_at,
        })
        .collect();
    Ok(Json(Inactive { version: 1, inactive_users }))
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "idsSchema")]
struct Ids {
    ids: Vec<i64>,
}

async fn delete_inactive(
    grant: Granted<Administer>,
    State(app): State<App>,
    Body(body): Body<Ids>,
) -> Result<(), Problem> {
    let me = grant.actor().user_id();
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    user::lock_provisioned(&mut tx, &body.ids).await?;
    for id in body.ids.into_iter().filter(|id| *id != me) {
        user::delete(&mut tx, id).await?;
    }
    tx.commit().await?;
    Ok(())
}

async fn get(_: Granted<Administer>, State(app): State<App>, Id(id): Id) -> Result<Json<UserView>, Problem> {
    let mut tx = app.db.read().await?;
    let user = user::get(&mut tx, id).await?;
    Ok(Json(UserView::from(&user)))
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "updateUserSchema")]
struct UpdateUser {
    email: Option<String>,
    name: Option<String>,
    root_role: Option<RootRole>,
}

async fn update(
    grant: Granted<Administer>,
    State(app): State<App>,
    Id(id): Id,
    Body(body): Body<UpdateUser>,
) -> Result<Json<UserView>, Problem> {
    if let Some(email) = &body.email {
        check_email(email)?;
    }
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let before = user::get(&mut tx, id).await?;
    let root_role = match &body.root_role {
        Some(role) => Some(role.resolve(&mut tx).await?),
        None => None,
    };
    let edit = Edit {
        name: body.name.map(Some).filter(|name| *name != before.name),
        email: body.email.map(Some).filter(|email| *email != before.email),
        root_role,
        ..Edit::default()
    };
    if edit.name.is_some() || edit.email.is_some() {
        locks::ensure_user_unlocked(&mut tx, &before).await?;
    }
    let user = user::update(&mut tx, id, edit).await?;
    tx.commit().await?;
    Ok(Json(UserView::from(&user)))
}

async fn delete(grant: Granted<Administer>, State(app): State<App>, Id(id): Id) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    user::delete(&mut tx, id).await?;
    tx.commit().await?;
    Ok(())
}

async fn delete_scim_users(grant: Granted<Administer>, State(app): State<App>) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    cleanup::users(&mut tx, DEFAULT).await?;
    tx.commit().await?;
    Ok(())
}
