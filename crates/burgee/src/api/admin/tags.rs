//! Tags, and the tags of flags.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::{Granted, InProject, SignedIn, UpdateFeature, UpdateSomeFeature};
use crate::api::input::{Body, Name, Names};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::error::Result as Checked;
use crate::events::Change;
use crate::tags::of_flags::{self, Coloured};
use crate::tags::{self, Tag};

const TAG: &str = "Tags";
const FEATURES: &str = "Features";

/// What a colour looks like.
pub(super) const COLOUR: &str = "^#[0-9A-Fa-f]{6}$";

pub(super) fn routes() -> Routes {
    use Method as M;
    Routes::default()
        .add(M::GET, "/api/admin/tags", "getTags", TAG, list)
        .gives::<Tags>(200)
        .add(M::POST, "/api/admin/tags", "createTag", TAG, create)
        .takes::<TagView>()
        .gives::<OneTag>(201)
        .add(M::GET, "/api/admin/tags/{type}", "getTagsByType", TAG, by_type)
        .gives::<Tags>(200)
        .add(M::GET, "/api/admin/tags/{type}/{value}", "getTag", TAG, get)
        .gives::<OneTag>(200)
        .add(M::DELETE, "/api/admin/tags/{type}/{value}", "deleteTag", TAG, delete)
        .add(M::GET, "/api/admin/features/{featureName}/tags", "listTags", FEATURES, of_flag)
        .gives::<Tags>(200)
        .add(M::POST, "/api/admin/features/{featureName}/tags", "addTag", FEATURES, add)
        .takes::<TagView>()
        .gives::<TagView>(201)
        .add(M::PUT, "/api/admin/features/{featureName}/tags", "updateTags", FEATURES, update)
        .takes::<Retagging>()
        .gives::<Tags>(200)
        .add(
            M::DELETE,
            "/api/admin/features/{featureName}/tags/{type}/{value}",
            "removeTag",
            FEATURES,
            remove,
        )
        .add(M::PUT, "/api/admin/projects/{projectId}/tags", "addTagToFeatures", TAG, update_many)
        .takes::<BulkRetagging>()
}

/// A tag; those of flags come in the colour of their type.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "tagSchema")]
struct TagView {
    value: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = COLOUR))]
    color: Option<String>,
}

impl From<Tag> for TagView {
    fn from(tag: Tag) -> Self {
        Self { value: tag.value, kind: tag.r#type, color: None }
    }
}

impl From<Coloured> for TagView {
    fn from(coloured: Coloured) -> Self {
        Self { color: coloured.color, ..coloured.tag.into() }
    }
}

impl TagView {
    fn read(self) -> Checked<Tag> {
        Tag::new(self.kind, &self.value)
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "tagsSchema")]
struct Tags {
    version: u8,
    tags: Vec<TagView>,
}

impl<T: Into<TagView>> FromIterator<T> for Tags {
    fn from_iter<I: IntoIterator<Item = T>>(tags: I) -> Self {
        Self { version: 1, tags: tags.into_iter().map(Into::into).collect() }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "tagWithVersionSchema")]
struct OneTag {
    version: u8,
    tag: TagView,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "updateTagsSchema")]
struct Retagging {
    added_tags: Vec<TagView>,
    removed_tags: Vec<TagView>,
}

impl Retagging {
    async fn apply(self, tx: &mut Change, project: &str, features: &[String]) -> Checked<()> {
        let added = self.added_tags.into_iter().map(TagView::read).collect::<Checked<_>>()?;
        let removed = self.removed_tags.into_iter().map(TagView::read).collect::<Checked<_>>()?;
        of_flags::retag(tx, project, features, added, removed).await?;
        Ok(())
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "tagsBulkAddSchema")]
struct BulkRetagging {
    features: Vec<String>,
    tags: Retagging,
}

async fn list(_: Granted<SignedIn>, State(app): State<App>) -> Result<Json<Tags>, Problem> {
    Ok(Json(tags::list(&mut app.db.read().await?).await?.into_iter().collect()))
}

async fn by_type(
    _: Granted<SignedIn>,
    State(app): State<App>,
    Name(kind): Name,
) -> Result<Json<Tags>, Problem> {
    Ok(Json(tags::by_type(&mut app.db.read().await?, &kind).await?.into_iter().collect()))
}

async fn get(
    _: Granted<SignedIn>,
    State(app): State<App>,
    Names([kind, value]): Names<2>,
) -> Result<Json<OneTag>, Problem> {
    let tag = tags::get(&mut app.db.read().await?, &kind, &value).await?;
    Ok(Json(OneTag { version: 1, tag: tag.into() }))
}

async fn create(
    grant: Granted<SignedIn>,
    State(app): State<App>,
    Body(body): Body<TagView>,
) -> Result<Response, Problem> {
    let tag = body.read()?;
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    tags::create(&mut tx, &tag).await?;
    tx.commit().await?;
    let value = utf8_percent_encode(&tag.value, NON_ALPHANUMERIC);
    let location = format!("{}/api/admin/tags/{}/{value}", app.config.base_path(), tag.r#type);
    let view = OneTag { version: 1, tag: tag.into() };
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(view)).into_response())
}

async fn delete(
    grant: Granted<UpdateSomeFeature>,
    State(app): State<App>,
    Names([kind, value]): Names<2>,
) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    tags::delete(&mut tx, &grant, &kind, &value).await?;
    tx.commit().await?;
    Ok(())
}

async fn of_flag(
    grant: Granted<SignedIn>,
    State(app): State<App>,
    Name(feature): Name,
) -> Result<Json<Tags>, Problem> {
    let mut tx = app.db.read().await?;
    let sight = grant.sight(&mut tx).await?;
    of_flags::project_of(&mut tx, &sight, &feature).await?;
    Ok(Json(of_flags::list(&mut tx, &feature).await?.into_iter().collect()))
}

/// The project of a flag whose tags the caller may change.
async fn changeable(tx: &mut Change, grant: &Granted<UpdateSomeFeature>, feature: &str) -> Checked<String> {
    let sight = grant.sight(tx).await?;
    let project = of_flags::project_of(tx, &sight, feature).await?;
    grant.ensure_in(Some(&project), None)?;
    Ok(project)
}

async fn add(
    grant: Granted<UpdateSomeFeature>,
    State(app): State<App>,
    Name(feature): Name,
    Body(body): Body<TagView>,
) -> Result<Response, Problem> {
    let tag = body.read()?;
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let project = changeable(&mut tx, &grant, &feature).await?;
    of_flags::retag(&mut tx, &project, std::slice::from_ref(&feature), vec![tag.clone()], Vec::new()).await?;
    tx.commit().await?;
    let feature = utf8_percent_encode(&feature, NON_ALPHANUMERIC);
    let location = format!("{}/api/admin/features/{feature}/tags", app.config.base_path());
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(TagView::from(tag))).into_response())
}

async fn update(
    grant: Granted<UpdateSomeFeature>,
    State(app): State<App>,
    Name(feature): Name,
    Body(body): Body<Retagging>,
) -> Result<Json<Tags>, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let project = changeable(&mut tx, &grant, &feature).await?;
    body.apply(&mut tx, &project, std::slice::from_ref(&feature)).await?;
    let tags = of_flags::list(&mut tx, &feature).await?.into_iter().collect();
    tx.commit().await?;
    Ok(Json(tags))
}

async fn remove(
    grant: Granted<UpdateSomeFeature>,
    State(app): State<App>,
    Names([feature, kind, value]): Names<3>,
) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let project = changeable(&mut tx, &grant, &feature).await?;
    let tag = Tag { r#type: kind, value };
    of_flags::retag(&mut tx, &project, &[feature], Vec::new(), vec![tag]).await?;
    tx.commit().await?;
    Ok(())
}

async fn update_many(
    grant: Granted<UpdateFeature>,
    State(app): State<App>,
    Body(body): Body<BulkRetagging>,
) -> Result<(), Problem> {
    let InProject { project } = grant.scope();
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    body.tags.apply(&mut tx, project, &body.features).await?;
    tx.commit().await?;
    Ok(())
}
