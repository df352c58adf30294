//! What somebody sees first: their projects and flags, and whom to ask.

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use schemars::JsonSchema;
use serde::Serialize;

use super::projects::{Onboarding, OwnerView, owner_views, person};
use crate::access::{Granted, SeeProject, SignedIn, admins, reach};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::clock::Time;
use crate::error::Error;
use crate::events::{self, Filter};
use crate::projects::flags;
use crate::projects::summary::{self, Owner, Which};

const TAG: &str = "Projects";
/// As many flags of somebody as are shown.
const FLAGS: i64 = 100;
/// As many events of a project as are shown.
const EVENTS: i64 = 4;

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::GET, "/api/admin/personal-dashboard", "getPersonalDashboard", TAG, get)
        .gives::<Dashboard>(200)
        .add(
            Method::GET,
            "/api/admin/personal-dashboard/{projectId}",
            "getPersonalDashboardProjectDetails",
            TAG,
            project,
        )
        .gives::<Details>(200)
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "personalDashboardSchema")]
struct Dashboard {
    admins: Vec<AdminView>,
    project_owners: Vec<OwnerView>,
    projects: Vec<ProjectView>,
    flags: Vec<FlagView>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "dashboardAdminSchema")]
struct AdminView {
    id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_url: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "dashboardProjectSchema")]
struct ProjectView {
    id: String,
    name: String,
    health: i64,
    technical_debt: i64,
    member_count: i64,
    feature_count: i64,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "dashboardFlagSchema")]
struct FlagView {
    name: String,
    project: String,
    r#type: String,
}

async fn get(grant: Granted<SignedIn>, State(app): State<App>) -> Result<Json<Dashboard>, Problem> {
    let me = grant.person()?;
    let mut tx = app.db.read().await?;
    let sight = grant.sight(&mut tx).await?;
    let mine = summary::of_person(&mut tx, me).await?;
    let members = summary::members(&mut tx, None).await?;
    let visible = summary::list(&mut tx, &sight, Some(me), Which::Living).await?;
    let mut owners = summary::owners(&mut tx, None).await?;
    let mut people: Vec<Owner> = Vec::new();
    for owner in visible.iter().filter_map(|project| owners.remove(&project.id)).flatten() {
        if owner.user_id.is_some() && !people.contains(&owner) {
            people.push(owner);
        }
    }
    let flags = flags::of_person(&mut tx, &sight, me, FLAGS).await?;
    let admins = admins::list(&mut tx).await?;
    Ok(Json(Dashboard {
        admins: admins
            .into_iter()
            .map(|admin| AdminView {
                id: admin.id,
                name: admin.name,
                username: admin.username,
                email: admin.email,
                image_url: admin.image_url,
            })
            .collect(),
        project_owners: people.into_iter().map(OwnerView::from).collect(),
        projects: visible
            .into_iter()
            .filter(|project| mine.contains(&project.id))
            .map(|project| ProjectView {
                health: project.flags.health(),
                technical_debt: project.flags.debt(),
                member_count: members.get(&project.id).copied().unwrap_or_default(),
                feature_count: project.flags.total,
                id: project.id,
                name: project.name,
            })
            .collect(),
        flags: flags
            .into_iter()
            .map(|(name, project, kind)| FlagView { name, project, r#type: kind })
            .collect(),
    }))
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "personalDashboardProjectDetailsSchema")]
struct Details {
    insights: Insights,
    onboarding_status: Onboarding,
    latest_events: Vec<EventView>,
    owners: Vec<OwnerView>,
    roles: Vec<RoleView>,
}

/// Health over time is not kept, so its averages are unknown.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
struct Insights {
    avg_health_current_window: Option<i64>,
    avg_health_past_window: Option<i64>,
    total_flags: i64,
    active_flags: i64,
    stale_flags: i64,
    potentially_stale_flags: i64,
    health: i64,
    technical_debt: i64,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
struct EventView {
    id: i64,
    summary: String,
    created_by: String,
    created_by_image_url: String,
    created_at: Time,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct RoleView {
    id: i64,
    name: String,
    r#type: String,
}

async fn project(grant: Granted<SeeProject>, State(app): State<App>) -> Result<Json<Details>, Problem> {
    let id = &grant.scope().project;
    let mut tx = app.db.read().await?;
    let sight = grant.sight(&mut tx).await?;
    let found = summary::list(&mut tx, &sight, person(&grant), Which::One(id)).await?.pop();
    let summary = found.ok_or_else(|| Error::not_found("No project found"))?;
    let filter = Filter { projects: vec![id.clone()], ..Filter::default() };
    let (events, _) = events::search(&mut tx, &filter, 0, EVENTS).await?;
    let roles = match person(&grant) {
        Some(me) => reach::project_roles(&mut tx, me).await?,
        None => Vec::new(),
    };
    let owners = summary::owners(&mut tx, Some(id)).await?.remove(id);
    let flags = summary.flags;
    Ok(Json(Details {
        insights: Insights {
            avg_health_current_window: None,
            avg_health_past_window: None,
            total_flags: flags.total,
            active_flags: flags.active(),
            stale_flags: flags.stale,
            potentially_stale_flags: flags.potentially_stale,
            health: flags.health(),
            technical_debt: flags.debt(),
        },
        onboarding_status: Onboarding::from(&summary),
        latest_events: events
            .into_iter()
            .map(|record| EventView {
                id: record.id,
                summary: record.summary(),
                created_by: record.created_by,
                created_by_image_url: String::new(),
                created_at: record.created_at,
            })
            .collect(),
        owners: owner_views(owners),
        roles: roles
            .into_iter()
            .filter(|(project, _)| project == id)
            .map(|(_, role)| RoleView { id: role.id, name: role.name, r#type: role.r#type })
            .collect(),
    }))
}
