//! The grammar: recursive descent with a depth limit, one pass, no backtracking.

use super::{Filter, Literal, MAX_BODY_TEXT, MAX_DEPTH, MAX_NODES, MAX_URL_TEXT, Op};
use crate::attr::is_name;
use crate::error::excerpt;
use crate::{Error, Mode, ScimType};

/// Parses the `filter` parameter of a URL: at most [`MAX_URL_TEXT`] bytes.
///
/// Any run of white space separates words, and operators are in any case. [`Mode::Tolerant`] also takes unquoted
/// words and dates, single quotes, and `a[…].b op value` for `a[… and b op value]`.
pub fn parse(text: &str, mode: Mode) -> Result<Filter, Error> {
    parse_limited(text, mode, MAX_URL_TEXT)
}

/// Parses the `filter` member of a search request: at most [`MAX_BODY_TEXT`] bytes.
pub fn parse_body(text: &str, mode: Mode) -> Result<Filter, Error> {
    parse_limited(text, mode, MAX_BODY_TEXT)
}

fn parse_limited(text: &str, mode: Mode, limit: usize) -> Result<Filter, Error> {
    let mut parser = Parser::new(text, mode, limit, ScimType::InvalidFilter)?;
    let filter = parser.or(Scope::Resource)?;
    parser.end()?;
    Ok(filter)
}

/// A PATCH path as written (RFC 7644 §3.5.2).
pub(crate) struct RawPath {
    pub(crate) path: String,
    pub(crate) filter: Option<Filter>,
    pub(crate) sub: Option<String>,
}

pub(crate) fn parse_path(text: &str, mode: Mode) -> Result<RawPath, Error> {
    let mut parser = Parser::new(text, mode, MAX_BODY_TEXT, ScimType::InvalidPath)?;
    parser.space();
    let path = parser.path()?;
    let mut raw = RawPath { path, filter: None, sub: None };
    if parser.peek() == Some(b'[') {
        parser.kind = ScimType::InvalidFilter;
        raw.filter = Some(parser.bracket()?);
        parser.kind = ScimType::InvalidPath;
        if parser.eat(b'.') {
            raw.sub = Some(parser.name()?);
        }
    }
    parser.end()?;
    Ok(raw)
}

#[derive(Clone, Copy, PartialEq)]
enum Scope {
    Resource,
    Element,
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    mode: Mode,
    kind: ScimType,
    depth: usize,
    nodes: usize,
    /// How many bytes were looked at, once for every time.
    #[cfg(test)]
    looks: usize,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str, mode: Mode, limit: usize, kind: ScimType) -> Result<Parser<'t>, Error> {
        if text.len() > limit {
            return Err(Error::of(
                kind,
                format!("the text is {} bytes long; the limit is {limit}", text.len()),
            ));
        }
        Ok(Parser {
            text,
            at: 0,
            mode,
            kind,
            depth: 0,
            nodes: 0,
            #[cfg(test)]
            looks: 0,
        })
    }

    fn or(&mut self, scope: Scope) -> Result<Filter, Error> {
        let mut parts = vec![self.and(scope)?];
        while self.keyword("or") {
            parts.push(self.and(scope)?);
        }
        Ok(one_or(parts, Filter::Or))
    }

    fn and(&mut self, scope: Scope) -> Result<Filter, Error> {
        let mut parts = vec![self.unary(scope)?];
        while self.keyword("and") {
            parts.push(self.unary(scope)?);
        }
        Ok(one_or(parts, Filter::And))
    }

    fn unary(&mut self, scope: Scope) -> Result<Filter, Error> {
        self.space();
        if self.keyword("not") {
            self.node()?;
            self.space();
            if self.peek() != Some(b'(') {
                return Err(self.expected("\"(\" after not"));
            }
            return Ok(Filter::Not(Box::new(self.group(scope)?)));
        }
        if self.peek() == Some(b'(') {
            return self.group(scope);
        }
        self.test(scope)
    }

    fn group(&mut self, scope: Scope) -> Result<Filter, Error> {
        self.nested(scope, b')', "\")\"")
    }

    fn bracket(&mut self) -> Result<Filter, Error> {
        self.node()?;
        self.nested(Scope::Element, b']', "\"]\"")
    }

    fn nested(&mut self, scope: Scope, close: u8, what: &str) -> Result<Filter, Error> {
        self.at += 1;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.fail(&format!("nesting is deeper than {MAX_DEPTH}")));
        }
        let inner = self.or(scope)?;
        self.space();
        if !self.eat(close) {
            return Err(self.expected(&format!("\"and\", \"or\" or {what}")));
        }
        self.depth -= 1;
        Ok(inner)
    }

    fn test(&mut self, scope: Scope) -> Result<Filter, Error> {
        let path = self.path()?;
        if self.peek() == Some(b'[') {
            if scope == Scope::Element {
                return Err(self.fail("a value path inside a value path"));
            }
            let filter = self.bracket()?;
            if self.peek() != Some(b'.') || self.mode.is_strict() {
                return Ok(Filter::Element { path, filter: Box::new(filter) });
            }
            self.at += 1;
            let sub = self.name()?;
            let mut parts = match filter {
                Filter::And(parts) => parts,
                other => vec![other],
            };
            parts.push(self.comparison(sub)?);
            return Ok(Filter::Element { path, filter: Box::new(Filter::And(parts)) });
        }
        self.comparison(path)
    }

    fn comparison(&mut self, path: String) -> Result<Filter, Error> {
        self.node()?;
        self.space();
        let start = self.at;
        let name = self.take(|b| b.is_ascii_alphabetic());
        let Some(op) = Op::from_name(name) else {
            self.at = start;
            return Err(self.expected("an operator (eq, ne, co, sw, ew, gt, ge, lt, le, pr)"));
        };
        if op == Op::Pr {
            return Ok(Filter::Test { path, op, value: Literal::Null });
        }
        self.space();
        let value = self.literal()?;
        Ok(Filter::Test { path, op, value })
    }

    /// An attribute path; its last segment is checked to be a name here, the rest when it is looked up.
    fn path(&mut self) -> Result<String, Error> {
        let start = self.at;
        let path = self.take(|b| b.is_ascii_graphic() && !matches!(b, b'[' | b']' | b'(' | b')' | b'"'));
        let name = path.rsplit(':').next().unwrap_or(path);
        if !name.split('.').all(is_name) {
            self.at = start;
            return Err(self.expected("an attribute name"));
        }
        Ok(path.to_owned())
    }

    fn name(&mut self) -> Result<String, Error> {
        let start = self.at;
        let name = self.take(|b| b.is_ascii_alphanumeric() || matches!(b, b'$' | b'-' | b'_'));
        if !is_name(name) {
            self.at = start;
            return Err(self.expected("a sub-attribute name"));
        }
        Ok(name.to_owned())
    }

    fn literal(&mut self) -> Result<Literal, Error> {
        let start = self.at;
        let literal = match self.peek() {
            Some(b'"') => {
                let quoted = self.quoted(b'"')?;
                serde_json::from_str(quoted).ok().map(Literal::Text)
            }
            Some(b'\'') if !self.mode.is_strict() => Some(Literal::Text(unescape(self.quoted(b'\'')?))),
            _ => {
                let word = self.take(|b| b > b' ' && !matches!(b, 0x7f | b'(' | b')' | b'[' | b']' | b'"'));
                match word {
                    "null" => Some(Literal::Null),
                    "true" => Some(Literal::Bool(true)),
                    "false" => Some(Literal::Bool(false)),
                    "" => None,
                    word if is_number(word) => Some(Literal::Number(word.to_owned())),
                    word if !self.mode.is_strict() => Some(Literal::Text(word.to_owned())),
                    _ => None,
                }
            }
        };
        match literal {
            Some(Literal::Text(text)) if text.contains('\0') => {
                self.at = start;
                Err(self.fail("the value contains a NUL character"))
            }
            Some(literal) => Ok(literal),
            None => {
                self.at = start;
                Err(self.expected("a JSON string, number, true, false or null"))
            }
        }
    }

    /// Takes a quoted text with its quotes.
    fn quoted(&mut self, quote: u8) -> Result<&'t str, Error> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut end = start + 1;
        while let Some(&b) = bytes.get(end) {
            match b {
                b'\\' => end += 2,
                b if b == quote => {
                    self.at = end + 1;
                    self.look(end - start);
                    return Ok(&self.text[start..=end]);
                }
                _ => end += 1,
            }
        }
        self.look(bytes.len() - start);
        Err(self.fail("the string is not closed"))
    }

    /// Counts what the parser costs, for the test that bounds it.
    #[cfg(test)]
    fn look(&mut self, bytes: usize) {
        self.looks += bytes;
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "counts in tests only")]
    fn look(&mut self, _: usize) {}

    fn keyword(&mut self, word: &str) -> bool {
        let before = self.at;
        self.space();
        let rest = &self.text.as_bytes()[self.at..];
        let fits = rest.len() >= word.len()
            && rest[..word.len()].eq_ignore_ascii_case(word.as_bytes())
            && rest.get(word.len()).is_none_or(|b| b.is_ascii_whitespace() || *b == b'(');
        self.at = if fits { self.at + word.len() } else { before };
        self.look(word.len());
        fits
    }

    fn take(&mut self, accept: impl Fn(u8) -> bool) -> &'t str {
        let rest = &self.text[self.at..];
        let len = rest.bytes().position(|b| !accept(b)).unwrap_or(rest.len());
        self.at += len;
        self.look(len + 1);
        &rest[..len]
    }

    fn space(&mut self) {
        self.take(|b| b.is_ascii_whitespace());
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let fits = self.peek() == Some(byte);
        self.at += usize::from(fits);
        fits
    }

    fn node(&mut self) -> Result<(), Error> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(Error::too_many(format!("the filter has more than {MAX_NODES} conditions")));
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), Error> {
        self.space();
        if self.at == self.text.len() {
            return Ok(());
        }
        Err(match self.kind {
            ScimType::InvalidPath => self.expected("the end of the path"),
            _ => self.expected("\"and\", \"or\" or the end of the filter"),
        })
    }

    fn expected(&self, what: &str) -> Error {
        let rest = &self.text[self.at..];
        let found =
            if rest.is_empty() { "the end of the text".into() } else { format!("\"{}\"", excerpt(rest)) };
        self.fail(&format!("expected {what}, found {found}"))
    }

    fn fail(&self, what: &str) -> Error {
        let position = self.text[..self.at].chars().count() + 1;
        Error::of(self.kind, format!("character {position}: {what}"))
    }
}

fn one_or(mut parts: Vec<Filter>, many: fn(Vec<Filter>) -> Filter) -> Filter {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            many(parts)
        }
        None => many(parts),
    }
}

fn is_number(word: &str) -> bool {
    word.starts_with(|c: char| c == '-' || c.is_ascii_digit())
        && serde_json::from_str::<serde_json::Number>(word).is_ok()
}

/// The inside of a single-quoted text, where a backslash makes the next character literal.
fn unescape(quoted: &str) -> String {
    let mut chars = quoted[1..quoted.len() - 1].chars();
    let mut text = String::with_capacity(quoted.len());
    while let Some(c) = chars.next() {
        text.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    text
}

#[cfg(test)]
mod work;
