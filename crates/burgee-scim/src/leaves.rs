//! What a database index needs to answer filters.

use serde_json::Value;

use crate::filter::is_present;
use crate::instant::{parse_instant, render_instant};
use crate::schema::{Attribute, Kind, Mutability, ResourceType, Returned};
use crate::{AttrRef, Mode, Object, fold};

/// One simple value of a resource.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Leaf {
    /// [`AttrRef::key`] of the attribute.
    pub key: String,
    /// Number of the element of a multi-valued attribute, else 0. Leaves of one element share it.
    pub ordinal: i64,
    /// The value as compared: folded unless case-exact, `true` or `false`, a UTC instant in milliseconds, a number.
    pub text: String,
    /// The folded `type` of the element.
    pub element_type: Option<String>,
    /// Is the element primary?
    pub primary: bool,
}

/// Every present simple value of the known attributes that clients write, in the order of the schema.
///
/// `attribute eq value` holds exactly if there is a leaf with that key and the operand's text. A complex value of
/// which no schema knows any part has one leaf with the key of the attribute itself: it is there.
pub fn leaves(rt: &ResourceType, resource: &Object) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    for (schema, attribute) in rt.attributes() {
        if attribute.mutability != Mutability::ReadWrite || attribute.returned == Returned::Never {
            continue;
        }
        let attr = AttrRef { schema, attribute, sub: None };
        match attr.whole(resource) {
            Some(Value::Array(elements)) if attribute.multi_valued => {
                for (ordinal, element) in (0..).zip(elements) {
                    of_value(attr, ordinal, element, &mut leaves);
                }
            }
            Some(value) if !attribute.multi_valued => of_value(attr, 0, value, &mut leaves),
            _ => {}
        }
    }
    leaves
}

fn of_value(attr: AttrRef, ordinal: i64, value: &Value, leaves: &mut Vec<Leaf>) {
    let mut push = |attr: AttrRef, text, element: &Value| {
        let in_list = attr.attribute.multi_valued;
        leaves.push(Leaf {
            key: attr.key(),
            ordinal,
            text,
            element_type: element.get("type").filter(|_| in_list).and_then(Value::as_str).map(fold),
            primary: in_list && element.get("primary") == Some(&Value::Bool(true)),
        });
    };
    if attr.attribute.kind != Kind::Complex {
        if let Some(text) = index_text(attr.attribute, value) {
            push(attr, text, &Value::Null);
        }
        return;
    }
    let mut known = false;
    for sub in attr.attribute.sub_attributes.iter().filter(|sub| !sub.is_read_only()) {
        if let Some(text) = value.get(sub.name).and_then(|part| index_text(sub, part)) {
            push(attr.with_sub(Some(sub)), text, value);
            known = true;
        }
    }
    if !known && is_present(value) {
        push(attr, "true".to_owned(), value);
    }
}

fn index_text(attribute: &Attribute, value: &Value) -> Option<String> {
    match (attribute.kind, value) {
        (_, Value::String(text)) if text.is_empty() => None,
        (Kind::DateTime, Value::String(text)) => parse_instant(text, Mode::Tolerant).map(render_instant),
        (_, Value::String(text)) if attribute.case_exact => Some(text.clone()),
        (_, Value::String(text)) => Some(fold(text)),
        (_, Value::Bool(value)) => Some(value.to_string()),
        (_, Value::Number(number)) => number.as_f64().map(|number| number.to_string()),
        _ => None,
    }
}
