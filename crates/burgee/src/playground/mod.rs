//! What flags come to for somebody, and why: for people who try it out before they tell it to clients.

mod attempts;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use burgee_eval::document::{self, Constraint, Dependency, Document, Variant};
use burgee_eval::{Explanation, State};

pub use self::attempts::{Attempt, Attempts, ensure_few};
use crate::access::{Sight, visible};
use crate::audience;
use crate::db::{Json, Read};
use crate::error::{Error, Result};
use crate::features::Strategy;
use crate::sql;

/// The flags of some projects in an environment, ready to be asked.
pub struct Scene {
    /// The environment.
    pub environment: String,
    /// The flags, by name.
    pub flags: Vec<Flag>,
    /// The segments that they use, by id.
    pub segments: HashMap<i64, Segment>,
    state: State,
}

/// A flag as it is stored, with strategies that are switched off.
pub struct Flag {
    /// Its name.
    pub name: String,
    /// The project where it lives.
    pub project: String,
    /// Whether it is on in the environment.
    pub enabled: bool,
    /// Its strategies, in order.
    pub strategies: Vec<Strategy>,
    /// The variants that the flag itself has.
    pub variants: Vec<Variant>,
}

/// A segment.
pub struct Segment {
    /// Its name.
    pub name: String,
    /// All must hold. The last one stands for the group, if there is one; the values of its members are not told.
    pub constraints: Vec<Constraint>,
    /// The group that somebody has to be in.
    pub group: Option<String>,
}

impl Scene {
    /// What a flag comes to. Strategies, constraints and segments are told in the order in which the flag has them.
    pub fn explain<'s>(&'s self, flag: &Flag, attempt: &'s Attempt) -> Option<Explanation<'s>> {
        self.state.explain(&flag.name, &attempt.context)
    }
}

/// The flags that are seen and not archived: of these projects, or of all.
pub async fn scene(
    tx: &mut Read,
    sight: &Sight,
    projects: Option<&[String]>,
    environment: &str,
) -> Result<Scene> {
    let projects = projects.map(serde_json::to_string).transpose()?;
    set(tx, Chosen { environment, sight: sight.param()?, projects, names: None }).await
}

/// One flag, with those that it depends on.
pub async fn scene_of(tx: &mut Read, sight: &Sight, flag: &str, environment: &str) -> Result<Scene> {
    let mut names = BTreeSet::from([flag.to_owned()]);
    loop {
        let known = serde_json::to_string(&names)?;
        let parents: Vec<(String,)> = tx
            .all(sql!("SELECT parent FROM feature_dependencies WHERE child IN ({list:$1})", &known))
            .await?;
        let before = names.len();
        names.extend(parents.into_iter().map(|(parent,)| parent));
        if names.len() == before {
            let names = Some(known);
            return set(tx, Chosen { environment, sight: sight.param()?, projects: None, names }).await;
        }
    }
}

async fn set(tx: &mut Read, chosen: Chosen<'_>) -> Result<Scene> {
    let environment = chosen.environment;
    let known: Option<(String,)> =
        tx.optional(sql!("SELECT name FROM environments WHERE name = $1", environment)).await?;
    if known.is_none() {
        return Err(Error::bad_data(format!("There is no environment \"{environment}\".")));
    }
    let flags = flags(tx, &chosen).await?;
    let mut segments = segments(tx, &chosen).await?;
    let mut dependencies = dependencies(tx, &chosen).await?;
    let document = Document {
        features: flags
            .iter()
            .map(|flag| feature(flag, dependencies.remove(&flag.name).unwrap_or_default()))
            .collect(),
        segments: Some(
            segments
                .iter()
                .map(|(id, segment)| document::Segment {
                    id: *id,
                    name: None,
                    constraints: segment.constraints.clone(),
                })
                .collect(),
        ),
        ..Document::default()
    };
    let state = State::compile(&document);
    for segment in segments.values_mut().filter(|segment| segment.group.is_some()) {
        if let Some(taken) = segment.constraints.last_mut() {
            taken.values.clear();
        }
    }
    Ok(Scene { environment: environment.to_owned(), flags, segments, state })
}

fn feature(flag: &Flag, dependencies: Vec<Dependency>) -> document::Feature {
    let strategy = |strategy: &Strategy| document::Strategy {
        name: strategy.name.clone(),
        parameters: strategy.parameters.clone(),
        constraints: strategy.constraints.clone(),
        segments: strategy.segments.clone(),
        variants: strategy.variants.clone(),
        disabled: strategy.disabled,
    };
    document::Feature {
        name: flag.name.clone(),
        enabled: flag.enabled,
        project: Some(flag.project.clone()),
        strategies: flag.strategies.iter().map(strategy).collect(),
        variants: flag.variants.clone(),
        dependencies,
        ..document::Feature::default()
    }
}

/// Which flags, and where.
struct Chosen<'c> {
    environment: &'c str,
    sight: Option<String>,
    projects: Option<String>,
    names: Option<String>,
}

/// SQL: the chosen flags as `f`, from `features f JOIN projects p`; a select stands before it, the rest after it.
macro_rules! chosen {
    ($tx:expr, $chosen:expr, $select:literal, $rest:literal) => {
        $tx.all(sql!(
            concat!(
                $select,
                " JOIN projects p ON p.id = f.project
                 WHERE f.archived_at IS NULL AND ",
                visible!("p", "$2"),
                " AND (CAST($3 AS TEXT) IS NULL OR f.project IN ({list:$3}))
                  AND (CAST($4 AS TEXT) IS NULL OR f.name IN ({list:$4})) ",
                $rest
            ),
            $chosen.environment,
            $chosen.sight.clone(),
            $chosen.projects.clone(),
            $chosen.names.clone()
        ))
        .await?
    };
}

async fn flags(tx: &mut Read, chosen: &Chosen<'_>) -> Result<Vec<Flag>> {
    #[derive(sqlx::FromRow)]
    struct Row {
        name: String,
        project: String,
        enabled: bool,
        #[sqlx(try_from = "String")]
        variants: Json<Vec<Variant>>,
    }
    let rows: Vec<Row> = chosen!(
        tx,
        chosen,
        "SELECT f.name, f.project, e.enabled, e.variants
         FROM features f JOIN feature_environments e ON e.feature = f.name AND e.environment = $1",
        "ORDER BY f.name"
    );
    let mut strategies = strategies(tx, chosen).await?;
    let flag = |row: Row| Flag {
        strategies: strategies.remove(&row.name).unwrap_or_default(),
        name: row.name,
        project: row.project,
        enabled: row.enabled,
        variants: row.variants.0,
    };
    Ok(rows.into_iter().map(flag).collect())
}

/// By flag, in their order.
async fn strategies(tx: &mut Read, chosen: &Chosen<'_>) -> Result<HashMap<String, Vec<Strategy>>> {
    #[derive(sqlx::FromRow)]
    struct Row {
        id: String,
        feature: String,
        name: String,
        title: Option<String>,
        disabled: bool,
        #[sqlx(try_from = "String")]
        parameters: Json<BTreeMap<String, String>>,
        #[sqlx(try_from = "String")]
        constraints: Json<Vec<Constraint>>,
        #[sqlx(try_from = "String")]
        variants: Json<Vec<Variant>>,
        sort_order: i64,
    }
    let rows: Vec<Row> = chosen!(
        tx,
        chosen,
        "SELECT s.id, s.feature, s.name, s.title, s.disabled, s.parameters, s.constraints, s.variants, s.sort_order
         FROM features f JOIN feature_strategies s ON s.feature = f.name AND s.environment = $1",
        "ORDER BY s.feature, s.sort_order, s.id"
    );
    let uses: Vec<(String, i64)> = chosen!(
        tx,
        chosen,
        "SELECT u.strategy_id, u.segment_id
         FROM features f JOIN feature_strategies s ON s.feature = f.name AND s.environment = $1
         JOIN feature_strategy_segments u ON u.strategy_id = s.id",
        "ORDER BY u.strategy_id, u.segment_id"
    );
    let mut segments: HashMap<String, Vec<i64>> = HashMap::new();
    for (strategy, segment) in uses {
        segments.entry(strategy).or_default().push(segment);
    }
    let mut strategies: HashMap<String, Vec<Strategy>> = HashMap::new();
    for row in rows {
        strategies.entry(row.feature).or_default().push(Strategy {
            segments: segments.remove(&row.id).unwrap_or_default(),
            id: row.id,
            name: row.name,
            title: row.title,
            disabled: row.disabled,
            constraints: row.constraints.0,
            parameters: row.parameters.0,
            variants: row.variants.0,
            sort_order: row.sort_order,
        });
    }
    Ok(strategies)
}

/// The segments that the strategies use.
async fn segments(tx: &mut Read, chosen: &Chosen<'_>) -> Result<HashMap<i64, Segment>> {
    let rows: Vec<(i64, String, String, Option<String>)> = chosen!(
        tx,
        chosen,
        "SELECT DISTINCT g.id, g.name, g.constraints, COALESCE(tie.name, tied.group_name) AS group_name
         FROM features f JOIN feature_strategies s ON s.feature = f.name AND s.environment = $1
         JOIN feature_strategy_segments u ON u.strategy_id = s.id JOIN segments g ON g.id = u.segment_id
         LEFT JOIN segment_groups tied ON tied.segment_id = g.id LEFT JOIN groups tie ON tie.id = tied.group_id",
        ""
    );
    let ids: BTreeSet<i64> = rows.iter().map(|(id, ..)| *id).collect();
    let mut taken = audience::constraints(tx, Some(&ids)).await?;
    rows.into_iter()
        .map(|(id, name, constraints, group)| {
            let mut constraints: Vec<Constraint> = serde_json::from_str(&constraints)?;
            constraints.extend(taken.remove(&id));
            Ok((id, Segment { name, constraints, group }))
        })
        .collect()
}

/// By the flag that depends. Parents live in the same project, so that whoever chooses the one chooses the other.
async fn dependencies(tx: &mut Read, chosen: &Chosen<'_>) -> Result<HashMap<String, Vec<Dependency>>> {
    let rows: Vec<(String, String, bool, String)> = chosen!(
        tx,
        chosen,
        "SELECT d.child, d.parent, d.enabled, d.variants
         FROM features f JOIN feature_environments e ON e.feature = f.name AND e.environment = $1
         JOIN feature_dependencies d ON d.child = f.name",
        "ORDER BY d.child, d.parent"
    );
    let mut dependencies: HashMap<String, Vec<Dependency>> = HashMap::new();
    for (child, feature, enabled, variants) in rows {
        let variants = serde_json::from_str(&variants)?;
        let dependency = Dependency { feature, enabled: Some(enabled), variants };
        dependencies.entry(child).or_default().push(dependency);
    }
    Ok(dependencies)
}
