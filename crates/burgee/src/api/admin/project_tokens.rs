//! The API tokens of one project, for those who may not administer the tokens of all.

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use axum::response::Response;

use super::api_tokens::{NewTokenView, TokenView, Tokens, shown};
use crate::access::{CreateProjectTokens, DeleteProjectTokens, Granted, ReadProjectTokens};
use crate::api::input::{Body, Name};
use crate::api::{Problem, Routes};
use crate::app::App;
use crate::projects::tokens;

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

async fn list(grant: Granted<ReadProjectTokens>, State(app): State<App>) -> Result<Json<Tokens>, Problem> {
    let mut tx = app.db.read().await?;
    let found = tokens::of_project(&mut tx, &grant).await?;
    Ok(Json(Tokens { tokens: found.into_iter().map(TokenView::from).collect() }))
}

/// The token reaches the project of the path, whatever the body says about projects.
async fn create(
    grant: Granted<CreateProjectTokens>,
    State(app): State<App>,
    Body(body): Body<NewTokenView>,
) -> Result<Response, Problem> {
    let posted = body.posted();
    let new = body.within(grant.scope().project.clone()).read()?;
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let limit = app.config.unleash_api_tokens_limit;
    let made = tokens::create_in_project(&mut tx, &grant, &app.entropy, limit, new).await?;
    tx.commit().await?;
    Ok(shown(&app, made, posted))
}

async fn delete(
    grant: Granted<DeleteProjectTokens>,
    State(app): State<App>,
    Name(text): Name,
) -> Result<(), Problem> {
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    tokens::delete_in_project(&mut tx, &grant, &text).await?;
    tx.commit().await?;
    Ok(())
}
