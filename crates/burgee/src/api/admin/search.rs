//! The search for flags.

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::feature_filter::{self, PARAMETERS};
use super::features::{AuthorView, GlanceView, StageView, TagView};
use super::operators;
use crate::access::{Granted, SignedIn};
use crate::api::input::Query;
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::clock::Time;
use crate::features::search::{self, Kinship, Reader, Summary};

/// How many people a list of them has at most.
const PEOPLE: i64 = 1000;

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::GET, "/api/admin/search/features", "searchFeatures", "Search", find)
        .asks(PARAMETERS)
        .gives::<Found>(200)
        .add(Method::GET, "/api/admin/flag-creators", "getFlagCreators", "Search", creators)
        .asks(&["offset", "limit"])
        .gives::<Creators>(200)
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "searchFeaturesSchema")]
struct Found {
    features: Vec<FoundView>,
    total: i64,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "featureSearchResponseSchema")]
struct FoundView {
    r#type: String,
    description: Option<String>,
    project: String,
    favorite: bool,
    name: String,
    created_at: Time,
    stale: bool,
    archived_at: Option<Time>,
    impression_data: bool,
    dependency_type: Option<&'static str>,
    environments: Vec<GlanceView>,
    segments: Vec<String>,
    created_by: AuthorView,
    #[serde(skip_serializing_if = "Option::is_none")]
    lifecycle: Option<StageView>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<TagView>,
}

impl From<Summary> for FoundView {
    fn from(summary: Summary) -> Self {
        let feature = summary.feature;
        Self {
            r#type: feature.kind,
            description: feature.description,
            project: feature.project,
            favorite: summary.favorite,
            name: feature.name,
            created_at: feature.created_at,
            stale: feature.stale,
            archived_at: feature.archived_at,
            impression_data: feature.impression_data,
            dependency_type: summary.kinship.map(|kinship| match kinship {
                Kinship::Parent => "parent",
                Kinship::Child => "child",
            }),
            environments: summary.environments.into_iter().map(GlanceView::from).collect(),
            segments: summary.segments,
            created_by: summary.author.into(),
            lifecycle: summary.stage.map(StageView::from),
            tags: summary.tags.into_iter().map(TagView::from).collect(),
        }
    }
}

async fn find(
    grant: Granted<SignedIn>,
    State(app): State<App>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Json<Found>, Problem> {
    let query = feature_filter::read(&pairs)?;
    let mut tx = app.db.read().await?;
    let reader = Reader { id: grant.person().ok(), sight: grant.sight(&mut tx).await? };
    let (features, total) = search::search(&mut tx, &reader, &query).await?;
    Ok(Json(Found { features: features.into_iter().map(FoundView::from).collect(), total }))
}

#[derive(Deserialize)]
struct Page {
    offset: Option<String>,
    limit: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "flagCreatorsSchema")]
struct Creators {
    flag_creators: Vec<Creator>,
    total: i64,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "flagCreatorSchema")]
struct Creator {
    id: i64,
    name: String,
}

async fn creators(
    grant: Granted<SignedIn>,
    State(app): State<App>,
    Query(page): Query<Page>,
) -> Result<Json<Creators>, Problem> {
    let (offset, limit) = operators::page(page.offset.as_deref(), page.limit.as_deref(), PEOPLE, PEOPLE);
    let mut tx = app.db.read().await?;
    let sight = grant.sight(&mut tx).await?;
    let (authors, total) = search::authors(&mut tx, &sight, offset, limit).await?;
    let creators = authors.into_iter().map(|author| Creator { id: author.id, name: author.name });
    Ok(Json(Creators { flag_creators: creators.collect(), total }))
}
