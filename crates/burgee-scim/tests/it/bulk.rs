//! Bulk requests: what is one, in which order it is done, and what references become.

use std::collections::HashMap;

use burgee_scim::body::{parse, parse_bulk};
use burgee_scim::bulk::{self, Ids, Method, Operation, REQUEST_URN, plan};
use burgee_scim::{Error, Mode, ScimType, USER, resource};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{BOTH, CORE, ENT, object, refused};

fn request(operations: Value) -> Value {
    json!({ "schemas": [REQUEST_URN], "Operations": operations })
}

fn read(body: &Value, mode: Mode) -> Result<bulk::Request, Error> {
    bulk::parse(object(parse_bulk(body.to_string().as_bytes(), mode).unwrap()), mode)
}

fn operations(operations: Value) -> Vec<Operation> {
    read(&request(operations), Mode::Strict).unwrap().operations
}

fn post(name: &str, data: Value) -> Value {
    json!({ "method": "POST", "path": "/Users", "bulkId": name, "data": data })
}

#[test]
fn the_envelope() {
    for mode in BOTH {
        let body = json!({ "schemas": [REQUEST_URN], "failOnErrors": 2, "Operations": [
            { "method": "POST", "path": "/Users", "bulkId": "a", "data": { "userName": "a" } },
            { "method": "delete", "path": "/Users/1", "version": "W/\"3\"", "data": null },
        ]});
        let bulk = read(&body, mode).unwrap();
        assert_eq!(bulk.fail_on_errors, Some(2));
        let [first, second] = bulk.operations.as_slice() else { panic!("two operations") };
        assert_eq!((first.method, first.bulk_id.as_deref()), (Method::Post, Some("a")));
        assert_eq!((second.method, second.version.as_deref()), (Method::Delete, Some("W/\"3\"")));
        assert!(second.data.is_empty());
        assert_eq!(read(&request(json!([])), mode).unwrap().operations, []);
    }
    let lax = json!({ "operations": [{ "Method": "Post", "Path": "/Users", "BulkID": "a", "Data": {} }] });
    assert_eq!(read(&lax, Mode::Tolerant).unwrap().operations.len(), 1);
    refused(read(&lax, Mode::Strict), ScimType::InvalidSyntax);
}

#[test]
fn what_is_no_bulk_request_is_refused_before_anything_is_done() {
    for (body, word) in [
        (json!({ "schemas": [REQUEST_URN] }), "Operations"),
        (json!({ "schemas": ["urn:other"], "Operations": [] }), "schemas"),
        (json!({ "schemas": [REQUEST_URN], "Operations": [], "failOnErrors": 0 }), "failOnErrors"),
        (json!({ "schemas": [REQUEST_URN], "Operations": [], "failOnErrors": "1" }), "failOnErrors"),
        (request(json!([1])), "operation 1"),
        (request(json!([{ "path": "/Users" }])), "method"),
        (request(json!([{ "method": "GET", "path": "/Users" }])), "GET"),
        (request(json!([{ "method": "DELETE" }])), "path"),
        (request(json!([{ "method": "DELETE", "path": 1 }])), "path"),
        (request(json!([{ "method": "POST", "path": "/Users", "data": {} }])), "bulkId"),
        (request(json!([{ "method": "PUT", "path": "/Users/1", "data": [] }])), "data"),
        (request(json!([post("a", json!({})), post("a", json!({}))])), "operation 2"),
        (request(json!([post(&"x".repeat(513), json!({}))])), "512"),
    ] {
        for mode in BOTH {
            let detail = refused(read(&body, mode), ScimType::InvalidSyntax);
            assert!(detail.contains(word), "{detail}: {word}");
        }
    }
    let many: Vec<Value> = (0..1001).map(|i| post(&i.to_string(), json!({}))).collect();
    for mode in BOTH {
        let error = read(&request(json!(many)), mode).unwrap_err();
        assert_eq!((error.status, error.scim_type), (413, None));
        assert!(error.detail.contains("1000"), "{}", error.detail);
        assert_eq!(read(&request(json!(many[1..])), mode).unwrap().operations.len(), 1000);
    }
}

/// However many operations a body has, no more are kept than it takes to refuse it.
#[test]
fn operations_beyond_the_limit_are_dropped_as_they_are_read() {
    let body = format!("{{\"Operations\":[{}{{}}]}}", "{\"a\":1},".repeat(100_000));
    let read = parse_bulk(body.as_bytes(), Mode::Tolerant).unwrap();
    assert_eq!(read["Operations"].as_array().unwrap().len(), 1001);
}

#[test]
fn members_in_bulk_are_read_as_elsewhere() {
    let members = json!([{ "value": "1", "display": "x" }, { "value": "2", "display": "x" }]);
    let group = |path: &str| {
        let body = request(
            json!([{ "method": "POST", "path": path, "bulkId": "g", "data": { "members": members } }]),
        );
        parse_bulk(body.to_string().as_bytes(), Mode::Tolerant).unwrap()["Operations"][0]["data"]["members"]
            .clone()
    };
    for path in ["/Groups", "groups", "/Groups/1"] {
        assert_eq!(group(path), json!([{ "value": "1", "display": "x" }, "2"]), "{path}");
    }
    assert_eq!(group("/Users"), members);
}

#[test]
fn a_key_that_is_there_twice() {
    let body = br#"{"userName": "a", "userName": "b"}"#;
    assert_eq!(parse(body, &USER, Mode::Tolerant).unwrap(), json!({ "userName": "b" }));
    for body in [
        &body[..],
        br#"{"name": {"givenName": "a", "givenName": "b"}}"#,
        br#"{"emails": [{"value": 1, "value": 1}]}"#,
    ] {
        let error = parse(body, &USER, Mode::Strict).unwrap_err().to_string();
        assert!(error.contains("appears twice"), "{error}");
    }
}

#[test]
fn references() {
    let all = operations(json!([
        post("u", json!({ "userName": "u" })),
        post("v", json!({ "userName": "v" })),
        { "method": "PATCH", "path": "/Users/bulkId:u", "data": {} },
        { "method": "PATCH", "path": "Groups/x/bulkId%3Au", "data": {
            "a": "bulkId:u", "b": [{ "$ref": "https://h/scim/Users/bulkId:u" }], "c": "say bulkId:u",
            "Operations": [{ "path": "members[value eq \"bulkId:u\" or value eq \"bulkId:v\" or value eq \"bulkId:w\"]" }],
            "d": "https://h/bulkId:nobody",
        }},
        { "method": "PUT", "path": "/Users/bulkId:nobody", "data": {} },
        { "method": "PUT", "path": "/Users/1", "data": { "manager": { "value": "bulkId:nobody" } } },
    ]));
    let mut ids = Ids::of(&all);
    ids.made(&all[0], "01U");
    ids.made(&all[1], "01V");
    assert_eq!(ids.resolve(&all[2]).unwrap().path, "/Users/01U");
    let resolved = ids.resolve(&all[3]).unwrap();
    assert_eq!(resolved.path, "Groups/x/01U");
    assert_eq!(
        Value::Object(resolved.data),
        json!({
            "a": "01U", "b": [{ "$ref": "https://h/scim/Users/01U" }], "c": "say bulkId:u",
            "Operations": [{ "path": "members[value eq \"01U\" or value eq \"01V\" or value eq \"bulkId:w\"]" }],
            "d": "https://h/bulkId:nobody",
        })
    );
    for nobody in [4, 5] {
        let detail = refused(ids.resolve(&all[nobody]), ScimType::InvalidValue);
        assert!(detail.contains("nobody"), "{detail}");
    }
    ids.failed(&all[0]);
    let error = ids.resolve(&all[2]).unwrap_err();
    assert_eq!((error.status, error.scim_type), (409, None));
}

#[test]
fn circles_are_made_without_the_references_first() {
    let manager = |name: &str| json!({ "manager": { "value": format!("bulkId:{name}") }, "department": "D" });
    let all = operations(json!([
        post("a", json!({ "schemas": [CORE, ENT], "userName": "a", ENT: manager("b") })),
        { "method": "POST", "path": "/Groups", "bulkId": "g", "data": { "displayName": "g", "members": [
            { "value": "01X" }, { "value": "bulkId:h" }, { "value": "bulkId:a" }] } },
        post("b", json!({ "schemas": [CORE, ENT], "userName": "b", ENT: manager("a") })),
        { "method": "POST", "path": "/Groups", "bulkId": "h", "data": { "members": [{ "value": "bulkId:g" }] } },
        post("self", json!({ "userName": "self", ENT: { "manager": "bulkId:self" } })),
    ]));
    assert_eq!(plan(&all), [vec![0, 2], vec![1, 3], vec![4]]);
    let mut ids = Ids::of(&all);
    let (shell, later) = ids.shell(&all[0]).unwrap();
    assert_eq!(
        Value::Object(shell.data.clone()),
        json!({ "schemas": [CORE, ENT], "userName": "a", ENT: { "department": "D" } })
    );
    resource::accept(&USER, &shell.data, Mode::Strict).unwrap();
    ids.made(&all[0], "01A");
    let (whole, nothing) = ids.shell(&all[2]).unwrap();
    assert!(nothing.is_empty());
    assert_eq!(whole.data[ENT]["manager"]["value"], "01A");
    ids.made(&all[2], "01B");
    let patch = ids.resolve(&later.patch("/Users/01A".into())).unwrap();
    assert_eq!(
        patch.data["Operations"],
        json!([{ "op": "add", "path": format!("{ENT}:manager"), "value": { "value": "01B" } }])
    );
    let (shell, later) = ids.shell(&all[1]).unwrap();
    assert_eq!(shell.data["members"], json!([{ "value": "01X" }, { "value": "01A" }]));
    ids.made(&all[1], "01G");
    ids.made(&all[3], "01H");
    let patch = ids.resolve(&later.patch("/Groups/01G".into())).unwrap();
    assert_eq!(
        patch.data["Operations"],
        json!([{ "op": "add", "path": "members", "value": [{ "value": "01H" }] }])
    );
    let (shell, later) = ids.shell(&all[4]).unwrap();
    assert_eq!(Value::Object(shell.data), json!({ "userName": "self" }));
    assert!(!later.is_empty());
}

#[test]
fn a_long_chain_and_a_large_circle() {
    let refer = |i: usize, to: usize| post(&i.to_string(), json!({ "manager": format!("bulkId:{to}") }));
    let chain: Vec<Value> = (0..1000).map(|i| refer(i, i + 1)).collect();
    let order: Vec<usize> = plan(&operations(json!(chain))).concat();
    assert_eq!(order, (0..1000).rev().collect::<Vec<_>>());
    let circle: Vec<Value> = (0..1000).map(|i| refer(i, (i + 1) % 1000)).collect();
    assert_eq!(plan(&operations(json!(circle))), [(0..1000).collect::<Vec<_>>()]);
}

proptest! {
    /// Every operation is done once; whatever it refers to is done before it, or together with it.
    #[test]
    fn plans_keep_what_is_referred_to_first(edges in prop::collection::vec((0usize..12, 0usize..12), 0..30), order in Just((0..12).collect::<Vec<usize>>()).prop_shuffle()) {
        let data = |i: usize| -> Vec<String> {
            edges.iter().filter(|(from, _)| *from == i).map(|(_, to)| format!("bulkId:{to}")).collect()
        };
        let all: Vec<Value> = order.iter().map(|&i| post(&i.to_string(), json!({ "refs": data(i) }))).collect();
        let all = operations(json!(all));
        let steps = plan(&all);
        let mut step_of = HashMap::new();
        for (step, members) in steps.iter().enumerate() {
            prop_assert!(members.is_sorted(), "in a circle, the order is the client's");
            for &i in members {
                prop_assert!(step_of.insert(order[i], step).is_none());
            }
        }
        prop_assert_eq!(step_of.len(), order.len());
        let reach = |from: usize| {
            let mut seen = vec![from];
            let mut at = 0;
            while at < seen.len() {
                let from = seen[at];
                for (_, to) in edges.iter().filter(|(a, _)| *a == from) {
                    if !seen.contains(to) {
                        seen.push(*to);
                    }
                }
                at += 1;
            }
            seen
        };
        for (from, to) in &edges {
            prop_assert!(step_of[to] <= step_of[from]);
            prop_assert_eq!(step_of[to] == step_of[from], reach(*to).contains(from), "only circles are done together");
        }
    }

    /// Whatever refers to whatever: nothing is left of references once everything is there.
    #[test]
    fn any_reference_is_resolved_or_refused(texts in prop::collection::vec("(bulkId:|/bulkId:|\"bulkId:)?[a-c]?\"?[ab]?", 1..12), made in 0usize..4) {
        let all: Vec<Value> = texts.iter().enumerate().map(|(i, text)| {
            let name = ["a", "b", "c", "d"].get(i).map_or_else(|| i.to_string(), |name| (*name).to_owned());
            post(&name, json!({ "userName": text, "emails": [{ "value": text }], ENT: { "manager": { "value": text } }, "urn:x:y": [text] }))
        }).collect();
        let all = operations(json!(all));
        let mut ids = Ids::of(&all);
        for (i, operation) in all.iter().enumerate().take(made) {
            if i % 2 == 0 { ids.made(operation, "01ID") } else { ids.failed(operation) }
        }
        for operation in &all {
            if let Ok((shell, later)) = ids.shell(operation) {
                prop_assert!(!ids.is_waiting(&shell));
                prop_assert_eq!(later.is_empty(), !ids.is_waiting(operation));
                let _ = ids.resolve(&later.patch("/Users/1".to_owned()));
            }
            if let Ok(resolved) = ids.resolve(operation) {
                prop_assert_eq!(ids.resolve(&resolved), Ok(resolved));
            }
        }
    }
}
