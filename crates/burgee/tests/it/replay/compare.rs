//! What differs between two answers, apart from what differs between any two installations.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::support::client::Answer;

/// One difference: where in the answer, and what each side says.
pub struct Difference {
    pub at: String,
    pub theirs: String,
    pub ours: String,
}

/// Ids, secrets and times: what no two installations share.
static ACCIDENTAL: LazyLock<Regex> = LazyLock::new(|| {
    let (uuid, ulid, time) = (
        "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        "[0-9A-HJKMNP-TV-Z]{26}",
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
    );
    let rest = r"[0-9a-f]{32,}|https?://[^/ ]+|\b\d+\b";
    Regex::new(&format!("{uuid}|{ulid}|{time}|{rest}")).unwrap()
});

/// Numbers that count rows which the story did not make.
const COUNTED: [&str; 6] = ["id", "userId", "createdByUserId", "createdBy", "revisionId", "seatCount"];

/// Lists that Unleash leaves in the order of its tables, which is none.
const UNORDERED: [&str; 4] = [".features", ".users", ".admins", ".overview.project"];

/// Everything that differs.
pub fn answers(theirs: &Answer, ours: &Answer) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut text = |at: &str, theirs: String, ours: String| {
        if essence(&theirs) != essence(&ours) {
            found.push(Difference { at: at.to_owned(), theirs, ours });
        }
    };
    if theirs.status != ours.status {
        let told = |answer: &Answer| {
            format!("{} {}", answer.status, answer.text.chars().take(300).collect::<String>())
        };
        return vec![Difference { at: "status".to_owned(), theirs: told(theirs), ours: told(ours) }];
    }
    text("location", theirs.header("location").to_owned(), ours.header("location").to_owned());
    let parse = |answer: &Answer| serde_json::from_str::<Value>(&answer.text).ok();
    match (parse(theirs), parse(ours)) {
        (Some(theirs), Some(ours)) => values("", &theirs, &ours, &mut found),
        _ => text("body", theirs.text.clone(), ours.text.clone()),
    }
    found
}

fn essence(text: &str) -> String {
    ACCIDENTAL.replace_all(text, "~").into_owned()
}

fn values(at: &str, theirs: &Value, ours: &Value, found: &mut Vec<Difference>) {
    let differs = |theirs: &dyn ToString, ours: &dyn ToString| Difference {
        at: at.trim_start_matches('.').to_owned(),
        theirs: theirs.to_string().chars().take(400).collect(),
        ours: ours.to_string().chars().take(400).collect(),
    };
    match (theirs, ours) {
        (Value::Object(a), Value::Object(b)) => {
            for (key, value) in a {
                let inner = format!("{at}.{key}");
                match b.get(key) {
                    Some(other) => values(&inner, value, other, found),
                    None => found.push(Difference {
                        at: inner.trim_start_matches('.').to_owned(),
                        ..differs(value, &"nothing")
                    }),
                }
            }
            for (key, value) in b.iter().filter(|(key, _)| !a.contains_key(*key)) {
                let inner = format!("{at}.{key}");
                found.push(Difference {
                    at: inner.trim_start_matches('.').to_owned(),
                    ..differs(&"nothing", value)
                });
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let (mut a, mut b): (Vec<&Value>, Vec<&Value>) = (a.iter().collect(), b.iter().collect());
            if UNORDERED.iter().any(|list| at.ends_with(list)) {
                let key = |value: &&Value| format!("{}{}", value["username"], value["name"]);
                a.sort_by_key(key);
                b.sort_by_key(key);
            }
            for (value, other) in a.into_iter().zip(b) {
                values(&format!("{at}[]"), value, other, found);
            }
        }
        (Value::String(a), Value::String(b)) if essence(a) == essence(b) => {}
        (Value::Number(_), Value::Number(_))
            if COUNTED.iter().any(|key| at.ends_with(&format!(".{key}"))) => {}
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => {}
        (a, b) if a == b => {}
        (a, b) => found.push(differs(a, b)),
    }
}
