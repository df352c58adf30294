//! What a private project hides, and from whom.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::TestServer;
use crate::support::client::Client;

const SECRET: &str = "hush";

async fn prepare(server: &TestServer) {
    let admin = server.admin();
    admin
        .post("/api/admin/projects", json!({"id": SECRET, "name": "Hush", "mode": "private"}))
        .await
        .expect(201);
    admin
        .post(
            &format!("/api/admin/projects/{SECRET}/features"),
            json!({"name": "whisper", "type": "release"}),
        )
        .await
        .expect(201);
    admin
        .post(
            &format!("/api/admin/projects/{SECRET}/features/whisper/environments/development/on"),
            json!({}),
        )
        .await
        .expect(200);
}

async fn sees(client: &Client) -> bool {
    let list = client.get("/api/admin/projects").await.expect(200).json();
    list["projects"].as_array().unwrap().iter().any(|project| project["id"] == SECRET)
}

both! {
    async fn strangers_find_no_trace(server) {
        prepare(&server).await;
        let (_, vera) = server.person("vera", "Viewer").await;
        let document = server.anonymous().get("/docs/openapi.json").await.expect(200).json();
        for (path, operations) in document["paths"].as_object().unwrap() {
            if !path.contains("{projectId}") {
                continue;
            }
            let path: Vec<&str> = path.split('/').map(|segment| match segment {
                "{projectId}" => SECRET,
                "{featureName}" => "whisper",
                "{environment}" => "development",
                segment if segment.starts_with('{') => "1",
                segment => segment,
            }).collect();
            for (method, operation) in operations.as_object().unwrap() {
                let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
                let body = operation.get("requestBody").map(|_| "{}".to_owned());
                let answer = vera.send(method.clone(), &path.join("/"), body, "application/json").await;
                assert_eq!(answer.status, 404, "{method} {path:?}: {}", answer.text);
                assert!(!answer.text.contains("Hush"), "{method} {path:?}: {}", answer.text);
            }
        }
        for path in ["/api/admin/projects", "/api/admin/projects?archived=true", "/api/admin/personal-dashboard", "/api/admin/user/profile", "/api/admin/search/features", "/api/admin/environments"] {
            let answer = vera.get(path).await;
            assert!(!answer.text.contains(SECRET) && !answer.text.contains("whisper"), "{path}: {}", answer.text);
        }
        for (path, place) in [("playground", json!({"environment": "development"})), ("playground/advanced", json!({"environments": ["development"]}))] {
            for projects in [json!(null), json!("*"), json!([SECRET])] {
                let mut body = place.clone();
                body["context"] = json!({"appName": "web"});
                if !projects.is_null() {
                    body["projects"] = projects;
                }
                let path = format!("/api/admin/{path}");
                assert_eq!(vera.post(&path, body.clone()).await.expect(200).json()["features"], json!([]));
                let seen = server.admin().post(&path, body).await.expect(200).json();
                assert_eq!(seen["features"][0]["name"], "whisper");
            }
        }
        let counts = async |client: &Client| {
            let view = client.get("/api/admin/environments/development").await.expect(200).json();
            (view["projectCount"].as_i64().unwrap(), view["enabledToggleCount"].as_i64().unwrap())
        };
        assert_eq!((counts(&vera).await, counts(&server.admin()).await), ((1, 0), (2, 1)));
    }

    async fn members_and_editors_see_it(server) {
        prepare(&server).await;
        let admin = server.admin();
        let (ann, viewer) = server.person("ann", "Viewer").await;
        let (_, editor) = server.person("ed", "Editor").await;
        assert!(sees(&editor).await && sees(&admin).await && !sees(&viewer).await);
        let path = format!("/api/admin/projects/{SECRET}/overview");
        viewer.get(&path).await.expect(404);
        admin.put(&format!("/api/admin/projects/{SECRET}/users/{ann}/roles"), json!({"roles": [6]})).await.expect(200);
        assert!(sees(&viewer).await);
        viewer.get(&path).await.expect(200);
        viewer.put(&format!("/api/admin/projects/{SECRET}"), json!({"name": "Loud"})).await.expect(403);
        admin.delete(&format!("/api/admin/projects/{SECRET}/users/{ann}/roles")).await.expect(200);
        assert!(!sees(&viewer).await);

        let (inner, outer) = (group(&admin, "Inner", &[ann]).await, group(&admin, "Outer", &[]).await);
        admin.put(&format!("/api/admin/projects/{SECRET}/groups/{inner}/roles"), json!({"roles": [6]})).await.expect(200);
        assert!(sees(&viewer).await, "through a group");
        let listed = viewer.get("/api/admin/projects").await.expect(200).json();
        let hush = listed["projects"].as_array().unwrap().iter().find(|project| project["id"] == SECRET).cloned().unwrap();
        assert_eq!(hush["memberCount"], 1);
        admin.put(&format!("/api/admin/projects/{SECRET}/groups/{outer}/roles"), json!({"roles": [4]})).await.expect(200);
        let overview = admin.get("/api/admin/projects").await.expect(200).json();
        let hush = overview["projects"].as_array().unwrap().iter().find(|project| project["id"] == SECRET).cloned().unwrap();
        assert_eq!(hush["owners"], json!([{"ownerType": "group", "name": "Outer"}]));
        admin.delete(&format!("/api/admin/projects/{SECRET}/groups/{inner}/roles")).await.expect(200);
        admin.put(&format!("/api/admin/projects/{SECRET}"), json!({"name": "Hush", "mode": "protected"})).await.expect(200);
        assert!(sees(&viewer).await, "protected projects are seen by everybody");
    }
}

async fn group(admin: &Client, name: &str, users: &[i64]) -> i64 {
    let users: Vec<Value> = users.iter().map(|id| json!({"user": {"id": id}})).collect();
    let group =
        admin.post("/api/admin/groups", json!({"name": name, "users": users})).await.expect(201).json();
    group["id"].as_i64().unwrap()
}
