//! Quirks of whole resources that need a name only: the engine drops or coerces them.

use burgee_scim::Object;
use serde_json::Value;

use super::{Noticed, Quirk};

/// Names what a body carries that it need not.
pub(super) fn notice(body: &Object, noticed: &mut Noticed) {
    for (name, value) in body {
        match (name.to_ascii_lowercase().as_str(), value) {
            (_, Value::Null) => noticed.note(Quirk::Null),
            ("id" | "meta" | "groups", _) => noticed.note(Quirk::ReadOnly),
            ("password", _) => noticed.note(Quirk::Password),
            ("active", Value::String(_)) => noticed.note(Quirk::StringBoolean),
            ("members", Value::Array(members)) if members.first().is_some_and(Value::is_string) => {
                noticed.note(Quirk::StringMember);
            }
            _ => {}
        }
    }
}
