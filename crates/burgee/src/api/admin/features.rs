//! Flags: making, reading and describing them.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use burgee_eval::document::Dependency;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::feature_environments::EnvironmentView;
use super::owners::OwnerView;
use crate::access::{CreateFeature, Granted, SeeProject, SignedIn, UpdateFeature};
use crate::api::input::{Body, Flag};
use crate::api::json_patch::Patches;
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::clock::Time;
use crate::error::Error;
use crate::events::Change;
use crate::features::search::{self, Glance, Summary, Tagged};
use crate::features::{self, Author, Detail, Draft, Feature, Stage};
use crate::projects;
use crate::tags::{Tag, of_flags};

const TAG: &str = "Features";

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::GET, "/api/admin/projects/{projectId}/features", "getFeatures", TAG, list)
        .gives::<InProject>(200)
        .add(Method::POST, "/api/admin/projects/{projectId}/features", "createFeature", TAG, create)
        .takes::<NewFeature>()
        .gives::<FeatureView>(201)
        .add(Method::GET, "/api/admin/projects/{projectId}/features/{featureName}", "getFeature", TAG, get)
        .gives::<FeatureView>(200)
        .add(
            Method::PUT,
            "/api/admin/projects/{projectId}/features/{featureName}",
            "updateFeature",
            TAG,
            update,
        )
        .takes::<Changed>()
        .gives::<FeatureView>(200)
        .add(
            Method::PATCH,
            "/api/admin/projects/{projectId}/features/{featureName}",
            "patchFeature",
            TAG,
            patch,
        )
        .takes::<Patches>()
        .gives::<FeatureView>(200)
        .add(Method::POST, "/api/admin/features/validate", "validateFeature", TAG, validate)
        .takes::<Wished>()
}

/// A flag; what surrounds it is there where one flag is asked for.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "featureSchema")]
pub(super) struct FeatureView {
    name: String,
    description: Option<String>,
    r#type: String,
    project: String,
    stale: bool,
    created_at: Time,
    impression_data: bool,
    archived: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    archived_at: Option<Time>,
    #[serde(flatten)]
    around: Option<Around>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
struct Around {
    favorite: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<AuthorView>,
    environments: Vec<EnvironmentView>,
    dependencies: Vec<ParentView>,
    children: Vec<String>,
    links: Vec<LinkView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lifecycle: Option<StageView>,
    collaborators: Collaborators,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<OwnerView>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct ParentView {
    feature: String,
    enabled: bool,
    variants: Vec<String>,
}

impl From<Dependency> for ParentView {
    fn from(parent: Dependency) -> Self {
        Self { feature: parent.feature, enabled: parent.enabled != Some(false), variants: parent.variants }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub(super) struct AuthorView {
    id: i64,
    name: String,
    image_url: String,
}

impl From<Author> for AuthorView {
    fn from(author: Author) -> Self {
        Self { id: author.id, name: author.name, image_url: author.image_url }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct LinkView {
    id: String,
    url: String,
    title: Option<String>,
    feature: String,
}

/// A stage in the life of a flag.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub(super) struct StageView {
    stage: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    entered_stage_at: Time,
}

impl From<Stage> for StageView {
    fn from(stage: Stage) -> Self {
        Self { stage: stage.stage, status: stage.status, entered_stage_at: stage.created_at }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct Collaborators {
    users: Vec<AuthorView>,
}

impl From<Feature> for FeatureView {
    fn from(feature: Feature) -> Self {
        Self {
            name: feature.name,
            description: feature.description,
            r#type: feature.kind,
            project: feature.project,
            stale: feature.stale,
            created_at: feature.created_at,
            impression_data: feature.impression_data,
            archived: feature.archived,
            archived_at: feature.archived_at,
            around: None,
        }
    }
}

impl From<Detail> for FeatureView {
    fn from(detail: Detail) -> Self {
        let around = Around {
            favorite: detail.favorite,
            created_by: detail.author.map(AuthorView::from),
            environments: detail.environments.into_iter().map(EnvironmentView::whole).collect(),
            dependencies: detail.dependencies.into_iter().map(ParentView::from).collect(),
            children: detail.children,
            links: detail
                .links
                .into_iter()
                .map(|link| LinkView {
                    id: link.id,
                    url: link.url,
                    title: link.title,
                    feature: detail.feature.name.clone(),
                })
                .collect(),
            lifecycle: detail.stage.map(StageView::from),
            collaborators: Collaborators {
                users: detail.collaborators.into_iter().map(AuthorView::from).collect(),
            },
            owner: detail.owner.map(OwnerView::from),
        };
        Self { around: Some(around), ..detail.feature.into() }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "projectFeaturesSchema")]
struct InProject {
    version: u8,
    features: Vec<SummaryView>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "projectFeatureSchema")]
struct SummaryView {
    r#type: String,
    description: Option<String>,
    favorite: bool,
    name: String,
    created_at: Time,
    stale: bool,
    impression_data: bool,
    environments: Vec<GlanceView>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<TagView>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "projectFeatureEnvironmentSchema")]
pub(super) struct GlanceView {
    name: String,
    enabled: bool,
    r#type: String,
    sort_order: i64,
    variant_count: usize,
    last_seen_at: Option<Time>,
    has_strategies: bool,
    has_enabled_strategies: bool,
}

impl From<Glance> for GlanceView {
    fn from(glance: Glance) -> Self {
        Self {
            name: glance.environment,
            enabled: glance.enabled,
            r#type: glance.kind,
            sort_order: glance.sort_order,
            variant_count: glance.variants,
            last_seen_at: glance.last_seen_at,
            has_strategies: glance.strategies,
            has_enabled_strategies: glance.enabled_strategies,
        }
    }
}

/// A tag on a flag of a list.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct TagView {
    value: String,
    r#type: String,
    color: Option<String>,
}

impl From<Tagged> for TagView {
    fn from(tagged: Tagged) -> Self {
        Self { value: tagged.tag.value, r#type: tagged.tag.kind, color: tagged.color }
    }
}

impl From<Summary> for SummaryView {
    fn from(summary: Summary) -> Self {
        let feature = summary.feature;
        Self {
            r#type: feature.kind,
            description: feature.description,
            favorite: summary.favorite,
            name: feature.name,
            created_at: feature.created_at,
            stale: feature.stale,
            impression_data: feature.impression_data,
            environments: summary.environments.into_iter().map(GlanceView::from).collect(),
            tags: summary.tags.into_iter().map(TagView::from).collect(),
        }
    }
}

async fn list(grant: Granted<SeeProject>, State(app): State<App>) -> Result<Json<InProject>, Problem> {
    let mut tx = app.db.read().await?;
    let features = search::in_project(&mut tx, &grant.scope().project, grant.person().ok()).await?;
    Ok(Json(InProject { version: 2, features: features.into_iter().map(SummaryView::from).collect() }))
}

async fn get(
    grant: Granted<SeeProject>,
    State(app): State<App>,
    Flag(name): Flag,
) -> Result<Json<FeatureView>, Problem> {
    let mut tx = app.db.read().await?;
    let feature = features::get(&mut tx, &grant.scope().project, &name).await?;
    if feature.archived {
        return Err(Error::not_found(format!("Could not find feature flag with name {name}")).into());
    }
    let detail = features::detail(&mut tx, feature, grant.person().ok()).await?;
    Ok(Json(detail.into()))
}

/// A flag as posted.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "createFeatureSchema")]
struct NewFeature {
    name: String,
    #[serde(default)]
    r#type: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    impression_data: Option<bool>,
    #[serde(default)]
    tags: Option<Vec<NewTag>>,
}

/// A tag as posted.
#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
struct NewTag {
    r#type: String,
    value: String,
}

async fn create(
    grant: Granted<CreateFeature>,
    State(app): State<App>,
    Body(body): Body<NewFeature>,
) -> Result<Response, Problem> {
    let draft = drafted(body.description, body.r#type, body.impression_data);
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let feature = features::create(&mut tx, &app.entropy, &grant.scope().project, &body.name, draft).await?;
    let tags = body.tags.unwrap_or_default().into_iter();
    let tags = tags.map(|tag| Tag::new(tag.r#type, &tag.value)).collect::<Result<Vec<_>, _>>()?;
    if !tags.is_empty() {
        let names = [feature.name.clone()];
        of_flags::retag(&mut tx, &feature.project, &names, tags, Vec::new()).await?;
    }
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(FeatureView::from(feature))).into_response())
}

/// A flag as it is to be; what is left out goes back to how flags begin, as in Unleash.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "updateFeatureSchema")]
struct Changed {
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    r#type: Option<String>,
    #[serde(default)]
    stale: Option<bool>,
    #[serde(default)]
    impression_data: Option<bool>,
}

fn drafted(description: Option<String>, kind: Option<String>, impression_data: Option<bool>) -> Draft {
    Draft {
        description,
        kind: kind.unwrap_or_else(|| "release".to_owned()),
        impression_data: impression_data.unwrap_or_default(),
    }
}

async fn change(
    mut tx: Change,
    grant: &Granted<UpdateFeature>,
    name: &str,
    draft: Draft,
    stale: bool,
) -> Result<Json<FeatureView>, Problem> {
    let project = &grant.scope().project;
    features::update(&mut tx, project, name, draft).await?;
    let feature = features::switch_stale(&mut tx, project, name, stale).await?;
    tx.commit().await?;
    Ok(Json(feature.into()))
}

async fn update(
    grant: Granted<UpdateFeature>,
    State(app): State<App>,
    Flag(name): Flag,
    Body(body): Body<Changed>,
) -> Result<Json<FeatureView>, Problem> {
    let draft = drafted(body.description, body.r#type, body.impression_data);
    let tx = app.db.change(&grant, app.clock.now()).await?;
    change(tx, &grant, &name, draft, body.stale.unwrap_or_default()).await
}

async fn patch(
    grant: Granted<UpdateFeature>,
    State(app): State<App>,
    Flag(name): Flag,
    Body(patches): Body<Patches>,
) -> Result<Json<FeatureView>, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let feature = features::lock(&mut tx, &grant.scope().project, &name).await?;
    let after = patches.apply(json!(FeatureView::from(feature)))?;
    let text = |key: &str| after[key].as_str().map(str::to_owned);
    let draft = drafted(text("description"), text("type"), after["impressionData"].as_bool());
    let stale = matches!(after["stale"], Value::Bool(true));
    change(tx, &grant, &name, draft, stale).await
}

/// A name that somebody thinks of.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "validateFeatureSchema")]
struct Wished {
    name: String,
    #[serde(default)]
    project_id: Option<String>,
}

async fn validate(
    grant: Granted<SignedIn>,
    State(app): State<App>,
    Body(body): Body<Wished>,
) -> Result<(), Problem> {
    features::check_name(&body.name)?;
    let mut tx = app.db.read().await?;
    features::ensure_free(&mut tx, &body.name).await?;
    if let Some(project) = &body.project_id {
        let sight = grant.sight(&mut tx).await?;
        if sight.ensure(&mut tx, project).await.is_ok() {
            projects::ensure_well_named(&mut tx, project, &body.name).await?;
        }
    }
    Ok(())
}
