//! What the journal of calls costs: the same work with and without it, in turns.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
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
    ensure!(turns > 0, "--turns must be 1 at least");
    // With the journal, and without it.
    let words: [&[&str]; 2] = [&[], &["--scim-calls-days", "0"]];
    let mut times = [Times::default(), Times::default()];
    let mut ratios = Vec::new();
    for turn in 0..turns {
        let mut took = [Duration::ZERO; 2];
        // Whoever comes second finds a warmer machine.
        for which in if turn % 2 == 0 { [0, 1] } else { [1, 0] } {
            let server = Server::start_with(binary, database, words[which]).await?;
            took[which] = work(&server, people, count).await?;
            server.stop().await?;
            times[which].push(took[which]);
        }
        ratios.push(took[0].as_secs_f64() / took[1].as_secs_f64());
    }
    // Of what was measured one right after the other: the machine is not equally fast all the time.
    ratios.sort_by(f64::total_cmp);
    let ratio = f64::midpoint(ratios[(turns - 1) / 2], ratios[turns / 2]);
    let [with, without] = times.map(|times| times.p50());
    let text =
        format!("{ratio:.3} ({:.3} to {:.3}; {with:.0} and {without:.0} ms)", ratios[0], ratios[turns - 1]);
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
