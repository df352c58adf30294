//! The common form of single values.

use crate::document::Payload;
use crate::scalar::{self, trim};

/// Gives the common form of a text, or says what is wrong with it.
pub(super) type Check = fn(&str) -> Result<String, String>;

pub(super) fn unquoted(text: &str) -> Result<String, String> {
    if text.contains(['"', '\\']) {
        return Err(format!("{text:?} must not contain quotes or backslashes"));
    }
    Ok(text.to_owned())
}

pub(super) fn plain(text: &str) -> Result<String, String> {
    if text.ends_with('\\') {
        return Err(format!("{text:?} must not end with a backslash"));
    }
    Ok(text.to_owned())
}

pub(super) fn stickiness(name: Option<&str>) -> Result<&str, &'static str> {
    match name.map_or("", trim) {
        "" => Ok("default"),
        "currentTime" => Err("the time cannot decide"),
        name if name.contains(['"', '\\']) => Err("must not contain quotes or backslashes"),
        name => Ok(name),
    }
}

/// Whole, from 0 to 100. A fraction has no effect on whole buckets, so that it can go, unless nothing remains.
pub(super) fn percent(text: &str) -> Result<String, &'static str> {
    const RANGE: &str = "must be a whole number from 0 to 100";
    let number = scalar::number(text).filter(|number| (0.0..=100.0).contains(number)).ok_or(RANGE)?;
    if number > 0.0 && number < 1.0 {
        return Err("must be a whole number from 0 to 100; less than 1 would be nobody");
    }
    Ok(number.trunc().abs().to_string())
}

pub(super) fn number(text: &str) -> Result<String, String> {
    let number = scalar::number(text).ok_or_else(|| format!("{text:?} is not a finite number"))?;
    Ok(if plain_number(text) { text.to_owned() } else { number.to_string() })
}

/// Sign, digits, and optionally a fraction and an exponent: what every SDK reads as the same number.
fn plain_number(text: &str) -> bool {
    fn integer(text: &str) -> Option<&str> {
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        let rest = digits.trim_start_matches(|c: char| c.is_ascii_digit());
        (rest.len() < digits.len()).then_some(rest)
    }
    let Some(rest) = integer(text) else {
        return false;
    };
    let rest =
        rest.strip_prefix('.').map_or(rest, |rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    rest.is_empty() || rest.strip_prefix(['e', 'E']).and_then(integer).is_some_and(str::is_empty)
}

pub(super) fn date(text: &str) -> Result<String, String> {
    let instant = scalar::instant(text).ok_or_else(|| format!("{text:?} is not a date"))?;
    if plain_date(text) {
        return Ok(text.to_owned());
    }
    let has_time = text.contains(':');
    if has_time && text.parse::<jiff::Timestamp>().is_err() {
        return Err(format!("{text:?} needs an offset from UTC, such as Z"));
    }
    let date = instant.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
    if plain_date(&date) { Ok(date) } else { Err(format!("{text:?} is out of range")) }
}

/// `2022-01-29T13:00:00.000Z`, with or without the milliseconds, and with `Z` or an offset below one day.
fn plain_date(text: &str) -> bool {
    fn shaped(text: &str, shape: &str) -> bool {
        let like =
            |(byte, shape): (u8, u8)| if shape == b'0' { byte.is_ascii_digit() } else { byte == shape };
        text.len() == shape.len() && text.bytes().zip(shape.bytes()).all(like)
    }
    let Some((start, rest)) = text.split_at_checked(19) else {
        return false;
    };
    // A leap second is a date to some SDKs only.
    let start = shaped(start, "0000-00-00T00:00:00") && !start.ends_with("60");
    let rest = match rest.split_at_checked(4) {
        Some((millis, rest)) if shaped(millis, ".000") => rest,
        _ => rest,
    };
    let offset = rest == "Z"
        || ((shaped(rest, "+00:00") || shaped(rest, "-00:00"))
            && rest.get(1..3).is_some_and(|hours| hours < "24"));
    start && offset
}

pub(super) fn version(text: &str) -> Result<String, String> {
    /// The largest whole number that JavaScript counts to without gaps.
    const LARGEST: u64 = (1 << 53) - 1;
    let version = scalar::version(text).ok_or_else(|| format!("{text:?} is not a version such as 1.2.3"))?;
    if text.len() > 256 || version.major.max(version.minor).max(version.patch) > LARGEST {
        return Err(format!("{text:?} is too large"));
    }
    Ok(text.to_owned())
}

pub(super) fn remote_address(text: &str) -> Result<String, String> {
    let network =
        scalar::network(text).ok_or_else(|| format!("{text:?} is neither an address nor a network"))?;
    match network {
        ipnet::IpNet::V4(_) => Ok(text.to_owned()),
        // One SDK family compares IPv6 addresses as text, and clients send the short form.
        ipnet::IpNet::V6(network) if network.prefix_len() == 128 => Ok(network.addr().to_string()),
        ipnet::IpNet::V6(_) => {
            Err(format!("{text:?} is an IPv6 network; use a constraint with IN_CIDR on remoteAddress"))
        }
    }
}

/// A list whose items are fine stays as it is written; empty items go.
pub(super) fn list_of(text: &str, item: Check) -> Result<String, String> {
    let items = scalar::items(text).map(item).collect::<Result<Vec<_>, _>>()?;
    let written = text.split(',').map(trim);
    Ok(if written.eq(items.iter().map(String::as_str)) { trim(text).to_owned() } else { items.join(",") })
}

pub(super) fn wrong_payload(payload: &Payload) -> Option<&'static str> {
    match payload.kind.as_str() {
        "string" | "csv" => None,
        "json" => serde_json::from_str::<serde::de::IgnoredAny>(&payload.value).err().map(|_| "is not JSON"),
        "number" => (!plain_number(&payload.value)).then_some("is not a number"),
        _ => Some("the type must be string, json, csv or number"),
    }
}
