//! How many applications a token may bring: whoever has a page's token can make up names.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use super::HOUR;
use crate::clock::Time;

/// How many applications a token may bring in an hour, and all tokens together.
const MOST: usize = 1000;
const MOST_IN_ALL: usize = 1_000_000;
/// What all further applications are called together.
const OTHER: &str = "other";

/// Which applications each token brought in the present hour, by hashes.
#[derive(Default)]
pub(super) struct Crowd {
    hour: i64,
    known: HashMap<i64, HashSet<u64>>,
    /// How many there are in all of them.
    size: usize,
    spread: RandomState,
}

impl Crowd {
    /// The name under which an application counts that a token brings.
    pub(super) fn admit<'a>(&mut self, token: i64, application: &'a str, now: Time) -> &'a str {
        let hour = now.millis().div_euclid(HOUR);
        if self.hour != hour {
            *self = Self { hour, ..Self::default() };
        }
        let known = self.known.entry(token).or_default();
        let hash = self.spread.hash_one(application);
        if known.contains(&hash) {
            return application;
        }
        if known.len() >= MOST || self.size >= MOST_IN_ALL {
            return OTHER;
        }
        known.insert(hash);
        self.size += 1;
        application
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_token_has_its_own_bound_for_an_hour() {
        let mut crowd = Crowd::default();
        let (now, later) = (Time::from_millis(HOUR), Time::from_millis(2 * HOUR));
        for number in 0..MOST {
            let name = number.to_string();
            assert_eq!(crowd.admit(1, &name, now), name);
        }
        assert_eq!((crowd.admit(1, "new", now), crowd.admit(1, "0", now)), (OTHER, "0"));
        assert_eq!((crowd.admit(2, "new", now), crowd.admit(1, "new", later)), ("new", "new"));
    }
}
