//! Context fields: what constraints compare, which values they allow, and what stickiness may go by.
//!
//! A field belongs to everybody or to one project. Constraints may name fields that do not exist.

use serde::{Deserialize, Serialize};

use crate::access::{Sight, visible};
use crate::clock::Time;
use crate::constraints::usage;
use crate::db::{Json, Read};
use crate::error::{Error, Kind, Result};
use crate::events::{Change, Event, Fact};
use crate::names::unfriendly;
use crate::sql;

/// How many fields there may be.
const LIMIT: i64 = 1000;
/// How many legal values a field may have.
const MOST_LEGAL_VALUES: usize = 5000;
/// The longest legal value, in characters.
const LONGEST_VALUE: usize = 100;
/// The longest description, of a field or of a legal value, in characters.
const LONGEST_DESCRIPTION: usize = 1000;

/// A context field.
#[derive(Clone, Debug, PartialEq, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Field {
    /// Its name; no two fields share one.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// True if rollouts and variants may stick to it.
    pub stickiness: bool,
    /// Lower ones are offered first.
    pub sort_order: i64,
    /// The only values that constraints may have; all, if there are none.
    #[sqlx(try_from = "String")]
    pub legal_values: Json<Vec<LegalValue>>,
    /// When it was made.
    pub created_at: Time,
    /// The project it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
}

/// A value that constraints may have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegalValue {
    /// The value.
    pub value: String,
    /// What it means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A field with the number of flags, and of their projects, whose strategies name it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Used {
    /// The field.
    #[sqlx(flatten)]
    pub field: Field,
    /// How many projects.
    pub projects: i64,
    /// How many flags.
    pub features: i64,
}

/// Everything about a field but its name, as somebody wants it.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What it is for.
    pub description: Option<String>,
    /// True if rollouts and variants may stick to it.
    pub stickiness: bool,
    /// Lower ones are offered first.
    pub sort_order: i64,
    /// The only values that constraints may have.
    pub legal_values: Vec<LegalValue>,
    /// The project it is to belong to; a field that belongs to one keeps it where none is named.
    pub project: Option<String>,
}

/// From where fields are looked at: whose eyes, and in which project if in one.
#[derive(Clone, Debug)]
pub struct View<'a> {
    /// What the caller sees.
    pub sight: Sight,
    /// Only the fields of this project are there.
    pub project: Option<&'a str>,
}

/// The fields of a project, or those of everybody, `everywhere` with those of all projects; by name.
pub async fn list(tx: &mut Read, view: &View<'_>, everywhere: bool) -> Result<Vec<Used>> {
    tx.all(sql!(
        concat!(
            "SELECT c.name, c.description, c.stickiness, c.sort_order, c.legal_values, c.created_at, c.project,
                    COALESCE(used.projects, 0) AS projects, COALESCE(used.features, 0) AS features
             FROM context_fields c LEFT JOIN projects own ON own.id = c.project
             LEFT JOIN (
                 SELECT u.field, COUNT(DISTINCT f.project) AS projects, COUNT(DISTINCT f.name) AS features
                 FROM strategy_fields u JOIN feature_strategies s ON s.id = u.strategy_id
                 JOIN features f ON f.name = s.feature AND f.archived_at IS NULL
                 JOIN projects p ON p.id = f.project
                 WHERE ", visible!("p", "$3"), " GROUP BY u.field
             ) AS used ON used.field = c.name
             WHERE (c.project = $1 OR (CAST($1 AS TEXT) IS NULL AND (c.project IS NULL OR $2 = TRUE)))
               AND (c.project IS NULL OR ", visible!("own", "$3"), ")
             ORDER BY c.name"
        ),
        view.project.map(str::to_owned),
        everywhere,
        view.sight.param()?
    ))
    .await
}

/// The fields that conditions in a project may name, or those outside of projects: everybody's first.
pub async fn usable(tx: &mut Read, sight: &Sight, project: Option<&str>) -> Result<Vec<Field>> {
    let mut fields = Vec::new();
    for place in std::iter::once(None).chain(project.map(Some)) {
        let view = View { sight: sight.clone(), project: place };
        fields.extend(list(tx, &view, false).await?.into_iter().map(|used| used.field));
    }
    Ok(fields)
}

/// The field of this name.
pub async fn get(tx: &mut Read, view: &View<'_>, name: &str) -> Result<Field> {
    let missing = || Error::not_found(format!("Could not find context field with name {name}"));
    let found: Option<Field> = tx
        .optional(sql!(
            "SELECT name, description, stickiness, sort_order, legal_values, created_at, project
             FROM context_fields WHERE name = $1",
            name
        ))
        .await?;
    let field = found.ok_or_else(missing)?;
    if view.project.is_some_and(|project| field.project.as_deref() != Some(project)) {
        return Err(missing());
    }
    if let Some(project) = &field.project {
        view.sight.ensure(tx, project).await.map_err(|error| match error.kind() {
            Some(_) => missing(),
            None => error,
        })?;
    }
    Ok(field)
}

/// Makes a field.
pub async fn create(tx: &mut Change, view: &View<'_>, name: String, draft: Draft) -> Result<Field> {
    ensure_free(tx, &name).await?;
    let (there,): (i64,) = tx.one(sql!("SELECT COUNT(*) FROM context_fields")).await?;
    if there >= LIMIT {
        return Err(Error::limit("context field", LIMIT));
    }
    let project = home(tx, view, draft.project.clone()).await?;
    let field = checked(name, project, tx.now(), draft)?;
    tx.execute(sql!(
        "INSERT INTO context_fields (name, description, stickiness, sort_order, legal_values, project, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &field.name,
        field.description.clone(),
        field.stickiness,
        field.sort_order,
        serde_json::to_string(&field.legal_values)?,
        field.project.clone(),
        field.created_at
    ))
    .await?;
    let event = Event::created(Fact::ContextFieldCreated, &field);
    tx.record(event.within(field.project.clone(), None));
    Ok(field)
}

/// Replaces everything but the name, and records it, unless nothing differs.
pub async fn update(tx: &mut Change, view: &View<'_>, name: &str, draft: Draft) -> Result<Field> {
    let before = lock(tx, view, name).await?;
    let project = match draft.project.clone() {
        None => before.project.clone(),
        wanted if wanted == before.project => wanted,
        wanted => home(tx, view, wanted).await?,
    };
    let after = checked(before.name.clone(), project, before.created_at, draft)?;
    store(tx, before, after).await
}

/// Allows one more value, or describes one anew.
pub async fn allow(tx: &mut Change, view: &View<'_>, name: &str, legal: LegalValue) -> Result<Field> {
    check_legal("", std::slice::from_ref(&legal))?;
    let before = lock(tx, view, name).await?;
    let mut after = before.clone();
    let values = &mut after.legal_values.0;
    match values.iter().position(|there| there.value == legal.value) {
        Some(index) => values[index] = legal,
        None if values.len() >= MOST_LEGAL_VALUES => return Err(too_many_legal()),
        None => values.push(legal),
    }
    store(tx, before, after).await
}

/// Allows a value no longer. One that is not there is no error.
pub async fn forbid(tx: &mut Change, view: &View<'_>, name: &str, value: &str) -> Result<Field> {
    let before = lock(tx, view, name).await?;
    let mut after = before.clone();
    after.legal_values.0.retain(|legal| legal.value != value);
    store(tx, before, after).await
}

/// Deletes a field that nothing uses.
pub async fn delete(tx: &mut Change, view: &View<'_>, name: &str) -> Result<()> {
    let field = lock(tx, view, name).await?;
    let segments: Option<(i64,)> =
        tx.optional(sql!("SELECT segment_id FROM segment_fields WHERE field = $1 LIMIT 1", name)).await?;
    let users = if !usage::of_field(tx, &Sight::ALL, name).await?.is_empty() {
        "flags"
    } else if segments.is_some() {
        "segments"
    } else {
        tx.execute(sql!("DELETE FROM context_fields WHERE name = $1", name)).await?;
        let event = Event::deleted(Fact::ContextFieldDeleted, &field);
        tx.record(event.within(field.project.clone(), None));
        return Ok(());
    };
    Err(Error::rejected(
        Kind::Conflict,
        format!(
            "This context field is in use by existing {users}. To delete it, first remove its usage from all {users}."
        ),
    ))
}

/// Refuses a name that no new field can have.
pub async fn ensure_free(tx: &mut Read, name: &str) -> Result<()> {
    if let Some(rule) = unfriendly("name", name) {
        return Err(Error::invalid(vec![rule]));
    }
    let taken: Option<(String,)> =
        tx.optional(sql!("SELECT name FROM context_fields WHERE name = $1", name)).await?;
    match taken {
        Some(_) => Err(Error::rejected(Kind::NameExists, "A context field with that name already exist")),
        None => Ok(()),
    }
}

/// The field, once whoever changes it at the same time is done.
pub async fn lock(tx: &mut Change, view: &View<'_>, name: &str) -> Result<Field> {
    let _: Option<(String,)> =
        tx.optional(sql!("SELECT name FROM context_fields WHERE name = $1{lock}", name)).await?;
    get(tx, view, name).await
}

async fn store(tx: &mut Change, before: Field, after: Field) -> Result<Field> {
    if after == before {
        return Ok(after);
    }
    tx.execute(sql!(
        "UPDATE context_fields SET description = $2, stickiness = $3, sort_order = $4, legal_values = $5,
                                   project = $6, version = version + 1 WHERE name = $1",
        &after.name,
        after.description.clone(),
        after.stickiness,
        after.sort_order,
        serde_json::to_string(&after.legal_values)?,
        after.project.clone()
    ))
    .await?;
    let event = Event::updated(Fact::ContextFieldUpdated, &before, &after);
    tx.record(event.within(after.project.clone(), None));
    Ok(after)
}

/// The project that a field is to belong to: the one it is made in, or a wanted one that the caller sees.
async fn home(tx: &mut Read, view: &View<'_>, wanted: Option<String>) -> Result<Option<String>> {
    let project = view.project.map(str::to_owned).or(wanted);
    if let Some(project) = &project {
        view.sight.ensure_named(tx, project).await?;
    }
    Ok(project)
}

fn checked(name: String, project: Option<String>, created_at: Time, draft: Draft) -> Result<Field> {
    check_legal("legalValues", &draft.legal_values)?;
    if draft.description.as_ref().is_some_and(|text| text.chars().count() > LONGEST_DESCRIPTION) {
        return Err(Error::invalid(vec![too_long("description", LONGEST_DESCRIPTION)]));
    }
    Ok(Field {
        name,
        description: draft.description,
        stickiness: draft.stickiness,
        sort_order: draft.sort_order,
        legal_values: Json(draft.legal_values),
        created_at,
        project,
    })
}

/// `list` is what the request calls the list; empty for a value on its own.
fn check_legal(list: &str, values: &[LegalValue]) -> Result<()> {
    if values.len() > MOST_LEGAL_VALUES {
        return Err(too_many_legal());
    }
    let mut seen = std::collections::HashSet::new();
    let mut broken = Vec::new();
    for (index, legal) in values.iter().enumerate() {
        let place = if list.is_empty() { String::new() } else { format!("{list}[{index}]") };
        let member = |name: &str| if list.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
        if legal.value.trim().is_empty() {
            broken.push(format!("\"{}\" is not allowed to be empty.", member("value")));
        } else if legal.value.chars().count() > LONGEST_VALUE {
            broken.push(too_long(&member("value"), LONGEST_VALUE));
        } else if !seen.insert(&legal.value) {
            broken.push(format!("\"{place}\" contains a duplicate value. You provided \"{}\".", legal.value));
        }
        if legal.description.as_ref().is_some_and(|text| text.chars().count() > LONGEST_DESCRIPTION) {
            broken.push(too_long(&member("description"), LONGEST_DESCRIPTION));
        }
    }
    if broken.is_empty() { Ok(()) } else { Err(Error::invalid(broken)) }
}

fn too_long(member: &str, longest: usize) -> String {
    format!("\"{member}\" length must be less than or equal to {longest} characters long.")
}

fn too_many_legal() -> Error {
    Error::bad_data(format!("A context field may not have more than {MOST_LEGAL_VALUES} legal values."))
}
