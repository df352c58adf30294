//! Smaller and rarer clients.

use reqwest::Method;
use serde_json::{Value, json};

use super::Transcript;
use crate::scim::wire::{GROUP, PATCH, USER, Wire, id};

both! {
    async fn onelogin(server) {
        let mut onelogin = Transcript::new(server.scim());
        onelogin.get("/Users?filter=userName eq \"never-existing-user\"").await.expect(200);
        onelogin.get("/Groups?count=100&startIndex=1").await.expect(200);
        let mut ann = json!({
            "schemas": [USER], "userName": "ann@x.io", "name": {"givenName": "Ann", "familyName": "Lee", "middleName": null},
            "title": null, "emails": [{"value": "ann@x.io", "type": "work", "primary": true}], "active": true,
        });
        let user = id(&onelogin.post("/Users", ann.clone()).await.expect(201));
        let group = id(&onelogin.post("/Groups", json!({"schemas": [GROUP], "displayName": "Pilots"})).await.expect(201));
        let (user_path, group_path) = (format!("/Users/{user}"), format!("/Groups/{group}"));
        let member = json!([{"value": user}]);
        onelogin.patch(&group_path, json!([{"value": member, "op": "add", "path": "members"}])).await.expect(200);
        ann["name"]["givenName"] = "Anna".into();
        onelogin.put(&user_path, ann.clone()).await.expect(200);
        onelogin.patch(&group_path, json!([{"value": member, "op": "remove", "path": "members"}])).await.expect(200);
        ann["active"] = false.into();
        onelogin.put(&user_path, ann).await.expect(200);
        onelogin.delete(&user_path).await.expect(204);
        onelogin.get(&user_path).await.expect(404);
        onelogin.finish("onelogin");
    }

    /// On activation it makes a test user and a test group, and removes both.
    async fn jumpcloud_tests_itself(server) {
        let mut jumpcloud = Transcript::new(server.scim());
        let body = json!({"schemas": [USER], "userName": "jctest@x.io", "externalId": "jc-1", "active": true,
            "emails": [{"value": "jctest@x.io", "type": "work", "primary": true}]});
        let user = id(&jumpcloud.post("/Users", body).await.expect(201));
        let group = id(&jumpcloud.post("/Groups", json!({"schemas": [GROUP], "displayName": "jctest"})).await.expect(201));
        let (user_path, group_path) = (format!("/Users/{user}"), format!("/Groups/{group}"));
        jumpcloud.patch(&group_path, json!([{"op": "Add", "path": "members", "value": [{"$ref": null, "value": user}]}]))
            .await.expect(204);
        jumpcloud.delete(&group_path).await.expect(204);
        jumpcloud.delete(&user_path).await.expect(204);
        // The fallback of those who cannot delete.
        jumpcloud.patch(&user_path, json!([{"op": "replace", "value": {"active": false}}])).await.expect(404);
        jumpcloud.get("/Users").await.expect(200);
        jumpcloud.finish("jumpcloud");
    }

    async fn google(server) {
        let client = server.scim().with("user-agent", "Google-Auto-Provisioning").with("accept", "application/json");
        let google = Wire::at(client, "/scim");
        let body = json!({"schemas": [USER], "userName": "ann@x.io", "externalId": "1157", "active": true,
            "name": {"givenName": "Ann", "familyName": "Lee"}, "emails": [{"value": "ann@x.io", "type": "work"}]});
        let made = google.raw(Method::POST, "/Users", Some(body.to_string()), "application/json").await.expect(201);
        let path = format!("/Users/{}", id(&made));
        let operations = json!({"schemas": [PATCH], "Operations": [{"op": "replace", "path": "active", "value": false}]});
        let kind = "application/json; charset=UTF-8";
        let changed = google.raw(Method::PATCH, &path, Some(operations.to_string()), kind).await.expect(200).json();
        assert_eq!((&changed["active"], &changed["externalId"]), (&json!(false), &json!("1157")));
        google.raw(Method::PUT, &path, Some(body.to_string()), kind).await.expect(200);
        assert_eq!(google.read(&path).await["active"], true);
    }

    async fn authentik(server) {
        let mut authentik = Transcript::new(server.scim());
        authentik.get("/ServiceProviderConfig").await.expect(200);
        let bob = json!({"schemas": [USER], "userName": "bob", "externalId": "b1", "active": true, "name": {"formatted": "Bob"}});
        authentik.post("/Users", bob.clone()).await.expect(201);
        // It creates first, and looks after a conflict, without quotes.
        authentik.post("/Users", bob).await.expect(409);
        let found = authentik.get("/Users?filter=userName eq bob").await.expect(200).json();
        let bob = found["Resources"][0]["id"].as_str().unwrap().to_owned();
        let ann = id(&authentik.post("/Users", json!({"schemas": [USER], "userName": "ann", "active": true})).await.expect(201));
        let made = authentik.post("/Groups", json!({"schemas": [GROUP], "displayName": "Pilots", "externalId": "g1"})).await;
        let path = format!("/Groups/{}", id(&made.expect(201)));
        authentik.patch(&path, json!([
            {"op": "add", "path": "members", "value": [{"value": ann}]},
            {"op": "add", "path": "members", "value": [{"value": bob}]},
        ])).await.expect(200);
        // A replacement without a path that carries the whole resource, as it read it.
        let mut whole: Value = authentik.get(&path).await.expect(200).json();
        whole.as_object_mut().unwrap().shift_remove("members");
        whole["displayName"] = "Crew".into();
        authentik.patch(&path, json!([{"op": "replace", "value": whole}])).await.expect(200);
        authentik.patch(&path, json!([{"op": "remove", "path": "members", "value": [{"value": bob}]}])).await.expect(200);
        authentik.get(&path).await.expect(200);
        authentik.finish("authentik");
    }

    async fn rauthy(server) {
        let mut rauthy = Transcript::new(server.scim());
        let ann = json!({"schemas": [USER], "externalId": "r-1", "userName": "ann@x.io", "active": true,
            "name": {"givenName": "Ann"}, "emails": [{"value": "ann@x.io", "primary": true}]});
        for filter in ["externalId eq \"r-1\"", "userName eq \"ann@x.io\""] {
            rauthy.get(&format!("/Users?filter={filter}")).await.expect(200);
        }
        let made = rauthy.post("/Users", ann.clone()).await.expect(201);
        assert_eq!(made.json()["externalId"], "r-1", "it gives up if this is not echoed");
        rauthy.put(&format!("/Users/{}", id(&made)), ann).await.expect(200);
        rauthy.get("/Groups?filter=displayName eq \"Pilots\"").await.expect(200);
        let made = rauthy.post("/Groups", json!({"schemas": [GROUP], "displayName": "Pilots", "externalId": "g-1"})).await;
        let path = format!("/Groups/{}", id(&made.expect(201)));
        rauthy.patch(&path, json!([{"op": "replace", "value": {"displayName": "Crew", "externalId": "g-2"}}])).await.expect(200);
        rauthy.patch(&path, json!([{"op": "replace", "value": {"displayName": "Crew", "externalId": null}}])).await.expect(200);
        rauthy.get("/Users?startIndex=1&count=100").await.expect(200);
        rauthy.finish("rauthy");
    }

    /// Keycloak's extension sends the whole group in one PATCH.
    async fn keycloak_patches_211_members(server) {
        let keycloak = Wire::new(&server);
        let group = keycloak.group("Pilots", &[]).await;
        let mut users = Vec::new();
        for number in 0..211 {
            users.push(keycloak.user(&format!("u{number}@x.io")).await);
        }
        let path = format!("/Groups/{group}");
        let members: Vec<Value> = users.iter().map(|user| json!({"value": user, "type": "User"})).collect();
        let patch = json!([{"op": "add", "path": "members", "value": members}]);
        let answer = keycloak.patch(&path, patch.clone()).await.expect(204);
        assert_eq!(answer.header("etag"), "W/\"2\"", "a large group is answered without a body, but with its version");
        users.sort();
        assert_eq!(keycloak.members(&group).await, users);
        let again = keycloak.patch(&format!("{path}?attributes=displayName"), patch).await.expect(200).json();
        assert_eq!(again["meta"]["version"], Value::Null, "only what was asked for");
        assert_eq!(keycloak.get(&format!("{path}?excludedAttributes=members")).await.header("etag"), "W/\"2\"");
    }
}
