//! Context fields, those of everybody and those of one project: every operation comes twice.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::constraints::UseView;
use crate::access::{
    CreateContextField, CreateProjectContextField, DeleteContextField, DeleteProjectContextField, Granted,
    Guard, Scope, SeeProject, SignedIn, UpdateContextField, UpdateProjectContextField,
};
use crate::api::input::{Body, Name, Names, Query};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::clock::Time;
use crate::constraints::usage;
use crate::contexts::{self, Draft, Field, LegalValue, Used, View};
use crate::db::Read;
use crate::error::Result;

const TAG: &str = "Context";
const STRATEGIES: &str = "Strategies";

pub(super) fn routes() -> Routes {
    everywhere().merge(in_project())
}

fn everywhere() -> Routes {
    use Method as M;
    Routes::default()
        .add(M::GET, "/api/admin/context", "getContextFields", TAG, list::<SignedIn>)
        .asks(&["include"])
        .gives::<Vec<FieldView>>(200)
        .add(M::POST, "/api/admin/context", "createContextField", TAG, create::<CreateContextField>)
        .takes::<NewField>()
        .gives::<FieldView>(201)
        .add(
            M::POST,
            "/api/admin/context/validate",
            "validateContextFieldName",
            TAG,
            validate::<UpdateContextField>,
        )
        .takes::<NameView>()
        .add(M::GET, "/api/admin/context/{contextField}", "getContextField", TAG, get::<SignedIn>)
        .gives::<FieldView>(200)
        .add(
            M::PUT,
            "/api/admin/context/{contextField}",
            "updateContextField",
            TAG,
            update::<UpdateContextField>,
        )
        .takes::<FieldDraft>()
        .add(
            M::DELETE,
            "/api/admin/context/{contextField}",
            "deleteContextField",
            TAG,
            delete::<DeleteContextField>,
        )
        .add(
            M::POST,
            "/api/admin/context/{contextField}/legal-values",
            "updateContextFieldLegalValue",
            TAG,
            allow::<UpdateContextField>,
        )
        .takes::<LegalValueView>()
        .add(
            M::DELETE,
            "/api/admin/context/{contextField}/legal-values/{legalValue}",
            "deleteContextFieldLegalValue",
            TAG,
            forbid::<UpdateContextField>,
        )
        .add(
            M::GET,
            "/api/admin/context/{contextField}/strategies",
            "getStrategiesByContextField",
            STRATEGIES,
            strategies::<SignedIn>,
        )
        .gives::<Strategies>(200)
}

fn in_project() -> Routes {
    use Method as M;
    Routes::default()
        .add(
            M::GET,
            "/api/admin/projects/{projectId}/context",
            "getContextFieldsForProject",
            TAG,
            list::<SeeProject>,
        )
        .asks(&["include"])
        .gives::<Vec<FieldView>>(200)
        .add(
            M::POST,
            "/api/admin/projects/{projectId}/context",
            "createContextFieldForProject",
            TAG,
            create::<CreateProjectContextField>,
        )
        .takes::<NewField>()
        .gives::<FieldView>(201)
        .add(
            M::POST,
            "/api/admin/projects/{projectId}/context/validate",
            "validateContextFieldNameForProject",
            TAG,
            validate::<UpdateProjectContextField>,
        )
        .takes::<NameView>()
        .add(
            M::GET,
            "/api/admin/projects/{projectId}/context/{contextField}",
            "getContextFieldForProject",
            TAG,
            get::<SeeProject>,
        )
        .gives::<FieldView>(200)
        .add(
            M::PUT,
            "/api/admin/projects/{projectId}/context/{contextField}",
            "updateContextFieldForProject",
            TAG,
            update::<UpdateProjectContextField>,
        )
        .takes::<FieldDraft>()
        .add(
            M::DELETE,
            "/api/admin/projects/{projectId}/context/{contextField}",
            "deleteContextFieldForProject",
            TAG,
            delete::<DeleteProjectContextField>,
        )
        .add(
            M::POST,
            "/api/admin/projects/{projectId}/context/{contextField}/legal-values",
            "updateContextFieldLegalValueForProject",
            TAG,
            allow::<UpdateProjectContextField>,
        )
        .takes::<LegalValueView>()
        .add(
            M::DELETE,
            "/api/admin/projects/{projectId}/context/{contextField}/legal-values/{legalValue}",
            "deleteContextFieldLegalValueForProject",
            TAG,
            forbid::<UpdateProjectContextField>,
        )
        .add(
            M::GET,
            "/api/admin/projects/{projectId}/context/{contextField}/strategies",
            "getStrategiesByContextFieldForProject",
            STRATEGIES,
            strategies::<SeeProject>,
        )
        .gives::<Strategies>(200)
}

/// A context field. Only lists say how many use it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "contextFieldSchema")]
struct FieldView {
    name: String,
    description: Option<String>,
    stickiness: bool,
    sort_order: i64,
    legal_values: Vec<LegalValueView>,
    created_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    used_in_projects: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    used_in_features: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<String>,
}

impl From<Field> for FieldView {
    fn from(field: Field) -> Self {
        Self {
            name: field.name,
            description: field.description,
            stickiness: field.stickiness,
            sort_order: field.sort_order,
            legal_values: field.legal_values.0.into_iter().map(LegalValueView::from).collect(),
            created_at: field.created_at,
            used_in_projects: None,
            used_in_features: None,
            project: field.project,
        }
    }
}

impl From<Used> for FieldView {
    fn from(used: Used) -> Self {
        let (projects, features) = (Some(used.projects), Some(used.features));
        Self { used_in_projects: projects, used_in_features: features, ..used.field.into() }
    }
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "legalValueSchema")]
pub(super) struct LegalValueView {
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
}

impl From<LegalValue> for LegalValueView {
    fn from(legal: LegalValue) -> Self {
        Self { value: legal.value, description: legal.description }
    }
}

impl From<LegalValueView> for LegalValue {
    fn from(view: LegalValueView) -> Self {
        Self { value: view.value, description: view.description }
    }
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "createContextFieldSchema")]
struct NewField {
    name: String,
    #[serde(flatten)]
    draft: FieldDraft,
}

/// Everything about a field but its name. What is left out is empty, except for the project, which stays.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "updateContextFieldSchema")]
struct FieldDraft {
    description: Option<String>,
    stickiness: Option<bool>,
    sort_order: Option<i64>,
    legal_values: Option<Vec<LegalValueView>>,
    project: Option<String>,
}

impl From<FieldDraft> for Draft {
    fn from(draft: FieldDraft) -> Self {
        let legal = draft.legal_values.unwrap_or_default();
        Self {
            description: draft.description,
            stickiness: draft.stickiness.unwrap_or_default(),
            sort_order: draft.sort_order.unwrap_or_default(),
            legal_values: legal.into_iter().map(LegalValue::from).collect(),
            project: draft.project,
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "nameSchema")]
pub(super) struct NameView {
    pub(super) name: String,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "contextFieldStrategiesSchema")]
struct Strategies {
    strategies: Vec<UseView>,
}

#[derive(Deserialize)]
struct Including {
    include: Option<String>,
}

/// What the caller sees from where they stand.
async fn view<'a, G: Guard>(grant: &'a Granted<G>, tx: &mut Read) -> Result<View<'a>> {
    Ok(View { sight: grant.sight(tx).await?, project: grant.scope().project() })
}

async fn list<G: Guard>(
    grant: Granted<G>,
    State(app): State<App>,
    Query(query): Query<Including>,
) -> Result<Json<Vec<FieldView>>, Problem> {
    let mut tx = app.db.read().await?;
    let view = view(&grant, &mut tx).await?;
    let everywhere = query.include.as_deref() == Some("project");
    let fields = contexts::list(&mut tx, &view, everywhere).await?;
    Ok(Json(fields.into_iter().map(FieldView::from).collect()))
}

async fn get<G: Guard>(
    grant: Granted<G>,
    State(app): State<App>,
    Name(name): Name,
) -> Result<Json<FieldView>, Problem> {
    let mut tx = app.db.read().await?;
    let view = view(&grant, &mut tx).await?;
    Ok(Json(contexts::get(&mut tx, &view, &name).await?.into()))
}

async fn create<G: Guard>(
    grant: Granted<G>,
    State(app): State<App>,
    Body(body): Body<NewField>,
) -> Result<Response, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let view = view(&grant, &mut tx).await?;
    let field = contexts::create(&mut tx, &view, body.name, body.draft.into()).await?;
    tx.commit().await?;
    let location = format!("{}/api/admin/context/{}", app.config.base_path(), field.name);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(FieldView::from(field))).into_response())
}

async fn validate<G: Guard>(
    _: Granted<G>,
    State(app): State<App>,
    Body(body): Body<NameView>,
) -> Result<(), Problem> {
    contexts::ensure_free(&mut app.db.read().await?, &body.name).await?;
    Ok(())
}

async fn update<G: Guard>(
    grant: Granted<G>,
    State(app): State<App>,
    Name(name): Name,
    Body(body): Body<FieldDraft>,
) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let view = view(&grant, &mut tx).await?;
    contexts::update(&mut tx, &view, &name, body.into()).await?;
    tx.commit().await?;
    Ok(())
}

async fn allow<G: Guard>(
    grant: Granted<G>,
    State(app): State<App>,
    Name(name): Name,
    Body(body): Body<LegalValueView>,
) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let view = view(&grant, &mut tx).await?;
    contexts::allow(&mut tx, &view, &name, body.into()).await?;
    tx.commit().await?;
    Ok(())
}

async fn forbid<G: Guard>(
    grant: Granted<G>,
    State(app): State<App>,
    Names([name, value]): Names<2>,
) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let view = view(&grant, &mut tx).await?;
    contexts::forbid(&mut tx, &view, &name, &value).await?;
    tx.commit().await?;
    Ok(())
}

async fn delete<G: Guard>(
    grant: Granted<G>,
    State(app): State<App>,
    Name(name): Name,
) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let view = view(&grant, &mut tx).await?;
    contexts::delete(&mut tx, &view, &name).await?;
    tx.commit().await?;
    Ok(())
}

async fn strategies<G: Guard>(
    grant: Granted<G>,
    State(app): State<App>,
    Name(name): Name,
) -> Result<Json<Strategies>, Problem> {
    let mut tx = app.db.read().await?;
    let view = view(&grant, &mut tx).await?;
    let uses = usage::of_field(&mut tx, &view.sight, &name).await?;
    Ok(Json(Strategies { strategies: uses.into_iter().map(UseView::from).collect() }))
}
