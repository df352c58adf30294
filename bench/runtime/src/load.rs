//! Load from wrk, and what it costs a server.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use bench_harness::server::Server;
use tokio::process::Command;

use crate::exchange::Ask;

/// What a server made of load.
pub struct Load {
    /// Answers in a second.
    pub rate: f64,
    /// Microseconds of processor time for each.
    pub cpu: f64,
    /// What all but the slowest hundredth took at most, in milliseconds.
    pub p99: f64,
}

/// Asks a server for some seconds, over so many connections.
pub async fn load(
    server: &Server,
    ask: &Ask,
    connections: usize,
    seconds: u64,
    folder: &Path,
) -> Result<Load> {
    let script = folder.join("wrk.lua");
    let mut text = format!("wrk.method = {:?}\nwrk.body = {:?}\n", ask.method, ask.body);
    for (name, value) in &ask.headers {
        writeln!(text, "wrk.headers[{name:?}] = {value:?}")?;
    }
    std::fs::write(&script, text)?;
    let before = server.cpu()?;
    let output = Command::new("wrk")
        .args(["-t1", "--latency", &format!("-c{connections}"), &format!("-d{seconds}s"), "-s"])
        .arg(&script)
        .arg(format!("http://{}{}", server.address, ask.path))
        .stderr(Stdio::inherit())
        .output()
        .await
        .context("cannot start wrk")?;
    let cpu = server.cpu()?.saturating_sub(before);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "wrk failed: {text}");
    ensure!(!text.contains("Non-2xx"), "{} {}: {text}", ask.method, ask.path);
    let number = |before: &str| {
        let line = text.lines().map(str::trim).find_map(|line| line.strip_prefix(before));
        line.and_then(|line| line.split_whitespace().next()).with_context(|| format!("no {before}: {text}"))
    };
    let requests = text.lines().find(|line| line.contains(" requests in ")).context("no requests")?;
    let requests: f64 = requests.split_whitespace().next().unwrap_or_default().parse()?;
    Ok(Load {
        rate: number("Requests/sec:")?.parse()?,
        cpu: cpu.as_secs_f64() * 1e6 / requests.max(1.0),
        p99: milliseconds(number("99%")?)?,
    })
}

/// `1.23ms`, `456.00us`, `1.02s`.
fn milliseconds(text: &str) -> Result<f64> {
    let (number, factor) = [("us", 0.001), ("ms", 1.0), ("s", 1000.0)]
        .into_iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)))
        .with_context(|| format!("{text} is no time"))?;
    Ok(number.parse::<f64>()? * factor)
}
