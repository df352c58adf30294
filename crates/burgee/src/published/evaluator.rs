//! The flags of a scope, ready to be evaluated: for clients that get results and not definitions.

use std::sync::Arc;

use burgee_eval::document::{Document, Feature, Payload, Variant};
use burgee_eval::{Context, Evaluation, State};
use serde_json::{Number, Value};

use super::catalog::{Catalog, json};
use super::scope::Scope;
use super::views::View;

/// The flags of a scope, compiled. They see of each other what the scope shows: a parent outside of it is missing.
pub struct Evaluator {
    /// The last event that may have changed what the scope shows.
    pub revision: i64,
    state: State,
    /// In the order of the state.
    flags: Box<[Written]>,
}

/// What answers say about a flag whatever it comes to, as JSON: escaped once.
pub struct Written {
    key: Box<str>,
    /// Its name.
    pub name: Box<[u8]>,
    /// Its project.
    pub project: Box<[u8]>,
    /// True if it is more than on or off: a variant of it has a payload.
    pub has_values: bool,
    variants: Box<[WrittenVariant]>,
}

/// A variant of a flag, as JSON.
pub struct WrittenVariant {
    source: (String, Option<Payload>),
    /// Its name.
    pub name: Box<[u8]>,
    /// Its payload: type and value.
    pub payload: Option<Box<[u8]>>,
    /// What its payload stands for; `None`: nothing that can be read.
    pub value: Option<Box<[u8]>>,
}

impl Evaluator {
    /// What every flag comes to in a context, in the order of their names.
    pub fn all<'e>(
        &'e self,
        context: &'e Context,
    ) -> impl ExactSizeIterator<Item = (&'e Written, Evaluation<'e>)> {
        self.flags.iter().zip(self.state.evaluate_all(context))
    }

    /// What one flag comes to; `None`: there is no such flag.
    pub fn one(&self, name: &str, context: &Context) -> Option<(&Written, Evaluation<'_>)> {
        let evaluation = self.state.evaluate(name, context)?;
        let place = self.flags.binary_search_by(|flag| (*flag.key).cmp(name)).ok()?;
        Some((&self.flags[place], evaluation))
    }
}

impl Written {
    fn of(feature: &Feature) -> Self {
        let own = feature.strategies.iter().flat_map(|strategy| &strategy.variants).chain(&feature.variants);
        let mut variants: Vec<WrittenVariant> = Vec::new();
        for variant in own {
            if !variants.iter().any(|known| known.is(&variant.name, variant.payload.as_ref())) {
                variants.push(WrittenVariant::of(variant));
            }
        }
        Self {
            key: feature.name.as_str().into(),
            name: json(&feature.name),
            project: json(&feature.project.as_deref().unwrap_or("default")),
            has_values: variants.iter().any(|variant| variant.payload.is_some()),
            variants: variants.into(),
        }
    }

    /// The variant of an evaluation, if there is one.
    pub fn variant(&self, evaluation: &Evaluation<'_>) -> Option<&WrittenVariant> {
        let chosen = &evaluation.variant;
        self.variants.iter().find(|variant| chosen.enabled && variant.is(chosen.name, chosen.payload))
    }
}

impl WrittenVariant {
    fn of(variant: &Variant) -> Self {
        Self {
            source: (variant.name.clone(), variant.payload.clone()),
            name: json(&variant.name),
            payload: variant.payload.as_ref().map(json),
            value: variant.payload.as_ref().and_then(value),
        }
    }

    fn is(&self, name: &str, payload: Option<&Payload>) -> bool {
        self.source.0 == name && self.source.1.as_ref() == payload
    }
}

impl View for Evaluator {
    type Key = Arc<Scope>;

    fn revision(scope: &Arc<Scope>, catalog: &Catalog) -> i64 {
        catalog.revision_of(scope)
    }

    fn of(scope: &Arc<Scope>, catalog: &Arc<Catalog>, revision: i64, _: Option<&Self>) -> Self {
        let flags = catalog.flags(scope);
        let document = Document {
            features: flags.iter().map(|flag| flag.feature.clone()).collect(),
            segments: Some(catalog.segments(scope).map(|segment| segment.content.clone()).collect()),
            ..Document::default()
        };
        Self {
            revision,
            state: State::compile(&document),
            flags: flags.iter().map(|flag| Written::of(&flag.feature)).collect(),
        }
    }
}

/// What a payload stands for, as JSON.
fn value(payload: &Payload) -> Option<Box<[u8]>> {
    let text = payload.value.trim();
    match payload.kind.as_str() {
        "json" => serde_json::from_str::<Value>(text).ok().map(|value| json(&value)),
        "number" => {
            let number = serde_json::from_str::<Number>(text).ok();
            number.or_else(|| Number::from_f64(text.parse().ok()?)).map(|number| json(&number))
        }
        _ => Some(json(&payload.value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_stand_for_values() {
        let value = |kind: &str, text: &str| {
            let value = value(&Payload { kind: kind.to_owned(), value: text.to_owned() })?;
            Some(String::from_utf8(value.into()).unwrap())
        };
        for (kind, text, expected) in [
            ("string", "a \"b\"", Some(r#""a \"b\"""#)),
            ("csv", " 1,2 ", Some(r#"" 1,2 ""#)),
            ("number", " 7 ", Some("7")),
            ("number", "12345678901234567890", Some("12345678901234567890")),
            ("number", "+.5", Some("0.5")),
            ("number", "seven", None),
            ("number", "NaN", None),
            ("json", "{\"b\": 1, \"a\": [null]}", Some(r#"{"b":1,"a":[null]}"#)),
            ("json", "{", None),
        ] {
            assert_eq!(value(kind, text).as_deref(), expected, "{kind} {text}");
        }
    }
}
