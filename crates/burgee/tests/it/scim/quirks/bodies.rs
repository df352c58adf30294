//! Quirks of POST and PUT: Q8, Q9, Q10, Q15.

use serde_json::json;

use crate::scim::wire::{ENTERPRISE, GROUP, USER, Wire, id, quirk};

const MALFORMED: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0User";

both! {
    async fn q8_nulls_and_empty_texts(server) {
        let wire = Wire::new(&server);
        let body = json!({
            "schemas": [USER], "userName": "ann@x.io", "title": null, "nickName": "", "emails": null, "addresses": [],
            "name": {"givenName": "Ann", "middleName": null, "familyName": ""}, "photos": [{"value": null}], ENTERPRISE: null,
        });
        let made = wire.post("/Users", body).await.expect(201).json();
        for name in ["title", "nickName", "emails", "addresses", "photos", ENTERPRISE] {
            assert_eq!(made.get(name), None, "{name}");
        }
        assert_eq!((&made["name"], &made["active"]), (&json!({"givenName": "Ann"}), &json!(true)));
        assert_eq!(quirk(&server, "null").await, 1, "once for a request, however often in it");
    }

    async fn q9_misplaced_extensions(server) {
        let wire = Wire::new(&server);
        let max = wire.user("max@x.io").await;
        let bodies = [
            json!({"schemas": [USER, MALFORMED], "userName": "a1", MALFORMED: {"department": "Ops", "manager": max}}),
            json!({"schemas": [USER], "userName": "a2", "department": "Ops", "manager": {"value": max}}),
            json!({"schemas": [USER], "userName": "a3", "Department": "Ops", ENTERPRISE: {"manager": [{"value": max}]}}),
        ];
        for body in bodies {
            let made = wire.post("/Users", body.clone()).await.expect(201).json();
            assert_eq!(made["schemas"], json!([USER, ENTERPRISE]), "{body}");
            assert_eq!(made[ENTERPRISE], json!({"department": "Ops", "manager": {"value": max}}), "{body}");
            assert_eq!((made.get("department"), made.get(MALFORMED)), (None, None), "{body}");
        }
        assert_eq!(wire.count(&format!("{ENTERPRISE}:department eq \"ops\"")).await, 3);
        assert_eq!(quirk(&server, "misplaced-extension").await, 3);
        let path = format!("/Users/{max}");
        let patch = json!([{"op": "add", "path": format!("{MALFORMED}:department"), "value": "Sea"}]);
        assert_eq!(wire.patch(&path, patch).await.expect(200).json()[ENTERPRISE]["department"], "Sea");
        assert_eq!(quirk(&server, "misplaced-extension").await, 4);
        let patch = json!([{"op": "replace", "path": "department", "value": "Air"}]);
        let after = wire.patch(&path, patch).await.expect(200).json();
        assert_eq!((&after[ENTERPRISE]["department"], after.get("department")), (&json!("Air"), None));
    }

    async fn q9_unknown_extensions_are_kept(server) {
        let wire = Wire::new(&server);
        let foreign = "urn:example:2.0:Thing";
        let body = json!({"schemas": [USER, foreign], "userName": "ann@x.io", foreign: {"Depth": 3, "list": [1, "two"]}, "odd": true});
        let made = wire.post("/Users", body.clone()).await.expect(201).json();
        assert_eq!((&made[foreign], &made["odd"]), (&body[foreign], &body["odd"]));
        assert_eq!(made["schemas"], json!([USER, foreign]));
        let legacy = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";
        let group = wire.post("/Groups", json!({"schemas": [legacy, GROUP], "displayName": "Pilots"})).await.expect(201);
        assert_eq!(group.json()["schemas"], json!([GROUP]), "only what is there is named");
    }

    async fn q10_what_only_the_server_writes_is_ignored(server) {
        let wire = Wire::new(&server);
        let group = wire.group("Pilots", &[]).await;
        let body = json!({
            "schemas": [USER], "id": "mine", "userName": "ann@x.io", "groups": [{"value": group}],
            "meta": {"version": "W/\"99\"", "resourceType": "Thing"},
        });
        let made = wire.post("/Users", body.clone()).await.expect(201);
        let path = format!("/Users/{}", id(&made));
        assert_ne!(id(&made), "mine");
        assert_eq!((made.json().get("groups"), made.header("etag")), (None, "W/\"1\""));
        let put = wire.put(&path, body).await.expect(200).json();
        assert_eq!((put["id"].clone(), put.get("groups")), (made.json()["id"].clone(), None));
        let patch = json!([{"op": "replace", "value": {"id": "mine", "meta": {}, "groups": [], "displayName": "Ann"}}]);
        assert_eq!(wire.patch(&path, patch).await.expect(200).json()["displayName"], "Ann");
        assert_eq!(quirk(&server, "read-only").await, 3);
        assert!(wire.members(&group).await.is_empty());
    }

    async fn q15_a_password_is_thrown_away(server) {
        let wire = Wire::new(&server);
        let body = json!({"schemas": [USER], "userName": "ann@x.io", "password": "Sup3r-secret"});
        let made = wire.post("/Users", body.clone()).await.expect(201);
        let path = format!("/Users/{}", id(&made));
        let put = wire.put(&path, body).await.expect(200);
        let patch = json!([{"op": "replace", "value": {"password": "Sup3r-secret"}}]);
        let patched = wire.patch(&path, patch).await.expect(200);
        for answer in [made, put, patched, wire.get(&format!("{path}?attributes=password")).await] {
            assert!(!answer.text.contains("assword") && !answer.text.contains("Sup3r"), "{}", answer.text);
        }
        assert_eq!(quirk(&server, "password").await, 3);
        let login = json!({"username": "ann@x.io", "password": "Sup3r-secret"});
        server.anonymous().post("/auth/simple/login", login).await.expect(401);
        assert_eq!(wire.get("/Users?filter=password eq \"Sup3r-secret\"").await.expect(403).json()["scimType"], "sensitive");
    }
}
