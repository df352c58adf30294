//! Microsoft Entra ID's users, without and with the flag `aadOptscim062020`. Both dialects arrive from one tenant,
//! because on-demand provisioning ignores the flag.

use serde_json::{Value, json};

use super::Transcript;
use crate::scim::wire::{ENTERPRISE, USER, id};

/// What Entra sends for a new user.
fn ann() -> Value {
    json!({
        "schemas": [USER, ENTERPRISE], "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef", "userName": "ann@x.io",
        "active": true, "emails": [{"primary": true, "type": "work", "value": "ann@x.io"}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": "Ann Lee", "familyName": "Lee", "givenName": "Ann"}, "roles": [],
    })
}

fn boss() -> Value {
    json!({"schemas": [USER], "userName": "max@x.io", "externalId": "max", "active": true})
}

/// A role as Entra's `AppRoleAssignmentsComplex` writes it: JSON inside a string.
fn packed(role: &str) -> Value {
    let inside = json!({"id": "18d14569-c3bd-439b-9a66-3a2aee01d14f", "value": role, "displayName": role});
    json!({"value": inside.to_string()})
}

both! {
    async fn test_connection(server) {
        let mut entra = Transcript::new(server.scim());
        for filter in [
            "userName+eq+%2204b8e6f5-4d8c-4e1a-9d0b-6f4ce4d33b3c%22",
            "externalId+eq+%2204b8e6f5-4d8c-4e1a-9d0b-6f4ce4d33b3c%22",
            "emails%5Btype+eq+%22work%22%5D.value+eq+%2204b8e6f5%22",
        ] {
            entra.get(&format!("/Users?filter={filter}")).await.expect(200);
        }
        entra.finish("entra-test-connection");
    }

    async fn without_the_flag(server) {
        let mut entra = Transcript::new(server.scim());
        let max = id(&entra.post("/Users", boss()).await.expect(201));
        entra.get("/Users?filter=externalId eq \"0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef\"").await.expect(200);
        let path = format!("/Users/{}", id(&entra.post("/Users", ann()).await.expect(201)));
        entra.patch(&path, json!([
            {"op": "Replace", "path": "displayName", "value": "Ann B"},
            {"op": "Add", "path": "emails[type eq \"work\"].value", "value": "annb@x.io"},
            {"op": "Add", "path": "emails[type eq \"home\"].value", "value": "ann@home.io"},
            {"op": "Add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "+1 555 0100"},
            {"op": "Add", "path": "addresses[type eq \"work\"].formatted", "value": "1 Quay"},
            {"op": "Add", "path": format!("{ENTERPRISE}:department"), "value": "Ops"},
            {"op": "Add", "path": format!("{ENTERPRISE}:manager"), "value": max},
            {"op": "Add", "path": "title", "value": "Pilot"},
        ])).await.expect(200);
        entra.patch(&path, json!([{"op": "Remove", "path": "title"}, {"op": "Remove", "path": "nickName"}])).await.expect(200);
        // Unassigned, blocked, or in the bin: the user stays visible.
        entra.patch(&path, json!([{"op": "Replace", "path": "active", "value": "False"}])).await.expect(200);
        entra.get("/Users?filter=externalId eq \"0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef\"").await.expect(200);
        entra.patch(&path, json!([{"op": "Replace", "path": "active", "value": "True"}])).await.expect(200);
        // Purged after thirty days.
        entra.delete(&path).await.expect(204);
        entra.get(&path).await.expect(404);
        entra.delete(&path).await.expect(404);
        entra.finish("entra-users-default");
    }

    async fn with_the_flag(server) {
        let mut entra = Transcript::new(server.scim());
        let max = id(&entra.post("/Users", boss()).await.expect(201));
        let path = format!("/Users/{}", id(&entra.post("/Users", ann()).await.expect(201)));
        entra.patch(&path, json!([{"op": "replace", "value": {
            "displayName": "Ann B", "name.givenName": "Anna", "active": true, "emails[type eq \"work\"].value": "annb@x.io",
            format!("{ENTERPRISE}:employeeNumber"): "8",
        }}])).await.expect(200);
        entra.patch(&path, json!([{"op": "add", "path": format!("{ENTERPRISE}:manager"),
            "value": [{"$ref": format!("http://burgee.test/scim/Users/{max}"), "value": max}]}])).await.expect(200);
        entra.patch(&path, json!([{"op": "replace", "value": {"active": false}}])).await.expect(200);
        entra.get(&path).await.expect(200);
        entra.patch(&path, json!([{"op": "replace", "path": "active", "value": true}])).await.expect(200);
        entra.delete(&path).await.expect(204);
        entra.finish("entra-users-flag");
    }

    async fn manager_check(server) {
        let mut entra = Transcript::new(server.scim());
        let max = id(&entra.post("/Users", boss()).await.expect(201));
        let ann = id(&entra.post("/Users", ann()).await.expect(201));
        let check = |manager: &str| format!("/Users?filter=id eq \"{ann}\" and {manager} eq \"{max}\"&attributes=id");
        let full = format!("{ENTERPRISE}:manager");
        for name in ["manager", full.as_str()] {
            entra.get(&check(name)).await.expect(200);
        }
        entra.patch(&format!("/Users/{ann}"), json!([{"op": "Add", "path": full, "value": max}])).await.expect(200);
        for name in ["manager", full.as_str()] {
            let found = entra.get(&check(name)).await.expect(200).json();
            assert_eq!(found["totalResults"], 1, "{name}");
        }
        entra.finish("entra-manager-check");
    }

    async fn variants_of_create(server) {
        let mut entra = Transcript::new(server.scim());
        let mut nulls = ann();
        nulls["addresses"] = Value::Null;
        nulls["manager"] = Value::Null;
        nulls["department"] = "Ops".into();
        entra.post("/Users", nulls).await.expect(201);
        let mut undeclared = boss();
        undeclared[ENTERPRISE] = json!({"department": "Board"});
        entra.post("/Users", undeclared).await.expect(201);
        let malformed = "urn:ietf:params:scim:schemas:extension:enterprise:2.0User";
        entra.post("/Users", json!({
            "schemas": [USER, malformed], "userName": "bob@x.io", "active": "True", malformed: {"department": "Sales"},
        })).await.expect(201);
        entra.finish("entra-create-variants");
    }

    async fn roles_in_all_shapes(server) {
        let mut entra = Transcript::new(server.scim());
        let path = format!("/Users/{}", id(&entra.post("/Users", ann()).await.expect(201)));
        // SingleAppRoleAssignment
        entra.patch(&path, json!([{"op": "Add", "path": "roles[primary eq \"True\"].value", "value": "Reader"}])).await.expect(200);
        // AppRoleAssignmentsComplex
        entra.patch(&path, json!([{"op": "Add", "path": "roles", "value": [packed("Admin"), packed("Writer")]}])).await.expect(200);
        // AssertiveAppRoleAssignmentsComplex
        entra.patch(&path, json!([{"op": "replace", "path": "roles", "value": [packed("Owner")]}])).await.expect(200);
        entra.get("/Users?filter=roles.value eq \"Owner\"&attributes=roles").await.expect(200);
        entra.finish("entra-roles");
    }

    async fn inbound_reads_what_changed(server) {
        let mut entra = Transcript::new(server.scim());
        let max = id(&entra.post("/Users", boss()).await.expect(201));
        let ann = id(&entra.post("/Users", ann()).await.expect(201));
        entra.patch(&format!("/Users/{ann}"), json!([{"op": "add", "path": format!("{ENTERPRISE}.manager"), "value": max}]))
            .await.expect(200);
        let changed = |from: &str, to: &str| format!(
            "/Users?filter=active eq true and (meta.lastModified ge \"{from}\" and meta.lastModified le \"{to}\")\
             &startindex=0&count=10&attributes=userName");
        entra.get(&changed("2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z")).await.expect(200);
        entra.get(&changed("2020-01-01T00:00:00Z", "2020-01-02T00:00:00%2B02:00")).await.expect(200);
        entra.finish("entra-inbound");
    }
}
