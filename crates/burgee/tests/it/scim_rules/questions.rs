//! Random questions about what there is: filters over everything, with values that are there, nearly there, or not.

use std::collections::BTreeMap;

use burgee_scim::schema::{COMMON, Kind};
use burgee_scim::{Attribute, Object, ResourceType, fold};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value, json};

use super::datasets::text;

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
