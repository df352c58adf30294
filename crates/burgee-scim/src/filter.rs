//! Filters (RFC 7644 §3.4.2.2): text → [`Filter`] → [`Checked`].
//!
//! Parsing knows the grammar and its limits; [`check`] knows the schema and leaves only tests that make sense, typed by
//! their attribute; [`matches`] is the reference meaning. The rules for cases on which the RFC is silent:
//!
//! * a test on a multi-valued attribute holds if any value passes it; only `a[…]` ties tests to one element;
//! * `ne` is the opposite of `eq`, so an absent attribute is `ne` to everything;
//! * absent, `null` and the empty text are the same: `a eq null` is `not (a pr)`;
//! * logic is two-valued: `not` of a test on an absent attribute is true.

mod check;
mod eval;
mod parse;

use std::fmt;

use crate::AttrRef;

pub use check::check;
pub(crate) use check::check_element;
pub use eval::matches;
pub(crate) use eval::{is_present, matches_element};
pub(crate) use parse::parse_path;
pub use parse::{parse, parse_body};

/// Longest filter in a URL, in bytes.
pub const MAX_URL_TEXT: usize = 8 * 1024;
/// Longest filter or PATCH path in a body, in bytes.
pub const MAX_BODY_TEXT: usize = 64 * 1024;
/// Deepest nesting of parentheses, brackets and `not`.
pub const MAX_DEPTH: usize = 32;
/// Most tests, negations and value paths in one filter.
pub const MAX_NODES: usize = 200;

/// A comparison operator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names are the RFC's")]
pub enum Op {
    Eq,
    Ne,
    Co,
    Sw,
    Ew,
    Gt,
    Ge,
    Lt,
    Le,
    Pr,
}

impl Op {
    const ALL: [(Op, &'static str); 10] = [
        (Op::Eq, "eq"),
        (Op::Ne, "ne"),
        (Op::Co, "co"),
        (Op::Sw, "sw"),
        (Op::Ew, "ew"),
        (Op::Gt, "gt"),
        (Op::Ge, "ge"),
        (Op::Lt, "lt"),
        (Op::Le, "le"),
        (Op::Pr, "pr"),
    ];

    /// The operator of that name, in any case.
    pub fn from_name(name: &str) -> Option<Op> {
        Op::ALL.into_iter().find(|(_, n)| n.eq_ignore_ascii_case(name)).map(|(op, _)| op)
    }

    /// The operator on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Op::Eq => "eq",
            Op::Ne => "ne",
            Op::Co => "co",
            Op::Sw => "sw",
            Op::Ew => "ew",
            Op::Gt => "gt",
            Op::Ge => "ge",
            Op::Lt => "lt",
            Op::Le => "le",
            Op::Pr => "pr",
        }
    }

    fn is_substring(self) -> bool {
        matches!(self, Op::Co | Op::Sw | Op::Ew)
    }

    fn is_order(self) -> bool {
        matches!(self, Op::Gt | Op::Ge | Op::Lt | Op::Le)
    }
}

/// A filter as written: names are not looked up, values not typed.
#[derive(Clone, PartialEq, Debug)]
pub enum Filter {
    /// All of at least two.
    And(Vec<Filter>),
    /// Any of at least two.
    Or(Vec<Filter>),
    /// Not.
    Not(Box<Filter>),
    /// `path op value`, or `path pr` with [`Literal::Null`].
    Test {
        /// Attribute path as written.
        path: String,
        /// Operator.
        op: Op,
        /// Comparison value.
        value: Literal,
    },
    /// `path[filter]`.
    Element {
        /// Attribute path as written.
        path: String,
        /// On one element; paths name sub-attributes.
        filter: Box<Filter>,
    },
}

/// A comparison value as written.
#[derive(Clone, PartialEq, Debug)]
pub enum Literal {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A JSON number, in its spelling.
    Number(String),
    /// A JSON string, decoded; in [`crate::Mode::Tolerant`] also an unquoted word.
    Text(String),
}

/// A filter that fits the schema.
#[derive(Clone, PartialEq, Debug)]
pub enum Checked {
    /// Only ever the whole filter.
    Const(bool),
    /// All of at least two.
    And(Vec<Checked>),
    /// Any of at least two.
    Or(Vec<Checked>),
    /// Not.
    Not(Box<Checked>),
    /// Some value of an attribute passes a test.
    Test(Test),
    /// One element of a complex attribute passes all of `filter`, whose tests have the same `attr` with a `sub`.
    Element {
        /// The complex attribute, without `sub`.
        attr: AttrRef,
        /// Never [`Checked::Const`], never another element.
        filter: Box<Checked>,
    },
}

impl Checked {
    /// How many tests there are.
    pub(crate) fn tests(&self) -> usize {
        match self {
            Checked::Const(_) => 0,
            Checked::And(parts) | Checked::Or(parts) => parts.iter().map(Checked::tests).sum(),
            Checked::Not(inner) => inner.tests(),
            Checked::Test(_) => 1,
            Checked::Element { filter, .. } => filter.tests(),
        }
    }
}

/// One comparison.
#[derive(Clone, PartialEq, Debug)]
pub struct Test {
    /// A simple attribute or sub-attribute; with [`Op::Pr`] also a whole complex attribute.
    pub attr: AttrRef,
    /// Never [`Op::Ne`], which becomes [`Checked::Not`] of [`Op::Eq`].
    pub op: Op,
    /// Typed by the attribute.
    pub operand: Operand,
}

/// What to compare with.
#[derive(Clone, PartialEq, Debug)]
pub enum Operand {
    /// With [`Op::Pr`].
    None,
    /// For a case-exact text.
    Text(String),
    /// For any other text, folded already.
    Folded(String),
    /// For a boolean; only with [`Op::Eq`].
    Bool(bool),
    /// For a date-time; never with a substring operator.
    Instant(jiff::Timestamp),
    /// For an integer or decimal; never with a substring operator.
    Number(f64),
}

/// Canonical text: lower-case operators, single spaces, no needless parentheses. Parsing it gives the same filter.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Filter::And(parts) => join(f, parts, " and ", |p| matches!(p, Filter::And(_) | Filter::Or(_))),
            Filter::Or(parts) => join(f, parts, " or ", |p| matches!(p, Filter::Or(_))),
            Filter::Not(inner) => write!(f, "not ({inner})"),
            Filter::Test { path, op: Op::Pr, .. } => write!(f, "{path} pr"),
            Filter::Test { path, op, value } => write!(f, "{path} {} {value}", op.as_str()),
            Filter::Element { path, filter } => write!(f, "{path}[{filter}]"),
        }
    }
}

fn join(
    f: &mut fmt::Formatter<'_>,
    parts: &[Filter],
    word: &str,
    wrap: impl Fn(&Filter) -> bool,
) -> fmt::Result {
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            f.write_str(word)?;
        }
        if wrap(part) {
            write!(f, "({part})")?;
        } else {
            write!(f, "{part}")?;
        }
    }
    Ok(())
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Literal::Null => f.write_str("null"),
            Literal::Bool(value) => write!(f, "{value}"),
            Literal::Number(text) => f.write_str(text),
            Literal::Text(text) => write!(f, "{}", serde_json::Value::from(text.as_str())),
        }
    }
}
