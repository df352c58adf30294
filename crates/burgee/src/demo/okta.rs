//! The identity provider: the calls that Okta sends, in the order in which it sends them.

use std::collections::HashMap;

use axum::http::header;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::caller::{Caller, number, text};
use super::company::Person;
use crate::entropy::{Entropy, digest};
use crate::error::{Error, Result};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

pub(super) struct Okta {
    caller: Caller,
    entropy: Entropy,
    ids: HashMap<String, String>,
}

impl Okta {
    /// Okta with a provisioning token.
    pub(super) fn new(caller: &Caller, token: &str, entropy: Entropy) -> Result<Self> {
        let caller = caller
            .at(77)
            .holding(&format!("Bearer {token}"))?
            .with(header::USER_AGENT, "Okta SCIM Client 1.0.0")?
            .with(header::CONTENT_TYPE, "application/scim+json; charset=utf-8")?;
        Ok(Self { caller, entropy, ids: HashMap::new() })
    }

    /// "Test Connector Configuration", and the first import.
    pub(super) async fn test(&self) -> Result<()> {
        for path in
            ["Users?startIndex=1&count=1", "Users?startIndex=1&count=100", "Groups?startIndex=1&count=100"]
        {
            self.caller.get(&format!("/scim/{path}")).await?;
        }
        Ok(())
    }

    /// Somebody is assigned: Okta looks for them, and creates whom it does not find.
    pub(super) async fn assign(&mut self, person: &Person) -> Result<()> {
        let email = person.email();
        if self.is_there("Users", "userName", &email).await? {
            return Err(Error::bad_data(format!("{email} was assigned before")));
        }
        let body = json!({
            "schemas": [USER, ENTERPRISE],
            "userName": email,
            "name": { "givenName": person.given, "familyName": person.family },
            "emails": [{ "primary": true, "value": email, "type": "work" }],
            "title": person.title,
            "displayName": person.name(),
            "locale": "en-US",
            "externalId": format!("00u{}", &digest(&email)[..17]),
            "groups": [],
            "password": self.entropy.base64url::<9>(),
            "active": true,
            ENTERPRISE: { "department": person.groups.first() },
        });
        let made = self.caller.post("/scim/Users", body).await?;
        self.ids.insert(email, text(&made, "/id")?.to_owned());
        Ok(())
    }

    /// What Okta knows of somebody changed.
    pub(super) async fn push_profile(&self, person: &Person, profile: Value) -> Result<()> {
        let id = self.id(&person.email())?;
        self.patch(&format!("/scim/Users/{id}"), json!([{ "op": "replace", "value": profile }])).await
    }

    /// Somebody is not assigned any more.
    pub(super) async fn unassign(&self, person: &Person) -> Result<()> {
        self.push_profile(person, json!({ "active": false })).await
    }

    /// A group is pushed for the first time.
    pub(super) async fn push_group(&mut self, name: &str, members: &[&Person]) -> Result<()> {
        if self.is_there("Groups", "displayName", name).await? {
            return Err(Error::bad_data(format!("{name} was pushed before")));
        }
        let body = json!({ "schemas": [GROUP], "displayName": name, "members": [] });
        let made = self.caller.post("/scim/Groups", body).await?;
        self.ids.insert(name.to_owned(), text(&made, "/id")?.to_owned());
        self.change_members(name, members, &[]).await
    }

    /// People come into a group and leave it.
    pub(super) async fn change_members(&self, group: &str, come: &[&Person], go: &[&Person]) -> Result<()> {
        let mut operations = Vec::new();
        for person in go {
            let id = self.id(&person.email())?;
            operations.push(json!({ "op": "remove", "path": format!("members[value eq \"{id}\"]") }));
        }
        let mut added = Vec::new();
        for person in come {
            added.push(json!({ "value": self.id(&person.email())?, "display": person.email() }));
        }
        if !added.is_empty() {
            operations.push(json!({ "op": "add", "path": "members", "value": added }));
        }
        let id = self.id(group)?.to_owned();
        self.patch(&format!("/scim/Groups/{id}"), Value::Array(operations)).await
    }

    /// A group gets another name.
    pub(super) async fn rename_group(&mut self, group: &str, name: &str) -> Result<()> {
        let id = self.id(group)?.to_owned();
        let operations = json!([{ "op": "replace", "value": { "id": id, "displayName": name } }]);
        self.patch(&format!("/scim/Groups/{id}"), operations).await?;
        self.ids.insert(name.to_owned(), id);
        Ok(())
    }

    async fn patch(&self, path: &str, operations: Value) -> Result<()> {
        let body = json!({ "schemas": [PATCH], "Operations": operations });
        self.caller.patch(path, body).await.map(drop)
    }

    async fn is_there(&self, kind: &str, attribute: &str, value: &str) -> Result<bool> {
        let filter = format!("{attribute} eq \"{value}\"");
        let filter = utf8_percent_encode(&filter, NON_ALPHANUMERIC);
        let list = self.caller.get(&format!("/scim/{kind}?filter={filter}&startIndex=1&count=100")).await?;
        Ok(number(&list, "/totalResults")? > 0)
    }

    /// The id that the server gave to a person, by their address, or to a group, by its name.
    fn id(&self, of: &str) -> Result<&str> {
        let id = self.ids.get(of).map(String::as_str);
        id.ok_or_else(|| Error::not_found(format!("Okta did not push {of}")))
    }
}
