//! One column against one value, in SQL that means the same on both engines.

use burgee_scim::{Op, Operand};
use jiff::Timestamp;

use crate::db::dialect::{contains, suffix};
use crate::db::{Engine, Sql};
use crate::error::{Error, Result};

/// The text in a column passes a test. The column is never NULL.
pub(super) fn text(
    sql: &mut Sql,
    engine: Engine,
    column: &'static str,
    op: Op,
    operand: &Operand,
) -> Result<()> {
    let text = match operand {
        Operand::Text(text) | Operand::Folded(text) => text.clone(),
        Operand::Bool(value) => value.to_string(),
        Operand::Instant(at) => burgee_scim::render_instant(*at),
        Operand::Number(number) => number.to_string(),
        Operand::None => String::new(),
    };
    match op {
        Op::Pr => {
            sql.push(column).push(" <> ''");
        }
        Op::Eq | Op::Ne | Op::Gt | Op::Ge | Op::Lt | Op::Le => {
            sql.push(column).push(sign(op)).bind(text);
        }
        Op::Co => {
            let (start, middle, end) = contains(engine);
            sql.push(start).push(column).push(middle).bind(text).push(end);
        }
        Op::Sw => {
            let beyond = beyond(&text);
            sql.push("(").push(column).push(" >= ").bind(text);
            if let Some(beyond) = beyond {
                sql.push(" AND ").push(column).push(" < ").bind(beyond);
            }
            sql.push(")");
        }
        Op::Ew if text.is_empty() => {
            sql.push("TRUE");
        }
        Op::Ew => {
            let (start, middle, end) = suffix(engine);
            let count = i64::try_from(text.chars().count()).map_err(Error::internal)?;
            sql.push(start).push(column).push(middle).bind(count).push(end).push(" = ").bind(text);
        }
    }
    Ok(())
}

const fn sign(op: Op) -> &'static str {
    match op {
        Op::Gt => " > ",
        Op::Ge => " >= ",
        Op::Lt => " < ",
        Op::Le => " <= ",
        _ => " = ",
    }
}

/// The moment in a column passes a test. Stored moments are whole milliseconds; the operand need not be.
pub(super) fn time(sql: &mut Sql, column: &'static str, op: Op, operand: &Operand) {
    let Operand::Instant(at) = operand else {
        sql.push("TRUE");
        return;
    };
    let (ms, exact) = floor(*at);
    let word = match op {
        Op::Eq if !exact => {
            sql.push("FALSE");
            return;
        }
        Op::Ge if !exact => " > ",
        Op::Lt if !exact => " <= ",
        op => sign(op),
    };
    sql.push(column).push(word).bind(ms);
}

/// The least text that is greater than every text that starts with `prefix`.
fn beyond(prefix: &str) -> Option<String> {
    let mut letters: Vec<char> = prefix.chars().collect();
    while let Some(last) = letters.pop() {
        let next = if last == '\u{d7ff}' { Some('\u{e000}') } else { char::from_u32(u32::from(last) + 1) };
        if let Some(next) = next {
            letters.push(next);
            return Some(letters.into_iter().collect());
        }
    }
    None
}

fn floor(at: Timestamp) -> (i64, bool) {
    let nanos = at.as_nanosecond();
    let ms = i64::try_from(nanos.div_euclid(1_000_000)).unwrap_or(i64::MAX);
    (ms, nanos.rem_euclid(1_000_000) == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_beyond_a_prefix_is_greater_than_all_that_start_with_it() {
        assert_eq!(beyond("ab").as_deref(), Some("ac"));
        assert_eq!(beyond("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(beyond("\u{d7ff}").as_deref(), Some("\u{e000}"));
        assert_eq!(beyond("\u{10ffff}"), None);
        assert_eq!(beyond(""), None);
    }

    #[test]
    fn moments_between_milliseconds_are_known_to_be_inexact() {
        let at: Timestamp = "2026-01-01T00:00:00.0005Z".parse().unwrap();
        assert_eq!(floor(at), (1_767_225_600_000, false));
        let before: Timestamp = "1969-12-31T23:59:59.9995Z".parse().unwrap();
        assert_eq!(floor(before), (-1, false));
    }
}
