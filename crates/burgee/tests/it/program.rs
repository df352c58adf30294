//! The program as its operator meets it.

use std::process::{Command, Output};

use serde_json::json;

use crate::support::TestServer;

/// Runs the program to its end.
async fn burgee(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_burgee"));
    command.args(words);
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn complaint(output: &Output) -> String {
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn an_sqlite_database_has_one_server_whatever_it_is_called() {
    let server = TestServer::sqlite().await;
    let database = server.app.config.database().unwrap();
    let file = database.strip_prefix("sqlite:").unwrap();
    let other = format!("{file}-by-another-name");
    std::os::unix::fs::symlink(file, &other).unwrap();
    let (_, port) = server.base.rsplit_once(':').unwrap();
    for name in [file, &other] {
        let refused = burgee(&["--database-url", &format!("sqlite:{name}"), "--http-port", port]).await;
        let complaint = complaint(&refused);
        assert!(complaint.contains(&format!("another burgee serves {file}")), "{complaint}");
    }
}

#[tokio::test]
async fn an_admin_is_recovered_while_the_server_runs() {
    let server = TestServer::sqlite().await;
    let database = server.app.config.database().unwrap();
    let recovered = burgee(&["admin", "recover", "--user", "ann", "--database-url", &database]).await;
    let text = String::from_utf8(recovered.stdout).unwrap();
    let password = text.trim().rsplit_once("New password: ").expect(&text).1;
    server.sign_in("ann", password).await.get("/api/admin/user-admin").await.expect(200);
}

#[tokio::test]
async fn nonsense_in_a_setting_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", folder.path().join("burgee.db").display());
    let refused = burgee(&["--database-url", &database, "--log-level", "loud"]).await;
    let complaint = complaint(&refused);
    assert!(complaint.contains("must be off, error, warn, info, debug, trace"), "{complaint}");
}

#[tokio::test]
async fn the_tokens_of_the_first_start_can_be_told_apart() {
    let server = TestServer::sqlite_with(&[
        "--init-admin-api-tokens",
        "*:*.two",
        "--init-backend-api-tokens",
        "default:production.one",
    ])
    .await;
    let second = server.anonymous().with("authorization", "*:*.two");
    let listed = second.get("/api/admin/api-tokens").await.expect(200).json();
    let names: Vec<_> =
        listed["tokens"].as_array().unwrap().iter().map(|token| &token["tokenName"]).collect();
    assert_eq!(names, ["admin", "admin-2", "client"], "the first is called as in Unleash");
    second.post("/api/admin/user-admin", json!({ "username": "ann", "rootRole": 3 })).await.expect(201);
    let made = second.get("/api/admin/search/events?type=IS:user-created&limit=1").await.expect(200).json();
    assert_eq!(made["events"][0]["createdBy"], "admin-2");
}
