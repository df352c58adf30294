//! The form of a strategy, drawn. Every row is there without scripts; buttons ask for more of them.

use maud::{Markup, html};

use super::sent::{Sent, VariantRow};
use crate::contexts::Field as ContextField;
use crate::segments::Segment;
use crate::strategies::{Parameter, ParameterKind};
use crate::ui::frame::Frame;
use crate::ui::part::conditions::drop_button;
use crate::ui::part::form::{Field, Problems, check, in_row, of_member};

/// What the form offers to choose from.
pub(super) struct Choices {
    /// What the type needs to know.
    pub(super) parameters: Vec<Parameter>,
    pub(super) fields: Vec<ContextField>,
    pub(super) segments: Vec<Segment>,
}

/// Finds out which sentence is about which field.
pub(super) fn problems(sent: &Sent, sentences: Vec<String>) -> Problems {
    Problems::of(sentences, |sentence| located(sent, sentence))
}

fn located(sent: &Sent, sentence: &str) -> Option<(String, String)> {
    let plain = sentence.strip_prefix('"').unwrap_or(sentence);
    if plain.starts_with("The title ") {
        return Some(("title".to_owned(), plain.to_owned()));
    }
    if let Some((index, member, text)) = in_row("variants", plain) {
        let number = *sent.variants_in_order().get(index)?;
        let field = match member.as_str() {
            "name" => "name",
            "payload" => "payload",
            _ => "share",
        };
        return Some((format!("v.{number}.{field}"), text));
    }
    if let Some(parameter) = plain.strip_prefix("parameters.") {
        let (member, text) = of_member(parameter);
        return Some((format!("p.{member}"), text));
    }
    sent.conditions.located(plain)
}

/// What stands between the beginning of the form and its buttons.
pub(super) fn fields(frame: &Frame, sent: &Sent, choices: &Choices, problems: &Problems) -> Markup {
    html! {
        (Field { name: "title", label: "Title", hint: Some("What people call it."), problem: problems.about("title"), optional: true, ..Field::default() }
            .text("text", &sent.title, "off"))
        @for it in &choices.parameters { (parameter(it, sent, choices, problems)) }
        (segments(sent, &choices.segments))
        (sent.conditions.fields(frame, &choices.fields, problems))
        section aria-labelledby="variants" {
            h2 #variants { "Variants" }
            p.hint { "Different forms of the flag. Those without a share split what the others leave." }
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
    let hint = match parameter.name.as_str() {
        "rollout" | "percentage" => Some("From 0 to 100."),
        "IPs" | "hostNames" | "userIds" => None,
        _ => parameter.description.as_deref().filter(|text| !text.is_empty()),
    };
    let field = Field {
        name: &name,
        label,
        hint,
        problem: problems.about(&name),
        // A type that we bring knows what to do without.
        optional: parameter.required != Some(true) || parameter.name == "groupId",
        ..Field::default()
    };
    match parameter.kind {
        ParameterKind::String if parameter.name == "stickiness" => {
            let known = stickiness(&choices.fields, value);
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

/// What rollouts may go by, with what is chosen already.
pub(in crate::ui) fn stickiness<'a>(fields: &'a [ContextField], chosen: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut known = vec![
        ("default", "By user, else session, else at random"),
        ("userId", "By user"),
        ("sessionId", "By session"),
        ("random", "At random, each time anew"),
    ];
    let more = fields.iter().filter(|it| it.stickiness).map(|it| it.name.as_str());
    for name in more.chain((!chosen.is_empty()).then_some(chosen)) {
        if !known.iter().any(|(known, _)| *known == name) {
            known.push((name, name));
        }
    }
    known
}

fn segments(sent: &Sent, segments: &[Segment]) -> Markup {
    html! {
        @if !segments.is_empty() {
            fieldset.choices {
                legend { "Segments" }
                p.hint { "Only who is in every chosen segment gets the flag." }
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

fn variant(place: usize, number: usize, row: &VariantRow, problems: &Problems) -> Markup {
    let name = |member: &str| format!("v.{number}.{member}");
    let (called, share, kind, payload) = (name("name"), name("share"), name("payload_kind"), name("payload"));
    let with = |name, label, optional| Field {
        name,
        label,
        hint: None,
        problem: problems.about(name),
        optional,
        ..Field::default()
    };
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
            let found = problems(&sent, vec![sentence.to_owned()]);
            assert_eq!((found.about(field), found.rest.len()), (Some(text), 0), "{sentence}");
        }
        let found =
            problems(&sent, vec!["constraints[9].value: gone".to_owned(), "Something else.".to_owned()]);
        assert_eq!(found.rest.len(), 2);
    }
}
