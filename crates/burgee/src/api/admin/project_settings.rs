//! How a project works: who sees it, how flags are named, its environments, what needs approval.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::constraints::ConstraintView;
use super::feature_strategies::VariantShape;
use super::projects::ModeView;
use crate::access::{
    Granted, ReadChangeRequestSettings, UpdateChangeRequestSettings, UpdateDefaultStrategy, UpdateProject,
    UpdateProjectSettings,
};
use crate::api::input::{Body, Name};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::projects::environment::{self, Place};
use crate::projects::{self, Edit, LinkTemplate, Mode, Naming, change_requests};

const TAG: &str = "Projects";

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(
            Method::PUT,
            "/api/admin/projects/{projectId}/settings",
            "updateProjectEnterpriseSettings",
            TAG,
            update,
        )
        .takes::<Settings>()
        .add(
            Method::POST,
            "/api/admin/projects/{projectId}/environments",
            "addEnvironmentToProject",
            TAG,
            add_environment,
        )
        .takes::<ProjectEnvironment>()
        .add(
            Method::DELETE,
            "/api/admin/projects/{projectId}/environments/{environment}",
            "removeEnvironmentFromProject",
            TAG,
            remove_environment,
        )
        .add(
            Method::POST,
            "/api/admin/projects/{projectId}/environments/{environment}/default-strategy",
            "addDefaultStrategyToProjectEnvironment",
            TAG,
            set_default_strategy,
        )
        .takes::<DefaultStrategy>()
        .gives::<DefaultStrategy>(200)
        .add(
            Method::GET,
            "/api/admin/projects/{projectId}/change-requests/config",
            "getProjectChangeRequestConfig",
            "Change Requests",
            change_request_settings,
        )
        .gives::<Vec<ChangeRequestPlace>>(200)
        .add(
            Method::PUT,
            "/api/admin/projects/{projectId}/environments/{environment}/change-requests/config",
            "updateProjectChangeRequestConfig",
            "Change Requests",
            configure_change_requests,
        )
        .takes::<ChangeRequestSettings>()
        .empty(204)
}

/// How flags are to be named.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "createFeatureNamingPatternSchema")]
pub(super) struct NamingView {
    pattern: Option<String>,
    example: Option<String>,
    description: Option<String>,
}

impl From<Naming> for NamingView {
    fn from(naming: Naming) -> Self {
        Self { pattern: naming.pattern, example: naming.example, description: naming.description }
    }
}

/// A link that new flags get.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "projectLinkTemplateSchema")]
pub(super) struct LinkView {
    title: Option<String>,
    url_template: String,
}

impl From<LinkTemplate> for LinkView {
    fn from(link: LinkTemplate) -> Self {
        Self { title: link.title, url_template: link.url_template }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "updateProjectEnterpriseSettingsSchema")]
struct Settings {
    mode: Option<ModeView>,
    feature_naming: Option<NamingView>,
    link_templates: Option<Vec<LinkView>>,
}

async fn update(
    grant: Granted<UpdateProjectSettings>,
    State(app): State<App>,
    Body(body): Body<Settings>,
) -> Result<(), Problem> {
    let link = |link: LinkView| LinkTemplate { title: link.title, url_template: link.url_template };
    let edit = Edit {
        mode: body.mode.map(Mode::from),
        naming: body.feature_naming.map(|naming| Naming {
            pattern: naming.pattern,
            example: naming.example,
            description: naming.description,
        }),
        link_templates: body.link_templates.map(|links| links.into_iter().map(link).collect()),
        ..Edit::default()
    };
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    projects::update(&mut tx, &grant.scope().project, edit).await?;
    tx.commit().await?;
    Ok(())
}

/// An environment of a project.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "projectEnvironmentSchema")]
pub(super) struct ProjectEnvironment {
    environment: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    change_requests_enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_strategy: Option<Value>,
}

impl ProjectEnvironment {
    pub(super) fn new(place: Place) -> crate::error::Result<Self> {
        Ok(Self {
            change_requests_enabled: Some(place.required_approvals.is_some()),
            default_strategy: place.strategy()?,
            environment: place.environment,
        })
    }
}

async fn add_environment(
    grant: Granted<UpdateProject>,
    State(app): State<App>,
    Body(body): Body<ProjectEnvironment>,
) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    environment::add(&mut tx, &grant.scope().project, &body.environment).await?;
    tx.commit().await?;
    Ok(())
}

async fn remove_environment(
    grant: Granted<UpdateProject>,
    State(app): State<App>,
    Name(name): Name,
) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    environment::remove(&mut tx, &grant.scope().project, &name).await?;
    tx.commit().await?;
    Ok(())
}

/// What a flag gets that is turned on without a strategy.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "defaultStrategySchema")]
struct DefaultStrategy {
    name: String,
    title: Option<String>,
    disabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sort_order: Option<f64>,
    #[schemars(with = "Option<Vec<ConstraintView>>")]
    constraints: Option<Vec<Map<String, Value>>>,
    #[schemars(with = "Option<Vec<VariantShape>>")]
    variants: Option<Vec<Map<String, Value>>>,
    parameters: Option<Map<String, Value>>,
    segments: Option<Vec<i64>>,
}

async fn set_default_strategy(
    grant: Granted<UpdateDefaultStrategy>,
    State(app): State<App>,
    Name(name): Name,
    Body(body): Body<DefaultStrategy>,
) -> Result<Json<Value>, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let Value::Object(mut wanted) = serde_json::to_value(body).map_err(crate::error::Error::from)? else {
        return Err(Problem::internal());
    };
    wanted.retain(|_, value| !value.is_null());
    let strategy = environment::set_default_strategy(&mut tx, &grant.scope().project, &name, wanted).await?;
    tx.commit().await?;
    Ok(Json(strategy))
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "changeRequestEnvironmentConfigSchema")]
struct ChangeRequestPlace {
    environment: String,
    r#type: String,
    change_request_enabled: bool,
    required_approvals: Option<i64>,
}

async fn change_request_settings(
    grant: Granted<ReadChangeRequestSettings>,
    State(app): State<App>,
) -> Result<Json<Vec<ChangeRequestPlace>>, Problem> {
    let mut tx = app.db.read().await?;
    let places = environment::list(&mut tx, &grant.scope().project).await?;
    let places = places
        .into_iter()
        .map(|place| ChangeRequestPlace {
            environment: place.environment,
            r#type: place.r#type,
            change_request_enabled: place.required_approvals.is_some(),
            required_approvals: place.required_approvals,
        })
        .collect();
    Ok(Json(places))
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "updateChangeRequestEnvironmentConfigSchema")]
struct ChangeRequestSettings {
    change_requests_enabled: bool,
    required_approvals: Option<i64>,
}

async fn configure_change_requests(
    grant: Granted<UpdateChangeRequestSettings>,
    State(app): State<App>,
    Body(body): Body<ChangeRequestSettings>,
) -> Result<StatusCode, Problem> {
    let count = body.change_requests_enabled.then(|| body.required_approvals.unwrap_or(1));
    let place = grant.scope();
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    change_requests::configure(&mut tx, &place.project, &place.environment, count).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
