//! Strategy types, and types of flags.

use serde_json::{Value, json};

use crate::support::TestServer;

const PATH: &str = "/api/admin/strategies";

async fn events(server: &TestServer, kind: &str) -> Vec<Value> {
    let found =
        server.admin().get(&format!("/api/admin/search/events?type=IS:{kind}")).await.expect(200).json();
    found["events"].as_array().unwrap().clone()
}

both! {
    async fn a_strategy_type_is_made_changed_and_removed(server) {
        let admin = server.admin();
        let parameter = json!({"name": "towns", "type": "list", "required": true});
        let made = admin.post(PATH, json!({"name": "byTown", "title": "By town", "deprecated": true, "parameters": [parameter]})).await.expect(201);
        assert_eq!(made.header("location"), "/api/admin/strategies/byTown");
        let path = "/api/admin/strategies/byTown";
        let shown = admin.get(path).await.expect(200).json();
        assert_eq!(shown, json!({"name": "byTown", "title": "By town", "displayName": null, "description": null, "editable": true, "deprecated": false, "parameters": [parameter]}));
        assert_eq!(admin.post(PATH, json!({"name": "byTown", "parameters": []})).await.expect(409).json()["name"], "NameExistsError");
        admin.put(path, json!({"description": "new", "parameters": []})).await.expect(200);
        admin.put(path, json!({"parameters": []})).await.expect(200);
        assert_eq!(events(&server, "strategy-updated").await.len(), 1, "what changes nothing is no event");
        for _ in 0..2 {
            admin.post(&format!("{path}/deprecate"), json!({})).await.expect(200);
        }
        let shown = admin.get(path).await.expect(200).json();
        assert_eq!((&shown["deprecated"], &shown["description"]), (&json!(true), &json!("new")));
        admin.post(&format!("{path}/reactivate"), json!({})).await.expect(200);
        assert_eq!((events(&server, "strategy-deprecated").await.len(), events(&server, "strategy-reactivated").await.len()), (1, 1));
        admin.delete(path).await.expect(200);
        for gone in [admin.get(path).await, admin.delete(path).await, admin.put(path, json!({"parameters": []})).await, admin.post(&format!("{path}/deprecate"), json!({})).await] {
            gone.expect(404);
        }
        for body in [
            json!({"name": "a b", "parameters": []}), json!({"name": "a"}), json!({"name": "a", "parameters": [{"name": "x", "type": "blob"}]}),
            json!({"name": "a", "parameters": [{"name": "", "type": "list"}]}), json!({"name": "a", "title": "x".repeat(1001), "parameters": []}),
        ] {
            admin.post(PATH, body).await.expect(400);
        }
    }

    async fn built_in_strategies_stay_as_they_are(server) {
        let admin = server.admin();
        let all = admin.get(PATH).await.expect(200).json();
        let names: Vec<&str> = all["strategies"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["flexibleRollout", "default", "remoteAddress", "applicationHostname"]);
        for name in names {
            let edit = admin.put(&format!("{PATH}/{name}"), json!({"parameters": []})).await.expect(403).json();
            assert_eq!((&edit["name"], &edit["message"]), (&json!("InvalidOperationError"), &json!(format!("Cannot edit strategy {name}"))));
            admin.delete(&format!("{PATH}/{name}")).await.expect(403);
        }
        admin.post("/api/admin/strategies/default/deprecate", json!({})).await.expect(200);
        assert_eq!(admin.get("/api/admin/strategies/default").await.expect(200).json()["deprecated"], true);
    }

    async fn a_lifetime_is_a_number_of_days_or_none(server) {
        let admin = server.admin();
        let path = "/api/admin/feature-types/release/lifetime";
        for (days, kept) in [(json!(10), json!(10)), (json!(0), json!(null)), (json!(i32::MAX), json!(i32::MAX)), (json!(null), json!(null)), (json!(40), json!(40))] {
            assert_eq!(admin.put(path, json!({"lifetimeDays": days})).await.expect(200).json()["lifetimeDays"], kept);
        }
        admin.put(path, json!({"lifetimeDays": 40})).await.expect(200);
        let events = events(&server, "feature-type-updated").await;
        assert_eq!((events.len(), &events[0]["preData"]["lifetimeDays"], &events[0]["data"]["lifetimeDays"]), (5, &json!(null), &json!(40)));
        for body in [json!({"lifetimeDays": -1}), json!({"lifetimeDays": 2_147_483_648_i64}), json!({"lifetimeDays": 1.5}), json!({"lifetimeDays": "7"}), json!({})] {
            admin.put(path, body).await.expect(400);
        }
        admin.put("/api/admin/feature-types/mystery/lifetime", json!({"lifetimeDays": 1})).await.expect(404);
        let (_, editor) = server.person("ed", "Editor").await;
        editor.put(path, json!({"lifetimeDays": 1})).await.expect(403);
        assert_eq!(editor.get("/api/admin/feature-types").await.expect(200).json()["types"].as_array().unwrap().len(), 6);
    }
}

#[tokio::test]
async fn an_operator_can_switch_custom_strategies_off() {
    let server = TestServer::sqlite_with(&["--unleash-disable-custom-strategy-creation"]).await;
    let refused =
        server.admin().post(PATH, json!({"name": "mine", "parameters": []})).await.expect(403).json();
    assert_eq!(refused["name"], "InvalidOperationError");
    let server = TestServer::sqlite_with(&["--unleash-disable-custom-strategy-editing"]).await;
    server.admin().post(PATH, json!({"name": "mine", "parameters": []})).await.expect(201);
    server
        .admin()
        .put("/api/admin/strategies/mine", json!({"description": "x", "parameters": []}))
        .await
        .expect(403);
}
