//! Users: created, found, changed, listed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Result, ensure};
use hyper::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use bench_harness::client::{Api, Client};
use bench_harness::fill::{PATTERN, provisioned};
use bench_harness::report::{Report, Target, Times, rate};

/// How many connections create users at once.
const CLIENTS: usize = 16;
/// So many users at once are written into the database: they only have to be there, and making them would take hours.
const WRITTEN: usize = 200_000;

/// Everybody who exists: the place is the number in their names, the value is the id.
pub type People = Vec<String>;

/// How often each kind of request is measured.
#[derive(Clone, Copy)]
pub struct Rounds {
    /// Lookups.
    pub lookups: usize,
    /// Everything else.
    pub others: usize,
    /// Creates with one client.
    pub creates: usize,
}

/// Somebody with this number.
pub fn body(number: usize) -> Value {
    json!({
        "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
        ],
        "userName": user_name(number),
        "externalId": external_id(number),
        "name": { "givenName": format!("Given{number}"), "familyName": format!("Family{}", number % 5000) },
        "displayName": format!("Given{number} Family{}", number % 5000),
        "title": "Engineer",
        "emails": [{ "value": user_name(number), "type": "work", "primary": true }],
        "active": true,
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
            "department": format!("Department {}", number % 100),
            "employeeNumber": number.to_string()
        }
    })
}

/// The user name of the person with this number.
pub fn user_name(number: usize) -> String {
    format!("user{number:07}@example.com")
}

/// What the identity provider calls the person with this number.
pub fn external_id(number: usize) -> String {
    format!("00u{number:012}")
}

/// The numbers from 0 to `below` in an order that jumps about and is always the same.
fn scattered(rounds: usize, below: usize) -> impl Iterator<Item = usize> {
    (0..rounds).map(move |round| round.wrapping_mul(2_654_435_761) % below)
}

/// Creates users through the API until there are `until`, with 16 clients at once. Tells how many a second were
/// created, counting the last 2,000 only.
pub async fn create_many(
    database: &str,
    address: SocketAddr,
    people: &mut People,
    until: usize,
) -> Result<f64> {
    let counted = until.saturating_sub(2000).max(people.len());
    if counted - people.len() > WRITTEN {
        write_many(database, address, people, counted).await?;
    }
    create_range(address, people, counted).await?;
    let (start, before) = (Instant::now(), people.len());
    create_range(address, people, until).await?;
    Ok(rate(until - before, start.elapsed()))
}

/// Writes users into the database until there are `until`, all like one who comes and goes through the API.
async fn write_many(database: &str, address: SocketAddr, people: &mut People, until: usize) -> Result<()> {
    let mut client = Client::connect(address, Api::Scim).await?;
    let pattern = client.send(Method::POST, "/Users", body(PATTERN).to_string(), 201).await?.id()?;
    people.extend(provisioned(database, people.len(), until - 1)?);
    client.send(Method::DELETE, &format!("/Users/{pattern}"), String::new(), 204).await?;
    Ok(())
}

async fn create_range(address: SocketAddr, people: &mut People, until: usize) -> Result<()> {
    let next = Arc::new(AtomicUsize::new(people.len()));
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let next = next.clone();
        clients.spawn(async move {
            let mut client = Client::connect(address, Api::Scim).await?;
            let mut made = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= until {
                    return anyhow::Ok(made);
                }
                let answer = client.send(Method::POST, "/Users", body(number).to_string(), 201).await?;
                made.push((number, answer.id()?));
            }
        });
    }
    people.resize(until.max(people.len()), String::new());
    while let Some(made) = clients.join_next().await {
        for (number, id) in made?? {
            people[number] = id;
        }
    }
    Ok(())
}

/// Everything about users, with `size` of them in the end.
pub async fn measure(
    database: &str,
    address: SocketAddr,
    report: &mut Report,
    people: &mut People,
    size: usize,
    rounds: Rounds,
) -> Result<()> {
    ensure!(
        size > rounds.creates,
        "{size} users are too few: {} of them are created one by one",
        rounds.creates
    );
    let many = create_many(database, address, people, size - rounds.creates).await?;
    let mut client = Client::connect(address, Api::Scim).await?;
    let (start, mut times) = (Instant::now(), Times::default());
    for number in size - rounds.creates..size {
        let answer = client.send(Method::POST, "/Users", body(number).to_string(), 201).await?;
        times.push(answer.took);
        people.push(answer.id()?);
    }
    let one = rate(rounds.creates, start.elapsed());
    let at = |name: &str| format!("{name}, {size} users");
    report.at_least(
        &at("POST /Users, 1 client, per second"),
        format!("{one:.0} ({} ms)", times.text()),
        one,
        Target("≥ 1500 / ≥ 250", [1500.0, 250.0]),
    );
    report.at_least(
        &at("POST /Users, 16 clients, per second"),
        format!("{many:.0}"),
        many,
        Target("≥ 1500", [1500.0; 2]),
    );

    for (name, filter) in [
        ("`userName eq`", (|n| format!("userName eq \"{}\"", user_name(n))) as fn(usize) -> String),
        ("`externalId eq`", |n| format!("externalId eq \"{}\"", external_id(n))),
        ("`emails[type eq \"work\" and value eq …]`", |n| {
            format!("emails[type eq \"work\" and value eq \"{}\"]", user_name(n))
        }),
    ] {
        let mut times = Times::default();
        for number in scattered(rounds.lookups, size) {
            let path = format!("/Users?filter={}", encoded(&filter(number)));
            let answer = client.send(Method::GET, &path, String::new(), 200).await?;
            times.push(answer.took);
            ensure!(answer.json()?["totalResults"] == 1, "{path} found {}", answer.json()?);
        }
        let target = Target("p99 ≤ 5 / ≤ 8 ms", [5.0, 8.0]);
        report.at_most(&at(name), format!("{} ms", times.text()), times.p99(), target);
    }

    let mut times = Times::default();
    for number in scattered(rounds.others / 2, size) {
        for active in [false, true] {
            let body = json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations": [{ "op": "replace", "path": "active", "value": active }]
            });
            let path = format!("/Users/{}", people[number]);
            let answer = client.send(Method::PATCH, &path, body.to_string(), 200).await?;
            times.push(answer.took);
        }
    }
    report.plain(&at("PATCH active"), format!("{} ms", times.text()));

    for (name, start) in [("page of 100 at the start", 1), ("page of 100 at the end", size - 99)] {
        let mut times = Times::default();
        for _ in 0..rounds.others {
            let path = format!("/Users?startIndex={start}&count=100");
            let answer = client.send(Method::GET, &path, String::new(), 200).await?;
            times.push(answer.took);
            ensure!(answer.json()?["itemsPerPage"] == 100, "{path} is short");
        }
        let target = Target("p99 ≤ 10 ms", [10.0; 2]);
        report.at_most(&at(name), format!("{} ms", times.text()), times.p99(), target);
    }
    Ok(())
}

/// A filter, as it stands in an address.
pub fn encoded(filter: &str) -> String {
    let letter = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    filter.bytes().map(letter).collect()
}
