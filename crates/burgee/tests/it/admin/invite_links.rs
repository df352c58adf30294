//! Invite links.

use serde_json::{Value, json};

use crate::support::TestServer;
use crate::support::server::PASSWORD;

const PATH: &str = "/api/admin/invite-link/tokens";

fn newcomer(email: &str) -> Value {
    json!({"name": "Nora", "email": email, "password": PASSWORD})
}

async fn link(server: &TestServer) -> Value {
    let body = json!({"name": "team", "expiresAt": "2099-01-01T00:00:00Z"});
    server.admin().post(PATH, body).await.expect(201).json()
}

both! {
    async fn whoever_has_the_link_becomes_a_viewer(server) {
        let (admin, open, made) = (server.admin(), server.anonymous(), link(&server).await);
        let secret = made["secret"].as_str().unwrap();
        assert_eq!(made["url"], format!("http://burgee.test/new-user?invite={secret}"));
        let month = std::time::Duration::from_hours(31 * 24);
        assert!(made["expiresAt"].as_str().unwrap() < server.app.clock.now().plus(month).to_string().as_str());
        open.get(&format!("/invite/{secret}/validate")).await.expect(200);
        let user = open.post(&format!("/invite/{secret}/signup"), newcomer("nora@x.io")).await.expect(201).json();
        assert_eq!((user["rootRole"].as_i64(), user["email"].as_str()), (Some(3), Some("nora@x.io")));
        server.sign_in("nora@x.io", PASSWORD).await.get("/api/admin/user").await.expect(200);
        open.post(&format!("/invite/{secret}/signup"), newcomer("NORA@x.io")).await.expect(400);

        let listed = admin.get(PATH).await.expect(200).json();
        let selector = listed["tokens"][0]["secret"].as_str().unwrap();
        assert!(secret.contains(selector) && !listed.to_string().contains(secret), "only its maker sees the secret");
        assert_eq!(listed["tokens"][0]["users"], json!([{"id": user["id"], "name": "Nora", "username": null}]));
        assert_eq!((&listed["tokens"][0]["url"], listed["tokens"][0]["role"]["name"].as_str()), (&Value::Null, Some("Viewer")));
        open.post(&format!("/invite/{selector}/signup"), newcomer("other@x.io")).await.expect(400);
        let log = admin.get("/api/admin/search/events?limit=3").await.expect(200).json();
        let types: Vec<&str> = log["events"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(types, ["public-signup-token-user-added", "user-created", "public-signup-token-created"]);
        assert!(!log.to_string().contains(secret));
    }

    async fn a_link_can_be_switched_off(server) {
        let (admin, open, made) = (server.admin(), server.anonymous(), link(&server).await);
        let secret = made["secret"].as_str().unwrap();
        let selector = admin.get(PATH).await.expect(200).json()["tokens"][0]["secret"].as_str().unwrap().to_owned();
        admin.put(&format!("{PATH}/{selector}"), json!({})).await.expect(400);
        let edited = admin.put(&format!("{PATH}/{selector}"), json!({"enabled": false})).await.expect(200).json();
        assert_eq!((&edited["enabled"], &edited["expiresAt"]), (&json!(false), &made["expiresAt"]));
        open.get(&format!("/invite/{secret}/validate")).await.expect(400);
        open.post(&format!("/invite/{secret}/signup"), newcomer("nora@x.io")).await.expect(400);
        admin.put(&format!("{PATH}/{secret}"), json!({"enabled": true, "expiresAt": "2099-01-01T00:00:00Z"})).await.expect(200);
        open.get(&format!("/invite/{secret}/validate")).await.expect(200);
        admin.get(&format!("{PATH}/{selector}")).await.expect(200);
        admin.get(&format!("{PATH}/nope")).await.expect(404);
        admin.put(&format!("{PATH}/nope"), json!({"enabled": true})).await.expect(404);
    }

    async fn what_is_wrong_is_refused(server) {
        let (admin, open, made) = (server.admin(), server.anonymous(), link(&server).await);
        admin.post(PATH, json!({"name": "x", "expiresAt": "2001-01-01T00:00:00Z"})).await.expect(400);
        let sign_up = format!("/invite/{}/signup", made["secret"].as_str().unwrap());
        let weak = open.post(&sign_up, json!({"name": "N", "email": "n@x.io", "password": "weak"})).await.expect(400).json();
        assert_eq!(weak["name"], "OwaspValidationError");
        open.post(&sign_up, newcomer("nonsense")).await.expect(400);
        open.post(&sign_up, json!({"name": "N", "email": "n@x.io"})).await.expect(400);
        open.post("/invite/unknown/signup", newcomer("n@x.io")).await.expect(400);
        open.get("/invite/unknown/validate").await.expect(400);
        assert_eq!(admin.get("/api/admin/user-admin").await.expect(200).json()["users"].as_array().unwrap().len(), 1);
        server.person("vera", "Viewer").await.1.get(PATH).await.expect(403);
    }
}

#[tokio::test]
async fn guessing_is_slow() {
    let server = TestServer::sqlite_with(&["--simple-login-limit-per-minute", "2"]).await;
    // Five times as many as for one account.
    for _ in 0..10 {
        server.anonymous().get("/invite/guess/validate").await.expect(400);
    }
    server.anonymous().get("/invite/guess/validate").await.expect(429);
    server.anonymous().post("/invite/guess/signup", newcomer("n@x.io")).await.expect(429);
}
