//! What differs between two declarations, for people.

use serde_json::Value;

/// The longest value that is shown whole, in characters.
const LONGEST: usize = 120;

/// One line for each value that comes (`+`), goes (`-`) or changes (`~`), with its path.
pub(super) fn diff(before: &Value, after: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    compare("", Some(before), Some(after), &mut lines);
    lines
}

fn compare(path: &str, before: Option<&Value>, after: Option<&Value>, lines: &mut Vec<String>) {
    if before == after {
        return;
    }
    let keyed = |value: Option<&Value>| value.is_none_or(Value::is_object);
    let listed = |value: Option<&Value>| {
        value.is_none_or(|value| value.as_array().is_some_and(|list| list.iter().all(Value::is_object)))
    };
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}/{key}") };
    let empty = |value: Option<&Value>| match value {
        Some(Value::Object(members)) => members.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        _ => false,
    };
    if empty(before) != empty(after) && (before.is_none() || after.is_none()) {
        let (sign, value) = if before.is_none() { ("+", after) } else { ("-", before) };
        lines.push(format!("{sign} {path}: {}", shown(value)));
    } else if keyed(before) && keyed(after) {
        let of = |value: Option<&Value>| value.and_then(Value::as_object).cloned().unwrap_or_default();
        let (before, after) = (of(before), of(after));
        let mut keys: Vec<&String> = before.keys().chain(after.keys()).collect();
        keys.sort();
        keys.dedup();
        for key in keys {
            compare(&below(key), before.get(key), after.get(key), lines);
        }
    } else if listed(before) && listed(after) {
        let of = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
        let (before, after) = (of(before), of(after));
        for index in 0..before.len().max(after.len()) {
            compare(&below(&index.to_string()), before.get(index), after.get(index), lines);
        }
    } else {
        lines.push(match (before, after) {
            (None, after) => format!("+ {path}: {}", shown(after)),
            (before, None) => format!("- {path}: {}", shown(before)),
            (before, after) => format!("~ {path}: {} -> {}", shown(before), shown(after)),
        });
    }
}

fn shown(value: Option<&Value>) -> String {
    let text = value.map(Value::to_string).unwrap_or_default();
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_value_that_differs_is_one_line() {
        let before = json!({"a": {"b": 1, "c": [{"x": 1}], "d": ["p"], "same": 0}, "gone": true});
        let after = json!({"a": {"b": 2, "c": [{"x": 1}, {"y": 2}], "d": ["p", "q"], "same": 0}, "new": {"z": null}, "bare": {}});
        assert_eq!(
            diff(&before, &after),
            [
                "~ a/b: 1 -> 2",
                "+ a/c/1/y: 2",
                "~ a/d: [\"p\"] -> [\"p\",\"q\"]",
                "+ bare: {}",
                "- gone: true",
                "+ new/z: null",
            ]
        );
        assert_eq!(diff(&before, &before), Vec::<String>::new());
    }
}
