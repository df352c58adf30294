//! The playground: what flags come to for a context, and why.

use serde_json::{Value, json};

use crate::support::TestServer;

const SIMPLE: &str = "/api/admin/playground";
const ADVANCED: &str = "/api/admin/playground/advanced";

async fn flag(server: &TestServer, name: &str, strategies: &[Value], on: bool) -> Vec<String> {
    let admin = server.admin();
    let features = "/api/admin/projects/default/features";
    admin.post(features, json!({"name": name, "type": "release"})).await.expect(201);
    let place = format!("{features}/{name}/environments/development");
    let mut ids = Vec::new();
    for strategy in strategies {
        let made = admin.post(&format!("{place}/strategies"), strategy.clone()).await.expect(200).json();
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    if on {
        admin.post(&format!("{place}/on"), json!({})).await.expect(200);
    }
    ids
}

/// The flags of an answer, by name.
async fn ask(server: &TestServer, context: Value) -> impl Fn(&str) -> Value + use<> {
    let body = json!({"environment": "development", "projects": "*", "context": context});
    let answer = server.admin().post(SIMPLE, body.clone()).await.expect(200).json();
    assert_eq!(answer["input"], body);
    move |name| {
        let flags = answer["features"].as_array().unwrap();
        flags.iter().find(|flag| flag["name"] == name).cloned().unwrap_or_default()
    }
}

both! {
    async fn every_strategy_constraint_and_segment_tells_its_result(server) {
        let constraint = |field: &str, value: &str| json!({"contextName": field, "operator": "IN", "values": [value]});
        let segment = json!({"name": "crew", "constraints": [constraint("userId", "7"), constraint("plan", "gold")]});
        let segment = server.admin().post("/api/admin/segments", segment).await.expect(201).json()["id"].clone();
        let variants = json!([{"name": "red", "weight": 1000, "weightType": "variable", "stickiness": "default", "payload": {"type": "string", "value": "#f00"}}]);
        let ids = flag(&server, "boat", &[
            json!({"name": "default", "constraints": [constraint("appName", "other")], "title": "Never"}),
            json!({"name": "default", "disabled": true}),
            json!({"name": "flexibleRollout", "parameters": {"rollout": "100", "stickiness": "default", "groupId": "boat"},
                   "constraints": [constraint("appName", "web")], "segments": [segment], "variants": variants}),
        ], true).await;
        let found = ask(&server, json!({"appName": "web", "userId": "7", "properties": {"plan": "gold"}})).await("boat");
        let edit = |id: &str| json!({"edit": format!("/projects/default/features/boat/strategies/edit?environmentId=development&strategyId={id}")});
        let judged = |field: &str, value: &str, result: bool| json!({
            "contextName": field, "operator": "IN", "values": [value], "inverted": false, "caseInsensitive": false, "result": result,
        });
        let chosen = json!({"name": "red", "enabled": true, "payload": {"type": "string", "value": "#f00"}});
        let rollout = json!({"groupId": "boat", "rollout": "100", "stickiness": "default"});
        let stored = found["variants"].clone();
        assert_eq!(stored[0]["name"], "red");
        assert_eq!(found["strategies"], json!({"result": true, "data": [
            {"id": ids[0], "name": "default", "title": "Never", "disabled": false, "parameters": {}, "links": edit(&ids[0]),
             "result": {"evaluationStatus": "complete", "enabled": false}, "segments": [],
             "constraints": [judged("appName", "other", false)]},
            {"id": ids[1], "name": "default", "disabled": true, "parameters": {}, "links": edit(&ids[1]),
             "result": {"evaluationStatus": "unevaluated", "enabled": "unknown"}, "segments": [], "constraints": []},
            {"id": ids[2], "name": "flexibleRollout", "disabled": false, "parameters": rollout, "links": edit(&ids[2]),
             "result": {"evaluationStatus": "complete", "enabled": true, "variant": chosen, "variants": stored},
             "constraints": [judged("appName", "web", true)],
             "segments": [{"id": segment, "name": "crew", "result": true,
                           "constraints": [judged("userId", "7", true), judged("plan", "gold", true)]}]},
        ]}));
        let chosen = json!({"name": "red", "enabled": true, "payload": {"type": "string", "value": "#f00"}, "feature_enabled": true});
        assert_eq!(found["variant"], chosen);
        let (on, here) = (&found["isEnabled"], &found["isEnabledInCurrentEnvironment"]);
        assert_eq!((on, here, &found["hasUnsatisfiedDependency"]), (&json!(true), &json!(true), &json!(false)));

        let other = ask(&server, json!({"appName": "web", "userId": "7"})).await("boat");
        assert_eq!((&other["isEnabled"], &other["strategies"]["result"]), (&json!(false), &json!(false)));
        assert_eq!(other["strategies"]["data"][2]["segments"][0]["result"], false);
        assert_eq!(other["variant"], json!({"name": "disabled", "enabled": false, "feature_enabled": false}));
    }

    async fn switches_parents_and_custom_strategies_are_told_apart(server) {
        let admin = server.admin();
        admin.post("/api/admin/strategies", json!({"name": "byTown", "parameters": []})).await.expect(201);
        let default = json!({"name": "default"});
        flag(&server, "off", std::slice::from_ref(&default), false).await;
        flag(&server, "child", std::slice::from_ref(&default), true).await;
        admin.post("/api/admin/projects/default/features/child/dependencies", json!({"feature": "off"})).await.expect(200);
        let elsewhere = json!([{"contextName": "appName", "operator": "IN", "values": ["elsewhere"]}]);
        flag(&server, "custom", &[json!({"name": "byTown"}), json!({"name": "applicationHostname", "parameters": {"hostNames": "a"}, "constraints": elsewhere})], true).await;
        flag(&server, "idle", &[json!({"name": "default", "disabled": true})], false).await;
        flag(&server, "gone", std::slice::from_ref(&default), true).await;
        admin.delete("/api/admin/projects/default/features/gone").await.expect(202);

        let found = ask(&server, json!({"appName": "web"})).await;
        let short = |name: &str| {
            let flag = found(name);
            json!([flag["isEnabled"], flag["isEnabledInCurrentEnvironment"], flag["hasUnsatisfiedDependency"], flag["strategies"]["result"]])
        };
        assert_eq!(short("off"), json!([false, false, false, true]));
        assert_eq!(short("child"), json!([false, true, true, true]));
        assert_eq!(short("custom"), json!([false, true, false, "unknown"]));
        assert_eq!(short("idle"), json!([false, false, false, false]));
        assert_eq!(found("gone"), Value::Null);
        let results = found("custom")["strategies"]["data"].clone();
        assert_eq!(results[0]["result"], json!({"evaluationStatus": "incomplete", "enabled": "unknown"}));
        assert_eq!(results[1]["result"], json!({"evaluationStatus": "incomplete", "enabled": false}));
    }

    async fn the_playground_says_what_clients_get(server) {
        let rollout = |share: &str| json!({"name": "flexibleRollout", "parameters": {"rollout": share, "stickiness": "default", "groupId": "g"}});
        for share in ["0", "30", "60", "100"] {
            flag(&server, &format!("share-{share}"), &[rollout(share)], true).await;
        }
        let token = json!({"tokenName": "sdk", "type": "client", "environment": "development", "projects": ["*"]});
        let token = server.admin().post("/api/admin/api-tokens", token).await.expect(201).json();
        let sdk = server.anonymous().with("authorization", token["secret"].as_str().unwrap());
        // Somebody who was told later things gets the latest.
        let fetched = sdk.with("if-none-match", "\"ffffffff:9000000000:v1\"").get("/api/client/features").await.expect(200).json();
        let state = burgee_eval::State::compile(&serde_json::from_value(fetched).unwrap());
        for user in 0..20 {
            let context = burgee_eval::Context::new(jiff::Timestamp::UNIX_EPOCH, 0).with("userId", user.to_string());
            let found = ask(&server, json!({"appName": "web", "userId": user.to_string()})).await;
            for flag in state.evaluate_all(&context) {
                assert_eq!(found(flag.name)["isEnabled"], flag.enabled, "{} for {user}", flag.name);
            }
        }
    }

    async fn values_are_combined_in_each_environment(server) {
        let ids = json!({"name": "default", "constraints": [{"contextName": "userId", "operator": "IN", "values": ["7"]}]});
        flag(&server, "boat", &[ids], true).await;
        let context = json!({"appName": "web", "userId": "7, 8", "plan": 3, "properties": {"tier": "gold,tin"}});
        let body = json!({"environments": ["development", "production", "development"], "projects": ["default"], "context": context});
        let answer = server.admin().post(ADVANCED, body).await.expect(200).json();
        assert_eq!(answer["warnings"], json!({"invalidContextProperties": ["plan"]}));
        let flags = answer["features"].as_array().unwrap();
        assert_eq!((flags.len(), &flags[0]["name"], &flags[0]["projectId"]), (1, &json!("boat"), &json!("default")));
        let environments = flags[0]["environments"].as_object().unwrap();
        assert_eq!(environments.keys().collect::<Vec<_>>(), ["development", "production"]);
        for (environment, trials) in environments {
            let mut seen: Vec<Value> = trials.as_array().unwrap().iter().map(|trial| {
                assert_eq!(trial["environment"], *environment);
                let expected = environment == "development" && trial["context"]["userId"] == "7";
                assert_eq!(trial["isEnabled"], expected, "{trial}");
                trial["context"].clone()
            }).collect();
            seen.sort_by_key(ToString::to_string);
            let contexts = [("7", "gold"), ("7", "tin"), ("8", "gold"), ("8", "tin")];
            assert_eq!(seen, contexts.map(|(user, tier)| json!({"appName": "web", "userId": user, "tier": tier})));
        }
        let plain = json!({"environments": ["development"], "context": {"appName": "web"}});
        assert_eq!(server.admin().post(ADVANCED, plain).await.expect(200).json().get("warnings"), None);
    }

    async fn too_much_and_nonsense_is_refused(server) {
        for name in ["a", "b", "c", "d"] {
            flag(&server, name, &[json!({"name": "default"})], true).await;
        }
        let admin = server.admin();
        let times = |value: &str, count: usize| vec![value; count].join(",");
        let many = times("x", 100);
        let ask = |environments: &[&str], context: Value| {
            let body = json!({"environments": environments, "context": context});
            let admin = admin.clone();
            async move { admin.post(ADVANCED, body).await }
        };
        // 10,000 contexts: of four flags too many, however few environments.
        let refused = ask(&["development"], json!({"appName": many, "userId": many})).await.expect(400).json();
        assert!(refused["message"].as_str().unwrap().contains("40000"), "{refused}");
        ask(&["development"], json!({"appName": many, "userId": times("x", 75)})).await.expect(200);
        let five = json!({"appName": many, "userId": many, "sessionId": many, "properties": {"a": many, "b": many}});
        ask(&["development"], five).await.expect(400);
        for wrong in [json!({"userId": "7"}), json!({"appName": ""}), json!({"appName": "a", "currentTime": "soon"}), json!({"appName": "a", "properties": {"b": 1}})] {
            admin.post(SIMPLE, json!({"environment": "development", "context": wrong})).await.expect(400);
        }
        ask(&[], json!({"appName": "a"})).await.expect(400);
        let unknown = ask(&["development", "nowhere"], json!({"appName": "a"})).await.expect(400).json();
        assert!(unknown["message"].as_str().unwrap().contains("nowhere"), "{unknown}");
        admin.post(SIMPLE, json!({"environment": "development", "projects": "all", "context": {"appName": "a"}})).await.expect(400);
        let none = json!({"environment": "development", "projects": [], "context": {"appName": "a"}});
        assert_eq!(admin.post(SIMPLE, none).await.expect(200).json()["features"], json!([]));
        // Long values, many times over: the answer has an end before memory has.
        let long = "y".repeat(60_000);
        let refused = ask(&["development"], json!({"appName": times("x", 1000), "userId": long})).await.expect(400).json();
        assert!(refused["message"].as_str().unwrap().contains("bytes"), "{refused}");
    }
}
