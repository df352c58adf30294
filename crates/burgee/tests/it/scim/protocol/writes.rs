//! POST, PUT and DELETE.

use serde_json::{Value, json};

use crate::scim::wire::{ENTERPRISE, GROUP, USER, Wire, id, quirk, refused};

both! {
    async fn a_new_resource_is_complete(server) {
        let wire = Wire::new(&server);
        let made = wire.post("/Users", json!({"schemas": [USER], "userName": "Ann", "externalId": "Ext"})).await.expect(201).json();
        assert_eq!((&made["userName"], &made["externalId"], &made["active"]), (&json!("Ann"), &json!("Ext"), &json!(true)));
        assert_eq!(made["meta"]["created"], made["meta"]["lastModified"]);
        assert_eq!(made["id"].as_str().unwrap().len(), 26);
        let path = format!("/Users/{}", made["id"].as_str().unwrap());
        assert_eq!(wire.read(&path).await, made, "what is read is what was answered");
        let group = wire.post("/Groups", json!({"schemas": [GROUP], "displayName": "Crew"})).await.expect(201).json();
        assert_eq!(wire.read(&format!("/Groups/{}", group["id"].as_str().unwrap())).await, group);
    }

    async fn put_replaces_and_makes_nothing(server) {
        let wire = Wire::new(&server);
        let body = json!({
            "schemas": [USER, ENTERPRISE], "userName": "ann", "title": "Pilot", "name": {"givenName": "Ann", "familyName": "Lee"},
            "emails": [{"value": "a@x.io"}], "active": false, ENTERPRISE: {"department": "Ops"}, "odd": 1,
        });
        let made = wire.post("/Users", body).await.expect(201);
        let path = format!("/Users/{}", id(&made));
        let put = wire.put(&path, json!({"schemas": [USER], "id": "another", "userName": "ANN", "name": {"givenName": "A"}})).await;
        let put = put.expect(200).json();
        for gone in ["title", "emails", ENTERPRISE, "odd"] {
            assert_eq!(put.get(gone), None, "{gone}");
        }
        assert_eq!((&put["id"], &put["userName"], &put["active"]), (&made.json()["id"], &json!("ANN"), &json!(false)));
        assert_eq!((&put["name"], &put["schemas"]), (&json!({"givenName": "A"}), &json!([USER])));
        assert_eq!(wire.count("title pr").await + wire.count("emails pr").await, 0, "nor is it found any more");
        for kind in ["Users", "Groups"] {
            let nobody = format!("/{kind}/01J00000000000000000000000");
            wire.put(&nobody, json!({"userName": "x", "displayName": "x"})).await.expect(404);
        }
        assert_eq!(wire.read("").await["totalResults"], 1);
    }

    async fn put_of_a_group_sets_its_members(server) {
        let wire = Wire::new(&server);
        let (ann, bob) = (wire.user("ann").await, wire.user("bob").await);
        let group = wire.group("Crew", &[&ann]).await;
        let path = format!("/Groups/{group}");
        let body = |members: Value| json!({"schemas": [GROUP], "displayName": "Crew", "members": members});
        wire.put(&path, body(json!([{"value": bob}, {"value": bob}]))).await.expect(200);
        assert_eq!(wire.members(&group).await, [bob]);
        wire.put(&path, body(json!([]))).await.expect(200);
        assert!(wire.members(&group).await.is_empty(), "an empty list is said, not left out");
    }

    /// Placeholders of bulk requests are no ids elsewhere.
    async fn placeholders_are_refused(server) {
        let wire = Wire::new(&server);
        let path = format!("/Groups/{}", wire.group("Crew", &[]).await);
        let user = format!("/Users/{}", wire.user("ann").await);
        let members = json!([{"value": "bulkId:x"}]);
        let manager = json!({"userName": "bob", ENTERPRISE: {"manager": {"value": "bulkId:x"}}});
        for answer in [
            wire.post("/Groups", json!({"displayName": "x", "members": members})).await,
            wire.put(&path, json!({"displayName": "Crew", "members": members})).await,
            wire.patch(&path, json!([{"op": "add", "path": "members", "value": members}])).await,
            wire.post("/Users", manager.clone()).await, wire.put(&user, manager).await,
            wire.patch(&user, json!([{"op": "add", "path": format!("{ENTERPRISE}:manager"), "value": "bulkId:x"}])).await,
        ] {
            refused(answer, 400, "invalidValue", "bulkId");
        }
    }

    async fn groups_in_groups(server) {
        let wire = Wire::new(&server);
        let ann = wire.user("ann").await;
        let inner = wire.group("Inner", &[&ann]).await;
        let outer = wire.group("Outer", &[&inner]).await;
        let member = wire.read(&format!("/Groups/{outer}")).await["members"][0].clone();
        assert_eq!((&member["value"], &member["type"]), (&json!(inner), &json!("Group")));
        let mut types: Vec<String> = wire.read(&format!("/Users/{ann}")).await["groups"].as_array().unwrap().iter()
            .map(|group| format!("{} {}", group["display"].as_str().unwrap(), group["type"].as_str().unwrap())).collect();
        types.sort();
        assert_eq!(types, ["Inner direct", "Outer indirect"]);
        // A circle is no catastrophe.
        let into = |id: &str| json!([{"op": "add", "path": "members", "value": [{"value": id}]}]);
        wire.patch(&format!("/Groups/{inner}"), into(&outer)).await.expect(200);
        wire.patch(&format!("/Groups/{inner}"), into(&inner)).await.expect(200);
        assert_eq!(wire.read(&format!("/Users/{ann}")).await["groups"].as_array().unwrap().len(), 2);
        wire.delete(&format!("/Groups/{outer}")).await.expect(204);
        assert_eq!(wire.members(&inner).await, [ann]);
    }

    async fn delete_takes_everything_along(server) {
        let wire = Wire::new(&server);
        let (ann, bob) = (wire.user("ann").await, wire.user("bob").await);
        let group = wire.group("Crew", &[&ann, &bob]).await;
        let path = format!("/Users/{ann}");
        assert_eq!(wire.delete(&path).await.expect(204).header("content-type"), "");
        for answer in [
            wire.get(&path).await, wire.put(&path, json!({"userName": "ann"})).await, wire.delete(&path).await,
            wire.patch(&path, json!([{"op": "replace", "path": "active", "value": true}])).await,
        ] {
            answer.expect(404);
        }
        assert_eq!(wire.members(&group).await, [bob.as_str()]);
        assert_eq!(wire.names("").await, ["bob"]);
        assert_eq!(wire.count(&format!("id eq \"{ann}\"")).await, 0);
        assert_eq!(wire.read(&format!("/Groups?filter=members.value eq \"{ann}\"")).await["totalResults"], 0);
        let again = wire.user("ann").await;
        assert_ne!(again, ann);
        assert_eq!(wire.members(&group).await, [bob.as_str()], "a new user has no old memberships");
        wire.delete(&format!("/Groups/{group}")).await.expect(204);
        assert_eq!(wire.read(&format!("/Users/{bob}")).await.get("groups"), None);
        wire.group("Crew", &[]).await;
    }

    async fn whoever_is_deactivated_stays_a_member(server) {
        let wire = Wire::new(&server);
        let ann = wire.user("ann").await;
        let group = wire.group("Crew", &[&ann]).await;
        wire.patch(&format!("/Users/{ann}"), json!([{"op": "replace", "path": "active", "value": false}])).await.expect(200);
        assert_eq!(wire.members(&group).await, [ann]);
        assert_eq!(wire.count("active eq false").await, 1);
        assert_eq!(quirk(&server, "op-case").await, 0, "nothing odd about that");
    }
}
