//! The flag itself: its name, what it is for, and where it lives.

use std::collections::HashMap;

use serde::Serialize;

use super::{lifecycle, link};
use crate::access::{Granted, Guard, Sight, visible};
use crate::clock::Time;
use crate::db::Read;
use crate::entropy::Entropy;
use crate::error::{Error, Kind, Result};
use crate::events::{Change, Event, Fact};
use crate::{names, owners, projects, sql};

/// The longest description, in characters.
const LONGEST_DESCRIPTION: usize = 10_000;
/// How many flags there may be that are not archived.
const LIMIT: i64 = 5000;
/// How many flags one request may name.
const MOST: usize = 1000;

/// A flag without its places.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Feature {
    /// Unique for ever and everywhere.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// `release`, `experiment`, …
    #[serde(rename = "type")]
    #[sqlx(rename = "type")]
    pub kind: String,
    /// Where it lives.
    pub project: String,
    /// Marked for removal.
    pub stale: bool,
    /// When it was made.
    pub created_at: Time,
    /// Whether clients report each evaluation.
    pub impression_data: bool,
    /// When it was archived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archived_at: Option<Time>,
    /// True if it is archived.
    pub archived: bool,
    /// Who made it.
    #[serde(skip)]
    pub created_by: i64,
    /// Rises with every edit.
    #[serde(skip)]
    pub version: i64,
}

/// A flag as somebody wants it.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What it is for.
    pub description: Option<String>,
    /// `release`, `experiment`, …
    pub kind: String,
    /// Whether clients report each evaluation.
    pub impression_data: bool,
}

/// `sql!` text that selects [`Feature`]s; a condition follows.
macro_rules! select_features {
    ($rest:literal $(, $arg:expr)*) => {
        sql!(concat!(
            "SELECT f.name, f.description, f.type, f.project, f.stale, f.created_at, f.impression_data, f.archived_at,
                    f.archived_at IS NOT NULL AS archived, f.created_by, f.version
             FROM features f ", $rest) $(, $arg)*)
    };
}

/// How many living flags that are seen are of each type.
pub async fn kinds_in_use(tx: &mut Read, sight: &Sight) -> Result<HashMap<String, i64>> {
    let rows: Vec<(String, i64)> = tx
        .all(sql!(
            concat!(
                "SELECT f.type, COUNT(DISTINCT f.name) FROM features f JOIN projects p ON p.id = f.project
                 WHERE f.archived_at IS NULL AND ",
                visible!("p", "$1"),
                " GROUP BY f.type"
            ),
            sight.param()?
        ))
        .await?;
    Ok(rows.into_iter().collect())
}

/// The flag with this name, wherever it lives, archived or not.
pub async fn find(tx: &mut Read, name: &str) -> Result<Option<Feature>> {
    tx.optional(select_features!("WHERE f.name = $1", name)).await
}

/// The project of a flag that is named without it, if the caller sees the flag. Refused if they may not do this there.
pub async fn seen_home<G: Guard>(tx: &mut Read, grant: &Granted<G>, name: &str) -> Result<Option<String>> {
    let Some(feature) = find(tx, name).await? else { return Ok(None) };
    match grant.sight(tx).await?.ensure(tx, &feature.project).await {
        Err(unseen) if unseen.kind().is_some() => return Ok(None),
        seen => seen?,
    }
    grant.ensure_in(Some(&feature.project), None)?;
    Ok(Some(feature.project))
}

/// The flag with this name in a project.
pub async fn get(tx: &mut Read, project: &str, name: &str) -> Result<Feature> {
    let found = find(tx, name).await?;
    found.filter(|feature| feature.project == project).ok_or_else(|| missing(project, name))
}

/// Like [`get`]; whoever changes the same flag at the same time waits here. Archived flags are refused.
pub async fn lock(tx: &mut Change, project: &str, name: &str) -> Result<Feature> {
    let found: Option<Feature> = tx.optional(select_features!("WHERE f.name = $1{lock}", name)).await?;
    let feature = found.filter(|feature| feature.project == project).ok_or_else(|| missing(project, name))?;
    ensure_active(&feature)?;
    Ok(feature)
}

/// Those of `names` that live in the project, archived or not, by name; whoever changes one of them at the same time
/// waits here. Everybody locks in the order of names, so that nobody waits for ever.
pub async fn lock_all(tx: &mut Change, project: &str, names: &[String]) -> Result<Vec<Feature>> {
    if names.len() > MOST {
        return Err(Error::bad_data(format!("One request can name at most {MOST} flags.")));
    }
    tx.all(select_features!(
        "WHERE f.project = $1 AND f.name IN ({list:$2}) ORDER BY f.name{lock}",
        project,
        serde_json::to_string(names)?
    ))
    .await
}

pub(super) fn ensure_active(feature: &Feature) -> Result<()> {
    if !feature.archived {
        return Ok(());
    }
    let message = "This feature is archived: revive it before you change it.";
    Err(Error::rejected(Kind::ArchivedFeature, message))
}

fn missing(project: &str, name: &str) -> Error {
    Error::not_found(format!("There's no feature named \"{name}\" in project \"{project}\"."))
}

/// Makes a flag, off in every environment of its project, with the links that the project gives to new flags.
pub async fn create(
    tx: &mut Change,
    entropy: &Entropy,
    project: &str,
    name: &str,
    draft: Draft,
) -> Result<Feature> {
    insert(tx, entropy, project, name, draft, false).await
}

/// Like [`create`]; may be marked for removal from the beginning.
pub(super) async fn insert(
    tx: &mut Change,
    entropy: &Entropy,
    project: &str,
    name: &str,
    draft: Draft,
    stale: bool,
) -> Result<Feature> {
    check_name(name)?;
    let room = Room::of(tx, project).await?;
    room.ensure(1)?;
    projects::naming::check(room.naming.as_deref(), name)?;
    ensure_free(tx, name).await?;
    check(tx, &draft).await?;
    let (now, author) = (tx.now(), tx.actor().user_id());
    let made = tx
        .execute(sql!(
            "INSERT INTO features (name, search, project, type, description, impression_data, stale, created_at,
                                   created_by)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (name) DO NOTHING",
            name,
            search_text(name, draft.description.as_deref()),
            project,
            &draft.kind,
            draft.description.clone(),
            draft.impression_data,
            stale,
            now,
            author
        ))
        .await?;
    if made == 0 {
        return Err(taken(false));
    }
    tx.execute(sql!(
        "INSERT INTO feature_environments (feature, environment)
         SELECT CAST($1 AS TEXT), environment FROM project_environments WHERE project = $2",
        name,
        project
    ))
    .await?;
    lifecycle::begin(tx, &[name.to_owned()]).await?;
    owners::begin(tx, name).await?;
    let feature = get(tx, project, name).await?;
    tx.record(event(Event::created(Fact::FeatureCreated, &feature), project, name));
    link::from_templates(tx, entropy, project, name, &room.link_templates).await?;
    Ok(feature)
}

/// Replaces what describes the flag, and records it, unless nothing differs.
pub async fn update(tx: &mut Change, project: &str, name: &str, draft: Draft) -> Result<Feature> {
    let before = lock(tx, project, name).await?;
    check(tx, &draft).await?;
    let retyped = draft.kind != before.kind;
    let after = Feature {
        description: draft.description,
        kind: draft.kind,
        impression_data: draft.impression_data,
        version: before.version + 1,
        ..before.clone()
    };
    if (&after.description, &after.kind, after.impression_data)
        == (&before.description, &before.kind, before.impression_data)
    {
        return Ok(before);
    }
    tx.execute(sql!(
        "UPDATE features SET description = $2, type = $3, impression_data = $4, search = $5, version = $6,
                             potentially_stale = CASE WHEN $7 = TRUE THEN FALSE ELSE potentially_stale END
         WHERE name = $1",
        name,
        after.description.clone(),
        &after.kind,
        after.impression_data,
        search_text(name, after.description.as_deref()),
        after.version,
        retyped
    ))
    .await?;
    tx.record(event(Event::updated(Fact::FeatureMetadataUpdated, &before, &after), project, name));
    Ok(after)
}

/// Marks a flag for removal, or takes the mark away, unless it is so already.
pub async fn switch_stale(tx: &mut Change, project: &str, name: &str, stale: bool) -> Result<Feature> {
    let before = lock(tx, project, name).await?;
    if before.stale == stale {
        return Ok(before);
    }
    tx.execute(sql!("UPDATE features SET stale = $2, version = version + 1 WHERE name = $1", name, stale))
        .await?;
    let fact = if stale { Fact::FeatureStaleOn } else { Fact::FeatureStaleOff };
    tx.record(event(Event::bare(fact), project, name));
    Ok(Feature { stale, version: before.version + 1, ..before })
}

/// Refuses a name that cannot stand in a URL as it is.
pub fn check_name(name: &str) -> Result<()> {
    names::unfriendly("name", name).map_or(Ok(()), |rule| Err(Error::invalid(vec![rule])))
}

/// Refuses a name that a flag has, or had: names are never used again.
pub async fn ensure_free(tx: &mut Read, name: &str) -> Result<()> {
    find(tx, name).await?.map_or(Ok(()), |found| Err(taken(found.archived)))
}

fn taken(archived: bool) -> Error {
    let message = if archived {
        "An archived flag with that name already exists"
    } else {
        "A flag with that name already exists"
    };
    Error::rejected(Kind::NameExists, message)
}

/// What a project says about flags that are to live in it. While somebody holds it, the project gets no other flag, is
/// not archived, and keeps its environments. Projects are locked before flags.
#[derive(sqlx::FromRow)]
pub(super) struct Room {
    feature_limit: Option<i64>,
    naming: Option<String>,
    link_templates: String,
    archived_at: Option<Time>,
    here: i64,
    everywhere: i64,
}

impl Room {
    /// Refuses an archived project.
    pub(super) async fn of(tx: &mut Change, project: &str) -> Result<Self> {
        // Locked first, counted then: one statement would count what was there before it waited.
        let found: Option<(String,)> =
            tx.optional(sql!("SELECT id FROM projects WHERE id = $1{lock}", project)).await?;
        let room: Option<Self> = match found {
            Some((id,)) => {
                tx.optional(sql!(
                    "SELECT feature_limit, naming, link_templates, archived_at,
                            (SELECT COUNT(*) FROM features f WHERE f.project = p.id AND f.archived_at IS NULL) AS here,
                            (SELECT COUNT(*) FROM features f WHERE f.archived_at IS NULL) AS everywhere
                     FROM projects p WHERE id = $1",
                    id
                ))
                .await?
            }
            None => None,
        };
        room.filter(|room| room.archived_at.is_none())
            .ok_or_else(|| Error::not_found(format!("Active project with id {project} does not exist")))
    }

    /// Refuses `more` flags from other projects where the project has no room for them.
    pub(super) fn ensure_here(&self, more: i64) -> Result<()> {
        match self.feature_limit.filter(|limit| self.here + more > *limit) {
            Some(limit) => Err(Error::invalid(vec![format!(
                "You have reached the maximum number of feature flags in this project ({limit})."
            )])),
            None => Ok(()),
        }
    }

    /// Refuses `more` flags where there is no room for them.
    pub(super) fn ensure(&self, more: i64) -> Result<()> {
        self.ensure_here(more)?;
        if self.everywhere + more > LIMIT { Err(Error::limit("feature flag", LIMIT)) } else { Ok(()) }
    }
}

async fn check(tx: &mut Read, draft: &Draft) -> Result<()> {
    if draft.description.as_ref().is_some_and(|text| text.chars().count() > LONGEST_DESCRIPTION) {
        return Err(Error::bad_data(format!(
            "The description must have at most {LONGEST_DESCRIPTION} characters."
        )));
    }
    let kinds: Vec<(String,)> = tx.all(sql!("SELECT id FROM feature_types ORDER BY sort_order")).await?;
    if kinds.iter().any(|(kind,)| *kind == draft.kind) {
        return Ok(());
    }
    let allowed: Vec<String> = kinds.into_iter().map(|(kind,)| format!("\"{kind}\"")).collect();
    Err(Error::invalid(vec![format!(
        "The `type` property must be equal to one of the allowed values: {}. You provided \"{}\", which is not \
         valid. Please use one of the allowed values instead..",
        allowed.join(", "),
        draft.kind
    )]))
}

/// The event, of a flag as a whole.
pub(super) fn event(event: Event, project: &str, feature: &str) -> Event {
    event.within(Some(project.to_owned()), None).on(feature)
}

/// What searches look into. No word of a search reaches from the name into the description.
pub(super) fn search_text(name: &str, description: Option<&str>) -> String {
    format!("{}\n{}", burgee_scim::fold(name), burgee_scim::fold(description.unwrap_or_default()))
}
