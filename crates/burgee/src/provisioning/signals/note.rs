//! What is noted in the record while a provisioned resource is made or changed.

use std::collections::BTreeSet;

use burgee_scim::Object;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::events::{Change, Event, Fact};
use crate::provisioning::resource::{Noun, Provisioned};

/// How an identity provider changed a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// It made it.
    Create,
    /// It replaced it.
    Put,
    /// It changed parts of it.
    Patch,
}

/// What a fact says of a resource: names of attributes, and no values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Signal {
    /// The number of the connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) connection: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) verb: Option<Verb>,
    /// `User` or `Group`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) noun: Option<String>,
    /// The id that the identity provider knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) attributes: Vec<String>,
    /// True if it was here before, managed by hand.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) adopted: bool,
    /// What the request is called, if its client did not wait for the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) txn: Option<String>,
    /// True if it is about the answer to that request.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) answer: bool,
}

/// What was done to a resource, for those who are told.
pub struct Note<'a> {
    /// By which connection.
    pub connection: i64,
    /// To what.
    pub noun: Noun,
    /// How.
    pub verb: Verb,
    /// The document before; none if there was nothing.
    pub before: Option<&'a Object>,
    /// The resource now.
    pub after: &'a Provisioned,
}

/// Notes it at one of the facts that were recorded since there were `from` of them: at the one that begins or ends
/// access, so that both are told at once, or else at the last. Without facts, nothing is noted.
pub fn note(tx: &mut Change, from: usize, it: &Note<'_>) {
    let facts = &tx.events()[from..];
    if facts.is_empty() {
        return;
    }
    let at = from + facts.iter().rposition(Event::flips).unwrap_or(facts.len() - 1);
    let adopted = facts.iter().any(|event| matches!(event.fact, Fact::UserAdopted | Fact::GroupAdopted));
    let mut attributes = changed(it.before, &it.after.document);
    if it.noun == Noun::Group && facts.iter().any(is_about_members) {
        attributes.insert("members".to_owned());
    }
    let signal = Signal {
        connection: Some(it.connection),
        verb: Some(it.verb),
        noun: Some(it.noun.name().to_owned()),
        id: Some(it.after.scim_id.clone()),
        version: Some(it.after.version),
        attributes: attributes.into_iter().collect(),
        adopted,
        ..Signal::default()
    };
    tx.signal_at(at, json!(signal));
}

/// Notes at the last fact that somebody, or a group, who was here already is managed by the connection from now on,
/// under this id.
pub fn adopted(tx: &mut Change, connection: i64, noun: Noun, id: &str) {
    let signal = Signal {
        connection: Some(connection),
        noun: Some(noun.name().to_owned()),
        id: Some(id.to_owned()),
        adopted: true,
        ..Signal::default()
    };
    tx.signal(json!(signal));
}

fn is_about_members(event: &Event) -> bool {
    let nested = || event.data.as_ref().is_some_and(|state| state.get("groupsChanged").is_some());
    matches!(event.fact, Fact::GroupUserAdded | Fact::GroupUserRemoved)
        || (event.fact == Fact::GroupUpdated && nested())
}

/// The names of the attributes that differ; those of an extension with its URN.
fn changed(before: Option<&Object>, after: &Object) -> BTreeSet<String> {
    let none = Object::new();
    let before = before.unwrap_or(&none);
    let mut names = BTreeSet::new();
    for name in before.keys().chain(after.keys()).filter(|name| *name != "schemas") {
        let (old, new) = (before.get(name), after.get(name));
        if old == new {
            continue;
        }
        if !name.starts_with("urn:") {
            names.insert(name.clone());
            continue;
        }
        let (old, new) = (old.and_then(Value::as_object), new.and_then(Value::as_object));
        let own = |one: Option<&Object>, other: Option<&Object>| -> Vec<String> {
            let members = one.into_iter().flatten();
            let differing =
                members.filter(|(key, value)| other.and_then(|other| other.get(*key)) != Some(*value));
            differing.map(|(key, _)| format!("{name}:{key}")).collect()
        };
        names.extend(own(old, new));
        names.extend(own(new, old));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_what_differs_and_no_values() {
        let object = |value: Value| value.as_object().cloned().unwrap();
        let before = object(json!({
            "schemas": ["a"], "userName": "ann", "title": "x", "urn:x:User": { "department": "a", "floor": 1 },
        }));
        let after = object(json!({
            "schemas": ["a", "b"], "userName": "ann", "active": true, "urn:x:User": { "department": "b", "floor": 1 },
        }));
        let names: Vec<String> = changed(Some(&before), &after).into_iter().collect();
        assert_eq!(names, ["active", "title", "urn:x:User:department"]);
        let all: Vec<String> = changed(None, &before).into_iter().collect();
        assert_eq!(all, ["title", "urn:x:User:department", "urn:x:User:floor", "userName"]);
    }
}
