//! Measures burgee's SCIM from the outside: the release binary on an empty database, over loopback HTTP. Users and members
//! are made through the API, but for the most of a million users, who are written into the database. `bench/scim/run` starts it.

mod bulk;
mod cycle;
mod groups;
mod journal;
mod leaving;
mod users;

use std::time::Duration;

use anyhow::Result;
use bench_harness::Where;
use bench_harness::report::{Report, mib, tell};
use bench_harness::server::Server;
use clap::Parser;

use crate::users::Rounds;

/// Measures burgee's SCIM over loopback HTTP.
#[derive(Parser)]
struct Options {
    #[command(flatten)]
    place: Where,
    /// At how many users to measure, rising.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 10_000, 100_000])]
    sizes: Vec<usize>,
    /// How often each lookup is measured; everything else a third as often.
    #[arg(long, default_value_t = 1000)]
    rounds: usize,
    /// How many users the first cycle of Entra brings, each into one group.
    #[arg(long, default_value_t = 10_000)]
    cycle: usize,
    /// How often a server with the journal of calls and one without take turns.
    #[arg(long, default_value_t = 12)]
    turns: usize,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let options = Options::parse();
    bench_harness::run(&options.place, async |database, report| measure(&options, database, report).await)
        .await
}

async fn measure(options: &Options, database: &str, report: &mut Report) -> Result<()> {
    let server = Server::start(&options.place.binary, database).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    report.plain("resident memory, idle", format!("{:.0} MiB", mib(server.resident()?)));
    let others = (options.rounds / 3).max(20);
    let rounds = Rounds { lookups: options.rounds, others, creates: others };
    let mut people = Vec::new();
    for &size in &options.sizes {
        tell(&format!("-- {size} users"));
        users::measure(database, server.address, report, &mut people, size, rounds).await?;
    }
    let size = people.len();
    users::create_many(database, server.address, &mut people, size + groups::SPARE).await?;
    groups::measure(&server, report, &people, size, rounds).await?;
    bulk::measure(server.address, report, &mut people).await?;
    cycle::measure(server.address, report, options.cycle).await?;
    let second = if database.starts_with("postgres") {
        Some(Server::start(&options.place.binary, database).await?)
    } else {
        None
    };
    leaving::measure(report, server.address, second.as_ref().map(|server| server.address)).await?;
    if let Some(second) = second {
        second.stop().await?;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    report.plain("resident memory, after everything", format!("{:.0} MiB", mib(server.resident()?)));
    server.stop().await?;
    journal::measure(&options.place.binary, database, report, options.turns).await
}
