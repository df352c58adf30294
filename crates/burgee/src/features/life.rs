//! The end of flags, and what may follow it: archived, revived, deleted, or marked as due to go.
//!
//! Batches are all or nothing. Names that do not live in the project, or for which there is nothing to do, are left
//! out, as in Unleash.

use super::feature::{Feature, Room, event, lock_all};
use super::{dependency, lifecycle};
use crate::error::{Error, Kind, Result};
use crate::events::{Change, Event, Fact};
use crate::sql;

/// Archives flags, which ends what they depend on. Refused while another living flag depends on one of them.
pub async fn archive(tx: &mut Change, project: &str, names: &[String]) -> Result<Vec<String>> {
    let living = locked(tx, project, names, |feature| !feature.archived).await?;
    if living.is_empty() {
        return Ok(living);
    }
    if !dependency::left_alone(tx, &living).await?.is_empty() {
        let message = match names {
            [_] => "You can not archive/delete this feature since other features depend on it.",
            _ => "You can not archive/delete those features since other features depend on them.",
        };
        return Err(Error::rejected(Kind::InvalidOperation, message));
    }
    dependency::drop_all(tx, project, &living).await?;
    let now = tx.now();
    tx.execute(sql!(
        "UPDATE features SET archived_at = $2, version = version + 1 WHERE name IN ({list:$1})",
        serde_json::to_string(&living)?,
        now
    ))
    .await?;
    lifecycle::end(tx, &living).await?;
    record(tx, Fact::FeatureArchived, project, living.clone());
    Ok(living)
}

/// Takes archived flags up again: off everywhere, at the beginning of their life, in all environments that the project
/// has by now. Tells of which.
pub async fn revive(tx: &mut Change, project: &str, names: &[String]) -> Result<Vec<String>> {
    let room = Room::of(tx, project).await?;
    let archived = locked(tx, project, names, |feature| feature.archived).await?;
    if archived.is_empty() {
        return Ok(archived);
    }
    room.ensure(i64::try_from(archived.len()).unwrap_or(i64::MAX))?;
    let list = serde_json::to_string(&archived)?;
    tx.execute(sql!(
        "UPDATE features SET archived_at = NULL, version = version + 1 WHERE name IN ({list:$1})",
        &list
    ))
    .await?;
    tx.execute(sql!("UPDATE feature_environments SET enabled = FALSE WHERE feature IN ({list:$1})", &list))
        .await?;
    tx.execute(sql!(
        "INSERT INTO feature_environments (feature, environment)
         SELECT f.name, e.environment FROM features f JOIN project_environments e ON e.project = f.project
         WHERE f.name IN ({list:$1}) ON CONFLICT DO NOTHING",
        &list
    ))
    .await?;
    lifecycle::begin(tx, &archived).await?;
    record(tx, Fact::FeatureRevived, project, archived.clone());
    Ok(archived)
}

/// Deletes archived flags for ever, and tells of which.
pub async fn delete(tx: &mut Change, project: &str, names: &[String]) -> Result<Vec<String>> {
    let mut gone = lock_all(tx, project, names).await?;
    gone.retain(|feature| feature.archived);
    let names: Vec<String> = gone.iter().map(|feature| feature.name.clone()).collect();
    tx.execute(sql!("DELETE FROM features WHERE name IN ({list:$1})", serde_json::to_string(&names)?))
        .await?;
    for feature in gone {
        tx.record(event(Event::deleted(Fact::FeatureDeleted, &feature), project, &feature.name));
    }
    Ok(names)
}

/// Marks flags for removal, or takes the mark away, and tells of which. Archived ones stay as they are.
pub async fn mark_stale(
    tx: &mut Change,
    project: &str,
    names: &[String],
    stale: bool,
) -> Result<Vec<String>> {
    let changed = locked(tx, project, names, |feature| !feature.archived && feature.stale != stale).await?;
    tx.execute(sql!(
        "UPDATE features SET stale = $2, version = version + 1 WHERE name IN ({list:$1})",
        serde_json::to_string(&changed)?,
        stale
    ))
    .await?;
    let fact = if stale { Fact::FeatureStaleOn } else { Fact::FeatureStaleOff };
    record(tx, fact, project, changed.clone());
    Ok(changed)
}

/// The names of those flags that are as they must be; nobody else changes them until the transaction ends.
async fn locked(
    tx: &mut Change,
    project: &str,
    names: &[String],
    wanted: impl Fn(&Feature) -> bool,
) -> Result<Vec<String>> {
    let found = lock_all(tx, project, names).await?;
    Ok(found.into_iter().filter(wanted).map(|feature| feature.name).collect())
}

fn record(tx: &mut Change, fact: Fact, project: &str, names: Vec<String>) {
    for name in names {
        tx.record(event(Event::bare(fact), project, &name));
    }
}
