//! What holds for the whole installation.

use serde_json::{Value, json};

use crate::support::TestServer;

const MAINTENANCE: &str = "/api/admin/maintenance";

both! {
    async fn during_maintenance_nothing_changes(server) {
        let admin = server.admin();
        let group = admin.post("/api/admin/groups", json!({"name": "Crew"})).await.expect(201).json()["id"].to_string();
        admin.post(MAINTENANCE, json!({"enabled": true})).await.expect(204);
        assert_eq!(admin.get(MAINTENANCE).await.expect(200).json(), json!({"enabled": true}));
        let refused = admin.post("/api/admin/groups", json!({"name": "Other"})).await.expect(503).json();
        assert_eq!(refused, json!({"message": "Unleash is currently in maintenance mode."}));
        admin.put(&format!("/api/admin/groups/{group}"), json!({"name": "Other"})).await.expect(503);
        admin.patch(&format!("/api/admin/groups/{group}"), json!({})).await.expect(503);
        admin.delete(&format!("/api/admin/groups/{group}")).await.expect(503);
        admin.post("//api//admin/groups/", json!({"name": "Other"})).await.expect(503);
        server.anonymous().post("/api/admin/maintenance/x", json!({})).await.expect(503);
        admin.get("/api/admin/groups").await.expect(200);
        server.sign_in("admin", crate::support::server::PASSWORD).await;
        server.scim().get("/scim/v2/Users").await.expect(200);
        assert_eq!(server.anonymous().get("/api/admin/ui-config").await.expect(200).json()["maintenanceMode"], true);
        admin.post(MAINTENANCE, json!({"enabled": "no"})).await.expect(400);
        admin.post(MAINTENANCE, json!({"enabled": false})).await.expect(204);
        admin.delete(&format!("/api/admin/groups/{group}")).await.expect(200);
        let log = admin.get("/api/admin/search/events?type=IS_ANY_OF:setting-created,setting-updated").await.expect(200).json();
        let state = |enabled: bool| json!({"enabled": enabled, "id": "maintenance.mode"});
        assert_eq!((&log["events"][0]["preData"], &log["events"][0]["data"]), (&state(true), &state(false)));
        assert_eq!((&log["events"][1]["type"], &log["events"][1]["data"]), (&json!("setting-created"), &state(true)));
    }

    async fn origins_of_web_pages_can_be_set(server) {
        let admin = server.admin();
        let origins = async || server.anonymous().get("/api/admin/ui-config").await.expect(200).json()["frontendApiOrigins"].clone();
        assert_eq!(origins().await, json!(["*"]));
        let path = "/api/admin/ui-config/cors";
        let refused = admin.post(path, json!({"frontendApiOrigins": ["https://a.example", "nonsense"]})).await.expect(400).json();
        assert_eq!(refused["details"][0]["message"], "Invalid origin: nonsense");
        admin.post(path, json!({})).await.expect(400);
        admin.post(path, json!({"frontendApiOrigins": ["https://a.example", "http://localhost:3000"]})).await.expect(204);
        assert_eq!(origins().await, json!(["https://a.example", "http://localhost:3000"]));
        admin.post(path, json!({"frontendApiOrigins": []})).await.expect(204);
        assert_eq!(origins().await, json!([]));
        let (_, editor) = server.person("ed", "Editor").await;
        editor.post(path, json!({"frontendApiOrigins": ["*"]})).await.expect(403);
    }

    async fn passwords_stay_while_nothing_else_opens(server) {
        let (admin, path) = (server.admin(), "/api/admin/auth/simple/settings");
        assert_eq!(admin.post(path, json!({"disabled": false})).await.expect(200).json(), json!({"disabled": false}));
        assert_eq!(admin.post(path, json!({"disabled": true})).await.expect(409).json()["name"], "ConflictError");
        assert_eq!(admin.get(path).await.expect(200).json(), json!({"disabled": false}));
        assert_eq!(admin.get("/api/admin/auth/oidc/settings").await.expect(200).json(), json!({}));
        let telemetry = admin.get("/api/admin/telemetry/settings").await.expect(200).json();
        assert_eq!(telemetry, json!({"versionInfoCollectionEnabled": false, "featureInfoCollectionEnabled": false}));
    }

    async fn banners_are_written_by_few_and_read_by_all(server) {
        let (admin, path) = (server.admin(), "/api/admin/banners");
        let (_, viewer) = server.person("vera", "Viewer").await;
        let made = admin.post(path, json!({"message": "Hello", "link": "dialog", "dialog": "More"})).await.expect(201);
        let banner = made.json();
        let one = format!("{path}/{}", banner["id"]);
        assert_eq!(made.header("location"), one);
        assert_eq!((&banner["enabled"], &banner["sticky"], &banner["variant"], &banner["icon"]), (&json!(true), &json!(false), &json!("info"), &Value::Null));
        assert_eq!(viewer.get(path).await.expect(200).json(), json!({"banners": [banner]}));
        viewer.post(&format!("{one}/off"), json!({})).await.expect(403);
        assert_eq!(admin.delete(&format!("{path}/99")).await.status, 404);
        assert_eq!(admin.post(&format!("{one}/off"), json!({})).await.expect(200).json()["enabled"], false);
        admin.post(&format!("{one}/off"), json!({})).await.expect(200);
        let edited = admin.put(&one, json!({"message": "Bye", "variant": "warning"})).await.expect(200).json();
        assert_eq!((&edited["message"], &edited["dialog"], &edited["enabled"]), (&json!("Bye"), &Value::Null, &json!(true)));
        for body in [json!({"message": " "}), json!({}), json!({"message": "x", "link": "javascript:alert(1)"})] {
            admin.post(path, body).await.expect(400);
        }
        admin.delete(&one).await.expect(200);
        let log = admin.get("/api/admin/search/events?type=IS_ANY_OF:banner-created,banner-updated,banner-deleted").await.expect(200).json();
        let types: Vec<&str> = log["events"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(types, ["banner-deleted", "banner-updated", "banner-updated", "banner-created"]);
    }

    async fn pages_remember_who_has_seen_what(server) {
        let (id, ann) = server.person("ann", "Viewer").await;
        let splash = ann.post("/api/admin/splash/welcome", json!({})).await.expect(200).json();
        assert_eq!(splash, json!({"userId": id, "splashId": "welcome", "seen": true}));
        ann.send(reqwest::Method::POST, "/api/admin/splash/welcome", None, "").await.expect(200);
        ann.post("/api/admin/feedback", json!({"feedbackId": "nps"})).await.expect(200);
        ann.put("/api/admin/feedback/nps", json!({"neverShow": true, "given": "2020-01-01T00:00:00Z"})).await.expect(200);
        let me = ann.get("/api/admin/user").await.expect(200).json();
        assert_eq!(me["splash"], json!({"welcome": true}));
        assert_eq!(me["feedback"], json!([{"userId": id, "feedbackId": "nps", "given": "2020-01-01T00:00:00.000Z", "neverShow": true}]));
        let opinion = ann.post("/feedback", json!({"category": "search", "difficultyScore": 3, "positive": "fast"})).await.expect(200).json();
        ann.get("/api/admin/feedback").await.expect(403);
        assert_eq!(server.admin().get("/api/admin/feedback").await.expect(200).json(), json!([opinion]));
        server.anonymous().post("/feedback", json!({"category": "x"})).await.expect(401);
        ann.post("/api/admin/record-ui-error", json!({"errorMessage": "it broke"})).await.expect(204);
        ann.post("/api/admin/record-ui-error", json!({})).await.expect(400);
        server.admin().post("/api/admin/splash/x", json!({})).await.expect(404);
    }

    async fn mails_can_be_declined(server) {
        let (_, ann) = server.person("ann", "Viewer").await;
        let path = "/api/admin/email-subscription/productivity-report";
        let mails = async || ann.get("/api/admin/user/profile").await.expect(200).json()["subscriptions"].clone();
        assert_eq!(mails().await, json!(["productivity-report"]));
        ann.delete(path).await.expect(202);
        ann.delete(path).await.expect(202);
        assert_eq!(mails().await, json!([]));
        ann.put(path, json!({})).await.expect(202);
        assert_eq!(mails().await, json!(["productivity-report"]));
        ann.put("/api/admin/email-subscription/spam", json!({})).await.expect(404);
    }
}

#[tokio::test]
async fn maintenance_holds_on_every_node() {
    let scratch = crate::support::postgres::Scratch::create().await;
    let (one, other) = (node(&scratch.url()).await, node(&scratch.url()).await);
    one.0.post(MAINTENANCE, json!({"enabled": true})).await.expect(204);
    other.0.post("/api/admin/groups", json!({"name": "Crew"})).await.expect(503);
    one.1.stopping.cancel();
    other.1.stopping.cancel();
}

/// A server on a database that others use, too.
async fn node(database: &str) -> (crate::support::client::Client, burgee::app::App) {
    use burgee::app::{App, Opened};
    use burgee::{clock::Clock, entropy::Entropy};
    let config = crate::support::server::config(database, &[]);
    let opened = App::open(config, Clock::System, Entropy::System).await.unwrap();
    let Opened { app, listener, address, .. } = opened;
    let serving = app.clone();
    #[expect(clippy::disallowed_methods, reason = "the server must run beside the test")]
    tokio::spawn(async move { serving.serve(listener).await });
    let token = crate::support::server::ADMIN_TOKEN;
    (crate::support::client::Client::new(&format!("http://{address}")).with("authorization", token), app)
}

#[tokio::test]
async fn the_operator_says_which_origins_there_are_at_first() {
    let server =
        TestServer::sqlite_with(&["--unleash-frontend-api-origins", "https://a.example,https://b.example"])
            .await;
    let config = server.anonymous().get("/api/admin/ui-config").await.expect(200).json();
    assert_eq!(config["frontendApiOrigins"], json!(["https://a.example", "https://b.example"]));
    assert_eq!(config["versionInfo"]["instanceId"].as_str().unwrap().len(), 36);
}
