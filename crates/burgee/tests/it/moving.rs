//! Moving in from Unleash: the identity provider goes on with the ids and the token that it has.

use serde_json::{Value, json};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};

use crate::program::burgee;
use crate::scim::signals::{fetcher, kinds, waiting};
use crate::support::TestServer;
use crate::support::postgres::Scratch;
use crate::support::server::PASSWORD;

const TOKEN: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const ANN: &str = "01HTM9C1QZ8E0V3B2N4K5R6S7T";
const BOB: &str = "01HTM9C1QZ8E0V3B2N4K5R6S7V";
const PILOTS: &str = "01HTMB00000000000000000000";
const OBJECT: &str = "6b1f3c0e-8e1a-4d0b-9a53-2f7c7f1d9a11";

/// The tables as far as the reference describes them.
const TABLES: &str = "
    CREATE TABLE roles (id SERIAL PRIMARY KEY, name TEXT NOT NULL, description TEXT,
        type TEXT NOT NULL DEFAULT 'custom', created_at TIMESTAMPTZ DEFAULT now(), UNIQUE (type, name));
    CREATE TABLE users (id SERIAL PRIMARY KEY, name VARCHAR(255), username VARCHAR(255) UNIQUE,
        email VARCHAR(255) UNIQUE, password_hash VARCHAR(255), created_at TIMESTAMP DEFAULT now(),
        deleted_at TIMESTAMPTZ, is_service BOOLEAN DEFAULT FALSE, is_system BOOLEAN NOT NULL DEFAULT FALSE,
        scim_id TEXT, scim_external_id TEXT);
    CREATE TABLE role_user (role_id INTEGER NOT NULL, user_id INTEGER NOT NULL, project VARCHAR(255) NOT NULL,
        PRIMARY KEY (role_id, user_id, project));
    CREATE TABLE groups (id SERIAL PRIMARY KEY, name TEXT NOT NULL, description TEXT, created_by TEXT,
        created_at TIMESTAMPTZ NOT NULL DEFAULT now(), mappings_sso JSONB DEFAULT '[]', root_role_id INTEGER,
        scim_id TEXT, scim_external_id TEXT);
    CREATE TABLE group_user (group_id INTEGER NOT NULL, user_id INTEGER NOT NULL, PRIMARY KEY (group_id, user_id));
    CREATE TABLE group_role (group_id INTEGER NOT NULL, role_id INTEGER NOT NULL, project TEXT NOT NULL,
        PRIMARY KEY (group_id, role_id, project));
    CREATE TABLE settings (name VARCHAR(255) PRIMARY KEY, content JSON);
    INSERT INTO settings VALUES ('scim', '{\"enabled\": true}');
    INSERT INTO roles (id, name, type) VALUES (1, 'Admin', 'root'), (2, 'Editor', 'root'), (3, 'Viewer', 'root'),
        (4, 'Owner', 'project'), (5, 'Member', 'project'), (7, 'Release manager', 'root-custom'), (8, 'Tester', 'custom');";

async fn unleash() -> (Scratch, PgConnection) {
    let scratch = Scratch::empty().await;
    let mut database = PgConnection::connect(&scratch.url()).await.unwrap();
    let hash = bcrypt::hash(PASSWORD, 4).unwrap();
    let rows = format!(
        "INSERT INTO users (id, name, username, email, password_hash, created_at, scim_id, scim_external_id) VALUES
            (1, 'Admin', 'admin', NULL, '{hash}', '2024-01-01 00:00:00', NULL, NULL),
            (2, 'Ann Lee', 'ann@x.io', 'ann@x.io', NULL, '2024-02-01 10:00:00.5', '{ANN}', '00uann'),
            (3, 'Bob Ray', NULL, 'bob@x.io', NULL, '2024-02-02', '{BOB}', '{OBJECT}'),
            (4, 'Carl', 'carl', 'carl@x.io', '{hash}', '2024-02-03', NULL, NULL),
            (7, 'Dora', 'dora', NULL, 'scrypt$1', '2024-02-04', NULL, NULL);
         INSERT INTO users (id, name, username, is_service) VALUES (5, 'ci', 'service-ci', TRUE);
         INSERT INTO users (id, name, deleted_at) VALUES (6, 'Gone(Deleted)', now());
         INSERT INTO users (id, name, username, is_system) VALUES (-1337, 'System', 'unleash_system_user', TRUE);
         INSERT INTO role_user VALUES (1, 1, 'default'), (2, 2, 'default'), (3, 3, 'default'), (7, 4, 'default'),
            (3, 7, 'default'), (5, 4, 'default'), (4, 4, 'checkout');
         INSERT INTO groups (id, name, description, mappings_sso, root_role_id, scim_id, scim_external_id) VALUES
            (1, 'Pilots', 'try it first', '[\"pilots\"]', 2, '{PILOTS}', '00gpilots'),
            (2, 'By hand', NULL, '[]', NULL, NULL, NULL);
         INSERT INTO group_user VALUES (1, 2), (1, 6), (2, 2), (2, 4);
         INSERT INTO group_role VALUES (1, 5, 'default'), (2, 8, 'default');"
    );
    run(&mut database, TABLES).await;
    run(&mut database, &rows).await;
    (scratch, database)
}

async fn run(database: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(database).await.unwrap();
}

async fn import(server: &TestServer, from: &Scratch, more: &[&str]) -> (bool, String) {
    let (to, from) = (server.app.config.database().unwrap(), from.url());
    let words = ["scim", "import", "--from", &from, "--database-url", &to, "--token", TOKEN];
    let output = burgee(&[&words[..], more].concat()).await;
    let text = String::from_utf8(output.stdout).unwrap() + std::str::from_utf8(&output.stderr).unwrap();
    (output.status.success(), text)
}

/// What was told, with single blanks.
fn lines(told: &str) -> Vec<String> {
    told.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

async fn last_event(server: &TestServer) -> Value {
    let events = server.admin().get("/api/admin/search/events?limit=1").await.expect(200).json();
    events["events"][0]["id"].clone()
}

both! {
    async fn an_identity_provider_goes_on_where_it_was(server) {
        let (from, mut database) = unleash().await;
        let users = async || {
            let listed = server.admin().get("/api/admin/user-admin").await.expect(200).json();
            listed["users"].as_array().unwrap().clone()
        };
        // Under a connection of its own, which nobody gets in by yet.
        let acme = json!({ "name": "Acme", "slug": "acme" });
        let acme = server.admin().post("/api/admin/provisioning/connections", acme).await.expect(201).json()["id"].as_i64().unwrap();
        let (_, listener) = fetcher(&server, "listener", Some(acme), &["feed:add", "feed:remove"]).await;
        let (_, stranger) = fetcher(&server, "stranger", Some(1), &["feed:add"]).await;
        let before = last_event(&server).await;
        let (good, told) = import(&server, &from, &["--connection", "nowhere"]).await;
        assert!(!good && told.contains("there is no connection \"nowhere\"; there are: default, acme"), "{told}");
        let (good, told) = import(&server, &from, &["--dry-run"]).await;
        assert!(good && told.ends_with("Nothing was changed.\n"), "{told}");
        let own = ["--connection", "acme"];
        let (good, told) = import(&server, &from, &["--connection", "acme", "--dry-run", "--enable"]).await;
        assert!(good && told.ends_with("Nothing was changed.\n"), "{told}");
        assert_eq!((users().await.len(), last_event(&server).await), (1, before));

        let (good, told) = import(&server, &from, &own).await;
        assert!(good, "{told}");
        assert_eq!(lines(&told), [
            "taken over here already left out",
            "users 4 1 2",
            "of identity providers 2 0 0",
            "passwords 1 0 1",
            "groups 2 0 0",
            "memberships 3 0 1",
            "roles in projects 2 0 2",
            "token 1 0 0",
            "Viewers, since there is no root role \"Release manager\": carl@x.io",
            "deleted in Unleash: Gone(Deleted)",
            "no password, since it was not hashed with bcrypt: dora",
            "project roles that are not here: Tester",
            "projects that are not here: checkout",
            "service accounts, which need new tokens anyway: service-ci",
            "Done.",
            "The identity provider gets in when the connection is switched on, or with --enable.",
        ]);
        let listed = users().await;
        let user = |name: &str| {
            let found = listed.iter().find(|user| user["email"] == name || user["username"] == name);
            found.unwrap_or_else(|| panic!("{name} is not in {listed:?}")).clone()
        };
        assert_eq!((&user("ann@x.io")["scimId"], &user("ann@x.io")["rootRole"]), (&json!(ANN), &json!(2)));
        assert_eq!(user("ann@x.io")["createdAt"], "2024-02-01T10:00:00.500Z");
        assert_eq!((&user("carl")["scimId"], &user("carl")["rootRole"]), (&Value::Null, &json!(3)));
        server.sign_in("carl", PASSWORD).await.get("/api/admin/user").await.expect(200);
        let access = server.admin().get("/api/admin/projects/default/access").await.expect(200).json();
        let named = |list: &str| access[list].as_array().unwrap().iter().map(|it| it["name"].clone()).collect::<Vec<_>>();
        assert_eq!((named("users"), named("groups")), (vec![json!("Carl")], vec![json!("Pilots")]));

        // Twice is once; elsewhere it is in the way; and then the identity provider is let in.
        let okta = server.anonymous().with("authorization", &format!("Bearer {TOKEN}"));
        okta.get("/scim/v2/Users").await.expect(401);
        let before = last_event(&server).await;
        let (good, told) = import(&server, &from, &own).await;
        assert!(good && told.contains("There was nothing to take over.\nThe identity provider gets in when"), "{told}");
        let (good, told) = import(&server, &from, &["--enable"]).await;
        assert!(!good && told.contains("conflict: user ann@x.io: another connection has the identity provider's id\n"), "{told}");
        assert_eq!(last_event(&server).await, before);
        let (good, told) = import(&server, &from, &["--connection", "acme", "--enable"]).await;
        assert!(good && told.ends_with("Done.\n"), "{told}");

        // Okta, with the token and the ids that it has.
        let okta = okta.with("user-agent", "Okta SCIM Client 1.0.0");
        let found = okta.get("/scim/v2/Users?filter=userName%20eq%20%22ann@x.io%22&startIndex=1&count=100").await;
        let found = found.expect(200).json()["Resources"][0].clone();
        assert_eq!((&found["id"], &found["externalId"]), (&json!(ANN), &json!("00uann")));
        assert_eq!(found["groups"][0]["value"], PILOTS);
        let mut ann = found;
        ann["title"] = json!("Pilot");
        okta.put(&format!("/scim/v2/Users/{ANN}"), ann).await.expect(200);
        let groups = okta.get("/scim/v2/Groups?filter=displayName%20eq%20%22Pilots%22").await.expect(200).json();
        assert_eq!((&groups["Resources"][0]["id"], &groups["Resources"][0]["externalId"]),
            (&json!(PILOTS), &json!("00gpilots")));
        let change = |operations: Value| json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations
        });
        let members = change(json!([
            { "op": "remove", "path": format!("members[value eq \"{ANN}\"]") },
            { "op": "add", "path": "members", "value": [{ "value": BOB }] }
        ]));
        okta.patch(&format!("/scim/v2/Groups/{PILOTS}"), members).await.done();

        // Entra.
        let entra = server.anonymous().with("authorization", &format!("Bearer {TOKEN}"));
        let path = format!("/scim/Users?filter=externalId%20eq%20%22{OBJECT}%22");
        assert_eq!(entra.get(&path).await.expect(200).json()["Resources"][0]["id"], BOB);
        let renamed = change(json!([{ "op": "Replace", "path": "displayName", "value": "Robert Ray" }]));
        entra.patch(&format!("/scim/Users/{BOB}"), renamed).await.done();
        let left = change(json!([{ "op": "Replace", "path": "active", "value": "False" }]));
        entra.patch(&format!("/scim/Users/{BOB}"), left).await.done();
        assert!(users().await.iter().all(|user| user["email"] != "bob@x.io"), "deactivated people are not listed");

        // What changed since stays as it is.
        let (good, told) = import(&server, &from, &own).await;
        assert!(good && told.ends_with("There was nothing to take over.\n"), "{told}");
        let pilots = okta.get(&format!("/scim/v2/Groups/{PILOTS}")).await.expect(200).json();
        assert_eq!((&pilots["members"][0]["value"], pilots["members"].as_array().unwrap().len()), (&json!(BOB), 1));

        // Whoever comes later is brought in, unless somebody is in the way: then nobody is.
        run(&mut database, "INSERT INTO users (id, email, created_at) VALUES (8, 'zoe@x.io', '2024-03-01'), (9, 'eve@x.io', '2024-03-02');
            INSERT INTO group_user VALUES (1, 8)").await;
        let eve = json!({ "email": "Eve@x.io", "rootRole": 3, "sendEmail": false });
        let eve = server.admin().post("/api/admin/user-admin", eve).await.expect(201).json()["id"].clone();
        let (good, told) = import(&server, &from, &own).await;
        let conflict = format!(
            "conflict: user eve@x.io: the user name or e-mail address belongs to an account that is here already, number {eve}\n"
        );
        assert!(!good && told.contains(&conflict) && told.contains("Nothing was changed"), "{told}");
        assert!(users().await.iter().all(|user| user["email"] != "zoe@x.io"));
        run(&mut database, "DELETE FROM users WHERE id = 9").await;
        let (good, told) = import(&server, &from, &own).await;
        assert!(good && lines(&told)[1] == "users 1 5 2" && lines(&told)[5] == "memberships 1 2 2", "{told}");
        assert!(told.contains("groups which some are not in who were here already: Pilots\n"), "{told}");
        let groups = server.admin().get("/api/admin/groups").await.expect(200).json();
        let pilots = groups["groups"].as_array().unwrap().iter().find(|group| group["scimId"] == PILOTS).unwrap();
        let pilots = server.admin().get(&format!("/api/admin/groups/{}", pilots["id"])).await.expect(200).json();
        assert_eq!(pilots["users"].as_array().unwrap().len(), 2, "{pilots}");

        // What is removed here does not come back.
        let carl = server.number("carl").await;
        server.admin().delete(&format!("/api/admin/user-admin/{carl}")).await.expect(200);
        let hand = server.group_number("By hand").await;
        server.admin().delete(&format!("/api/admin/groups/{hand}")).await.expect(200);
        let (good, told) = import(&server, &from, &own).await;
        assert!(good && told.ends_with("There was nothing to take over.\n"), "{told}");
        assert_eq!((lines(&told)[1].as_str(), lines(&told)[4].as_str()), ("users 0 5 3", "groups 0 1 1"), "{told}");
        assert!(told.contains("removed here since: carl@x.io, By hand\n"), "{told}");
        // Receivers of the connection hear who came with the identity provider: two people and a group.
        let heard = waiting(&server, &listener).await;
        assert!(heard.iter().all(|it| kinds(it) == ["feed:add"]), "{heard:?}");
        let about: Vec<&Value> = heard.iter().map(|it| &it["sub_id"]).collect();
        assert_eq!(about, [
            &json!({ "format": "scim", "uri": format!("/Users/{ANN}"), "externalId": "00uann" }),
            &json!({ "format": "scim", "uri": format!("/Users/{BOB}"), "externalId": OBJECT }),
            &json!({ "format": "scim", "uri": format!("/Groups/{PILOTS}"), "externalId": "00gpilots" }),
        ]);
        assert!(waiting(&server, &stranger).await.is_empty());

        run(&mut database, "DROP TABLE settings").await;
        let (good, told) = import(&server, &from, &own).await;
        assert!(!good && told.contains("this is no database of Unleash 6.1 or later"), "{told}");
    }
}
