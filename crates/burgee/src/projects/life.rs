//! The end of a project: archived, revived, deleted.

use super::project::{DEFAULT, Project, lock, recorded, store};
use crate::db::Read;
use crate::error::{Error, Kind, Result};
use crate::events::{Change, Event, Fact};
use crate::people::api_token;
use crate::sql;

/// Puts a project aside. It keeps its settings and takes no flags.
pub async fn archive(tx: &mut Change, id: &str) -> Result<()> {
    let before = lock(tx, id).await?;
    if before.archived_at.is_some() {
        return Ok(());
    }
    ensure_may_end(tx, id, "archive").await?;
    let after = Project { archived_at: Some(tx.now()), ..before.clone() };
    store(tx, Fact::ProjectArchived, &before, after).await.map(drop)
}

/// Takes an archived project up again.
pub async fn revive(tx: &mut Change, id: &str) -> Result<()> {
    let before = lock(tx, id).await?;
    let after = Project { archived_at: None, ..before.clone() };
    store(tx, Fact::ProjectRevived, &before, after).await.map(drop)
}

/// Deletes a project with its archived flags and the API tokens that reach nothing else.
pub async fn delete(tx: &mut Change, id: &str) -> Result<()> {
    let project = lock(tx, id).await?;
    ensure_may_end(tx, id, "delete").await?;
    ensure_alone(tx, id).await?;
    // First of all: a token without projects would reach every one.
    for token in api_token::list(tx).await? {
        if !token.projects.iter().any(|place| place == id) {
            continue;
        }
        let mut rest = token.clone();
        rest.projects.retain(|place| place != id);
        if rest.projects.is_empty() {
            api_token::delete(tx, &token).await?;
        } else {
            let event = Event::updated(Fact::ApiTokenUpdated, &token, &rest);
            tx.record(event.within(Some(rest.projects.join(",")), Some(rest.environment.clone())));
        }
    }
    let flags: Vec<(String, String, Option<String>)> = tx
        .all(sql!("SELECT name, type, description FROM features WHERE project = $1 ORDER BY name", id))
        .await?;
    tx.execute(sql!(
        "DELETE FROM feature_dependencies WHERE parent IN (SELECT name FROM features WHERE project = $1)",
        id
    ))
    .await?;
    tx.execute(sql!("DELETE FROM features WHERE project = $1", id)).await?;
    tx.execute(sql!("DELETE FROM projects WHERE id = $1", id)).await?;
    for (name, kind, description) in flags {
        let state =
            serde_json::json!({ "name": name, "type": kind, "description": description, "project": id });
        tx.record(recorded(Event::deleted(Fact::FeatureDeleted, &state), id).on(name));
    }
    tx.record(recorded(Event::deleted(Fact::ProjectDeleted, &project), id));
    Ok(())
}

/// How many API tokens would go with the project, and how many would only reach it no longer.
pub async fn tokens_that_go(tx: &mut Read, id: &str) -> Result<(usize, usize)> {
    let tokens = api_token::list(tx).await?;
    let reaching = tokens.iter().filter(|token| token.projects.iter().any(|place| place == id));
    let (only, others): (Vec<_>, Vec<_>) = reaching.partition(|token| token.projects.len() == 1);
    Ok((only.len(), others.len()))
}

async fn ensure_may_end(tx: &mut Read, id: &str, what: &str) -> Result<()> {
    if id == DEFAULT {
        return Err(Error::rejected(
            Kind::InvalidOperation,
            format!("You can not {what} the default project!"),
        ));
    }
    let (active,): (i64,) =
        tx.one(sql!("SELECT COUNT(*) FROM features WHERE project = $1 AND archived_at IS NULL", id)).await?;
    if active == 0 {
        return Ok(());
    }
    Err(Error::rejected(
        Kind::InvalidOperation,
        format!("You can not {what} a project with active feature flags"),
    ))
}

/// Refuses to take segments away from flags of other projects.
async fn ensure_alone(tx: &mut Read, id: &str) -> Result<()> {
    let used: Option<(String, String)> = tx
        .optional(sql!(
            "SELECT s.name, f.name FROM segments s
             JOIN feature_strategy_segments u ON u.segment_id = s.id
             JOIN feature_strategies t ON t.id = u.strategy_id
             JOIN features f ON f.name = t.feature
             WHERE s.project = $1 AND f.project <> $1 LIMIT 1",
            id
        ))
        .await?;
    match used {
        Some((segment, flag)) => Err(Error::rejected(
            Kind::Conflict,
            format!("The flag {flag} of another project uses the segment {segment} of this one."),
        )),
        None => Ok(()),
    }
}
