//! `burgee scim`: connections to identity providers and what they asked for, from the host.

mod import;
mod replay;

use std::collections::HashSet;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};

use self::import::Import;
use self::replay::Replay;
use super::{attach, say};
use crate::access::{Administer, Granted, Root};
use crate::app::App;
use crate::config::Config;
use crate::entropy::numbered_ulid;
use crate::error::{Error, Result};
use crate::provisioning::connection::{self, Connection, NewToken, Overview};
use crate::provisioning::hold;
use crate::provisioning::journal::{self, Filter, Full};

/// How often it is looked for new calls.
const LOOK: Duration = Duration::from_secs(1);
/// Servers write a call some moments after it ended: so far back it is looked for calls of others that come later.
const LATE: Duration = Duration::from_secs(10);
/// How many calls are read at once.
const SOME: i64 = 500;

/// What can be done.
#[derive(Subcommand)]
pub(super) enum Scim {
    /// Print the connections to identity providers, a line of JSON each.
    Connections(Box<Config>),
    /// Print calls of identity providers, a line of JSON each, the oldest first.
    Calls(Box<Calls>),
    /// Do calls of a file again, against a running server.
    Replay(Replay),
    /// Make a new token for a connection, which is printed once. Recorded in the event log.
    RotateToken(Box<RotateToken>),
    /// Take users and groups over from Unleash's database, with the ids that the identity provider knows. Recorded in the
    /// event log.
    Import(Box<Import>),
}

#[derive(Args)]
pub(super) struct Calls {
    /// Only those of this connection: its number or name.
    #[arg(long)]
    connection: Option<String>,
    /// How many of the newest ones.
    #[arg(long, default_value_t = 100)]
    last: u16,
    /// Go on with those to come, until interrupted.
    #[arg(long)]
    follow: bool,
    #[command(flatten)]
    config: Config,
}

#[derive(Args)]
pub(super) struct RotateToken {
    /// The connection: its number or name.
    connection: String,
    /// For how many hours the token before goes on working.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=8760))]
    overlap: u64,
    #[command(flatten)]
    config: Config,
}

pub(super) async fn run(command: Scim) -> Result<ExitCode> {
    match command {
        Scim::Connections(config) => connections(*config).await,
        Scim::Calls(wanted) => calls(*wanted).await,
        Scim::Replay(wanted) => replay::run(&wanted).await,
        Scim::RotateToken(wanted) => rotate_token(*wanted).await,
        Scim::Import(wanted) => import::run(*wanted).await,
    }
}

async fn connections(config: Config) -> Result<ExitCode> {
    let app = attach(config).await?;
    let mut tx = app.db.read().await?;
    let standing = hold::standing(&mut tx).await?;
    for it in connection::list(&mut tx).await? {
        let held = standing.iter().find(|held| held.connection == it.connection.id);
        say(&line(&it, held));
    }
    tx.end().await?;
    app.db.close().await;
    Ok(ExitCode::SUCCESS)
}

fn line(it: &Overview, held: Option<&hold::Standing>) -> String {
    let connection = &it.connection;
    let line = serde_json::json!({
        "id": connection.id,
        "name": connection.setup.name,
        "slug": connection.setup.slug,
        "provider": connection.setup.provider,
        "enabled": connection.enabled,
        "paused": connection.paused,
        "dryRun": connection.dry_run,
        "lastCallAt": it.called_at,
        "users": it.users,
        "groups": it.groups,
        "heldSince": held.and_then(|held| held.since),
        "heldChanges": held.map_or(0, |held| held.waiting),
    });
    format!("{line}\n")
}

/// The connection with this number, name, or name in addresses.
async fn named(app: &App, name: &str) -> Result<Overview> {
    let all = connection::list(&mut app.db.read().await?).await?;
    let known: Vec<&str> = all.iter().map(|it| it.connection.setup.slug.as_str()).collect();
    let known = known.join(", ");
    let found = all.into_iter().find(|it| {
        let Connection { id, setup, .. } = &it.connection;
        id.to_string() == name || setup.slug == name || setup.name == name
    });
    found.ok_or_else(|| Error::bad_data(format!("there is no connection \"{name}\"; there are: {known}")))
}

async fn rotate_token(wanted: RotateToken) -> Result<ExitCode> {
    let app = attach(wanted.config).await?;
    let it = named(&app, &wanted.connection).await?;
    let grant = Granted::<Administer>::system("cli:rotate-token", Root);
    let mut tx = app.db.change(&grant, app.clock.now()).await?;
    let overlap = Duration::from_hours(wanted.overlap);
    let new = NewToken { overlap, ..NewToken::default() };
    let (_, token) = connection::issue(&mut tx, &app.entropy, it.connection.id, new).await?;
    tx.commit().await?;
    say(&format!("{token}\n"));
    app.db.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn calls(wanted: Calls) -> Result<ExitCode> {
    let app = attach(wanted.config).await?;
    let connection = match &wanted.connection {
        Some(name) => Some(named(&app, name).await?.connection.id),
        None => None,
    };
    let filter = Filter { connection, ..Filter::default() };
    // One at least, to know where to go on.
    let mut newest = read(&app, &filter, false, i64::from(wanted.last.max(1))).await?;
    newest.reverse();
    let mut told = Told { after: newest.first().map(|call| call.brief.id.clone()), ids: HashSet::new() };
    if wanted.last > 0 {
        told.tell(&newest)?;
    }
    if wanted.follow {
        let interrupted = super::stop_signal();
        tokio::pin!(interrupted);
        // After which the next page begins, if there is more of what is read.
        let mut more = None;
        loop {
            tokio::select! {
                () = &mut interrupted => break,
                () = tokio::time::sleep(if more.is_some() { Duration::ZERO } else { LOOK }) => {}
            }
            let after = more.take().or_else(|| told.after.clone());
            let some = read(&app, &Filter { after, ..filter.clone() }, true, SOME).await?;
            told.tell(&some)?;
            if i64::try_from(some.len()).is_ok_and(|count| count == SOME) {
                more = some.last().map(|call| call.brief.id.clone());
            }
        }
    }
    app.db.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn read(app: &App, filter: &Filter, forward: bool, limit: i64) -> Result<Vec<Full>> {
    journal::newest(&mut app.db.read().await?, filter, forward, limit).await
}

/// What was printed not long ago.
struct Told {
    /// Nothing up to this call is looked for any more.
    after: Option<String>,
    /// What was printed after it.
    ids: HashSet<String>,
}

impl Told {
    /// Prints those that were not printed yet.
    fn tell(&mut self, calls: &[Full]) -> Result<()> {
        let mut text = String::new();
        for call in calls {
            if self.ids.insert(call.brief.id.clone()) {
                text.push_str(&serde_json::to_string(call)?);
                text.push('\n');
            }
        }
        if let Some(newest) = calls.last() {
            let late = numbered_ulid(newest.brief.at.minus(LATE), 0);
            self.after = self.after.take().max(Some(late));
            self.ids.retain(|id| Some(id) > self.after.as_ref());
        }
        say(&text);
        Ok(())
    }
}
