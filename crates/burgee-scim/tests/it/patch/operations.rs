//! What one operation does to one kind of attribute.

use burgee_scim::{Mode, ScimType, USER};
use serde_json::json;

use super::{after, both, home, one, refuse, tolerant, unchanged, work};
use crate::{BOTH, CORE, ENT, ann, patched, refused};

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
