//! What the numbers were measured on.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::Result;

use crate::report::Times;

/// A description of the machine, as a list. `folder` is where the databases live.
pub fn describe(folder: &Path, postgres: Option<&str>) -> Result<String> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_once(':').map_or_else(|| "unknown".to_owned(), |(_, value)| value.trim().to_owned())
    };
    let cores = std::thread::available_parallelism()?;
    let memory = field(&read("/proc/meminfo"), "MemTotal");
    let memory: u64 = memory.split(' ').next().unwrap_or_default().parse().unwrap_or(0);
    let mut text = String::new();
    writeln!(text, "- {cores} cores, {}", field(&read("/proc/cpuinfo"), "model name"))?;
    writeln!(text, "- {} GiB of memory", memory.div_ceil(1024 * 1024))?;
    writeln!(text, "- Linux {}", read("/proc/sys/kernel/osrelease").trim())?;
    if let Some(url) = postgres {
        writeln!(text, "- {}, `fsync=on`, default settings, on the same machine", version_of(url))?;
    }
    writeln!(
        text,
        "- load average before the run: {}",
        read("/proc/loadavg").split(' ').next().unwrap_or_default()
    )?;
    writeln!(
        text,
        "- one `fdatasync` of 4 KiB on the databases' disk: {} ms (p50 / p99)",
        sync_times(folder)?
    )?;
    Ok(text)
}

fn version_of(url: &str) -> String {
    let answer = Command::new("psql").args([url, "-Atc", "SHOW server_version"]).output();
    let version = answer.map(|answer| String::from_utf8_lossy(&answer.stdout).trim().to_owned());
    let version = version.unwrap_or_default();
    format!("PostgreSQL {}", version.split(' ').next().unwrap_or_default())
}

/// How long the disk takes to make a page last: the floor under every change that is acknowledged.
fn sync_times(folder: &Path) -> Result<String> {
    let path = folder.join("sync-probe");
    let mut file = fs::File::create(&path)?;
    let mut times = Times::default();
    for _ in 0..500 {
        let start = Instant::now();
        file.write_all(&[1; 4096])?;
        file.sync_data()?;
        times.push(start.elapsed());
    }
    fs::remove_file(path)?;
    Ok(times.text())
}
