//! `/Bulk` (RFC 7644 §3.7).

use reqwest::Method;
use serde_json::{Value, json};

use crate::scim::wire::{ENTERPRISE, ERROR, GROUP, PATCH, USER, Wire, id, quirk, refused, values};

const REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

fn user(name: &str, more: Value) -> Value {
    let mut data = json!({ "schemas": [USER], "userName": name });
    merge(&mut data, more);
    json!({ "method": "POST", "path": "/Users", "bulkId": name, "data": data })
}

fn group(name: &str, members: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|member| json!({ "value": member })).collect();
    let data = json!({ "schemas": [GROUP], "displayName": name, "members": members });
    json!({ "method": "POST", "path": "/Groups", "bulkId": name, "data": data })
}

fn managed(name: &str, manager: &str) -> Value {
    user(
        name,
        json!({ "schemas": [USER, ENTERPRISE], ENTERPRISE: { "manager": { "value": format!("bulkId:{manager}") } } }),
    )
}

fn merge(data: &mut Value, more: Value) {
    let Value::Object(more) = more else { return };
    for (key, value) in more {
        data[key] = value;
    }
}

/// Sends a bulk request and gives the results, which must have the shape that the RFC wants.
async fn bulk(wire: &Wire, operations: Value) -> Vec<Value> {
    bulk_until(wire, operations, None).await
}

async fn bulk_until(wire: &Wire, operations: Value, errors: Option<u64>) -> Vec<Value> {
    let mut body = json!({ "schemas": [REQUEST], "Operations": operations });
    if let Some(errors) = errors {
        body["failOnErrors"] = errors.into();
    }
    let answer = wire.post("/Bulk", body).await.expect(200).json();
    assert_eq!(answer["schemas"], json!([RESPONSE]));
    let results = answer["Operations"].as_array().unwrap().clone();
    for result in &results {
        let status: u16 = result["status"].as_str().unwrap().parse().unwrap();
        assert!(result["method"].is_string());
        if status < 400 {
            assert!(result["location"].is_string() && result.get("response").is_none(), "{result}");
            assert_eq!(result["version"].is_string(), status != 204, "{result}");
        } else {
            assert_eq!(result["response"]["schemas"], json!([ERROR]), "{result}");
            assert_eq!(result["response"]["status"], result["status"]);
        }
    }
    results
}

fn statuses(results: &[Value]) -> String {
    values(&json!(results), "status").join(" ")
}

fn last(result: &Value) -> String {
    result["location"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
}

both! {
    async fn every_method_in_one_request(server) {
        let wire = Wire::new(&server);
        let (bob, cat) = (wire.user("bob").await, wire.user("cat").await);
        let results = bulk(&wire, json!([
            user("ann", json!({ "title": "Pilot" })),
            { "method": "put", "path": format!("/Users/{bob}"), "version": "W/\"1\"", "data": { "schemas": [USER], "userName": "bobby" } },
            { "method": "PATCH", "path": format!("/Users/{cat}"), "bulkId": "c", "data": { "schemas": [PATCH], "Operations": [
                { "op": "Replace", "path": "active", "value": "False" }] } },
            group("Crew", &["bulkId:ann", &bob]),
            { "method": "DELETE", "path": format!("/Users/{bob}") },
            { "method": "PATCH", "path": "/Users/bulkId:ann", "data": { "schemas": [PATCH], "Operations": [{ "op": "add", "path": "title", "value": "Captain" }] } },
        ])).await;
        assert_eq!(statuses(&results), "201 200 200 201 204 200");
        let ann = last(&results[0]);
        assert_eq!(results[0], json!({ "method": "POST", "bulkId": "ann", "version": "W/\"1\"", "status": "201",
            "location": format!("http://burgee.test/scim/v2/Users/{ann}") }));
        assert_eq!((&results[1]["version"], results[2]["bulkId"].as_str()), (&json!("W/\"2\""), Some("c")));
        assert_eq!(last(&results[5]), ann);
        assert_eq!(wire.read(&format!("/Users/{ann}")).await["title"], "Captain");
        assert_eq!(wire.read(&format!("/Users/{cat}")).await["active"], false);
        assert_eq!(wire.members(&last(&results[3])).await, [ann]);
        wire.get(&format!("/Users/{bob}")).await.expect(404);
        // What is unusual in an operation is understood and counted as in a request of its own.
        assert_eq!((quirk(&server, "op-case").await, quirk(&server, "string-boolean").await), (1, 1));
        // Locations are those of the mount point.
        let short = Wire::at(server.scim(), "/scim");
        let results = bulk(&short, json!([user("dan", json!({}))])).await;
        assert!(results[0]["location"].as_str().unwrap().starts_with("http://burgee.test/scim/Users/"));
        assert_eq!(bulk(&wire, json!([])).await, Vec::<Value>::new());
    }

    /// An error is answered in its place, undoes its own operation, and takes along only what refers to it.
    async fn errors_stay_where_they_happen(server) {
        let wire = Wire::new(&server);
        let ann = wire.user("ann").await;
        let results = bulk(&wire, json!([
            user("ann", json!({})),
            user("bob", json!({ "active": "perhaps" })),
            group("Crew", &["bulkId:bob"]),
            { "method": "PATCH", "path": "/Groups/bulkId:Crew", "data": {} },
            { "method": "PUT", "path": "/Users/nobody", "data": { "userName": "x" } },
            { "method": "DELETE", "path": format!("/Users/{ann}"), "version": "W/\"7\"" },
            { "method": "DELETE", "path": "/Users" },
            { "method": "POST", "path": "/Bulk", "bulkId": "b", "data": {} },
            { "method": "POST", "path": "/Users/.search", "bulkId": "s", "data": {} },
            { "method": "POST", "path": "/Nothing", "bulkId": "n", "data": {} },
            { "method": "PATCH", "path": format!("/Users/{ann}") },
            { "method": "PUT", "path": format!("/Users/{ann}"), "version": "\u{7}", "data": { "userName": "x" } },
            group("Pilots", &["bulkId:nobody"]),
            user("cat", json!({})),
        ])).await;
        assert_eq!(statuses(&results), "409 400 409 409 404 412 405 404 404 404 400 400 400 201");
        assert_eq!(results[0]["response"]["scimType"], "uniqueness");
        assert!(results[2]["response"]["detail"].as_str().unwrap().contains("bob"));
        assert!(results[0].get("location").is_none(), "a failed POST has made nothing");
        assert_eq!(last(&results[5]), ann, "everything else was somewhere");
        assert_eq!(wire.names("").await, ["ann", "cat"]);
        assert_eq!(wire.read("/Groups").await["totalResults"], 0);
    }

    async fn after_so_many_errors_nothing_more_is_done(server) {
        let wire = Wire::new(&server);
        wire.user("ann").await;
        let operations = json!([user("bob", json!({})), user("ann", json!({})), user("cat", json!({})), { "method": "POST", "path": "/Groups", "bulkId": "g" }, user("dan", json!({}))]);
        assert_eq!(statuses(&bulk_until(&wire, operations, Some(2)).await), "201 409 201 400");
        assert_eq!(wire.names("").await, ["ann", "bob", "cat"]);
        let operations = json!([user("ann", json!({})), user("eve", json!({}))]);
        assert_eq!(statuses(&bulk_until(&wire, operations, Some(1)).await), "409");
        assert_eq!(wire.names("").await, ["ann", "bob", "cat"]);
    }

    /// Whatever is made may be referred to, before it is there and in a circle, too.
    async fn references_forwards_and_in_circles(server) {
        let wire = Wire::new(&server);
        let results = bulk(&wire, json!([
            group("Fleet", &["bulkId:Crew", "bulkId:ann"]),
            managed("ann", "bob"),
            { "method": "PATCH", "path": "/Groups/bulkId:Crew", "data": { "schemas": [PATCH], "Operations": [
                { "op": "remove", "path": "members[value eq \"bulkId:cat\"]" }] } },
            group("Crew", &["bulkId:bob", "bulkId:cat", "bulkId:Fleet"]),
            managed("bob", "ann"),
            managed("cat", "cat"),
        ])).await;
        assert_eq!(statuses(&results), "201 201 200 201 201 201");
        let [fleet, ann, crew, bob, cat] = [0, 1, 3, 4, 5].map(|i| last(&results[i]));
        for (who, manager) in [(&ann, &bob), (&bob, &ann), (&cat, &cat)] {
            let user = wire.read(&format!("/Users/{who}")).await;
            assert_eq!(user[ENTERPRISE]["manager"]["value"], manager.as_str());
        }
        let mut members = vec![ann.clone(), crew.clone()];
        members.sort();
        assert_eq!(wire.members(&fleet).await, members);
        members = vec![bob.clone(), fleet.clone()];
        members.sort();
        assert_eq!(wire.members(&crew).await, members);
        // The version that is told is the one that is there.
        for (result, path) in [(&results[0], format!("/Groups/{fleet}")), (&results[1], format!("/Users/{ann}")), (&results[5], format!("/Users/{cat}"))] {
            assert_eq!(result["version"], wire.read(&path).await["meta"]["version"], "{result}");
        }
    }

    /// A circle is made as a whole or not at all.
    async fn a_circle_with_an_error_leaves_nothing(server) {
        let wire = Wire::new(&server);
        wire.user("bob").await;
        let results = bulk(&wire, json!([managed("ann", "bob"), managed("bob", "ann"), managed("cat", "dan"), managed("dan", "cat")])).await;
        assert_eq!(statuses(&results), "409 409 201 201");
        assert_eq!(results[1]["response"]["scimType"], "uniqueness");
        assert!(results[0]["response"]["detail"].as_str().unwrap().contains("bob"), "{}", results[0]);
        assert_eq!(wire.names("").await, ["bob", "cat", "dan"]);
    }

    /// An account that was there before is adopted, and keeps what it has, also in a circle.
    async fn circles_adopt(server) {
        let wire = Wire::new(&server);
        let (ann, _) = server.person("ann", "Editor").await;
        let results = bulk(&wire, json!([managed("ann", "bob"), managed("bob", "ann")])).await;
        assert_eq!(statuses(&results), "201 201");
        let users = server.admin().get("/api/admin/user-admin").await.expect(200).json();
        let account = users["users"].as_array().unwrap().iter().find(|user| user["id"] == ann).unwrap();
        assert_eq!((&account["rootRole"], &account["scimId"]), (&json!(2), &json!(last(&results[0]))));
    }

    async fn what_is_too_large_or_no_bulk_request_changes_nothing(server) {
        let wire = Wire::new(&server);
        let config = wire.read("/ServiceProviderConfig").await["bulk"].clone();
        assert_eq!(config, json!({ "supported": true, "maxOperations": 1000, "maxPayloadSize": 16 * 1024 * 1024 }));
        let many: Vec<Value> = (0..1001).map(|i| user(&format!("u{i}"), json!({}))).collect();
        refused(wire.post("/Bulk", json!({ "schemas": [REQUEST], "Operations": many })).await, 413, "", "1000");
        let large = json!({ "schemas": [REQUEST], "Operations": [user("u", json!({ "title": "x".repeat(17 * 1024 * 1024) }))] });
        refused(wire.post("/Bulk", large).await, 413, "", "16777216");
        for (body, word) in [
            (json!({}), "Operations"), (json!({ "Operations": [user("a", json!({})), { "method": "POST", "path": "/Users", "data": {} }] }), "operation 2"),
            (json!({ "Operations": [user("a", json!({})), user("a", json!({}))] }), "twice"),
            (json!({ "Operations": [{ "method": "GET", "path": "/Users" }] }), "GET"),
        ] {
            refused(wire.post("/Bulk", body).await, 400, "invalidSyntax", word);
        }
        refused(wire.raw(Method::POST, "/Bulk", Some("[]".into()), "application/json").await, 400, "invalidSyntax", "object");
        let stranger = Wire::at(server.anonymous(), "/scim/v2");
        refused(stranger.post("/Bulk", json!({ "Operations": [user("u", json!({}))] })).await, 401, "", "token");
        assert_eq!(wire.read("").await["totalResults"], 0);
    }

    /// Whatever the order of the operations, the same is there in the end.
    async fn the_order_makes_no_difference(server) {
        let wire = Wire::new(&server);
        let (old, gone) = (wire.user("old").await, wire.user("gone").await);
        let keep = wire.group("Keep", &[&gone]).await;
        let operations = |round: usize| vec![
            managed(&format!("ann{round}"), &format!("bob{round}")),
            managed(&format!("bob{round}"), &format!("ann{round}")),
            managed(&format!("cat{round}"), &format!("bob{round}")),
            group(&format!("Crew{round}"), &[&format!("bulkId:cat{round}"), &format!("bulkId:Fleet{round}")]),
            group(&format!("Fleet{round}"), &[&format!("bulkId:ann{round}"), &old]),
            json!({ "method": "PATCH", "path": format!("/Groups/{keep}"), "data": { "schemas": [PATCH], "Operations": [
                { "op": "replace", "path": "members", "value": [{ "value": format!("bulkId:bob{round}") }] }] } }),
            json!({ "method": "PUT", "path": format!("/Users/{old}"), "data": { "schemas": [USER], "userName": "old", "title": format!("t{round}") } }),
        ];
        // The state with names instead of ids, and without what tells the round.
        let state = async |round: usize| {
            let all = wire.read("?count=1000").await;
            let mut text = Vec::new();
            let name = |id: &str| all["Resources"].as_array().unwrap().iter().find(|one| one["id"] == id)
                .map(|one| one["userName"].as_str().or(one["displayName"].as_str()).unwrap().to_owned());
            for one in all["Resources"].as_array().unwrap() {
                let manager = one[ENTERPRISE]["manager"]["value"].as_str().and_then(name);
                let mut members: Vec<_> = values(&one["members"], "value").iter().map(|id| name(id)).collect();
                members.sort();
                text.push(format!("{:?} {:?} {} {manager:?} {members:?}", one["userName"], one["displayName"], one["title"]));
            }
            text.retain(|line| line.contains(&round.to_string()) || line.contains("Keep"));
            text.sort();
            text.join("\n").replace(&round.to_string(), "#")
        };
        let mut first = String::new();
        // Orders far from each other, the same each time.
        let mut order: Vec<usize> = (0..7).collect();
        for round in 10..22 {
            let all = operations(round);
            let sent: Vec<Value> = order.iter().map(|&i| all[i].clone()).collect();
            let results = bulk(&wire, json!(sent)).await;
            assert!(results.iter().all(|result| result["status"] == "201" || result["status"] == "200"), "{results:?}");
            let there = state(round).await;
            if round == 10 {
                first.clone_from(&there);
                assert_eq!(there.lines().count(), 7, "{there}");
            }
            assert_eq!(there, first, "{order:?}");
            order = order.iter().map(|i| (i * 3 + round) % 7).collect();
            order.swap(round % 7, 0);
        }
    }

    /// A thousand people come at once.
    async fn as_many_as_there_may_be(server) {
        let wire = Wire::new(&server);
        let all: Vec<Value> = (0..1000).map(|i| user(&format!("u{i:04}"), json!({ "emails": [{ "value": format!("u{i}@x.io") }] }))).collect();
        let results = bulk(&wire, json!(all)).await;
        assert_eq!(results.len(), 1000);
        assert!(results.iter().all(|result| result["status"] == "201"));
        assert_eq!(wire.read("/Users?count=1000&attributes=userName").await["itemsPerPage"], 1000);
    }

    /// What one connection may not see it cannot change in bulk either, and an id of another kind is none.
    async fn nobody_elses(server) {
        let wire = Wire::new(&server);
        let ann = id(&wire.post("/Users", json!({ "userName": "ann" })).await);
        let results = bulk(&wire, json!([{ "method": "DELETE", "path": format!("/Groups/{ann}") }, { "method": "DELETE", "path": format!("Users/{ann}/") }])).await;
        assert_eq!(statuses(&results), "404 204");
    }
}
