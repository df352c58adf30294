//! The API tokens of one project, for those who may not administer the tokens of all.

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use axum::response::Response;

use super::api_tokens::{NewTokenView, TokenView, Tokens, make};
use crate::access::{CreateProjectTokens, DeleteProjectTokens, Granted, ReadProjectTokens};
use crate::api::input::{Body, Name};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::error::Error;
use crate::people::api_token::{self, EVERYWHERE, Kind};
use crate::projects;

const TAG: &str = "Projects";

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Method::GET, "/api/admin/projects/{projectId}/api-tokens", "getProjectApiTokens", TAG, list)
        .gives::<Tokens>(200)
        .add(Method::POST, "/api/admin/projects/{projectId}/api-tokens", "createProjectApiToken", TAG, create)
        .takes::<NewTokenView>()
        .gives::<TokenView>(201)
        .add(
            Method::DELETE,
            "/api/admin/projects/{projectId}/api-tokens/{token}",
            "deleteProjectApiToken",
            TAG,
            delete,
        )
}

/// The tokens that reach the project, those that reach every one included. Admin tokens are for admins to see.
async fn list(grant: Granted<ReadProjectTokens>, State(app): State<App>) -> Result<Json<Tokens>, Problem> {
    let project = &grant.scope().project;
    let mut tx = app.db.read().await?;
    projects::ensure_exists(&mut tx, project).await?;
    let hidden = grant.sight(&mut tx).await?.hidden(&mut tx).await?;
    let tokens = api_token::visible(&mut tx, &hidden).await?.filter(|token| {
        (token.kind != Kind::Admin || grant.held().is_admin())
            && token.projects.iter().any(|reached| reached == project || reached == EVERYWHERE)
    });
    Ok(Json(Tokens { tokens: tokens.map(TokenView::from).collect() }))
}

/// The token reaches the project of the path, whatever the body says about projects.
async fn create(
    grant: Granted<CreateProjectTokens>,
    State(app): State<App>,
    Body(body): Body<NewTokenView>,
) -> Result<Response, Problem> {
    let project = grant.scope().project.clone();
    let mut tx = app.db.read().await?;
    projects::ensure_exists(&mut tx, &project).await?;
    tx.end().await?;
    let posted = body.posted();
    let new = body.within(project).read()?;
    make(&grant, &app, new, posted).await
}

/// A token that reaches more than the project is not the project's to delete.
async fn delete(
    grant: Granted<DeleteProjectTokens>,
    State(app): State<App>,
    Name(text): Name,
) -> Result<(), Problem> {
    let project = &grant.scope().project;
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let hidden = grant.sight(&mut tx).await?.hidden(&mut tx).await?;
    let found = api_token::find(&mut tx, &hidden, &text).await?;
    let token = found.ok_or_else(|| Error::not_found("Could not find the API token."))?;
    if token.projects != [project.as_str()] {
        return Err(Error::bad_data("The API token does not belong to this project alone.").into());
    }
    api_token::delete(&mut tx, &token).await?;
    tx.commit().await?;
    Ok(())
}
