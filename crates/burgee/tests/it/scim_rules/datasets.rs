//! Random users and groups, and random questions about them.

use std::collections::BTreeMap;

use burgee_scim::schema::{COMMON, Kind};
use burgee_scim::{Attribute, Object, ResourceType, fold};
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use serde_json::{Map, Value, json};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// Texts that somebody once got wrong: case folding, wildcards, quotes, the ends of the alphabet.
pub const WORDS: [&str; 30] = [
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
fn text() -> impl Strategy<Value = String> {
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

/// What there is to ask for: attributes with their kinds, and the values that the resources have.
#[derive(Clone)]
pub struct Pool {
    paths: Vec<(String, Kind)>,
    lists: Vec<(String, Vec<(String, Kind)>)>,
    values: BTreeMap<String, Vec<String>>,
}

impl Pool {
    pub fn of(rt: &'static ResourceType, resources: &[Object]) -> Self {
        let mut pool = Self { paths: Vec::new(), lists: Vec::new(), values: BTreeMap::new() };
        for attribute in COMMON {
            pool.learn(
                "",
                attribute,
                resources.iter().filter_map(|object| object.get(attribute.name)).collect(),
            );
        }
        for schema in rt.schemas() {
            let prefix = if schema.extension { format!("{}:", schema.urn) } else { String::new() };
            for attribute in schema.attributes {
                let homes = resources.iter().filter_map(|object| {
                    if schema.extension { object.get(schema.urn)?.as_object() } else { Some(object) }
                });
                pool.learn(
                    &prefix,
                    attribute,
                    homes.filter_map(|object| object.get(attribute.name)).collect(),
                );
            }
        }
        pool
    }

    fn learn(&mut self, prefix: &str, attribute: &'static Attribute, values: Vec<&Value>) {
        let key = format!("{prefix}{}", attribute.name);
        let flat: Vec<&Value> = values
            .into_iter()
            .flat_map(|value| value.as_array().map_or(vec![value], |list| list.iter().collect()))
            .collect();
        let subs: Vec<(String, Kind)> =
            attribute.sub_attributes.iter().map(|sub| (sub.name.to_owned(), sub.kind)).collect();
        for sub in attribute.sub_attributes {
            let path = format!("{key}.{}", sub.name);
            self.values.insert(
                path.clone(),
                flat.iter().filter_map(|value| value.get(sub.name)).map(plain).collect(),
            );
            self.paths.push((path, sub.kind));
        }
        if !subs.is_empty() {
            self.lists.push((key.clone(), subs));
        }
        self.values.insert(
            key.clone(),
            flat.iter().filter(|value| !value.is_object()).map(|value| plain(value)).collect(),
        );
        self.paths.push((key, attribute.kind));
    }

    /// The attributes.
    pub fn paths(&self) -> Vec<String> {
        self.paths.iter().map(|(path, _)| path.clone()).collect()
    }

    /// Filters over everything.
    pub fn filters(&self) -> BoxedStrategy<String> {
        let tests = self.tests("", self.paths.clone());
        let lists: Vec<BoxedStrategy<String>> = self
            .lists
            .iter()
            .map(|(list, subs)| {
                let name = list.clone();
                logic(self.tests(&format!("{list}."), subs.clone()))
                    .prop_map(move |inner| format!("{name}[{inner}]"))
                    .boxed()
            })
            .collect();
        let element = (any::<Index>(), lists).prop_map(|(index, all)| index.get(&all).clone());
        logic(prop_oneof![3 => tests, 2 => element].boxed())
    }

    /// Single tests; the attributes are written without `prefix`.
    fn tests(&self, prefix: &str, paths: Vec<(String, Kind)>) -> BoxedStrategy<String> {
        let (pool, prefix) = (self.clone(), prefix.to_owned());
        let test = (select(paths), any::<Index>(), 0..13u8, any::<Index>(), any::<Index>(), text(), 0..9u8);
        test.prop_map(move |((path, kind), value, operator, from, to, other, shape)| {
            let own = pool.values.get(&format!("{prefix}{path}")).filter(|values| !values.is_empty());
            let text = own.map_or(other.clone(), |values| value.get(values).clone());
            let operators = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "eq", "sw", "pr", "null"];
            let flat = |name| {
                if matches!(kind, Kind::DateTime) && matches!(name, "co" | "sw" | "ew") { "ge" } else { name }
            };
            match (kind, flat(operators[usize::from(operator)])) {
                (_, "pr") => format!("{path} pr"),
                (_, "null") => format!("{path} {} null", if shape % 2 == 0 { "eq" } else { "ne" }),
                (Kind::Boolean, name) => {
                    format!("{path} {} {}", if name == "ne" { "ne" } else { "eq" }, shape % 2 == 0)
                }
                (Kind::DateTime, name) => format!("{path} {name} \"{}\"", moment(&text, shape)),
                (Kind::Binary, name) => {
                    format!("{path} {} {}", if name == "ne" { "ne" } else { "eq" }, json!(text))
                }
                (_, name) => format!("{path} {name} {}", json!(piece(&text, &other, from, to, shape))),
            }
        })
        .boxed()
    }
}

fn logic(leaf: BoxedStrategy<String>) -> BoxedStrategy<String> {
    leaf.prop_recursive(3, 10, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} and {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} or {b})")),
            inner.clone().prop_map(|a| format!("not ({a})")),
            inner,
        ]
    })
    .boxed()
}

/// A value as it is, in another case, a part of it, or something else.
fn piece(value: &str, other: &str, from: Index, to: Index, shape: u8) -> String {
    let letters: Vec<char> = value.chars().collect();
    let (a, b) = (from.index(letters.len() + 1), to.index(letters.len() + 1));
    match shape {
        0..=2 => value.to_owned(),
        3 => value.to_uppercase(),
        4 => fold(value),
        5 => letters[a.min(b)..a.max(b)].iter().collect(),
        6 => letters[..a].iter().collect(),
        7 => letters[a..].iter().collect(),
        _ => other.to_owned(),
    }
}

/// A moment near the one that is written, with or without an offset and parts of a millisecond.
fn moment(text: &str, shape: u8) -> String {
    let at: jiff::Timestamp = text.parse().unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let nanos = [0, 0, 1_000_000, -1_000_000, 1, -1, 400_000, -400_000, 0][usize::from(shape)];
    let moved = jiff::Timestamp::from_nanosecond(at.as_nanosecond() + nanos).unwrap();
    let shifted = jiff::Timestamp::from_nanosecond(moved.as_nanosecond() + 7_200_000_000_000).unwrap();
    match shape {
        8 => format!("{moved:.9}"),
        shape if shape % 2 == 0 => format!("{moved:.9}"),
        _ => format!("{shifted:.9}").replace('Z', "+02:00"),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The object in a JSON value.
pub fn as_object(value: &Value) -> Object {
    value.as_object().cloned().unwrap_or_else(Map::new)
}
