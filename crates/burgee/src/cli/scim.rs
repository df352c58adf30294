//! `burgee scim`: connections to identity providers and what they asked for, from the host.

use std::collections::HashSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use bytes::Bytes;
use clap::{Args, Subcommand};
use http_body_util::{BodyExt, Full as Whole};
use hyper::client::conn::http1;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Request, Uri, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use super::{attach, say};
use crate::access::{Administer, Granted, Root};
use crate::app::App;
use crate::config::Config;
use crate::entropy::numbered_ulid;
use crate::error::{Error, Result};
use crate::provisioning::connection::{self, Connection, NewToken, Overview};
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

#[derive(Args)]
pub(super) struct Replay {
    /// Lines as `burgee scim calls` prints them and the page of calls downloads them.
    file: PathBuf,
    /// Where the server is: `http://localhost:4242`, with its base path if it has one.
    #[arg(long)]
    url: String,
    /// The provisioning token of the connection that the calls are for.
    #[arg(long, env = "SCIM_TOKEN", hide_env_values = true)]
    token: String,
    /// Change nothing: only show what would be answered.
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(command: Scim) -> Result<ExitCode> {
    match command {
        Scim::Connections(config) => connections(*config).await,
        Scim::Calls(wanted) => calls(*wanted).await,
        Scim::Replay(wanted) => replay(&wanted).await,
        Scim::RotateToken(wanted) => rotate_token(*wanted).await,
    }
}

async fn connections(config: Config) -> Result<ExitCode> {
    let app = attach(config).await?;
    for it in connection::list(&mut app.db.read().await?).await? {
        say(&line(&it));
    }
    app.db.close().await;
    Ok(ExitCode::SUCCESS)
}

fn line(it: &Overview) -> String {
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

async fn replay(wanted: &Replay) -> Result<ExitCode> {
    let name = wanted.file.display().to_string();
    let text = std::fs::read_to_string(&wanted.file)
        .map_err(|error| Error::bad_data(format!("{name} cannot be read: {error}")))?;
    let server = Server::at(&wanted.url)?;
    let mut failed = 0;
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        let call: Value = serde_json::from_str(line)
            .map_err(|error| Error::bad_data(format!("{name}, line {number} is no JSON: {error}")))?;
        let told = match why_not(&call) {
            Some(why) => Err(format!("left out: {why}")),
            // What was not done then is not done now.
            None => server.send(&call, &wanted.token, wanted.dry_run || call["dryRun"] == true).await,
        };
        let word = |key: &str| call[key].as_str().unwrap_or_default();
        let (outcome, good) = match told {
            Ok(status) => (status.to_string(), status < 400),
            Err(why) => (why, false),
        };
        failed += u32::from(!good);
        say(&format!("{number}: {} {} → {outcome}\n", word("method"), word("path")));
    }
    let dry = if wanted.dry_run { " Nothing was changed." } else { "" };
    say(&format!("{failed} of the calls were refused or left out.{dry}\n"));
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Why a call cannot be done again; `None`: it can.
fn why_not(call: &Value) -> Option<&'static str> {
    match call["requestState"].as_str() {
        Some("cut") => Some("its body was cut"),
        Some("masked") => Some("its body was masked"),
        Some("unreadable") => Some("its body was not kept, since it was no JSON"),
        _ if !call["replays"].is_null() => Some("it is a replay itself"),
        _ if call["query"].as_str().is_some_and(journal::looks_masked) => {
            Some("what it looked for is masked")
        }
        _ if call["method"].as_str().is_none() || call["path"].as_str().is_none() => {
            Some("it has no method or path")
        }
        _ => None,
    }
}

/// A server to talk to.
struct Server {
    address: String,
    host: HeaderValue,
    base: String,
}

impl Server {
    fn at(url: &str) -> Result<Self> {
        let refused = |why: &str| Error::bad_data(format!("--url {url}: {why}"));
        let uri: Uri = url.parse().map_err(|_| refused("that is no URL"))?;
        if uri.scheme_str() != Some("http") {
            return Err(refused(
                "only http:// can be reached: run this on the host of the server, http://localhost:4242",
            ));
        }
        let authority = uri.authority().ok_or_else(|| refused("it names no host"))?;
        let port = authority.port_u16().unwrap_or(80);
        Ok(Self {
            address: format!("{}:{port}", authority.host()),
            host: HeaderValue::from_str(authority.as_str()).map_err(Error::internal)?,
            base: uri.path().trim_end_matches('/').to_owned(),
        })
    }

    /// Sends a call; the status of the answer, or why there is none.
    async fn send(&self, call: &Value, token: &str, dry_run: bool) -> Result<u16, String> {
        self.try_send(call, token, dry_run).await.map_err(|error| format!("{error:#}"))
    }

    async fn try_send(&self, call: &Value, token: &str, dry_run: bool) -> anyhow::Result<u16> {
        let word = |key: &str| call[key].as_str().unwrap_or_default();
        // The path begins with the base path of the server that the call came to.
        let path = word("path");
        let path = path.find("/scim").map_or(path, |start| &path[start..]);
        let query = call["query"].as_str().map(|query| format!("?{query}")).unwrap_or_default();
        let mut request = Request::builder()
            .method(word("method"))
            .uri(format!("{}{path}{query}", self.base))
            .header(header::HOST, self.host.clone())
            .header(header::AUTHORIZATION, format!("Bearer {token}"));
        for name in ["content-type", "if-match", "if-none-match"] {
            if let Some(value) = call["headers"]["request"][name].as_str() {
                request = request.header(name, value);
            }
        }
        if dry_run {
            request = request.header(HeaderName::from_static(crate::scim::DRY_RUN), "true");
        }
        let request = request.body(Whole::new(Bytes::from(word("request").to_owned())))?;
        let stream = TcpStream::connect(&self.address).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let answer = async {
            let response = sender.send_request(request).await?;
            let status = response.status().as_u16();
            response.into_body().collect().await?;
            drop(sender);
            anyhow::Ok(status)
        };
        let (status, ended) = tokio::join!(answer, connection);
        let status = status?;
        ended?;
        Ok(status)
    }
}
