//! Points in time (RFC 7643 §2.3.5).

use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

use crate::Mode;

/// Reads an RFC 3339 date-time with any offset and up to nine fractional digits. What lies in the last 26 hours of the
/// year 9999 is read as the last moment before them: [`Timestamp`] ends there, and "never" must not be an error.
///
/// [`Mode::Tolerant`] also reads one without an offset, as `xsd:dateTime` allows, and takes it for UTC.
pub fn parse_instant(text: &str, mode: Mode) -> Option<Timestamp> {
    let b = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| b[range].iter().all(u8::is_ascii_digit);
    // The general parser reads more than RFC 3339 (annotations, week dates, missing seconds).
    if b.len() < 19
        || !(digits(0..4) && b[4] == b'-' && digits(5..7) && b[7] == b'-' && digits(8..10))
        || !matches!(b[10], b'T' | b't')
        || !(digits(11..13) && b[13] == b':' && digits(14..16) && b[16] == b':' && digits(17..19))
    {
        return None;
    }
    let rest = &text[19..];
    let offset = rest.trim_start_matches('.').trim_start_matches(|c: char| c.is_ascii_digit());
    match offset.as_bytes() {
        [] if mode == Mode::Tolerant => stamp(&format!("{text}Z")),
        [b'Z' | b'z'] => stamp(text),
        [b'+' | b'-', h1, h2, b':', m1, m2] if [h1, h2, m1, m2].iter().all(|d| d.is_ascii_digit()) => {
            stamp(text)
        }
        _ => None,
    }
}

fn stamp(text: &str) -> Option<Timestamp> {
    let pieces = DateTimeParser::new().parse_pieces(text).ok()?;
    let local = pieces.date().to_datetime(pieces.time()?);
    let offset = pieces.to_numeric_offset()?;
    if let Ok(at) = offset.to_timestamp(local) {
        return Some(at);
    }
    let utc = local.checked_sub(SignedDuration::from_secs(offset.seconds().into())).ok()?;
    (utc > Offset::UTC.to_datetime(Timestamp::MAX)).then_some(Timestamp::MAX)
}

/// Writes a point in time the way every `dateTime` is emitted and indexed: UTC with exactly three fractional digits.
pub fn render_instant(at: Timestamp) -> String {
    format!("{at:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_and_fractions() {
        let render = |text, mode| parse_instant(text, mode).map(render_instant);
        for mode in [Mode::Strict, Mode::Tolerant] {
            assert_eq!(render("2011-05-13T04:42:34Z", mode).unwrap(), "2011-05-13T04:42:34.000Z");
            assert_eq!(
                render("2015-10-10T14:38:21.8617979-07:00", mode).unwrap(),
                "2015-10-10T21:38:21.861Z"
            );
            assert_eq!(render("2011-05-13t04:42:34.5z", mode).unwrap(), "2011-05-13T04:42:34.500Z");
            for bad in
                ["", "2011-05-13", "2011-05-13T04:42Z", "2011-13-13T04:42:34Z", "2011-05-13T04:42:34Z[UTC]"]
            {
                assert_eq!(render(bad, mode), None, "{bad}");
            }
            assert_eq!(render("2011-05-13T04:42:34ééé", mode), None);
            assert_eq!(render("ééééééééééééééé", mode), None);
        }
        let last = "9999-12-30T22:00:00.999Z";
        for never in ["9999-12-30T22:00:01Z", "9999-12-31T23:59:59.999Z", "9999-12-31T11:59:59-12:00", last] {
            assert_eq!(render(never, Mode::Strict).unwrap(), last, "{never}");
        }
        assert_eq!(render("9999-12-31T23:59:59-00:01", Mode::Tolerant), None, "the year 10000");
        assert_eq!(render("2011-05-13T04:42:34", Mode::Strict), None);
        assert_eq!(render("2011-05-13T04:42:34", Mode::Tolerant).unwrap(), "2011-05-13T04:42:34.000Z");
    }
}
