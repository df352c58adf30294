//! Which flags have which tags.

use std::collections::BTreeSet;

use super::tag::{self, Tag};
use crate::access::Sight;
use crate::db::Read;
use crate::error::{Error, Result};
use crate::events::{Change, Event, Fact};
use crate::sql;

/// How many flags times tags one request may change.
const MOST_CHANGES: usize = 10_000;

/// A tag of a flag, in the colour of its type.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Coloured {
    /// The tag.
    #[sqlx(flatten)]
    pub tag: Tag,
    /// `#RRGGBB`.
    pub color: Option<String>,
}

/// The project of a flag, archived or not, that is seen.
pub async fn project_of(tx: &mut Read, sight: &Sight, feature: &str) -> Result<String> {
    let missing = || Error::not_found(format!("Could not find feature with name {feature}"));
    let found: Option<(String,)> =
        tx.optional(sql!("SELECT project FROM features WHERE name = $1", feature)).await?;
    let (project,) = found.ok_or_else(missing)?;
    sight.ensure(tx, &project).await.map_err(|error| match error.kind() {
        Some(_) => missing(),
        None => error,
    })?;
    Ok(project)
}

/// The tags of a flag.
pub async fn list(tx: &mut Read, feature: &str) -> Result<Vec<Coloured>> {
    tx.all(sql!(
        "SELECT t.type, t.value, k.color FROM feature_tags t JOIN tag_types k ON k.name = t.type
         WHERE t.feature = $1 ORDER BY t.type, t.value",
        feature
    ))
    .await
}

/// Gives tags to flags of one project and takes others away. Makes tags that are not there yet; records only what
/// changes, and tells of which flags.
pub async fn retag(
    tx: &mut Change,
    project: &str,
    features: &[String],
    added: Vec<Tag>,
    removed: Vec<Tag>,
) -> Result<BTreeSet<String>> {
    let (added, removed): (BTreeSet<Tag>, BTreeSet<Tag>) =
        (added.into_iter().collect(), removed.into_iter().collect());
    if features.len().saturating_mul(added.len() + removed.len()) > MOST_CHANGES {
        return Err(Error::limit("tags of flags in one request", 10_000));
    }
    let names = serde_json::to_string(features)?;
    let here: Vec<(String,)> = tx
        .all(sql!("SELECT name FROM features WHERE project = $1 AND name IN ({list:$2})", project, &names))
        .await?;
    let here: BTreeSet<&str> = here.iter().map(|(name,)| name.as_str()).collect();
    if let Some(missing) = features.iter().find(|name| !here.contains(name.as_str())) {
        return Err(Error::not_found(format!("Could not find feature with name {missing}")));
    }
    let mut touched = BTreeSet::new();
    for tag in removed {
        let changed: Vec<(String,)> = tx
            .all(sql!(
                "DELETE FROM feature_tags WHERE type = $1 AND value = $2 AND feature IN ({list:$3})
                 RETURNING feature",
                &tag.r#type,
                &tag.value,
                &names
            ))
            .await?;
        for (feature,) in changed {
            let event = Event::deleted(Fact::FeatureUntagged, &tag);
            touched.insert(feature.clone());
            tx.record(event.within(Some(project.to_owned()), None).on(feature));
        }
    }
    let (now, author) = (tx.now(), tx.actor().user_id());
    for tag in added {
        tag::ensure(tx, &tag).await?;
        let changed: Vec<(String,)> = tx
            .all(sql!(
                "INSERT INTO feature_tags (feature, type, value, created_at, created_by)
                 SELECT item, CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS BIGINT), CAST($4 AS BIGINT)
                 FROM ({list:$5}) AS named WHERE TRUE ON CONFLICT DO NOTHING RETURNING feature",
                &tag.r#type,
                &tag.value,
                now,
                author,
                &names
            ))
            .await?;
        for (feature,) in changed {
            let event = Event::created(Fact::FeatureTagged, &tag);
            touched.insert(feature.clone());
            tx.record(event.within(Some(project.to_owned()), None).on(feature));
        }
    }
    Ok(touched)
}
