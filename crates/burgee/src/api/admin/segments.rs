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
use crate::api::input::{Body, Id, Name};
use crate::api::{Problem, Routes};
use crate::app::App;
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
}

impl From<DraftView> for Draft {
    fn from(view: DraftView) -> Self {
        Self {
            name: view.name,
            description: view.description,
            project: view.project,
            constraints: view.constraints.into_iter().map(|view| view.0).collect(),
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
    Ok(Json(segments::get(&mut tx, &sight, id).await?.into()))
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
