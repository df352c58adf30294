//! Paths, methods and mounts.

use reqwest::Method;
use serde_json::{Value, json};

use crate::scim::wire::{ENTERPRISE, GROUP, LIST, USER, Wire, refused};

const READ_ONLY: &str = "GET, HEAD, OPTIONS";

both! {
    async fn every_path_names_its_methods(server) {
        let wire = Wire::new(&server);
        let stranger = Wire::at(server.anonymous(), "/scim/v2");
        let (one, all) = ("GET, HEAD, PUT, PATCH, DELETE, OPTIONS", "GET, HEAD, POST, OPTIONS");
        for (path, allow) in [
            ("/Users", all), ("/Groups", all), ("/Users/x", one), ("/Groups/x", one), ("", READ_ONLY),
            ("/Users/.search", "POST, OPTIONS"), ("/Groups/.search", "POST, OPTIONS"), ("/.search", "POST, OPTIONS"),
            ("/ServiceProviderConfig", READ_ONLY), ("/ResourceTypes", READ_ONLY), ("/ResourceTypes/User", READ_ONLY),
            ("/Schemas", READ_ONLY), (&format!("/Schemas/{USER}"), READ_ONLY), ("/Bulk", "POST, OPTIONS"),
            ("/Roles", READ_ONLY), ("/Roles/1", READ_ONLY), ("/Entitlements", READ_ONLY), ("/Entitlements/default:4", READ_ONLY),
            ("/Me", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),
        ] {
            let answer = stranger.send(Method::OPTIONS, path, None).await.expect(204);
            assert_eq!(answer.header("allow"), allow, "OPTIONS {path}");
            for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::TRACE] {
                if allow.contains(method.as_str()) {
                    continue;
                }
                // With and without a body: the method is what is wrong.
                for body in [None, Some(json!({}))] {
                    let answer = wire.send(method.clone(), path, body).await;
                    assert_eq!((answer.status, answer.header("allow")), (405, allow), "{method} {path}: {}", answer.text);
                }
            }
        }
    }

    async fn head_is_get_without_a_body(server) {
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let wire = Wire::new(&server).with("x-request-id", "r-7").with("traceparent", trace);
        let ann = wire.user("ann").await;
        let crew = wire.group("Crew", &[&ann]).await;
        for path in ["/Users", "/Groups", "", "/Schemas", "/ServiceProviderConfig", "/Nowhere", "/Users/nobody",
            &format!("/Users/{ann}"), &format!("/Groups/{crew}")] {
            let (head, get) = (wire.send(Method::HEAD, path, None).await, wire.get(path).await);
            assert_eq!((head.status, head.text.as_str()), (get.status, ""), "{path}");
            assert_eq!((get.header("x-request-id"), get.header("traceparent")), ("r-7", trace), "{path}");
            for name in ["content-type", "etag", "content-location"] {
                assert_eq!(head.header(name), get.header(name), "{name} of {path}");
            }
        }
    }

    async fn a_right_token_hears_that_provisioning_is_switched_off(server) {
        let (wire, wrong) = (Wire::new(&server), Wire::at(server.anonymous().with("authorization", "Bearer wrong"), "/scim/v2"));
        let admin = server.admin();
        admin.post("/api/admin/scim-settings", json!({"enabled": false})).await.expect(200);
        refused(wire.get("/Users").await, 401, "", "switched off");
        refused(wire.post("/Users", json!({"userName": "ann"})).await, 401, "", "switched off");
        refused(wrong.get("/Users").await, 401, "", "valid provisioning token");
        admin.post("/api/admin/scim-settings", json!({"enabled": true})).await.expect(200);
        assert_eq!(wire.read("/Users").await["totalResults"], 0);
    }

    async fn discovery_is_open_and_takes_no_filter(server) {
        let stranger = Wire::at(server.anonymous(), "/scim/v2");
        let types = stranger.read("/ResourceTypes").await;
        assert_eq!((&types["schemas"], &types["totalResults"]), (&json!([LIST]), &json!(2)));
        for kind in types["Resources"].as_array().unwrap() {
            assert_eq!(kind["id"], kind["name"]);
            let path = format!("/ResourceTypes/{}", kind["id"].as_str().unwrap());
            assert_eq!(&stranger.read(&path).await, kind);
            assert_eq!(kind["meta"]["location"], format!("http://burgee.test/scim/v2{path}"));
        }
        let schemas = stranger.read("/Schemas").await;
        assert_eq!(schemas["totalResults"], 3);
        for urn in [USER, GROUP, ENTERPRISE] {
            assert_eq!(stranger.read(&format!("/Schemas/{urn}")).await["id"], urn);
            assert_eq!(stranger.read(&format!("/Schemas/{}", urn.to_uppercase())).await["id"], urn, "in any case");
        }
        for path in ["/ResourceTypes", "/Schemas", "/ResourceTypes/User", &format!("/Schemas/{USER}")] {
            refused(stranger.get(&format!("{path}?Filter=id pr")).await, 403, "", "filter");
            stranger.get(&format!("{path}?count=1&startIndex=9&sortBy=id&attributes=id")).await.expect(200);
        }
        for missing in ["/ResourceTypes/Nothing", "/Schemas/urn:nothing", "/Schemas/x/y"] {
            stranger.get(missing).await.expect(404);
        }
    }

    async fn what_is_advertised_is_true(server) {
        let wire = Wire::new(&server);
        let config = wire.read("/ServiceProviderConfig").await;
        assert!(!config.to_string().contains("null"));
        for name in ["patch", "filter", "sort", "etag"] {
            assert_eq!(config[name]["supported"], true, "{name}");
        }
        assert_eq!(config["changePassword"]["supported"], false);
        assert!(config["bulk"]["maxOperations"].as_u64().unwrap() > 0, "clients cut their requests to this size");
        wire.post("/Bulk", json!({"Operations": []})).await.expect(200);
        assert_eq!(config["bulk"]["supported"], true);
        let most = config["filter"]["maxResults"].as_u64().unwrap();
        assert_eq!(config["pagination"]["maxPageSize"], most);
        assert_eq!(config["authenticationSchemes"][0]["type"], "oauthbearertoken");
        assert_eq!(config["meta"]["location"], "http://burgee.test/scim/v2/ServiceProviderConfig");
    }

    async fn both_mounts_are_one_service_with_their_own_addresses(server) {
        let (short, long) = (Wire::at(server.scim(), "/scim"), Wire::at(server.scim(), "/scim/v2"));
        let ann = short.user("ann").await;
        let crew = long.group("Crew", &[&ann]).await;
        for (wire, mount) in [(&short, "/scim"), (&long, "/scim/v2")] {
            let base = format!("http://burgee.test{mount}");
            let user = wire.read(&format!("/Users/{ann}")).await;
            assert_eq!(user["meta"]["location"], format!("{base}/Users/{ann}"));
            assert_eq!(user["groups"][0]["$ref"], format!("{base}/Groups/{crew}"));
            let group = wire.read("/Groups").await["Resources"][0].clone();
            assert_eq!(group["members"][0]["$ref"], format!("{base}/Users/{ann}"));
            assert_eq!(wire.read("/Schemas").await["Resources"][0]["meta"]["location"], format!("{base}/Schemas/{USER}"));
            let made = wire.post("/Users", json!({"userName": mount})).await.expect(201);
            assert!(made.header("location").starts_with(&format!("{base}/Users/")));
        }
    }

    async fn nothing_lives_elsewhere(server) {
        let wire = Wire::new(&server);
        for path in ["/Nothing", "/Users/a/b", "/Groups/a/members", "/v2/Users", "/.searching", "/Users%2F.search"] {
            for method in [Method::GET, Method::POST, Method::DELETE, Method::OPTIONS] {
                wire.send(method, path, Some(json!({}))).await.expect(404);
            }
        }
        // A connection is nobody.
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            refused(wire.send(method, "/Me", None).await, 404, "", "/Me");
        }
    }

    /// However a path is written, whoever has no token sees nothing and changes nothing.
    async fn no_spelling_gets_around_the_token(server) {
        let wire = Wire::new(&server);
        let ann = wire.user("ann").await;
        wire.group("Crew", &[&ann]).await;
        let stranger = server.anonymous();
        for path in [
            "/scim/Users", "/scim/v2/Users", "/scim/users", "/scim/%55sers", "/scim/v2/%55%73%65%72%73", "//scim//Users",
            "/scim/Users/", "/scim/./Users", "/scim/v2/../Users", "/scim/v2/%2e%2e/Users", "/scim/Schemas/../Users",
            "/scim/Schemas/%2e%2e/Users", "/scim/ResourceTypes%2f..%2fUsers", "/scim", "/scim/", "/scim/v2", "/scim/v2/",
            "/scim/.search", "/scim/Users/.search", "/scim/Users;x=1", "/scim/Users%00", "/scim/Users%3Fx", "/scim/Groups",
            "/scim/%2FUsers", "/scim/Users%2F", "/scim/v2%2FUsers", "/Scim/Users", "/scim/V2/Users",
            &format!("/scim/Users/{ann}"), &format!("/scim/%55sers/{ann}"), &format!("/scim/Users%2f{ann}"),
        ] {
            for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::HEAD] {
                let answer = stranger.send(method.clone(), path, Some("{}".into()), "application/json").await;
                assert!(matches!(answer.status, 401 | 404 | 405), "{method} {path}: {} {}", answer.status, answer.text);
                assert!(!answer.text.contains("ann") && !answer.text.contains("Crew"), "{method} {path}: {}", answer.text);
            }
        }
        assert_eq!(wire.read("").await["totalResults"], 2);
    }

    async fn ids_are_read_as_they_are_written(server) {
        let wire = Wire::new(&server);
        let ann = wire.user("ann").await;
        let encoded = ann.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02x}"));
        assert_eq!(wire.read(&format!("/%55sers/{encoded}")).await["id"], ann.as_str());
        for other in [ann.to_lowercase(), format!("{ann}%00"), "%00".into(), "%ff%fe".into(), "'%20OR%201=1".into(), "x".repeat(4000)] {
            for kind in ["Users", "Groups"] {
                for method in [Method::GET, Method::DELETE] {
                    let answer = wire.send(method, &format!("/{kind}/{other}"), None).await.expect(404);
                    assert!(answer.text.len() < 400, "{}", answer.text);
                }
                wire.patch(&format!("/{kind}/{other}"), json!([{"op": "remove", "path": "externalId"}])).await.expect(404);
                let put = json!({"userName": "x", "displayName": "x"});
                wire.put(&format!("/{kind}/{other}"), put).await.expect(404);
            }
        }
        // Kinds are kept apart.
        wire.get(&format!("/Groups/{ann}")).await.expect(404);
    }

    async fn the_root_and_searches_find_everything(server) {
        let wire = Wire::new(&server);
        let ann = wire.user("ann").await;
        let crew = wire.group("Crew", &[&ann]).await;
        let kinds = |list: &Value| -> Vec<Value> {
            list["Resources"].as_array().unwrap().iter().map(|found| found["meta"]["resourceType"].clone()).collect()
        };
        for list in [wire.read("").await, wire.read("/").await, wire.post("/.search", json!({})).await.expect(200).json()] {
            assert_eq!((kinds(&list), &list["totalResults"]), (vec![json!("User"), json!("Group")], &json!(2)));
        }
        // A filter that fits one kind only finds that kind.
        let only = wire.post("/.search", json!({"filter": "meta.resourceType eq \"Group\""})).await.expect(200).json();
        assert_eq!(kinds(&only), ["Group"]);
        let found = wire.post("/Users/.search", json!({"filter": "userName eq \"ANN\"", "attributes": ["id"]})).await;
        assert_eq!(found.expect(200).json()["Resources"], json!([{"schemas": [USER], "id": ann}]));
        let found = wire.post("/Groups/.search", json!({"filter": "displayName eq \"crew\"", "excludedAttributes": ["members", "meta"]}));
        let found = found.await.expect(200).json();
        assert_eq!(found["Resources"], json!([{"schemas": [GROUP], "id": crew, "displayName": "Crew"}]));
        refused(wire.post("/Users/.search", json!({"count": "x"})).await, 400, "invalidValue", "count");
        refused(wire.post("/.search", json!({"filter": {"x": 1}})).await, 400, "invalidValue", "filter");
        wire.post("/.search", json!({"filter": null, "sortBy": null, "unknown": 1})).await.expect(200);
    }
}
