//! Requests that overlap by construction: the test holds a lock that the first one needs, so that it stops with its
//! work half done; the second begins; then the lock is released. On PostgreSQL, because SQLite has one writer.

use std::pin::Pin;

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::sync::Notify;

use crate::support::TestServer;
use crate::support::client::{Answer, Client};
use crate::support::server::PASSWORD;

/// What every change needs just before it commits.
const COMMITS: &str = "SELECT pg_advisory_xact_lock(4242001)";
const NEW_PASSWORD: &str = "N3w-password!";

/// Waits until so many transactions wait for a lock.
async fn waiting(server: &TestServer, count: usize) {
    let sql =
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while server.rows(sql).await.len() < count {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

/// What two requests get when the first has to wait for what `lock` locks, and the second comes meanwhile. It either
/// waits too, or is answered.
fn overlap<'a>(
    server: &'a TestServer,
    lock: &'a str,
    first: impl Future<Output = Answer> + 'a,
    second: impl Future<Output = Answer> + 'a,
) -> Pin<Box<dyn Future<Output = (Answer, Answer)> + 'a>> {
    Box::pin(async move {
        let mut gate = PgConnection::connect(&server.app.config.database().unwrap()).await.unwrap();
        let mut held = gate.begin().await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(lock.to_owned())).execute(&mut *held).await.unwrap();
        let answered = Notify::new();
        let second = async {
            waiting(server, 1).await;
            let answer = second.await;
            answered.notify_one();
            answer
        };
        let release = async {
            tokio::select! {
                () = waiting(server, 2) => {}
                () = answered.notified() => {}
            }
            held.rollback().await.unwrap();
        };
        let (first, second, ()) = tokio::join!(first, second, release);
        (first, second)
    })
}

async fn sign_in(client: &Client, password: &str) -> Answer {
    client.post("/auth/simple/login", json!({ "username": "ann", "password": password })).await
}

async fn sessions(server: &TestServer, user: i64) -> usize {
    server.rows(&format!("SELECT digest FROM sessions WHERE user_id = {user}")).await.len()
}

#[tokio::test]
async fn the_old_password_opens_nothing_while_it_is_changed() {
    let server = TestServer::postgres().await;
    let (ann, _) = server.person("ann", "Viewer").await;
    let (admin, anonymous) = (server.admin(), server.anonymous());
    let path = format!("/api/admin/user-admin/{ann}/change-password");
    let change = admin.post(&path, json!({ "password": NEW_PASSWORD }));
    let (changed, signed_in) = overlap(&server, COMMITS, change, sign_in(&anonymous, PASSWORD)).await;
    assert_eq!((changed.status, signed_in.status), (200, 401), "{}", signed_in.text);
    assert_eq!(sessions(&server, ann).await, 0);
    sign_in(&anonymous, NEW_PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_sign_in_that_has_begun_ends_when_the_password_is_changed() {
    let server = TestServer::postgres().await;
    let (ann, _) = server.person("ann", "Viewer").await;
    let (admin, anonymous) = (server.admin(), server.anonymous());
    // One more session, and the oldest has to go: that is where the sign-in stops.
    for _ in 0..4 {
        sign_in(&anonymous, PASSWORD).await.expect(200);
    }
    let lock = format!("SELECT digest FROM sessions WHERE user_id = {ann} FOR UPDATE");
    let path = format!("/api/admin/user-admin/{ann}/change-password");
    let change = admin.post(&path, json!({ "password": NEW_PASSWORD }));
    let (signed_in, changed) = overlap(&server, &lock, sign_in(&anonymous, PASSWORD), change).await;
    assert_eq!((signed_in.status, changed.status), (200, 200));
    assert_eq!(sessions(&server, ann).await, 0, "the password was changed after that");
}

#[tokio::test]
async fn nobody_signs_in_while_they_are_deactivated() {
    let server = TestServer::postgres().await;
    let (ann, _) = server.person("ann", "Viewer").await;
    let path = format!("/scim/Users/{}", server.push_user(json!({ "userName": "ann" })).await);
    let deactivate = server.patch(&path, json!([{ "op": "replace", "path": "active", "value": false }]));
    let anonymous = server.anonymous();
    let (gone, signed_in) = overlap(&server, COMMITS, deactivate, sign_in(&anonymous, PASSWORD)).await;
    assert_eq!((gone.status, signed_in.status), (200, 401), "{}", signed_in.text);
    assert_eq!(sessions(&server, ann).await, 0);
}

#[tokio::test]
async fn two_administrators_change_one_user_and_both_changes_stay() {
    let server = TestServer::postgres().await;
    let (ann, _) = server.person("ann", "Viewer").await;
    let (admin, path) = (server.admin(), format!("/api/admin/user-admin/{ann}"));
    let (name, mail) = (json!({ "name": "Ann" }), json!({ "email": "ann@x.io" }));
    let (first, second) = overlap(&server, COMMITS, admin.put(&path, name), admin.put(&path, mail)).await;
    assert_eq!((first.status, second.status), (200, 200));
    let found = admin.get(&path).await.expect(200).json();
    assert_eq!((&found["name"], &found["email"]), (&json!("Ann"), &json!("ann@x.io")));
}

#[tokio::test]
async fn two_administrators_change_one_group_and_each_sees_what_the_other_did() {
    let server = TestServer::postgres().await;
    let admin = server.admin();
    let group = |text: &str| json!({ "name": "Crew", "description": text });
    admin.post("/api/admin/groups", group("at first")).await.expect(201);
    let path = format!("/api/admin/groups/{}", server.group_number("Crew").await);
    let (one, two) = (admin.put(&path, group("one")), admin.put(&path, group("two")));
    let (first, second) = overlap(&server, COMMITS, one, two).await;
    assert_eq!((first.status, second.status), (200, 200));
    let states: Vec<(Value, Value)> = server
        .events("group-updated")
        .await
        .iter()
        .map(|event| (event["preData"]["description"].clone(), event["data"]["description"].clone()))
        .collect();
    assert_eq!(states, [(json!("one"), json!("two")), (json!("at first"), json!("one"))]);
}

#[tokio::test]
async fn an_identity_provider_sends_two_changes_of_one_resource_and_both_stay() {
    let server = TestServer::postgres().await;
    let user = format!("/scim/Users/{}", server.push_user(json!({ "userName": "ann" })).await);
    let group = format!("/scim/Groups/{}", server.push_group("Crew", &[]).await);
    for (path, one, two) in [(user, "nickName", "title"), (group, "externalId", "displayName")] {
        let change = |attribute: &str| {
            let (server, path) = (&server, path.as_str());
            let operations = json!([{ "op": "replace", "path": attribute, "value": "new" }]);
            async move { server.patch(path, operations).await }
        };
        let (first, second) = overlap(&server, COMMITS, change(one), change(two)).await;
        assert_eq!((first.status, second.status), (200, 200), "{path}");
        let found = server.scim().get(&path).await.expect(200);
        assert_eq!((&found.json()[one], &found.json()[two]), (&json!("new"), &json!("new")), "{path}");
        assert_eq!(found.header("etag"), "W/\"3\"", "one version for each change");
    }
}

#[tokio::test]
async fn roles_of_newcomers_count_who_come_while_that_is_switched_on() {
    let server = TestServer::postgres().await;
    let (admin, scim) = (server.admin(), server.scim());
    let roles = "/api/admin/provisioning/connections/1/roles";
    let heed = |heed: bool| admin.put(roles, json!({ "heedsRoles": heed }));
    let make =
        |name: &str| scim.post("/scim/Users", json!({ "userName": name, "roles": [{ "value": "Editor" }] }));
    let (made, switched) = overlap(&server, COMMITS, make("ann"), heed(true)).await;
    assert_eq!((made.status, switched.status), (201, 200), "{}", switched.text);
    let said = async || {
        let sql = "SELECT u.username FROM scim_said s JOIN users u ON u.id = s.user_id ORDER BY u.username";
        server.rows(sql).await.into_iter().flatten().flatten().collect::<Vec<_>>()
    };
    assert_eq!(said().await, ["ann"]);
    heed(false).await.expect(200);
    assert!(said().await.is_empty());
    let (switched, made) = overlap(&server, COMMITS, heed(true), make("ben")).await;
    assert_eq!((switched.status, made.status), (200, 201), "{}", made.text);
    assert_eq!(said().await, ["ann", "ben"]);
}

#[tokio::test]
async fn a_call_whose_client_hangs_up_is_done_and_stands_in_the_journal() {
    let server = TestServer::postgres().await;
    let mut gate = PgConnection::connect(&server.app.config.database().unwrap()).await.unwrap();
    let mut held = gate.begin().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(COMMITS)).execute(&mut *held).await.unwrap();
    let scim = server.scim();
    tokio::select! {
        answer = scim.post("/scim/Users", json!({ "userName": "ann" })) => panic!("answered: {}", answer.text),
        () = waiting(&server, 1) => {}
    }
    // The server sees that nobody listens any more.
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    held.rollback().await.unwrap();
    loop {
        server.app.journal.write(&server.app.db, &server.app.journal_rules()).await.unwrap();
        let calls = server.rows("SELECT meaning FROM scim_calls").await;
        if let Some(call) = calls.first() {
            assert_eq!(call, &[Some("Created “ann”".to_owned())]);
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let users = server.rows("SELECT username FROM users WHERE username = 'ann'").await;
    assert_eq!(users.len(), 1);
}

#[tokio::test]
async fn nothing_begins_to_depend_on_a_flag_while_it_is_archived() {
    let server = TestServer::postgres().await;
    let (admin, flags) = (server.admin(), "/api/admin/projects/default/features");
    for name in ["parent", "child"] {
        admin.post(flags, json!({ "name": name })).await.expect(201);
    }
    let (parent, child) = (format!("{flags}/parent"), format!("{flags}/child/dependencies"));
    let depend = || admin.post(&child, json!({ "feature": "parent" }));
    let (archived, added) = overlap(&server, COMMITS, admin.delete(&parent), depend()).await;
    assert_eq!((archived.status, added.status), (202, 403), "{}", added.text);

    admin.post("/api/admin/archive/revive/parent", json!({})).await.expect(200);
    let (added, archived) = overlap(&server, COMMITS, depend(), admin.delete(&parent)).await;
    assert_eq!((added.status, archived.status), (200, 403), "{}", archived.text);
}

#[tokio::test]
async fn two_people_patch_one_flag_and_both_changes_stay() {
    let server = TestServer::postgres().await;
    let (admin, flags) = (server.admin(), "/api/admin/projects/default/features");
    admin.post(flags, json!({ "name": "a" })).await.expect(201);
    let path = format!("{flags}/a");
    let set = |path: &str, value: Value| json!([{ "op": "add", "path": path, "value": value }]);
    let (text, kind) = (set("/description", json!("new")), set("/type", json!("experiment")));
    let (first, second) = overlap(&server, COMMITS, admin.patch(&path, text), admin.patch(&path, kind)).await;
    assert_eq!((first.status, second.status), (200, 200));
    let found = admin.get(&path).await.expect(200).json();
    assert_eq!((&found["description"], &found["type"]), (&json!("new"), &json!("experiment")));
}
