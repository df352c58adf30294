//! Who has which role in a project.

use serde_json::{Value, json};

use crate::support::TestServer;

const PATH: &str = "/api/admin/projects/default/access";

async fn roles_of(server: &TestServer, kind: &str, id: i64) -> Value {
    let access = server.admin().get(PATH).await.expect(200).json();
    let found = access[kind].as_array().unwrap().iter().find(|somebody| somebody["id"] == id);
    found.map_or(Value::Null, |somebody| somebody["roles"].clone())
}

both! {
    async fn roles_are_given_and_taken(server) {
        let admin = server.admin();
        let (ann, _) = server.person("ann", "Viewer").await;
        let group = admin.post("/api/admin/groups", json!({"name": "Crew"})).await.expect(201).json();
        let crew = group["id"].as_i64().unwrap();
        admin.post(PATH, json!({"roles": [4, 5], "users": [ann], "groups": [crew]})).await.expect(200);
        assert_eq!(roles_of(&server, "users", ann).await, json!([4, 5]));
        assert_eq!(roles_of(&server, "groups", crew).await, json!([4, 5]));
        let seen = admin.get(&format!("/api/admin/groups/{crew}")).await.expect(200).json();
        assert_eq!(seen["projects"], json!(["default"]));
        admin.put(&format!("/api/admin/projects/default/users/{ann}/roles"), json!({"roles": [6]})).await.expect(200);
        assert_eq!(roles_of(&server, "users", ann).await, json!([6]));
        let usage = admin.get("/api/admin/projects/roles/6/access").await.expect(200).json();
        assert_eq!(usage["projects"], json!([{"project": "default", "role": 6, "userCount": 1, "serviceAccountCount": 0, "groupCount": 0}]));
        admin.delete(&format!("/api/admin/projects/default/groups/{crew}/roles")).await.expect(200);
        assert_eq!(roles_of(&server, "groups", crew).await, Value::Null);
        admin.put(PATH, json!({"roles": [{"id": 5, "users": [ann], "groups": [crew]}]})).await.expect(200);
        assert_eq!((roles_of(&server, "users", ann).await, roles_of(&server, "groups", crew).await), (json!([5]), json!([5])));
        admin.delete(&format!("/api/admin/projects/default/users/{ann}/roles")).await.expect(200);
        assert_eq!(roles_of(&server, "users", ann).await, Value::Null);
    }

    async fn what_cannot_be_given_is_refused(server) {
        let admin = server.admin();
        let (ann, _) = server.person("ann", "Viewer").await;
        admin.post(PATH, json!({"roles": [], "users": [ann], "groups": []})).await.expect(400);
        admin.post(PATH, json!({"roles": [1], "users": [ann], "groups": []})).await.expect(400);
        admin.post(PATH, json!({"roles": [99], "users": [ann], "groups": []})).await.expect(400);
        admin.post(PATH, json!({"roles": [5], "users": [999], "groups": []})).await.expect(400);
        admin.put("/api/admin/projects/default/users/999/roles", json!({"roles": [5]})).await.expect(404);
        admin.put("/api/admin/projects/default/groups/999/roles", json!({"roles": [5]})).await.expect(404);
        admin.get("/api/admin/projects/moon/access").await.expect(404);
        admin.post("/api/admin/projects/moon/access", json!({"roles": [5], "users": [ann], "groups": []})).await.expect(404);
        assert_eq!(roles_of(&server, "users", ann).await, Value::Null);
    }

    async fn nobody_gives_a_role_that_they_do_not_hold(server) {
        let admin = server.admin();
        let (ann, client) = server.person("ann", "Viewer").await;
        let (ben, _) = server.person("ben", "Viewer").await;
        let role = admin.post("/api/admin/roles", json!({"name": "Doorkeeper", "type": "custom", "permissions": [
            {"name": "PROJECT_USER_ACCESS_WRITE"}, {"name": "PROJECT_USER_ACCESS_READ"}, {"name": "UPDATE_FEATURE"},
            {"name": "UPDATE_FEATURE_ENVIRONMENT", "environment": "development"}]})).await.expect(200).json();
        let own = role["roles"]["id"].as_i64().unwrap();
        let narrow = async |name: &str, environment: &str| {
            let role = admin.post("/api/admin/roles", json!({"name": name, "type": "custom", "permissions": [
                {"name": "UPDATE_FEATURE_ENVIRONMENT", "environment": environment}]})).await.expect(200).json();
            role["roles"]["id"].as_i64().unwrap()
        };
        let (held, everywhere, elsewhere) = (narrow("Held", "development").await, narrow("Every", "").await, narrow("Else", "production").await);
        client.get(PATH).await.expect(403);
        admin.post(PATH, json!({"roles": [own], "users": [ann], "groups": []})).await.expect(200);
        client.get(PATH).await.expect(200);
        for role in [own, held, 6] {
            client.post(PATH, json!({"roles": [role], "users": [ben], "groups": []})).await.expect(200);
        }
        for role in [4, 5, everywhere, elsewhere] {
            let refused = client.post(PATH, json!({"roles": [role], "users": [ben], "groups": []})).await.expect(403).json();
            assert_eq!((refused["name"].as_str(), refused["message"].as_str()), (Some("InvalidOperationError"), Some("User tried to grant role they did not have access to")));
            client.put(&format!("/api/admin/projects/default/users/{ann}/roles"), json!({"roles": [own, role]})).await.expect(403);
        }
        admin.put(&format!("/api/admin/projects/default/users/{ben}/roles"), json!({"roles": [4]})).await.expect(200);
        client.put(PATH, json!({"roles": [{"id": own, "users": [ann]}, {"id": 4, "users": [ben]}]})).await.expect(200);
        client.put(PATH, json!({"roles": [{"id": own, "users": [ann]}, {"id": 4, "users": [ben, ann]}]})).await.expect(403);
        assert_eq!(roles_of(&server, "users", ben).await, json!([4]), "what is there already is not given");
    }
}
