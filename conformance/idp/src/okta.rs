//! Okta: finds people by `userName`, deactivates them and never deletes them, pushes groups.
//! An app of the catalogue sends PATCH; an app that an admin made for themselves sends PUT.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use reqwest::Method;
use serde_json::{Value, json};

use crate::agree::{Expected, IdentityProvider};
use crate::wire::{Wire, quoted};
use crate::{Account, Directory, Group, Person};

const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// Members that go into one PATCH.
const BATCH: usize = 10;

/// An app in Okta.
pub struct Okta {
    wire: Wire,
    custom: bool,
    people: BTreeMap<String, Account>,
    groups: BTreeMap<String, Group>,
    restarted: bool,
}

impl Okta {
    /// An app of the catalogue.
    pub fn catalogue(wire: Wire) -> Self {
        let wire = wire.named("Okta SCIM Client 1.0.0");
        Self { wire, custom: false, people: BTreeMap::new(), groups: BTreeMap::new(), restarted: false }
    }

    /// An app that an admin made.
    pub fn custom(wire: Wire) -> Self {
        Self { custom: true, ..Self::catalogue(wire) }
    }

    /// How many requests were sent, and how many of them again.
    pub fn sent(&self) -> (usize, usize) {
        (self.wire.sent, self.wire.again)
    }

    async fn assign(&mut self, person: &Person) -> Result<()> {
        let filter = format!("userName eq {}", quoted(&person.login));
        let id = self.wire.link("/Users", "startIndex=1&count=100&", &filter, &new(person)).await?;
        self.push(&id, person).await?;
        self.people.insert(person.key.clone(), Account { id, sent: person.clone() });
        Ok(())
    }

    /// Sends the whole profile.
    async fn push(&mut self, id: &str, person: &Person) -> Result<()> {
        let path = format!("/Users/{id}");
        let profile = profile(person);
        if !self.custom {
            let body = json!({"schemas": [PATCH], "Operations": [{"op": "replace", "value": profile}]});
            self.wire.send(Method::PATCH, &path, Some(&body)).await?.one_of(&[200, 204])?;
            return Ok(());
        }
        let mut user = self.wire.get(&path).await?.one_of(&[200])?.body;
        // What is absent in Okta is absent in what it puts.
        for name in ["title", ENTERPRISE] {
            user.as_object_mut().map(|user| user.remove(name));
        }
        for (name, value) in profile.as_object().into_iter().flatten() {
            if !value.is_null() && value != "" {
                user[name] = value.clone();
            }
        }
        self.wire.send(Method::PUT, &path, Some(&user)).await?.one_of(&[200])?;
        Ok(())
    }

    async fn switch(&mut self, id: &str, active: bool) -> Result<()> {
        let path = format!("/Users/{id}");
        if self.custom {
            let mut user = self.wire.get(&path).await?.one_of(&[200])?.body;
            user["active"] = active.into();
            self.wire.send(Method::PUT, &path, Some(&user)).await?.one_of(&[200])?;
        } else {
            let operation = json!({"op": "replace", "value": {"active": active}});
            let body = json!({"schemas": [PATCH], "Operations": [operation]});
            self.wire.send(Method::PATCH, &path, Some(&body)).await?.one_of(&[200, 204])?;
        }
        Ok(())
    }

    async fn push_group(&mut self, key: &str, name: &str, members: BTreeSet<String>) -> Result<()> {
        let known = if let Some(group) = self.groups.get(key) {
            group.clone()
        } else {
            let filter = format!("displayName eq {}", quoted(name));
            let new = json!({"schemas": [GROUP], "displayName": name, "members": []});
            let id = self.wire.link("/Groups", "", &filter, &new).await?;
            Group { id, name: name.to_owned(), members: BTreeSet::new() }
        };
        let path = format!("/Groups/{}", known.id);
        let everybody =
            || members.iter().filter_map(|key| self.people.get(key)).map(member).collect::<Vec<_>>();
        if self.custom {
            if known.name != name || known.members != members || self.restarted {
                let whole =
                    json!({"schemas": [GROUP], "id": known.id, "displayName": name, "members": everybody()});
                self.wire.send(Method::PUT, &path, Some(&whole)).await?.one_of(&[200])?;
            }
        } else {
            let mut operations = Vec::new();
            if known.name != name {
                operations.push(json!({"op": "replace", "value": {"id": known.id, "displayName": name}}));
            }
            if self.restarted {
                operations.push(json!({"op": "replace", "path": "members", "value": everybody()}));
            } else {
                for gone in known.members.difference(&members).filter_map(|key| self.people.get(key)) {
                    operations.push(
                        json!({"op": "remove", "path": format!("members[value eq {}]", quoted(&gone.id))}),
                    );
                }
                let new = members.difference(&known.members).filter_map(|key| self.people.get(key));
                let new: Vec<Value> = new.map(member).collect();
                operations.extend(
                    new.chunks(BATCH).map(|some| json!({"op": "add", "path": "members", "value": some})),
                );
            }
            for some in operations.chunks(BATCH) {
                let body = json!({"schemas": [PATCH], "Operations": some});
                self.wire.send(Method::PATCH, &path, Some(&body)).await?.one_of(&[200, 204])?;
            }
        }
        self.groups.insert(key.to_owned(), Group { id: known.id, name: name.to_owned(), members });
        Ok(())
    }

    /// The members that Okta pushes: those who are assigned.
    fn pushed(company: &Directory, members: &BTreeSet<String>) -> BTreeSet<String> {
        members.iter().filter(|key| company.people.get(*key).is_some_and(|it| it.assigned)).cloned().collect()
    }
}

impl IdentityProvider for Okta {
    async fn cycle(&mut self, company: &Directory) -> Result<()> {
        self.wire.get("/Users?startIndex=1&count=1").await?.one_of(&[200])?;
        for person in company.people.values() {
            match self.people.get(&person.key).cloned() {
                None if person.assigned => self.assign(person).await?,
                None => {}
                // Whoever has left is not kept up to date.
                Some(account) if account.sent == *person || !(account.sent.assigned || person.assigned) => {}
                Some(account) => {
                    if account.sent.assigned && !person.assigned {
                        self.switch(&account.id, false).await?;
                    } else {
                        self.push(&account.id, person).await?;
                    }
                    let sent = if person.assigned {
                        person.clone()
                    } else {
                        Person { assigned: false, ..account.sent }
                    };
                    self.people.insert(person.key.clone(), Account { id: account.id, sent });
                }
            }
        }
        let forgotten: Vec<(String, Account)> = self
            .people
            .iter()
            .filter(|(key, account)| account.sent.assigned && !company.people.contains_key(*key))
            .map(|(key, account)| (key.clone(), account.clone()))
            .collect();
        for (key, account) in forgotten {
            self.switch(&account.id, false).await?;
            let sent = Person { assigned: false, ..account.sent };
            self.people.insert(key, Account { id: account.id, sent });
        }
        for (key, team) in &company.teams {
            self.push_group(key, &team.name, Self::pushed(company, &team.members)).await?;
        }
        let gone: Vec<String> =
            self.groups.keys().filter(|key| !company.teams.contains_key(*key)).cloned().collect();
        for key in gone {
            if let Some(group) = self.groups.remove(&key) {
                let path = format!("/Groups/{}", group.id);
                self.wire.send(Method::DELETE, &path, None).await?.one_of(&[204, 404])?;
            }
        }
        self.restarted = false;
        Ok(())
    }

    fn restart(&mut self) {
        // Whoever has left stays known: the app keeps its link to them.
        self.people.retain(|_, account| !account.sent.assigned);
        self.groups.clear();
        self.restarted = true;
    }

    fn expected(&self, company: &Directory) -> Expected {
        let people = self.people.iter().map(|(key, Account { sent, .. })| {
            let mut attributes = sent.attributes();
            attributes.remove("manager");
            (key.clone(), attributes)
        });
        let groups = company.teams.values();
        let groups = groups.map(|team| (team.name.clone(), Self::pushed(company, &team.members)));
        Expected { people: people.collect(), groups: groups.collect() }
    }
}

fn member(account: &Account) -> Value {
    json!({"value": account.id, "display": account.sent.login})
}

fn new(person: &Person) -> Value {
    let mut user = json!({"schemas": [USER, ENTERPRISE], "externalId": person.key, "groups": [], "password": "1mz050nq"});
    for (name, value) in profile(person).as_object().into_iter().flatten() {
        user[name] = value.clone();
    }
    user
}

/// Everything that Okta maps; what has no value is empty.
fn profile(person: &Person) -> Value {
    json!({
        "userName": person.login,
        "name": {"givenName": person.given, "familyName": person.family},
        "emails": [{"primary": true, "value": person.login, "type": "work"}],
        "displayName": person.name(),
        "title": person.title.as_deref().unwrap_or_default(),
        ENTERPRISE: {"department": person.department.as_deref().unwrap_or_default()},
        "active": person.assigned,
    })
}
