//! What a connection has to say about roles: settings, rules about groups, and what a change of them would do.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::{Administer, ConfigureAuth, Granted};
use crate::api::input::{Body, Id};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::db::Read;
use crate::error::{Error, Result as Outcome};
use crate::provisioning::connection::{self, Connection, RootConflict};
use crate::provisioning::giving::{self, Effect, Grant, Group, Listed, Mapping, Named, Rule};

const TAG: &str = "Provisioning";

pub(super) fn routes() -> Routes {
    const ROLES: &str = "/api/admin/provisioning/connections/{id}/roles";
    const PREVIEW: &str = "/api/admin/provisioning/connections/{id}/roles/preview";
    Routes::default()
        .add(Method::GET, ROLES, "getConnectionRoles", TAG, get)
        .gives::<RolesView>(200)
        .add(Method::PUT, ROLES, "updateConnectionRoles", TAG, update)
        .takes::<ChangedRoles>()
        .gives::<RolesView>(200)
        .add(Method::POST, PREVIEW, "previewConnectionRoles", TAG, preview)
        .takes::<ChangedRoles>()
        .gives::<EffectView>(200)
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "connectionRolesSchema")]
struct RolesView {
    /// Whether `roles` and `entitlements` of users count.
    heeds_roles: bool,
    /// The root role of newcomers.
    usual_role: i64,
    root_conflict: RootConflict,
    /// Whether the connection may make admins.
    gives_admin: bool,
    rules: Vec<RuleView>,
    /// The version of the connection.
    version: i64,
}

/// What being in a group gives.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "connectionRoleRuleSchema")]
struct RuleView {
    id: i64,
    display_name: Option<String>,
    external_id: Option<String>,
    root_role: Option<i64>,
    project_roles: Vec<InProject>,
    /// The group here, if it was pushed.
    group_id: Option<i64>,
    members: i64,
}

/// A role in a project.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "connectionProjectRoleSchema")]
struct InProject {
    project: String,
    role: i64,
}

impl RuleView {
    fn of(it: &Listed, sizes: &BTreeMap<i64, i64>) -> Self {
        let (display_name, external_id) = match &it.rule.group {
            Group::Name(name) => (Some(name.clone()), None),
            Group::External(id) => (None, Some(id.clone())),
        };
        let in_projects = it.rule.in_projects();
        let in_projects = in_projects.map(|(project, role)| InProject { project: project.to_owned(), role });
        let group_id = it.group.as_ref().map(|(id, _)| *id);
        Self {
            id: it.id,
            display_name,
            external_id,
            root_role: it.rule.root(),
            project_roles: in_projects.collect(),
            members: group_id.and_then(|id| sizes.get(&id)).copied().unwrap_or_default(),
            group_id,
        }
    }
}

async fn view(tx: &mut Read, id: i64) -> Outcome<RolesView> {
    let Connection { giving, version, .. } = connection::get(tx, id).await?;
    let rules = giving::rules(tx, id).await?;
    let sizes = giving::sizes(tx, id).await?;
    Ok(RolesView {
        heeds_roles: giving.heeds_roles,
        usual_role: giving.usual_role,
        root_conflict: giving.root_conflict,
        gives_admin: giving.gives_admin,
        rules: rules.iter().map(|it| RuleView::of(it, &sizes)).collect(),
        version,
    })
}

async fn get(
    _: Granted<ConfigureAuth>,
    State(app): State<App>,
    Id(id): Id,
) -> Result<Json<RolesView>, Problem> {
    Ok(Json(view(&mut app.db.read().await?, id).await?))
}

/// What changes. What is left out stays as it is; `rules` are all there are afterwards.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "updateConnectionRolesSchema")]
struct ChangedRoles {
    heeds_roles: Option<bool>,
    usual_role: Option<i64>,
    root_conflict: Option<RootConflict>,
    gives_admin: Option<bool>,
    rules: Option<Vec<NewRule>>,
    /// The version that was looked at: if the connection has another one by now, nothing changes.
    version: Option<i64>,
}

/// A rule: one of `displayName` and `externalId` names the group, which need not be there yet.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "newConnectionRoleRuleSchema")]
struct NewRule {
    display_name: Option<String>,
    external_id: Option<String>,
    root_role: Option<i64>,
    #[serde(default)]
    project_roles: Vec<InProject>,
}

impl NewRule {
    fn read(self) -> Outcome<Rule> {
        let group = match (self.display_name, self.external_id) {
            (Some(name), None) => Group::Name(name),
            (None, Some(id)) => Group::External(id),
            _ => {
                return Err(Error::bad_data(
                    "A rule is about one group: give either its \"displayName\" or its \"externalId\".",
                ));
            }
        };
        let in_projects = self.project_roles.into_iter();
        let in_projects = in_projects.map(|it| Grant { project: Some(it.project), role: it.role });
        let root = self.root_role.map(|role| Grant { project: None, role });
        Ok(Rule { group, grants: root.into_iter().chain(in_projects).collect() })
    }
}

impl ChangedRoles {
    fn over(self, mut mapping: Mapping) -> Outcome<Mapping> {
        let giving = &mut mapping.giving;
        giving.heeds_roles = self.heeds_roles.unwrap_or(giving.heeds_roles);
        giving.usual_role = self.usual_role.unwrap_or(giving.usual_role);
        giving.root_conflict = self.root_conflict.unwrap_or(giving.root_conflict);
        giving.gives_admin = self.gives_admin.unwrap_or(giving.gives_admin);
        if let Some(rules) = self.rules {
            mapping.rules = rules.into_iter().map(NewRule::read).collect::<Outcome<_>>()?;
        }
        Ok(mapping)
    }
}

/// Whoever writes rules gives roles: that takes an admin.
async fn update(
    grant: Granted<Administer>,
    State(app): State<App>,
    Id(id): Id,
    Body(body): Body<ChangedRoles>,
) -> Result<Json<RolesView>, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let version = body.version;
    // What is left out stays as it is: nobody may change that between.
    connection::lock(&mut tx, id).await?;
    let (now, _) = giving::mapping(&mut tx, id).await?;
    giving::save(&mut tx, id, version, &body.over(now)?).await?;
    let after = view(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(after))
}

/// What a change would do to people.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "connectionRolesEffectSchema")]
struct EffectView {
    /// How many people would gain something.
    gaining: usize,
    /// How many people would lose something.
    losing: usize,
    /// The first hundred of those for whom something would change.
    people: Vec<PersonView>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "connectionRolesPersonSchema")]
struct PersonView {
    id: i64,
    name: String,
    gains: Vec<RoleView>,
    loses: Vec<RoleView>,
}

/// A role; without a project it is a root role.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "connectionGivenRoleSchema")]
struct RoleView {
    id: i64,
    name: String,
    project: Option<String>,
}

impl From<Named> for RoleView {
    fn from(it: Named) -> Self {
        Self { id: it.grant.role, name: it.role, project: it.grant.project }
    }
}

impl From<Effect> for EffectView {
    fn from(it: Effect) -> Self {
        let roles = |list: Vec<Named>| list.into_iter().map(RoleView::from).collect();
        let people = it.people.into_iter().map(|it| PersonView {
            id: it.user,
            name: it.name,
            gains: roles(it.gains),
            loses: roles(it.loses),
        });
        Self { gaining: it.gaining, losing: it.losing, people: people.collect() }
    }
}

/// Everything is computed inside a change that is undone: it takes whoever may make it.
async fn preview(
    grant: Granted<Administer>,
    State(app): State<App>,
    Id(id): Id,
    Body(body): Body<ChangedRoles>,
) -> Result<Json<EffectView>, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let version = body.version;
    connection::lock(&mut tx, id).await?;
    let (now, _) = giving::mapping(&mut tx, id).await?;
    let effect = giving::preview(tx, id, version, &body.over(now)?).await?;
    Ok(Json(effect.into()))
}
