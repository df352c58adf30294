//! PATCH paths (RFC 7644 §3.5.2).

use serde_json::Value;

use crate::attr::{Foreign, Resolved, resolve};
use crate::error::excerpt;
use crate::filter::{Filter, Literal, Op, check_element, parse_path};
use crate::schema::{Attribute, Kind, ResourceType, Schema};
use crate::{AttrRef, Checked, Error, Mode, Object, value};

/// What a PATCH operation is about.
#[derive(Clone, PartialEq, Debug)]
pub enum Path {
    /// `attribute` or `attribute.sub`.
    Attr(AttrRef),
    /// `attribute[filter]` or `attribute[filter].sub`.
    Element {
        /// A multi-valued complex attribute, without `sub`.
        attr: AttrRef,
        /// On one element.
        filter: Checked,
        /// The part of the element.
        sub: Option<&'static Attribute>,
        /// What an element must contain to pass the filter: its `eq` terms, unless they are alternatives.
        seed: Object,
    },
    /// The URN of an extension: everything in it.
    Extension(&'static Schema),
    /// An attribute outside every schema; only in [`Mode::Tolerant`].
    Unknown(Foreign),
}

impl Path {
    /// Parses a path. [`Mode::Tolerant`] lets it begin with `/` and lets it name unknown attributes.
    ///
    /// Anything malformed is 400 `invalidPath`, or `invalidFilter` if it is between brackets: a path never widens to
    /// more than it says.
    pub fn parse(text: &str, rt: &ResourceType, mode: Mode) -> Result<Path, Error> {
        let text = if mode.is_strict() { text } else { text.strip_prefix('/').unwrap_or(text) };
        let raw = parse_path(text, mode)?;
        let unknown =
            || Error::invalid_path(format!("\"{}\" is not an attribute of {}", excerpt(text), rt.name));
        let attr = match resolve(rt, &raw.path, mode).ok_or_else(unknown)? {
            Resolved::Known(attr) => attr,
            Resolved::Schema(schema) if schema.extension && raw.filter.is_none() => {
                return Ok(Path::Extension(schema));
            }
            Resolved::Foreign(foreign) if !mode.is_strict() && raw.filter.is_none() => {
                return Path::outside(foreign, rt);
            }
            Resolved::Schema(_) | Resolved::Foreign(_) => return Err(unknown()),
        };
        let Some(filter) = raw.filter else { return Ok(Path::Attr(attr)) };
        if attr.sub.is_some() || !attr.attribute.multi_valued || attr.attribute.kind != Kind::Complex {
            return Err(Error::invalid_path(format!("{attr} has no elements to select from")));
        }
        let sub = match raw.sub {
            None => None,
            Some(name) => Some(attr.attribute.sub(&name).ok_or_else(unknown)?),
        };
        let seed = seed(&filter, attr.attribute, mode);
        Ok(Path::Element { attr, filter: check_element(&filter, rt, attr, mode)?, sub, seed })
    }

    /// An unknown part of a known attribute only makes sense where there is one object to keep it in.
    fn outside(foreign: Foreign, rt: &ResourceType) -> Result<Path, Error> {
        if foreign.sub.is_some() {
            let owner = match &foreign.urn {
                None => rt.top_level(&foreign.name),
                Some(urn) => rt.schema_of(urn).and_then(|schema| schema.attribute(&foreign.name)),
            };
            if let Some(owner) = owner
                && (owner.kind != Kind::Complex || owner.multi_valued || owner.is_read_only())
            {
                let detail = format!("{} has no such sub-attribute", owner.name);
                return Err(Error::invalid_path(detail));
            }
        }
        Ok(Path::Unknown(foreign))
    }

    /// The known attribute that the path goes into.
    pub fn attr(&self) -> Option<AttrRef> {
        match self {
            Path::Attr(attr) | Path::Element { attr, .. } => Some(*attr),
            Path::Extension(_) | Path::Unknown(_) => None,
        }
    }
}

fn seed(filter: &Filter, attribute: &'static Attribute, mode: Mode) -> Object {
    let mut seed = Object::new();
    let terms = match filter {
        Filter::And(parts) => parts.as_slice(),
        other => std::slice::from_ref(other),
    };
    for term in terms {
        let Filter::Test { path, op: Op::Eq, value } = term else { continue };
        let Some(sub) = attribute.sub(path) else { continue };
        let value = match value {
            Literal::Null => continue,
            Literal::Bool(value) => Value::Bool(*value),
            Literal::Number(text) => serde_json::from_str(text).unwrap_or(Value::Null),
            Literal::Text(text) => Value::from(text.as_str()),
        };
        if let Ok(Some(value)) = value::scalar(sub, sub.name, value, mode) {
            seed.insert(sub.name.to_owned(), value);
        }
    }
    seed
}
