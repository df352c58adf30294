//! Flags leave as a document and come back.

use serde_json::{Value, json};

use crate::support::client::Client;
use crate::support::{TestServer, flags};

const EXPORT: &str = "/api/admin/features-batch/export";
const VALIDATE: &str = "/api/admin/features-batch/validate";
const IMPORT: &str = "/api/admin/features-batch/import";

fn request(project: &str, environment: &str, data: Value) -> Value {
    let mut body = json!({ "project": project, "environment": environment });
    body["data"] = data;
    body
}

/// A document with these parts.
fn document(parts: Value) -> Value {
    let mut data = json!({ "features": [], "featureStrategies": [], "tagTypes": [] });
    let Value::Object(parts) = parts else { unreachable!("parts have names") };
    for (key, value) in parts {
        data[key] = value;
    }
    data
}

async fn flag(client: &Client, name: &str) -> Value {
    client.get(&format!("/api/admin/projects/default/features/{name}")).await.expect(200).json()
}

fn place<'a>(flag: &'a Value, environment: &str) -> &'a Value {
    flag["environments"].as_array().unwrap().iter().find(|place| place["name"] == environment).unwrap()
}

async fn events(server: &TestServer, query: &str) -> Vec<Value> {
    let path = format!("/api/admin/search/events?limit=200&{query}");
    server.admin().get(&path).await.expect(200).json()["events"].as_array().unwrap().clone()
}

/// A flag with everything that a flag can have, and what it needs.
async fn furnish(server: &TestServer) {
    let admin = server.admin();
    let flags = "/api/admin/projects/default/features";
    admin.post("/api/admin/context", json!({"name": "tier", "description": "t", "legalValues": [{"value": "gold"}, {"value": "silver"}]})).await.expect(201);
    admin
        .post("/api/admin/tag-types", json!({"name": "team", "description": "who", "color": "#112233"}))
        .await
        .expect(201);
    let segment = admin
        .post("/api/admin/segments", json!({"name": "rich", "constraints": []}))
        .await
        .expect(201)
        .json();
    for name in ["base", "menu"] {
        admin
            .post(
                flags,
                json!({"name": name, "type": "experiment", "description": "d", "impressionData": true}),
            )
            .await
            .expect(201);
    }
    admin
        .post("/api/admin/projects/default/features/menu/dependencies", json!({"feature": "base"}))
        .await
        .expect(200);
    admin
        .post(
            "/api/admin/projects/default/features/menu/link",
            json!({"url": "https://example.com/a", "title": "A"}),
        )
        .await
        .expect(204);
    admin.post("/api/admin/features/menu/tags", json!({"type": "team", "value": "blue"})).await.expect(201);
    let strategies = format!("{flags}/menu/environments/development/strategies");
    admin.post(&strategies, json!({
        "name": "flexibleRollout", "title": "first", "parameters": {"rollout": "30", "stickiness": "sessionId"}, "segments": [segment["id"]],
        "constraints": [{"contextName": "tier", "operator": "IN", "values": ["gold"]}],
        "variants": [{"name": "v", "weight": 1000, "weightType": "variable", "stickiness": "userId"}]})).await.expect(200);
    admin
        .post(&strategies, json!({"name": "flexibleRollout", "title": "second", "disabled": true}))
        .await
        .expect(200);
    admin.post(&format!("{flags}/menu/environments/development/on"), json!({})).await.expect(200);
}

both! {
    async fn a_document_has_everything_that_flags_have_in_an_environment(server) {
        furnish(&server).await;
        let admin = server.admin();
        let answer = admin.post(EXPORT, json!({"environment": "development", "features": ["menu", "gone"], "downloadFile": true})).await.expect(200);
        assert!(answer.header("content-disposition").starts_with("attachment; filename=\"export-"), "{:?}", answer.headers);
        let data = answer.json();
        assert_eq!(data["features"], json!([{"name": "menu", "description": "d", "type": "experiment", "project": "default", "stale": false, "impressionData": true, "archived": false}]));
        let titles: Vec<&Value> = data["featureStrategies"].as_array().unwrap().iter().map(|rule| &rule["title"]).collect();
        assert_eq!(titles, ["first", "second"]);
        assert_eq!(data["featureEnvironments"], json!([{"enabled": true, "featureName": "menu", "environment": "development", "variants": [], "name": "menu"}]));
        let fields: Vec<&Value> = data["contextFields"].as_array().unwrap().iter().map(|field| &field["name"]).collect();
        assert_eq!(fields, ["sessionId", "tier"]);
        assert_eq!(data["featureTags"], json!([{"featureName": "menu", "tagType": "team", "tagValue": "blue"}]));
        assert_eq!(data["segments"], json!([{"id": data["featureStrategies"][0]["segments"][0], "name": "rich"}]));
        assert_eq!(data["tagTypes"], json!([{"name": "team", "description": "who", "icon": null, "color": "#112233"}]));
        assert_eq!(data["dependencies"], json!([{"feature": "menu", "dependencies": [{"feature": "base", "enabled": true, "variants": []}]}]));
        assert_eq!(data["links"][0]["links"][0]["url"], "https://example.com/a");
        assert_eq!(events(&server, "type=IS:features-exported").await[0]["data"], json!({"features": ["menu"]}));

        let tagged = admin.post(EXPORT, json!({"environment": "production", "tag": "blue"})).await.expect(200).json();
        assert_eq!((tagged["features"][0]["name"].as_str(), tagged["featureStrategies"].as_array().unwrap().len()), (Some("menu"), 0));
        assert_eq!(admin.post(EXPORT, json!({"environment": "development", "project": "default"})).await.expect(200).json()["features"].as_array().unwrap().len(), 2);
        assert_eq!(admin.post(EXPORT, json!({"environment": "development", "features": []})).await.expect(200).json()["features"].as_array().unwrap().len(), 2);
        admin.post(EXPORT, json!({"environment": "development"})).await.expect(400);
    }

    async fn what_is_exported_can_be_imported_elsewhere(server) {
        furnish(&server).await;
        let elsewhere = TestServer::sqlite().await;
        let there = elsewhere.admin();
        let mut data = server.admin().post(EXPORT, json!({"environment": "development", "project": "default"})).await.expect(200).json();
        let refused = there.post(IMPORT, request("default", "production", data.clone())).await.expect(400).json();
        assert_eq!(refused["details"], json!([{"message": "Unsupported segments: rich"}]));
        // Segments are found by name: the number is another one there.
        there.post("/api/admin/segments", json!({"name": "other", "constraints": []})).await.expect(201);
        there.post("/api/admin/segments", json!({"name": "rich", "constraints": []})).await.expect(201);
        assert_eq!(there.post(VALIDATE, request("default", "production", data.clone())).await.expect(200).json(), json!({"errors": [], "warnings": [], "permissions": []}));
        assert_eq!(there.post(IMPORT, request("default", "production", data.clone())).await.expect(200).text, "");
        let menu = flag(&there, "menu").await;
        assert_eq!(place(&menu, "production")["enabled"], true);
        assert_eq!((&place(&menu, "development")["enabled"], &place(&menu, "development")["strategies"]), (&json!(false), &json!([])));
        assert_eq!(menu["dependencies"], json!([{"feature": "base", "enabled": true, "variants": []}]));
        let mut back = there.post(EXPORT, json!({"environment": "production", "project": "default"})).await.expect(200).json();
        for document in [&mut data, &mut back] {
            for rule in document["featureStrategies"].as_array_mut().unwrap() {
                rule["id"].take();
                rule["segments"].take();
            }
            for place in document["featureEnvironments"].as_array_mut().unwrap() {
                place["environment"].take();
            }
            document["segments"].take();
            document["links"][0]["links"][0]["id"].take();
        }
        assert_eq!(back, data);
    }

    async fn an_import_overwrites_and_a_second_one_changes_nothing(server) {
        furnish(&server).await;
        let admin = server.admin();
        let before = flag(&admin, "menu").await;
        let parts = document(json!({
            "features": [{"name": "menu", "stale": true}, {"name": "new", "type": "operational"}],
            "featureStrategies": [
                {"name": "flexibleRollout", "featureName": "menu", "title": "later", "sortOrder": 5, "parameters": {"rollout": 7}},
                {"name": "flexibleRollout", "featureName": "menu", "title": "sooner", "sortOrder": 1}],
            "featureEnvironments": [{"name": "new", "featureName": "new", "environment": "elsewhere", "enabled": true, "variants": [{"name": "a", "weight": 1000}]}]}));
        let report = admin.post(VALIDATE, request("default", "development", parts.clone())).await.expect(200).json();
        assert_eq!(report["warnings"], json!([{"message": "The following features already exist in this project and will be overwritten:", "affectedItems": ["menu"]}]));
        admin.post(IMPORT, request("default", "development", parts.clone())).await.expect(200);
        let menu = flag(&admin, "menu").await;
        assert_eq!((&menu["type"], &menu["stale"], &menu["description"]), (&json!("release"), &json!(true), &Value::Null));
        let rules = place(&menu, "development")["strategies"].as_array().unwrap();
        assert_eq!(rules.iter().map(|rule| rule["title"].as_str().unwrap()).collect::<Vec<_>>(), ["sooner", "later"]);
        assert_eq!(rules[1]["parameters"]["rollout"], "7");
        assert_eq!(rules[0]["id"], place(&before, "development")["strategies"][0]["id"], "strategies keep their ids by position");
        assert_eq!(place(&menu, "development")["enabled"], true, "what the document does not say stays");
        assert_eq!(admin.get("/api/admin/features/menu/tags").await.expect(200).json()["tags"], json!([]));
        assert_eq!((&menu["dependencies"], &menu["links"]), (&before["dependencies"], &before["links"]));
        let new = flag(&admin, "new").await;
        assert_eq!((&new["type"], &place(&new, "development")["enabled"]), (&json!("operational"), &json!(true)));
        assert_eq!(place(&new, "development")["strategies"].as_array().unwrap().len(), 1, "a flag that is on has a strategy");
        let imported = events(&server, "type=IS:features-imported").await;
        assert_eq!((imported.len(), &imported[0]["environment"]), (1, &json!("development")));

        let parts = admin.post(EXPORT, json!({"environment": "development", "project": "default"})).await.expect(200).json();
        let before = events(&server, "").await.len();
        admin.post(IMPORT, request("default", "development", parts)).await.expect(200);
        assert_eq!(events(&server, "").await.len(), before);
    }

    async fn what_is_in_the_way_is_told_before_and_nothing_is_imported(server) {
        furnish(&server).await;
        flags::project(&server, "shop", "open").await;
        flags::project(&server, "secret", "private").await;
        flags::flag(&server, "shop", "cart", &[], &[]).await;
        flags::flag(&server, "secret", "hidden", &[], &[]).await;
        let admin = server.admin();
        admin.post("/api/admin/projects/default/features", json!({"name": "old"})).await.expect(201);
        admin.delete("/api/admin/projects/default/features/old").await.expect(202);
        let bad = document(json!({
            "features": [{"name": "fine"}, {"name": "fine"}, {"name": "cart"}, {"name": "hidden"}, {"name": "old"}, {"name": "not fine"}],
            "featureStrategies": [{"name": "magic", "featureName": "fine", "segments": [9]}, {"name": "default", "featureName": "stranger"}],
            "segments": [{"id": 9, "name": "poor"}],
            "contextFields": [{"name": "tier", "legalValues": [{"value": "bronze"}]}],
            "dependencies": [{"feature": "fine", "dependencies": [{"feature": "nobody"}]}]}));
        let (_, editor) = server.person("eve", "Viewer").await;
        let report = editor.post(VALIDATE, request("default", "development", bad.clone())).await.expect(200).json();
        let items: Vec<(&str, Value)> = report["errors"].as_array().unwrap().iter().map(|item| (item["message"].as_str().unwrap(), item["affectedItems"].clone())).collect();
        assert_eq!(items, [
            ("You cannot import a features that already exist in other projects. You already have the following features defined outside of project default:", json!(["cart (in project shop)", "hidden"])),
            ("We detected the following features are duplicate in your import data:", json!(["fine"])),
            ("We detected the following dependencies that need to be created first:", json!(["nobody"])),
            ("The import data says something about features that it does not have:", json!(["stranger"])),
            ("We detected the following custom strategy that needs to be created first:", json!(["magic"])),
            ("We detected the following segments that need to be created first:", json!(["poor"])),
            ("We detected the following context fields that do not have matching legal values with the imported ones:", json!(["tier"])),
            ("\"name\" must be URL friendly. You provided \"not fine\".", json!(["not fine"])),
        ]);
        assert_eq!(report["warnings"], json!([{"message": "The following features will not be imported as they are currently archived. To import them, please unarchive them first:", "affectedItems": ["old"]}]));
        let refused = admin.post(IMPORT, request("default", "development", bad)).await.expect(400).json();
        assert_eq!(refused["details"].as_array().unwrap().len(), 9, "{refused}");
        assert!(refused["details"].as_array().unwrap().contains(&json!({"message": "magic is not supported."})));
        admin.get("/api/admin/projects/default/features/fine").await.expect(404);

        // Whatever only shows while it is imported undoes everything, and says which flag it was.
        let late = document(json!({"features": [{"name": "one"}, {"name": "two", "type": "gaga"}]}));
        let refused = admin.post(IMPORT, request("default", "development", late)).await.expect(400).json();
        assert!(refused["details"][0]["message"].as_str().unwrap().starts_with("two: The `type` property"), "{refused}");
        admin.get("/api/admin/projects/default/features/one").await.expect(404);
        let odd = document(json!({"features": [{"name": "one"}]}));
        let refused = admin.post(IMPORT, request("shop", "production", odd.clone())).await.expect(400).json();
        assert_eq!(refused["details"][0]["message"], "You have not added the current environment to the project");
        admin.post(IMPORT, request("nowhere", "production", odd)).await.expect(404);
        admin.post(IMPORT, json!({"project": "default", "environment": "development", "data": {"features": []}})).await.expect(400);
    }

    async fn an_import_takes_what_its_parts_take(server) {
        furnish(&server).await;
        flags::project(&server, "secret", "private").await;
        flags::flag(&server, "secret", "hidden", &[], &[]).await;
        let (_, viewer) = server.person("eve", "Viewer").await;
        let parts = document(json!({
            "features": [{"name": "menu"}, {"name": "new"}],
            "featureStrategies": [{"name": "default", "featureName": "menu"}],
            "featureEnvironments": [{"name": "menu", "enabled": false, "variants": [{"name": "a", "weight": 1000}]}],
            "contextFields": [{"name": "fresh"}], "tagTypes": [{"name": "fresh"}],
            "dependencies": [{"feature": "new", "dependencies": [{"feature": "base"}]}]}));
        let report = viewer.post(VALIDATE, request("default", "development", parts.clone())).await.expect(200).json();
        assert_eq!(report["permissions"], json!([{"message": "We detected you are missing the following permissions:", "affectedItems": [
            "Create context fields", "Create activation strategies", "Delete activation strategies", "Update variants", "Create feature flags",
            "Update feature flags", "Create tag types", "Enable/disable flags", "Update feature dependency"]}]));
        let refused = viewer.post(IMPORT, request("default", "development", parts.clone())).await.expect(403).json();
        assert_eq!(refused["name"], "PermissionError");
        assert!(refused["permissions"].as_array().unwrap().contains(&json!("CREATE_TAG_TYPE")));
        let (_, editor) = server.person("ed", "Editor").await;
        editor.post(IMPORT, request("default", "development", parts)).await.expect(200);

        // Where changes need approval, only those may import who need not wait for it.
        let only = document(json!({"features": [{"name": "menu"}]}));
        let approval = "/api/admin/projects/default/environments/production/change-requests/config";
        server.admin().put(approval, json!({"changeRequestsEnabled": true})).await.done();
        let refused = editor.post(IMPORT, request("default", "production", only.clone())).await.expect(403).json();
        assert_eq!(refused["permissions"], json!(["SKIP_CHANGE_REQUEST"]));
        server.admin().post(IMPORT, request("default", "production", only.clone())).await.expect(200);

        viewer.post(VALIDATE, request("secret", "development", only)).await.expect(404);
        let seen = viewer.post(EXPORT, json!({"environment": "development", "features": ["menu", "hidden"]})).await.expect(200).json();
        assert_eq!(seen["features"].as_array().unwrap().len(), 1, "what somebody does not see does not leave");
        server.anonymous().post(EXPORT, json!({"environment": "development", "features": []})).await.expect(401);
        let large = request("default", "development", document(json!({"features": [{"name": "x", "description": "y".repeat(520_000)}]})));
        viewer.post(IMPORT, large).await.expect(413);
    }
}
