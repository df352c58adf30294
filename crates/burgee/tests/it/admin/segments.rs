//! Segments.

use serde_json::{Value, json};

use crate::support::{TestServer, flags};

const PATH: &str = "/api/admin/segments";

async fn make(server: &TestServer, body: Value) -> Value {
    server.admin().post(PATH, body).await.expect(201).json()
}

fn at(segment: &Value) -> String {
    format!("{PATH}/{}", segment["id"])
}

fn names(list: &Value) -> Vec<&str> {
    list["segments"].as_array().unwrap().iter().map(|segment| segment["name"].as_str().unwrap()).collect()
}

async fn events(server: &TestServer, kind: &str) -> Vec<Value> {
    let found =
        server.admin().get(&format!("/api/admin/search/events?type=IS:{kind}")).await.expect(200).json();
    found["events"].as_array().unwrap().clone()
}

both! {
    async fn a_segment_is_made_changed_and_removed(server) {
        let admin = server.admin();
        let body = json!({"name": "Wealthy & wise ü", "description": "x", "constraints": [
            {"contextName": "userId", "operator": "IN", "values": [" a ", "b"]}, {"contextName": "age", "operator": "NUM_GT", "value": 7, "inverted": true}]});
        let made = admin.post(PATH, body).await.expect(201);
        let segment = made.json();
        assert_eq!(made.header("location"), at(&segment));
        assert_eq!(segment["constraints"], json!([
            {"contextName": "userId", "operator": "IN", "values": ["a", "b"], "inverted": false, "caseInsensitive": false},
            {"contextName": "age", "operator": "NUM_GT", "values": [], "value": "7", "inverted": true, "caseInsensitive": false}
        ]));
        assert_eq!(admin.get(&at(&segment)).await.expect(200).json(), segment);
        assert_eq!(admin.post(PATH, json!({"name": "Wealthy & wise ü", "constraints": []})).await.expect(409).json()["name"], "NameExistsError");
        let other = make(&server, json!({"name": "Another", "constraints": []})).await;
        assert_eq!(names(&admin.get(PATH).await.expect(200).json()), ["Another", "Wealthy & wise ü"]);
        admin.put(&at(&other), json!({"name": "Wealthy & wise ü", "constraints": []})).await.expect(409);
        admin.post("/api/admin/segments/validate", json!({"name": "Another"})).await.expect(409);
        admin.post("/api/admin/segments/validate", json!({"name": "Third"})).await.expect(204);
        admin.post("/api/admin/segments/validate", json!({"name": " "})).await.expect(400);

        let same = json!({"name": "Another", "constraints": []});
        admin.put(&at(&other), same).await.expect(204);
        assert_eq!(events(&server, "segment-updated").await.len(), 0, "what changes nothing is no event");
        admin.put(&at(&other), json!({"name": "Another", "project": "default", "constraints": []})).await.expect(204);
        let updated = &events(&server, "segment-updated").await[0];
        assert_eq!((&updated["preData"]["project"], &updated["data"]["project"], &updated["project"]), (&Value::Null, &json!("default"), &json!("default")));
        admin.put(&at(&other), json!({"name": "Another", "constraints": []})).await.expect(204);
        assert_eq!(admin.get(&at(&other)).await.expect(200).json()["project"], Value::Null);

        admin.delete(&at(&other)).await.expect(204);
        admin.delete(&at(&other)).await.expect(404);
        admin.get(&at(&other)).await.expect(404);
        admin.get(&format!("{}/strategies", at(&other))).await.expect(404);
        admin.put(&at(&other), json!({"name": "x", "constraints": []})).await.expect(404);
        admin.get("/api/admin/segments/x").await.expect(400);
    }

    async fn what_a_segment_cannot_be_is_refused(server) {
        let admin = server.admin();
        let constraint = |values: usize| json!({"contextName": "a", "operator": "IN", "values": (0..values).map(|n| n.to_string()).collect::<Vec<_>>()});
        for body in [
            json!({"name": "", "constraints": []}), json!({"name": "x".repeat(256), "constraints": []}), json!({"name": "a"}), json!({"constraints": []}),
            json!({"name": "a", "project": "nowhere", "constraints": []}), json!({"name": "a", "description": "x".repeat(1001), "constraints": []}),
            json!({"name": "a", "constraints": [constraint(0)]}),
        ] {
            assert_eq!(admin.post(PATH, body).await.expect(400).json()["name"], "BadDataError");
        }
        let full = admin.post(PATH, json!({"name": "a", "constraints": [constraint(600), constraint(401)]})).await.expect(400).json();
        assert_eq!(full["details"][0]["message"], "Segments may not have more than 1000 values");
        make(&server, json!({"name": "a", "constraints": [constraint(600), constraint(400)]})).await;
    }

    async fn a_used_segment_stays_where_it_is(server) {
        let admin = server.admin();
        flags::project(&server, "shop", "open").await;
        flags::project(&server, "vault", "private").await;
        let segment = make(&server, json!({"name": "s", "constraints": []})).await;
        let id = segment["id"].as_i64().unwrap();
        flags::flag(&server, "default", "one", &[], &[id]).await;
        flags::flag(&server, "vault", "two", &[], &[id]).await;
        let listed = admin.get(PATH).await.expect(200).json()["segments"][0].clone();
        assert_eq!((&listed["usedInProjects"], &listed["usedInFeatures"]), (&json!(2), &json!(2)));
        let (_, viewer) = server.person("vera", "Viewer").await;
        assert_eq!(viewer.get(PATH).await.expect(200).json()["segments"][0]["usedInFeatures"], 1, "private projects do not count for others");
        let uses = viewer.get(&format!("{}/strategies", at(&segment))).await.expect(200).json();
        let place = json!({"id": "one", "projectId": "default", "featureName": "one", "strategyName": "default", "environment": "development"});
        assert_eq!(uses, json!({"strategies": [place], "changeRequestStrategies": []}));
        assert_eq!(names(&viewer.get("/api/admin/segments/strategies/one").await.expect(200).json()), ["s"]);
        assert_eq!(names(&viewer.get("/api/admin/segments/strategies/two").await.expect(200).json()), Vec::<&str>::new());

        assert_eq!(admin.delete(&at(&segment)).await.expect(409).json()["name"], "ConflictError");
        let moved = |project: &str| json!({"name": "s", "project": project, "constraints": []});
        admin.put(&at(&segment), moved("default")).await.expect(400);
        flags::archive(&server, "two").await;
        admin.put(&at(&segment), moved("shop")).await.expect(400);
        admin.put(&at(&segment), moved("default")).await.expect(204);
        admin.delete(&at(&segment)).await.expect(409);
        flags::archive(&server, "one").await;
        assert_eq!(admin.get(&format!("{}/strategies", at(&segment))).await.expect(200).json()["strategies"], json!([]));
        admin.delete(&at(&segment)).await.expect(204);
    }

    async fn segments_of_a_project_are_its_own(server) {
        let admin = server.admin();
        flags::project(&server, "shop", "open").await;
        flags::project(&server, "vault", "private").await;
        let (vera, viewer) = server.person("vera", "Viewer").await;
        let everywhere = make(&server, json!({"name": "everywhere", "constraints": []})).await;
        let secret = make(&server, json!({"name": "secret", "project": "vault", "constraints": []})).await;
        assert_eq!(names(&viewer.get(PATH).await.expect(200).json()), ["everywhere"]);
        viewer.get(&at(&secret)).await.expect(404);
        viewer.get(&format!("{}/strategies", at(&secret))).await.expect(404);
        let body = |project: Value| json!({"name": "mine", "project": project, "constraints": []});
        viewer.post(PATH, body(json!("shop"))).await.expect(403);
        admin.put(&format!("/api/admin/projects/shop/users/{vera}/roles"), json!({"roles": [4]})).await.expect(200);
        for refused in [json!(null), json!("default")] {
            viewer.post(PATH, body(refused)).await.expect(403);
        }
        let mine = viewer.post(PATH, body(json!("shop"))).await.expect(201).json();
        assert_eq!(mine["createdBy"], "vera");
        viewer.put(&at(&mine), body(json!("default"))).await.expect(403);
        viewer.put(&at(&mine), body(json!(null))).await.expect(403);
        viewer.put(&at(&everywhere), body(json!("shop"))).await.expect(403);
        viewer.put(&at(&secret), body(json!("shop"))).await.expect(404);
        viewer.delete(&at(&secret)).await.expect(404);
        viewer.delete(&at(&everywhere)).await.expect(403);
        viewer.put(&at(&mine), json!({"name": "ours", "project": "shop", "constraints": []})).await.expect(204);
        viewer.delete(&at(&mine)).await.expect(204);
    }
}
