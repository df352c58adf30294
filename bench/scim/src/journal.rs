//! What the journal of calls costs: the same work with and without it, in turns.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use hyper::Method;
use serde_json::json;

use crate::users::{body, encoded, user_name};
use bench_harness::client::{Api, Client};
use bench_harness::report::{Report, Target};
use bench_harness::server::Server;

/// How long a turn lasts: the journal is written several times meanwhile.
const TURN: Duration = Duration::from_secs(6);
/// How long a server rests after its turn, so that nothing it still has to write slows down the other one. Processor time
/// has that in it.
const REST: Duration = Duration::from_secs(2);

/// A server with a database of its own, and what came of each of its turns.
struct Side {
    server: Server,
    client: Client,
    people: usize,
    /// How long each of them took, in seconds.
    each: Vec<f64>,
    cpu: Vec<f64>,
}

/// Lets two servers, each on an empty database beside `database`, take `turns` turns in which people are found, created and
/// changed, one after the other.
pub async fn measure(binary: &Path, database: &str, report: &mut Report, turns: usize) -> Result<()> {
    ensure!(turns > 0, "--turns must be 1 at least");
    let mut with = Side::start(binary, &beside(database, "with"), &[]).await?;
    let mut without = Side::start(binary, &beside(database, "without"), &["--scim-calls-days", "0"]).await?;
    for turn in 0..=turns {
        // Whoever comes second finds a warmer machine.
        for side in if turn % 2 == 0 { [&mut with, &mut without] } else { [&mut without, &mut with] } {
            side.turn().await?;
            if turn == 0 {
                // A server's first requests open what the others use.
                side.each.clear();
                side.cpu.clear();
            }
        }
    }
    let (ratio, text) = compared(&with.each, &without.each);
    report.at_most("journal of calls, with to without", text, ratio, Target("≤ 1.05", [1.05; 2]));
    let (_, text) = compared(&with.cpu, &without.cpu);
    report.plain("journal of calls, the server's processor, with to without", text);
    with.server.stop().await?;
    without.server.stop().await
}

/// The median of the ratios, and in words. Each is of two turns that came one right after the other: the machine is not
/// equally fast all the time.
fn compared(with: &[f64], without: &[f64]) -> (f64, String) {
    let mut ratios: Vec<f64> = with.iter().zip(without).map(|(with, without)| with / without).collect();
    ratios.sort_by(f64::total_cmp);
    let (least, most) = (ratios[0], ratios[ratios.len() - 1]);
    let ratio = f64::midpoint(ratios[(ratios.len() - 1) / 2], ratios[ratios.len() / 2]);
    let together = with.iter().sum::<f64>() / without.iter().sum::<f64>();
    (ratio, format!("{ratio:.3} ({least:.3} to {most:.3}, together {together:.3})"))
}

impl Side {
    async fn start(binary: &Path, database: &str, words: &[&str]) -> Result<Self> {
        let server = Server::start_with(binary, database, words).await?;
        let client = Client::connect(server.address, Api::Scim).await?;
        Ok(Self { server, client, people: 0, each: Vec::new(), cpu: Vec::new() })
    }

    async fn turn(&mut self) -> Result<()> {
        let (cpu, start, mut count) = (self.server.cpu()?, Instant::now(), 0.0);
        while start.elapsed() < TURN {
            self.person().await?;
            count += 1.0;
        }
        self.each.push(start.elapsed().as_secs_f64() / count);
        tokio::time::sleep(REST).await;
        self.cpu.push(self.server.cpu()?.saturating_sub(cpu).as_secs_f64() / count);
        Ok(())
    }

    async fn person(&mut self) -> Result<()> {
        let number = self.people;
        let path = format!("/Users?filter={}", encoded(&format!("userName eq \"{}\"", user_name(number))));
        self.client.send(Method::GET, &path, String::new(), 200).await?;
        let id = self.client.send(Method::POST, "/Users", body(number).to_string(), 201).await?.id()?;
        let change = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{ "op": "replace", "path": "title", "value": "Lead" }]
        });
        self.client.send(Method::PATCH, &format!("/Users/{id}"), change.to_string(), 200).await?;
        self.people += 1;
        Ok(())
    }
}

/// The database of this name beside another one, which `bench/harness/run` has made.
fn beside(database: &str, name: &str) -> String {
    match database.strip_suffix(".db") {
        Some(file) => format!("{file}_{name}.db"),
        None => format!("{database}_{name}"),
    }
}
