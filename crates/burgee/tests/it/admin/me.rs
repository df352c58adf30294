//! The person who asks.

use serde_json::json;

use crate::support::server::PASSWORD;

both! {
    async fn everybody_sees_what_they_are_and_may_do(server) {
        let (id, ann) = server.person("ann", "Viewer").await;
        let me = ann.get("/api/admin/user").await.expect(200).json();
        assert_eq!((me["user"]["id"].as_i64(), &me["permissions"], &me["feedback"], &me["splash"]), (Some(id), &json!([]), &json!([]), &json!({})));
        server.admin().put(&format!("/api/admin/projects/default/users/{id}/roles"), json!({"roles": [5]})).await.expect(200);
        let me = ann.get("/api/admin/user").await.expect(200).json();
        assert!(me["permissions"].as_array().unwrap().contains(&json!({"permission": "CREATE_FEATURE", "project": "default"})));
        let profile = ann.get("/api/admin/user/profile").await.expect(200).json();
        assert_eq!((profile["rootRole"]["name"].as_str(), &profile["projects"], &profile["canChangePassword"]), (Some("Viewer"), &json!(["default"]), &json!(true)));
        let roles = ann.get("/api/admin/user/roles?projectId=default").await.expect(200).json();
        assert_eq!(roles["roles"][0]["name"], "Member");
        assert_eq!(ann.get("/api/admin/user/roles").await.expect(200).json()["roles"][0]["name"], "Viewer");
        server.admin().get("/api/admin/user").await.expect(404);
        let nobody = server.anonymous().get("/api/admin/user").await.expect(401).json();
        assert_eq!(nobody["name"], "AuthenticationRequired");
    }

    async fn a_password_is_changed_with_the_old_one(server) {
        let (_, here) = server.person("ann", "Viewer").await;
        let elsewhere = server.sign_in("ann", PASSWORD).await;
        let path = "/api/admin/user/change-password";
        let body = |old: &str, new: &str, again: &str| json!({"oldPassword": old, "password": new, "confirmPassword": again});
        here.post(path, json!({"password": "N3w-password!"})).await.expect(400);
        let wrong = here.post(path, body("wrong", "N3w-password!", "N3w-password!")).await.expect(401).json();
        assert_eq!(wrong["name"], "PasswordMismatch");
        here.post(path, body(PASSWORD, "N3w-password!", "other")).await.expect(400);
        let weak = here.post(path, body(PASSWORD, "weak", "weak")).await.expect(400).json();
        assert_eq!(weak["name"], "OwaspValidationError");
        here.post(path, body(PASSWORD, "N3w-password!", "N3w-password!")).await.expect(200);
        here.get("/api/admin/user").await.expect(200);
        elsewhere.get("/api/admin/user").await.expect(401);
        server.sign_in("ann", "N3w-password!").await;
    }

    async fn personal_tokens_belong_to_one_person(server) {
        let (id, ann) = server.person("ann", "Viewer").await;
        let (_, ben) = server.person("ben", "Admin").await;
        let made = ann.post("/api/admin/user/tokens", json!({"description": "script", "expiresAt": "2099-01-01T00:00:00Z"})).await.expect(201).json();
        let secret = made["secret"].as_str().unwrap();
        assert!(secret.starts_with("user:v2_"));
        assert_eq!((made["userId"].as_i64(), made.get("expiryWarning")), (Some(id), None));
        let script = server.anonymous().with("authorization", secret);
        assert_eq!(script.get("/api/admin/user").await.expect(200).json()["user"]["id"], id);

        assert_eq!(ben.get("/api/admin/user/tokens").await.expect(200).json()["pats"], json!([]));
        ben.delete(&format!("/api/admin/user/tokens/{}", made["id"])).await.expect(200);
        script.get("/api/admin/user").await.expect(200);

        let soon = server.app.clock.now().plus(std::time::Duration::from_hours(1));
        let other = ann.post("/api/admin/user/tokens", json!({"description": "short", "expiresAt": soon.to_string()})).await.expect(201).json();
        assert_eq!(other["expiryWarning"], "expires-soon");
        let pats = ann.get("/api/admin/user/tokens").await.expect(200).json();
        assert_eq!(pats["pats"].as_array().unwrap().len(), 2);
        assert!(!pats.to_string().contains("secret"));

        ann.post("/api/admin/user/tokens", json!({"description": "script", "expiresAt": "2099-01-01T00:00:00Z"})).await.expect(409);
        for body in [json!({"description": " ", "expiresAt": "2099-01-01T00:00:00Z"}), json!({"description": "x", "expiresAt": "2001-01-01T00:00:00Z"}), json!({"description": "x", "expiresAt": "never"}), json!({"description": "x"})] {
            ann.post("/api/admin/user/tokens", body).await.expect(400);
        }
        let late = ann.post("/api/admin/user/tokens", json!({"description": "late", "expiresAt": "2001-01-01T00:00:00Z"})).await.expect(400).json();
        assert_eq!(late["details"][0]["message"], "The expiry date should be in future.");
        for n in 0..8 {
            ann.post("/api/admin/user/tokens", json!({"description": format!("n{n}"), "expiresAt": "2099-01-01T00:00:00Z"})).await.expect(201);
        }
        let full = ann.post("/api/admin/user/tokens", json!({"description": "eleven", "expiresAt": "2099-01-01T00:00:00Z"})).await.expect(403).json();
        assert_eq!(full["name"], "InvalidOperationError");
        ann.delete(&format!("/api/admin/user/tokens/{}", made["id"])).await.expect(200);
        script.get("/api/admin/user").await.expect(401);
    }

    async fn an_admin_sees_what_somebody_may_do(server) {
        let (id, _) = server.person("ann", "Viewer").await;
        let admin = server.admin();
        admin.put(&format!("/api/admin/projects/default/users/{id}/roles"), json!({"roles": [5]})).await.expect(200);
        let group = admin.post("/api/admin/groups", json!({"name": "Crew", "rootRole": 2, "users": [{"user": {"id": id}}]})).await.expect(201).json();
        let overview = admin.get(&format!("/api/admin/user-admin/{id}/permissions?project=default&environment=development")).await.expect(200).json();
        let has = |level: &str, name: &str| {
            let list = overview["overview"][level].as_array().unwrap();
            list.iter().find(|permission| permission["name"] == name).unwrap()["hasPermission"].as_bool().unwrap()
        };
        assert!(has("root", "CREATE_SEGMENT") && !has("root", "ADMIN"));
        assert!(has("project", "CREATE_FEATURE") && has("environment", "UPDATE_FEATURE_ENVIRONMENT"));
        assert!(!has("environment", "APPROVE_CHANGE_REQUEST"));
        assert_eq!(overview["overview"]["groups"][0]["id"], group["id"]);
        assert_eq!(overview["projectRoles"][0]["name"], "Member");
        admin.get("/api/admin/user-admin/999/permissions").await.expect(404);
    }
}
