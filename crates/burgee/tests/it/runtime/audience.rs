//! Segments that take whoever is in a group: what clients get follows the identity provider.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::delta::Follower;
use super::{fetch, flag, names, project, sdk, strategy, token, turn};
use crate::support::TestServer;
use crate::support::client::Client;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

async fn tied(server: &TestServer, name: &str, group: i64, by: &str) -> i64 {
    let body = json!({"name": name, "constraints": [], "group": {"id": group, "by": by}});
    server.admin().post("/api/admin/segments", body).await.expect(201).json()["id"].as_i64().unwrap()
}

/// The values of each segment that a client gets.
fn values(document: &Value) -> BTreeMap<i64, Value> {
    let segments = document["segments"].as_array().unwrap().iter();
    let last = |it: &Value| {
        it["constraints"].as_array().unwrap().last().map_or(Value::Null, |it| it["values"].clone())
    };
    segments.map(|it| (it["id"].as_i64().unwrap(), last(it))).collect()
}

async fn now(sdk: &Client, segment: i64) -> Value {
    values(&fetch(sdk).await.json())[&segment].clone()
}

async fn user(server: &TestServer, name: &str, external: &str, number: Option<&str>) -> String {
    let mut body = json!({"userName": name, "externalId": external});
    if let Some(number) = number {
        body[ENTERPRISE] = json!({"employeeNumber": number});
    }
    server.push_user(body).await
}

both! {
    async fn whoever_is_in_a_group_is_in_its_segments(server) {
        let admin = server.admin();
        let ann = user(&server, "ann", "ext-ann", Some("77")).await;
        let bob = user(&server, "bob@x.io", "ext-bob", None).await;
        let cid = user(&server, "cid", "cid@x.io", Some("5")).await;
        let inner = server.push_group("Inner", &[&bob]).await;
        let pilots = server.push_group("Pilots", &[&ann, &inner]).await;
        let id = server.group_number("Pilots").await;

        // The two projects differ in what they use; nothing of one reaches the other.
        project(&server, "other").await;
        admin.post("/api/admin/projects/default/features", json!({"name": "boat"})).await.expect(201);
        flag(&server, "other", "kite").await;
        let [external, number, account, names_] = [("by-external", "externalId"), ("by-number", "employeeNumber"), ("by-account", "userId"), ("by-name", "userName")];
        let external = tied(&server, external.0, id, external.1).await;
        let number = tied(&server, number.0, id, number.1).await;
        let account = tied(&server, account.0, id, account.1).await;
        let names_ = tied(&server, names_.0, id, names_.1).await;
        for segment in [external, number, account, names_] {
            strategy(&server, "default", "boat", json!({"name": "default", "segments": [segment]})).await;
        }
        turn(&server, "default", "boat", true).await;
        let (client, other) = (sdk(&server, &["default"]).await, sdk(&server, &["other"]).await);
        let first = fetch(&client).await;
        let accounts = [server.number("ann").await, server.number("bob@x.io").await];
        let mut accounts = accounts.map(|id| id.to_string());
        accounts.sort();
        let all = values(&first.json());
        assert_eq!(all[&external], json!(["ext-ann", "ext-bob"]));
        assert_eq!(all[&number], json!(["77"]));
        assert_eq!(all[&account], json!(accounts));
        assert_eq!(all[&names_], json!(["ann"]), "addresses never reach clients");
        let people = admin.get(&format!("/api/admin/segments/{names_}")).await.expect(200).json()["group"]["people"].clone();
        assert_eq!(people, json!({"values": 1, "addresses": 1, "without": 0, "unusable": 0, "beyond": 0}));
        assert!(!first.text.contains('@'), "{}", first.text);
        let quiet = fetch(&other).await;
        assert_eq!(names(&quiet.json()), ["kite"]);
        let (mut follower, path) = (Follower::default(), "/api/client/delta");
        follower.apply(&client.get(path).await.expect(200).json());
        let etag = client.get(path).await.expect(200).header("etag").to_owned();

        // Membership, nested membership, activity, attributes.
        let patch = async |path: String, operation: Value| { server.patch(&path, json!([operation])).await.done(); };
        patch(format!("/scim/Groups/{inner}"), json!({"op": "add", "path": "members", "value": [{"value": cid}]})).await;
        assert_eq!(now(&client, number).await, json!(["5", "77"]));
        assert_eq!(now(&client, external).await, json!(["ext-ann", "ext-bob"]), "cid's external id is an address");
        let delta = client.with("if-none-match", &etag).get(path).await.expect(200).json();
        let told: Vec<_> = delta["events"].as_array().unwrap().iter().map(|event| (event["type"].clone(), event["segment"]["id"].clone())).collect();
        assert!(told.contains(&(json!("segment-updated"), json!(number))) && !told.contains(&(json!("segment-updated"), json!(external))), "{told:?}");
        patch(format!("/scim/Users/{cid}"), json!({"op": "replace", "path": "externalId", "value": "ext-cid"})).await;
        assert_eq!(now(&client, external).await, json!(["ext-ann", "ext-bob", "ext-cid"]));
        patch(format!("/scim/Users/{ann}"), json!({"op": "replace", "path": "active", "value": false})).await;
        assert_eq!(now(&client, external).await, json!(["ext-bob", "ext-cid"]));
        patch(format!("/scim/Users/{ann}"), json!({"op": "replace", "path": "active", "value": true})).await;
        patch(format!("/scim/Users/{ann}"), json!({"op": "replace", "path": format!("{ENTERPRISE}:employeeNumber"), "value": "078"})).await;
        assert_eq!(now(&client, number).await, json!(["078", "5"]));
        patch(format!("/scim/Groups/{pilots}"), json!({"op": "remove", "path": format!("members[value eq \"{inner}\"]")})).await;
        assert_eq!(now(&client, external).await, json!(["ext-ann"]));
        patch(format!("/scim/Groups/{pilots}"), json!({"op": "add", "path": "members", "value": [{"value": inner}]})).await;
        server.scim().delete(&format!("/scim/Users/{bob}")).await.expect(204);
        assert_eq!(now(&client, external).await, json!(["ext-ann", "ext-cid"]));
        let later = fetch(&other).await;
        assert_eq!((later.header("etag"), &later.text), (quiet.header("etag"), &quiet.text));

        // What changes nothing for clients tells them nothing.
        let before = fetch(&client).await.header("etag").to_owned();
        patch(format!("/scim/Users/{ann}"), json!({"op": "replace", "path": "title", "value": "Captain"})).await;
        user(&server, "dora", "ext-dora", None).await;
        assert_eq!(fetch(&client).await.header("etag"), before);
        let count = server.events("segment-people-changed").await.len();
        assert_eq!(server.events("segment-updated").await.len(), 0);
        let newest = &server.events("segment-people-changed").await[0];
        assert_eq!((&newest["data"]["groupName"], &newest["data"]["went"]), (&json!("Pilots"), &json!(1)));

        // People who look: how many, why not all, and whether somebody is in.
        let seen = admin.get(&format!("/api/admin/segments/{names_}")).await.expect(200).json();
        assert_eq!(seen["constraints"], json!([]));
        assert_eq!(seen["group"], json!({"id": id, "name": "Pilots", "gone": false, "field": "userId", "by": "userName",
            "people": {"values": 2, "addresses": 0, "without": 0, "unusable": 0, "beyond": 0}}));
        let question = |who: &str| json!({"environment": "development", "projects": ["default"], "context": {"appName": "a", "userId": who}});
        for (who, on) in [("ext-cid", true), ("ext-bob", false)] {
            let told = admin.post("/api/admin/playground", question(who)).await.expect(200).json();
            let segment = told["features"][0]["strategies"]["data"].as_array().unwrap().iter().flat_map(|it| it["segments"].as_array().unwrap()).find(|it| it["id"] == external).unwrap().clone();
            assert_eq!(segment, json!({"id": external, "name": "by-external", "result": on, "group": "Pilots", "constraints": [
                {"contextName": "userId", "operator": "IN", "values": [], "inverted": false, "caseInsensitive": false, "result": on}]}));
        }
        let page = server.anonymous().with("authorization", &token(&server, "frontend", &["default"]).await);
        assert_eq!(page.get("/api/frontend?userId=ext-bob").await.expect(200).json()["toggles"], json!([]));
        assert_eq!(page.get("/api/frontend?userId=ext-cid").await.expect(200).json()["toggles"][0]["name"], "boat");

        // Clients of Unleash know nothing of groups, and take none away. Others do.
        let at = format!("/api/admin/segments/{external}");
        admin.put(&at, json!({"name": "renamed", "constraints": [{"contextName": "country", "operator": "IN", "values": ["DE"]}]})).await.expect(204);
        let document = fetch(&client).await.json();
        assert_eq!(values(&document)[&external], json!(["ext-ann", "ext-cid"]));
        for wrong in [json!({"id": 0, "by": "externalId"}), json!({"id": id, "by": "email"}), json!({"id": id, "by": "userId", "field": ""})] {
            admin.put(&at, json!({"name": "renamed", "constraints": [], "group": wrong})).await.expect(400);
        }
        let refused = admin.delete(&format!("/api/admin/groups/{id}")).await.expect(409).json();
        assert!(refused["details"][0]["message"].as_str().unwrap().contains("\"by-account\", \"by-name\", \"by-number\", \"renamed\""), "{refused}");
        admin.put(&at, json!({"name": "renamed", "constraints": [], "group": null})).await.expect(204);
        assert_eq!(fetch(&client).await.json()["segments"].as_array().unwrap().iter().find(|it| it["id"] == external).unwrap()["constraints"], json!([]));
        let stored = server.rows(&format!("SELECT COUNT(*) FROM segment_people WHERE segment_id = {external}")).await;
        assert_eq!(stored[0][0].as_deref(), Some("0"));

        // The identity provider is not held up: its group goes, and nobody is left.
        server.scim().delete(&format!("/scim/Groups/{pilots}")).await.expect(204);
        assert_eq!(now(&client, number).await, json!([]));
        let lost = admin.get(&format!("/api/admin/segments/{number}")).await.expect(200).json();
        assert_eq!((&lost["group"]["gone"], &lost["group"]["name"]), (&json!(true), &json!("Pilots")));
        let told = &server.events("segment-people-changed").await;
        assert_eq!((told.len(), &told[0]["data"]["groupRemoved"]), (count + 3, &json!(true)));
    }

    /// Groups inside the one that counts go, one by one and all at once.
    async fn who_is_in_a_group_that_goes_leaves_the_segments_around(server) {
        let admin = server.admin();
        let ann = user(&server, "ann", "ext-ann", None).await;
        let bob = user(&server, "bob", "ext-bob", None).await;
        let cid = user(&server, "cid", "ext-cid", None).await;
        let deep = server.push_group("Deep", &[&ann]).await;
        let middle = server.push_group("Middle", &[&deep, &bob]).await;
        server.push_group("Alone", &[&cid]).await;
        let outer = admin.post("/api/admin/groups", json!({"name": "Outer", "users": []})).await.expect(201).json()["id"].as_i64().unwrap();
        let number = server.group_number("Middle").await;
        server.rows(&format!("INSERT INTO group_groups (parent_id, child_id) VALUES ({outer}, {number})")).await;
        flag(&server, "default", "boat").await;
        let outside = tied(&server, "outer", outer, "externalId").await;
        let alone = tied(&server, "alone", server.group_number("Alone").await, "externalId").await;
        for segment in [outside, alone] {
            strategy(&server, "default", "boat", json!({"name": "default", "segments": [segment]})).await;
        }
        let client = sdk(&server, &["default"]).await;
        assert_eq!(now(&client, outside).await, json!(["ext-ann", "ext-bob"]));
        server.scim().delete(&format!("/scim/Groups/{deep}")).await.expect(204);
        assert_eq!(now(&client, outside).await, json!(["ext-bob"]));
        let told = server.events("segment-people-changed").await;
        assert_eq!((told.len(), &told[0]["data"]["id"], &told[0]["data"]["groupRemoved"]), (1, &json!(outside), &json!(false)));
        server.scim().delete(&format!("/scim/Groups/{middle}")).await.expect(204);
        assert_eq!(now(&client, outside).await, json!([]));
        server.push_group("Deep", &[&ann]).await;
        let number = server.group_number("Deep").await;
        server.rows(&format!("INSERT INTO group_groups (parent_id, child_id) VALUES ({outer}, {number})")).await;
        server.patch(&format!("/scim/Users/{ann}"), json!([{"op": "replace", "path": "externalId", "value": "ext-anna"}])).await.done();
        assert_eq!(now(&client, outside).await, json!(["ext-anna"]));
        admin.delete(&format!("/api/admin/segments/{alone}")).await.expect(409);
        admin.put(&format!("/api/admin/segments/{alone}"), json!({"name": "alone", "constraints": [], "group": null})).await.expect(204);
        admin.delete("/api/admin/groups/scim-groups").await.done();
        assert_eq!(now(&client, outside).await, json!([]));
    }

    /// As many as a segment can take, and more.
    async fn a_segment_takes_so_many_people(server) {
        let admin = server.admin();
        let ann = user(&server, "ann", "ext-ann", None).await;
        let crew = server.push_group("Crew", &[&ann]).await;
        let id = server.group_number("Crew").await;
        server.rows("INSERT INTO users (username, username_ci, root_role_id, created_at, updated_at)
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9998)
            SELECT 'many-' || i, 'many-' || i, 3, 0, 0 FROM n").await;
        let long = format!("many-{}", "x".repeat(300));
        server.rows(&format!("INSERT INTO users (username, username_ci, root_role_id, created_at, updated_at) VALUES ('{long}', '{long}', 3, 0, 0)")).await;
        server.rows(&format!("INSERT INTO group_users (group_id, user_id, joined_at) SELECT {id}, id, 0 FROM users WHERE username LIKE 'many-%'")).await;
        let by_name = tied(&server, "by-name", id, "userName").await;
        let by_external = tied(&server, "by-external", id, "externalId").await;
        flag(&server, "default", "boat").await;
        strategy(&server, "default", "boat", json!({"name": "default", "segments": [by_name]})).await;
        let client = sdk(&server, &["default"]).await;
        let people = async |segment: i64| admin.get(&format!("/api/admin/segments/{segment}")).await.expect(200).json()["group"]["people"].clone();
        assert_eq!(people(by_name).await, json!({"values": 9999, "addresses": 0, "without": 0, "unusable": 1, "beyond": 0}));
        assert_eq!(people(by_external).await, json!({"values": 1, "addresses": 0, "without": 9999, "unusable": 0, "beyond": 0}));
        let come = async |name: &str| {
            let one = user(&server, name, name, None).await;
            server.patch(&format!("/scim/Groups/{crew}"), json!([{"op": "add", "path": "members", "value": [{"value": one}]}])).await.done();
        };
        come("bob").await;
        assert_eq!(people(by_name).await["values"], 10_000);
        // The newest account has to wait until somebody goes.
        come("cid").await;
        let counted = people(by_name).await;
        assert_eq!((&counted["values"], &counted["beyond"], &counted["unusable"]), (&json!(10_000), &json!(1), &json!(1)));
        let given = async || now(&client, by_name).await.as_array().unwrap().clone();
        let first = given().await;
        assert_eq!((first.len(), first.contains(&json!("bob")), first.contains(&json!("cid"))), (10_000, true, false));
        let refused = admin.post("/api/admin/segments", json!({"name": "more", "constraints": [], "group": {"id": id, "by": "userName"}})).await.expect(400);
        assert!(refused.text.contains("has more than 10000 active members"), "{}", refused.text);
        server.patch(&format!("/scim/Users/{ann}"), json!([{"op": "replace", "path": "active", "value": false}])).await.done();
        let then = given().await;
        assert_eq!((then.len(), then.contains(&json!("ann")), then.contains(&json!("cid"))), (10_000, false, true));
        assert_eq!(people(by_name).await["beyond"], 0);
    }
}

#[tokio::test]
async fn every_server_has_the_same_people_under_the_same_etag() {
    let one = TestServer::postgres().await;
    let ann = user(&one, "ann", "ext-ann", None).await;
    let crew = one.push_group("Crew", &[]).await;
    let segment = tied(&one, "crew", one.group_number("Crew").await, "externalId").await;
    flag(&one, "default", "boat").await;
    strategy(&one, "default", "boat", json!({"name": "default", "segments": [segment]})).await;
    let two = one.beside().await;
    let secret = token(&one, "client", &["*"]).await;
    let clients = [&one, &two]
        .map(|it| it.anonymous().with("authorization", &secret).with("unleash-client-spec", "5.2.0"));
    // Deactivated and put into the group at the same time, again and again: whoever is last sees the other.
    for round in 0..8 {
        let (path, group) = (format!("/scim/Users/{ann}"), format!("/scim/Groups/{crew}"));
        let active = json!([{"op": "replace", "path": "active", "value": round % 2 == 1}]);
        let member = json!([{"op": if round % 4 < 2 { "add" } else { "remove" }, "path": "members", "value": [{"value": ann}]}]);
        let (first, second) = tokio::join!(one.patch(&path, active), two.patch(&group, member));
        first.done();
        second.done();
        let inside = round % 2 == 1 && round % 4 < 2;
        assert_eq!(
            now(&clients[0], segment).await,
            if inside { json!(["ext-ann"]) } else { json!([]) },
            "{round}"
        );
    }
    let three = one.beside().await;
    let third = three.anonymous().with("authorization", &secret).with("unleash-client-spec", "5.2.0");
    let [here, there, later] = [fetch(&clients[0]).await, fetch(&clients[1]).await, fetch(&third).await];
    assert_eq!((here.header("etag"), &here.text), (there.header("etag"), &there.text));
    assert_eq!((here.header("etag"), &here.text), (later.header("etag"), &later.text));
}
