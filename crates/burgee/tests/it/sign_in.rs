//! Signing in and out.

use burgee::access::{Administer, Granted, Root};
use burgee::events::{Event, Fact};
use burgee::people::password;
use serde_json::json;

use crate::support::TestServer;
use crate::support::postgres::Scratch;
use crate::support::server::{PASSWORD, config};

both! {
    async fn the_first_admin_signs_in_and_out(server) {
        let admin = server.sign_in("admin", PASSWORD).await;
        admin.get("/api/admin/user-admin").await.expect(200);
        admin.post("/logout", json!({})).await.expect(302);
        let refused = admin.get("/api/admin/user-admin").await.expect(401).json();
        assert_eq!(refused["name"], "AuthenticationRequired");
        assert_eq!(refused["path"], "/auth/simple/login");
    }

    async fn every_mistake_gets_the_same_answer(server) {
        let anonymous = server.anonymous();
        let wrong = anonymous.post("/auth/simple/login", json!({"username": "admin", "password": "x"})).await.expect(401);
        let nobody = anonymous.post("/auth/simple/login", json!({"username": "nobody", "password": "x"})).await.expect(401);
        assert_eq!(wrong.json()["name"], "PasswordMismatch");
        assert_eq!(wrong.json()["message"], nobody.json()["message"]);
    }

    async fn bad_input_is_named(server) {
        let answer = server.anonymous().post("/auth/simple/login", json!({"username": 7})).await.expect(400).json();
        let messages: Vec<&str> = answer["details"].as_array().unwrap().iter().map(|d| d["message"].as_str().unwrap()).collect();
        assert!(messages.contains(&"The `/body/password` property is required. It was not present on the data you sent."), "{messages:?}");
        assert!(messages.contains(&"The `/body/username` property must be string. You sent 7."), "{messages:?}");
        let text = server.anonymous().send(reqwest::Method::POST, "/auth/simple/login", Some("{".into()), "text/plain").await;
        assert_eq!(text.expect(415).json()["name"], "ContentTypeError");
    }

    async fn an_imported_bcrypt_password_works_and_is_hashed_anew(server) {
        let (id, _) = server.person("old", "Viewer").await;
        let imported = bcrypt::hash("Imp0rted-password", 4).unwrap();
        let grant = Granted::<Administer>::system("import", Root);
        let now = server.app.clock.now();
        let mut tx = server.app.db.change(&grant, now).await.unwrap();
        password::set(&mut tx, id, &imported, None).await.unwrap();
        tx.record(Event::bare(Fact::UserUpdated));
        tx.commit().await.unwrap();
        server.sign_in("old", "Imp0rted-password").await;
        let mut tx = server.app.db.read().await.unwrap();
        let stored: (String,) = tx.one(burgee::sql!("SELECT password_hash FROM users WHERE id = $1", id)).await.unwrap();
        assert!(stored.0.starts_with("$argon2id$"));
        server.sign_in("old", "Imp0rted-password").await;
    }

    async fn a_reset_link_works_once(server) {
        server.person("ann", "Viewer").await;
        let link = server.admin().post("/api/admin/user-admin/reset-password", json!({"id": "ann"})).await.expect(200).json();
        let recorded = server.admin().get("/api/admin/search/events?type=IS:user-reset-link-created").await.expect(200).json();
        assert_eq!((&recorded["total"], &recorded["events"][0]["data"]["username"]), (&json!(1), &json!("ann")));
        let token = link["resetPasswordUrl"].as_str().unwrap().split_once("token=").unwrap().1.to_owned();
        let anonymous = server.anonymous();
        let whose = anonymous.get(&format!("/auth/reset/validate?token={token}")).await.expect(200).json();
        assert_eq!(whose["role"]["name"], "Viewer");
        let weak = anonymous.post("/auth/reset/password", json!({"token": token, "password": "weak"})).await.expect(400).json();
        assert_eq!(weak["name"], "OwaspValidationError");
        let same = anonymous.post("/auth/reset/password", json!({"token": token, "password": PASSWORD})).await.expect(400).json();
        assert_eq!(same["name"], "PasswordPreviouslyUsedError");
        anonymous.post("/auth/reset/password", json!({"token": token, "password": "N3w-password!"})).await.expect(200);
        anonymous.post("/auth/reset/password", json!({"token": token, "password": "An0ther-one!"})).await.expect(403);
        anonymous.get("/auth/reset/validate?token=unknown").await.expect(401);
        server.sign_in("ann", "N3w-password!").await;
    }
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let server = TestServer::sqlite_with(&["--simple-login-limit-per-minute", "3"]).await;
    let anonymous = server.anonymous();
    for _ in 0..3 {
        anonymous.post("/auth/simple/login", json!({"username": "admin", "password": "x"})).await.expect(401);
    }
    let slowed = anonymous
        .post("/auth/simple/login", json!({"username": "admin", "password": PASSWORD}))
        .await
        .expect(429);
    assert!(slowed.header("retry-after").parse::<u64>().unwrap() > 0);
}

#[tokio::test]
async fn guessing_does_not_hold_up_the_person() {
    let server = TestServer::sqlite_with(&["--simple-login-limit-per-minute", "3", "--trust-proxy"]).await;
    let body = |password: &str| json!({"username": "admin", "password": password});
    let guesser = server.anonymous().with("x-forwarded-for", "203.0.113.7");
    for status in [401, 401, 401, 429, 429, 429] {
        guesser.post("/auth/simple/login", body("x")).await.expect(status);
    }
    let person = server.anonymous().with("x-forwarded-for", "198.51.100.1");
    person.post("/auth/simple/login", body(PASSWORD)).await.expect(200);
}

#[tokio::test]
async fn who_must_sign_in_is_told_where_under_the_base_path() {
    let server = TestServer::sqlite_with(&["--base-uri-path", "/flags"]).await;
    let refused = server.anonymous().get("/flags/api/admin/user").await.expect(401).json();
    assert_eq!(refused["path"], "/flags/auth/simple/login");
    let message = refused["message"].as_str().unwrap();
    assert!(message.ends_with("Try logging in at /flags/auth/simple/login"), "{message}");
    let login = json!({"username": "admin", "password": PASSWORD});
    server.anonymous().post("/flags/auth/simple/login", login).await.expect(200);
}

#[tokio::test]
async fn a_foreign_page_cannot_write_with_our_cookie() {
    let server = TestServer::sqlite().await;
    let admin = server.sign_in("admin", PASSWORD).await.with("sec-fetch-site", "cross-site");
    admin.post("/api/admin/user-admin", json!({"username": "x", "rootRole": 3})).await.expect(401);
    admin.get("/api/admin/user-admin").await.expect(200);
}

#[tokio::test]
async fn several_nodes_start_on_one_empty_database() {
    use burgee::app::App;
    use burgee::clock::Clock;
    use burgee::entropy::Entropy;
    let scratch = Scratch::create().await;
    let open = || App::open(config(&scratch.url(), &[]), Clock::System, Entropy::System);
    let (first, second, third) = tokio::join!(open(), open(), open());
    let mut tx = first.unwrap().app.db.read().await.unwrap();
    let (people,): (i64,) =
        tx.one(burgee::sql!("SELECT COUNT(*) FROM users WHERE is_system = FALSE")).await.unwrap();
    assert_eq!(people, 1);
    assert!(second.is_ok() && third.is_ok());
}

#[tokio::test]
async fn the_last_proxy_is_believed_and_nobody_before_it() {
    let server = TestServer::sqlite_with(&["--trust-proxy"]).await;
    let admin = server.admin().with("x-forwarded-for", "6.6.6.6, 10.0.0.7");
    admin.post("/api/admin/user-admin", json!({"username": "x", "rootRole": 3})).await.expect(201);
    let events =
        server.admin().get("/api/admin/search/events?type=IS:user-created&limit=1").await.expect(200).json();
    assert_eq!(events["events"][0]["ip"], "10.0.0.7");
}
