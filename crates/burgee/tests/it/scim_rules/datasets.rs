//! Random users and groups.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// Texts that somebody once got wrong: case folding, wildcards, quotes, the ends of the alphabet.
const WORDS: [&str; 30] = [
    "ann",
    "Ann",
    "ANN",
    "İstanbul",
    "istanbul",
    "ISTANBUL",
    "ı",
    "straße",
    "STRASSE",
    "STRAẞE",
    "é",
    "e\u{301}",
    "\u{212a}",
    "Σ",
    "ς",
    "100%",
    "%",
    "_",
    "a_b",
    "O'Brien",
    "say \"hi\"",
    "back\\slash",
    "日本",
    "\u{10ffff}",
    "\u{d7ff}",
    "true",
    "42",
    " x",
    "a b",
    "work",
];

/// A short text; now and then a long one, of which many share the beginning.
pub fn text() -> impl Strategy<Value = String> {
    let word = || select(&WORDS[..]);
    prop_oneof![
        8 => word().prop_map(str::to_owned),
        4 => (word(), word()).prop_map(|(a, b)| format!("{a}{b}")),
        1 => (word(), 140..168usize).prop_map(|(end, times)| format!("{}{end}", "Läng ".repeat(times))),
    ]
}

/// Part of an object: there, empty, null or missing.
fn part(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Option<Value>> {
    prop_oneof![3 => value.prop_map(Some), 2 => Just(None), 1 => Just(Some(json!(""))), 1 => Just(Some(Value::Null))]
}

/// Part of an object that is an object itself.
fn inner(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Option<Value>> {
    prop_oneof![3 => value.prop_map(Some), 1 => Just(None), 1 => Just(Some(Value::Null))]
}

fn object(parts: Vec<(&'static str, Option<Value>)>) -> Value {
    Value::Object(parts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
}

fn word() -> impl Strategy<Value = Value> {
    text().prop_map(Value::from)
}

/// Values of a list such as `emails`.
fn elements() -> impl Strategy<Value = Option<Value>> {
    let kind = select(vec!["work", "Work", "home", "other", "İ"]).prop_map(Value::from);
    let primary = prop_oneof![3 => Just(None), 1 => any::<bool>().prop_map(|primary| Some(json!(primary)))];
    let foreign = prop_oneof![5 => Just(None), 1 => Just(Some(json!("of our own")))];
    let element = (part(word()), part(kind), primary, part(word()), foreign).prop_map(
        |(value, kind, primary, display, own)| {
            object(vec![
                ("value", value),
                ("type", kind),
                ("primary", primary),
                ("display", display),
                ("shade", own),
            ])
        },
    );
    prop_oneof![1 => Just(None), 2 => prop::collection::vec(element, 0..4).prop_map(|list| Some(Value::Array(list)))]
}

fn addresses() -> impl Strategy<Value = Option<Value>> {
    let address = (part(word()), part(word()), part(word())).prop_map(|(locality, country, kind)| {
        object(vec![("locality", locality), ("country", country), ("type", kind)])
    });
    prop_oneof![1 => Just(None), 1 => prop::collection::vec(address, 0..3).prop_map(|list| Some(Value::Array(list)))]
}

/// The body of a POST of the user number `index`.
fn user(index: usize) -> impl Strategy<Value = Value> {
    let name = (part(word()), part(word()), part(word())).prop_map(|(formatted, family, given)| {
        object(vec![("formatted", formatted), ("familyName", family), ("givenName", given)])
    });
    let manager =
        part(word()).prop_map(|value| object(vec![("value", value), ("$ref", Some(json!("../Users/1")))]));
    let enterprise =
        (part(word()), part(word()), inner(manager)).prop_map(|(number, department, manager)| {
            object(vec![("employeeNumber", number), ("department", department), ("manager", manager)])
        });
    let short = || select(&WORDS[..]);
    let keys = (
        short(),
        prop_oneof![1 => Just(None), 1 => short().prop_map(move |word| Some(json!(format!("{word}{index}"))))],
    );
    let texts = (part(word()), part(word()), part(word()), inner(name), inner(enterprise));
    let active = prop_oneof![1 => Just(None), 2 => any::<bool>().prop_map(|active| Some(json!(active)))];
    let lists = (elements(), elements(), elements(), elements(), addresses());
    (keys, texts, active, lists).prop_map(move |((name, external), texts, active, lists)| {
        object(vec![
            ("userName", Some(json!(format!("{name}{index}")))),
            ("externalId", external),
            ("displayName", texts.0),
            ("nickName", texts.1),
            ("title", texts.2),
            ("name", texts.3),
            (ENTERPRISE, texts.4),
            ("active", active),
            ("emails", lists.0),
            ("roles", lists.1),
            ("phoneNumbers", lists.2),
            ("x509Certificates", lists.3),
            ("addresses", lists.4),
        ])
    })
}

/// A group, with the numbers of the users and of the earlier groups that are in it.
#[derive(Clone, Debug)]
pub struct NewGroup {
    pub body: Value,
    pub users: Vec<usize>,
    pub groups: Vec<usize>,
}

/// Some users, some groups, and the users that are changed afterwards.
#[derive(Clone, Debug)]
pub struct Dataset {
    pub users: Vec<Value>,
    pub groups: Vec<NewGroup>,
    pub changed: Vec<usize>,
}

pub fn dataset() -> impl Strategy<Value = Dataset> {
    (3..10usize, 0..5usize).prop_flat_map(|(users, groups)| {
        let group = |index: usize| {
            let external = prop_oneof![1 => Just(None), 1 => select(&WORDS[..]).prop_map(move |w| Some(json!(format!("{w}{index}"))))];
            let members = subsequence((0..users).collect::<Vec<_>>(), 0..=users);
            let nested = subsequence((0..index).collect::<Vec<_>>(), 0..=index);
            (text(), external, members, nested).prop_map(move |(name, external, users, groups)| {
                let name: String = name.chars().take(100).chain(index.to_string().chars()).collect();
                let body = object(vec![("displayName", Some(json!(name))), ("externalId", external)]);
                NewGroup { body, users, groups }
            })
        };
        let everybody: Vec<_> = (0..users).map(|index| user(index).boxed()).collect();
        let all: Vec<_> = (0..groups).map(|index| group(index).boxed()).collect();
        (everybody, all, subsequence((0..users).collect::<Vec<_>>(), 0..=users))
            .prop_map(|(users, groups, changed)| Dataset { users, groups, changed })
    })
}
