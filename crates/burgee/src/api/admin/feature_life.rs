//! What becomes of flags: copied, moved, completed, marked as stale, archived, revived, deleted.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::features::{FeatureView, StageView};
use crate::access::{
    CreateFeature, DeleteFeature, DeleteSomeFeature, Granted, MoveFeature, SeeProject, SignedIn,
    UpdateFeature, UpdateSomeFeature,
};
use crate::api::input::{Body, Flag};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::error::Error;
use crate::features::lifecycle::{self, Outcome};
use crate::features::{self, dependency};

const TAG: &str = "Features";
const ARCHIVE: &str = "Archive";

macro_rules! project {
    ($rest:literal) => {
        concat!("/api/admin/projects/{projectId}", $rest)
    };
}

macro_rules! flag {
    ($rest:literal) => {
        concat!("/api/admin/projects/{projectId}/features/{featureName}", $rest)
    };
}
pub(super) use flag;

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::DELETE, flag!(""), "archiveFeature", TAG, archive)
        .empty(202)
        .add(Method::POST, project!("/archive"), "archiveFeatures", TAG, archive_all)
        .takes::<Batch>()
        .empty(202)
        .add(Method::POST, project!("/archive/validate"), "validateArchiveFeatures", TAG, validate)
        .takes::<Batch>()
        .gives::<AtStake>(200)
        .add(Method::POST, project!("/revive"), "reviveFeatures", ARCHIVE, revive_all)
        .takes::<Batch>()
        .add(Method::POST, project!("/delete"), "deleteFeatures", ARCHIVE, delete_all)
        .takes::<Batch>()
        .add(Method::POST, "/api/admin/archive/revive/{featureName}", "reviveFeature", ARCHIVE, revive)
        .add(Method::DELETE, "/api/admin/archive/{featureName}", "deleteFeature", ARCHIVE, delete)
        .add(Method::POST, project!("/stale"), "staleFeatures", TAG, mark_stale)
        .takes::<Marked>()
        .empty(202)
        .add(Method::POST, flag!("/clone"), "cloneFeature", TAG, copy)
        .takes::<Copied>()
        .gives::<FeatureView>(201)
        .add(Method::POST, flag!("/changeProject"), "changeProject", TAG, relocate)
        .takes::<Moved>()
        .add(Method::GET, flag!("/lifecycle"), "getFeatureLifecycle", TAG, history)
        .gives::<Vec<StageView>>(200)
        .add(Method::POST, flag!("/lifecycle/complete"), "complete", TAG, complete)
        .takes::<Completed>()
        .add(Method::POST, flag!("/lifecycle/uncomplete"), "uncomplete", TAG, uncomplete)
        .add(Method::GET, "/api/admin/lifecycle/count", "getFeatureLifecycleStageCount", TAG, counts)
        .gives::<Counts>(200)
}

/// Flags of one project.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "batchFeaturesSchema")]
struct Batch {
    features: Vec<String>,
}

async fn archive(
    grant: Granted<DeleteFeature>,
    State(app): State<App>,
    Flag(name): Flag,
) -> Result<StatusCode, Problem> {
    let project = &grant.scope().project;
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    features::get(&mut tx, project, &name).await?;
    features::ensure_direct(&mut tx, &grant, project).await?;
    features::archive(&mut tx, project, &[name]).await?;
    tx.commit().await?;
    Ok(StatusCode::ACCEPTED)
}

async fn archive_all(
    grant: Granted<DeleteFeature>,
    State(app): State<App>,
    Body(body): Body<Batch>,
) -> Result<StatusCode, Problem> {
    let project = &grant.scope().project;
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    features::ensure_direct(&mut tx, &grant, project).await?;
    features::archive(&mut tx, project, &body.features).await?;
    tx.commit().await?;
    Ok(StatusCode::ACCEPTED)
}

/// What archiving flags would break.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "validateArchiveFeaturesSchema")]
struct AtStake {
    /// Flags on which others depend: they cannot be archived.
    parents_with_child_features: Vec<String>,
    /// Whether some of the flags would no longer depend on others.
    has_deleted_dependencies: bool,
}

async fn validate(
    grant: Granted<DeleteFeature>,
    State(app): State<App>,
    Body(body): Body<Batch>,
) -> Result<Json<AtStake>, Problem> {
    let mut tx = app.db.read().await?;
    let (parents_with_child_features, has_deleted_dependencies) =
        dependency::at_stake(&mut tx, &grant.scope().project, &body.features).await?;
    Ok(Json(AtStake { parents_with_child_features, has_deleted_dependencies }))
}

async fn revive_all(
    grant: Granted<UpdateFeature>,
    State(app): State<App>,
    Body(body): Body<Batch>,
) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    features::revive(&mut tx, &grant.scope().project, &body.features).await?;
    tx.commit().await?;
    Ok(())
}

async fn delete_all(
    grant: Granted<DeleteFeature>,
    State(app): State<App>,
    Body(body): Body<Batch>,
) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    features::delete(&mut tx, &grant.scope().project, &body.features).await?;
    tx.commit().await?;
    Ok(())
}

async fn revive(
    grant: Granted<UpdateSomeFeature>,
    State(app): State<App>,
    Flag(name): Flag,
) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let project = features::seen_home(&mut tx, &grant, &name).await?;
    let project = project.ok_or_else(|| Error::not_found("No feature flag found"))?;
    features::revive(&mut tx, &project, &[name]).await?;
    tx.commit().await?;
    Ok(())
}

/// A flag that is not there is gone already.
async fn delete(
    grant: Granted<DeleteSomeFeature>,
    State(app): State<App>,
    Flag(name): Flag,
) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    if let Some(project) = features::seen_home(&mut tx, &grant, &name).await? {
        features::delete(&mut tx, &project, &[name]).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Flags of one project, and whether they are stale.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "batchStaleSchema")]
struct Marked {
    features: Vec<String>,
    stale: bool,
}

async fn mark_stale(
    grant: Granted<UpdateFeature>,
    State(app): State<App>,
    Body(body): Body<Marked>,
) -> Result<StatusCode, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    features::mark_stale(&mut tx, &grant.scope().project, &body.features, body.stale).await?;
    tx.commit().await?;
    Ok(StatusCode::ACCEPTED)
}

/// The copy of a flag.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "cloneFeatureSchema")]
struct Copied {
    name: String,
    #[serde(default)]
    replace_group_id: Option<bool>,
}

async fn copy(
    grant: Granted<CreateFeature>,
    State(app): State<App>,
    Flag(source): Flag,
    Body(body): Body<Copied>,
) -> Result<Response, Problem> {
    let source = (grant.scope().project.as_str(), source.as_str());
    let regroup = body.replace_group_id.unwrap_or(true);
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let feature = features::copy(&mut tx, &grant, &app.entropy, source, &body.name, regroup).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(FeatureView::from(feature))).into_response())
}

/// Where a flag is to live.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "changeProjectSchema")]
struct Moved {
    new_project_id: String,
}

async fn relocate(
    grant: Granted<MoveFeature>,
    State(app): State<App>,
    Flag(name): Flag,
    Body(body): Body<Moved>,
) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    grant.sight(&mut tx).await?.ensure(&mut tx, &body.new_project_id).await?;
    features::relocate(&mut tx, &grant, &grant.scope().project, &name, &body.new_project_id).await?;
    tx.commit().await?;
    Ok(())
}

async fn history(
    grant: Granted<SeeProject>,
    State(app): State<App>,
    Flag(name): Flag,
) -> Result<Json<Vec<StageView>>, Problem> {
    let mut tx = app.db.read().await?;
    let stages = lifecycle::history(&mut tx, &grant.scope().project, &name).await?;
    Ok(Json(stages.into_iter().map(StageView::from).collect()))
}

/// What became of a flag.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "featureLifecycleCompletedSchema")]
struct Completed {
    status: Outcome,
    #[serde(default)]
    status_value: Option<String>,
}

async fn complete(
    grant: Granted<UpdateFeature>,
    State(app): State<App>,
    Flag(name): Flag,
    Body(body): Body<Completed>,
) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    lifecycle::complete(&mut tx, &grant.scope().project, &name, body.status, body.status_value).await?;
    tx.commit().await?;
    Ok(())
}

async fn uncomplete(
    grant: Granted<UpdateFeature>,
    State(app): State<App>,
    Flag(name): Flag,
) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    lifecycle::uncomplete(&mut tx, &grant.scope().project, &name).await?;
    tx.commit().await?;
    Ok(())
}

/// How many flags are at each stage.
#[derive(Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "featureLifecycleCountSchema")]
struct Counts {
    initial: i64,
    pre_live: i64,
    live: i64,
    completed: i64,
    archived: i64,
}

async fn counts(grant: Granted<SignedIn>, State(app): State<App>) -> Result<Json<Counts>, Problem> {
    let mut tx = app.db.read().await?;
    let sight = grant.sight(&mut tx).await?;
    let mut counts = Counts::default();
    for (stage, count) in lifecycle::counts(&mut tx, &sight).await? {
        *match stage.as_str() {
            "initial" => &mut counts.initial,
            "pre-live" => &mut counts.pre_live,
            "live" => &mut counts.live,
            "completed" => &mut counts.completed,
            _ => &mut counts.archived,
        } = count;
    }
    Ok(Json(counts))
}
