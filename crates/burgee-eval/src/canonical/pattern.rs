//! The patterns that RE2 and Rust's `regex` both accept and read alike.
//!
//! Only what Rust accepts gets here; this refuses what RE2 does not, or reads differently. What remains different
//! is text outside of ASCII, for which `\d`, `\w`, `\s` and `\b` are Unicode in one family and ASCII in the other.

/// RE2's limit, also for repetitions of repetitions.
const MOST_REPETITIONS: u32 = 1000;

/// Scripts that every engine knows by this name. General categories are one or two letters.
const SCRIPTS: &[&str] = &[
    "Arabic",
    "Armenian",
    "Bengali",
    "Cyrillic",
    "Devanagari",
    "Georgian",
    "Greek",
    "Han",
    "Hangul",
    "Hebrew",
    "Hiragana",
    "Katakana",
    "Latin",
    "Tamil",
    "Thai",
];

/// Whether a pattern that Rust accepts means the same everywhere; otherwise why not.
pub(super) fn portable(pattern: &str) -> Result<(), String> {
    let mut scan = Scan { rest: pattern };
    // Per open group: how often its largest part repeats.
    let mut groups = vec![1_u32];
    // The same for what a following repetition would repeat.
    let mut last = 1_u32;
    let mut repeated = false;
    while let Some(c) = scan.next() {
        let mut repetition = None;
        match c {
            '\\' => scan.escape()?,
            '[' => scan.class()?,
            '(' => groups.extend(scan.opens_group()?.then_some(1)),
            ')' => {
                last = groups.pop().unwrap_or(1);
                if groups.is_empty() {
                    groups.push(1);
                }
                repeated = false;
                widest(&mut groups, last);
                continue;
            }
            '*' | '+' | '?' => repetition = Some(1),
            '{' => repetition = Some(scan.count()),
            _ => {}
        }
        let Some(times) = repetition else {
            last = 1;
            repeated = false;
            continue;
        };
        if repeated {
            return Err("a repetition cannot be repeated".to_owned());
        }
        scan.eat("?");
        repeated = true;
        last = last.saturating_mul(times);
        if last > MOST_REPETITIONS {
            return Err(format!("repeats more than {MOST_REPETITIONS} times"));
        }
        widest(&mut groups, last);
    }
    Ok(())
}

fn widest(groups: &mut [u32], last: u32) {
    if let Some(group) = groups.last_mut() {
        *group = (*group).max(last);
    }
}

struct Scan<'p> {
    rest: &'p str,
}

impl<'p> Scan<'p> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn eat(&mut self, prefix: &str) -> bool {
        let found = self.rest.strip_prefix(prefix);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn until(&mut self, end: char) -> &'p str {
        let (found, rest) = self.rest.split_once(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        found
    }

    /// After a backslash.
    fn escape(&mut self) -> Result<(), String> {
        match self.next() {
            Some('p' | 'P') => {
                let name = if self.eat("{") {
                    self.until('}').to_owned()
                } else {
                    self.next().into_iter().collect()
                };
                let category = name.len() <= 2 && name.starts_with(|c: char| c.is_ascii_uppercase());
                if !category && !SCRIPTS.contains(&name.as_str()) {
                    return Err(format!("\\p{{{name}}} is not known to all SDKs"));
                }
            }
            Some('b') if self.rest.starts_with('{') => {
                return Err("\\b{…} is not known to all SDKs".to_owned());
            }
            Some('x') if self.eat("{") => drop(self.until('}')),
            Some(
                'd' | 'D' | 's' | 'S' | 'w' | 'W' | 'b' | 'B' | 'A' | 'z' | 'a' | 'f' | 'n' | 'r' | 't' | 'v'
                | 'x',
            )
            | None => {}
            Some(c) if c.is_ascii_alphanumeric() || matches!(c, '<' | '>') => {
                return Err(format!("\\{c} does not mean the same to all SDKs"));
            }
            Some(_) => {}
        }
        Ok(())
    }

    /// After an opening parenthesis: whether it opens a group, rather than set flags.
    fn opens_group(&mut self) -> Result<bool, String> {
        if !self.eat("?") || self.eat(":") {
            return Ok(true);
        }
        if self.eat("P<") {
            self.until('>');
            return Ok(true);
        }
        loop {
            match self.next() {
                Some('i' | 'm' | 's' | 'U' | '-') => {}
                Some(':') => return Ok(true),
                Some(')') => return Ok(false),
                _ => {
                    return Err("only (?:…), (?P<name>…) and the flags i, m, s and U are known to all SDKs"
                        .to_owned());
                }
            }
        }
    }

    /// After an opening brace: the larger bound.
    fn count(&mut self) -> u32 {
        let bounds = self.until('}').split(',').filter_map(|bound| {
            let bound = bound.trim();
            if bound.is_empty() { None } else { Some(bound.parse().unwrap_or(u32::MAX)) }
        });
        bounds.max().unwrap_or(1)
    }

    /// After an opening bracket.
    fn class(&mut self) -> Result<(), String> {
        self.eat("^");
        self.eat("]");
        while let Some(c) = self.next() {
            match c {
                ']' => break,
                '\\' => self.escape()?,
                '[' => {
                    if !self.eat(":") {
                        return Err("[ within brackets must be written \\[".to_owned());
                    }
                    self.until(']');
                }
                '&' | '-' | '~' if self.rest.starts_with(c) => {
                    return Err(format!("{c}{c} within brackets does not mean the same to all SDKs"));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar;

    #[test]
    fn common_patterns_are_portable() {
        for pattern in [
            "^[^@]+@[^@]+$",
            r"^user\d{3}$",
            "^[[:alpha:]]+$",
            r"\bcat\b",
            "^(foo|fo)$",
            "^(ab)?c$",
            "^a{2,4}$",
            "^a.*?b$",
            "^(?i)abc$",
            "(?m)^foo$",
            "^(?s)a.b$",
            "(?i-s:a)(?P<name>b)(?:c)",
            r"[\w.\-]+@example\.(com|org)",
            r"[]a][^]b]\[\]\{\}",
            r"\p{Greek}\pL\P{Lu}\p{Han}",
            r"\x41\x{1F600}",
            r#"\"quoted\""#,
            "a{1000}",
            "(a{30}){30}",
            "a{100}b{100}",
            "[a-z-]",
            "äöü",
        ] {
            assert!(scalar::pattern(pattern, false).is_ok(), "{pattern}");
            assert_eq!(portable(pattern), Ok(()), "{pattern}");
        }
    }

    #[test]
    fn what_only_rust_understands_is_refused() {
        for pattern in [
            "(?x) a b",
            "(?<name>a)",
            "(?-u:a)",
            "[a-z&&[^b]]",
            "[a[b]]",
            "[a--b]",
            "[a~~b]",
            r"\u0041",
            r"\<a\>",
            r"\b{start}a",
            r"\p{Letter}",
            r"\p{Alphabetic}",
            "a**",
            "a{2}{3}",
            "a+?+",
            "a{1001}",
            "(a{100}){100}",
            "((ab{20}){20}){20}",
        ] {
            assert!(scalar::pattern(pattern, false).is_ok(), "{pattern}");
            assert!(portable(pattern).is_err(), "{pattern}");
        }
    }
}
