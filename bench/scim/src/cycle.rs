//! The first cycle of Entra: everybody is looked for, created, and put into a group, each with a request of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use hyper::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::users::encoded;
use bench_harness::client::{Api, Client};
use bench_harness::report::{Report, Target, rate};

/// How many connections Entra has.
const CLIENTS: usize = 4;
/// How many groups share the people.
const GROUPS: usize = 10;

/// `size` users and as many PATCHes with one member.
pub async fn measure(address: SocketAddr, report: &mut Report, size: usize) -> Result<()> {
    let mut client = Client::connect(address, Api::Scim).await?;
    let mut groups = Vec::new();
    for number in 0..GROUPS {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": format!("Cycle {number}"), "externalId": format!("cycle-{number}")
        });
        groups.push(client.send(Method::POST, "/Groups", body.to_string(), 201).await?.id()?);
    }
    let start = Instant::now();
    let people = everybody(address, size).await?;
    let users = start.elapsed();
    let start = Instant::now();
    memberships(address, &people, &groups).await?;
    let members = start.elapsed();
    let target = Target("≥ 500", [500.0; 2]);
    let mut tell = |what: &str, requests: usize, took: Duration| {
        let name = format!("Entra's first cycle of {size}: {what}, requests a second");
        let rate = rate(requests, took);
        report.at_least(&name, format!("{rate:.0} ({:.1} s)", took.as_secs_f64()), rate, target);
    };
    tell("users", 2 * size, users);
    tell("memberships", size, members);
    tell("all", 3 * size, users + members);
    Ok(())
}

async fn everybody(address: SocketAddr, size: usize) -> Result<Vec<String>> {
    shared(address, size, async |client, number| {
        let name = format!("cycle{number:07}@example.com");
        let path = format!("/Users?filter={}", encoded(&format!("userName eq \"{name}\"")));
        let found = client.send(Method::GET, &path, String::new(), 200).await?.json()?;
        ensure!(found["totalResults"] == 0, "{name} is there already");
        let body = json!({
            "schemas": [
                "urn:ietf:params:scim:schemas:core:2.0:User",
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
            ],
            "externalId": format!("6b1f3c0e-8e1a-4d0b-9a53-{number:012}"), "userName": name, "active": true,
            "displayName": format!("Cycle {number}"),
            "emails": [{ "primary": true, "type": "work", "value": name }],
            "name": { "formatted": format!("Cycle {number}"), "familyName": number.to_string(), "givenName": "Cycle" }
        });
        client.send(Method::POST, "/Users", body.to_string(), 201).await?.id()
    })
    .await
}

async fn memberships(address: SocketAddr, people: &[String], groups: &[String]) -> Result<()> {
    let (people, groups) = (Arc::new(people.to_vec()), Arc::new(groups.to_vec()));
    let size = people.len();
    shared(address, size, async move |client, number| {
        let operation = json!({ "op": "Add", "path": "members", "value": [{ "value": people[number] }] });
        let body: Value = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]
        });
        let path = format!("/Groups/{}", groups[number % groups.len()]);
        let answer = client.ask(Method::PATCH, &path, body.to_string()).await?;
        ensure!(matches!(answer.status, 200 | 204), "{path}: {}", answer.status);
        Ok(String::new())
    })
    .await
    .map(drop)
}

/// Does something for each number below `size`, over all connections; what came of it, in the order of the numbers.
async fn shared<F>(address: SocketAddr, size: usize, one: F) -> Result<Vec<String>>
where
    F: AsyncFn(&mut Client, usize) -> Result<String> + 'static,
{
    let (next, one) = (Arc::new(AtomicUsize::new(0)), Arc::new(one));
    let mut clients = JoinSet::new();
    let local = tokio::task::LocalSet::new();
    for _ in 0..CLIENTS {
        let (next, one) = (next.clone(), one.clone());
        clients.spawn_local_on(
            async move {
                let mut client = Client::connect(address, Api::Scim).await?;
                let mut made = Vec::new();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= size {
                        return anyhow::Ok(made);
                    }
                    made.push((number, (*one)(&mut client, number).await?));
                }
            },
            &local,
        );
    }
    local
        .run_until(async {
            let mut all = vec![String::new(); size];
            while let Some(made) = clients.join_next().await {
                for (number, what) in made?? {
                    all[number] = what;
                }
            }
            Ok(all)
        })
        .await
}
