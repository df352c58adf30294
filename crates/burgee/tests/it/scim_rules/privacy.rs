//! What an identity provider cannot touch, and what people cannot touch while it does.

use std::fmt::Write;

use reqwest::Method;
use serde_json::{Value, json};

use super::world::administers;
use crate::support::TestServer;
use crate::support::server::PASSWORD;

const MANAGED: &str = "This user is managed by your SCIM provider and cannot be changed manually";

/// Everything that is stored, as one text.
async fn everything_stored(server: &TestServer) -> String {
    let mut all = String::new();
    for sql in [
        "SELECT document FROM scim_users",
        "SELECT value, whole FROM scim_leaves",
        "SELECT data, pre_data FROM events",
        "SELECT name, username, email, password_hash FROM users",
        "SELECT password_hash FROM used_passwords",
    ] {
        let _ = write!(all, "{:?}", server.rows(sql).await);
    }
    all
}

both! {
    async fn a_password_is_accepted_and_kept_nowhere(server) {
        let secret = "Hunter2-and-more!";
        let id = server.push_user(json!({"userName": "ann", "password": secret})).await;
        let path = format!("/scim/Users/{id}");
        for operation in [
            json!({"op": "replace", "path": "password", "value": secret}), json!({"op": "add", "value": {"password": secret}}),
            json!({"op": "replace", "value": {"Password": secret, "nickName": "A"}}),
        ] {
            let answer = server.patch(&path, json!([operation])).await.expect(200);
            assert!(!answer.text.contains(secret));
        }
        let answer = server.scim().put(&path, json!({"userName": "ann", "password": secret})).await.expect(200);
        assert!(!answer.text.contains(secret));
        let stored = everything_stored(&server).await;
        assert!(!stored.contains(secret), "{stored}");
        let hash = server.rows("SELECT password_hash FROM users WHERE username = 'ann'").await;
        assert_eq!(hash, [[None::<String>]]);
        server.anonymous().post("/auth/simple/login", json!({"username": "ann", "password": secret})).await.expect(401);
        let refused = server.scim().get("/scim/Users?filter=password%20eq%20%22x%22").await.expect(403).json();
        assert_eq!(refused["scimType"], "sensitive");
    }

    async fn an_external_id_is_nobodys_id(server) {
        let (number, session) = server.person("ann", "Editor").await;
        let ann = server.push_user(json!({"userName": "ann"})).await;
        let before = server.rows("SELECT id, name, username, root_role_id, active FROM users WHERE id IN (1, -1337) ORDER BY id").await;
        let ids = ["1", "0", "-1", "-1337", "admin", "ann", &number.to_string(), &ann, "*", "../Users/1"];
        let mut made = Vec::new();
        for (index, external) in ids.iter().enumerate() {
            let id = server.push_user(json!({"userName": format!("u{index}"), "externalId": external})).await;
            let own = server.number(&format!("u{index}")).await;
            assert!(own > number, "{external} became account {own}");
            made.push((id, *external));
        }
        for (id, external) in &made {
            let shown = server.scim().get(&format!("/scim/Users/{id}")).await.expect(200).json();
            assert_eq!(shown["externalId"], *external);
            if *external == ann || external.contains('/') || external.contains('*') {
                continue;
            }
            let path = format!("/scim/Users/{external}");
            for method in [Method::GET, Method::DELETE] {
                server.scim().send(method, &path, None, "").await.expect(404);
            }
            server.patch(&path, json!([{"op": "replace", "path": "active", "value": false}])).await.expect(404);
            server.scim().put(&path, json!({"userName": "mallory"})).await.expect(404);
        }
        let group = server.push_group("Crew", &ids[..8]).await;
        let members = server.scim().get(&format!("/scim/Groups/{group}")).await.expect(200).json();
        assert_eq!(members["members"].as_array().unwrap().len(), 1, "only the SCIM id is one: {members}");
        let after = server.rows("SELECT id, name, username, root_role_id, active FROM users WHERE id IN (1, -1337) ORDER BY id").await;
        assert_eq!(before, after);
        session.get("/api/admin/user").await.expect(200);
        assert!(administers(&server.sign_in("admin", PASSWORD).await).await);
        // The server's own account is nobody's to take over.
        server.scim().post("/scim/Users", json!({"userName": "unleash_system_user"})).await.expect(409);
    }

    async fn a_managed_user_is_locked_while_the_connection_is_on(server) {
        server.push_user(json!({"userName": "ann@x.io", "displayName": "Ann"})).await;
        let number = server.number("ann@x.io").await;
        let path = format!("/api/admin/user-admin/{number}");
        let admin = server.admin();
        let same = json!({"name": "Ann", "email": "ann@x.io", "rootRole": 2});
        admin.put(&path, same).await.expect(200);
        let calls: [(Method, String, Value); 4] = [
            (Method::PUT, path.clone(), json!({"name": "Other"})),
            (Method::PUT, path.clone(), json!({"email": "other@x.io", "rootRole": 3})),
            (Method::POST, format!("{path}/change-password"), json!({"password": PASSWORD})),
            (Method::POST, "/api/admin/user-admin/reset-password".to_owned(), json!({"id": "ann@x.io"})),
        ];
        for (method, path, body) in &calls {
            let answer = admin.send(method.clone(), path, Some(body.to_string()), "application/json").await;
            assert_eq!((answer.status, answer.json()["message"].as_str()), (403, Some(MANAGED)), "{method} {path}");
        }
        admin.post("/api/admin/scim-settings", json!({"enabled": false})).await.expect(200);
        for (method, path, body) in calls {
            let answer = admin.send(method.clone(), &path, Some(body.to_string()), "application/json").await;
            assert_eq!(answer.status, 200, "{method} {path}: {}", answer.text);
        }
        admin.post("/api/admin/scim-settings", json!({"enabled": true})).await.expect(200);
        admin.delete(&path).await.expect(200);
    }

    async fn a_managed_group_is_always_locked(server) {
        let ann = server.push_user(json!({"userName": "ann"})).await;
        server.push_group("Crew", &[&ann]).await;
        let (user, admin) = (server.number("ann").await, server.admin());
        let path = format!("/api/admin/groups/{}", server.group_number("Crew").await);
        for enabled in [true, false] {
            admin.post("/api/admin/scim-settings", json!({"enabled": enabled})).await.expect(200);
            let renamed = admin.put(&path, json!({"name": "Other"})).await.expect(400).json();
            assert_eq!(renamed["details"][0]["message"], "Cannot update the name of a SCIM group");
            for users in [json!([]), json!([{"user": {"id": user}}, {"user": {"id": 1}}])] {
                let moved = admin.put(&path, json!({"name": "Crew", "users": users})).await.expect(400).json();
                assert_eq!(moved["details"][0]["message"], "Cannot update users of a SCIM group");
            }
            let rest = json!({"name": "Crew", "description": format!("{enabled}"), "rootRole": 2, "users": [{"user": {"id": user}}]});
            admin.put(&path, rest).await.expect(200);
        }
        admin.delete(&path).await.expect(200);
    }

    async fn purging_is_recorded_and_with_nobody_to_purge_users_leave_no_trace(server) {
        let admin = server.admin();
        let purge = ["/api/admin/user-admin/scim-users", "/api/admin/groups/scim-groups"];
        let before = server.event_count().await;
        admin.delete(purge[0]).await.expect(200);
        assert_eq!(server.event_count().await, before, "nobody was there");
        admin.delete(purge[1]).await.expect(200);
        let empty = server.events("scim-groups-deleted").await;
        assert_eq!((empty.len(), &empty[0]["data"], &empty[0]["preData"]), (1, &Value::Null, &Value::Null));

        let mut ids = Vec::new();
        for name in ["a", "b"] {
            ids.push(server.push_user(json!({"userName": name})).await);
        }
        server.push_group("Crew", &[&ids[0]]).await;
        server.person("by-hand", "Viewer").await;
        admin.post("/api/admin/groups", json!({"name": "By hand"})).await.expect(201);
        admin.delete(purge[1]).await.expect(200);
        admin.delete(purge[0]).await.expect(200);
        let gone = server.events("group-deleted").await;
        assert_eq!((gone.len(), &gone[0]["preData"]["name"], &gone[0]["data"]), (1, &json!("Crew"), &Value::Null));
        let whole = server.events("scim-groups-deleted").await;
        assert_eq!((whole.len(), &whole[0]["data"]), (2, &Value::Null));
        assert!(whole[0]["id"].as_i64() > gone[0]["id"].as_i64(), "the fact as a whole comes last");
        let deleted = server.events("user-deleted").await;
        assert_eq!(deleted.len(), 2);
        let whole = server.events("scim-users-deleted").await;
        assert_eq!((whole.len(), &whole[0]["data"]), (1, &Value::Null));
        assert!(whole[0]["id"].as_i64() > deleted[0]["id"].as_i64(), "the fact as a whole comes last");
        for table in ["scim_users", "scim_groups", "scim_leaves", "group_users"] {
            assert_eq!(server.rows(&format!("SELECT 1 FROM {table}")).await.len(), 0, "{table}");
        }
        assert_eq!(server.rows("SELECT scim_id FROM scim_tombstones").await.len(), 3);
        assert_eq!(server.rows("SELECT id FROM users WHERE username = 'by-hand'").await.len(), 1);
        assert_eq!(server.rows("SELECT name FROM groups").await, [[Some("By hand".to_owned())]]);
        assert_eq!(server.scim().get("/scim/Users").await.expect(200).json()["totalResults"], 0);
    }
}
