//! Microsoft Entra ID, and what else speaks its dialects.

use burgee_scim::schema::ENTERPRISE_URN;
use burgee_scim::{Object, ResourceType};
use serde_json::{Map, Value};

use super::{Noticed, Quirk};

/// The extension's URN as it is sometimes sent: with a dot where the last colon belongs.
const MALFORMED_URN: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0User";

/// Q7: a role is sent as `{"value": "{\"id\":…,\"value\":\"Admin\",…}"}`. The JSON inside becomes the role.
pub(super) fn unpack_roles(body: &mut Object, noticed: &mut Noticed) {
    if let Some(roles) = body.get_mut("roles") {
        unpack(roles, noticed);
    }
}

/// The same for the value of an operation on `roles`.
pub(super) fn unpack(roles: &mut Value, noticed: &mut Noticed) {
    let list = match roles {
        Value::Array(list) => list.as_mut_slice(),
        single => std::slice::from_mut(single),
    };
    for role in list {
        let packed =
            role.get("value").and_then(Value::as_str).filter(|text| text.trim_start().starts_with('{'));
        let Some(Value::Object(inside)) = packed.and_then(|text| serde_json::from_str(text).ok()) else {
            continue;
        };
        let mut unpacked = Map::new();
        for (from, to) in [("value", "value"), ("displayName", "display"), ("id", "type")] {
            if let Some(text) = inside.get(from).filter(|text| text.is_string()) {
                unpacked.insert(to.to_owned(), text.clone());
            }
        }
        // The assignment's id is no type of role.
        unpacked.remove("type");
        if let Some(primary) = role.get("primary") {
            unpacked.insert("primary".to_owned(), primary.clone());
        }
        if unpacked.contains_key("value") {
            *role = Value::Object(unpacked);
            noticed.note(Quirk::JsonInString);
        }
    }
}

/// Q9: the enterprise extension under a malformed URN, or its attributes at the top level.
pub(super) fn place_extension(body: &mut Object, kind: &ResourceType, noticed: &mut Noticed) {
    let Some(extension) = kind.schema_of(ENTERPRISE_URN) else { return };
    let mut moved = Map::new();
    let names: Vec<String> = body.keys().cloned().collect();
    for name in names {
        if name.eq_ignore_ascii_case(MALFORMED_URN) {
            if let Some(Value::Object(inside)) = body.shift_remove(&name) {
                moved.extend(inside);
            }
        } else if kind.top_level(&name).is_none()
            && extension.attribute(&name).is_some()
            && let Some(value) = body.shift_remove(&name)
        {
            moved.insert(name, value);
        }
    }
    if let Some(Value::Array(schemas)) = body.get_mut("schemas") {
        for schema in schemas {
            if schema.as_str().is_some_and(|urn| urn.eq_ignore_ascii_case(MALFORMED_URN)) {
                *schema = Value::String(ENTERPRISE_URN.to_owned());
                noticed.note(Quirk::MisplacedExtension);
            }
        }
    }
    if moved.is_empty() {
        return;
    }
    noticed.note(Quirk::MisplacedExtension);
    let place = body.entry(ENTERPRISE_URN).or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(place) = place {
        for (name, value) in moved {
            place.entry(name).or_insert(value);
        }
    }
}

/// Q6: `"manager": "01J…"`, or a list with one element, in a body.
pub(super) fn wrap_manager(body: &mut Object, noticed: &mut Noticed) {
    if let Some(manager) = body.get_mut(ENTERPRISE_URN).and_then(|extension| extension.get_mut("manager")) {
        wrap(manager, noticed);
    }
}

/// The same for the value of an operation on `manager`.
pub(super) fn wrap(manager: &mut Value, noticed: &mut Noticed) {
    let wrapped = match manager {
        Value::String(id) if !id.is_empty() => Some(serde_json::json!({ "value": id })),
        Value::Array(list) => list.first().cloned(),
        _ => None,
    };
    if let Some(wrapped) = wrapped {
        *manager = wrapped;
        noticed.note(Quirk::ScalarManager);
    }
}

/// Q9 in a path: the malformed URN in front of an attribute.
pub(super) fn mend_path(path: &str) -> Option<String> {
    let head = path.get(..MALFORMED_URN.len())?;
    head.eq_ignore_ascii_case(MALFORMED_URN).then(|| {
        let rest = path[MALFORMED_URN.len()..].trim_start_matches([':', '.']);
        if rest.is_empty() { ENTERPRISE_URN.to_owned() } else { format!("{ENTERPRISE_URN}:{rest}") }
    })
}
