//! Strategy types: the rules that strategies of flags can follow. Some are built in; applications may bring their own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::db::{Json, Read};
use crate::error::{Error, Kind, Result};
use crate::events::{Change, Event, Fact};
use crate::names::unfriendly;
use crate::sql;

/// How many types there may be.
const LIMIT: i64 = 250;
/// The longest title or description, in characters.
const LONGEST_TEXT: usize = 1000;

/// A strategy type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct StrategyType {
    /// Its name; no two types share one.
    pub name: String,
    /// What people call it.
    pub title: Option<String>,
    /// What people call it, if it is built in.
    pub display_name: Option<String>,
    /// What it does.
    pub description: Option<String>,
    /// What it needs to know.
    #[sqlx(try_from = "String")]
    pub parameters: Json<Vec<Parameter>>,
    /// True if nobody can change it.
    pub built_in: bool,
    /// True if it should not be used any more.
    pub deprecated: bool,
}

/// Something that a strategy type needs to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// What its values are.
    #[serde(rename = "type")]
    pub kind: ParameterKind,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// True if it must be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
}

/// What the values of a parameter are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum ParameterKind {
    /// Text.
    String,
    /// A whole number from 0 to 100.
    Percentage,
    /// Texts, separated by commas.
    List,
    /// A number.
    Number,
    /// Yes or no.
    Boolean,
}

/// All types, in their order.
pub async fn list(tx: &mut Read) -> Result<Vec<StrategyType>> {
    tx.all(sql!(
        "SELECT name, title, display_name, description, parameters, built_in, deprecated
         FROM strategy_types ORDER BY sort_order, name"
    ))
    .await
}

/// The type of this name.
pub async fn get(tx: &mut Read, name: &str) -> Result<StrategyType> {
    let found: Option<StrategyType> = tx
        .optional(sql!(
            "SELECT name, title, display_name, description, parameters, built_in, deprecated
             FROM strategy_types WHERE name = $1",
            name
        ))
        .await?;
    found.ok_or_else(|| Error::not_found("No strategy found"))
}

/// Refuses what the operator has switched off.
pub fn ensure_enabled(disabled: bool, what: &str) -> Result<()> {
    if disabled {
        let message = format!("The {what} of custom strategies is switched off.");
        return Err(Error::rejected(Kind::InvalidOperation, message));
    }
    Ok(())
}

/// Makes a type.
pub async fn create(
    tx: &mut Change,
    name: String,
    title: Option<String>,
    description: Option<String>,
    parameters: Vec<Parameter>,
) -> Result<StrategyType> {
    let long = title.as_ref().is_some_and(|title| title.chars().count() > LONGEST_TEXT);
    if let Some(rule) = unfriendly("name", &name).or_else(|| long.then(|| too_long("title"))) {
        return Err(Error::invalid(vec![rule]));
    }
    check(description.as_deref(), &parameters)?;
    let taken: Option<(String,)> =
        tx.optional(sql!("SELECT name FROM strategy_types WHERE name = $1", &name)).await?;
    if taken.is_some() {
        return Err(Error::rejected(Kind::NameExists, format!("Strategy with name {name} already exist!")));
    }
    let (there,): (i64,) = tx.one(sql!("SELECT COUNT(*) FROM strategy_types")).await?;
    if there >= LIMIT {
        return Err(Error::limit("strategy type", LIMIT));
    }
    let now = tx.now();
    tx.execute(sql!(
        "INSERT INTO strategy_types (name, title, description, parameters, created_at)
         VALUES ($1, $2, $3, $4, $5)",
        &name,
        title.clone(),
        description.clone(),
        serde_json::to_string(&parameters)?,
        now
    ))
    .await?;
    let made = StrategyType {
        name,
        title,
        display_name: None,
        description,
        parameters: Json(parameters),
        built_in: false,
        deprecated: false,
    };
    tx.record(Event::created(Fact::StrategyTypeCreated, &made));
    Ok(made)
}

/// Replaces description and parameters, and records it, unless nothing differs. Without a description, it stays.
pub async fn update(
    tx: &mut Change,
    name: &str,
    description: Option<String>,
    parameters: Vec<Parameter>,
) -> Result<()> {
    let before = lock(tx, name).await?;
    ensure_editable(&before)?;
    check(description.as_deref(), &parameters)?;
    let description = description.or_else(|| before.description.clone());
    let after = StrategyType { description, parameters: Json(parameters), ..before.clone() };
    if after == before {
        return Ok(());
    }
    tx.execute(sql!(
        "UPDATE strategy_types SET description = $2, parameters = $3, version = version + 1 WHERE name = $1",
        name,
        after.description.clone(),
        serde_json::to_string(&after.parameters)?
    ))
    .await?;
    tx.record(Event::updated(Fact::StrategyTypeUpdated, &before, &after));
    Ok(())
}

/// Says whether a type should still be used, and records it, unless it is so already. Flags keep it either way.
pub async fn deprecate(tx: &mut Change, name: &str, deprecated: bool) -> Result<()> {
    let before = lock(tx, name).await?;
    if before.deprecated == deprecated {
        return Ok(());
    }
    tx.execute(sql!(
        "UPDATE strategy_types SET deprecated = $2, version = version + 1 WHERE name = $1",
        name,
        deprecated
    ))
    .await?;
    let fact = if deprecated { Fact::StrategyTypeDeprecated } else { Fact::StrategyTypeReactivated };
    let after = StrategyType { deprecated, ..before.clone() };
    tx.record(Event::updated(fact, &before, &after));
    Ok(())
}

/// Deletes a type. Strategies that follow it stay: applications may still know it.
pub async fn delete(tx: &mut Change, name: &str) -> Result<()> {
    let before = lock(tx, name).await?;
    ensure_editable(&before)?;
    tx.execute(sql!("DELETE FROM strategy_types WHERE name = $1", name)).await?;
    tx.record(Event::deleted(Fact::StrategyTypeDeleted, &before));
    Ok(())
}

/// The type, once whoever changes it at the same time is done.
pub async fn lock(tx: &mut Change, name: &str) -> Result<StrategyType> {
    let _: Option<(String,)> =
        tx.optional(sql!("SELECT name FROM strategy_types WHERE name = $1{lock}", name)).await?;
    get(tx, name).await
}

fn ensure_editable(strategy: &StrategyType) -> Result<()> {
    if strategy.built_in {
        let message = format!("Cannot edit strategy {}", strategy.name);
        return Err(Error::rejected(Kind::InvalidOperation, message));
    }
    Ok(())
}

fn check(description: Option<&str>, parameters: &[Parameter]) -> Result<()> {
    let long = |text: Option<&str>| text.is_some_and(|text| text.chars().count() > LONGEST_TEXT);
    let mut broken = Vec::new();
    if long(description) {
        broken.push(too_long("description"));
    }
    for (index, parameter) in parameters.iter().enumerate() {
        if parameter.name.is_empty() {
            broken.push(format!("\"parameters[{index}].name\" is not allowed to be empty."));
        }
        if long(Some(&parameter.name)) {
            broken.push(too_long(&format!("parameters[{index}].name")));
        }
        if long(parameter.description.as_deref()) {
            broken.push(too_long(&format!("parameters[{index}].description")));
        }
    }
    if broken.is_empty() { Ok(()) } else { Err(Error::invalid(broken)) }
}

fn too_long(member: &str) -> String {
    format!("\"{member}\" length must be less than or equal to {LONGEST_TEXT} characters long.")
}
