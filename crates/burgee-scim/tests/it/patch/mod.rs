//! PATCH: one operation after the other, and whole requests.

mod operations;
mod requests;

use burgee_scim::{Error, Mode, Object, ScimType, USER};
use serde_json::{Value, json};

use crate::{BOTH, ann, patched, refused};

/// The value at a JSON pointer after one operation on Ann.
#[track_caller]
pub(super) fn after(operation: Value, pointer: &str, mode: Mode) -> Value {
    let resource = patched(&USER, ann(), json!([operation]), mode).unwrap_or_else(|e| panic!("{e}"));
    Value::Object(resource).pointer(pointer).cloned().unwrap_or(Value::Null)
}

#[track_caller]
pub(super) fn both(operation: Value, pointer: &str, expected: Value) {
    for mode in BOTH {
        assert_eq!(after(operation.clone(), pointer, mode), expected, "{mode:?}");
    }
}

#[track_caller]
pub(super) fn tolerant(operation: Value, pointer: &str, expected: Value) {
    assert_eq!(after(operation, pointer, Mode::Tolerant), expected);
}

pub(super) fn one(operation: Value, mode: Mode) -> Result<Object, Error> {
    patched(&USER, ann(), json!([operation]), mode)
}

#[track_caller]
pub(super) fn refuse(operation: Value, kind: ScimType) {
    for mode in BOTH {
        refused(one(operation.clone(), mode), kind);
    }
}

#[track_caller]
pub(super) fn unchanged(operation: Value, mode: Mode) {
    assert_eq!(one(operation, mode).unwrap(), ann());
}

pub(super) fn work() -> Value {
    json!({ "value": "ann@x.io", "type": "work", "primary": true })
}

pub(super) fn home() -> Value {
    json!({ "value": "ann@home.example", "type": "home" })
}
