//! Bulk requests (RFC 7644 §3.7): many operations in one body, which may refer to resources that other operations make.
//!
//! [`parse`] reads the envelope and refuses what is no bulk request, before anything is done. [`plan`] puts the operations
//! into an order in which each finds what it refers to. [`Ids`] knows what was made so far, and turns an operation into one
//! that could have come alone.

mod plan;
mod references;

use std::collections::HashSet;

use serde_json::Value;

pub use self::plan::plan;
pub use self::references::{Ids, Later};
use crate::error::excerpt;
use crate::patch::take;
use crate::{Error, Mode, Object};

/// The URN of the request message.
pub const REQUEST_URN: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
/// The URN of the response message.
pub const RESPONSE_URN: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";
/// Most operations in one request.
pub const MAX_OPERATIONS: usize = 1_000;
/// Longest `bulkId`, in bytes.
const MAX_BULK_ID: usize = 512;

/// What an operation does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names are HTTP's")]
pub enum Method {
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }
}

/// One operation.
#[derive(Clone, PartialEq, Debug)]
pub struct Operation {
    /// What to do.
    pub method: Method,
    /// Where, below the mount point, as sent.
    pub path: String,
    /// What the client calls it. Every POST has one.
    pub bulk_id: Option<String>,
    /// The version that the client means, like an `If-Match`.
    pub version: Option<String>,
    /// The body; empty if there is none.
    pub data: Object,
}

/// A bulk request.
#[derive(Clone, PartialEq, Debug)]
pub struct Request {
    /// After so many errors, nothing more is done.
    pub fail_on_errors: Option<u64>,
    /// What to do.
    pub operations: Vec<Operation>,
}

/// Reads a bulk request.
///
/// [`Mode::Tolerant`] takes keys and methods in any case and a missing `schemas`. In either mode, 413 for too many
/// operations and 400 `invalidSyntax` for an operation without method or path, a POST without `bulkId`, and a `bulkId`
/// that is there twice.
pub fn parse(mut body: Object, mode: Mode) -> Result<Request, Error> {
    let is_request = |urn: &Value| urn.as_str().is_some_and(|urn| urn.eq_ignore_ascii_case(REQUEST_URN));
    let right_schema = match take(&mut body, "schemas", mode) {
        Some(Value::Array(urns)) => urns.iter().any(is_request),
        None => !mode.is_strict(),
        Some(_) => false,
    };
    if !right_schema {
        return Err(Error::invalid_syntax(format!("schemas must contain {REQUEST_URN}")));
    }
    let fail_on_errors = match take(&mut body, "failOnErrors", mode) {
        None | Some(Value::Null) => None,
        Some(value) => match value.as_u64() {
            Some(errors) if errors > 0 => Some(errors),
            _ => return Err(Error::invalid_syntax("failOnErrors must be a whole number greater than 0")),
        },
    };
    let Some(Value::Array(operations)) = take(&mut body, "Operations", mode) else {
        return Err(Error::invalid_syntax("Operations must be a list"));
    };
    if operations.len() > MAX_OPERATIONS {
        return Err(Error::status(413, format!("There are more than {MAX_OPERATIONS} operations.")));
    }
    let mut names = HashSet::new();
    let mut read = Vec::with_capacity(operations.len());
    for (i, value) in operations.into_iter().enumerate() {
        let at = |error: Error| error.within(&format!("operation {}", i + 1));
        let operation = operation(value, mode).map_err(at)?;
        if let Some(name) = &operation.bulk_id
            && !names.insert(name.clone())
        {
            return Err(at(Error::invalid_syntax(format!("bulkId \"{}\" appears twice", excerpt(name)))));
        }
        read.push(operation);
    }
    Ok(Request { fail_on_errors, operations: read })
}

fn operation(value: Value, mode: Mode) -> Result<Operation, Error> {
    let Value::Object(mut parts) = value else {
        return Err(Error::invalid_syntax("an operation must be an object"));
    };
    let mut text = |name: &str| match take(&mut parts, name, mode) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
        Some(_) => Err(Error::invalid_syntax(format!("{name} must be a text"))),
    };
    let method = text("method")?.ok_or_else(|| Error::invalid_syntax("method is missing"))?;
    let known = [Method::Post, Method::Put, Method::Patch, Method::Delete];
    let Some(method) = known.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(&method)) else {
        let detail = format!("method must be POST, PUT, PATCH or DELETE, not \"{}\"", excerpt(&method));
        return Err(Error::invalid_syntax(detail));
    };
    let path = text("path")?.ok_or_else(|| Error::invalid_syntax("path is missing"))?;
    let bulk_id = text("bulkId")?;
    if bulk_id.as_ref().is_some_and(|name| name.len() > MAX_BULK_ID) {
        return Err(Error::invalid_syntax(format!("bulkId is longer than {MAX_BULK_ID} bytes")));
    }
    if method == Method::Post && bulk_id.is_none() {
        return Err(Error::invalid_syntax("a POST needs a bulkId"));
    }
    let version = text("version")?;
    let data = match take(&mut parts, "data", mode) {
        None | Some(Value::Null) => Object::new(),
        Some(Value::Object(data)) => data,
        Some(_) => return Err(Error::invalid_syntax("data must be an object")),
    };
    Ok(Operation { method, path, bulk_id, version, data })
}
