//! What the form of a strategy sends, and the strategy that it means.
//!
//! Rows keep their numbers while others come and go, so that what stands in a row stays where it was typed.

use std::collections::{BTreeMap, BTreeSet};

use burgee_eval::document::{Payload, Variant};

use crate::features::StrategyDraft;
use crate::strategies::{Parameter, ParameterKind};
use crate::ui::fault::Fault;
use crate::ui::part::conditions::Conditions;

/// How many rows of a kind a form may have: more than a strategy may.
const MOST_ROWS: usize = 100;
/// All shares together.
const WHOLE: i64 = 1000;

/// What somebody wants to happen to the form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Act {
    /// It is ready.
    #[default]
    Save,
    /// One more condition.
    AddConstraint,
    /// One more variant.
    AddVariant,
    /// This row goes.
    Drop(String),
}

/// A variant, as typed. Without a share it gets its part of what the others leave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct VariantRow {
    pub(super) name: String,
    pub(super) share: String,
    pub(super) payload_kind: String,
    pub(super) payload: String,
}

/// The form, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) act: Act,
    /// How the strategy was when the form was opened.
    pub(super) was: String,
    /// The type of a strategy that is new.
    pub(super) kind: String,
    pub(super) title: String,
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) conditions: Conditions,
    pub(super) segments: BTreeSet<i64>,
    pub(super) variants: BTreeMap<usize, VariantRow>,
}

impl Sent {
    /// Reads a form.
    pub(super) fn read(pairs: Vec<(String, String)>) -> Result<Self, Fault> {
        let mut sent = Self::default();
        for (name, value) in pairs {
            let value = value.replace("\r\n", "\n");
            let parts: Vec<&str> = name.splitn(3, '.').collect();
            let number = || parts.get(1).and_then(|number| number.parse().ok());
            match parts[..] {
                ["act"] => sent.act = act(&value),
                ["was"] => sent.was = value,
                ["kind"] => sent.kind = value,
                ["title"] => sent.title = value,
                ["segment"] => sent.segments.extend(value.parse::<i64>()),
                ["p", ..] => drop(sent.parameters.insert(name[2..].to_owned(), value)),
                ["c", _, member] => {
                    let Some(number) = number() else { continue };
                    sent.conditions.take(number, member, value)?;
                }
                ["v", _, member] => {
                    let Some(number) = number() else { continue };
                    let row = sent.variants.entry(number).or_default();
                    match member {
                        "name" => row.name = value,
                        "share" => row.share = value,
                        "payload_kind" => row.payload_kind = value,
                        "payload" => row.payload = value,
                        _ => {}
                    }
                }
                _ => {}
            }
            if sent.variants.len().max(sent.parameters.len()) > MOST_ROWS {
                return Err(Fault::unreadable(format!("The form has more than {MOST_ROWS} rows.")));
            }
        }
        Ok(sent)
    }

    /// The form that shows a strategy.
    pub(super) fn of(draft: &StrategyDraft, known: &[Parameter]) -> Self {
        let list = |name: &str| {
            known.iter().any(|parameter| parameter.name == name && parameter.kind == ParameterKind::List)
        };
        let parameters = draft.parameters.iter().map(|(name, value)| {
            let lines = || value.split(',').map(str::trim).collect::<Vec<_>>().join("\n");
            (name.clone(), if list(name) { lines() } else { value.clone() })
        });
        let variants = draft.variants.iter().map(|variant| {
            let payload = variant.payload.clone().unwrap_or_default();
            let fixed = variant.weight_type.as_deref() == Some("fix");
            VariantRow {
                name: variant.name.clone(),
                share: if fixed { share(variant.weight) } else { String::new() },
                payload_kind: payload.kind,
                payload: payload.value,
            }
        });
        Self {
            kind: draft.name.clone(),
            title: draft.title.clone().unwrap_or_default(),
            parameters: parameters.collect(),
            conditions: Conditions::of(&draft.constraints),
            segments: draft.segments.iter().copied().collect(),
            variants: variants.enumerate().collect(),
            ..Self::default()
        }
    }

    /// Does to the form what was asked. False: it is to be saved.
    pub(super) fn changed(&mut self) -> bool {
        match std::mem::take(&mut self.act) {
            Act::Save => return false,
            Act::AddConstraint => self.conditions.add(),
            Act::AddVariant => {
                let number = self.variants.keys().next_back().map_or(0, |last| last.saturating_add(1));
                self.variants.insert(number, VariantRow::default());
            }
            Act::Drop(row) => {
                let number = |prefix| row.strip_prefix(prefix).and_then(|number| number.parse().ok());
                number("c.").and_then(|number: usize| self.conditions.0.remove(&number));
                number("v.").and_then(|number: usize| self.variants.remove(&number));
            }
        }
        true
    }

    /// Leaves out rows where nothing was typed.
    pub(super) fn without_empty_rows(mut self) -> Self {
        self.conditions.drop_empty();
        self.variants.retain(|_, row| {
            [&row.name, &row.share, &row.payload].into_iter().any(|text| !text.trim().is_empty())
        });
        self
    }

    /// The strategy that is meant, on top of what the form does not show; or what cannot be read.
    pub(super) fn draft(
        &self,
        before: StrategyDraft,
        known: &[Parameter],
    ) -> Result<StrategyDraft, Vec<String>> {
        let title = self.title.trim();
        let mut parameters = before.parameters;
        for parameter in known {
            let sent = self.parameters.get(&parameter.name).map_or("", |value| value.trim());
            let value = match parameter.kind {
                ParameterKind::List => {
                    let items = sent.split(['\n', ',']).map(str::trim).filter(|item| !item.is_empty());
                    items.collect::<Vec<_>>().join(",")
                }
                ParameterKind::Boolean if sent.is_empty() => "false".to_owned(),
                _ => sent.to_owned(),
            };
            // What is empty is what is not there: so that the type's own defaults hold.
            if value.is_empty() && parameter.kind != ParameterKind::List {
                parameters.remove(&parameter.name);
            } else {
                parameters.insert(parameter.name.clone(), value);
            }
        }
        let stickiness = before.variants.first().and_then(|variant| variant.stickiness.clone());
        Ok(StrategyDraft {
            title: (!title.is_empty()).then(|| title.to_owned()),
            parameters,
            constraints: self.conditions.meant_over(&before.constraints),
            segments: self.segments.iter().copied().collect(),
            variants: self.variants(stickiness.as_deref())?,
            ..before
        })
    }

    fn variants(&self, stickiness: Option<&str>) -> Result<Vec<Variant>, Vec<String>> {
        let (mut variants, mut broken) = (Vec::new(), Vec::new());
        for (index, row) in self.variants_in_order().into_iter().enumerate() {
            let row = &self.variants[&row];
            let weight = weight(&row.share);
            if weight.is_none() {
                broken.push(format!(
                    "variants[{index}].weight: A share is a percentage from 0 to 100, with one decimal at most."
                ));
            }
            let carries = !row.payload_kind.is_empty();
            let payload =
                carries.then(|| Payload { kind: row.payload_kind.clone(), value: row.payload.clone() });
            variants.push(Variant {
                name: row.name.trim().to_owned(),
                weight: weight.flatten().unwrap_or_default(),
                weight_type: Some(if weight.flatten().is_some() { "fix" } else { "variable" }.to_owned()),
                stickiness: stickiness.map(str::to_owned),
                payload,
                overrides: Vec::new(),
            });
        }
        let total: i64 = variants.iter().map(|variant| variant.weight).sum();
        let all_fixed = variants.iter().all(|variant| variant.weight_type.as_deref() == Some("fix"));
        if all_fixed && total == WHOLE {
            // Shares that make the whole need nobody who takes the rest, but a list does.
            if let Some(last) = variants.last_mut() {
                last.weight_type = Some("variable".to_owned());
            }
        } else if all_fixed && !variants.is_empty() && broken.is_empty() {
            broken.push(format!(
                "The shares make {} %. Let them make 100 %, or leave one empty: it gets the rest.",
                share(total)
            ));
        }
        if broken.is_empty() { Ok(variants) } else { Err(broken) }
    }

    /// The numbers of the rows in the order in which variants are stored, and complained about.
    pub(super) fn variants_in_order(&self) -> Vec<usize> {
        let mut numbers: Vec<usize> = self.variants.keys().copied().collect();
        numbers.sort_by(|a, b| self.variants[a].name.trim().cmp(self.variants[b].name.trim()));
        numbers
    }
}

fn act(sent: &str) -> Act {
    match sent {
        "add-constraint" => Act::AddConstraint,
        "add-variant" => Act::AddVariant,
        other => other.strip_prefix("drop ").map_or(Act::Save, |row| Act::Drop(row.to_owned())),
    }
}

/// A weight as people write it: in percent.
fn share(weight: i64) -> String {
    if weight % 10 == 0 { (weight / 10).to_string() } else { format!("{}.{}", weight / 10, weight % 10) }
}

/// The weight that a share means: `Some(None)` without one, `None` if it cannot be read.
#[expect(clippy::option_option, reason = "nothing typed is not the same as nonsense typed")]
fn weight(share: &str) -> Option<Option<i64>> {
    let share = share.trim().trim_end_matches('%').trim_end();
    if share.is_empty() {
        return Some(None);
    }
    let (whole, tenths) = share.split_once(['.', ',']).unwrap_or((share, "0"));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty();
    if !digits(whole) || !digits(tenths) || tenths.len() != 1 {
        return None;
    }
    let weight = whole.parse::<i64>().ok()?.checked_mul(10)?.checked_add(tenths.parse().ok()?)?;
    (weight <= WHOLE).then_some(Some(weight))
}

#[cfg(test)]
mod tests {
    use burgee_eval::document::{Constraint, Operator};

    use super::*;

    fn sent(pairs: &[(&str, &str)]) -> Sent {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Sent::read(pairs.collect()).unwrap()
    }

    #[test]
    fn rows_keep_their_numbers() {
        let mut form = sent(&[("c.0.field", "a"), ("c.2.field", "b"), ("act", "drop c.0")]);
        assert!(form.changed());
        form.act = Act::AddConstraint;
        assert!(form.changed());
        assert_eq!(form.conditions.0.keys().copied().collect::<Vec<_>>(), [2, 3]);
        assert!(!form.changed());
        assert_eq!(form.without_empty_rows().conditions.0.len(), 1);
        let many = (0..200).map(|row| (format!("c.{row}.field"), String::new())).collect();
        assert!(Sent::read(many).is_err());
    }

    #[test]
    fn shares_are_percentages() {
        for (typed, meant) in [("", None), (" 33.3 % ", Some(333)), ("0,5", Some(5)), ("100", Some(1000))] {
            assert_eq!(weight(typed), Some(meant), "{typed}");
        }
        for nonsense in ["x", "100.1", "-1", "1.25", "1e1", ".5", "99999999999999999999"] {
            assert_eq!(weight(nonsense), None, "{nonsense}");
        }
        assert_eq!((share(333), share(500)), ("33.3".to_owned(), "50".to_owned()));
    }

    #[test]
    fn a_form_that_shows_a_strategy_means_it() {
        let known = [Parameter {
            name: "userIds".into(),
            kind: ParameterKind::List,
            description: None,
            required: None,
        }];
        let constraint = |operator, values: &[&str], value: Option<&str>| Constraint {
            context_name: "country".to_owned(),
            operator,
            values: values.iter().map(|value| (*value).to_owned()).collect(),
            value: value.map(str::to_owned),
            inverted: true,
            case_insensitive: true,
        };
        let draft = StrategyDraft {
            name: "userWithId".to_owned(),
            title: Some("Some".to_owned()),
            parameters: [("userIds".to_owned(), "1,2".to_owned()), ("other".to_owned(), "x".to_owned())]
                .into(),
            constraints: vec![
                constraint(Operator::In, &["a", "b"], None),
                constraint(Operator::NumEq, &[], Some("5")),
            ],
            segments: vec![7],
            ..StrategyDraft::default()
        };
        assert_eq!(Sent::of(&draft, &known).draft(draft.clone(), &known), Ok(draft));
    }
}
