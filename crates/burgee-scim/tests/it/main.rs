//! The crate from the outside: whole requests in, whole resources out.
#![allow(clippy::needless_pass_by_value, reason = "tests pass json! literals")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests panic like tests")]

mod bulk;
mod discovery;
mod filter;
mod leaves;
mod members;
mod oracle;
mod patch;
mod project;
mod props;
mod resource;

use burgee_scim::{Error, GROUP, Mode, Object, ResourceType, ScimType, USER};
use serde_json::{Value, json};

pub(crate) const ENT: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
pub(crate) const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub(crate) const GROUP_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
pub(crate) const BOTH: [Mode; 2] = [Mode::Tolerant, Mode::Strict];

pub(crate) fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        other => panic!("not an object: {other}"),
    }
}

/// A user as the server stores it.
pub(crate) fn ann() -> Object {
    object(json!({
        "schemas": [CORE, ENT],
        "id": "01USER",
        "externalId": "Ext-1",
        "userName": "Ann@x.io",
        "name": { "familyName": "Lee", "givenName": "Ann" },
        "displayName": "Ann Lee",
        "active": true,
        "emails": [
            { "value": "ann@x.io", "type": "work", "primary": true },
            { "value": "ann@home.example", "type": "home" },
        ],
        ENT: { "department": "Ops", "manager": { "value": "01BOSS", "$ref": "../Users/01BOSS", "displayName": "Boss" } },
        "groups": [{ "value": "01GROUP", "display": "Pilots", "type": "direct" }],
        "meta": {
            "resourceType": "User", "created": "2026-01-02T03:04:05.000Z",
            "lastModified": "2026-02-02T03:04:05.000Z", "version": "W/\"3\"",
        },
    }))
}

pub(crate) fn patch_body(operations: Value) -> Object {
    object(json!({ "schemas": [burgee_scim::patch::PATCH_URN], "Operations": operations }))
}

pub(crate) fn patched(
    rt: &ResourceType,
    from: Object,
    operations: Value,
    mode: Mode,
) -> Result<Object, Error> {
    let ops = burgee_scim::patch::parse_patch(patch_body(operations), rt, mode)?;
    burgee_scim::patch::apply(rt, from, &ops, mode)
}

pub(crate) fn accept_user(body: Value, mode: Mode) -> Result<Value, Error> {
    burgee_scim::resource::accept(&USER, &object(body), mode).map(Value::Object)
}

pub(crate) fn accept_group(body: Value, mode: Mode) -> Result<Value, Error> {
    burgee_scim::resource::accept(&GROUP, &object(body), mode).map(Value::Object)
}

#[track_caller]
pub(crate) fn refused<T: std::fmt::Debug>(outcome: Result<T, Error>, kind: ScimType) -> String {
    let error = outcome.expect_err("should be refused");
    assert_eq!(error.scim_type, Some(kind), "{error}");
    assert_eq!(error.status, kind.status());
    error.detail
}
