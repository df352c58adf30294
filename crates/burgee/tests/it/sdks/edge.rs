//! The official Edge in front of us: what it hands on is what we serve. `conformance/edge` builds it and runs this.

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::{Value, json};
use tokio::process::{Child, Command};

use super::{FLAGS, PATIENCE, contexts, expected, flip, seeded, token};
use crate::support::TestServer;

/// An Edge of its own, and where it is.
struct Edge {
    base: String,
    _process: Child,
}

impl Edge {
    /// Starts an Edge that knows a backend token. `None`, with the reason, if there is none to start.
    #[expect(clippy::print_stderr, reason = "whoever runs the tests must see what did not run")]
    async fn start(server: &TestServer, secret: &str, mode: &[&str]) -> Option<Self> {
        let Some(program) = std::env::var_os("UNLEASH_EDGE") else {
            eprintln!("skipped: UNLEASH_EDGE is not set, so there is no Edge; run conformance/edge");
            return None;
        };
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = Command::new(program)
            .args(["--port", &port.to_string(), "--interface", "127.0.0.1", "edge", "--strict"])
            .args(["--upstream-url", &server.base, "--tokens", secret])
            .args(["--features-refresh-interval-seconds", "1", "--metrics-interval-seconds", "1"])
            .args(mode)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let edge = Self { base: format!("http://127.0.0.1:{port}"), _process: process };
        let begun = Instant::now();
        while edge.get("/internal-backstage/ready", "").await.is_none_or(|(status, _)| status != 200) {
            assert!(begun.elapsed() < PATIENCE, "Edge does not get ready");
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        Some(edge)
    }

    async fn get(&self, path: &str, secret: &str) -> Option<(u16, Value)> {
        let request = crate::support::http()
            .build()
            .unwrap()
            .get(format!("{}{path}", self.base))
            .header("authorization", secret);
        let request = request.header("unleash-client-spec", "5.2.0");
        let answer = request.send().await.ok()?;
        Some((answer.status().as_u16(), answer.json().await.unwrap_or_default()))
    }
}

/// Flags by name, as far as they say something: what is left out and what is empty are the same.
fn flags(document: &Value) -> BTreeMap<String, Value> {
    fn bare(value: &Value) -> Value {
        match value {
            Value::Object(fields) => {
                // Edge drops what only editors need.
                let told = fields.iter().filter(|(name, _)| *name != "weightType");
                let told = told.map(|(name, value)| (name.clone(), bare(value)));
                told.filter(|(_, value)| {
                    !matches!(value, Value::Null | Value::Bool(false))
                        && value.as_array().is_none_or(|list| !list.is_empty())
                        && value.as_object().is_none_or(|fields| !fields.is_empty())
                })
                .collect()
            }
            Value::Array(list) => list.iter().map(bare).collect(),
            other => other.clone(),
        }
    }
    let flags = document["features"].as_array().unwrap();
    flags.iter().map(|flag| (flag["name"].as_str().unwrap().to_owned(), bare(flag))).collect()
}

async fn hands_on(mode: &[&str]) {
    let server = seeded().await;
    let secret = token(&server, "client").await;
    let frontend = token(&server, "frontend").await;
    let Some(edge) = Edge::start(&server, &secret, mode).await else { return };
    let wanted = expected(&server).await;
    let ours = server.anonymous().with("authorization", &secret).with("unleash-client-spec", "5.2.0");
    let both = async || {
        let (status, theirs) = edge.get("/api/client/features", &secret).await.unwrap();
        assert_eq!(status, 200, "{theirs}");
        (flags(&theirs), flags(&ours.get("/api/client/features").await.expect(200).json()))
    };
    let (theirs, own) = both().await;
    assert_eq!(theirs, own);

    // Edge evaluates for frontends by itself.
    for (fields, wanted) in contexts().as_array().unwrap().iter().zip(wanted.as_array().unwrap()) {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in fields.as_object().unwrap() {
            match value {
                Value::Object(properties) => {
                    for (name, value) in properties {
                        query.append_pair(&format!("properties[{name}]"), value.as_str().unwrap());
                    }
                }
                value => drop(query.append_pair(name, value.as_str().unwrap())),
            }
        }
        let (status, told) = edge.get(&format!("/api/frontend?{}", query.finish()), &frontend).await.unwrap();
        assert_eq!(status, 200, "{told}");
        let told = told["toggles"].as_array().unwrap();
        let answers: Value = FLAGS
            .iter()
            .map(|flag| {
                let found = told.iter().find(|toggle| toggle["name"] == *flag);
                match found {
                    Some(toggle) => {
                        json!([true, toggle["variant"]["name"], toggle["variant"]["payload"]["value"]])
                    }
                    None => json!([false, "disabled", null]),
                }
            })
            .collect();
        assert_eq!(&answers, wanted);
    }

    flip(&server.admin()).await;
    let begun = Instant::now();
    while {
        let (theirs, own) = both().await;
        theirs != own
    } {
        assert!(begun.elapsed() < PATIENCE, "Edge does not see the change");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn edge_polls() {
    hands_on(&[]).await;
}

#[tokio::test]
async fn edge_polls_changes() {
    hands_on(&["--delta"]).await;
}

#[tokio::test]
async fn edge_follows_a_stream() {
    hands_on(&["--delta", "--streaming"]).await;
}
