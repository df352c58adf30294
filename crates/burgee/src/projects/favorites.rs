//! The projects that somebody likes to have at hand.

use serde_json::json;

use super::project::recorded;
use crate::error::Result;
use crate::events::{Change, Event, Fact};
use crate::sql;

/// Marks a project as a favourite of somebody; a second time changes nothing.
pub async fn add(tx: &mut Change, user: i64, project: &str) -> Result<()> {
    let now = tx.now();
    let added = tx
        .execute(sql!(
            "INSERT INTO favorite_projects (user_id, project, created_at) VALUES ($1, $2, $3)
             ON CONFLICT (user_id, project) DO NOTHING",
            user,
            project,
            now
        ))
        .await?;
    if added > 0 {
        let state = json!({ "project": project, "userId": user });
        tx.record(recorded(Event::created(Fact::ProjectFavorited, &state), project));
    }
    Ok(())
}

/// Takes the mark away.
pub async fn remove(tx: &mut Change, user: i64, project: &str) -> Result<()> {
    let removed = tx
        .execute(sql!("DELETE FROM favorite_projects WHERE user_id = $1 AND project = $2", user, project))
        .await?;
    if removed > 0 {
        let state = json!({ "project": project, "userId": user });
        tx.record(recorded(Event::deleted(Fact::ProjectUnfavorited, &state), project));
    }
    Ok(())
}
