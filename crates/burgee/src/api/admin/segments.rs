//! Segments.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::constraints::{ConstraintView, UseView};
use super::contexts::NameView;
use crate::access::{CreateSegment, DeleteSegment, Granted, SignedIn, UpdateSegment};
use crate::api::input::{Body, Id, Name, present};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::audience::{self, Audience, By, Census, Tie};
use crate::clock::Time;
use crate::constraints::usage;
use crate::segments::{self, Draft, Segment, Used};

const TAG: &str = "Segments";

pub(super) fn routes() -> Routes {
    use Method as M;
    Routes::default()
        .add(M::GET, "/api/admin/segments", "getSegments", TAG, list)
        .gives::<Segments>(200)
        .add(M::POST, "/api/admin/segments", "createSegment", TAG, create)
        .takes::<DraftView>()
        .gives::<SegmentView>(201)
        .add(M::POST, "/api/admin/segments/validate", "validateSegment", TAG, validate)
        .takes::<NameView>()
        .empty(204)
        .add(
            M::GET,
            "/api/admin/segments/strategies/{strategyId}",
            "getSegmentsByStrategyId",
            TAG,
            of_strategy,
        )
        .gives::<Segments>(200)
        .add(M::GET, "/api/admin/segments/{id}", "getSegment", TAG, get)
        .gives::<SegmentView>(200)
        .add(M::PUT, "/api/admin/segments/{id}", "updateSegment", TAG, update)
        .takes::<DraftView>()
        .empty(204)
        .add(M::DELETE, "/api/admin/segments/{id}", "removeSegment", TAG, delete)
        .empty(204)
        .add(M::GET, "/api/admin/segments/{id}/strategies", "getStrategiesBySegmentId", TAG, strategies)
        .gives::<Strategies>(200)
}

/// A segment. Only lists say how many use it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "adminSegmentSchema")]
struct SegmentView {
    id: i64,
    name: String,
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<String>,
    constraints: Vec<ConstraintView>,
    created_by: String,
    created_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    used_in_projects: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    used_in_features: Option<i64>,
    /// The group that somebody has to be in, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<GroupView>,
}

/// The group of a segment. Only a single segment says how many are in it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "segmentGroupSchema")]
struct GroupView {
    id: i64,
    name: String,
    /// True if the group was removed: the segment matches nobody.
    gone: bool,
    field: String,
    by: By,
    #[serde(skip_serializing_if = "Option::is_none")]
    people: Option<Census>,
}

impl From<Audience> for GroupView {
    fn from(it: Audience) -> Self {
        Self { id: it.id, name: it.name, gone: it.gone, field: it.field, by: it.by, people: None }
    }
}

impl From<Segment> for SegmentView {
    fn from(segment: Segment) -> Self {
        Self {
            id: segment.id,
            name: segment.name,
            description: segment.description,
            project: segment.project,
            constraints: segment.constraints.0.into_iter().map(ConstraintView).collect(),
            created_by: segment.created_by,
            created_at: segment.created_at,
            used_in_projects: None,
            used_in_features: None,
            group: segment.group.get().map(GroupView::from),
        }
    }
}

impl From<Used> for SegmentView {
    fn from(used: Used) -> Self {
        let (projects, features) = (Some(used.projects), Some(used.features));
        Self { used_in_projects: projects, used_in_features: features, ..used.segment.into() }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "segmentsSchema")]
struct Segments {
    segments: Vec<SegmentView>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "upsertSegmentSchema")]
struct DraftView {
    name: String,
    description: Option<String>,
    project: Option<String>,
    constraints: Vec<ConstraintView>,
    /// Left out: as it is. `null`: none.
    #[expect(clippy::option_option, reason = "null and what is left out differ")]
    #[serde(default, deserialize_with = "present")]
    group: Option<Option<GroupDraft>>,
}

/// The group that a segment takes its people from: its id, the context field that is compared (`userId` unless said
/// otherwise), and with which attribute of a member.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "upsertSegmentGroupSchema")]
struct GroupDraft {
    id: i64,
    field: Option<String>,
    by: By,
}

impl From<GroupDraft> for Tie {
    fn from(view: GroupDraft) -> Self {
        Self { group: view.id, field: view.field.unwrap_or_else(|| "userId".to_owned()), by: view.by }
    }
}

impl From<DraftView> for Draft {
    fn from(view: DraftView) -> Self {
        Self {
            name: view.name,
            description: view.description,
            project: view.project,
            constraints: view.constraints.into_iter().map(|view| view.0).collect(),
            group: view.group.map(|group| group.map(Tie::from)),
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "segmentStrategiesSchema")]
struct Strategies {
    strategies: Vec<UseView>,
    change_request_strategies: Vec<UseView>,
}

async fn list(grant: Granted<SignedIn>, State(app): State<App>) -> Result<Json<Segments>, Problem> {
    let mut tx = app.db.read().await?;
    let sight = grant.sight(&mut tx).await?;
    let segments = segments::list(&mut tx, &sight).await?;
    Ok(Json(Segments { segments: segments.into_iter().map(SegmentView::from).collect() }))
}

async fn of_strategy(
    grant: Granted<SignedIn>,
    State(app): State<App>,
    Name(strategy): Name,
) -> Result<Json<Segments>, Problem> {
    let mut tx = app.db.read().await?;
    let sight = grant.sight(&mut tx).await?;
    let segments = segments::of_strategy(&mut tx, &sight, &strategy).await?;
    Ok(Json(Segments { segments: segments.into_iter().map(SegmentView::from).collect() }))
}

async fn get(
    grant: Granted<SignedIn>,
    State(app): State<App>,
    Id(id): Id,
) -> Result<Json<SegmentView>, Problem> {
    let mut tx = app.db.read().await?;
    let sight = grant.sight(&mut tx).await?;
    let mut view = SegmentView::from(segments::get(&mut tx, &sight, id).await?);
    if let Some(group) = &mut view.group {
        group.people = Some(audience::census(&mut tx, id).await?);
    }
    Ok(Json(view))
}

async fn create(
    grant: Granted<CreateSegment>,
    State(app): State<App>,
    Body(body): Body<DraftView>,
) -> Result<Response, Problem> {
    grant.ensure_in(body.project.as_deref(), None)?;
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let sight = grant.sight(&mut tx).await?;
    let segment = segments::create(&mut tx, &sight, body.into()).await?;
    tx.commit().await?;
    let location = format!("{}/api/admin/segments/{}", app.config.base_path(), segment.id);
    let view = SegmentView::from(segment);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(view)).into_response())
}

async fn validate(
    _: Granted<SignedIn>,
    State(app): State<App>,
    Body(body): Body<NameView>,
) -> Result<StatusCode, Problem> {
    segments::ensure_free(&mut app.db.read().await?, &body.name, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes the right to change the segment where it is, and where it is to go.
async fn update(
    grant: Granted<UpdateSegment>,
    State(app): State<App>,
    Id(id): Id,
    Body(body): Body<DraftView>,
) -> Result<StatusCode, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let sight = grant.sight(&mut tx).await?;
    let before = segments::lock(&mut tx, &sight, id).await?;
    for project in [&before.project, &body.project] {
        grant.ensure_in(project.as_deref(), None)?;
    }
    segments::update(&mut tx, &sight, before, body.into()).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn delete(
    grant: Granted<DeleteSegment>,
    State(app): State<App>,
    Id(id): Id,
) -> Result<StatusCode, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let sight = grant.sight(&mut tx).await?;
    let segment = segments::lock(&mut tx, &sight, id).await?;
    grant.ensure_in(segment.project.as_deref(), None)?;
    segments::delete(&mut tx, &segment).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn strategies(
    grant: Granted<SignedIn>,
    State(app): State<App>,
    Id(id): Id,
) -> Result<Json<Strategies>, Problem> {
    let mut tx = app.db.read().await?;
    let sight = grant.sight(&mut tx).await?;
    segments::get(&mut tx, &sight, id).await?;
    let uses = usage::of_segment(&mut tx, &sight, id).await?;
    let strategies = uses.into_iter().map(UseView::from).collect();
    Ok(Json(Strategies { strategies, change_request_strategies: Vec::new() }))
}
