//! `attributes` and `excludedAttributes` (RFC 7644 §3.9).

use serde_json::Value;

use crate::schema::{Attribute, ResourceType, Returned, Schema};
use crate::{Error, Mode, Object};

/// What to leave out of a response; read once per request, then applied to each resource.
#[derive(Clone, Debug)]
pub struct Projection {
    rt: &'static ResourceType,
    wanted: Wanted,
}

#[derive(Clone, Debug)]
enum Wanted {
    Default,
    Only(Vec<Item>),
    AllBut(Vec<Item>),
}

/// One name of the list; an item with no `name` is a whole schema. Lower case, because names match in any case.
#[derive(Clone, PartialEq, Debug)]
struct Item {
    /// Lower-case URN of an extension, known or not; `None` for the top level.
    urn: Option<String>,
    name: Option<String>,
    sub: Option<String>,
}

#[derive(Clone, Copy, PartialEq)]
enum Cut {
    Keep,
    Drop,
    /// Look at the parts.
    Into,
}

impl Projection {
    /// Reads the two parameters. Unknown names are ignored; an empty list counts as absent; a value path stands for
    /// its attribute. With both lists, [`Mode::Strict`] refuses (400 `invalidSyntax`) and [`Mode::Tolerant`] follows
    /// `attributes`.
    pub fn parse(
        rt: &'static ResourceType,
        attributes: Option<&str>,
        excluded: Option<&str>,
        mode: Mode,
    ) -> Result<Projection, Error> {
        let items = |text: Option<&str>| {
            let items: Vec<Item> =
                split(text.unwrap_or_default()).into_iter().map(|name| Item::read(rt, name, mode)).collect();
            (!items.is_empty()).then_some(items)
        };
        let wanted = match (items(attributes), items(excluded)) {
            (Some(_), Some(_)) if mode.is_strict() => {
                return Err(Error::invalid_syntax("attributes and excludedAttributes exclude each other"));
            }
            (Some(only), _) => Wanted::Only(only),
            (None, Some(all_but)) => Wanted::AllBut(all_but),
            (None, None) => Wanted::Default,
        };
        Ok(Projection { rt, wanted })
    }

    /// Was neither list given?
    pub fn is_default(&self) -> bool {
        matches!(self.wanted, Wanted::Default)
    }

    /// Can a top-level attribute, such as `members`, appear in the response? If not, it need not be loaded.
    pub fn wants(&self, attribute: &str) -> bool {
        let known = self.rt.top_level(attribute);
        self.cut(None, attribute, None, known) != Cut::Drop
    }

    /// Cuts a resource down to what the client is to see.
    pub fn apply(&self, resource: &mut Object) {
        retain(resource, |key, value| {
            let extension = self.rt.schema_of(key).filter(|schema| schema.extension);
            if extension.is_some() || (key.contains(':') && value.is_object()) {
                return self.extension(key, extension, value);
            }
            let known = self.rt.top_level(key);
            self.attribute(None, key, known, value)
        });
    }

    fn extension(&self, urn: &str, schema: Option<&Schema>, value: &mut Value) -> bool {
        let Value::Object(parts) = value else { return false };
        retain(parts, |key, value| {
            let known = schema.and_then(|schema| schema.attribute(key));
            self.attribute(Some(urn), key, known, value)
        });
        !parts.is_empty()
    }

    fn attribute(
        &self,
        urn: Option<&str>,
        name: &str,
        known: Option<&'static Attribute>,
        value: &mut Value,
    ) -> bool {
        let cut = self.cut(urn, name, None, known);
        // Parts that are returned on request only, or never, are cut from what is kept, too.
        let picky = known.is_some_and(|attribute| {
            attribute
                .sub_attributes
                .iter()
                .any(|sub| matches!(sub.returned, Returned::Request | Returned::Never))
        });
        if cut == Cut::Drop || (cut == Cut::Keep && !picky) {
            return cut == Cut::Keep;
        }
        let mut parts_of = |parts: &mut Object| {
            retain(parts, |sub, _| {
                let known = known.and_then(|attribute| attribute.sub(sub));
                self.cut(urn, name, Some(sub), known) == Cut::Keep
            });
            !parts.is_empty()
        };
        match value {
            Value::Object(parts) => parts_of(parts),
            Value::Array(elements) => {
                let was_empty = elements.is_empty();
                elements.retain_mut(|element| element.as_object_mut().is_some_and(&mut parts_of));
                was_empty || !elements.is_empty()
            }
            _ => false,
        }
    }

    fn cut(&self, urn: Option<&str>, name: &str, sub: Option<&str>, known: Option<&Attribute>) -> Cut {
        let returned = known.map_or(Returned::Default, |attribute| attribute.returned);
        match returned {
            Returned::Never => return Cut::Drop,
            Returned::Always => return Cut::Keep,
            Returned::Default | Returned::Request => {}
        }
        let mut cut = match (&self.wanted, returned) {
            (Wanted::Only(_), _) | (_, Returned::Request) => Cut::Drop,
            _ => Cut::Keep,
        };
        let (items, hit) = match &self.wanted {
            Wanted::Default => return cut,
            Wanted::Only(items) => (items, Cut::Keep),
            Wanted::AllBut(items) => (items, Cut::Drop),
        };
        for item in items {
            match item.names(urn, name, sub) {
                Names::This => return hit,
                Names::Part => cut = Cut::Into,
                Names::Other => {}
            }
        }
        cut
    }
}

enum Names {
    This,
    Part,
    Other,
}

impl Item {
    fn read(rt: &ResourceType, text: &str, mode: Mode) -> Item {
        let text = text.split('[').next().unwrap_or(text).trim().to_ascii_lowercase();
        let (urn, rest) = Item::split_urn(rt, &text, mode);
        let (name, sub) = match rest.map(|rest| rest.split_once('.').unwrap_or((rest, ""))) {
            None => (None, None),
            Some((name, "")) => (Some(name.to_owned()), None),
            Some((name, sub)) => (Some(name.to_owned()), Some(sub.to_owned())),
        };
        Item { urn, name, sub }
    }

    fn split_urn<'t>(rt: &ResourceType, text: &'t str, mode: Mode) -> (Option<String>, Option<&'t str>) {
        let known = rt.schemas().filter_map(|schema| {
            let rest = text.strip_prefix(schema.urn.to_ascii_lowercase().as_str())?;
            let urn = schema.extension.then(|| schema.urn.to_ascii_lowercase());
            match rest.chars().next() {
                None => Some((schema.urn.len(), urn, None)),
                Some(':') => Some((schema.urn.len(), urn, Some(&rest[1..]))),
                Some('.') if !mode.is_strict() => Some((schema.urn.len(), urn, Some(&rest[1..]))),
                Some(_) => None,
            }
        });
        if let Some((_, urn, rest)) = known.max_by_key(|(len, ..)| *len) {
            return (urn, rest);
        }
        match text.rsplit_once(':') {
            Some((urn, name)) => (Some(urn.to_owned()), Some(name)),
            None => (None, Some(text)),
        }
    }

    /// What the item says about an attribute, or (with `sub`) about one of its parts.
    fn names(&self, urn: Option<&str>, name: &str, sub: Option<&str>) -> Names {
        let same_urn = match (&self.urn, urn) {
            (None, None) => true,
            (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
            _ => false,
        };
        // The URN of an unknown extension reads like an attribute below a shorter URN.
        let whole_foreign = || match (&self.urn, &self.name, urn) {
            (Some(prefix), Some(last), Some(urn)) if self.sub.is_none() => urn
                .rsplit_once(':')
                .is_some_and(|(p, l)| p.eq_ignore_ascii_case(prefix) && l.eq_ignore_ascii_case(last)),
            _ => false,
        };
        if !same_urn {
            return if whole_foreign() { Names::This } else { Names::Other };
        }
        let Some(own_name) = &self.name else { return Names::This };
        if !own_name.eq_ignore_ascii_case(name) {
            return Names::Other;
        }
        match (&self.sub, sub) {
            (None, _) => Names::This,
            (Some(own), Some(sub)) if own.eq_ignore_ascii_case(sub) => Names::This,
            (Some(_), Some(_)) => Names::Other,
            (Some(_), None) => Names::Part,
        }
    }
}

/// Splits at commas outside brackets and quotes.
fn split(text: &str) -> Vec<&str> {
    let (mut depth, mut quoted) = (0usize, false);
    let parts = text.split(|c| {
        match c {
            '"' => quoted = !quoted,
            '[' if !quoted => depth += 1,
            ']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0 && !quoted
    });
    parts.map(str::trim).filter(|part| !part.is_empty()).collect()
}

fn retain(object: &mut Object, mut keep: impl FnMut(&str, &mut Value) -> bool) {
    object.retain(|key, value| keep(key, value));
}
