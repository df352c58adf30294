//! Environments of the installation, and how projects use them.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::access::{Administer, Granted, SeeProject, SignedIn};
use crate::api::input::{Body, Name, present};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::environments::{self, Draft, Edit, Environment, Likeness, Usage};
use crate::error::Error;
use crate::projects::environment;

const TAG: &str = "Environments";

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::GET, "/api/admin/environments", "getAllEnvironments", TAG, list)
        .gives::<Environments>(200)
        .add(Method::POST, "/api/admin/environments", "createEnvironment", TAG, create)
        .takes::<NewEnvironment>()
        .gives::<EnvironmentView>(201)
        .add(Method::POST, "/api/admin/environments/validate", "validateEnvironmentName", TAG, validate)
        .takes::<EnvironmentName>()
        .add(Method::PUT, "/api/admin/environments/sort-order", "updateSortOrder", TAG, sort)
        .takes::<BTreeMap<String, i64>>()
        .add(Method::PUT, "/api/admin/environments/update/{name}", "updateEnvironment", TAG, update)
        .takes::<ChangedEnvironment>()
        .gives::<EnvironmentView>(200)
        .add(
            Method::GET,
            "/api/admin/environments/project/{projectId}",
            "getProjectEnvironments",
            TAG,
            of_project,
        )
        .gives::<OfProject>(200)
        .add(Method::GET, "/api/admin/environments/{name}", "getEnvironment", TAG, get)
        .gives::<EnvironmentView>(200)
        .add(Method::DELETE, "/api/admin/environments/{name}", "removeEnvironment", TAG, delete)
        .add(Method::POST, "/api/admin/environments/{name}/clone", "cloneEnvironment", TAG, copy)
        .takes::<CloneView>()
        .gives::<EnvironmentView>(200)
        .add(Method::POST, "/api/admin/environments/{name}/on", "toggleEnvironmentOn", TAG, enable)
        .empty(204)
        .add(Method::POST, "/api/admin/environments/{name}/off", "toggleEnvironmentOff", TAG, disable)
        .empty(204)
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "environmentsSchema")]
struct Environments {
    version: u8,
    environments: Vec<EnvironmentView>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "environmentSchema")]
struct EnvironmentView {
    #[serde(flatten)]
    item: Item,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_token_count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enabled_toggle_count: Option<i64>,
}

/// What all views of an environment have.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
struct Item {
    name: String,
    r#type: String,
    sort_order: i64,
    enabled: bool,
    protected: bool,
    required_approvals: Option<i64>,
}

impl From<Environment> for Item {
    fn from(environment: Environment) -> Self {
        Self {
            name: environment.name,
            r#type: environment.r#type,
            sort_order: environment.sort_order,
            enabled: environment.enabled,
            protected: environment.protected,
            required_approvals: environment.required_approvals,
        }
    }
}

impl From<Environment> for EnvironmentView {
    fn from(environment: Environment) -> Self {
        Self {
            item: environment.into(),
            project_count: None,
            api_token_count: None,
            enabled_toggle_count: None,
        }
    }
}

impl From<Usage> for EnvironmentView {
    fn from(usage: Usage) -> Self {
        Self {
            item: usage.environment.into(),
            project_count: Some(usage.projects),
            api_token_count: Some(usage.api_tokens),
            enabled_toggle_count: Some(usage.enabled_flags),
        }
    }
}

async fn list(grant: Granted<SignedIn>, State(app): State<App>) -> Result<Json<Environments>, Problem> {
    let mut tx = app.db.read().await?;
    let sight = grant.sight(&mut tx).await?;
    let usage = environments::usage(&mut tx, &sight, None).await?;
    Ok(Json(Environments {
        version: 1,
        environments: usage.into_iter().map(EnvironmentView::from).collect(),
    }))
}

async fn get(
    grant: Granted<SignedIn>,
    State(app): State<App>,
    Name(name): Name,
) -> Result<Json<EnvironmentView>, Problem> {
    let mut tx = app.db.read().await?;
    let sight = grant.sight(&mut tx).await?;
    let usage = environments::usage(&mut tx, &sight, Some(&name)).await?.pop();
    let usage =
        usage.ok_or_else(|| Error::not_found(format!("Could not find environment with name: {name}")))?;
    Ok(Json(usage.into()))
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "environmentsProjectSchema")]
struct OfProject {
    version: u8,
    environments: Vec<InProjectView>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "environmentProjectSchema")]
struct InProjectView {
    #[serde(flatten)]
    item: Item,
    project_api_token_count: i64,
    project_enabled_toggle_count: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_strategy: Option<Value>,
    visible: bool,
}

async fn of_project(grant: Granted<SeeProject>, State(app): State<App>) -> Result<Json<OfProject>, Problem> {
    let mut tx = app.db.read().await?;
    let mut environments = Vec::new();
    for view in environment::view(&mut tx, &grant.scope().project).await? {
        environments.push(InProjectView {
            project_api_token_count: view.api_tokens,
            project_enabled_toggle_count: view.enabled_flags,
            visible: view.used,
            default_strategy: view.strategy()?,
            item: view.environment.into(),
        });
    }
    Ok(Json(OfProject { version: 1, environments }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "createEnvironmentSchema")]
struct NewEnvironment {
    #[schemars(regex(pattern = r"^[a-zA-Z0-9~_.-]+$"))]
    name: String,
    #[schemars(length(min = 1))]
    r#type: String,
    enabled: Option<bool>,
    sort_order: Option<i64>,
    required_approvals: Option<i64>,
}

async fn create(
    grant: Granted<Administer>,
    State(app): State<App>,
    Body(body): Body<NewEnvironment>,
) -> Result<Response, Problem> {
    let draft = Draft {
        name: body.name,
        r#type: body.r#type,
        enabled: body.enabled.unwrap_or(true),
        sort_order: body.sort_order,
        required_approvals: body.required_approvals,
    };
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let environment = environments::create(&mut tx, draft).await?;
    tx.commit().await?;
    let location = format!("{}/api/admin/environments/{}", app.config.base_path(), environment.name);
    let view = EnvironmentView::from(environment);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(view)).into_response())
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "environmentNameSchema")]
struct EnvironmentName {
    name: String,
}

async fn validate(
    _: Granted<Administer>,
    State(app): State<App>,
    Body(body): Body<EnvironmentName>,
) -> Result<(), Problem> {
    let mut tx = app.db.read().await?;
    environments::ensure_free(&mut tx, &body.name).await?;
    Ok(())
}

async fn sort(
    grant: Granted<Administer>,
    State(app): State<App>,
    Body(places): Body<BTreeMap<String, i64>>,
) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    environments::sort(&mut tx, places).await?;
    tx.commit().await?;
    Ok(())
}

/// What is left out stays as it is.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "updateEnvironmentSchema")]
#[expect(clippy::option_option, reason = "null and what is left out differ")]
struct ChangedEnvironment {
    r#type: Option<String>,
    sort_order: Option<i64>,
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<i64>")]
    required_approvals: Option<Option<i64>>,
}

async fn change(
    grant: Granted<Administer>,
    app: App,
    name: &str,
    edit: Edit,
) -> Result<Environment, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let environment = environments::update(&mut tx, name, edit).await?;
    tx.commit().await?;
    Ok(environment)
}

async fn update(
    grant: Granted<Administer>,
    State(app): State<App>,
    Name(name): Name,
    Body(body): Body<ChangedEnvironment>,
) -> Result<Json<EnvironmentView>, Problem> {
    let edit = Edit {
        r#type: body.r#type,
        sort_order: body.sort_order,
        required_approvals: body.required_approvals,
        enabled: None,
    };
    Ok(Json(change(grant, app, &name, edit).await?.into()))
}

async fn enable(
    grant: Granted<Administer>,
    State(app): State<App>,
    Name(name): Name,
) -> Result<StatusCode, Problem> {
    change(grant, app, &name, Edit { enabled: Some(true), ..Edit::default() }).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn disable(
    grant: Granted<Administer>,
    State(app): State<App>,
    Name(name): Name,
) -> Result<StatusCode, Problem> {
    change(grant, app, &name, Edit { enabled: Some(false), ..Edit::default() }).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn delete(grant: Granted<Administer>, State(app): State<App>, Name(name): Name) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    environments::delete(&mut tx, &name).await?;
    tx.commit().await?;
    Ok(())
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "cloneEnvironmentSchema")]
struct CloneView {
    name: String,
    r#type: String,
    projects: Option<Vec<String>>,
    clone_permissions: Option<bool>,
}

async fn copy(
    grant: Granted<Administer>,
    State(app): State<App>,
    Name(name): Name,
    Body(body): Body<CloneView>,
) -> Result<Json<EnvironmentView>, Problem> {
    let likeness = Likeness {
        name: body.name,
        r#type: body.r#type,
        projects: body.projects.unwrap_or_default(),
        permissions: body.clone_permissions.unwrap_or_default(),
    };
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let environment = environments::copy(&mut tx, &app.entropy, &name, likeness).await?;
    tx.commit().await?;
    Ok(Json(environment.into()))
}
