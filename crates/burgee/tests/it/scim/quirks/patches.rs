//! Quirks of PATCH: Q1 to Q7, Q16, Q19, Q20, Q22.

use reqwest::Method;
use serde_json::{Value, json};

use crate::scim::wire::{ENTERPRISE, USER, Wire, id, quirk, refused};

both! {
    async fn q1_operations_in_any_case(server) {
        let wire = Wire::new(&server);
        let path = format!("/Users/{}", wire.user("ann@x.io").await);
        for (number, body) in [
            json!({"Operations": [{"op": "REPLACE", "path": "title", "value": "1"}]}),
            json!({"operations": [{"op": "replace", "path": "title", "value": "2"}]}),
            json!({"Operations": [{"Op": "Add", "Path": "title", "Value": "3"}]}),
        ].into_iter().enumerate() {
            let after = wire.send(Method::PATCH, &path, Some(body)).await.expect(200).json();
            assert_eq!(after["title"], (number + 1).to_string());
        }
        assert_eq!(quirk(&server, "op-case").await, 3);
    }

    async fn q2_booleans_as_text(server) {
        let wire = Wire::new(&server);
        let path = format!("/Users/{}", wire.user("ann@x.io").await);
        for (text, active) in [("False", false), ("True", true), ("false", false), ("true", true)] {
            let operation = json!([{"op": "replace", "path": "active", "value": text}]);
            assert_eq!(wire.patch(&path, operation).await.expect(200).json()["active"], active);
        }
        let body = json!({"schemas": [USER], "userName": "bob@x.io", "active": "False"});
        assert_eq!(wire.post("/Users", body).await.expect(201).json()["active"], false);
        assert_eq!(quirk(&server, "string-boolean").await, 5);
        assert_eq!(wire.count("active eq \"False\"").await, 1);
        wire.patch(&path, json!([{"op": "replace", "path": "active", "value": "maybe"}])).await.expect(400);
        assert_eq!(wire.read(&path).await["active"], true);
    }

    async fn q3_no_path_and_qualified_keys(server) {
        let wire = Wire::new(&server);
        let path = format!("/Users/{}", wire.user("ann@x.io").await);
        let after = wire.patch(&path, json!([{"op": "replace", "value": {
            "displayName": "A B", "name.givenName": "A", "name.familyName": "B", "emails[type eq \"work\"].value": "a@x.io",
            format!("{USER}:title"): "Pilot", format!("{ENTERPRISE}:department"): "Ops",
            ENTERPRISE: {"employeeNumber": "8"},
        }}])).await.expect(200).json();
        assert_eq!(after["name"], json!({"givenName": "A", "familyName": "B"}));
        assert_eq!((&after["displayName"], &after["title"]), (&json!("A B"), &json!("Pilot")));
        assert_eq!(after["emails"], json!([{"type": "work", "value": "a@x.io"}]));
        assert_eq!(after[ENTERPRISE], json!({"department": "Ops", "employeeNumber": "8"}));
        assert!(!after.as_object().unwrap().keys().any(|key| key.contains('.') && key != ENTERPRISE), "{after}");
        assert_eq!(quirk(&server, "no-path").await, 1);
    }

    async fn q3_the_core_urn_as_path_is_no_path(server) {
        let wire = Wire::new(&server);
        let path = format!("/Users/{}", wire.user("ann@x.io").await);
        let after = wire.patch(&path, json!([{"op": "replace", "path": USER, "value": {"title": "Pilot"}}])).await.expect(200).json();
        assert_eq!((&after["title"], &after["userName"]), (&json!("Pilot"), &json!("ann@x.io")));
        refused(wire.patch(&path, json!([{"op": "remove", "path": USER}])).await, 400, "noTarget", "path");
        assert_eq!(wire.read(&path).await["title"], "Pilot");
    }

    async fn q4_members_removed_by_value(server) {
        let wire = Wire::new(&server);
        let (ann, bob) = (wire.user("ann@x.io").await, wire.user("bob@x.io").await);
        let group = wire.group("Pilots", &[&ann, &bob]).await;
        let path = format!("/Groups/{group}");
        for value in [
            json!([{"value": ann}]), json!({"value": ann}), json!(ann), json!([ann]), json!([{"$ref": null, "value": ann}]),
        ] {
            wire.patch(&path, json!([{"op": "remove", "path": "members", "value": value}])).await;
            assert_eq!(wire.members(&group).await, [bob.as_str()], "{value}");
            wire.patch(&path, json!([{"op": "add", "path": "members", "value": [{"value": ann}]}])).await.expect(200);
        }
        assert_eq!(quirk(&server, "remove-by-value").await, 5);
    }

    async fn q5_a_value_path_makes_what_it_selects(server) {
        let wire = Wire::new(&server);
        let path = format!("/Users/{}", wire.user("ann@x.io").await);
        for (op, kind) in [("add", "work"), ("replace", "home")] {
            let operation = json!([{"op": op, "path": format!("emails[type eq \"{kind}\"].value"), "value": format!("{kind}@x.io")}]);
            wire.patch(&path, operation).await.expect(200);
        }
        let made = json!([{"type": "work", "value": "work@x.io"}, {"type": "home", "value": "home@x.io"}]);
        assert_eq!(wire.read(&path).await["emails"], made);
        wire.patch(&path, json!([{"op": "add", "path": "addresses[type eq \"work\"].formatted", "value": "1 Quay"}])).await.expect(200);
        assert_eq!(wire.read(&path).await["addresses"], json!([{"type": "work", "formatted": "1 Quay"}]));
        assert_eq!(wire.count("emails[type eq \"home\" and value eq \"home@x.io\"]").await, 1);
        assert_eq!(quirk(&server, "value-path").await, 3);
    }

    async fn q6_manager_as_text_or_list(server) {
        let wire = Wire::new(&server);
        let (ann, max) = (wire.user("ann@x.io").await, wire.user("max@x.io").await);
        let path = format!("/Users/{ann}");
        let manager = format!("{ENTERPRISE}:manager");
        let operations = [
            json!({"op": "add", "path": manager, "value": max}),
            json!({"op": "replace", "path": manager, "value": [{"value": max}]}),
            json!({"op": "replace", "value": {&manager: max}}),
            json!({"op": "replace", "value": {"manager": max}}),
            json!({"op": "add", "path": "manager", "value": max}),
        ];
        for operation in operations {
            let after = wire.patch(&path, json!([operation])).await.expect(200).json();
            assert_eq!(after[ENTERPRISE]["manager"]["value"], max.as_str(), "{operation}");
            assert_eq!(after.get("manager"), None, "{operation}");
            let gone = wire.patch(&path, json!([{"op": "remove", "path": manager}])).await.expect(200).json();
            assert_eq!(gone.get(ENTERPRISE), None, "{operation}");
        }
        assert_eq!(quirk(&server, "scalar-manager").await, 5);
    }

    async fn q7_roles_as_json_in_a_text(server) {
        let wire = Wire::new(&server);
        let path = format!("/Users/{}", wire.user("ann@x.io").await);
        let packed = json!([{"value": "{\"id\":\"18d1\",\"value\":\"Admin\",\"displayName\":\"Administrator\"}"}]);
        let after = wire.patch(&path, json!([{"op": "Add", "path": "roles", "value": packed}])).await.expect(200).json();
        assert_eq!(after["roles"], json!([{"value": "Admin", "display": "Administrator"}]));
        let body = json!({"schemas": [USER], "userName": "bob@x.io", "roles": packed});
        assert_eq!(wire.post("/Users", body).await.expect(201).json()["roles"], after["roles"]);
        assert_eq!(quirk(&server, "json-in-string").await, 2);
        // Text that only looks like it stays text.
        let odd = json!([{"op": "replace", "path": "roles", "value": [{"value": "{not json"}]}]);
        assert_eq!(wire.patch(&path, odd).await.expect(200).json()["roles"], json!([{"value": "{not json"}]));
        let single = json!([{"op": "Add", "path": "roles[primary eq \"True\"].value", "value": "Reader"}]);
        let after = wire.patch(&path, single).await.expect(200).json();
        assert_eq!(after["roles"], json!([{"value": "{not json"}, {"primary": true, "value": "Reader"}]));
        assert_eq!(quirk(&server, "json-in-string").await, 2);
    }

    async fn q16_q19_members_as_text_and_members_nobody_knows(server) {
        let wire = Wire::new(&server);
        let ann = wire.user("ann@x.io").await;
        let group = wire.group("Pilots", &[]).await;
        let path = format!("/Groups/{group}");
        wire.patch(&path, json!([{"op": "add", "path": "members", "value": [ann, "fake-member-id"]}])).await.expect(204);
        assert_eq!(wire.members(&group).await, [ann.as_str()]);
        assert_eq!(quirk(&server, "string-member").await, 1);
        // scim-sanity's way to say it.
        wire.patch(&path, json!([{"op": "add", "path": "members", "value": [{"value": "fake-member-id"}]}])).await.expect(200);
        assert_eq!(wire.read(&path).await["meta"]["version"], "W/\"2\"", "nobody came: no new version");
        let other = wire.group("Crew", &["fake-member-id", &ann]).await;
        assert_eq!(wire.members(&other).await, [ann]);
    }

    async fn q20_entra_wants_no_content(server) {
        let wire = Wire::new(&server);
        let path = format!("/Groups/{}", wire.group("Pilots", &[]).await);
        let answer = wire.patch(&path, json!([{"op": "Replace", "path": "displayName", "value": "Crew"}])).await.expect(204);
        assert_eq!(answer.header("etag"), "W/\"2\"");
        wire.patch(&path, json!([{"op": "replace", "path": "displayName", "value": "Crew"}])).await.expect(200);
    }

    async fn q8_q22_null_in_a_patch(server) {
        let wire = Wire::new(&server);
        let body = json!({"schemas": [USER], "userName": "ann@x.io", "externalId": "a", "title": "Pilot", "active": false});
        let path = format!("/Users/{}", id(&wire.post("/Users", body).await.expect(201)));
        let after = wire.patch(&path, json!([{"op": "replace", "value": {"externalId": null, "title": ""}}])).await;
        let after = after.expect(200).json();
        assert_eq!((after.get("externalId"), after.get("title")), (None, None));
        assert_eq!(quirk(&server, "null").await, 1);
        // Where "none" makes no sense, it means nothing.
        for operation in [json!({"op": "replace", "path": "active", "value": null}), json!({"op": "replace", "value": {"active": null}})] {
            wire.patch(&path, json!([operation])).await.expect(200);
            assert_eq!(wire.read(&path).await["active"], false, "{operation}");
        }
        wire.patch(&path, json!([{"op": "replace", "path": "userName", "value": null}])).await.expect(400);
        assert_eq!(wire.read(&path).await["userName"], "ann@x.io");
        let group = wire.post("/Groups", json!({"displayName": "Crew", "externalId": "g"})).await.expect(201);
        let operation = json!([{"op": "replace", "value": {"displayName": "Crew", "externalId": null}}]);
        let after: Value = wire.patch(&format!("/Groups/{}", id(&group)), operation).await.expect(200).json();
        assert_eq!(after.get("externalId"), None);
    }
}
