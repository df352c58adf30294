//! When something was, or will be: roughly, and exactly on hover.

use maud::{Markup, html};

use crate::clock::Time;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A moment as people say it. The script keeps it true while the page is open, and shows the reader's own time zone.
pub(in crate::ui) fn ago(then: Time, now: Time) -> Markup {
    let exact = then.to_string();
    html! { time data-ago datetime=(exact) title=(exact.replace('T', " ").replace(".000Z", " UTC")) { (words(then, now)) } }
}

/// A moment, or that it never was.
pub(in crate::ui) fn ago_or(then: Option<Time>, now: Time, never: &str) -> Markup {
    html! { @match then { Some(then) => (ago(then, now)), None => span.muted { (never) } } }
}

fn words(then: Time, now: Time) -> String {
    let seconds = (now.millis() - then.millis()) / 1000;
    let some = |count: i64, unit: &str| {
        if seconds < 0 { format!("in {count} {unit}") } else { format!("{count} {unit} ago") }
    };
    match seconds.abs() {
        ..45 => "just now".to_owned(),
        apart @ 45..HOUR => some((apart + MINUTE / 2) / MINUTE, "min"),
        apart @ HOUR..DAY => some(apart / HOUR, "h"),
        apart @ DAY..2_592_000 => some(apart / DAY, "d"),
        _ => then.to_string()[..10].to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_told_in_the_largest_unit_that_fits() {
        let now = Time::parse("2026-11-27T12:00:00Z").unwrap();
        for (then, told) in [
            ("2026-11-27T12:00:00Z", "just now"),
            ("2026-11-27T11:59:15Z", "1 min ago"),
            ("2026-11-27T11:01:00Z", "59 min ago"),
            ("2026-11-27T09:30:00Z", "2 h ago"),
            ("2026-11-20T12:00:00Z", "7 d ago"),
            ("2026-01-02T12:00:00Z", "2026-01-02"),
            ("2026-11-27T12:00:30Z", "just now"),
            ("2026-11-27T14:30:00Z", "in 2 h"),
            ("2026-12-07T12:00:00Z", "in 10 d"),
            ("2027-11-27T12:00:00Z", "2027-11-27"),
        ] {
            assert_eq!(words(Time::parse(then).unwrap(), now), told);
        }
    }
}
