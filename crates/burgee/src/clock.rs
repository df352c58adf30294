//! Time, injected: nothing else in the crate asks the operating system what time it is.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::fmt::temporal::DateTimeParser;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// A moment in UTC with millisecond precision: what the databases store and what the wire shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type)]
#[sqlx(transparent)]
pub struct Time(i64);

impl Time {
    /// The moment that lies `ms` milliseconds after 1970-01-01T00:00:00Z.
    pub const fn from_millis(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// As the engine of flags counts time, which ends a day earlier.
    pub fn timestamp(self) -> Timestamp {
        let end = if self.0 < 0 { Timestamp::MIN } else { Timestamp::MAX };
        Timestamp::from_millisecond(self.0).unwrap_or(end)
    }

    /// Reads an RFC 3339 timestamp with any offset, up to the end of the year 9999 in UTC; precision below a
    /// millisecond is dropped.
    pub fn parse(text: &str) -> Option<Self> {
        // jiff's `Timestamp` ends 26 hours before the year does, so that every time zone can show it. The end of the
        // year is what many write for "never".
        let pieces = DateTimeParser::new().parse_pieces(text).ok()?;
        let offset = i64::from(pieces.to_numeric_offset()?.seconds());
        let local = pieces.date().to_datetime(pieces.time()?);
        let since = local.duration_since(EPOCH).checked_sub(SignedDuration::from_secs(offset))?;
        EPOCH.checked_add(since).ok()?;
        i64::try_from(since.as_millis()).ok().map(Self)
    }

    /// The moment `by` later.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The moment `by` earlier.
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }
}

/// RFC 3339 in UTC with exactly three fractional digits, as Unleash and SCIM clients expect.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = if self.0 < 0 { DateTime::MIN } else { DateTime::MAX };
        let moment = EPOCH.checked_add(SignedDuration::from_millis(self.0)).unwrap_or(end);
        write!(f, "{moment:.3}Z")
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not an RFC 3339 timestamp"))
    }
}

impl schemars::JsonSchema for Time {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Time".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "date-time" })
    }
}

/// Where the time comes from.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The operating system.
    System,
    /// A test's own hand: milliseconds since the epoch.
    Manual(Arc<AtomicI64>),
    /// The operating system, held back by so many milliseconds: for a history that is told before it goes on.
    Behind(Arc<AtomicI64>),
}

impl Clock {
    /// The present.
    pub fn now(&self) -> Time {
        match self {
            #[expect(clippy::disallowed_methods, reason = "the one place that reads the system clock")]
            Self::System => Time(Timestamp::now().as_millisecond()),
            Self::Manual(ms) => Time(ms.load(Ordering::SeqCst)),
            Self::Behind(ms) => Time(Self::System.now().0.saturating_sub(ms.load(Ordering::SeqCst))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_reads_offsets_and_prints_utc_with_milliseconds() {
        let time = Time::parse("2026-11-23T10:00:00.1239+02:00").unwrap();
        assert_eq!(time.to_string(), "2026-11-23T08:00:00.123Z");
        assert_eq!(Time::from_millis(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Time::parse("yesterday"), None);
        assert_eq!(Time::parse("2026-11-23T10:00:00"), None, "no offset");
        assert_eq!(Time::parse("2026-11-23"), None);
    }

    #[test]
    fn time_reaches_to_the_end_of_the_year_9999() {
        for last in ["9999-12-31T00:00:00.000Z", "9999-12-31T23:59:59.999Z"] {
            assert_eq!(Time::parse(last).unwrap().to_string(), last);
        }
        let west = Time::parse("9999-12-31T11:59:59-12:00").unwrap();
        assert_eq!(west.to_string(), "9999-12-31T23:59:59.000Z");
        assert_eq!(Time::parse("9999-12-31T23:59:59-00:01"), None, "the year 10000");
        assert_eq!(Time::from_millis(i64::MAX).to_string(), "9999-12-31T23:59:59.999Z");
    }
}
