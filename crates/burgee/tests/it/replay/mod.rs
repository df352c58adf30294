//! The same story told to Unleash itself and to us.
//!
//! `story.http` is a list of requests. The published server plays it, then we do on each database, and the answers are
//! compared: status, `Location`, body. `chosen.txt` has the differences that we want, each with its reason; every other
//! difference is a failure, and so is a line of that list that explains nothing any more.
//!
//! `conformance/replay` installs the server and runs this; its README says what it needs.

mod chosen;
mod compare;
mod story;

use std::fmt::Write as _;

use self::chosen::Chosen;
use self::story::{Player, Step};
use crate::support::TestServer;
use crate::support::client::Client;

/// The token that the reference knows.
const REFERENCE_TOKEN: &str = "*:*.oracle-admin-token";

#[tokio::test]
async fn we_answer_as_unleash_does() {
    let Ok(reference) = std::env::var("UNLEASH_REPLAY") else {
        eprintln!("skipped: UNLEASH_REPLAY does not say where Unleash runs; conformance/replay starts one");
        return;
    };
    let steps = story::read();
    let nobody = Client::new(&reference);
    let theirs =
        Player::new(nobody.clone(), nobody.with("authorization", REFERENCE_TOKEN)).play(&steps).await;
    let mut failures = String::new();
    for (database, server) in
        [("SQLite", TestServer::sqlite().await), ("PostgreSQL", TestServer::postgres().await)]
    {
        let ours = Player::new(server.anonymous(), server.admin()).play(&steps).await;
        let mut chosen = Chosen::read();
        for (step, (theirs, ours)) in steps.iter().zip(theirs.iter().zip(&ours)) {
            let found = compare::answers(theirs, ours);
            let found: Vec<_> =
                found.into_iter().filter(|difference| !chosen.explains(step, &difference.at)).collect();
            if !found.is_empty() {
                report(&mut failures, database, step, &found);
            }
        }
        for line in chosen.unused() {
            writeln!(failures, "\n{database}: explains nothing any more: {line}").unwrap();
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

fn report(text: &mut String, database: &str, step: &Step, found: &[compare::Difference]) {
    let body = step.body.as_deref().unwrap_or_default();
    writeln!(text, "\n{database}: story.http:{} {} {} {body}", step.line, step.method, step.path).unwrap();
    for difference in found {
        writeln!(text, "    {}: Unleash {}, we {}", difference.at, difference.theirs, difference.ours)
            .unwrap();
    }
}
