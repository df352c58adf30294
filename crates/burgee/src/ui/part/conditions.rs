//! Conditions on the context, as strategies and segments have them: a form of rows.
//!
//! Rows keep their numbers while others come and go, so that what stands in a row stays where it was typed. Every row is
//! there without scripts; buttons ask for more of them.

use std::collections::BTreeMap;

use burgee_eval::document::{Constraint, Operator};
use maud::{Markup, html};

use super::form::{Field, Problems, check, in_row};
use super::sentence::verb;
use crate::contexts::Field as ContextField;
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;

/// How many rows a form may have: more than anything may that has conditions.
const MOST_ROWS: usize = 100;
/// How many legal values a hint tells.
const MOST_TOLD: usize = 20;

/// A condition, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::ui) struct Row {
    pub(in crate::ui) field: String,
    pub(in crate::ui) operator: String,
    pub(in crate::ui) values: String,
    pub(in crate::ui) inverted: bool,
    pub(in crate::ui) ignore_case: bool,
}

/// The rows by their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::ui) struct Conditions(pub(in crate::ui) BTreeMap<usize, Row>);

impl Conditions {
    /// The rows that show stored constraints.
    pub(in crate::ui) fn of(constraints: &[Constraint]) -> Self {
        let rows = constraints.iter().map(|constraint| Row {
            field: constraint.context_name.clone(),
            operator: constraint.operator.as_str().to_owned(),
            values: if constraint.operator.takes_values() {
                constraint.values.join("\n")
            } else {
                constraint.value.clone().unwrap_or_default()
            }
            .replace("\r\n", "\n")
            .replace('\r', "\n"),
            inverted: constraint.inverted,
            ignore_case: constraint.case_insensitive,
        });
        Self(rows.enumerate().collect())
    }

    /// Takes what a form sends in one of a row's fields.
    pub(in crate::ui) fn take(&mut self, number: usize, member: &str, value: String) -> Result<(), Fault> {
        if self.0.len() > MOST_ROWS {
            return Err(Fault::unreadable(format!("The form has more than {MOST_ROWS} rows.")));
        }
        let row = self.0.entry(number).or_default();
        match member {
            "field" => row.field = value,
            "operator" => row.operator = value,
            "values" => row.values = value,
            "inverted" => row.inverted = true,
            "ignore_case" => row.ignore_case = true,
            _ => {}
        }
        Ok(())
    }

    /// Does what a button of the form asks for. False: it asks for something else.
    pub(in crate::ui) fn act(&mut self, act: &str) -> bool {
        let dropped = act.strip_prefix("drop c.").and_then(|number| number.parse::<usize>().ok());
        match dropped {
            Some(number) => drop(self.0.remove(&number)),
            None if act == "add-constraint" => self.add(),
            None => return false,
        }
        true
    }

    /// One more row.
    pub(in crate::ui) fn add(&mut self) {
        let next = self.0.keys().next_back().map_or(0, |last| last.saturating_add(1));
        self.0.insert(next, Row::default());
    }

    /// Leaves out rows where nothing was typed.
    pub(in crate::ui) fn drop_empty(&mut self) {
        self.0.retain(|_, row| !row.field.is_empty() || !row.values.trim().is_empty());
    }

    /// What is meant.
    pub(in crate::ui) fn meant(&self) -> Vec<Constraint> {
        self.0.values().map(meant).collect()
    }

    /// What is meant where `stored` was shown: what nobody changed stays as it is, even if a form cannot hold it.
    pub(in crate::ui) fn meant_over(&self, stored: &[Constraint]) -> Vec<Constraint> {
        let shown = Self::of(stored).meant();
        let kept = |meant: Constraint| {
            let same = shown.iter().zip(stored).find(|(shown, _)| **shown == meant);
            same.map_or(meant, |(_, stored)| stored.clone())
        };
        self.meant().into_iter().map(kept).collect()
    }

    /// The field that a sentence is about, and what it says about it: `"constraints[1].values[0]" is not allowed …`.
    pub(in crate::ui) fn located(&self, sentence: &str) -> Option<(String, String)> {
        let (index, member, text) = in_row("constraints", sentence)?;
        let number = self.0.keys().nth(index)?;
        let field = match member.as_str() {
            "contextName" => "field",
            "operator" => "operator",
            _ => "values",
        };
        Some((format!("c.{number}.{field}"), text))
    }

    /// A row that says enough to be judged, as it is meant.
    pub(in crate::ui) fn said(&self, number: usize) -> Option<Constraint> {
        let said = |row: &&Row| !row.field.trim().is_empty() && !row.values.trim().is_empty();
        self.0.get(&number).filter(said).map(meant)
    }

    /// All rows, with the button that adds one.
    pub(in crate::ui) fn fields(
        &self,
        frame: &Frame,
        fields: &[ContextField],
        problems: &Problems,
    ) -> Markup {
        html! {
            section aria-labelledby="conditions" {
                h2 #conditions { "Conditions" }
                p.hint { "All of them must hold." }
                @for (index, (number, row)) in self.0.iter().enumerate() {
                    (draw(frame, index + 1, *number, row, fields, problems))
                }
                div.row { button.button.small #add-constraint name="act" value="add-constraint" { "Add a condition" } }
            }
        }
    }
}

/// Where a row is judged while somebody types in it.
pub(in crate::ui) const CHECK: &str = "/conditions/check/{id}";

fn check_path(number: usize) -> String {
    CHECK.replace("{id}", &number.to_string())
}

/// The button that takes a row away.
pub(in crate::ui) fn drop_button(kind: &str, number: usize, label: &str) -> Markup {
    html! {
        div.row { button.button.small id={ "drop-" (kind) "-" (number) } name="act" value={ "drop " (kind) "." (number) } { (label) } }
    }
}

fn meant(row: &Row) -> Constraint {
    let operator = Operator::named(&row.operator);
    let several = operator.takes_values();
    let values = row.values.lines().map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned);
    Constraint {
        context_name: row.field.trim().to_owned(),
        values: if several { values.collect() } else { Vec::new() },
        value: (!several).then(|| row.values.trim_end_matches('\n').to_owned()),
        operator,
        inverted: row.inverted,
        case_insensitive: row.ignore_case,
    }
}

/// The operators as people look for them.
fn operators(now: &str) -> Vec<(&'static str, Vec<(&str, String)>)> {
    let group = |operator: &Operator| match operator.as_str() {
        name if name.starts_with("NUM_") => "Number",
        name if name.starts_with("DATE_") => "Time",
        name if name.starts_with("SEMVER_") => "Version",
        "IN_CIDR" => "Network",
        _ => "Text",
    };
    let mut groups: Vec<(&str, Vec<(&str, String)>)> = Vec::new();
    for operator in Operator::ALL {
        let (group, option) = (group(operator), (operator.as_str(), verb(operator.as_str(), false)));
        match groups.iter_mut().find(|(name, _)| *name == group) {
            Some((_, options)) => options.push(option),
            None => groups.push((group, vec![option])),
        }
    }
    if !now.is_empty() && !Operator::ALL.iter().any(|known| known.as_str() == now) {
        groups.push(("Unknown here", vec![(now, now.to_owned())]));
    }
    groups
}

fn draw(
    frame: &Frame,
    place: usize,
    number: usize,
    row: &Row,
    fields: &[ContextField],
    problems: &Problems,
) -> Markup {
    let name = |member: &str| format!("c.{number}.{member}");
    let (field, operator, values) = (name("field"), name("operator"), name("values"));
    let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    let several = row.operator.is_empty() || Operator::named(&row.operator).takes_values();
    let legal = fields.iter().find(|known| known.name == row.field).map(|known| &known.legal_values.0);
    let legal: Vec<&str> = legal.into_iter().flatten().map(|legal| legal.value.as_str()).collect();
    let allowed = legal[..legal.len().min(MOST_TOLD)].join(", ");
    let more = if legal.len() > MOST_TOLD { " and more" } else { "" };
    let count = if several { "One on each line." } else { "One value." };
    let hint = if legal.is_empty() { count.to_owned() } else { format!("{count} Allowed: {allowed}{more}.") };
    let with =
        |name, label, hint| Field { name, label, hint, problem: problems.about(name), ..Field::default() };
    html! {
        fieldset.card id={ "c." (number) } data-checks hx-post=(frame.at(&check_path(number))) hx-trigger="input delay:400ms"
            hx-target={ "#told-c-" (number) } hx-swap="innerHTML" hx-sync="replace" {
            legend { "Condition " (place) }
            div.pair {
                (with(&field, "Context field", None).combo(&names, &row.field))
                (with(&operator, "Compared how", None).grouped(&operators(&row.operator), &row.operator))
            }
            (with(&values, if several { "Values" } else { "Value" }, Some(&hint)).lines(&row.values))
            // What the server says while somebody types; what it said about what was sent comes first.
            div.told id={ "told-c-" (number) } role="status" {}
            div.pair {
                (check(&name("inverted"), "Reverse it", "Holds for everyone it would not match.", row.inverted))
                (check(&name("ignore_case"), "Ignore case", "Upper and lower case letters of texts count as the same.", row.ignore_case))
            }
            (drop_button("c", number, &format!("Remove condition {place}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_changed_stays_as_it_is() {
        let values = |values: &[&str]| Constraint {
            context_name: "country".to_owned(),
            operator: Operator::In,
            values: values.iter().map(|value| (*value).to_owned()).collect(),
            ..Constraint::default()
        };
        let stored = [values(&[" DE ", "a\r\nb"]), values(&["NO"])];
        let mut rows = Conditions::of(&stored);
        rows.0.entry(1).and_modify(|row| row.values = "SE".to_owned());
        assert_eq!(rows.meant_over(&stored), [stored[0].clone(), values(&["SE"])]);
    }
}
