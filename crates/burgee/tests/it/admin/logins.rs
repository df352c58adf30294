//! Who signed in, who is signed in, what everybody can reach, and figures.

use serde_json::{Value, json};

both! {
    async fn tries_to_sign_in_are_remembered(server) {
        let (admin, (_, viewer)) = (server.admin(), server.person("vera", "Viewer").await);
        let open = server.anonymous();
        open.post("/auth/simple/login", json!({"username": "vera", "password": "gu3ss"})).await.expect(401);
        open.post("/auth/simple/login", json!({"username": "=nobody", "password": "wrong"})).await.expect(401);
        let logins = admin.get("/api/admin/logins").await.expect(200).json();
        let seen: Vec<(&str, bool, Option<&str>)> = logins["events"].as_array().unwrap().iter().map(|login| {
            (login["username"].as_str().unwrap(), login["successful"].as_bool().unwrap(), login["failure_reason"].as_str())
        }).collect();
        assert_eq!(seen, [("=nobody", false, Some("There is no such user")), ("vera", false, Some("The password is wrong")), ("vera", true, None)]);
        assert_eq!((&logins["events"][0]["auth_type"], &logins["events"][0]["ip"]), (&json!("simple"), &json!("127.0.0.1")));
        assert!(!logins.to_string().contains("gu3ss"), "passwords are not kept");
        let table = admin.with("accept", "text/csv").get("/api/admin/logins").await.expect(200);
        assert_eq!(table.header("content-type"), "text/csv; charset=utf-8");
        let lines: Vec<&str> = table.text.lines().collect();
        assert_eq!(lines[0], "\"id\",\"username\",\"auth_type\",\"created_at\",\"successful\",\"ip\",\"failure_reason\"");
        assert!(lines[1].contains("\"'=nobody\"") && lines.len() == 4, "{table:?}");
        viewer.get("/api/admin/logins").await.expect(403);
        let role = json!({"name": "auditor", "type": "root-custom", "permissions": [{"name": "READ_LOGS"}]});
        admin.post("/api/admin/roles", role).await.expect(200);
        server.person("ada", "auditor").await.1.get("/api/admin/logins").await.expect(200);
    }

    async fn tries_are_forgotten_after_two_weeks(server) {
        server.person("vera", "Viewer").await;
        let later = server.app.clock.now().plus(std::time::Duration::from_hours(335));
        let count = async |at| {
            let mut tx = server.app.db.read().await.unwrap();
            burgee::people::login_history::list(&mut tx, at).await.unwrap().len()
        };
        burgee::people::login_history::forget(&server.app.db, later).await.unwrap();
        assert_eq!(count(later).await, 1);
        let later = later.plus(std::time::Duration::from_hours(2));
        assert_eq!(count(later).await, 0, "not shown, even before it is forgotten");
        burgee::people::login_history::forget(&server.app.db, later).await.unwrap();
        assert_eq!(count(server.app.clock.now()).await, 0);
    }

    async fn an_admin_ends_sessions(server) {
        let (_, ann) = server.person("ann", "Viewer").await;
        let (_, ben) = server.person("ben", "Admin").await;
        let path = "/api/admin/user-sessions";
        ann.get(path).await.expect(403);
        let sessions = ben.get(path).await.expect(200).json();
        let mine: Vec<(&str, bool)> = sessions.as_array().unwrap().iter().map(|session| (session["username"].as_str().unwrap(), session["current"].as_bool().unwrap())).collect();
        assert!(mine.contains(&("ann", false)) && mine.contains(&("ben", true)) && mine.len() == 2, "{mine:?}");
        let of_ann = sessions.as_array().unwrap().iter().find(|session| session["username"] == "ann").unwrap();
        let id = of_ann["id"].as_str().unwrap();
        server.anonymous().with("cookie", &format!("unleash-session={id}")).get("/api/admin/user").await.expect(401);
        ben.delete(&format!("{path}/{id}")).await.expect(200);
        ben.delete(&format!("{path}/{id}")).await.expect(404);
        ann.get("/api/admin/user").await.expect(401);
        ben.get("/api/admin/user").await.expect(200);
        let event = &server.admin().get("/api/admin/search/events?type=IS:user-session-ended").await.expect(200).json()["events"][0];
        assert_eq!((event["createdBy"].as_str(), event["preData"]["username"].as_str()), (Some("ben"), Some("ann")));
    }

    async fn everybody_at_a_glance(server) {
        let admin = server.admin();
        let (ann, _) = server.person("ann", "Viewer").await;
        let group = admin.post("/api/admin/groups", json!({"name": "Crew", "users": [{"user": {"id": ann}}]})).await.expect(201).json();
        admin.put(&format!("/api/admin/projects/default/groups/{}/roles", group["id"]), json!({"roles": [5]})).await.expect(200);
        let overview = admin.get("/api/admin/access/overview").await.expect(200).json();
        let line = overview["overview"].as_array().unwrap().iter().find(|line| line["userId"] == ann).unwrap();
        assert_eq!((&line["groups"], &line["accessibleProjects"], &line["rootRole"], &line["userEmail"]), (&json!(["Crew"]), &json!(["default"]), &json!("Viewer"), &json!("ann")));
        assert_eq!(overview["overview"][0]["accessibleProjects"], json!([]));
        let table = admin.with("accept", "text/csv").get("/api/admin/access/overview").await.expect(200).text;
        assert!(table.contains(",\"default\",\"Crew\",\"Viewer\"\n"), "{table}");
    }

    async fn figures_have_every_key(server) {
        let admin = server.admin();
        let (_, ann) = server.person("ann", "Editor").await;
        admin.post("/api/admin/service-account", json!({"name": "R", "username": "r", "rootRole": 3})).await.expect(201);
        let figures = ann.get("/api/admin/instance-admin/statistics").await.expect(200).json();
        let keys: Vec<&str> = figures.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, [
            "timestamp", "instanceId", "versionOSS", "versionEnterprise", "users", "serviceAccounts", "apiTokens", "activeUsers",
            "licensedUsers", "featureToggles", "archivedFeatureToggles", "projects", "contextFields", "roles", "customRootRoles",
            "customRootRolesInUse", "groups", "environments", "segments", "strategies", "SAMLenabled", "OIDCenabled",
            "passwordAuthEnabled", "SCIMenabled", "clientApps", "featureExports", "featureImports", "productionChanges",
            "previousDayMetricsBucketsCount", "maxEnvironmentStrategies", "maxConstraintValues", "maxConstraints", "releaseTemplates",
            "releasePlans", "edgeInstanceUsage", "readOnlyUsers", "sum",
        ]);
        let count = |key: &str| figures[key].as_i64().unwrap();
        assert_eq!((count("users"), count("serviceAccounts"), count("roles"), count("environments"), count("projects")), (2, 1, 6, 2, 1));
        assert_eq!((&figures["apiTokens"]["admin"], &figures["SCIMenabled"]), (&json!(1), &json!(true)));
        server.app.seen.write(&server.app.db).await.unwrap();
        let figures = ann.get("/api/admin/instance-admin/statistics").await.expect(200).json();
        assert_eq!(figures["activeUsers"], json!({"last7": 1, "last30": 1, "last60": 1, "last90": 1}));
        let table = ann.get("/api/admin/instance-admin/statistics/csv").await.expect(200);
        assert!(table.header("content-disposition").contains("attachment; filename=\"unleash-"));
        let lines: Vec<&str> = table.text.lines().collect();
        assert!(lines.len() == 2 && lines[0].starts_with("\"timestamp\",\"instanceId\",") && lines[1].contains(figures["instanceId"].as_str().unwrap()), "{lines:?}");
        assert_eq!(ann.get("/api/admin/license/check").await.expect(200).json(), json!({"isValid": true}));
        let seats: Value = admin.get("/api/admin/licensed-users").await.expect(200).json();
        assert_eq!(seats["licensedUsers"]["current"], 2);
        // Whom an identity provider deactivates takes no seat from that moment on.
        let current = async || admin.get("/api/admin/licensed-users").await.expect(200).json()["licensedUsers"]["current"].clone();
        let path = format!("/scim/Users/{}", server.push_user(json!({"userName": "zoe"})).await);
        assert_eq!(current().await, 3);
        server.patch(&path, json!([{"op": "replace", "path": "active", "value": false}])).await.expect(200);
        assert_eq!(current().await, 2);
    }
}
