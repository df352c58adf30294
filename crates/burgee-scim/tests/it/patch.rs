use burgee_scim::patch::{MAX_OPERATIONS, apply, parse_patch};
use burgee_scim::{Error, GROUP, Mode, Object, ScimType, USER};
use serde_json::{Value, json};

use crate::{BOTH, CORE, ENT, ann, object, patch_body, patched, refused};

/// The value at a JSON pointer after one operation on Ann.
#[track_caller]
fn after(operation: Value, pointer: &str, mode: Mode) -> Value {
    let resource = patched(&USER, ann(), json!([operation]), mode).unwrap_or_else(|e| panic!("{e}"));
    Value::Object(resource).pointer(pointer).cloned().unwrap_or(Value::Null)
}

#[track_caller]
fn both(operation: Value, pointer: &str, expected: Value) {
    for mode in BOTH {
        assert_eq!(after(operation.clone(), pointer, mode), expected, "{mode:?}");
    }
}

#[track_caller]
fn tolerant(operation: Value, pointer: &str, expected: Value) {
    assert_eq!(after(operation, pointer, Mode::Tolerant), expected);
}

fn one(operation: Value, mode: Mode) -> Result<Object, Error> {
    patched(&USER, ann(), json!([operation]), mode)
}

#[track_caller]
fn refuse(operation: Value, kind: ScimType) {
    for mode in BOTH {
        refused(one(operation.clone(), mode), kind);
    }
}

#[track_caller]
fn unchanged(operation: Value, mode: Mode) {
    assert_eq!(one(operation, mode).unwrap(), ann());
}

fn work() -> Value {
    json!({ "value": "ann@x.io", "type": "work", "primary": true })
}

fn home() -> Value {
    json!({ "value": "ann@home.example", "type": "home" })
}

#[test]
fn add_without_path() {
    let value = json!({
        "title": "Dr", "name.middleName": "M", "NICKNAME": "A", "id": "other", "groups": [], "meta": {}, "schemas": [],
        format!("{ENT}:employeeNumber"): 8, ENT: { "costCenter": "C" }, CORE: { "locale": "de" },
        "emails": [{ "value": "a@b.c" }], "password": "secret", "active": "False",
    });
    let resource = one(json!({ "op": "add", "value": value }), Mode::Tolerant).unwrap();
    let mut expected = ann();
    expected.insert("title".into(), "Dr".into());
    expected.insert("nickName".into(), "A".into());
    expected.insert("locale".into(), "de".into());
    expected["active"] = false.into();
    expected["name"]["middleName"] = "M".into();
    expected[ENT]["employeeNumber"] = "8".into();
    expected[ENT]["costCenter"] = "C".into();
    expected["emails"].as_array_mut().unwrap().push(json!({ "value": "a@b.c" }));
    assert_eq!(resource, expected);
    refused(one(json!({ "op": "add", "value": { "title": "Dr" } }), Mode::Strict), ScimType::InvalidSyntax);
    refused(one(json!({ "op": "add", "value": "Dr" }), Mode::Tolerant), ScimType::InvalidValue);
}

#[test]
fn add_and_replace_simple() {
    for op in ["add", "replace"] {
        both(json!({ "op": op, "path": "title", "value": "Dr" }), "/title", json!("Dr"));
        both(json!({ "op": op, "path": "DisplayName", "value": "X" }), "/displayName", json!("X"));
        both(json!({ "op": op, "path": "active", "value": false }), "/active", json!(false));
        both(json!({ "op": op, "path": "displayName", "value": "" }), "/displayName", json!(null));
        both(json!({ "op": op, "path": "userName", "value": "b@x.io" }), "/userName", json!("b@x.io"));
        both(
            json!({ "op": op, "path": format!("{ENT}:division"), "value": "D" }),
            &format!("/{ENT}/division"),
            json!("D"),
        );
        tolerant(json!({ "op": op, "path": "/title", "value": "Dr" }), "/title", json!("Dr"));
        tolerant(
            json!({ "op": op, "path": "title", "value": [{ "$ref": null, "value": "Dr" }] }),
            "/title",
            json!("Dr"),
        );
        refuse(json!({ "op": op, "path": "userName", "value": "" }), ScimType::InvalidValue);
        refuse(json!({ "op": op, "path": "title", "value": { "a": 1 } }), ScimType::InvalidValue);
        refuse(json!({ "op": op, "path": "title" }), ScimType::InvalidValue);
    }
    unchanged(json!({ "op": "replace", "path": "userName", "value": "Ann@x.io" }), Mode::Strict);
}

#[test]
fn add_complex_merges() {
    let name = json!({ "familyName": "Lee", "givenName": "Bea", "middleName": "M" });
    both(
        json!({ "op": "add", "path": "name", "value": { "givenName": "Bea", "middleName": "M" } }),
        "/name",
        name,
    );
    refused(
        one(json!({ "op": "add", "path": "name", "value": "Bea" }), Mode::Tolerant),
        ScimType::InvalidValue,
    );
}

#[test]
fn add_to_many() {
    let new = json!({ "value": "a@b.c", "type": "other" });
    let three = json!([work(), home(), new]);
    both(json!({ "op": "add", "path": "emails", "value": [new] }), "/emails", three.clone());
    both(json!({ "op": "add", "path": "emails", "value": new }), "/emails", three);
    for mode in BOTH {
        unchanged(json!({ "op": "add", "path": "emails", "value": [work(), home()] }), mode);
        unchanged(
            json!({ "op": "add", "path": "emails", "value": [{ "value": "ANN@X.io", "type": "Work" }] }),
            mode,
        );
        unchanged(json!({ "op": "add", "path": "emails", "value": [{ "value": "ann@x.io" }] }), mode);
        unchanged(json!({ "op": "add", "path": "emails", "value": [] }), mode);
    }
    let other_type = json!({ "value": "ann@x.io", "type": "other" });
    both(json!({ "op": "add", "path": "emails", "value": [other_type] }), "/emails/2", other_type);
    tolerant(
        json!({ "op": "add", "path": "emails", "value": "a@b.c" }),
        "/emails/2",
        json!({ "value": "a@b.c" }),
    );
    both(
        json!({ "op": "add", "path": "addresses", "value": [{ "locality": "Rome" }, { "locality": "Rome" }] }),
        "/addresses",
        json!([{ "locality": "Rome" }]),
    );
}

#[test]
fn add_of_a_known_value_adds_its_parts() {
    let moved = json!([
        { "value": "ann@x.io", "type": "work", "primary": false },
        { "value": "ann@home.example", "type": "home", "primary": true },
    ]);
    let value = json!([{ "value": "ann@home.example", "type": "home", "primary": true }]);
    both(json!({ "op": "add", "path": "emails", "value": value }), "/emails", moved);
}

#[test]
fn element_creation() {
    for op in ["add", "replace"] {
        let path = r#"emails[type eq "other"].value"#;
        let operation = json!({ "op": op, "path": path, "value": "o@x.io" });
        tolerant(operation.clone(), "/emails/2", json!({ "type": "other", "value": "o@x.io" }));
        refused(one(operation, Mode::Strict), ScimType::NoTarget);
        let operation =
            json!({ "op": op, "path": r#"emails[type eq "other"]"#, "value": { "value": "o@x.io" } });
        tolerant(operation.clone(), "/emails/2", json!({ "type": "other", "value": "o@x.io" }));
        refused(one(operation, Mode::Strict), ScimType::InvalidPath);
        let role = json!({ "op": op, "path": r#"roles[primary eq "True"].value"#, "value": "Admin" });
        tolerant(role, "/roles", json!([{ "primary": true, "value": "Admin" }]));
        let address = json!({ "op": op, "path": r#"addresses[type eq "work"].formatted"#, "value": "Rome" });
        tolerant(address, "/addresses", json!([{ "type": "work", "formatted": "Rome" }]));
        // Nothing that the filter would not find is ever made up.
        for path in [
            r#"emails[value co "nosuch"].display"#,
            r#"emails[type eq "a" or type eq "b"].value"#,
            r#"emails[type eq "a" and type eq "b"].value"#,
            r#"emails[type eq "other"].type"#,
        ] {
            refuse(json!({ "op": op, "path": path, "value": "x" }), ScimType::NoTarget);
        }
    }
}

#[test]
fn element_changes() {
    for op in ["add", "replace"] {
        both(
            json!({ "op": op, "path": r#"emails[type eq "work"].value"#, "value": "b@x.io" }),
            "/emails/0",
            json!({ "value": "b@x.io", "type": "work", "primary": true }),
        );
        both(
            json!({ "op": op, "path": r#"emails[type eq "home"].primary"#, "value": true }),
            "/emails",
            json!([{ "value": "ann@x.io", "type": "work", "primary": false },
                   { "value": "ann@home.example", "type": "home", "primary": true }]),
        );
        both(
            json!({ "op": op, "path": r#"emails[value ew ".io" or value ew ".example"].display"#, "value": "d" }),
            "/emails/1/display",
            json!("d"),
        );
        tolerant(
            json!({ "op": op, "path": r#"emails[type eq "home"]"#, "value": { "display": "d", "type": null } }),
            "/emails/1",
            json!({ "value": "ann@home.example", "display": "d" }),
        );
    }
    let whole =
        json!({ "op": "replace", "path": r#"emails[type eq "home"]"#, "value": { "value": "n@x.io" } });
    tolerant(whole.clone(), "/emails/1", json!({ "value": "n@x.io", "type": "home" }));
    refused(one(whole, Mode::Strict), ScimType::InvalidPath);
    let added = json!({ "op": "add", "path": r#"emails[type eq "home"]"#, "value": { "display": "d" } });
    refused(one(added, Mode::Strict), ScimType::InvalidPath);
}

#[test]
fn part_of_every_value() {
    let operation = json!({ "op": "replace", "path": "emails.display", "value": "d" });
    let expected = after(operation.clone(), "/emails", Mode::Tolerant);
    assert!(expected.as_array().unwrap().iter().all(|email| email["display"] == "d"));
    refused(one(operation, Mode::Strict), ScimType::InvalidPath);
    tolerant(
        json!({ "op": "add", "path": "roles.value", "value": "x" }),
        "/roles",
        json!([{ "value": "x" }]),
    );
    refused(
        one(json!({ "op": "add", "path": "roles.type", "value": "x" }), Mode::Tolerant),
        ScimType::NoTarget,
    );
    tolerant(
        json!({ "op": "remove", "path": "emails.type" }),
        "/emails/1",
        json!({ "value": "ann@home.example" }),
    );
    tolerant(json!({ "op": "remove", "path": "roles.type" }), "/roles", json!(null));
}

#[test]
fn remove() {
    refuse(json!({ "op": "remove" }), ScimType::NoTarget);
    refuse(json!({ "op": "remove", "value": { "title": "x" } }), ScimType::NoTarget);
    both(json!({ "op": "remove", "path": "displayName" }), "/displayName", json!(null));
    both(json!({ "op": "remove", "path": "name" }), "/name", json!(null));
    both(json!({ "op": "remove", "path": "name.givenName" }), "/name", json!({ "familyName": "Lee" }));
    both(json!({ "op": "remove", "path": "emails" }), "/emails", json!(null));
    both(json!({ "op": "remove", "path": "emails", "value": null }), "/emails", json!(null));
    both(json!({ "op": "remove", "path": "active" }), "/active", json!(null));
    both(json!({ "op": "remove", "path": ENT }), "/schemas", json!([CORE]));
    both(
        json!({ "op": "remove", "path": format!("{ENT}:manager") }),
        &format!("/{ENT}"),
        json!({ "department": "Ops" }),
    );
    for mode in BOTH {
        for path in ["title", "addresses", "name.middleName", "externalid.x", "nosuch", "urn:a:b"] {
            if mode == Mode::Tolerant || ["title", "addresses", "name.middleName"].contains(&path) {
                if path == "externalid.x" {
                    refused(one(json!({ "op": "remove", "path": path }), mode), ScimType::InvalidPath);
                } else {
                    unchanged(json!({ "op": "remove", "path": path }), mode);
                }
            }
        }
    }
    refuse(json!({ "op": "remove", "path": "userName" }), ScimType::Mutability);
    refuse(json!({ "op": "remove", "path": "schemas" }), ScimType::Mutability);
}

#[test]
fn the_last_part_takes_its_owner_along() {
    for mode in BOTH {
        let ops = json!([
            { "op": "remove", "path": "name.givenName" },
            { "op": "remove", "path": "name.familyName" },
            { "op": "remove", "path": r#"emails[type eq "work"]"# },
            { "op": "remove", "path": r#"emails[type eq "home"]"# },
        ]);
        let resource = patched(&USER, ann(), ops, mode).unwrap();
        assert!(!resource.contains_key("name") && !resource.contains_key("emails"));
    }
}

#[test]
fn remove_listed_values() {
    for value in
        [json!([{ "value": "ann@x.io" }]), json!({ "value": "ANN@x.io", "type": "work" }), json!("ann@x.io")]
    {
        both(json!({ "op": "remove", "path": "emails", "value": value }), "/emails", json!([home()]));
    }
    for mode in BOTH {
        for value in [
            json!([]),
            json!({}),
            json!([{}]),
            json!([{ "value": "nobody@x.io" }]),
            json!({ "value": "ann@x.io", "type": "home" }),
        ] {
            unchanged(json!({ "op": "remove", "path": "emails", "value": value }), mode);
        }
    }
    both(
        json!({ "op": "remove", "path": "emails", "value": { "type": "work" } }),
        "/emails",
        json!([home()]),
    );
}

#[test]
fn remove_selected() {
    both(json!({ "op": "remove", "path": r#"emails[type eq "work"]"# }), "/emails", json!([home()]));
    both(
        json!({ "op": "remove", "path": r#"emails[type eq "work"].primary"# }),
        "/emails/0",
        json!({ "value": "ann@x.io", "type": "work" }),
    );
    for path in [r#"emails[type eq "other"]"#, r#"emails[type eq "other"].value"#, r#"roles[value eq "x"]"#] {
        unchanged(json!({ "op": "remove", "path": path }), Mode::Tolerant);
        refused(one(json!({ "op": "remove", "path": path }), Mode::Strict), ScimType::NoTarget);
    }
}

#[test]
fn replace_without_path_leaves_the_rest() {
    let value = json!({ "displayName": "A B", "name.givenName": "A", format!("{ENT}:department"): "Dev" });
    let resource = one(json!({ "op": "replace", "value": value }), Mode::Tolerant).unwrap();
    let mut expected = ann();
    expected["displayName"] = "A B".into();
    expected["name"]["givenName"] = "A".into();
    expected[ENT]["department"] = "Dev".into();
    assert_eq!(resource, expected);
    let nested = one(
        json!({ "op": "replace", "value": { ENT: { "department": "Dev" }, "name": { "givenName": "A" }, "displayName": "A B" } }),
        Mode::Tolerant,
    );
    assert_eq!(nested.unwrap(), expected);
}

#[test]
fn replace_complex() {
    let operation = json!({ "op": "replace", "path": "name", "value": { "givenName": "Bea" } });
    tolerant(operation.clone(), "/name", json!({ "familyName": "Lee", "givenName": "Bea" }));
    assert_eq!(after(operation, "/name", Mode::Strict), json!({ "givenName": "Bea" }));
    tolerant(
        json!({ "op": "replace", "path": "name", "value": { "givenName": null, "middleName": "" } }),
        "/name",
        json!({ "familyName": "Lee" }),
    );
    let whole = json!({ "op": "replace", "path": ENT, "value": { "division": "D" } });
    tolerant(whole.clone(), &format!("/{ENT}/department"), json!("Ops"));
    assert_eq!(after(whole, &format!("/{ENT}"), Mode::Strict), json!({ "division": "D" }));
}

#[test]
fn manager_forms() {
    let path = format!("{ENT}:manager");
    let pointer = format!("/{ENT}/manager");
    for value in [
        json!("01M"),
        json!([{ "value": "01M" }]),
        json!({ "value": "01M", "displayName": "ignored" }),
        json!(["01M"]),
    ] {
        for op in ["add", "replace"] {
            tolerant(json!({ "op": op, "path": path, "value": value }), &pointer, json!({ "value": "01M" }));
        }
    }
    let reference = json!([{ "$ref": "http://h/scim/Users/01M", "value": "01M" }]);
    tolerant(json!({ "op": "Add", "path": path, "value": reference }), &pointer, reference[0].clone());
    both(
        json!({ "op": "replace", "path": format!("{path}.value"), "value": "01M" }),
        &pointer,
        json!({ "value": "01M" }),
    );
    both(
        json!({ "op": "add", "path": format!("{path}.value"), "value": "01BOSS" }),
        &pointer,
        ann()[ENT]["manager"].clone(),
    );
    tolerant(
        json!({ "op": "remove", "path": path, "value": [{ "value": "01BOSS" }] }),
        &pointer,
        json!(null),
    );
    tolerant(json!({ "op": "replace", "path": path, "value": null }), &pointer, json!(null));
    refuse(
        json!({ "op": "replace", "path": format!("{path}.displayName"), "value": "X" }),
        ScimType::Mutability,
    );
    refused(one(json!({ "op": "add", "path": path, "value": "01M" }), Mode::Strict), ScimType::InvalidValue);
    refused(
        one(json!({ "op": "add", "path": path, "value": ["A", "B"] }), Mode::Tolerant),
        ScimType::InvalidValue,
    );
    refuse(json!({ "op": "remove", "path": format!(r#"{path}[value eq "01BOSS"]"#) }), ScimType::InvalidPath);
}

#[test]
fn replace_many() {
    let new = json!({ "value": "n@x.io" });
    both(json!({ "op": "replace", "path": "emails", "value": [new] }), "/emails", json!([new]));
    both(json!({ "op": "replace", "path": "emails", "value": [] }), "/emails", json!(null));
    tolerant(json!({ "op": "replace", "path": "emails", "value": new }), "/emails", json!([new]));
    let two = json!([{ "value": "a", "primary": true }, { "value": "b", "primary": true }]);
    tolerant(json!({ "op": "replace", "path": "emails", "value": two }), "/emails/1/primary", json!(false));
    refused(
        one(json!({ "op": "replace", "path": "emails", "value": two }), Mode::Strict),
        ScimType::InvalidValue,
    );
    for value in [json!({}), json!([{}]), json!([null]), json!("")] {
        unchanged(json!({ "op": "replace", "path": "emails", "value": value }), Mode::Tolerant);
    }
}

#[test]
fn null_is_remove() {
    for op in ["add", "replace"] {
        tolerant(json!({ "op": op, "path": "displayName", "value": null }), "/displayName", json!(null));
        tolerant(json!({ "op": op, "value": { "externalId": null } }), "/externalId", json!(null));
        tolerant(json!({ "op": op, "value": { ENT: null } }), &format!("/{ENT}"), json!(null));
        tolerant(
            json!({ "op": op, "path": r#"emails[type eq "home"].type"#, "value": null }),
            "/emails/1/type",
            json!(null),
        );
        refused(
            one(json!({ "op": op, "path": "displayName", "value": null }), Mode::Strict),
            ScimType::InvalidValue,
        );
        refused(
            one(json!({ "op": op, "path": "userName", "value": null }), Mode::Tolerant),
            ScimType::Mutability,
        );
        unchanged(json!({ "op": op, "path": "active", "value": null }), Mode::Tolerant);
        unchanged(json!({ "op": op, "value": { "active": null } }), Mode::Tolerant);
    }
}

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
