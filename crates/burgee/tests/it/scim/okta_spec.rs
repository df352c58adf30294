//! Okta's SPEC suite for SCIM 2.0: its twelve requests with their 52 assertions. The one on response time is left
//! out, because it would test the machine.

use burgee::provisioning::connection::{Provider, Setup, Strictness};
use reqwest::Method;
use serde_json::{Value, json};

use super::connections::connect;
use super::wire::{ERROR, LIST, USER, Wire, id};
use crate::support::TestServer;
use crate::support::client::Client;

/// The suite wants at least one user with everything filled in.
async fn prepared(server: &TestServer) -> (Wire, Value) {
    prepared_as(server.scim()).await
}

async fn prepared_as(client: Client) -> (Wire, Value) {
    let okta = Wire::at(client.with("accept", "application/scim+json"), "/scim/v2");
    let body = json!({
        "schemas": [USER], "userName": "first@x.io", "name": {"givenName": "Fir", "familyName": "St"}, "active": true,
        "emails": [{"primary": true, "value": "first@x.io", "type": "work"}],
    });
    let made = okta.post("/Users", body).await.expect(201).json();
    (okta, made)
}

fn filled(text: &Value) -> bool {
    text.as_str().is_some_and(|text| !text.is_empty())
}

fn assert_complete(user: &Value) {
    assert!(filled(&user["id"]) && filled(&user["userName"]), "{user}");
    assert!(filled(&user["name"]["givenName"]) && filled(&user["name"]["familyName"]), "{user}");
    assert!(user["active"].is_boolean() && filled(&user["emails"][0]["value"]), "{user}");
}

async fn listed_and_read(okta: &Wire, first: &Value) {
    let list = okta.read("/Users?count=1&startIndex=1").await;
    assert_eq!(list["schemas"], json!([LIST]));
    assert!(list["itemsPerPage"].is_i64() && list["startIndex"].is_i64() && list["totalResults"].is_i64());
    assert_eq!(list["Resources"].as_array().unwrap().len(), 1);
    assert_complete(&list["Resources"][0]);

    let user = okta.read(&format!("/Users/{}", first["id"].as_str().unwrap())).await;
    assert_complete(&user);
    assert_eq!((&user["id"], &user["schemas"]), (&first["id"], &json!([USER])));
}

async fn nobody_is_found(okta: &Wire) {
    for name in ["abcdefgh%40atko.com", "zzzz%40nowhere.invalid"] {
        let list = okta.read(&format!("/Users?filter=userName%20eq%20%22{name}%22")).await;
        assert_eq!((&list["schemas"], &list["totalResults"]), (&json!([LIST]), &json!(0)));
    }
    for wrong in ["010101001010101011001010101011", "00919288221112222"] {
        let missing = okta.get(&format!("/Users/{wrong}")).await.expect(404).json();
        assert_eq!((&missing["schemas"], &missing["status"]), (&json!([ERROR]), &json!("404")));
        assert!(filled(&missing["detail"]));
    }
}

async fn made_once(okta: &Wire) {
    let body = json!({
        "schemas": [USER], "userName": "runscope300@atko.com", "name": {"givenName": "Runscope", "familyName": "300"},
        "emails": [{"primary": true, "value": "runscope300@atko.com", "type": "work"}],
        "displayName": "Runscope 300", "active": true,
    });
    let kind = "application/scim+json; charset=utf-8";
    let made = okta.raw(Method::POST, "/Users", Some(body.to_string()), kind).await.expect(201);
    let user = made.json();
    assert_eq!(user["schemas"], json!([USER]));
    assert!(user["active"] == true && filled(&user["id"]));
    for name in ["userName", "name"] {
        assert_eq!(user[name], body[name]);
    }
    let read = okta.read(&format!("/Users/{}", id(&made))).await;
    assert_eq!(read, user);
    okta.post("/Users", body).await.expect(409);
    let shouted = okta.read("/Users?filter=userName%20eq%20%22RUNSCOPE300%40ATKO.COM%22").await;
    assert_eq!((&shouted["totalResults"], &shouted["Resources"][0]["id"]), (&json!(1), &user["id"]));
}

both! {
    async fn users_are_listed_and_read(server) {
        let (okta, first) = prepared(&server).await;
        listed_and_read(&okta, &first).await;
    }

    async fn nobody_is_found_without_an_error(server) {
        let (okta, _) = prepared(&server).await;
        nobody_is_found(&okta).await;
    }

    async fn a_user_is_made_once(server) {
        let (okta, _) = prepared(&server).await;
        made_once(&okta).await;
    }

    async fn groups_are_listed(server) {
        let (okta, _) = prepared(&server).await;
        let list = okta.read("/Groups").await;
        assert_eq!((&list["schemas"], &list["totalResults"]), (&json!([LIST]), &json!(0)));
    }

    async fn without_credentials_there_is_nothing(server) {
        prepared(&server).await;
        let stranger = Wire::at(server.anonymous(), "/scim/v2");
        let refused = stranger.get("/Users?filter=userName%20eq%20%22first%40x.io%22").await.expect(401).json();
        assert_eq!((&refused["schemas"], &refused["status"]), (&json!([ERROR]), &json!("401")));
        assert!(filled(&refused["detail"]));
    }

    /// From the CRUD suite: whoever is unassigned is deactivated, and still there.
    async fn an_unassigned_user_is_still_there(server) {
        let (okta, first) = prepared(&server).await;
        let path = format!("/Users/{}", first["id"].as_str().unwrap());
        okta.patch(&path, json!([{"op": "replace", "value": {"active": false}}])).await.expect(200);
        assert_eq!(okta.read(&path).await["active"], false);
        assert_eq!(okta.names("filter=userName eq \"first@x.io\"").await, ["first@x.io"]);
    }

    /// The same from a connection that insists on the letter.
    async fn on_the_letter(server) {
        let setup = Setup { mode: Strictness::Strict, ..Setup::named("Strict", "strict", Provider::Okta) };
        let (okta, first) = prepared_as(connect(&server, &setup).await.1).await;
        listed_and_read(&okta, &first).await;
        nobody_is_found(&okta).await;
        made_once(&okta).await;
        let path = format!("/Users/{}", first["id"].as_str().unwrap());
        okta.patch(&path, json!([{"op": "replace", "path": "active", "value": false}])).await.expect(200);
        assert_eq!(okta.read(&path).await["active"], false);
    }
}
