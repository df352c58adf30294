//! Flags in environments: on or off, and the variants that flags themselves have.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use burgee_eval::document::Variant;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::feature_life::flag;
use super::feature_strategies::{StrategyView, VariantShape};
use crate::access::{Granted, Guard, SeeEnvironment, SeeProject, ToggleFeature, UpdateVariants};
use crate::api::input::{At, Body, Flag, Query};
use crate::api::json_patch::Patches;
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::clock::Time;
use crate::error::{Error, Kind};
use crate::events::Change;
use crate::features::{self, Edit, InPlace, Place};

const TAG: &str = "Features";
macro_rules! at {
    ($rest:literal) => {
        concat!("/api/admin/projects/{projectId}/features/{featureName}/environments/{environment}", $rest)
    };
}
pub(super) use at;

pub(super) fn routes() -> Routes {
    const BULK_ON: &str = "/api/admin/projects/{projectId}/bulk_features/environments/{environment}/on";
    const BULK_OFF: &str = "/api/admin/projects/{projectId}/bulk_features/environments/{environment}/off";
    Routes::default()
        .add(Method::GET, at!(""), "getFeatureEnvironment", TAG, get)
        .gives::<EnvironmentView>(200)
        .add(Method::POST, at!("/on"), "toggleFeatureEnvironmentOn", TAG, on)
        .asks(&["shouldActivateDisabledStrategies"])
        .add(Method::POST, at!("/off"), "toggleFeatureEnvironmentOff", TAG, off)
        .add(Method::POST, BULK_ON, "bulkToggleFeaturesEnvironmentOn", TAG, bulk_on)
        .takes::<Bulk>()
        .asks(&["shouldActivateDisabledStrategies"])
        .add(Method::POST, BULK_OFF, "bulkToggleFeaturesEnvironmentOff", TAG, bulk_off)
        .takes::<Bulk>()
        .add(Method::GET, at!("/variants"), "getEnvironmentFeatureVariants", TAG, variants)
        .gives::<Variants>(200)
        .add(Method::PUT, at!("/variants"), "overwriteEnvironmentFeatureVariants", TAG, overwrite_variants)
        .takes::<VariantList>()
        .gives::<Variants>(200)
        .add(Method::PATCH, at!("/variants"), "patchEnvironmentsFeatureVariants", TAG, patch_variants)
        .takes::<Patches>()
        .gives::<Variants>(200)
        .add(
            Method::PUT,
            flag!("/variants-batch"),
            "overwriteFeatureVariantsOnEnvironments",
            TAG,
            push_variants,
        )
        .takes::<Pushed>()
        .gives::<Variants>(200)
}

/// A flag in an environment. Asked for within its flag, `name` is the environment; asked for alone, it is the flag.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "featureEnvironmentSchema")]
pub(super) struct EnvironmentView {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<String>,
    r#type: String,
    enabled: bool,
    sort_order: i64,
    last_seen_at: Option<Time>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<VariantShape>")]
    variants: Vec<Variant>,
    strategies: Vec<StrategyView>,
    /// How often it was on in the last hour.
    yes: i64,
    /// How often it was off in the last hour.
    no: i64,
}

impl EnvironmentView {
    /// Within its flag.
    pub(super) fn whole(place: InPlace) -> Self {
        Self {
            name: place.environment,
            environment: None,
            r#type: place.kind,
            enabled: place.enabled,
            sort_order: place.sort_order,
            last_seen_at: place.last_seen_at,
            variants: place.variants,
            strategies: place.strategies.into_iter().map(StrategyView::from).collect(),
            yes: 0,
            no: 0,
        }
    }
}

async fn get(
    _: Granted<SeeEnvironment>,
    State(app): State<App>,
    At(at): At,
) -> Result<Json<EnvironmentView>, Problem> {
    let mut tx = app.db.read().await?;
    let place = features::place(&mut tx, &at.project, &at.feature, &at.environment).await?;
    let view = EnvironmentView::whole(place);
    Ok(Json(EnvironmentView { name: at.feature, environment: Some(at.environment), ..view }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Activate {
    #[serde(default)]
    should_activate_disabled_strategies: bool,
}

/// The flags that a bulk operation is about.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "bulkToggleFeaturesSchema")]
struct Bulk {
    features: Vec<String>,
}

async fn switch(
    app: &App,
    grant: &Granted<ToggleFeature>,
    features: Vec<String>,
    enabled: bool,
    should_activate_disabled_strategies: bool,
) -> Result<(), Problem> {
    let scope = grant.scope();
    let at = (scope.project.as_str(), scope.environment.as_str());
    let wanted = (enabled, should_activate_disabled_strategies);
    let mut tx = app.db.change(grant, app.clock.now()).await?;
    features::switch_all(&mut tx, grant, &app.entropy, at, features.into_iter().collect(), wanted).await?;
    tx.commit().await?;
    Ok(())
}

async fn on(
    grant: Granted<ToggleFeature>,
    State(app): State<App>,
    At(at): At,
    Query(query): Query<Activate>,
) -> Result<(), Problem> {
    switch(&app, &grant, vec![at.feature], true, query.should_activate_disabled_strategies).await
}

async fn off(grant: Granted<ToggleFeature>, State(app): State<App>, At(at): At) -> Result<(), Problem> {
    switch(&app, &grant, vec![at.feature], false, false).await
}

async fn bulk_on(
    grant: Granted<ToggleFeature>,
    State(app): State<App>,
    Query(query): Query<Activate>,
    Body(body): Body<Bulk>,
) -> Result<(), Problem> {
    switch(&app, &grant, body.features, true, query.should_activate_disabled_strategies).await
}

async fn bulk_off(
    grant: Granted<ToggleFeature>,
    State(app): State<App>,
    Body(body): Body<Bulk>,
) -> Result<(), Problem> {
    switch(&app, &grant, body.features, false, false).await
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "featureVariantsSchema")]
struct Variants {
    version: u8,
    #[schemars(with = "Vec<VariantShape>")]
    variants: Vec<Variant>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(rename = "variantsSchema")]
struct VariantList(#[schemars(with = "Vec<VariantShape>")] Vec<Variant>);

async fn variants(
    _: Granted<SeeEnvironment>,
    State(app): State<App>,
    At(at): At,
) -> Result<Json<Variants>, Problem> {
    let mut tx = app.db.read().await?;
    let place = features::place(&mut tx, &at.project, &at.feature, &at.environment).await?;
    Ok(Json(Variants { version: 1, variants: place.variants }))
}

async fn overwrite_variants(
    grant: Granted<UpdateVariants>,
    State(app): State<App>,
    At(at): At,
    Body(body): Body<VariantList>,
) -> Result<Json<Variants>, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let variants = write_variants(&mut tx, &app, &grant, &at, body.0).await?;
    tx.commit().await?;
    Ok(Json(Variants { version: 1, variants }))
}

async fn patch_variants(
    grant: Granted<UpdateVariants>,
    State(app): State<App>,
    At(at): At,
    Body(patches): Body<Patches>,
) -> Result<Json<Variants>, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    features::lock(&mut tx, &at.project, &at.feature).await?;
    let place = features::place(&mut tx, &at.project, &at.feature, &at.environment).await?;
    let after = patches.apply(json!(place.variants))?;
    let variants = serde_json::from_value(after)
        .map_err(|error| Error::bad_data(format!("The patch does not leave a list of variants: {error}")))?;
    let variants = write_variants(&mut tx, &app, &grant, &at, variants).await?;
    tx.commit().await?;
    Ok(Json(Variants { version: 1, variants }))
}

/// The same variants for several environments.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "pushVariantsSchema")]
struct Pushed {
    #[serde(default)]
    environments: Option<BTreeSet<String>>,
    #[serde(default)]
    #[schemars(with = "Option<Vec<VariantShape>>")]
    variants: Option<Vec<Variant>>,
}

async fn push_variants(
    grant: Granted<SeeProject>,
    State(app): State<App>,
    Flag(feature): Flag,
    Body(body): Body<Pushed>,
) -> Result<Json<Variants>, Problem> {
    let environments = body.environments.unwrap_or_default();
    if environments.is_empty() {
        return Err(Error::bad_data("No environments provided").into());
    }
    let project = &grant.scope().project;
    let wanted = body.variants.unwrap_or_default();
    let mut variants = Vec::new();
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    for environment in environments {
        grant.ensure_held(UpdateVariants::ANY_OF, project, &environment)?;
        let at = Place { project: project.clone(), feature: feature.clone(), environment };
        let edit = Edit::PatchVariant { variants: wanted.clone() };
        features::submit(&mut tx, &grant, &app.entropy, &at, edit).await?;
        variants = features::place(&mut tx, project, &feature, &at.environment).await?.variants;
    }
    tx.commit().await?;
    Ok(Json(Variants { version: 1, variants }))
}

/// Variants of flags themselves are a thing of the past: only flags that have some may change them here. Pushing them
/// to several environments is how flags still get some.
async fn write_variants(
    tx: &mut Change,
    app: &App,
    grant: &Granted<UpdateVariants>,
    at: &Place,
    variants: Vec<Variant>,
) -> Result<Vec<Variant>, Problem> {
    features::lock(tx, &at.project, &at.feature).await?;
    let place = features::place(tx, &at.project, &at.feature, &at.environment).await?;
    if place.variants.is_empty() && !variants.is_empty() {
        return Err(Error::rejected(
            Kind::InvalidOperation,
            "Variants on the flag itself are deprecated: give variants to a strategy instead.",
        )
        .into());
    }
    features::submit(tx, grant, &app.entropy, at, Edit::PatchVariant { variants }).await?;
    Ok(features::place(tx, &at.project, &at.feature, &at.environment).await?.variants)
}
