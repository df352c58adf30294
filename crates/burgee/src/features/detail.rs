//! What people read about flags: one with everything around it, or those of a project in short.

use burgee_eval::document::{Dependency, Variant};

use super::dependency;
use super::feature::{self, Feature};
use super::lifecycle::rank;
use super::strategy::{Strategy, strategies};
use crate::clock::Time;
use crate::db::Read;
use crate::error::{Error, Result};
use crate::{owners, sql};

/// Somebody who made or changed something.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Author {
    /// The user id.
    pub id: i64,
    /// The name, or what else names them.
    pub name: String,
    /// A picture, if there is one.
    pub image_url: String,
}

/// A flag in an environment.
#[derive(Clone, Debug)]
pub struct InPlace {
    /// The environment.
    pub environment: String,
    /// The environment's type.
    pub kind: String,
    /// The environment's place in lists.
    pub sort_order: i64,
    /// On or off.
    pub enabled: bool,
    /// The variants that the flag itself has here.
    pub variants: Vec<Variant>,
    /// When clients last asked for it here.
    pub last_seen_at: Option<Time>,
    /// Its strategies, in order.
    pub strategies: Vec<Strategy>,
}

/// A link to something about a flag.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Link {
    /// A ULID.
    pub id: String,
    /// Where it leads.
    pub url: String,
    /// What people call it.
    pub title: Option<String>,
}

/// A step in the life of a flag.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Stage {
    /// `initial`, `pre-live`, `live`, `completed` or `archived`.
    pub stage: String,
    /// Since when.
    pub created_at: Time,
    /// Whether a completed flag was kept or discarded.
    pub status: Option<String>,
}

/// A flag with everything around it.
#[derive(Clone, Debug)]
pub struct Detail {
    /// The flag.
    pub feature: Feature,
    /// Who made it.
    pub author: Option<Author>,
    /// Who answers for it.
    pub owner: Option<owners::Named>,
    /// Whether the reader likes it.
    pub favorite: bool,
    /// Where it stands in each environment.
    pub environments: Vec<InPlace>,
    /// What it depends on.
    pub dependencies: Vec<Dependency>,
    /// Which flags depend on it.
    pub children: Vec<String>,
    /// Links.
    pub links: Vec<Link>,
    /// The latest step of its life.
    pub stage: Option<Stage>,
    /// Everybody who changed it, the latest first.
    pub collaborators: Vec<Author>,
}

/// SQL: the columns of an [`Author`] from the alias `u` of users.
macro_rules! author {
    () => {
        "u.id, COALESCE(u.name, u.username, u.email, '') AS name, COALESCE(u.image_url, '') AS image_url"
    };
}
pub(super) use author;

/// Everything about one flag, as `reader` sees it.
pub async fn detail(tx: &mut Read, feature: Feature, reader: Option<i64>) -> Result<Detail> {
    let name = feature.name.as_str();
    let author = tx
        .optional(sql!(concat!("SELECT ", author!(), " FROM users u WHERE u.id = $1"), feature.created_by))
        .await?;
    let favorite: Option<(i64,)> = tx
        .optional(sql!(
            "SELECT user_id FROM favorite_features WHERE user_id = $1 AND feature = $2",
            reader,
            name
        ))
        .await?;
    let dependencies = dependency::of(tx, name).await?;
    let children: Vec<(String,)> = tx
        .all(sql!(
            "SELECT d.child FROM feature_dependencies d JOIN features f ON f.name = d.child
             WHERE d.parent = $1 AND f.archived_at IS NULL ORDER BY d.child",
            name
        ))
        .await?;
    let links =
        tx.all(sql!("SELECT id, url, title FROM feature_links WHERE feature = $1 ORDER BY id", name)).await?;
    let stage = tx
        .optional(sql!(
            concat!(
                "SELECT stage, created_at, status FROM feature_lifecycles WHERE feature = $1 ORDER BY created_at DESC, ",
                rank!(),
                " DESC LIMIT 1"
            ),
            name
        ))
        .await?;
    let collaborators = tx
        .all(sql!(
            concat!(
                "SELECT ",
                author!(),
                " FROM users u JOIN (
                     SELECT created_by_user_id AS id, MAX(id) AS latest FROM events
                     WHERE feature_name = $1 GROUP BY created_by_user_id
                 ) e ON e.id = u.id ORDER BY e.latest DESC LIMIT 50"
            ),
            name
        ))
        .await?;
    let environments = places(tx, name).await?;
    Ok(Detail {
        owner: owners::of(tx, &feature.name).await?,
        author,
        favorite: favorite.is_some(),
        environments,
        dependencies,
        children: children.into_iter().map(|(child,)| child).collect(),
        links,
        stage,
        collaborators,
        feature,
    })
}

/// A flag in one environment.
pub async fn place(tx: &mut Read, project: &str, feature: &str, environment: &str) -> Result<InPlace> {
    feature::get(tx, project, feature).await?;
    let found = places(tx, feature).await?.into_iter().find(|place| place.environment == environment);
    found.ok_or_else(|| {
        Error::not_found(format!("Could not find environment {environment} for feature: {feature}"))
    })
}

pub(super) async fn places(tx: &mut Read, feature: &str) -> Result<Vec<InPlace>> {
    #[derive(sqlx::FromRow)]
    struct Row {
        environment: String,
        r#type: String,
        sort_order: i64,
        enabled: bool,
        variants: String,
        last_seen_at: Option<Time>,
    }
    let rows: Vec<Row> = tx
        .all(sql!(
            "SELECT p.environment, e.type, e.sort_order, p.enabled, p.variants, s.seen_at AS last_seen_at
             FROM feature_environments p JOIN environments e ON e.name = p.environment
             LEFT JOIN flag_sightings s ON s.feature = p.feature AND s.environment = p.environment
             WHERE p.feature = $1 ORDER BY e.sort_order, e.name",
            feature
        ))
        .await?;
    let mut strategies = strategies(tx, feature, None).await?;
    rows.into_iter()
        .map(|row| {
            Ok(InPlace {
                strategies: strategies.remove(&row.environment).unwrap_or_default(),
                environment: row.environment,
                kind: row.r#type,
                sort_order: row.sort_order,
                enabled: row.enabled,
                variants: serde_json::from_str(&row.variants)?,
                last_seen_at: row.last_seen_at,
            })
        })
        .collect()
}
