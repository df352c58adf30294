//! Operations on one resource, in order.

use serde_json::Value;

use super::{MAX_COMPARISONS, Operation, PatchOp};
use crate::attr::Foreign;
use crate::filter::matches_element;
use crate::resource::{finish, home, object_at};
use crate::schema::{Attribute, Kind, Mutability, ResourceType};
use crate::value::{is_nothing, is_primary, single_primary};
use crate::{AttrRef, Checked, Error, Mode, Object, Path, fold};

/// Applies operations to a canonical resource, each to the outcome of the one before.
///
/// All or nothing: an error leaves the caller with what it had. Operations that change nothing give back an equal
/// object, so that the caller can tell whether to count a new version. What only the server writes passes through.
/// More than [`MAX_COMPARISONS`] are 400 `tooMany`.
pub fn apply(
    rt: &ResourceType,
    mut resource: Object,
    ops: &[Operation],
    mode: Mode,
) -> Result<Object, Error> {
    let mut work = Work(0);
    for operation in ops {
        step(rt, &mut resource, operation, mode, &mut work)?;
    }
    finish(rt, &mut resource)?;
    Ok(resource)
}

/// Counts comparisons of values.
struct Work(usize);

impl Work {
    /// What one test of a filter takes, in plain comparisons.
    const TEST: usize = 40;

    fn spend(&mut self, these: usize, with_those: usize) -> Result<(), Error> {
        self.0 = self.0.saturating_add(these.saturating_mul(with_those));
        if self.0 > MAX_COMPARISONS {
            return Err(Error::too_many("the operations compare too many values: send fewer at once"));
        }
        Ok(())
    }
}

fn step(
    rt: &ResourceType,
    resource: &mut Object,
    operation: &Operation,
    mode: Mode,
    work: &mut Work,
) -> Result<(), Error> {
    let Operation { op, path, value } = operation;
    let value = value.as_ref();
    match path {
        Path::Extension(schema) => {
            resource.shift_remove(schema.urn);
            Ok(())
        }
        Path::Unknown(foreign) => unknown(rt, resource, *op, foreign, value, work),
        Path::Attr(attr) => {
            let home = home(resource, attr.schema);
            match attr.sub {
                None => whole(home, *attr, *op, value, mode, work),
                Some(sub) if attr.attribute.multi_valued => part_of_each(home, *attr, sub, *op, value, work),
                Some(sub) => {
                    let parts = object_at(home, attr.attribute.name);
                    set_part(parts, attr.attribute, sub, value)?;
                    prune(home, attr.attribute.name);
                    Ok(())
                }
            }
        }
        Path::Element { attr, filter, sub, seed } => {
            let selection = Selection { attr: *attr, filter, sub: *sub, seed, mode };
            selection.apply(home(resource, attr.schema), *op, value, work)
        }
    }
}

/// A whole attribute.
fn whole(
    home: &mut Object,
    attr: AttrRef,
    op: PatchOp,
    value: Option<&Value>,
    mode: Mode,
    work: &mut Work,
) -> Result<(), Error> {
    let attribute = attr.attribute;
    let name = attribute.name;
    let old = home.get(name);
    if attribute.mutability == Mutability::Immutable && old.is_some_and(|old| Some(old) != value) {
        return Err(Error::mutability(format!("{attr} cannot be changed")));
    }
    match (op, value) {
        (PatchOp::Remove, Some(Value::Array(unwanted))) => {
            let elements = elements(home, name);
            work.spend(elements.len(), unwanted.len())?;
            elements.retain(|element| !unwanted.iter().any(|u| is_meant(attribute, u, element)));
        }
        (PatchOp::Remove, _) | (_, None) => {
            home.shift_remove(name);
        }
        (PatchOp::Add, Some(Value::Array(new))) if attribute.multi_valued => {
            append(attribute, elements(home, name), new, work)?;
        }
        (PatchOp::Add, Some(Value::Object(new))) if attribute.kind == Kind::Complex => {
            merge(object_at(home, name), attribute, new)?;
        }
        (PatchOp::Replace, Some(Value::Object(new))) if attribute.kind == Kind::Complex => {
            if mode.is_strict() {
                home.shift_remove(name);
            }
            merge(object_at(home, name), attribute, new)?;
        }
        (_, Some(value)) => {
            home.insert(name.to_owned(), value.clone());
        }
    }
    prune(home, name);
    Ok(())
}

/// `attribute.sub` of a multi-valued attribute: every element, or a new one if there is none and `sub` is its value.
fn part_of_each(
    home: &mut Object,
    attr: AttrRef,
    sub: &'static Attribute,
    op: PatchOp,
    value: Option<&Value>,
    work: &mut Work,
) -> Result<(), Error> {
    let name = attr.attribute.name;
    let elements = elements(home, name);
    work.spend(elements.len(), 1)?;
    if elements.is_empty() && op != PatchOp::Remove {
        if sub.name != "value" {
            prune(home, name);
            return Err(Error::no_target(format!("{name} has no values")));
        }
        elements.push(Value::Object(Object::new()));
    }
    for parts in elements.iter_mut().filter_map(Value::as_object_mut) {
        set_part(parts, attr.attribute, sub, value)?;
    }
    tidy(elements, None);
    prune(home, name);
    Ok(())
}

/// `attribute[filter]` and `attribute[filter].sub`.
struct Selection<'a> {
    attr: AttrRef,
    filter: &'a Checked,
    sub: Option<&'static Attribute>,
    seed: &'a Object,
    mode: Mode,
}

impl Selection<'_> {
    fn apply(
        &self,
        home: &mut Object,
        op: PatchOp,
        value: Option<&Value>,
        work: &mut Work,
    ) -> Result<(), Error> {
        let name = self.attr.attribute.name;
        let elements = elements(home, name);
        work.spend(elements.len(), self.filter.tests() * Work::TEST)?;
        let selected: Vec<usize> =
            (0..elements.len()).filter(|&i| matches_element(self.filter, &elements[i])).collect();
        let outcome = match (op, selected.is_empty()) {
            (_, true) if self.mode.is_strict() => Err(self.nothing_selected()),
            (PatchOp::Remove, true) => Ok(()),
            (_, true) => self.create(op, value).map(|element| {
                elements.push(element);
                tidy(elements, Some(elements.len() - 1));
            }),
            (_, false) => self.change(elements, &selected, op, value),
        };
        prune(home, name);
        outcome
    }

    fn change(
        &self,
        elements: &mut Vec<Value>,
        selected: &[usize],
        op: PatchOp,
        value: Option<&Value>,
    ) -> Result<(), Error> {
        for &i in selected {
            match self.sub {
                None if op == PatchOp::Remove => elements[i] = Value::Null,
                _ => self.write(&mut elements[i], op, value)?,
            }
        }
        tidy(elements, selected.iter().copied().find(|&i| is_primary(&elements[i])));
        Ok(())
    }

    fn write(&self, element: &mut Value, op: PatchOp, value: Option<&Value>) -> Result<(), Error> {
        if self.sub.is_none() && op == PatchOp::Replace && self.mode.is_strict() {
            *element = Value::Object(Object::new());
        }
        let Value::Object(parts) = element else { return Ok(()) };
        match (self.sub, value) {
            (Some(sub), value) => set_part(parts, self.attr.attribute, sub, value),
            (None, Some(Value::Object(new))) => merge(parts, self.attr.attribute, new),
            (None, _) => Ok(()),
        }
    }

    /// A new element that passes the filter, before and after the operation; without such an element the operation
    /// would not mean what it says.
    fn create(&self, op: PatchOp, value: Option<&Value>) -> Result<Value, Error> {
        let mut element = Value::Object(self.seed.clone());
        if self.seed.is_empty() || !matches_element(self.filter, &element) {
            return Err(self.nothing_selected());
        }
        self.write(&mut element, op, value)?;
        if matches_element(self.filter, &element) { Ok(element) } else { Err(self.nothing_selected()) }
    }

    fn nothing_selected(&self) -> Error {
        Error::no_target(format!("no value of {} matches the filter", self.attr))
    }
}

/// Merges parts into a complex value; `null` unassigns.
fn merge(parts: &mut Object, attribute: &Attribute, new: &Object) -> Result<(), Error> {
    // First, because a new value takes what belonged to the old one away.
    let (value, others): (Vec<_>, Vec<_>) = new.iter().partition(|(name, _)| *name == "value");
    for (name, value) in value.into_iter().chain(others) {
        let value = Some(value).filter(|value| !value.is_null());
        match attribute.sub(name) {
            Some(sub) => set_part(parts, attribute, sub, value)?,
            None => match value {
                Some(value) => {
                    parts.insert(name.clone(), value.clone());
                }
                None => {
                    parts.shift_remove(name);
                }
            },
        }
    }
    Ok(())
}

fn set_part(
    parts: &mut Object,
    attribute: &Attribute,
    sub: &'static Attribute,
    value: Option<&Value>,
) -> Result<(), Error> {
    let old = parts.get(sub.name);
    if old == value {
        return Ok(());
    }
    if sub.mutability == Mutability::Immutable && old.is_some() {
        return Err(Error::mutability(format!("{}.{} cannot be changed", attribute.name, sub.name)));
    }
    if sub.name == "value" {
        // The reference and what the server derived from it described the old value.
        parts.shift_remove("$ref");
        for derived in attribute.sub_attributes.iter().filter(|derived| derived.is_read_only()) {
            parts.shift_remove(derived.name);
        }
    }
    match value {
        Some(value) => {
            parts.insert(sub.name.to_owned(), value.clone());
        }
        None => {
            parts.shift_remove(sub.name);
        }
    }
    Ok(())
}

/// Appends what is not there yet: no element with that value (and type, if given), or none that is equal. An element
/// with that value takes over the other parts.
fn append(
    attribute: &Attribute,
    elements: &mut Vec<Value>,
    new: &[Value],
    work: &mut Work,
) -> Result<(), Error> {
    work.spend(elements.len() + new.len() / 2, new.len())?;
    let mut favoured = None;
    for element in new {
        let found = elements.iter().position(|old| match element.get("value") {
            Some(_) => is_meant(attribute, element, old),
            None => element == old,
        });
        if let Some(at) = found {
            if let (Value::Object(parts), Value::Object(new)) = (&mut elements[at], element) {
                let others = new.iter().filter(|(name, _)| !matches!(name.as_str(), "value" | "type"));
                merge(parts, attribute, &others.map(|(k, v)| (k.clone(), v.clone())).collect())?;
            }
        } else {
            elements.push(element.clone());
        }
        let at = found.unwrap_or(elements.len() - 1);
        if favoured.is_none() && is_primary(element) {
            favoured = Some(at);
        }
    }
    single_primary(elements, favoured);
    Ok(())
}

/// Does `given` mean `element`? Values are compared, and types if one is given; without a value, every given part.
fn is_meant(attribute: &Attribute, given: &Value, element: &Value) -> bool {
    let same = |name: &str, given: &Value| match (given, element.get(name)) {
        (Value::String(a), Some(Value::String(b))) => {
            // Folding allocates, and long lists are compared pair by pair.
            let equal = |a: &str, b: &str| {
                if a.is_ascii() && b.is_ascii() { a.eq_ignore_ascii_case(b) } else { fold(a) == fold(b) }
            };
            a == b || (attribute.sub(name).is_some_and(|sub| !sub.case_exact) && equal(a, b))
        }
        (a, b) => Some(a) == b,
    };
    let Value::Object(parts) = given else { return given == element };
    match parts.get("value") {
        Some(value) => same("value", value) && parts.get("type").is_none_or(|kind| same("type", kind)),
        None => !parts.is_empty() && parts.iter().all(|(name, value)| same(name, value)),
    }
}

/// Drops elements that became empty, keeps one primary.
fn tidy(elements: &mut Vec<Value>, favoured: Option<usize>) {
    single_primary(elements, favoured);
    elements.retain(|element| !is_nothing(element));
}

/// The list of a multi-valued attribute, made if there is none.
fn elements<'o>(home: &'o mut Object, name: &str) -> &'o mut Vec<Value> {
    let slot = home.entry(name).or_insert_with(|| Value::Array(Vec::new()));
    if !slot.is_array() {
        *slot = Value::Array(Vec::new());
    }
    match slot {
        Value::Array(elements) => elements,
        _ => unreachable!("made a list just above"),
    }
}

fn prune(home: &mut Object, name: &str) {
    if home.get(name).is_some_and(is_nothing) {
        home.shift_remove(name);
    }
}

/// Attributes that no schema describes: kept as sent, found in any case.
fn unknown(
    rt: &ResourceType,
    resource: &mut Object,
    op: PatchOp,
    foreign: &Foreign,
    value: Option<&Value>,
    work: &mut Work,
) -> Result<(), Error> {
    let Foreign { urn, name, sub } = foreign;
    if let (Some(urn), None) = (urn, sub)
        && op == PatchOp::Remove
    {
        // `urn:a:b` may be an attribute of `urn:a`, or a whole extension.
        let whole = format!("{urn}:{name}");
        let key = spelling(resource, &whole);
        if resource.contains_key(&key) {
            return change_unknown(resource, &key, op, value, work);
        }
    }
    let mut path: Vec<(&str, bool)> = Vec::new();
    path.extend(urn.as_deref().map(|urn| (urn, true)));
    path.push((name, false));
    path.extend(sub.as_deref().map(|sub| (sub, false)));
    change_below(rt, resource, &path, op, value, work)
}

fn change_below(
    rt: &ResourceType,
    parent: &mut Object,
    path: &[(&str, bool)],
    op: PatchOp,
    value: Option<&Value>,
    work: &mut Work,
) -> Result<(), Error> {
    let [(name, is_urn), rest @ ..] = path else { return Ok(()) };
    let key = match rt.schema_of(name).filter(|_| *is_urn) {
        Some(schema) => schema.urn.to_owned(),
        None => canonical_or_spelling(rt, parent, name),
    };
    if rest.is_empty() {
        return change_unknown(parent, &key, op, value, work);
    }
    if op == PatchOp::Remove && !parent.get(&key).is_some_and(Value::is_object) {
        return Ok(());
    }
    change_below(rt, object_at(parent, &key), rest, op, value, work)?;
    prune(parent, &key);
    Ok(())
}

/// `name` of `name.nosuch` is a known attribute with its own spelling.
fn canonical_or_spelling(rt: &ResourceType, parent: &Object, name: &str) -> String {
    let key = spelling(parent, name);
    if parent.contains_key(&key) {
        return key;
    }
    let known = rt.attributes().find(|(_, attribute)| attribute.name.eq_ignore_ascii_case(name));
    known.map_or(key, |(_, attribute)| attribute.name.to_owned())
}

fn spelling(parent: &Object, name: &str) -> String {
    parent.keys().find(|key| key.eq_ignore_ascii_case(name)).map_or_else(|| name.to_owned(), Clone::clone)
}

fn change_unknown(
    parent: &mut Object,
    key: &str,
    op: PatchOp,
    value: Option<&Value>,
    work: &mut Work,
) -> Result<(), Error> {
    let key = spelling(parent, key);
    match (op, value) {
        (PatchOp::Remove, Some(Value::Array(unwanted))) => {
            if let Some(Value::Array(elements)) = parent.get_mut(&key) {
                work.spend(elements.len(), unwanted.len())?;
                elements.retain(|element| !unwanted.iter().any(|u| means_unknown(u, element)));
            } else if !unwanted.is_empty() {
                parent.shift_remove(&key);
            }
        }
        (PatchOp::Remove, _) | (_, None) => {
            parent.shift_remove(&key);
        }
        (op, Some(value)) => match (op, parent.get_mut(&key), value) {
            (_, Some(Value::Object(old)), Value::Object(new)) => {
                old.extend(new.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
            (PatchOp::Add, Some(Value::Array(old)), Value::Array(new)) => {
                work.spend(old.len() + new.len() / 2, new.len())?;
                for element in new {
                    if !old.contains(element) {
                        old.push(element.clone());
                    }
                }
            }
            _ => {
                parent.insert(key.clone(), value.clone());
            }
        },
    }
    prune(parent, &key);
    Ok(())
}

fn means_unknown(given: &Value, element: &Value) -> bool {
    given == element || given.get("value").is_some_and(|value| element.get("value") == Some(value))
}
