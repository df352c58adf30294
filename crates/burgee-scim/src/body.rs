//! JSON bodies, read so that the members of a group take little room.
//!
//! Members come by the hundred thousand, and each is hundreds of bytes as a tree of JSON values. All that is ever used
//! of one is its id.

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::error::excerpt;
use crate::schema::ResourceType;
use crate::value::MAX_TEXT;
use crate::{GROUP, Mode, Object, bulk};

/// Reads the body of a request about `rt`.
///
/// In [`Mode::Tolerant`], members after the first that say nothing but who is meant (and what only the server writes)
/// become their ids, which means the same. That is so for `members` of a resource, in the value of an operation, and
/// for the value itself if the operation's path, `members`, comes before it. Of two values under one key, the last
/// counts; [`Mode::Strict`] refuses them.
pub fn parse(text: &[u8], rt: &ResourceType, mode: Mode) -> serde_json::Result<Value> {
    let is_group = rt.top_level("members").is_some();
    read(text, if is_group { Place::Body } else { Place::Anywhere }, mode)
}

/// Reads the body of a bulk request like [`parse`]. Operations beyond the limit are dropped as they are read, all but
/// one: [`bulk::parse`] refuses what is too long.
pub fn parse_bulk(text: &[u8], mode: Mode) -> serde_json::Result<Value> {
    read(text, Place::Bulk, mode)
}

fn read(text: &[u8], place: Place, mode: Mode) -> serde_json::Result<Value> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = Reader { place, mode }.deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// Where in a body a value stands.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Bulk,
    BulkOperations,
    BulkOperation,
    Body,
    Operations,
    Operation,
    OperationValue,
    Members,
    Anywhere,
}

impl Place {
    /// The place of a value in an object here, by its key and what came before it.
    fn below(self, key: &str, before: &Object) -> Place {
        let is = |name: &str| key.eq_ignore_ascii_case(name);
        let path = before.iter().find(|(name, _)| name.eq_ignore_ascii_case("path"));
        let path = path.and_then(|(_, path)| path.as_str()).unwrap_or_default();
        match self {
            Place::Bulk if is("Operations") => Place::BulkOperations,
            Place::BulkOperation if is("data") && is_of_groups(path) => Place::Body,
            Place::Body | Place::OperationValue if is("members") => Place::Members,
            Place::Body if is("Operations") => Place::Operations,
            Place::Operation if is("value") && path.eq_ignore_ascii_case("members") => Place::Members,
            Place::Operation if is("value") => Place::OperationValue,
            _ => Place::Anywhere,
        }
    }
}

/// True for the path of a group, or of all groups.
fn is_of_groups(path: &str) -> bool {
    let first = path.split('/').find(|segment| !segment.is_empty());
    first.is_some_and(|first| GROUP.endpoint[1..].eq_ignore_ascii_case(first))
}

/// Reads the value at a place.
#[derive(Clone, Copy)]
struct Reader {
    place: Place,
    mode: Mode,
}

impl<'de> DeserializeSeed<'de> for Reader {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let below = match self.place {
            Place::Operations => Place::Operation,
            Place::BulkOperations => Place::BulkOperation,
            _ => Place::Anywhere,
        };
        let below = Reader { place: below, ..self };
        let most = if self.place == Place::BulkOperations { bulk::MAX_OPERATIONS } else { usize::MAX };
        let mut list = Vec::new();
        while let Some(element) = elements.next_element_seed(below)? {
            let lean = self.place == Place::Members && !self.mode.is_strict() && !list.is_empty();
            list.push(if lean { as_id(element) } else { element });
            if list.len() > most {
                while elements.next_element::<IgnoredAny>()?.is_some() {}
                break;
            }
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if self.mode.is_strict() && object.contains_key(&key) {
                return Err(A::Error::custom(format!("\"{}\" appears twice in one object", excerpt(&key))));
            }
            let place = self.place.below(&key, &object);
            let value = entries.next_value_seed(Reader { place, ..self })?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

/// The id of a member, if that is all there is to it.
fn as_id(member: Value) -> Value {
    match member {
        Value::Object(mut parts) if is_plain(&parts) => parts.swap_remove("value").unwrap_or_default(),
        other => other,
    }
}

fn is_plain(member: &Object) -> bool {
    let sound = |text: &str| !text.is_empty() && text.len() <= MAX_TEXT && !text.contains('\0');
    member.contains_key("value")
        && member.iter().all(|(name, value)| {
            matches!(name.as_str(), "value" | "type" | "display" | "$ref")
                && value.as_str().is_some_and(sound)
        })
}
