//! Measures burgee's SCIM from the outside: the release binary on an empty database, over loopback HTTP. Every user
//! and member that is measured was made through the API. `bench/scim/run` starts it.

mod client;
mod groups;
mod machine;
mod report;
mod server;
mod users;

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;

use crate::report::{Report, mib, tell};
use crate::server::Server;
use crate::users::Rounds;

/// Measures burgee's SCIM over loopback HTTP.
#[derive(Parser)]
struct Options {
    /// The program to measure.
    #[arg(long)]
    binary: PathBuf,
    /// An empty folder for the SQLite database.
    #[arg(long)]
    folder: PathBuf,
    /// An empty PostgreSQL database; left out, if not given.
    #[arg(long)]
    postgres: Option<String>,
    /// Leave SQLite out.
    #[arg(long)]
    no_sqlite: bool,
    /// At how many users to measure, rising.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 10_000, 100_000])]
    sizes: Vec<usize>,
    /// How often each lookup is measured; everything else a third as often.
    #[arg(long, default_value_t = 1000)]
    rounds: usize,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let options = Options::parse();
    let machine = machine::describe(&options.folder, options.postgres.as_deref())?;
    let mut report = Report::new();
    if !options.no_sqlite {
        report.column(0);
        let database = format!("sqlite:{}", options.folder.join("burgee.db").display());
        measure(&options, &database, &mut report).await?;
    }
    if let Some(database) = &options.postgres {
        report.column(1);
        measure(&options, database, &mut report).await?;
    }
    let text = format!("{machine}\nLatencies are p50 / p99.\n\n{}", report.table());
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

async fn measure(options: &Options, database: &str, report: &mut Report) -> Result<()> {
    let server = Server::start(&options.binary, database).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    report.plain("resident memory, idle", format!("{:.0} MiB", mib(server.resident()?)));
    let others = (options.rounds / 3).max(20);
    let rounds = Rounds { lookups: options.rounds, others, creates: others };
    let mut people = Vec::new();
    for &size in &options.sizes {
        tell(&format!("-- {size} users"));
        users::measure(server.address, report, &mut people, size, rounds).await?;
    }
    let size = people.len();
    users::create_many(server.address, &mut people, size + groups::SPARE).await?;
    groups::measure(&server, report, &people, size, rounds).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    report.plain("resident memory, after everything", format!("{:.0} MiB", mib(server.resident()?)));
    server.stop().await
}
