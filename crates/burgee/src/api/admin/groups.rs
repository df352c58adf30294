//! Groups.

use std::collections::{BTreeSet, HashMap};

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::users::UserView;
use crate::access::{Administer, Granted};
use crate::api::input::{Body, Id};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::clock::Time;
use crate::db::Read;
use crate::error::Result;
use crate::people::group::{self, Draft, Group};
use crate::people::membership::{self, Member};
use crate::provisioning::connection::DEFAULT;
use crate::provisioning::{cleanup, locks};

const TAG: &str = "Users";

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::GET, "/api/admin/groups", "getGroups", TAG, list)
        .gives::<Groups>(200)
        .add(Method::POST, "/api/admin/groups", "createGroup", TAG, create)
        .takes::<DraftView>()
        .gives::<GroupView>(201)
        .add(Method::DELETE, "/api/admin/groups/scim-groups", "deleteScimGroups", TAG, delete_scim_groups)
        .add(Method::GET, "/api/admin/groups/{groupId}", "getGroup", TAG, get)
        .gives::<GroupView>(200)
        .add(Method::PUT, "/api/admin/groups/{groupId}", "updateGroup", TAG, update)
        .takes::<DraftView>()
        .gives::<GroupView>(200)
        .add(Method::DELETE, "/api/admin/groups/{groupId}", "deleteGroup", TAG, delete)
}

/// A group without its members.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "groupItemSchema")]
pub(super) struct GroupItem {
    id: i64,
    name: String,
    description: Option<String>,
    #[serde(rename = "mappingsSSO")]
    mappings_sso: Vec<String>,
    root_role: Option<i64>,
    scim_id: Option<String>,
}

impl From<Group> for GroupItem {
    fn from(group: Group) -> Self {
        Self {
            id: group.id,
            name: group.name,
            description: group.description,
            mappings_sso: group.mappings_sso.0,
            root_role: group.root_role,
            scim_id: group.scim_id,
        }
    }
}

/// A group. Members are there unless the request left them alone.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "groupSchema")]
pub(super) struct GroupView {
    #[serde(flatten)]
    item: GroupItem,
    created_by: Option<String>,
    created_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    users: Option<Vec<MemberView>>,
    projects: Vec<String>,
    user_count: i64,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "groupUserModelSchema")]
pub(super) struct MemberView {
    joined_at: Time,
    created_by: Option<String>,
    user: UserView,
}

impl From<Member> for MemberView {
    fn from(member: Member) -> Self {
        Self { joined_at: member.joined_at, created_by: member.added_by, user: UserView::from(&member.user) }
    }
}

impl GroupView {
    fn new(group: Group, projects: Vec<String>, user_count: i64, users: Option<Vec<MemberView>>) -> Self {
        let (created_by, created_at) = (group.created_by.clone(), group.created_at);
        Self { item: group.into(), created_by, created_at, users, projects, user_count }
    }

    async fn of(tx: &mut Read, group: Group, with_users: bool) -> Result<Self> {
        let users = if with_users {
            Some(membership::list(tx, Some(group.id)).await?.into_iter().map(MemberView::from).collect())
        } else {
            None
        };
        let size = membership::size(tx, group.id).await?;
        let projects = group::projects(tx, Some(group.id)).await?.into_iter().map(|(_, project)| project);
        let projects = projects.collect();
        Ok(Self::new(group, projects, size, users))
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "groupsSchema")]
struct Groups {
    groups: Vec<GroupView>,
}

async fn list(_: Granted<Administer>, State(app): State<App>) -> Result<Json<Groups>, Problem> {
    let mut tx = app.db.read().await?;
    let (groups, members, projects) = (
        group::list(&mut tx).await?,
        membership::list(&mut tx, None).await?,
        group::projects(&mut tx, None).await?,
    );
    let mut users: HashMap<i64, Vec<MemberView>> = HashMap::new();
    for member in members {
        users.entry(member.group_id).or_default().push(member.into());
    }
    let mut places: HashMap<i64, Vec<String>> = HashMap::new();
    for (id, project) in projects {
        places.entry(id).or_default().push(project);
    }
    let groups = groups
        .into_iter()
        .map(|group| {
            let users = users.remove(&group.id).unwrap_or_default();
            let projects = places.remove(&group.id).unwrap_or_default();
            let size = i64::try_from(users.len()).unwrap_or(i64::MAX);
            GroupView::new(group, projects, size, Some(users))
        })
        .collect();
    Ok(Json(Groups { groups }))
}

async fn get(_: Granted<Administer>, State(app): State<App>, Id(id): Id) -> Result<Json<GroupView>, Problem> {
    let mut tx = app.db.read().await?;
    let group = group::get(&mut tx, id).await?;
    let view = GroupView::of(&mut tx, group, true).await?;
    Ok(Json(view))
}

/// A group as posted. Members that are left out stay as they are.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "createGroupSchema")]
struct DraftView {
    name: String,
    description: Option<String>,
    #[serde(rename = "mappingsSSO")]
    mappings_sso: Option<Vec<String>>,
    root_role: Option<i64>,
    users: Option<Vec<Listed>>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
struct Listed {
    user: ListedUser,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
struct ListedUser {
    id: i64,
}

impl DraftView {
    fn read(self) -> (Draft, Option<BTreeSet<i64>>) {
        let users = self.users.map(|users| users.into_iter().map(|listed| listed.user.id).collect());
        let draft = Draft {
            name: self.name,
            description: self.description,
            mappings_sso: self.mappings_sso.unwrap_or_default(),
            root_role: self.root_role,
        };
        (draft, users)
    }
}

async fn create(
    grant: Granted<Administer>,
    State(app): State<App>,
    Body(body): Body<DraftView>,
) -> Result<Response, Problem> {
    let (draft, users) = body.read();
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let group = group::create(&mut tx, draft).await?;
    membership::set(&mut tx, &group, &users.unwrap_or_default()).await?;
    let view = GroupView::of(&mut tx, group, true).await?;
    tx.commit().await?;
    let location = format!("{}/api/admin/groups/{}", app.config.base_path(), view.item.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(view)).into_response())
}

async fn update(
    grant: Granted<Administer>,
    State(app): State<App>,
    Id(id): Id,
    Body(body): Body<DraftView>,
) -> Result<Json<GroupView>, Problem> {
    let (draft, users) = body.read();
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let before = group::get(&mut tx, id).await?;
    let after = group::update(&mut tx, id, draft).await?;
    let moved = match &users {
        Some(users) => membership::set(&mut tx, &after, users).await?,
        None => false,
    };
    locks::ensure_group_unlocked(&before, after.name != before.name, moved)?;
    let view = GroupView::of(&mut tx, after, users.is_some()).await?;
    tx.commit().await?;
    Ok(Json(view))
}

async fn delete(grant: Granted<Administer>, State(app): State<App>, Id(id): Id) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    group::delete(&mut tx, id).await?;
    tx.commit().await?;
    Ok(())
}

async fn delete_scim_groups(grant: Granted<Administer>, State(app): State<App>) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    cleanup::groups(&mut tx, DEFAULT).await?;
    tx.commit().await?;
    Ok(())
}
