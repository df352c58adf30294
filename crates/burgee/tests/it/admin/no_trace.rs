//! Nobody learns the name of anything in a project that they do not see: every operation, asked by everybody who might.
//!
//! Two questions. Does any answer carry a name that the asker did not send? And where they guess a name: is the answer
//! the same as for a name that does not exist?

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::TestServer;
use crate::support::client::{Answer, Client};

/// What is private. Nobody but an admin may read any of these words, in bodies or headers.
const PROJECT: &str = "umbra-project";
const FLAG: &str = "umbra-flag";
const NAMES: [&str; 10] = [
    PROJECT,
    FLAG,
    "umbra-child",
    "umbra-archived",
    "umbra-segment",
    "umbra-field",
    "umbra-token",
    "umbra-group-id",
    "umbra-link",
    "umbra-addon",
];

/// Operations whose answer depends on a name being free in the whole installation: that a name is taken can be found
/// out by wanting it, as in Unleash; what it names cannot.
const UNIQUE: [&str; 4] = ["validateFeature", "validateProject", "validateSegment", "createProject"];

struct Operation {
    method: Method,
    path: String,
    id: String,
    body: bool,
    query: Vec<String>,
}

fn operations(document: &Value) -> Vec<Operation> {
    let mut list = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let query = parameters.iter().filter(|parameter| parameter["in"] == "query");
            list.push(Operation {
                method: Method::from_bytes(method.to_uppercase().as_bytes()).unwrap(),
                path: path.clone(),
                id: operation["operationId"].as_str().unwrap().to_owned(),
                body: operation.get("requestBody").is_some(),
                query: query.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect(),
            });
        }
    }
    // What ends sessions comes last.
    list.sort_by_key(|operation| (operation.path.contains("logout"), operation.method != Method::GET));
    list
}

/// What a guess puts into placeholders, bodies and queries.
struct Guess {
    project: &'static str,
    flag: &'static str,
    segment: String,
    strategy: String,
    addon: String,
    token: String,
}

impl Guess {
    fn field(&self) -> String {
        format!("{}-field", &self.project[..5])
    }

    fn path(&self, operation: &Operation) -> String {
        let fill = |segment: &str| match segment {
            "{projectId}" => self.project.to_owned(),
            "{featureName}" | "{child}" | "{parent}" => self.flag.to_owned(),
            "{environment}" => "development".to_owned(),
            "{strategyId}" => self.strategy.clone(),
            "{contextField}" => self.field(),
            "{token}" => self.token.clone(),
            "{id}" if operation.path.contains("segments") => self.segment.clone(),
            "{id}" if operation.path.contains("addons") => self.addon.clone(),
            other if other.starts_with('{') => "999999".to_owned(),
            other => other.to_owned(),
        };
        operation.path.split('/').map(fill).collect::<Vec<_>>().join("/")
    }

    fn bodies(&self) -> [Value; 2] {
        let (project, flag) = (self.project, self.flag);
        let segment: i64 = self.segment.parse().unwrap_or_default();
        [
            json!({
                "name": flag, "feature": flag, "features": [flag], "project": project, "projects": [project],
                "newProjectId": project, "projectId": project, "projectName": project, "tokenName": "mine",
                "type": "client", "environment": "development", "environments": ["development"],
                "segments": [segment], "constraints": [], "stale": true, "url": "https://example.com",
                "addedTags": [], "removedTags": [], "tags": {"addedTags": [], "removedTags": []}, "status": "kept",
                "provider": "webhook", "parameters": {"url": "https://example.com"}, "events": ["feature-created"],
                "enabled": true, "id": 1, "value": "x", "contextName": "userId", "operator": "IN", "values": ["1"],
                "targetEnvironment": "development", "context": {"appName": "web"}, "expiresAt": "2099-01-01T00:00:00.000Z",
            }),
            json!([{"op": "replace", "path": "/name", "value": flag}]),
        ]
    }

    /// The answer, with what was guessed taken out of it.
    async fn ask(&self, client: &Client, operation: &Operation, body: Option<&Value>) -> (u16, String) {
        let path = self.path(operation);
        let body = body.map(Value::to_string);
        let answer = client.send(operation.method.clone(), &path, body, "application/json").await;
        let mut text = whole(&answer);
        for word in [self.project, self.flag, &self.field(), &self.strategy, &self.token] {
            text = text.replace(word, "?");
        }
        (answer.status, text)
    }
}

/// Body and headers in one text.
fn whole(answer: &Answer) -> String {
    let mut text = answer.text.clone();
    for (name, value) in &answer.headers {
        if !matches!(name.as_str(), "date" | "content-length" | "etag" | "set-cookie") {
            text.push('\n');
            text.push_str(name.as_str());
            text.push_str(": ");
            text.push_str(&String::from_utf8_lossy(value.as_bytes()));
        }
    }
    let accidental = regex::Regex::new(
        r#"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9A-Z]{26}|\d{4}-\d\d-\d\dT[0-9:.]+Z|v2_[\w-]+|"(secret|name|id)":[^,}]+|\d+|tokens/[\w-]+"#,
    );
    accidental.unwrap().replace_all(&text, "~").into_owned()
}

/// Fills a private project and tells how its things are named.
async fn prepare(server: &TestServer) -> Guess {
    let admin = server.admin();
    for (id, mode) in [(PROJECT, "private"), ("open-project", "open")] {
        admin.post("/api/admin/projects", json!({"id": id, "name": id, "mode": mode})).await.expect(201);
    }
    let features = format!("/api/admin/projects/{PROJECT}/features");
    for name in [FLAG, "umbra-child", "umbra-archived"] {
        admin
            .post(&features, json!({"name": name, "type": "release", "description": FLAG}))
            .await
            .expect(201);
    }
    let segment = json!({"name": "umbra-segment", "project": PROJECT, "constraints": []});
    let segment = admin.post("/api/admin/segments", segment).await.expect(201).json()["id"].to_string();
    let field = json!({"name": "umbra-field", "description": PROJECT});
    admin.post(&format!("/api/admin/projects/{PROJECT}/context"), field).await.expect(201);
    let strategies = format!("{features}/{FLAG}/environments/development/strategies");
    let strategy = json!({
        "name": "flexibleRollout", "parameters": {"groupId": "umbra-group-id", "rollout": "100", "stickiness": "default"},
        "segments": [segment.parse::<i64>().unwrap()],
        "constraints": [{"contextName": "userId", "operator": "IN", "values": ["1"]}],
    });
    let strategy =
        admin.post(&strategies, strategy).await.expect(200).json()["id"].as_str().unwrap().to_owned();
    admin.post(&format!("{features}/{FLAG}/environments/development/on"), json!({})).await.expect(200);
    admin.post(&format!("{features}/umbra-child/dependencies"), json!({"feature": FLAG})).await.expect(200);
    let link = json!({"url": "https://example.com/umbra-link", "title": "umbra-link"});
    admin.post(&format!("{features}/{FLAG}/link"), link).await.expect(204);
    admin.delete(&format!("{features}/umbra-archived")).await.expect(202);
    let tag = json!({"type": "simple", "value": "shared"});
    admin.post(&format!("/api/admin/features/{FLAG}/tags"), tag).await.expect(201);
    let token = json!({"tokenName": "umbra-token", "type": "client", "environment": "development", "projects": [PROJECT]});
    let token = admin.post("/api/admin/api-tokens", token).await.expect(201);
    let token = token.header("location").rsplit('/').next().unwrap().to_owned();
    let both = json!({"tokenName": "umbra-token", "type": "client", "environment": "development", "projects": ["open-project", PROJECT]});
    admin.post("/api/admin/api-tokens", both).await.expect(201);
    let addon = json!({
        "provider": "webhook", "enabled": true, "description": "umbra-addon", "projects": [PROJECT],
        "parameters": {"url": "https://example.com"}, "events": ["feature-created"],
    });
    let addon = admin.post("/api/admin/addons", addon).await.expect(201).json()["id"].to_string();
    Guess { project: PROJECT, flag: FLAG, segment, strategy, addon, token }
}

/// Everybody who does not see the project: a viewer; somebody with every permission in another project; somebody with
/// every root permission but ADMIN, through a group; a service account that views.
async fn strangers(server: &TestServer) -> Vec<(&'static str, Client)> {
    let admin = server.admin();
    let (_, viewer) = server.person("vera", "Viewer").await;
    let (owner_id, owner) = server.person("olga", "Viewer").await;
    admin
        .put(&format!("/api/admin/projects/open-project/users/{owner_id}/roles"), json!({"roles": [4]}))
        .await
        .expect(200);
    let known = admin.get("/api/admin/permissions").await.expect(200).json();
    let root = known["permissions"]["root"].as_array().unwrap();
    let root: Vec<Value> = root
        .iter()
        .filter(|permission| permission["name"] != "ADMIN")
        .map(|permission| json!({"name": permission["name"]}))
        .collect();
    let role = json!({"name": "Nearly all", "description": "", "type": "root-custom", "permissions": root});
    let role = admin.post("/api/admin/roles", role).await.expect(200).json()["roles"]["id"].clone();
    let (id, powerful) = server.person("paul", "Viewer").await;
    let group = json!({"name": "Powerful", "rootRole": role, "users": [{"user": {"id": id}}]});
    admin.post("/api/admin/groups", group).await.expect(201);
    let account = json!({"name": "robot", "username": "robot", "rootRole": 3});
    let account =
        admin.post("/api/admin/service-account", account).await.expect(201).json()["id"].to_string();
    let token = json!({"description": "robot", "expiresAt": "2099-01-01T00:00:00.000Z"});
    let token =
        admin.post(&format!("/api/admin/service-account/{account}/token"), token).await.expect(201).json();
    let robot = server.anonymous().with("authorization", token["secret"].as_str().unwrap());
    let client = json!({"tokenName": "other", "type": "client", "environment": "development", "projects": ["open-project"]});
    let client = admin.post("/api/admin/api-tokens", client).await.expect(201).json();
    let sdk = server.anonymous().with("authorization", client["secret"].as_str().unwrap());
    vec![
        ("a viewer", viewer),
        ("an owner of another project", owner),
        ("somebody with every root permission but ADMIN", powerful),
        ("a service account", robot),
        ("a token of another project", sdk),
    ]
}

/// What somebody puts into queries who looks for it.
const HOSTILE: [&str; 5] = ["umbra", "*", "%25", "IS_ANY_OF:umbra-project", "IS:umbra-flag"];

both! {
    async fn no_answer_names_anything_private(server) {
        prepare(&server).await;
        let strangers = strangers(&server).await;
        let document = server.anonymous().get("/docs/openapi.json").await.expect(200).json();
        let blind = Guess {
            project: "open-project", flag: "nothing", segment: "1".to_owned(), strategy: "nothing".to_owned(),
            addon: "1".to_owned(), token: "nothing".to_owned(),
        };
        let mut found = Vec::new();
        for (who, client) in &strangers {
            for operation in operations(&document) {
                let mut asked = vec![String::new()];
                for name in &operation.query {
                    asked.extend(HOSTILE.iter().map(|value| format!("?{name}={value}")));
                }
                let bodies = blind.bodies();
                let body = operation.body.then(|| &bodies[0]);
                for query in &asked {
                    let path = format!("{}{query}", blind.path(&operation));
                    let answer = client.send(operation.method.clone(), &path, body.map(Value::to_string), "application/json").await;
                    let text = answer.text.clone() + &format!("{:?}", answer.headers);
                    // A name that was sent may come back.
                    found.extend(NAMES.iter().filter(|name| text.contains(**name) && !query.contains(**name)).map(|name| {
                        format!("{who} reads {name} in {} {path}: {}", operation.method, text.chars().take(600).collect::<String>())
                    }));
                }
            }
        }
        assert!(found.is_empty(), "{found:#?}");
    }

    async fn a_right_guess_tells_no_more_than_a_wrong_one(server) {
        let right = prepare(&server).await;
        let wrong = Guess {
            project: "other-project", flag: "other-flag", segment: "777777".to_owned(),
            strategy: "01H00000000000000000000000".to_owned(), addon: "888888".to_owned(), token: "A".repeat(22),
        };
        let strangers = strangers(&server).await;
        let document = server.anonymous().get("/docs/openapi.json").await.expect(200).json();
        let mut found = Vec::new();
        for (who, client) in &strangers {
            for operation in operations(&document).iter().filter(|operation| operation.path.starts_with("/api/admin") && !UNIQUE.contains(&operation.id.as_str())) {
                // Patches are lists.
                let which = usize::from(operation.method == Method::PATCH);
                let (mine, other) = (right.bodies(), wrong.bodies());
                let one = right.ask(client, operation, operation.body.then(|| &mine[which])).await;
                let two = wrong.ask(client, operation, operation.body.then(|| &other[which])).await;
                if one != two {
                    found.push(format!("{who}: {} {} {}: {one:?} but {two:?}", operation.id, operation.method, operation.path));
                }
            }
        }
        assert!(found.is_empty(), "{found:#?}");
    }
}
