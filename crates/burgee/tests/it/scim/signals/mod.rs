//! SCIM events: told by push and by poll, signed, in order, once; and requests whose clients do not wait.

mod siem;

use std::time::{Duration, Instant};

use burgee::access::{Administer, Granted, Root};
use burgee::provisioning::connection::{Provider, Setup};
use serde_json::{Value, json};

use self::siem::{PATIENCE, SECRET, Siem, read, read_all};
use super::connections::connect;
use crate::scim_rules::world::{id_of, refs};
use crate::support::TestServer;
use crate::support::client::{Answer, Client};

const RECEIVERS: &str = "/api/admin/provisioning/receivers";

fn urn(kind: &str) -> String {
    format!("urn:ietf:params:scim:event:{kind}")
}

/// All notices, and all that have no longer form.
const NOTICES: [&str; 9] = [
    "feed:add",
    "feed:remove",
    "prov:create:notice",
    "prov:patch:notice",
    "prov:put:notice",
    "prov:delete",
    "prov:activate",
    "prov:deactivate",
    "misc:asyncresp",
];
const WHOLE: [&str; 3] = ["prov:create:full", "prov:put:full", "prov:delete"];

/// The kinds of events that a token tells, in short.
pub fn kinds(claims: &Value) -> Vec<&str> {
    claims["events"].as_object().unwrap().keys().map(|urn| urn.split_once("event:").unwrap().1).collect()
}

async fn receiver(server: &TestServer, body: Value) -> Value {
    server.admin().post(RECEIVERS, body).await.expect(201).json()
}

async fn pushed_to(server: &TestServer, name: &str, url: &str, connection: Option<i64>) -> i64 {
    let body = json!({
        "name": name, "delivery": "push", "endpoint": url, "authorization": SECRET, "audience": "siem", "events": NOTICES,
        "connection": connection,
    });
    receiver(server, body).await["id"].as_i64().unwrap()
}

/// A receiver that fetches events.
pub async fn fetcher(
    server: &TestServer,
    name: &str,
    connection: Option<i64>,
    events: &[&str],
) -> (i64, Client) {
    let events: Vec<String> = events.iter().map(|kind| urn(kind)).collect();
    let body = json!({ "name": name, "delivery": "poll", "audience": name, "events": events, "connection": connection });
    let made = receiver(server, body).await;
    let token = made["token"].as_str().unwrap();
    assert!(token.starts_with("bge_"));
    (made["id"].as_i64().unwrap(), server.anonymous().with("authorization", &format!("Bearer {token}")))
}

async fn poll(client: &Client, mut body: Value) -> Value {
    body.as_object_mut().unwrap().entry("returnImmediately").or_insert(true.into());
    client.post("/scim/events/poll", body).await.expect(200).json()
}

/// What waits, in order.
pub async fn waiting(server: &TestServer, client: &Client) -> Vec<Value> {
    let sets = poll(client, json!({})).await["sets"].as_object().unwrap().clone();
    let tokens: Vec<String> = sets.values().map(|it| it.as_str().unwrap().to_owned()).collect();
    let all = read_all(server, &tokens).await;
    for (claims, name) in all.iter().zip(sets.keys()) {
        assert_eq!(claims["jti"], name.as_str());
    }
    all
}

fn acme() -> Setup {
    Setup::named("acme", "acme", Provider::Generic)
}

async fn user(client: &Client, name: &str) -> String {
    let body = json!({
        "userName": name, "externalId": format!("ext-{name}"), "displayName": format!("{name} Secret-Name"),
        "emails": [{ "value": format!("{name}@private.test"), "type": "work" }],
    });
    id_of(&client.post("/scim/Users", body).await.expect(201).json())
}

async fn patch(client: &Client, path: &str, operations: Value) -> Answer {
    client.patch(path, json!({ "Operations": operations })).await
}

async fn standing(server: &TestServer, id: i64) -> Value {
    server.admin().get(&format!("{RECEIVERS}/{id}")).await.expect(200).json()
}

both! {
    async fn a_life_is_told_in_order_and_in_names_only(server) {
        let (it, acme) = connect(&server, &acme()).await;
        let (siem, url) = Siem::listen().await;
        server.admin().post("/api/admin/user-admin", json!({ "username": "old", "rootRole": "Viewer", "password": crate::support::server::PASSWORD })).await.expect(201);
        let id = pushed_to(&server, "siem", &url, Some(it.id)).await;
        let (_, mirror) = fetcher(&server, "mirror", None, &WHOLE).await;
        // The first try is to go elsewhere, with everything that it brings, and does not; the second is refused.
        siem.trouble(&[(307, ""), (401, r#"{"err":"authentication_failed","description":"who?"}"#)]);

        let ann = user(&acme, "ann").await;
        let path = format!("/scim/Users/{ann}");
        patch(&acme, &path, json!([{ "op": "replace", "path": "active", "value": false }])).await.expect(200);
        patch(&acme, &path, json!([{ "op": "replace", "path": "active", "value": false }])).await.expect(200);
        acme.put(&path, json!({ "userName": "ann", "externalId": "ext-ann", "title": "Captain", "active": true })).await.expect(200);
        let old = user(&acme, "old").await;
        let crew = id_of(&acme.post("/scim/Groups", json!({ "displayName": "Crew", "members": refs(&[&ann]) })).await.expect(201).json());
        patch(&acme, &format!("/scim/Groups/{crew}"), json!([{ "op": "add", "path": "members", "value": refs(&[&old]) }])).await.done();
        // A dry run, and what is refused, is told to nobody.
        acme.with("burgee-dry-run", "true").delete(&path).await.expect(204);
        acme.post("/scim/Users", json!({ "userName": "ann" })).await.expect(409);
        // By hand, too.
        let number = server.number("old").await;
        server.admin().put(&format!("/api/admin/user-admin/{number}"), json!({ "rootRole": 2 })).await.expect(200);
        acme.delete(&format!("/scim/Groups/{crew}")).await.expect(204);
        acme.delete(&path).await.expect(204);

        let tokens = siem.taken(8).await;
        let told = read_all(&server, &tokens).await;
        let short: Vec<Vec<&str>> = told.iter().map(kinds).collect();
        assert_eq!(short, [
            vec!["prov:create:notice"],
            vec!["prov:patch:notice", "prov:deactivate"],
            vec!["prov:put:notice", "prov:activate"],
            vec!["feed:add", "prov:create:notice"],
            vec!["prov:create:notice"],
            vec!["prov:patch:notice"],
            vec!["prov:delete"],
            vec!["prov:delete"],
        ]);
        let (first, second) = (&told[0], &told[1]);
        assert_eq!((&first["iss"], &first["aud"]), (&json!("http://burgee.test"), &json!("siem")));
        assert_eq!(first["sub_id"], json!({ "format": "scim", "uri": format!("/Users/{ann}"), "externalId": "ext-ann" }));
        assert_eq!(first["events"][urn("prov:create:notice")], json!({ "version": "W/\"1\"", "attributes": ["active", "displayName", "emails", "externalId", "userName"] }));
        assert_eq!(second["events"][urn("prov:patch:notice")], json!({ "version": "W/\"2\"", "attributes": ["active"] }));
        assert_eq!(told[4]["events"][urn("prov:create:notice")]["attributes"], json!(["displayName", "members"]));
        assert_eq!(told[5]["events"][urn("prov:patch:notice")]["attributes"], json!(["members"]));
        assert_eq!(told[7]["sub_id"], first["sub_id"]);
        assert!(told.iter().all(|it| it["iat"].is_i64() && it["txn"].is_string()));
        // The request is the group of facts in the record.
        let recorded = server.events("user-created").await;
        let recorded = recorded.iter().find(|it| it["groupId"] == first["txn"]).unwrap();
        assert_eq!(recorded["data"]["username"], "ann");
        // Names of attributes, and nobody's data.
        for claims in &told {
            let text = claims.to_string();
            assert!(!text.contains("Secret-Name") && !text.contains("private.test") && !text.contains("Captain"), "{text}");
        }
        let seen = standing(&server, id).await;
        assert_eq!((&seen["delivered"], &seen["refused"], &seen["waiting"]), (&json!(8), &json!(0), &json!(0)));
        assert_eq!(seen["error"], "the answer was 401, authentication_failed: who?");
        assert_eq!(siem.tries().len(), 10);
        assert!(!siem.strayed());

        // Whoever asks for whole resources gets them as they are, and of those that are gone that they are.
        let whole = waiting(&server, &mirror).await;
        let short: Vec<Vec<&str>> = whole.iter().map(kinds).collect();
        assert_eq!(short, [vec!["prov:create:full"], vec!["prov:delete"], vec!["prov:delete"]]);
        let data = &whole[0]["events"][urn("prov:create:full")]["data"];
        assert_eq!((&data["userName"], &data["id"], &data["meta"]["resourceType"]), (&json!("old"), &json!(old), &json!("User")));
        assert_eq!(data["meta"]["location"], format!("http://burgee.test/scim/c/acme/Users/{old}"));

        // One event that is refused does not hold up the next.
        // What it says of itself is tried again.
        siem.trouble(&[(400, r#"{"err":"invalid_state"}"#), (400, r#"{"err":"invalid_request","description":"cannot read it"}"#)]);
        patch(&acme, &format!("/scim/Users/{old}"), json!([{ "op": "replace", "path": "title", "value": "Cook" }])).await.expect(200);
        patch(&acme, &format!("/scim/Users/{old}"), json!([{ "op": "replace", "path": "title", "value": "Mate" }])).await.expect(200);
        siem.taken(9).await;
        let seen = standing(&server, id).await;
        assert_eq!(seen["refused"], 1);
        assert!(seen["error"].as_str().unwrap().ends_with("invalid_request: cannot read it"), "{seen}");
        assert_eq!(siem.tries().len(), 13);

        // Another key: what was signed before can still be checked.
        let kid = server.admin().post("/api/admin/provisioning/signing-key", json!({})).await.expect(201).json()["kid"].clone();
        let again = waiting(&server, &mirror).await;
        assert_eq!(again.len(), 3);
        let keys = server.anonymous().get("/.well-known/jwks.json").await.json();
        assert_eq!((keys["keys"].as_array().unwrap().len(), &keys["keys"][0]["kid"]), (2, &kid));
        read(&server, &tokens[0]).await;
        let secrets = server.rows("SELECT private FROM scim_signing_keys WHERE in_use = FALSE").await;
        assert_eq!(secrets, [[None]]);

        // Secrets are nowhere; the audit log knows who is told.
        let log = server.admin().get("/api/admin/search/events?limit=1000").await.expect(200).text;
        assert!(!log.contains("of-the-siem") && log.contains("scim-receiver-created") && log.contains("scim-signing-key-rotated"));
        assert!(!server.admin().get(RECEIVERS).await.text.contains("of-the-siem"));
    }

    async fn events_are_fetched_acknowledged_and_refused(server) {
        let (it, acme) = connect(&server, &acme()).await;
        let (other, rival) = connect(&server, &Setup::named("rival", "rival", Provider::Generic)).await;
        let (id, mine) = fetcher(&server, "mine", Some(it.id), &NOTICES).await;
        let (_, theirs) = fetcher(&server, "theirs", Some(other.id), &NOTICES).await;
        let (_, all) = fetcher(&server, "all", None, &["prov:create:notice"]).await;
        for name in ["a", "b", "c", "d"] {
            user(&acme, name).await;
        }
        user(&rival, "r").await;

        // Nobody hears of another's connection.
        assert_eq!((waiting(&server, &mine).await.len(), waiting(&server, &theirs).await.len()), (4, 1));
        assert_eq!(waiting(&server, &all).await.len(), 5);
        let two = poll(&mine, json!({ "maxEvents": 2 })).await;
        assert_eq!((two["sets"].as_object().unwrap().len(), &two["moreAvailable"]), (2, &json!(true)));
        let names: Vec<String> = waiting(&server, &mine).await.iter().map(|it| it["jti"].as_str().unwrap().to_owned()).collect();
        assert_eq!(two["sets"].as_object().unwrap().keys().collect::<Vec<_>>(), [&names[0], &names[1]]);

        // The names of one receiver mean nothing to another, and neither do those that were never told.
        let never = format!("r{id}-e999999");
        let forged = [names[0].as_str(), "r0-e1", &never, "x"];
        poll(&theirs, json!({ "ack": forged })).await;
        assert_eq!((waiting(&server, &mine).await.len(), waiting(&server, &theirs).await.len()), (4, 1));
        // In any order; what is not acknowledged comes again.
        let answer = poll(&mine, json!({ "ack": [names[2], "x"], "maxEvents": 0 })).await;
        assert_eq!(answer["sets"], json!({}));
        let left: Vec<Value> = waiting(&server, &mine).await.iter().map(|it| it["jti"].clone()).collect();
        assert_eq!(left, [names[0].as_str(), &names[1], &names[3]]);
        let errors = json!({ &names[0]: { "err": "invalid_request", "description": "not me" } });
        poll(&mine, json!({ "ack": [names[2], names[1]], "setErrs": errors })).await;
        let left: Vec<Value> = waiting(&server, &mine).await.iter().map(|it| it["jti"].clone()).collect();
        assert_eq!(left, [names[3].as_str()]);
        let seen = standing(&server, id).await;
        assert_eq!((&seen["delivered"], &seen["refused"], &seen["waiting"]), (&json!(2), &json!(1), &json!(2)), "one is of the rival");
        assert!(seen["error"].as_str().unwrap().contains("invalid_request not me"));
        // What is wrong with all of them ends none.
        poll(&mine, json!({ "setErrs": { &names[3]: { "err": "invalid_audience", "description": "who?" } } })).await;
        assert_eq!(waiting(&server, &mine).await.len(), 1);
        let seen = standing(&server, id).await;
        assert_eq!((&seen["refused"], &seen["error"]), (&json!(1), &json!("invalid_audience who?")));
        poll(&mine, json!({ "ack": [names[3]] })).await;
        assert_eq!(standing(&server, id).await["waiting"], 0);
        assert!(server.rows("SELECT event_id FROM scim_receiver_acks").await.is_empty());

        // Whoever waits gets it when it comes.
        let late = async {
            tokio::time::sleep(Duration::from_millis(700)).await;
            user(&acme, "late").await
        };
        let since = Instant::now();
        let (answer, late) = tokio::join!(poll(&mine, json!({ "returnImmediately": false })), late);
        let sets = answer["sets"].as_object().unwrap();
        assert_eq!(sets.len(), 1);
        let claims = read(&server, sets.values().next().unwrap().as_str().unwrap()).await;
        assert_eq!(claims["sub_id"]["uri"], format!("/Users/{late}"));
        assert!(since.elapsed() > Duration::from_millis(600));

        // What is wrong is said in the standard's words; a new token ends the old one; off is off.
        let refused = server.anonymous().with("authorization", "Bearer bge_x").post("/scim/events/poll", json!({})).await.expect(401);
        assert_eq!(refused.json()["err"], "authentication_failed");
        acme.post("/scim/events/poll", json!({})).await.expect(401);
        mine.get("/scim/Users").await.expect(401);
        assert_eq!(mine.post("/scim/events/poll", json!({ "maxEvents": "all" })).await.expect(400).json()["err"], "invalid_request");
        let one = format!("{RECEIVERS}/{id}");
        let next = server.admin().post(&format!("{one}/token"), json!({})).await.expect(201).json();
        mine.post("/scim/events/poll", json!({})).await.expect(401);
        let mine = server.anonymous().with("authorization", &format!("Bearer {}", next["token"].as_str().unwrap()));
        // Whoever waits hears of it.
        let taken: Vec<&String> = sets.keys().collect();
        poll(&mine, json!({ "ack": taken })).await;
        let off = async {
            tokio::time::sleep(Duration::from_millis(700)).await;
            server.admin().put(&one, json!({ "enabled": false })).await.expect(200);
        };
        let (refused, ()) = tokio::join!(mine.post("/scim/events/poll", json!({})), off);
        refused.expect(401);
        mine.post("/scim/events/poll", json!({})).await.expect(401);
        server.admin().put(&one, json!({ "enabled": true, "events": ["prov:delete"] })).await.expect(200);
        assert_eq!(waiting(&server, &mine).await.len(), 0);

        // What a receiver cannot be.
        let push = json!({ "name": "p", "delivery": "push", "audience": "p", "events": ["prov:delete"] });
        for (change, about) in [
            (json!({}), "endpoint is missing"),
            (json!({ "endpoint": "http://siem.example.com/" }), "https"),
            (json!({ "endpoint": "https://169.254.169.254/latest" }), "nothing is sent to"),
            (json!({ "endpoint": "https://x.test/", "events": [] }), "at least one"),
            (json!({ "endpoint": "https://x.test/", "events": ["prov:eat"] }), "prov:eat"),
            (json!({ "endpoint": "https://x.test/", "events": ["prov:put:full", "prov:put:notice"] }), "not both"),
            (json!({ "endpoint": "https://x.test/", "authorization": "a\nb" }), "Authorization"),
            (json!({ "endpoint": "https://x.test/", "name": "mine" }), "already"),
        ] {
            let mut body = push.clone();
            body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            let answer = server.admin().post(RECEIVERS, body).await;
            assert!([400, 409].contains(&answer.status) && answer.text.contains(about), "{change}: {}", answer.text);
        }
        let mut body = push;
        body["endpoint"] = "https://x.test/?key=s3cret".into();
        body["authorization"] = SECRET.into();
        let made = receiver(&server, body).await;
        // The values of a query are shown to nobody, and stay where they are sent back like that.
        assert_eq!(made["endpoint"], "https://x.test/?key=***");
        let made = made["id"].clone();
        server.admin().put(&format!("{RECEIVERS}/{made}"), json!({ "endpoint": "https://x.test/?key=***" })).await.expect(200);
        assert_eq!(server.rows("SELECT endpoint FROM scim_receivers WHERE name = 'p'").await, [[Some("https://x.test/?key=s3cret".to_owned())]]);
        let elsewhere = server.admin().put(&format!("{RECEIVERS}/{made}"), json!({ "endpoint": "https://y.test/?key=***", "authorization": null })).await.expect(400);
        assert!(elsewhere.text.contains("values in its query again"), "{}", elsewhere.text);
        assert!(!server.admin().get("/api/admin/search/events?limit=1000").await.expect(200).text.contains("s3cret"));
        let moved = server.admin().put(&format!("{RECEIVERS}/{made}"), json!({ "endpoint": "https://elsewhere.test/" })).await.expect(400);
        assert!(moved.text.contains("give the Authorization header again"));
        server.admin().put(&format!("{RECEIVERS}/{made}"), json!({ "endpoint": "https://elsewhere.test/", "authorization": null })).await.expect(200);
        let (_, viewer) = server.person("vera", "Viewer").await;
        viewer.get(RECEIVERS).await.expect(403);
        viewer.delete(&one).await.expect(403);
        server.admin().delete(&one).await.expect(200);
        mine.post("/scim/events/poll", json!({})).await.expect(401);
    }

    async fn what_was_held_is_told_when_it_is_applied(server) {
        let (it, acme) = connect(&server, &acme()).await;
        let mut ids = Vec::new();
        for n in 0..10 {
            ids.push(user(&acme, &format!("p{n}")).await);
        }
        let everybody: Vec<&str> = ids.iter().map(String::as_str).collect();
        let mut groups = Vec::new();
        for name in ["Crew", "Gang"] {
            groups.push(id_of(&acme.post("/scim/Groups", json!({ "displayName": name, "members": refs(&everybody) })).await.expect(201).json()));
        }
        server.rows("UPDATE users SET created_at = created_at - 7200000").await;
        server.rows("UPDATE group_users SET joined_at = joined_at - 7200000").await;
        let hold = format!("/api/admin/provisioning/connections/{}/hold", it.id);
        server.admin().put(&hold, json!({ "share": 20, "least": 2, "minutes": 60 })).await.expect(200);
        let (_, mine) = fetcher(&server, "mine", Some(it.id), &NOTICES).await;
        for id in &ids[..5] {
            acme.delete(&format!("/scim/Users/{id}")).await.expect(204);
        }
        for id in &groups {
            acme.delete(&format!("/scim/Groups/{id}")).await.expect(204);
        }
        // Two went, three and the groups wait.
        let removed = |told: Vec<Value>| -> Vec<String> {
            let removals = told.iter().filter(|it| kinds(it).contains(&"prov:delete"));
            removals.map(|it| it["sub_id"]["uri"].as_str().unwrap().to_owned()).collect()
        };
        let path = |id: &str| format!("/Users/{id}");
        let mut expected = vec![path(&ids[0]), path(&ids[1])];
        assert_eq!(removed(waiting(&server, &mine).await), expected);
        // Deleted by hand, it is told like that, also after an admin discarded what the identity provider asked for.
        let first = server.admin().get(&hold).await.expect(200).json()["changes"][0].clone();
        assert_eq!(first["userName"], "p2 Secret-Name");
        server.admin().post(&format!("{hold}/discard"), json!({ "ids": [first["id"]] })).await.expect(200);
        for name in ["p2", "p3"] {
            server.admin().delete(&format!("/api/admin/user-admin/{}", server.number(name).await)).await.expect(200);
        }
        server.admin().delete(&format!("/api/admin/groups/{}", server.group_number("Gang").await)).await.expect(200);
        expected.extend([path(&ids[2]), path(&ids[3]), format!("/Groups/{}", groups[1])]);
        assert_eq!(removed(waiting(&server, &mine).await), expected);
        let done = server.admin().post(&format!("{hold}/apply"), json!({})).await.expect(200).json();
        assert_eq!((&done["count"], &done["left"]), (&json!(2), &json!(0)));
        let mut told = removed(waiting(&server, &mine).await);
        told.sort();
        expected.extend([path(&ids[4]), format!("/Groups/{}", groups[0])]);
        expected.sort();
        assert_eq!(told, expected);

        // Who is told of a connection alone goes with it, and the event log says so. All others are told of everybody who
        // loses access by that, also of those whose removal waits.
        let (_, all) = fetcher(&server, "all", None, &["prov:deactivate"]).await;
        server.admin().put(&hold, json!({ "share": 1, "least": 1, "minutes": 60 })).await.expect(200);
        for id in &ids[5..7] {
            acme.delete(&format!("/scim/Users/{id}")).await.expect(204);
        }
        let page = server.sign_in("admin", crate::support::server::PASSWORD).await.get(&format!("/provisioning/{}/delete", it.id)).await.expect(200).text;
        assert!(page.contains("does not hear of this: mine"), "{page}");
        let grant = burgee::access::Granted::<burgee::access::Administer>::system("test", burgee::access::Root);
        let mut tx = server.app.db.change(&grant, server.app.clock.now()).await.unwrap();
        burgee::provisioning::connection::delete(&mut tx, it.id, burgee::provisioning::connection::Fate::Deactivate).await.unwrap();
        tx.commit().await.unwrap();
        mine.post("/scim/events/poll", json!({})).await.expect(401);
        assert_eq!(server.events("scim-receiver-deleted").await.len(), 1);
        let told: Vec<Value> = waiting(&server, &all).await.iter().map(|it| it["sub_id"]["uri"].clone()).collect();
        assert_eq!(told.len(), 4);
        assert!(told.contains(&json!(path(&ids[6]))) && !told.contains(&json!(path(&ids[5]))), "{told:?}");
    }

    async fn who_does_not_wait_gets_the_answer_as_an_event(server) {
        let (it, acme) = connect(&server, &acme()).await;
        let later = acme.with("prefer", "return=minimal, Respond-Async; wait=10");
        let config = async || acme.get("/scim/ServiceProviderConfig").await.expect(200).json();
        // Where nobody would get the answer, the preference is ignored.
        let first = later.post("/scim/Users", json!({ "userName": "first" })).await.expect(201);
        assert_eq!((first.header("set-txn"), first.header("preference-applied")), ("", ""));
        assert!(config().await.get("securityEvents").is_none());
        let (_, removals) = fetcher(&server, "names", None, &["prov:delete"]).await;
        later.post("/scim/Users", json!({ "userName": "second" })).await.expect(201);
        assert_eq!(config().await["securityEvents"], json!({ "asyncRequest": "none", "eventUris": [urn("prov:delete")] }));

        let (_, mine) = fetcher(&server, "mine", Some(it.id), &["misc:asyncresp", "prov:create:notice"]).await;
        assert_eq!(config().await["securityEvents"]["asyncRequest"], "request");
        assert!(server.scim().get("/scim/ServiceProviderConfig").await.json()["securityEvents"]["eventUris"] == json!([urn("prov:delete")]));
        let accepted = later.post("/scim/Users", json!({ "userName": "ann", "displayName": "Secret-Name" })).await.expect(202);
        assert_eq!((accepted.header("preference-applied"), accepted.text.as_str()), ("respond-async", ""));
        let txn = accepted.header("set-txn").to_owned();
        let told = waiting(&server, &mine).await;
        assert_eq!(told.iter().map(kinds).collect::<Vec<_>>(), [["prov:create:notice"], ["misc:asyncresp"]]);
        assert!(told.iter().all(|it| it["txn"] == txn.as_str()));
        let answer = &told[1]["events"][urn("misc:asyncresp")];
        assert_eq!((&answer["method"], &answer["status"], &answer["version"]), (&json!("POST"), &json!("201"), &json!("W/\"1\"")));
        let ann = answer["location"].as_str().unwrap().strip_prefix("http://burgee.test/scim").unwrap().to_owned();
        assert_eq!(told[1]["sub_id"], json!({ "format": "scim", "uri": ann }));
        assert_eq!(told[0]["sub_id"]["uri"], ann.as_str());
        assert!(!told[1].to_string().contains("Secret-Name"));
        acme.get(&format!("/scim{ann}")).await.expect(200);

        // A bulk request is answered whole, errors of operations included.
        let bulk = json!({ "Operations": [
            { "method": "POST", "path": "/Users", "bulkId": "b", "data": { "userName": "bob" } },
            { "method": "POST", "path": "/Users", "bulkId": "x", "data": { "userName": "ann" } },
            { "method": "POST", "path": "/Groups", "bulkId": "g", "data": { "displayName": "Crew", "members": [{ "value": "bulkId:b" }] } },
        ] });
        let txn = later.post("/scim/Bulk", bulk).await.expect(202).header("set-txn").to_owned();
        let told: Vec<Value> = waiting(&server, &mine).await.into_iter().filter(|it| it["txn"] == txn.as_str()).collect();
        assert_eq!(told.len(), 3);
        assert_eq!(told[2]["sub_id"]["uri"], "/Bulk");
        let operations = &told[2]["events"][urn("misc:asyncresp")]["response"]["Operations"];
        let statuses: Vec<&Value> = operations.as_array().unwrap().iter().map(|it| &it["status"]).collect();
        assert_eq!(statuses, ["201", "409", "201"]);

        // What is refused is refused at once; what reads, and what only rehearses, is answered at once.
        later.post("/scim/Users", json!({ "userName": "ann" })).await.expect(409);
        later.get(&format!("/scim{ann}")).await.expect(200);
        later.with("burgee-dry-run", "true").delete(&format!("/scim{ann}")).await.expect(204);
        later.post("/scim/Users/.search", json!({ "filter": "userName eq \"ann\"" })).await.expect(200);
        let txn = later.delete(&format!("/scim{ann}")).await.expect(202).header("set-txn").to_owned();
        let told = waiting(&server, &mine).await;
        let last = told.last().unwrap();
        assert_eq!((&last["txn"], &last["sub_id"]["uri"]), (&json!(txn), &json!(ann)));
        assert_eq!(last["events"][urn("misc:asyncresp")], json!({ "method": "DELETE", "status": "204" }));
        assert_eq!(server.events("scim-call-answered").await.len(), 3);
        // Whatever comes of it is known by the same name.
        let of_removal = waiting(&server, &removals).await;
        assert_eq!(of_removal.iter().map(|it| (&it["txn"], &it["sub_id"]["uri"])).collect::<Vec<_>>(), [(&json!(txn), &json!(ann))]);

        // Whoever hangs up while it is being done loses nothing.
        let grant = Granted::<Administer>::system("test", Root);
        let mut tx = server.app.db.change(&grant, server.app.clock.now()).await.unwrap();
        let alone: Option<(i64,)> = tx.optional(burgee::sql!("SELECT id FROM scim_connections WHERE id = $1{alone}", it.id)).await.unwrap();
        assert_eq!(alone, Some((it.id,)));
        let cut = later.post("/scim/Users", json!({ "userName": "cut" }));
        assert!(tokio::time::timeout(Duration::from_secs(1), cut).await.is_err(), "it was done although somebody else has the connection");
        drop(tx);
        let since = Instant::now();
        let last = loop {
            let now = waiting(&server, &mine).await;
            if now.len() == told.len() + 2 {
                break now.last().unwrap().clone();
            }
            assert!(since.elapsed() < PATIENCE, "nothing came of it: {now:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        assert_eq!(last["events"][urn("misc:asyncresp")]["status"], "201");
        let cut = acme.get("/scim/Users?filter=userName%20eq%20%22cut%22").await.expect(200).json()["Resources"][0]["id"].clone();
        assert_eq!(last["sub_id"]["uri"], format!("/Users/{}", cut.as_str().unwrap()));
    }

    async fn whoever_has_no_token_learns_how_to_get_one(server) {
        let (it, acme) = connect(&server, &acme()).await;
        let anybody = server.anonymous();
        for (path, point) in [("/scim/Users", "/scim"), ("/scim/v2/c/acme/Groups", "/scim/v2/c/acme")] {
            let challenge = anybody.get(path).await.expect(401).header("www-authenticate").to_owned();
            let at = format!("resource_metadata=\"http://burgee.test/.well-known/oauth-protected-resource{point}\"");
            assert!(challenge.starts_with("Bearer ") && challenge.ends_with(&at), "{challenge}");
            anybody.get(&format!("/.well-known/oauth-protected-resource{point}")).await.expect(200);
        }
        let schemes = async || {
            let config = acme.get("/scim/ServiceProviderConfig").await.expect(200).json();
            let all = config["authenticationSchemes"].as_array().unwrap().clone();
            all.iter().map(|it| it["type"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(schemes().await, ["oauthbearertoken"]);
        let made = server.admin().post(&format!("/api/admin/provisioning/connections/{}/client/secret", it.id), json!({})).await.expect(201).json();
        assert_eq!(schemes().await, ["oauthbearertoken", "oauth2"]);

        // Requests for tokens are in the journal of their connection, without what was shown, and what was given.
        let (client, secret) = (made["clientId"].as_str().unwrap(), made["clientSecret"].as_str().unwrap());
        let ask = async |secret: &str| {
            let fields = [("grant_type", "client_credentials"), ("client_id", client), ("client_secret", secret)];
            let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
            let path = format!("/oauth/token?client_secret={secret}");
            anybody.send(reqwest::Method::POST, &path, Some(body), "application/x-www-form-urlencoded").await
        };
        let given = ask(secret).await.expect(200).json()["access_token"].as_str().unwrap().to_owned();
        ask("wrong-secret").await.expect(401);
        // What no client can be called is no client.
        let zero = "grant_type=client_credentials&client_id=%00&client_secret=x".to_owned();
        anybody.send(reqwest::Method::POST, "/oauth/token", Some(zero), "application/x-www-form-urlencoded").await.expect(401);
        server.app.journal.write(&server.app.db, &server.app.journal_rules()).await.unwrap();
        let path = format!("/api/admin/provisioning/calls?connection={}&limit=100", it.id);
        let calls = server.admin().get(&path).await.expect(200).json()["calls"].as_array().unwrap().clone();
        let told: Vec<&str> = calls.iter().filter(|it| it["path"] == "/oauth/token").map(|it| it["meaning"].as_str().unwrap()).collect();
        assert_eq!(told, ["Refused: There is no such client, or it has no such secret.", "Got an access token"]);
        for call in &calls {
            let text = server.admin().get(&format!("/api/admin/provisioning/calls/{}", call["id"].as_str().unwrap())).await.expect(200).text;
            assert!(!text.contains(secret) && !text.contains(&given) && !text.contains("wrong-secret"), "{text}");
        }
    }

    async fn receivers_have_a_screen(server) {
        let admin = server.sign_in("admin", crate::support::server::PASSWORD).await;
        let form = async |path: &str, fields: &[(&str, &str)]| {
            let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
            let own = admin.with("sec-fetch-site", "same-origin");
            own.send(reqwest::Method::POST, path, Some(body), "application/x-www-form-urlencoded").await
        };
        assert!(admin.get("/provisioning/receivers").await.expect(200).text.contains("Nobody is told"));
        let new = "/provisioning/receivers/new";
        assert!(admin.get(new).await.expect(200).text.contains("prov:create:notice"));
        let fields = [("name", "siem"), ("delivery", "push"), ("endpoint", "http://siem.test/"), ("audience", "siem"), ("kinds", "prov:delete"), ("enabled", "true")];
        let refused = form(new, &fields).await.expect(422).text;
        assert!(refused.contains("must begin with https") && refused.contains("http://siem.test/"));
        // Whoever means one connection does not get all of them.
        for number in ["one", "77"] {
            let poll = [("name", "a"), ("delivery", "poll"), ("audience", "a"), ("kinds", "prov:delete"), ("connection", number)];
            assert!(form(new, &poll).await.expect(422).text.contains("There is no such connection"));
        }
        let mut fields = fields.to_vec();
        fields[2].1 = "http://127.0.0.1:9/";
        fields.push(("header", SECRET));
        form(new, &fields).await.expect(303);
        let page = admin.get("/provisioning/receivers/1").await.expect(200).text;
        assert!(!page.contains("of-the-siem") && page.contains("http://127.0.0.1:9/") && page.contains("not shown"));
        form("/provisioning/receivers/1", &[("version", "1"), ("name", "SIEM"), ("delivery", "push"), ("endpoint", "http://127.0.0.1:9/"), ("audience", "siem"), ("kinds", "prov:delete"), ("kinds", "prov:activate")]).await.expect(303);
        let stale = form("/provisioning/receivers/1", &[("version", "1"), ("name", "x"), ("delivery", "push"), ("endpoint", "http://127.0.0.1:9/"), ("audience", "siem"), ("kinds", "prov:delete")]).await;
        assert!(stale.text.contains("Somebody else has changed"), "{}", stale.text);
        let unread = form("/provisioning/receivers/1", &[("version", "x"), ("name", "x"), ("delivery", "push"), ("endpoint", "http://127.0.0.1:9/"), ("audience", "siem"), ("kinds", "prov:delete")]).await;
        assert!(unread.expect(422).text.contains("The version is no number"));
        let fetched = form(new, &[("name", "mirror"), ("delivery", "poll"), ("audience", "m"), ("kinds", "prov:delete"), ("enabled", "true")]).await.expect(200).text;
        assert!(fetched.contains("bge_"));
        form("/provisioning/receivers/1/switch", &[("enabled", "true")]).await.expect(303);
        form("/provisioning/receivers/key", &[]).await.expect(303);
        assert!(form("/provisioning/receivers/2/token", &[]).await.expect(200).text.contains("bge_"));
        let list = admin.get("/provisioning/receivers").await.expect(200).text;
        assert!(list.contains("SIEM") && list.contains("mirror") && list.contains("all connections"));
        assert!(admin.get("/provisioning/receivers/2/delete").await.expect(200).text.contains("What waits is not told any more"));
        form("/provisioning/receivers/2/delete", &[]).await.expect(303);
        assert_eq!(server.admin().get(RECEIVERS).await.json()["receivers"].as_array().unwrap().len(), 1);
    }
}

/// Servers beside each other tell each event once, and one goes on where another stopped. Who is slow holds up neither the
/// others nor a server that stops.
#[tokio::test]
async fn several_servers_tell_each_event_once() {
    let server = TestServer::postgres().await;
    let (it, acme) = connect(&server, &acme()).await;
    let (siem, url) = Siem::listen().await;
    let id = pushed_to(&server, "siem", &url, Some(it.id)).await;
    let other = server.beside().await;
    for n in 0..20 {
        user(&acme, &format!("u{n}")).await;
        if n % 5 == 0 {
            tokio::time::sleep(Duration::from_millis(400)).await;
        }
    }
    siem.taken(20).await;
    stop(&other).await;
    // Whoever is switched off is told afterwards.
    let (slow, url) = Siem::listen().await;
    slow.pause(Duration::from_mins(1));
    let late = pushed_to(&server, "slow", &url, Some(it.id)).await;
    let switch = async |id: i64, on: bool| {
        server.admin().put(&format!("{RECEIVERS}/{id}"), json!({ "enabled": on })).await.expect(200);
    };
    switch(id, false).await;
    switch(late, false).await;
    for n in 20..30 {
        user(&acme, &format!("u{n}")).await;
    }
    assert_eq!(standing(&server, id).await["waiting"], 10);
    switch(late, true).await;
    slow.tried_after(0).await;
    switch(id, true).await;
    siem.taken(30).await;
    assert_eq!(standing(&server, late).await["error"], Value::Null, "somebody slow was waited for");
    let since = Instant::now();
    while standing(&server, late).await["error"] != "no answer in time" {
        assert!(since.elapsed() < PATIENCE, "the slow one is waited for without end");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // It is being told again, and the server stops. Another comes: what was not answered is told once more.
    let tries = slow.tries().len();
    slow.tried_after(tries).await;
    let failures = async || {
        server.rows("SELECT name, failures FROM scim_receiver_states s JOIN scim_receivers r ON r.id = s.receiver_id ORDER BY r.id").await
    };
    let before = failures().await;
    stop(&server).await;
    assert_eq!(failures().await, before, "it was waited for until there was no answer in time");
    slow.pause(Duration::ZERO);
    let next = server.beside().await;
    let told = read_all(&next, &slow.taken(10).await).await;
    for again in read_all(&next, &slow.tries()[..=tries]).await {
        assert_eq!(again["jti"], told[0]["jti"]);
    }
    tokio::time::sleep(Duration::from_millis(2500)).await;
    for (siem, id, first) in [(&siem, id, 0), (&slow, late, 20)] {
        let told = read_all(&next, &siem.taken(30 - first).await).await;
        let names: Vec<&str> = told.iter().map(|it| it["sub_id"]["externalId"].as_str().unwrap()).collect();
        let expected: Vec<String> = (first..30).map(|n| format!("ext-u{n}")).collect();
        assert_eq!(names, expected);
        assert_eq!(standing(&next, id).await["delivered"], 30 - first);
    }
}

/// Stops a server, and waits until nothing of it runs any more.
async fn stop(server: &TestServer) {
    server.app.stopping.cancel();
    tokio::time::timeout(PATIENCE, server.app.tasks.wait()).await.expect("the server stops");
}
