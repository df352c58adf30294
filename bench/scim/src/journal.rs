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

/// How long a server rests after its turn: what is written once a second is written in the turn of whoever caused it.
const REST: Duration = Duration::from_millis(1200);

/// A server with a database of its own, and what it took in each of its turns.
struct Side {
    server: Server,
    client: Client,
    people: usize,
    took: Vec<Duration>,
    cpu: Duration,
}

/// Lets two servers, each on an empty database beside `database`, take `turns` turns with `count` people who are found,
/// created and changed.
pub async fn measure(
    binary: &Path,
    database: &str,
    report: &mut Report,
    count: usize,
    turns: usize,
) -> Result<()> {
    ensure!(turns > 0, "--turns must be 1 at least");
    let mut with = Side::start(binary, &beside(database, "with"), &[]).await?;
    let mut without = Side::start(binary, &beside(database, "without"), &["--scim-calls-days", "0"]).await?;
    for turn in 0..=turns {
        // Whoever comes second finds a warmer machine.
        for side in if turn % 2 == 0 { [&mut with, &mut without] } else { [&mut without, &mut with] } {
            side.turn(count).await?;
            if turn == 0 {
                // A server's first requests open what the others use.
                (side.took, side.cpu) = (Vec::new(), Duration::ZERO);
            }
        }
    }
    // Of turns that came one right after the other: the machine is not equally fast all the time.
    let mut ratios: Vec<f64> =
        with.took.iter().zip(&without.took).map(|(with, without)| with.div_duration_f64(*without)).collect();
    ratios.sort_by(f64::total_cmp);
    let ratio = f64::midpoint(ratios[(turns - 1) / 2], ratios[turns / 2]);
    let [sum, other] = [&with, &without].map(|side| side.took.iter().sum::<Duration>());
    let text = format!(
        "{ratio:.3} ({:.3} to {:.3}; sums {:.3})",
        ratios[0],
        ratios[turns - 1],
        sum.div_duration_f64(other)
    );
    report.at_most("journal of calls, with to without", text, ratio, Target("≤ 1.05", [1.05; 2]));
    let cpu = with.cpu.div_duration_f64(without.cpu);
    report.plain("journal of calls, the server's processor time, with to without", format!("{cpu:.3}"));
    with.server.stop().await?;
    without.server.stop().await
}

impl Side {
    async fn start(binary: &Path, database: &str, words: &[&str]) -> Result<Self> {
        let server = Server::start_with(binary, database, words).await?;
        let client = Client::connect(server.address, Api::Scim).await?;
        Ok(Self { server, client, people: 0, took: Vec::new(), cpu: Duration::ZERO })
    }

    async fn turn(&mut self, count: usize) -> Result<()> {
        let (cpu, start) = (self.server.cpu()?, Instant::now());
        for _ in 0..count {
            self.person().await?;
        }
        self.took.push(start.elapsed());
        tokio::time::sleep(REST).await;
        self.cpu += self.server.cpu()? - cpu;
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
