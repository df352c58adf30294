//! An installation becomes a declaration.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    Declaration, Environment, Field, Flag, Group, InGroup, InPlace, InProject, Link, Members, Parent,
    Project, Reach, Role, Segment, Strategy, StrategyType, TagType,
};
use crate::access::{Sight, role};
use crate::contexts::{self, View};
use crate::db::Read;
use crate::error::{Error, Result};
use crate::people::group;
use crate::projects::{self, environment};
use crate::tags::types;
use crate::transfer::document::{NamedSegment, Rule};
use crate::transfer::export::{self as flags, Selection};
use crate::{environments, segments, sql, strategies};

/// Everything, or some projects with the segments and context fields that are theirs or that they use, and the types
/// of their tags. What is archived is left out.
pub async fn export(tx: &mut Read, only: &[String]) -> Result<Declaration> {
    let mut projects = BTreeMap::new();
    for id in projects::seen(tx, &Sight::ALL).await? {
        if (only.is_empty() || only.contains(&id)) && projects::get(tx, &id).await?.archived_at.is_none() {
            let project = project(tx, &id).await?;
            projects.insert(id, project);
        }
    }
    if let Some(id) = only.iter().find(|id| !projects.contains_key(*id)) {
        return Err(Error::not_found(format!("there is no project {id}, or it is archived")));
    }
    let mut segments = segments(tx).await?;
    let mut context_fields = fields(tx).await?;
    let mut tag_types = tag_types(tx).await?;
    let mut strategy_types = strategy_types(tx).await?;
    let mut found = Declaration::default();
    if only.is_empty() {
        found.environments = some(all_environments(tx).await?);
        found.roles = some(roles(tx).await?);
        found.groups = some(groups(tx).await?);
    } else {
        let own = |project: &Option<String>| project.as_ref().is_some_and(|project| only.contains(project));
        let mut used = Used::by(&projects);
        segments.retain(|name, segment| own(&segment.project) || used.segments.contains(name));
        for segment in segments.values() {
            used.fields.extend(segment.constraints.iter().map(|constraint| constraint.context_name.clone()));
            used.fields.extend(segment.group.iter().map(|group| group.field.clone()));
        }
        context_fields.retain(|name, field| own(&field.project) || used.fields.contains(name));
        tag_types.retain(|name, _| used.tag_types.contains(name));
        strategy_types.retain(|name, _| used.strategy_types.contains(name));
    }
    Ok(Declaration {
        segments: some(segments),
        context_fields: some(context_fields),
        tag_types: some(tag_types),
        strategy_types: some(strategy_types),
        projects: some(projects),
        ..found
    })
}

/// What there is none of is not mentioned.
fn some<T>(found: BTreeMap<String, T>) -> Option<BTreeMap<String, T>> {
    Some(found).filter(|found| !found.is_empty())
}

/// What projects use, by name.
#[derive(Default)]
struct Used {
    segments: BTreeSet<String>,
    fields: BTreeSet<String>,
    tag_types: BTreeSet<String>,
    strategy_types: BTreeSet<String>,
}

impl Used {
    fn by(projects: &BTreeMap<String, Project>) -> Self {
        let mut used = Self::default();
        for project in projects.values() {
            let flags = || project.flags.iter().flat_map(BTreeMap::values);
            let defaults = project.environments.values().filter_map(|place| place.default_strategy.as_ref());
            let places = flags().flat_map(|flag| flag.environments.values());
            for strategy in defaults.chain(places.flat_map(|place| place.strategies.iter().flatten())) {
                used.strategy_types.insert(strategy.name.clone());
                used.segments.extend(strategy.segments.iter().cloned());
                used.fields
                    .extend(strategy.constraints.iter().map(|constraint| constraint.context_name.clone()));
                used.fields.extend(strategy.parameters.get("stickiness").cloned());
            }
            let tags = flags().flat_map(|flag| flag.tags.iter().flatten());
            used.tag_types
                .extend(tags.filter_map(|tag| tag.split_once(':')).map(|(kind, _)| kind.to_owned()));
        }
        used
    }
}

/// The same value as another type that is written in the same way.
pub(super) fn recast<T: DeserializeOwned>(value: &impl Serialize) -> Result<T> {
    Ok(serde_json::from_value(serde_json::to_value(value)?)?)
}

async fn all_environments(tx: &mut Read) -> Result<BTreeMap<String, Environment>> {
    let all = environments::all(tx).await?.into_iter();
    Ok(all
        .map(|found| {
            let environment = Environment {
                r#type: found.r#type,
                enabled: Some(found.enabled),
                sort_order: Some(found.sort_order),
                required_approvals: found.required_approvals,
            };
            (found.name, environment)
        })
        .collect())
}

async fn tag_types(tx: &mut Read) -> Result<BTreeMap<String, TagType>> {
    let all = types::list(tx).await?.into_iter();
    Ok(all
        .map(|found| {
            (found.name, TagType { description: found.description, icon: found.icon, color: found.color })
        })
        .collect())
}

async fn strategy_types(tx: &mut Read) -> Result<BTreeMap<String, StrategyType>> {
    let mut found = BTreeMap::new();
    for kind in strategies::list(tx).await?.into_iter().filter(|kind| !kind.built_in) {
        let parameters = recast(&kind.parameters)?;
        let declared =
            StrategyType { description: kind.description, deprecated: kind.deprecated, parameters };
        found.insert(kind.name, declared);
    }
    Ok(found)
}

async fn roles(tx: &mut Read) -> Result<BTreeMap<String, Role>> {
    let mut found = BTreeMap::new();
    for role in role::list(tx).await?.into_iter().filter(role::Role::is_own) {
        let held = role::held(tx, role.id).await?;
        let r#type = if role.is_root() { Reach::Root } else { Reach::Project };
        let name = |held: role::Held| match held.environment.as_str() {
            "" => held.permission.name().to_owned(),
            environment => format!("{}@{environment}", held.permission.name()),
        };
        let permissions = held.into_iter().map(name).collect();
        found.insert(role.name, Role { r#type, description: Some(role.description), permissions });
    }
    Ok(found)
}

async fn groups(tx: &mut Read) -> Result<BTreeMap<String, Group>> {
    let roles: HashMap<i64, String> =
        role::list(tx).await?.into_iter().map(|role| (role.id, role.name)).collect();
    let rows: Vec<(i64, String)> = tx
        .all(sql!(
            "SELECT m.group_id, COALESCE(u.email, u.username) FROM group_users m JOIN users u ON u.id = m.user_id
             WHERE u.deleted_at IS NULL AND u.is_system = FALSE AND COALESCE(u.email, u.username) IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM scim_groups s WHERE s.group_id = m.group_id)
             ORDER BY m.group_id, 2"
        ))
        .await?;
    let mut members: HashMap<i64, Vec<String>> = HashMap::new();
    for (group, user) in rows {
        members.entry(group).or_default().push(user);
    }
    let all = group::list(tx).await?.into_iter();
    Ok(all
        .map(|found| {
            let group = Group {
                members: members.remove(&found.id),
                description: found.description,
                root_role: found.root_role.and_then(|id| roles.get(&id).cloned()),
            };
            (found.name, group)
        })
        .collect())
}

async fn fields(tx: &mut Read) -> Result<BTreeMap<String, Field>> {
    let view = View { sight: Sight::ALL, project: None };
    let mut found = BTreeMap::new();
    for used in contexts::list(tx, &view, true).await? {
        let legal = Some(used.field.legal_values.0).filter(|legal| !legal.is_empty());
        let field = Field {
            description: used.field.description,
            stickiness: Some(used.field.stickiness).filter(|sticky| *sticky),
            sort_order: Some(used.field.sort_order),
            legal_values: recast(&legal)?,
            project: used.field.project,
        };
        found.insert(used.field.name, field);
    }
    Ok(found)
}

async fn segments(tx: &mut Read) -> Result<BTreeMap<String, Segment>> {
    let mut found = BTreeMap::new();
    for used in segments::list(tx, &Sight::ALL).await? {
        let segment = Segment {
            description: used.segment.description,
            project: used.segment.project,
            constraints: recast(&used.segment.constraints)?,
            group: used.segment.group.get().filter(|group| !group.gone).map(|group| InGroup {
                name: group.name,
                field: group.field,
                by: group.by,
            }),
        };
        found.insert(used.segment.name, segment);
    }
    Ok(found)
}

async fn project(tx: &mut Read, id: &str) -> Result<Project> {
    let found = projects::get(tx, id).await?;
    let names: HashMap<i64, String> = segments::list(tx, &Sight::ALL)
        .await?
        .into_iter()
        .map(|used| (used.segment.id, used.segment.name))
        .collect();
    let places = environment::list(tx, id).await?;
    let mut environments = BTreeMap::new();
    for place in &places {
        let default_strategy = match place.strategy()? {
            Some(stored) => Some(default_strategy(&stored, &names)?),
            None => None,
        };
        let place_ = InProject { required_approvals: place.required_approvals, default_strategy };
        environments.insert(place.environment.clone(), place_);
    }
    let naming = found.feature_naming;
    let templated = !found.link_templates.is_empty();
    let mut flags = all_flags(tx, id, templated).await?;
    for place in &places {
        in_place(tx, &mut flags, &place.environment).await?;
    }
    Ok(Project {
        name: Some(found.name),
        description: found.description,
        mode: Some(recast(&found.mode)?),
        default_stickiness: Some(found.default_stickiness),
        feature_limit: found.feature_limit,
        naming: if naming.pattern.is_some() { Some(recast(&naming)?) } else { None },
        link_templates: if templated { Some(recast(&found.link_templates)?) } else { None },
        environments,
        members: Some(members(tx, id).await?).filter(|members| !members.is_empty()),
        flags: some(flags),
    })
}

fn default_strategy(stored: &Value, names: &HashMap<i64, String>) -> Result<Strategy> {
    let rule: Rule = recast(stored)?;
    let name = |id: &i64| names.get(id).cloned();
    strategy(&rule, rule.segments.iter().filter_map(name).collect())
}

fn strategy(rule: &Rule, mut segments: Vec<String>) -> Result<Strategy> {
    segments.sort();
    Ok(Strategy {
        name: rule.name.clone(),
        title: rule.title.clone(),
        disabled: rule.disabled,
        parameters: rule.parameters.clone(),
        constraints: recast(&rule.constraints)?,
        segments,
        variants: recast(&rule.variants)?,
    })
}

async fn members(tx: &mut Read, project: &str) -> Result<BTreeMap<String, Members>> {
    let rows: Vec<(String, String, bool)> = tx
        .all(sql!(
            "SELECT r.name, COALESCE(u.email, u.username), FALSE
             FROM user_roles m JOIN roles r ON r.id = m.role_id JOIN users u ON u.id = m.user_id
             WHERE m.project = $1 AND u.deleted_at IS NULL AND u.is_system = FALSE
               AND COALESCE(u.email, u.username) IS NOT NULL
             UNION ALL
             SELECT r.name, g.name, TRUE
             FROM group_roles m JOIN roles r ON r.id = m.role_id JOIN groups g ON g.id = m.group_id
             WHERE m.project = $1
             ORDER BY 1, 3, 2",
            project
        ))
        .await?;
    let mut found: BTreeMap<String, Members> = BTreeMap::new();
    for (role, name, group) in rows {
        let members = found.entry(role).or_default();
        if group { members.groups.push(name) } else { members.users.push(name) }
    }
    Ok(found)
}

/// The flags of a project, without how they stand in environments. Where new flags get links, `templated`, flags say
/// that they have none.
async fn all_flags(tx: &mut Read, project: &str, templated: bool) -> Result<BTreeMap<String, Flag>> {
    let all = flags::flags(tx, &Sight::ALL, &Selection::OfProject(project.to_owned())).await?;
    let list = serde_json::to_string(&all.iter().map(|flag| &flag.name).collect::<Vec<_>>())?;
    let mut found: BTreeMap<String, Flag> = all
        .into_iter()
        .map(|flag| {
            let declared = Flag {
                r#type: flag.kind,
                description: flag.description,
                owner: flag.owner,
                stale: Some(flag.stale).filter(|stale| *stale),
                impression_data: Some(flag.impression_data).filter(|wanted| *wanted),
                links: templated.then(Vec::new),
                ..Flag::default()
            };
            (flag.name, declared)
        })
        .collect();
    for tag in flags::tags(tx, &list).await? {
        if let Some(flag) = found.get_mut(&tag.feature_name) {
            let kind = tag.tag_type.unwrap_or_default();
            flag.tags.get_or_insert_default().push(format!("{kind}:{}", tag.tag_value));
        }
    }
    for of in flags::links(tx, &list).await? {
        if let Some(flag) = found.get_mut(&of.feature) {
            let links = of.links.into_iter().map(|link| Link { url: link.url, title: link.title });
            flag.links = Some(links.collect());
        }
    }
    for of in flags::dependencies(tx, &list).await? {
        if let Some(flag) = found.get_mut(&of.feature) {
            flag.depends_on = of.dependencies.into_iter().next().map(|parent| Parent {
                flag: parent.feature,
                enabled: Some(parent.enabled).filter(|enabled| !enabled),
                variants: parent.variants,
            });
        }
    }
    Ok(found)
}

/// Adds how flags stand in an environment.
async fn in_place(tx: &mut Read, found: &mut BTreeMap<String, Flag>, environment: &str) -> Result<()> {
    let list = serde_json::to_string(&found.keys().collect::<Vec<_>>())?;
    let (rules, segments) = flags::strategies(tx, &list, environment).await?;
    let names: HashMap<i64, String> =
        segments.into_iter().map(|NamedSegment { id, name }| (id, name)).collect();
    for place in flags::places(tx, &list, environment).await? {
        if let Some(flag) = found.get_mut(place.flag()) {
            let variants = Some(place.variants).filter(|variants| !variants.is_empty());
            let declared = InPlace {
                enabled: Some(place.enabled),
                strategies: Some(Vec::new()),
                variants: recast(&variants)?,
            };
            flag.environments.insert(environment.to_owned(), declared);
        }
    }
    for rule in rules {
        let place = found.get_mut(&rule.feature_name).and_then(|flag| flag.environments.get_mut(environment));
        if let Some(place) = place {
            let used = rule.segments.iter().filter_map(|id| names.get(id).cloned()).collect();
            place.strategies.get_or_insert_default().push(strategy(&rule, used)?);
        }
    }
    Ok(())
}
