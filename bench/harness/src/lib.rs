//! What the measurements share: the release binary as a child process, a client with one connection, times, the
//! machine, and the table.

pub mod client;
pub mod fill;
mod machine;
pub mod report;
pub mod server;

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Result;

use crate::report::Report;

/// What every measurement is told.
#[derive(clap::Args)]
pub struct Where {
    /// The program to measure.
    #[arg(long)]
    pub binary: PathBuf,
    /// An empty folder for the SQLite database.
    #[arg(long)]
    folder: PathBuf,
    /// An empty PostgreSQL database; left out, if not given. Some measurements want two more, of the same name and `_with` and
    /// `_without` behind it.
    #[arg(long)]
    postgres: Option<String>,
    /// Leave SQLite out.
    #[arg(long)]
    no_sqlite: bool,
}

/// Measures one database after the other and prints the machine and the table.
pub async fn run(place: &Where, measure: impl AsyncFn(&str, &mut Report) -> Result<()>) -> Result<()> {
    let machine = machine::describe(&place.folder, place.postgres.as_deref())?;
    let mut report = Report::new();
    if !place.no_sqlite {
        report.column(0);
        measure(&format!("sqlite:{}", place.folder.join("burgee.db").display()), &mut report).await?;
    }
    if let Some(database) = &place.postgres {
        report.column(1);
        measure(database, &mut report).await?;
    }
    let text = format!("{machine}\nLatencies are p50 / p99.\n\n{}", report.table());
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}
