//! Whatever an identity provider does, somebody who can administer burgee is left, and can really get in. It is
//! answered with success (an error would stop its whole synchronisation), and the event log says what happened.

use reqwest::Method;
use serde_json::{Value, json};

use super::world::{administers, id_of, refs};
use crate::support::TestServer;
use crate::support::server::PASSWORD;

/// What an identity provider can send.
struct Attack {
    method: Method,
    path: String,
    body: Option<Value>,
}

impl Attack {
    fn new(method: Method, path: String, body: Option<Value>) -> Self {
        Self { method, path, body }
    }

    fn patch(path: &str, operation: &Value) -> Self {
        Self::new(Method::PATCH, path.to_owned(), Some(json!({ "Operations": [operation] })))
    }

    /// Carries it out: it succeeds, the admin stays, with the session and with the password, and the log knows.
    async fn fails_to_lock_out(self, server: &TestServer) {
        let admin = server.sign_in("admin", PASSWORD).await;
        let what = format!("{} {} {:?}", self.method, self.path, self.body);
        let before = server.events("admin-retention-enforced").await.len();
        assert!(administers(&admin).await, "no admin before {what}");
        let body = self.body.map(|body| body.to_string());
        let answer = server.scim().send(self.method, &self.path, body, "application/scim+json").await;
        assert!(matches!(answer.status, 200 | 204), "{what}: {} {}", answer.status, answer.text);
        assert!(administers(&admin).await, "the session ended: {what}");
        assert!(administers(&server.sign_in("admin", PASSWORD).await).await, "no sign-in: {what}");
        let events = server.events("admin-retention-enforced").await;
        assert_eq!(events.len(), before + 1, "{what}");
        assert_eq!(events[0]["data"]["severity"], "critical");
        assert_eq!(events[0]["data"]["user"]["username"], "admin");
        assert_eq!(events[0]["createdBy"], "scim:default");
    }
}

/// Lets the identity provider adopt the only admin.
async fn adopt(server: &TestServer) -> String {
    server.push_user(json!({ "userName": "admin", "active": true })).await
}

/// Makes the only admin one through `top` alone; `below` is the group they are in, itself or inside of `top`.
async fn admin_through(server: &TestServer, user: &str, nested: bool) -> (String, String) {
    let below = server.push_group("Crew", &[user]).await;
    let top = if nested { server.push_group("Admins", &[&below]).await } else { below.clone() };
    let name = if nested { "Admins" } else { "Crew" };
    let path = format!("/api/admin/groups/{}", server.group_number(name).await);
    server.admin().put(&path, json!({ "name": name, "rootRole": 1 })).await.expect(200);
    server.admin().put("/api/admin/user-admin/1", json!({ "rootRole": "Viewer" })).await.expect(200);
    (top, below)
}

both! {
    async fn the_only_admin_cannot_be_deactivated_or_deleted(server) {
        for attempt in 0..6 {
            let id = adopt(&server).await;
            let path = format!("/scim/Users/{id}");
            let attack = match attempt {
                0 => Attack::patch(&path, &json!({"op": "replace", "path": "active", "value": false})),
                1 => Attack::patch(&path, &json!({"op": "Replace", "value": {"active": "False"}})),
                2 => Attack::new(Method::PUT, path.clone(), Some(json!({"userName": "admin", "active": false}))),
                3 => Attack::patch(&path, &json!({"op": "add", "value": {"active": false, "userName": "admin"}})),
                _ => Attack::new(Method::DELETE, path.clone(), None),
            };
            attack.fails_to_lock_out(&server).await;
            if attempt < 4 {
                let shown = server.scim().get(&path).await.expect(200).json();
                assert_eq!(shown["active"], false, "the identity provider sees what it wrote");
                Attack::new(Method::DELETE, path.clone(), None).fails_to_lock_out(&server).await;
            }
            server.scim().get(&path).await.expect(404);
        }
    }

    async fn adopting_the_only_admin_as_inactive_does_not_lock_out(server) {
        let admin = server.sign_in("admin", PASSWORD).await;
        server.push_user(json!({"userName": "admin", "active": false})).await;
        assert!(administers(&admin).await);
        assert_eq!(server.events("admin-retention-enforced").await.len(), 1);
    }

    async fn the_group_that_makes_the_only_admin_cannot_take_it_away(server) {
        let id = adopt(&server).await;
        // Whoever has no password cannot take the place of somebody who has one.
        let other = server.push_user(json!({"userName": "other", "active": true})).await;
        for attempt in 0..8 {
            let (group, _) = admin_through(&server, &id, false).await;
            let path = format!("/scim/Groups/{group}");
            let members = |op: &str, value: Value| json!({"op": op, "path": "members", "value": value});
            let attack = match attempt {
                0 => Attack::patch(&path, &json!({"op": "remove", "path": format!("members[value eq \"{id}\"]")})),
                1 => Attack::patch(&path, &members("remove", refs(&[&id]))),
                2 => Attack::patch(&path, &json!({"op": "remove", "path": "members"})),
                3 => Attack::patch(&path, &members("replace", json!([]))),
                4 => Attack::patch(&path, &members("replace", refs(&[&other]))),
                5 => Attack::new(Method::PUT, path.clone(), Some(json!({"displayName": "Crew", "members": []}))),
                6 => Attack::new(Method::PUT, path.clone(), Some(json!({"displayName": "Crew", "members": refs(&[&other])}))),
                _ => Attack::new(Method::DELETE, path.clone(), None),
            };
            attack.fails_to_lock_out(&server).await;
            if attempt < 7 {
                server.scim().delete(&path).await.expect(204);
            }
        }
    }

    async fn a_group_in_a_group_cannot_take_the_only_admin_away(server) {
        let id = adopt(&server).await;
        for attempt in 0..8 {
            let (top, below) = admin_through(&server, &id, true).await;
            let (upper, lower) = (format!("/scim/Groups/{top}"), format!("/scim/Groups/{below}"));
            let attack = match attempt {
                0 => Attack::patch(&upper, &json!({"op": "remove", "path": "members", "value": refs(&[&below])})),
                1 => Attack::patch(&upper, &json!({"op": "remove", "path": format!("members[value eq \"{below}\"]")})),
                2 => Attack::patch(&upper, &json!({"op": "replace", "path": "members", "value": []})),
                3 => Attack::new(Method::PUT, upper.clone(), Some(json!({"displayName": "Admins", "members": []}))),
                4 => Attack::new(Method::DELETE, upper.clone(), None),
                5 => Attack::patch(&lower, &json!({"op": "remove", "path": "members", "value": refs(&[&id])})),
                6 => Attack::patch(&lower, &json!({"op": "remove", "path": "members"})),
                _ => Attack::new(Method::DELETE, lower.clone(), None),
            };
            attack.fails_to_lock_out(&server).await;
            for path in [upper, lower] {
                server.scim().delete(&path).await;
            }
        }
    }

    async fn an_admin_through_a_group_cannot_be_deactivated_or_deleted(server) {
        for nested in [false, true] {
            let id = adopt(&server).await;
            let (top, below) = admin_through(&server, &id, nested).await;
            let path = format!("/scim/Users/{id}");
            Attack::patch(&path, &json!({"op": "replace", "path": "active", "value": false})).fails_to_lock_out(&server).await;
            server.admin().put("/api/admin/user-admin/1", json!({"rootRole": "Viewer"})).await.expect(200);
            Attack::new(Method::DELETE, path, None).fails_to_lock_out(&server).await;
            for group in [top, below] {
                server.scim().delete(&format!("/scim/Groups/{group}")).await;
            }
        }
    }

    async fn of_several_admins_removed_at_once_one_stays(server) {
        let mut last = "admin".to_owned();
        for round in 0..5 {
            let mut names = vec![last.clone(), format!("second{round}"), format!("third{round}")];
            for name in &names[1..] {
                server.person(name, "Admin").await;
            }
            names.rotate_left(round % 3);
            let (mut ids, mut clients) = (Vec::new(), Vec::new());
            for name in &names {
                clients.push(server.sign_in(name, PASSWORD).await);
                ids.push(server.push_user(json!({ "userName": name })).await);
            }
            let calls = ids.iter().enumerate().map(|(index, id)| {
                let (scim, path) = (server.scim(), format!("/scim/Users/{id}"));
                async move {
                    if index == round % 3 {
                        let operation = json!({"op": "replace", "path": "active", "value": false});
                        scim.patch(&path, json!({"Operations": [operation]})).await
                    } else {
                        scim.delete(&path).await
                    }
                }
            });
            for answer in futures_util::future::join_all(calls).await {
                assert!(matches!(answer.status, 200 | 204), "{} {}", answer.status, answer.text);
            }
            let mut left = Vec::new();
            for (name, client) in names.iter().zip(&clients) {
                if administers(client).await {
                    left.push(name.clone());
                }
            }
            assert_eq!(left.len(), 1, "{left:?}");
            assert!(server.events("admin-retention-enforced").await.len() > round);
            last = left.remove(0);
            for id in ids {
                // Forgets the one who stayed, if it was deactivated; the account remains.
                server.scim().delete(&format!("/scim/Users/{id}")).await;
            }
            assert!(administers(&server.sign_in(&last, PASSWORD).await).await);
        }
    }

    async fn switching_on_takes_a_way_back_in(server) {
        let admin = server.admin();
        let switch = |enabled: bool| {
            let admin = admin.clone();
            async move { admin.post("/api/admin/scim-settings", json!({ "enabled": enabled })).await }
        };
        let id = adopt(&server).await;
        switch(false).await.expect(200);
        // The only admin is provisioned.
        let refused = switch(true).await.expect(409).json();
        assert!(refused["message"].as_str().unwrap().contains("Nobody could administer"), "{refused}");
        assert_eq!(admin.get("/api/admin/scim-settings").await.expect(200).json()["enabled"], false);
        server.scim().get(&format!("/scim/Users/{id}")).await.expect(401);
        // A person with a password who is not provisioned is a way back in.
        let (number, _) = server.person("rescue", "Admin").await;
        switch(true).await.expect(200);
        // So is a provisioned group that makes admins, with somebody in it.
        let group = id_of(&server.scim().post("/scim/Groups", json!({"displayName": "Admins"})).await.expect(201).json());
        switch(false).await.expect(200);
        admin.delete(&format!("/api/admin/user-admin/{number}")).await.expect(200);
        let path = format!("/api/admin/groups/{}", server.group_number("Admins").await);
        admin.put(&path, json!({"name": "Admins", "rootRole": 1})).await.expect(200);
        switch(true).await.expect(409);
        let (number, _) = server.person("rescue", "Admin").await;
        switch(true).await.expect(200);
        server.patch(&format!("/scim/Groups/{group}"), json!([{"op": "add", "path": "members", "value": refs(&[&id])}])).await.expect(200);
        switch(false).await.expect(200);
        admin.delete(&format!("/api/admin/user-admin/{number}")).await.expect(200);
        switch(true).await.expect(200);
    }
}
