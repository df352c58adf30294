//! Integrations: who else is told what happens here.
//!
//! Parameters may be secrets. They are stored, because they have to be sent; they are never recorded, and whoever
//! asks sees a mask. A mask that is sent back means "as it was" — but not where the rest would send the secret
//! somewhere else: then it has to be given anew.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::providers::{self, HEADERS, Input, Provider};
use crate::access::Hidden;
use crate::clock::Time;
use crate::db::Read;
use crate::error::{Error, Kind, Result};
use crate::events::{Change, Event, Fact};
use crate::sql;

/// What stands for a secret.
const MASK: &str = "*****";
/// How many integrations there may be.
const MOST: i64 = 500;

/// An integration.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Addon {
    /// Its number.
    pub id: i64,
    /// What kind it is.
    pub provider: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it is told anything.
    pub enabled: bool,
    /// What it needs to know, secrets included.
    #[serde(skip)]
    pub parameters: Map<String, Value>,
    /// The event types it is told.
    pub events: Vec<String>,
    /// The projects it is told about; none or `*` means all.
    pub projects: Vec<String>,
    /// The environments it is told about; none or `*` means all.
    pub environments: Vec<String>,
    /// When it was made.
    pub created_at: Time,
}

impl Addon {
    /// What it needs to know, with a mask for every secret.
    pub fn masked(&self) -> Map<String, Value> {
        let mut shown = self.parameters.clone();
        for (name, value) in &mut shown {
            // What is not known to be harmless is not shown.
            let harmless = providers::named(&self.provider)
                .and_then(|provider| provider.parameters.iter().find(|parameter| parameter.name == name))
                .is_some_and(|parameter| !parameter.secret);
            if !harmless {
                *value = Value::from(MASK);
            }
        }
        shown
    }
}

/// An integration as somebody wants it.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What kind it is.
    pub provider: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it is told anything.
    pub enabled: bool,
    /// What it needs to know.
    pub parameters: Map<String, Value>,
    /// The event types it is told.
    pub events: Vec<String>,
    /// The projects it is told about.
    pub projects: Vec<String>,
    /// The environments it is told about.
    pub environments: Vec<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    provider: String,
    description: Option<String>,
    enabled: bool,
    parameters: String,
    events: String,
    projects: String,
    environments: String,
    created_at: Time,
}

/// All integrations.
pub async fn list(tx: &mut Read) -> Result<Vec<Addon>> {
    let rows: Vec<Row> = tx
        .all(sql!(
            "SELECT id, provider, description, enabled, parameters, events, projects, environments, created_at
             FROM addons ORDER BY id"
        ))
        .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Addon {
                id: row.id,
                provider: row.provider,
                description: row.description,
                enabled: row.enabled,
                parameters: serde_json::from_str(&row.parameters)?,
                events: serde_json::from_str(&row.events)?,
                projects: serde_json::from_str(&row.projects)?,
                environments: serde_json::from_str(&row.environments)?,
                created_at: row.created_at,
            })
        })
        .collect()
}

/// The integrations that somebody sees: none that is told about a project which is hidden from them.
pub async fn visible(tx: &mut Read, hidden: &Hidden) -> Result<Vec<Addon>> {
    let mut addons = list(tx).await?;
    addons.retain(|addon| !hidden.hides(&addon.projects));
    Ok(addons)
}

/// The integration with this id, if it is seen.
pub async fn get(tx: &mut Read, hidden: &Hidden, id: i64) -> Result<Addon> {
    let found = visible(tx, hidden).await?.into_iter().find(|addon| addon.id == id);
    found.ok_or_else(|| Error::not_found("Could not find addon"))
}

/// Makes an integration.
pub async fn create(tx: &mut Change, mut draft: Draft) -> Result<Addon> {
    let provider = provider(&draft.provider)?;
    draft.parameters.retain(|_, value| *value != MASK);
    check(provider, &draft.parameters)?;
    let (count,): (i64,) = tx.one(sql!("SELECT COUNT(*) FROM addons")).await?;
    if count >= MOST {
        return Err(Error::rejected(
            Kind::ExceedsLimit,
            format!(
                "Failed to create integration. You can't create more than the established limit of {MOST}."
            ),
        ));
    }
    let now = tx.now();
    let (id,): (i64,) = tx
        .one(sql!(
            "INSERT INTO addons (provider, description, enabled, parameters, events, projects, environments, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
            draft.provider,
            draft.description,
            draft.enabled,
            serde_json::to_string(&draft.parameters)?,
            serde_json::to_string(&draft.events)?,
            serde_json::to_string(&draft.projects)?,
            serde_json::to_string(&draft.environments)?,
            now
        ))
        .await?;
    let addon = get(tx, &Hidden::default(), id).await?;
    tx.record(Event::created(Fact::AddonCreated, &addon));
    Ok(addon)
}

/// Replaces an integration; masked secrets stay as they are, and so does a description that is left out.
pub async fn update(tx: &mut Change, hidden: &Hidden, id: i64, mut draft: Draft) -> Result<Addon> {
    let before = get(tx, hidden, id).await?;
    let provider = provider(&draft.provider)?;
    draft.parameters = unmask(&before, provider, draft.parameters)?;
    check(provider, &draft.parameters)?;
    tx.execute(sql!(
        "UPDATE addons SET provider = $2, description = $3, enabled = $4, parameters = $5, events = $6, projects = $7,
                           environments = $8 WHERE id = $1",
        id,
        draft.provider,
        draft.description.or_else(|| before.description.clone()),
        draft.enabled,
        serde_json::to_string(&draft.parameters)?,
        serde_json::to_string(&draft.events)?,
        serde_json::to_string(&draft.projects)?,
        serde_json::to_string(&draft.environments)?
    ))
    .await?;
    let after = get(tx, &Hidden::default(), id).await?;
    tx.record(Event::updated(Fact::AddonUpdated, &before, &after));
    Ok(after)
}

/// Deletes an integration.
pub async fn delete(tx: &mut Change, hidden: &Hidden, id: i64) -> Result<()> {
    let addon = get(tx, hidden, id).await?;
    tx.execute(sql!("DELETE FROM addons WHERE id = $1", id)).await?;
    tx.record(Event::deleted(Fact::AddonDeleted, &addon));
    Ok(())
}

fn provider(name: &str) -> Result<&'static Provider> {
    providers::named(name).ok_or_else(|| Error::bad_data(format!("Unknown addon provider {name}")))
}

/// Puts the secrets of `before` in place of their masks, unless they would go to another place than before.
fn unmask(before: &Addon, provider: &Provider, mut sent: Map<String, Value>) -> Result<Map<String, Value>> {
    let is_url = |name: &str| {
        provider.parameters.iter().any(|parameter| parameter.name == name && parameter.kind == Input::Url)
    };
    let elsewhere = before.provider != provider.name
        || sent.iter().any(|(name, value)| {
            is_url(name) && *value != MASK && Some(value) != before.parameters.get(name)
        })
        || before.parameters.keys().any(|name| is_url(name) && !sent.contains_key(name));
    let masked: Vec<String> =
        sent.iter().filter(|(_, value)| **value == MASK).map(|(name, _)| name.clone()).collect();
    for name in masked {
        match before.parameters.get(&name) {
            Some(_) if elsewhere => {
                return Err(Error::bad_data(format!(
                    "\"parameters.{name}\" must be given anew, because it would be sent to another place."
                )));
            }
            Some(secret) => sent.insert(name, secret.clone()),
            None => sent.remove(&name),
        };
    }
    Ok(sent)
}

/// Refuses what the other side cannot be reached with. Parameters that the provider does not know are kept.
fn check(provider: &Provider, sent: &Map<String, Value>) -> Result<()> {
    let mut wrong = Vec::new();
    for parameter in provider.parameters {
        let name = parameter.name;
        match sent.get(name) {
            None | Some(Value::Null) if parameter.required => {
                wrong.push(format!("\"parameters.{name}\" is required."));
            }
            Some(Value::String(text)) if text.is_empty() && parameter.required => {
                wrong.push(format!("\"parameters.{name}\" is not allowed to be empty."));
            }
            Some(Value::String(text)) if parameter.kind == Input::Url && !is_web_url(text) => {
                wrong.push(format!("\"parameters.{name}\" must be a http or https URL."));
            }
            Some(Value::String(text)) if name == HEADERS && !is_headers(text) => {
                wrong.push(format!("\"parameters.{name}\" must be a JSON object whose values are text."));
            }
            Some(Value::Array(_) | Value::Object(_)) => {
                wrong.push(format!("\"parameters.{name}\" must be text."));
            }
            Some(Value::Number(_) | Value::Bool(_)) if parameter.kind == Input::Url || name == HEADERS => {
                wrong.push(format!("\"parameters.{name}\" must be text."));
            }
            _ => {}
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(Error::with_details(
        Kind::BadData,
        "Request validation failed: your request body or params contain invalid data. Refer to the `details` list for \
         more information.",
        wrong,
    ))
}

fn is_web_url(text: &str) -> bool {
    text.is_empty() || ["https://", "http://"].iter().any(|start| text.starts_with(start))
}

fn is_headers(text: &str) -> bool {
    text.is_empty() || serde_json::from_str::<BTreeMap<String, String>>(text).is_ok()
}
