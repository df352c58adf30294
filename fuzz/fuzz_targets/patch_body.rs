//! Any JSON as the body of a PATCH: what it makes of a canonical user is canonical again, and a second pass over an
//! idempotent result changes nothing that the first did not.
#![no_main]

use burgee_scim::patch::{apply, parse_patch, split_members};
use burgee_scim::{GROUP, Mode, Object, USER, leaves, resource};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

fn user() -> Object {
    let body = json!({
        "userName": "ann", "externalId": "e1", "active": true, "nickName": "A",
        "name": {"givenName": "Ann", "familyName": "Lee"},
        "emails": [{"value": "ann@x.io", "type": "work", "primary": true}, {"value": "a@home", "type": "home"}],
        "roles": [{"value": "admin"}],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Ops", "manager": {"value": "1"}},
    });
    match body {
        Value::Object(body) => resource::accept(&USER, &body, Mode::Tolerant).unwrap_or_default(),
        _ => Object::new(),
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(Value::Object(body)) = serde_json::from_slice(bytes) else { return };
    for mode in [Mode::Tolerant, Mode::Strict] {
        if let Ok(operations) = parse_patch(body.clone(), &GROUP, mode) {
            let _ = split_members(operations);
        }
        let Ok(operations) = parse_patch(body.clone(), &USER, mode) else { continue };
        let Ok(patched) = apply(&USER, user(), &operations, mode) else { continue };
        assert!(
            patched.get("userName").is_some_and(|name| name.as_str().is_some_and(|name| !name.is_empty()))
        );
        leaves(&USER, &patched);
        match resource::accept(&USER, &patched, Mode::Tolerant) {
            Ok(again) => assert_eq!(again, patched),
            Err(error) => panic!("what a PATCH made is refused: {error:?} {}", json!(patched)),
        }
    }
});
