//! What a project is, and how it comes to be and changes.

use serde::Serialize;

use super::environment;
use super::naming::{LinkTemplate, Naming};
use crate::access::Origin;
use crate::clock::Time;
use crate::db::Read;
use crate::environments::{self, checked_approvals};
use crate::error::{Error, Kind, Result};
use crate::events::{Change, Event, Fact};
use crate::sql;

/// As many as there may be.
const MOST: i64 = 500;
/// The longest id and the longest name, in characters.
const LONGEST_ID: usize = 100;
const LONGEST_NAME: usize = 255;
const LONGEST_DESCRIPTION: usize = 10_000;
/// The longest id that is made from a name.
const LONGEST_SLUG: usize = 90;
/// Words that stand where ids stand in paths.
const RESERVED: [&str; 4] = ["archive", "revive", "roles", "validate"];
/// The role of those who may change everything in a project.
pub(super) const OWNER: i64 = 4;
/// The project that is always there.
pub const DEFAULT: &str = "default";

/// Who sees a project, and who may propose changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Everybody sees it and may propose changes.
    Open,
    /// Everybody sees it; its members may propose changes.
    Protected,
    /// Viewers who are not members do not see it.
    Private,
}

impl Mode {
    /// As it is stored and spelled on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Protected => "protected",
            Self::Private => "private",
        }
    }
}

impl From<String> for Mode {
    fn from(text: String) -> Self {
        match text.as_str() {
            "protected" => Self::Protected,
            "private" => Self::Private,
            _ => Self::Open,
        }
    }
}

/// A project as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Project {
    /// Names it everywhere; never changes.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Who sees it.
    pub mode: Mode,
    /// What decides who gets what in new strategies.
    pub default_stickiness: String,
    /// As many flags as it may have.
    pub feature_limit: Option<i64>,
    /// How its flags are to be named.
    pub feature_naming: Naming,
    /// The links that new flags get.
    pub link_templates: Vec<LinkTemplate>,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    #[serde(skip)]
    pub updated_at: Time,
    /// Since when it takes no flags any more.
    pub archived_at: Option<Time>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    name: String,
    description: Option<String>,
    #[sqlx(try_from = "String")]
    mode: Mode,
    default_stickiness: String,
    feature_limit: Option<i64>,
    naming: Option<String>,
    link_templates: String,
    created_at: Time,
    updated_at: Time,
    archived_at: Option<Time>,
}

impl Row {
    fn read(self) -> Result<Project> {
        Ok(Project {
            id: self.id,
            name: self.name,
            description: self.description,
            mode: self.mode,
            default_stickiness: self.default_stickiness,
            feature_limit: self.feature_limit,
            feature_naming: self
                .naming
                .map(|text| serde_json::from_str(&text))
                .transpose()?
                .unwrap_or_default(),
            link_templates: serde_json::from_str(&self.link_templates)?,
            created_at: self.created_at,
            updated_at: self.updated_at,
            archived_at: self.archived_at,
        })
    }
}

/// `sql!` text that selects one project by its id; a lock may follow.
macro_rules! select_project {
    ($rest:literal, $id:expr) => {
        sql!(
            concat!(
                "SELECT id, name, description, mode, default_stickiness, feature_limit, naming, link_templates,
                        created_at, updated_at, archived_at FROM projects WHERE id = $1",
                $rest
            ),
            $id
        )
    };
}

/// What it takes to make a project.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Names it everywhere; made from the name if it is missing.
    pub id: Option<String>,
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Who sees it.
    pub mode: Mode,
    /// What decides who gets what in new strategies.
    pub default_stickiness: Option<String>,
    /// As many flags as it may have.
    pub feature_limit: Option<i64>,
    /// The environments it uses; all enabled ones, if nobody says.
    pub environments: Option<Vec<String>>,
    /// Where changes need approval, and of how many, beyond what environments ask for themselves.
    pub approvals: Vec<(String, i64)>,
}

/// A change to a project; `None` leaves a value as it is.
#[derive(Clone, Debug, Default)]
pub struct Edit {
    /// What people call it.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<Option<String>>,
    /// Who sees it.
    pub mode: Option<Mode>,
    /// What decides who gets what in new strategies.
    pub default_stickiness: Option<String>,
    /// As many flags as it may have.
    pub feature_limit: Option<Option<i64>>,
    /// How its flags are to be named.
    pub naming: Option<Naming>,
    /// The links that new flags get.
    pub link_templates: Option<Vec<LinkTemplate>>,
}

fn unknown() -> Error {
    Error::not_found("No project found")
}

/// The project with this id.
pub async fn get(tx: &mut Read, id: &str) -> Result<Project> {
    let row: Option<Row> = tx.optional(select_project!("", id)).await?;
    row.ok_or_else(unknown)?.read()
}

/// Loads a project that nobody else changes until the transaction ends.
pub async fn lock(tx: &mut Change, id: &str) -> Result<Project> {
    let row: Option<Row> = tx.optional(select_project!("{lock}", id)).await?;
    row.ok_or_else(unknown)?.read()
}

/// Refuses an id that no new project can have.
pub async fn ensure_free(tx: &mut Read, id: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "~_.-".contains(c);
    if id.is_empty() || id.len() > LONGEST_ID || !id.chars().all(plain) || matches!(id, "." | "..") {
        return Err(Error::bad_data(format!(
            "\"id\" must be URL friendly and have between 1 and {LONGEST_ID} characters."
        )));
    }
    if RESERVED.contains(&id) {
        return Err(Error::bad_data(format!("\"{id}\" cannot be the id of a project.")));
    }
    let taken: Option<(String,)> = tx.optional(sql!("SELECT id FROM projects WHERE id = $1", id)).await?;
    match taken {
        Some(_) => Err(Error::rejected(Kind::NameExists, "A project with this id already exists.")),
        None => Ok(()),
    }
}

/// Makes a project. Whoever makes it owns it.
pub async fn create(tx: &mut Change, draft: Draft) -> Result<(Project, Vec<environment::Place>)> {
    let name = checked_name(&draft.name)?;
    let id = match draft.id.filter(|id| !id.is_empty()) {
        Some(id) => id,
        None => free_slug(tx, &name).await?,
    };
    ensure_free(tx, &id).await?;
    let (count,): (i64,) = tx.one(sql!("SELECT COUNT(*) FROM projects")).await?;
    if count >= MOST {
        return Err(Error::limit("project", MOST));
    }
    let places = first_places(tx, draft.environments, draft.approvals).await?;
    let now = tx.now();
    let project = Project {
        id,
        name,
        description: checked_description(draft.description)?,
        mode: draft.mode,
        default_stickiness: checked_stickiness(
            draft.default_stickiness.unwrap_or_else(|| DEFAULT.to_owned()),
        )?,
        feature_limit: checked_limit(draft.feature_limit)?,
        feature_naming: Naming::default(),
        link_templates: Vec::new(),
        created_at: now,
        updated_at: now,
        archived_at: None,
    };
    tx.execute(sql!(
        "INSERT INTO projects (id, name, description, mode, default_stickiness, feature_limit, created_at,
                               updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7)",
        &project.id,
        &project.name,
        project.description.clone(),
        project.mode.as_str(),
        &project.default_stickiness,
        project.feature_limit,
        now
    ))
    .await?;
    for place in &places {
        environment::insert(tx, &project.id, place).await?;
    }
    if let Origin::User(owner) = tx.actor().origin {
        tx.execute(sql!(
            "INSERT INTO user_roles (user_id, role_id, project, created_at) VALUES ($1, $2, $3, $4)",
            owner,
            OWNER,
            &project.id,
            now
        ))
        .await?;
    }
    let mut state = serde_json::to_value(&project)?;
    state["environments"] = serde_json::to_value(&places)?;
    tx.record(recorded(Event::created(Fact::ProjectCreated, &state), &project.id));
    Ok((project, places))
}

/// The environments of a new project.
async fn first_places(
    tx: &mut Change,
    wanted: Option<Vec<String>>,
    approvals: Vec<(String, i64)>,
) -> Result<Vec<environment::Place>> {
    let all = environments::all(tx).await?;
    let missing = |name: &&String| !all.iter().any(|environment| environment.name == **name);
    let unknown: Vec<&str> = wanted.iter().flatten().filter(missing).map(String::as_str).collect();
    if !unknown.is_empty() {
        return Err(Error::bad_data(format!("These environments do not exist: {}", unknown.join(", "))));
    }
    let mut places: Vec<environment::Place> = all
        .into_iter()
        .filter(|environment| match &wanted {
            Some(names) => names.contains(&environment.name),
            None => environment.enabled,
        })
        .map(environment::Place::from)
        .collect();
    if places.is_empty() {
        return Err(Error::bad_data("A project must always have at least one environment."));
    }
    for (name, count) in approvals {
        let place = places.iter_mut().find(|place| place.environment == name).ok_or_else(|| {
            Error::bad_data(format!("Change requests need an environment of the project: {name} is none."))
        })?;
        place.required_approvals = checked_approvals(Some(count))?;
    }
    Ok(places)
}

/// Changes a project and records it, unless nothing differs.
pub async fn update(tx: &mut Change, id: &str, edit: Edit) -> Result<Project> {
    let before = lock(tx, id).await?;
    let after = Project {
        name: edit.name.as_deref().map(checked_name).transpose()?.unwrap_or_else(|| before.name.clone()),
        description: match edit.description {
            Some(wanted) => checked_description(wanted)?,
            None => before.description.clone(),
        },
        mode: edit.mode.unwrap_or(before.mode),
        default_stickiness: match edit.default_stickiness {
            Some(wanted) => checked_stickiness(wanted)?,
            None => before.default_stickiness.clone(),
        },
        feature_limit: match edit.feature_limit {
            Some(wanted) => checked_limit(wanted)?,
            None => before.feature_limit,
        },
        feature_naming: match edit.naming {
            Some(wanted) => wanted.checked()?,
            None => before.feature_naming.clone(),
        },
        link_templates: match edit.link_templates {
            Some(wanted) => LinkTemplate::checked(wanted)?,
            None => before.link_templates.clone(),
        },
        ..before.clone()
    };
    store(tx, Fact::ProjectUpdated, &before, after).await
}

/// Stores what differs and records it under `fact`.
pub(super) async fn store(tx: &mut Change, fact: Fact, before: &Project, after: Project) -> Result<Project> {
    if *before == after {
        return Ok(after);
    }
    let now = tx.now();
    tx.execute(sql!(
        "UPDATE projects SET name = $2, description = $3, mode = $4, default_stickiness = $5, feature_limit = $6,
                             naming = $7, link_templates = $8, archived_at = $9, updated_at = $10,
                             version = version + 1
         WHERE id = $1",
        &after.id,
        &after.name,
        after.description.clone(),
        after.mode.as_str(),
        &after.default_stickiness,
        after.feature_limit,
        serde_json::to_string(&after.feature_naming)?,
        serde_json::to_string(&after.link_templates)?,
        after.archived_at,
        now
    ))
    .await?;
    tx.record(recorded(Event::updated(fact, before, &after), &after.id));
    Ok(Project { updated_at: now, ..after })
}

pub(super) fn recorded(event: Event, project: &str) -> Event {
    event.within(Some(project.to_owned()), None)
}

fn checked_name(name: &str) -> Result<String> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        return Err(Error::bad_data(format!(
            "The name of a project must have between 1 and {LONGEST_NAME} characters."
        )));
    }
    Ok(name.to_owned())
}

fn checked_description(text: Option<String>) -> Result<Option<String>> {
    if text.as_ref().is_some_and(|text| text.chars().count() > LONGEST_DESCRIPTION) {
        return Err(Error::bad_data(format!(
            "The description of a project may have at most {LONGEST_DESCRIPTION} characters."
        )));
    }
    Ok(text)
}

/// What strategies could not take is refused here already.
fn checked_stickiness(text: String) -> Result<String> {
    if text.is_empty() || text.chars().count() > LONGEST_ID || text.contains(['"', '\'', '\\']) {
        return Err(Error::bad_data(
            "The default stickiness must be default, userId, sessionId, random or the name of a context field.",
        ));
    }
    Ok(text)
}

fn checked_limit(limit: Option<i64>) -> Result<Option<i64>> {
    if limit.is_some_and(|limit| limit < 0) {
        return Err(Error::bad_data("The feature limit of a project cannot be negative."));
    }
    Ok(limit)
}

/// An id made from a name, with a number behind it if others were faster.
async fn free_slug(tx: &mut Read, name: &str) -> Result<String> {
    let slug = slug(name);
    let taken: Vec<(String,)> = tx.all(sql!("SELECT id FROM projects")).await?;
    let free = |id: &String| !RESERVED.contains(&id.as_str()) && !taken.iter().any(|(other,)| other == id);
    let numbered = (1..=MOST + 1).map(|number| format!("{slug}-{number}"));
    Ok(std::iter::once(slug.clone()).chain(numbered).find(free).unwrap_or(slug))
}

fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.to_lowercase().chars() {
        if c.is_ascii_alphanumeric() || "~_.".contains(c) {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() == LONGEST_SLUG {
            break;
        }
    }
    let slug = slug.trim_matches(['-', '.']);
    if slug.is_empty() { "project".to_owned() } else { slug.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_made_from_names() {
        assert_eq!(slug("Big  Bang: the 2nd!"), "big-bang-the-2nd");
        assert_eq!(slug("…"), "project");
        assert_eq!(slug(&"x".repeat(200)).len(), LONGEST_SLUG);
    }
}
