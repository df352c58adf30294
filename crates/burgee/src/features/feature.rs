//! The flag itself: its name, what it is for, and where it lives.

use serde::Serialize;

use crate::clock::Time;
use crate::db::Read;
use crate::error::{Error, Kind, Result};
use crate::events::{Change, Event, Fact};
use crate::sql;

/// The longest name, in characters.
const LONGEST_NAME: usize = 100;
/// The longest description, in characters.
const LONGEST_DESCRIPTION: usize = 10_000;
/// How many flags there may be that are not archived.
const LIMIT: i64 = 5000;

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
    #[serde(skip)]
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

/// The flag with this name, wherever it lives, archived or not.
pub async fn find(tx: &mut Read, name: &str) -> Result<Option<Feature>> {
    tx.optional(select_features!("WHERE f.name = $1", name)).await
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
    if feature.archived {
        return Err(Error::rejected(
            Kind::ArchivedFeature,
            "This feature is archived: revive it before you change it.",
        ));
    }
    Ok(feature)
}

fn missing(project: &str, name: &str) -> Error {
    Error::not_found(format!("There's no feature named \"{name}\" in project \"{project}\"."))
}

/// Makes a flag, off in every environment of its project.
pub async fn create(tx: &mut Change, project: &str, name: &str, draft: Draft) -> Result<Feature> {
    check_name("name", name)?;
    ensure_accepts(tx, project, name).await?;
    ensure_free(tx, name).await?;
    check(tx, &draft).await?;
    let (now, author) = (tx.now(), tx.actor().user_id());
    tx.execute(sql!(
        "INSERT INTO features (name, search, project, type, description, impression_data, created_at, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        name,
        search_text(name, draft.description.as_deref()),
        project,
        &draft.kind,
        draft.description.clone(),
        draft.impression_data,
        now,
        author
    ))
    .await?;
    tx.execute(sql!(
        "INSERT INTO feature_environments (feature, environment)
         SELECT CAST($1 AS TEXT), environment FROM project_environments WHERE project = $2",
        name,
        project
    ))
    .await?;
    tx.execute(sql!(
        "INSERT INTO feature_lifecycles (feature, stage, created_at) VALUES ($1, 'initial', $2)",
        name,
        now
    ))
    .await?;
    let feature = get(tx, project, name).await?;
    tx.record(Event::created(Fact::FeatureCreated, &feature).within(Some(project.to_owned()), None).on(name));
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
    let event = Event::updated(Fact::FeatureMetadataUpdated, &before, &after);
    tx.record(event.within(Some(project.to_owned()), None).on(name));
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
    tx.record(Event::bare(fact).within(Some(project.to_owned()), None).on(name));
    Ok(Feature { stale, version: before.version + 1, ..before })
}

/// Refuses a name that cannot stand in a URL as it is. `field` is what the request calls it.
pub fn check_name(field: &str, name: &str) -> Result<()> {
    let friendly = |c: char| c.is_ascii_alphanumeric() || "-_.!~*'()".contains(c);
    let problem = if name.is_empty() {
        format!("\"{field}\" is not allowed to be empty.")
    } else if name.chars().count() > LONGEST_NAME {
        format!("\"{field}\" length must be less than or equal to {LONGEST_NAME} characters long.")
    } else if !name.chars().all(friendly) || matches!(name, "." | "..") {
        let shown: String = name.chars().take(LONGEST_NAME).collect();
        format!("\"{field}\" must be URL friendly. You provided \"{shown}\".")
    } else {
        return Ok(());
    };
    Err(Error::invalid(vec![problem]))
}

/// Refuses a name that a flag has, or had: names are never used again.
pub async fn ensure_free(tx: &mut Read, name: &str) -> Result<()> {
    let Some(taken) = find(tx, name).await? else { return Ok(()) };
    let message = if taken.archived {
        "An archived flag with that name already exists"
    } else {
        "A flag with that name already exists"
    };
    Err(Error::rejected(Kind::NameExists, message))
}

/// Refuses a project that takes no new flags, or none of this name.
async fn ensure_accepts(tx: &mut Read, project: &str, name: &str) -> Result<()> {
    #[derive(sqlx::FromRow)]
    struct Rules {
        feature_limit: Option<i64>,
        naming: Option<String>,
        archived_at: Option<Time>,
        here: i64,
        everywhere: i64,
    }
    let rules: Option<Rules> = tx
        .optional(sql!(
            "SELECT feature_limit, naming, archived_at,
                    (SELECT COUNT(*) FROM features f WHERE f.project = p.id AND f.archived_at IS NULL) AS here,
                    (SELECT COUNT(*) FROM features f WHERE f.archived_at IS NULL) AS everywhere
             FROM projects p WHERE id = $1",
            project
        ))
        .await?;
    let Some(rules) = rules.filter(|rules| rules.archived_at.is_none()) else {
        return Err(Error::not_found(format!("Active project with id {project} does not exist")));
    };
    if let Some(limit) = rules.feature_limit.filter(|limit| rules.here >= *limit) {
        return Err(Error::invalid(vec![format!(
            "You have reached the maximum number of feature flags in this project ({limit})."
        )]));
    }
    if rules.everywhere >= LIMIT {
        return Err(Error::limit("feature flag", LIMIT));
    }
    crate::projects::naming::check(rules.naming.as_deref(), name)
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

/// What searches look into.
pub(super) fn search_text(name: &str, description: Option<&str>) -> String {
    format!("{} {}", burgee_scim::fold(name), burgee_scim::fold(description.unwrap_or_default()))
}
