//! Flags as a document.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use burgee_eval::document::{Constraint, Variant};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::document::{
    Document, Flag, FlagDependencies, FlagEnvironment, FlagLinks, FlagTag, Link, NamedSegment, Parent, Rule,
    SharedField, TagKind,
};
use crate::access::{Sight, visible};
use crate::contexts::LegalValue;
use crate::db::{Json, Read};
use crate::error::{Error, Result};
use crate::events::{Change, Event, Fact};
use crate::sql;

/// How many flags one request may name.
const MOST_NAMED: usize = 5000;

/// Which flags to export.
#[derive(Clone, Debug)]
pub enum Selection {
    /// Those with these names; none means all.
    Named(Vec<String>),
    /// Those with a tag of this value, whatever its type.
    Tagged(String),
    /// Those of a project.
    OfProject(String),
}

/// The flags that are chosen, seen and not archived, with all that they have in `environment`. Records that somebody
/// took them, and which.
pub async fn export(
    tx: &mut Change,
    sight: &Sight,
    chosen: &Selection,
    environment: &str,
) -> Result<Document> {
    let features = flags(tx, sight, chosen).await?;
    let names: Vec<&str> = features.iter().map(|flag| flag.name.as_str()).collect();
    let list = serde_json::to_string(&names)?;
    let (feature_strategies, segments) = strategies(tx, &list, environment).await?;
    let feature_tags = tags(tx, &list).await?;
    let document = Document {
        feature_environments: places(tx, &list, environment).await?,
        context_fields: fields(tx, sight, &feature_strategies).await?,
        tag_types: tag_types(tx, &feature_tags).await?,
        dependencies: dependencies(tx, &list).await?,
        links: links(tx, &list).await?,
        feature_tags,
        feature_strategies,
        segments,
        features,
    };
    let projects: BTreeSet<&String> =
        document.features.iter().filter_map(|flag| flag.project.as_ref()).collect();
    let only = projects.first().filter(|_| projects.len() == 1).map(|project| (*project).clone());
    let names: Vec<&String> = document.features.iter().map(|flag| &flag.name).collect();
    let event = Event::created(Fact::FeaturesExported, &json!({ "features": names }));
    tx.record(event.within(only, Some(environment.to_owned())));
    Ok(document)
}

pub(super) async fn flags(tx: &mut Read, sight: &Sight, chosen: &Selection) -> Result<Vec<Flag>> {
    let (mut names, mut tag, mut project) = (None, None, None);
    match chosen {
        Selection::Named(list) if list.len() > MOST_NAMED => {
            return Err(Error::bad_data(format!("One request can name at most {MOST_NAMED} flags.")));
        }
        Selection::Named(list) if list.is_empty() => {}
        Selection::Named(list) => names = Some(serde_json::to_string(list)?),
        Selection::Tagged(value) => tag = Some(value.clone()),
        Selection::OfProject(id) => project = Some(id.clone()),
    }
    tx.all(sql!(
        concat!(
            "SELECT f.name, f.description, f.type, f.project, f.stale, f.impression_data,
                    COALESCE(u.username, u.email, g.name) AS owner
             FROM features f JOIN projects p ON p.id = f.project
             LEFT JOIN flag_owners o ON o.feature = f.name AND o.left_at IS NULL
             LEFT JOIN users u ON u.id = o.user_id AND u.active = TRUE LEFT JOIN groups g ON g.id = o.group_id
             WHERE f.archived_at IS NULL AND ",
            visible!("p", "$1"),
            " AND (CAST($2 AS TEXT) IS NULL OR f.name IN ({list:$2}))
              AND (CAST($3 AS TEXT) IS NULL
                   OR EXISTS (SELECT 1 FROM feature_tags t WHERE t.feature = f.name AND t.value = $3))
              AND (CAST($4 AS TEXT) IS NULL OR f.project = $4)
             ORDER BY f.name"
        ),
        sight.param()?,
        names,
        tag,
        project
    ))
    .await
}

/// The strategies in the environment, and the segments that they use.
pub(super) async fn strategies(
    tx: &mut Read,
    flags: &str,
    environment: &str,
) -> Result<(Vec<Rule>, Vec<NamedSegment>)> {
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
    }
    let rows: Vec<Row> = tx
        .all(sql!(
            "SELECT id, feature, name, title, disabled, parameters, constraints, variants
             FROM feature_strategies WHERE environment = $2 AND feature IN ({list:$1})
             ORDER BY feature, sort_order, id",
            flags,
            environment
        ))
        .await?;
    let uses: Vec<(String, i64, String)> = tx
        .all(sql!(
            "SELECT u.strategy_id, g.id, g.name FROM feature_strategies s
             JOIN feature_strategy_segments u ON u.strategy_id = s.id JOIN segments g ON g.id = u.segment_id
             WHERE s.environment = $2 AND s.feature IN ({list:$1}) ORDER BY g.id",
            flags,
            environment
        ))
        .await?;
    let mut of_strategy: HashMap<String, Vec<i64>> = HashMap::new();
    let mut segments = BTreeMap::new();
    for (strategy, id, name) in uses {
        of_strategy.entry(strategy).or_default().push(id);
        segments.insert(id, name);
    }
    let rules = rows
        .into_iter()
        .map(|row| Rule {
            segments: of_strategy.remove(&row.id).unwrap_or_default(),
            name: row.name,
            id: Some(row.id),
            feature_name: row.feature,
            title: row.title,
            parameters: row.parameters.0,
            constraints: row.constraints.0,
            variants: row.variants.0,
            disabled: row.disabled,
            sort_order: None,
        })
        .collect();
    Ok((rules, segments.into_iter().map(|(id, name)| NamedSegment { id, name }).collect()))
}

pub(super) async fn places(tx: &mut Read, flags: &str, environment: &str) -> Result<Vec<FlagEnvironment>> {
    #[derive(sqlx::FromRow)]
    struct Row {
        feature: String,
        enabled: bool,
        #[sqlx(try_from = "String")]
        variants: Json<Vec<Variant>>,
    }
    let rows: Vec<Row> = tx
        .all(sql!(
            "SELECT feature, enabled, variants FROM feature_environments
             WHERE environment = $2 AND feature IN ({list:$1}) ORDER BY feature",
            flags,
            environment
        ))
        .await?;
    let place = |row: Row| FlagEnvironment {
        enabled: row.enabled,
        feature_name: Some(row.feature.clone()),
        environment: Some(environment.to_owned()),
        variants: row.variants.0,
        name: row.feature,
    };
    Ok(rows.into_iter().map(place).collect())
}

/// The fields that strategies compare or stick to.
async fn fields(tx: &mut Read, sight: &Sight, rules: &[Rule]) -> Result<Vec<SharedField>> {
    #[derive(sqlx::FromRow)]
    struct Row {
        name: String,
        description: Option<String>,
        stickiness: bool,
        sort_order: i64,
        #[sqlx(try_from = "String")]
        legal_values: Json<Vec<LegalValue>>,
    }
    let mut named = BTreeSet::new();
    for rule in rules {
        named.extend(rule.constraints.iter().map(|constraint| constraint.context_name.as_str()));
        named.extend(rule.parameters.get("stickiness").map(String::as_str));
        named.extend(rule.variants.iter().filter_map(|variant| variant.stickiness.as_deref()));
    }
    let rows: Vec<Row> = tx
        .all(sql!(
            concat!(
                "SELECT c.name, c.description, c.stickiness, c.sort_order, c.legal_values
                 FROM context_fields c LEFT JOIN projects p ON p.id = c.project
                 WHERE c.name IN ({list:$1}) AND (c.project IS NULL OR ",
                visible!("p", "$2"),
                ") ORDER BY c.name"
            ),
            serde_json::to_string(&named)?,
            sight.param()?
        ))
        .await?;
    let field = |row: Row| SharedField {
        name: row.name,
        description: row.description,
        stickiness: row.stickiness,
        sort_order: row.sort_order,
        legal_values: row.legal_values.0,
    };
    Ok(rows.into_iter().map(field).collect())
}

pub(super) async fn tags(tx: &mut Read, flags: &str) -> Result<Vec<FlagTag>> {
    tx.all(sql!(
        "SELECT feature AS feature_name, type AS tag_type, value AS tag_value FROM feature_tags
         WHERE feature IN ({list:$1}) ORDER BY feature, type, value",
        flags
    ))
    .await
}

async fn tag_types(tx: &mut Read, tags: &[FlagTag]) -> Result<Vec<TagKind>> {
    let used: BTreeSet<&String> = tags.iter().filter_map(|tag| tag.tag_type.as_ref()).collect();
    let known = crate::tags::types::list(tx).await?;
    let kind = |kind: crate::tags::types::TagType| TagKind {
        name: kind.name,
        description: kind.description,
        icon: kind.icon,
        color: kind.color,
    };
    Ok(known.into_iter().filter(|kind| used.contains(&kind.name)).map(kind).collect())
}

pub(super) async fn dependencies(tx: &mut Read, flags: &str) -> Result<Vec<FlagDependencies>> {
    let rows: Vec<(String, String, bool, String)> = tx
        .all(sql!(
            "SELECT child, parent, enabled, variants FROM feature_dependencies
             WHERE child IN ({list:$1}) ORDER BY child, parent",
            flags
        ))
        .await?;
    let mut found: BTreeMap<String, Vec<Parent>> = BTreeMap::new();
    for (child, feature, enabled, variants) in rows {
        found.entry(child).or_default().push(Parent { feature, enabled, variants: read(&variants)? });
    }
    let of = |(feature, dependencies)| FlagDependencies { feature, dependencies };
    Ok(found.into_iter().map(of).collect())
}

pub(super) async fn links(tx: &mut Read, flags: &str) -> Result<Vec<FlagLinks>> {
    let rows: Vec<(String, String, String, Option<String>)> = tx
        .all(sql!(
            "SELECT feature, id, url, title FROM feature_links WHERE feature IN ({list:$1}) ORDER BY feature, id",
            flags
        ))
        .await?;
    let mut found: BTreeMap<String, Vec<Link>> = BTreeMap::new();
    for (feature, id, url, title) in rows {
        found.entry(feature).or_default().push(Link { id: Some(id), url, title });
    }
    Ok(found.into_iter().map(|(feature, links)| FlagLinks { feature, links }).collect())
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T> {
    Ok(serde_json::from_str(text)?)
}
