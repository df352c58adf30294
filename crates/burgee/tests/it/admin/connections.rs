//! Connections by the Admin API: made, changed, given tokens, removed.

use serde_json::{Value, json};

use crate::scim_rules::world::id_of;
use crate::support::TestServer;
use crate::support::client::Client;

const ALL: &str = "/api/admin/provisioning/connections";

/// Makes a connection that is on; its number.
async fn connection(server: &TestServer, name: &str, more: Value) -> i64 {
    let mut body = json!({ "name": name, "slug": name.to_lowercase(), "enabled": true });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    server.admin().post(ALL, body).await.expect(201).json()["id"].as_i64().unwrap()
}

/// Makes a token; whoever holds it.
async fn token(server: &TestServer, id: i64, body: Value) -> (Value, Client) {
    let made = server.admin().post(&format!("{ALL}/{id}/tokens"), body).await.expect(201).json();
    let secret = made["secret"].as_str().unwrap();
    (made.clone(), server.anonymous().with("authorization", &format!("Bearer {secret}")))
}

both! {
    async fn a_connection_is_made_changed_and_read(server) {
        let admin = server.admin();
        let body = json!({ "name": "Acme", "slug": "acme", "provider": "okta", "networks": ["10.1.2.3/8"], "rate": 50 });
        let answer = admin.post(ALL, body).await.expect(201);
        let made = answer.json();
        let path = answer.header("location").to_owned();
        assert_eq!(
            made,
            json!({
                "id": made["id"], "name": "Acme", "slug": "acme", "provider": "okta", "mode": "tolerant",
                "patchAnswer": "auto", "onMatch": "adopt", "unknownMembers": "ignore", "rate": 50,
                "networks": ["10.0.0.0/8"], "enabled": false, "paused": false, "dryRun": false, "version": 1,
                "url": "http://burgee.test/scim/c/acme", "users": 0, "groups": 0, "calledAt": null,
            })
        );
        assert_eq!(admin.get(&path).await.expect(200).json(), made);
        let change = json!({ "rate": null, "mode": "strict", "paused": true, "version": 1 });
        let changed = admin.put(&path, change.clone()).await.expect(200).json();
        assert_eq!((&changed["rate"], &changed["mode"], &changed["paused"]), (&Value::Null, &json!("strict"), &json!(true)));
        assert_eq!((&changed["name"], &changed["version"]), (&json!("Acme"), &json!(3)));
        admin.put(&path, change).await.expect(409);
        admin.put(&path, json!({ "paused": false, "dryRun": true })).await.expect(200);
        let all = admin.get(ALL).await.expect(200).json();
        let names: Vec<&Value> = all["connections"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
        assert_eq!(names, ["default", "Acme"]);
        assert_eq!(all["connections"][0]["url"], "http://burgee.test/scim");

        for (body, status, about) in [
            (json!({ "name": "", "slug": "a" }), 400, "between 1 and 100"),
            (json!({ "name": "b", "slug": "a_b" }), 400, "small letters, digits and -"),
            (json!({ "name": "b", "slug": "b", "rate": 0 }), 400, "between 1 and 10000"),
            (json!({ "name": "b", "slug": "b", "networks": ["10.0.0.0/33", "::/0", "home"] }), 400, "home"),
            (json!({ "name": "b", "slug": "b", "mode": "odd" }), 400, "tolerant"),
            (json!({ "slug": "b" }), 400, "name"),
            (json!({ "name": "Acme", "slug": "b" }), 409, "Acme"),
            (json!({ "name": "b", "slug": "acme" }), 409, "acme"),
        ] {
            let answer = admin.post(ALL, body.clone()).await.expect(status);
            assert!(answer.text.contains(about), "{body}: {}", answer.text);
        }
        admin.get(&format!("{ALL}/99")).await.expect(404);
        let (_, editor) = server.person("editor", "Editor").await;
        editor.get(ALL).await.expect(403);
        editor.post(ALL, json!({ "name": "mine", "slug": "mine" })).await.expect(403);
        editor.post(&format!("{ALL}/1/tokens"), json!({})).await.expect(403);
    }

    async fn two_tokens_work_at_a_time(server) {
        let id = connection(&server, "Acme", json!({})).await;
        let (first, one) = token(&server, id, json!({})).await;
        one.with("user-agent", "Okta SCIM Client 1.0.0").get("/scim/Users").await.expect(200);
        let (second, two) = token(&server, id, json!({ "overlap": 3600 })).await;
        for works in [&one, &two] {
            works.get("/scim/c/acme/Users").await.expect(200);
        }
        let path = format!("{ALL}/{id}/tokens");
        let listed = server.admin().get(&path).await.expect(200).json();
        let [newest, older] = listed["tokens"].as_array().unwrap().as_slice() else { panic!("{listed}") };
        assert_eq!((&newest["id"], &newest["expiresAt"]), (&second["id"], &Value::Null));
        assert_eq!(older["id"], first["id"]);
        assert!(older["expiresAt"].is_string() && older["usedAt"].is_string());
        assert_eq!(older["address"], "127.0.0.1");
        let prefix = newest["prefix"].as_str().unwrap();
        assert!(prefix.starts_with("bgs_") && prefix.len() == 12, "{prefix}");
        assert!(second["secret"].as_str().unwrap().starts_with(prefix));
        assert!(listed["tokens"][0].get("secret").is_none());

        // A third one leaves the second for a while, and the first no longer.
        let (_, three) = token(&server, id, json!({ "overlap": 60 })).await;
        one.get("/scim/Users").await.expect(401);
        two.get("/scim/Users").await.expect(200);
        three.get("/scim/Users").await.expect(200);
        server.admin().delete(&format!("{path}/{}", second["id"])).await.expect(200);
        two.get("/scim/Users").await.expect(401);
        server.admin().delete(&format!("{path}/{}", second["id"])).await.expect(404);
        let (_, four) = token(&server, id, json!({ "expiresAt": "2999-01-01T00:00:00Z" })).await;
        three.get("/scim/Users").await.expect(401);
        four.get("/scim/Users").await.expect(200);
        server.admin().post(&path, json!({ "expiresAt": "2020-01-01T00:00:00Z" })).await.expect(400);

        // What is used is written, and known after that, too.
        four.with("user-agent", "Okta SCIM Client 1.0.0").get("/scim/Users").await.expect(200);
        server.app.token_uses.write(&server.app.db).await.unwrap();
        let listed = server.admin().get(&path).await.expect(200).json();
        let used = &listed["tokens"][0];
        assert!(used["usedAt"].is_string(), "{listed}");
        assert_eq!((&used["address"], &used["agent"]), (&json!("127.0.0.1"), &json!("Okta SCIM Client 1.0.0")));

        // When its time is over, a token opens nothing.
        server.rows(&format!("UPDATE scim_tokens SET expires_at = 1 WHERE connection_id = {id}")).await;
        four.get("/scim/Users").await.expect(401);
    }

    async fn a_token_may_come_from_elsewhere_and_unleash_goes_on(server) {
        let id = connection(&server, "Acme", json!({})).await;
        let path = format!("{ALL}/{id}/tokens");
        let hex = "0123456789abcdef".repeat(4);
        let imported = server.admin().post(&path, json!({ "secret": hex })).await.expect(201).json();
        assert_eq!((&imported["secret"], &imported["origin"]), (&Value::Null, &json!("imported")));
        let holder = server.anonymous().with("authorization", &hex);
        holder.get("/scim/c/acme/Users").await.expect(200);
        for bad in ["short", "sixteen with space", "ünlicode-token-ünlicode"] {
            server.admin().post(&path, json!({ "secret": bad })).await.expect(400);
        }
        let other = connection(&server, "Other", json!({})).await;
        let answer = server.admin().post(&format!("{ALL}/{other}/tokens"), json!({ "secret": hex })).await;
        assert!(answer.expect(409).text.contains("already"));
        // By way of one connection, nobody gets at the token of another.
        server.admin().delete(&format!("{ALL}/{other}/tokens/{}", imported["id"])).await.expect(404);

        // Unleash's endpoint makes a token for the default connection, and ends the earlier ones of that one alone.
        let made = server.admin().post("/api/admin/scim-settings/generate-new-token", json!({})).await.expect(200).json();
        let secret = made["token"].as_str().unwrap();
        assert!(secret.len() == 64 && secret.chars().all(|c| c.is_ascii_hexdigit()), "{secret}");
        server.scim().get("/scim/Users").await.expect(401);
        holder.get("/scim/Users").await.expect(200);
        let default = server.anonymous().with("authorization", &format!("Bearer {secret}"));
        default.get("/scim/Users").await.expect(200);

        // No secret is in the log, nor in the database.
        let events = server.admin().get("/api/admin/search/events?limit=1000").await.expect(200).text;
        for hidden in [hex.as_str(), secret] {
            assert!(!events.contains(hidden));
            let stored = server.rows("SELECT digest, prefix FROM scim_tokens").await;
            assert!(!stored.iter().flatten().flatten().any(|text| text == hidden));
        }
        for kind in ["scim-token-created", "scim-connection-created"] {
            assert!(!server.events(kind).await.is_empty(), "{kind}");
        }
    }

    async fn what_becomes_of_its_people_is_said(server) {
        for (fate, active) in [("release", true), ("deactivate", false)] {
            let id = connection(&server, fate, json!({})).await;
            let (_, idp) = token(&server, id, json!({})).await;
            let name = format!("{fate}@acme.test");
            let user = id_of(&idp.post("/scim/Users", json!({ "userName": name })).await.expect(201).json());
            let group = json!({ "displayName": fate, "members": [{ "value": user }] });
            idp.post("/scim/Groups", group).await.expect(201);
            let path = format!("{ALL}/{id}");
            let answer = server.admin().delete(&path).await.expect(400);
            assert!(answer.text.contains("people=release"), "{}", answer.text);
            server.admin().delete(&format!("{path}?people={fate}")).await.expect(200);
            idp.get("/scim/Users").await.expect(401);
            server.admin().get(&path).await.expect(404);
            let sql = format!("SELECT active, (SELECT COUNT(*) FROM scim_users s WHERE s.user_id = u.id), (SELECT COUNT(*) FROM group_users m WHERE m.user_id = u.id) FROM users u WHERE username = '{name}'");
            let row: Vec<String> = server.rows(&sql).await.remove(0).into_iter().flatten().collect();
            assert_eq!(matches!(row[0].as_str(), "1" | "t"), active, "{row:?}");
            assert_eq!(row[1..], ["0", "1"]);
            let event = &server.events("scim-connection-deleted").await[0];
            assert_eq!(event["preData"]["people"], json!({ "count": 1, "became": fate }));
            // By hand from now on.
            let path = format!("/api/admin/user-admin/{}", server.number(&name).await);
            server.admin().put(&path, json!({ "name": "By hand" })).await.expect(200);
        }
        server.admin().delete(&format!("{ALL}/1?people=release")).await.expect(403);
    }

    /// The only admin came by the connection: neither fate leaves nobody.
    async fn removing_a_connection_leaves_an_admin(server) {
        let id = connection(&server, "Acme", json!({})).await;
        let (_, idp) = token(&server, id, json!({})).await;
        idp.post("/scim/Users", json!({ "userName": "admin" })).await.expect(201);
        server.admin().delete(&format!("{ALL}/{id}?people=deactivate")).await.expect(200);
        let admin = server.sign_in("admin", crate::support::server::PASSWORD).await;
        assert!(crate::scim_rules::world::administers(&admin).await);
        assert_eq!(server.events("admin-retention-enforced").await.len(), 1);
    }
}
