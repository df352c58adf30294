//! The form on which all official SDKs agree.
//!
//! SDKs read some definitions differently: a rollout of `99.9` is on in one family and off in the other, a date
//! without a time is a date here and nonsense there, a quote in a group name breaks out of a rule. Definitions are
//! therefore brought to a common form when they are written, and refused when there is none. What is in that form
//! already is not touched, so that writers read back what they wrote.
//!
//! | definition | common form |
//! |---|---|
//! | rollout or percentage with a fraction | the whole number below, which is what it meant; below 1 refused |
//! | rollout outside of 0–100, or no number | refused |
//! | date without a time, or with microseconds | RFC 3339 in UTC with milliseconds; a time without an offset is refused |
//! | date on a field other than `currentTime` | refused |
//! | white space around values | removed; empty values are refused |
//! | value that ends in a backslash | refused |
//! | quote or backslash in a field name, a group or a stickiness | refused |
//! | group with characters outside of ASCII, which SDKs hash differently | refused |
//! | number such as `.5` | digits on both sides |
//! | IPv6 network in the strategy `remoteAddress` | refused; the operator `IN_CIDR` can do it |
//! | group or stickiness missing where variants or rollouts need it | the flag's name, `default` |
//! | weights that are all 0 | refused |
//! | unknown operator, invalid operand | refused |
//! | pattern outside of what RE2 and Rust share | refused |
//!
//! Some disagreements are about contexts, not definitions, and cannot be settled here: `" 5 "` as a number, which
//! variant an anonymous user gets, and into which bucket an id with characters outside of ASCII falls.

use std::collections::HashSet;
use std::fmt;

use crate::document::{Constraint, Dependency, Operator, Strategy, Variant};
use crate::scalar::{self, trim};

mod pattern;
mod value;

use value::{
    Check, date, list_of, number, percent, plain, remote_address, stickiness, unquoted, version,
    wrong_payload,
};

/// Why a definition cannot be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Path of the field, such as `constraints[2].value`, from the value that was checked.
    pub field: String,
    /// What is wrong with it, for people.
    pub reason: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.reason)
    }
}

impl std::error::Error for Refused {}

impl Refused {
    fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }

    fn below(mut self, parent: impl fmt::Display) -> Self {
        self.field = format!("{parent}.{}", self.field);
        self
    }
}

/// Checks and normalises a constraint, of a strategy or of a segment.
pub fn constraint(mut constraint: Constraint) -> Result<Constraint, Refused> {
    named("contextName", &constraint.context_name)?;
    match &constraint.operator {
        Operator::Missing => return Err(Refused::new("operator", "is missing")),
        Operator::Unknown(operator) => {
            return Err(Refused::new("operator", format!("{operator:?} is not an operator")));
        }
        operator if operator.takes_values() => {
            if constraint.values.is_empty() && !matches!(operator, Operator::In | Operator::NotIn) {
                return Err(Refused::new("values", "needs at least one value"));
            }
            for (index, value) in constraint.values.iter_mut().enumerate() {
                *value = list_value(operator, value)
                    .map_err(|why| Refused::new(format!("values[{index}]"), why))?;
            }
        }
        operator => {
            let value = constraint.value.as_deref().unwrap_or_default();
            let single = single_value(operator, value, &constraint.context_name, constraint.case_insensitive);
            constraint.value = Some(single.map_err(|(field, why)| Refused::new(field, why))?);
        }
    }
    Ok(constraint)
}

/// Checks and normalises a strategy with its constraints and variants. `flag` is the flag it belongs to.
pub fn strategy(mut strategy: Strategy, flag: &str) -> Result<Strategy, Refused> {
    if strategy.name.is_empty() {
        return Err(Refused::new("name", "is missing"));
    }
    parameters(&mut strategy, flag).map_err(|refused| refused.below("parameters"))?;
    for (index, item) in strategy.constraints.iter_mut().enumerate() {
        let place = || format!("constraints[{index}]");
        *item = constraint(std::mem::take(item)).map_err(|refused| refused.below(place()))?;
    }
    if let Some(index) = strategy.variants.iter().position(|variant| !variant.overrides.is_empty()) {
        let field = format!("variants[{index}].overrides");
        return Err(Refused::new(field, "variants of a strategy cannot have overrides"));
    }
    strategy.variants = variants(strategy.variants)?;
    if let Some(stickiness) = strategy.parameters.get("stickiness") {
        for variant in &mut strategy.variants {
            variant.stickiness = Some(stickiness.clone());
        }
    }
    Ok(strategy)
}

/// Checks and normalises a list of variants. The stickiness of the first one becomes that of all, which is how
/// SDKs read it. Fields are named from the list: `variants[0].weight`.
pub fn variants(mut variants: Vec<Variant>) -> Result<Vec<Variant>, Refused> {
    let mut names = HashSet::new();
    for (index, variant) in variants.iter().enumerate() {
        let refused =
            |field: &str, reason: &str| Err(Refused::new(format!("variants[{index}].{field}"), reason));
        if variant.name.is_empty() {
            return refused("name", "is missing");
        }
        if !names.insert(variant.name.as_str()) {
            return refused("name", "is used twice");
        }
        if !(0..=1000).contains(&variant.weight) {
            return refused("weight", "must be between 0 and 1000");
        }
        if let Some(reason) = variant.payload.as_ref().and_then(wrong_payload) {
            return refused("payload", reason);
        }
    }
    let Some(first) = variants.first() else {
        return Ok(variants);
    };
    let stickiness = stickiness(first.stickiness.as_deref())
        .map_err(|reason| Refused::new("variants[0].stickiness", reason))?
        .to_owned();
    if variants.iter().all(|variant| variant.weight == 0) {
        return Err(Refused::new("variants", "at least one weight must be above 0"));
    }
    for variant in &mut variants {
        variant.stickiness = Some(stickiness.clone());
    }
    Ok(variants)
}

/// Normalises a dependency: SDKs disagree whether a parent that should be off may be asked for its variants, so
/// the variants are dropped.
pub fn dependency(mut dependency: Dependency) -> Result<Dependency, Refused> {
    if dependency.feature.is_empty() {
        return Err(Refused::new("feature", "is missing"));
    }
    if dependency.enabled == Some(false) {
        dependency.variants.clear();
    }
    Ok(dependency)
}

fn parameters(strategy: &mut Strategy, flag: &str) -> Result<(), Refused> {
    let sticky = !strategy.variants.is_empty();
    let (rollout, grouped) = match strategy.name.as_str() {
        "flexibleRollout" => (Some(("rollout", Some("100"))), true),
        "gradualRolloutUserId" | "gradualRolloutSessionId" => (Some(("percentage", None)), true),
        "gradualRolloutRandom" => (Some(("percentage", None)), sticky),
        _ => (None, sticky),
    };
    // The stickiness of a rollout is not what variants say; without a rollout they are the only ones to need it.
    let variants = strategy.variants.first().filter(|_| strategy.name != "flexibleRollout");
    let variants_stickiness = variants.and_then(|variant| variant.stickiness.clone());
    let parameters = &mut strategy.parameters;
    if let Some((name, default)) = rollout {
        let given = parameters.get(name).map(String::as_str).or(default);
        let percent = percent(given.unwrap_or_default()).map_err(|reason| Refused::new(name, reason))?;
        parameters.insert(name.to_owned(), percent);
    }
    if grouped || parameters.contains_key("groupId") {
        let group = parameters.get("groupId").map(|group| trim(group)).filter(|group| !group.is_empty());
        let group = group.unwrap_or(flag).to_owned();
        named("groupId", &group)?;
        if !group.is_ascii() {
            return Err(Refused::new(
                "groupId",
                "must be ASCII, because SDKs hash other characters differently",
            ));
        }
        parameters.insert("groupId".to_owned(), group);
    }
    if sticky || strategy.name == "flexibleRollout" || parameters.contains_key("stickiness") {
        let given = parameters.get("stickiness").or(variants_stickiness.as_ref()).map(String::as_str);
        let stickiness = stickiness(given).map_err(|reason| Refused::new("stickiness", reason))?.to_owned();
        parameters.insert("stickiness".to_owned(), stickiness);
    }
    let list: Option<(&str, Check)> = match strategy.name.as_str() {
        "userWithId" => Some(("userIds", plain)),
        "remoteAddress" => Some(("IPs", remote_address)),
        "applicationHostname" => Some(("hostNames", unquoted)),
        _ => None,
    };
    if let Some((name, item)) = list
        && let Some(text) = parameters.get_mut(name)
    {
        *text = list_of(text, item).map_err(|reason| Refused::new(name, reason))?;
    }
    Ok(())
}

/// Names end up between quotes in the rules of one SDK family.
fn named(field: &str, name: &str) -> Result<(), Refused> {
    if trim(name).is_empty() {
        return Err(Refused::new(field, "is missing"));
    }
    unquoted(name).map(drop).map_err(|reason| Refused::new(field, reason))
}

fn list_value(operator: &Operator, value: &str) -> Result<String, String> {
    let value = trim(value);
    if value.is_empty() {
        return Err("is empty".to_owned());
    }
    if *operator == Operator::InCidr && scalar::network(value).is_none() {
        return Err(format!("{value:?} is neither an address nor a network"));
    }
    plain(value)
}

fn single_value(
    operator: &Operator,
    value: &str,
    context_name: &str,
    ignore_case: bool,
) -> Result<String, (&'static str, String)> {
    if value.is_empty() {
        return Err(("value", "is missing".to_owned()));
    }
    match operator {
        Operator::DateAfter | Operator::DateBefore if context_name != "currentTime" => {
            Err(("contextName", "dates can only be compared with currentTime".to_owned()))
        }
        Operator::DateAfter | Operator::DateBefore => date(trim(value)).map_err(|why| ("value", why)),
        Operator::Regex => {
            scalar::pattern(value, ignore_case).map_err(|error| ("value", error.to_string()))?;
            pattern::portable(value).map_err(|why| ("value", why))?;
            Ok(value.to_owned())
        }
        Operator::SemverEq
        | Operator::SemverGt
        | Operator::SemverGte
        | Operator::SemverLt
        | Operator::SemverLte => version(trim(value)).map_err(|why| ("value", why)),
        _ => number(trim(value)).map_err(|why| ("value", why)),
    }
}

#[cfg(test)]
mod tests;
