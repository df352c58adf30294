//! Applications: what SDKs tell about themselves, who sees it, what people write about it, and when it is forgotten.

use std::time::Duration;

use burgee::app::{App, Opened};
use burgee::applications;
use burgee::clock::{Clock, Time};
use burgee::entropy::Entropy;
use serde_json::{Value, json};

use crate::support::client::Client;
use crate::support::postgres::Scratch;
use crate::support::server::config;
use crate::support::{TestServer, flags};

const REGISTER: &str = "/api/client/register";
const LIST: &str = "/api/admin/metrics/applications";

/// An SDK with a token of a kind for a project.
async fn sdk(server: &TestServer, kind: &str, project: &str) -> Client {
    let body = json!({"tokenName": "sdk", "type": kind, "environment": "development", "projects": [project]});
    let token = server.admin().post("/api/admin/api-tokens", body).await.expect(201).json();
    server.anonymous().with("authorization", token["secret"].as_str().unwrap())
}

fn told(name: &str, instance: &str) -> Value {
    json!({
        "appName": name, "instanceId": instance, "sdkVersion": "unleash-client-node:5.0.0", "interval": 15000,
        "strategies": ["default", "byMoon"], "started": "2026-01-01T00:00:00Z", "platformName": "node"
    })
}

async fn written(server: &TestServer) {
    server.app.registrations.write(&server.app.db).await.unwrap();
}

async fn names(client: &Client, path: &str) -> Vec<String> {
    let list = client.get(path).await.expect(200).json();
    let name = |app: &Value| app.get("appName").or(app.get("name")).unwrap().as_str().unwrap().to_owned();
    list["applications"].as_array().unwrap().iter().map(name).collect()
}

async fn events(client: &Client, kind: &str) -> Vec<Value> {
    let path = format!("/api/admin/search/events?type=IS:{kind}");
    client.get(&path).await.expect(200).json()["events"].as_array().unwrap().clone()
}

both! {
    async fn an_application_tells_about_itself(server) {
        let (admin, sdk) = (server.admin(), sdk(&server, "client", "default").await);
        let answer = sdk.post(REGISTER, told("Shop", "a")).await.expect(202);
        assert!(!answer.header("x-unleash-version").is_empty() && answer.text.is_empty());
        sdk.post(REGISTER, json!({"appName": "Shop", "sdkVersion": "unleash-node-sdk:6.12.1", "interval": 1, "strategies": [], "started": 12})).await.expect(202);
        written(&server).await;
        written(&server).await;

        let shop = json!({"appName": "Shop", "strategies": ["default", "byMoon"], "usage": [{"project": "default", "environments": ["development"]}]});
        assert_eq!(admin.get(LIST).await.expect(200).json(), json!({"applications": [shop], "total": 1}));
        assert_eq!(admin.get(&format!("{LIST}/Shop")).await.expect(200).json(), shop);
        let missing = admin.get(&format!("{LIST}/nope")).await.expect(404).json();
        assert_eq!((&missing["name"], &missing["message"]), (&json!("NotFoundError"), &json!("Could not find appName=nope")));

        let overview = admin.get(&format!("{LIST}/Shop/overview")).await.expect(200).json();
        let sdks = json!(["unleash-client-node:5.0.0", "unleash-node-sdk:6.12.1"]);
        let environment = &overview["environments"][0];
        assert_eq!((&overview["projects"], &overview["issues"]["missingStrategies"]), (&json!(["default"]), &json!(["byMoon"])));
        assert_eq!((&environment["name"], &environment["instanceCount"], &environment["sdks"], &environment["backendSdks"]), (&json!("development"), &json!(2), &sdks, &sdks));
        assert_eq!(environment["issues"]["outdatedSdks"], json!(["unleash-client-node:5.0.0"]));
        let nothing = json!({"projects": [], "featureCount": 0, "environments": [], "issues": {"missingStrategies": []}});
        assert_eq!(admin.get(&format!("{LIST}/nope/overview")).await.expect(200).json(), nothing);

        let path = "/api/admin/metrics/instances/Shop/environment/development";
        let instances = admin.get(path).await.expect(200).json()["instances"].as_array().unwrap().clone();
        let mut ids: Vec<&str> = instances.iter().map(|instance| instance["instanceId"].as_str().unwrap()).collect();
        ids.sort_unstable();
        assert_eq!((ids, &instances[0]["clientIp"]), (vec!["a", "default"], &json!("127.0.0.1")));
        let elsewhere = path.replace("development", "production");
        assert_eq!(admin.get(&elsewhere).await.expect(200).json(), json!({"instances": []}));

        let outdated = json!({"sdks": [{"sdkVersion": "unleash-client-node:5.0.0", "applications": ["Shop"]}]});
        for path in ["/api/admin/metrics/sdks/outdated", "/api/admin/projects/default/sdks/outdated"] {
            assert_eq!(admin.get(path).await.expect(200).json(), outdated, "{path}");
        }
        let member = json!({"name": "Shop", "environments": ["development"], "instances": ["a", "default"], "sdks": [
            {"name": "unleash-client-node", "versions": ["5.0.0"]}, {"name": "unleash-node-sdk", "versions": ["6.12.1"]}
        ]});
        assert_eq!(admin.get("/api/admin/projects/default/applications").await.expect(200).json(), json!({"applications": [member], "total": 1}));
        let figures = admin.get("/api/admin/instance-admin/statistics").await.expect(200).json();
        assert_eq!(figures["clientApps"], json!([{"range": "7d", "count": 1}, {"range": "30d", "count": 1}, {"range": "allTime", "count": 1}]));
        assert_eq!(admin.get("/api/admin/metrics/unknown-flags").await.expect(200).json(), json!({"unknownFlags": []}));
    }

    async fn only_backend_tokens_register(server) {
        let texts = [
            (server.anonymous(), 401, "This endpoint requires an API token. Please add an authorization header to your request with a valid token"),
            (server.anonymous().with("authorization", "*:development.unknown"), 401, "This endpoint requires an API token. Please add an authorization header to your request with a valid token"),
            (sdk(&server, "frontend", "*").await, 403, "invalid token: expected a different token type for this endpoint"),
            (server.admin(), 403, "invalid token: expected a different token type for this endpoint"),
        ];
        for (client, status, text) in texts {
            assert_eq!(client.post(REGISTER, told("x", "y")).await.expect(status).json()["message"], text);
        }
        let sdk = sdk(&server, "client", "*").await;
        for (field, value) in [
            ("appName", json!("")), ("appName", json!("x".repeat(256))), ("appName", json!("a\0b")), ("appName", json!(null)), ("interval", json!(-1)),
            ("instanceId", json!("x".repeat(256))), ("strategies", json!(["x".repeat(101)])), ("strategies", json!(vec!["x"; 101])), ("strategies", json!("x")),
        ] {
            let mut body = told("x", "y");
            body[field] = value;
            sdk.post(REGISTER, body).await.expect(400);
        }
        sdk.send(reqwest::Method::POST, REGISTER, Some("{}".into()), "text/plain").await.expect(415);
        written(&server).await;
        assert_eq!(names(&server.admin(), LIST).await, [""; 0]);
    }

    async fn a_deployment_is_written_at_once(server) {
        let now = server.app.clock.now();
        for round in 0..2 {
            for instance in 0..1500 {
                server.app.registrations.note(applications::Registration {
                    application: "Fleet".into(), instance: format!("{instance:04}"), environment: "development".into(), projects: vec!["*".into()],
                    sdk: Some(format!("unleash-go-sdk:5.{round}.0")), strategies: vec!["default".into()], ip: None, at: now,
                }).unwrap();
            }
        }
        written(&server).await;
        let admin = server.admin();
        let environment = admin.get(&format!("{LIST}/Fleet/overview")).await.expect(200).json()["environments"][0].clone();
        assert_eq!((&environment["instanceCount"], &environment["sdks"]), (&json!(1500), &json!(["unleash-go-sdk:5.1.0"])), "the last one counts");
        assert_eq!(names(&admin, "/api/admin/projects/default/applications").await, ["Fleet"], "a token for all projects reaches each");
    }

    async fn lists_are_searched_and_paged(server) {
        let (admin, sdk) = (server.admin(), sdk(&server, "client", "default").await);
        for name in ["Äpfel_1", "birnen", "Citrus"] {
            sdk.post(REGISTER, told(name, "i")).await.expect(202);
        }
        written(&server).await;
        for base in [LIST, "/api/admin/projects/default/applications"] {
            for (query, found, total) in [
                ("", vec!["Citrus", "birnen", "Äpfel_1"], 3), ("?sortOrder=desc&sortBy=appName", vec!["Äpfel_1", "birnen", "Citrus"], 3), ("?limit=1&offset=1", vec!["birnen"], 3),
                ("?offset=7", vec![], 3), ("?limit=-1&offset=x", vec!["Citrus", "birnen", "Äpfel_1"], 3), ("?query=%C3%84P", vec!["Äpfel_1"], 1), ("?query=_", vec!["Äpfel_1"], 1), ("?query=%25", vec![], 0),
            ] {
                assert_eq!(names(&admin, &format!("{base}{query}")).await, found, "{base}{query}");
                assert_eq!(admin.get(&format!("{base}{query}")).await.expect(200).json()["total"], total, "{base}{query}");
            }
        }
    }

    async fn private_projects_hide_their_applications(server) {
        flags::project(&server, "hush", "private").await;
        let admin = server.admin();
        let (_, vera) = server.person("vera", "Viewer").await;
        let (quiet, loud) = (sdk(&server, "client", "hush").await, sdk(&server, "client", "default").await);
        quiet.post(REGISTER, told("Whisper", "w")).await.expect(202);
        loud.post(REGISTER, told("Shared", "s")).await.expect(202);
        written(&server).await;
        quiet.post(REGISTER, told("Shared", "t")).await.expect(202);
        written(&server).await;
        applications::announce(&server.app.db, server.app.clock.now()).await.unwrap();

        assert_eq!((names(&vera, LIST).await, names(&admin, LIST).await.len()), (vec!["Shared".to_owned()], 2));
        assert_eq!(vera.get(LIST).await.expect(200).json()["total"], 1);
        assert_eq!(vera.get(&format!("{LIST}/Shared")).await.expect(200).json()["usage"], json!([{"project": "default", "environments": ["development"]}]));
        vera.get(&format!("{LIST}/Whisper")).await.expect(404);
        for path in [
            &format!("{LIST}/Whisper/overview"), "/api/admin/metrics/instances/Whisper/environment/development", "/api/admin/metrics/sdks/outdated",
            "/api/admin/projects/default/applications", "/api/admin/search/events",
        ] {
            let answer = vera.get(path).await.expect(200);
            assert!(!answer.text.contains("hush") && !answer.text.contains("\"w\"") && !answer.text.contains("Whisper"), "{path}: {}", answer.text);
        }
        assert_eq!((events(&admin, "application-created").await.len(), events(&vera, "application-created").await.len()), (2, 0));
        assert_eq!(names(&admin, "/api/admin/projects/hush/applications").await, ["Shared", "Whisper"]);
    }

    async fn people_write_about_applications(server) {
        let admin = server.admin();
        let (_, editor) = server.person("ed", "Editor").await;
        let path = format!("{LIST}/Shop");
        editor.post(&path, json!({"url": "https://shop.example", "description": "Sells", "strategies": ["byMoon"]})).await.expect(202);
        editor.post(&path, json!({"color": "red", "description": null})).await.expect(202);
        editor.post(&path, json!({"color": "red"})).await.expect(202);
        let shop = json!({"appName": "Shop", "strategies": ["byMoon"], "url": "https://shop.example", "color": "red", "usage": []});
        assert_eq!(admin.get(&path).await.expect(200).json(), shop);
        for body in [json!({"url": "x".repeat(256)}), json!({"icon": 1}), json!({"strategies": ["x".repeat(101)]})] {
            editor.post(&path, body).await.expect(400);
        }
        editor.post(&format!("{LIST}/{}", "x".repeat(256)), json!({})).await.expect(400);
        sdk(&server, "client", "default").await.post(REGISTER, told("Shop", "a")).await.expect(202);
        written(&server).await;
        let told = admin.get(&path).await.expect(200).json();
        assert_eq!((&told["url"], &told["strategies"]), (&json!("https://shop.example"), &json!(["default", "byMoon"])));

        for _ in 0..2 {
            editor.delete(&path).await.expect(200);
        }
        admin.get(&path).await.expect(404);
        let kinds = ["application-created", "application-updated", "application-deleted"];
        for kind in kinds {
            let events = events(&admin, kind).await;
            assert_eq!((events.len(), &events[0]["createdBy"]), (1, &json!("ed")), "{kind}");
        }
        assert_eq!(events(&admin, kinds[2]).await[0]["preData"]["url"], "https://shop.example");
    }

    async fn what_is_quiet_is_forgotten(server) {
        let (admin, sdk) = (server.admin(), sdk(&server, "client", "default").await);
        for name in ["Shop", "Ghost"] {
            sdk.post(REGISTER, told(name, "a")).await.expect(202);
        }
        written(&server).await;
        admin.post(&format!("{LIST}/Shop"), json!({"icon": "cart"})).await.expect(202);
        let now = server.app.clock.now();
        let later = async |hours: u64| {
            applications::forget(&server.app.db, now.plus(Duration::from_hours(hours))).await.unwrap();
            let instances = admin.get("/api/admin/metrics/instances/Ghost/environment/development").await.expect(200).json();
            (instances["instances"].as_array().unwrap().len(), names(&admin, LIST).await)
        };
        let (both, one) = (vec!["Ghost".to_owned(), "Shop".to_owned()], vec!["Shop".to_owned()]);
        assert_eq!(later(47).await, (1, both.clone()));
        assert_eq!(later(49).await, (0, both.clone()));
        assert_eq!(later(30 * 24 - 1).await, (0, both));
        assert_eq!(later(30 * 24 + 1).await, (0, one), "people wrote about the shop");
        assert_eq!(admin.get(&format!("{LIST}/Shop")).await.expect(200).json()["usage"][0]["project"], "default");
    }

    async fn the_log_learns_of_new_applications_once(server) {
        let (admin, sdk) = (server.admin(), sdk(&server, "client", "default").await);
        sdk.post(REGISTER, told("Shop", "a")).await.expect(202);
        written(&server).await;
        for _ in 0..2 {
            applications::announce(&server.app.db, server.app.clock.now()).await.unwrap();
        }
        let events = events(&admin, "application-created").await;
        assert_eq!((events.len(), &events[0]["data"]["appName"], &events[0]["project"]), (1, &json!("Shop"), &json!("default")));
    }
}

#[tokio::test]
async fn what_was_noted_outlives_the_server() {
    let scratch = Scratch::create().await;
    let open = || App::open(config(&scratch.url(), &[]), Clock::System, Entropy::System);
    let note = |app: &App, name: &str| {
        let registration = applications::Registration {
            application: name.into(),
            instance: "i".into(),
            environment: "development".into(),
            projects: vec!["*".into()],
            sdk: None,
            strategies: Vec::new(),
            ip: None,
            at: app.clock.now(),
        };
        app.registrations.note(registration).unwrap();
    };
    let count = async |app: &App| {
        applications::count(&mut app.db.read().await.unwrap(), Time::from_millis(0)).await.unwrap()
    };
    let Opened { app: one, listener, .. } = open().await.unwrap();
    note(&one, "Shop");
    one.stopping.cancel();
    one.serve(listener).await.unwrap();
    let other = open().await.unwrap().app;
    assert_eq!(count(&other).await, 1, "a server that stops writes what it noted");
    note(&one, "Ghost");
    one.registrations.write(&one.db).await.unwrap_err();
    one.registrations.write(&other.db).await.unwrap();
    assert_eq!(count(&other).await, 2, "what could not be written is written later");
}
