//! Groups: members come and go one by one, by fifties and all at once; a large group is read.

use std::time::Instant;

use anyhow::{Result, ensure};
use hyper::Method;
use serde_json::{Value, json};

use crate::users::{People, Rounds};
use bench_harness::client::{Answer, Api, Client};
use bench_harness::report::{Report, Target, Times, mib};
use bench_harness::server::Server;

/// Users who are in no group at first, so that they can come and go.
pub const SPARE: usize = 1000;
/// The most members that fit into one request of 16 MiB, roughly.
const WHOLE: usize = 300_000;
/// How many members a request adds where they do not fit into one.
const PART: usize = 100_000;

/// Everything about groups. The last [`SPARE`] of `people` are not among the first `size`.
pub async fn measure(
    server: &Server,
    report: &mut Report,
    people: &People,
    size: usize,
    rounds: Rounds,
) -> Result<()> {
    let mut client = Client::connect(server.address, Api::Scim).await?;
    let (everybody, spare) = people.split_at(size);
    let mut sizes: Vec<usize> = [0, 1_000, 10_000, 100_000].into_iter().filter(|few| *few < size).collect();
    sizes.push(size);
    let replaced = sizes.iter().copied().rfind(|size| *size <= WHOLE);
    let mut groups = Vec::new();
    for members in &sizes {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": format!("Group of {members}")
        });
        let group = client.send(Method::POST, "/Groups", body.to_string(), 201).await?.id()?;
        if Some(*members) == replaced {
            replace(server, report, &mut client, &group, &everybody[..*members], spare).await?;
        } else if *members > WHOLE {
            fill(report, &mut client, &group, &everybody[..*members]).await?;
        } else if *members > 0 {
            patch(&mut client, &group, "replace", values(&everybody[..*members])).await?;
        }
        groups.push(group);
    }
    one_by_one(report, &mut client, &sizes, &groups, spare, rounds).await?;
    for (members, group) in sizes.iter().zip(&groups).filter(|(members, _)| **members >= size.min(100_000)) {
        fifty(report, &mut client, *members, group, spare, rounds).await?;
        read(server, report, &mut client, *members, group).await?;
    }
    Ok(())
}

/// Who is added and removed takes turns over the groups, so that all see the same machine.
async fn one_by_one(
    report: &mut Report,
    client: &mut Client,
    sizes: &[usize],
    groups: &[String],
    spare: &[String],
    rounds: Rounds,
) -> Result<()> {
    let mut times: Vec<Times> = sizes.iter().map(|_| Times::default()).collect();
    for round in 0..rounds.others {
        let person = &spare[round % spare.len()];
        for (group, times) in groups.iter().zip(&mut times) {
            times.push(patch(client, group, "add", json!([{ "value": person }])).await?.took);
            let path = format!("members[value eq \"{person}\"]");
            times.push(operation(client, group, json!({ "op": "remove", "path": path })).await?.took);
        }
    }
    for (size, times) in sizes.iter().zip(&times) {
        report.at_most(
            &format!("PATCH ±1 member, group of {size}"),
            format!("{} ms", times.text()),
            times.p99(),
            Target("p99 ≤ 10 / ≤ 25 ms", [10.0, 25.0]),
        );
    }
    if let (Some(empty), Some(largest)) = (times.first(), times.last()) {
        let ratio = largest.p50() / empty.p50();
        let name = "PATCH ±1 member, largest group to empty group, p50";
        report.at_most(name, format!("{ratio:.2}"), ratio, Target("≤ 1.3", [1.3; 2]));
    }
    Ok(())
}

async fn fifty(
    report: &mut Report,
    client: &mut Client,
    size: usize,
    group: &str,
    spare: &[String],
    rounds: Rounds,
) -> Result<()> {
    let mut times = Times::default();
    for chunk in spare.chunks(50).cycle().take(rounds.others / 2) {
        for op in ["add", "remove"] {
            times.push(patch(client, group, op, values(chunk)).await?.took);
        }
    }
    report.at_most(
        &format!("PATCH ±50 members, group of {size}"),
        format!("{} ms", times.text()),
        times.p99(),
        Target("p99 ≤ 25 ms", [25.0; 2]),
    );
    Ok(())
}

/// Fills an empty group part by part.
async fn fill(report: &mut Report, client: &mut Client, group: &str, everybody: &[String]) -> Result<()> {
    let (mut times, start) = (Times::default(), Instant::now());
    for part in everybody.chunks(PART) {
        times.push(patch(client, group, "add", values(part)).await?.took);
    }
    let name = format!("{} members in parts of {PART}", everybody.len());
    let whole = start.elapsed().as_secs_f64();
    report.plain(&name, format!("{whole:.1} s ({} ms each)", times.text()));
    Ok(())
}

/// Fills an empty group, gives it the same members again, and exchanges some: each time with the whole list.
async fn replace(
    server: &Server,
    report: &mut Report,
    client: &mut Client,
    group: &str,
    everybody: &[String],
    spare: &[String],
) -> Result<()> {
    let size = everybody.len();
    let few = (size / 100).min(spare.len());
    let others = [&everybody[few..], &spare[..few]].concat();
    for (name, members) in [
        (format!("replace members, 0 → {size}"), everybody),
        (format!("replace members, {size} → the same {size}"), everybody),
        (format!("replace members, {size} → {size} with 1 % others"), &others),
        (format!("replace members, {size} → {size} with 1 % others, again"), everybody),
    ] {
        let before = server.reset_peak()?;
        let answer = patch(client, group, "replace", values(members)).await?;
        let took = answer.took.as_secs_f64();
        report.at_most(&name, format!("{took:.2} s"), took, Target("≤ 1 s", [1.0; 2]));
        let grown = mib(server.peak()?.saturating_sub(before));
        let memory = format!("{grown:.0} MiB over {:.0}", mib(before));
        report.at_most(&format!("{name}: peak memory"), memory, grown, Target("≤ 64 MiB", [64.0; 2]));
    }
    Ok(())
}

async fn read(
    server: &Server,
    report: &mut Report,
    client: &mut Client,
    size: usize,
    group: &str,
) -> Result<()> {
    let (mut first, mut total, mut grown, mut bytes) = (Times::default(), Times::default(), 0.0_f64, 0);
    for _ in 0..5 {
        let before = server.reset_peak()?;
        let read = client.drain(&format!("/Groups/{group}")).await?;
        first.push(read.first);
        total.push(read.took);
        bytes = read.bytes;
        grown = grown.max(mib(server.peak()?.saturating_sub(before)));
    }
    ensure!(bytes > size * 26, "the group is too short: {bytes} bytes");
    let name = format!("GET group of {size}");
    let target = Target("≤ 50 ms", [50.0; 2]);
    let worst = first.percentile(100);
    report.at_most(
        &format!("{name}: first byte"),
        format!("{:.1} / {worst:.1} ms", first.p50()),
        worst,
        target,
    );
    let megabytes = mib(bytes as u64);
    report.plain(&format!("{name}: whole"), format!("{:.0} ms, {megabytes:.1} MiB", total.p50()));
    let target = Target("≤ 16 MiB", [16.0; 2]);
    report.at_most(&format!("{name}: peak memory"), format!("{grown:.1} MiB"), grown, target);
    Ok(())
}

fn values(members: &[String]) -> Value {
    members.iter().map(|id| json!({ "value": id })).collect()
}

async fn patch(client: &mut Client, group: &str, op: &str, members: Value) -> Result<Answer> {
    operation(client, group, json!({ "op": op, "path": "members", "value": members })).await
}

async fn operation(client: &mut Client, group: &str, operation: Value) -> Result<Answer> {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [operation]
    });
    // Without members in the answer, groups of all sizes are answered with the same few bytes.
    let path = format!("/Groups/{group}?attributes=displayName");
    client.send(Method::PATCH, &path, body.to_string(), 200).await
}
