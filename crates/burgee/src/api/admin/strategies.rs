//! Strategy types.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::{CreateStrategyType, DeleteStrategyType, Granted, SignedIn, UpdateStrategyType};
use crate::api::input::{Body, Name};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::strategies::{self, Parameter, ParameterKind, StrategyType};

const TAG: &str = "Strategies";

pub(super) fn routes() -> Routes {
    use Method as M;
    Routes::default()
        .add(M::GET, "/api/admin/strategies", "getAllStrategies", TAG, list)
        .gives::<Strategies>(200)
        .add(M::POST, "/api/admin/strategies", "createStrategy", TAG, create)
        .takes::<NewStrategy>()
        .gives::<StrategyView>(201)
        .add(M::GET, "/api/admin/strategies/{name}", "getStrategy", TAG, get)
        .gives::<StrategyView>(200)
        .add(M::PUT, "/api/admin/strategies/{name}", "updateStrategy", TAG, update)
        .takes::<StrategyDraft>()
        .add(M::DELETE, "/api/admin/strategies/{name}", "removeStrategy", TAG, delete)
        .add(M::POST, "/api/admin/strategies/{strategyName}/deprecate", "deprecateStrategy", TAG, deprecate)
        .add(
            M::POST,
            "/api/admin/strategies/{strategyName}/reactivate",
            "reactivateStrategy",
            TAG,
            reactivate,
        )
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "strategySchema")]
struct StrategyView {
    name: String,
    title: Option<String>,
    display_name: Option<String>,
    description: Option<String>,
    editable: bool,
    deprecated: bool,
    parameters: Vec<ParameterView>,
}

impl From<StrategyType> for StrategyView {
    fn from(strategy: StrategyType) -> Self {
        Self {
            name: strategy.name,
            title: strategy.title,
            display_name: strategy.display_name,
            description: strategy.description,
            editable: !strategy.built_in,
            deprecated: strategy.deprecated,
            parameters: strategy.parameters.0.into_iter().map(ParameterView::from).collect(),
        }
    }
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
struct ParameterView {
    name: String,
    #[serde(rename = "type")]
    kind: ParameterKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    required: Option<bool>,
}

impl From<Parameter> for ParameterView {
    fn from(parameter: Parameter) -> Self {
        let Parameter { name, kind, description, required } = parameter;
        Self { name, kind, description, required }
    }
}

impl From<ParameterView> for Parameter {
    fn from(view: ParameterView) -> Self {
        let ParameterView { name, kind, description, required } = view;
        Self { name, kind, description, required }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "strategiesSchema")]
struct Strategies {
    version: u8,
    strategies: Vec<StrategyView>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "createStrategySchema")]
struct NewStrategy {
    name: String,
    title: Option<String>,
    #[serde(flatten)]
    draft: StrategyDraft,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "updateStrategySchema")]
struct StrategyDraft {
    description: Option<String>,
    parameters: Vec<ParameterView>,
}

async fn list(_: Granted<SignedIn>, State(app): State<App>) -> Result<Json<Strategies>, Problem> {
    let strategies = strategies::list(&mut app.db.read().await?).await?;
    Ok(Json(Strategies { version: 1, strategies: strategies.into_iter().map(StrategyView::from).collect() }))
}

async fn get(
    _: Granted<SignedIn>,
    State(app): State<App>,
    Name(name): Name,
) -> Result<Json<StrategyView>, Problem> {
    Ok(Json(strategies::get(&mut app.db.read().await?, &name).await?.into()))
}

async fn create(
    grant: Granted<CreateStrategyType>,
    State(app): State<App>,
    Body(body): Body<NewStrategy>,
) -> Result<Response, Problem> {
    strategies::ensure_enabled(app.config.unleash_disable_custom_strategy_creation, "creation")?;
    let parameters = body.draft.parameters.into_iter().map(Parameter::from).collect();
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let made = strategies::create(&mut tx, body.name, body.title, body.draft.description, parameters).await?;
    tx.commit().await?;
    let location = format!("{}/api/admin/strategies/{}", app.config.base_path(), made.name);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(StrategyView::from(made))).into_response())
}

async fn update(
    grant: Granted<UpdateStrategyType>,
    State(app): State<App>,
    Name(name): Name,
    Body(body): Body<StrategyDraft>,
) -> Result<(), Problem> {
    strategies::ensure_enabled(app.config.unleash_disable_custom_strategy_editing, "editing")?;
    let parameters = body.parameters.into_iter().map(Parameter::from).collect();
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    strategies::update(&mut tx, &name, body.description, parameters).await?;
    tx.commit().await?;
    Ok(())
}

async fn delete(
    grant: Granted<DeleteStrategyType>,
    State(app): State<App>,
    Name(name): Name,
) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    strategies::delete(&mut tx, &name).await?;
    tx.commit().await?;
    Ok(())
}

async fn deprecate(
    grant: Granted<UpdateStrategyType>,
    State(app): State<App>,
    Name(name): Name,
) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    strategies::deprecate(&mut tx, &name, true).await?;
    tx.commit().await?;
    Ok(())
}

async fn reactivate(
    grant: Granted<UpdateStrategyType>,
    State(app): State<App>,
    Name(name): Name,
) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    strategies::deprecate(&mut tx, &name, false).await?;
    tx.commit().await?;
    Ok(())
}
