//! Attribute notation (RFC 7644 §3.10): from text to schema and back.

use std::fmt;

use serde_json::Value;

use crate::schema::{Attribute, ResourceType, Schema};
use crate::{Mode, Object};

/// An attribute or sub-attribute that the schemas know.
#[derive(Clone, Copy)]
pub struct AttrRef {
    /// Where it is defined; common attributes count as core.
    pub schema: &'static Schema,
    /// The attribute.
    pub attribute: &'static Attribute,
    /// The part of it, if one is meant.
    pub sub: Option<&'static Attribute>,
}

impl AttrRef {
    /// The canonical text: `userName`, `name.givenName`, `emails.value`,
    /// `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value`.
    pub fn key(&self) -> String {
        let mut key = String::new();
        if self.schema.extension {
            key.push_str(self.schema.urn);
            key.push(':');
        }
        key.push_str(self.attribute.name);
        if let Some(sub) = self.sub {
            key.push('.');
            key.push_str(sub.name);
        }
        key
    }

    /// The sub-attribute if there is one, else the attribute.
    pub fn leaf(&self) -> &'static Attribute {
        self.sub.unwrap_or(self.attribute)
    }

    /// The same attribute with another part.
    #[must_use]
    pub fn with_sub(self, sub: Option<&'static Attribute>) -> AttrRef {
        AttrRef { sub, ..self }
    }

    /// The value of the attribute (without `sub`) in a canonical resource.
    pub(crate) fn whole<'a>(&self, resource: &'a Object) -> Option<&'a Value> {
        if self.schema.extension {
            resource.get(self.schema.urn)?.get(self.attribute.name)
        } else {
            resource.get(self.attribute.name)
        }
    }
}

impl PartialEq for AttrRef {
    fn eq(&self, other: &AttrRef) -> bool {
        self.schema.urn == other.schema.urn
            && self.attribute.name == other.attribute.name
            && self.sub.map(|sub| sub.name) == other.sub.map(|sub| sub.name)
    }
}

impl Eq for AttrRef {}

impl fmt::Debug for AttrRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key())
    }
}

impl fmt::Display for AttrRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key())
    }
}

/// A well-formed attribute name that no schema of the resource type defines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Foreign {
    /// The URN before the name: canonical if it is an extension of the resource type, else as sent. `None` for names
    /// without a URN and for names under the core URN.
    pub urn: Option<String>,
    /// As sent.
    pub name: String,
    /// As sent.
    pub sub: Option<String>,
}

impl Foreign {
    /// Is it a misnomer of a core attribute, rather than something below an extension URN?
    pub fn is_core(&self) -> bool {
        self.urn.is_none()
    }
}

/// What an attribute path means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Resolved {
    /// A known attribute.
    Known(AttrRef),
    /// The URN of the core schema or of an extension, with no attribute after it.
    Schema(&'static Schema),
    /// An unknown attribute.
    Foreign(Foreign),
}

/// Finds what an attribute path such as `userName`, `name.givenName` or `urn:…:2.0:User:manager.value` means; `None`
/// if it is malformed.
///
/// Names and URNs match in any case. The longest URN of the resource type that fits is taken off first, because URNs
/// contain dots and colons; any other prefix ends at the last colon. [`Mode::Tolerant`] also takes `urn:…:2.0:User.manager`,
/// and the attributes of extensions without their URN, as in `manager`, where the core schema has none of that name.
pub fn resolve(rt: &ResourceType, text: &str, mode: Mode) -> Option<Resolved> {
    let (schema, rest) = match known_prefix(rt, text, mode) {
        Some((schema, "")) => return Some(Resolved::Schema(schema)),
        Some((schema, rest)) => (schema, rest),
        None => match text.rsplit_once(':') {
            // `name.givenName:x`: what is in front is an attribute, and no URN.
            Some((name, _)) if split_sub(name).is_some_and(|(name, _)| rt.top_level(name).is_some()) => {
                return None;
            }
            Some((urn, rest)) => return foreign(Some(urn.to_owned()), rest),
            None => (rt.schema, text),
        },
    };
    let (name, sub) = split_sub(rest)?;
    let defined = |schema: &'static Schema| {
        let attribute = if schema.extension { schema.attribute(name) } else { rt.top_level(name) };
        attribute.map(|attribute| (schema, attribute))
    };
    let misplaced = || match mode {
        Mode::Tolerant if !schema.extension => rt.extensions.iter().copied().find_map(defined),
        _ => None,
    };
    let Some((schema, attribute)) = defined(schema).or_else(misplaced) else {
        return foreign(schema.extension.then(|| schema.urn.to_owned()), rest);
    };
    match sub {
        None => Some(Resolved::Known(AttrRef { schema, attribute, sub: None })),
        Some(sub) => match attribute.sub(sub) {
            Some(sub) => Some(Resolved::Known(AttrRef { schema, attribute, sub: Some(sub) })),
            None => foreign(schema.extension.then(|| schema.urn.to_owned()), rest),
        },
    }
}

fn foreign(urn: Option<String>, rest: &str) -> Option<Resolved> {
    let (name, sub) = split_sub(rest)?;
    if urn.as_deref().is_some_and(|urn| urn.is_empty() || !urn.bytes().all(|b| b.is_ascii_graphic())) {
        return None;
    }
    Some(Resolved::Foreign(Foreign { urn, name: name.to_owned(), sub: sub.map(str::to_owned) }))
}

fn known_prefix<'t>(rt: &ResourceType, text: &'t str, mode: Mode) -> Option<(&'static Schema, &'t str)> {
    let fits = |schema: &Schema| {
        let rest = strip_prefix_ci(text, schema.urn)?;
        match rest.bytes().next() {
            None => Some(rest),
            Some(b':') if rest.len() > 1 => Some(&rest[1..]),
            Some(b'.') if rest.len() > 1 && mode == Mode::Tolerant => Some(&rest[1..]),
            Some(_) => None,
        }
    };
    rt.schemas()
        .filter_map(|schema| fits(schema).map(|rest| (schema, rest)))
        .max_by_key(|(schema, _)| schema.urn.len())
}

fn strip_prefix_ci<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

fn split_sub(text: &str) -> Option<(&str, Option<&str>)> {
    match text.split_once('.') {
        None => is_name(text).then_some((text, None)),
        Some((name, sub)) => (is_name(name) && is_name(sub)).then_some((name, Some(sub))),
    }
}

/// `ATTRNAME` of RFC 7644 §3.4.2.2 as amended (`$ref` starts with a dollar sign).
pub(crate) fn is_name(text: &str) -> bool {
    let bytes = text.strip_prefix('$').unwrap_or(text).as_bytes();
    bytes.first().is_some_and(u8::is_ascii_alphabetic)
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'$' | b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::USER;
    use crate::schema::{CORE_USER_URN, ENTERPRISE_URN};

    fn key(text: &str, mode: Mode) -> String {
        match resolve(&USER, text, mode) {
            None => "malformed".into(),
            Some(Resolved::Known(at)) => at.key(),
            Some(Resolved::Schema(schema)) => format!("<{}>", schema.name),
            Some(Resolved::Foreign(f)) => {
                format!("?{}|{}|{}", f.urn.as_deref().unwrap_or(""), f.name, f.sub.unwrap_or_default())
            }
        }
    }

    #[test]
    fn names_in_any_case() {
        for mode in [Mode::Tolerant, Mode::Strict] {
            assert_eq!(key("USERNAME", mode), "userName");
            assert_eq!(key("name.FamilyName", mode), "name.familyName");
            assert_eq!(key("Meta.Created", mode), "meta.created");
            assert_eq!(key("groups.$REF", mode), "groups.$ref");
            assert_eq!(key("externalid", mode), "externalId");
            assert_eq!(key("nosuch", mode), "?|nosuch|");
            assert_eq!(key("name.nosuch", mode), "?|name|nosuch");
            for bad in [
                "",
                ".",
                "name.",
                ".x",
                "a.b.c",
                "1a",
                "user name",
                "naïve",
                ":",
                "x:",
                "urn:a b:c",
                "name.givenName:x",
            ] {
                assert_eq!(key(bad, mode), "malformed", "{bad}");
            }
        }
    }

    #[test]
    fn urns() {
        let manager = format!("{ENTERPRISE_URN}:manager.value");
        for mode in [Mode::Tolerant, Mode::Strict] {
            assert_eq!(key(&format!("{CORE_USER_URN}:userName"), mode), "userName");
            assert_eq!(key(&format!("{CORE_USER_URN}:id"), mode), "id");
            assert_eq!(key(&format!("{CORE_USER_URN}:name.givenName"), mode), "name.givenName");
            assert_eq!(key(&manager, mode), manager);
            assert_eq!(key(&manager.to_uppercase(), mode), manager);
            assert_eq!(key(ENTERPRISE_URN, mode), "<EnterpriseUser>");
            assert_eq!(key(&format!("{ENTERPRISE_URN}:nosuch"), mode), format!("?{ENTERPRISE_URN}|nosuch|"));
            assert_eq!(key("urn:x:2.0:Thing:a.b", mode), "?urn:x:2.0:Thing|a|b");
            assert_eq!(
                key(&format!("{CORE_USER_URN}s:userName"), mode),
                format!("?{CORE_USER_URN}s|userName|")
            );
        }
        assert_eq!(key(&format!("{ENTERPRISE_URN}.manager.value"), Mode::Tolerant), manager);
        for short in ["manager.value", "Manager.Value", &format!("{CORE_USER_URN}.manager.value")] {
            assert_eq!(key(short, Mode::Tolerant), manager);
        }
        assert_eq!(key("manager.value", Mode::Strict), "?|manager|value");
        assert_ne!(
            key(&format!("{ENTERPRISE_URN}.manager"), Mode::Strict),
            format!("{ENTERPRISE_URN}:manager")
        );
    }
}
