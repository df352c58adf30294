//! Contexts as people type them: one, or all combinations of the values that commas separate.

use burgee_eval::Context;
use serde_json::{Map, Value};

use crate::clock::Time;
use crate::error::{Error, Result};

/// How many answers one question may have: flags times environments times contexts.
const MOST: usize = 30_000;

/// Contexts to ask with, made one by one: all of them together may be large.
pub struct Attempts {
    /// The values of each field. Properties stand beside the other fields, which win.
    fields: Vec<(String, Vec<Value>)>,
    now: jiff::Timestamp,
    random: u64,
}

/// A context to ask with.
pub struct Attempt {
    /// As people see it.
    pub shown: Map<String, Value>,
    pub(super) context: Context,
}

impl Attempts {
    /// A context as it was sent.
    pub fn one(sent: &Map<String, Value>, now: Time, random: u64) -> Result<Self> {
        let fields = flat(sent).into_iter().map(|(name, value)| (name, vec![value]));
        Self::checked(fields.collect(), now, random)
    }

    /// Every combination of values. Fields that are no text are left out; their names come back, too.
    pub fn combined(sent: &Map<String, Value>, now: Time, random: u64) -> Result<(Self, Vec<String>)> {
        let (mut fields, mut odd) = (Vec::new(), Vec::new());
        for (name, value) in flat(sent) {
            match value {
                Value::String(text) => fields.push((name, choices(text))),
                _ => odd.push(name),
            }
        }
        Ok((Self::checked(fields, now, random)?, odd))
    }

    fn checked(fields: Vec<(String, Vec<Value>)>, now: Time, random: u64) -> Result<Self> {
        for time in fields.iter().filter(|(name, _)| name == "currentTime").flat_map(|(_, times)| times) {
            if time.as_str().is_some_and(|time| Time::parse(time).is_none()) {
                let why = format!("\"currentTime\" must be a date with time and offset. You sent {time}.");
                return Err(Error::invalid(vec![why]));
            }
        }
        let now = jiff::Timestamp::from_millisecond(now.millis()).unwrap_or_default();
        let attempts = Self { fields, now, random };
        ensure_few(attempts.count())?;
        Ok(attempts)
    }

    /// The fields in which they differ.
    pub fn varying(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(|(_, values)| values.len() > 1).map(|(name, _)| name.as_str())
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.fields.iter().fold(1, |count: usize, (_, values)| count.saturating_mul(values.len()))
    }

    /// Each of them in an environment: its clients are in it, whatever the context says.
    pub fn within<'a>(&'a self, environment: &'a str) -> impl Iterator<Item = Attempt> + 'a {
        (0..self.count()).map(move |number| {
            let shown = self.shown(number);
            let mut context = Context::new(self.now, self.random);
            context.read(&shown);
            context.set("environment", environment);
            Attempt { shown, context }
        })
    }

    /// The one with a number, as people see it.
    pub fn shown(&self, mut number: usize) -> Map<String, Value> {
        let mut shown = Map::new();
        for (name, values) in &self.fields {
            shown.insert(name.clone(), values[number % values.len()].clone());
            number /= values.len();
        }
        shown
    }
}

/// Refuses what would have too many answers.
pub fn ensure_few(count: usize) -> Result<()> {
    if count <= MOST {
        return Ok(());
    }
    Err(Error::bad_data(format!(
        "This would make {count} evaluations, and there may be {MOST}. Choose fewer environments, projects or values."
    )))
}

fn flat(sent: &Map<String, Value>) -> Map<String, Value> {
    let mut flat = sent.clone();
    if let Some(Value::Object(properties)) = flat.remove("properties") {
        for (name, value) in properties {
            flat.entry(name).or_insert(value);
        }
    }
    flat
}

/// What commas separate; a text without anything else is one value.
fn choices(text: String) -> Vec<Value> {
    let choices = text.split(',').map(str::trim).filter(|choice| !choice.is_empty());
    let choices: Vec<Value> = choices.map(Value::from).collect();
    if choices.is_empty() { vec![text.into()] } else { choices }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(context: &Value) -> Result<(Vec<Value>, Vec<String>)> {
        let (attempts, odd) = Attempts::combined(context.as_object().unwrap(), Time::from_millis(0), 1)?;
        Ok((attempts.within("development").map(|attempt| attempt.shown.into()).collect(), odd))
    }

    #[test]
    fn every_combination_comes_once() {
        let (found, odd) = of(&json!({
            "appName": "a, b", "userId": "7", "plan": 3, "sessionId": null,
            "properties": {"tier": "gold,silver,", "userId": "8", "empty": " "},
        }))
        .unwrap();
        let all = [("a", "gold"), ("b", "gold"), ("a", "silver"), ("b", "silver")];
        let all = all.map(|(app, tier)| json!({"appName": app, "userId": "7", "tier": tier, "empty": " "}));
        assert_eq!(found, all);
        assert_eq!(odd, ["plan", "sessionId"]);
    }

    #[test]
    fn what_would_be_too_many_is_not_begun() {
        let long = ["x"; 200].join(",");
        assert!(of(&json!({"appName": long.clone()})).is_ok());
        assert!(of(&json!({"appName": long.clone(), "a": long, "userId": long, "properties": {"b": long, "c": long}})).is_err());
    }

    #[test]
    fn times_are_checked_one_by_one() {
        assert!(of(&json!({"currentTime": "2026-01-01T00:00:00Z,2027-01-01T00:00:00Z"})).is_ok());
        assert!(of(&json!({"currentTime": "2026-01-01T00:00:00Z,soon"})).is_err());
    }
}
