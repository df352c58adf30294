//! Which flags depend on which.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use burgee_eval::document::Dependency;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::access::{Granted, SeeProject, UpdateDependency};
use crate::api::input::{Body, Child, Name};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::features::{self, dependency};

const TAG: &str = "Dependencies";

macro_rules! child {
    ($rest:literal) => {
        concat!("/api/admin/projects/{projectId}/features/{child}", $rest)
    };
}

pub(super) fn routes() -> Routes {
    const EXIST: &str = "/api/admin/projects/{projectId}/dependencies";
    const VARIANTS: &str = "/api/admin/projects/{projectId}/features/{parent}/parent-variants";
    Routes::default()
        .add(Method::GET, EXIST, "checkDependenciesExist", TAG, exist)
        .gives::<bool>(200)
        .add(Method::POST, child!("/dependencies"), "addFeatureDependency", TAG, add)
        .takes::<Wanted>()
        .add(Method::DELETE, child!("/dependencies"), "deleteFeatureDependencies", TAG, remove_all)
        .add(Method::DELETE, child!("/dependencies/{parent}"), "deleteFeatureDependency", TAG, remove)
        .add(Method::GET, child!("/parents"), "listParentOptions", TAG, parents)
        .gives::<Vec<String>>(200)
        .add(Method::GET, VARIANTS, "listParentVariantOptions", TAG, variants)
        .gives::<BTreeSet<String>>(200)
}

async fn exist(grant: Granted<SeeProject>, State(app): State<App>) -> Result<Json<bool>, Problem> {
    let mut tx = app.db.read().await?;
    Ok(Json(dependency::exist(&mut tx, &grant.scope().project).await?))
}

/// On what a flag is to depend.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "createDependentFeatureSchema")]
struct Wanted {
    /// The parent.
    feature: String,
    /// Whether the parent has to be on, or off.
    #[serde(default)]
    enabled: Option<bool>,
    /// Which variants of the parent will do; all, if none is named.
    #[serde(default)]
    variants: Option<Vec<String>>,
}

async fn add(
    grant: Granted<UpdateDependency>,
    State(app): State<App>,
    Child(child): Child,
    Body(body): Body<Wanted>,
) -> Result<(), Problem> {
    let wanted = Dependency {
        feature: body.feature,
        enabled: body.enabled,
        variants: body.variants.unwrap_or_default(),
    };
    let project = &grant.scope().project;
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    features::ensure_direct(&mut tx, &grant, project).await?;
    dependency::add(&mut tx, project, &child, wanted).await?;
    tx.commit().await?;
    Ok(())
}

async fn end(
    app: &App,
    grant: &Granted<UpdateDependency>,
    child: &str,
    parent: Option<&str>,
) -> Result<(), Problem> {
    let project = &grant.scope().project;
    let mut tx = app.db.change(grant, app.clock.now()).await?;
    features::ensure_direct(&mut tx, grant, project).await?;
    dependency::remove(&mut tx, project, child, parent).await?;
    tx.commit().await?;
    Ok(())
}

async fn remove_all(
    grant: Granted<UpdateDependency>,
    State(app): State<App>,
    Child(child): Child,
) -> Result<(), Problem> {
    end(&app, &grant, &child, None).await
}

async fn remove(
    grant: Granted<UpdateDependency>,
    State(app): State<App>,
    Child(child): Child,
    Name(parent): Name,
) -> Result<(), Problem> {
    end(&app, &grant, &child, Some(&parent)).await
}

async fn parents(
    grant: Granted<SeeProject>,
    State(app): State<App>,
    Child(child): Child,
) -> Result<Json<Vec<String>>, Problem> {
    let mut tx = app.db.read().await?;
    Ok(Json(dependency::possible_parents(&mut tx, &grant.scope().project, &child).await?))
}

async fn variants(
    grant: Granted<SeeProject>,
    State(app): State<App>,
    Name(parent): Name,
) -> Result<Json<BTreeSet<String>>, Problem> {
    let mut tx = app.db.read().await?;
    Ok(Json(dependency::variants_of(&mut tx, &grant.scope().project, &parent).await?))
}
