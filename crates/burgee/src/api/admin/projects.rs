//! Projects: lists, making, changing, the end of them.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::{CreateProject, DeleteProject, Granted, Origin, SeeProject, SignedIn, UpdateProject};
use crate::api::input::{Body, Query, present};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::clock::Time;
use crate::projects::summary::{self, Owner, Summary, Which};
use crate::projects::{self, Draft, Edit, Mode, favorites};

const TAG: &str = "Projects";

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::GET, "/api/admin/projects", "getProjects", TAG, list)
        .asks(&["archived"])
        .gives::<Projects>(200)
        .add(Method::POST, "/api/admin/projects", "createProject", TAG, create)
        .takes::<NewProject>()
        .gives::<Created>(201)
        .add(Method::POST, "/api/admin/projects/validate", "validateProject", TAG, validate)
        .takes::<ProjectId>()
        .add(Method::PUT, "/api/admin/projects/{projectId}", "updateProject", TAG, update)
        .takes::<ChangedProject>()
        .add(Method::DELETE, "/api/admin/projects/{projectId}", "deleteProject", TAG, delete)
        .add(Method::POST, "/api/admin/projects/archive/{projectId}", "archiveProject", TAG, archive)
        .add(Method::POST, "/api/admin/projects/revive/{projectId}", "reviveProject", TAG, revive)
        .add(Method::POST, "/api/admin/projects/{projectId}/favorites", "addFavoriteProject", TAG, favor)
        .add(
            Method::DELETE,
            "/api/admin/projects/{projectId}/favorites",
            "removeFavoriteProject",
            TAG,
            disfavor,
        )
}

/// The person behind a request; tokens are nobody.
pub(super) fn person<G: crate::access::Guard>(grant: &Granted<G>) -> Option<i64> {
    match grant.actor().origin {
        Origin::User(id) => Some(id),
        _ => None,
    }
}

/// Who sees a project.
#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "projectModeSchema", inline)]
pub(super) enum ModeView {
    Open,
    Protected,
    Private,
}

impl From<Mode> for ModeView {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Open => Self::Open,
            Mode::Protected => Self::Protected,
            Mode::Private => Self::Private,
        }
    }
}

impl From<ModeView> for Mode {
    fn from(mode: ModeView) -> Self {
        match mode {
            ModeView::Open => Self::Open,
            ModeView::Protected => Self::Protected,
            ModeView::Private => Self::Private,
        }
    }
}

/// How far the people of a project have come.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "status", rename_all = "kebab-case")]
#[schemars(rename = "onboardingStatusSchema")]
#[expect(clippy::enum_variant_names, reason = "the wire has these names")]
pub(super) enum Onboarding {
    OnboardingStarted,
    FirstFlagCreated { feature: String },
    Onboarded,
}

impl From<&Summary> for Onboarding {
    fn from(project: &Summary) -> Self {
        match (&project.first_flag, project.last_seen_at) {
            (_, Some(_)) => Self::Onboarded,
            (Some(feature), None) => Self::FirstFlagCreated { feature: feature.clone() },
            (None, None) => Self::OnboardingStarted,
        }
    }
}

/// Who owns a project.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "ownerType", rename_all = "lowercase", rename_all_fields = "camelCase")]
#[schemars(rename = "projectOwnerSchema")]
pub(super) enum OwnerView {
    User { name: String, image_url: Option<String>, email: Option<String> },
    Group { name: String },
    System,
}

impl From<Owner> for OwnerView {
    fn from(owner: Owner) -> Self {
        match owner.user_id {
            Some(_) => Self::User { name: owner.name, image_url: owner.image_url, email: owner.email },
            None => Self::Group { name: owner.name },
        }
    }
}

/// The owners of a project; one that nobody owns is the system's.
pub(super) fn owner_views(owners: Option<Vec<Owner>>) -> Vec<OwnerView> {
    match owners {
        Some(owners) if !owners.is_empty() => owners.into_iter().map(OwnerView::from).collect(),
        _ => vec![OwnerView::System],
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "projectsSchema")]
struct Projects {
    version: u8,
    projects: Vec<ProjectView>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "projectSchema")]
struct ProjectView {
    id: String,
    name: String,
    description: Option<String>,
    health: i64,
    technical_debt: i64,
    feature_count: i64,
    stale_feature_count: i64,
    potentially_stale_feature_count: i64,
    member_count: i64,
    cleanup_count: i64,
    onboarding_status: Onboarding,
    created_at: Time,
    updated_at: Time,
    last_updated_at: Option<Time>,
    archived_at: Option<Time>,
    favorite: bool,
    mode: ModeView,
    default_stickiness: String,
    last_reported_flag_usage: Option<Time>,
    owners: Vec<OwnerView>,
}

impl ProjectView {
    fn new(project: Summary, members: &HashMap<String, i64>, owners: Option<Vec<Owner>>) -> Self {
        Self {
            onboarding_status: Onboarding::from(&project),
            member_count: members.get(&project.id).copied().unwrap_or_default(),
            owners: owner_views(owners),
            id: project.id,
            name: project.name,
            description: project.description,
            health: project.flags.health(),
            technical_debt: project.flags.debt(),
            feature_count: project.flags.total,
            stale_feature_count: project.flags.stale,
            potentially_stale_feature_count: project.flags.potentially_stale,
            cleanup_count: project.completed,
            created_at: project.created_at,
            updated_at: project.updated_at,
            last_updated_at: project.last_event_at,
            archived_at: project.archived_at,
            favorite: project.favorite,
            mode: project.mode.into(),
            default_stickiness: project.default_stickiness,
            last_reported_flag_usage: project.last_seen_at,
        }
    }
}

#[derive(Deserialize)]
struct Asked {
    archived: Option<bool>,
}

async fn list(
    grant: Granted<SignedIn>,
    State(app): State<App>,
    Query(asked): Query<Asked>,
) -> Result<Json<Projects>, Problem> {
    let which = if asked.archived == Some(true) { Which::Archived } else { Which::Living };
    let mut tx = app.db.read().await?;
    let sight = grant.sight(&mut tx).await?;
    let projects = summary::list(&mut tx, &sight, person(&grant), which).await?;
    let members = summary::members(&mut tx, None).await?;
    let mut owners = summary::owners(&mut tx, None).await?;
    let projects = projects
        .into_iter()
        .map(|project| {
            let owners = owners.remove(&project.id);
            ProjectView::new(project, &members, owners)
        })
        .collect();
    Ok(Json(Projects { version: 1, projects }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "createProjectSchema")]
struct NewProject {
    #[schemars(regex(pattern = r"^[A-Za-z0-9_~.-]*$"))]
    id: Option<String>,
    #[schemars(regex(pattern = r"\S"))]
    name: String,
    description: Option<String>,
    mode: Option<ModeView>,
    default_stickiness: Option<String>,
    feature_limit: Option<i64>,
    environments: Option<Vec<String>>,
    change_request_environments: Option<Vec<Approvals>>,
}

/// An environment in which changes need approval.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
struct Approvals {
    name: String,
    #[serde(default = "one")]
    required_approvals: i64,
}

const fn one() -> i64 {
    1
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "projectCreatedSchema")]
struct Created {
    id: String,
    name: String,
    description: Option<String>,
    feature_limit: Option<i64>,
    mode: ModeView,
    default_stickiness: String,
    environments: Vec<String>,
    change_request_environments: Vec<Approvals>,
}

async fn create(
    grant: Granted<CreateProject>,
    State(app): State<App>,
    Body(body): Body<NewProject>,
) -> Result<Response, Problem> {
    let approvals = body.change_request_environments.unwrap_or_default();
    let draft = Draft {
        id: body.id,
        name: body.name,
        description: body.description,
        mode: body.mode.map_or(Mode::Open, Mode::from),
        default_stickiness: body.default_stickiness,
        feature_limit: body.feature_limit,
        environments: body.environments,
        approvals: approvals.into_iter().map(|place| (place.name, place.required_approvals)).collect(),
    };
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let (project, places) = projects::create(&mut tx, draft).await?;
    tx.commit().await?;
    let location = format!("{}/api/admin/projects/{}", app.config.base_path(), project.id);
    let view = Created {
        id: project.id,
        name: project.name,
        description: project.description,
        feature_limit: project.feature_limit,
        mode: project.mode.into(),
        default_stickiness: project.default_stickiness,
        environments: places.iter().map(|place| place.environment.clone()).collect(),
        change_request_environments: places
            .into_iter()
            .filter_map(|place| {
                let required_approvals = place.required_approvals?;
                Some(Approvals { name: place.environment, required_approvals })
            })
            .collect(),
    };
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(view)).into_response())
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "validateProjectSchema")]
struct ProjectId {
    id: String,
}

async fn validate(
    _: Granted<CreateProject>,
    State(app): State<App>,
    Body(body): Body<ProjectId>,
) -> Result<(), Problem> {
    let mut tx = app.db.read().await?;
    projects::ensure_free(&mut tx, &body.id).await?;
    Ok(())
}

/// What is left out stays as it is.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "updateProjectSchema")]
#[expect(clippy::option_option, reason = "null and what is left out differ")]
struct ChangedProject {
    #[schemars(regex(pattern = r"\S"))]
    name: String,
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<String>")]
    description: Option<Option<String>>,
    mode: Option<ModeView>,
    default_stickiness: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<i64>")]
    feature_limit: Option<Option<i64>>,
}

async fn update(
    grant: Granted<UpdateProject>,
    State(app): State<App>,
    Body(body): Body<ChangedProject>,
) -> Result<(), Problem> {
    let edit = Edit {
        name: Some(body.name),
        description: body.description,
        mode: body.mode.map(Mode::from),
        default_stickiness: body.default_stickiness,
        feature_limit: body.feature_limit,
        ..Edit::default()
    };
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    projects::update(&mut tx, &grant.scope().project, edit).await?;
    tx.commit().await?;
    Ok(())
}

async fn delete(grant: Granted<DeleteProject>, State(app): State<App>) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    projects::delete(&mut tx, &grant.scope().project).await?;
    tx.commit().await?;
    Ok(())
}

async fn archive(grant: Granted<DeleteProject>, State(app): State<App>) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    projects::archive(&mut tx, &grant.scope().project).await?;
    tx.commit().await?;
    Ok(())
}

async fn revive(grant: Granted<DeleteProject>, State(app): State<App>) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    projects::revive(&mut tx, &grant.scope().project).await?;
    tx.commit().await?;
    Ok(())
}

async fn favor(grant: Granted<SeeProject>, State(app): State<App>) -> Result<(), Problem> {
    let person = grant.person()?;
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    favorites::add(&mut tx, person, &grant.scope().project).await?;
    tx.commit().await?;
    Ok(())
}

async fn disfavor(grant: Granted<SeeProject>, State(app): State<App>) -> Result<(), Problem> {
    let person = grant.person()?;
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    favorites::remove(&mut tx, person, &grant.scope().project).await?;
    tx.commit().await?;
    Ok(())
}
