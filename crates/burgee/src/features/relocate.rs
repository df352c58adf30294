//! Flags move from one project to another.

use serde_json::json;

use super::dependency;
use super::feature::{Room, event, lock};
use crate::access::{Granted, Guard, Permission};
use crate::error::{Error, Kind, Result};
use crate::events::{Change, Event, Fact};
use crate::projects::change_requests;
use crate::sql;

/// Moves a flag. It takes the right to move flags in both projects, the same environments in both, and nothing that
/// would stay behind: no dependency, no segment of the old project. Where changes need approval, no flag arrives.
pub async fn relocate<G: Guard>(
    tx: &mut Change,
    grant: &Granted<G>,
    project: &str,
    feature: &str,
    target: &str,
) -> Result<()> {
    grant.ensure_held_in(&[Permission::MoveFeatureToggle], target)?;
    if project == target {
        return Ok(());
    }
    // In the order of their ids, so that two moves do not wait for each other.
    let room = if project < target {
        Room::of(tx, project).await?;
        Room::of(tx, target).await?
    } else {
        let room = Room::of(tx, target).await?;
        Room::of(tx, project).await?;
        room
    };
    let flag = lock(tx, project, feature).await?;
    if !change_requests::environments(tx, target).await?.is_empty() {
        return Err(forbidden(&format!("Project {target} has change requests enabled.")));
    }
    if !dependency::of(tx, feature).await?.is_empty()
        || !dependency::left_alone(tx, &[feature.to_owned()]).await?.is_empty()
    {
        return Err(forbidden("Feature has dependencies."));
    }
    ensure_compatible(tx, project, feature, target).await?;
    room.ensure_here(1)?;
    tx.execute(sql!(
        "UPDATE features SET project = $2, version = version + 1 WHERE name = $1",
        &flag.name,
        target
    ))
    .await?;
    let state = json!({ "oldProject": project, "newProject": target });
    tx.record(event(Event::created(Fact::FeatureProjectChange, &state), target, feature));
    Ok(())
}

/// Refuses a project with other environments, and a flag that uses segments of its own project.
async fn ensure_compatible(tx: &mut Change, project: &str, feature: &str, target: &str) -> Result<()> {
    let differing: Option<(String,)> = tx
        .optional(sql!(
            "SELECT environment FROM project_environments WHERE project IN ($1, $2)
             GROUP BY environment HAVING COUNT(*) = 1 LIMIT 1",
            project,
            target
        ))
        .await?;
    if differing.is_some() {
        let message =
            format!("Cannot move flag \"{feature}\" to project \"{target}\": the environments differ.");
        return Err(Error::rejected(Kind::IncompatibleProject, message));
    }
    let segment: Option<(String,)> = tx
        .optional(sql!(
            "SELECT s.name FROM feature_strategies t
             JOIN feature_strategy_segments u ON u.strategy_id = t.id JOIN segments s ON s.id = u.segment_id
             WHERE t.feature = $1 AND s.project = $2 LIMIT 1",
            feature,
            project
        ))
        .await?;
    match segment {
        Some((segment,)) => Err(Error::rejected(
            Kind::IncompatibleProject,
            format!("Cannot move flag \"{feature}\": it uses the segment \"{segment}\" of its project."),
        )),
        None => Ok(()),
    }
}

fn forbidden(why: &str) -> Error {
    Error::rejected(Kind::Forbidden, format!("Changing project not allowed. {why}"))
}
