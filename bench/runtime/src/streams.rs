//! Open streams, and how long a change takes to reach them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bench_harness::client::Client;
use bench_harness::report::Times;
use hyper::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A stream that has everything up to now.
pub struct Stream(TcpStream);

impl Stream {
    /// Opens a stream for a client that has `revision`.
    pub async fn open(address: SocketAddr, token: &str, revision: &str) -> Result<Self> {
        let mut stream = TcpStream::connect(address).await?;
        let request = format!(
            "GET /api/client/streaming HTTP/1.1\r\nhost: localhost\r\nauthorization: {token}\r\n\
             unleash-client-spec: 5.2.0\r\nlast-event-id: {revision}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut stream = Self(stream);
        let head = stream.until("\n\n").await?;
        ensure!(head.starts_with("HTTP/1.1 200"), "{head}");
        Ok(stream)
    }

    /// Waits for the next change.
    pub async fn change(&mut self) -> Result<Instant> {
        // The end of the event, in a chunk of its own.
        self.until("]}\n\n").await?;
        Ok(Instant::now())
    }

    async fn until(&mut self, end: &str) -> Result<String> {
        let (mut seen, mut part) = (Vec::new(), vec![0; 4096]);
        while !seen.windows(end.len()).any(|window| window == end.as_bytes()) {
            let read = timeout(PATIENCE, self.0.read(&mut part)).await.context("the stream is silent")??;
            ensure!(read > 0, "the stream ended: {}", String::from_utf8_lossy(&seen));
            seen.extend_from_slice(&part[..read]);
        }
        Ok(String::from_utf8_lossy(&seen).into_owned())
    }
}

/// The flag is off, unless somebody is measuring.
async fn toggle(admin: &mut Client, way: &str) -> Result<()> {
    let path = format!("/projects/default/features/flag-1/environments/development/{way}");
    admin.send(Method::POST, &path, String::new(), 200).await.map(drop)
}

/// From the request that toggles a flag until a stream has told.
pub async fn propagation(admin: &mut Client, stream: &mut Stream, rounds: usize) -> Result<Times> {
    let mut times = Times::default();
    for _ in 0..rounds {
        for way in ["on", "off"] {
            let start = Instant::now();
            let (sent, told) = tokio::join!(toggle(admin, way), stream.change());
            sent?;
            times.push(told?.duration_since(start));
        }
    }
    Ok(times)
}

/// From the request that toggles a flag until the last of many streams has told.
pub async fn last_told(admin: &mut Client, streams: Vec<Stream>) -> Result<Duration> {
    let mut waiting = JoinSet::new();
    for mut stream in streams {
        waiting.spawn(async move { stream.change().await });
    }
    let start = Instant::now();
    toggle(admin, "on").await?;
    let mut last = start;
    while let Some(told) = waiting.join_next().await {
        last = last.max(told??);
    }
    toggle(admin, "off").await?;
    Ok(last.duration_since(start))
}
