//! The API tokens of one project, and the forms a token may have.

use burgee::access::{Administer, Granted, Root};
use burgee::entropy::digest;
use burgee::events::{Event, Fact};
use serde_json::{Value, json};

use crate::support::TestServer;
use crate::support::client::Client;

const PATH: &str = "/api/admin/projects/default/api-tokens";

/// Somebody who is a member of the project `default` and nothing else.
async fn member(server: &TestServer) -> Client {
    let (id, client) = server.person("mia", "Viewer").await;
    server
        .admin()
        .put(&format!("/api/admin/projects/default/users/{id}/roles"), json!({"roles": [5]}))
        .await
        .expect(200);
    client
}

fn names(answer: &Value) -> Vec<&str> {
    answer["tokens"].as_array().unwrap().iter().map(|token| token["tokenName"].as_str().unwrap()).collect()
}

/// What an API for people answers to the token of a program: 403 if it knows the token, 401 if not.
async fn knows(server: &TestServer, secret: &str) -> u16 {
    server.anonymous().with("authorization", secret).get("/api/admin/user").await.status
}

both! {
    async fn members_make_and_delete_the_tokens_of_their_project(server) {
        let (admin, member) = (server.admin(), member(&server).await);
        let made = member.post(PATH, json!({"tokenName": "mine", "type": "backend", "projects": ["*"]})).await.expect(201).json();
        let secret = made["secret"].as_str().unwrap();
        assert!(secret.starts_with("default:development.v2_"), "{secret}");
        assert_eq!((&made["projects"], &made["project"]), (&json!(["default"]), &json!("default")));
        assert_eq!(knows(&server, secret).await, 403);

        let everywhere = admin.post("/api/admin/api-tokens", json!({"tokenName": "all", "type": "client"})).await.expect(201).json();
        assert_eq!(names(&member.get(PATH).await.expect(200).json()), ["mine", "all"]);
        assert_eq!(names(&admin.get(PATH).await.expect(200).json()), ["admin", "mine", "all"]);
        let refused = member.delete(&format!("{PATH}/{}", everywhere["secret"].as_str().unwrap())).await.expect(400).json();
        assert_eq!(refused["name"], "BadDataError");
        member.delete(&format!("{PATH}/unknown")).await.expect(404);
        member.delete(&format!("{PATH}/{secret}")).await.expect(200);
        assert_eq!(knows(&server, secret).await, 401);
        let log = admin.get("/api/admin/search/events?type=IS:api-token-deleted").await.expect(200).json();
        assert_eq!((log["events"][0]["createdBy"].as_str(), log["events"][0]["project"].as_str()), (Some("mia"), Some("default")));
        assert!(!log.to_string().contains(secret));
    }

    async fn nobody_else_touches_them(server) {
        let (_, viewer) = server.person("vera", "Viewer").await;
        viewer.get(PATH).await.expect(403);
        viewer.post(PATH, json!({"tokenName": "a", "type": "client"})).await.expect(403);
        let (admin, member) = (server.admin(), member(&server).await);
        admin.get("/api/admin/projects/moon/api-tokens").await.expect(404);
        admin.post("/api/admin/projects/moon/api-tokens", json!({"tokenName": "a", "type": "client"})).await.expect(404);
        member.get("/api/admin/projects/moon/api-tokens").await.expect(404);
        for body in [json!({"tokenName": "a", "type": "admin"}), json!({"tokenName": "a", "type": "client", "environment": "moon"})] {
            member.post(PATH, body).await.expect(400);
        }
    }

    async fn an_alias_is_as_good_as_the_token(server) {
        let admin = server.admin();
        let made = admin.post("/api/admin/api-tokens", json!({"tokenName": "proxy", "type": "frontend"})).await.expect(201).json();
        let grant = Granted::<Administer>::system("test", Root);
        let mut tx = server.app.db.change(&grant, server.app.clock.now()).await.unwrap();
        tx.execute(burgee::sql!("UPDATE api_tokens SET alias = $1 WHERE name = 'proxy'", digest("old-proxy-key"))).await.unwrap();
        tx.record(Event::bare(Fact::ApiTokenUpdated));
        tx.commit().await.unwrap();
        assert_eq!(knows(&server, "old-proxy-key").await, 403);
        assert_eq!(knows(&server, "Bearer old-proxy-key").await, 403);
        assert_eq!(knows(&server, &digest("old-proxy-key")).await, 401, "what is stored opens nothing");
        let listed = admin.get("/api/admin/api-tokens/proxy").await.expect(200).json();
        assert_eq!(listed["tokens"][0]["alias"], Value::Null);
        admin.delete(&format!("/api/admin/api-tokens/{}", made["secret"].as_str().unwrap())).await.expect(200);
        assert_eq!(knows(&server, "old-proxy-key").await, 401);
    }
}

#[tokio::test]
async fn tokens_of_the_first_start_keep_the_form_they_have() {
    let old = "default:development.5f6a1d3c0b9e8f7a6d5c4b3a29180716f5e4d3c2b1a0998877665544";
    let server = TestServer::sqlite_with(&[
        "--init-client-api-tokens",
        old,
        "--init-backend-api-tokens",
        "*:production.any-text",
        "--init-frontend-api-tokens",
        "*:development.front, []:production.several",
    ])
    .await;
    for secret in [old, "*:production.any-text", "*:development.front", "[]:production.several"] {
        assert_eq!(knows(&server, secret).await, 403, "{secret}");
    }
    assert_eq!(knows(&server, "*:production.other").await, 401);
    let tokens = server.admin().get("/api/admin/api-tokens").await.expect(200).json();
    let listed: Vec<(&str, &str)> = tokens["tokens"]
        .as_array()
        .unwrap()
        .iter()
        .map(|token| (token["type"].as_str().unwrap(), token["project"].as_str().unwrap()))
        .collect();
    assert_eq!(
        listed,
        [("admin", "*"), ("client", "*"), ("client", "default"), ("frontend", "*"), ("frontend", "*")]
    );
    assert!(!tokens.to_string().contains(old));
}
