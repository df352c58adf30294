//! People, as administrators see them.

use serde_json::json;

both! {
    async fn a_person_is_made_changed_and_removed(server) {
        let admin = server.admin();
        let made = admin.post("/api/admin/user-admin", json!({"email": "ann@x.io", "name": "Ann", "rootRole": "Editor"})).await.expect(201);
        let ann = made.json();
        assert_eq!(made.header("location"), ann["id"].to_string());
        assert_eq!(ann["rootRole"], 2);
        assert!(ann["inviteLink"].as_str().unwrap().starts_with("http://burgee.test/new-user?token="));
        let path = format!("/api/admin/user-admin/{}", ann["id"]);
        let changed = admin.put(&path, json!({"name": "Anna", "rootRole": 3})).await.expect(200).json();
        assert_eq!((changed["name"].as_str(), changed["rootRole"].as_i64()), (Some("Anna"), Some(3)));
        admin.post("/api/admin/user-admin", json!({"email": "ANN@x.io", "rootRole": 3})).await.expect(400);
        admin.delete(&path).await.expect(200);
        admin.get(&path).await.expect(404);
        admin.post("/api/admin/user-admin", json!({"email": "ann@x.io", "rootRole": 3})).await.expect(201);
    }

    async fn the_last_admin_stays(server) {
        let admin = server.admin();
        let answer = admin.delete("/api/admin/user-admin/1").await.expect(409);
        assert_eq!(answer.json()["name"], "ConflictError");
        admin.put("/api/admin/user-admin/1", json!({"rootRole": "Viewer"})).await.expect(409);
        server.person("second", "Admin").await;
        admin.put("/api/admin/user-admin/1", json!({"rootRole": "Viewer"})).await.expect(200);
    }
}
