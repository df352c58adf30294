//! Filters in queries: an operator and what it is applied to, `IS_ANY_OF:value,value`.

use crate::api::Problem;
use crate::clock::Time;

/// How many values one filter can name.
const MOST_VALUES: usize = 100;

/// A filter as sent, taken apart.
pub(super) struct Applied {
    /// Its place among the operators that were allowed.
    pub(super) operator: usize,
    /// What it is applied to, without repetitions; never empty.
    pub(super) values: Vec<String>,
}

/// Reads the filter `name`. One that names no value restricts nothing; one with another operator is refused with
/// `pattern`, which the allowed ones must fit.
pub(super) fn read(
    name: &str,
    operators: &[&str],
    pattern: &str,
    text: Option<&str>,
) -> Result<Option<Applied>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let refused = || Problem::pattern(&format!("/query/{name}"), pattern, text);
    let (word, list) = text.split_once(':').ok_or_else(refused)?;
    let operator = operators.iter().position(|known| *known == word).ok_or_else(refused)?;
    let mut values: Vec<String> =
        list.split(',').map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()).collect();
    values.sort();
    values.dedup();
    if values.len() > MOST_VALUES {
        return Err(Problem::malformed(format!("\"{name}\" can name at most {MOST_VALUES} values.")));
    }
    Ok((!values.is_empty()).then_some(Applied { operator, values }))
}

/// Numbers; what is none of these is the number of nothing.
pub(super) fn numbers(values: &[String]) -> Vec<i64> {
    values.iter().map(|value| value.parse().unwrap_or(i64::MIN)).collect()
}

/// Reads a filter on days, `IS:YYYY-MM-DD`: the operator's place, and when the day begins in UTC.
pub(super) fn day(
    name: &str,
    operators: &[&str],
    pattern: &str,
    text: Option<&str>,
) -> Result<Option<(usize, Time)>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let found = text.split_once(':').and_then(|(word, day)| {
        let operator = operators.iter().position(|known| *known == word)?;
        let time = Time::parse(&format!("{day}T00:00:00Z")).filter(|_| day.len() == 10)?;
        Some((operator, time))
    });
    found.map(Some).ok_or_else(|| Problem::pattern(&format!("/query/{name}"), pattern, text))
}

/// Offset and limit. What makes no sense counts as not sent.
pub(super) fn page(offset: Option<&str>, limit: Option<&str>, usual: i64, largest: i64) -> (i64, i64) {
    let number = |text: Option<&str>, least: i64| {
        text.and_then(|text| text.parse::<i64>().ok()).filter(|number| *number >= least)
    };
    (number(offset, 0).unwrap_or(0), number(limit, 1).unwrap_or(usual).min(largest))
}
