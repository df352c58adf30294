//! What the journal of calls costs: the same work with and without it, in turns.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use hyper::Method;
use serde_json::json;

use crate::users::{People, body, encoded, user_name};
use bench_harness::client::{Api, Client};
use bench_harness::report::{Report, Target, Times};
use bench_harness::server::Server;

/// Measures `count` people, found, created and changed, by each of the two servers, `turns` times.
pub async fn measure(
    binary: &Path,
    database: &str,
    report: &mut Report,
    people: &mut People,
    count: usize,
    turns: usize,
) -> Result<()> {
    let (mut with, mut without) = (Times::default(), Times::default());
    for turn in 0..turns {
        let both: [(&[&str], &mut Times); 2] =
            [(&[], &mut with), (&["--scim-calls-days", "0"], &mut without)];
        let mut order = Vec::from(both);
        // Whoever comes second finds a warmer machine.
        if turn % 2 == 1 {
            order.reverse();
        }
        for (words, times) in order {
            let server = Server::start_with(binary, database, words).await?;
            times.push(work(&server, people, count).await?);
            server.stop().await?;
        }
    }
    let ratio = with.p50() / without.p50();
    let text = format!("{ratio:.3} ({:.0} to {:.0} ms)", with.p50(), without.p50());
    report.at_most("journal of calls, with to without", text, ratio, Target("≤ 1.05", [1.05; 2]));
    Ok(())
}

async fn work(server: &Server, people: &mut People, count: usize) -> Result<Duration> {
    let mut client = Client::connect(server.address, Api::Scim).await?;
    // The first request of a server opens what the others use.
    client.send(Method::GET, "/Users?count=1", String::new(), 200).await?;
    let start = Instant::now();
    for _ in 0..count {
        let number = people.len();
        let path = format!("/Users?filter={}", encoded(&format!("userName eq \"{}\"", user_name(number))));
        client.send(Method::GET, &path, String::new(), 200).await?;
        let id = client.send(Method::POST, "/Users", body(number).to_string(), 201).await?.id()?;
        let change = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{ "op": "replace", "path": "title", "value": "Lead" }]
        });
        client.send(Method::PATCH, &format!("/Users/{id}"), change.to_string(), 200).await?;
        people.push(id);
    }
    Ok(start.elapsed())
}
