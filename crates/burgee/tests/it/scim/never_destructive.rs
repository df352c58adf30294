//! What must never happen, whatever a client sends: N1 to N9, each from somebody's outage.

use serde_json::{Value, json};

use super::wire::{GROUP, USER, Wire, id, refused};
use crate::support::TestServer;
use crate::support::server::PASSWORD;

/// A group with two members.
async fn crew(wire: &Wire) -> (String, Vec<String>) {
    let mut users = vec![wire.user("ann@x.io").await, wire.user("bob@x.io").await];
    users.sort();
    let group = wire.group("Crew", &[&users[0], &users[1]]).await;
    (group, users)
}

/// The account that stands behind a SCIM id, as administrators see it.
async fn account(server: &TestServer, scim_id: &str) -> Value {
    let users = server.admin().get("/api/admin/user-admin").await.expect(200).json();
    let mut users = users["users"].as_array().unwrap().iter();
    users.find(|user| user["scimId"] == scim_id).cloned().unwrap_or(Value::Null)
}

both! {
    async fn n1_absent_is_not_empty(server) {
        let wire = Wire::new(&server);
        let (group, users) = crew(&wire).await;
        let path = format!("/Groups/{group}");
        for body in [json!({"schemas": [GROUP], "displayName": "Crew"}), json!({"schemas": [GROUP], "displayName": "Crew", "members": null})] {
            wire.put(&path, body).await.expect(200);
            assert_eq!(wire.members(&group).await, users);
        }
        for value in [json!({"displayName": "Crew"}), json!({"members": null}), json!({})] {
            wire.patch(&path, json!([{"op": "replace", "value": value}])).await.expect(200);
            assert_eq!(wire.members(&group).await, users, "{value}");
        }
        let body = json!({"schemas": [USER], "userName": "eve@x.io", "active": false});
        let eve = id(&wire.post("/Users", body).await.expect(201));
        let put = wire.put(&format!("/Users/{eve}"), json!({"schemas": [USER], "userName": "eve@x.io"})).await.expect(200);
        assert_eq!(put.json()["active"], false, "nobody comes back because a field was left out");
    }

    async fn n2_removing_nothing_removes_nothing(server) {
        let wire = Wire::new(&server);
        let (group, users) = crew(&wire).await;
        let path = format!("/Groups/{group}");
        for value in [json!([]), json!({}), json!([{}]), json!([null]), json!(""), json!([{"value": null}]), json!([{"value": ""}])] {
            wire.patch(&path, json!([{"op": "remove", "path": "members", "value": value}])).await;
            assert_eq!(wire.members(&group).await, users, "{value}");
        }
        for value in [json!([{}]), json!([null]), json!("")] {
            wire.patch(&path, json!([{"op": "replace", "path": "members", "value": value}])).await;
            assert_eq!(wire.members(&group).await, users, "replaced by {value}");
        }
        assert_eq!(wire.read(&path).await["meta"]["version"], "W/\"1\"");
    }

    /// More members than are read at once: what a client reads is the whole, so what it sends back is.
    async fn n3_long_lists_are_never_cut(server) {
        let wire = Wire::new(&server);
        let mut users = Vec::new();
        for number in 0..1005 {
            users.push(wire.user(&format!("u{number}")).await);
        }
        let all: Vec<&str> = users.iter().map(String::as_str).collect();
        let group = wire.group("Everybody", &all).await;
        let path = format!("/Groups/{group}");
        let whole = wire.read(&path).await;
        assert_eq!(whole["members"].as_array().unwrap().len(), users.len());
        let put = wire.put(&path, whole).await.expect(200).json();
        assert_eq!((put["members"].as_array().unwrap().len(), &put["meta"]["version"]), (users.len(), &json!("W/\"1\"")));
        let listed = wire.read("/Groups").await;
        assert_eq!(listed["Resources"][0]["members"].as_array().unwrap().len(), users.len());
    }

    async fn n4_a_path_that_cannot_be_read_is_refused(server) {
        let wire = Wire::new(&server);
        let (group, users) = crew(&wire).await;
        let path = format!("/Groups/{group}");
        let ann = &users[0];
        for (wrong, keyword) in [
            (format!("members[value eq \"{ann}\""), "invalidFilter"), (format!("members[value \"{ann}\"]"), "invalidFilter"),
            ("members[]".into(), "invalidFilter"), ("members[value eq]".into(), "invalidFilter"),
            ("members[nosuch eq \"x\"]".into(), "invalidFilter"), (format!("members[value eq \"{ann}\"] x"), "invalidPath"),
            (format!("members[value eq \"{ann}\"].nosuch"), "invalidPath"), ("members.".into(), "invalidPath"),
            ("members.value".into(), "mutability"), ("members.nosuch".into(), "invalidPath"), ("[value eq \"x\"]".into(), "invalidPath"),
        ] {
            let answer = wire.patch(&path, json!([{"op": "remove", "path": wrong}])).await;
            refused(answer, 400, keyword, "operation 1");
            assert_eq!(wire.members(&group).await, users, "{wrong}");
        }
        refused(wire.patch(&path, json!([{"op": "remove"}])).await, 400, "noTarget", "path");
        refused(wire.patch(&path, json!([{"op": "remove", "path": ""}])).await, 400, "noTarget", "path");
        // All or nothing: the right operation before a wrong one does not count either.
        let mixed = json!([{"op": "remove", "path": format!("members[value eq \"{ann}\"]")}, {"op": "remove", "path": "members["}]);
        wire.patch(&path, mixed).await.expect(400);
        assert_eq!(wire.members(&group).await, users);
        // Nobody has that id: nobody goes.
        wire.patch(&path, json!([{"op": "remove", "path": "members[value eq \"nobody\"]"}])).await.expect(200);
        assert_eq!(wire.read(&path).await["meta"]["version"], "W/\"1\"");
    }

    /// Membership is changed by what is in the database at that moment, not by what was read before.
    async fn n5_writes_do_not_go_by_old_reads(server) {
        let wire = Wire::new(&server);
        let (group, users) = crew(&wire).await;
        let path = format!("/Groups/{group}");
        let eve = wire.user("eve@x.io").await;
        let (one, two) = (wire.clone(), wire.clone());
        let add = json!([{"op": "add", "path": "members", "value": [{"value": eve}]}]);
        let remove = json!([{"op": "remove", "path": format!("members[value eq \"{}\"]", users[0])}]);
        let rename = json!([{"op": "replace", "value": {"displayName": "Pilots"}}]);
        let (added, removed, renamed) = tokio::join!(one.patch(&path, add), two.patch(&path, remove), wire.patch(&path, rename));
        for answer in [added, removed, renamed] {
            answer.expect(200);
        }
        let mut left = vec![users[1].clone(), eve];
        left.sort();
        assert_eq!(wire.members(&group).await, left);
        let after = wire.read(&path).await;
        assert_eq!((&after["displayName"], &after["meta"]["version"]), (&json!("Pilots"), &json!("W/\"4\"")));
    }

    async fn n6_a_new_name_is_the_same_person(server) {
        let wire = Wire::new(&server);
        let (group, users) = crew(&wire).await;
        let before = account(&server, &users[0]).await;
        server.admin().put(&format!("/api/admin/user-admin/{}", before["id"]), json!({"rootRole": 2})).await;
        let path = format!("/Users/{}", users[0]);
        wire.patch(&path, json!([{"op": "replace", "value": {
            "userName": "new@x.io", "emails": [{"value": "new@x.io", "type": "work", "primary": true}]}}])).await.expect(200);
        let after = account(&server, &users[0]).await;
        assert_eq!((&after["id"], &after["username"], &after["email"]), (&before["id"], &json!("new@x.io"), &json!("new@x.io")));
        assert_eq!(after["createdAt"], before["createdAt"]);
        assert_eq!(wire.members(&group).await, users);
        assert_eq!(wire.read("/Users?count=0").await["totalResults"], 2);
    }

    async fn n7_false_elsewhere_deactivates_nobody(server) {
        let wire = Wire::new(&server);
        let path = format!("/Users/{}", wire.user("ann@x.io").await);
        for operation in [
            json!({"op": "Replace", "path": "title", "value": "False"}),
            json!({"op": "Replace", "value": {"nickName": "False"}}),
            json!({"op": "Add", "path": "emails[type eq \"work\"].display", "value": "False"}),
            json!({"op": "Replace", "path": "urn:example:2.0:Thing:state", "value": "False"}),
            json!({"op": "Add", "path": "roles[primary eq \"True\"].value", "value": "False"}),
        ] {
            let after = wire.patch(&path, json!([operation])).await.expect(200).json();
            assert_eq!(after["active"], true, "{operation}");
        }
        let after = wire.read(&path).await;
        assert_eq!((&after["title"], &after["nickName"]), (&json!("False"), &json!("False")), "text stays text");
    }

    async fn n8_whoever_is_deactivated_stays_out(server) {
        let wire = Wire::new(&server);
        let (local, session) = server.person("ann@x.io", "Editor").await;
        let ann = wire.user("ann@x.io").await;
        assert_eq!(account(&server, &ann).await["id"], local, "adopted");
        session.get("/api/admin/user").await.expect(200);
        wire.patch(&format!("/Users/{ann}"), json!([{"op": "replace", "path": "active", "value": false}])).await.expect(200);
        session.get("/api/admin/user").await.expect(401);
        let login = json!({"username": "ann@x.io", "password": PASSWORD});
        server.anonymous().post("/auth/simple/login", login).await.expect(401);
        wire.patch(&format!("/Users/{ann}"), json!([{"op": "replace", "path": "active", "value": true}])).await.expect(200);
        session.get("/api/admin/user").await.expect(401);
        server.sign_in("ann@x.io", PASSWORD).await.get("/api/admin/user").await.expect(200);
    }

    async fn n9_whoever_left_can_come_back(server) {
        let wire = Wire::new(&server);
        let body = |active| json!({"schemas": [USER], "userName": "ann@x.io", "externalId": "a", "active": active,
            "emails": [{"value": "ann@x.io", "primary": true}]});
        let first = id(&wire.post("/Users", body(true)).await.expect(201));
        let path = format!("/Users/{first}");
        // Deactivated: found, and activated again as the same one.
        wire.put(&path, body(false)).await.expect(200);
        refused(wire.post("/Users", body(true)).await, 409, "uniqueness", "userName");
        assert_eq!(wire.read("/Users?filter=userName eq \"ann@x.io\"").await["Resources"][0]["id"], first.as_str());
        assert_eq!(wire.put(&path, body(true)).await.expect(200).json()["active"], true);
        // Removed: the names are free, and somebody new comes.
        wire.delete(&path).await.expect(204);
        let second = id(&wire.post("/Users", body(true)).await.expect(201));
        assert_ne!(first, second);
        wire.get(&path).await.expect(404);
        assert_eq!(wire.names("filter=externalId eq \"a\"").await, ["ann@x.io"]);
    }
}
