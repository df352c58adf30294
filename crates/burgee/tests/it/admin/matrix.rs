//! Who may call what: every operation of the OpenAPI document, with nobody and with somebody powerless.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::client::Client;
use crate::support::{TestServer, snapshot};

struct Operation {
    method: Method,
    path: String,
    id: String,
    open: bool,
    /// The kinds of API tokens that it takes.
    tokens: Vec<String>,
    permissions: Vec<String>,
    body: bool,
}

impl Operation {
    /// Calls it with something plausible in every placeholder, and an empty body.
    async fn call(&self, client: &Client) -> u16 {
        let path: Vec<&str> = self
            .path
            .split('/')
            .map(|segment| match segment {
                "{projectId}" => "default",
                "{token}" | "{featureName}" => "unknown",
                segment if segment.starts_with('{') => "1",
                segment => segment,
            })
            .collect();
        let body = self.body.then(|| "{}".to_owned());
        let status = client.status(self.method.clone(), &path.join("/"), body).await;
        assert_ne!(status, 500, "{} {} found a defect", self.method, self.path);
        status
    }
}

fn operations(document: &Value) -> Vec<Operation> {
    let mut list = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            list.push(Operation {
                method: Method::from_bytes(method.to_uppercase().as_bytes()).unwrap(),
                path: path.clone(),
                id: operation["operationId"].as_str().unwrap().to_owned(),
                open: operation["security"].as_array().is_some_and(Vec::is_empty),
                tokens: names(&operation["x-token"]),
                permissions: names(&operation["x-permissions"]),
                body: operation.get("requestBody").is_some(),
            });
        }
    }
    list.sort_by(|a, b| (&a.path, a.method.as_str()).cmp(&(&b.path, b.method.as_str())));
    list
}

fn names(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().map(|name| name.as_str().unwrap().to_owned()).collect()
}

fn table(operations: &[Operation]) -> String {
    let mut text = String::from(
        "# Who may call what\n\nPrinted from the program by the test `access_matrix`, which also calls every operation \
         without a token and as\nsomebody without permissions. One of the permissions is enough; `ADMIN` always is. Write \
         it anew with\n`UPDATE_SNAPSHOTS=1`.\n\n| Operation | Name | Who |\n|---|---|---|\n",
    );
    for operation in operations {
        let who = match (operation.open, operation.permissions.as_slice()) {
            (true, _) => "everybody".to_owned(),
            (false, []) if !operation.tokens.is_empty() => {
                format!("whoever has a {} token", operation.tokens.join(" or "))
            }
            (false, []) => "whoever is signed in".to_owned(),
            (false, names) => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or "),
        };
        let line = format!("| `{} {}` | {} | {who} |\n", operation.method, operation.path, operation.id);
        text.push_str(&line);
    }
    text
}

both! {
    async fn access_matrix(server) {
        let document = server.anonymous().get("/docs/openapi.json").await.expect(200).json();
        let (nobody, (_, viewer)) = (server.anonymous(), server.person("vera", "Viewer").await);
        let wrong = server.anonymous().with("authorization", "*:*.unknown");
        let mut clients = Vec::new();
        for kind in ["client", "frontend"] {
            let body = json!({"tokenName": kind, "type": kind, "environment": "development"});
            let token = server.admin().post("/api/admin/api-tokens", body).await.expect(201).json();
            let secret = token["secret"].as_str().unwrap();
            clients.push((kind.to_owned(), server.anonymous().with("authorization", secret)));
        }
        let operations = operations(&document);
        for operation in operations.iter().filter(|operation| !operation.open) {
            let what = format!("{} {}", operation.method, operation.path);
            assert_eq!(operation.call(&nobody).await, 401, "{what} without a token");
            assert_eq!(operation.call(&wrong).await, 401, "{what} with an unknown token");
            let status = operation.call(&viewer).await;
            if !operation.tokens.is_empty() {
                assert_eq!(status, 401, "{what} lets a viewer in");
                for (kind, client) in &clients {
                    let status = operation.call(client).await;
                    let right = operation.tokens.contains(kind);
                    assert_eq!(right, status != 403, "{what} with a {kind} token: {status}");
                }
            } else if operation.permissions.is_empty() {
                assert!(!matches!(status, 401 | 403), "{what} refuses a viewer: {status}");
            } else {
                assert!(matches!(status, 403 | 404), "{what} lets a viewer in: {status}");
            }
        }
        for operation in operations.iter().filter(|operation| operation.open) {
            let status = operation.call(&nobody).await;
            assert!(!matches!(status, 403), "{} is not open: {status}", operation.path);
        }
        snapshot::check("docs/permissions.md", &table(&operations));
    }
}

#[tokio::test]
async fn the_openapi_document_is_pinned() {
    let server = TestServer::sqlite().await;
    let document = server.anonymous().get("/docs/openapi.json").await.expect(200).json();
    snapshot::check("docs/openapi.json", &(serde_json::to_string_pretty(&document).unwrap() + "\n"));
}
