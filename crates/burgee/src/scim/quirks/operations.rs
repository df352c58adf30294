//! Quirks of PATCH: the spelling of operations, and the shapes of their values.

use burgee_scim::{Object, ResourceType};
use serde_json::Value;

use super::{Noticed, Quirk, entra};

/// Attributes whose values are booleans: only there does `"False"` mean `false`.
const BOOLEANS: [&str; 2] = ["active", "primary"];

/// Brings a PATCH body into the RFC's spelling, as far as that is a matter of spelling.
pub(super) fn normalise(body: &mut Object, kind: &ResourceType, noticed: &mut Noticed) {
    if !body.contains_key("Operations")
        && let Some(name) = body.keys().find(|name| name.eq_ignore_ascii_case("operations")).cloned()
        && let Some(operations) = body.shift_remove(&name)
    {
        body.insert("Operations".to_owned(), operations);
        noticed.note(Quirk::OpCase);
    }
    let Some(Value::Array(operations)) = body.get_mut("Operations") else { return };
    for operation in operations.iter_mut().filter_map(Value::as_object_mut) {
        spell(operation, noticed);
        let path = operation.get("path").and_then(Value::as_str).unwrap_or_default().to_owned();
        let is_remove = operation.get("op").and_then(Value::as_str) == Some("remove");
        let Some(value) = operation.get_mut("value") else { continue };
        if path.is_empty() {
            noticed.note(Quirk::NoPath);
            if let Value::Object(values) = value {
                within(values, kind, noticed);
            }
            continue;
        }
        of_value(&path, value, noticed);
        if is_remove && path.eq_ignore_ascii_case("members") {
            noticed.note(Quirk::RemoveByValue);
        }
    }
}

fn spell(operation: &mut Object, noticed: &mut Noticed) {
    for name in ["op", "path", "value"] {
        let other = operation.keys().find(|key| *key != name && key.eq_ignore_ascii_case(name)).cloned();
        if let Some(value) =
            other.filter(|_| !operation.contains_key(name)).and_then(|key| operation.shift_remove(&key))
        {
            operation.insert(name.to_owned(), value);
            noticed.note(Quirk::OpCase);
        }
    }
    if let Some(Value::String(op)) = operation.get_mut("op") {
        let lower = op.to_ascii_lowercase();
        if *op != lower {
            *op = lower;
            noticed.note(Quirk::OpCase);
        }
    }
    if let Some(Value::String(path)) = operation.get_mut("path") {
        if let Some(mended) = entra::mend_path(path) {
            *path = mended;
            noticed.note(Quirk::MisplacedExtension);
        }
        if path.contains("].") {
            noticed.note(Quirk::ValuePath);
        }
    }
    if operation.get("value") == Some(&Value::Null) {
        noticed.note(Quirk::Null);
    }
}

fn within(values: &mut Object, kind: &ResourceType, noticed: &mut Noticed) {
    entra::unpack_roles(values, noticed);
    entra::place_extension(values, kind, noticed);
    entra::wrap_manager(values, noticed);
    for (name, value) in values.iter_mut() {
        match name.to_ascii_lowercase().as_str() {
            "id" | "meta" | "groups" => noticed.note(Quirk::ReadOnly),
            "password" => noticed.note(Quirk::Password),
            _ => of_value(name, value, noticed),
        }
    }
}

fn of_value(path: &str, value: &mut Value, noticed: &mut Noticed) {
    let last = path.rsplit(['.', ':']).next().unwrap_or_default().to_ascii_lowercase();
    match last.as_str() {
        name if BOOLEANS.contains(&name) => {
            let text = value.as_str().map(str::to_ascii_lowercase);
            if let Some(boolean) = text.and_then(|text| text.parse::<bool>().ok()) {
                *value = Value::Bool(boolean);
                noticed.note(Quirk::StringBoolean);
            }
        }
        "manager" => entra::wrap(value, noticed),
        "roles" => entra::unpack(value, noticed),
        "members" => {
            // Those after the first may be ids because the parser made them so.
            let text = match &*value {
                Value::Array(members) => members.first().is_some_and(Value::is_string),
                single => single.is_string(),
            };
            if text {
                noticed.note(Quirk::StringMember);
            }
        }
        _ if value.is_null() => noticed.note(Quirk::Null),
        _ => {}
    }
}
