//! PATCH (RFC 7644 §3.5.2).
//!
//! [`parse_patch`] checks everything that does not depend on the resource: the envelope, paths, types, mutability.
//! Operations without a path become one operation per key. What is left is [`apply`], a function from resource to
//! resource, and, for groups, [`split_members`], which turns membership into set operations that never need the list.

mod apply;
mod members;

use serde_json::Value;

use crate::attr::{Foreign, resolve};
use crate::error::excerpt;
use crate::schema::{Attribute, Kind, Mutability, ResourceType, Schema};
use crate::value::{self, Nulls, is_nothing};
use crate::{AttrRef, Error, GROUP, Mode, Object, Path};

pub use apply::apply;
pub(crate) use members::list;
pub use members::{MemberChange, split_members};

/// The URN of the PATCH message schema.
pub const PATCH_URN: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// Most operations in one request.
pub const MAX_OPERATIONS: usize = 1_000;
/// Most comparisons of values that one request may take. Operations on lists compare every value with every other.
pub const MAX_COMPARISONS: usize = 4_000_000;

/// What to do at a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names are the RFC's")]
pub enum PatchOp {
    Add,
    Remove,
    Replace,
}

/// One step of a PATCH, ready to apply.
#[derive(Clone, PartialEq, Debug)]
pub struct Operation {
    /// What to do.
    pub op: PatchOp,
    /// Where.
    pub path: Path,
    /// With what, in canonical form: a list for a whole multi-valued attribute (of ids, if it is `members`), an object
    /// for a complex one (a `null` part unassigns it), else a simple value. Always there but with [`PatchOp::Remove`], where a list means "only
    /// these values" and an empty list nothing at all.
    pub value: Option<Value>,
}

/// Reads a PATCH body.
///
/// [`Mode::Tolerant`] takes `op` and `Operations` in any case, a missing `schemas`, operations without a path (their
/// keys may be dotted or carry a URN; keys that only the server writes are ignored), and `null` for "remove".
/// [`Mode::Strict`] refuses these.
pub fn parse_patch(mut body: Object, rt: &ResourceType, mode: Mode) -> Result<Vec<Operation>, Error> {
    let is_patch = |urn: &Value| urn.as_str().is_some_and(|urn| urn.eq_ignore_ascii_case(PATCH_URN));
    let right_schema = match take(&mut body, "schemas", mode) {
        Some(Value::Array(urns)) => urns.iter().any(is_patch),
        Some(Value::String(_)) | None => !mode.is_strict(),
        Some(_) => false,
    };
    if !right_schema {
        return Err(Error::invalid_syntax(format!("schemas must contain {PATCH_URN}")));
    }
    let Some(Value::Array(operations)) = take(&mut body, "Operations", mode) else {
        return Err(Error::invalid_syntax("Operations must be a list"));
    };
    if operations.is_empty() {
        return Err(Error::invalid_syntax("Operations is empty"));
    }
    if operations.len() > MAX_OPERATIONS {
        let detail = format!("{} operations; the limit is {MAX_OPERATIONS}", operations.len());
        return Err(Error::too_many(detail));
    }
    let mut reader = Reader { rt, mode, out: Vec::with_capacity(operations.len()) };
    for (i, operation) in operations.into_iter().enumerate() {
        reader.operation(operation).map_err(|error| error.within(&format!("operation {}", i + 1)))?;
    }
    Ok(reader.out)
}

/// Takes the first value under a name out of an object; [`Mode::Tolerant`] finds it in any case.
pub(crate) fn take(object: &mut Object, name: &str, mode: Mode) -> Option<Value> {
    let fits = |key: &str| if mode.is_strict() { key == name } else { key.eq_ignore_ascii_case(name) };
    let key = object.keys().find(|key| fits(key))?.clone();
    object.shift_remove(&key)
}

struct Reader<'a> {
    rt: &'a ResourceType,
    mode: Mode,
    out: Vec<Operation>,
}

impl Reader<'_> {
    fn operation(&mut self, operation: Value) -> Result<(), Error> {
        let Value::Object(mut operation) = operation else {
            return Err(Error::invalid_syntax("an operation must be an object"));
        };
        let mode = self.mode;
        let op = self.op(take(&mut operation, "op", mode))?;
        let value = take(&mut operation, "value", mode);
        let path = match take(&mut operation, "path", mode) {
            None | Some(Value::Null) => None,
            Some(Value::String(path)) if !mode.is_strict() && self.is_everything(path.trim()) => None,
            Some(Value::String(path)) => Some(Path::parse(&path, self.rt, mode)?),
            Some(_) => return Err(Error::invalid_path("path must be a string")),
        };
        if op != PatchOp::Remove && value.is_none() {
            return Err(Error::invalid_value("value is missing"));
        }
        match path {
            Some(Path::Extension(schema)) if op != PatchOp::Remove => {
                if mode.is_strict() && op == PatchOp::Replace {
                    self.push(PatchOp::Remove, Path::Extension(schema), None);
                }
                self.extension(op, schema, value.unwrap_or_default())
            }
            Some(path) => self.at(op, path, value),
            None if op == PatchOp::Remove => Err(Error::no_target("a remove needs a path")),
            None if mode.is_strict() => Err(Error::invalid_syntax("path is missing")),
            None => match value {
                Some(Value::Object(parts)) => self.parts(op, parts),
                _ => Err(Error::invalid_value("without a path, value must be an object")),
            },
        }
    }

    /// A path that names no attribute: none at all, or the URN that all attributes are below anyway.
    fn is_everything(&self, path: &str) -> bool {
        path.is_empty() || path.eq_ignore_ascii_case(self.rt.schema.urn)
    }

    fn op(&self, op: Option<Value>) -> Result<PatchOp, Error> {
        let Some(Value::String(name)) = op else { return Err(Error::invalid_syntax("op is missing")) };
        let known = [("add", PatchOp::Add), ("remove", PatchOp::Remove), ("replace", PatchOp::Replace)];
        let fits = |n: &str| if self.mode.is_strict() { n == name } else { n.eq_ignore_ascii_case(&name) };
        match known.into_iter().find(|(n, _)| fits(n)) {
            Some((_, op)) => Ok(op),
            None => Err(Error::invalid_syntax(format!(
                "op must be add, remove or replace, not \"{}\"",
                excerpt(&name)
            ))),
        }
    }

    fn push(&mut self, op: PatchOp, path: Path, value: Option<Value>) {
        self.out.push(Operation { op, path, value });
    }

    /// The value of an operation without a path.
    fn parts(&mut self, op: PatchOp, parts: Object) -> Result<(), Error> {
        for (key, value) in parts {
            let value = match value {
                Value::Object(parts) if key.eq_ignore_ascii_case(self.rt.schema.urn) => {
                    self.parts(op, parts)?;
                    continue;
                }
                value => value,
            };
            match Path::parse(&key, self.rt, self.mode) {
                Ok(Path::Extension(schema)) => self.extension(op, schema, value)?,
                Ok(path) => self.part(op, path, value)?,
                // What reads like a path must be a right one; anything else is a name of the client's own.
                Err(error) if key.contains('[') || resolve(self.rt, &key, self.mode).is_some() => {
                    return Err(error);
                }
                Err(_) => {
                    let path = Path::Unknown(Foreign { urn: None, name: key, sub: None });
                    self.part(op, path, value)?;
                }
            }
        }
        Ok(())
    }

    /// Everything below the URN of an extension.
    fn extension(&mut self, op: PatchOp, schema: &'static Schema, value: Value) -> Result<(), Error> {
        let parts = match value {
            Value::Object(parts) => parts,
            Value::Null if !self.mode.is_strict() => {
                self.push(PatchOp::Remove, Path::Extension(schema), None);
                return Ok(());
            }
            _ => return Err(Error::invalid_value(format!("{} must be an object", schema.urn))),
        };
        for (name, value) in parts {
            if schema.is_named_by(&name, &value) {
                continue;
            }
            let path = match schema.attribute(&name) {
                Some(attribute) => Path::Attr(AttrRef { schema, attribute, sub: None }),
                None if self.mode.is_strict() => {
                    let detail = format!("\"{}\" is not an attribute of {}", excerpt(&name), schema.urn);
                    return Err(Error::invalid_path(detail));
                }
                None => {
                    Path::parse(&format!("{}:{name}", schema.urn), self.rt, self.mode).unwrap_or_else(|_| {
                        Path::Unknown(Foreign { urn: Some(schema.urn.to_owned()), name, sub: None })
                    })
                }
            };
            self.part(op, path, value)?;
        }
        Ok(())
    }

    /// A key of a value object: what only the server writes is ignored rather than refused.
    fn part(&mut self, op: PatchOp, path: Path, value: Value) -> Result<(), Error> {
        if path.attr().is_some_and(|attr| attr.attribute.is_read_only() || attr.leaf().is_read_only()) {
            return Ok(());
        }
        self.at(op, path, Some(value))
    }

    fn at(&mut self, op: PatchOp, path: Path, value: Option<Value>) -> Result<(), Error> {
        if let Some(value) = &value {
            value::check_texts(value)?;
        }
        let Some(attr) = path.attr() else {
            self.unknown(op, path, value);
            return Ok(());
        };
        let leaf = match path {
            Path::Element { sub: Some(sub), .. } => sub,
            _ => attr.leaf(),
        };
        if attr.attribute.is_read_only() || leaf.is_read_only() {
            let name = if leaf.is_read_only() && !std::ptr::eq(leaf, attr.leaf()) {
                format!("{attr}.{}", leaf.name)
            } else {
                attr.key()
            };
            return Err(Error::mutability(format!("{name} is read-only")));
        }
        if attr.attribute.mutability == Mutability::WriteOnly {
            return if self.mode.is_strict() {
                Err(Error::invalid_value(format!("{attr} is not accepted")))
            } else {
                Ok(())
            };
        }
        if attr.attribute.name == "schemas" {
            // Derived from what is there.
            return match op {
                PatchOp::Remove => Err(Error::mutability("schemas is required")),
                PatchOp::Add | PatchOp::Replace => Ok(()),
            };
        }
        let of_element = attr.attribute.multi_valued && !std::ptr::eq(leaf, attr.attribute);
        if of_element && leaf.mutability == Mutability::Immutable {
            let detail =
                format!("{}.{} cannot be changed: add or remove the value", attr.attribute.name, leaf.name);
            return Err(Error::mutability(detail));
        }
        if of_element && matches!(path, Path::Attr(_)) && self.mode.is_strict() {
            return Err(Error::invalid_path(format!("{attr}: say which values, as in [type eq \"work\"]")));
        }
        if op != PatchOp::Remove && matches!(path, Path::Element { sub: None, .. }) && self.mode.is_strict() {
            let detail = format!("{attr}: say what of the values is set, as in [type eq \"work\"].value");
            return Err(Error::invalid_path(detail));
        }
        match (op, value) {
            // "Remove nothing in particular" is not "remove all".
            (PatchOp::Remove, Some(Value::Null))
                if self.rt.is_sticky(leaf) && matches!(path, Path::Attr(_)) =>
            {
                Ok(())
            }
            (PatchOp::Remove, value) => self.remove(path, attr, value),
            (_, Some(Value::Null) | None) if self.mode.is_strict() => {
                Err(Error::invalid_value(format!("{attr} is null")))
            }
            (_, Some(Value::Null) | None) if self.rt.is_sticky(leaf) => Ok(()),
            (_, Some(Value::Null) | None) => self.remove(path, attr, None),
            (_, Some(value)) => self.set(op, path, attr, leaf, value),
        }
    }

    fn remove(&mut self, path: Path, attr: AttrRef, value: Option<Value>) -> Result<(), Error> {
        let whole = matches!(path, Path::Attr(AttrRef { sub: None, .. }));
        if whole && attr.attribute.required {
            return Err(Error::mutability(format!("{attr} is required")));
        }
        // A value says which ones; without it, all. `null` is how some serializers write "no value".
        let only = match value.filter(|value| whole && attr.attribute.multi_valued && !value.is_null()) {
            Some(value) => Some(Value::Array(elements(attr.attribute, &attr.key(), value, Mode::Tolerant)?)),
            None => None,
        };
        self.push(PatchOp::Remove, path, only);
        Ok(())
    }

    fn set(
        &mut self,
        op: PatchOp,
        path: Path,
        attr: AttrRef,
        leaf: &'static Attribute,
        value: Value,
    ) -> Result<(), Error> {
        let key = attr.key();
        let canonical = match &path {
            Path::Attr(AttrRef { sub: None, attribute, .. }) if attribute.multi_valued => {
                let says_none = value.as_array().is_some_and(Vec::is_empty);
                let values = if op == PatchOp::Add && !value.is_array() {
                    // A single value may be added without a list around it in either mode.
                    Value::Array(vec![value])
                } else {
                    value
                };
                let elements = elements(leaf, &key, values, self.mode)?;
                if elements.is_empty() && !says_none {
                    // Only an empty list says "none"; a list of nothings says nothing.
                    return Ok(());
                }
                Some(Value::Array(elements))
            }
            _ if leaf.kind == Kind::Complex => {
                Some(Value::Object(value::complex(leaf, &key, value, self.mode, Nulls::Keep)?))
            }
            _ => value::scalar(leaf, &key, value, self.mode)?,
        };
        match canonical {
            Some(canonical) => self.push(op, path, Some(canonical)),
            None if self.rt.is_sticky(leaf) => {}
            None if leaf.required => return Err(Error::invalid_value(format!("{key} is required"))),
            None => self.push(PatchOp::Remove, path, None),
        }
        Ok(())
    }

    fn unknown(&mut self, op: PatchOp, path: Path, value: Option<Value>) {
        match (op, path, value) {
            (PatchOp::Remove, path, value) => {
                let only = value.filter(|value| !value.is_null()).map(|value| match value {
                    Value::Array(values) => Value::Array(values),
                    single => Value::Array(vec![single]),
                });
                self.push(PatchOp::Remove, path, only);
            }
            (_, path, None) => self.push(PatchOp::Remove, path, None),
            (_, path, Some(value)) if is_nothing(&value) => self.push(PatchOp::Remove, path, None),
            // An object under an unknown URN is an extension, not an attribute of one.
            (op, Path::Unknown(Foreign { urn: Some(urn), name, sub: None }), Some(value))
                if value.is_object() && self.rt.schema_of(&urn).is_none() =>
            {
                let path = Path::Unknown(Foreign { urn: None, name: format!("{urn}:{name}"), sub: None });
                self.push(op, path, Some(value));
            }
            (op, path, Some(value)) => self.push(op, path, Some(value)),
        }
    }
}

/// The ids in the value of `members`, each once, with everything else about them checked.
pub(crate) fn checked_list(value: Value, mode: Mode) -> Result<Vec<String>, Error> {
    match GROUP.top_level("members") {
        Some(members) => list(Value::Array(elements(members, members.name, value, mode)?)),
        None => list(value),
    }
}

/// The elements of a list. Of members the ids, taken one by one: they come by the hundred thousand.
fn elements(attribute: &Attribute, key: &str, value: Value, mode: Mode) -> Result<Vec<Value>, Error> {
    let members = match value {
        Value::Array(members) if value::is_set(attribute) => members,
        single if value::is_set(attribute) && !mode.is_strict() => vec![single],
        value => return value::list(attribute, key, value, mode),
    };
    let mut ids = Vec::with_capacity(members.len());
    for member in members {
        if !mode.is_strict() && member.as_str().is_some_and(|id| (1..=value::MAX_TEXT).contains(&id.len())) {
            ids.push(Value::String(members::id(member)?));
            continue;
        }
        for member in value::list(attribute, key, Value::Array(vec![member]), mode)? {
            ids.push(Value::String(members::id(member)?));
        }
    }
    Ok(ids)
}
