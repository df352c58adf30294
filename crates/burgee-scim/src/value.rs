//! From JSON as sent to canonical values of an attribute (RFC 7643 §2.3–§2.5).
//!
//! Canonical: the attribute's type, canonical names of sub-attributes, nothing that the client may not write, no
//! `null`, no empty text, list or object. `None` means "no value".

use serde_json::Value;

use crate::error::excerpt;
use crate::instant::{parse_instant, render_instant};
use crate::schema::{Attribute, Kind, Mutability, Uniqueness};
use crate::{Error, Mode, Object};

/// Longest `userName`, in bytes.
pub(crate) const MAX_USER_NAME: usize = 512;
/// Longest other text that has to be unique, or that people sign in with, in bytes: what every database can index.
pub(crate) const MAX_KEY: usize = 1024;
/// Longest other text, in bytes.
pub(crate) const MAX_TEXT: usize = 4 * 1024;
/// Longest base64 text, in bytes.
pub(crate) const MAX_BINARY: usize = 16 * 1024;
/// Most elements of a multi-valued attribute other than one of immutable elements (`members`).
pub(crate) const MAX_ELEMENTS: usize = 1_000;

/// What a `null` part of a complex value means.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Nulls {
    /// Nothing: it is left out.
    Drop,
    /// It is kept, and unassigns the part when the value is merged into another.
    Keep,
}

/// Any value of an attribute, as in the body of a POST.
pub(crate) fn any(
    attribute: &Attribute,
    key: &str,
    value: Value,
    mode: Mode,
) -> Result<Option<Value>, Error> {
    if attribute.multi_valued {
        let elements = list(attribute, key, value, mode)?;
        return Ok((!elements.is_empty()).then_some(Value::Array(elements)));
    }
    if attribute.kind == Kind::Complex {
        let parts = complex(attribute, key, value, mode, Nulls::Drop)?;
        return Ok((!parts.is_empty()).then_some(Value::Object(parts)));
    }
    scalar(attribute, key, value, mode)
}

/// All elements of a multi-valued attribute. One element may come without its list in [`Mode::Tolerant`].
pub(crate) fn list(attribute: &Attribute, key: &str, value: Value, mode: Mode) -> Result<Vec<Value>, Error> {
    let values = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Array(values) => values,
        single if !mode.is_strict() => vec![single],
        other => return Err(mistyped(key, "a list", &other)),
    };
    check_count(attribute, values.len())?;
    let mut elements = Vec::with_capacity(values.len());
    for value in values {
        let element = if attribute.kind == Kind::Complex {
            if value.is_array() {
                return Err(mistyped(key, "a list of objects", &value));
            }
            let parts = complex(attribute, key, value, mode, Nulls::Drop)?;
            (!parts.is_empty()).then_some(Value::Object(parts))
        } else {
            scalar(attribute, key, value, mode)?
        };
        elements.extend(element);
    }
    if mode.is_strict() && elements.iter().filter(|element| is_primary(element)).count() > 1 {
        return Err(Error::invalid_value(format!("{key}: more than one value is primary")));
    }
    single_primary(&mut elements, None);
    Ok(elements)
}

/// One complex value. [`Mode::Tolerant`] takes `"x"` for `{"value": "x"}` and `[{…}]` for `{…}`.
pub(crate) fn complex(
    attribute: &Attribute,
    key: &str,
    value: Value,
    mode: Mode,
    nulls: Nulls,
) -> Result<Object, Error> {
    let tolerant = !mode.is_strict();
    let parts = match value {
        Value::Null => return Ok(Object::new()),
        Value::Object(parts) => parts,
        Value::Array(mut values) if tolerant && values.len() <= 1 => {
            let only = values.pop().unwrap_or(Value::Null);
            if only.is_array() {
                return Err(mistyped(key, "an object", &only));
            }
            return complex(attribute, key, only, mode, nulls);
        }
        Value::String(_) | Value::Number(_) | Value::Bool(_)
            if tolerant && attribute.sub("value").is_some() =>
        {
            Object::from_iter([("value".to_owned(), value)])
        }
        other => return Err(mistyped(key, "an object", &other)),
    };
    let mut canonical = Object::new();
    for (name, value) in parts {
        let Some(sub) = attribute.sub(&name) else {
            if mode.is_strict() {
                return Err(Error::invalid_syntax(format!(
                    "{key} has no sub-attribute \"{}\"",
                    excerpt(&name)
                )));
            }
            check_text(&name)?;
            if !is_nothing(&value) {
                check_texts(&value)?;
                canonical.insert(name, value);
            } else if nulls == Nulls::Keep {
                canonical.insert(name, Value::Null);
            }
            continue;
        };
        if sub.is_read_only() {
            continue;
        }
        let unassigns = is_nothing(&value);
        if mode.is_strict() && canonical.contains_key(sub.name) {
            return Err(Error::invalid_syntax(format!("{key}.{} appears twice", sub.name)));
        }
        match scalar(sub, &format!("{key}.{}", sub.name), value, mode)? {
            Some(value) => {
                if let (Value::String(id), "value", Some(_)) = (&value, sub.name, attribute.sub("$ref")) {
                    check_reference(id)?;
                }
                canonical.insert(sub.name.to_owned(), value);
            }
            None if unassigns && nulls == Nulls::Keep => {
                canonical.insert(sub.name.to_owned(), Value::Null);
            }
            None => {}
        }
    }
    Ok(canonical)
}

/// One simple value. [`Mode::Tolerant`] coerces between texts, numbers and booleans, and takes `x` out of `[x]`,
/// `{"value": x}` and both.
pub(crate) fn scalar(
    attribute: &Attribute,
    key: &str,
    value: Value,
    mode: Mode,
) -> Result<Option<Value>, Error> {
    let tolerant = !mode.is_strict();
    let value = if tolerant { unwrapped(value) } else { value };
    if is_nothing(&value) && !value.is_string() {
        return Ok(None);
    }
    let canonical = match (attribute.kind, &value) {
        (Kind::String | Kind::Reference | Kind::Binary | Kind::DateTime, Value::String(text))
            if text.is_empty() =>
        {
            return Ok(None);
        }
        (Kind::String | Kind::Reference, Value::String(_)) | (Kind::Boolean, Value::Bool(_)) => {
            Some(value.clone())
        }
        (Kind::String | Kind::Reference, Value::Number(_) | Value::Bool(_)) if tolerant => {
            Some(Value::from(value.to_string()))
        }
        (Kind::Boolean, Value::String(text)) if tolerant => boolean(text).map(Value::Bool),
        (Kind::Binary, Value::String(text)) => (tolerant || is_base64(text)).then(|| value.clone()),
        (Kind::DateTime, Value::String(text)) => {
            parse_instant(text, mode).map(|at| render_instant(at).into())
        }
        (Kind::Integer, Value::Number(number)) => (number.is_i64() || number.is_u64()).then(|| value.clone()),
        (Kind::Decimal, Value::Number(_)) => Some(value.clone()),
        (Kind::Integer, Value::String(text)) if tolerant => text.parse::<i64>().ok().map(Value::from),
        (Kind::Decimal, Value::String(text)) if tolerant => text.parse::<f64>().ok().map(Value::from),
        _ => None,
    };
    let Some(canonical) = canonical else { return Err(mistyped(key, type_name(attribute.kind), &value)) };
    if let Value::String(text) = &canonical {
        check_text(text).map_err(|error| error.within(key))?;
        let limit = match (attribute.kind, attribute.name) {
            (Kind::Binary, _) => MAX_BINARY,
            (_, "userName") => MAX_USER_NAME,
            _ if attribute.uniqueness != Uniqueness::None || matches!(key, "externalId" | "emails.value") => {
                MAX_KEY
            }
            _ => MAX_TEXT,
        };
        if text.len() > limit {
            let detail = format!("{key} is {} bytes long; the limit is {limit}", text.len());
            return Err(Error::invalid_value(detail));
        }
    }
    Ok(Some(canonical))
}

/// The booleans that clients write as text.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    [("true", true), ("false", false)]
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(text))
        .map(|(_, b)| b)
}

/// True for a list whose elements are the members of a set, known by an id that never changes.
pub(crate) fn is_set(attribute: &Attribute) -> bool {
    attribute.sub("value").is_some_and(|sub| sub.mutability == Mutability::Immutable)
}

/// Lists are compared element by element, so they are bounded. Immutable elements are set members: they are stored apart,
/// and come by the hundred thousand.
pub(crate) fn check_count(attribute: &Attribute, count: usize) -> Result<(), Error> {
    if count > MAX_ELEMENTS && !is_set(attribute) {
        let detail = format!("{} has {count} values; the limit is {MAX_ELEMENTS}", attribute.name);
        return Err(Error::invalid_value(detail));
    }
    Ok(())
}

/// `null`, or an empty list, object (RFC 7643 §2.5) or text.
pub(crate) fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(parts) => parts.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

pub(crate) fn is_primary(element: &Value) -> bool {
    element.get("primary") == Some(&Value::Bool(true))
}

/// At most one element is primary (RFC 7643 §2.4): the favoured one if it is, else the first.
pub(crate) fn single_primary(elements: &mut [Value], favoured: Option<usize>) {
    let keep = favoured
        .filter(|&i| elements.get(i).is_some_and(is_primary))
        .or_else(|| elements.iter().position(is_primary));
    for (i, element) in elements.iter_mut().enumerate() {
        if Some(i) != keep
            && let Some(primary) = element.get_mut("primary")
            && *primary == Value::Bool(true)
        {
            *primary = Value::Bool(false);
        }
    }
}

/// No text anywhere in `value` contains a NUL character, which not every database can store.
pub(crate) fn check_texts(value: &Value) -> Result<(), Error> {
    match value {
        Value::String(text) => check_text(text),
        Value::Array(values) => values.iter().try_for_each(check_texts),
        Value::Object(parts) => parts.iter().try_for_each(|(name, value)| {
            check_text(name)?;
            check_texts(value)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

pub(crate) fn check_text(text: &str) -> Result<(), Error> {
    if text.contains('\0') {
        return Err(Error::invalid_value("a text contains a NUL character"));
    }
    Ok(())
}

/// What a bulk request calls its resources before they have ids is no id anywhere else (RFC 7644 §3.7.2).
pub(crate) fn check_reference(id: &str) -> Result<(), Error> {
    if id.starts_with("bulkId:") {
        return Err(Error::invalid_value("bulkId: stands for an id in bulk requests only"));
    }
    Ok(())
}

fn unwrapped(value: Value) -> Value {
    let value = match value {
        Value::Array(mut values) if values.len() == 1 => values.remove(0),
        value => value,
    };
    match value {
        Value::Object(mut parts) if parts.contains_key("value") => {
            parts.remove("value").unwrap_or(Value::Null)
        }
        value => value,
    }
}

fn is_base64(text: &str) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_' | b'=' | b'\r' | b'\n'))
}

fn mistyped(key: &str, wanted: &str, value: &Value) -> Error {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    Error::invalid_value(format!("{key} must be {wanted}, not {found}"))
}

fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::String => "a string",
        Kind::Boolean => "a boolean",
        Kind::Integer => "an integer",
        Kind::Decimal => "a number",
        Kind::DateTime => "an RFC 3339 date-time",
        Kind::Reference => "a URI string",
        Kind::Binary => "a base64 string",
        Kind::Complex => "an object",
    }
}
