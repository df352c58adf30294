//! From names and literals to attributes and typed operands.

use super::{Checked, Filter, Literal, Op, Operand, Test};
use crate::attr::{Foreign, Resolved, resolve};
use crate::error::excerpt;
use crate::instant::parse_instant;
use crate::schema::{Attribute, Kind, ResourceType, Returned};
use crate::{AttrRef, Error, Mode, fold};

/// Types a filter against the schemas of a resource type.
///
/// An unknown core attribute, an operator that the attribute's type does not have, and a value of another type are 400
/// `invalidFilter`; an attribute that is never returned is 403 `sensitive`. An unknown attribute below any other URN
/// has no value in [`Mode::Tolerant`] and is 400 in [`Mode::Strict`].
pub fn check(filter: &Filter, rt: &ResourceType, mode: Mode) -> Result<Checked, Error> {
    Checker { rt, mode, element: None }.filter(filter)
}

/// Types the filter of a value path against the elements of `attr`.
pub(crate) fn check_element(
    filter: &Filter,
    rt: &ResourceType,
    attr: AttrRef,
    mode: Mode,
) -> Result<Checked, Error> {
    Checker { rt, mode, element: Some(attr) }.filter(filter)
}

struct Checker<'a> {
    rt: &'a ResourceType,
    mode: Mode,
    element: Option<AttrRef>,
}

impl Checker<'_> {
    fn filter(&self, filter: &Filter) -> Result<Checked, Error> {
        match filter {
            Filter::And(parts) => Ok(all(self.each(parts)?)),
            Filter::Or(parts) => Ok(any(self.each(parts)?)),
            Filter::Not(inner) => Ok(not(self.filter(inner)?)),
            Filter::Test { path, op, value } => match self.attribute(path)? {
                Resolved::Known(attr) => self.test(attr, *op, value),
                _ => Ok(Checked::Const(without_value(*op, value))),
            },
            Filter::Element { path, filter } => match self.attribute(path)? {
                Resolved::Known(attr) => self.element(attr, filter),
                _ => Ok(Checked::Const(false)),
            },
        }
    }

    fn each(&self, parts: &[Filter]) -> Result<Vec<Checked>, Error> {
        parts.iter().map(|part| self.filter(part)).collect()
    }

    fn attribute(&self, path: &str) -> Result<Resolved, Error> {
        let resolved = match self.element {
            Some(attr) => match attr.attribute.sub(path) {
                Some(sub) => Some(Resolved::Known(attr.with_sub(Some(sub)))),
                None => Some(Resolved::Foreign(Foreign {
                    urn: attr.schema.extension.then(|| attr.schema.urn.to_owned()),
                    name: path.to_owned(),
                    sub: None,
                })),
            },
            None => resolve(self.rt, path, self.mode),
        };
        match resolved {
            Some(Resolved::Known(attr)) => {
                if attr.attribute.returned == Returned::Never || attr.leaf().returned == Returned::Never {
                    return Err(Error::sensitive(format!("{attr} cannot be used in a filter")));
                }
                Ok(Resolved::Known(attr))
            }
            Some(Resolved::Foreign(foreign)) if !foreign.is_core() && !self.mode.is_strict() => {
                Ok(Resolved::Foreign(foreign))
            }
            Some(Resolved::Schema(schema)) => {
                Err(Error::invalid_filter(format!("{} is a schema, not an attribute", schema.urn)))
            }
            Some(Resolved::Foreign(_)) | None => Err(Error::invalid_filter(format!(
                "\"{}\" is not an attribute of {}",
                excerpt(path),
                self.element.map_or_else(|| self.rt.name.to_owned(), |attr| attr.key())
            ))),
        }
    }

    fn element(&self, attr: AttrRef, filter: &Filter) -> Result<Checked, Error> {
        if attr.leaf().kind != Kind::Complex {
            return Err(Error::invalid_filter(format!("{attr} has no sub-attributes to filter on")));
        }
        let inner = Checker { rt: self.rt, mode: self.mode, element: Some(attr) }.filter(filter)?;
        Ok(match inner {
            Checked::Const(true) => present(attr),
            Checked::Const(false) => inner,
            inner => Checked::Element { attr, filter: Box::new(inner) },
        })
    }

    fn test(&self, attr: AttrRef, op: Op, value: &Literal) -> Result<Checked, Error> {
        match (op, value) {
            (Op::Pr, _) | (Op::Ne, Literal::Null) => return Ok(present(attr)),
            (Op::Eq, Literal::Null) => return Ok(not(present(attr))),
            (_, Literal::Null) => {
                return Err(Error::invalid_filter(format!("{attr}: null only goes with eq and ne")));
            }
            _ => {}
        }
        let attr = comparable(attr)?;
        let leaf = attr.leaf();
        let fits = match leaf.kind {
            Kind::String | Kind::Reference => true,
            Kind::Boolean | Kind::Binary => !op.is_substring() && !op.is_order(),
            Kind::Integer | Kind::Decimal | Kind::DateTime => !op.is_substring(),
            Kind::Complex => false,
        };
        if !fits {
            let detail = format!("{attr} is a {:?}; it cannot be compared with {}", leaf.kind, op.as_str());
            return Err(Error::invalid_filter(detail));
        }
        let Some(operand) = operand(leaf, value, self.mode) else {
            return Err(Error::invalid_filter(format!(
                "{attr} is a {:?}; it cannot be compared with {}",
                leaf.kind,
                excerpt(&value.to_string())
            )));
        };
        let equal = |op| Checked::Test(Test { attr, op, operand });
        Ok(if op == Op::Ne { not(equal(Op::Eq)) } else { equal(op) })
    }
}

/// A complex attribute is compared by its `value`.
fn comparable(attr: AttrRef) -> Result<AttrRef, Error> {
    if attr.leaf().kind != Kind::Complex {
        return Ok(attr);
    }
    match attr.attribute.sub("value") {
        Some(value) => Ok(attr.with_sub(Some(value))),
        None => Err(Error::invalid_filter(format!("{attr} has sub-attributes: name one of them"))),
    }
}

fn operand(leaf: &Attribute, value: &Literal, mode: Mode) -> Option<Operand> {
    let tolerant = !mode.is_strict();
    match (leaf.kind, value) {
        (Kind::Boolean, Literal::Bool(value)) => Some(Operand::Bool(*value)),
        (Kind::Boolean, Literal::Text(text)) if tolerant => crate::value::boolean(text).map(Operand::Bool),
        (Kind::DateTime, Literal::Text(text)) => parse_instant(text, mode).map(Operand::Instant),
        (Kind::Integer | Kind::Decimal, Literal::Number(text)) => number(text),
        (Kind::Integer | Kind::Decimal, Literal::Text(text)) if tolerant => number(text),
        (Kind::String | Kind::Reference | Kind::Binary, Literal::Text(text)) => {
            Some(text_operand(leaf, text))
        }
        (Kind::String | Kind::Reference, Literal::Number(text)) if tolerant => Some(text_operand(leaf, text)),
        (Kind::String | Kind::Reference, Literal::Bool(value)) if tolerant => {
            Some(text_operand(leaf, &value.to_string()))
        }
        _ => None,
    }
}

fn number(text: &str) -> Option<Operand> {
    text.parse().ok().filter(|number: &f64| number.is_finite()).map(Operand::Number)
}

fn text_operand(leaf: &Attribute, text: &str) -> Operand {
    if leaf.case_exact { Operand::Text(text.to_owned()) } else { Operand::Folded(fold(text)) }
}

fn present(attr: AttrRef) -> Checked {
    Checked::Test(Test { attr, op: Op::Pr, operand: Operand::None })
}

fn without_value(op: Op, value: &Literal) -> bool {
    match op {
        Op::Eq => *value == Literal::Null,
        Op::Ne => *value != Literal::Null,
        _ => false,
    }
}

fn not(inner: Checked) -> Checked {
    match inner {
        Checked::Const(value) => Checked::Const(!value),
        Checked::Not(inner) => *inner,
        inner => Checked::Not(Box::new(inner)),
    }
}

fn all(parts: Vec<Checked>) -> Checked {
    combine(parts, true, Checked::And)
}

fn any(parts: Vec<Checked>) -> Checked {
    combine(parts, false, Checked::Or)
}

/// Drops the neutral constant, stops at the other one.
fn combine(parts: Vec<Checked>, neutral: bool, many: fn(Vec<Checked>) -> Checked) -> Checked {
    if parts.contains(&Checked::Const(!neutral)) {
        return Checked::Const(!neutral);
    }
    let mut parts: Vec<Checked> = parts.into_iter().filter(|part| *part != Checked::Const(neutral)).collect();
    match parts.pop() {
        None => Checked::Const(neutral),
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            many(parts)
        }
    }
}
