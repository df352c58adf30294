//! The rules that hold the program together.

use std::future::poll_fn;
use std::task::Poll;

use burgee::access::{Administer, Granted, Root};
use burgee::db::Statement;

use crate::support::TestServer;

/// Tables that need no audit: only they may be written outside of a change.
const BOOKS: [&str; 24] = [
    "sessions",
    "reset_tokens",
    "used_passwords",
    "seen",
    "installation",
    "logins",
    "splashes",
    "user_feedback",
    "feedback",
    "applications",
    "application_usage",
    "application_instances",
    "flag_usage",
    "flag_sightings",
    "unknown_flags",
    "saved_searches",
    "scim_token_uses",
    "scim_access_tokens",
    "scim_used_assertions",
    "scim_calls",
    "scim_call_subjects",
    "scim_receiver_states",
    "scim_receiver_acks",
    "scim_answers",
];
/// How statements begin that write an audited table without an event, each with the reason.
const EXCEPTIONS: [(&str, &str); 5] = [
    (
        "UPDATE users SET label_ci = $2 WHERE id = $1 AND label_ci IS NULL",
        "what names are sorted by, made of the names: nothing that anybody decided",
    ),
    (
        "UPDATE users SET password_hash = $2 WHERE id = $1 AND password_hash = $3",
        "the same password in a better form: nothing that anybody decided",
    ),
    (
        "INSERT INTO feature_lifecycles (feature, stage, created_at) SELECT f.name, 'pre-live',",
        "clients brought it about: nothing that anybody decided",
    ),
    (
        "INSERT INTO feature_lifecycles (feature, stage, created_at) SELECT f.name, 'live',",
        "clients brought it about: nothing that anybody decided",
    ),
    (
        "INSERT INTO scim_signing_keys (kid, private, public, in_use, created_at) VALUES ($1, $2, $3, TRUE, $4) ON CONFLICT",
        "the first key, where there is none: nothing that anybody decided",
    ),
];

both! {
    /// Every literal statement of the program compiles on both databases.
    async fn every_statement_prepares(server) {
        let mut count = 0;
        for statement in Statement::all() {
            let text = statement.text(server.app.db.engine());
            if let Err(error) = server.app.db.prepare(statement).await {
                panic!("{error}\n{text}");
            }
            count += 1;
        }
        assert!(count > 50, "the registry knows only {count} statements");
    }
}

#[test]
fn bookkeeping_touches_no_audited_table() {
    for statement in Statement::all().filter(|statement| statement.is_bookkeeping()) {
        let text = statement.text(burgee::db::Engine::Sqlite);
        let words: Vec<&str> = text.split_whitespace().collect();
        let table = match words.as_slice() {
            ["INSERT", "INTO", table, ..] | ["DELETE", "FROM", table, ..] | ["UPDATE", table, ..] => table,
            ["SELECT", ..] => continue,
            _ => panic!("cannot tell what this writes: {text}"),
        };
        assert!(
            BOOKS.contains(table) || EXCEPTIONS.iter().any(|(start, _)| words.join(" ").starts_with(start)),
            "{table} needs audit: use Db::change for {text}"
        );
    }
}

#[tokio::test]
async fn a_change_without_an_event_is_no_change() {
    let server = TestServer::sqlite().await;
    let grant = Granted::<Administer>::system("test", Root);
    let now = server.app.clock.now();
    let mut tx = server.app.db.change(&grant, now).await.unwrap();
    tx.execute(burgee::sql!("UPDATE groups SET name = 'x'")).await.unwrap();
    tx.execute(burgee::sql!("INSERT INTO settings (name, content) VALUES ('x', '1')")).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = server.app.db.read().await.unwrap();
    let left: Vec<(String,)> = tx.all(burgee::sql!("SELECT name FROM settings")).await.unwrap();
    assert!(left.is_empty());
}

#[tokio::test]
async fn a_reading_transaction_cannot_write() {
    for server in [TestServer::sqlite().await, TestServer::postgres().await] {
        let mut tx = server.app.db.read().await.unwrap();
        let outcome = tx.all::<(i64,)>(burgee::sql!("DELETE FROM roles WHERE id = 6 RETURNING id")).await;
        assert!(outcome.is_err());
    }
}

#[tokio::test]
async fn a_transaction_whose_asker_is_gone_is_in_nobodys_way() {
    let server = TestServer::postgres().await;
    let grant = Granted::<Administer>::system("test", Root);
    let mut given_up = 0;
    // More often than there are connections.
    for _ in 0..40 {
        let mut reading = Box::pin(server.app.db.read());
        // It is asked for, and nobody waits for the answer.
        if poll_fn(|cx| Poll::Ready(reading.as_mut().poll(cx).is_pending())).await {
            given_up += 1;
        }
        drop(reading);
        let mut tx = server.app.db.change(&grant, server.app.clock.now()).await.unwrap();
        tx.execute(burgee::sql!("UPDATE groups SET name = name")).await.unwrap();
    }
    assert!(given_up > 0);
}
