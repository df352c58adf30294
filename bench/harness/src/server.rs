//! The release binary as a child process: started, watched, stopped.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::client::{ADMIN_PASSWORD, ADMIN_TOKEN, SCIM_TOKEN};

/// A running server. It is killed when dropped.
pub struct Server {
    child: Child,
    pid: u32,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Server {
    /// Starts the binary on a database and waits until it listens.
    pub async fn start(binary: &Path, database: &str) -> Result<Self> {
        Self::start_with(binary, database, &[]).await
    }

    /// Like [`Server::start`], with more words on the command line.
    pub async fn start_with(binary: &Path, database: &str, more: &[&str]) -> Result<Self> {
        let mut command = Command::new(binary);
        command
            .args(["--database-url", database, "--http-port", "0", "--unleash-url", "http://burgee.test"])
            .args(["--unleash-default-admin-password", ADMIN_PASSWORD, "--log-level", "warn"])
            .args(["--init-scim-token", SCIM_TOKEN, "--init-admin-api-tokens", ADMIN_TOKEN])
            // One token sends what thousands would, and one address signs in as many.
            .args(["--client-metrics-rate-limit-per-minute", "0", "--simple-login-limit-per-minute", "0"])
            .args(more);
        Self::run(command).await
    }

    /// Starts any server whose first line ends with the URL where it listens, and waits for that line.
    pub async fn run(mut command: Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", command.as_std().get_program().display()))?;
        let mut lines = BufReader::new(child.stdout.take().context("no standard output")?).lines();
        let first =
            timeout(Duration::from_secs(20), lines.next_line()).await??.context("it stopped at once")?;
        let (_, address) = first.split_once("http://").context("it does not say where it listens")?;
        let pid = child.id().context("it stopped at once")?;
        Ok(Self { pid, address: address.trim().parse()?, child })
    }

    /// Processor time that it used so far.
    pub fn cpu(&self) -> Result<Duration> {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.pid))?;
        // After the name, which may have blanks in it; user and system time are the 14th and 15th field of all.
        let (_, rest) = text.rsplit_once(')').context("no name")?;
        let ticks = rest.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
        let ticks: u64 = ticks.collect::<Result<Vec<_>, _>>()?.iter().sum();
        // Linux counts a hundred a second for programs.
        Ok(Duration::from_millis(ticks * 10))
    }

    /// Resident memory in bytes.
    pub fn resident(&self) -> Result<u64> {
        self.status("VmRSS:")
    }

    /// Forgets the peak of resident memory, and tells the present value.
    pub fn reset_peak(&self) -> Result<u64> {
        std::fs::write(format!("/proc/{}/clear_refs", self.pid), "5")?;
        self.resident()
    }

    /// The most memory that was resident since [`Server::reset_peak`], in bytes.
    pub fn peak(&self) -> Result<u64> {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> Result<u64> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let line = text.lines().find_map(|line| line.strip_prefix(name)).context("no such line")?;
        let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kilobytes * 1024)
    }

    /// Kills the server.
    pub async fn stop(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }
}
