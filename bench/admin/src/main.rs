//! Measures burgee's Admin API from the outside: the release binary on an empty database, over loopback HTTP. Flags and
//! events that only have to be there are written into the database; what is measured goes through the API.
//! `bench/admin/run` starts it.

use std::time::Duration;

use anyhow::{Result, ensure};
use bench_harness::Where;
use bench_harness::client::{Api, Client};
use bench_harness::fill::{events, flags};
use bench_harness::report::{Report, Target, Times, mib, tell};
use bench_harness::server::Server;
use clap::Parser;
use hyper::Method;
use serde_json::json;

/// Measures burgee's Admin API over loopback HTTP.
#[derive(Parser)]
struct Options {
    #[command(flatten)]
    place: Where,
    /// At how many flags to measure, rising.
    #[arg(long, value_delimiter = ',', default_values_t = [100, 1_000, 10_000])]
    sizes: Vec<usize>,
    /// At how many events to measure.
    #[arg(long, default_value_t = 1_000_000)]
    events: usize,
    /// How often each request is measured.
    #[arg(long, default_value_t = 300)]
    rounds: usize,
}

/// How many flags there may be; beyond that, none is made.
const MOST_FLAGS: usize = 5000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let options = Options::parse();
    bench_harness::run(&options.place, async |database, report| measure(&options, database, report).await)
        .await
}

async fn measure(options: &Options, database: &str, report: &mut Report) -> Result<()> {
    let server = Server::start(&options.place.binary, database).await?;
    let mut client = Client::connect(server.address, Api::Admin).await?;
    let (mut there, mut toggles) = (0, Vec::new());
    for &size in &options.sizes {
        tell(&format!("-- {size} flags"));
        flags(database, there, size)?;
        there = size;
        toggles.push(at_flags(&mut client, report, size, options.rounds).await?);
    }
    if let (Some(fewest), Some(most)) = (toggles.first(), toggles.last()) {
        let ratio = most / fewest;
        let name = "toggle, most flags to fewest, p50";
        report.at_most(name, format!("{ratio:.2}"), ratio, Target("≤ 1.3", [1.3; 2]));
    }
    tell(&format!("-- {} events", options.events));
    events(database, options.events)?;
    at_events(&mut client, report, options.events, options.rounds).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    report.plain("resident memory, after everything", format!("{:.0} MiB", mib(server.resident()?)));
    server.stop().await
}

/// Everything that could depend on how many flags there are. Tells the median of a toggle.
async fn at_flags(client: &mut Client, report: &mut Report, size: usize, rounds: usize) -> Result<f64> {
    let at = |name: &str| format!("{name}, {size} flags");
    let scattered = |round: usize| round.wrapping_mul(2_654_435_761) % size + 1;
    if size + rounds < MOST_FLAGS {
        let mut times = Times::default();
        for round in 0..rounds {
            let body =
                json!({ "name": format!("made-{size}-{round}"), "description": "Made to be measured" });
            let path = "/projects/default/features";
            times.push(client.send(Method::POST, path, body.to_string(), 201).await?.took);
        }
        report.plain(&at("create flag"), format!("{} ms", times.text()));
    }
    let (mut toggle, mut add) = (Times::default(), Times::default());
    for round in 0..rounds {
        let place = format!("/projects/default/features/flag-{}/environments/production", scattered(round));
        for way in ["on", "off"] {
            toggle.push(client.send(Method::POST, &format!("{place}/{way}"), String::new(), 200).await?.took);
        }
        let body = json!({ "name": "flexibleRollout", "parameters": { "rollout": "50" } });
        add.push(
            client.send(Method::POST, &format!("{place}/strategies"), body.to_string(), 200).await?.took,
        );
    }
    report.plain(&at("toggle"), format!("{} ms", toggle.text()));
    report.plain(&at("add strategy"), format!("{} ms", add.text()));
    for (name, query) in [
        ("search, first page", "limit=50"),
        ("search, second page by name", "sortBy=name&sortOrder=desc&limit=50&offset=50"),
        ("search, text", "query=flag-99&limit=50"),
        ("search, tag", "tag=INCLUDE:simple:team&limit=50"),
        ("search, segment and status", "segment=INCLUDE:beta&status[]=production:disabled&limit=50"),
        ("search, lifecycle", "lifecycle=IS:initial&sortBy=lastSeenAt&limit=50"),
    ] {
        let path = format!("/search/features?{query}");
        let times = reads(client, &path, rounds).await?;
        let target = Target("p99 ≤ 25 / ≤ 50 ms", [25.0, 50.0]);
        report.at_most(&at(name), format!("{} ms", times.text()), times.p99(), target);
    }
    Ok(toggle.p50())
}

async fn at_events(client: &mut Client, report: &mut Report, count: usize, rounds: usize) -> Result<()> {
    for (name, query) in [
        ("first page", ""),
        ("type", "type=IS:type-7"),
        ("flag", "feature=IS:flag-77"),
        ("project and author", "project=IS:project-7&createdBy=IS:7"),
        ("environment", "environment=IS:production"),
        ("a day", "from=IS:1970-01-02&to=IS:1970-01-02"),
        ("text that is frequent", "query=stickiness"),
        ("text that is nowhere", "query=no-such-text"),
    ] {
        let times = reads(client, &format!("/search/events?{query}"), rounds.div_ceil(10)).await?;
        report.plain(&format!("events, {name}, {count} events"), format!("{} ms", times.text()));
    }
    let times = reads(client, "/event-creators", rounds.div_ceil(10)).await?;
    report.plain(&format!("event creators, {count} events"), format!("{} ms", times.text()));
    Ok(())
}

async fn reads(client: &mut Client, path: &str, rounds: usize) -> Result<Times> {
    let mut times = Times::default();
    for _ in 0..rounds {
        let answer = client.send(Method::GET, path, String::new(), 200).await?;
        ensure!(!answer.body.is_empty(), "{path} is empty");
        times.push(answer.took);
    }
    Ok(times)
}
