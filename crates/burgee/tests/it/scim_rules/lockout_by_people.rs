//! Administrators cannot lock themselves out either: what would leave nobody who can administer burgee is refused.
//! When it has happened all the same, the operator gets back in from the host.

use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};

use super::world::administers;
use crate::support::TestServer;
use crate::support::server::PASSWORD;

/// Every way to take the last admin away through the Admin API, with the last admin's own session where that matters.
async fn is_refused(server: &TestServer, method: Method, path: &str, body: Option<Value>) {
    let admin = server.sign_in("admin", PASSWORD).await;
    let (before, what) = (server.event_count().await, format!("{method} {path} {body:?}"));
    let text = body.map(|body| body.to_string());
    let answer = server.admin().send(method, path, text, "application/json").await;
    assert_eq!(answer.status, 409, "{what}: {}", answer.text);
    assert!(
        answer.json()["message"].as_str().unwrap().contains("nobody who can administer"),
        "{}",
        answer.text
    );
    assert_eq!(server.event_count().await, before, "{what} left a trace");
    assert!(administers(&admin).await, "the session ended: {what}");
    assert!(administers(&server.sign_in("admin", PASSWORD).await).await, "no sign-in: {what}");
}

both! {
    async fn the_last_admin_cannot_be_removed_or_demoted(server) {
        let role = json!({"name": "Helper", "type": "root-custom", "permissions": [{"name": "CREATE_PROJECT"}]});
        let role = server.admin().post("/api/admin/roles", role).await.expect(200).json();
        let role = role["roles"]["id"].as_i64().unwrap();
        let user = "/api/admin/user-admin/1";
        is_refused(&server, Method::DELETE, user, None).await;
        for role in [json!("Viewer"), json!(2), json!(role)] {
            is_refused(&server, Method::PUT, user, Some(json!({ "rootRole": role }))).await;
        }
        is_refused(&server, Method::POST, "/api/admin/user-admin/inactive/delete", Some(json!({"ids": [1]}))).await;
        // A service account or somebody who cannot sign in is no way in; one more person with a password is.
        let invited = json!({"username": "invited", "rootRole": "Admin"});
        server.admin().post("/api/admin/user-admin", invited).await.expect(201);
        is_refused(&server, Method::DELETE, user, None).await;
        server.person("second", "Admin").await;
        server.admin().delete(user).await.expect(200);
    }

    async fn purging_everybody_who_is_provisioned_keeps_the_last_admin(server) {
        server.push_user(json!({"userName": "admin"})).await;
        server.push_user(json!({"userName": "ann"})).await;
        is_refused(&server, Method::DELETE, "/api/admin/user-admin/scim-users", None).await;
        assert_eq!(server.rows("SELECT id FROM scim_users").await.len(), 2, "nothing is half done");
        server.person("second", "Admin").await;
        server.admin().delete("/api/admin/user-admin/scim-users").await.expect(200);
    }

    async fn a_group_that_makes_the_last_admin_stays_what_it_is(server) {
        let user = server.push_user(json!({"userName": "admin"})).await;
        for nested in [false, true] {
            let below = server.push_group("Crew", &[&user]).await;
            let name = if nested { "Admins" } else { "Crew" };
            let top = if nested { server.push_group("Admins", &[&below]).await } else { below.clone() };
            let path = format!("/api/admin/groups/{}", server.group_number(name).await);
            server.admin().put(&path, json!({"name": name, "rootRole": 1})).await.expect(200);
            server.admin().put("/api/admin/user-admin/1", json!({"rootRole": "Viewer"})).await.expect(200);
            for role in [json!(2), Value::Null] {
                is_refused(&server, Method::PUT, &path, Some(json!({"name": name, "rootRole": role}))).await;
            }
            is_refused(&server, Method::DELETE, &path, None).await;
            is_refused(&server, Method::DELETE, "/api/admin/groups/scim-groups", None).await;
            is_refused(&server, Method::DELETE, "/api/admin/user-admin/1", None).await;
            is_refused(&server, Method::POST, "/api/admin/user-admin/inactive/delete", Some(json!({"ids": [1]}))).await;
            server.admin().put("/api/admin/user-admin/1", json!({"rootRole": "Admin"})).await.expect(200);
            for id in [top, below] {
                server.scim().delete(&format!("/scim/Groups/{id}")).await;
            }
        }
    }

    async fn a_group_kept_by_hand_cannot_lose_the_last_admin(server) {
        let body = json!({"name": "Admins", "rootRole": 1, "users": [{"user": {"id": 1}}]});
        let group = server.admin().post("/api/admin/groups", body).await.expect(201).json();
        let path = format!("/api/admin/groups/{}", group["id"]);
        server.admin().put("/api/admin/user-admin/1", json!({"rootRole": "Viewer"})).await.expect(200);
        let (other, _) = server.person("other", "Viewer").await;
        let emptied = json!({"name": "Admins", "rootRole": 1, "users": []});
        is_refused(&server, Method::PUT, &path, Some(emptied)).await;
        is_refused(&server, Method::DELETE, &path, None).await;
        let moved = json!({"name": "Admins", "rootRole": 1, "users": [{"user": {"id": other}}]});
        server.admin().put(&path, moved).await.expect(200);
        assert!(administers(&server.sign_in("other", PASSWORD).await).await);
    }

    async fn two_admins_removing_each_other_leave_one(server) {
        for round in 0..5 {
            let (number, second) = server.person(&format!("second{round}"), "Admin").await;
            let first = server.sign_in("admin", PASSWORD).await;
            let (one, two) = (format!("/api/admin/user-admin/{number}"), "/api/admin/user-admin/1".to_owned());
            let (a, b) = if round % 2 == 0 {
                let demote = |client: crate::support::client::Client, path: String| async move {
                    client.put(&path, json!({"rootRole": "Viewer"})).await
                };
                tokio::join!(demote(first, one), demote(second, two))
            } else {
                let remove = |client: crate::support::client::Client, path: String| async move { client.delete(&path).await };
                tokio::join!(remove(first, one), remove(second, two))
            };
            let won = [&a, &b].iter().filter(|answer| answer.status == 200).count();
            assert_eq!(won, 1, "{} {} / {} {}", a.status, a.text, b.status, b.text);
            if b.status == 200 {
                assert!(administers(&server.sign_in(&format!("second{round}"), PASSWORD).await).await);
                return;
            }
            assert!(administers(&server.sign_in("admin", PASSWORD).await).await);
        }
    }

    async fn an_identity_provider_and_an_administrator_at_once_leave_one(server) {
        for round in 0..5 {
            let name = format!("second{round}");
            let (number, _) = server.person(&name, "Admin").await;
            let id = server.push_user(json!({"userName": "admin"})).await;
            let (admin, scim, path) = (server.admin(), server.scim(), format!("/scim/Users/{id}"));
            let by_hand = format!("/api/admin/user-admin/{number}");
            let off = json!({"Operations": [{"op": "replace", "path": "active", "value": false}]});
            let (a, b) = tokio::join!(admin.delete(&by_hand), scim.patch(&path, off));
            assert!(matches!(b.status, 200 | 204), "the identity provider never fails: {}", b.text);
            assert!(matches!(a.status, 200 | 409), "{}", a.text);
            let survivor = if a.status == 200 { "admin" } else { &name };
            assert!(administers(&server.sign_in(survivor, PASSWORD).await).await);
            if a.status != 200 {
                return;
            }
            scim.delete(&path).await.expect(204);
        }
    }

    async fn the_operator_gets_back_in_from_the_host(server) {
        let id = server.push_user(json!({"userName": "ann@x.io", "active": false})).await;
        server.push_user(json!({"userName": "ben"})).await;
        for user in ["ann@x.io", "ben", "somebody-new"] {
            let url = server.app.config.database().unwrap();
            let output = tokio::task::spawn_blocking(move || {
                let mut command = Command::new(env!("CARGO_BIN_EXE_burgee"));
                command.args(["admin", "recover", "--user", user, "--database-url", &url]).output().unwrap()
            }).await.unwrap();
            let said = String::from_utf8(output.stdout).unwrap();
            assert!(output.status.success(), "{said} {}", String::from_utf8_lossy(&output.stderr));
            let password = said.trim().rsplit_once("password: ").unwrap().1.to_owned();
            assert!(administers(&server.sign_in(user, &password).await).await);
        }
        let events = server.events("admin-recovered").await;
        assert_eq!(events.len(), 3);
        assert_eq!(events[2]["data"]["email"], "ann@x.io");
        let text = serde_json::to_string(&events).unwrap();
        assert!(!text.contains("password"), "{text}");
        // The identity provider still finds the person, and cannot remove them as the last admin.
        server.scim().get(&format!("/scim/Users/{id}")).await.expect(200);
    }
}
