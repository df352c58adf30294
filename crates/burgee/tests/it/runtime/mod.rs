//! What SDKs get, and how fast changes reach them.

mod audience;
mod delta;
mod features;
mod frontend;
mod metrics;
mod metrics_bounds;
mod ofrep;
mod servers;
mod streams;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::TestServer;
use crate::support::client::{Answer, Client};

const FEATURES: &str = "/api/client/features";

/// A backend SDK of today for some projects in `development`.
async fn sdk(server: &TestServer, projects: &[&str]) -> Client {
    let secret = token(server, "client", projects).await;
    server.anonymous().with("authorization", &secret).with("unleash-client-spec", "5.2.0")
}

/// A token's secret.
async fn token(server: &TestServer, kind: &str, projects: &[&str]) -> String {
    let name = format!("{kind} {}", projects.join(" "));
    let body = json!({"tokenName": name, "type": kind, "environment": "development", "projects": projects});
    let token = server.admin().post("/api/admin/api-tokens", body).await.expect(201).json();
    token["secret"].as_str().unwrap().to_owned()
}

/// Makes a flag that is on in `development`.
async fn flag(server: &TestServer, project: &str, name: &str) {
    let path = format!("/api/admin/projects/{project}/features");
    server.admin().post(&path, json!({"name": name, "type": "release"})).await.expect(201);
    strategy(server, project, name, json!({"name": "default"})).await;
    turn(server, project, name, true).await;
}

/// Adds a strategy in `development`.
async fn strategy(server: &TestServer, project: &str, flag: &str, strategy: Value) -> Value {
    let path = format!("/api/admin/projects/{project}/features/{flag}/environments/development/strategies");
    server.admin().post(&path, strategy).await.expect(200).json()
}

/// Switches a flag in `development`.
async fn turn(server: &TestServer, project: &str, flag: &str, on: bool) {
    let way = if on { "on" } else { "off" };
    let path = format!("/api/admin/projects/{project}/features/{flag}/environments/development/{way}");
    server.admin().post(&path, json!({})).await.expect(200);
}

/// Makes a project.
async fn project(server: &TestServer, id: &str) {
    server.admin().post("/api/admin/projects", json!({"id": id, "name": id})).await.expect(201);
}

/// Makes a segment.
async fn segment(server: &TestServer, name: &str, user: &str) -> i64 {
    let constraint = json!({"contextName": "userId", "operator": "IN", "values": [user]});
    let body = json!({"name": name, "constraints": [constraint]});
    server.admin().post("/api/admin/segments", body).await.expect(201).json()["id"].as_i64().unwrap()
}

/// The features document with everything in it that was acknowledged: who has seen later things is not told earlier ones.
async fn fetch(sdk: &Client) -> Answer {
    sdk.with("if-none-match", "\"ffffffff:9000000000:v1\"").get(FEATURES).await.expect(200)
}

/// Asks until the answer is as it should be.
pub async fn until(client: &Client, path: &str, good: impl Fn(&Answer) -> bool) -> Answer {
    let begun = Instant::now();
    loop {
        let answer = client.get(path).await;
        if good(&answer) {
            return answer;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "{} {}", answer.status, answer.text);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The names of the flags in a document.
fn names(document: &Value) -> Vec<&str> {
    document["features"].as_array().unwrap().iter().map(|flag| flag["name"].as_str().unwrap()).collect()
}
