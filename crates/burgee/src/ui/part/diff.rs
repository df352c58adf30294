//! Before and after, value by value.

use maud::{Markup, html};
use serde_json::Value;

/// How many lines are shown.
const MOST: usize = 200;
/// The longest value that is shown whole, in characters.
const LONGEST: usize = 300;

/// One value that differs.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    path: String,
    before: Option<String>,
    after: Option<String>,
}

/// The difference between two states. What is the same in both is left out.
pub(in crate::ui) fn diff(before: Option<&Value>, after: Option<&Value>) -> Markup {
    between(("Before", before), ("After", after))
}

/// The difference between two states that have names.
pub(in crate::ui) fn between(
    (first, before): (&str, Option<&Value>),
    (second, after): (&str, Option<&Value>),
) -> Markup {
    let lines = lines(before, after);
    let more = lines.len().saturating_sub(MOST);
    // What is only on one side needs one column.
    let old = lines.iter().any(|line| line.before.is_some());
    let new = lines.iter().any(|line| line.after.is_some());
    html! {
        @if lines.is_empty() {
            p.muted { "No values were recorded with this event." }
        } @else {
            table.diff {
                thead { tr { th scope="col" { "Field" } @if old { th scope="col" { (first) } } @if new { th scope="col" { (second) } } } }
                tbody {
                    @for line in lines.iter().take(MOST) {
                        tr {
                            th scope="row" { (line.path) }
                            @if old { td { @if let Some(before) = &line.before { del { span.unseen { "removed: " } (before) } } @else { span.muted { "–" } } } }
                            @if new { td { @if let Some(after) = &line.after { ins { span.unseen { "added: " } (after) } } @else { span.muted { "–" } } } }
                        }
                    }
                }
            }
            @if more > 0 { p.muted { "and " (more) " more" } }
        }
    }
}

fn lines(before: Option<&Value>, after: Option<&Value>) -> Vec<Line> {
    let mut lines = Vec::new();
    compare(String::new(), before, after, &mut lines);
    lines
}

fn compare(path: String, before: Option<&Value>, after: Option<&Value>, lines: &mut Vec<Line>) {
    if before == after {
        return;
    }
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match (parts(before), parts(after)) {
        (Some(old), Some(new)) => {
            let names = new.iter().chain(old.iter().filter(|(name, _)| get(&new, name).is_none()));
            for (name, _) in names {
                compare(below(name), get(&old, name), get(&new, name), lines);
            }
        }
        _ => lines.push(Line { path, before: shown(before), after: shown(after) }),
    }
}

/// The parts of a value that has some; nothing has none.
fn parts(value: Option<&Value>) -> Option<Vec<(String, &Value)>> {
    match value {
        None => Some(Vec::new()),
        Some(Value::Object(map)) => Some(map.iter().map(|(name, value)| (name.clone(), value)).collect()),
        Some(Value::Array(list)) if list.iter().any(Value::is_object) => {
            Some(list.iter().enumerate().map(|(index, value)| ((index + 1).to_string(), value)).collect())
        }
        Some(_) => None,
    }
    .filter(|parts: &Vec<_>| value.is_none() || !parts.is_empty())
}

fn get<'a>(parts: &[(String, &'a Value)], wanted: &str) -> Option<&'a Value> {
    parts.iter().find(|(name, _)| name == wanted).map(|(_, value)| *value)
}

fn shown(value: Option<&Value>) -> Option<String> {
    let text = match value? {
        Value::String(text) => text.clone(),
        Value::Null => "none".to_owned(),
        Value::Array(list) if list.iter().all(Value::is_string) => {
            list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    };
    let cut = text.char_indices().nth(LONGEST).map_or(text.len(), |(at, _)| at);
    Some(if cut < text.len() { format!("{}…", &text[..cut]) } else { text })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(before: Option<&Value>, after: Option<&Value>) -> Vec<String> {
        let lines = lines(before, after);
        lines
            .into_iter()
            .map(|line| {
                let [before, after] =
                    [line.before, line.after].map(|side| side.unwrap_or_else(|| "-".to_owned()));
                format!("{}: {before} > {after}", line.path)
            })
            .collect()
    }

    #[test]
    fn only_what_differs_is_told() {
        let before = json!({ "a": 1, "same": true, "list": ["x"], "gone": null, "deep": { "b": "old" } });
        let after =
            json!({ "a": 2, "same": true, "list": ["x", "y"], "deep": { "b": "new" }, "c": [{ "d": 1 }] });
        assert_eq!(
            told(Some(&before), Some(&after)),
            ["a: 1 > 2", "list: x > x, y", "deep.b: old > new", "c.1.d: - > 1", "gone: none > -"]
        );
        assert_eq!(told(Some(&before), Some(&before)), [""; 0]);
        assert_eq!(told(None, Some(&json!({ "a": "x" }))), ["a: - > x"]);
        assert_eq!(told(Some(&json!({ "a": "x" })), None), ["a: x > -"]);
        assert_eq!(told(None, Some(&json!({ "a": {}, "b": [] }))), ["a: - > {}", "b: - > "]);
    }
}
