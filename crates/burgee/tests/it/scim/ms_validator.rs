//! The cases of Microsoft's SCIM Validator: 24 that are required, and seven in preview.

use serde_json::{Value, json};

use super::wire::{ENTERPRISE, ERROR, GROUP, USER, Wire, id, refused};

fn kim() -> Value {
    json!({
        "schemas": [USER, ENTERPRISE], "userName": "Kim@X.io", "externalId": "k-1", "active": true,
        "displayName": "Kim", "title": "Pilot", "preferredLanguage": "en-US", "userType": "staff", "nickName": "K",
        "locale": "en-GB", "timezone": "Europe/London", "profileUrl": "https://x.io/kim",
        "name": {"formatted": "Kim Lee", "givenName": "Kim", "familyName": "Lee", "middleName": "M",
                 "honorificPrefix": "Dr", "honorificSuffix": "III"},
        "emails": [{"type": "work", "value": "kim@x.io", "primary": true}],
        "phoneNumbers": [{"type": "work", "value": "1"}, {"type": "mobile", "value": "2"}, {"type": "fax", "value": "3"}],
        "addresses": [{"type": "work", "formatted": "1 Quay", "streetAddress": "Quay", "locality": "Port",
                       "region": "R", "postalCode": "1", "country": "GB", "primary": true}],
        "roles": [{"primary": true, "display": "D", "value": "V", "type": "T"}],
        ENTERPRISE: {"employeeNumber": "1", "department": "Ops", "costCenter": "C", "organization": "O", "division": "D"},
    })
}

fn pilots() -> Value {
    json!({"schemas": [GROUP], "displayName": "Pilots", "externalId": "p-1"})
}

/// Everything that was sent is in the answer, as it was sent.
fn assert_echoed(sent: &Value, got: &Value) {
    for (name, value) in sent.as_object().unwrap() {
        assert_eq!(&got[name], value, "{name}");
    }
}

both! {
    async fn users_are_made_found_and_refused_twice(server) {
        let entra = Wire::new(&server);
        let made = entra.post("/Users", kim()).await.expect(201).json();
        assert_echoed(&kim(), &made);
        refused(entra.post("/Users", kim()).await, 409, "uniqueness", "userName");
        for (name, total) in [("Kim@X.io", 1), ("nobody@x.io", 0), ("kIM@x.IO", 1)] {
            let found = entra.read(&format!("/Users?filter=userName+eq+%22{name}%22")).await;
            assert_eq!(found["totalResults"], total, "{name}");
            if total == 1 {
                assert_echoed(&kim(), &found["Resources"][0]);
            }
        }
    }

    async fn users_are_patched(server) {
        let entra = Wire::new(&server);
        let path = format!("/Users/{}", id(&entra.post("/Users", kim()).await.expect(201)));
        // Every attribute, in the verbose form.
        let patched = entra.patch(&path, json!([
            {"op": "replace", "path": "emails[type eq \"work\"].value", "value": "new@x.io"},
            {"op": "replace", "path": "emails[type eq \"work\"].primary", "value": true},
            {"op": "replace", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "22"},
            {"op": "replace", "path": "addresses[type eq \"work\"].locality", "value": "Harbour"},
            {"op": "replace", "path": "roles[primary eq \"True\"].value", "value": "Reader"},
            {"op": "replace", "value": {
                "displayName": "Kimberly", "title": "Captain", "name.familyName": "Leigh", "nickName": "KK", "active": true,
                format!("{ENTERPRISE}:department"): "Sea", format!("{ENTERPRISE}:employeeNumber"): "9",
            }},
        ])).await.expect(200).json();
        let mut wanted = kim();
        wanted["emails"][0]["value"] = "new@x.io".into();
        wanted["phoneNumbers"][1]["value"] = "22".into();
        wanted["addresses"][0]["locality"] = "Harbour".into();
        wanted["roles"][0]["value"] = "Reader".into();
        wanted["displayName"] = "Kimberly".into();
        wanted["title"] = "Captain".into();
        wanted["nickName"] = "KK".into();
        wanted["name"]["familyName"] = "Leigh".into();
        wanted[ENTERPRISE]["department"] = "Sea".into();
        wanted[ENTERPRISE]["employeeNumber"] = "9".into();
        assert_echoed(&wanted, &patched);

        entra.patch(&path, json!([{"op": "Replace", "path": "userName", "value": "kimberly@x.io"}])).await.expect(200);
        assert_eq!(entra.names("filter=userName eq \"kimberly@x.io\"").await, ["kimberly@x.io"]);
        assert_eq!(entra.count("userName eq \"kim@x.io\"").await, 0);
        entra.patch(&path, json!([{"op": "Replace", "path": "active", "value": false}])).await.expect(200);
        assert_eq!(entra.read(&path).await["active"], false);
    }

    async fn managers_come_change_and_go(server) {
        let entra = Wire::new(&server);
        let (ann, bob) = (entra.user("ann@x.io").await, entra.user("bob@x.io").await);
        let path = format!("/Users/{}", id(&entra.post("/Users", kim()).await.expect(201)));
        let manager = format!("{ENTERPRISE}:manager");
        for (op, who) in [("Add", &ann), ("Replace", &bob)] {
            entra.patch(&path, json!([{"op": op, "path": manager, "value": who}])).await.expect(200);
            assert_eq!(entra.read(&path).await[ENTERPRISE]["manager"]["value"], who.as_str(), "{op}");
        }
        entra.patch(&path, json!([{"op": "Remove", "path": manager}])).await.expect(200);
        let left = entra.read(&path).await;
        assert_eq!((&left[ENTERPRISE]["manager"], &left[ENTERPRISE]["department"]), (&Value::Null, &json!("Ops")));
    }

    async fn deleted_users_are_gone(server) {
        let entra = Wire::new(&server);
        let path = format!("/Users/{}", id(&entra.post("/Users", kim()).await.expect(201)));
        entra.delete(&path).await.expect(204);
        entra.get(&path).await.expect(404);
        // Preview: somebody who never was, and the same one twice.
        entra.delete("/Users/4a3f7a2e-3f7f-4c53-a7b4-8a6ed47a1d2b").await.expect(404);
        let twice = entra.delete(&path).await.expect(404).json();
        assert_eq!((&twice["schemas"], &twice["status"]), (&json!([ERROR]), &json!("404")));
    }

    async fn groups_are_made_found_and_refused_twice(server) {
        let entra = Wire::new(&server);
        let ann = entra.user("ann@x.io").await;
        let mut body = pilots();
        body["members"] = json!([{"value": ann}]);
        let made = entra.post("/Groups", body).await.expect(201);
        assert_echoed(&pilots(), &made.json());
        refused(entra.post("/Groups", pilots()).await, 409, "uniqueness", "displayName");
        let read = entra.read(&format!("/Groups/{}?excludedAttributes=members", id(&made))).await;
        assert_echoed(&pilots(), &read);
        assert_eq!(read.get("members"), None);
        for (name, total) in [("Pilots", 1), ("Nobody", 0), ("pILOTS", 1)] {
            for more in ["", "&excludedAttributes=members"] {
                let found = entra.read(&format!("/Groups?filter=displayName eq \"{name}\"{more}")).await;
                assert_eq!(found["totalResults"], total, "{name}");
                assert_eq!(found["Resources"][0].get("members").is_some(), total == 1 && more.is_empty());
            }
        }
    }

    async fn groups_are_patched_and_deleted(server) {
        let entra = Wire::new(&server);
        let ann = entra.user("ann@x.io").await;
        let group = id(&entra.post("/Groups", pilots()).await.expect(201));
        let path = format!("/Groups/{group}");
        entra.patch(&path, json!([{"op": "replace", "value": {"externalId": "p-2"}}])).await.expect(200);
        entra.patch(&path, json!([{"op": "Replace", "path": "displayName", "value": "Crew"}])).await.expect(204);
        let read = entra.read(&path).await;
        assert_eq!((&read["externalId"], &read["displayName"]), (&json!("p-2"), &json!("Crew")));
        entra.patch(&path, json!([{"op": "Add", "path": "members", "value": [{"value": ann}]}])).await.expect(204);
        assert_eq!(entra.members(&group).await, [ann.as_str()]);
        entra.patch(&path, json!([{"op": "Remove", "path": "members", "value": [{"value": ann}]}])).await.expect(204);
        assert!(entra.members(&group).await.is_empty());
        entra.delete(&path).await.expect(204);
        entra.get(&path).await.expect(404);
        // Preview.
        entra.delete(&path).await.expect(404);
        entra.delete("/Groups/4a3f7a2e-3f7f-4c53-a7b4-8a6ed47a1d2b").await.expect(404);
    }

    /// Preview: several operations in one request, on different attributes and on the same one.
    async fn several_operations_count_one_after_the_other(server) {
        let entra = Wire::new(&server);
        let (ann, bob) = (entra.user("ann@x.io").await, entra.user("bob@x.io").await);
        let path = format!("/Users/{}", id(&entra.post("/Users", kim()).await.expect(201)));
        let after = entra.patch(&path, json!([
            {"op": "remove", "path": "nickName"}, {"op": "add", "path": "title", "value": "Mate"},
            {"op": "replace", "path": "displayName", "value": "K"},
        ])).await.expect(200).json();
        assert_eq!((&after["nickName"], &after["title"], &after["displayName"]), (&Value::Null, &json!("Mate"), &json!("K")));
        let after = entra.patch(&path, json!([
            {"op": "remove", "path": "externalId"}, {"op": "add", "path": "externalId", "value": "a"},
            {"op": "replace", "path": "externalId", "value": "b"},
        ])).await.expect(200).json();
        assert_eq!((&after["externalId"], &after["meta"]["version"]), (&json!("b"), &json!("W/\"3\"")));
        let group = entra.group("Pilots", &[]).await;
        entra.patch(&format!("/Groups/{group}"), json!([
            {"op": "add", "path": "members", "value": [{"value": ann}]},
            {"op": "add", "path": "members", "value": [{"value": bob}]},
            {"op": "remove", "path": format!("members[value eq \"{ann}\"]")},
        ])).await.expect(200);
        assert_eq!(entra.members(&group).await, [bob]);
    }
}
