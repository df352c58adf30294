//! `bulkId:x`, which stands for the id of what the operation `x` makes (RFC 7644 §3.7.2).
//!
//! It may be the whole of a text anywhere in `data`, the last segment of an operation's path or of a URI in `data`, and a
//! quoted value in the path of a PATCH, as in `members[value eq "bulkId:x"]`.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::{Method, Operation};
use crate::error::excerpt;
use crate::patch::PATCH_URN;
use crate::{Error, Object};

const MARK: &str = "bulkId:";
const QUOTED: &str = "\"bulkId:";

/// What came of the resources that the operations of one request make.
#[derive(Clone, Debug)]
pub struct Ids(HashMap<String, State>);

#[derive(Clone, PartialEq, Debug)]
enum State {
    Pending,
    Made(String),
    Failed,
}

/// What a resource is to get as soon as everything that it refers to is there.
#[derive(Clone, PartialEq, Debug)]
pub struct Later(Vec<(String, Value)>);

impl Ids {
    /// Nothing is made yet.
    pub fn of(operations: &[Operation]) -> Ids {
        let posts = operations.iter().filter(|operation| operation.method == Method::Post);
        Ids(posts.filter_map(|post| Some((post.bulk_id.clone()?, State::Pending))).collect())
    }

    /// The operation has made a resource with this id.
    pub fn made(&mut self, operation: &Operation, id: &str) {
        self.set(operation, State::Made(id.to_owned()));
    }

    /// The operation has made nothing.
    pub fn failed(&mut self, operation: &Operation) {
        self.set(operation, State::Failed);
    }

    fn set(&mut self, operation: &Operation, state: State) {
        if let Some(known) = operation.bulk_id.as_ref().and_then(|name| self.0.get_mut(name)) {
            *known = state;
        }
    }

    /// True for an operation that refers to what is not there yet.
    pub fn is_waiting(&self, operation: &Operation) -> bool {
        operation.data.values().any(|value| self.waits(value))
    }

    /// The operation with ids in place of references: 400 `invalidValue` for a name that no operation has, 409 for what
    /// could not be made.
    pub fn resolve(&self, operation: &Operation) -> Result<Operation, Error> {
        self.with(operation, operation.data.clone())
    }

    /// The operation with other data, and with ids in place of references.
    fn with(&self, operation: &Operation, mut data: Object) -> Result<Operation, Error> {
        let path = self.path(operation)?;
        for value in data.values_mut() {
            self.within(value)?;
        }
        let Operation { method, bulk_id, version, .. } = operation;
        Ok(Operation { method: *method, path, bulk_id: bulk_id.clone(), version: version.clone(), data })
    }

    /// The operation's path, like [`Ids::resolve`].
    pub fn path(&self, operation: &Operation) -> Result<String, Error> {
        let path = &operation.path;
        let Some(name) = in_path(path) else { return Ok(path.clone()) };
        Ok(format!("{}{}", &path[..path.rfind('/').map_or(0, |slash| slash + 1)], self.id(&name)?))
    }

    /// Like [`Ids::resolve`], for a POST that refers to what is not there yet: without that, and what to add later.
    pub fn shell(&self, operation: &Operation) -> Result<(Operation, Later), Error> {
        let mut later = Vec::new();
        let mut shell = Object::new();
        for (key, value) in &operation.data {
            match value {
                Value::Object(parts) if key.contains(':') => {
                    let mut kept = Object::new();
                    for (name, value) in parts {
                        self.split(format!("{key}:{name}"), name, value, &mut kept, &mut later);
                    }
                    if !kept.is_empty() {
                        shell.insert(key.clone(), Value::Object(kept));
                    }
                }
                value => self.split(key.clone(), key, value, &mut shell, &mut later),
            }
        }
        Ok((self.with(operation, shell)?, Later(later)))
    }

    /// Divides an attribute into what can be said now and what cannot.
    fn split(
        &self,
        path: String,
        name: &str,
        value: &Value,
        kept: &mut Object,
        later: &mut Vec<(String, Value)>,
    ) {
        match value {
            Value::Array(elements) if self.waits(value) => {
                let (wait, ready): (Vec<Value>, Vec<Value>) =
                    elements.iter().cloned().partition(|element| self.waits(element));
                later.push((path, Value::Array(wait)));
                if !ready.is_empty() {
                    kept.insert(name.to_owned(), Value::Array(ready));
                }
            }
            value if self.waits(value) => later.push((path, value.clone())),
            value => {
                kept.insert(name.to_owned(), value.clone());
            }
        }
    }

    fn waits(&self, value: &Value) -> bool {
        let mut waits = false;
        each_text(value, &mut |text| {
            waits |= names(text).iter().any(|name| self.0.get(*name) == Some(&State::Pending));
        });
        waits
    }

    fn id(&self, name: &str) -> Result<&str, Error> {
        match self.0.get(name) {
            Some(State::Made(id)) => Ok(id),
            Some(State::Failed | State::Pending) => Err(Error::status(
                409,
                format!("what bulkId \"{}\" stands for could not be made", excerpt(name)),
            )),
            None => Err(Error::invalid_value(format!("no POST here has the bulkId \"{}\"", excerpt(name)))),
        }
    }

    fn within(&self, value: &mut Value) -> Result<(), Error> {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(values) => values.iter_mut().try_for_each(|value| self.within(value)),
            Value::Object(parts) => parts.values_mut().try_for_each(|value| self.within(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
        }
    }

    /// Whoever writes nothing but a reference means one; elsewhere, only a name that there is.
    fn text(&self, text: &mut String) -> Result<(), Error> {
        if let Some(name) = text.strip_prefix(MARK) {
            let id = self.id(name)?.to_owned();
            *text = id;
            return Ok(());
        }
        if let Some((start, name)) = text.rsplit_once("/bulkId:") {
            if self.0.contains_key(name) {
                *text = format!("{start}/{}", self.id(name)?);
            }
            return Ok(());
        }
        if !text.contains(QUOTED) {
            return Ok(());
        }
        let mut resolved = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once(QUOTED) {
            resolved.push_str(before);
            let name = after.split('"').next().unwrap_or_default();
            if self.0.contains_key(name) {
                resolved.push('"');
                resolved.push_str(self.id(name)?);
                rest = &after[name.len()..];
            } else {
                resolved.push_str(QUOTED);
                rest = after;
            }
        }
        resolved.push_str(rest);
        *text = resolved;
        Ok(())
    }
}

impl Later {
    /// True if nothing is left to add.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The PATCH of the resource at `path` that adds it, with references still in it.
    pub fn patch(&self, path: String) -> Operation {
        let operations: Vec<Value> =
            self.0.iter().map(|(path, value)| json!({ "op": "add", "path": path, "value": value })).collect();
        let body = [("schemas", json!([PATCH_URN])), ("Operations", Value::Array(operations))];
        let data = body.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        Operation { method: Method::Patch, path, bulk_id: None, version: None, data }
    }
}

/// The names that an operation refers to.
pub(super) fn referred(operation: &Operation) -> Vec<String> {
    let mut all: Vec<String> = in_path(&operation.path).into_iter().collect();
    for value in operation.data.values() {
        each_text(value, &mut |text| all.extend(names(text).into_iter().map(str::to_owned)));
    }
    all
}

/// The name that stands in place of an id at the end of an operation's path.
fn in_path(path: &str) -> Option<String> {
    let last = path.rsplit('/').next()?;
    let decoded = percent_decode_str(last).decode_utf8().ok()?;
    decoded.strip_prefix(MARK).map(str::to_owned)
}

fn each_text(value: &Value, seen: &mut dyn FnMut(&str)) {
    match value {
        Value::String(text) => seen(text),
        Value::Array(values) => values.iter().for_each(|value| each_text(value, seen)),
        Value::Object(parts) => parts.values().for_each(|value| each_text(value, seen)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The names in one text.
fn names(text: &str) -> Vec<&str> {
    if !text.contains(MARK) {
        return Vec::new();
    }
    if let Some(name) = text.strip_prefix(MARK) {
        return vec![name];
    }
    if let Some((_, name)) = text.rsplit_once("/bulkId:") {
        return vec![name];
    }
    text.split(QUOTED).skip(1).map(|rest| rest.split('"').next().unwrap_or_default()).collect()
}
