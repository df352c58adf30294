//! `/Roles` and `/Entitlements`: what an identity provider can assign.

use burgee::provisioning::connection::{Provider, Setup};
use serde_json::json;

use crate::scim::connections::connect;
use crate::scim::wire::{Wire, refused, values};

const ROLE: &str = "urn:ietf:params:scim:schemas:core:2.0:Role";
const OKTA_ROLE: &str = "urn:okta:scim:schemas:core:1.0:Role";
const OKTA_ENTITLEMENT: &str = "urn:okta:scim:schemas:core:1.0:Entitlement";

both! {
    async fn what_there_is_to_assign(server) {
        let wire = Wire::new(&server);
        let admin = server.admin();
        admin.post("/api/admin/projects", json!({ "id": "harbour", "name": "Harbour" })).await.expect(201);
        let role = json!({ "name": "Purser", "description": "", "type": "root-custom", "permissions": [] });
        admin.post("/api/admin/roles", role).await.expect(200);
        let roles = wire.read("/Roles").await;
        assert_eq!(values(&roles["Resources"], "display"), ["Admin", "Editor", "Viewer", "Purser"]);
        assert_eq!(roles["Resources"][0], json!({
            "schemas": [ROLE], "id": "1", "value": "1", "display": "Admin", "type": "root", "supported": true,
            "meta": { "resourceType": "Role", "location": "http://burgee.test/scim/v2/Roles/1" },
        }));
        assert_eq!(wire.read("/Roles/1").await, roles["Resources"][0]);
        let purser = roles["Resources"][3]["id"].as_str().unwrap();
        assert_eq!(wire.read(&format!("/Roles/{purser}?attributes=type")).await, json!({ "schemas": [ROLE], "id": purser, "type": "root-custom" }));
        let entitlements = wire.read("/Entitlements").await;
        assert_eq!(values(&entitlements["Resources"], "display"), ["Owner in Default", "Member in Default", "Reader in Default", "Owner in Harbour", "Member in Harbour", "Reader in Harbour"]);
        assert_eq!(entitlements["Resources"][3]["value"], "harbour:4");
        assert_eq!(wire.read("/Entitlements/harbour:4").await, entitlements["Resources"][3]);
        for nothing in ["/Roles/99", "/Roles/x", "/Entitlements/nowhere:4", "/Entitlements/harbour:1"] {
            wire.get(nothing).await.expect(404);
        }
        // They are looked at, and made elsewhere.
        for path in ["/Roles", "/Roles/1", "/Entitlements"] {
            wire.post(path, json!({ "display": "x" })).await.expect(405);
            wire.delete(path).await.expect(405);
        }
        Wire::at(server.anonymous(), "/scim/v2").get("/Roles").await.expect(401);
    }

    async fn searched_like_everything(server) {
        let wire = Wire::new(&server);
        let names = async |query: &str| values(&wire.read(&format!("/Roles?{query}")).await["Resources"], "display").join(" ");
        for (query, found) in [
            ("filter=display eq \"ADMIN\"", "Admin"), ("filter=display co \"e\" and supported eq true", "Editor Viewer"), ("filter=not (type eq \"root\")", ""),
            ("filter=id eq \"2\"", "Editor"), ("sortBy=display&sortOrder=descending", "Viewer Editor Admin"), ("startIndex=2&count=1", "Editor"),
            ("count=0", ""), ("startIndex=9", ""), ("count=1&startIndex=1", "Admin"),
        ] {
            assert_eq!(names(query).await, found, "{query}");
        }
        assert_eq!(wire.read("/Roles?count=1").await["totalResults"], 3);
        let (mut cursor, mut seen) = (String::new(), Vec::new());
        loop {
            let page = wire.read(&format!("/Roles?count=2&cursor={cursor}")).await;
            seen.extend(values(&page["Resources"], "display"));
            let Some(next) = page["nextCursor"].as_str() else { break };
            next.clone_into(&mut cursor);
        }
        assert_eq!(seen.join(" "), "Admin Editor Viewer");
        refused(wire.get(&format!("/Entitlements?cursor={cursor}")).await, 400, "invalidCursor", "");
        refused(wire.get("/Roles?filter=odd eq 1").await, 400, "invalidFilter", "odd");
    }

    /// Okta finds them where it looks for them, in its own words.
    async fn okta_discovers_them(server) {
        let okta = Wire::at(connect(&server, &Setup::named("Okta", "okta", Provider::Okta)).await.1, "/scim/v2");
        let types = okta.read("/ResourceTypes").await;
        assert_eq!(values(&types["Resources"], "id"), ["User", "Group", "Role", "Entitlement"]);
        assert_eq!(values(&types["Resources"], "schema")[2..], [OKTA_ROLE, OKTA_ENTITLEMENT]);
        for kind in &types["Resources"].as_array().unwrap()[2..] {
            okta.read(&format!("/Schemas/{}", kind["schema"].as_str().unwrap())).await;
            let list = okta.read(&format!("{}?count=1&startIndex=1", kind["endpoint"].as_str().unwrap())).await;
            let first = &list["Resources"][0];
            assert_eq!(first["schemas"], json!([kind["schema"]]));
            assert!(first["id"].is_string() && first["displayName"].is_string());
        }
        // Everybody else sees the types of which they can make resources.
        assert_eq!(Wire::new(&server).read("/ResourceTypes").await["totalResults"], 2);
        Wire::new(&server).get(&format!("/Schemas/{OKTA_ROLE}")).await.expect(404);
    }
}
