//! API tokens and what they reach: who sees which, who may make one for what.

use super::{ensure_exists, ensure_reachable};
use crate::access::{
    CreateApiTokens, CreateProjectTokens, DeleteApiTokens, DeleteProjectTokens, Granted, Guard,
    ReadApiTokens, ReadProjectTokens, UpdateApiTokens,
};
use crate::clock::Time;
use crate::db::Read;
use crate::entropy::Entropy;
use crate::error::{Error, Result};
use crate::events::Change;
use crate::people::api_token::{self, Action, ApiToken, EVERYWHERE, Kind, NewToken};

/// The tokens of the types that somebody may see, and of the projects that they see.
pub async fn all(tx: &mut Read, grant: &Granted<ReadApiTokens>) -> Result<Vec<ApiToken>> {
    let hidden = grant.sight(tx).await?.hidden(tx).await?;
    let tokens = api_token::visible(tx, &hidden).await?;
    Ok(tokens.filter(|token| grant.ensure(token.kind.permission(Action::Read)).is_ok()).collect())
}

/// The tokens that reach the project, those that reach every one included. Admin tokens are for admins to see.
pub async fn of_project(tx: &mut Read, grant: &Granted<ReadProjectTokens>) -> Result<Vec<ApiToken>> {
    let project = &grant.scope().project;
    ensure_exists(tx, project).await?;
    let hidden = grant.sight(tx).await?.hidden(tx).await?;
    let tokens = api_token::visible(tx, &hidden).await?.filter(|token| {
        (token.kind != Kind::Admin || grant.held().is_admin())
            && token.projects.iter().any(|reached| reached == project || reached == EVERYWHERE)
    });
    Ok(tokens.collect())
}

/// Makes a token that reaches what is wanted; the secret is returned once. There may be `limit` tokens in all.
pub async fn create(
    tx: &mut Change,
    grant: &Granted<CreateApiTokens>,
    entropy: &Entropy,
    limit: i64,
    new: NewToken,
) -> Result<(ApiToken, String)> {
    grant.ensure(new.kind.permission(Action::Create))?;
    make(tx, grant, entropy, limit, new).await
}

/// Makes a token that reaches the project of the grant alone, whatever is wanted; the secret is returned once.
pub async fn create_in_project(
    tx: &mut Change,
    grant: &Granted<CreateProjectTokens>,
    entropy: &Entropy,
    limit: i64,
    new: NewToken,
) -> Result<(ApiToken, String)> {
    let project = grant.scope().project.clone();
    ensure_exists(tx, &project).await?;
    make(tx, grant, entropy, limit, NewToken { projects: vec![project], ..new }).await
}

async fn make<G: Guard>(
    tx: &mut Change,
    grant: &Granted<G>,
    entropy: &Entropy,
    limit: i64,
    new: NewToken,
) -> Result<(ApiToken, String)> {
    let sight = grant.sight(tx).await?;
    ensure_reachable(tx, &sight, &new.environment, &new.projects).await?;
    api_token::ensure_room(tx, limit).await?;
    api_token::create(tx, entropy, new).await
}

/// Says when a token stops working. `None`: there is none that the actor sees.
pub async fn prolong(
    tx: &mut Change,
    grant: &Granted<UpdateApiTokens>,
    text: &str,
    until: Time,
) -> Result<Option<ApiToken>> {
    let Some(token) = seen(tx, grant, text).await? else { return Ok(None) };
    grant.ensure(token.kind.permission(Action::Update))?;
    api_token::prolong(tx, &token, until).await?;
    Ok(Some(token))
}

/// Deletes a token. `None`: there is none that the actor sees.
pub async fn delete(
    tx: &mut Change,
    grant: &Granted<DeleteApiTokens>,
    text: &str,
) -> Result<Option<ApiToken>> {
    let Some(token) = seen(tx, grant, text).await? else { return Ok(None) };
    grant.ensure(token.kind.permission(Action::Delete))?;
    api_token::delete(tx, &token).await?;
    Ok(Some(token))
}

/// Deletes a token of a project. One that reaches more than the project is not the project's to delete.
pub async fn delete_in_project(
    tx: &mut Change,
    grant: &Granted<DeleteProjectTokens>,
    text: &str,
) -> Result<ApiToken> {
    let found = seen(tx, grant, text).await?;
    let token = found.ok_or_else(|| Error::not_found("Could not find the API token."))?;
    if !is_of(&token, &grant.scope().project) {
        return Err(Error::bad_data("The API token does not belong to this project alone."));
    }
    api_token::delete(tx, &token).await?;
    Ok(token)
}

/// True if the token reaches this project and no other.
pub fn is_of(token: &ApiToken, project: &str) -> bool {
    token.projects == [project]
}

async fn seen<G: Guard>(tx: &mut Read, grant: &Granted<G>, text: &str) -> Result<Option<ApiToken>> {
    let hidden = grant.sight(tx).await?.hidden(tx).await?;
    api_token::find(tx, &hidden, text).await
}
