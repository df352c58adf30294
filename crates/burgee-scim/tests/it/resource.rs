use burgee_scim::resource::{accept, replace};
use burgee_scim::{GROUP, Mode, ScimType, USER};
use serde_json::{Value, json};

use crate::{BOTH, CORE, ENT, GROUP_URN, accept_group, accept_user, ann, object, refused};

#[test]
fn canonical_spelling() {
    let body = json!({
        "SCHEMAS": [CORE.to_uppercase()],
        "UserName": "ann@x.io",
        "Name": { "FAMILYNAME": "Lee" },
        "Emails": [{ "Value": "ann@x.io", "Type": "Work", "Primary": true }],
        ENT.to_uppercase(): { "Department": "Ops" },
    });
    let expected = json!({
        "schemas": [CORE, ENT],
        "userName": "ann@x.io",
        "name": { "familyName": "Lee" },
        "emails": [{ "value": "ann@x.io", "type": "Work", "primary": true }],
        ENT: { "department": "Ops" },
    });
    assert_eq!(accept_user(body, Mode::Tolerant).unwrap(), expected);
    assert_eq!(accept_user(expected.clone(), Mode::Strict).unwrap(), expected);
}

#[test]
fn a_typical_create() {
    let body = json!({
        "schemas": [CORE], "userName": "ann@x.io", "name": { "givenName": "Ann", "familyName": "Lee", "middleName": null },
        "emails": [{ "primary": true, "value": "ann@x.io", "type": "work" }], "displayName": "", "addresses": null,
        "externalId": "00u", "groups": [], "password": "1mz050nq", "active": "True", "id": "x", "meta": { "resourceType": "User" },
        "roles": [], "department": "Ops", ENT: { "manager": null, "employeeNumber": 8 },
    });
    let expected = json!({
        "schemas": [CORE, ENT], "userName": "ann@x.io", "name": { "givenName": "Ann", "familyName": "Lee" },
        "emails": [{ "primary": true, "value": "ann@x.io", "type": "work" }],
        "externalId": "00u", "active": true, "department": "Ops", ENT: { "employeeNumber": "8" },
    });
    assert_eq!(accept_user(body, Mode::Tolerant).unwrap(), expected);
}

#[test]
fn schemas_are_checked_and_rewritten() {
    let with = |schemas: Value, mode| accept_user(json!({ "schemas": schemas, "userName": "a" }), mode);
    for mode in BOTH {
        for wrong in [json!([ENT]), json!(["urn:x"]), json!({}), json!([1]), json!([GROUP_URN])] {
            refused(with(wrong, mode), ScimType::InvalidSyntax);
        }
        assert_eq!(with(json!([CORE, ENT]), mode).unwrap()["schemas"], json!([CORE]));
        refused(accept_user(json!({}), mode), ScimType::InvalidSyntax);
    }
    for missing in [json!([]), json!(null), json!(CORE)] {
        assert_eq!(with(missing.clone(), Mode::Tolerant).unwrap()["schemas"], json!([CORE]));
        refused(with(missing, Mode::Strict), ScimType::InvalidSyntax);
    }
    assert_eq!(accept_user(json!({ "userName": "a" }), Mode::Tolerant).unwrap()["schemas"], json!([CORE]));
    refused(accept_user(json!({ "userName": "a" }), Mode::Strict), ScimType::InvalidSyntax);
    refused(with(json!([CORE, "urn:x"]), Mode::Strict), ScimType::InvalidSyntax);
    assert_eq!(with(json!([CORE, "http://x/2006/y"]), Mode::Tolerant).unwrap()["schemas"], json!([CORE]));
    let undeclared = json!({ "schemas": [CORE], "userName": "a", ENT: { "department": "x" } });
    assert_eq!(accept_user(undeclared.clone(), Mode::Tolerant).unwrap()["schemas"], json!([CORE, ENT]));
    refused(accept_user(undeclared, Mode::Strict), ScimType::InvalidSyntax);
}

#[test]
fn unknown_attributes() {
    let body = json!({
        "schemas": [CORE, ENT, "urn:x:2.0:T"], "userName": "a", "color": { "deep": [null, ""] }, "nothing": null, "none": [],
        "emails": [{ "value": "a@b", "verified": true }], "name": { "alias": "x" },
        ENT: { "team": "t" }, "urn:x:2.0:T": { "a": null },
    });
    let expected = json!({
        "schemas": [CORE, ENT, "urn:x:2.0:T"], "userName": "a", "color": { "deep": [null, ""] },
        "emails": [{ "value": "a@b", "verified": true }], "name": { "alias": "x" },
        ENT: { "team": "t" }, "urn:x:2.0:T": { "a": null },
    });
    assert_eq!(accept_user(body, Mode::Tolerant).unwrap(), expected);
    for extra in [
        json!({ "color": 1 }),
        json!({ "name": { "alias": "x" } }),
        json!({ "emails": [{ "value": "a", "x": 1 }] }),
        json!({ ENT: { "team": "t" } }),
        json!({ "urn:x:y": {} }),
    ] {
        let mut body = object(json!({ "schemas": [CORE, ENT], "userName": "a" }));
        body.extend(object(extra));
        refused(accept(&USER, &body, Mode::Strict), ScimType::InvalidSyntax);
    }
}

#[test]
fn qualified_names() {
    let body = json!({
        "userName": "a", "name.givenName": "A", "name": { "familyName": "B" }, format!("{ENT}:department"): "Ops",
        format!("{CORE}:title"): "Dr", CORE: { "locale": "de" }, "emails.value": "x",
    });
    let expected = json!({
        "schemas": [CORE, ENT], "userName": "a", "name": { "givenName": "A", "familyName": "B" },
        ENT: { "department": "Ops" }, "title": "Dr", "locale": "de", "emails.value": "x",
    });
    assert_eq!(accept_user(body, Mode::Tolerant).unwrap(), expected);
}

#[test]
fn required() {
    for mode in BOTH {
        for body in [
            json!({ "schemas": [CORE], "title": "x" }),
            json!({ "schemas": [CORE], "userName": "" }),
            json!({ "schemas": [CORE], "userName": null }),
        ] {
            assert_eq!(refused(accept_user(body, mode), ScimType::InvalidValue), "userName is required");
        }
        let group = accept_group(json!({ "schemas": [GROUP_URN] }), mode);
        assert_eq!(refused(group, ScimType::InvalidValue), "displayName is required");
    }
}

#[test]
fn types() {
    let with = |name: &str, value: Value, mode| {
        accept_user(json!({ "schemas": [CORE, ENT], "userName": "a", name: value }), mode)
            .map(|mut user| user[name].take())
    };
    for mode in BOTH {
        for (name, value) in [
            ("title", json!({ "a": 1 })),
            ("title", json!(["a", "b"])),
            ("active", json!("yes")),
            ("active", json!(1)),
            ("active", json!("")),
            ("name", json!("x")),
            ("name", json!([{}, {}])),
            ("emails", json!([[1]])),
            (ENT, json!("x")),
        ] {
            refused(with(name, value, mode), ScimType::InvalidValue);
        }
    }
    for (name, sent, kept) in [
        ("title", json!(5), json!("5")),
        ("title", json!(true), json!("true")),
        ("title", json!(["a"]), json!("a")),
        ("active", json!("FALSE"), json!(false)),
        ("emails", json!("a@b"), json!([{ "value": "a@b" }])),
        ("emails", json!(["a@b"]), json!([{ "value": "a@b" }])),
        ("emails", json!({ "value": "a@b" }), json!([{ "value": "a@b" }])),
        (
            "emails",
            json!([{ "value": "a", "primary": "true" }, { "value": "b", "primary": true }]),
            json!([{ "value": "a", "primary": true }, { "value": "b", "primary": false }]),
        ),
        ("name", json!([{ "givenName": "A" }]), json!({ "givenName": "A" })),
        (ENT, json!({ "manager": "01M" }), json!({ "manager": { "value": "01M" } })),
        ("x509Certificates", json!([{ "value": "not base64!" }]), json!([{ "value": "not base64!" }])),
    ] {
        assert_eq!(with(name, sent.clone(), Mode::Tolerant).unwrap(), kept);
        refused(with(name, sent, Mode::Strict), ScimType::InvalidValue);
    }
    for (name, nothing) in [
        ("title", json!("")),
        ("title", json!(null)),
        ("title", json!([])),
        ("name", json!({})),
        ("emails", json!([])),
        ("emails", json!([{}])),
        ("emails", json!([{ "value": null }])),
        ("active", json!(null)),
        ("active", json!([])),
        (ENT, json!({})),
    ] {
        for mode in BOTH {
            assert_eq!(with(name, nothing.clone(), mode).unwrap(), Value::Null);
        }
    }
}

#[test]
fn secrets_and_duplicates() {
    let password = json!({ "schemas": [CORE], "userName": "a", "Password": "x" });
    assert_eq!(
        accept_user(password.clone(), Mode::Tolerant).unwrap(),
        json!({ "schemas": [CORE], "userName": "a" })
    );
    refused(accept_user(password, Mode::Strict), ScimType::InvalidValue);
    let twice = json!({ "schemas": [CORE], "userName": "a", "USERNAME": "b" });
    assert_eq!(accept_user(twice.clone(), Mode::Tolerant).unwrap()["userName"], "b");
    refused(accept_user(twice, Mode::Strict), ScimType::InvalidSyntax);
}

#[test]
fn limits() {
    let with =
        |name: &str, value: Value| accept_user(json!({ "userName": "a", name: value }), Mode::Tolerant);
    assert!(with("userName", "x".repeat(512).into()).is_ok());
    refused(with("userName", "x".repeat(513).into()), ScimType::InvalidValue);
    assert!(with("title", "x".repeat(4096).into()).is_ok());
    assert!(with("externalId", "x".repeat(1024).into()).is_ok());
    refused(with("externalId", "x".repeat(1025).into()), ScimType::InvalidValue);
    let detail = refused(with("emails", json!([{ "value": "x".repeat(1025) }])), ScimType::InvalidValue);
    assert_eq!(detail, "emails.value is 1025 bytes long; the limit is 1024");
    let detail = refused(with("roles", json!([{ "value": "x".repeat(4097) }])), ScimType::InvalidValue);
    assert_eq!(detail, "roles.value is 4097 bytes long; the limit is 4096");
    assert!(with("extra", "x".repeat(65_000).into()).is_ok());
    refused(with("extra", "x".repeat(65_536).into()), ScimType::InvalidValue);
    refused(with("emails", json!([{ "value": "a", "x": "x".repeat(65_536) }])), ScimType::InvalidValue);
    refused(with("title", json!("a\0")), ScimType::InvalidValue);
    refused(with("extra", json!([{ "a": "\0" }])), ScimType::InvalidValue);
    refused(with("ex\0tra", json!(1)), ScimType::InvalidValue);
    let many: Vec<Value> = (0..1001).map(|i| json!({ "value": i.to_string() })).collect();
    refused(with("roles", many.into()), ScimType::InvalidValue);
}

#[test]
fn put_clears_what_it_omits() {
    for mode in BOTH {
        let body = object(json!({ "schemas": [CORE], "userName": "new@x.io", "active": false }));
        let expected = json!({
            "schemas": [CORE], "userName": "new@x.io", "active": false,
            "id": "01USER", "groups": ann()["groups"], "meta": ann()["meta"],
        });
        assert_eq!(Value::Object(replace(&USER, &ann(), body, mode).unwrap()), expected);
        let silent = object(json!({ "schemas": [CORE], "userName": "a", "active": null }));
        let mut disabled = ann();
        disabled["active"] = false.into();
        assert_eq!(replace(&USER, &disabled, silent, mode).unwrap()["active"], false);
        let mut same = ann();
        same[ENT]["manager"].as_object_mut().unwrap().shift_remove("displayName");
        assert_eq!(replace(&USER, &same, same.clone(), mode).unwrap(), same);
    }
    let other_id = object(json!({ "schemas": [CORE], "userName": "a", "id": "other" }));
    assert_eq!(replace(&USER, &ann(), other_id.clone(), Mode::Tolerant).unwrap()["id"], "01USER");
    refused(replace(&USER, &ann(), other_id, Mode::Strict), ScimType::InvalidValue);
    refused(
        replace(&USER, &ann(), object(json!({ "schemas": [CORE] })), Mode::Tolerant),
        ScimType::InvalidValue,
    );
}

#[test]
fn put_and_members() {
    let group = object(json!({ "schemas": [GROUP_URN], "displayName": "x", "members": [{ "value": "A" }] }));
    let put = |members: Value, mode| {
        let mut body = object(json!({ "schemas": [GROUP_URN], "displayName": "y" }));
        body.extend(object(members));
        replace(&GROUP, &group, body, mode).unwrap().get("members").cloned()
    };
    assert_eq!(put(json!({}), Mode::Tolerant), Some(json!([{ "value": "A" }])));
    assert_eq!(put(json!({ "members": null }), Mode::Tolerant), Some(json!([{ "value": "A" }])));
    assert_eq!(put(json!({}), Mode::Strict), None);
    for mode in BOTH {
        assert_eq!(put(json!({ "members": [] }), mode), Some(json!([])));
        assert_eq!(put(json!({ "members": [{ "value": "B" }] }), mode), Some(json!([{ "value": "B" }])));
    }
}
