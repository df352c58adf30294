//! `burgee scim import`: people and groups from Unleash's database.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::Args;

use super::named;
use crate::access::{Administer, Granted, Root};
use crate::cli::{attach, say};
use crate::config::Config;
use crate::error::Result;
use crate::moving::{self, Wanted};

#[derive(Args)]
pub(in crate::cli) struct Import {
    /// Unleash's PostgreSQL database, `postgres://user@host/unleash`. It is only read.
    #[arg(long, env = "UNLEASH_DATABASE_URL", hide_env_values = true)]
    from: String,
    /// The connection to put provisioned people and groups under: its number or name.
    #[arg(long, default_value = "default")]
    connection: String,
    /// The token with which the identity provider calls Unleash, so that it need not be given another one.
    #[arg(long, env = "SCIM_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Let the identity provider in.
    #[arg(long)]
    enable: bool,
    /// Change nothing: only show what would be taken over.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    config: Config,
}

pub(super) async fn run(wanted: Import) -> Result<ExitCode> {
    // Before the change begins, so that others wait for as short as can be.
    let source = moving::read(&wanted.from).await?;
    let app = attach(wanted.config).await?;
    let connection = named(&app, &wanted.connection).await?.connection;
    let grant = Granted::<Administer>::system("cli:scim-import", Root);
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let asked = Wanted { connection: connection.id, token: wanted.token, enable: wanted.enable };
    let outcome = moving::take_over(&mut tx, &grant, &app.entropy, &source, &asked).await?;
    let changes = tx.recorded() > 0;
    let mut text = outcome.table();
    let good = outcome.conflicts.is_empty();
    if !good {
        drop(tx);
        for conflict in &outcome.conflicts {
            let _ = writeln!(text, "conflict: {conflict}");
        }
        text.push_str("Nothing was changed: settle the conflicts here or in Unleash, and come again.\n");
    } else if wanted.dry_run {
        tx.rehearse().await?;
        text.push_str(if changes { "Nothing was changed.\n" } else { "There is nothing to take over.\n" });
    } else {
        tx.commit().await?;
        text.push_str(if changes { "Done.\n" } else { "There was nothing to take over.\n" });
    }
    if good {
        if asked.token.is_none() {
            text.push_str(
                "The token of the identity provider is not read from Unleash: give it as SCIM_TOKEN, or give the \
                 identity provider a new one.\n",
            );
        }
        if source.provisioning && !connection.enabled && !asked.enable {
            text.push_str(
                "The identity provider gets in when the connection is switched on, or with --enable.\n",
            );
        }
    }
    say(&text);
    app.db.close().await;
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
