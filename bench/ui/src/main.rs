//! Measures burgee's pages from the outside: the release binary on an empty database, over loopback HTTP, asked by
//! somebody who is signed in. What the pages show is written into the database. `bench/ui/run` starts it.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, ensure};
use bench_harness::Where;
use bench_harness::client::Client;
use bench_harness::fill::{events, flags, users};
use bench_harness::report::{Report, Target, Times, tell};
use bench_harness::server::Server;
use clap::Parser;

/// Measures burgee's pages over loopback HTTP.
#[derive(Parser)]
struct Options {
    #[command(flatten)]
    place: Where,
    /// At how many flags of one project to measure.
    #[arg(long, default_value_t = 10_000)]
    flags: usize,
    /// At how many events to measure.
    #[arg(long, default_value_t = 1_000_000)]
    events: usize,
    /// At how many people to measure.
    #[arg(long, default_value_t = 100_000)]
    users: usize,
    /// How often each page is asked for.
    #[arg(long, default_value_t = 100)]
    rounds: usize,
}

/// How many flags, events or people are on a page.
const ON_A_PAGE: usize = 50;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let options = Options::parse();
    bench_harness::run(&options.place, async |database, report| measure(&options, database, report).await)
        .await
}

async fn measure(options: &Options, database: &str, report: &mut Report) -> Result<()> {
    let server = Server::start(&options.place.binary, database).await?;
    let mut browser = Client::browser(server.address).await?;
    tell(&format!("-- {} flags, {} events, {} people", options.flags, options.events, options.users));
    flags(database, 0, options.flags)?;
    events(database, options.events)?;
    users(database, options.users)?;
    let middle = |count: usize| (count / ON_A_PAGE / 2).max(1);
    for (name, path) in [
        ("home", "/".to_owned()),
        ("flags, first page", "/projects/default".to_owned()),
        ("flags, page in the middle", format!("/projects/default?page={}", middle(options.flags))),
        ("flags, search", "/projects/default?q=flag-99".to_owned()),
        ("flags, sorted by environment", "/projects/default?sort=in:production".to_owned()),
        ("flag", "/projects/default/features/flag-77".to_owned()),
        ("events, first page", "/events".to_owned()),
        ("users, first page", "/users".to_owned()),
        ("users, page in the middle", format!("/users?page={}", middle(options.users))),
        ("users, search", "/users?q=p77".to_owned()),
    ] {
        page(&server, &mut browser, report, (name, &path), options.rounds).await?;
    }
    for (name, path) in [("home", "/"), ("flags", "/projects/default")] {
        first_load(&server, report, name, path).await?;
    }
    server.stop().await
}

/// Time of one page, and what of it was the server's processor.
async fn page(
    server: &Server,
    browser: &mut Client,
    report: &mut Report,
    (name, path): (&str, &str),
    rounds: usize,
) -> Result<()> {
    ensure!(browser.get(path).await?.status == 200, "{path} is not there");
    let mut times = Times::default();
    let before = server.cpu()?;
    for _ in 0..rounds {
        let answer = browser.get(path).await?;
        ensure!(answer.status == 200, "{path}: {}", answer.status);
        times.push(answer.took);
    }
    let used = server.cpu()?.saturating_sub(before) / u32::try_from(rounds)?;
    let text = format!("{} ms, processor {:.1} ms", times.text(), millis(used));
    report.at_most(name, text, times.p99(), Target("p99 ≤ 50 / ≤ 100 ms", [50.0, 100.0]));
    Ok(())
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// What a browser that was never here loads for a page, compressed: the page, its style and its scripts.
async fn first_load(server: &Server, report: &mut Report, name: &str, path: &str) -> Result<()> {
    let mut browser = Client::browser(server.address).await?;
    let page = browser.get(path).await?.body.len();
    let mut plain = Client::browser(server.address).await?;
    plain.refuse_compression();
    let text = String::from_utf8(plain.get(path).await?.body.to_vec())?;
    let assets: BTreeSet<&str> = text.split('"').filter(|part| part.starts_with("/assets/")).collect();
    ensure!(assets.len() >= 3, "{path} loads {assets:?}");
    let mut bytes = page;
    for asset in &assets {
        let answer = browser.get(asset).await?;
        ensure!(answer.status == 200, "{asset}: {}", answer.status);
        bytes += answer.body.len();
    }
    let kilobytes = f64::from(u32::try_from(bytes)?) / 1000.0;
    let text =
        format!("{kilobytes:.1} kB, of these {:.1} kB the page", f64::from(u32::try_from(page)?) / 1000.0);
    report.at_most(&format!("{name}: first load"), text, kilobytes, Target("≤ 100 kB", [100.0; 2]));
    Ok(())
}
