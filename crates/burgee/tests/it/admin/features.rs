//! Flags and how they stand in environments.

use serde_json::{Value, json};

use crate::support::TestServer;

const FLAGS: &str = "/api/admin/projects/default/features";

async fn environment(server: &TestServer, flag: &str, environment: &str) -> Value {
    let flag = server.admin().get(&format!("{FLAGS}/{flag}")).await.expect(200).json();
    let environments = flag["environments"].as_array().unwrap();
    environments.iter().find(|found| found["name"] == environment).unwrap().clone()
}

both! {
    async fn a_flag_begins_off_everywhere_and_its_name_is_never_used_again(server) {
        let admin = server.admin();
        let made = admin.post(FLAGS, json!({ "name": "new-menu", "description": "Menu" })).await.expect(201).json();
        assert_eq!(made["type"], "release");
        assert_eq!(made["archived"], false);
        let flag = admin.get(&format!("{FLAGS}/new-menu")).await.expect(200).json();
        assert_eq!(flag["createdBy"]["name"], "Unleash Admin Token User");
        assert_eq!(flag["lifecycle"]["stage"], "initial");
        let environments = flag["environments"].as_array().unwrap();
        assert_eq!(environments.len(), 2);
        assert!(environments.iter().all(|place| place["enabled"] == false && place["strategies"] == json!([])));
        let taken = admin.post(FLAGS, json!({ "name": "new-menu" })).await.expect(409).json();
        assert_eq!(taken["name"], "NameExistsError");
        for (name, part) in [("a b", "URL friendly"), ("", "empty"), ("..", "URL friendly"), (&"x".repeat(101), "length")] {
            let refused = admin.post(FLAGS, json!({ "name": name })).await.expect(400).json();
            assert!(refused["details"][0]["message"].as_str().unwrap().contains(part), "{refused}");
        }
        let refused = admin.post(FLAGS, json!({ "name": "x", "type": "nope" })).await.expect(400).json();
        assert!(refused["details"][0]["message"].as_str().unwrap().contains("\"kill-switch\""), "{refused}");
    }

    async fn turning_on_gives_a_strategy_and_taking_the_last_one_away_turns_off(server) {
        let admin = server.admin();
        admin.post(FLAGS, json!({ "name": "f" })).await.expect(201);
        let place = format!("{FLAGS}/f/environments/development");
        let answer = admin.post(&format!("{place}/on"), json!({})).await.expect(200);
        assert_eq!(answer.text, "");
        let now = environment(&server, "f", "development").await;
        assert_eq!(now["enabled"], true);
        let strategy = &now["strategies"][0];
        assert_eq!(strategy["name"], "flexibleRollout");
        assert_eq!(strategy["parameters"], json!({ "groupId": "f", "rollout": "100", "stickiness": "default" }));
        assert_eq!(environment(&server, "f", "production").await["enabled"], false);

        let id = strategy["id"].as_str().unwrap();
        admin.put(&format!("{place}/strategies/{id}"), json!({ "disabled": true })).await.expect(200);
        assert_eq!(environment(&server, "f", "development").await["enabled"], false);
        admin.post(&format!("{place}/on?shouldActivateDisabledStrategies=true"), json!({})).await.expect(200);
        let now = environment(&server, "f", "development").await;
        assert_eq!((now["enabled"].clone(), now["strategies"][0]["disabled"].clone()), (json!(true), json!(false)));
        admin.delete(&format!("{place}/strategies/{id}")).await.expect(200);
        let now = environment(&server, "f", "development").await;
        assert_eq!((now["enabled"].clone(), now["strategies"].clone()), (json!(false), json!([])));

        let events = admin.get("/api/admin/events/f").await.expect(200).json();
        let kinds: Vec<&str> = events["events"].as_array().unwrap().iter().map(|e| e["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, [
            "feature-environment-disabled", "feature-strategy-remove", "feature-environment-enabled",
            "feature-strategy-update", "feature-environment-disabled", "feature-strategy-update",
            "feature-environment-enabled", "feature-strategy-add", "feature-created",
        ]);
        assert!(events["events"].as_array().unwrap().iter().all(|event| event["featureName"] == "f"));
    }

    async fn strategies_are_stored_in_the_form_on_which_all_sdks_agree(server) {
        let admin = server.admin();
        admin.post(FLAGS, json!({ "name": "f" })).await.expect(201);
        let strategies = format!("{FLAGS}/f/environments/development/strategies");
        let made = admin.post(&strategies, json!({
            "name": "flexibleRollout", "title": "Half",
            "parameters": { "rollout": 50, "stickiness": "userId", "groupId": "g" },
            "constraints": [{ "contextName": "userId", "operator": "IN", "values": [1, " b "] }],
            "variants": [
                { "name": "b", "weight": 0, "weightType": "variable", "stickiness": "userId" },
                { "name": "a", "weight": 100, "weightType": "fix", "stickiness": "userId",
                  "payload": { "type": "json", "value": "{}" } },
                { "name": "c", "weight": 0, "weightType": "variable", "stickiness": "userId" },
            ],
        })).await.expect(200).json();
        assert_eq!(made["parameters"]["rollout"], "50");
        assert_eq!(made["constraints"][0]["values"], json!(["1", "b"]));
        let shares: Vec<_> = made["variants"].as_array().unwrap().iter().map(|v| (v["name"].as_str().unwrap(), v["weight"].as_i64().unwrap())).collect();
        assert_eq!(shares, [("a", 100), ("b", 450), ("c", 450)]);

        let id = made["id"].as_str().unwrap();
        let patched = admin.patch(&format!("{strategies}/{id}"), json!([
            { "op": "test", "path": "/title", "value": "Half" },
            { "op": "replace", "path": "/parameters/rollout", "value": "25" },
        ])).await.expect(200).json();
        assert_eq!(patched["parameters"]["rollout"], "25");
        assert_eq!(patched["variants"], made["variants"]);
        admin.patch(&format!("{strategies}/{id}"), json!([{ "op": "test", "path": "/title", "value": "Other" }])).await.expect(400);

        for body in [
            json!({ "name": "nope" }),
            json!({ "name": "flexibleRollout", "parameters": { "rollout": "101" } }),
            json!({ "name": "default", "constraints": [{ "contextName": "a", "operator": "NOPE", "values": ["1"] }] }),
            json!({ "name": "default", "constraints": [{ "contextName": "a", "operator": "NUM_EQ", "value": "x" }] }),
            json!({ "name": "default", "constraints": [{ "contextName": "a", "operator": "REGEX", "value": "(" }] }),
            json!({ "name": "default", "constraints": [{ "contextName": "a", "operator": "IN_CIDR", "values": ["300.0.0.0/8"] }] }),
            json!({ "name": "default", "variants": [{ "name": "a", "weight": 1000, "weightType": "fix", "stickiness": "default" }] }),
        ] {
            let refused = admin.post(&strategies, body.clone()).await.expect(400).json();
            assert_eq!(refused["name"], "BadDataError", "{body}");
        }
        admin.post(&strategies, json!({ "name": "default", "segments": [99] })).await.expect(404);
        assert_eq!(environment(&server, "f", "development").await["strategies"].as_array().unwrap().len(), 1);
    }

    async fn what_no_strategy_can_have_is_refused_however_it_is_written_and_nothing_changes(server) {
        let admin = server.admin();
        admin.post(FLAGS, json!({ "name": "f" })).await.expect(201);
        admin.post(FLAGS, json!({ "name": "gone" })).await.expect(201);
        let strategies = format!("{FLAGS}/f/environments/development/strategies");
        let good = json!({ "name": "flexibleRollout", "title": "Good" });
        let made = admin.post(&strategies, good).await.expect(200).json();
        let one = format!("{strategies}/{}", made["id"].as_str().unwrap());
        let gone = format!("{FLAGS}/gone/environments/development/strategies");
        let of_gone = admin.post(&gone, json!({ "name": "default" })).await.expect(200).json();
        admin.delete(&format!("{FLAGS}/gone")).await.expect(202);
        let events = async || admin.get("/api/admin/search/events?limit=1").await.expect(200).json()["total"].clone();
        let before = events().await;
        let constraint = |operator: &str, operand: &str, value: Value| json!({
            "name": "flexibleRollout", "constraints": [
                { "contextName": "userId", "operator": "IN", "values": ["fine"] },
                { "contextName": "userId", "operator": operator, operand: value },
            ],
        });
        let rollout = |rollout: &str| json!({ "name": "flexibleRollout", "title": "Bad", "parameters": { "rollout": rollout } });
        let default = "/api/admin/projects/default/environments/development/default-strategy";
        for (body, told) in [
            (constraint("SORT_OF", "values", json!(["a"])), "SORT_OF"),
            (constraint("REGEX", "value", json!("(")), "constraints[1].value"),
            (constraint("IN_CIDR", "values", json!(["300.0.0.1"])), "constraints[1].values"),
            (constraint("NUM_EQ", "value", json!("x")), "constraints[1].value"),
            (rollout("101"), "rollout"),
            (rollout("-1"), "rollout"),
            (rollout("half"), "rollout"),
        ] {
            let patch = json!([
                { "op": "replace", "path": "/title", "value": "Bad" },
                { "op": "add", "path": "/parameters", "value": body.get("parameters").cloned().unwrap_or(json!({})) },
                { "op": "add", "path": "/constraints", "value": body.get("constraints").cloned().unwrap_or(json!([])) },
            ]);
            for answer in [
                admin.post(&strategies, body.clone()).await,
                admin.put(&one, body.clone()).await,
                admin.patch(&one, patch).await,
                admin.post(default, body.clone()).await,
            ] {
                let refused = answer.expect(400).json();
                assert_eq!(refused["name"], "BadDataError", "{body}");
                assert!(refused["details"][0]["message"].as_str().unwrap().contains(told), "{refused:#} does not name {told}");
            }
        }
        let place = format!("{gone}/{}", of_gone["id"].as_str().unwrap());
        let fine = json!({ "name": "default" });
        for answer in [
            admin.post(&gone, fine.clone()).await,
            admin.put(&place, fine).await,
            admin.patch(&place, json!([{ "op": "replace", "path": "/title", "value": "x" }])).await,
            admin.delete(&place).await,
        ] {
            assert_eq!(answer.expect(400).json()["name"], "ArchivedFeatureError");
        }
        assert_eq!(events().await, before);
        assert_eq!(environment(&server, "f", "development").await["strategies"], json!([made]));
    }

    async fn limits_are_told_in_unleashs_words(server) {
        let admin = server.admin();
        admin.post(FLAGS, json!({ "name": "f" })).await.expect(201);
        let strategies = format!("{FLAGS}/f/environments/development/strategies");
        for _ in 0..30 {
            admin.post(&strategies, json!({ "name": "default" })).await.expect(200);
        }
        let refused = admin.post(&strategies, json!({ "name": "default" })).await.expect(400).json();
        assert_eq!(
            (&refused["name"], &refused["message"]),
            (&json!("ExceedsLimitError"), &json!("Failed to create strategy. You can't create more than the established limit of 30."))
        );
    }

    async fn a_strategy_stays_where_it_was_made(server) {
        let admin = server.admin();
        for name in ["f", "g"] {
            admin.post(FLAGS, json!({ "name": name })).await.expect(201);
        }
        let at = |flag: &str, environment: &str| format!("{FLAGS}/{flag}/environments/{environment}/strategies");
        let made = admin.post(&at("f", "development"), json!({ "name": "default" })).await.expect(200).json();
        let id = made["id"].as_str().unwrap();
        for place in [at("g", "development"), at("f", "production")] {
            let place = format!("{place}/{id}");
            admin.get(&place).await.expect(404);
            for answer in [
                admin.put(&place, json!({ "name": "flexibleRollout" })).await,
                admin.patch(&place, json!([{ "op": "replace", "path": "/title", "value": "x" }])).await,
                admin.delete(&place).await,
            ] {
                assert_eq!(answer.expect(403).json()["name"], "InvalidOperationError");
            }
        }
        let nowhere = admin.post(&at("f", "nowhere"), json!({ "name": "default" })).await.expect(400).json();
        assert_eq!(nowhere["name"], "BadDataError");
        assert_eq!(environment(&server, "f", "development").await["strategies"], json!([made]));
    }

    async fn the_order_of_strategies_can_be_changed(server) {
        let admin = server.admin();
        admin.post(FLAGS, json!({ "name": "f" })).await.expect(201);
        let strategies = format!("{FLAGS}/f/environments/development/strategies");
        let mut ids = Vec::new();
        for title in ["first", "second"] {
            let made = admin.post(&strategies, json!({ "name": "default", "title": title })).await.expect(200).json();
            ids.push(made["id"].clone());
        }
        admin.post(&format!("{strategies}/set-sort-order"), json!([
            { "id": ids[0], "sortOrder": 2 }, { "id": ids[1], "sortOrder": 1 },
        ])).await.expect(200);
        let listed = admin.get(&strategies).await.expect(200).json();
        assert_eq!((listed[0]["title"].clone(), listed[1]["title"].clone()), (json!("second"), json!("first")));
        admin.post(&format!("{strategies}/set-sort-order"), json!([{ "id": "nope", "sortOrder": 2 }])).await.expect(400);
    }
}
