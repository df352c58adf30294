//! The flags of a project as reports about it show them.

use std::collections::HashMap;

use serde::de::IgnoredAny;

use crate::access::{Sight, visible};
use crate::clock::Time;
use crate::db::Read;
use crate::error::Result;
use crate::sql;

/// A living flag.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Flag {
    /// Names it.
    pub name: String,
    /// What kind it is.
    pub r#type: String,
    /// What it is for.
    pub description: Option<String>,
    /// Should be gone.
    pub stale: bool,
    /// Whether clients tell what they saw.
    pub impression_data: bool,
    /// When it was made.
    pub created_at: Time,
    /// True if the viewer likes to have it at hand.
    pub favorite: bool,
}

/// A flag in one environment.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct State {
    /// The environment.
    pub name: String,
    /// What kind it is.
    pub r#type: String,
    /// Its place in lists.
    pub sort_order: i64,
    /// Whether the flag is on.
    pub enabled: bool,
    /// When an application last asked for it.
    pub last_seen_at: Option<Time>,
    /// Its variants from before strategies had their own; JSON.
    pub variants: String,
    /// How many strategies it has.
    pub strategies: i64,
    /// How many of them count.
    pub active_strategies: i64,
}

impl State {
    /// How many variants it has.
    pub fn variant_count(&self) -> usize {
        serde_json::from_str::<Vec<IgnoredAny>>(&self.variants).map_or(0, |variants| variants.len())
    }
}

/// The living flags of a project, each with its states.
pub async fn list(tx: &mut Read, project: &str, person: Option<i64>) -> Result<Vec<(Flag, Vec<State>)>> {
    #[derive(sqlx::FromRow)]
    struct Row {
        feature: String,
        #[sqlx(flatten)]
        state: State,
    }
    let flags: Vec<Flag> = tx
        .all(sql!(
            "SELECT f.name, f.type, f.description, f.stale, f.impression_data, f.created_at,
                    EXISTS (SELECT 1 FROM favorite_features v WHERE v.feature = f.name AND v.user_id = $2) AS favorite
             FROM features f WHERE f.project = $1 AND f.archived_at IS NULL ORDER BY f.name",
            project,
            person
        ))
        .await?;
    let rows: Vec<Row> = tx
        .all(sql!(
            "SELECT e.feature, v.name, v.type, v.sort_order, e.enabled, n.seen_at AS last_seen_at, e.variants,
                    COALESCE(s.strategies, 0) AS strategies, COALESCE(s.active, 0) AS active_strategies
             FROM features f JOIN feature_environments e ON e.feature = f.name
             JOIN project_environments p ON p.project = f.project AND p.environment = e.environment
             JOIN environments v ON v.name = e.environment
             LEFT JOIN flag_sightings n ON n.feature = e.feature AND n.environment = e.environment
             LEFT JOIN (SELECT s.feature, s.environment, COUNT(*) AS strategies,
                               COUNT(CASE WHEN s.disabled = FALSE THEN 1 END) AS active
                        FROM feature_strategies s JOIN features f ON f.name = s.feature
                        WHERE f.project = $1 GROUP BY s.feature, s.environment) s
                  ON s.feature = e.feature AND s.environment = e.environment
             WHERE f.project = $1 AND f.archived_at IS NULL
             ORDER BY e.feature, v.sort_order, v.name",
            project
        ))
        .await?;
    let mut states: HashMap<String, Vec<State>> = HashMap::new();
    for row in rows {
        states.entry(row.feature).or_default().push(row.state);
    }
    Ok(flags
        .into_iter()
        .map(|flag| {
            let states = states.remove(&flag.name).unwrap_or_default();
            (flag, states)
        })
        .collect())
}

/// Who made the living flags of a project.
pub async fn creators(tx: &mut Read, project: &str) -> Result<Vec<(i64, String)>> {
    tx.all(sql!(
        "SELECT c.created_by, COALESCE(u.name, u.username, u.email, 'user ' || CAST(c.created_by AS TEXT))
         FROM (SELECT DISTINCT created_by FROM features WHERE project = $1 AND archived_at IS NULL) c
         LEFT JOIN users u ON u.id = c.created_by ORDER BY 2, 1",
        project
    ))
    .await
}

/// The latest living flags that somebody made, as far as they see them: name, project and type.
pub async fn of_person(
    tx: &mut Read,
    sight: &Sight,
    person: i64,
    most: i64,
) -> Result<Vec<(String, String, String)>> {
    tx.all(sql!(
        concat!(
            "SELECT f.name, f.project, f.type FROM features f JOIN projects p ON p.id = f.project
             WHERE f.created_by = $2 AND f.archived_at IS NULL AND p.archived_at IS NULL AND ",
            visible!("p", "$1"),
            " ORDER BY f.created_at DESC, f.name LIMIT $3"
        ),
        sight.param()?,
        person,
        most
    ))
    .await
}
