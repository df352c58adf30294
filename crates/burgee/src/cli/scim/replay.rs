//! `burgee scim replay`: calls of a file, done again against a running server.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use reqwest::{Certificate, Client, Method, Response, header};
use serde_json::Value;
use url::Url;

use crate::cli::say;
use crate::error::{Error, Result};
use crate::outbound;
use crate::provisioning::journal;

/// How long it is waited for each answer: exchanging the members of a large group takes a while.
const PATIENCE: Duration = Duration::from_mins(5);
/// How much is read of a refusal, in bytes.
const READ: usize = 16 * 1024;

#[derive(Args)]
pub(in crate::cli) struct Replay {
    /// Lines as `burgee scim calls` prints them and the page of calls downloads them.
    file: PathBuf,
    /// Where the server is: `https://flags.example.com`, with its base path if it has one.
    #[arg(long)]
    url: String,
    /// The provisioning token of the connection that the calls are for.
    #[arg(long, env = "SCIM_TOKEN", hide_env_values = true)]
    token: String,
    /// Trust these certificates as well as those of this machine: a file in PEM form.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Change nothing: only show what would be answered.
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(wanted: &Replay) -> Result<ExitCode> {
    let name = wanted.file.display().to_string();
    let text = std::fs::read_to_string(&wanted.file)
        .map_err(|error| Error::bad_data(format!("{name} cannot be read: {error}")))?;
    let server = Server::at(&wanted.url, wanted.ca.as_deref())?;
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
        failed += u32::from(told.is_err());
        let outcome = told.unwrap_or_else(|why| why);
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
    client: Client,
    url: Url,
}

impl Server {
    fn at(url: &str, ca: Option<&std::path::Path>) -> Result<Self> {
        // Not repeated: a password may stand in it.
        let parsed =
            outbound::check(url).map_err(|why| Error::bad_data(format!("--url: the address {why}")))?;
        let also = match ca {
            Some(path) => certificates(path)?,
            None => Vec::new(),
        };
        Ok(Self { client: outbound::client(PATIENCE, &also)?, url: parsed })
    }

    /// Sends a call; the status of the answer, or what went wrong.
    async fn send(&self, call: &Value, token: &str, dry_run: bool) -> Result<String, String> {
        let word = |key: &str| call[key].as_str().unwrap_or_default();
        // The path begins with the base path of the server that the call came to.
        let path = word("path");
        let path = path.find("/scim").map(|start| &path[start..]).ok_or("left out: it is no call of SCIM")?;
        let mut url = self.url.clone();
        // Only these two: whatever the file says, nobody else gets the token.
        url.set_path(&format!("{}{path}", self.url.path().trim_end_matches('/')));
        url.set_query(call["query"].as_str());
        let method = Method::from_bytes(word("method").as_bytes()).map_err(|error| error.to_string())?;
        let mut request = self.client.request(method, url).bearer_auth(token);
        for name in ["content-type", "if-match", "if-none-match"] {
            if let Some(value) = call["headers"]["request"][name].as_str() {
                request = request.header(name, value);
            }
        }
        if dry_run {
            request = request.header(crate::scim::DRY_RUN, "true");
        }
        let sent = request.body(word("request").to_owned()).send().await;
        told(sent.map_err(outbound::explain)?).await
    }
}

/// The status, if it was done; else with what the server says about it.
async fn told(mut response: Response) -> Result<String, String> {
    let status = response.status().as_u16();
    if matches!(status, 200..300 | 304) {
        // To the end, so that the connection can be used again.
        while response.chunk().await.map_err(outbound::explain)?.is_some() {}
        return Ok(status.to_string());
    }
    if let Some(place) = response.headers().get(header::LOCATION).and_then(|place| place.to_str().ok()) {
        return Err(format!("{status}: it is at {place}"));
    }
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > READ {
            break;
        }
    }
    let detail = serde_json::from_slice::<Value>(&body).unwrap_or_default();
    Err(match detail["detail"].as_str() {
        Some(detail) => format!("{status}: {detail}"),
        None => status.to_string(),
    })
}

fn certificates(path: &std::path::Path) -> Result<Vec<Certificate>> {
    let refused = |why: String| Error::bad_data(format!("--ca {}: {why}", path.display()));
    let text = std::fs::read(path).map_err(|error| refused(format!("cannot be read: {error}")))?;
    let found = Certificate::from_pem_bundle(&text)
        .map_err(|_| refused("holds something that is no certificate".to_owned()))?;
    if found.is_empty() { Err(refused("holds no certificate in PEM form".to_owned())) } else { Ok(found) }
}
