//! A flag may depend on another one of its project: it is on only where that one agrees. A parent depends on nothing,
//! and nothing archived takes part.

use std::collections::BTreeSet;

use burgee_eval::document::{Dependency, Variant};
use serde_json::json;

use super::feature::{ensure_active, event, find, get, lock, lock_all};
use crate::db::Read;
use crate::error::{Error, Kind, Result};
use crate::events::{Change, Event, Fact};
use crate::sql;

/// How many variants of a parent a dependency may name.
const MOST_VARIANTS: usize = 100;
/// The longest name of a variant, in characters.
const LONGEST_VARIANT: usize = 255;

/// Makes a flag depend on another one, instead of what it depended on before. Both wait for whoever changes them.
pub async fn add(tx: &mut Change, project: &str, child: &str, wanted: Dependency) -> Result<()> {
    let parent = wanted.feature.clone();
    if parent == child {
        return Err(refused("A feature flag cannot depend on itself."));
    }
    let both = lock_all(tx, project, &[child.to_owned(), parent.clone()]).await?;
    let find_in = |name: &str| both.iter().find(|feature| feature.name == name);
    let stranger = || {
        Error::not_found(format!(
            "Cannot add the dependency. Both the parent and the child feature must belong to project \"{project}\"."
        ))
    };
    ensure_active(find_in(child).ok_or_else(stranger)?)?;
    let elsewhere =
        find_in(&parent).is_none() && find(tx, &parent).await?.is_some_and(|found| !found.archived);
    if elsewhere {
        return Err(stranger());
    }
    if find_in(&parent).is_none_or(|feature| feature.archived) {
        return Err(refused(format!("No active feature {parent} exists")));
    }
    let (children, parents): (i64, i64) = tx
        .one(sql!(
            "SELECT (SELECT COUNT(*) FROM feature_dependencies WHERE parent = $1),
                    (SELECT COUNT(*) FROM feature_dependencies WHERE child = $2)",
            child,
            &parent
        ))
        .await?;
    if children > 0 {
        return Err(refused(
            "Transitive dependency detected. Cannot add a dependency to the feature that other features depend on.",
        ));
    }
    if parents > 0 {
        return Err(refused(
            "Transitive dependency detected. Cannot add a dependency to the feature that has parent dependency.",
        ));
    }
    let after = checked(wanted)?;
    if of(tx, child).await? == [after.clone()] {
        return Ok(());
    }
    tx.execute(sql!("DELETE FROM feature_dependencies WHERE child = $1", child)).await?;
    tx.execute(sql!(
        "INSERT INTO feature_dependencies (child, parent, enabled, variants) VALUES ($1, $2, $3, $4)",
        child,
        &parent,
        after.enabled != Some(false),
        serde_json::to_string(&after.variants)?
    ))
    .await?;
    changed(tx, &[child.to_owned()]).await?;
    tx.record(event(Event::created(Fact::FeatureDependencyAdded, &after), project, child));
    Ok(())
}

/// Ends what a flag depends on: one parent, or whatever it is.
pub async fn remove(tx: &mut Change, project: &str, child: &str, parent: Option<&str>) -> Result<()> {
    lock(tx, project, child).await?;
    let Some(parent) = parent else {
        if drop_all(tx, project, &[child.to_owned()]).await? {
            return Ok(());
        }
        let message = format!("Feature \"{child}\" has no dependencies to remove in project \"{project}\".");
        return Err(Error::not_found(message));
    };
    let gone = tx
        .execute(sql!("DELETE FROM feature_dependencies WHERE child = $1 AND parent = $2", child, parent))
        .await?;
    if gone == 0 {
        let message =
            format!("No dependency on \"{parent}\" for feature \"{child}\" in project \"{project}\".");
        return Err(Error::not_found(message));
    }
    changed(tx, &[child.to_owned()]).await?;
    let state = json!({ "feature": parent });
    tx.record(event(Event::created(Fact::FeatureDependencyRemoved, &state), project, child));
    Ok(())
}

/// Ends everything that flags, which the caller has locked, depend on. False if they depended on nothing.
pub(super) async fn drop_all(tx: &mut Change, project: &str, children: &[String]) -> Result<bool> {
    let gone: Vec<(String,)> = tx
        .all(sql!(
            "DELETE FROM feature_dependencies WHERE child IN ({list:$1}) RETURNING child",
            serde_json::to_string(children)?
        ))
        .await?;
    let gone: BTreeSet<String> = gone.into_iter().map(|(child,)| child).collect();
    let gone: Vec<String> = gone.into_iter().collect();
    changed(tx, &gone).await?;
    for child in &gone {
        tx.record(event(Event::bare(Fact::FeatureDependenciesRemoved), project, child));
    }
    Ok(!gone.is_empty())
}

async fn changed(tx: &mut Change, children: &[String]) -> Result<()> {
    tx.execute(sql!(
        "UPDATE features SET version = version + 1 WHERE name IN ({list:$1})",
        serde_json::to_string(children)?
    ))
    .await
    .map(drop)
}

/// What a flag depends on.
pub async fn of(tx: &mut Read, child: &str) -> Result<Vec<Dependency>> {
    let rows: Vec<(String, bool, String)> = tx
        .all(sql!(
            "SELECT parent, enabled, variants FROM feature_dependencies WHERE child = $1 ORDER BY parent",
            child
        ))
        .await?;
    let read = |(feature, enabled, variants): (String, bool, String)| {
        Ok(Dependency { feature, enabled: Some(enabled), variants: serde_json::from_str(&variants)? })
    };
    rows.into_iter().map(read).collect()
}

/// Those of `parents` on which living flags depend that are not among them.
pub async fn left_alone(tx: &mut Read, parents: &[String]) -> Result<Vec<String>> {
    let found: Vec<(String,)> = tx
        .all(sql!(
            "SELECT DISTINCT d.parent FROM feature_dependencies d JOIN features f ON f.name = d.child
             WHERE d.parent IN ({list:$1}) AND d.child NOT IN ({list:$1}) AND f.archived_at IS NULL
             ORDER BY d.parent",
            serde_json::to_string(parents)?
        ))
        .await?;
    Ok(found.into_iter().map(|(parent,)| parent).collect())
}

/// What would be in the way of archiving those of `names` that live in the project: the parents that other flags need,
/// and whether dependencies would end with them.
pub async fn at_stake(tx: &mut Read, project: &str, names: &[String]) -> Result<(Vec<String>, bool)> {
    let here: Vec<(String, bool)> = tx
        .all(sql!(
            "SELECT f.name, EXISTS (SELECT 1 FROM feature_dependencies d WHERE f.name IN (d.child, d.parent))
             FROM features f WHERE f.project = $1 AND f.name IN ({list:$2}) ORDER BY f.name",
            project,
            serde_json::to_string(names)?
        ))
        .await?;
    let any = here.iter().any(|(_, takes_part)| *takes_part);
    let here: Vec<String> = here.into_iter().map(|(name, _)| name).collect();
    Ok((left_alone(tx, &here).await?, any))
}

/// True if flags of the project depend on others.
pub async fn exist(tx: &mut Read, project: &str) -> Result<bool> {
    let found: Option<(String,)> = tx
        .optional(sql!(
            "SELECT d.child FROM feature_dependencies d JOIN features f ON f.name = d.child
             WHERE f.project = $1 LIMIT 1",
            project
        ))
        .await?;
    Ok(found.is_some())
}

/// The flags on which one could depend.
pub async fn possible_parents(tx: &mut Read, project: &str, child: &str) -> Result<Vec<String>> {
    let found: Vec<(String,)> = tx
        .all(sql!(
            "SELECT f.name FROM features f
             WHERE f.project = $1 AND f.archived_at IS NULL AND f.name <> $2
               AND EXISTS (SELECT 1 FROM features c WHERE c.name = $2 AND c.project = $1)
               AND NOT EXISTS (SELECT 1 FROM feature_dependencies d WHERE d.child = f.name)
             ORDER BY f.name",
            project,
            child
        ))
        .await?;
    Ok(found.into_iter().map(|(name,)| name).collect())
}

/// The names of all variants that a flag has, itself or in its strategies.
pub async fn variants_of(tx: &mut Read, project: &str, parent: &str) -> Result<BTreeSet<String>> {
    if get(tx, project, parent).await.is_err() {
        return Ok(BTreeSet::new());
    }
    let lists: Vec<(String,)> = tx
        .all(sql!(
            "SELECT variants FROM feature_environments WHERE feature = $1 AND variants <> '[]'
             UNION SELECT variants FROM feature_strategies WHERE feature = $1 AND variants <> '[]'",
            parent
        ))
        .await?;
    let mut names = BTreeSet::new();
    for (list,) in lists {
        names.extend(serde_json::from_str::<Vec<Variant>>(&list)?.into_iter().map(|variant| variant.name));
    }
    Ok(names)
}

/// A parent that has to be off has no variant.
fn checked(wanted: Dependency) -> Result<Dependency> {
    let enabled = wanted.enabled != Some(false);
    let long = |name: &String| name.chars().count() > LONGEST_VARIANT;
    if wanted.variants.len() > MOST_VARIANTS || wanted.variants.iter().any(long) {
        return Err(Error::bad_data(format!(
            "A dependency can name at most {MOST_VARIANTS} variants of at most {LONGEST_VARIANT} characters."
        )));
    }
    let variants = if enabled { wanted.variants } else { Vec::new() };
    Ok(Dependency { enabled: Some(enabled), variants, ..wanted })
}

fn refused(message: impl Into<String>) -> Error {
    Error::rejected(Kind::InvalidOperation, message)
}
