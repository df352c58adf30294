//! What people attach to flags for themselves: links, and that they like them.

use axum::extract::State;
use axum::http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::Deserialize;

use super::feature_life::flag;
use crate::access::{Granted, SeeProject, UpdateFeature};
use crate::api::input::{Body, Flag, Name};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::features::{favorite, link};

const TAG: &str = "Features";

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::POST, flag!("/link"), "createFeatureLink", TAG, add)
        .takes::<Wanted>()
        .empty(204)
        .add(Method::PUT, flag!("/link/{linkId}"), "updateFeatureLink", TAG, update)
        .takes::<Wanted>()
        .empty(204)
        .add(Method::DELETE, flag!("/link/{linkId}"), "deleteFeatureLink", TAG, remove)
        .empty(204)
        .add(Method::POST, flag!("/favorites"), "addFavoriteFeature", TAG, like)
        .add(Method::DELETE, flag!("/favorites"), "removeFavoriteFeature", TAG, unlike)
}

/// A link as posted.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "linkSchema")]
struct Wanted {
    url: String,
    #[serde(default)]
    title: Option<String>,
}

impl From<Wanted> for link::Draft {
    fn from(wanted: Wanted) -> Self {
        Self { url: wanted.url, title: wanted.title }
    }
}

async fn add(
    grant: Granted<UpdateFeature>,
    State(app): State<App>,
    Flag(name): Flag,
    Body(body): Body<Wanted>,
) -> Result<StatusCode, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    link::add(&mut tx, &app.entropy, &grant.scope().project, &name, body.into()).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn update(
    grant: Granted<UpdateFeature>,
    State(app): State<App>,
    Flag(name): Flag,
    Name(id): Name,
    Body(body): Body<Wanted>,
) -> Result<StatusCode, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    link::update(&mut tx, &grant.scope().project, &name, &id, body.into()).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn remove(
    grant: Granted<UpdateFeature>,
    State(app): State<App>,
    Flag(name): Flag,
    Name(id): Name,
) -> Result<StatusCode, Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    link::remove(&mut tx, &grant.scope().project, &name, &id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn like(grant: Granted<SeeProject>, State(app): State<App>, Flag(name): Flag) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    favorite::add(&mut tx, &grant.scope().project, &name, grant.person()?).await?;
    tx.commit().await?;
    Ok(())
}

async fn unlike(grant: Granted<SeeProject>, State(app): State<App>, Flag(name): Flag) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    favorite::remove(&mut tx, &grant.scope().project, &name, grant.person()?).await?;
    tx.commit().await?;
    Ok(())
}
