//! The strategies of flags.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use burgee_eval::document::{Constraint, Variant};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::constraints::ConstraintView;
use super::feature_environments::at;
use crate::access::{
    AddStrategy, Granted, RemoveStrategy, SeeEnvironment, UpdateSomeStrategy, UpdateStrategy,
};
use crate::api::input::{At, Body, Name, present};
use crate::api::json_patch::Patches;
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::db::Read;
use crate::error::{Error, Result};
use crate::events::Change;
use crate::features::{self, Edit, Place, Position, Strategy, StrategyDraft};
use crate::transfer::Scalar;

const TAG: &str = "Features";
const SEGMENTS: &str = "/api/admin/segments/strategies";

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::GET, at!("/strategies"), "getFeatureStrategies", TAG, list)
        .gives::<Vec<StrategyView>>(200)
        .add(Method::POST, at!("/strategies"), "addFeatureStrategy", TAG, add)
        .takes::<NewStrategy>()
        .gives::<StrategyView>(200)
        .add(Method::POST, at!("/strategies/set-sort-order"), "setStrategySortOrder", TAG, sort)
        .takes::<Order>()
        .add(Method::GET, at!("/strategies/{strategyId}"), "getFeatureStrategy", TAG, get)
        .gives::<StrategyView>(200)
        .add(Method::PUT, at!("/strategies/{strategyId}"), "updateFeatureStrategy", TAG, update)
        .takes::<Changed>()
        .gives::<StrategyView>(200)
        .add(Method::PATCH, at!("/strategies/{strategyId}"), "patchFeatureStrategy", TAG, patch)
        .takes::<Patches>()
        .gives::<StrategyView>(200)
        .add(Method::POST, SEGMENTS, "updateFeatureStrategySegments", "Strategies", use_segments)
        .takes::<Segments>()
        .gives::<Segments>(201)
        .add(Method::DELETE, at!("/strategies/{strategyId}"), "deleteFeatureStrategy", TAG, remove)
}

/// A strategy of a flag.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "featureStrategySchema")]
pub(super) struct StrategyView {
    id: String,
    name: String,
    title: Option<String>,
    disabled: bool,
    #[schemars(with = "Vec<ConstraintView>")]
    constraints: Vec<Constraint>,
    parameters: BTreeMap<String, String>,
    #[schemars(with = "Vec<VariantShape>")]
    variants: Vec<Variant>,
    sort_order: i64,
    segments: Vec<i64>,
}

impl From<Strategy> for StrategyView {
    fn from(strategy: Strategy) -> Self {
        Self {
            id: strategy.id,
            name: strategy.name,
            title: strategy.title,
            disabled: strategy.disabled,
            constraints: strategy.constraints,
            parameters: strategy.parameters,
            variants: strategy.variants,
            sort_order: strategy.sort_order,
            segments: strategy.segments,
        }
    }
}

/// What a variant looks like.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "variantSchema")]
#[expect(dead_code, reason = "describes a type of another crate")]
pub(super) struct VariantShape {
    name: String,
    weight: i64,
    weight_type: Option<String>,
    stickiness: Option<String>,
    payload: Option<PayloadShape>,
    overrides: Option<Vec<OverrideShape>>,
}

#[derive(JsonSchema)]
#[schemars(inline)]
#[expect(dead_code, reason = "describes a type of another crate")]
pub(super) struct PayloadShape {
    r#type: String,
    value: String,
}

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
#[expect(dead_code, reason = "describes a type of another crate")]
struct OverrideShape {
    context_name: String,
    values: Vec<String>,
}

/// A strategy as posted.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "createFeatureStrategySchema")]
struct NewStrategy {
    name: String,
    #[serde(flatten)]
    rest: Changed,
}

/// A strategy as it is to be. What it is called, whether it is disabled, where it stands, its type and its parameters
/// stay where they are left out; constraints, variants and segments that are left out go.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "updateFeatureStrategySchema")]
struct Changed {
    #[serde(default)]
    name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[expect(clippy::option_option, reason = "null takes the title away, nothing leaves it")]
    title: Option<Option<String>>,
    #[serde(default)]
    disabled: Option<bool>,
    #[serde(default)]
    sort_order: Option<i64>,
    #[serde(default)]
    #[schemars(with = "Option<Vec<ConstraintView>>")]
    constraints: Option<Vec<Constraint>>,
    #[serde(default)]
    #[schemars(with = "Option<Vec<VariantShape>>")]
    variants: Option<Vec<Variant>>,
    #[serde(default)]
    parameters: Option<BTreeMap<String, Scalar>>,
    #[serde(default)]
    segments: Option<Vec<i64>>,
}

impl Changed {
    fn onto(self, before: StrategyDraft) -> StrategyDraft {
        let text = |parameters: BTreeMap<String, Scalar>| {
            parameters.into_iter().map(|(name, value)| (name, value.into())).collect()
        };
        StrategyDraft {
            name: self.name.unwrap_or(before.name),
            title: self.title.unwrap_or(before.title),
            disabled: self.disabled.unwrap_or(before.disabled),
            sort_order: self.sort_order.or(before.sort_order),
            constraints: self.constraints.unwrap_or_default(),
            parameters: self.parameters.map_or(before.parameters, text),
            variants: self.variants.unwrap_or_default(),
            segments: self.segments.unwrap_or_default(),
        }
    }
}

async fn list(
    _: Granted<SeeEnvironment>,
    State(app): State<App>,
    At(at): At,
) -> Result<Json<Vec<StrategyView>>, Problem> {
    let mut tx = app.db.read().await?;
    let place = features::place(&mut tx, &at.project, &at.feature, &at.environment).await?;
    Ok(Json(place.strategies.into_iter().map(StrategyView::from).collect()))
}

/// The strategy as it stands.
async fn standing(tx: &mut Read, at: &Place, id: &str) -> Result<Option<Strategy>> {
    let place = features::place(tx, &at.project, &at.feature, &at.environment).await?;
    Ok(place.strategies.into_iter().find(|strategy| strategy.id == id))
}

/// The strategy as it stands, which nobody else changes until `tx` ends.
async fn locked(tx: &mut Change, at: &Place, id: &str) -> Result<Strategy> {
    features::lock(tx, &at.project, &at.feature).await?;
    match standing(tx, at, id).await? {
        Some(strategy) => Ok(strategy),
        None => Err(features::absent(tx, id).await?),
    }
}

async fn get(
    _: Granted<SeeEnvironment>,
    State(app): State<App>,
    At(at): At,
    Name(id): Name,
) -> Result<Json<StrategyView>, Problem> {
    let mut tx = app.db.read().await?;
    let found = standing(&mut tx, &at, &id).await?;
    let found = found.ok_or_else(|| Error::not_found(format!("Could not find strategy with id: {id}")))?;
    Ok(Json(found.into()))
}

async fn add(
    grant: Granted<AddStrategy>,
    State(app): State<App>,
    At(at): At,
    Body(body): Body<NewStrategy>,
) -> Result<Json<StrategyView>, Problem> {
    let draft = body.rest.onto(StrategyDraft { name: body.name, ..StrategyDraft::default() });
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let added = features::submit(&mut tx, &grant, &app.entropy, &at, Edit::AddStrategy(draft)).await?;
    tx.commit().await?;
    written(added)
}

async fn update(
    grant: Granted<UpdateStrategy>,
    State(app): State<App>,
    At(at): At,
    Name(id): Name,
    Body(body): Body<Changed>,
) -> Result<Json<StrategyView>, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let draft = body.onto(locked(&mut tx, &at, &id).await?.into());
    replace(tx, &app, &grant, &at, id, draft).await
}

async fn patch(
    grant: Granted<UpdateStrategy>,
    State(app): State<App>,
    At(at): At,
    Name(id): Name,
    Body(patches): Body<Patches>,
) -> Result<Json<StrategyView>, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let before = locked(&mut tx, &at, &id).await?;
    let after: Value = patches.apply(json!(StrategyView::from(before.clone())))?;
    let changed: Changed = serde_json::from_value(after)
        .map_err(|error| Error::bad_data(format!("The patch does not leave a strategy: {error}")))?;
    replace(tx, &app, &grant, &at, id, changed.onto(before.into())).await
}

async fn replace(
    mut tx: Change,
    app: &App,
    grant: &Granted<UpdateStrategy>,
    at: &Place,
    id: String,
    draft: StrategyDraft,
) -> Result<Json<StrategyView>, Problem> {
    let edit = Edit::UpdateStrategy { id, draft };
    let replaced = features::submit(&mut tx, grant, &app.entropy, at, edit).await?;
    tx.commit().await?;
    written(replaced)
}

fn written(strategy: Option<Strategy>) -> Result<Json<StrategyView>, Problem> {
    strategy.map(|strategy| Json(strategy.into())).ok_or_else(Problem::internal)
}

async fn remove(
    grant: Granted<RemoveStrategy>,
    State(app): State<App>,
    At(at): At,
    Name(id): Name,
) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    features::submit(&mut tx, &grant, &app.entropy, &at, Edit::DeleteStrategy { id }).await?;
    tx.commit().await?;
    Ok(())
}

/// Where strategies are to stand.
#[derive(Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(rename = "setStrategySortOrderSchema")]
struct Order(Vec<PositionView>);

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
struct PositionView {
    id: String,
    sort_order: i64,
}

async fn sort(
    grant: Granted<UpdateStrategy>,
    State(app): State<App>,
    At(at): At,
    Body(order): Body<Order>,
) -> Result<(), Problem> {
    let positions = order.0.into_iter().map(|p| Position { id: p.id, sort_order: p.sort_order }).collect();
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    features::submit(&mut tx, &grant, &app.entropy, &at, Edit::ReorderStrategy(positions)).await?;
    tx.commit().await?;
    Ok(())
}

/// Which segments a strategy is to use.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "updateFeatureStrategySegmentsSchema")]
struct Segments {
    project_id: String,
    strategy_id: String,
    environment_id: String,
    segment_ids: Vec<i64>,
}

async fn use_segments(
    grant: Granted<UpdateSomeStrategy>,
    State(app): State<App>,
    Body(body): Body<Segments>,
) -> Result<Response, Problem> {
    let id = &body.strategy_id;
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let sight = grant.sight(&mut tx).await?;
    sight.ensure(&mut tx, &body.project_id).await?;
    grant.ensure_in(Some(&body.project_id), Some(&body.environment_id))?;
    let home = features::home(&mut tx, id).await?;
    let at = home
        .filter(|at| (&at.project, &at.environment) == (&body.project_id, &body.environment_id))
        .ok_or_else(|| Error::not_found(format!("Could not find strategy with id={id}")))?;
    let before = locked(&mut tx, &at, id).await?;
    let draft = StrategyDraft { segments: body.segment_ids.clone(), ..before.into() };
    let edit = Edit::UpdateStrategy { id: id.clone(), draft };
    features::submit(&mut tx, &grant, &app.entropy, &at, edit).await?;
    tx.commit().await?;
    let location = format!("{}{SEGMENTS}/{id}", app.config.base_path());
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(body)).into_response())
}
