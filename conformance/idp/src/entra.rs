//! Microsoft Entra ID: finds people by `externalId`, patches one attribute after the other, moves members one at a time, and
//! deletes whoever was purged. Its shapes differ with the flag `aadOptscim062020` of an app's address.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use reqwest::Method;
use serde_json::{Value, json};

use crate::agree::{Expected, IdentityProvider};
use crate::wire::{Wire, quoted};
use crate::{Account, Directory, Group, Person};

const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const PRIVATE_GROUP: &str = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";

/// An enterprise app in Entra ID.
pub struct Entra {
    wire: Wire,
    flagged: bool,
    people: BTreeMap<String, Account>,
    groups: BTreeMap<String, Group>,
}

impl Entra {
    /// An app as it is made; `flagged`: with `?aadOptscim062020` in its address.
    pub fn new(wire: Wire, flagged: bool) -> Self {
        Self { wire, flagged, people: BTreeMap::new(), groups: BTreeMap::new() }
    }

    /// How many requests were sent, and how many of them again.
    pub fn sent(&self) -> (usize, usize) {
        (self.wire.sent, self.wire.again)
    }

    async fn patch(&mut self, path: &str, operations: &[Value]) -> Result<()> {
        if !operations.is_empty() {
            let body = json!({"schemas": [PATCH], "Operations": operations});
            self.wire.send(Method::PATCH, path, Some(&body)).await?.one_of(&[200, 204])?;
        }
        Ok(())
    }

    async fn find(&mut self, person: &Person) -> Result<Option<String>> {
        for filter in [
            format!("externalId eq {}", quoted(&person.key)),
            format!("userName eq {}", quoted(&person.login)),
        ] {
            if let Some(id) = self.wire.find("/Users", "", &filter).await?.first() {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    async fn provision(&mut self, person: &Person) -> Result<()> {
        // A manager is told once everybody is there.
        let sent = Person { manager: None, ..person.clone() };
        let mut found = self.find(person).await?;
        if found.is_none() {
            if let Some(id) = self.wire.create("/Users", &new(person)).await? {
                self.people.insert(person.key.clone(), Account { id, sent });
                return Ok(());
            }
            // It was made already, and the answer was lost.
            found = self.find(person).await?;
        }
        let id = found.with_context(|| format!("{} is taken, and nobody has it", person.login))?;
        // Somebody who was there already is told everything.
        let unknown = Person {
            login: String::new(),
            given: String::new(),
            family: String::new(),
            title: Some(String::new()),
            department: Some(String::new()),
            assigned: !person.assigned,
            ..sent.clone()
        };
        self.patch(&format!("/Users/{id}"), &self.update(&unknown, &sent)).await?;
        self.people.insert(person.key.clone(), Account { id, sent });
        Ok(())
    }

    /// The operations that make `next` of what was last sent, but for the manager.
    fn update(&self, last: &Person, next: &Person) -> Vec<Value> {
        let department = format!("{ENTERPRISE}:department");
        let mut set = Vec::new();
        if last.login != next.login {
            set.push(("userName", next.login.clone()));
        }
        if last.given != next.given {
            set.push(("name.givenName", next.given.clone()));
        }
        if last.family != next.family {
            set.push(("name.familyName", next.family.clone()));
        }
        if last.name() != next.name() {
            set.push(("displayName", next.name()));
        }
        let mut removed = Vec::new();
        for (path, last, next) in
            [("title", &last.title, &next.title), (department.as_str(), &last.department, &next.department)]
        {
            match next {
                Some(text) if last != next => set.push((path, text.clone())),
                None if last.is_some() => removed.push(path),
                _ => {}
            }
        }
        let (replace, remove, add) =
            if self.flagged { ("replace", "remove", "add") } else { ("Replace", "Remove", "Add") };
        let mut operations = Vec::new();
        if self.flagged {
            let mut value: serde_json::Map<String, Value> =
                set.into_iter().map(|(path, text)| (path.to_owned(), text.into())).collect();
            if last.assigned != next.assigned {
                value.insert("active".to_owned(), next.assigned.into());
            }
            if !value.is_empty() {
                operations.push(json!({"op": replace, "value": value}));
            }
        } else {
            operations.extend(
                set.into_iter().map(|(path, text)| json!({"op": replace, "path": path, "value": text})),
            );
            if last.assigned != next.assigned {
                let word = if next.assigned { "True" } else { "False" };
                operations.push(json!({"op": replace, "path": "active", "value": word}));
            }
        }
        if last.login != next.login {
            operations
                .push(json!({"op": add, "path": "emails[type eq \"work\"].value", "value": next.login}));
        }
        operations.extend(removed.into_iter().map(|path| json!({"op": remove, "path": path})));
        operations
    }

    /// Tells who manages whom, as far as the managers are known.
    async fn managers(&mut self, company: &Directory) -> Result<()> {
        let path = format!("{ENTERPRISE}:manager");
        for person in company.people.values() {
            let Some(account) = self.people.get(&person.key).cloned() else { continue };
            let manager = person.manager.as_ref().filter(|key| self.people.contains_key(*key));
            if account.sent.manager.as_ref() == manager {
                continue;
            }
            let operation = match manager.and_then(|key| self.people.get(key)) {
                Some(manager) if self.flagged => json!({"op": "replace", "path": path, "value": manager.id}),
                Some(manager) => json!({"op": "Add", "path": path, "value": manager.id}),
                None => json!({"op": "Remove", "path": path}),
            };
            self.patch(&format!("/Users/{}", account.id), &[operation]).await?;
            let sent = Person { manager: manager.cloned(), ..account.sent };
            self.people.insert(person.key.clone(), Account { id: account.id, sent });
        }
        Ok(())
    }

    async fn push_group(&mut self, key: &str, name: &str, members: &BTreeSet<String>) -> Result<()> {
        let mut group = match self.groups.get(key) {
            Some(group) => group.clone(),
            None => Group { id: self.link(key, name).await?, name: name.to_owned(), ..Group::default() },
        };
        let path = format!("/Groups/{}", group.id);
        if group.name != name {
            let op = if self.flagged { "replace" } else { "Replace" };
            self.patch(&path, &[json!({"op": op, "path": "displayName", "value": name})]).await?;
            name.clone_into(&mut group.name);
        }
        let known: BTreeSet<String> =
            members.iter().filter(|key| self.people.contains_key(*key)).cloned().collect();
        for key in known.difference(&group.members) {
            let id = &self.people[key].id;
            let member = json!([{"$ref": null, "value": id}]);
            let op = if self.flagged { "add" } else { "Add" };
            let operation = json!({"op": op, "path": "members", "value": member});
            self.patch(&path, &[operation]).await?;
        }
        for key in group.members.difference(&known) {
            // Whoever was purged is in no group any more.
            let Some(account) = self.people.get(key) else { continue };
            let operation = if self.flagged {
                json!({"op": "remove", "path": format!("members[value eq {}]", quoted(&account.id))})
            } else {
                json!({"op": "Remove", "path": "members", "value": [{"$ref": null, "value": account.id}]})
            };
            self.patch(&path, &[operation]).await?;
        }
        group.members = known;
        self.groups.insert(key.to_owned(), group);
        Ok(())
    }

    async fn link(&mut self, key: &str, name: &str) -> Result<String> {
        let filter = format!("displayName eq {}", quoted(name));
        let schemas = json!([GROUP, PRIVATE_GROUP]);
        let meta = json!({"resourceType": "Group"});
        let new = json!({"schemas": schemas, "externalId": key, "displayName": name, "meta": meta});
        self.wire.link("/Groups", "excludedAttributes=members&", &filter, &new).await
    }

    async fn purge(&mut self, company: &Directory) -> Result<()> {
        let gone: Vec<String> =
            self.people.keys().filter(|key| !company.people.contains_key(*key)).cloned().collect();
        for key in gone {
            if let Some(account) = self.people.remove(&key) {
                let path = format!("/Users/{}", account.id);
                self.wire.send(Method::DELETE, &path, None).await?.one_of(&[204, 404])?;
            }
        }
        let gone: Vec<String> =
            self.groups.keys().filter(|key| !company.teams.contains_key(*key)).cloned().collect();
        for key in gone {
            if let Some(group) = self.groups.remove(&key) {
                let path = format!("/Groups/{}", group.id);
                self.wire.send(Method::DELETE, &path, None).await?.one_of(&[204, 404])?;
            }
        }
        Ok(())
    }
}

impl IdentityProvider for Entra {
    async fn cycle(&mut self, company: &Directory) -> Result<()> {
        let probe = "externalId eq \"4f1a6c2e-0000-4000-8000-5b1e7d8c9f00\"";
        self.wire.find("/Users", "", probe).await?;
        self.purge(company).await?;
        for person in company.people.values() {
            match self.people.get(&person.key).cloned() {
                None if person.assigned => self.provision(person).await?,
                None => {}
                Some(account) => {
                    let next = Person { manager: account.sent.manager.clone(), ..person.clone() };
                    let operations = self.update(&account.sent, &next);
                    self.patch(&format!("/Users/{}", account.id), &operations).await?;
                    self.people.insert(person.key.clone(), Account { id: account.id, sent: next });
                }
            }
        }
        self.managers(company).await?;
        for (key, team) in &company.teams {
            self.push_group(key, &team.name, &team.members).await?;
        }
        Ok(())
    }

    fn restart(&mut self) {
        // Whoever is out of scope stays known, and so do the groups: only what is in them is told again.
        self.people.retain(|_, account| !account.sent.assigned);
        for group in self.groups.values_mut() {
            group.members.clear();
        }
    }

    fn expected(&self, company: &Directory) -> Expected {
        let people = self.people.iter().map(|(key, account)| (key.clone(), account.sent.attributes()));
        let groups = company.teams.values().map(|team| {
            let members = team.members.iter().filter(|key| self.people.contains_key(*key));
            (team.name.clone(), members.cloned().collect())
        });
        Expected { people: people.collect(), groups: groups.collect() }
    }
}

fn new(person: &Person) -> Value {
    let mut user = json!({
        "schemas": [USER, ENTERPRISE],
        "externalId": person.key,
        "userName": person.login,
        "active": person.assigned,
        "addresses": null,
        "displayName": person.name(),
        "emails": [{"primary": true, "type": "work", "value": person.login}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": person.name(), "familyName": person.family, "givenName": person.given},
        "roles": [],
    });
    if let Some(title) = &person.title {
        user["title"] = title.clone().into();
    }
    if let Some(department) = &person.department {
        user[ENTERPRISE] = json!({"department": department});
    }
    user
}
