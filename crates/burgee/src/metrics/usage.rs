//! Reports, added up until they are written.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::crowd::Crowd;
use super::{DAY, HOUR, floor};
use crate::clock::Time;
use crate::names;
use crate::published::{Flags, Scope};

/// How many counters there are at most. What would need one more is not counted.
const ROOM: usize = 50_000;
/// How many variants of a flag are counted for an application.
const MOST_VARIANTS: usize = 100;
/// How many unknown flags of an environment are noted, and how many applications for each.
pub(super) const MOST_UNKNOWN: usize = 1000;
const MOST_REPORTERS: usize = 20;
/// The longest name of a variant, in characters.
const LONGEST_VARIANT: usize = 255;

/// How often an application had what from a flag.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// What the application calls the flag.
    pub name: String,
    /// How often it was on.
    pub yes: u64,
    /// How often it was off.
    pub no: u64,
    /// How often it was which variant.
    pub variants: Vec<(String, u64)>,
}

/// What was counted of a flag in an hour.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) yes: u64,
    pub(super) no: u64,
    pub(super) variants: Vec<(Box<str>, u64)>,
    /// When it was last used.
    pub(super) last: Time,
}

/// Environment, application, and the beginning of the hour.
pub(super) type Place = (String, String, Time);
pub(super) type Counts = HashMap<Place, HashMap<Arc<str>, Count>>;
/// Flag and environment.
pub(super) type Sightings = HashMap<(Arc<str>, String), Time>;
/// The environment, the name, and when which application asked for it.
pub(super) type Unknown = HashMap<String, HashMap<String, HashMap<String, Time>>>;

#[derive(Default)]
pub(super) struct Noted {
    pub(super) counts: Counts,
    /// How many counters there are.
    entries: usize,
    pub(super) sightings: Sightings,
    pub(super) unknown: Unknown,
}

/// What was reported and is not written yet.
#[derive(Default)]
pub struct Usage {
    noted: Mutex<Noted>,
    crowd: Mutex<Crowd>,
    lost: AtomicU64,
}

impl Usage {
    /// The name under which an application counts that a token brings: its own; or, if the token brought a thousand
    /// others in this hour, one for all that come beyond.
    pub fn admit<'a>(&self, token: i64, application: &'a str, now: Time) -> &'a str {
        self.crowd.lock().unwrap_or_else(PoisonError::into_inner).admit(token, application, now)
    }

    /// Adds what an application reports that happened at a moment, of the flags that its token reaches. Where a clock
    /// must be wrong, because the moment lies ahead or more than a day back, it counts as `now`.
    pub fn report(
        &self,
        flags: &Flags,
        scope: &Scope,
        application: &str,
        (at, now): (Time, Time),
        tallies: &[Tally],
    ) {
        let day = Time::from_millis(now.millis() - DAY);
        let at = if (day..=now).contains(&at) { at } else { now };
        let mut used = Vec::with_capacity(tallies.len());
        let mut unknown = Vec::new();
        for tally in tallies.iter().filter(|tally| tally.yes > 0 || tally.no > 0) {
            match flags.find(&tally.name) {
                Some((name, project)) if scope.has(project) => used.push((name, tally)),
                None if names::unfriendly("name", &tally.name).is_none() => unknown.push(tally.name.as_str()),
                // Somebody else's, or nothing that a flag could be called.
                _ => {}
            }
        }
        let mut noted = self.noted();
        if !unknown.is_empty() {
            noted.miss(&scope.environment, application, at, &unknown);
        }
        if !used.is_empty() {
            let place = (scope.environment.clone(), application.to_owned(), floor(at, HOUR));
            self.lose(noted.count(place, at, used));
        }
    }

    /// How many counters there was no room for, or were not taken by the database.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Takes out what was counted.
    pub(super) fn take_counts(&self) -> Counts {
        let counts = {
            let mut noted = self.noted();
            noted.entries = 0;
            std::mem::take(&mut noted.counts)
        };
        // Nobody who reports waits while this is put together.
        let mut sightings: HashMap<(&Arc<str>, &String), Time> = HashMap::new();
        for ((environment, _, _), flags) in &counts {
            for (flag, count) in flags {
                let last = sightings.entry((flag, environment)).or_insert(count.last);
                *last = count.last.max(*last);
            }
        }
        let mut noted = self.noted();
        for ((flag, environment), at) in sightings {
            noted.sight(flag.clone(), environment.clone(), at);
        }
        drop(noted);
        counts
    }

    /// Puts back what could not be written.
    pub(super) fn put_back(&self, place: &Place, flag: &Arc<str>, count: Count) {
        let variants = count.variants.into_iter().map(|(name, times)| (name.into_string(), times)).collect();
        let tally = Tally { name: String::new(), yes: count.yes, no: count.no, variants };
        self.lose(self.noted().count(place.clone(), count.last, vec![(flag, &tally)]));
    }

    /// Notes that some counters are gone.
    pub(super) fn lose(&self, counters: u64) {
        self.lost.fetch_add(counters, Ordering::Relaxed);
    }

    pub(super) fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Noted {
    /// Adds up, and tells how many counters there was no room for.
    fn count(&mut self, place: Place, at: Time, used: Vec<(&Arc<str>, &Tally)>) -> u64 {
        let mut lost = 0;
        let flags = match self.counts.entry(place) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(_) if self.entries >= ROOM => return used.len() as u64,
            Entry::Vacant(entry) => entry.insert(HashMap::new()),
        };
        for (name, tally) in used {
            // Looked up before it is made, so that a flag that is known costs no reference to its name.
            if !flags.contains_key(name) {
                if self.entries >= ROOM {
                    lost += 1;
                    continue;
                }
                self.entries += 1;
                flags.insert(name.clone(), Count { yes: 0, no: 0, variants: Vec::new(), last: at });
            }
            let Some(count) = flags.get_mut(name) else { continue };
            count.yes = count.yes.saturating_add(tally.yes);
            count.no = count.no.saturating_add(tally.no);
            count.last = count.last.max(at);
            for (variant, times) in tally.variants.iter().filter(|(_, times)| *times > 0) {
                if let Some((_, known)) = count.variants.iter_mut().find(|(known, _)| **known == **variant) {
                    *known = known.saturating_add(*times);
                } else if self.entries < ROOM && count.variants.len() < MOST_VARIANTS && is_variant(variant) {
                    self.entries += 1;
                    count.variants.push((variant.as_str().into(), *times));
                } else {
                    lost += 1;
                }
            }
        }
        lost
    }

    /// Notes when clients used a flag.
    pub(super) fn sight(&mut self, flag: Arc<str>, environment: String, at: Time) {
        let last = self.sightings.entry((flag, environment)).or_insert(at);
        *last = at.max(*last);
    }

    /// Notes that an application asked for flags that are not there.
    pub(super) fn miss(&mut self, environment: &str, application: &str, at: Time, names: &[&str]) {
        if !self.unknown.contains_key(environment) {
            self.unknown.insert(environment.to_owned(), HashMap::new());
        }
        let Some(known) = self.unknown.get_mut(environment) else { return };
        for name in names {
            if !known.contains_key(*name) {
                if known.len() >= MOST_UNKNOWN {
                    continue;
                }
                known.insert((*name).to_owned(), HashMap::new());
            }
            let Some(reporters) = known.get_mut(*name) else { continue };
            if let Some(last) = reporters.get_mut(application) {
                *last = at.max(*last);
            } else if reporters.len() < MOST_REPORTERS {
                reporters.insert(application.to_owned(), at);
            }
        }
    }
}

/// What can be stored as the name of a variant.
fn is_variant(name: &str) -> bool {
    !name.is_empty() && name.chars().count() <= LONGEST_VARIANT && !name.contains('\0')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(yes: u64, variants: &[(&str, u64)]) -> Tally {
        let variants = variants.iter().map(|(name, times)| ((*name).to_owned(), *times)).collect();
        Tally { name: String::new(), yes, no: 1, variants }
    }

    fn place(application: usize) -> Place {
        ("development".into(), application.to_string(), Time::from_millis(0))
    }

    #[test]
    fn a_flood_is_counted_up_to_a_bound() {
        let mut noted = Noted::default();
        let (flag, at) = (Arc::from("boat"), Time::from_millis(0));
        let mut lost = 0;
        for application in 0..ROOM + 7 {
            lost += noted.count(place(application), at, vec![(&flag, &tally(1, &[]))]);
        }
        assert_eq!((noted.entries, noted.counts.len(), lost), (ROOM, ROOM, 7));
        // Whoever is in goes on being counted.
        assert_eq!(noted.count(place(0), at, vec![(&flag, &tally(1, &[]))]), 0);
        assert_eq!(noted.counts[&place(0)][&flag].yes, 2);
        assert_eq!(noted.count(place(0), at, vec![(&flag, &tally(1, &[("red", 1)]))]), 1);
    }

    #[test]
    fn variants_and_unknown_names_are_bounded() {
        let mut noted = Noted::default();
        let (flag, at) = (Arc::from("boat"), Time::from_millis(0));
        for number in 0..2 * MOST_VARIANTS {
            noted.count(place(0), at, vec![(&flag, &tally(u64::MAX, &[(&number.to_string(), 1), ("", 1)]))]);
        }
        let count = &noted.counts[&place(0)][&flag];
        assert_eq!((count.variants.len(), count.yes), (MOST_VARIANTS, u64::MAX));
        for number in 0..2 * MOST_UNKNOWN {
            noted.miss("development", &number.to_string(), at, &[&number.to_string(), "same"]);
        }
        let unknown = &noted.unknown["development"];
        assert_eq!((unknown.len(), unknown["same"].len()), (MOST_UNKNOWN, MOST_REPORTERS));
    }
}
