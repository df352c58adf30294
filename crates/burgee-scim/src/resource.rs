//! Bodies of POST and PUT (RFC 7644 §3.3, §3.5.1).

use serde_json::Value;

use crate::attr::{Resolved, resolve};
use crate::error::excerpt;
use crate::patch;
use crate::schema::{Attribute, Kind, Mutability, ResourceType, Schema};
use crate::value::{self, is_nothing};
use crate::{Error, Mode, Object};

/// Most bytes of unknown attributes in one resource, as JSON.
pub const MAX_EXTRAS: usize = 64 * 1024;

/// Makes the body of a POST or PUT canonical.
///
/// Canonical: attribute names in their own spelling, checked (in [`Mode::Tolerant`] coerced) types, no `null` and
/// nothing empty, at most one primary value per attribute, `schemas` naming exactly what is there, nothing that only
/// the server writes, no password. Unknown attributes stay as they are ([`Mode::Strict`]: 400 `invalidSyntax`).
/// Accepting a canonical resource changes nothing. An explicit `members: []` survives, because in a PUT it means
/// something else than no `members`.
///
/// Errors: 400 `invalidSyntax` for an empty body or wrong `schemas`, 400 `invalidValue` for a value that is mistyped, too
/// long or missing though required.
pub fn accept(rt: &ResourceType, body: &Object, mode: Mode) -> Result<Object, Error> {
    canonical(rt, body.clone(), mode)
}

fn canonical(rt: &ResourceType, body: Object, mode: Mode) -> Result<Object, Error> {
    if body.is_empty() {
        return Err(Error::invalid_syntax("the body is empty"));
    }
    let declared = body.iter().find(|(key, _)| key.eq_ignore_ascii_case("schemas")).map(|(_, value)| value);
    let declared = declared_schemas(rt, declared, mode)?;
    let mut acceptor = Acceptor { rt, mode, out: Object::from_iter([("schemas".to_owned(), Value::Null)]) };
    for (key, value) in body {
        acceptor.top_level(&key, value)?;
    }
    let mut resource = acceptor.out;
    finish(rt, &mut resource)?;
    if mode.is_strict() {
        let present = resource.get("schemas").and_then(Value::as_array).into_iter().flatten();
        for urn in present.filter_map(Value::as_str) {
            if !declared.iter().any(|d| d.eq_ignore_ascii_case(urn)) {
                return Err(Error::invalid_syntax(format!("schemas does not name {urn}")));
            }
        }
    }
    for attribute in rt.schema.attributes.iter().filter(|attribute| attribute.required) {
        if !resource.contains_key(attribute.name) {
            return Err(Error::invalid_value(format!("{} is required", attribute.name)));
        }
    }
    Ok(resource)
}

/// What a PUT of `body` makes of `current`: the body, [`accept`]ed, plus what a PUT cannot take away.
///
/// That is everything that only the server writes, immutable attributes (a different value is 400 `mutability`), and
/// [`ResourceType::sticky`] attributes that the body does not mention. In [`Mode::Strict`], an `id` that is not the
/// resource's is 400 `invalidValue`.
pub fn replace(rt: &ResourceType, current: &Object, body: Object, mode: Mode) -> Result<Object, Error> {
    if mode.is_strict()
        && let (Some(id), Some(sent)) = (current.get("id"), body.get("id"))
        && id != sent
    {
        return Err(Error::invalid_value("id is not the id of this resource"));
    }
    let mut resource = canonical(rt, body, mode)?;
    for (_, attribute) in rt.attributes().filter(|(schema, _)| !schema.extension) {
        let Some(old) = current.get(attribute.name) else { continue };
        let new = resource.get(attribute.name);
        let immutable = attribute.mutability == Mutability::Immutable;
        if immutable && new.is_some_and(|new| new != old) {
            return Err(Error::mutability(format!("{} cannot be changed", attribute.name)));
        }
        let sticky = rt.is_sticky(attribute) && !(attribute.multi_valued && mode.is_strict());
        if new.is_none() && (immutable || attribute.is_read_only() || sticky) {
            resource.insert(attribute.name.to_owned(), old.clone());
        }
    }
    Ok(resource)
}

/// Takes `members` out of the body of a group, by id; `None` if it is not there or `null`, so that absent never means empty.
/// If it is there in several spellings, the last counts; [`Mode::Strict`] refuses that, and members that are no objects.
///
/// Call it before or after [`accept`].
pub fn take_members(body: &mut Object, mode: Mode) -> Result<Option<Vec<String>>, Error> {
    let mut found = None;
    while let Some(key) = body.keys().find(|key| key.eq_ignore_ascii_case("members")).cloned() {
        if mode.is_strict() && found.is_some() {
            return Err(Error::invalid_syntax("members appears twice"));
        }
        found = body.shift_remove(&key);
    }
    match found {
        None | Some(Value::Null) => Ok(None),
        Some(value) if mode.is_strict() => patch::checked_list(value, mode).map(Some),
        Some(value) => patch::list(value).map(Some),
    }
}

/// The URNs that the body says it uses (RFC 7643 §3).
fn declared_schemas(rt: &ResourceType, declared: Option<&Value>, mode: Mode) -> Result<Vec<String>, Error> {
    let values = match declared {
        Some(Value::Array(values)) => values.as_slice(),
        Some(single @ Value::String(_)) if !mode.is_strict() => std::slice::from_ref(single),
        None | Some(Value::Null) => &[],
        Some(_) => return Err(Error::invalid_syntax("schemas must be a list of URNs")),
    };
    if values.is_empty() && !mode.is_strict() {
        return Ok(Vec::new());
    }
    let mut urns = Vec::new();
    for value in values {
        let Value::String(urn) = value else {
            return Err(Error::invalid_syntax("schemas must be a list of URNs"));
        };
        if mode.is_strict() && rt.schema_of(urn).is_none() {
            return Err(Error::invalid_syntax(format!(
                "\"{}\" is not a schema of {}",
                excerpt(urn),
                rt.name
            )));
        }
        urns.push(urn.clone());
    }
    if !urns.iter().any(|urn| urn.eq_ignore_ascii_case(rt.schema.urn)) {
        return Err(Error::invalid_syntax(format!("schemas must contain {}", rt.schema.urn)));
    }
    Ok(urns)
}

struct Acceptor<'a> {
    rt: &'a ResourceType,
    mode: Mode,
    out: Object,
}

impl Acceptor<'_> {
    fn top_level(&mut self, key: &str, mut value: Value) -> Result<(), Error> {
        if let Some(attribute) = self.rt.top_level(key) {
            return self.attribute(self.rt.schema, attribute, value);
        }
        if let Some(schema) = self.rt.schema_of(key).filter(|schema| schema.extension) {
            return self.extension(schema, value);
        }
        if self.mode.is_strict() {
            let detail = format!("\"{}\" is not an attribute of {}", excerpt(key), self.rt.name);
            return Err(Error::invalid_syntax(detail));
        }
        if key.eq_ignore_ascii_case(self.rt.schema.urn)
            && let Some(parts) = value.as_object_mut()
        {
            return std::mem::take(parts)
                .into_iter()
                .try_for_each(|(key, value)| self.top_level(&key, value));
        }
        if key.contains(['.', ':'])
            && let Some(Resolved::Known(attr)) = resolve(self.rt, key, self.mode)
        {
            match attr.sub {
                None => return self.attribute(attr.schema, attr.attribute, value),
                Some(sub) if !attr.attribute.multi_valued => {
                    let part = Value::Object(Object::from_iter([(sub.name.to_owned(), value)]));
                    return self.attribute(attr.schema, attr.attribute, part);
                }
                Some(_) => {}
            }
        }
        self.unknown(None, key, value)
    }

    fn extension(&mut self, schema: &'static Schema, value: Value) -> Result<(), Error> {
        let attributes = match value {
            Value::Object(attributes) => attributes,
            Value::Null => return Ok(()),
            _ => return Err(Error::invalid_value(format!("{} must be an object", schema.urn))),
        };
        for (name, value) in attributes {
            match schema.attribute(&name) {
                Some(attribute) => self.attribute(schema, attribute, value)?,
                None if schema.is_named_by(&name, &value) => {}
                None if self.mode.is_strict() => {
                    let detail = format!("\"{}\" is not an attribute of {}", excerpt(&name), schema.urn);
                    return Err(Error::invalid_syntax(detail));
                }
                None => self.unknown(Some(schema), &name, value)?,
            }
        }
        Ok(())
    }

    fn attribute(
        &mut self,
        schema: &'static Schema,
        attribute: &'static Attribute,
        value: Value,
    ) -> Result<(), Error> {
        let name = attribute.name;
        match attribute.mutability {
            Mutability::WriteOnly if self.mode.is_strict() => {
                return Err(Error::invalid_value(format!("{name} is not accepted")));
            }
            Mutability::ReadOnly | Mutability::WriteOnly => return Ok(()),
            Mutability::ReadWrite | Mutability::Immutable => {}
        }
        if name == "schemas" {
            return Ok(());
        }
        let clears = attribute.multi_valued
            && self.rt.is_sticky(attribute)
            && value.as_array().is_some_and(Vec::is_empty);
        let canonical = match value::any(attribute, name, value, self.mode)? {
            Some(canonical) => canonical,
            None if clears => Value::Array(Vec::new()),
            None => return Ok(()),
        };
        let strict = self.mode.is_strict();
        let home = home(&mut self.out, schema);
        match (home.get_mut(name), canonical) {
            (Some(_), _) if strict => Err(Error::invalid_syntax(format!("{name} appears twice"))),
            // `name` next to `name.givenName`.
            (Some(Value::Object(old)), Value::Object(new)) => {
                old.extend(new);
                Ok(())
            }
            (_, canonical) => {
                home.insert(name.to_owned(), canonical);
                Ok(())
            }
        }
    }

    fn unknown(&mut self, schema: Option<&'static Schema>, key: &str, value: Value) -> Result<(), Error> {
        if is_nothing(&value) {
            return Ok(());
        }
        value::check_text(key)?;
        value::check_texts(&value)?;
        let home = home(&mut self.out, schema.unwrap_or(self.rt.schema));
        home.insert(key.to_owned(), value);
        Ok(())
    }
}

/// The object that the attributes of a schema live in.
pub(crate) fn home<'o>(resource: &'o mut Object, schema: &Schema) -> &'o mut Object {
    if schema.extension { object_at(resource, schema.urn) } else { resource }
}

/// The object under a key, made if there is none.
pub(crate) fn object_at<'o>(parent: &'o mut Object, key: &str) -> &'o mut Object {
    let slot = parent.entry(key).or_insert_with(|| Value::Object(Object::new()));
    if !slot.is_object() {
        *slot = Value::Object(Object::new());
    }
    match slot {
        Value::Object(object) => object,
        _ => unreachable!("made an object just above"),
    }
}

/// What must hold of every canonical resource as a whole: a truthful `schemas`, and bounded lists and extras.
pub(crate) fn finish(rt: &ResourceType, resource: &mut Object) -> Result<(), Error> {
    for schema in rt.extensions {
        if resource.get(schema.urn).is_some_and(is_nothing) {
            resource.shift_remove(schema.urn);
        }
    }
    let extensions = rt.extensions.iter().map(|schema| schema.urn).filter(|urn| resource.contains_key(*urn));
    let foreign = resource
        .iter()
        .filter(|(key, value)| key.contains(':') && value.is_object() && rt.schema_of(key).is_none());
    let urns: Vec<Value> = std::iter::once(rt.schema.urn)
        .chain(extensions)
        .chain(foreign.map(|(key, _)| key.as_str()))
        .map(Value::from)
        .collect();
    resource.insert("schemas".to_owned(), Value::Array(urns));

    let mut extras = Extras::default();
    for (key, value) in &*resource {
        if let Some(attribute) = rt.top_level(key) {
            extras.within(attribute, value)?;
        } else if let (Some(schema), Value::Object(parts)) = (rt.schema_of(key), value) {
            for (name, value) in parts {
                match schema.attribute(name) {
                    Some(attribute) => extras.within(attribute, value)?,
                    None => extras.add(name, value),
                }
            }
        } else {
            extras.add(key, value);
        }
    }
    if extras.bytes > MAX_EXTRAS {
        let detail = format!("unknown attributes take {} bytes; the limit is {MAX_EXTRAS}", extras.bytes);
        return Err(Error::invalid_value(detail));
    }
    Ok(())
}

/// Counts the bytes of what the schemas do not know.
#[derive(Default)]
struct Extras {
    bytes: usize,
}

impl Extras {
    fn within(&mut self, attribute: &Attribute, value: &Value) -> Result<(), Error> {
        if attribute.kind != Kind::Complex || attribute.is_read_only() {
            return Ok(());
        }
        let elements = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        value::check_count(attribute, elements.len())?;
        for (name, value) in elements.iter().filter_map(Value::as_object).flatten() {
            if attribute.sub(name).is_none() {
                self.add(name, value);
            }
        }
        Ok(())
    }

    fn add(&mut self, name: &str, value: &Value) {
        self.bytes += name.len() + json_len(value);
    }
}

/// Length of a value as compact JSON, up to escapes in texts.
fn json_len(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(number) => number.to_string().len(),
        Value::String(text) => text.len() + 2,
        Value::Array(values) => 2 + values.iter().map(|value| 1 + json_len(value)).sum::<usize>(),
        Value::Object(parts) => {
            2 + parts.iter().map(|(name, value)| name.len() + 4 + json_len(value)).sum::<usize>()
        }
    }
}
