//! Bulk requests: a thousand users in one.

use std::net::SocketAddr;
use std::ops::Range;

use anyhow::{Context, Result, ensure};
use hyper::Method;
use serde_json::{Value, json};

use crate::users::{People, body};
use bench_harness::client::{Answer, Api, Client};
use bench_harness::report::{Report, Target, Times};

/// The most operations that a request may have.
const MOST: usize = 1000;
/// How often a request with so many is measured.
const ROUNDS: usize = 3;

/// Requests that create a thousand users each.
pub async fn measure(address: SocketAddr, report: &mut Report, people: &mut People) -> Result<()> {
    let mut client = Client::connect(address, Api::Scim).await?;
    let mut times = Times::default();
    for _ in 0..ROUNDS {
        let next = people.len();
        times.push(create(&mut client, people, next..next + MOST).await?.took);
    }
    let worst = times.percentile(100);
    let text = format!("{:.0} / {worst:.0} ms", times.p50());
    report.at_most(&format!("Bulk of {MOST} creates"), text, worst, Target("≤ 2 s", [2000.0; 2]));
    Ok(())
}

async fn create(client: &mut Client, people: &mut People, numbers: Range<usize>) -> Result<Answer> {
    let operations: Vec<Value> = numbers
        .map(|number| {
            json!({ "method": "POST", "path": "/Users", "bulkId": number.to_string(), "data": body(number) })
        })
        .collect();
    let request = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": operations
    });
    let answer = client.send(Method::POST, "/Bulk", request.to_string(), 200).await?;
    let told = answer.json()?;
    let told = told["Operations"].as_array().context("no operations")?;
    ensure!(told.len() == operations.len(), "{} of {} operations", told.len(), operations.len());
    // In the order in which they were sent, whatever the order of the answers.
    let mut made: Vec<(usize, String)> = Vec::new();
    for one in told {
        ensure!(one["status"] == "201", "a create was refused: {one}");
        let place = one["location"].as_str().and_then(|place| place.rsplit('/').next());
        let number = one["bulkId"].as_str().context("no bulkId")?.parse()?;
        made.push((number, place.context("no location")?.to_owned()));
    }
    made.sort_unstable();
    people.extend(made.into_iter().map(|(_, id)| id));
    Ok(answer)
}
