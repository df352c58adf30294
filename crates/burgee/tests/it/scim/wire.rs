//! An identity provider that insists on what every answer must be.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::TestServer;
use crate::support::client::{Answer, Client};

pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
pub const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
pub const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
pub const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
pub const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// A client below a mount point.
#[derive(Clone)]
pub struct Wire {
    pub client: Client,
    mount: &'static str,
}

impl Wire {
    /// With a valid token, at `/scim/v2`.
    pub fn new(server: &TestServer) -> Self {
        Self::at(server.scim(), "/scim/v2")
    }

    /// Anybody, anywhere.
    pub fn at(client: Client, mount: &'static str) -> Self {
        Self { client, mount }
    }

    /// The same, with one more header in every request.
    pub fn with(&self, name: &'static str, value: &str) -> Self {
        Self { client: self.client.with(name, value), mount: self.mount }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Some(body)).await
    }

    /// A PATCH with these operations.
    pub async fn patch(&self, path: &str, operations: Value) -> Answer {
        self.send(Method::PATCH, path, Some(json!({ "schemas": [PATCH], "Operations": operations }))).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.raw(method, path, body.map(|body| body.to_string()), "application/scim+json").await
    }

    /// Sends a body as it is, under any media type.
    pub async fn raw(&self, method: Method, path: &str, body: Option<String>, kind: &str) -> Answer {
        let head = method == Method::HEAD;
        let answer = self.client.send(method, &format!("{}{path}", self.mount), body, kind).await;
        if !head {
            check(&answer);
        }
        answer
    }

    /// Provisions a user and returns its id.
    pub async fn user(&self, name: &str) -> String {
        let made = self.post("/Users", json!({ "schemas": [USER], "userName": name })).await.expect(201);
        id(&made)
    }

    /// Provisions a group with members and returns its id.
    pub async fn group(&self, name: &str, members: &[&str]) -> String {
        let members: Vec<Value> = members.iter().map(|member| json!({ "value": member })).collect();
        let body = json!({ "schemas": [GROUP], "displayName": name, "members": members });
        id(&self.post("/Groups", body).await.expect(201))
    }

    /// The resource at a path.
    pub async fn read(&self, path: &str) -> Value {
        self.get(path).await.expect(200).json()
    }

    /// The ids of a group's members, in order.
    pub async fn members(&self, group: &str) -> Vec<String> {
        let group = self.read(&format!("/Groups/{group}")).await;
        let mut ids: Vec<String> = values(&group["members"], "value");
        ids.sort();
        ids
    }

    /// The user names that a list finds, in its order.
    pub async fn names(&self, query: &str) -> Vec<String> {
        values(&self.read(&format!("/Users?{query}")).await["Resources"], "userName")
    }

    /// How many users a filter finds.
    pub async fn count(&self, filter: &str) -> i64 {
        self.read(&format!("/Users?count=0&filter={filter}")).await["totalResults"].as_i64().unwrap()
    }
}

/// The id in an answer.
pub fn id(answer: &Answer) -> String {
    answer.json()["id"].as_str().unwrap().to_owned()
}

/// One text of each element of a list.
pub fn values(list: &Value, name: &str) -> Vec<String> {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().map(|element| element[name].as_str().unwrap().to_owned()).collect()
}

/// How often each quirk was seen.
pub async fn quirk(server: &TestServer, name: &str) -> u64 {
    let text = server.anonymous().get("/internal-backstage/prometheus").await.expect(200).text;
    let start = format!("burgee_scim_quirks_total{{quirk=\"{name}\"}} ");
    text.lines().find_map(|line| line.strip_prefix(&start)).map_or(0, |count| count.parse().unwrap())
}

/// Insists on an error with a keyword (empty for none) and a detail that contains a word.
#[track_caller]
pub fn refused(answer: Answer, status: u16, keyword: &str, word: &str) {
    let body = answer.expect(status).json();
    assert_eq!(body["scimType"].as_str().unwrap_or_default(), keyword, "{body}");
    let detail = body["detail"].as_str().unwrap();
    assert!(detail.contains(word), "{detail:?} does not name {word:?}");
}

/// What holds for every answer: media type, error shape, entity tag and location.
#[track_caller]
fn check(answer: &Answer) {
    if matches!(answer.status, 204 | 304) {
        assert_eq!(answer.text, "", "{} has no body", answer.status);
        return;
    }
    assert_eq!(answer.header("content-type"), "application/scim+json", "{}", answer.text);
    let body = answer.json();
    if answer.status >= 400 {
        assert_eq!(body["schemas"], json!([ERROR]), "{body}");
        assert_eq!(body["status"], answer.status.to_string(), "{body}");
        assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{body}");
        if answer.status == 401 {
            assert!(answer.header("www-authenticate").starts_with("Bearer realm="));
        }
        return;
    }
    if body["schemas"].to_string().contains("BulkResponse") {
        return;
    }
    if body["schemas"] == json!([LIST]) {
        // RFC 9865 leaves out where a page begins.
        let is_marked = body.get("startIndex").is_none();
        for number in ["totalResults", "startIndex", "itemsPerPage"]
            .into_iter()
            .filter(|name| !is_marked || *name != "startIndex")
        {
            assert!(body[number].is_u64(), "{number} is an integer: {body}");
        }
        let shown = body["Resources"].as_array().unwrap().len();
        assert_eq!(body["itemsPerPage"], shown, "{body}");
        return;
    }
    let kind = &body["meta"]["resourceType"];
    if kind == "User" || kind == "Group" {
        assert_eq!(answer.header("etag"), body["meta"]["version"].as_str().unwrap());
        let place = if answer.status == 201 { "location" } else { "content-location" };
        assert_eq!(answer.header(place), body["meta"]["location"].as_str().unwrap());
        assert!(body["meta"]["location"].as_str().unwrap().ends_with(body["id"].as_str().unwrap()));
        assert!(!answer.text.contains("null"), "no nulls: {}", answer.text);
    }
}
