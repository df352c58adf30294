//! Whole requests: what they may hold, in which order, and how much.

use burgee_scim::patch::{MAX_OPERATIONS, apply, parse_patch};
use burgee_scim::{GROUP, Mode, Object, ScimType, USER};
use serde_json::{Value, json};

use super::{after, both, one, refuse, unchanged};
use crate::{BOTH, CORE, ENT, ann, object, patch_body, patched, refused};

#[test]
fn server_side_attributes() {
    for op in ["add", "remove", "replace"] {
        for path in ["id", "meta", "meta.version", "groups", "groups.value", r#"groups[value eq "x"]"#] {
            refuse(json!({ "op": op, "path": path, "value": "x" }), ScimType::Mutability);
        }
    }
    unchanged(
        json!({ "op": "replace", "value": { "id": "x", "meta": { "version": "x" }, "groups": [] } }),
        Mode::Tolerant,
    );
    unchanged(json!({ "op": "replace", "path": "password", "value": "x" }), Mode::Tolerant);
    unchanged(json!({ "op": "add", "path": "schemas", "value": ["urn:x:y"] }), Mode::Tolerant);
    refused(
        one(json!({ "op": "replace", "path": "password", "value": "x" }), Mode::Strict),
        ScimType::InvalidValue,
    );
}

#[test]
fn unknown_attributes_are_kept() {
    let set = |path: &str, value: Value, pointer: &str| {
        after(json!({ "op": "add", "path": path, "value": value }), pointer, Mode::Tolerant)
    };
    assert_eq!(set("favourite", json!({ "a": null }), "/favourite"), json!({ "a": null }));
    assert_eq!(set("name.nosuch", json!("x"), "/name/nosuch"), json!("x"));
    assert_eq!(set("NAME.nosuch", json!("x"), "/name/nosuch"), json!("x"));
    assert_eq!(set("a.b", json!("x"), "/a/b"), json!("x"));
    assert_eq!(set(&format!("{ENT}:nosuch"), json!("x"), &format!("/{ENT}/nosuch")), json!("x"));
    assert_eq!(
        set(&format!("{ENT}:manager.nosuch"), json!("x"), &format!("/{ENT}/manager/nosuch")),
        json!("x")
    );
    assert_eq!(set("urn:x:2.0:T:color", json!("x"), "/urn:x:2.0:T/color"), json!("x"));
    assert_eq!(set("urn:x:2.0:T:color", json!("x"), "/schemas/2"), json!("urn:x:2.0:T"));
    assert_eq!(set("urn:x:2.0:T", json!({ "color": "x" }), "/urn:x:2.0:T/color"), json!("x"));
    let loose =
        after(json!({ "op": "replace", "value": { "@odata.type": "x", "a b": 1 } }), "", Mode::Tolerant);
    assert_eq!((&loose["@odata.type"], &loose["a b"]), (&json!("x"), &json!(1)));
    for path in ["favourite", "name.nosuch", "urn:x:y:z"] {
        refused(one(json!({ "op": "add", "path": path, "value": "x" }), Mode::Strict), ScimType::InvalidPath);
    }
    for path in
        ["emails.nosuch", r#"emails[type eq "work"].nosuch"#, r#"nosuch[type eq "work"]"#, "userName.x"]
    {
        refuse(json!({ "op": "add", "path": path, "value": "x" }), ScimType::InvalidPath);
    }
}

#[test]
fn unknown_attributes_change_like_known_ones() {
    let ops = json!([
        { "op": "add", "path": "tags", "value": ["a", "b"] },
        { "op": "add", "path": "TAGS", "value": ["b", "c"] },
        { "op": "remove", "path": "tags", "value": ["a"] },
        { "op": "remove", "path": "tags", "value": [] },
        { "op": "add", "path": "box", "value": { "a": 1 } },
        { "op": "replace", "path": "box", "value": { "b": 2 } },
        { "op": "add", "path": "urn:x:T", "value": { "a": 1, "b": 2 } },
        { "op": "remove", "path": "urn:x:t:a" },
        { "op": "add", "path": "gone", "value": 1 },
        { "op": "remove", "path": "Gone" },
        { "op": "add", "path": "urn:x:U", "value": { "a": 1 } },
        { "op": "remove", "path": "urn:x:U" },
    ]);
    let mut expected = ann();
    expected.insert("tags".into(), json!(["b", "c"]));
    expected.insert("box".into(), json!({ "a": 1, "b": 2 }));
    expected.insert("urn:x:T".into(), json!({ "b": 2 }));
    expected["schemas"] = json!([CORE, ENT, "urn:x:T"]);
    assert_eq!(patched(&USER, ann(), ops, Mode::Tolerant).unwrap(), expected);
}

#[test]
fn envelope() {
    let parse = |body: Value, mode| parse_patch(object(body), &USER, mode).map(|ops| ops.len());
    let op = json!({ "op": "replace", "path": "active", "value": true });
    let urn = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
    for mode in BOTH {
        assert_eq!(parse(json!({ "schemas": [urn], "Operations": [op] }), mode), Ok(1));
        refused(parse(json!({ "schemas": [CORE], "Operations": [op] }), mode), ScimType::InvalidSyntax);
        refused(parse(json!({ "schemas": [urn] }), mode), ScimType::InvalidSyntax);
        refused(parse(json!({ "schemas": [urn], "Operations": [] }), mode), ScimType::InvalidSyntax);
        refused(parse(json!({ "schemas": [urn], "Operations": op }), mode), ScimType::InvalidSyntax);
        refused(parse(json!({ "schemas": [urn], "Operations": ["x"] }), mode), ScimType::InvalidSyntax);
        for bad in [
            json!({ "path": "title", "value": 1 }),
            json!({ "op": "move", "path": "title" }),
            json!({ "op": 1 }),
        ] {
            refused(parse(json!({ "schemas": [urn], "Operations": [bad] }), mode), ScimType::InvalidSyntax);
        }
        assert_eq!(
            parse(json!({ "schemas": [urn], "Operations": vec![&op; MAX_OPERATIONS] }), mode),
            Ok(MAX_OPERATIONS)
        );
        refused(
            parse(json!({ "schemas": [urn], "Operations": vec![&op; MAX_OPERATIONS + 1] }), mode),
            ScimType::TooMany,
        );
        let detail = refused(
            parse(json!({ "schemas": [urn], "Operations": [op, { "op": "x" }] }), mode),
            ScimType::InvalidSyntax,
        );
        assert!(detail.starts_with("operation 2: "), "{detail}");
    }
    assert_eq!(parse(json!({ "operations": [op] }), Mode::Tolerant), Ok(1));
    assert_eq!(
        parse(
            json!({ "Operations": [{ "OP": "Replace", "Path": "active", "Value": "False" }] }),
            Mode::Tolerant
        ),
        Ok(1)
    );
    for body in [
        json!({ "Operations": [op] }),
        json!({ "schemas": [urn], "operations": [op] }),
        json!({ "schemas": [urn], "Operations": [{ "op": "Replace", "path": "active", "value": true }] }),
    ] {
        refused(parse(body, Mode::Strict), ScimType::InvalidSyntax);
    }
}

#[test]
fn fixtures() {
    let user = |operations: Value| patched(&USER, ann(), operations, Mode::Tolerant).unwrap();
    assert_eq!(user(json!([{ "op": "replace", "value": { "active": false } }]))["active"], false);
    assert_eq!(user(json!([{ "op": "Replace", "path": "active", "value": "False" }]))["active"], false);
    let mut bare = ann();
    bare.shift_remove("emails");
    let mail = json!([{ "op": "Add", "path": "emails[type eq \"work\"].value", "value": "a@x.io" }]);
    assert_eq!(
        patched(&USER, bare, mail, Mode::Tolerant).unwrap()["emails"],
        json!([{ "type": "work", "value": "a@x.io" }])
    );
    let json_in_text = "{\"id\":\"18d1\",\"value\":\"Admin\"}";
    let roles = user(json!([{ "op": "Add", "path": "roles", "value": [{ "value": json_in_text }] }]));
    assert_eq!(roles["roles"], json!([{ "value": json_in_text }]));
    let external = user(json!([
        { "op": "remove", "path": "externalId" },
        { "op": "add", "path": "externalId", "value": "a" },
        { "op": "replace", "path": "externalId", "value": "b" },
    ]));
    assert_eq!(external["externalId"], "b");
    let group =
        object(json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Old" }));
    let renamed = json!([{ "op": "replace", "value": { "id": "01JG", "displayName": "Renamed" } }]);
    let renamed = patched(&GROUP, group.clone(), renamed, Mode::Tolerant).unwrap();
    assert_eq!(renamed["displayName"], "Renamed");
    assert!(!renamed.contains_key("id"));
    refused(
        patched(&GROUP, group, json!([{ "op": "remove", "path": "displayName" }]), Mode::Tolerant),
        ScimType::Mutability,
    );
}

#[test]
fn a_text_that_says_false_elsewhere_is_a_text() {
    let resource = patched(
        &USER,
        ann(),
        json!([{ "op": "Replace", "path": "title", "value": "False" }]),
        Mode::Tolerant,
    )
    .unwrap();
    assert_eq!((&resource["title"], &resource["active"]), (&json!("False"), &json!(true)));
    refuse(json!({ "op": "replace", "path": "active", "value": "maybe" }), ScimType::InvalidValue);
    refuse(json!({ "op": "replace", "path": "active", "value": "" }), ScimType::InvalidValue);
    refuse(json!({ "op": "replace", "path": "active", "value": 0 }), ScimType::InvalidValue);
}

#[test]
fn paths_never_widen() {
    for (path, kind) in [
        ("emails[type eq \"work\"", ScimType::InvalidFilter),
        ("emails[", ScimType::InvalidFilter),
        ("emails[]", ScimType::InvalidFilter),
        ("emails[type]", ScimType::InvalidFilter),
        ("emails[type eq \"work\"].", ScimType::InvalidPath),
        ("emails[type eq \"work\"]value", ScimType::InvalidPath),
        ("emails[type eq \"work\"] x", ScimType::InvalidPath),
        ("emails]", ScimType::InvalidPath),
        ("emails.", ScimType::InvalidPath),
        ("emails.value[type eq \"work\"]", ScimType::InvalidPath),
        ("emails value", ScimType::InvalidPath),
        ("name[givenName eq \"Ann\"]", ScimType::InvalidPath),
        ("emails[nosuch eq \"work\"]", ScimType::InvalidFilter),
        ("", ScimType::InvalidPath),
        ("emails[phones[a pr]]", ScimType::InvalidFilter),
        ("//emails", ScimType::InvalidPath),
    ] {
        for op in ["remove", "replace"] {
            for mode in BOTH {
                let outcome = one(json!({ "op": op, "path": path, "value": [] }), mode);
                if path.is_empty() && mode == Mode::Tolerant {
                    refused(
                        outcome,
                        if op == "remove" { ScimType::NoTarget } else { ScimType::InvalidValue },
                    );
                } else {
                    refused(outcome, kind);
                }
            }
        }
        if path.contains('[') {
            refused(one(json!({ "op": "replace", "value": { path: "x" } }), Mode::Tolerant), kind);
        }
    }
    let deep = format!("emails[{}type pr{}]", "(".repeat(40), ")".repeat(40));
    refuse(json!({ "op": "remove", "path": deep }), ScimType::InvalidFilter);
}

#[test]
fn all_or_nothing_and_in_order() {
    let ops = parse_patch(
        patch_body(json!([
            { "op": "add", "path": "title", "value": "Dr" },
            { "op": "remove", "path": r#"emails[type eq "nosuch"]"# },
        ])),
        &USER,
        Mode::Strict,
    )
    .unwrap();
    refused(apply(&USER, ann(), &ops, Mode::Strict), ScimType::NoTarget);
    let ops = json!([
        { "op": "add", "path": "emails", "value": [{ "value": "n@x.io", "type": "other" }] },
        { "op": "replace", "path": r#"emails[type eq "other"].value"#, "value": "m@x.io" },
    ]);
    assert_eq!(patched(&USER, ann(), ops, Mode::Strict).unwrap()["emails"][2]["value"], "m@x.io");
}

#[test]
fn limits() {
    let text = |n: usize| "x".repeat(n);
    both(json!({ "op": "replace", "path": "title", "value": text(4096) }), "/title", json!(text(4096)));
    refuse(json!({ "op": "replace", "path": "title", "value": text(4097) }), ScimType::InvalidValue);
    refuse(json!({ "op": "replace", "path": "userName", "value": text(513) }), ScimType::InvalidValue);
    refuse(json!({ "op": "replace", "path": "title", "value": "a\0b" }), ScimType::InvalidValue);
    refused(
        one(json!({ "op": "add", "path": "extra", "value": text(65 * 1024) }), Mode::Tolerant),
        ScimType::InvalidValue,
    );
    refused(
        one(json!({ "op": "add", "path": "extra", "value": { "a\0": 1 } }), Mode::Tolerant),
        ScimType::InvalidValue,
    );
    let many: Vec<Value> = (0..1001).map(|i| json!({ "value": i.to_string() })).collect();
    refuse(json!({ "op": "add", "path": "roles", "value": many }), ScimType::InvalidValue);
}

/// Found by fuzzing: what a PATCH leaves behind is what a POST would accept as it is.
#[test]
fn what_a_patch_makes_can_be_put_back() {
    let accept = |body: &Object| burgee_scim::resource::accept(&USER, body, Mode::Tolerant).unwrap();
    let start = accept(&ann());
    for operation in [
        json!({ "op": "add", "path": format!("{ENT}:manager"), "value": { "value": "2", "shade": "" } }),
        json!({ "op": "replace", "path": "name", "value": { "shade": [], "other": {} } }),
        json!({ "op": "replace", "value": { "name.givenName:department": "Ops" } }),
        json!({ "op": "add", "value": { "userName:x": "y" } }),
    ] {
        let patched = patched(&USER, start.clone(), json!([operation]), Mode::Tolerant).unwrap();
        assert_eq!(accept(&patched), patched, "{operation}");
    }
}

#[test]
fn comparisons_are_bounded() {
    let many = |n: usize| -> Vec<Value> { (0..n).map(|i| json!({ "value": format!("{i}@x.io") })).collect() };
    let mut ann = ann();
    ann.insert("emails".to_owned(), json!(many(1000)));
    let refuse = |operations: Vec<Value>| {
        for mode in BOTH {
            let refused_as = refused(patched(&USER, ann.clone(), json!(operations), mode), ScimType::TooMany);
            assert!(refused_as.contains("fewer at once"), "{refused_as}");
        }
    };
    let filtered = |i: usize| json!({ "op": "replace", "path": format!("emails[value eq \"{i}@x.io\"].type"), "value": "t" });
    refuse((0..1000).map(filtered).collect());
    refuse((0..20).map(|_| json!({ "op": "add", "path": "emails", "value": many(1000) })).collect());
    refuse(
        (0..20)
            .map(|_| json!({ "op": "remove", "path": "emails", "value": many(1000) }))
            .chain((0..20).map(|_| json!({ "op": "add", "path": "emails", "value": many(1000) })))
            .collect(),
    );
    // What real clients send is far below.
    let some: Vec<Value> = (0..50).map(filtered).collect();
    assert!(patched(&USER, ann.clone(), json!(some), Mode::Tolerant).is_ok());
    // Attributes that no schema describes have no bound of their own until the end.
    let numbers = |n: usize| json!({ "op": "add", "path": "shoes", "value": (0..n).collect::<Vec<_>>() });
    let operations = json!([numbers(3000), numbers(3000)]);
    refused(patched(&USER, ann.clone(), operations, Mode::Tolerant), ScimType::TooMany);
}
