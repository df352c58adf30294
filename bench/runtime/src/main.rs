//! Measures what SDKs get from burgee, from the outside: the release binary over loopback HTTP, beside a bare server that
//! returns the same bytes. `bench/runtime/run` starts it.

mod exchange;
mod load;
mod seed;
mod streams;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bench_harness::Where;
use bench_harness::client::{Api, Client};
use bench_harness::report::{Report, Target, mib, tell};
use bench_harness::server::Server;
use clap::Parser;
use hyper::Method;
use serde_json::{Value, json};

use crate::exchange::{Answer, Ask};
use crate::load::{Load, load};
use crate::streams::Stream;

/// Measures what SDKs get from burgee.
#[derive(Parser)]
struct Options {
    #[command(flatten)]
    place: Where,
    /// At how many flags to measure, rising.
    #[arg(long, value_delimiter = ',', default_values_t = [100, 1_000, 10_000])]
    sizes: Vec<usize>,
    /// How long each request is measured.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// How often a change is followed to a client.
    #[arg(long, default_value_t = 300)]
    rounds: usize,
    /// How many streams to open.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 2_000])]
    streams: Vec<usize>,
}

/// The size that has targets.
const TARGETS_AT: usize = 1000;
/// How many connections make load.
const CONNECTIONS: usize = 16;
const FEATURES: &str = "/api/client/features";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    // So the program is its own bare server.
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == "--bare") {
        return exchange::serve_bare(&PathBuf::from(arguments.next().context("no file")?)).await;
    }
    let options = Options::parse();
    bench_harness::run(&options.place, async |database, report| measure(&options, database, report).await)
        .await
}

/// What is measured on a server, and for whom.
struct Bench<'o> {
    options: &'o Options,
    database: &'o str,
    folder: PathBuf,
    backend: String,
    frontend: String,
}

async fn measure(options: &Options, database: &str, report: &mut Report) -> Result<()> {
    // The first start makes the tables and the tokens.
    let server = Server::start(&options.place.binary, database).await?;
    let mut admin = Client::connect(server.address, Api::Admin).await?;
    let folder = std::env::temp_dir().join(format!("burgee-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let bench = Bench {
        options,
        database,
        folder,
        backend: token(&mut admin, "client").await?,
        frontend: token(&mut admin, "frontend").await?,
    };
    server.stop().await?;
    let mut there = 0;
    for &size in &options.sizes {
        tell(&format!("-- {size} flags"));
        seed::flags(database, there, size)?;
        there = size;
        bench.at(size, report).await?;
    }
    Ok(std::fs::remove_dir_all(&bench.folder)?)
}

async fn token(admin: &mut Client, kind: &str) -> Result<String> {
    let body = json!({"tokenName": kind, "type": kind, "environment": "development", "projects": ["*"]});
    let made = admin.send(Method::POST, "/api-tokens", body.to_string(), 201).await?.json()?;
    Ok(made["secret"].as_str().context("no secret")?.to_owned())
}

impl Bench<'_> {
    async fn start(&self) -> Result<Server> {
        Server::start(&self.options.place.binary, self.database).await
    }

    async fn at(&self, size: usize, report: &mut Report) -> Result<()> {
        let row = |name: &str| format!("{name}, {size} flags");
        let mut rows = Rows { report, size };
        let begun = Instant::now();
        let server = self.start().await?;
        let ready = begun.elapsed().as_secs_f64() * 1000.0;
        let first = self.features(&[]).once(server.address).await?;
        ensure!(first.status == 200, "{} {}", first.status, String::from_utf8_lossy(&first.body));
        rows.at_most("start on an existing database", format!("{ready:.0} ms"), ready, "≤ 150 ms", 150.0);
        tokio::time::sleep(Duration::from_secs(1)).await;
        let idle = mib(server.resident()?);
        rows.at_most("resident memory, idle", format!("{idle:.0} MiB"), idle, "≤ 40 MiB", 40.0);
        // Clients do not wait for the database; it matters to what follows.
        if self.database.starts_with("sqlite:") {
            self.requests(&server, &first, &mut rows).await?;
        }

        let mut admin = Client::connect(server.address, Api::Admin).await?;
        let mut stream = self.stream(&server).await?;
        let times = streams::propagation(&mut admin, &mut stream, self.options.rounds).await?;
        let name = "from the request that toggles to a stream";
        rows.at_most(name, format!("{} ms", times.text()), times.p99(), "p99 ≤ 50 ms", 50.0);
        if !self.database.starts_with("sqlite:") {
            let other = self.start().await?;
            let mut stream = self.stream(&other).await?;
            let times = streams::propagation(&mut admin, &mut stream, self.options.rounds).await?;
            let name = "from the request that toggles to a stream of another server";
            rows.at_most(name, format!("{} ms", times.text()), times.p99(), "p99 ≤ 500 ms", 500.0);
            other.stop().await?;
        }
        drop(stream);
        for &count in &self.options.streams {
            self.open_streams(&server, &mut admin, count, &mut rows).await?;
        }
        let loaded = mib(server.resident()?);
        rows.at_most(
            "resident memory, after everything",
            format!("{loaded:.0} MiB"),
            loaded,
            "≤ 80 MiB",
            80.0,
        );
        tell(&row("done"));
        server.stop().await
    }

    fn features(&self, headers: &[(&'static str, &str)]) -> Ask {
        let own = [("authorization", self.backend.as_str()), ("unleash-client-spec", "5.2.0")];
        Ask::get(FEATURES, &[&own, headers].concat())
    }

    /// Everything that is one request and one answer.
    async fn requests(&self, server: &Server, first: &Answer, rows: &mut Rows<'_>) -> Result<()> {
        let etag = first.header("etag").context("no etag")?;
        let asks = [
            ("features, 304", self.features(&[("if-none-match", etag)]), 0.7, 8.0),
            ("features, identity", self.features(&[]), 0.85, f64::MAX),
            ("features, gzip", self.features(&[("accept-encoding", "gzip")]), 0.7, 15.0),
            ("features, br", self.features(&[("accept-encoding", "br")]), 0.7, 15.0),
            ("features, zstd", self.features(&[("accept-encoding", "zstd")]), 0.7, 15.0),
        ];
        for (name, ask, of_bare, cpu) in asks {
            self.request(server, name, &ask, (Some(of_bare), cpu), rows).await?;
        }
        let own = [("authorization", self.backend.as_str())];
        let metrics = Ask::get("/api/client/metrics", &own).post(metrics());
        self.request(server, "metrics", &metrics, (None, 25.0), rows).await?;
        let own = [("authorization", self.frontend.as_str())];
        let context = json!({"userId": "user-7", "appName": "web", "properties": {"country": "country-3"}});
        let query = "/api/frontend?userId=user-7&appName=web&properties[country]=country-3";
        let get = Ask::get(query, &own);
        let post = Ask::get("/api/frontend", &own).post(json!({ "context": context }).to_string());
        let flat = json!({"context": {"targetingKey": "user-7", "country": "country-3"}});
        let ofrep = Ask::get("/ofrep/v1/evaluate/flags", &own).post(flat.to_string());
        for (name, ask) in [("frontend GET", get), ("frontend POST", post), ("OFREP, all flags", ofrep)] {
            if self.request(server, name, &ask, (None, 150.0), rows).await? {
                let alone = load(server, &ask, 1, self.options.seconds, &self.folder).await?;
                let name = format!("{name}, one connection, p99");
                rows.at_most(&name, format!("{:.2} ms", alone.p99), alone.p99, "< 1.5 ms", 1.5);
            }
        }
        Ok(())
    }

    /// One request under load, on the server and on a bare one. False: it is not served.
    async fn request(
        &self,
        server: &Server,
        name: &str,
        ask: &Ask,
        (of_bare, most_cpu): (Option<f64>, f64),
        rows: &mut Rows<'_>,
    ) -> Result<bool> {
        let answer = ask.once(server.address).await?;
        if matches!(answer.status, 404 | 405) {
            rows.plain(name, format!("– (answers {})", answer.status));
            return Ok(false);
        }
        ensure!(answer.status < 400, "{name}: {} {}", answer.status, String::from_utf8_lossy(&answer.body));
        let (seconds, folder) = (self.options.seconds, &self.folder);
        let ours = load(server, ask, CONNECTIONS, seconds, folder).await?;
        let bare = exchange::bare(&answer, folder).await?;
        let least = load(&bare, ask, CONNECTIONS, seconds, folder).await?;
        bare.stop().await?;
        let rates = |Load { rate, cpu, .. }: &Load| format!("{rate:.0}/s, {cpu:.1} µs");
        let size = answer.body.len();
        rows.plain(name, format!("{} ({size} bytes; bare: {})", rates(&ours), rates(&least)));
        let ratio = ours.rate / least.rate;
        let of = format!("{name}, rate to that of the bare server");
        match of_bare {
            Some(0.85) => rows.at_least(&of, format!("{ratio:.2}"), ratio, "≥ 0.85", 0.85),
            Some(least) => rows.at_least(&of, format!("{ratio:.2}"), ratio, "≥ 0.7", least),
            None => rows.plain(&of, format!("{ratio:.2}")),
        }
        let words = match most_cpu {
            8.0 => "≤ 8 µs",
            15.0 => "≤ 15 µs",
            25.0 => "≤ 25 µs",
            150.0 => "≤ 150 µs",
            _ => return Ok(true),
        };
        rows.at_most(&format!("{name}, processor"), format!("{:.1} µs", ours.cpu), ours.cpu, words, most_cpu);
        Ok(true)
    }

    /// A stream that has everything.
    async fn stream(&self, server: &Server) -> Result<Stream> {
        let document: Value = serde_json::from_slice(&self.features(&[]).once(server.address).await?.body)?;
        let revision = document["meta"]["revisionId"].to_string();
        Stream::open(server.address, &self.backend, &revision).await
    }

    async fn open_streams(
        &self,
        server: &Server,
        admin: &mut Client,
        count: usize,
        rows: &mut Rows<'_>,
    ) -> Result<()> {
        let before = server.resident()?;
        let first = self.stream(server).await?;
        let document: Value = serde_json::from_slice(&self.features(&[]).once(server.address).await?.body)?;
        let revision = document["meta"]["revisionId"].to_string();
        let mut open = vec![first];
        while open.len() < count {
            open.push(Stream::open(server.address, &self.backend, &revision).await?);
        }
        let bytes = server.resident()?.saturating_sub(before) / u64::try_from(count)?;
        #[expect(clippy::cast_precision_loss, reason = "for people to read")]
        let kilobytes = bytes as f64 / 1000.0;
        let name = format!("{count} streams, memory of each");
        rows.at_most(&name, format!("{kilobytes:.1} kB"), kilobytes, "≤ 16 kB", 16.0);
        let last = streams::last_told(admin, open).await?;
        rows.plain(&format!("{count} streams, until the last is told"), format!("{} ms", last.as_millis()));
        Ok(())
    }
}

/// The lines of the table at one size.
struct Rows<'r> {
    report: &'r mut Report,
    size: usize,
}

impl Rows<'_> {
    fn name(&self, name: &str) -> String {
        format!("{name}, {} flags", self.size)
    }

    fn plain(&mut self, name: &str, text: String) {
        self.report.plain(&self.name(name), text);
    }

    fn at_most(&mut self, name: &str, text: String, value: f64, words: &'static str, most: f64) {
        match self.size {
            TARGETS_AT => self.report.at_most(&self.name(name), text, value, Target(words, [most; 2])),
            _ => self.plain(name, text),
        }
    }

    fn at_least(&mut self, name: &str, text: String, value: f64, words: &'static str, least: f64) {
        match self.size {
            TARGETS_AT => self.report.at_least(&self.name(name), text, value, Target(words, [least; 2])),
            _ => self.plain(name, text),
        }
    }
}

/// What an SDK tells once a minute, about fifty flags.
fn metrics() -> String {
    #[expect(clippy::disallowed_methods, reason = "what is measured runs in real time")]
    let now = jiff::Timestamp::now();
    let start = now - jiff::SignedDuration::from_secs(60);
    let toggles = (1..=50).map(|flag| {
        let counts = json!({"yes": 12, "no": 3, "variants": {"red": 7, "blue": 5}});
        (format!("flag-{flag}"), counts)
    });
    let toggles: serde_json::Map<String, Value> = toggles.collect();
    let bucket = json!({"start": start.to_string(), "stop": now.to_string(), "toggles": toggles});
    json!({"appName": "bench", "instanceId": "one", "bucket": bucket}).to_string()
}
