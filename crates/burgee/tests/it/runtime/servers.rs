//! Several servers on one database, and a database that goes away.

use std::time::Duration;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};

use super::{FEATURES, fetch, flag, names, sdk, token, turn, until};
use crate::support::TestServer;
use crate::support::client::Answer;

#[tokio::test]
async fn servers_on_one_database_say_the_same() {
    let one = TestServer::postgres().await;
    flag(&one, "default", "boat").await;
    let secret = token(&one, "client", &["*"]).await;
    let two = one.beside().await;
    let clients = [&one, &two].map(|server| server.anonymous().with("authorization", &secret));
    let page = token(&one, "frontend", &["*"]).await;
    let pages = [&one, &two].map(|server| server.anonymous().with("authorization", &page));
    for on in [false, true, false] {
        turn(&one, "default", "boat", on).await;
        let [here, there] = [fetch(&clients[0]).await, fetch(&clients[1]).await];
        assert_eq!((here.header("etag"), &here.text), (there.header("etag"), &there.text));
        // Who has seen results of one server does not get older ones of the other.
        let seen =
            until(&pages[0], "/api/frontend/features/boat", |answer| answer.json()["enabled"] == on).await;
        let (_, revision) = seen.header("etag").split_once(':').unwrap();
        let later = pages[1].with("if-none-match", &format!("\"0:{revision}"));
        let same = later.get("/api/frontend/features/boat").await.expect(200);
        assert_eq!((seen.header("etag"), &seen.text), (same.header("etag"), &same.text));
    }
    // Without being asked, and by whatever way the news takes.
    let etag = fetch(&clients[1]).await.header("etag").to_owned();
    turn(&one, "default", "boat", true).await;
    let waiting = clients[1].with("if-none-match", &etag);
    let news = until(&waiting, FEATURES, |answer| answer.status == 200).await;
    assert_eq!(news.json()["features"][0]["enabled"], true);
    // A server made later is at the same revision.
    let three = one.beside().await;
    let answer = three.anonymous().with("authorization", &secret).get(FEATURES).await.expect(200);
    assert_eq!((answer.header("etag"), &answer.text), (news.header("etag"), &news.text));
    // It does not know what became of those who were there before it, and gives them everything.
    let client = three.anonymous().with("authorization", &secret).with("if-none-match", "\"1\"");
    let delta = client.get("/api/client/delta").await.expect(200).json();
    assert_eq!(delta["events"][0]["type"], "hydration");
    // A token that is made on one works on the other at once, and stops on both.
    let fresh = token(&two, "client", &["default"]).await;
    let client = one.anonymous().with("authorization", &fresh);
    client.get(FEATURES).await.expect(200);
    two.admin().delete(&format!("/api/admin/api-tokens/{fresh}")).await.done();
    until(&client, FEATURES, |answer| answer.status == 401).await;
}

#[tokio::test]
async fn a_database_that_was_put_back_is_followed() {
    let server = TestServer::postgres().await;
    flag(&server, "default", "boat").await;
    let sdk = sdk(&server, &["*"]).await;
    fetch(&sdk).await;
    let mut operator = PgConnection::connect(&server.app.config.database().unwrap()).await.unwrap();
    let (backup,): (i64,) =
        sqlx::query_as("SELECT MAX(id) FROM events").fetch_one(&mut operator).await.unwrap();
    turn(&server, "default", "boat", false).await;
    let is_on = |on: bool| move |answer: &Answer| answer.json()["features"][0]["enabled"] == on;
    until(&sdk, FEATURES, is_on(false)).await;
    let sql = format!(
        "BEGIN;
         DELETE FROM events WHERE id > {backup};
         UPDATE feature_environments SET enabled = TRUE WHERE environment = 'development';
         COMMIT"
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut operator).await.unwrap();
    until(&sdk, FEATURES, is_on(true)).await;
}

#[tokio::test]
async fn a_database_that_is_away_is_not_missed_by_sdks() {
    let server = TestServer::postgres().await;
    flag(&server, "default", "boat").await;
    let sdk = sdk(&server, &["*"]).await;
    let before = fetch(&sdk).await;
    server.reach_database(false).await;
    while server.app.published.is_fresh() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let answer = sdk.get(FEATURES).await.expect(200);
    assert_eq!(answer.text, before.text, "the last that was known");
    sdk.with("if-none-match", before.header("etag")).get(FEATURES).await.expect(304);
    server.anonymous().with("authorization", "*:development.unknown").get(FEATURES).await.expect(503);
    server.anonymous().get("/ready").await.expect(503);
    let metrics = server.anonymous().get("/internal-backstage/prometheus").await.expect(200);
    assert!(metrics.text.contains("burgee_published_fresh 0"), "{}", metrics.text);

    server.reach_database(true).await;
    turn(&server, "default", "boat", false).await;
    let waiting = sdk.with("if-none-match", before.header("etag"));
    let news = until(&waiting, FEATURES, |answer| answer.status == 200).await;
    assert_eq!(names(&news.json()), ["boat"]);
    let metrics = server.anonymous().get("/internal-backstage/prometheus").await.expect(200);
    assert!(metrics.text.contains("burgee_published_fresh 1"), "{}", metrics.text);
}
