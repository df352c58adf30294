//! Any JSON as a whole request body, through everything that a body can go through. The first byte picks the way.
#![no_main]

use burgee_scim::filter::{check, matches, parse_body};
use burgee_scim::patch::{apply, parse_patch, split_members};
use burgee_scim::{GROUP, Mode, Object, Projection, USER, leaves, resource};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let Some((way, rest)) = bytes.split_first() else { return };
    let Ok(Value::Object(mut body)) = serde_json::from_slice(rest) else { return };
    let mode = if way & 1 == 0 { Mode::Tolerant } else { Mode::Strict };
    let rt = if way & 2 == 0 { &USER } else { &GROUP };
    if way & 4 == 0 {
        if std::ptr::eq(rt, &GROUP) && resource::take_members(&mut body, mode).is_err() {
            return;
        }
        let Ok(accepted) = resource::accept(rt, &body, mode) else { return };
        assert_eq!(
            resource::accept(rt, &accepted, mode).as_ref(),
            Ok(&accepted),
            "accepting again changes nothing"
        );
        assert_eq!(resource::replace(rt, &accepted, accepted.clone(), mode).as_ref(), Ok(&accepted));
        leaves(rt, &accepted);
        let everything = parse_body("schemas pr", mode).and_then(|filter| check(&filter, rt, mode));
        if let Ok(everything) = everything {
            assert!(matches(&everything, &accepted));
        }
        if let Ok(projection) = Projection::parse(rt, Some("userName,emails.value"), None, mode) {
            let mut shown = accepted.clone();
            projection.apply(&mut shown);
        }
        return;
    }
    let Ok(operations) = parse_patch(body, rt, mode) else { return };
    let (operations, _) = match std::ptr::eq(rt, &GROUP) {
        true => match split_members(operations) {
            Ok(parts) => parts,
            Err(_) => return,
        },
        false => (operations, Vec::new()),
    };
    let name = if std::ptr::eq(rt, &GROUP) { "displayName" } else { "userName" };
    let start = Object::from_iter([
        ("schemas".to_owned(), serde_json::json!([rt.schema.urn])),
        (name.to_owned(), Value::from("a")),
    ]);
    let _ = apply(rt, start, &operations, mode);
});
