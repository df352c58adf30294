//! How text becomes a number, an instant, a version, a network: one reading for constraints, contexts and checks.

use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;
use regex::{Regex, RegexBuilder};
use semver::Version;

/// The largest compiled pattern, in bytes. Patterns that need more are treated like invalid ones.
const PATTERN_SIZE: usize = 1 << 20;

/// What one pattern may use for searching faster, in bytes.
const PATTERN_CACHE: usize = 1 << 18;

/// Without the white space at both ends, including the byte order mark that JavaScript counts as such.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
}

/// A finite number; white space around it does not matter.
pub(crate) fn number(text: &str) -> Option<f64> {
    trim(text).parse().ok().filter(|number: &f64| number.is_finite())
}

/// RFC 3339 with any number of fraction digits. Without an offset, or without a time, it is read as UTC.
pub(crate) fn instant(text: &str) -> Option<Timestamp> {
    let text = trim(text);
    text.parse().ok().or_else(|| {
        let civil: jiff::civil::DateTime = text.parse().ok()?;
        jiff::tz::Offset::UTC.to_timestamp(civil).ok()
    })
}

/// Strict SemVer: three numbers, no leading `v`.
pub(crate) fn version(text: &str) -> Option<Version> {
    Version::parse(text).ok()
}

pub(crate) fn address(text: &str) -> Option<IpAddr> {
    text.parse().ok()
}

/// A CIDR range, or an address as the range of one.
pub(crate) fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| address(text).map(IpNet::from))
}

/// The items of a comma-separated strategy parameter; white space around an item does not belong to it.
pub(crate) fn items(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(trim).filter(|item| !item.is_empty())
}

/// A pattern of bounded size that is searched in linear time.
pub(crate) fn pattern(text: &str, ignore_case: bool) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text)
        .case_insensitive(ignore_case)
        .size_limit(PATTERN_SIZE)
        .dfa_size_limit(PATTERN_CACHE)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_finite() {
        assert_eq!(number(" 5 "), Some(5.0));
        assert_eq!(number("1e3"), Some(1000.0));
        for odd in ["", " ", "inf", "-infinity", "NaN", "1e999", "0x10", "5,5", "5 5"] {
            assert_eq!(number(odd), None, "{odd}");
        }
    }

    #[test]
    fn instants_are_lenient_about_precision_and_missing_offsets() {
        let midnight = instant("2020-01-01T00:00:00Z");
        assert!(midnight.is_some());
        for same in [
            "2020-01-01",
            " 2020-01-01T00:00:00 ",
            "2020-01-01T01:00:00+01:00",
            "2020-01-01T00:00:00.000000000Z",
            "2020-01-01T00:00:00.000Z",
        ] {
            assert_eq!(instant(same), midnight, "{same}");
        }
        for odd in ["", "yesterday", "2020-13-01", "2020-02-30T00:00:00Z", "99999999999999999999-01-01"] {
            assert_eq!(instant(odd), None, "{odd}");
        }
    }

    #[test]
    fn networks_and_addresses() {
        assert_eq!(network("10.0.0.7"), network("10.0.0.7/32"));
        assert_eq!(network("2001:db8::1"), network("2001:db8::1/128"));
        for odd in
            ["", "10.0.0", "10.0.0.0/33", "010.0.0.1", "10.0.0.0/255.0.0.0", "bad::cidr", "fe80::1%eth0"]
        {
            assert_eq!(network(odd), None, "{odd}");
        }
    }

    #[test]
    fn patterns_are_bounded() {
        assert!(pattern("^[a-z]+$", false).is_ok());
        assert!(pattern(r"(\w{1000}){1000}", true).is_err());
        assert!(pattern("(regex", false).is_err());
    }
}
