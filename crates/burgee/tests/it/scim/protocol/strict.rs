//! Connections that insist on the letter: the RFCs as the interoperability profile and IPSIE tighten them.

use burgee::provisioning::connection::{Provider, Setup, Strictness};
use reqwest::Method;
use serde_json::{Value, json};

use crate::scim::connections::connect;
use crate::scim::wire::{ENTERPRISE, GROUP, PATCH, USER, Wire, id, quirk, refused, values};
use crate::support::TestServer;

async fn strict(server: &TestServer) -> Wire {
    let setup = Setup { mode: Strictness::Strict, ..Setup::named("Strict", "strict", Provider::Generic) };
    Wire::at(connect(server, &setup).await.1, "/scim/v2")
}

/// The same body with more in it.
fn with(body: &Value, more: &Value) -> Value {
    let mut body = body.clone();
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

both! {
    async fn bodies_have_what_the_schemas_have(server) {
        let wire = strict(&server).await;
        let plain = json!({ "schemas": [USER], "userName": "ann" });
        let raw = |text: &str| wire.raw(Method::POST, "/Users", Some(text.to_owned()), "application/scim+json");
        for (more, keyword, word) in [
            (json!({ "favouriteColour": "blue" }), "invalidSyntax", "favouriteColour"), (json!({ "name": { "nick": "A" } }), "invalidSyntax", "nick"),
            (json!({ "urn:x:y:Z": { "a": 1 } }), "invalidSyntax", "urn:x:y:Z"), (json!({ "schemas": [USER, "urn:x:y:Z"] }), "invalidSyntax", "urn:x:y:Z"),
            (json!({ ENTERPRISE: { "department": "Ops" } }), "invalidSyntax", "schemas"), (json!({ "schemas": [] }), "invalidSyntax", "schemas"),
            (json!({ "schemas": [USER, ENTERPRISE], ENTERPRISE: { "badge": "1" } }), "invalidSyntax", "badge"), (json!({ "department": "Ops" }), "invalidSyntax", "department"),
            (json!({ "active": "True" }), "invalidValue", "active"), (json!({ "emails": { "value": "a@x.io" } }), "invalidValue", "emails"),
            (json!({ "emails": ["a@x.io"] }), "invalidValue", "emails"), (json!({ "title": 1 }), "invalidValue", "title"),
            (json!({ "password": "Secret-1234" }), "invalidValue", "password"),
            (json!({ "emails": [{ "value": "a@x.io", "primary": true }, { "value": "b@x.io", "primary": true }] }), "invalidValue", "primary"),
            (json!({ "UserName": "bob" }), "invalidSyntax", "twice"),
            (json!({ "schemas": [USER, ENTERPRISE], ENTERPRISE: { "schemas": [USER] } }), "invalidSyntax", "schemas"),
        ] {
            refused(wire.post("/Users", with(&plain, &more)).await, 400, keyword, word);
        }
        refused(raw(r#"{"schemas": ["x"], "userName": "a", "userName": "b"}"#).await, 400, "invalidSyntax", "userName");
        for members in [json!(["x"]), json!({ "value": "x" }), json!([{ "id": "x" }])] {
            wire.post("/Groups", json!({ "schemas": [GROUP], "displayName": "Crew", "members": members })).await.expect(400);
        }
        assert_eq!(wire.read("").await["totalResults"], 0);
        // What only the server writes may be there, and says nothing; neither does an extension that names itself.
        let more = json!({ "schemas": [USER, ENTERPRISE], "id": "x", "meta": {}, "groups": [], ENTERPRISE: { "schemas": [ENTERPRISE], "department": "Ops" } });
        let made = wire.post("/Users", with(&plain, &more)).await.expect(201);
        assert_eq!(made.json()[ENTERPRISE], json!({ "department": "Ops" }));
        let add = |schema: &str| json!([{ "op": "add", "path": ENTERPRISE, "value": { "schemas": [schema], "division": "Sea" } }]);
        let path = format!("/Users/{}", id(&made));
        refused(wire.patch(&path, add(USER)).await, 400, "invalidPath", "schemas");
        let changed = wire.patch(&path, add(ENTERPRISE)).await.expect(200).json();
        assert_eq!(changed[ENTERPRISE], json!({ "department": "Ops", "division": "Sea" }));
        assert_eq!(quirk(&server, "read-only").await, 0, "nothing is put right, so that nothing counts as odd");
    }

    async fn operations_have_paths_that_select_something(server) {
        let wire = strict(&server).await;
        let ann = id(&wire.post("/Users", json!({ "schemas": [USER], "userName": "ann", "name": { "givenName": "Ann", "familyName": "Lee" } })).await.expect(201));
        let path = format!("/Users/{ann}");
        for (operation, keyword) in [
            (json!({ "op": "replace", "value": { "title": "Mate" } }), "invalidSyntax"), (json!({ "op": "Replace", "path": "title", "value": "Mate" }), "invalidSyntax"),
            (json!({ "op": "replace", "path": "active", "value": "False" }), "invalidValue"), (json!({ "op": "replace", "path": "title", "value": null }), "invalidValue"),
            (json!({ "op": "replace", "path": "odd", "value": 1 }), "invalidPath"), (json!({ "op": "add", "path": "emails.value", "value": "a@x.io" }), "invalidPath"),
            (json!({ "op": "replace", "path": "emails[type eq \"work\"].value", "value": "a@x.io" }), "noTarget"),
            (json!({ "op": "remove", "path": "emails[type eq \"work\"]" }), "noTarget"), (json!({ "op": "remove" }), "noTarget"),
            (json!({ "op": "add", "path": "/title", "value": "Mate" }), "invalidPath"), (json!({ "op": "replace", "path": "id", "value": "x" }), "mutability"),
            (json!({ "op": "add", "path": "password", "value": "Secret-1234" }), "invalidValue"),
        ] {
            refused(wire.patch(&path, json!([operation])).await, 400, keyword, "");
        }
        refused(wire.send(Method::PATCH, &path, Some(json!({ "Operations": [{ "op": "add", "path": "title", "value": "x" }] }))).await, 400, "invalidSyntax", "schemas");
        refused(wire.send(Method::PATCH, &path, Some(json!({ "schemas": [PATCH], "operations": [] }))).await, 400, "invalidSyntax", "Operations");
        assert_eq!(wire.read(&path).await["meta"]["version"], "W/\"1\"");
        // A complex value is replaced as a whole.
        let changed = wire.patch(&path, json!([{ "op": "replace", "path": "name", "value": { "givenName": "A" } }])).await.expect(200).json();
        assert_eq!(changed["name"], json!({ "givenName": "A" }));
    }

    async fn searches_know_what_they_search_for(server) {
        let wire = strict(&server).await;
        for (query, keyword) in [
            ("filter=odd eq \"x\"", "invalidFilter"), ("filter=urn:x:y:Z:odd eq \"x\"", "invalidFilter"), ("filter=userName eq ann", "invalidFilter"),
            ("filter=userName eq 'ann'", "invalidFilter"), ("filter=active eq \"True\"", "invalidFilter"), ("filter=manager.value eq \"x\"", "invalidFilter"),
            ("sortBy=odd", "invalidValue"), ("sortBy=name", "invalidValue"), ("attributes=id&excludedAttributes=meta", "invalidSyntax"),
        ] {
            refused(wire.get(&format!("/Users?{query}")).await, 400, keyword, "");
        }
        // IPSIE's filters.
        let ann = json!({ "schemas": [USER], "userName": "ann", "externalId": "x1", "emails": [{ "value": "a@x.io", "type": "work" }] });
        let ann = id(&wire.post("/Users", ann).await.expect(201));
        id(&wire.post("/Groups", json!({ "schemas": [GROUP], "displayName": "Crew", "externalId": "g1", "members": [{ "value": ann }] })).await.expect(201));
        for filter in ["userName eq \"ANN\"", "externalId eq \"x1\"", "emails[value eq \"a@x.io\"]", "emails[type eq \"work\" and value eq \"a@x.io\"]"] {
            assert_eq!(wire.count(filter).await, 1, "{filter}");
        }
        for filter in ["displayName eq \"crew\"", "externalId eq \"g1\"", &format!("members[value eq \"{ann}\"]")] {
            assert_eq!(wire.read(&format!("/Groups?filter={filter}")).await["totalResults"], 1, "{filter}");
        }
    }

    async fn paths_and_media_types_are_written_as_the_rfc_writes_them(server) {
        let wire = strict(&server).await;
        for path in ["/users", "/USERS", "/groups/.search", "/schemas", "/ServiceConfiguration", "/serviceProviderConfig", "/bulk"] {
            wire.get(path).await.expect(404);
        }
        for path in ["/Users/", "//Users", "/%55sers", "/", "/Schemas", "/ServiceProviderConfig", "/ResourceTypes/User"] {
            wire.get(path).await.expect(200);
        }
        let body = json!({ "schemas": [USER], "userName": "ann" }).to_string();
        for kind in ["", "text/json", "text/plain"] {
            refused(wire.raw(Method::POST, "/Users", Some(body.clone()), kind).await, 415, "", "scim+json");
        }
        wire.raw(Method::POST, "/Users", Some(body), "application/json; charset=utf-8").await.expect(201);
    }

    /// What is left out of a PUT is cleared, and the resource is the one of the path.
    async fn puts_replace(server) {
        let wire = strict(&server).await;
        let ann = id(&wire.post("/Users", json!({ "schemas": [USER], "userName": "ann", "title": "Mate" })).await.expect(201));
        let body = json!({ "schemas": [GROUP], "displayName": "Crew", "members": [{ "value": ann }] });
        let crew = format!("/Groups/{}", id(&wire.post("/Groups", body).await.expect(201)));
        refused(wire.put(&crew, json!({ "schemas": [GROUP], "id": "other", "displayName": "Crew" })).await, 400, "invalidValue", "id");
        assert_eq!(values(&wire.read(&crew).await["members"], "value"), std::slice::from_ref(&ann));
        let put = wire.put(&crew, json!({ "schemas": [GROUP], "id": crew.rsplit('/').next(), "displayName": "Crew" })).await.expect(200).json();
        assert_eq!(put["members"], json!([]));
        let put = wire.put(&format!("/Users/{ann}"), json!({ "schemas": [USER], "userName": "ann" })).await.expect(200).json();
        assert_eq!((put.get("title"), &put["active"]), (None, &json!(true)));
    }

    async fn what_is_advertised_is_true(server) {
        let wire = strict(&server).await;
        assert_eq!(wire.read("/ServiceProviderConfig").await["interopProfileConformant"], true);
        assert!(!wire.read("/Schemas").await.to_string().contains("password"));
        // Bulk requests are read as strictly as others.
        let lax = wire.post("/Bulk", json!({ "Operations": [] })).await;
        refused(lax, 400, "invalidSyntax", "schemas");
        let request = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [
            { "method": "POST", "path": "/Users", "bulkId": "a", "data": { "schemas": [USER], "userName": "a", "odd": 1 } },
            { "method": "POST", "path": "/users", "bulkId": "b", "data": { "schemas": [USER], "userName": "b" } },
            { "method": "POST", "path": "/Users", "bulkId": "c", "data": { "schemas": [USER], "userName": "c" } },
        ]});
        let answer = wire.post("/Bulk", request).await.expect(200).json();
        assert_eq!(values(&answer["Operations"], "status"), ["400", "404", "201"]);
        assert_eq!(wire.names("").await, ["c"]);
    }

    /// A group takes fifty members at once and more, and can have none.
    async fn groups_of_ipsie(server) {
        let wire = strict(&server).await;
        let crew = format!("/Groups/{}", id(&wire.post("/Groups", json!({ "schemas": [GROUP], "displayName": "Crew" })).await.expect(201)));
        let mut ids = Vec::new();
        for i in 0..50 {
            ids.push(id(&wire.post("/Users", json!({ "schemas": [USER], "userName": format!("u{i}") })).await.expect(201)));
        }
        let operation = |op: &str, id: &String| match op {
            "add" => json!({ "op": "add", "path": "members", "value": [{ "value": id }] }),
            _ => json!({ "op": "remove", "path": format!("members[value eq \"{id}\"]") }),
        };
        for (op, left) in [("add", 50), ("remove", 0)] {
            let operations: Vec<Value> = ids.iter().map(|id| operation(op, id)).collect();
            wire.patch(&crew, json!(operations)).await.expect(200);
            assert_eq!(wire.read(&crew).await["members"].as_array().unwrap().len(), left);
        }
    }
}
