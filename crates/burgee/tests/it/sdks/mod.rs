//! The official SDKs against the real server: each fetches, evaluates as we do, sees a change, has its metrics counted,
//! and is refused when its token is gone.
//!
//! `./test` installs them in the versions that `conformance/` pins; `conformance/sdk/story.mjs` says what their scripts tell.

mod edge;

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use burgee_eval::{Context, Document, State};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{ChildStdout, Command};

use crate::support::client::Client;
use crate::support::{TestServer, outside_tools};

/// What is on for whom. Each flag is named after it.
const FLAGS: [&str; 12] =
    ["on", "off", "half", "user-7", "gold", "newer", "crew", "red-or-blue", "json", "child", "orphan", "lan"];

/// How long any step of the story may take.
const PATIENCE: Duration = Duration::from_secs(30);

fn contexts() -> Value {
    json!([
        {"userId": "7", "properties": {"plan": "gold", "version": "1.3.0"}},
        {"userId": "8", "remoteAddress": "10.1.2.3", "properties": {"plan": "silver", "version": "1.0.0"}},
        {"userId": "23", "sessionId": "abc", "properties": {"version": "2.0.0-beta"}},
        {"sessionId": "abc"},
    ])
}

/// A server with flags of every kind, and one that is off until [`flip`].
async fn seeded() -> TestServer {
    let server = TestServer::sqlite().await;
    let admin = server.admin();
    let only = |field: &str, operator: &str, value: &str| json!([{"contextName": field, "operator": operator, "values": [value], "value": value}]);
    let rollout = |percent: &str| json!({"rollout": percent, "stickiness": "default", "groupId": "sdk"});
    let variant = |name: &str, weight: u32, kind: &str, value: &str| {
        json!({"name": name, "weight": weight, "weightType": "variable", "stickiness": "default",
               "payload": {"type": kind, "value": value}})
    };
    let segment = json!({"name": "crew", "constraints": only("userId", "IN", "7")});
    let segment = admin.post("/api/admin/segments", segment).await.expect(201).json()["id"].clone();
    let strategies = [
        ("on", json!({})),
        ("off", json!({})),
        ("half", json!({"name": "flexibleRollout", "parameters": rollout("50")})),
        ("user-7", json!({"constraints": only("userId", "IN", "7")})),
        ("gold", json!({"constraints": only("plan", "STR_STARTS_WITH", "go")})),
        ("newer", json!({"constraints": only("version", "SEMVER_GT", "1.2.3")})),
        ("crew", json!({"segments": [segment]})),
        (
            "red-or-blue",
            json!({"name": "flexibleRollout", "parameters": rollout("100"), "variants": [
                variant("red", 500, "string", "r"), variant("blue", 500, "number", "1.5"),
            ]}),
        ),
        (
            "json",
            json!({"name": "flexibleRollout", "parameters": rollout("100"), "variants": [
                variant("only", 1000, "json", "{\"a\":[1,\"ä\"]}"),
            ]}),
        ),
        ("child", json!({})),
        ("orphan", json!({})),
        ("lan", json!({"name": "remoteAddress", "parameters": {"IPs": "10.1.0.0/16,127.0.0.2"}})),
        ("flip", json!({})),
    ];
    for (flag, mut strategy) in strategies {
        let path = "/api/admin/projects/default/features";
        admin.post(path, json!({"name": flag})).await.expect(201);
        if strategy.get("name").is_none() {
            strategy["name"] = json!("default");
        }
        let environment = format!("{path}/{flag}/environments/development");
        admin.post(&format!("{environment}/strategies"), strategy).await.expect(200);
        if !matches!(flag, "off" | "flip") {
            admin.post(&format!("{environment}/on"), json!({})).await.expect(200);
        }
    }
    for (child, parent) in [("child", "on"), ("orphan", "off")] {
        let path = format!("/api/admin/projects/default/features/{child}/dependencies");
        admin.post(&path, json!({"feature": parent})).await.expect(200);
    }
    server
}

async fn flip(admin: &Client) {
    let path = "/api/admin/projects/default/features/flip/environments/development/on";
    admin.post(path, json!({})).await.expect(200);
}

async fn token(server: &TestServer, kind: &str) -> String {
    let body =
        json!({"tokenName": "sdk", "type": kind, "environment": "development", "projects": ["default"]});
    let token = server.admin().post("/api/admin/api-tokens", body).await.expect(201).json();
    token["secret"].as_str().unwrap().to_owned()
}

/// What the engine says of every flag in every context: whether it is on, its variant and the value of that.
async fn expected(server: &TestServer) -> Value {
    let secret = token(server, "client").await;
    let client = server.anonymous().with("authorization", &secret).with("unleash-client-spec", "5.2.0");
    let document: Document =
        serde_json::from_value(client.get("/api/client/features").await.expect(200).json()).unwrap();
    let state = State::compile(&document);
    let answers = |fields: &Value| {
        let mut context = Context::new("2026-01-01T00:00:00Z".parse().unwrap(), 0);
        context.read(fields.as_object().unwrap());
        let answer = |flag: &&str| {
            let found = state.evaluate(flag, &context).unwrap();
            json!([found.enabled, found.variant.name, found.variant.payload.map(|payload| &*payload.value)])
        };
        FLAGS.iter().map(answer).collect::<Value>()
    };
    let all: Value = contexts().as_array().unwrap().iter().map(answers).collect();
    // The engine is held to the official specification elsewhere; this holds the flags to their names.
    let on = |context: usize| -> Vec<&str> {
        let row = all[context].as_array().unwrap();
        FLAGS.iter().zip(row).filter(|(_, answer)| answer[0] == true).map(|(flag, _)| *flag).collect()
    };
    for (context, wanted) in
        [(0, ["user-7", "gold", "newer", "crew"].as_slice()), (1, &["lan"]), (2, &["newer"])]
    {
        let always = ["on", "red-or-blue", "json", "child", "half"];
        let special: Vec<&str> = on(context).into_iter().filter(|flag| !always.contains(flag)).collect();
        assert_eq!(special, wanted);
    }
    all
}

/// What a script tells, line by line.
struct Told(Lines<BufReader<ChildStdout>>);

impl Told {
    async fn next(&mut self) -> Value {
        let line =
            tokio::time::timeout(PATIENCE, self.0.next_line()).await.expect("the SDK says something in time");
        let line = line.unwrap().expect("the script goes on; its errors stand above");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }
}

/// What runs a script, from a folder beside the packages, so that it finds them.
fn program(script: &str, tools: &Path, folder: &Path) -> Command {
    let Some((_, kind)) = script.split_once('.') else {
        return Command::new(tools.join("rust/debug/rust-sdk"));
    };
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/sdk");
    for file in [script, "story.mjs", "openfeature.mjs"] {
        std::fs::copy(scripts.join(file), folder.join(file)).unwrap();
    }
    let mut command =
        Command::new(if kind == "py" { tools.join("python/bin/python") } else { "node".into() });
    command.arg(folder.join(script));
    command
}

/// The whole story of an SDK: `script`, in one of its modes, with a token of a kind. `application` is what it calls
/// itself if it tells metrics.
async fn story(script: &str, mode: &str, kind: &str, application: Option<&str>) {
    let Some(tools) = outside_tools(script) else { return };
    let server = seeded().await;
    let wanted = expected(&server).await;
    let secret = token(&server, kind).await;
    let folder = tempfile::tempdir_in(&tools).unwrap();
    let mut child = program(script, &tools, folder.path())
        .env("BASE", &server.base)
        .env("TOKEN", &secret)
        .env("MODE", mode)
        .env("FOLDER", folder.path())
        .env("CONTEXTS", contexts().to_string())
        .env("FLAGS", json!(FLAGS).to_string())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut told = Told(BufReader::new(child.stdout.take().unwrap()).lines());
    assert_eq!(told.next().await["answers"], wanted, "{script} {mode}");
    flip(&server.admin()).await;
    assert_eq!(told.next().await["saw"], "flip");
    if let Some(application) = application {
        counted(&server, application).await;
    }
    server.admin().delete(&format!("/api/admin/api-tokens/{secret}")).await.done();
    assert_eq!(told.next().await["saw"], "refused");
    let status = tokio::time::timeout(PATIENCE, child.wait()).await.expect("the script ends").unwrap();
    assert!(status.success(), "{status}");
}

/// Waits until the application's use of a flag was counted.
async fn counted(server: &TestServer, application: &str) {
    let begun = std::time::Instant::now();
    loop {
        let usage = server.admin().get("/api/admin/client-metrics/features/on").await.expect(200).json();
        let seen = usage["seenApplications"].as_array().unwrap();
        if seen.iter().any(|name| name == application) {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{usage}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn node_polls() {
    story("node.mjs", "full", "client", Some("node-full")).await;
}

#[tokio::test]
async fn node_polls_changes() {
    story("node.mjs", "delta", "client", Some("node-delta")).await;
}

#[tokio::test]
async fn node_follows_a_stream() {
    story("node.mjs", "streaming", "client", Some("node-streaming")).await;
}

#[tokio::test]
async fn python_polls() {
    story("python.py", "full", "client", Some("python-full")).await;
}

#[tokio::test]
async fn python_polls_changes() {
    story("python.py", "delta", "client", Some("python-delta")).await;
}

#[tokio::test]
async fn python_follows_a_stream() {
    story("python.py", "streaming", "client", Some("python-streaming")).await;
}

#[tokio::test]
async fn rust_polls() {
    story("rust", "", "client", Some("rust")).await;
}

#[tokio::test]
async fn nextjs_evaluates_on_the_server() {
    story("nextjs.mjs", "", "client", None).await;
}

#[tokio::test]
async fn browsers_ask_with_get() {
    story("browser.mjs", "GET", "frontend", Some("browser-GET")).await;
}

#[tokio::test]
async fn browsers_ask_with_post() {
    story("browser.mjs", "POST", "frontend", Some("browser-POST")).await;
}

#[tokio::test]
async fn react_renders() {
    story("react.mjs", "", "frontend", Some("react")).await;
}

#[tokio::test]
async fn openfeature_asks_the_frontend_api() {
    story("unleash-web-provider.mjs", "", "frontend", Some("openfeature")).await;
}

#[tokio::test]
async fn openfeature_asks_on_a_server() {
    story("ofrep-server.mjs", "", "client", None).await;
}

#[tokio::test]
async fn openfeature_listens_in_a_page() {
    story("ofrep-web.mjs", "", "frontend", None).await;
}
