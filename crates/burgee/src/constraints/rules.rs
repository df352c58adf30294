//! What one constraint must be, and the sentence for each rule it breaks.

use std::collections::{BTreeSet, HashMap};

use burgee_eval::canonical::{self, Refused};
use burgee_eval::document::{Constraint, Operator};

/// The longest value of those operators that take several, in characters.
const LONGEST_VALUE: usize = 100;

/// The stored form of a constraint, or the rule that it breaks. `place` stands before the names of its members.
pub(super) fn check(
    place: &str,
    constraint: Constraint,
    legal: &HashMap<String, BTreeSet<String>>,
) -> Result<Constraint, String> {
    if let Some(rule) = broken_form(place, &constraint) {
        return Err(rule);
    }
    let (operator, sent) = (constraint.operator.clone(), constraint.value.clone().unwrap_or_default());
    let constraint = canonical::constraint(constraint)
        .map_err(|refused| sentence(place, &operator, &shown(&sent), &refused))?;
    match legal.get(&constraint.context_name).and_then(|legal| illegal(&constraint, legal)) {
        Some((member, rule)) => Err(located(place, member, &rule)),
        None => Ok(constraint),
    }
}

/// Lengths and numbers of values, which the engine does not mind.
fn broken_form(place: &str, constraint: &Constraint) -> Option<String> {
    if constraint.context_name.is_empty() {
        return Some(format!("\"{place}contextName\" is not allowed to be empty."));
    }
    if !constraint.operator.takes_values() {
        let missing = constraint.value.as_ref().is_none_or(|value| value.trim().is_empty());
        let known = !matches!(constraint.operator, Operator::Unknown(_) | Operator::Missing);
        let rule = "Single-value constraint operators require a non-empty value.";
        return (missing && known).then(|| located(place, "value", rule));
    }
    if constraint.values.is_empty() {
        return Some(format!("\"{place}values\" must contain at least 1 items. You provided []."));
    }
    constraint.values.iter().enumerate().find_map(|(index, value)| {
        if value.trim().is_empty() {
            Some(format!("\"{place}values[{index}]\" is not allowed to be empty."))
        } else if value.chars().count() > LONGEST_VALUE {
            Some(format!(
                "\"{place}values[{index}]\" length must be less than or equal to {LONGEST_VALUE} characters long. \
                 You provided \"{}\".",
                shown(value)
            ))
        } else {
            None
        }
    })
}

/// What the engine does not accept, in Unleash's words where it has some.
fn sentence(place: &str, operator: &Operator, sent: &str, refused: &Refused) -> String {
    use Operator as O;
    let Refused { field, reason } = refused;
    match operator {
        _ if field != "value" => located(place, field, reason),
        O::NumEq | O::NumGt | O::NumGte | O::NumLt | O::NumLte => {
            format!("\"{place}value\" must be a number. You provided \"{sent}\".")
        }
        O::DateAfter | O::DateBefore => {
            format!("\"{place}value\" must be a valid date. You provided \"{sent}\": {reason}.")
        }
        O::SemverEq | O::SemverGt | O::SemverGte | O::SemverLt | O::SemverLte => {
            let rule = "the provided value is not a valid semver format. The value provided was:";
            located(place, "value", &format!("{rule} {sent}"))
        }
        O::Regex => {
            let rule = "the provided value is not a valid regex string. Error:";
            located(place, "value", &format!("{rule} {}", shown(reason)))
        }
        _ => located(place, field, reason),
    }
}

fn illegal(constraint: &Constraint, legal: &BTreeSet<String>) -> Option<(&'static str, String)> {
    if constraint.operator.takes_values() {
        let all = constraint.values.iter().all(|value| legal.contains(value));
        let rule = "input values are not specified as a legal value on this context field";
        return (!all).then(|| ("values", rule.to_owned()));
    }
    let value = constraint.value.as_deref().unwrap_or_default();
    (!legal.contains(value)).then(|| {
        ("value", format!("{} is not specified as a legal value on this context field", shown(value)))
    })
}

/// Says where a rule is broken, unless there is only one place.
fn located(place: &str, member: &str, rule: &str) -> String {
    if place.is_empty() { rule.to_owned() } else { format!("\"{place}{member}\": {rule}") }
}

/// So much of a text as an error message shows.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(2 * LONGEST_VALUE).collect()
}
