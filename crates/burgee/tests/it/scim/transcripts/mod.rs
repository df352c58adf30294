//! What deployed identity providers send, replayed, with everything that they get back.
//!
//! The golden files in `golden/` serve both databases. They hold status, headers and body of every answer; ids are
//! named in the order in which they appear, and times are left out. Versions stay: they count the changes.
//! `INSTA_UPDATE=always` writes them.

mod entra_groups;
mod entra_users;
mod okta;
mod okta_groups;
mod others;

use reqwest::Method;
use serde_json::{Map, Value, json};

use super::wire::{PATCH, Wire};
use crate::support::client::{Answer, Client};

/// The headers that clients look at.
const HEADERS: [&str; 6] =
    ["content-type", "location", "content-location", "etag", "www-authenticate", "retry-after"];

/// A conversation on record.
struct Transcript {
    wire: Wire,
    /// Ids, and the names that stand for them.
    names: Vec<(String, String)>,
    told: Vec<Value>,
}

impl Transcript {
    /// A conversation at `/scim`, the address that Unleash's settings page shows.
    fn new(client: Client) -> Self {
        Self { wire: Wire::at(client, "/scim"), names: Vec::new(), told: Vec::new() }
    }

    /// Goes on as somebody else.
    fn as_client(&mut self, client: Client) {
        self.wire = Wire::at(client, "/scim");
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    async fn post(&mut self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    async fn put(&mut self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Some(body)).await
    }

    async fn patch(&mut self, path: &str, operations: Value) -> Answer {
        let body = json!({ "schemas": [PATCH], "Operations": operations });
        self.send(Method::PATCH, path, Some(body)).await
    }

    async fn delete(&mut self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    async fn send(&mut self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let answer = self.wire.send(method.clone(), path, body).await;
        let mut told = Map::new();
        told.insert("request".into(), format!("{method} /scim{path}").into());
        told.insert("status".into(), answer.status.into());
        for name in HEADERS {
            if !answer.header(name).is_empty() {
                told.insert(name.into(), answer.header(name).into());
            }
        }
        if !answer.text.is_empty() {
            let mut body = answer.json();
            self.learn(&body);
            forget_times(&mut body);
            told.insert("body".into(), body);
        }
        self.told.push(Value::Object(told));
        answer
    }

    /// Names the ids that the server gives out.
    fn learn(&mut self, body: &Value) {
        let single = std::slice::from_ref(body);
        for resource in body["Resources"].as_array().map_or(single, Vec::as_slice) {
            if let (Some(id), Some(kind)) =
                (resource["id"].as_str(), resource["meta"]["resourceType"].as_str())
                && !self.names.iter().any(|(known, _)| known == id)
            {
                let number = self.names.iter().filter(|(_, name)| name.starts_with(kind)).count() + 1;
                self.names.push((id.to_owned(), format!("{kind}-{number}")));
            }
        }
    }

    /// Compares the conversation with the golden file of that name.
    fn finish(self, name: &str) {
        let mut text = Value::Array(self.told).to_string();
        for (id, stable) in &self.names {
            text = text.replace(id, stable);
        }
        let told: Value = serde_json::from_str(&text).unwrap();
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("golden");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_json_snapshot!(name, told));
    }
}

/// Leaves out when resources were made and changed, having made sure that it is said in the right form and order.
fn forget_times(body: &mut Value) {
    match body {
        Value::Array(list) => list.iter_mut().for_each(forget_times),
        Value::Object(object) => {
            object.values_mut().for_each(forget_times);
            if object.contains_key("created") {
                let [created, modified] =
                    ["created", "lastModified"].map(|name| object[name].as_str().unwrap());
                assert!(created <= modified, "{created} {modified}");
                for time in [created, modified] {
                    assert!(time.len() == "2026-01-01T00:00:00.000Z".len() && time.ends_with('Z'), "{time}");
                    time.parse::<jiff::Timestamp>().unwrap();
                }
                object["created"] = "time".into();
                object["lastModified"] = "time".into();
            }
        }
        _ => {}
    }
}
