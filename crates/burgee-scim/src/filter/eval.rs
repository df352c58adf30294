//! The reference meaning of a checked filter.

use std::cmp::Ordering;

use serde_json::Value;

use super::{Checked, Op, Operand, Test};
use crate::instant::parse_instant;
use crate::{AttrRef, Mode, Object, fold};

/// Does a canonical resource pass the filter? Two-valued: a test on an absent attribute fails, its negation passes.
pub fn matches(checked: &Checked, resource: &Object) -> bool {
    holds(checked, &|attr: AttrRef, test: &dyn Fn(&Value) -> bool| {
        attr.whole(resource).is_some_and(|whole| each(whole).iter().any(|v| part(attr, v).is_some_and(test)))
    })
}

/// Does one element of a complex attribute pass the filter of a value path?
pub(crate) fn matches_element(checked: &Checked, element: &Value) -> bool {
    holds(checked, &|attr: AttrRef, test: &dyn Fn(&Value) -> bool| part(attr, element).is_some_and(test))
}

/// Is there a value at all (RFC 7643 §2.5; the empty text counts as unassigned)?
pub(crate) fn is_present(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => values.iter().any(is_present),
        Value::Object(parts) => parts.values().any(is_present),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

/// Does any value of the attribute pass the test?
type Some<'a> = dyn Fn(AttrRef, &dyn Fn(&Value) -> bool) -> bool + 'a;

fn holds(checked: &Checked, some: &Some<'_>) -> bool {
    match checked {
        Checked::Const(value) => *value,
        Checked::And(parts) => parts.iter().all(|part| holds(part, some)),
        Checked::Or(parts) => parts.iter().any(|part| holds(part, some)),
        Checked::Not(inner) => !holds(inner, some),
        Checked::Test(test) => some(test.attr, &|value| passes(test, value)),
        Checked::Element { attr, filter } => {
            some(*attr, &|element| is_present(element) && matches_element(filter, element))
        }
    }
}

fn each(whole: &Value) -> &[Value] {
    match whole {
        Value::Array(values) => values,
        single => std::slice::from_ref(single),
    }
}

fn part(attr: AttrRef, value: &Value) -> Option<&Value> {
    match attr.sub {
        Some(sub) => value.get(sub.name),
        None => Some(value),
    }
}

fn passes(test: &Test, value: &Value) -> bool {
    if !is_present(value) {
        return false;
    }
    match (&test.operand, value) {
        (Operand::None, _) => true,
        (Operand::Text(operand), Value::String(text)) => text_passes(test.op, text, operand),
        (Operand::Folded(operand), Value::String(text)) => text_passes(test.op, &fold(text), operand),
        (Operand::Bool(operand), Value::Bool(value)) => operand == value,
        (Operand::Instant(operand), Value::String(text)) => {
            parse_instant(text, Mode::Tolerant).is_some_and(|at| order_passes(test.op, at.cmp(operand)))
        }
        (Operand::Number(operand), Value::Number(number)) => number
            .as_f64()
            .and_then(|number| number.partial_cmp(operand))
            .is_some_and(|order| order_passes(test.op, order)),
        _ => false,
    }
}

fn text_passes(op: Op, text: &str, operand: &str) -> bool {
    match op {
        Op::Co => text.contains(operand),
        Op::Sw => text.starts_with(operand),
        Op::Ew => text.ends_with(operand),
        op => order_passes(op, text.cmp(operand)),
    }
}

fn order_passes(op: Op, order: Ordering) -> bool {
    match op {
        Op::Eq => order.is_eq(),
        Op::Ne => order.is_ne(),
        Op::Gt => order.is_gt(),
        Op::Ge => order.is_ge(),
        Op::Lt => order.is_lt(),
        Op::Le => order.is_le(),
        Op::Co | Op::Sw | Op::Ew | Op::Pr => false,
    }
}
