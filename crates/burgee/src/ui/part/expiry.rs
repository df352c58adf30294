//! When something stops working: chosen in forms, told in lists.

use std::time::Duration;

use maud::{Markup, html};

use super::form::Field;
use super::{tag, time};
use crate::clock::Time;

const DAY: Duration = Duration::from_hours(24);
/// How long before its end something is marked.
const SOON: Duration = Duration::from_hours(14 * 24);

/// How many days tokens are offered to work.
pub(in crate::ui) const TERMS: [u32; 4] = [7, 30, 90, 365];

/// What a form sent: a number of days, `day` for the day in `until`, or `never`.
#[derive(Clone, Copy, Debug)]
pub(in crate::ui) struct Expiry<'a> {
    /// How long.
    pub(in crate::ui) lasts: &'a str,
    /// The last day, as `2027-01-31`.
    pub(in crate::ui) until: &'a str,
}

impl Expiry<'_> {
    /// The moment; `None`: never. What cannot be read is said in a sentence.
    pub(in crate::ui) fn read(self, now: Time) -> Result<Option<Time>, String> {
        match self.lasts {
            "never" => Ok(None),
            "day" => {
                let end = Time::parse(&format!("{}T23:59:59Z", self.until.trim()));
                end.map(Some).ok_or_else(|| "Choose the last day, such as 2027-01-31.".to_owned())
            }
            days => match days.parse::<u32>() {
                Ok(days) => Ok(Some(in_days(days, now))),
                Err(_) => Err("Choose when it expires.".to_owned()),
            },
        }
    }

    /// The fields: a choice of `terms` in days, of a day, and of `never` if things may live for ever.
    pub(in crate::ui) fn fields(
        self,
        terms: &[u32],
        never: bool,
        problem: Option<&str>,
        now: Time,
    ) -> Markup {
        let terms: Vec<(String, String)> = terms
            .iter()
            .map(|days| {
                let label = match days {
                    1 => "In a day".to_owned(),
                    365 => "In a year".to_owned(),
                    days => format!("In {days} days"),
                };
                (days.to_string(), label)
            })
            .collect();
        let mut options: Vec<(&str, &str)> =
            terms.iter().map(|(days, label)| (days.as_str(), label.as_str())).collect();
        options.push(("day", "On a day…"));
        if never {
            options.push(("never", "Never"));
        }
        html! {
            div.expiry {
                (Field { name: "lasts", label: "Expires", problem, ..Field::default() }.choice(&options, self.lasts))
                div.field.expiry-day {
                    label for="until" { "Last day (UTC)" }
                    input #until name="until" type="date" value=(self.until) min=(day(now));
                }
            }
        }
    }
}

/// The moment so many days from now.
pub(in crate::ui) fn in_days(days: u32, now: Time) -> Time {
    now.plus(DAY.saturating_mul(days))
}

/// `2027-01-31`.
fn day(at: Time) -> String {
    at.to_string().get(..10).unwrap_or_default().to_owned()
}

/// When something stops working; marked if that is soon, or was.
pub(in crate::ui) fn told(expires: Option<Time>, now: Time) -> Markup {
    html! {
        @match expires {
            None => span.muted { "never" },
            Some(at) if at <= now => { (tag::toned("expired", "problem")) " " (time::ago(at, now)) },
            Some(at) if at <= now.plus(SOON) => { (tag::toned("expires soon", "warning")) " " (time::ago(at, now)) },
            Some(at) => (time::ago(at, now)),
        }
    }
}

/// True if it has stopped working, or will within two weeks.
pub(in crate::ui) fn is_near(expires: Option<Time>, now: Time) -> bool {
    expires.is_some_and(|at| at <= now.plus(SOON))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_a_number_of_days_or_the_end_of_a_day() {
        let now = Time::parse("2026-11-27T12:00:00Z").unwrap();
        let read = |lasts, until| Expiry { lasts, until }.read(now).map(|at| at.map(|at| at.to_string()));
        assert_eq!(read("30", "").unwrap().unwrap(), "2026-12-27T12:00:00.000Z");
        assert_eq!(read("day", " 2027-01-31 ").unwrap().unwrap(), "2027-01-31T23:59:59.000Z");
        assert_eq!(read("never", "").unwrap(), None);
        for (lasts, until) in [("day", ""), ("day", "soon"), ("", ""), ("-7", ""), ("99999999999", "")] {
            assert!(read(lasts, until).is_err(), "{lasts} {until}");
        }
    }
}
