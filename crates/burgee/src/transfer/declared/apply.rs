//! Declarations become an installation.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use burgee_eval::document::Dependency;
use serde_json::{Map, Value, json};

use super::export::recast;
use super::{
    Declaration, Environment, Field, Flag, Group, InGroup, Project, Reach, Role, Segment, Strategy,
    StrategyType, TagType,
};
use crate::access::{Granted, Guard, Permission, Sight, role};
use crate::audience::Tie;
use crate::contexts::{self, View};
use crate::db::Read;
use crate::entropy::Entropy;
use crate::error::{Error, Result};
use crate::events::Change;
use crate::features::{self, Edit, Place, StrategyDraft, link};
use crate::people::{group, membership};
use crate::projects::members::{self, Subject};
use crate::projects::{self, change_requests, environment};
use crate::tags::{Tag, of_flags, types};
use crate::transfer::import::owned;
use crate::{environments, segments, sql, strategies};

/// Brings an installation to what `files`, declarations by the names of their files, say: all or nothing, in an order
/// in which everything is there before something refers to it, whatever the file. Nothing is deleted.
pub(super) async fn apply<G: Guard>(
    tx: &mut Change,
    grant: &Granted<G>,
    entropy: &Entropy,
    files: &[(String, Declaration)],
) -> Result<()> {
    let doer = Doer { grant, entropy, view: View { sight: Sight::ALL, project: None } };
    ensure_once(files)?;
    /// Applies one member of all declarations, item by item, saying which one an error is about.
    macro_rules! each {
        ($member:ident, $called:literal, |$name:ident, $item:ident| $do:expr) => {
            for (file, declaration) in files {
                for ($name, $item) in declaration.$member.iter().flatten() {
                    let about = |error: Error| error.about(&format!("{file}: {}/{}", $called, $name));
                    $do.await.map_err(about)?;
                }
            }
        };
    }
    each!(environments, "environments", |name, item| apply_environment(tx, name, item));
    each!(tag_types, "tagTypes", |name, item| apply_tag_type(tx, name, item));
    each!(strategy_types, "strategyTypes", |name, item| apply_strategy_type(tx, name, item));
    each!(roles, "roles", |name, item| apply_role(tx, name, item));
    each!(groups, "groups", |name, item| apply_group(tx, name, item));
    each!(projects, "projects", |name, item| doer.project(tx, name, item));
    each!(context_fields, "contextFields", |name, item| doer.field(tx, name, item));
    each!(segments, "segments", |name, item| apply_segment(tx, name, item));
    let segments: HashMap<String, i64> = segments::list(tx, &Sight::ALL)
        .await?
        .into_iter()
        .map(|used| (used.segment.name, used.segment.id))
        .collect();
    each!(projects, "projects", |name, item| doer.places(tx, name, item, &segments));
    for (file, declaration) in files {
        for (project, item) in declaration.projects.iter().flatten() {
            for (name, flag) in item.flags.iter().flatten() {
                let about = |error: Error| error.about(&format!("{file}: projects/{project}/flags/{name}"));
                doer.flag(tx, project, name, flag).await.map_err(about)?;
            }
        }
    }
    for (file, declaration) in files {
        for (project, item) in declaration.projects.iter().flatten() {
            for (name, flag) in item.flags.iter().flatten() {
                let about = |error: Error| error.about(&format!("{file}: projects/{project}/flags/{name}"));
                doer.around(tx, project, name, flag, &segments).await.map_err(about)?;
            }
        }
    }
    Ok(())
}

/// Refuses what stands in two files.
fn ensure_once(files: &[(String, Declaration)]) -> Result<()> {
    let mut seen = HashSet::new();
    for (file, declaration) in files {
        /// The names of one member.
        macro_rules! names {
            ($member:ident, $called:literal) => {
                declaration.$member.iter().flatten().map(|(name, _)| ($called, name))
            };
        }
        let names = names!(environments, "environments")
            .chain(names!(tag_types, "tagTypes"))
            .chain(names!(strategy_types, "strategyTypes"))
            .chain(names!(roles, "roles"))
            .chain(names!(groups, "groups"))
            .chain(names!(context_fields, "contextFields"))
            .chain(names!(segments, "segments"))
            .chain(names!(projects, "projects"));
        for (member, name) in names {
            if !seen.insert((member, name)) {
                return Err(Error::bad_data(format!("{file}: {member}/{name}: another file has it, too")));
            }
        }
    }
    Ok(())
}

async fn apply_environment(tx: &mut Change, name: &str, wanted: &Environment) -> Result<()> {
    if environments::find(tx, name).await?.is_none() {
        let draft = environments::Draft {
            name: name.to_owned(),
            r#type: wanted.r#type.clone(),
            enabled: wanted.enabled.unwrap_or(true),
            sort_order: wanted.sort_order,
            required_approvals: wanted.required_approvals,
        };
        return environments::create(tx, draft).await.map(drop);
    }
    let edit = environments::Edit {
        r#type: Some(wanted.r#type.clone()),
        sort_order: wanted.sort_order,
        required_approvals: wanted.required_approvals.map(Some),
        enabled: wanted.enabled,
    };
    environments::update(tx, name, edit).await.map(drop)
}

async fn apply_tag_type(tx: &mut Change, name: &str, wanted: &TagType) -> Result<()> {
    let TagType { description, icon, color } = wanted.clone();
    if types::list(tx).await?.iter().any(|kind| kind.name == name) {
        return types::update(tx, name, description, icon, color).await;
    }
    let draft = types::TagType { name: name.to_owned(), description, icon, color };
    types::create(tx, draft).await.map(drop)
}

async fn apply_strategy_type(tx: &mut Change, name: &str, wanted: &StrategyType) -> Result<()> {
    let (description, parameters) = (wanted.description.clone(), recast(&wanted.parameters)?);
    if strategies::list(tx).await?.iter().any(|kind| kind.name == name) {
        strategies::update(tx, name, description, parameters).await?;
    } else {
        strategies::create(tx, name.to_owned(), None, description, parameters).await?;
    }
    strategies::deprecate(tx, name, wanted.deprecated).await
}

/// All roles by name, whatever the case of the letters.
async fn roles(tx: &mut Read) -> Result<HashMap<String, role::Role>> {
    let all = role::list(tx).await?.into_iter();
    Ok(all.map(|role| (burgee_scim::fold(&role.name), role)).collect())
}

async fn apply_role(tx: &mut Change, name: &str, wanted: &Role) -> Result<()> {
    let mut held = Vec::new();
    for text in &wanted.permissions {
        let (permission, environment) = text.split_once('@').unwrap_or((text, ""));
        let permission = Permission::named(permission)
            .ok_or_else(|| Error::bad_data(format!("there is no permission {permission}")))?;
        held.push(role::Held { permission, environment: environment.to_owned() });
    }
    held.sort();
    held.dedup();
    let in_projects = wanted.r#type == Reach::Project;
    let Some(before) = roles(tx).await?.remove(&burgee_scim::fold(name)) else {
        let description = wanted.description.clone().unwrap_or_default();
        let draft = role::Draft { name: name.to_owned(), description, in_projects, held };
        return role::create(tx, draft).await.map(drop);
    };
    if before.is_root() == in_projects {
        return Err(Error::bad_data("a role stays what it is, a root role or a project role"));
    }
    let description = wanted.description.clone().unwrap_or_else(|| before.description.clone());
    if description == before.description && held == role::held(tx, before.id).await? {
        return Ok(());
    }
    let draft = role::Draft { name: before.name, description, in_projects, held };
    role::update(tx, before.id, draft).await.map(drop)
}

/// The ids of people and service accounts by user name or e-mail address.
async fn users(tx: &mut Read, names: &[&String]) -> Result<BTreeSet<i64>> {
    let keys: BTreeMap<String, &String> = names.iter().map(|name| (burgee_scim::fold(name), *name)).collect();
    let rows: Vec<(i64, Option<String>, Option<String>)> = tx
        .all(sql!(
            "SELECT id, username_ci, email_ci FROM users
             WHERE deleted_at IS NULL AND is_system = FALSE
               AND (username_ci IN ({list:$1}) OR email_ci IN ({list:$1}))",
            serde_json::to_string(&keys.keys().collect::<Vec<_>>())?
        ))
        .await?;
    let mut found: HashMap<&str, i64> = HashMap::new();
    for (id, username, _) in &rows {
        found.extend(username.as_deref().map(|key| (key, *id)));
    }
    for (id, _, email) in &rows {
        found.extend(email.as_deref().map(|key| (key, *id)));
    }
    match keys.iter().find(|(key, _)| !found.contains_key(key.as_str())) {
        Some((_, missing)) => Err(Error::bad_data(format!("there is no user {missing}"))),
        None => Ok(keys.keys().filter_map(|key| found.get(key.as_str()).copied()).collect()),
    }
}

async fn apply_group(tx: &mut Change, name: &str, wanted: &Group) -> Result<()> {
    let root_role = match &wanted.root_role {
        Some(role) => Some(role::root(tx, None, Some(role)).await?.id),
        None => None,
    };
    let key = burgee_scim::fold(name);
    let found = group::list(tx).await?.into_iter().find(|group| burgee_scim::fold(&group.name) == key);
    let group = if let Some(before) = found {
        let draft = group::Draft {
            name: before.name,
            description: wanted.description.clone().or(before.description),
            mappings_sso: before.mappings_sso.0,
            root_role: root_role.or(before.root_role),
        };
        group::update(tx, before.id, draft).await?
    } else {
        let draft = group::Draft {
            name: name.to_owned(),
            description: wanted.description.clone(),
            mappings_sso: Vec::new(),
            root_role,
        };
        group::create(tx, draft).await?
    };
    let Some(members) = &wanted.members else { return Ok(()) };
    let members = users(tx, &members.iter().collect::<Vec<_>>()).await?;
    let there: BTreeSet<i64> =
        membership::list(tx, Some(group.id)).await?.into_iter().map(|member| member.user.id).collect();
    if there == members {
        return Ok(());
    }
    if group.scim_id.is_some() {
        return Err(Error::bad_data("an identity provider says who is a member of this group"));
    }
    membership::set(tx, &group, &members).await.map(drop)
}

async fn apply_segment(tx: &mut Change, name: &str, wanted: &Segment) -> Result<()> {
    let found = segments::list(tx, &Sight::ALL).await?.into_iter().find(|used| used.segment.name == name);
    let before = found.map(|used| used.segment);
    let kept = before.as_ref();
    let draft = segments::Draft {
        name: name.to_owned(),
        description: wanted
            .description
            .clone()
            .or_else(|| kept.and_then(|segment| segment.description.clone())),
        project: wanted.project.clone().or_else(|| kept.and_then(|segment| segment.project.clone())),
        constraints: constraints(&wanted.constraints)?,
        group: match &wanted.group {
            Some(wanted) => Some(Some(tie(tx, wanted).await?)),
            None => None,
        },
    };
    match before {
        Some(before) => {
            let before = segments::lock(tx, &Sight::ALL, before.id).await?;
            segments::update(tx, &Sight::ALL, before, draft).await.map(drop)
        }
        None => segments::create(tx, &Sight::ALL, draft).await.map(drop),
    }
}

async fn tie(tx: &mut Change, wanted: &InGroup) -> Result<Tie> {
    let InGroup { name, field, by } = wanted;
    let group = group::named(tx, name).await?;
    let group = group.ok_or_else(|| Error::bad_data(format!("there is no group {name}")))?;
    Ok(Tie { group: group.id, field: field.clone(), by: *by })
}

fn constraints(wanted: &[super::Constraint]) -> Result<Vec<burgee_eval::document::Constraint>> {
    recast(&wanted)
}

fn strategy(wanted: &Strategy, segments: &HashMap<String, i64>) -> Result<StrategyDraft> {
    let id = |name: &String| {
        segments.get(name).copied().ok_or_else(|| Error::bad_data(format!("there is no segment {name}")))
    };
    Ok(StrategyDraft {
        name: wanted.name.clone(),
        title: wanted.title.clone(),
        disabled: wanted.disabled,
        constraints: constraints(&wanted.constraints)?,
        parameters: wanted.parameters.clone(),
        variants: recast(&wanted.variants)?,
        sort_order: None,
        segments: wanted.segments.iter().map(id).collect::<Result<_>>()?,
    })
}

/// Whoever applies, and with what.
struct Doer<'a, G: Guard> {
    grant: &'a Granted<G>,
    entropy: &'a Entropy,
    view: View<'a>,
}

impl<G: Guard> Doer<'_, G> {
    async fn field(&self, tx: &mut Change, name: &str, wanted: &Field) -> Result<()> {
        let all = contexts::list(tx, &self.view, true).await?;
        let before = all.into_iter().map(|used| used.field).find(|field| field.name == name);
        let kept = before.as_ref();
        let draft = contexts::Draft {
            description: wanted
                .description
                .clone()
                .or_else(|| kept.and_then(|field| field.description.clone())),
            stickiness: wanted.stickiness.or(kept.map(|field| field.stickiness)).unwrap_or_default(),
            sort_order: wanted.sort_order.or(kept.map(|field| field.sort_order)).unwrap_or(10),
            legal_values: match &wanted.legal_values {
                Some(legal) => recast(legal)?,
                None => kept.map(|field| field.legal_values.0.clone()).unwrap_or_default(),
            },
            project: wanted.project.clone(),
        };
        match before {
            Some(_) => contexts::update(tx, &self.view, name, draft).await.map(drop),
            None => contexts::create(tx, &self.view, name.to_owned(), draft).await.map(drop),
        }
    }

    /// The project itself, its environments and its members.
    async fn project(&self, tx: &mut Change, id: &str, wanted: &Project) -> Result<()> {
        let mode = match wanted.mode {
            Some(super::Mode::Open) => Some(projects::Mode::Open),
            Some(super::Mode::Protected) => Some(projects::Mode::Protected),
            Some(super::Mode::Private) => Some(projects::Mode::Private),
            None => None,
        };
        let there = projects::seen(tx, &Sight::ALL).await?.iter().any(|there| there == id);
        if there && projects::get(tx, id).await?.archived_at.is_some() {
            return Err(Error::bad_data("this project is archived: revive it first"));
        }
        if !there {
            let used: Vec<String> = wanted.environments.keys().cloned().collect();
            let draft = projects::Draft {
                id: Some(id.to_owned()),
                name: wanted.name.clone().unwrap_or_else(|| id.to_owned()),
                description: wanted.description.clone(),
                mode: mode.unwrap_or(projects::Mode::Open),
                default_stickiness: wanted.default_stickiness.clone(),
                feature_limit: wanted.feature_limit,
                environments: Some(used).filter(|used| !used.is_empty()),
                approvals: Vec::new(),
            };
            projects::create(tx, draft).await?;
        }
        let edit = projects::Edit {
            name: wanted.name.clone(),
            description: wanted.description.clone().map(Some),
            mode,
            default_stickiness: wanted.default_stickiness.clone(),
            feature_limit: wanted.feature_limit.map(Some),
            naming: wanted.naming.as_ref().map(recast).transpose()?,
            link_templates: wanted.link_templates.as_ref().map(recast).transpose()?,
        };
        projects::update(tx, id, edit).await?;
        let used = environment::list(tx, id).await?;
        for (name, place) in &wanted.environments {
            if !used.iter().any(|used| used.environment == *name) {
                environment::add(tx, id, name).await?;
            }
            if place.required_approvals.is_some() {
                change_requests::configure(tx, id, name, place.required_approvals).await?;
            }
        }
        self.members(tx, id, wanted).await
    }

    async fn members(&self, tx: &mut Change, id: &str, wanted: &Project) -> Result<()> {
        let Some(wanted) = &wanted.members else { return Ok(()) };
        let roles = roles(tx).await?;
        let groups: HashMap<String, i64> = group::list(tx)
            .await?
            .into_iter()
            .map(|group| (burgee_scim::fold(&group.name), group.id))
            .collect();
        let mut places = BTreeSet::new();
        for (name, who) in wanted {
            let role = roles.get(&burgee_scim::fold(name)).filter(|role| !role.is_root());
            let role = role.ok_or_else(|| Error::bad_data(format!("there is no project role {name}")))?.id;
            let people = users(tx, &who.users.iter().collect::<Vec<_>>()).await?;
            places.extend(people.into_iter().map(|user| (Subject::User(user), role)));
            for name in &who.groups {
                let group = groups.get(&burgee_scim::fold(name));
                let group = group.ok_or_else(|| Error::bad_data(format!("there is no group {name}")))?;
                places.insert((Subject::Group(*group), role));
            }
        }
        members::replace(tx, self.grant.held(), id, places).await
    }

    /// What flags get that are turned on without a strategy.
    async fn places(
        &self,
        tx: &mut Change,
        id: &str,
        wanted: &Project,
        segments: &HashMap<String, i64>,
    ) -> Result<()> {
        for (environment, place) in &wanted.environments {
            let Some(wanted) = &place.default_strategy else { continue };
            let draft = strategy(wanted, segments)?;
            let stored = json!({
                "name": draft.name, "title": draft.title, "disabled": draft.disabled, "constraints": draft.constraints,
                "parameters": draft.parameters, "variants": draft.variants, "segments": draft.segments,
            });
            let stored: Map<String, Value> = recast(&stored)?;
            environment::set_default_strategy(tx, id, environment, stored)
                .await
                .map_err(|error| error.about(&format!("environments/{environment}/defaultStrategy")))?;
        }
        Ok(())
    }

    /// The flag itself.
    async fn flag(&self, tx: &mut Change, project: &str, name: &str, wanted: &Flag) -> Result<()> {
        let before = features::find(tx, name).await?;
        if let Some(elsewhere) = before.as_ref().filter(|flag| flag.project != project) {
            return Err(Error::bad_data(format!("this flag lives in the project {}", elsewhere.project)));
        }
        let kept = before.as_ref();
        let draft = features::Draft {
            description: wanted
                .description
                .clone()
                .or_else(|| kept.and_then(|flag| flag.description.clone())),
            kind: wanted
                .r#type
                .clone()
                .or_else(|| kept.map(|flag| flag.kind.clone()))
                .unwrap_or_else(|| "release".to_owned()),
            impression_data: wanted
                .impression_data
                .or(kept.map(|flag| flag.impression_data))
                .unwrap_or_default(),
        };
        match before {
            Some(_) => features::update(tx, project, name, draft).await?,
            None => features::create(tx, self.entropy, project, name, draft).await?,
        };
        if let Some(stale) = wanted.stale {
            features::switch_stale(tx, project, name, stale).await?;
        }
        owned(tx, project, name, wanted.owner.as_deref()).await?;
        Ok(())
    }

    /// What belongs to a flag, once all flags are there.
    async fn around(
        &self,
        tx: &mut Change,
        project: &str,
        name: &str,
        wanted: &Flag,
        segments: &HashMap<String, i64>,
    ) -> Result<()> {
        if let Some(tags) = &wanted.tags {
            retag(tx, project, name, tags).await?;
        }
        if let Some(links) = &wanted.links {
            let drafts =
                links.iter().map(|link| link::Draft { url: link.url.clone(), title: link.title.clone() });
            link::overwrite(tx, self.entropy, project, name, drafts.collect()).await?;
        }
        for (environment, place) in &wanted.environments {
            let at = Place {
                project: project.to_owned(),
                feature: name.to_owned(),
                environment: environment.clone(),
            };
            self.place(tx, &at, place, segments)
                .await
                .map_err(|error| error.about(&format!("environments/{environment}")))?;
        }
        if let Some(parent) = &wanted.depends_on {
            let at =
                Place { project: project.to_owned(), feature: name.to_owned(), environment: String::new() };
            let parent = Dependency {
                feature: parent.flag.clone(),
                enabled: parent.enabled,
                variants: parent.variants.clone(),
            };
            let edit = Edit::AddDependency(parent);
            features::submit(tx, self.grant, self.entropy, &at, edit)
                .await
                .map_err(|error| error.about("dependsOn"))?;
        }
        Ok(())
    }

    async fn place(
        &self,
        tx: &mut Change,
        at: &Place,
        wanted: &super::InPlace,
        segments: &HashMap<String, i64>,
    ) -> Result<()> {
        if let Some(variants) = &wanted.variants {
            let edit = Edit::PatchVariant { variants: recast(variants)? };
            features::submit(tx, self.grant, self.entropy, at, edit).await?;
        }
        if let Some(strategies) = &wanted.strategies {
            if wanted.enabled == Some(true) && strategies.iter().all(|strategy| strategy.disabled) {
                return Err(Error::bad_data("a flag that is on needs a strategy that is not disabled"));
            }
            let drafts = strategies.iter().map(|wanted| strategy(wanted, segments)).collect::<Result<_>>()?;
            return features::overwrite(tx, self.grant, self.entropy, at, drafts, wanted.enabled).await;
        }
        if let Some(enabled) = wanted.enabled {
            let edit = Edit::UpdateEnabled { enabled, should_activate_disabled_strategies: false };
            features::submit(tx, self.grant, self.entropy, at, edit).await?;
        }
        Ok(())
    }
}

/// Makes `wanted` all tags of a flag.
async fn retag(tx: &mut Change, project: &str, name: &str, wanted: &[String]) -> Result<()> {
    let mut after = BTreeSet::new();
    for text in wanted {
        let (kind, value) = text
            .split_once(':')
            .ok_or_else(|| Error::bad_data(format!("{text} is no tag: it must be type:value")))?;
        after.insert(Tag::new(kind.to_owned(), value)?);
    }
    let before: BTreeSet<Tag> = of_flags::list(tx, name).await?.into_iter().map(|found| found.tag).collect();
    let added = after.difference(&before).cloned().collect();
    let removed = before.difference(&after).cloned().collect();
    of_flags::retag(tx, project, &[name.to_owned()], added, removed).await?;
    Ok(())
}
