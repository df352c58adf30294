//! What the service says of everybody, beside what the identity provider means to have told it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::{Directory, Wire};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// What the service must say.
#[derive(Debug, Default)]
pub struct Expected {
    /// By `externalId`, everybody who is known: attributes that have a value.
    pub people: BTreeMap<String, BTreeMap<&'static str, String>>,
    /// By name, the `externalId`s of the members.
    pub groups: BTreeMap<String, BTreeSet<String>>,
}

/// An identity provider that provisions a directory.
#[expect(async_fn_in_trait, reason = "used in this workspace only")]
pub trait IdentityProvider {
    /// Brings the service in line with what has changed since the last time.
    async fn cycle(&mut self, company: &Directory) -> Result<()>;
    /// Forgets what was provisioned: the next cycle finds everybody again.
    fn restart(&mut self);
    /// What the service says, after a cycle.
    fn expected(&self, company: &Directory) -> Expected;
}

/// In words, whatever the service says otherwise than expected. `wire` is read without faults.
pub async fn differences(wire: &mut Wire, expected: &Expected) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let users = all(wire, "/Users").await?;
    let names: BTreeMap<&str, &str> =
        users.iter().filter_map(|user| Some((user["id"].as_str()?, user["externalId"].as_str()?))).collect();
    let mut seen = BTreeMap::new();
    for user in &users {
        let key = user["externalId"].as_str().unwrap_or_default().to_owned();
        if seen.insert(key.clone(), person(user, &names)).is_some() {
            found.push(format!("{key} is there twice"));
        }
    }
    compare("person", &expected.people, &seen, &mut found);
    let mut seen = BTreeMap::new();
    for group in &all(wire, "/Groups").await? {
        let name = group["displayName"].as_str().unwrap_or_default().to_owned();
        let members = group["members"].as_array().map(Vec::as_slice).unwrap_or_default();
        let members = members.iter().map(|it| {
            let id = it["value"].as_str().unwrap_or_default();
            names.get(id).map_or_else(|| format!("unknown {id}"), |key| (*key).to_owned())
        });
        if seen.insert(name.clone(), members.collect()).is_some() {
            found.push(format!("{name} is there twice"));
        }
    }
    compare("group", &expected.groups, &seen, &mut found);
    Ok(found)
}

fn compare<T: PartialEq + std::fmt::Debug>(
    what: &str,
    expected: &BTreeMap<String, T>,
    seen: &BTreeMap<String, T>,
    found: &mut Vec<String>,
) {
    for (key, wanted) in expected {
        match seen.get(key) {
            None => found.push(format!("{what} {key} is missing")),
            Some(there) if there != wanted => {
                found.push(format!("{what} {key} is {there:?} instead of {wanted:?}"));
            }
            Some(_) => {}
        }
    }
    for key in seen.keys().filter(|key| !expected.contains_key(*key)) {
        found.push(format!("{what} {key} should not be there"));
    }
}

/// Everything of an endpoint, page by page.
async fn all(wire: &mut Wire, endpoint: &str) -> Result<Vec<Value>> {
    let mut resources = Vec::new();
    loop {
        let path = format!("{endpoint}?startIndex={}&count=40", resources.len() + 1);
        let page = wire.get(&path).await?.one_of(&[200])?;
        let list = page.body["Resources"].as_array().map(Vec::as_slice).unwrap_or_default();
        resources.extend(list.iter().cloned());
        let total = page.body["totalResults"].as_u64().context("no totalResults")?;
        if list.is_empty() || resources.len() as u64 >= total {
            return Ok(resources);
        }
    }
}

fn person(user: &Value, names: &BTreeMap<&str, &str>) -> BTreeMap<&'static str, String> {
    let manager = user[ENTERPRISE]["manager"]["value"].as_str();
    let manager = manager.map(|id| names.get(id).map_or(id, |key| key));
    let texts = [
        ("userName", user["userName"].as_str()),
        ("given", user["name"]["givenName"].as_str()),
        ("family", user["name"]["familyName"].as_str()),
        ("displayName", user["displayName"].as_str()),
        ("email", user["emails"][0]["value"].as_str()),
        ("title", user["title"].as_str()),
        ("department", user[ENTERPRISE]["department"].as_str()),
        ("manager", manager),
    ];
    let mut attributes: BTreeMap<&'static str, String> =
        texts.into_iter().filter_map(|(name, text)| Some((name, text?.to_owned()))).collect();
    attributes.insert("active", user["active"].to_string());
    attributes
}
