//! The guard against mass removal, and drift: an identity provider that takes away too much at once is told that it has,
//! and an admin decides.

use burgee::provisioning::connection::{OnMatch, Provider, Setup};
use reqwest::Method;
use serde_json::{Value, json};

use super::world::{PATCH, id_of, refs};
use crate::scim::connections::{configure, connect};
use crate::support::TestServer;
use crate::support::client::{Answer, Client};
use crate::support::server::PASSWORD;

const ONE: &str = "/api/admin/provisioning/connections/1";
const ACTIVE: &str =
    "SELECT COUNT(*) FROM users WHERE active = TRUE AND is_service = FALSE AND username LIKE 'p%'";

/// Makes everybody older than the window.
async fn age(server: &TestServer) {
    server.rows("UPDATE users SET created_at = created_at - 7200000").await;
    server.rows("UPDATE group_users SET joined_at = joined_at - 7200000").await;
}

async fn limit(server: &TestServer, share: i64, least: i64) {
    let limits = json!({ "share": share, "least": least, "minutes": 60 });
    server.admin().put(&format!("{ONE}/hold"), limits).await.expect(200);
}

async fn count(server: &TestServer, sql: &str) -> i64 {
    server.rows(sql).await[0][0].as_ref().unwrap().parse().unwrap()
}

async fn push(client: &Client, numbers: std::ops::RangeInclusive<usize>) -> Vec<String> {
    let mut ids = Vec::new();
    for number in numbers {
        let body = json!({ "userName": format!("p{number:02}"), "displayName": format!("P {number}"), "active": true });
        ids.push(id_of(&client.post("/scim/Users", body).await.expect(201).json()));
    }
    ids
}

fn off() -> Value {
    json!({ "schemas": [PATCH], "Operations": [{ "op": "replace", "path": "active", "value": false }] })
}

/// What waits, by kind and name.
async fn waiting(server: &TestServer) -> Vec<(String, String)> {
    let view = server.admin().get(&format!("{ONE}/hold")).await.expect(200).json();
    let changes = view["changes"].as_array().unwrap();
    assert_eq!(view["waiting"], changes.len());
    assert!(changes.is_empty() || !view["heldSince"].is_null(), "{view}");
    let name = |it: &Value| it["userName"].as_str().or(it["groupName"].as_str()).unwrap().to_owned();
    let mut found: Vec<_> =
        changes.iter().map(|it| (it["kind"].as_str().unwrap().to_owned(), name(it))).collect();
    found.sort();
    found
}

/// The number of what waits for somebody.
async fn item(server: &TestServer, name: &str) -> i64 {
    let view = server.admin().get(&format!("{ONE}/hold")).await.expect(200).json();
    let found = view["changes"].as_array().unwrap().iter().find(|it| it["userName"] == name);
    found.unwrap_or_else(|| panic!("{name} in {view}"))["id"].as_i64().unwrap()
}

async fn decide(server: &TestServer, what: &str, body: Value) -> (i64, i64) {
    let done = server.admin().post(&format!("{ONE}/hold/{what}"), body).await.expect(200).json();
    (done["count"].as_i64().unwrap(), done["left"].as_i64().unwrap())
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(kind, name)| ((*kind).to_owned(), (*name).to_owned())).collect()
}

async fn form(who: &Client, path: &str, body: &str) -> Answer {
    who.send(Method::POST, path, Some(body.to_owned()), "application/x-www-form-urlencoded").await
}

both! {
    async fn who_loses_access_in_a_mass_waits_for_an_admin(server) {
        limit(&server, 20, 2).await;
        let scim = server.scim();
        let ids = push(&scim, 1..=30).await;
        let (there, rival) = connect(&server, &Setup::named("rival", "rival", Provider::Generic)).await;
        let other = id_of(&rival.post("/scim/Users", json!({ "userName": "q1" })).await.expect(201).json());
        age(&server).await;
        let at = |number: usize| format!("/scim/Users/{}", ids[number - 1]);

        // A fifth may go, however it is said.
        scim.patch(&at(1), off()).await.expect(200);
        scim.put(&at(2), json!({ "userName": "p02", "displayName": "P 2", "active": false })).await.expect(200);
        scim.delete(&at(3)).await.expect(204);
        let bulk = |numbers: &[usize]| {
            let one = |number: &usize| json!({ "method": "PATCH", "path": format!("/Users/{}", ids[number - 1]), "data": off() });
            let all: Vec<Value> = numbers.iter().map(one).collect();
            json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": all })
        };
        scim.post("/scim/Bulk", bulk(&[4, 5, 6])).await.expect(200);
        assert_eq!((count(&server, ACTIVE).await, waiting(&server).await), (24, Vec::new()));

        // Beyond it, the identity provider reads back what it wrote, and access stays.
        let answers = scim.post("/scim/Bulk", bulk(&[7, 8])).await.expect(200).json();
        for answer in answers["Operations"].as_array().unwrap() {
            assert!(["200", "204"].contains(&answer["status"].as_str().unwrap()), "{answer}");
        }
        let renamed = json!({ "userName": "p09", "displayName": "Renamed", "active": false });
        assert_eq!(scim.put(&at(9), renamed.clone()).await.expect(200).json()["active"], false);
        scim.delete(&at(10)).await.expect(204);
        scim.get(&at(10)).await.expect(404);
        let inactive = scim.get("/scim/Users?filter=active eq false").await.expect(200).json();
        assert_eq!(inactive["totalResults"], 8);
        assert_eq!(count(&server, ACTIVE).await, 24);
        let held = pairs(&[("deactivate", "P 7"), ("deactivate", "P 8"), ("deactivate", "Renamed"), ("delete", "P 10")]);
        assert_eq!(waiting(&server).await, held);

        // By way of another connection, nobody decides about it.
        let elsewhere = format!("/api/admin/provisioning/connections/{}/hold", there.id);
        let one = json!({ "ids": [item(&server, "P 7").await] });
        for (what, body) in [("apply", json!({})), ("apply", one.clone()), ("discard", one)] {
            let done = server.admin().post(&format!("{elsewhere}/{what}"), body).await.expect(200).json();
            assert_eq!(done["count"], 0, "{done}");
        }
        assert_eq!(waiting(&server).await, held);

        // Asking again changes nothing, a dry run neither; tests of the connection and other connections go on.
        let before = scim.get(&at(7)).await.expect(200).header("etag").to_owned();
        assert_eq!(scim.patch(&at(7), off()).await.expect(200).header("etag"), before);
        scim.with("burgee-dry-run", "true").patch(&at(11), off()).await.expect(200);
        let probe = server.push_user(json!({ "userName": "ptest" })).await;
        scim.delete(&format!("/scim/Users/{probe}")).await.expect(204);
        assert_eq!(count(&server, "SELECT COUNT(*) FROM users WHERE username = 'ptest'").await, 0);
        rival.patch(&format!("/scim/Users/{other}"), off()).await.expect(200);
        assert_eq!(count(&server, "SELECT COUNT(*) FROM users WHERE username = 'q1' AND active = TRUE").await, 0);
        assert_eq!(waiting(&server).await, held);
        let log = server.events("scim-connection-held").await;
        assert_eq!((log.len(), &log[0]["data"]["gone"], &log[0]["data"]["of"]["people"]), (1, &json!(7), &json!(30)));

        // Admins are told, and find the calls.
        server.app.journal.write(&server.app.db, &server.app.journal_rules()).await.unwrap();
        let figures = server.anonymous().get("/internal-backstage/prometheus").await.expect(200).text;
        assert!(figures.contains("burgee_scim_held_connections 1") && figures.contains("burgee_scim_held_changes 4"), "{figures}");
        let page = server.sign_in("admin", PASSWORD).await.with("accept", "text/html");
        for path in ["/", "/provisioning", "/provisioning/1"] {
            let text = page.get(path).await.expect(200).text;
            assert!(text.contains("4 removals by an identity provider wait"), "{path}: {text}");
        }
        let text = page.get("/provisioning/1/hold").await.expect(200).text;
        for words in [">Renamed</a> loses access", ">P 10</a> is deleted", "/provisioning/calls/0", "End the hold now"] {
            assert!(text.contains(words), "{words} in {text}");
        }
        let text = page.get("/provisioning/calls").await.expect(200).text;
        assert!(text.contains("Held the deactivation of “Renamed” for an admin"), "{text}");

        // What it gives back itself is no longer waited for, even where it adopts nobody; what an admin does is never held.
        let back = json!({ "schemas": [PATCH], "Operations": [{ "op": "replace", "path": "active", "value": true }] });
        assert_eq!(scim.patch(&at(8), back).await.expect(200).json()["active"], true);
        let number = server.number("p10").await;
        let usual = Setup::named("default", "default", Provider::Generic);
        configure(&server, 1, &Setup { on_match: OnMatch::Conflict, ..usual }).await;
        server.push_user(json!({ "userName": "p10", "displayName": "P 10" })).await;
        assert_eq!(server.number("p10").await, number);
        server.admin().delete(&format!("/api/admin/user-admin/{}", server.number("p07").await)).await.expect(200);
        assert_eq!((waiting(&server).await, count(&server, ACTIVE).await), (pairs(&[("deactivate", "Renamed")]), 23));
        assert_eq!(server.events("scim-held-withdrawn").await.len(), 2);

        // Discarded: access stays whatever else is said, also by an admin who re-applies, until it is applied after all.
        server.admin().post(&format!("{ONE}/hold/discard"), json!({ "discarded": true })).await.expect(400);
        assert_eq!(decide(&server, "discard", json!({})).await, (1, 0));
        assert!(server.admin().get(&format!("{ONE}/hold")).await.json()["heldSince"].is_null());
        assert_eq!(server.events("scim-hold-ended").await.len(), 1);
        let titled = json!({ "userName": "p09", "displayName": "Renamed", "title": "Dr", "active": false });
        scim.put(&at(9), titled).await.expect(200);
        let repair = json!({ "users": [server.number("p09").await] });
        assert_eq!(server.admin().post(&format!("{ONE}/drift/repair"), repair).await.expect(200).json()["count"], 0);
        assert_eq!(count(&server, ACTIVE).await, 23);
        let drift = server.admin().get(&format!("{ONE}/drift")).await.expect(200).json();
        assert_eq!((&drift["discarded"][0]["userName"], &drift["people"]), (&json!("Renamed"), &json!([])));
        let item = drift["discarded"][0]["id"].to_string();
        assert!(page.get("/provisioning/1/drift").await.expect(200).text.contains(">Renamed</a> loses access"));
        let ask = page.get(&format!("/provisioning/1/hold/apply?discarded=true&item={item}")).await.expect(200).text;
        assert!(ask.contains("Apply 1 removal") && ask.contains(">Renamed</a> loses access"), "{ask}");
        form(&page, "/provisioning/1/hold/apply", &format!("discarded=true&item={item}")).await.expect(303);
        assert_eq!(count(&server, ACTIVE).await, 22);

        // After the hold it is counted anew.
        scim.patch(&at(12), off()).await.expect(200);
        scim.patch(&at(13), off()).await.expect(200);
        assert_eq!((count(&server, ACTIVE).await, waiting(&server).await), (20, Vec::new()));

        // That somebody keeps access against a deactivation says nothing of a deletion: an admin is asked anew.
        limit(&server, 1, 1).await;
        scim.patch(&at(14), off()).await.expect(200);
        assert_eq!(decide(&server, "discard", json!({})).await, (1, 0));
        scim.delete(&at(14)).await.expect(204);
        scim.get(&at(14)).await.expect(404);
        let view = server.admin().get(&format!("{ONE}/hold")).await.expect(200).json();
        let asked = &view["changes"][0];
        let told = (&view["waiting"], &asked["kind"], &asked["userName"], &asked["discardedBy"]);
        assert_eq!(told, (&json!(1), &json!("delete"), &json!("P 14"), &Value::Null));
        assert_eq!(count(&server, ACTIVE).await, 20);
    }

    async fn members_who_are_taken_out_in_a_mass_stay_until_an_admin_decides(server) {
        limit(&server, 50, 2).await;
        let scim = server.scim();
        let ids = push(&scim, 1..=12).await;
        let all: Vec<&str> = ids.iter().map(String::as_str).collect();
        let crew = server.push_group("Crew", &all).await;
        age(&server).await;
        let path = format!("/scim/Groups/{crew}");
        let number = server.group_number("Crew").await;
        let inside = format!("SELECT COUNT(*) FROM group_users WHERE group_id = {number}");
        let shown = async || scim.get(&path).await.expect(200).json()["members"].as_array().map_or(0, Vec::len);
        let operate = async |op: &str, who: &[&str]| {
            let operation = json!([{ "op": op, "path": "members", "value": refs(who) }]);
            server.patch(&path, operation).await.done();
        };

        operate("remove", &all[..3]).await;
        assert_eq!((shown().await, count(&server, &inside).await), (9, 9));
        operate("remove", &all[3..7]).await;
        assert_eq!((shown().await, count(&server, &inside).await), (5, 9));
        assert_eq!(waiting(&server).await, pairs(&[("leave", "P 4"), ("leave", "P 5"), ("leave", "P 6"), ("leave", "P 7")]));
        let group = server.admin().get(&format!("/api/admin/groups/{number}")).await.expect(200).json();
        assert_eq!(group["users"].as_array().unwrap().len(), 9);

        // Nothing that SCIM shows or finds knows of them.
        let user = scim.get(&format!("/scim/Users/{}", all[3])).await.expect(200).json();
        assert!(user.get("groups").is_none_or(|groups| groups == &json!([])), "{user}");
        for filter in [format!("groups.value eq \"{crew}\""), format!("groups.value eq \"{crew}\" and userName eq \"p04\"")] {
            let found = scim.get(&format!("/scim/Users?filter={filter}")).await.expect(200).json();
            assert_eq!(found["totalResults"], if filter.contains("p04") { 0 } else { 5 }, "{filter}");
        }
        let found = scim.get(&format!("/scim/Groups?filter=members.value eq \"{}\"", all[3])).await.json();
        assert_eq!(found["totalResults"], 0);
        let listed = scim.get("/scim/Groups").await.expect(200).json();
        assert_eq!(listed["Resources"][0]["members"].as_array().unwrap().len(), 5);

        // Who is added again no longer waits; who came within the window just goes.
        operate("add", &all[3..4]).await;
        assert_eq!((shown().await, waiting(&server).await.len()), (6, 3));
        let fresh = server.push_user(json!({ "userName": "pnew" })).await;
        operate("add", &[&fresh]).await;
        operate("replace", &[]).await;
        assert_eq!((shown().await, waiting(&server).await.len(), count(&server, &inside).await), (0, 9, 9));
        operate("replace", &all[7..9]).await;
        assert_eq!((shown().await, waiting(&server).await.len()), (2, 7));

        // Applied, discarded, and the group with all who are left.
        let (one, two) = (item(&server, "P 4").await, item(&server, "P 5").await);
        assert_eq!(decide(&server, "apply", json!({ "ids": [one, 4242] })).await, (1, 6));
        assert_eq!(decide(&server, "discard", json!({ "ids": [two] })).await, (1, 5));
        assert_eq!((shown().await, count(&server, &inside).await), (2, 8));
        operate("remove", &all[4..5]).await;
        assert_eq!(count(&server, &inside).await, 8, "what was discarded is not asked for anew");
        scim.delete(&path).await.expect(204);
        scim.get(&path).await.expect(404);
        assert_eq!((waiting(&server).await, count(&server, &inside).await), (pairs(&[("delete-group", "Crew")]), 8));

        // Made again, it is the same group. Removed again, it goes when an admin says so.
        let again = server.push_group("Crew", &[]).await;
        assert_eq!((server.group_number("Crew").await, waiting(&server).await), (number, Vec::new()));
        scim.delete(&format!("/scim/Groups/{again}")).await.expect(204);
        assert_eq!(waiting(&server).await, pairs(&[("delete-group", "Crew")]));
        assert_eq!(decide(&server, "apply", json!({})).await, (1, 0));
        assert_eq!(count(&server, "SELECT COUNT(*) FROM groups WHERE name = 'Crew'").await, 0);
        assert_eq!(server.events("scim-connection-held").await.len(), 2);
        assert_eq!(server.events("scim-hold-ended").await.len(), 2);
    }

    async fn limits_windows_and_the_last_admin_are_kept(server) {
        let (scim, admin) = (server.scim(), server.admin());
        for wrong in [json!({ "share": 101, "least": 1, "minutes": 1 }), json!({ "share": 1, "least": 0, "minutes": 0 })] {
            admin.put(&format!("{ONE}/hold"), wrong).await.expect(400);
        }
        admin.get("/api/admin/provisioning/connections/77/hold").await.expect(404);
        admin.get("/api/admin/provisioning/connections/77/drift").await.expect(404);
        admin.post("/api/admin/provisioning/connections/77/hold/apply", json!({})).await.expect(404);
        let usual = admin.get(&format!("{ONE}/hold")).await.expect(200).json();
        assert_eq!(usual["limits"], json!({ "share": 20, "least": 10, "minutes": 60 }));

        // Tests that identity providers make of themselves, whatever the limits, which the page sets, too.
        let page = server.sign_in("admin", PASSWORD).await.with("accept", "text/html");
        let was = "was_share=20&was_least=10&was_minutes=60";
        let refused = form(&page, "/provisioning/1/hold", &format!("{was}&share=101&least=1&minutes=60")).await.expect(422).text;
        assert!(refused.contains("id=\"share-problem\""), "{refused}");
        form(&page, "/provisioning/1/hold", &format!("{was}&share=1&least=1&minutes=60")).await.expect(303);
        let set = admin.get(&format!("{ONE}/hold")).await.expect(200).json();
        assert_eq!(set["limits"], json!({ "share": 1, "least": 1, "minutes": 60 }));
        assert!(page.get("/provisioning/1/hold").await.expect(200).text.contains("Nothing waits"));
        let ids = push(&scim, 1..=10).await;
        let refs: Vec<&str> = ids.iter().map(String::as_str).collect();
        let probes = push(&scim, 90..=93).await;
        let group = server.push_group("Probe", &[&refs[..2], &[probes[0].as_str()]].concat()).await;
        server.rows("UPDATE users SET created_at = created_at - 7200000 WHERE username < 'p90'").await;
        scim.delete(&format!("/scim/Groups/{group}")).await.expect(204);
        for probe in &probes {
            scim.patch(&format!("/scim/Users/{probe}"), off()).await.expect(200);
            scim.delete(&format!("/scim/Users/{probe}")).await.expect(204);
        }
        assert_eq!((waiting(&server).await, count(&server, ACTIVE).await), (Vec::new(), 10));

        // What lies before the window is forgotten.
        let leave = async |number: usize| { scim.patch(&format!("/scim/Users/{}", ids[number - 1]), off()).await.expect(200); };
        leave(1).await;
        let tally = server.rows("SELECT tally FROM scim_guards").await[0][0].clone().unwrap();
        let mut tally: Value = serde_json::from_str(&tally).unwrap();
        tally["recent"][0][0] = json!(tally["recent"][0][0].as_i64().unwrap() - 3_600_001);
        server.rows(&format!("UPDATE scim_guards SET tally = '{tally}'")).await;
        leave(2).await;
        leave(3).await;
        assert_eq!((waiting(&server).await, count(&server, ACTIVE).await), (pairs(&[("deactivate", "P 3")]), 8));

        // On the admin's word the hold ends, and what waits goes on waiting.
        let view = admin.post(&format!("{ONE}/hold/end"), json!({})).await.expect(200).json();
        assert_eq!((&view["heldSince"], &view["waiting"]), (&Value::Null, &json!(1)));
        leave(4).await;
        assert_eq!(count(&server, ACTIVE).await, 7);
        leave(5).await;
        assert_eq!(waiting(&server).await, pairs(&[("deactivate", "P 3"), ("deactivate", "P 5")]));

        form(&page, "/provisioning/1/hold/discard", "").await.expect(303);
        assert_eq!(waiting(&server).await.len(), 2, "nothing was chosen");
        form(&page, "/provisioning/1/hold/end", "").await.expect(303);

        // Without a guard, nothing waits that did not wait before.
        limit(&server, 0, 1).await;
        for number in 6..=9 {
            leave(number).await;
        }
        let view = admin.get(&format!("{ONE}/hold")).await.expect(200).json();
        assert_eq!((&view["heldSince"], &view["waiting"]), (&Value::Null, &json!(2)));
        limit(&server, 1, 1).await;

        // An admin whose deactivation waits, and who is the last by the time it is applied.
        let (second, _) = server.person("second", "Admin").await;
        let mine = server.push_user(json!({ "userName": "admin", "active": true })).await;
        age(&server).await;
        leave(10).await;
        scim.patch(&format!("/scim/Users/{mine}"), off()).await.expect(200);
        assert_eq!(waiting(&server).await.len(), 3);
        admin.delete(&format!("/api/admin/user-admin/{second}")).await.expect(200);
        assert_eq!(decide(&server, "apply", json!({})).await, (3, 0));
        assert_eq!(server.events("admin-retention-enforced").await.len(), 1);
        assert_eq!(count(&server, ACTIVE).await, 0);
        assert_eq!(count(&server, "SELECT COUNT(*) FROM users WHERE username = 'admin' AND active = TRUE").await, 1);
    }

    async fn what_the_identity_provider_gave_stays_while_its_removal_waits(server) {
        limit(&server, 20, 1).await;
        let (scim, admin) = (server.scim(), server.admin());
        let rules = json!([{ "displayName": "Ops", "rootRole": 1 }]);
        let change = json!({ "givesAdmin": true, "heedsRoles": true, "rules": rules });
        admin.put(&format!("{ONE}/roles"), change).await.expect(200);
        let ids = push(&scim, 1..=3).await;
        let ops = server.push_group("Ops", &ids.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let editor = json!({ "userName": "peter", "displayName": "Peter", "active": true, "roles": ["Editor"] });
        let peter = server.push_user(editor.clone()).await;
        let rose = server.push_user(json!({ "userName": "prose", "displayName": "Rose", "roles": ["Editor"] })).await;
        age(&server).await;
        // Nobody who administers has a password.
        server.rows("UPDATE users SET active = FALSE WHERE username = 'admin'").await;
        let admins = async || {
            let count = server.admin().get("/api/admin/user-admin/admin-count").await.expect(200).json();
            (count["password"].as_i64().unwrap(), count["noPassword"].as_i64().unwrap())
        };
        let roots = async |name: &str| -> Vec<String> {
            let path = format!("/api/admin/user-admin/{}/access", server.number(name).await);
            let found = server.admin().get(&path).await.expect(200).json();
            found["ways"].as_array().unwrap().iter().map(|way| way["role"]["name"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(admins().await, (0, 3));

        // A group, somebody in it, and people of whom an attribute says something: all wait, and lose nothing.
        scim.delete(&format!("/scim/Groups/{ops}")).await.expect(204);
        scim.delete(&format!("/scim/Users/{}", ids[1])).await.expect(204);
        scim.delete(&format!("/scim/Users/{rose}")).await.expect(204);
        let mut gone = editor;
        (gone["active"], gone["roles"]) = (json!(false), json!([]));
        scim.put(&format!("/scim/Users/{peter}"), gone).await.expect(200);
        let held = pairs(&[("deactivate", "Peter"), ("delete", "P 2"), ("delete", "Rose"), ("delete-group", "Ops")]);
        assert_eq!(waiting(&server).await, held);
        assert_eq!(admins().await, (0, 3));
        for name in ["p01", "p02", "p03"] {
            assert_eq!(roots(name).await, ["Admin"], "{name}");
        }
        assert_eq!((roots("peter").await, roots("prose").await), (vec!["Editor".to_owned()], vec!["Editor".to_owned()]));
        assert_eq!(server.events("scim-roles-taken").await, Vec::<Value>::new());
        assert_eq!(server.events("admin-retention-enforced").await.len(), 0);

        // Who is made again has what their document says; the rest goes when it is applied, and one admin stays.
        server.push_user(json!({ "userName": "prose", "displayName": "Rose" })).await;
        assert_eq!(roots("prose").await, ["Viewer"]);
        assert_eq!(decide(&server, "apply", json!({})).await, (3, 0));
        assert_eq!(admins().await, (0, 1));
        assert_eq!(server.events("admin-retention-enforced").await.len(), 1);
        let taken = server.events("scim-roles-taken").await;
        let first = [server.number("p01").await, server.number("p03").await];
        assert_eq!(taken[0]["preData"]["userIds"], json!(first), "{taken:?}");
    }

    async fn drift_is_told_and_mended(server) {
        let (scim, admin) = (server.scim(), server.admin());
        let (hand, _) = server.person("hand", "Editor").await;
        admin.post("/api/admin/groups", json!({ "name": "Old", "users": [{ "user": { "id": hand } }] })).await.expect(201);
        let ids = push(&scim, 1..=3).await;
        server.push_group("Old", &[ids[0].as_str()]).await;
        let path = format!("{ONE}/drift");
        let drift = async || admin.get(&path).await.expect(200).json();
        let before = drift().await;
        assert_eq!(before["people"], json!([]));
        assert_eq!((&before["groups"][0]["name"], &before["groups"][0]["byHand"]), (&json!("Old"), &json!(1)));
        assert_eq!(before["groups"][0]["members"][0]["id"], hand);

        // While provisioning is off, people change what it pushed; a role is nothing that it pushes.
        admin.post("/api/admin/scim-settings", json!({ "enabled": false })).await.done();
        let (first, second) = (server.number("p01").await, server.number("p02").await);
        admin.put(&format!("/api/admin/user-admin/{first}"), json!({ "name": "By hand", "email": "hand@x.io" })).await.expect(200);
        admin.put(&format!("/api/admin/user-admin/{second}"), json!({ "rootRole": "Editor" })).await.expect(200);
        admin.post("/api/admin/scim-settings", json!({ "enabled": true })).await.done();
        let found = drift().await;
        assert_eq!(found["people"].as_array().unwrap().len(), 1, "{found}");
        let person = &found["people"][0];
        assert_eq!((&person["id"], &person["differences"]), (&json!(first), &json!([{ "what": "name", "pushed": "P 1", "now": "By hand" }])));
        assert!(person["changedBy"].is_string(), "{person}");
        let page = server.sign_in("admin", PASSWORD).await.with("accept", "text/html");
        let text = page.get("/provisioning/1/drift").await.expect(200).text;
        for words in ["pushed “P 1”, now “By hand”", "1 member of whom it never spoke", "Re-apply to all on this page"] {
            assert!(text.contains(words), "{words} in {text}");
        }

        // Nobody else's name is taken, and the error says whose it is.
        let third = server.number("p03").await;
        server.rows(&format!("UPDATE users SET username = 'other', username_ci = 'other' WHERE id = {third}")).await;
        server.person("p03", "Viewer").await;
        let refused = admin.post(&format!("{path}/repair"), json!({ "users": [third] })).await.expect(409).text;
        assert!(refused.contains("P 3 cannot have the user name “p03” again"), "{refused}");

        // Re-applied, and recorded; whoever was added by hand stays.
        form(&page, "/provisioning/1/drift", &format!("all=true&shown-user={first}&shown-user={second}")).await.expect(303);
        assert_eq!(drift().await["people"], json!([]));
        assert_eq!(server.rows(&format!("SELECT name FROM users WHERE id = {first}")).await[0][0].as_deref(), Some("P 1"));
        assert_eq!(server.events("scim-drift-repaired").await[0]["data"]["userIds"], json!([first]));
        assert_eq!(drift().await["groups"][0]["byHand"], 1);
        let many: Vec<i64> = (0..501).collect();
        admin.post(&format!("{path}/repair"), json!({ "users": many })).await.expect(400);
        assert_eq!(admin.post(&format!("{path}/repair"), json!({ "users": [first, hand] })).await.expect(200).json()["count"], 0);

        // Whom nobody manages.
        let unowned = admin.get("/api/admin/provisioning/unowned").await.expect(200).json();
        let names: Vec<_> = unowned["people"].as_array().unwrap().iter().map(|it| it["username"].clone()).collect();
        assert!(names.contains(&json!("hand")) && !names.contains(&json!("p01")), "{unowned}");
        assert_eq!(unowned["total"], names.len());
        let one = admin.get("/api/admin/provisioning/unowned?limit=1&offset=1").await.expect(200).json();
        assert_eq!((one["people"].as_array().unwrap().len(), &one["total"]), (1, &unowned["total"]));
        assert!(page.get("/provisioning/unowned").await.expect(200).text.contains("Editor"));
    }
}
