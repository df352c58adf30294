//! Quirks of requests: Q11 to Q14, Q17, Q18, Q21, Q23.

use reqwest::Method;
use serde_json::json;

use crate::scim::wire::{USER, Wire, quirk};
use crate::support::server::SCIM_TOKEN;

both! {
    async fn q11_unquoted_values_and_names_in_any_case(server) {
        let wire = Wire::new(&server);
        wire.user("bob").await;
        for filter in ["userName eq bob", "UserName Eq 'BOB'", "USERNAME EQ \"bob\"", "meta.Created gt 2015-10-10T14:38:21-07:00"] {
            assert_eq!(wire.count(filter).await, 1, "{filter}");
        }
        assert_eq!(quirk(&server, "lenient-filter").await, 3);
        let body = json!({"Schemas": [USER], "USERNAME": "ann", "Name": {"FamilyName": "Lee"}, "EMAILS": [{"Value": "a@x.io", "Primary": true}]});
        let made = wire.post("/Users", body).await.expect(201).json();
        assert_eq!((&made["userName"], &made["name"]), (&json!("ann"), &json!({"familyName": "Lee"})));
        assert_eq!(made["emails"], json!([{"value": "a@x.io", "primary": true}]));
    }

    async fn q12_parameters_in_any_case(server) {
        let wire = Wire::new(&server);
        for name in ["ann", "bob", "eve"] {
            wire.user(name).await;
        }
        assert_eq!(wire.names("startindex=0&COUNT=2&AttributeS=userName").await, ["ann", "bob"]);
        assert_eq!(wire.names("STARTINDEX=2&SortBy=userName&SORTORDER=Descending").await, ["bob", "ann"]);
        assert_eq!(wire.read("/Users?startindex=0&count=1").await["startIndex"], 1);
        assert_eq!(quirk(&server, "parameter-spelling").await, 3);
    }

    async fn q13_any_json_and_none(server) {
        let wire = Wire::new(&server);
        for (number, kind) in [
            "application/json", "application/scim+json; charset=utf-8", "Application/JSON;charset=UTF-8", "text/json", "",
        ].into_iter().enumerate() {
            let body = json!({"schemas": [USER], "userName": format!("u{number}")}).to_string();
            wire.raw(Method::POST, "/Users", Some(body), kind).await.expect(201);
        }
        assert!(quirk(&server, "media-type").await >= 4);
        for accept in ["application/json", "application/scim+json", "*/*", "text/html"] {
            wire.with("accept", accept).get("/Users").await.expect(200);
        }
    }

    async fn q14_a_bare_token(server) {
        let bare = |text: &str| Wire::at(server.anonymous().with("authorization", text), "/scim");
        bare(SCIM_TOKEN).get("/Users").await.expect(200);
        assert_eq!(quirk(&server, "bare-token").await, 1);
        for fine in ["Bearer", "bearer", "BEARER"] {
            bare(&format!("{fine} {SCIM_TOKEN}")).get("/Users").await.expect(200);
        }
        for wrong in ["wrong", "", "Bearer", "Bearer wrong", "Basic c2NpbTpzY2lt"] {
            bare(wrong).get("/Users").await.expect(401);
        }
        bare(&format!("Basic {SCIM_TOKEN}")).get("/Users").await.expect(401);
    }

    async fn q17_projection_by_value_path(server) {
        let wire = Wire::new(&server);
        wire.user("ann").await;
        let shown = wire.read("/Users?attributes=emails[type eq \"a,b\"],userName").await;
        assert_eq!(shown["Resources"][0]["userName"], "ann");
        assert_eq!(shown["Resources"][0].get("meta"), None);
        assert_eq!(quirk(&server, "value-path-projection").await, 1);
    }

    async fn q18_another_name_for_the_configuration(server) {
        let wire = Wire::new(&server);
        let config = wire.read("/ServiceProviderConfig").await;
        for name in ["serviceConfiguration", "ServiceConfiguration", "ServiceProviderConfigs", "serviceproviderconfig"] {
            assert_eq!(wire.read(&format!("/{name}")).await, config);
        }
        assert_eq!(quirk(&server, "service-configuration").await, 2);
    }

    async fn q21_slashes_too_many(server) {
        let wire = Wire::new(&server);
        let ann = wire.user("ann").await;
        for path in ["/Users/", "//Users", "//Users//", "/users"] {
            assert_eq!(wire.read(path).await["totalResults"], 1, "{path}");
        }
        let user = wire.read(&format!("/Users/{ann}")).await;
        for path in [format!("/Users/{ann}/"), format!("//Users//{ann}"), format!("/users/{ann}")] {
            assert_eq!(wire.read(&path).await, user, "{path}");
        }
        for mount in ["/scim/", "//scim", "/scim//"] {
            let list = server.scim().get(&format!("{mount}/Users")).await.expect(200).json();
            assert_eq!(list["totalResults"], 1, "{mount}");
        }
        wire.post("/Users/", json!({"userName": "bob"})).await.expect(201);
    }

    async fn q23_errors_are_always_scim(server) {
        let wire = Wire::new(&server);
        let ann = wire.user("ann").await;
        // The form of each answer is the wire's to check.
        wire.get("/Nowhere").await.expect(404);
        wire.get("/Users?filter=x").await.expect(400);
        wire.post("/Users", json!({"userName": "ann"})).await.expect(409);
        wire.post("/Users", json!({})).await.expect(400);
        wire.delete("/Users").await.expect(405);
        wire.raw(Method::POST, "/Users", Some("x".into()), "text/plain").await.expect(415);
        wire.with("if-match", "W/\"9\"").delete(&format!("/Users/{ann}")).await.expect(412);
        wire.get("/Me").await.expect(404);
        Wire::at(server.anonymous(), "/scim").get("/Users").await.expect(401);
    }
}
