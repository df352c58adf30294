//! What a request carries: parameters in any spelling, and a JSON object.

use std::fmt::Debug;
use std::num::{IntErrorKind, ParseIntError};

use axum::body::Body;
use axum::http::header;
use burgee_scim::{AttrRef, Error, Mode, Object, Projection, Resolved, ResourceType, body, filter, resolve};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::Value;

use super::fault::Fault;
use super::router::Call;
use crate::provisioning::query::{Query, Sort, Start};

/// The largest body: room for a group of some 200,000 members in one request.
pub(super) const LARGEST: usize = 16 * 1024 * 1024;
/// Resources on a page, if the client does not say.
pub(super) const PAGE: i64 = 100;
/// Resources on a page at most.
pub(super) const LONGEST_PAGE: i64 = 1000;

/// The parameters of RFC 7644 §3.4.2 and §3.9, from a query string or the body of a `.search`.
#[derive(Debug)]
pub(super) struct Parameters {
    filter: Option<String>,
    sort_by: Option<String>,
    descending: bool,
    start_index: Option<i64>,
    count: Option<i64>,
    /// As it came.
    count_text: Option<String>,
    cursor: Option<String>,
    attributes: Option<String>,
    excluded: Option<String>,
    in_body: bool,
    mode: Mode,
}

impl Parameters {
    const fn none(mode: Mode) -> Self {
        Self {
            filter: None,
            sort_by: None,
            descending: false,
            start_index: None,
            count: None,
            count_text: None,
            cursor: None,
            attributes: None,
            excluded: None,
            in_body: false,
            mode,
        }
    }

    /// Reads a query string. Names count in any case; unknown ones are ignored.
    pub(super) fn from_query(query: &str, mode: Mode) -> Result<Self, Error> {
        let mut parameters = Self::none(mode);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            parameters.set(&name, value.into_owned())?;
        }
        parameters.checked()
    }

    /// Reads the body of a `.search`.
    pub(super) fn from_body(body: &Object, mode: Mode) -> Result<Self, Error> {
        let mut parameters = Self { in_body: true, ..Self::none(mode) };
        for (name, value) in body {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => match number.as_i64() {
                    Some(whole) => whole.to_string(),
                    None => number.as_f64().unwrap_or_default().to_string(),
                },
                Value::Array(names) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
                Value::Null => continue,
                _ => return Err(Error::invalid_value(format!("{name} is not of the right type"))),
            };
            if name != "schemas" {
                parameters.set(name, text)?;
            }
        }
        parameters.checked()
    }

    fn set(&mut self, name: &str, value: String) -> Result<(), Error> {
        match name.to_ascii_lowercase().as_str() {
            "filter" => self.filter = Some(value).filter(|text| !text.trim().is_empty()),
            "sortby" => self.sort_by = Some(value),
            "sortorder" => self.descending = value.eq_ignore_ascii_case("descending"),
            "startindex" => self.start_index = Some(integer("startIndex", &value)?),
            "count" => self.count_text = Some(value),
            "cursor" => self.cursor = Some(value),
            "attributes" => self.attributes = Some(value),
            "excludedattributes" => self.excluded = Some(value),
            _ => {}
        }
        Ok(())
    }

    /// What goes with a cursor and what does not (RFC 9865 §2).
    fn checked(mut self) -> Result<Self, Error> {
        let count = self.count_text.take().map(|text| integer("count", &text)).transpose();
        if self.cursor.is_none() {
            self.count = count?;
            return Ok(self);
        }
        if self.start_index.is_some() {
            return Err(Error::invalid_cursor("cursor and startIndex are two ways to page: choose one"));
        }
        self.count = count.ok().filter(|count| count.is_none_or(|count| count > 0)).ok_or_else(|| {
            Error::invalid_count(format!("count must be from 1 to {LONGEST_PAGE} with a cursor"))
        })?;
        Ok(self)
    }

    /// The cursor, if pages are known by cursors.
    pub(super) fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// What makes this search of `lists` another one than others: a cursor goes with one search only.
    pub(super) fn described(&self, connection: i64, lists: &[impl Debug]) -> String {
        let Self { filter, sort_by, descending, .. } = self;
        format!("{connection} {lists:?} {filter:?} {sort_by:?} {descending}")
    }

    /// What to leave out of the answer.
    pub(super) fn projection(&self, kind: &'static ResourceType) -> Result<Projection, Error> {
        Projection::parse(kind, self.attributes.as_deref(), self.excluded.as_deref(), self.mode)
    }

    /// The filter as it was sent.
    pub(super) fn filter(&self) -> Option<String> {
        self.filter.clone()
    }

    /// True if the client said which attributes it wants to see.
    pub(super) fn asks_for_attributes(&self) -> bool {
        self.attributes.is_some()
    }

    /// The 1-based index of the first resource asked for.
    pub(super) fn start(&self) -> i64 {
        self.start_index.unwrap_or(1).max(1)
    }

    /// How many resources are asked for.
    pub(super) fn count(&self) -> i64 {
        self.count.unwrap_or(PAGE).clamp(0, LONGEST_PAGE)
    }

    /// The search, checked against the schemas of `kind`.
    pub(super) fn query(&self, kind: &'static ResourceType) -> Result<Query, Error> {
        let filter = match &self.filter {
            Some(text) => {
                let mode = self.mode;
                let parsed =
                    if self.in_body { filter::parse_body(text, mode)? } else { filter::parse(text, mode)? };
                Some(filter::check(&parsed, kind, mode)?)
            }
            None => None,
        };
        let attr = self.sort_by.as_deref().map(|name| sortable(kind, name, self.mode));
        if attr == Some(None) && self.mode == Mode::Strict {
            return Err(Error::invalid_value("sortBy names nothing to sort by"));
        }
        let sort = attr.flatten().map(|attr| Sort { attr, descending: self.descending });
        Ok(Query { filter, sort, start: Start::Skip(self.start() - 1), count: self.count() })
    }
}

/// The simple attribute to sort by; a complex one stands for its `value`. Names that mean nothing are ignored.
fn sortable(kind: &'static ResourceType, name: &str, mode: Mode) -> Option<AttrRef> {
    match resolve(kind, name.trim(), mode)? {
        Resolved::Known(attr) if attr.leaf().sub_attributes.is_empty() => Some(attr),
        Resolved::Known(attr) => {
            let value = attr.attribute.sub("value")?;
            Some(attr.with_sub(Some(value)))
        }
        _ => None,
    }
}

/// A whole number. However large one is, it asks for as much as there can be.
fn integer(name: &str, text: &str) -> Result<i64, Error> {
    text.trim().parse().or_else(|error: ParseIntError| match error.kind() {
        IntErrorKind::PosOverflow => Ok(i64::MAX),
        IntErrorKind::NegOverflow => Ok(i64::MIN),
        _ => Err(Error::invalid_value(format!("{name} is not a whole number"))),
    })
}

/// Reads a body that is a JSON object, in any of the media types that clients send: one about `kind`, or else a bulk
/// request.
pub(super) async fn object(call: &Call, sent: Body, kind: Option<&ResourceType>) -> Result<Object, Fault> {
    let (headers, mode) = (&call.headers, call.mode());
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let understood = match media.as_str() {
        "application/scim+json" | "application/json" => true,
        "" | "text/json" => mode == Mode::Tolerant,
        _ => false,
    };
    if !understood {
        return Err(Error::status(415, "The body must be application/scim+json or application/json.").into());
    }
    let bytes = Limited::new(sent, LARGEST)
        .collect()
        .await
        .map_err(|error| {
            if error.downcast_ref::<LengthLimitError>().is_some() {
                Error::status(413, format!("The body is larger than {LARGEST} bytes."))
            } else {
                Error::invalid_syntax("The body did not arrive whole.")
            }
        })?
        .to_bytes();
    call.notebook.request(&bytes);
    parse(&bytes, kind, mode)
}

/// Reads the text of a body.
pub(super) fn parse(bytes: &[u8], kind: Option<&ResourceType>, mode: Mode) -> Result<Object, Fault> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if text.is_empty() {
        return Err(Error::invalid_syntax("The body is empty.").into());
    }
    let read = match kind {
        Some(kind) => body::parse(text, kind, mode),
        None => body::parse_bulk(text, mode),
    };
    match read {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Error::invalid_syntax("The body is no JSON object.").into()),
        Err(error) => Err(Error::invalid_syntax(format!("The body cannot be read: {error}")).into()),
    }
}
