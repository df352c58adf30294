//! Any sequence of requests leaves behind what a naive program in memory would have: documents, members, versions.
//! Requests that change nothing count no version and leave no event.
//!
//! `PROPTEST_CASES` sets the number of sequences.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};

use super::model::{GroupOp, Model, Resource, name};
use super::steps::{Step, step};
use super::world::{PATCH, id_of, refs};
use crate::support::client::Answer;
use crate::support::{TestServer, postgres};

/// The id at a place in a list; `None` if the list is empty.
fn pick(all: &BTreeMap<String, Resource>, at: Index) -> Option<String> {
    (!all.is_empty()).then(|| all.keys().nth(at.index(all.len())).unwrap().clone())
}

/// Is the name free, in any case, for the resource `except`?
fn free(all: &BTreeMap<String, Resource>, key: &str, wanted: &Resource, except: Option<&str>) -> bool {
    let same = |a: Option<&Value>, b: Option<&Value>| {
        a.is_some()
            && a.map(|name| name.to_string().to_lowercase()) == b.map(|name| name.to_string().to_lowercase())
    };
    !all.iter().filter(|(id, _)| Some(id.as_str()) != except).any(|(_, other)| {
        same(wanted.document.get(key), other.document.get(key))
            || (wanted.document.contains_key("externalId")
                && wanted.document.get("externalId") == other.document.get("externalId"))
    })
}

fn insist(what: &str, answer: &Answer, ok: bool, good: &[u16]) -> Result<(), String> {
    if (ok && good.contains(&answer.status)) || (!ok && answer.status == 409) {
        return Ok(());
    }
    Err(format!(
        "{what}: {} {}; the model says {}",
        answer.status,
        answer.text,
        if ok { "yes" } else { "taken" }
    ))
}

struct Story<'a> {
    server: &'a TestServer,
    model: Model,
}

impl Story<'_> {
    async fn take(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::NewUser(number, ops) => {
                self.model.made += 1;
                let mut user = Resource { version: 1, serial: self.model.made, ..Resource::default() };
                user.document = Map::from_iter([
                    ("userName".to_owned(), json!(name(*number))),
                    ("active".to_owned(), json!(true)),
                ]);
                user.change(ops);
                let answer = self.server.scim().post("/scim/Users", json!(user.document)).await;
                let ok = free(&self.model.users, "userName", &user, None);
                insist("POST", &answer, ok, &[201])?;
                if ok {
                    self.model.users.insert(id_of(&answer.json()), user);
                }
            }
            Step::PatchUser(at, ops) => {
                let Some(id) = pick(&self.model.users, *at) else { return Ok(()) };
                let mut user = self.model.users[&id].clone();
                let written: Value = ops.iter().map(|op| op.write(user.serial)).collect();
                user.change(ops);
                let answer = self.server.patch(&format!("/scim/Users/{id}"), written.clone()).await;
                self.user_is(&format!("PATCH {written}"), &id, user, &answer)?;
            }
            Step::PutUser(at, number, ops) => {
                let Some(id) = pick(&self.model.users, *at) else { return Ok(()) };
                let old = self.model.users[&id].clone();
                let mut user = Resource { document: Map::new(), ..old.clone() };
                user.document.insert("userName".to_owned(), json!(name(*number)));
                user.change(ops);
                let answer = self.server.scim().put(&format!("/scim/Users/{id}"), json!(user.document)).await;
                user.document.entry("active").or_insert(old.document["active"].clone());
                self.user_is("PUT", &id, user, &answer)?;
            }
            Step::DropUser(at) => {
                let Some(id) = pick(&self.model.users, *at) else { return Ok(()) };
                let answer = self.server.scim().delete(&format!("/scim/Users/{id}")).await;
                insist("DELETE", &answer, true, &[204])?;
                self.model.users.remove(&id);
                self.forget(&id);
            }
            Step::NewGroup(number, members) => {
                let ids = self.ids(members);
                let mut group = Resource { version: 1, ..Resource::default() };
                group.document.insert("displayName".to_owned(), json!(name(*number)));
                group.members = ids.iter().filter(|id| *id != "nobody").cloned().collect();
                let texts: Vec<&str> = ids.iter().map(String::as_str).collect();
                let body = json!({"displayName": name(*number), "members": refs(&texts)});
                let answer = self.server.scim().post("/scim/Groups", body).await;
                let ok = free(&self.model.groups, "displayName", &group, None);
                insist("POST", &answer, ok, &[201])?;
                if ok {
                    self.model.groups.insert(id_of(&answer.json()), group);
                }
            }
            Step::PatchGroup(at, ops) => {
                let Some(id) = pick(&self.model.groups, *at) else { return Ok(()) };
                let ops: Vec<GroupOp> = ops
                    .iter()
                    .map(|(kind, number, members)| self.group_op(*kind, *number, members))
                    .collect();
                let written: Value = ops.iter().map(GroupOp::write).collect();
                let body = json!({"schemas": [PATCH], "Operations": written});
                let answer = self.server.scim().patch(&format!("/scim/Groups/{id}"), body).await;
                self.group_is(&format!("PATCH {written}"), &id, &ops, &answer)?;
            }
            Step::PutGroup(at, number, members) => {
                let Some(id) = pick(&self.model.groups, *at) else { return Ok(()) };
                let mut body = json!({"displayName": name(*number)});
                let mut ops = vec![GroupOp::Rename(*number), GroupOp::External(None)];
                if let Some(members) = members {
                    let ids = self.ids(members);
                    body["members"] = refs(&ids.iter().map(String::as_str).collect::<Vec<_>>());
                    ops.push(GroupOp::Replace(ids));
                }
                let answer = self.server.scim().put(&format!("/scim/Groups/{id}"), body).await;
                self.group_is("PUT", &id, &ops, &answer)?;
            }
            Step::DropGroup(at) => {
                let Some(id) = pick(&self.model.groups, *at) else { return Ok(()) };
                let answer = self.server.scim().delete(&format!("/scim/Groups/{id}")).await;
                insist("DELETE", &answer, true, &[204])?;
                self.model.groups.remove(&id);
                self.forget(&id);
            }
            Step::Echo(at) => self.echo(*at).await?,
        }
        Ok(())
    }

    /// PUT of what GET returned changes nothing.
    async fn echo(&self, at: Index) -> Result<(), String> {
        let (users, groups) = (&self.model.users, &self.model.groups);
        let all: Vec<String> = users
            .keys()
            .map(|id| format!("/scim/Users/{id}"))
            .chain(groups.keys().map(|id| format!("/scim/Groups/{id}")))
            .collect();
        if all.is_empty() {
            return Ok(());
        }
        let path = at.get(&all);
        let shown = self.server.scim().get(path).await.json();
        let events = self.server.event_count().await;
        let answer = self.server.scim().put(path, shown.clone()).await;
        if answer.status != 200 || answer.json() != shown || self.server.event_count().await != events {
            return Err(format!("PUT of what GET returned is not nothing: {shown}\n{}", answer.text));
        }
        Ok(())
    }

    fn user_is(&mut self, what: &str, id: &str, mut user: Resource, answer: &Answer) -> Result<(), String> {
        let ok = free(&self.model.users, "userName", &user, Some(id));
        insist(what, answer, ok, &[200])?;
        if ok {
            user.version += u64::from(user.document != self.model.users[id].document);
            self.model.users.insert(id.to_owned(), user);
        }
        Ok(())
    }

    fn group_is(&mut self, what: &str, id: &str, ops: &[GroupOp], answer: &Answer) -> Result<(), String> {
        let mut group = self.model.groups[id].clone();
        let mut known = self.model.known();
        known.remove(id);
        for op in ops {
            op.apply(&mut group, &known);
        }
        let before = &self.model.groups[id];
        let changed = group.document != before.document || group.members != before.members;
        let ok = free(&self.model.groups, "displayName", &group, Some(id));
        insist(what, answer, ok, &[200, 204])?;
        if ok {
            group.version += u64::from(changed);
            self.model.groups.insert(id.to_owned(), group);
        }
        Ok(())
    }

    /// Somebody is gone: the groups they were in changed.
    fn forget(&mut self, id: &str) {
        for group in self.model.groups.values_mut() {
            group.version += u64::from(group.members.remove(id));
        }
    }

    fn ids(&self, places: &[Index]) -> Vec<String> {
        let all: Vec<String> = self.model.known().into_iter().chain(["nobody".to_owned()]).collect();
        places.iter().map(|at| at.get(&all).clone()).collect()
    }

    fn group_op(&self, kind: u8, number: u8, members: &[Index]) -> GroupOp {
        let ids = self.ids(members);
        match kind {
            0 | 1 => GroupOp::Add(ids),
            2 => GroupOp::Remove(ids),
            3 => GroupOp::RemoveOne(ids.first().cloned().unwrap_or_default()),
            4 => GroupOp::Replace(ids),
            5 if number < 2 => GroupOp::RemoveAll,
            6 => GroupOp::External(Some(number)),
            7 => GroupOp::External(None),
            _ => GroupOp::Rename(number),
        }
    }

    /// Everything is as the model says.
    async fn agrees(&self) -> Result<(), String> {
        for (path, all) in [("/scim/Users", &self.model.users), ("/scim/Groups", &self.model.groups)] {
            let list = self.server.scim().get(&format!("{path}?count=1000")).await.expect(200).json();
            let shown = list["Resources"].as_array().unwrap();
            if shown.len() != all.len() {
                return Err(format!("{} of {path}, and {} in the model", shown.len(), all.len()));
            }
            for resource in shown {
                let id = id_of(resource);
                let expected = all.get(&id).ok_or_else(|| format!("{id} is not in the model"))?;
                let mut document = resource.as_object().unwrap().clone();
                let meta = document.shift_remove("meta").unwrap();
                let members = ids_of(&document.shift_remove("members").unwrap_or_default());
                let groups = document.shift_remove("groups").unwrap_or_default();
                document.retain(|key, _| key != "schemas" && key != "id");
                let version = format!("W/\"{}\"", expected.version);
                if document != expected.document || members != expected.members || meta["version"] != *version
                {
                    return Err(format!("found {resource}\nexpected {expected:?}"));
                }
                let direct: BTreeMap<String, bool> = groups
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|group| (group["value"].as_str().unwrap().to_owned(), group["type"] == "direct"))
                    .collect();
                if path == "/scim/Users" && direct != self.model.groups_of(&id) {
                    return Err(format!("{id} is in {groups}; expected {:?}", self.model.groups_of(&id)));
                }
            }
        }
        Ok(())
    }
}

fn ids_of(members: &Value) -> BTreeSet<String> {
    members
        .as_array()
        .into_iter()
        .flatten()
        .map(|member| member["value"].as_str().unwrap().to_owned())
        .collect()
}

async fn plays_out(server: &TestServer, steps: &[Step]) -> Result<(), String> {
    postgres::still_needed();
    server.admin().delete("/api/admin/groups/scim-groups").await.expect(200);
    server.admin().delete("/api/admin/user-admin/scim-users").await.expect(200);
    let mut story = Story { server, model: Model::default() };
    for (index, step) in steps.iter().enumerate() {
        story.take(step).await.map_err(|error| format!("step {index}: {error}"))?;
        story.agrees().await.map_err(|error| format!("after step {index}: {error}"))?;
    }
    Ok(())
}

both! {
    async fn any_sequence_of_requests_does_what_the_model_does(server) {
        let asked = std::env::var_os("PROPTEST_CASES").is_some();
        let cases = if asked { Config::default().cases } else { 12 };
        let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
        let sequence = prop::collection::vec(step(), 10..50);
        for _ in 0..cases {
            let mut tree = sequence.new_tree(&mut runner).unwrap();
            let Err(mut message) = plays_out(&server, &tree.current()).await else { continue };
            let mut shortest = tree.current();
            let mut goes_on = tree.simplify();
            for _ in 0..100 {
                if !goes_on {
                    break;
                }
                goes_on = match plays_out(&server, &tree.current()).await {
                    Err(shorter) => {
                        (message, shortest) = (shorter, tree.current());
                        tree.simplify()
                    }
                    Ok(()) => tree.complicate(),
                };
            }
            panic!("{shortest:#?}\n{message}");
        }
    }
}
