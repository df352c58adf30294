//! `GET /api/client/delta`: whatever happened, whoever follows the deltas has what they would have fetched.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use super::{fetch, flag, project, sdk, segment, strategy, turn};
use crate::support::TestServer;
use crate::support::client::{Answer, Client};

const DELTA: &str = "/api/client/delta";

/// What a client knows that follows deltas.
#[derive(Default)]
pub struct Follower {
    at: Option<String>,
    pub flags: BTreeMap<String, Value>,
    segments: BTreeMap<i64, Value>,
}

impl Follower {
    /// Takes over a message.
    pub fn apply(&mut self, message: &Value) {
        for event in message["events"].as_array().unwrap() {
            let segments = |list: &Value| -> BTreeMap<i64, Value> {
                list.as_array().unwrap().iter().map(|it| (it["id"].as_i64().unwrap(), it.clone())).collect()
            };
            let name = |flag: &Value| flag["name"].as_str().unwrap().to_owned();
            match event["type"].as_str().unwrap() {
                "hydration" => {
                    let flags = event["features"].as_array().unwrap();
                    self.flags = flags.iter().map(|flag| (name(flag), flag.clone())).collect();
                    self.segments = segments(&event["segments"]);
                }
                "feature-updated" => {
                    let flag = &event["feature"];
                    for strategy in flag["strategies"].as_array().unwrap() {
                        for id in strategy.get("segments").and_then(Value::as_array).into_iter().flatten() {
                            assert!(self.segments.contains_key(&id.as_i64().unwrap()), "segments come first");
                        }
                    }
                    self.flags.insert(name(flag), flag.clone());
                }
                "feature-removed" => {
                    let gone = self.flags.remove(event["featureName"].as_str().unwrap());
                    assert!(gone.is_none_or(|gone| gone["project"] == event["project"]));
                }
                "segment-updated" => self.segments.extend(segments(&json!([event["segment"]]))),
                other => panic!("unknown event {other}"),
            }
        }
    }

    async fn ask(&self, sdk: &Client) -> Answer {
        // Somebody who was told later things gets the latest, so that the test need not wait.
        fetch(sdk).await;
        match &self.at {
            Some(at) => sdk.with("if-none-match", at).get(DELTA).await,
            None => sdk.get(DELTA).await,
        }
    }

    async fn catch_up(&mut self, sdk: &Client) {
        let answer = self.ask(sdk).await;
        let tag = answer.header("etag").to_owned();
        match answer.status {
            200 => self.apply(&answer.json()),
            status => assert_eq!((status, self.at.as_ref()), (304, Some(&tag))),
        }
        self.at = Some(tag);
    }

    /// Insists that nothing is different from what a client fetches.
    pub fn must_be(&self, document: &Value) {
        let flags: Vec<&Value> = self.flags.values().collect();
        let wanted: Vec<&Value> = document["features"].as_array().unwrap().iter().collect();
        assert_eq!(flags, wanted);
        for segment in document["segments"].as_array().unwrap() {
            assert_eq!(&self.segments[&segment["id"].as_i64().unwrap()], segment);
        }
    }
}

both! {
    async fn a_step_is_what_changed(server) {
        project(&server, "harbour").await;
        let crew = segment(&server, "crew", "7").await;
        for name in ["boat", "buoy"] {
            flag(&server, "default", name).await;
        }
        let sdk = sdk(&server, &["default"]).await;
        let mut follower = Follower::default();
        let first = follower.ask(&sdk).await.expect(200).json();
        assert_eq!(first["events"].as_array().unwrap().len(), 1);
        assert_eq!(first["events"][0]["type"], "hydration");
        follower.catch_up(&sdk).await;
        follower.ask(&sdk).await.expect(304);

        let kinds = |answer: &Answer| -> Vec<String> {
            let message = answer.json();
            let events = message["events"].as_array().unwrap();
            let tag = answer.header("etag").trim_matches('"').parse::<i64>().unwrap();
            assert!(events.iter().all(|event| event["eventId"] == tag), "{message}");
            events.iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
        };
        turn(&server, "default", "boat", false).await;
        let answer = follower.ask(&sdk).await.expect(200);
        assert_eq!(kinds(&answer), ["feature-updated"]);
        assert_eq!(answer.json()["events"][0]["feature"]["enabled"], false);
        follower.catch_up(&sdk).await;

        strategy(&server, "default", "boat", json!({"name": "default", "segments": [crew]})).await;
        assert_eq!(kinds(&follower.ask(&sdk).await), ["segment-updated", "feature-updated"]);
        follower.catch_up(&sdk).await;

        let path = "/api/admin/projects/default/features/buoy/changeProject";
        server.admin().post(path, json!({"newProjectId": "harbour"})).await.done();
        let answer = follower.ask(&sdk).await.expect(200);
        assert_eq!(kinds(&answer), ["feature-removed"]);
        assert_eq!(answer.json()["events"][0]["featureName"], "buoy");
        assert_eq!(answer.json()["events"][0]["project"], "default");
        follower.catch_up(&sdk).await;

        // What is not known of: from the future, and no number at all.
        for at in ["\"9000000000\"", "\"x\""] {
            let answer = sdk.with("if-none-match", at).get(DELTA).await.expect(200);
            assert_eq!(kinds(&answer), ["hydration"], "{at}");
        }
    }

    async fn any_chain_of_deltas_is_a_fetch(server) {
        for seed in 0..3 {
            history(&server, seed).await;
        }
    }
}

/// Lets random things happen, and three clients that look now and then.
async fn history(server: &TestServer, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let admin = server.admin();
    let projects = [format!("a{seed}"), format!("b{seed}")];
    for id in &projects {
        project(server, id).await;
    }
    let segments =
        [segment(server, &format!("s{seed}"), "1").await, segment(server, &format!("t{seed}"), "2").await];
    let mut clients = Vec::new();
    for scope in [&projects[..1], &projects[1..], &projects[..]] {
        let scope: Vec<&str> = scope.iter().map(String::as_str).collect();
        clients.push((sdk(server, &scope).await, Follower::default()));
    }
    for step in 0..60 {
        let name = format!("f{seed}-{}", random.random_range(0..5));
        let place = projects.choose(&mut random).unwrap();
        let path = format!("/api/admin/projects/{place}/features/{name}");
        let environment = format!("{path}/environments/development");
        // Much of this is refused, because the flag is not there, or in the other project, or archived.
        match random.random_range(0..9) {
            0 | 1 => {
                admin.post(&format!("/api/admin/projects/{place}/features"), json!({"name": name})).await;
                admin.post(&format!("{environment}/strategies"), json!({"name": "default"})).await;
            }
            2 => drop(admin.post(&format!("{environment}/on"), json!({})).await),
            3 => drop(admin.post(&format!("{environment}/off"), json!({})).await),
            4 => {
                let body = json!({"name": "default", "segments": [segments.choose(&mut random)]});
                admin.post(&format!("{environment}/strategies"), body).await;
            }
            5 => {
                let id = segments.choose(&mut random).unwrap();
                let constraint =
                    json!({"contextName": "userId", "operator": "IN", "values": [step.to_string()]});
                let body = json!({"name": format!("n{seed}-{id}"), "constraints": [constraint]});
                admin.put(&format!("/api/admin/segments/{id}"), body).await.done();
            }
            6 => drop(
                admin
                    .post(
                        &format!("{path}/changeProject"),
                        json!({"newProjectId": projects.choose(&mut random)}),
                    )
                    .await,
            ),
            7 => drop(admin.delete(&path).await),
            _ => {
                admin.post(&format!("/api/admin/archive/revive/{name}"), json!({})).await;
            }
        }
        for (sdk, follower) in &mut clients {
            if random.random_bool(0.4) {
                follower.catch_up(sdk).await;
                follower.must_be(&fetch(sdk).await.json());
            }
        }
    }
    assert!(
        clients.iter().any(|(_, follower)| !follower.flags.is_empty()),
        "a history in which nothing happened"
    );
}
