//! How many were taken away lately.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Time;

/// Into how many pieces a window is divided: so exact is the moment at which something counts no more.
const PIECES: u32 = 12;

/// Removals within a sliding window.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tally {
    /// When a piece began, in milliseconds, and how many were taken away in it; the oldest first.
    recent: Vec<(i64, i64)>,
    /// How many there were at least before the first of them went; 0: nobody has looked.
    pub(super) size: i64,
}

impl Tally {
    /// As it is stored. What cannot be read counts as nothing.
    pub(super) fn read(text: Option<&str>) -> Self {
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// Leaves out what was not after `from`.
    pub(super) fn since(mut self, from: Time) -> Self {
        let before = self.recent.len();
        self.recent.retain(|(at, _)| *at > from.millis());
        if self.recent.len() < before {
            // Who went before the window is no longer among those of whom it is a share.
            self.size = 0;
        }
        self
    }

    /// How many.
    pub(super) fn count(&self) -> i64 {
        self.recent.iter().map(|(_, count)| count).sum()
    }

    /// Adds some who go now.
    pub(super) fn add(&mut self, count: i64, now: Time, window: Duration) {
        match self.recent.last_mut() {
            Some((at, so_far)) if *at > now.minus(window / PIECES).millis() => *so_far += count,
            _ => self.recent.push((now.millis(), count)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_stays_short_and_forgets_what_lies_before_the_window() {
        let hour = Duration::from_hours(1);
        let at = |minute: i64| Time::from_millis(minute * 60_000);
        let mut tally = Tally { size: 50, ..Tally::default() };
        for minute in 100..160 {
            tally.add(1, at(minute), hour);
        }
        assert_eq!((tally.count(), tally.recent.len()), (60, 12));
        let text = serde_json::to_string(&tally).unwrap();
        assert_eq!(Tally::read(Some(&text)), tally);
        assert_eq!(tally.clone().since(at(99)), tally);
        let later = tally.clone().since(at(129));
        assert_eq!((later.count(), later.size), (30, 0));
        assert_eq!(tally.since(at(200)), Tally::default());
        assert_eq!(Tally::read(Some("?")), Tally::read(None));
    }
}
