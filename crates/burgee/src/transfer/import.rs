//! A document becomes flags.

use std::collections::{BTreeMap, BTreeSet};

use burgee_eval::document::Dependency;

use super::document::{Document, Flag, Rule};
use super::survey::{Survey, survey};
use super::{FlagEnvironment, Request};
use crate::access::{Granted, Guard};
use crate::contexts::{self, View};
use crate::entropy::Entropy;
use crate::error::{Error, Result};
use crate::events::{Change, Event, Fact};
use crate::features::{self, Edit, Place, StrategyDraft, link};
use crate::tags::types::{self, TagType};
use crate::tags::{Tag, of_flags};
use crate::{owners, sql};

/// How many flags are locked with one statement.
const LOCKED_AT_ONCE: usize = 1000;

/// Brings the flags of a document into a project, and their strategies into one of its environments: all or nothing.
/// Flags that are there are overwritten, their tags included; what the document does not have of them in other
/// environments stays. Archived flags stay as they are.
pub async fn import<G: Guard>(
    tx: &mut Change,
    grant: &Granted<G>,
    entropy: &Entropy,
    request: &Request,
) -> Result<()> {
    let sight = grant.sight(tx).await?;
    let found = survey(tx, &sight, grant.held(), request).await?;
    found.ensure_importable()?;
    let before = tx.recorded();
    surroundings(tx, &View { sight, project: None }, &found, &request.data).await?;
    let Request { project, environment, data } = request;
    let wanted: BTreeMap<&str, &Flag> = data
        .features
        .iter()
        .filter(|flag| !found.archived.contains(&flag.name))
        .map(|flag| (flag.name.as_str(), flag))
        .collect();
    let parents =
        data.dependencies.iter().flat_map(|of| &of.dependencies).map(|parent| parent.feature.as_str());
    flags(tx, entropy, project, &found, &wanted, parents.collect()).await?;
    tags(tx, project, data, &wanted).await?;
    for of in data.links.iter().filter(|of| wanted.contains_key(of.feature.as_str())) {
        let links =
            of.links.iter().map(|link| link::Draft { url: link.url.clone(), title: link.title.clone() });
        link::overwrite(tx, entropy, project, &of.feature, links.collect())
            .await
            .map_err(|error| error.about(&of.feature))?;
    }
    let mut rules: BTreeMap<&str, Vec<&Rule>> = BTreeMap::new();
    for rule in &data.feature_strategies {
        rules.entry(&rule.feature_name).or_default().push(rule);
    }
    let places: BTreeMap<&str, &FlagEnvironment> =
        data.feature_environments.iter().map(|place| (place.flag(), place)).collect();
    for name in wanted.keys() {
        let at =
            Place { project: project.clone(), feature: (*name).to_owned(), environment: environment.clone() };
        let rules = rules.remove(name).unwrap_or_default();
        in_place(tx, grant, entropy, &at, &found, rules, places.get(name).copied())
            .await
            .map_err(|error| error.about(name))?;
    }
    for of in data.dependencies.iter().filter(|of| wanted.contains_key(of.feature.as_str())) {
        for parent in &of.dependencies {
            let at = Place {
                project: project.clone(),
                feature: of.feature.clone(),
                environment: environment.clone(),
            };
            let parent = Dependency {
                feature: parent.feature.clone(),
                enabled: Some(parent.enabled),
                variants: parent.variants.clone(),
            };
            features::submit(tx, grant, entropy, &at, Edit::AddDependency(parent))
                .await
                .map_err(|error| error.about(&of.feature))?;
        }
    }
    if tx.recorded() > before {
        let event = Event::bare(Fact::FeaturesImported);
        tx.record(event.within(Some(project.clone()), Some(environment.clone())));
    }
    Ok(())
}

/// Makes the types of tags and the context fields that are not there yet.
async fn surroundings(tx: &mut Change, view: &View<'_>, found: &Survey, data: &Document) -> Result<()> {
    for kind in data.tag_types.iter().filter(|kind| !found.tag_types.contains(&kind.name)) {
        let draft = TagType {
            name: kind.name.clone(),
            description: kind.description.clone(),
            icon: kind.icon.clone(),
            color: kind.color.clone(),
        };
        types::create(tx, draft).await.map_err(|error| error.about(&kind.name))?;
    }
    for field in data.context_fields.iter().filter(|field| !found.fields.contains(&field.name)) {
        let draft = contexts::Draft {
            description: field.description.clone(),
            stickiness: field.stickiness,
            sort_order: field.sort_order,
            legal_values: field.legal_values.clone(),
            project: None,
        };
        contexts::create(tx, view, field.name.clone(), draft)
            .await
            .map_err(|error| error.about(&field.name))?;
    }
    Ok(())
}

/// Lets somebody answer for a flag. Whom the installation does not know, or who left, changes nothing.
pub(super) async fn owned(tx: &mut Change, project: &str, flag: &str, owner: Option<&str>) -> Result<()> {
    let Some(name) = owner else { return Ok(()) };
    match owners::named(tx, name).await? {
        Some(owner) => owners::set(tx, project, flag, Some(owner)).await.map(drop),
        None => Ok(()),
    }
}

/// Makes and describes the flags themselves. The project is locked before its flags, and they in the order of names.
async fn flags(
    tx: &mut Change,
    entropy: &Entropy,
    project: &str,
    found: &Survey,
    wanted: &BTreeMap<&str, &Flag>,
    parents: BTreeSet<&str>,
) -> Result<()> {
    let draft = |flag: &Flag| features::Draft {
        description: flag.description.clone(),
        kind: flag.kind.clone().unwrap_or_else(|| "release".to_owned()),
        impression_data: flag.impression_data,
    };
    for (name, flag) in wanted.iter().filter(|(name, _)| !found.there.contains(**name)) {
        features::create(tx, entropy, project, name, draft(flag)).await.map_err(|error| error.about(name))?;
        features::switch_stale(tx, project, name, flag.stale).await?;
        owned(tx, project, name, flag.owner.as_deref()).await?;
    }
    let all: Vec<String> = wanted
        .keys()
        .copied()
        .chain(parents)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .map(str::to_owned)
        .collect();
    for some in all.chunks(LOCKED_AT_ONCE) {
        features::lock_all(tx, project, some).await?;
    }
    for name in &found.there {
        let Some(flag) = wanted.get(name.as_str()) else { continue };
        features::update(tx, project, name, draft(flag)).await.map_err(|error| error.about(name))?;
        features::switch_stale(tx, project, name, flag.stale).await?;
        owned(tx, project, name, flag.owner.as_deref()).await?;
    }
    Ok(())
}

/// Gives every flag the tags of the document, and no others.
async fn tags(tx: &mut Change, project: &str, data: &Document, wanted: &BTreeMap<&str, &Flag>) -> Result<()> {
    let names: Vec<&&str> = wanted.keys().collect();
    let rows: Vec<(String, String, String)> = tx
        .all(sql!(
            "SELECT feature, type, value FROM feature_tags WHERE feature IN ({list:$1})",
            serde_json::to_string(&names)?
        ))
        .await?;
    let mut before: BTreeMap<String, BTreeSet<Tag>> = BTreeMap::new();
    for (feature, r#type, value) in rows {
        before.entry(feature).or_default().insert(Tag { r#type, value });
    }
    let mut after: BTreeMap<&str, BTreeSet<Tag>> = BTreeMap::new();
    for tag in &data.feature_tags {
        let kind = tag.tag_type.clone().unwrap_or_else(|| "simple".to_owned());
        let tag_ = Tag::new(kind, &tag.tag_value).map_err(|error| error.about(&tag.feature_name))?;
        after.entry(&tag.feature_name).or_default().insert(tag_);
    }
    for name in wanted.keys() {
        let (before, after) =
            (before.remove(*name).unwrap_or_default(), after.remove(*name).unwrap_or_default());
        let added = after.difference(&before).cloned().collect();
        let removed = before.difference(&after).cloned().collect();
        of_flags::retag(tx, project, &[(*name).to_owned()], added, removed)
            .await
            .map_err(|error| error.about(name))?;
    }
    Ok(())
}

/// Brings one flag into the document's state in the environment.
async fn in_place<G: Guard>(
    tx: &mut Change,
    grant: &Granted<G>,
    entropy: &Entropy,
    at: &Place,
    found: &Survey,
    mut rules: Vec<&Rule>,
    place: Option<&FlagEnvironment>,
) -> Result<()> {
    if let Some(place) = place.filter(|place| !place.variants.is_empty()) {
        let edit = Edit::PatchVariant { variants: place.variants.clone() };
        features::submit(tx, grant, entropy, at, edit).await?;
    }
    rules.sort_by(|a, b| {
        let order = |rule: &Rule| rule.sort_order.unwrap_or_default();
        order(a).total_cmp(&order(b))
    });
    let drafts = rules.into_iter().map(|rule| drafted(rule, found)).collect::<Result<_>>()?;
    features::overwrite(tx, grant, entropy, at, drafts, place.map(|place| place.enabled)).await
}

fn drafted(rule: &Rule, found: &Survey) -> Result<StrategyDraft> {
    let here = |id: &i64| {
        let unknown = || Error::bad_data(format!("Unsupported segments: {id}"));
        found.segments.get(id).copied().ok_or_else(unknown)
    };
    Ok(StrategyDraft {
        name: rule.name.clone(),
        title: rule.title.clone(),
        disabled: rule.disabled,
        constraints: rule.constraints.clone(),
        parameters: rule.parameters.clone(),
        variants: rule.variants.clone(),
        sort_order: None,
        segments: rule.segments.iter().map(here).collect::<Result<_>>()?,
    })
}
