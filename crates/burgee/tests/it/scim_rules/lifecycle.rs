//! What becomes of an account: taken over, deactivated, brought back, removed, made anew.

use serde_json::{Value, json};

use super::world::{administers, id_of};
use crate::support::TestServer;
use crate::support::server::PASSWORD;

fn turn(active: bool) -> Value {
    json!([{ "op": "replace", "path": "active", "value": active }])
}

/// The account as the Admin API shows it.
async fn account(server: &TestServer, number: i64) -> Value {
    server.admin().get(&format!("/api/admin/user-admin/{number}")).await.expect(200).json()
}

/// Where a link leads that sets a password: whether it works still.
async fn link(server: &TestServer, name: &str) -> String {
    let path = "/api/admin/user-admin/reset-password";
    let made = server.admin().post(path, json!({ "id": name })).await.expect(200).json();
    let (_, token) = made["resetPasswordUrl"].as_str().unwrap().split_once("token=").unwrap();
    format!("/auth/reset/validate?token={token}")
}

async fn is_listed(server: &TestServer, number: i64) -> bool {
    let list = server.admin().get("/api/admin/user-admin").await.expect(200).json();
    list["users"].as_array().unwrap().iter().any(|user| user["id"] == number)
}

both! {
    async fn deactivation_ends_every_way_in_and_reactivation_revives_none(server) {
        let (number, session) = server.person("ann", "Editor").await;
        let token = json!({"description": "script", "expiresAt": "2099-01-01T00:00:00Z"});
        let token = session.post("/api/admin/user/tokens", token).await.expect(201).json();
        let script = server.anonymous().with("authorization", token["secret"].as_str().unwrap());
        let link = link(&server, "ann").await;
        let id = server.push_user(json!({"userName": "ann", "externalId": "e1"})).await;
        let path = format!("/scim/Users/{id}");
        script.get("/api/admin/user").await.expect(200);

        server.patch(&path, turn(false)).await.expect(200);
        session.get("/api/admin/user").await.expect(401);
        script.get("/api/admin/user").await.expect(401);
        server.anonymous().get(&link).await.expect(401);
        let credentials = json!({"username": "ann", "password": PASSWORD});
        server.anonymous().post("/auth/simple/login", credentials.clone()).await.expect(401);
        assert!(!is_listed(&server, number).await);
        assert_eq!(server.scim().get(&path).await.expect(200).json()["active"], false);
        let found = server.scim().get("/scim/Users?filter=userName%20eq%20%22ann%22").await.expect(200).json();
        assert_eq!(found["totalResults"], 1);

        server.patch(&path, turn(true)).await.expect(200);
        session.get("/api/admin/user").await.expect(401);
        script.get("/api/admin/user").await.expect(401);
        server.anonymous().get(&link).await.expect(401);
        assert!(is_listed(&server, number).await);
        assert_eq!(account(&server, number).await["rootRole"], 2);
        let again = server.sign_in("ann", PASSWORD).await;
        let tokens = again.get("/api/admin/user/tokens").await.expect(200).json();
        assert_eq!(tokens["pats"], json!([]));
    }

    async fn a_role_that_an_administrator_gave_survives_every_sync(server) {
        let id = server.push_user(json!({"userName": "ann@x.io", "externalId": "e1", "roles": [{"value": "Admin"}]})).await;
        let (number, path) = (server.number("ann@x.io").await, format!("/scim/Users/{id}"));
        assert_eq!(account(&server, number).await["rootRole"], 3, "what an identity provider calls a role gives none");
        server.admin().put(&format!("/api/admin/user-admin/{number}"), json!({"rootRole": "Editor"})).await.expect(200);
        let project = json!({"roles": [4], "groups": [], "users": [number]});
        server.admin().post("/api/admin/projects/default/access", project).await.expect(200);
        let roles = server.rows("SELECT user_id, role_id, project FROM user_roles").await;
        let whole = json!({"userName": "ann@x.io", "externalId": "e2", "displayName": "Ann", "roles": [{"value": "Viewer", "primary": true}]});
        server.scim().put(&path, whole.clone()).await.expect(200);
        server.patch(&path, json!([{"op": "replace", "path": "userName", "value": "ann@y.io"}])).await.expect(200);
        server.patch(&path, json!([{"op": "remove", "path": "roles"}])).await.expect(200);
        server.patch(&path, json!([{"op": "add", "path": "roles", "value": [{"value": "Viewer"}]}])).await.expect(200);
        server.patch(&path, turn(false)).await.expect(200);
        server.patch(&path, turn(true)).await.expect(200);
        server.scim().put(&path, whole).await.expect(200);
        assert_eq!(account(&server, number).await["rootRole"], 2);
        assert_eq!(server.rows("SELECT user_id, role_id, project FROM user_roles").await, roles);
        assert_eq!(roles.len(), 1);
    }

    async fn deletion_frees_every_name_and_privileges_do_not_come_back(server) {
        let body = json!({"userName": "ann", "externalId": "e1", "emails": [{"value": "ann@x.io", "primary": true}]});
        let (old, _) = server.person("ann", "Admin").await;
        let first = server.push_user(body.clone()).await;
        let group = server.push_group("Crew", &[&first]).await;
        let session = server.sign_in("ann", PASSWORD).await;
        let version = server.scim().get(&format!("/scim/Groups/{group}")).await.expect(200).json()["meta"]["version"].clone();

        let path = format!("/scim/Users/{first}");
        server.scim().delete(&path).await.expect(204);
        session.get("/api/admin/user").await.expect(401);
        for status in [
            server.scim().get(&path).await.status, server.scim().put(&path, body.clone()).await.status,
            server.patch(&path, turn(true)).await.status, server.scim().delete(&path).await.status,
        ] {
            assert_eq!(status, 404);
        }
        server.admin().get(&format!("/api/admin/user-admin/{old}")).await.expect(404);
        let left = server.scim().get(&format!("/scim/Groups/{group}")).await.expect(200).json();
        assert_eq!(left["members"], json!([]));
        assert_ne!(left["meta"]["version"], version, "the group changed");

        let second = server.push_user(body).await;
        let new = server.number("ann").await;
        assert!(first != second && old != new);
        let account = account(&server, new).await;
        assert_eq!((account["rootRole"].as_i64(), account["email"].as_str()), (Some(3), Some("ann@x.io")));
        server.anonymous().post("/auth/simple/login", json!({"username": "ann", "password": PASSWORD})).await.expect(401);
        assert_eq!(server.scim().get(&format!("/scim/Users/{second}")).await.expect(200).json()["groups"], Value::Null);

        let deleted = &server.events("user-deleted").await[0];
        assert_eq!((deleted["preData"]["id"].as_i64(), deleted["preData"]["scimId"].as_str()), (Some(old), Some(first.as_str())));
        let joined = server.rows("SELECT local_id, scim_id, external_id, resource_type FROM scim_tombstones").await;
        let expected = [old.to_string(), first, "e1".to_owned(), "User".to_owned()].map(Some);
        assert_eq!(joined, [expected]);
    }

    async fn somebody_with_an_account_is_adopted(server) {
        let (by_name, session) = server.person("ann", "Editor").await;
        let body = json!({"email": "Ben@x.io", "rootRole": "Editor"});
        let by_mail = server.admin().post("/api/admin/user-admin", body).await.expect(201).json()["id"].as_i64().unwrap();
        let crew = json!({"name": "By hand", "users": [{"user": {"id": by_name}}]});
        server.admin().post("/api/admin/groups", crew).await.expect(201);
        let link = link(&server, "ann").await;
        server.anonymous().get(&link).await.expect(200);
        let ann = server.push_user(json!({"userName": "ANN", "displayName": "Ann"})).await;
        server.anonymous().get(&link).await.expect(401);
        let ben = server.push_user(json!({"userName": "ben", "emails": [{"value": "ben@X.io"}]})).await;
        for (number, id, name) in [(by_name, &ann, "ANN"), (by_mail, &ben, "ben")] {
            let account = account(&server, number).await;
            assert_eq!((account["scimId"].as_str(), account["username"].as_str()), (Some(id.as_str()), Some(name)));
            assert_eq!(account["rootRole"], 2, "the role stays");
        }
        session.get("/api/admin/user").await.expect(200);
        assert_eq!(server.rows("SELECT user_id FROM group_users").await, [[Some(by_name.to_string())]]);
        let adopted: Vec<_> = server.events("scim-user-adopted").await.iter().map(|event| event["data"]["id"].as_i64()).collect();
        assert_eq!(adopted, [Some(by_mail), Some(by_name)]);
        server.scim().post("/scim/Users", json!({"userName": "ann"})).await.expect(409);
    }

    async fn taking_away_the_word_about_access_gives_none(server) {
        let ann = server.push_user(json!({"userName": "ann", "active": false})).await;
        let path = format!("/scim/Users/{ann}");
        for operation in [json!({"op": "remove", "path": "active"}), json!({"op": "replace", "path": "displayName", "value": "Ann"})] {
            server.scim().patch(&path, json!({"Operations": [operation]})).await.expect(200);
            assert_eq!(server.rows("SELECT id FROM users WHERE username = 'ann' AND active = TRUE").await.len(), 0);
        }
    }

    async fn an_address_belongs_to_one_account(server) {
        let mail = json!([{"value": "ben@x.io"}]);
        let first = server.push_user(json!({"userName": "ben", "emails": mail})).await;
        let second = server.push_user(json!({"userName": "ben-admin", "emails": mail})).await;
        let shown = server.scim().get(&format!("/scim/Users/{second}")).await.expect(200).json();
        assert_eq!(shown["emails"], mail, "the identity provider gets back what it sent");
        let (ben, other) = (server.number("ben").await, server.number("ben-admin").await);
        assert_eq!(account(&server, ben).await["email"], "ben@x.io");
        assert!(account(&server, other).await.get("email").is_none());
        server.scim().delete(&format!("/scim/Users/{first}")).await.expect(204);
        let active = json!({"Operations": [{"op": "replace", "path": "displayName", "value": "Ben"}]});
        server.scim().patch(&format!("/scim/Users/{second}"), active).await.expect(200);
        assert_eq!(account(&server, other).await["email"], "ben@x.io", "free again");
    }

    async fn an_address_of_which_the_identity_provider_never_spoke_stays(server) {
        let ann = json!({"username": "ann", "email": "ann@x.io", "rootRole": 3, "sendEmail": false});
        let number = server.admin().post("/api/admin/user-admin", ann).await.expect(201).json()["id"].as_i64().unwrap();
        let path = format!("/scim/Users/{}", server.push_user(json!({"userName": "ann"})).await);
        // A link that was sent to one address opens nothing once another one counts.
        let switch = async |enabled: bool| { server.admin().post("/api/admin/scim-settings", json!({"enabled": enabled})).await.done(); };
        switch(false).await;
        let link = link(&server, "ann").await;
        switch(true).await;
        server.anonymous().get(&link).await.expect(200);
        for (operation, email) in [
            (json!({"op": "add", "path": "title", "value": "Pilot"}), json!("ann@x.io")),
            (json!({"op": "add", "path": "emails", "value": [{"value": "a@y.io"}]}), json!("a@y.io")),
            (json!({"op": "remove", "path": "emails"}), Value::Null),
        ] {
            server.patch(&path, json!([operation])).await.expect(200);
            assert_eq!(account(&server, number).await["email"], email, "{operation}");
        }
        server.anonymous().get(&link).await.expect(401);
    }

    async fn a_group_kept_by_hand_is_adopted_with_roles_and_members(server) {
        let (hand, _) = server.person("hand", "Viewer").await;
        let body = json!({"name": "Crew", "rootRole": 2, "users": [{"user": {"id": hand}}]});
        let number = server.admin().post("/api/admin/groups", body).await.expect(201).json()["id"].as_i64().unwrap();
        let ann = server.push_user(json!({"userName": "ann"})).await;
        let ann_number = server.number("ann").await;
        let group = server.push_group("crew", &[&ann]).await;
        let path = format!("/scim/Groups/{group}");
        let members = async || {
            let group = server.admin().get(&format!("/api/admin/groups/{number}")).await.expect(200).json();
            assert_eq!((group["rootRole"].as_i64(), group["scimId"].as_str()), (Some(2), Some(id_of(&server.scim().get(&path).await.json()).as_str())));
            let mut ids: Vec<i64> = group["users"].as_array().unwrap().iter().map(|user| user["user"]["id"].as_i64().unwrap()).collect();
            ids.sort_unstable();
            ids
        };
        assert_eq!(members().await, [hand, ann_number]);
        assert_eq!(server.events("scim-group-adopted").await[0]["data"]["id"], number);
        server.patch(&path, json!([{"op": "replace", "path": "members", "value": []}])).await.expect(200);
        assert_eq!(members().await, [hand], "who was added by hand stays");
        let shown = server.scim().get(&path).await.expect(200).json();
        assert_eq!(shown["members"], json!([]), "and is none of the identity provider's business");
        let detail = server.admin().get(&format!("/api/admin/groups/{number}")).await.expect(200).json();
        let user = server.scim().get(&format!("/scim/Users/{ann}")).await.expect(200).json();
        assert_eq!((&detail["name"], &shown["displayName"], user.get("groups")), (&json!("crew"), &json!("crew"), None), "one name everywhere");
        server.scim().post("/scim/Groups", json!({"displayName": "CREW"})).await.expect(409);
    }

    async fn a_group_with_the_admin_role_makes_admins(server) {
        let (_, session) = server.person("ann", "Viewer").await;
        let ann = server.push_user(json!({"userName": "ann"})).await;
        let below = server.push_group("Crew", &[&ann]).await;
        let above = server.push_group("Admins", &[&below]).await;
        let number = server.group_number("Admins").await;
        assert!(!administers(&session).await);
        server.admin().put(&format!("/api/admin/groups/{number}"), json!({"name": "Admins", "rootRole": 1})).await.expect(200);
        assert!(administers(&session).await, "through a group in the group, at once");
        server.patch(&format!("/scim/Groups/{below}"), json!([{"op": "remove", "path": "members", "value": [{"value": ann}]}])).await.expect(200);
        assert!(!administers(&session).await);
        server.patch(&format!("/scim/Groups/{above}"), json!([{"op": "add", "path": "members", "value": [{"value": ann}]}])).await.expect(200);
        assert!(administers(&session).await);
        server.scim().delete(&format!("/scim/Groups/{above}")).await.expect(204);
        assert!(!administers(&session).await);
        assert_eq!(server.events("admin-retention-enforced").await.len(), 0, "the first admin is still there");
    }
}
