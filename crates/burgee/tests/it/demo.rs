//! `burgee demo`: its story can be told, and is true.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use burgee::demo::Demo;
use serde_json::{Value, json};

use crate::support::client::Client;
use crate::support::server::{ADMIN_TOKEN, config};

/// All events, the oldest first.
async fn events(admin: &Client) -> Vec<Value> {
    let mut all = Vec::new();
    loop {
        let path = format!("/api/admin/search/events?limit=1000&offset={}", all.len());
        let page = admin.get(&path).await.expect(200).json();
        let found = page["events"].as_array().unwrap().clone();
        all.extend(found);
        if all.len() as u64 == page["total"].as_u64().unwrap() {
            all.reverse();
            return all;
        }
    }
}

async fn sign_in(anybody: &Client, who: &(String, String)) -> Client {
    let body = json!({ "username": who.0, "password": who.1 });
    let answer = anybody.post("/auth/simple/login", body).await.expect(200);
    anybody.with("cookie", answer.header("set-cookie").split(';').next().unwrap())
}

#[tokio::test]
async fn the_story_is_told_through_the_public_apis_and_leaves_nothing_behind() {
    let database = "sqlite:/nowhere/the/operators.db";
    let demo = Demo::prepare(config(
        database,
        &["--init-backend-api-tokens", "*:production.known", "--secure-headers"],
    ))
    .await
    .unwrap();
    let app = demo.app.clone();
    let url = app.config.database().unwrap();
    let file = PathBuf::from(url.strip_prefix("sqlite:").unwrap());
    assert!(file.exists() && url != database, "{url}");
    let anybody = Client::new(&format!("http://127.0.0.1:{}", app.config.http_port));
    let (admin, viewer) = (demo.admin.clone(), demo.viewer.clone());
    let (backend, frontend) = (demo.backend.clone(), demo.frontend.clone());
    assert!(!demo.welcome().contains("http://burgee.test") && !app.config.secure_headers);
    assert!(demo.welcome().contains(&admin.1) && demo.welcome().contains(&frontend));
    #[expect(clippy::disallowed_methods, reason = "the server must run beside the test")]
    let served = tokio::spawn(demo.serve(Some(Duration::from_millis(100))));
    let told = app.clock.now().to_string();

    // What the operator set for their own server opens nothing here.
    anybody.with("authorization", ADMIN_TOKEN).get("/api/admin/projects").await.expect(401);
    anybody.with("authorization", "*:production.known").get("/api/client/features").await.expect(401);
    let admin = sign_in(&anybody, &admin).await;
    let viewer = sign_in(&anybody, &viewer).await;
    viewer.get("/api/admin/projects").await.expect(200);
    viewer.post("/api/admin/projects/default/features", json!({ "name": "mine" })).await.expect(403);

    // Everybody came by SCIM; one of them left.
    let users = admin.get("/api/admin/user-admin").await.expect(200).json();
    let users = users["users"].as_array().unwrap();
    let provisioned: Vec<&Value> = users.iter().filter(|user| user["scimId"].is_string()).collect();
    assert_eq!((users.len(), provisioned.len()), (61, 59), "with the first admin and the guest");
    assert!(!users.iter().any(|user| user["username"] == "ben.carter@tidewater.example"), "he left");
    let groups = admin.get("/api/admin/groups").await.expect(200).json();
    let groups = groups["groups"].as_array().unwrap();
    let names: BTreeSet<&str> = groups.iter().map(|group| group["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 8);
    assert!(names.contains("Payments and billing") && !names.contains("Payments"), "{names:?}");

    let flags = admin.get("/api/admin/search/features?limit=100").await.expect(200).json();
    assert_eq!(flags["total"], 24, "two are in the archive");
    let projects = admin.get("/api/admin/projects").await.expect(200).json();
    assert_eq!(projects["projects"].as_array().unwrap().len(), 4);
    let missing = admin.get("/api/admin/metrics/applications").await.expect(200).json();
    assert_eq!(missing["applications"].as_array().unwrap().len(), 7);
    let outdated = admin.get("/api/admin/projects/storefront/sdks/outdated").await.expect(200).text;
    assert!(outdated.contains("unleash-client-python:5.9.0"), "{outdated}");
    let path = "/api/admin/client-metrics/features/search.ranking/raw?hoursBack=336";
    let usage = admin.get(path).await.expect(200).json();
    let days: BTreeSet<&str> = usage["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["timestamp"].as_str().unwrap()[..10])
        .collect();
    assert!(days.len() >= 13, "{days:?}");
    let yes = |row: &Value| row["yes"].as_u64().unwrap();
    assert!(usage["data"].as_array().unwrap().iter().map(yes).sum::<u64>() > 100_000);
    let backend =
        anybody.with("authorization", &backend).get("/api/client/features").await.expect(200).json();
    assert_eq!(backend["features"].as_array().unwrap().len(), 24);
    anybody.with("authorization", &frontend).get("/api/frontend?userId=1").await.expect(200);

    // After the story, people go on: now and then somebody turns a flag on or off.
    let goes_on = |event: &Value| {
        let kind = event["type"].as_str().unwrap();
        kind.starts_with("feature-environment-") && event["createdAt"].as_str().unwrap() > told.as_str()
    };
    let mut log = events(&admin).await;
    for _ in 0..100 {
        if log.iter().filter(|event| goes_on(event)).count() >= 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        log = events(&admin).await;
    }
    let (events, later): (Vec<Value>, Vec<Value>) = log.iter().cloned().partition(|event| !goes_on(event));
    let names: BTreeSet<&str> = later.iter().map(|event| event["featureName"].as_str().unwrap()).collect();
    assert!(names.len() >= 2, "each another one: {later:?}");

    // The log is in order, ends now, and names who did what.
    for pair in log.windows(2) {
        assert!(pair[0]["id"].as_i64() < pair[1]["id"].as_i64(), "{pair:?}");
        assert!(pair[0]["createdAt"].as_str() <= pair[1]["createdAt"].as_str(), "{pair:?}");
    }
    let now = app.clock.now().to_string();
    assert!(log.last().unwrap()["createdAt"].as_str().unwrap() <= now.as_str());
    let days: BTreeSet<&str> =
        events.iter().map(|event| &event["createdAt"].as_str().unwrap()[..10]).collect();
    assert!(days.len() >= 18, "{days:?}");
    let count = |kind: &str| events.iter().filter(|event| event["type"] == kind).count();
    assert_eq!(count("scim-user-adopted"), 6);
    assert_eq!(count("feature-archived"), 2);
    assert!(count("feature-environment-enabled") > 50 && count("feature-environment-disabled") > 3);
    let toggling: BTreeSet<&str> = events
        .iter()
        .filter(|event| event["type"] == "feature-environment-enabled")
        .map(|event| event["createdBy"].as_str().unwrap())
        .collect();
    assert_eq!(toggling.len(), 7, "each under their own name: {toggling:?}");

    app.stopping.cancel();
    served.await.unwrap().unwrap();
    assert!(!file.parent().unwrap().exists());
}
