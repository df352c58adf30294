//! The form of a strategy, drawn. Every row is there without scripts; buttons ask for more of them.

use std::collections::HashMap;

use burgee_eval::document::Operator;
use maud::{Markup, html};

use super::sent::{ConstraintRow, Sent, VariantRow};
use crate::contexts::Field as ContextField;
use crate::segments::Segment;
use crate::strategies::{Parameter, ParameterKind};
use crate::ui::part::form::{Field, check};
use crate::ui::part::sentence::verb;

/// How many legal values a hint tells.
const MOST_TOLD: usize = 20;

/// What the form offers to choose from.
pub(super) struct Choices {
    /// What the type needs to know.
    pub(super) parameters: Vec<Parameter>,
    pub(super) fields: Vec<ContextField>,
    pub(super) segments: Vec<Segment>,
}

/// What is wrong, by the name of the field that it is about.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Problems {
    by_field: HashMap<String, String>,
    /// What is about no field in particular.
    pub(super) rest: Vec<String>,
}

impl Problems {
    /// Finds out which sentence is about which field.
    pub(super) fn of(sent: &Sent, sentences: Vec<String>) -> Self {
        let mut problems = Self::default();
        for sentence in sentences {
            match located(sent, &sentence) {
                Some((field, text)) => drop(problems.by_field.insert(field, text)),
                None => problems.rest.push(sentence),
            }
        }
        problems
    }

    fn about(&self, field: &str) -> Option<&str> {
        self.by_field.get(field).map(String::as_str)
    }

    /// True if nothing is wrong.
    pub(super) fn none(&self) -> bool {
        self.by_field.is_empty() && self.rest.is_empty()
    }
}

/// The field that a sentence is about, and what it says about it: `"constraints[1].values[0]" is not allowed …`.
fn located(sent: &Sent, sentence: &str) -> Option<(String, String)> {
    let plain = sentence.strip_prefix('"').unwrap_or(sentence);
    if plain.starts_with("The title ") {
        return Some(("title".to_owned(), plain.to_owned()));
    }
    let member_of = |rest: &str| {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let (member, text) = rest.split_at(end);
        let bare = |text: &str| text.trim_start_matches(['"', ':', ' ']).to_owned();
        let text = match text.strip_prefix('[').and_then(|text| text.split_once(']')) {
            Some((index, text)) => format!("Value {}: {}", index.parse().unwrap_or(0) + 1, bare(text)),
            None => bare(text),
        };
        (member.to_owned(), text)
    };
    let row_of = |prefix: &str| -> Option<(usize, &str)> {
        let (index, rest) = plain.strip_prefix(prefix)?.split_once("].")?;
        Some((index.parse().ok()?, rest))
    };
    if let Some((index, rest)) = row_of("constraints[") {
        let number = sent.constraints.keys().nth(index)?;
        let (member, text) = member_of(rest);
        let field = match member.as_str() {
            "contextName" => "field",
            "operator" => "operator",
            _ => "values",
        };
        return Some((format!("c.{number}.{field}"), text));
    }
    if let Some((index, rest)) = row_of("variants[") {
        let number = *sent.variants_in_order().get(index)?;
        let (member, text) = member_of(rest);
        let field = match member.as_str() {
            "name" => "name",
            "payload" => "payload",
            _ => "share",
        };
        return Some((format!("v.{number}.{field}"), text));
    }
    let (member, text) = member_of(plain.strip_prefix("parameters.")?);
    Some((format!("p.{member}"), text))
}

/// What stands between the beginning of the form and its buttons.
pub(super) fn fields(sent: &Sent, choices: &Choices, problems: &Problems) -> Markup {
    html! {
        (Field { name: "title", label: "Title", hint: Some("What people call it."), problem: problems.about("title"), optional: true }
            .text("text", &sent.title, "off"))
        @for it in &choices.parameters { (parameter(it, sent, choices, problems)) }
        (segments(sent, &choices.segments))
        section aria-labelledby="conditions" {
            h2 #conditions { "Conditions" }
            p.hint { "All of them must hold." }
            @for (index, (number, row)) in sent.constraints.iter().enumerate() {
                (constraint(index + 1, *number, row, &choices.fields, problems))
            }
            div.row { button.button.small #add-constraint name="act" value="add-constraint" { "Add a condition" } }
        }
        section aria-labelledby="variants" {
            h2 #variants { "Variants" }
            p.hint { "In which forms the flag is on. Those without a share divide what the others leave." }
            @for (index, (number, row)) in sent.variants.iter().enumerate() {
                (variant(index + 1, *number, row, problems))
            }
            div.row { button.button.small #add-variant name="act" value="add-variant" { "Add a variant" } }
        }
    }
}

fn parameter(parameter: &Parameter, sent: &Sent, choices: &Choices, problems: &Problems) -> Markup {
    let name = format!("p.{}", parameter.name);
    let label = match parameter.name.as_str() {
        "rollout" | "percentage" => "Share of users in percent",
        "stickiness" => "Stickiness",
        "groupId" => "Group",
        "IPs" => "Addresses",
        "hostNames" => "Hosts",
        "userIds" => "User ids",
        own => own,
    };
    let value = sent.parameters.get(&parameter.name).map_or("", String::as_str);
    let hint = parameter.description.as_deref().filter(|text| !text.is_empty());
    let field = Field {
        name: &name,
        label,
        hint,
        problem: problems.about(&name),
        // A type that we bring knows what to do without.
        optional: parameter.required != Some(true) || parameter.name == "groupId",
    };
    match parameter.kind {
        ParameterKind::String if parameter.name == "stickiness" => {
            let mut known = vec![
                ("default", "By user, else session, else at random"),
                ("userId", "By user"),
                ("sessionId", "By session"),
                ("random", "At random, each time anew"),
            ];
            let more = choices.fields.iter().filter(|it| it.stickiness).map(|it| it.name.as_str());
            for name in more.chain((!value.is_empty()).then_some(value)) {
                if !known.iter().any(|(known, _)| *known == name) {
                    known.push((name, name));
                }
            }
            Field { hint: Some("What decides who is in, so that they stay in."), optional: false, ..field }
                .choice(&known, value)
        }
        ParameterKind::Boolean => check(&name, label, hint.unwrap_or_default(), value == "true"),
        ParameterKind::List => {
            let hint = format!("{} One on each line.", hint.unwrap_or_default());
            Field { hint: Some(hint.trim_start()), ..field }.lines(value)
        }
        ParameterKind::Percentage | ParameterKind::Number | ParameterKind::String => {
            field.text("text", value, "off")
        }
    }
}

fn segments(sent: &Sent, segments: &[Segment]) -> Markup {
    html! {
        @if !segments.is_empty() {
            fieldset.choices {
                legend { "Segments" }
                p.hint { "Whoever gets the flag is in all that are chosen." }
                div.choice-list {
                    @for segment in segments {
                        div.check {
                            input type="checkbox" id={ "segment-" (segment.id) } name="segment" value=(segment.id)
                                checked[sent.segments.contains(&segment.id)];
                            label for={ "segment-" (segment.id) } { (segment.name) }
                        }
                    }
                }
            }
        }
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

fn constraint(
    place: usize,
    number: usize,
    row: &ConstraintRow,
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
        |name, label, hint| Field { name, label, hint, problem: problems.about(name), optional: false };
    html! {
        fieldset.card id={ "c." (number) } {
            legend { "Condition " (place) }
            div.pair {
                (with(&field, "Context field", None).combo(&names, &row.field))
                (with(&operator, "Compared how", None).grouped(&operators(&row.operator), &row.operator))
            }
            (with(&values, if several { "Values" } else { "Value" }, Some(&hint)).lines(&row.values))
            div.pair {
                (check(&name("inverted"), "Turned around", "Holds where it would not.", row.inverted))
                (check(&name("ignore_case"), "Upper and lower case are the same", "For texts.", row.ignore_case))
            }
            (drop_button("c", number, &format!("Remove condition {place}")))
        }
    }
}

fn variant(place: usize, number: usize, row: &VariantRow, problems: &Problems) -> Markup {
    let name = |member: &str| format!("v.{number}.{member}");
    let (called, share, kind, payload) = (name("name"), name("share"), name("payload_kind"), name("payload"));
    let with =
        |name, label, optional| Field { name, label, hint: None, problem: problems.about(name), optional };
    let kinds = [("", "Nothing"), ("string", "Text"), ("json", "JSON"), ("csv", "CSV"), ("number", "Number")];
    html! {
        fieldset.card id={ "v." (number) } {
            legend { "Variant " (place) }
            div.pair {
                (with(&called, "Name", false).text("text", &row.name, "off"))
                (with(&share, "Share in percent", true).text("text", &row.share, "off"))
            }
            (with(&kind, "What it carries", false).choice(&kinds, &row.payload_kind))
            (with(&payload, "Payload", true).lines(&row.payload))
            (drop_button("v", number, &format!("Remove variant {place}")))
        }
    }
}

fn drop_button(kind: &str, number: usize, label: &str) -> Markup {
    html! {
        div.row { button.button.small id={ "drop-" (kind) "-" (number) } name="act" value={ "drop " (kind) "." (number) } { (label) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_stands_beside_its_field() {
        let pairs =
            ["c.3.field", "c.7.field", "v.1.name", "v.2.name"].map(|name| (name.to_owned(), "z".to_owned()));
        let mut sent = Sent::read(pairs.to_vec()).unwrap();
        sent.variants.get_mut(&2).unwrap().name = "a".to_owned();
        for (sentence, field, text) in [
            (
                "\"constraints[0].value\" must be a number. You provided \"x\".",
                "c.3.values",
                "must be a number. You provided \"x\".",
            ),
            (
                "\"constraints[1].values[0]\" is not allowed to be empty.",
                "c.7.values",
                "Value 1: is not allowed to be empty.",
            ),
            ("\"constraints[1].contextName\": is odd", "c.7.field", "is odd"),
            ("variants[0].name: is used twice", "v.2.name", "is used twice"),
            ("variants[1].weight: too much", "v.1.share", "too much"),
            ("parameters.rollout: is no number", "p.rollout", "is no number"),
        ] {
            let found = Problems::of(&sent, vec![sentence.to_owned()]);
            assert_eq!((found.about(field), found.rest.len()), (Some(text), 0), "{sentence}");
        }
        let found =
            Problems::of(&sent, vec!["constraints[9].value: gone".to_owned(), "Something else.".to_owned()]);
        assert_eq!(found.rest.len(), 2);
    }
}
