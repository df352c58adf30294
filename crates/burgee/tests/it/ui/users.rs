//! Users, through the pages: found, made, changed, locked out and let in, and what they may do and why.

use burgee::people::roster::{self, Query};
use serde_json::{Value, json};

use super::{admin, encoded, form, hidden, person};
use crate::support::TestServer;
use crate::support::server::PASSWORD;

async fn user(server: &TestServer, id: i64) -> Value {
    server.admin().get(&format!("/api/admin/user-admin/{id}")).await.expect(200).json()
}

/// The names in the rows of a list.
pub(super) fn rows(page: &str) -> Vec<String> {
    let links = page.split("class=\"row-link\"").skip(1);
    links.map(|rest| rest.split('>').nth(1).unwrap().split('<').next().unwrap().to_owned()).collect()
}

/// The code that a page offers to copy.
pub(super) fn code(page: &str) -> String {
    page.split("<code>")
        .nth(1)
        .unwrap_or_else(|| panic!("{page}"))
        .split("</code>")
        .next()
        .unwrap()
        .to_owned()
}

both! {
    async fn people_and_access_are_for_admins(server) {
        let (number, _) = server.person("somebody", "Viewer").await;
        let viewer = person(&server, "vera", "Viewer").await;
        for path in ["/users", "/users/new", "/groups", "/groups/new", "/roles/new", "/service-accounts", "/service-accounts/new"] {
            viewer.get(path).await.expect(403);
        }
        for rest in ["", "/access", "/sign-in", "/events", "/edit", "/deactivate", "/delete", "/password-link"] {
            viewer.get(&format!("/users/{number}{rest}")).await.expect(403);
        }
        for (rest, body) in [("role", "role=1&was=3"), ("edit", "name=x&username=x&email=&was_name=&was_username=&was_email="),
                             ("deactivate", ""), ("delete", ""), ("end-sessions", ""), ("password-link", ""), ("revoke-token", "token=1")] {
            form(&viewer, &format!("/users/{number}/{rest}"), body).await.expect(403);
        }
        let home = viewer.get("/").await.expect(200).text;
        assert!(!home.contains("href=\"/users\"") && !home.contains("href=\"/groups\""));
        assert_eq!(user(&server, number).await["rootRole"], 3);
        let admin = admin(&server).await;
        for path in ["/users/999", "/users/x", "/users/999/access", "/users/999/edit", "/groups/999", "/roles/999", "/service-accounts/1"] {
            admin.get(path).await.expect(404);
        }
    }

    async fn users_are_found_by_words_origin_role_and_status(server) {
        let api = server.admin();
        for (username, name, role) in [("ada", "Ada Lovelace", "Editor"), ("grace", "Grace Hopper", "Viewer")] {
            let body = json!({ "username": username, "name": name, "email": format!("{username}@x.io"), "rootRole": role });
            api.post("/api/admin/user-admin", body).await.expect(201);
        }
        server.push_user(json!({ "userName": "linus@x.io", "displayName": "Linus Ömer" })).await;
        server.push_user(json!({ "userName": "gone@x.io", "displayName": "Gone", "active": false })).await;
        let admin = admin(&server).await;
        let found = async |query: &str| rows(&admin.get(&format!("/users{query}")).await.expect(200).text);
        assert_eq!(found("").await, ["Ada Lovelace", "Admin", "Gone", "Grace Hopper", "Linus Ömer"]);
        assert_eq!(found("?sort=-name").await[0], "Linus Ömer");
        assert_eq!(found("?sort=seen").await[0], "Admin", "the one who is here comes first");
        assert_eq!(found("?q=LOVE+ada").await, ["Ada Lovelace"]);
        assert_eq!(found("?q=%C3%B6mer").await, ["Linus Ömer"]);
        assert_eq!(found("?q=grace@").await, ["Grace Hopper"]);
        assert_eq!(found("?origin=scim").await, ["Gone", "Linus Ömer"]);
        assert_eq!(found("?origin=manual&role=2").await, ["Ada Lovelace"]);
        assert_eq!(found("?status=deactivated").await, ["Gone"]);
        assert_eq!(found("?status=active").await, ["Admin"]);
        assert_eq!(found("?status=unseen&origin=scim").await, ["Linus Ömer"]);
        let none = admin.get("/users?q=nobody").await.expect(200).text;
        assert!(none.contains("No user matches") && none.contains("Show all users"));
        let page = admin.get("/users?origin=scim").await.expect(200).text;
        assert!(page.contains("SCIM: </span>") || page.contains("SCIM: default"), "{page}");
    }

    async fn one_page_is_read_however_many_users_there_are(server) {
        let insert = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
             INSERT INTO users (id, name, username, username_ci, label_ci, root_role_id, created_at, updated_at)
             SELECT 100 + i, 'User ' || i, 'u' || i, 'u' || i, 'user ' || i, 3, i, i FROM n";
        server.rows(insert).await;
        if server.app.db.engine() == burgee::db::Engine::Postgres {
            server.rows("ANALYZE").await;
        }
        let admin = admin(&server).await;
        let page = admin.get("/users?page=2").await.expect(200).text;
        assert_eq!(rows(&page).len(), 50);
        assert!(page.contains("51–100 of 3001"), "{page}");
        let mut tx = server.app.db.read().await.unwrap();
        for descending in [false, true] {
            let plan = roster::plan(&mut tx, &Query { descending, limit: 50, ..Query::default() }).await.unwrap().join("\n");
            assert!(plan.contains("users_by_label") && !plan.to_lowercase().contains("sort") && !plan.contains("TEMP B-TREE"), "{plan}");
        }
    }

    async fn a_user_is_made_with_a_password_or_a_link(server) {
        let admin = admin(&server).await;
        let typed = [("name", "Ada <b>"), ("username", "admin"), ("email", "ada@x.io"), ("role", "2"), ("password", "")];
        let refused = form(&admin, "/users/new", &encoded(&typed)).await;
        assert!(matches!(refused.status, 400 | 409), "{}", refused.text);
        assert!(refused.text.contains("value=\"Ada &lt;b&gt;\"") && refused.text.contains("User already exists"));
        assert!(refused.text.contains("<option value=\"2\" selected>"));
        let weak = form(&admin, "/users/new", "name=&username=ada&email=&role=3&password=weak").await.expect(400).text;
        assert!(weak.contains("id=\"password-problem\"") && weak.contains("value=\"ada\"") && !weak.contains("value=\"weak\""));
        let wrong = form(&admin, "/users/new", "name=&username=&email=nonsense&role=3&password=").await.expect(400).text;
        assert!(wrong.contains("id=\"email-problem\""));
        form(&admin, "/users/new", "name=&username=&email=&role=3&password=").await.expect(400);
        form(&admin, "/users/new", "name=&username=x&email=&role=4&password=").await.expect(400);
        let made = form(&admin, "/users/new", "name=Ada&username=ada&email=ada@x.io&role=2&password=").await.expect(200);
        assert_eq!(made.header("cache-control"), "no-store");
        let link = code(&made.text);
        let path = link.split_once("/new-user").unwrap().1;
        let open = server.anonymous().with("accept", "text/html").get(&format!("/new-user{path}")).await.expect(200).text;
        assert!(open.contains("ada@x.io"));
        let events = server.events("user-created").await;
        assert_eq!((&events[0]["data"]["email"], &events[0]["createdBy"]), (&json!("ada@x.io"), &json!("admin")));
        let answer = form(&admin, "/users/new", &format!("name=&username=bob&email=&role=3&password={PASSWORD}")).await.expect(303);
        let page = admin.get(answer.header("location")).await.expect(200).text;
        assert!(page.contains("<h1>bob</h1>"));
        server.sign_in("bob", PASSWORD).await;
    }

    async fn what_an_identity_provider_keeps_is_read_only_and_says_why(server) {
        server.push_user(json!({ "userName": "ann@x.io", "displayName": "Ann" })).await;
        let (id, admin) = (server.number("ann@x.io").await, admin(&server).await);
        let page = admin.get(&format!("/users/{id}")).await.expect(200).text;
        assert!(page.contains("Kept by an identity provider") && page.contains("id=\"edit-why\"") && page.contains("id=\"deactivate-why\""));
        assert!(!admin.get(&format!("/users/{id}/edit")).await.expect(200).text.contains("<textarea"));
        let edit = "name=X&username=ann@x.io&email=&was_name=Ann&was_username=ann@x.io&was_email=";
        let refused = form(&admin, &format!("/users/{id}/edit"), edit).await.expect(403).text;
        assert!(refused.contains("managed by your SCIM provider"));
        for step in ["deactivate", "reactivate", "password-link"] {
            form(&admin, &format!("/users/{id}/{step}"), "").await.expect(403);
        }
        assert_eq!(user(&server, id).await["name"], "Ann");
        form(&admin, &format!("/users/{id}/role"), "role=2&was=3").await.expect(303);
        assert_eq!(user(&server, id).await["rootRole"], 2);

        // What waits for an admin is told on the page of whom it is about.
        let bob = server.push_user(json!({ "userName": "bob" })).await;
        let cy = server.push_user(json!({ "userName": "cy" })).await;
        let crew = server.push_group("Crew", &[&bob, &cy]).await;
        for sql in ["UPDATE users SET created_at = created_at - 7200000", "UPDATE group_users SET joined_at = joined_at - 7200000"] {
            server.rows(sql).await;
        }
        let hold = "/api/admin/provisioning/connections/1/hold";
        server.admin().put(hold, json!({ "share": 1, "least": 1, "minutes": 60 })).await.expect(200);
        let (person, group) = (format!("/users/{}", server.number("cy").await), format!("/groups/{}", server.group_number("Crew").await));
        let told = async |path: &str, words: &str| {
            let text = admin.get(path).await.expect(200).text;
            text.contains(words) && text.contains("The SCIM connection “default” asked for it") && text.contains("href=\"/provisioning/1/hold\"")
        };
        server.patch(&format!("/scim/Groups/{crew}"), json!([{ "op": "replace", "path": "members", "value": [] }])).await.done();
        assert!(told(&group, "2 members wait to be taken out").await);
        assert!(!told(&person, "for an admin").await);
        server.patch(&format!("/scim/Users/{cy}"), json!([{ "op": "replace", "path": "active", "value": false }])).await.done();
        for rest in ["", "/access"] {
            assert!(told(&format!("{person}{rest}"), "Their deactivation waits for an admin").await, "{rest}");
        }
        server.scim().delete(&format!("/scim/Users/{cy}")).await.expect(204);
        assert!(told(&person, "Their deletion waits for an admin").await);
        server.scim().delete(&format!("/scim/Groups/{crew}")).await.expect(204);
        assert!(told(&format!("{group}/access"), "The deletion of this group waits for an admin").await);
        server.admin().post(&format!("{hold}/discard"), json!({})).await.expect(200);
        for path in [&person, &group] {
            assert!(!told(path, "for an admin").await, "{path}");
        }

        // Once the connection is off, people have the say again.
        server.admin().post("/api/admin/scim-settings", json!({ "enabled": false })).await.done();
        form(&admin, &format!("/users/{id}/edit"), edit).await.expect(303);
        assert_eq!(user(&server, id).await["name"], "X");
    }

    async fn whether_a_provisioned_account_is_active_is_not_said_by_hand(server) {
        let ann = server.push_user(json!({ "userName": "ann@x.io" })).await;
        let (id, admin) = (server.number("ann@x.io").await, admin(&server).await);
        server.admin().post("/api/admin/scim-settings", json!({ "enabled": false })).await.done();
        let page = admin.get(&format!("/users/{id}")).await.expect(200).text;
        assert!(page.contains("id=\"deactivate-why\"") && !page.contains("id=\"edit-why\""));
        for step in ["deactivate", "reactivate"] {
            form(&admin, &format!("/users/{id}/{step}"), "").await.expect(403);
        }
        server.admin().post("/api/admin/scim-settings", json!({ "enabled": true })).await.done();
        // What an identity provider says again holds, whatever became of the account meanwhile.
        for (says, is) in [(false, true), (true, false)] {
            let patch = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [{ "op": "replace", "path": "active", "value": says }] });
            server.scim().patch(&format!("/scim/Users/{ann}"), patch.clone()).await.done();
            server.rows(&format!("UPDATE users SET active = {is} WHERE id = {id}")).await;
            server.scim().patch(&format!("/scim/Users/{ann}"), patch).await.done();
            let page = admin.get(&format!("/users/{id}")).await.expect(200).text;
            assert_eq!(page.contains("This account is deactivated"), !says);
        }
    }

    async fn names_of_any_length_are_sorted_and_found(server) {
        // Random enough that no database packs it.
        let words: Vec<String> = (0..400u32).map(|i| format!("{:x}", i.wrapping_mul(2_654_435_761))).collect();
        let long = words.join(" ");
        server.push_user(json!({ "userName": "long@x.io", "displayName": format!("Ö {long}") })).await;
        server.push_user(json!({ "userName": "zoe@x.io", "displayName": "ÖZ" })).await;
        // As an older version left it.
        server.rows("UPDATE users SET label_ci = NULL").await;
        burgee::people::user::label_all(&server.app.db).await.unwrap();
        server.admin().post("/api/admin/user-admin", json!({ "username": "x", "name": long, "rootRole": 3 })).await.expect(400);
        let admin = admin(&server).await;
        assert_eq!(rows(&admin.get("/users?q=%C3%B6z").await.expect(200).text), ["ÖZ"]);
        assert_eq!(rows(&admin.get("/users?q=long").await.expect(200).text).len(), 1);
    }

    async fn an_address_that_was_there_before_stays(server) {
        server.push_user(json!({ "userName": "ann", "emails": [{ "value": "no address" }] })).await;
        let (id, admin) = (server.number("ann").await, admin(&server).await);
        server.admin().post("/api/admin/scim-settings", json!({ "enabled": false })).await.done();
        let edit = |email: &str| encoded(&[("name", "Ann"), ("username", "ann"), ("email", email), ("was_name", ""), ("was_username", "ann"), ("was_email", "no address")]);
        assert!(form(&admin, &format!("/users/{id}/edit"), &edit("none, too")).await.text.contains("id=\"email-problem\""));
        form(&admin, &format!("/users/{id}/edit"), &edit("no address")).await.expect(303);
        assert_eq!(user(&server, id).await["name"], "Ann");
    }

    async fn the_last_admin_stays(server) {
        let admin = admin(&server).await;
        let page = admin.get("/users/1").await.expect(200).text;
        assert!(page.contains("id=\"delete-why\"") && page.contains("id=\"deactivate-why\""));
        for step in ["delete", "deactivate"] {
            let ask = admin.get(&format!("/users/1/{step}")).await.expect(200).text;
            assert!(ask.contains("This is not possible now") && !ask.contains("id=\"confirm\""));
            form(&admin, &format!("/users/1/{step}"), "").await.expect(409);
        }
        let refused = form(&admin, "/users/1/role", "role=3&was=1").await.expect(409).text;
        assert!(refused.contains("id=\"role-problem\"") && refused.contains("nobody who can administer"));
        server.person("second", "Admin").await;
        assert!(!admin.get("/users/1").await.expect(200).text.contains("delete-why"));
        form(&admin, "/users/1/role", "role=3&was=1").await.expect(303);
        admin.get("/users").await.expect(403);
    }

    async fn edits_at_the_same_time_lose_nothing(server) {
        let (id, _) = server.person("ada", "Viewer").await;
        let admin = admin(&server).await;
        let path = format!("/users/{id}/edit");
        let open = admin.get(&path).await.expect(200).text;
        assert_eq!(hidden(&open, "was_username"), "ada");
        server.admin().put(&format!("/api/admin/user-admin/{id}"), json!({ "email": "ada@x.io" })).await.expect(200);
        let mine = [("name", "Ada"), ("username", "ada"), ("email", ""), ("was_name", ""), ("was_username", "ada"), ("was_email", "")];
        form(&admin, &path, &encoded(&mine)).await.expect(303);
        let now = user(&server, id).await;
        assert_eq!((&now["name"], &now["email"]), (&json!("Ada"), &json!("ada@x.io")));
        let stale = [("name", "Countess"), ("username", "ada"), ("email", ""), ("was_name", ""), ("was_username", "ada"), ("was_email", "")];
        let asked = form(&admin, &path, &encoded(&stale)).await.expect(409).text;
        assert!(asked.contains("Somebody else made it “Ada”") && asked.contains("value=\"Countess\""));
        let taken = [("name", "Ada"), ("username", "admin"), ("email", "ada@x.io"), ("was_name", "Ada"), ("was_username", "ada"), ("was_email", "ada@x.io")];
        let refused = form(&admin, &path, &encoded(&taken)).await.expect(422).text;
        assert!(refused.contains("User already exists") && refused.contains("value=\"admin\""));
        let stale = form(&admin, &format!("/users/{id}/role"), "role=2&was=1").await.expect(400).text;
        assert!(stale.contains("Somebody changed it meanwhile"));
        assert_eq!(user(&server, id).await["rootRole"], 3);
    }

    async fn access_ends_and_comes_back(server) {
        let (id, theirs) = server.person("ada", "Editor").await;
        let admin = admin(&server).await;
        theirs.post("/api/admin/user/tokens", json!({ "description": "my-job", "expiresAt": "2099-01-01T00:00:00Z" })).await.expect(201);
        server.anonymous().post("/auth/simple/login", json!({ "username": "ADA", "password": "wrong" })).await.expect(401);
        let page = admin.get(&format!("/users/{id}/sign-in")).await.expect(200).text;
        assert!(page.contains("my-job") && page.contains("The password is wrong") && page.contains("End the session"));
        let token = page.split("revoke-token?token=").nth(1).unwrap().split('"').next().unwrap().to_owned();
        form(&admin, &format!("/users/{id}/revoke-token"), &format!("token={token}")).await.expect(303);
        assert!(!admin.get(&format!("/users/{id}/sign-in")).await.expect(200).text.contains("my-job"));
        form(&admin, &format!("/users/{id}/end-sessions"), "").await.expect(303);
        theirs.get("/api/admin/user").await.expect(401);
        assert_eq!(server.events("user-session-ended").await.len(), 1);
        let theirs = server.sign_in("ada", PASSWORD).await;
        let made = form(&admin, &format!("/users/{id}/password-link"), "").await.expect(200).text;
        assert!(code(&made).contains("/reset-password?token="));
        assert!(admin.get(&format!("/users/{id}/deactivate")).await.expect(200).text.contains("id=\"confirm\""));
        form(&admin, &format!("/users/{id}/deactivate"), "").await.expect(303);
        theirs.get("/api/admin/user").await.expect(401);
        assert!(admin.get(&format!("/users/{id}")).await.expect(200).text.contains("This account is deactivated"));
        form(&admin, &format!("/users/{id}/password-link"), "").await.expect(400);
        server.admin().post("/api/admin/user-admin/reset-password", json!({ "id": "ada" })).await.expect(400);
        form(&admin, &format!("/users/{id}/reactivate"), "").await.expect(303);
        server.sign_in("ada", PASSWORD).await;
        let about = admin.get(&format!("/users/{id}/events?what=about")).await.expect(200).text;
        assert!(about.contains("User created") && about.contains("Password link created"));
        assert!(admin.get(&format!("/users/{id}/events")).await.expect(200).text.contains("Personal access token created"));
        form(&admin, &format!("/users/{id}/delete"), "").await.expect(303);
        admin.get(&format!("/users/{id}")).await.expect(404);
        let left = server.rows(&format!("SELECT label_ci FROM users WHERE id = {id}")).await;
        assert_eq!(left, [[Some(String::new())]], "by no name is anybody found who is gone");
        assert_eq!(server.events("user-deleted").await.len(), 1);
    }

    async fn it_is_told_what_somebody_may_do_and_why(server) {
        let ann = server.push_user(json!({ "userName": "ann" })).await;
        let inner = server.push_group("Inner", &[&ann]).await;
        server.push_group("Outer", &[&inner]).await;
        let (outer, id) = (server.group_number("Outer").await, server.number("ann").await);
        let path = format!("/api/admin/projects/default/groups/{outer}/roles");
        server.admin().put(&path, json!({ "roles": [5] })).await.done();
        let admin = admin(&server).await;
        let ask = async |query: &str| admin.get(&format!("/users/{id}/access{query}")).await.expect(200).text;
        let page = ask("").await;
        assert!(page.contains("through Inner → Outer") && !page.contains("id=\"answer\""));
        let answer = |page: &str| page.split("id=\"answer\"").nth(1).unwrap().split("</section>").next().unwrap().to_owned();
        let yes = answer(&ask("?may=CREATE_FEATURE&project=default").await);
        assert!(yes.contains(">yes<") && yes.contains(">Inner<") && yes.contains(">Outer<") && yes.contains(">Member<"), "{yes}");
        assert!(yes.find(">Inner<") < yes.find(">Outer<") && yes.find(">Outer<") < yes.find(">Member<"));
        assert!(answer(&ask("?may=CREATE_FEATURE&project=elsewhere").await).contains(">no<"));
        assert!(answer(&ask("?may=CREATE_PROJECT").await).contains("No role of theirs gives it there."));
        // What it says is what holds.
        for (permission, query) in [("UPDATE_FEATURE_ENVIRONMENT", "&project=default&environment=production"), ("DELETE_PROJECT", "&project=default"), ("UPDATE_FEATURE", "&project=default")] {
            let told = answer(&ask(&format!("?may={permission}{query}")).await).contains(">yes<");
            let overview = format!("/api/admin/user-admin/{id}/permissions?x=1{query}");
            let overview = server.admin().get(&overview).await.expect(200).json()["overview"].clone();
            let all = ["root", "project", "environment"].into_iter().flat_map(|level| overview[level].as_array().unwrap().clone());
            let held = all.filter(|it| it["name"] == permission).all(|it| it["hasPermission"] == true);
            assert_eq!(told, held, "{permission}");
        }
        let page = admin.get(&format!("/users/{id}")).await.expect(200).text;
        assert!(page.contains("because “Inner” is inside it"));
        server.scim().patch(&format!("/scim/Users/{ann}"), json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [{ "op": "replace", "path": "active", "value": false }] })).await.done();
        let no = answer(&ask("?may=CREATE_FEATURE&project=default").await);
        assert!(no.contains(">no<") && no.contains("Once it is reactivated"));
    }
}
