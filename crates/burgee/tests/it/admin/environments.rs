//! Environments: made, changed, copied, deleted.

use serde_json::{Value, json};

use crate::support::TestServer;

const PATH: &str = "/api/admin/environments";

async fn named(server: &TestServer, name: &str) -> Option<Value> {
    let list = server.admin().get(PATH).await.expect(200).json();
    list["environments"].as_array().unwrap().iter().find(|environment| environment["name"] == name).cloned()
}

both! {
    async fn environments_are_made_and_changed(server) {
        let admin = server.admin();
        let (_, vera) = server.person("vera", "Viewer").await;
        vera.post(PATH, json!({"name": "qa", "type": "test"})).await.expect(403);
        let made = admin.post(PATH, json!({"name": "qa", "type": "test", "enabled": false})).await.expect(201);
        assert_eq!(made.header("location"), "/api/admin/environments/qa");
        let view = vera.get(&format!("{PATH}/qa")).await.expect(200).json();
        assert_eq!((&view["sortOrder"], &view["enabled"], &view["projectCount"], &view["requiredApprovals"]), (&json!(9999), &json!(false), &json!(0), &Value::Null));
        let refused = admin.post(PATH, json!({"name": "qa", "type": "test"})).await.expect(409).json();
        assert_eq!(refused["name"], "NameExistsError");
        for body in [json!({"name": "a b", "type": "test"}), json!({"name": "x", "type": ""}), json!({"name": "x"}), json!({"name": "x", "type": "test", "requiredApprovals": 0})] {
            admin.post(PATH, body).await.expect(400);
        }
        let validate = format!("{PATH}/validate");
        admin.post(&validate, json!({"name": "free"})).await.expect(200);
        admin.post(&validate, json!({"name": "qa"})).await.expect(409);
        admin.post(&validate, json!({"name": "a/b"})).await.expect(400);

        admin.post("/api/admin/projects", json!({"id": "early", "name": "Early"})).await.expect(201);
        admin.post(&format!("{PATH}/qa/on"), json!({})).await.expect(204);
        let made = admin.post("/api/admin/projects", json!({"id": "late", "name": "Late"})).await.expect(201).json();
        assert_eq!(made["environments"], json!(["development", "production", "qa"]));
        assert_eq!(named(&server, "qa").await.unwrap()["projectCount"], 1, "only new projects get it");
        admin.put(&format!("{PATH}/sort-order"), json!({"qa": 1, "production": 5})).await.expect(200);
        admin.put(&format!("{PATH}/update/qa"), json!({"type": "production", "requiredApprovals": 2})).await.expect(200);
        admin.put(&format!("{PATH}/update/qa"), json!({"type": "production"})).await.expect(200);
        let list = admin.get(PATH).await.expect(200).json();
        let order: Vec<_> = list["environments"].as_array().unwrap().iter().map(|environment| environment["name"].clone()).collect();
        assert_eq!(order, ["qa", "development", "production"]);
        let qa = named(&server, "qa").await.unwrap();
        assert_eq!((&qa["type"], &qa["requiredApprovals"]), (&json!("production"), &json!(2)));
        admin.put(&format!("{PATH}/update/qa"), json!({"requiredApprovals": null})).await.expect(200);
        assert_eq!(named(&server, "qa").await.unwrap()["requiredApprovals"], Value::Null);
        for answer in [admin.get(&format!("{PATH}/no")).await, admin.post(&format!("{PATH}/no/off"), json!({})).await, admin.put(&format!("{PATH}/update/no"), json!({"type": "x"})).await, admin.delete(&format!("{PATH}/no")).await] {
            answer.expect(404);
        }
    }

    async fn a_copy_has_what_the_original_has(server) {
        let admin = server.admin();
        for project in ["in", "out"] {
            admin.post("/api/admin/projects", json!({"id": project, "name": project, "environments": ["development"]})).await.expect(201);
            let features = format!("/api/admin/projects/{project}/features");
            let flag = format!("{project}-flag");
            admin.post(&features, json!({"name": flag, "type": "release"})).await.expect(201);
            let place = format!("{features}/{flag}/environments/development");
            for title in ["First", "Second"] {
                admin.post(&format!("{place}/strategies"), json!({"name": "flexibleRollout", "title": title, "parameters": {"rollout": "20"}, "constraints": [{"contextName": "userId", "operator": "IN", "values": ["7"]}]})).await.expect(200);
            }
            admin.post(&format!("{place}/on"), json!({})).await.expect(200);
        }
        let role = admin.post("/api/admin/roles", json!({"name": "Toggler", "type": "custom", "permissions": [{"name": "UPDATE_FEATURE_ENVIRONMENT", "environment": "development"}]})).await.expect(200).json();
        let role = format!("/api/admin/roles/{}", role["roles"]["id"]);
        let copy = admin.post(&format!("{PATH}/development/clone"), json!({"name": "twin", "type": "test", "projects": ["in"], "clonePermissions": true})).await.expect(200).json();
        assert_eq!((&copy["name"], &copy["type"]), (&json!("twin"), &json!("test")));
        assert_eq!(named(&server, "twin").await.unwrap()["enabledToggleCount"], 1);
        let strategies = async |environment: &str| admin.get(&format!("/api/admin/projects/in/features/in-flag/environments/{environment}/strategies")).await.expect(200).json();
        let (original, copied) = (strategies("development").await, strategies("twin").await);
        for index in 0..2 {
            assert_ne!(original[index]["id"], copied[index]["id"]);
            for field in ["title", "parameters", "constraints", "sortOrder"] {
                assert_eq!(original[index][field], copied[index][field], "{field}");
            }
        }
        let view = admin.get("/api/admin/environments/project/out").await.expect(200).json();
        let twin = view["environments"].as_array().unwrap().iter().find(|environment| environment["name"] == "twin").unwrap();
        assert_eq!(twin["visible"], false);
        let held = admin.get(&role).await.expect(200).json();
        assert_eq!(held["permissions"].as_array().unwrap().len(), 2);
        admin.post(&format!("{PATH}/development/clone"), json!({"name": "twin", "type": "test"})).await.expect(409);
        admin.post(&format!("{PATH}/development/clone"), json!({"name": "x", "type": "test", "projects": ["none"]})).await.expect(400);

        admin.delete(&format!("{PATH}/twin")).await.expect(200);
        let held = admin.get(&role).await.expect(200).json();
        assert_eq!(held["permissions"].as_array().unwrap().len(), 1, "nobody may do anything in what is not there");
    }

    async fn an_environment_takes_along_what_is_in_it(server) {
        let admin = server.admin();
        admin.post(PATH, json!({"name": "qa", "type": "test"})).await.expect(201);
        for environment in ["qa", "development"] {
            admin.post("/api/admin/api-tokens", json!({"tokenName": environment, "type": "client", "environment": environment})).await.expect(201);
        }
        admin.post("/api/admin/projects", json!({"id": "shop", "name": "Shop"})).await.expect(201);
        admin.post("/api/admin/projects/shop/features", json!({"name": "cart", "type": "release"})).await.expect(201);
        admin.post("/api/admin/projects/shop/features/cart/environments/qa/on", json!({})).await.expect(200);
        let counts = named(&server, "qa").await.unwrap();
        assert_eq!((&counts["apiTokenCount"], &counts["enabledToggleCount"], &counts["projectCount"]), (&json!(1), &json!(1), &json!(1)));
        admin.delete(&format!("{PATH}/qa")).await.expect(200);
        assert!(named(&server, "qa").await.is_none());
        let tokens = admin.get("/api/admin/api-tokens").await.expect(200).json();
        let names: Vec<_> = tokens["tokens"].as_array().unwrap().iter().map(|token| token["tokenName"].clone()).collect();
        assert!(names.contains(&json!("development")) && !names.contains(&json!("qa")), "{names:?}");
        let gone = admin.get("/api/admin/search/events?type=IS:environment-deleted").await.expect(200).json();
        assert_eq!((&gone["events"][0]["preData"]["strategies"], &gone["events"][0]["preData"]["projects"]), (&json!(1), &json!(["shop"])));
        admin.post(PATH, json!({"name": "qa", "type": "test"})).await.expect(201);
        assert_eq!(named(&server, "qa").await.unwrap()["enabledToggleCount"], 0);
        for name in ["qa", "production"] {
            admin.delete(&format!("{PATH}/{name}")).await.expect(200);
        }
        let refused = admin.delete(&format!("{PATH}/development")).await.expect(400).json();
        assert_eq!(refused["name"], "MinimumOneEnvironmentError");
    }

    async fn the_limit_of_environments_holds(server) {
        let admin = server.admin();
        for number in 2..50 {
            admin.post(PATH, json!({"name": format!("e{number}"), "type": "test"})).await.expect(201);
        }
        let refused = admin.post(PATH, json!({"name": "more", "type": "test"})).await.expect(400).json();
        assert_eq!(refused["name"], "ExceedsLimitError");
        admin.post(&format!("{PATH}/e2/clone"), json!({"name": "more", "type": "test"})).await.expect(400);
    }
}
