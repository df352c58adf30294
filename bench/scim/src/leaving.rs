//! Somebody leaves: how long until their session and their token open nothing any more, on each node.

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use hyper::{Method, header};
use serde_json::json;

use bench_harness::client::{ADMIN_PASSWORD, Api, Client};
use bench_harness::report::{Report, Target, Times};

/// How many people leave.
const LEAVERS: usize = 20;
/// What every person may look at.
const PROFILE: &str = "/user";

/// Measures from the identity provider's request to the first refusal.
pub async fn measure(report: &mut Report, address: SocketAddr, second: Option<SocketAddr>) -> Result<()> {
    let mut admin = Client::connect(address, Api::Admin).await?;
    let mut scim = Client::connect(address, Api::Scim).await?;
    let nodes: Vec<SocketAddr> = [Some(address), second].into_iter().flatten().collect();
    let mut times: Vec<Times> = nodes.iter().map(|_| Times::default()).collect();
    for number in 0..LEAVERS {
        let name = format!("leaver{number}@example.com");
        let body = json!({ "username": name, "email": name, "rootRole": 2, "password": ADMIN_PASSWORD, "sendEmail": false });
        admin.send(Method::POST, "/user-admin", body.to_string(), 201).await?;
        let cookie = Client::sign_in(address, &name, ADMIN_PASSWORD).await?;
        let mut session = Client::connect(address, Api::Admin).await?;
        session.show(header::COOKIE, &cookie)?;
        let body = json!({ "description": "script", "expiresAt": "2099-01-01T00:00:00Z" });
        let made = session.send(Method::POST, "/user/tokens", body.to_string(), 201).await?.json()?;
        let token = made["secret"].as_str().context("no secret")?.to_owned();
        // The account is taken over by the identity provider, with its password.
        let body = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name, "active": true });
        let id = scim.send(Method::POST, "/Users", body.to_string(), 201).await?.id()?;
        let mut ways = Vec::new();
        for (node, place) in nodes.iter().enumerate() {
            for (shown, value) in [(header::COOKIE, &cookie), (header::AUTHORIZATION, &token)] {
                let mut way = Client::connect(*place, Api::Admin).await?;
                way.show(shown, value)?;
                ensure!(way.get(PROFILE).await?.status == 200, "{name} does not get in");
                ways.push((node, way));
            }
        }
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{ "op": "replace", "path": "active", "value": false }]
        });
        let start = Instant::now();
        scim.send(Method::PATCH, &format!("/Users/{id}"), body.to_string(), 200).await?;
        for (node, way) in &mut ways {
            while way.get(PROFILE).await?.status != 401 {}
            times[*node].push(start.elapsed());
        }
    }
    for (times, place) in times.iter().zip(["the same node", "another node"]) {
        let worst = times.percentile(100);
        report.at_most(
            &format!("deactivation → session and token dead, {place}"),
            format!("{:.1} / {worst:.1} ms", times.p50()),
            worst,
            Target("≤ 1 s", [1000.0; 2]),
        );
    }
    Ok(())
}
