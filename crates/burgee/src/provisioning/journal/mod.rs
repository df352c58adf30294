//! The journal of what identity providers ask for, what they are answered, and what came of it, told in words.
//!
//! Whoever calls never waits for it: calls are noted in memory, within bounds, and written in bulk some moments later.
//! What there was no room for is counted. Secrets are never kept. Calls get old, and are forgotten.

mod deed;
mod queue;
mod read;
mod redact;
mod retention;
mod words;
mod write;

pub use self::deed::{Act, Deed, Subject};
pub use self::queue::{Call, Journal, Missing, Part};
pub use self::read::{
    Brief, Filter, Full, Outcome, Verb, find, latest, looks_masked, newest, of_events, search,
};
pub use self::retention::forget;

/// For how many days calls are kept at most.
pub const MOST_DAYS: u64 = 366;

/// What is kept of calls, and how long.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// For how many days; 0: nothing is kept.
    pub days: u64,
    /// How many calls at most.
    pub rows: i64,
    /// Names, addresses and whatever else says who somebody is is masked.
    pub mask: bool,
}
