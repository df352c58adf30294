use burgee_scim::body::parse;
use burgee_scim::patch::{parse_patch, split_members};
use burgee_scim::resource::take_members;
use burgee_scim::{Checked, Error, GROUP, MemberChange, Mode, Operation, ScimType, USER};
use serde_json::{Value, json};

use crate::{BOTH, GROUP_URN, accept_group, object, patch_body, refused};

fn split(operations: Value, mode: Mode) -> Result<(Vec<Operation>, Vec<MemberChange>), Error> {
    split_members(parse_patch(patch_body(operations), &GROUP, mode)?)
}

#[track_caller]
fn changes(operation: Value) -> Vec<MemberChange> {
    let (rest, changes) = split(json!([operation]), Mode::Tolerant).unwrap();
    assert_eq!(rest, []);
    changes
}

fn member(id: &str) -> String {
    id.to_owned()
}

fn remove(ids: &[&str]) -> Vec<MemberChange> {
    vec![MemberChange::Remove(ids.iter().map(|&id| id.to_owned()).collect())]
}

#[test]
fn add() {
    let a = || vec![MemberChange::Add(vec![member("A")])];
    assert_eq!(changes(json!({ "op": "add", "path": "members", "value": [{ "value": "A" }] })), a());
    assert_eq!(changes(json!({ "op": "add", "path": "members", "value": { "value": "A" } })), a());
    assert_eq!(changes(json!({ "op": "add", "path": "members", "value": "A" })), a());
    assert_eq!(changes(json!({ "op": "add", "path": "members", "value": ["A", "A"] })), a());
    assert_eq!(
        changes(json!({ "op": "Add", "path": "Members", "value": [{ "$ref": null, "value": "A" }] })),
        a()
    );
    assert_eq!(changes(json!({ "op": "add", "value": { "members": [{ "value": "A" }] } })), a());
    let detailed = json!({ "op": "add", "value": { "members": [
        { "display": "abc", "$ref": "https://h/scim/Users/A", "value": "A", "type": "User" }
    ] } });
    assert_eq!(changes(detailed), a());
    assert_eq!(changes(json!({ "op": "add", "path": "members", "value": [] })), []);
    assert_eq!(changes(json!({ "op": "add", "name": "addMember", "path": "members", "value": "A" })), a());
    refused(
        split(json!([{ "op": "add", "path": "members", "value": "A" }]), Mode::Strict),
        ScimType::InvalidValue,
    );
    refused(
        split(json!([{ "op": "add", "path": "members", "value": [{ "type": "User" }] }]), Mode::Tolerant),
        ScimType::InvalidValue,
    );
}

#[test]
fn remove_some() {
    for value in [
        json!([{ "value": "A" }]),
        json!({ "value": "A" }),
        json!("A"),
        json!([{ "$ref": null, "value": "A" }]),
    ] {
        assert_eq!(changes(json!({ "op": "Remove", "path": "members", "value": value })), remove(&["A"]));
    }
    assert_eq!(changes(json!({ "op": "remove", "path": "members[value eq \"A\"]" })), remove(&["A"]));
    assert_eq!(
        changes(json!({ "op": "remove", "path": "members[value eq \"A\" or value eq \"B\"]" })),
        remove(&["A", "B"])
    );
    assert_eq!(changes(json!({ "op": "remove", "path": "members[value eq 'A']" })), remove(&["A"]));
    let by_type = changes(json!({ "op": "remove", "path": "members[type eq \"User\"]" }));
    assert!(matches!(by_type.as_slice(), [MemberChange::RemoveMatching(Checked::Test(_))]));
    let both = changes(json!({ "op": "remove", "path": "members[value eq \"A\" and type eq \"User\"]" }));
    assert!(matches!(both.as_slice(), [MemberChange::RemoveMatching(Checked::And(_))]));
}

#[test]
fn remove_all_only_if_that_is_what_it_says() {
    assert_eq!(changes(json!({ "op": "remove", "path": "members" })), [MemberChange::RemoveAll]);
    assert_eq!(changes(json!({ "op": "remove", "path": "members", "value": [] })), []);
    assert_eq!(changes(json!({ "op": "remove", "path": "members", "value": [{}] })), []);
    assert_eq!(changes(json!({ "op": "remove", "path": "members", "value": {} })), []);
    assert_eq!(changes(json!({ "op": "remove", "path": "members", "value": "" })), []);
    assert_eq!(changes(json!({ "op": "replace", "path": "members", "value": null })), []);
    assert_eq!(changes(json!({ "op": "remove", "path": "members", "value": null })), []);
    assert_eq!(changes(json!({ "op": "replace", "value": { "members": null } })), []);
    assert_eq!(changes(json!({ "op": "replace", "path": "members", "value": [{ "value": null }] })), []);
    let refuse = |operation: Value, kind| refused(split(json!([operation]), Mode::Tolerant), kind);
    refuse(
        json!({ "op": "remove", "path": "members", "value": [{ "$ref": "../Users/A" }] }),
        ScimType::InvalidValue,
    );
    refuse(json!({ "op": "remove", "path": "members[value eq \"A\"" }), ScimType::InvalidFilter);
    refuse(json!({ "op": "remove", "path": "members[value eq]" }), ScimType::InvalidFilter);
    refuse(json!({ "op": "remove", "path": "members[]" }), ScimType::InvalidFilter);
    refuse(json!({ "op": "remove", "path": "members[nosuch eq \"A\"]" }), ScimType::InvalidFilter);
    refuse(json!({ "op": "remove", "path": "members." }), ScimType::InvalidPath);
    refuse(json!({ "op": "remove", "path": "members.value" }), ScimType::Mutability);
    refuse(json!({ "op": "remove", "path": "members[value eq \"A\"].value" }), ScimType::Mutability);
    refuse(json!({ "op": "remove", "value": { "members": [] } }), ScimType::NoTarget);
    refuse(
        json!({ "op": "add", "path": "members[value eq \"A\"]", "value": { "value": "A" } }),
        ScimType::InvalidPath,
    );
}

#[test]
fn replace() {
    assert_eq!(
        changes(json!({ "op": "replace", "path": "members", "value": [{ "value": "A" }, { "value": "B" }] })),
        [MemberChange::Replace(vec![member("A"), member("B")])]
    );
    assert_eq!(
        changes(json!({ "op": "replace", "path": "members", "value": [] })),
        [MemberChange::Replace(vec![])]
    );
}

#[test]
fn order_and_rest() {
    for mode in BOTH {
        let (rest, changes) = split(
            json!([
                { "op": "remove", "path": "members[value eq \"A\"]" },
                { "op": "replace", "path": "displayName", "value": "Pilots EU" },
                { "op": "add", "path": "members", "value": [{ "value": "B", "display": "bob" }] },
            ]),
            mode,
        )
        .unwrap();
        assert_eq!(rest.len(), 1);
        assert!(matches!(changes.as_slice(), [MemberChange::Remove(_), MemberChange::Add(_)]));
    }
    let (rest, changes) = split(
        json!([{ "op": "replace", "value": { "id": "01JG", "displayName": "Renamed", "members": ["A"] } }]),
        Mode::Tolerant,
    )
    .unwrap();
    assert_eq!((rest.len(), changes.len()), (1, 1));
}

#[test]
fn a_hundred_thousand() {
    let values: Vec<Value> = (0..100_000).map(|i| json!({ "value": format!("{i:026}") })).collect();
    let (_, changes) =
        split(json!([{ "op": "replace", "path": "members", "value": values }]), Mode::Strict).unwrap();
    assert!(matches!(changes.as_slice(), [MemberChange::Replace(members)] if members.len() == 100_000));
}

#[test]
fn taken_out_of_bodies() {
    let take = |body: Value| take_members(&mut object(body), Mode::Tolerant);
    assert_eq!(take(json!({ "displayName": "x" })).unwrap(), None);
    assert_eq!(take(json!({ "members": null })).unwrap(), None);
    assert_eq!(take(json!({ "members": [] })).unwrap(), Some(vec![]));
    assert_eq!(
        take(json!({ "Members": [{ "Value": "A" }, "A", "B"] })).unwrap(),
        Some(vec![member("A"), member("B")])
    );
    refused(take(json!({ "members": [{ "display": "A" }] })), ScimType::InvalidValue);
    for mode in BOTH {
        let body = json!({ "schemas": [GROUP_URN], "displayName": "x", "members": [] });
        let mut group = object(accept_group(body, mode).unwrap());
        assert_eq!(take_members(&mut group, Mode::Tolerant).unwrap(), Some(vec![]));
        assert!(!group.contains_key("members"));
    }
}

/// What the parser of bodies makes smaller means what it meant before.
#[test]
fn lean_bodies_mean_the_same() {
    let list = json!([
        { "value": "A", "display": "a" },
        { "value": "B", "display": "b", "$ref": "../Users/B", "type": "User" },
        "C",
        { "value": "B" },
        { "Value": "D" },
        { "value": "E", "nosuch": { "x": 1 } },
        { "value": "F", "display": null },
        { "value": 7 },
        { "value": ["G"] },
        {},
    ]);
    let operations = [
        json!({ "op": "replace", "path": "members", "value": list }),
        json!({ "value": list, "path": "members", "op": "replace" }),
        json!({ "op": "Add", "Path": "Members", "Value": list }),
        json!({ "op": "remove", "path": "members", "value": list }),
        json!({ "op": "add", "value": { "displayName": "x", "members": list } }),
        json!({ "op": "add", "path": "members", "value": [{ "value": "A" }, { "value": "bulkId:1" }] }),
        json!({ "op": "add", "path": "members", "value": [{ "value": "A" }, { "value": "B", "display": "\0" }] }),
        json!({ "op": "add", "path": "members", "value": [{ "value": "A" }, { "value": "x".repeat(5000) }] }),
        json!({ "op": "replace", "path": "displayName", "value": "members" }),
        json!({ "op": "add", "path": "urn:x:y:shoes", "value": [{ "value": "A" }, { "value": "B" }] }),
    ];
    for operation in operations {
        let body = patch_body(json!([operation]));
        let text = json!(body).to_string();
        for mode in BOTH {
            let read = object(parse(text.as_bytes(), &GROUP, mode).unwrap());
            let outcome = |body| parse_patch(body, &GROUP, mode).and_then(split_members);
            assert_eq!(outcome(read), outcome(body.clone()), "{text}");
        }
    }
    let members = (0..10_000).map(|i| json!({ "value": format!("{i:026}"), "display": "somebody" }));
    let body = json!({ "displayName": "x", "members": members.collect::<Vec<_>>() });
    let mut read = object(parse(body.to_string().as_bytes(), &GROUP, Mode::Tolerant).unwrap());
    assert!(read["members"].as_array().unwrap()[1..].iter().all(Value::is_string));
    assert_eq!(take_members(&mut read, Mode::Tolerant), take_members(&mut object(body), Mode::Tolerant));
}

/// Only a group's members are made smaller.
#[test]
fn other_bodies_stay_as_they_are() {
    let list = json!([{ "value": "A" }, { "value": "B" }]);
    let user = json!({ "members": list, "emails": list, "n": [1, -2, 0.5, true, null, "\u{e9}", u64::MAX] });
    assert_eq!(parse(user.to_string().as_bytes(), &USER, Mode::Tolerant).unwrap(), user);
    let group = json!({ "displayName": "x", "owners": list, "urn:x:y": { "members": list } });
    assert_eq!(parse(group.to_string().as_bytes(), &GROUP, Mode::Tolerant).unwrap(), group);
    for text in ["", "{", "{} {}", "[1,]", "{\"a\":1e999}"] {
        assert!(parse(text.as_bytes(), &GROUP, Mode::Tolerant).is_err(), "{text}");
    }
    let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
    assert!(parse(deep.as_bytes(), &GROUP, Mode::Tolerant).is_err());
}
