//! Types of tags.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tags::COLOUR;
use crate::access::{CreateTagType, DeleteTagType, Granted, SignedIn, UpdateTagType};
use crate::api::input::{Body, Name};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::tags::types::{self, TagType};

const TAG: &str = "Tags";

pub(super) fn routes() -> Routes {
    use Method as M;
    Routes::default()
        .add(M::GET, "/api/admin/tag-types", "getTagTypes", TAG, list)
        .gives::<TagTypes>(200)
        .add(M::POST, "/api/admin/tag-types", "createTagType", TAG, create)
        .takes::<TagTypeView>()
        .gives::<TagTypeView>(201)
        .add(M::POST, "/api/admin/tag-types/validate", "validateTagType", TAG, validate)
        .takes::<TagTypeView>()
        .gives::<Valid>(200)
        .add(M::GET, "/api/admin/tag-types/{name}", "getTagType", TAG, get)
        .gives::<TagTypeView>(200)
        .add(M::PUT, "/api/admin/tag-types/{name}", "updateTagType", TAG, update)
        .takes::<TagTypeDraft>()
        .add(M::DELETE, "/api/admin/tag-types/{name}", "deleteTagType", TAG, delete)
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "tagTypeSchema")]
struct TagTypeView {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    icon: Option<String>,
    #[schemars(regex(pattern = COLOUR))]
    color: Option<String>,
}

impl From<TagType> for TagTypeView {
    fn from(kind: TagType) -> Self {
        Self { name: kind.name, description: kind.description, icon: kind.icon, color: kind.color }
    }
}

impl From<TagTypeView> for TagType {
    fn from(view: TagTypeView) -> Self {
        Self { name: view.name, description: view.description, icon: view.icon, color: view.color }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "tagTypesSchema")]
struct TagTypes {
    version: u8,
    tag_types: Vec<TagTypeView>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "validateTagTypeSchema")]
struct Valid {
    valid: bool,
    tag_type: TagTypeView,
}

/// What is left out stays as it is.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "updateTagTypeSchema")]
struct TagTypeDraft {
    description: Option<String>,
    icon: Option<String>,
    #[schemars(regex(pattern = COLOUR))]
    color: Option<String>,
}

async fn list(_: Granted<SignedIn>, State(app): State<App>) -> Result<Json<TagTypes>, Problem> {
    let types = types::list(&mut app.db.read().await?).await?;
    Ok(Json(TagTypes { version: 1, tag_types: types.into_iter().map(TagTypeView::from).collect() }))
}

async fn get(
    _: Granted<SignedIn>,
    State(app): State<App>,
    Name(name): Name,
) -> Result<Json<TagTypeView>, Problem> {
    Ok(Json(types::get(&mut app.db.read().await?, &name).await?.into()))
}

async fn create(
    grant: Granted<CreateTagType>,
    State(app): State<App>,
    Body(body): Body<TagTypeView>,
) -> Result<Response, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let made = types::create(&mut tx, body.into()).await?;
    tx.commit().await?;
    let location = format!("{}/api/admin/tag-types/{}", app.config.base_path(), made.name);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(TagTypeView::from(made))).into_response())
}

async fn validate(
    _: Granted<SignedIn>,
    State(app): State<App>,
    Body(body): Body<TagTypeView>,
) -> Result<Json<Valid>, Problem> {
    let kind = body.into();
    types::ensure_creatable(&mut app.db.read().await?, &kind).await?;
    Ok(Json(Valid { valid: true, tag_type: kind.into() }))
}

async fn update(
    grant: Granted<UpdateTagType>,
    State(app): State<App>,
    Name(name): Name,
    Body(body): Body<TagTypeDraft>,
) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    types::update(&mut tx, &name, body.description, body.icon, body.color).await?;
    tx.commit().await?;
    Ok(())
}

async fn delete(
    grant: Granted<DeleteTagType>,
    State(app): State<App>,
    Name(name): Name,
) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    types::delete(&mut tx, &name).await?;
    tx.commit().await?;
    Ok(())
}
