//! What clients see, from the database: each function reads one kind of rows, all of them or those of some flags.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use burgee_eval::document::{Constraint, Dependency, Feature, Segment, Strategy, Variant};

use crate::audience;
use crate::db::{Json, Read};
use crate::error::Result;
use crate::events::Fact;
use crate::sql;

/// How many events are followed one by one. Whoever is further behind starts anew.
const MOST_EVENTS: i64 = 2000;

/// A flag in an environment, as it was loaded.
pub(super) struct LoadedFlag {
    pub(super) environment: String,
    pub(super) project: String,
    pub(super) feature: Feature,
    /// Type and value, in order.
    pub(super) tags: Vec<(String, String)>,
}

/// The last event about a project in an environment; `None` stands for all of them.
#[derive(sqlx::FromRow)]
pub(super) struct Place {
    pub(super) environment: Option<String>,
    pub(super) project: Option<String>,
    pub(super) revision: i64,
}

/// An event, as far as it matters to clients.
#[derive(sqlx::FromRow)]
pub(super) struct Happening {
    pub(super) id: i64,
    r#type: String,
    pub(super) revises: bool,
    pub(super) project: Option<String>,
    pub(super) environment: Option<String>,
    pub(super) feature_name: Option<String>,
    pub(super) segment_id: Option<i64>,
    data: Option<String>,
}

impl Happening {
    /// True if it may have changed who is let in.
    pub(super) fn changes_ways_in(&self) -> bool {
        Fact::named(&self.r#type).is_some_and(Fact::changes_ways_in)
    }

    /// The project that a flag left.
    pub(super) fn left(&self) -> Option<String> {
        left(self.data.as_deref()?)
    }
}

/// The project that a flag left, as the event about its move tells.
fn left(data: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Move {
        old_project: String,
    }
    serde_json::from_str::<Move>(data).ok().map(|moved| moved.old_project)
}

/// The events from `last` on, which is the first one unless it does not exist. `None`: too many to follow.
pub(super) async fn events(tx: &mut Read, last: i64) -> Result<Option<Vec<Happening>>> {
    let events: Vec<Happening> = tx
        .all(sql!(
            "SELECT id, type, revises, project, environment, feature_name, segment_id,
                    CASE WHEN type = 'feature-project-change' THEN data END AS data
             FROM events WHERE id >= $1 ORDER BY id LIMIT $2",
            last,
            MOST_EVENTS
        ))
        .await?;
    Ok((events.len() < usize::try_from(MOST_EVENTS).unwrap_or_default()).then_some(events))
}

/// The last event of all.
pub(super) async fn last_event(tx: &mut Read) -> Result<i64> {
    let (last,): (Option<i64>,) = tx.one(sql!("SELECT MAX(id) FROM events")).await?;
    Ok(last.unwrap_or_default())
}

/// The last event about each place.
pub(super) async fn places(tx: &mut Read) -> Result<Vec<Place>> {
    let mut places: Vec<Place> = tx
        .all(sql!(
            "SELECT environment, project, MAX(id) AS revision FROM events
             WHERE revises = TRUE AND segment_id IS NULL GROUP BY environment, project"
        ))
        .await?;
    let moves: Vec<(i64, String)> = tx
        .all(sql!("SELECT id, data FROM events WHERE type = 'feature-project-change' AND data IS NOT NULL"))
        .await?;
    places.extend(moves.iter().filter_map(|(revision, data)| {
        Some(Place { environment: None, project: Some(left(data)?), revision: *revision })
    }));
    Ok(places)
}

/// The names of all environments.
pub(super) async fn environments(tx: &mut Read) -> Result<Vec<String>> {
    let names: Vec<(String,)> = tx.all(sql!("SELECT name FROM environments ORDER BY name")).await?;
    Ok(names.into_iter().map(|(name,)| name).collect())
}

/// All segments, or those `named`; who is taken from a group stands behind what is written.
pub(super) async fn segments(tx: &mut Read, named: Option<&BTreeSet<i64>>) -> Result<Vec<Segment>> {
    #[derive(sqlx::FromRow)]
    struct Row {
        id: i64,
        name: String,
        #[sqlx(try_from = "String")]
        constraints: Json<Vec<Constraint>>,
    }
    let rows: Vec<Row> = tx
        .all(sql!(
            "SELECT id, name, constraints FROM segments
             WHERE CAST($1 AS TEXT) IS NULL OR id IN ({ids:$1}) ORDER BY id",
            named.map(serde_json::to_string).transpose()?
        ))
        .await?;
    let mut taken = audience::constraints(tx, named).await?;
    let segment = |mut row: Row| {
        row.constraints.0.extend(taken.remove(&row.id));
        Segment { id: row.id, name: Some(row.name), constraints: row.constraints.0 }
    };
    Ok(rows.into_iter().map(segment).collect())
}

/// The last event about each segment.
pub(super) async fn segment_revisions(tx: &mut Read) -> Result<BTreeMap<i64, i64>> {
    let rows: Vec<(i64, i64)> = tx
        .all(sql!("SELECT segment_id, MAX(id) FROM events WHERE segment_id IS NOT NULL GROUP BY segment_id"))
        .await?;
    Ok(rows.into_iter().collect())
}

/// These statements come twice: for all flags, and for those of the list in the first argument.
macro_rules! rows {
    ($tx:expr, $names:expr, $select:literal, $column:literal, $order:literal) => {
        match $names {
            None => $tx.all(sql!(concat!($select, $order))).await?,
            Some(names) => {
                $tx.all(sql!(concat!($select, " AND ", $column, " {among:$1}", $order), names)).await?
            }
        }
    };
}

/// The flags that are not archived, in each of their environments: all, or those `named`.
pub(super) async fn flags(tx: &mut Read, named: Option<&BTreeSet<String>>) -> Result<Vec<LoadedFlag>> {
    #[derive(sqlx::FromRow)]
    struct Row {
        name: String,
        kind: String,
        project: String,
        stale: bool,
        description: Option<String>,
        impression_data: bool,
        environment: String,
        enabled: bool,
        #[sqlx(try_from = "String")]
        variants: Json<Vec<Variant>>,
    }
    let list = named.map(serde_json::to_string).transpose()?;
    let list = list.as_deref();
    let rows: Vec<Row> = rows!(
        tx,
        list,
        "SELECT f.name, f.type AS kind, f.project, f.stale, f.description, f.impression_data, e.environment,
                e.enabled, e.variants
         FROM features f JOIN feature_environments e ON e.feature = f.name WHERE f.archived_at IS NULL",
        "f.name",
        " ORDER BY f.name, e.environment"
    );
    let mut strategies = strategies(tx, list).await?;
    let mut dependencies = dependencies(tx, list).await?;
    let mut tags = tags(tx, list).await?;
    let mut flags: Vec<LoadedFlag> = Vec::with_capacity(rows.len());
    for row in rows {
        let again = flags.last().filter(|last| last.feature.name == row.name);
        let (dependencies, tags) = match again {
            Some(last) => (last.feature.dependencies.clone(), last.tags.clone()),
            None => (
                dependencies.remove(&row.name).unwrap_or_default(),
                tags.remove(&row.name).unwrap_or_default(),
            ),
        };
        let place = (row.name, row.environment);
        let strategies = strategies.remove(&place).unwrap_or_default();
        let (name, environment) = place;
        flags.push(LoadedFlag {
            environment,
            project: row.project.clone(),
            tags,
            feature: Feature {
                name,
                kind: Some(row.kind),
                enabled: row.enabled,
                project: Some(row.project),
                stale: row.stale,
                description: row.description,
                impression_data: row.impression_data,
                strategies,
                variants: row.variants.0,
                dependencies,
            },
        });
    }
    Ok(flags)
}

/// By flag and environment, in their order; without those that are switched off.
async fn strategies(tx: &mut Read, names: Option<&str>) -> Result<HashMap<(String, String), Vec<Strategy>>> {
    #[derive(sqlx::FromRow)]
    struct Row {
        id: String,
        feature: String,
        environment: String,
        name: String,
        #[sqlx(try_from = "String")]
        parameters: Json<BTreeMap<String, String>>,
        #[sqlx(try_from = "String")]
        constraints: Json<Vec<Constraint>>,
        #[sqlx(try_from = "String")]
        variants: Json<Vec<Variant>>,
    }
    let rows: Vec<Row> = rows!(
        tx,
        names,
        "SELECT s.id, s.feature, s.environment, s.name, s.parameters, s.constraints, s.variants
         FROM feature_strategies s JOIN features f ON f.name = s.feature
         WHERE s.disabled = FALSE AND f.archived_at IS NULL",
        "s.feature",
        " ORDER BY s.feature, s.environment, s.sort_order, s.id"
    );
    let used: Vec<(String, i64)> = rows!(
        tx,
        names,
        "SELECT u.strategy_id, u.segment_id
         FROM feature_strategy_segments u JOIN feature_strategies s ON s.id = u.strategy_id WHERE TRUE",
        "s.feature",
        " ORDER BY u.strategy_id, u.segment_id"
    );
    let mut segments: HashMap<String, Vec<i64>> = HashMap::new();
    for (strategy, segment) in used {
        segments.entry(strategy).or_default().push(segment);
    }
    let mut strategies: HashMap<(String, String), Vec<Strategy>> = HashMap::new();
    for row in rows {
        let segments = segments.remove(&row.id).unwrap_or_default();
        strategies.entry((row.feature, row.environment)).or_default().push(Strategy {
            name: row.name,
            parameters: row.parameters.0,
            constraints: row.constraints.0,
            segments,
            variants: row.variants.0,
            disabled: false,
        });
    }
    Ok(strategies)
}

async fn dependencies(tx: &mut Read, names: Option<&str>) -> Result<HashMap<String, Vec<Dependency>>> {
    #[derive(sqlx::FromRow)]
    struct Row {
        child: String,
        parent: String,
        enabled: bool,
        #[sqlx(try_from = "String")]
        variants: Json<Vec<String>>,
    }
    let rows: Vec<Row> = rows!(
        tx,
        names,
        "SELECT d.child, d.parent, d.enabled, d.variants FROM feature_dependencies d WHERE TRUE",
        "d.child",
        " ORDER BY d.child, d.parent"
    );
    let mut dependencies: HashMap<String, Vec<Dependency>> = HashMap::new();
    for row in rows {
        dependencies.entry(row.child).or_default().push(Dependency {
            feature: row.parent,
            enabled: Some(row.enabled),
            variants: row.variants.0,
        });
    }
    Ok(dependencies)
}

async fn tags(tx: &mut Read, names: Option<&str>) -> Result<HashMap<String, Vec<(String, String)>>> {
    let rows: Vec<(String, String, String)> = rows!(
        tx,
        names,
        "SELECT t.feature, t.type, t.value FROM feature_tags t WHERE TRUE",
        "t.feature",
        " ORDER BY t.feature, t.type, t.value"
    );
    let mut tags: HashMap<String, Vec<(String, String)>> = HashMap::new();
    for (feature, kind, value) in rows {
        tags.entry(feature).or_default().push((kind, value));
    }
    Ok(tags)
}
