//! A database that goes away: the answer is "not now", never "there is no such person", and nobody has to restart
//! anything afterwards.

use serde_json::json;
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

use crate::support::TestServer;

#[tokio::test]
async fn a_database_that_is_gone_is_no_missing_person() {
    let server = TestServer::postgres().await;
    let id = server.push_user(json!({ "userName": "ann" })).await;
    let group = server.push_group("Crew", &[&id]).await;
    let session = server.sign_in("admin", crate::support::server::PASSWORD).await;
    let version = server.scim().get(&format!("/scim/Users/{id}")).await.expect(200).header("etag").to_owned();
    server.reach_database(false).await;
    let scim = server.scim();
    let off = json!({ "Operations": [{ "op": "replace", "path": "active", "value": false }] });
    let (user, group) = (format!("/scim/Users/{id}"), format!("/scim/Groups/{group}"));
    let answers = [
        scim.get(&user).await,
        scim.get("/scim/Users/unknown").await,
        scim.get("/scim/Users?filter=userName%20eq%20%22ann%22").await,
        scim.get(&group).await,
        scim.get("/scim/Groups").await,
        scim.post("/scim/Users", json!({ "userName": "ben" })).await,
        scim.put(&user, json!({ "userName": "ann" })).await,
        scim.patch(&user, off).await,
        scim.delete(&user).await,
        scim.delete(&group).await,
    ];
    for answer in answers {
        assert_eq!((answer.status, answer.header("retry-after")), (503, "5"), "{}", answer.text);
        let body = answer.json();
        assert_eq!(body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]));
        assert_eq!(body["status"], "503");
    }
    for client in [&server.admin(), &session] {
        for path in ["/api/admin/user-admin", "/api/admin/user-admin/1", "/api/admin/user-admin/999"] {
            let answer = client.get(path).await;
            assert_eq!(answer.status, 503, "{path}: {}", answer.text);
            assert!(!answer.header("retry-after").is_empty());
            assert!(answer.json()["name"].is_string() && answer.json()["id"].is_string(), "{}", answer.text);
        }
    }
    server.anonymous().get("/ready").await.expect(503);
    server.anonymous().get("/health").await.expect(200);
    server.anonymous().get("/scim/ServiceProviderConfig").await.expect(200);

    server.reach_database(true).await;
    server.anonymous().get("/ready").await.expect(200);
    assert_eq!(scim.get(&user).await.expect(200).header("etag"), version, "nothing was changed");
    session.get("/api/admin/user-admin").await.expect(200);
    scim.post("/scim/Users", json!({ "userName": "ben" })).await.expect(201);
}

#[tokio::test]
async fn a_database_that_is_busy_too_long_can_still_be_read() {
    let server = TestServer::sqlite().await;
    let id = server.push_user(json!({ "userName": "ann" })).await;
    let url = server.app.config.database().unwrap();
    let path = url.strip_prefix("sqlite:").unwrap();
    let mut other = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let late = server.scim().post("/scim/Users", json!({ "userName": "ben" })).await.expect(503);
    assert_eq!(late.header("retry-after"), "5");
    server.scim().get(&format!("/scim/Users/{id}")).await.expect(200);
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    server.scim().post("/scim/Users", json!({ "userName": "ben" })).await.expect(201);
}
