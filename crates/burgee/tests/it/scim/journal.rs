//! The journal of calls: what it tells, what it never keeps, and what it costs nobody.

use burgee::clock::Time;
use burgee::provisioning::{journal, silence};
use burgee::sql;
use reqwest::Method;
use serde_json::{Value, json};

use super::wire::{ENTERPRISE, GROUP, PATCH, USER, Wire};
use crate::support::TestServer;

/// Writes what was noted.
async fn write(server: &TestServer) {
    server.app.journal.write(&server.app.db, &server.app.journal_rules()).await.unwrap();
}

/// The calls that a question finds, the oldest first.
async fn calls(server: &TestServer, query: &str) -> Vec<Value> {
    write(server).await;
    let path = format!("/api/admin/provisioning/calls?limit=500&{query}");
    let mut found = server.admin().get(&path).await.expect(200).json()["calls"].as_array().unwrap().clone();
    found.reverse();
    found
}

fn meanings(calls: &[Value]) -> Vec<&str> {
    calls.iter().map(|call| call["meaning"].as_str().unwrap()).collect()
}

async fn one(server: &TestServer, call: &Value) -> Value {
    let path = format!("/api/admin/provisioning/calls/{}", call["id"].as_str().unwrap());
    server.admin().get(&path).await.expect(200).json()
}

async fn last(server: &TestServer) -> Value {
    let found = calls(server, "").await;
    one(server, found.last().unwrap()).await
}

/// A call of the default connection that did something.
fn noted(deeds: Vec<journal::Deed>) -> journal::Call {
    journal::Call {
        connection: Some(1),
        at: Time::from_millis(0),
        micros: 1,
        method: "PUT".to_owned(),
        path: "/scim/Users/x".to_owned(),
        query: None,
        status: 200,
        credential: None,
        address: None,
        agent: None,
        request_id: None,
        dry_run: false,
        replays: None,
        quirks: Vec::new(),
        headers: Value::Null,
        request: journal::Part::None,
        response: journal::Part::None,
        detail: None,
        deeds,
    }
}

/// As many as a person may have; longer than what the journal keeps of a body.
fn many_addresses() -> Value {
    (0..1000).map(|n| json!({ "value": format!("{n}-{}@x.io", "x".repeat(64)) })).collect()
}

both! {
    async fn every_call_is_told_in_words(server) {
        let wire = Wire::new(&server).with("user-agent", "Okta SCIM Client 1.0.0").with("x-request-id", "r-1");
        wire.get("/Users?filter=userName%20eq%20%22ann@x.io%22").await.expect(200);
        let body = json!({ "schemas": [USER], "userName": "ann@x.io", "displayName": "Ann Example", "password": "hush" });
        let ann = crate::scim::wire::id(&wire.post("/Users", body.clone()).await.expect(201));
        wire.post("/Users", body).await.expect(409);
        let pilots = wire.group("Pilots", &[]).await;
        wire.patch(&format!("/Groups/{pilots}"), json!([{ "op": "add", "path": "members", "value": [{ "value": ann }] }])).await.done();
        wire.patch(&format!("/Groups/{pilots}"), json!([{ "op": "add", "path": "members", "value": [{ "value": ann }] }])).await.done();
        wire.patch(&format!("/Users/{ann}"), json!([{ "op": "Replace", "path": "active", "value": "False" }])).await.done();
        wire.patch(&format!("/Users/{ann}"), json!([{ "op": "add", "path": format!("{ENTERPRISE}:department"), "value": "Sea" }])).await.done();
        wire.get(&format!("/Users/{ann}")).await.expect(200);
        wire.get("/Users/nobody").await.expect(404);
        wire.get("/ServiceProviderConfig").await.expect(200);
        wire.delete(&format!("/Users/{ann}")).await.expect(204);
        wire.get("/Groups").await.expect(200);
        let found = calls(&server, "").await;
        assert_eq!(meanings(&found), [
            "Looked for users with userName eq \"ann@x.io\": nobody",
            "Created “Ann Example”",
            "Refused: A user with this userName already exists.",
            "Created “Pilots”",
            "Added 1 member to “Pilots”",
            "Nothing to change about “Pilots”",
            "Deactivated “Ann Example”: sessions and tokens ended",
            "Changed “Ann Example”: an extension",
            "Read “Ann Example”",
            "Asked for a user that is not here",
            "Asked what the service can do",
            "Removed “Ann Example”: all access ended",
            "Listed groups: 1",
        ]);
        let words = |name: &str| found.iter().map(|call| call[name].as_str().unwrap()).collect::<Vec<_>>();
        assert_eq!(words("outcome"), ["answered", "changed", "refused", "changed", "changed", "same", "changed", "changed", "answered", "refused", "answered", "changed", "answered"]);
        assert_eq!(words("kind"), ["look", "create", "create", "create", "change", "change", "change", "change", "look", "look", "discover", "remove", "look"]);
        assert!(found.iter().all(|call| call["agent"] == "Okta SCIM Client 1.0.0" && call["requestId"] == "r-1" && call["address"] == "127.0.0.1" && call["connection"] == 1 && call["dryRun"] == false));
        assert_eq!(found[6]["quirks"], json!(["op-case", "string-boolean"]));

        // What it did leads to the events, and what differs is there.
        let deactivated = one(&server, &found[6]).await;
        assert_eq!(deactivated["changes"][0]["before"], json!({ "active": true }));
        assert_eq!(deactivated["changes"][0]["after"], json!({ "active": false }));
        let group = deactivated["events"][0].as_str().unwrap();
        let events = server.admin().get(&format!("/api/admin/search/events?groupId=IS:{group}")).await.expect(200).json();
        assert_eq!(events["events"][0]["type"], "user-updated");
        assert_eq!(deactivated["request"].as_str().unwrap().parse::<Value>().unwrap()["Operations"][0]["value"], "False");
        assert_eq!(deactivated["headers"]["request"]["content-type"], "application/scim+json");
        assert!(deactivated["headers"]["response"]["etag"].as_str().unwrap().starts_with("W/"));

        // Secrets are nowhere.
        let created = one(&server, &found[1]).await;
        assert_eq!((&created["requestState"], &created["responseState"]), (&json!("secret"), &json!("whole")));
        let mut tx = server.app.db.read().await.unwrap();
        let everything: Vec<(String, Option<String>, String)> = tx.all(sql!("SELECT meaning || path || changes, request, headers FROM scim_calls")).await.unwrap();
        for (told, request, headers) in everything {
            let all = format!("{told}{}{headers}", request.unwrap_or_default());
            assert!(!all.contains("hush") && !all.contains(crate::support::server::SCIM_TOKEN), "{all}");
        }

        // They are found by what they were about, and by words.
        let users = server.admin().get("/api/admin/search/events?type=IS:user-created&limit=1").await.expect(200).json();
        let number = users["events"][0]["data"]["id"].as_i64().unwrap();
        assert_eq!(calls(&server, &format!("user={number}")).await.len(), 6, "the group's call, too");
        assert_eq!(meanings(&calls(&server, "query=SEA&outcome=changed").await), [""; 0]);
        assert_eq!(calls(&server, "query=pilots").await.len(), 3);
        assert_eq!(calls(&server, "outcome=refused&kind=create").await.len(), 1);
        assert_eq!(calls(&server, "connection=2").await.len(), 0);
        let from = found[11]["at"].as_str().unwrap();
        assert!(calls(&server, &format!("from={from}")).await.len() >= 2);
        server.admin().get("/api/admin/provisioning/calls?outcome=odd").await.expect(400);
        server.admin().get("/api/admin/provisioning/calls/nothing").await.expect(404);

        let pilots = server.group_number("Pilots").await;
        assert_eq!(meanings(&calls(&server, &format!("user={number}&group={pilots}")).await), ["Added 1 member to “Pilots”"]);

        // Page by page, the oldest first after a call.
        let ids: Vec<Value> = found.iter().map(|call| call["id"].clone()).collect();
        let mut after = ids[0].clone();
        for id in &ids[1..] {
            let page = format!("/api/admin/provisioning/calls?limit=1&after={}", after.as_str().unwrap());
            after = server.admin().get(&page).await.expect(200).json()["calls"][0]["id"].clone();
            assert_eq!(after, *id);
        }

        // As lines, newest first; after a call, oldest first.
        let lines = server.admin().with("accept", "application/x-ndjson");
        let read = |text: String| text.lines().map(|line| line.parse::<Value>().unwrap()["id"].clone()).collect::<Vec<_>>();
        let all = read(lines.get("/api/admin/provisioning/calls").await.expect(200).text);
        assert!(all.iter().eq(ids.iter().rev()));
        let rest = read(lines.get(&format!("/api/admin/provisioning/calls?after={}", ids[9].as_str().unwrap())).await.expect(200).text);
        assert_eq!(rest, ids[10..]);
        let (_, viewer) = server.person("vera", "Viewer").await;
        viewer.get("/api/admin/provisioning/calls").await.expect(403);
    }

    async fn whoever_has_no_token_cannot_fill_it(server) {
        let stranger = Wire::at(server.anonymous().with("authorization", "Bearer wrong"), "/scim/v2");
        for _ in 0..25 {
            stranger.post("/Users", json!({ "userName": "x" })).await.expect(401);
        }
        let found = calls(&server, "").await;
        assert!((20..=25).contains(&found.len()), "a minute may have ended meanwhile: {}", found.len());
        assert!(found[0]["connection"].is_null() && found[0]["outcome"] == "refused");
        assert!(found[0]["meaning"].as_str().unwrap().starts_with("Refused: A valid provisioning token is needed"));
        let listed = server.admin().get("/api/admin/provisioning/calls").await.expect(200).json();
        assert_eq!(usize::try_from(listed["passedOver"].as_u64().unwrap()).unwrap() + found.len(), 25);
        Wire::new(&server).get("/Users").await.expect(200);
        assert_eq!(last(&server).await["meaning"], "Listed users: nobody", "whoever has one is not held up");
    }

    async fn long_and_broken_bodies_are_marked(server) {
        let wire = Wire::new(&server);
        wire.post("/Users", json!({ "schemas": [USER], "userName": "ann", "emails": many_addresses() })).await.expect(201);
        let call = last(&server).await;
        assert_eq!((&call["requestState"], &call["responseState"]), (&json!("cut"), &json!("cut")));
        assert!(call["requestSize"].as_u64().unwrap() > 80_000 && call["request"].as_str().unwrap().len() <= 32 * 1024);
        wire.raw(Method::POST, "/Users", Some("{\"password\": \"hush".to_owned()), "application/scim+json").await.expect(400);
        let call = last(&server).await;
        assert_eq!((&call["requestState"], &call["request"]), (&json!("unreadable"), &Value::Null));
        wire.post("/Groups", json!({ "schemas": [GROUP], "displayName": "a\u{0}b" })).await;
        assert!(last(&server).await["meaning"].is_string(), "what cannot be stored does not stop the journal");
    }

    async fn old_calls_are_forgotten(server) {
        let wire = Wire::new(&server);
        for _ in 0..30 {
            wire.get("/Users").await.expect(200);
        }
        assert_eq!(calls(&server, "").await.len(), 30);
        let now = server.app.clock.now();
        let rules = |days, rows| journal::Rules { days, rows, mask: false };
        journal::forget(&server.app.db, now, &rules(1, 10)).await.unwrap();
        assert_eq!(calls(&server, "").await.len(), 10);
        let later = now.plus(std::time::Duration::from_hours(25));
        journal::forget(&server.app.db, later, &rules(1, 10)).await.unwrap();
        assert_eq!(calls(&server, "").await.len(), 0);

        // What waits to be written has bounds, whatever takes the room.
        let waiting = journal::Journal::default();
        let mut deed = journal::Deed::new(journal::Act::Replace, None);
        deed.after = Some([("title".to_owned(), json!("x".repeat(1024 * 1024)))].into_iter().collect());
        let taken = (0..40).filter(|_| waiting.note(&server.app.entropy, now, noted(vec![deed.clone()])).is_some()).count();
        assert_eq!((taken, waiting.missing().lost), (31, 9));
    }

    async fn silence_is_told_once(server) {
        let wire = Wire::new(&server);
        wire.get("/Users").await.expect(200);
        server.app.seen.write(&server.app.db).await.unwrap();
        let later = |minutes| server.app.clock.now().plus(std::time::Duration::from_mins(minutes));
        let silent = async |minutes| silence::silent(&mut server.app.db.read().await.unwrap(), later(minutes)).await.unwrap().len();
        assert_eq!(silent(600).await, 0, "whoever looks does not listen");
        silence::tell(&server.app.db, later(119)).await.unwrap();
        assert_eq!(silent(600).await, 0, "three times 40 minutes");
        silence::tell(&server.app.db, later(121)).await.unwrap();
        assert_eq!((silent(119).await, silent(121).await), (0, 1));
        let events = async || server.admin().get("/api/admin/search/events?type=IS:scim-silent").await.expect(200).json()["total"].clone();
        for minutes in [30, 121, 180, 600] {
            silence::tell(&server.app.db, later(minutes)).await.unwrap();
        }
        assert_eq!(events().await, 1);
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        wire.get("/Users").await.expect(200);
        server.app.seen.write(&server.app.db).await.unwrap();
        assert_eq!(silent(600).await, 0, "it has called since");
        silence::tell(&server.app.db, later(200)).await.unwrap();
        assert_eq!(events().await, 2, "another silence");
    }
}

#[tokio::test]
async fn names_are_masked_and_nothing_is_kept_where_that_is_the_rule() {
    let server = TestServer::sqlite_with(&["--scim-calls-masked"]).await;
    let wire = Wire::new(&server);
    let ann = json!({ "schemas": [USER], "userName": "ann@x.io", "displayName": "Ann Example", "name": { "givenName": "Ann" } });
    let id = crate::scim::wire::id(&wire.post("/Users", ann).await.expect(201));
    wire.get("/Users?filter=userName%20eq%20%22ann@x.io%22").await.expect(200);
    wire.patch(
        &format!("/Users/{id}"),
        json!([{ "op": "replace", "value": { "displayName": "Ann Other" } }]),
    )
    .await
    .done();
    // What is refused quotes what was sent.
    wire.patch(&format!("/Users/{id}"), json!([{ "op": "replace", "path": "active", "value": "ann" }]))
        .await
        .expect(400);
    let bulk = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [
        { "method": "PATCH", "path": format!("/Users/{id}"), "data": { "schemas": [PATCH], "Operations": [{ "op": "replace", "path": "active", "value": "ann" }] } },
        { "method": "POST", "path": "/Groups", "bulkId": "g", "data": { "schemas": [GROUP], "displayName": "Pilots" } }] });
    wire.post("/Bulk", bulk).await.expect(200);
    wire.delete(&format!("/Users/{id}")).await.expect(204);
    let found = calls(&server, "").await;
    let told = meanings(&found);
    assert_eq!(told[..2], ["Created a user", "Looked for users with userName eq \"•••\": 1"]);
    assert_eq!(
        told[3..5],
        ["Refused: the reason is masked", "2 operations: refused: the reason is masked; created “Pilots”"]
    );
    for call in &found {
        let whole = one(&server, call).await.to_string();
        assert!(!whole.to_lowercase().contains("ann"), "{whole}");
    }
    let server = TestServer::sqlite_with(&["--scim-calls-days", "0"]).await;
    Wire::new(&server).get("/Users").await.expect(200);
    assert_eq!(calls(&server, "").await.len(), 0);
}

#[tokio::test]
async fn a_server_that_stops_writes_what_it_noted() {
    let server = TestServer::sqlite().await;
    Wire::new(&server).get("/Users").await.expect(200);
    let db = server.app.config.database().unwrap();
    server.app.stopping.cancel();
    let file = db.strip_prefix("sqlite:").unwrap().to_owned();
    let count = async || {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&file);
        let mut connection =
            <sqlx::SqliteConnection as sqlx::Connection>::connect_with(&options).await.unwrap();
        sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM scim_calls")
            .fetch_one(&mut connection)
            .await
            .unwrap()
    };
    for _ in 0..100 {
        if count().await == 1 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the call was lost");
}

both! {
    async fn a_dry_run_answers_as_if_and_changes_nothing(server) {
        let wire = Wire::new(&server);
        let ann = wire.user("ann@x.io").await;
        let pilots = wire.group("Pilots", &[]).await;
        let events = async || server.admin().get("/api/admin/search/events?limit=1").await.expect(200).json()["total"].clone();
        let before = (events().await, wire.read(&format!("/Users/{ann}")).await, wire.read(&format!("/Groups/{pilots}")).await);
        let dry = wire.with("burgee-dry-run", "true");

        let made = dry.post("/Users", json!({ "schemas": [USER], "userName": "bob@x.io" })).await.expect(201).json();
        let bob = made["id"].as_str().unwrap().to_owned();
        assert!(bob.starts_with("dry-") && made["userName"] == "bob@x.io");
        let patched = dry.patch(&format!("/Users/{ann}"), json!([{ "op": "replace", "path": "active", "value": false }])).await.expect(200).json();
        assert_eq!(patched["active"], false);
        let body = json!({ "schemas": [GROUP], "displayName": "Sailors", "members": [{ "value": ann }, { "value": bob }] });
        let put = dry.put(&format!("/Groups/{pilots}"), body).await.expect(200).json();
        assert_eq!((&put["displayName"], crate::scim::wire::values(&put["members"], "value")), (&json!("Sailors"), vec![ann.clone()]), "as it would be");
        dry.delete(&format!("/Users/{ann}")).await.expect(204);
        // What never came to be is not there, and the answer says why.
        let gone = dry.get(&format!("/Users/{bob}")).await.expect(404).json();
        assert!(gone["detail"].as_str().unwrap().contains("was made in a dry run"), "{gone}");
        dry.post("/Users", json!({ "schemas": [USER], "userName": "ann@x.io" })).await.expect(409);
        let unclear = wire.with("burgee-dry-run", "perhaps").delete(&format!("/Users/{ann}")).await.expect(400).json();
        assert!(unclear["detail"].as_str().unwrap().contains("burgee-dry-run is true or false"), "{unclear}");

        let after = (events().await, wire.read(&format!("/Users/{ann}")).await, wire.read(&format!("/Groups/{pilots}")).await);
        assert_eq!(before, after);
        assert_eq!(wire.count("userName pr").await, 1);
        let found = calls(&server, "outcome=changed").await;
        assert_eq!(meanings(&found)[2..], [
            "Dry run, nothing was changed: created “bob@x.io”",
            "Dry run, nothing was changed: deactivated “ann@x.io”: sessions and tokens ended",
            "Dry run, nothing was changed: renamed “Pilots” to “Sailors”; added 1 member to “Sailors”; left out 1 member unknown here",
            "Dry run, nothing was changed: removed “ann@x.io”: all access ended",
        ]);
        assert!(found[2..].iter().all(|call| call["dryRun"] == true && call["events"] == json!([])));
        let told = one(&server, &found[3]).await;
        assert_eq!(told["changes"][0]["after"], json!({ "active": false }));
        assert_eq!(told["changes"][0]["events"][0]["type"], "user-updated");
    }

    async fn a_connection_in_dry_run_changes_nothing(server) {
        server.admin().put("/api/admin/provisioning/connections/1", json!({ "dryRun": true })).await.done();
        let wire = Wire::new(&server);
        let body = json!({ "schemas": [USER], "userName": "ann@x.io" });
        assert!(crate::scim::wire::id(&wire.post("/Users", body.clone()).await.expect(201)).starts_with("dry-"));
        wire.post("/Users", body).await.expect(201);
        assert_eq!(wire.count("userName pr").await, 0);
    }

    async fn a_call_is_done_again_by_whoever_presses_the_button(server) {
        let wire = Wire::new(&server);
        let body = json!({ "schemas": [USER], "userName": "ann@x.io", "displayName": "Ann", "password": "hush" });
        let ann = crate::scim::wire::id(&wire.post("/Users", body).await.expect(201));
        let off = json!([{ "op": "replace", "path": "active", "value": false }]);
        wire.patch(&format!("/Users/{ann}"), off).await.done();
        let call = last(&server).await;
        wire.patch(&format!("/Users/{ann}"), json!([{ "op": "replace", "path": "active", "value": true }])).await.done();

        let (_, admin) = server.person("ada", "Admin").await;
        let path = format!("/api/admin/provisioning/calls/{}/replay", call["id"].as_str().unwrap());
        let active = async || wire.read(&format!("/Users/{ann}")).await["active"].clone();
        let tried = admin.post(&path, json!({ "dryRun": true })).await.expect(200).json();
        assert_eq!((&tried["status"], active().await), (&json!(200), json!(true)));
        let shown = one(&server, &tried).await;
        assert_eq!(shown["meaning"], "Dry run, nothing was changed: deactivated “Ann”: sessions and tokens ended");
        assert_eq!((&shown["replays"], &shown["replayedBy"]), (&call["id"], &json!("ada")));

        let done = admin.post(&path, json!({})).await.expect(200).json();
        assert_eq!(active().await, false);
        let shown = one(&server, &done).await;
        assert_eq!(shown["meaning"], "Deactivated “Ann”: sessions and tokens ended");
        let group = shown["events"][0].as_str().unwrap();
        let events = server.admin().get(&format!("/api/admin/search/events?groupId=IS:{group}")).await.expect(200).json();
        let told: Vec<(&Value, &Value)> = events["events"].as_array().unwrap().iter().map(|it| (&it["type"], &it["createdBy"])).collect();
        assert_eq!(told, [(&json!("scim-call-replayed"), &json!("ada")), (&json!("user-updated"), &json!("ada"))]);
        assert_eq!(events["events"][0]["data"], json!({ "call": call["id"], "connection": 1 }));

        // A user who is there already: the same refusal as the identity provider gets. Nothing that was cut is done again.
        let first = calls(&server, "kind=create").await;
        let path = |call: &Value| format!("/api/admin/provisioning/calls/{}/replay", call["id"].as_str().unwrap());
        assert_eq!(admin.post(&path(&first[0]), json!({})).await.expect(200).json()["status"], 409);
        wire.post("/Users", json!({ "schemas": [USER], "userName": "bob", "emails": many_addresses() })).await.expect(201);
        let refused = admin.post(&path(&last(&server).await), json!({})).await.expect(409).json();
        assert!(refused.to_string().contains("Only a part of its body is kept"), "{refused}");
        for method in [Method::GET, Method::OPTIONS] {
            wire.send(method, "/Schemas", None).await.done();
            let refused = admin.post(&path(&last(&server).await), json!({})).await.expect(409).json();
            assert!(refused.to_string().contains("It only asked what the service can do"), "{refused}");
        }
        let (_, viewer) = server.person("vera", "Viewer").await;
        viewer.post(&path(&first[0]), json!({})).await.expect(403);
    }

    async fn each_operation_of_a_bulk_is_told(server) {
        let wire = Wire::new(&server);
        let ann = wire.user("ann").await;
        let bulk = async |operations: Value| {
            wire.post("/Bulk", json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations })).await.expect(200);
            last(&server).await
        };
        let post = |name: &str| json!({ "method": "POST", "path": "/Users", "bulkId": name, "data": { "schemas": [USER], "userName": name } });
        let rename = |title: &str| json!({ "method": "PATCH", "path": format!("/Users/{ann}"), "data": { "schemas": [PATCH], "Operations": [{ "op": "replace", "path": "title", "value": title }] } });
        let told = bulk(json!([post("bob"), post("ann"), rename("Captain")])).await;
        assert_eq!(told["meaning"], "3 operations: created “bob”; refused: A user with this userName already exists.; changed “ann”: title");
        assert_eq!((&told["outcome"], told["events"].as_array().unwrap().len()), (&json!("changed"), 2));
        let told = bulk(json!([post("bob"), rename("Captain")])).await;
        assert_eq!(told["meaning"], "2 operations: refused: A user with this userName already exists.; nothing to change about “ann”");
        assert_eq!((&told["outcome"], &told["events"]), (&json!("refused"), &json!([])));
        let told = bulk(json!([rename("Captain"), rename("Captain")])).await;
        assert_eq!((&told["outcome"], &told["status"]), (&json!("same"), &json!(200)));
    }
}
