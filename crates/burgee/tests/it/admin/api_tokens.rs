//! API tokens.

use serde_json::{Value, json};

use crate::support::TestServer;
use crate::support::client::Client;

const PATH: &str = "/api/admin/api-tokens";

/// Somebody with a root role that holds only `permissions`.
async fn holder(server: &TestServer, name: &str, permissions: &[&str]) -> Client {
    let permissions: Vec<Value> = permissions.iter().map(|name| json!({ "name": name })).collect();
    let role = json!({ "name": name, "type": "root-custom", "permissions": permissions });
    server.admin().post("/api/admin/roles", role).await.expect(200);
    server.person(name, name).await.1
}

fn names(answer: &Value) -> Vec<&str> {
    answer["tokens"].as_array().unwrap().iter().map(|token| token["tokenName"].as_str().unwrap()).collect()
}

both! {
    async fn a_token_is_shown_whole_once(server) {
        let admin = server.admin();
        let made = admin.post(PATH, json!({"tokenName": "sdk", "type": "BackEnd", "environment": "production", "projects": ["default"]})).await.expect(201);
        let token = made.json();
        let secret = token["secret"].as_str().unwrap();
        assert!(secret.starts_with("default:production.v2_"), "{secret}");
        assert_eq!((token["type"].as_str(), &token["projects"]), (Some("backend"), &json!(["default"])));
        let listed = admin.get(&format!("{PATH}/sdk")).await.expect(200).json();
        let listed = &listed["tokens"][0];
        let selector = listed["secret"].as_str().unwrap();
        assert_eq!(listed["secure"], true);
        assert_eq!(made.header("location"), format!("{PATH}/{selector}"));
        assert!(secret.contains(selector) && !listed.to_string().contains(secret));

        admin.put(&format!("{PATH}/{selector}"), json!({"expiresAt": "2098-01-01T00:00:00Z"})).await.expect(200);
        admin.put(&format!("{PATH}/{secret}"), json!({"expiresAt": "2099-01-01T00:00:00Z"})).await.expect(200);
        let all = admin.get(PATH).await.expect(200).json();
        let found = all["tokens"].as_array().unwrap().iter().find(|token| token["tokenName"] == "sdk").unwrap();
        assert_eq!(found["expiresAt"], "2099-01-01T00:00:00.000Z");
        let wrong = server.anonymous().with("authorization", secret).get(PATH).await.expect(403).json();
        assert_eq!(wrong["message"], "invalid token: expected a different token type for this endpoint");
        admin.delete(&format!("{PATH}/{secret}")).await.expect(200);
        assert_eq!(names(&admin.get(&format!("{PATH}/sdk")).await.expect(200).json()), Vec::<&str>::new());
        admin.delete(&format!("{PATH}/unknown")).await.expect(200);
        admin.put(&format!("{PATH}/unknown"), json!({"expiresAt": "2099-01-01T00:00:00Z"})).await.expect(200);
    }

    async fn a_token_that_has_expired_already_is_made_and_lets_nobody_in(server) {
        let admin = server.admin();
        let made = admin.post(PATH, json!({"tokenName": "late", "type": "client", "expiresAt": "2001-01-01T00:00:00Z"})).await.expect(201).json();
        assert_eq!(made["expiresAt"], "2001-01-01T00:00:00.000Z");
        let secret = made["secret"].as_str().unwrap();
        let late = server.anonymous().with("authorization", secret);
        late.get(PATH).await.expect(401);
        // The end of the year 9999 is how many write "never".
        admin.put(&format!("{PATH}/{secret}"), json!({"expiresAt": "9999-12-31T23:59:59.999Z"})).await.expect(200);
        late.get(PATH).await.expect(403);
        let listed = admin.get(&format!("{PATH}/late")).await.expect(200).json();
        assert_eq!(listed["tokens"][0]["expiresAt"], "9999-12-31T23:59:59.999Z");
    }

    async fn what_a_token_cannot_be_is_refused(server) {
        let admin = server.admin();
        for body in [
            json!({"tokenName": "a", "type": "admin"}), json!({"tokenName": "a", "type": "x"}), json!({"type": "client"}),
            json!({"tokenName": "a"}), json!({"tokenName": " ", "type": "client"}),
            json!({"tokenName": "a", "type": "client", "environment": "*"}),
            json!({"tokenName": "a", "type": "client", "environment": "moon"}),
            json!({"tokenName": "a", "type": "client", "project": "moon"}),
            json!({"tokenName": "a", "type": "client", "projects": ["default", "moon"]}),
            json!({"tokenName": "a", "type": "client", "project": "default", "projects": ["*"]}),
            json!({"tokenName": "a", "type": "client", "expiresAt": "tomorrow"}),
        ] {
            let answer = admin.post(PATH, body.clone()).await;
            assert_eq!((answer.status, answer.json()["name"].as_str()), (400, Some("BadDataError")), "{body}");
        }
        let ordinary = admin.post(PATH, json!({"username": "old", "type": "frontend"})).await.expect(201).json();
        assert_eq!((ordinary["environment"].as_str(), &ordinary["projects"]), (Some("development"), &json!(["*"])));
    }

    async fn each_type_needs_its_own_permission(server) {
        let admin = server.admin();
        let mut secrets = Vec::new();
        for kind in ["client", "frontend"] {
            let made = admin.post(PATH, json!({"tokenName": kind, "type": kind})).await.expect(201).json();
            secrets.push(made["secret"].as_str().unwrap().to_owned());
        }
        let reader = holder(&server, "token reader", &["READ_FRONTEND_API_TOKEN"]).await;
        assert_eq!(names(&reader.get(PATH).await.expect(200).json()), ["frontend"]);
        assert_eq!(names(&reader.get(&format!("{PATH}/client")).await.expect(200).json()), Vec::<&str>::new());
        reader.post(PATH, json!({"tokenName": "a", "type": "frontend"})).await.expect(403);
        reader.delete(&format!("{PATH}/{}", secrets[1])).await.expect(403);

        let writer = holder(&server, "token writer", &["CREATE_FRONTEND_API_TOKEN", "UPDATE_FRONTEND_API_TOKEN", "DELETE_FRONTEND_API_TOKEN"]).await;
        writer.get(PATH).await.expect(403);
        writer.post(PATH, json!({"tokenName": "a", "type": "frontend"})).await.expect(201);
        let refused = writer.post(PATH, json!({"tokenName": "a", "type": "backend"})).await.expect(403).json();
        assert_eq!(refused["permissions"], json!(["CREATE_CLIENT_API_TOKEN"]));
        writer.put(&format!("{PATH}/{}", secrets[0]), json!({"expiresAt": "2099-01-01T00:00:00Z"})).await.expect(403);
        writer.delete(&format!("{PATH}/{}", secrets[0])).await.expect(403);
        writer.delete(&format!("{PATH}/{}", secrets[1])).await.expect(200);
        let editor = server.person("ed", "Editor").await.1;
        assert_eq!(names(&editor.get(PATH).await.expect(200).json()), ["client", "a"], "an editor sees no admin tokens");
    }
}

#[tokio::test]
async fn there_are_only_so_many_tokens() {
    let server = TestServer::sqlite_with(&["--unleash-api-tokens-limit", "2"]).await;
    let body = json!({"tokenName": "a", "type": "client"});
    server.admin().post(PATH, body.clone()).await.expect(201);
    let full = server.admin().post(PATH, body).await.expect(400).json();
    assert_eq!(full["name"], "ExceedsLimitError");
    assert_eq!(
        full["message"],
        "Failed to create API token. You can't create more than the established limit of 2."
    );
}
