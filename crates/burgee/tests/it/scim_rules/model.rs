//! Users and groups as a naive program would keep them: whole documents and sets in memory.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

/// The attributes with one simple value that the model knows.
pub const SIMPLE: [&str; 3] = ["nickName", "title", "externalId"];

/// A user or a group, as it should be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resource {
    pub document: Map<String, Value>,
    pub members: BTreeSet<String>,
    pub version: u64,
    /// Makes e-mail addresses that nobody else has.
    pub serial: usize,
}

impl Resource {
    /// Applies changes of a user.
    pub fn change(&mut self, ops: &[UserOp]) {
        for op in ops {
            op.apply(self);
        }
    }
}

#[derive(Clone, Debug, Default)]
pub struct Model {
    pub users: BTreeMap<String, Resource>,
    pub groups: BTreeMap<String, Resource>,
    pub made: usize,
}

/// A change of a user's document, and how a client writes it.
#[derive(Clone, Debug)]
pub enum UserOp {
    Set(usize, u8),
    SetWithoutPath(usize, u8),
    Unset(usize),
    Rename(u8),
    Name(Option<u8>, Option<u8>),
    UnsetGiven,
    Active(bool),
    AddEmail(u8, bool),
    RemoveEmails(bool),
    Emails(BTreeSet<(u8, bool)>),
    WorkEmail(u8),
}

/// A change of a group. Members are given by id; some mean nobody.
#[derive(Clone, Debug)]
pub enum GroupOp {
    Add(Vec<String>),
    Remove(Vec<String>),
    RemoveOne(String),
    Replace(Vec<String>),
    RemoveAll,
    Rename(u8),
    External(Option<u8>),
}

fn kind(work: bool) -> &'static str {
    if work { "work" } else { "home" }
}

fn email(serial: usize, number: u8, work: bool) -> Value {
    json!({ "value": format!("u{serial}.{number}@x.io"), "type": kind(work) })
}

/// Names that differ in case only are the same.
pub fn name(number: u8) -> String {
    let name = format!("Name{}", number / 2);
    if number.is_multiple_of(2) { name } else { name.to_uppercase() }
}

impl UserOp {
    pub fn write(&self, serial: usize) -> Value {
        let word = |number: &u8| format!("w{number}");
        match self {
            Self::Set(at, to) => {
                json!({"op": "replace", "path": SIMPLE[*at], "value": own(serial, *at, word(to))})
            }
            Self::SetWithoutPath(at, to) => {
                json!({"op": "add", "value": {SIMPLE[*at]: own(serial, *at, word(to))}})
            }
            Self::Unset(at) => json!({"op": "Remove", "path": SIMPLE[*at]}),
            Self::Rename(to) => json!({"op": "replace", "path": "userName", "value": name(*to)}),
            Self::Name(given, family) => {
                json!({"op": "replace", "path": "name", "value": parts(*given, *family)})
            }
            Self::UnsetGiven => json!({"op": "remove", "path": "name.givenName"}),
            Self::Active(active) => json!({"op": "replace", "value": {"active": active}}),
            Self::AddEmail(number, work) => {
                json!({"op": "add", "path": "emails", "value": [email(serial, *number, *work)]})
            }
            Self::RemoveEmails(work) => {
                json!({"op": "remove", "path": format!("emails[type eq \"{}\"]", kind(*work))})
            }
            Self::Emails(all) => {
                let list: Vec<Value> =
                    all.iter().map(|(number, work)| email(serial, *number, *work)).collect();
                json!({"op": "replace", "path": "emails", "value": list})
            }
            Self::WorkEmail(number) => {
                json!({"op": "replace", "path": "emails[type eq \"work\"].value", "value": email(serial, *number, true)["value"]})
            }
        }
    }

    fn apply(&self, user: &mut Resource) {
        let (serial, document) = (user.serial, &mut user.document);
        let mut emails: Vec<Value> =
            document.get("emails").and_then(Value::as_array).cloned().unwrap_or_default();
        match self {
            Self::Set(at, to) | Self::SetWithoutPath(at, to) => {
                document.insert(SIMPLE[*at].to_owned(), json!(own(serial, *at, format!("w{to}"))));
            }
            Self::Unset(at) => drop(document.remove(SIMPLE[*at])),
            Self::Rename(to) => drop(document.insert("userName".to_owned(), json!(name(*to)))),
            Self::Name(given, family) => {
                let mut all = document.get("name").cloned().unwrap_or_else(|| json!({}));
                all.as_object_mut().unwrap().extend(parts(*given, *family).as_object().unwrap().clone());
                document.insert("name".to_owned(), all);
            }
            Self::UnsetGiven => {
                if let Some(Value::Object(all)) = document.get_mut("name") {
                    all.remove("givenName");
                }
            }
            Self::Active(active) => drop(document.insert("active".to_owned(), json!(active))),
            Self::AddEmail(number, work) => {
                let new = email(serial, *number, *work);
                if !emails.contains(&new) {
                    emails.push(new);
                }
            }
            Self::RemoveEmails(work) => emails.retain(|email| email["type"] != kind(*work)),
            Self::Emails(all) => {
                emails = all.iter().map(|(number, work)| email(serial, *number, *work)).collect();
            }
            Self::WorkEmail(number) => {
                let new = email(serial, *number, true);
                let mut found = false;
                for old in emails.iter_mut().filter(|old| old["type"] == "work") {
                    (*old, found) = (new.clone(), true);
                }
                if !found {
                    emails.push(new);
                }
            }
        }
        document.insert("emails".to_owned(), Value::Array(emails));
        document.retain(|_, value| *value != json!([]) && *value != json!({}));
    }
}

/// External ids are nobody else's.
fn own(serial: usize, at: usize, word: String) -> String {
    if SIMPLE[at] == "externalId" { format!("{word}-{serial}") } else { word }
}

fn parts(given: Option<u8>, family: Option<u8>) -> Value {
    let mut parts = Map::new();
    for (key, number) in [("givenName", given), ("familyName", family)] {
        if let Some(number) = number {
            parts.insert(key.to_owned(), json!(format!("p{number}")));
        }
    }
    Value::Object(parts)
}

impl GroupOp {
    pub fn write(&self) -> Value {
        let refs = |ids: &[String]| -> Value { ids.iter().map(|id| json!({ "value": id })).collect() };
        match self {
            Self::Add(ids) => json!({"op": "add", "path": "members", "value": refs(ids)}),
            Self::Remove(ids) => json!({"op": "remove", "path": "members", "value": refs(ids)}),
            Self::RemoveOne(id) => json!({"op": "Remove", "path": format!("members[value eq \"{id}\"]")}),
            Self::Replace(ids) => json!({"op": "replace", "path": "members", "value": refs(ids)}),
            Self::RemoveAll => json!({"op": "remove", "path": "members"}),
            Self::Rename(to) => json!({"op": "replace", "value": {"displayName": name(*to)}}),
            Self::External(None) => json!({"op": "remove", "path": "externalId"}),
            Self::External(Some(to)) => json!({"op": "add", "path": "externalId", "value": format!("e{to}")}),
        }
    }

    /// `known` holds the ids that mean somebody, without the group itself.
    pub fn apply(&self, group: &mut Resource, known: &BTreeSet<String>) {
        let meant = |ids: &[String]| -> BTreeSet<String> {
            ids.iter().filter(|id| known.contains(*id)).cloned().collect()
        };
        match self {
            Self::Add(ids) => group.members.extend(meant(ids)),
            Self::Remove(ids) => group.members.retain(|id| !ids.contains(id)),
            Self::RemoveOne(gone) => group.members.retain(|id| id != gone),
            Self::Replace(ids) => group.members = meant(ids),
            Self::RemoveAll => group.members.clear(),
            Self::Rename(to) => drop(group.document.insert("displayName".to_owned(), json!(name(*to)))),
            Self::External(None) => drop(group.document.remove("externalId")),
            Self::External(Some(to)) => {
                drop(group.document.insert("externalId".to_owned(), json!(format!("e{to}"))));
            }
        }
    }
}

impl Model {
    pub fn known(&self) -> BTreeSet<String> {
        self.users.keys().chain(self.groups.keys()).cloned().collect()
    }

    /// The groups that a user is in, with whether the user itself is.
    pub fn groups_of(&self, user: &str) -> BTreeMap<String, bool> {
        let mut found: BTreeMap<String, bool> = BTreeMap::new();
        let holds = |id: &str| {
            self.groups
                .iter()
                .filter(move |(_, group)| group.members.contains(id))
                .map(|(id, _)| id.clone())
                .collect::<Vec<_>>()
        };
        let mut next: Vec<String> = holds(user);
        found.extend(next.iter().map(|id| (id.clone(), true)));
        while let Some(id) = next.pop() {
            for above in holds(&id) {
                if !found.contains_key(&above) {
                    found.insert(above.clone(), false);
                    next.push(above);
                }
            }
        }
        found
    }
}
