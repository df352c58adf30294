//! Context fields.

use serde_json::{Value, json};

use crate::support::{TestServer, flags};

const PATH: &str = "/api/admin/context";

async fn events(server: &TestServer, kind: &str) -> Vec<Value> {
    let found =
        server.admin().get(&format!("/api/admin/search/events?type=IS:{kind}")).await.expect(200).json();
    found["events"].as_array().unwrap().clone()
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap()).collect()
}

fn used(list: &Value, name: &str) -> (i64, i64) {
    let field = list.as_array().unwrap().iter().find(|field| field["name"] == name).unwrap();
    (field["usedInProjects"].as_i64().unwrap(), field["usedInFeatures"].as_i64().unwrap())
}

both! {
    async fn a_field_is_made_changed_and_removed(server) {
        let admin = server.admin();
        let body = json!({"name": "tier", "description": "What they pay", "stickiness": true, "sortOrder": 3, "legalValues": [{"value": "gold"}, {"value": "tin", "description": "free"}]});
        let made = admin.post(PATH, body).await.expect(201);
        assert_eq!(made.header("location"), "/api/admin/context/tier");
        let field = admin.get("/api/admin/context/tier").await.expect(200).json();
        assert_eq!(field, made.json());
        assert_eq!(field["legalValues"], json!([{"value": "gold"}, {"value": "tin", "description": "free"}]));
        assert_eq!(admin.post(PATH, json!({"name": "tier"})).await.expect(409).json()["name"], "NameExistsError");
        admin.post("/api/admin/context/validate", json!({"name": "tier"})).await.expect(409);
        admin.post("/api/admin/context/validate", json!({"name": "other"})).await.expect(200);

        let path = "/api/admin/context/tier";
        admin.post(&format!("{path}/legal-values"), json!({"value": "sil/ver"})).await.expect(200);
        admin.post(&format!("{path}/legal-values"), json!({"value": "gold", "description": "most"})).await.expect(200);
        admin.delete(&format!("{path}/legal-values/tin")).await.expect(200);
        admin.delete(&format!("{path}/legal-values/tin")).await.expect(200);
        assert_eq!(events(&server, "context-field-updated").await.len(), 3, "what changes nothing is no event");
        let field = admin.get(path).await.expect(200).json();
        assert_eq!(field["legalValues"], json!([{"value": "gold", "description": "most"}, {"value": "sil/ver"}]));
        admin.delete(&format!("{path}/legal-values/sil%2Fver")).await.expect(200);

        admin.put(path, json!({"description": "new"})).await.expect(200);
        let field = admin.get(path).await.expect(200).json();
        assert_eq!((&field["description"], &field["stickiness"], &field["sortOrder"], &field["legalValues"]), (&json!("new"), &json!(false), &json!(0), &json!([])));
        let last = &events(&server, "context-field-updated").await[0];
        assert_eq!((&last["preData"]["description"], &last["data"]["description"]), (&json!("What they pay"), &json!("new")));

        admin.delete(path).await.expect(200);
        for gone in [admin.get(path).await, admin.delete(path).await, admin.put(path, json!({})).await, admin.delete(&format!("{path}/legal-values/x")).await] {
            assert_eq!(gone.expect(404).json()["name"], "NotFoundError");
        }
        assert_eq!(events(&server, "context-field-deleted").await[0]["preData"]["name"], "tier");
    }

    async fn what_a_field_cannot_be_is_refused(server) {
        let admin = server.admin();
        for (body, expected) in [
            (json!({"name": "a b"}), "\"name\" must be URL friendly. You provided \"a b\"."),
            (json!({"name": ""}), "\"name\" is not allowed to be empty."),
            (json!({"name": "a", "legalValues": [{"value": ""}]}), "\"legalValues[0].value\" is not allowed to be empty."),
            (json!({"name": "a", "legalValues": [{"value": "x"}, {"value": "x"}]}), "\"legalValues[1]\" contains a duplicate value. You provided \"x\"."),
            (json!({"name": "a", "legalValues": [{"value": "x".repeat(101)}]}), "\"legalValues[0].value\" length must be less than or equal to 100 characters long."),
            (json!({"name": "a", "project": "nowhere"}), "\"project\" does not exist. You provided \"nowhere\"."),
            (json!({}), "The `/body/name` property is required. It was not present on the data you sent."),
        ] {
            let refused = admin.post(PATH, body).await.expect(400).json();
            assert_eq!(refused["details"][0]["message"], expected);
        }
        for body in [json!({"name": "."}), json!({"name": "x".repeat(101)}), json!({"name": "a", "legalValues": ["x"]}), json!({"name": "a", "sortOrder": 1e30})] {
            admin.post(PATH, body).await.expect(400);
        }
        admin.post("/api/admin/context/userId/legal-values", json!({"value": ""})).await.expect(400);
        let all = admin.get(PATH).await.expect(200).json();
        assert_eq!(names(&all), ["appName", "currentTime", "environment", "sessionId", "userId"]);
    }

    async fn fields_of_a_project_are_its_own(server) {
        let admin = server.admin();
        flags::project(&server, "shop", "open").await;
        flags::project(&server, "vault", "private").await;
        admin.post("/api/admin/projects/shop/context", json!({"name": "basket", "project": "vault"})).await.expect(201);
        admin.post("/api/admin/projects/vault/context", json!({"name": "safe"})).await.expect(201);
        admin.post("/api/admin/projects/shop/context/validate", json!({"name": "safe"})).await.expect(409);
        assert_eq!(names(&admin.get("/api/admin/projects/shop/context").await.expect(200).json()), ["basket"]);
        assert_eq!(admin.get(PATH).await.expect(200).json().as_array().unwrap().len(), 5);
        assert_eq!(admin.get("/api/admin/context?include=project").await.expect(200).json().as_array().unwrap().len(), 7);
        let path = "/api/admin/projects/shop/context";
        for elsewhere in ["safe", "userId"] {
            admin.get(&format!("{path}/{elsewhere}")).await.expect(404);
            admin.put(&format!("{path}/{elsewhere}"), json!({})).await.expect(404);
            admin.delete(&format!("{path}/{elsewhere}")).await.expect(404);
        }
        admin.put(&format!("{path}/basket"), json!({"sortOrder": 2})).await.expect(200);
        admin.post(&format!("{path}/basket/legal-values"), json!({"value": "full"})).await.expect(200);
        admin.delete(&format!("{path}/basket/legal-values/full")).await.expect(200);
        let basket = admin.get(&format!("{path}/basket")).await.expect(200).json();
        assert_eq!((&basket["project"], &basket["sortOrder"]), (&json!("shop"), &json!(2)));
        admin.put("/api/admin/context/basket", json!({"description": "x"})).await.expect(200);
        assert_eq!(admin.get("/api/admin/context/basket").await.expect(200).json()["project"], "shop");

        let (vera, viewer) = server.person("vera", "Viewer").await;
        assert_eq!(names(&viewer.get("/api/admin/context?include=project").await.expect(200).json()).len(), 6);
        viewer.get("/api/admin/context/safe").await.expect(404);
        viewer.get("/api/admin/projects/vault/context").await.expect(404);
        viewer.post(path, json!({"name": "mine"})).await.expect(403);
        admin.put(&format!("/api/admin/projects/shop/users/{vera}/roles"), json!({"roles": [4]})).await.expect(200);
        viewer.post(path, json!({"name": "mine"})).await.expect(201);
        viewer.post(PATH, json!({"name": "all", "project": "shop"})).await.expect(403);
        viewer.put("/api/admin/context/mine", json!({})).await.expect(403);
        viewer.delete(&format!("{path}/mine")).await.expect(200);
        let (_, editor) = server.person("ed", "Editor").await;
        editor.post(PATH, json!({"name": "all", "project": "shop"})).await.expect(201);
    }

    async fn a_field_in_use_is_counted_and_stays(server) {
        let admin = server.admin();
        flags::project(&server, "vault", "private").await;
        for name in ["tier", "grade", "spare"] {
            admin.post(PATH, json!({"name": name})).await.expect(201);
        }
        flags::flag(&server, "default", "one", &["tier", "userId", "tier"], &[]).await;
        flags::flag(&server, "default", "two", &["tier"], &[]).await;
        flags::flag(&server, "vault", "three", &["tier"], &[]).await;
        let segment = admin.post("/api/admin/segments", json!({"name": "s", "constraints": [{"contextName": "grade", "operator": "IN", "values": ["1"]}]})).await.expect(201).json();
        let list = admin.get(PATH).await.expect(200).json();
        assert_eq!((used(&list, "tier"), used(&list, "userId"), used(&list, "grade")), ((2, 3), (1, 1), (0, 0)));
        let uses = admin.get("/api/admin/context/tier/strategies").await.expect(200).json();
        assert_eq!(uses["strategies"][0], json!({"id": "one", "projectId": "default", "featureName": "one", "strategyName": "default", "environment": "development"}));
        assert_eq!(uses["strategies"].as_array().unwrap().len(), 3);
        assert_eq!(admin.get("/api/admin/context/nobody/strategies").await.expect(200).json(), json!({"strategies": []}));

        let (_, viewer) = server.person("vera", "Viewer").await;
        assert_eq!(used(&viewer.get(PATH).await.expect(200).json(), "tier"), (1, 2), "private projects do not count for others");
        assert_eq!(viewer.get("/api/admin/context/tier/strategies").await.expect(200).json()["strategies"].as_array().unwrap().len(), 2);

        assert_eq!(admin.delete("/api/admin/context/tier").await.expect(409).json()["name"], "ConflictError");
        assert!(admin.delete("/api/admin/context/grade").await.expect(409).json()["message"].as_str().unwrap().contains("segments"));
        admin.delete("/api/admin/context/spare").await.expect(200);
        for name in ["one", "two", "three"] {
            flags::archive(&server, name).await;
        }
        admin.delete("/api/admin/context/tier").await.expect(200);
        let without = json!({"name": "s", "constraints": [{"contextName": "userId", "operator": "IN", "values": ["1"]}]});
        admin.put(&format!("/api/admin/segments/{}", segment["id"]), without).await.expect(204);
        admin.delete("/api/admin/context/grade").await.expect(200);
        admin.delete("/api/admin/context/userId").await.expect(409);
        admin.delete(&format!("/api/admin/segments/{}", segment["id"])).await.expect(204);
        admin.delete("/api/admin/context/userId").await.expect(200);
    }
}
