//! Service accounts.

use serde_json::json;

use crate::support::server::PASSWORD;

const PATH: &str = "/api/admin/service-account";

both! {
    async fn a_service_account_acts_with_its_tokens(server) {
        let admin = server.admin();
        let made = admin.post(PATH, json!({"name": "Robot", "username": "robot", "rootRole": 1})).await.expect(201);
        let id = made.json()["id"].as_i64().unwrap();
        assert_eq!(made.header("location"), id.to_string());
        let body = json!({"description": "ci", "expiresAt": "2099-01-01T00:00:00Z"});
        let token = admin.post(&format!("{PATH}/{id}/token"), body.clone()).await.expect(201).json();
        admin.post(&format!("{PATH}/{id}/token"), body).await.expect(409);
        let robot = server.anonymous().with("authorization", token["secret"].as_str().unwrap());
        robot.post("/api/admin/groups", json!({"name": "Made by robot"})).await.expect(201);
        let event = &admin.get("/api/admin/search/events?type=IS:group-created").await.expect(200).json()["events"][0];
        assert_eq!((event["createdBy"].as_str(), event["createdByUserId"].as_i64()), (Some("robot"), Some(id)));

        let listed = admin.get(PATH).await.expect(200).json();
        assert_eq!(listed["serviceAccounts"][0]["tokens"][0]["description"], "ci");
        assert!(!listed.to_string().contains(token["secret"].as_str().unwrap()));
        let users = admin.get("/api/admin/user-admin").await.expect(200).json();
        assert!(!users["users"].to_string().contains("robot"), "service accounts are not people");

        let edited = admin.put(&format!("{PATH}/{id}"), json!({"name": "Rob", "rootRole": 3})).await.expect(200).json();
        assert_eq!((edited["name"].as_str(), edited["rootRole"].as_i64()), (Some("Rob"), Some(3)));
        robot.post("/api/admin/groups", json!({"name": "Another"})).await.expect(403);
        admin.delete(&format!("{PATH}/{id}/token/{}", token["id"])).await.expect(200);
        robot.get("/api/admin/user").await.expect(401);
    }

    async fn its_removal_ends_its_tokens(server) {
        let admin = server.admin();
        let id = admin.post(PATH, json!({"name": "Robot", "username": "robot", "rootRole": 3})).await.expect(201).json()["id"].to_string();
        admin.put(&format!("/api/admin/projects/default/users/{id}/roles"), json!({"roles": [5]})).await.expect(200);
        let may = admin.get(&format!("{PATH}/{id}/permissions?project=default")).await.expect(200).json();
        assert_eq!((may["projectRoles"][0]["name"].as_str(), may["user"]["accountType"].as_str()), (Some("Member"), Some("Service Account")));
        let token = admin.post(&format!("{PATH}/{id}/token"), json!({"description": "ci", "expiresAt": "2099-01-01T00:00:00Z"})).await.expect(201).json();
        let robot = server.anonymous().with("authorization", token["secret"].as_str().unwrap());
        robot.get("/api/admin/projects/default/api-tokens").await.expect(200);
        admin.delete(&format!("{PATH}/{id}")).await.expect(200);
        robot.get("/api/admin/projects/default/api-tokens").await.expect(401);
        admin.get(&format!("{PATH}/{id}/token")).await.expect(404);
        let log = admin.get("/api/admin/search/events?type=IS_ANY_OF:service-account-created,service-account-deleted,service-account-token-created,service-account-token-deleted").await.expect(200).json();
        assert_eq!(log["total"], 4);
        assert!(!log.to_string().contains(token["secret"].as_str().unwrap()));
    }

    async fn it_never_signs_in_and_is_no_person(server) {
        let admin = server.admin();
        let id = admin.post(PATH, json!({"name": "Robot", "username": "robot", "rootRole": 1})).await.expect(201).json()["id"].to_string();
        admin.post(&format!("/api/admin/user-admin/{id}/change-password"), json!({"password": PASSWORD})).await;
        server.anonymous().post("/auth/simple/login", json!({"username": "robot", "password": PASSWORD})).await.expect(401);
        let (ann, _) = server.person("ann", "Viewer").await;
        admin.put(&format!("{PATH}/{ann}"), json!({"name": "x"})).await.expect(404);
        admin.delete(&format!("{PATH}/{ann}")).await.expect(404);
        admin.post(&format!("{PATH}/{ann}/token"), json!({"description": "x", "expiresAt": "2099-01-01T00:00:00Z"})).await.expect(404);
        admin.get(&format!("{PATH}/x/token")).await.expect(400);
        admin.post(PATH, json!({"name": "Twin", "username": "Robot", "rootRole": 3})).await.expect(400);
        for body in [json!({"name": "x", "username": "x", "rootRole": 4}), json!({"name": "x", "username": " ", "rootRole": 3}), json!({"name": "x", "rootRole": 3})] {
            admin.post(PATH, body).await.expect(400);
        }
    }
}
