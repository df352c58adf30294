//! What SDKs count: how often flags were on, off, or which variant; and figures of applications' own.
//!
//! Reports are added up in memory ([`Usage`]) and written in bulk, some seconds later: by hour, kept for two days, and by
//! day, kept for a quarter of a year. Whoever reports never waits for the database. Every buffer has a bound: beyond it,
//! what is new is not counted, and that it was not is counted.
//!
//! A token speaks for the flags that it reaches, and for no others.

mod crowd;
mod read;
mod retention;
mod series;
mod usage;
mod write;

pub use self::read::{
    Bucket, Count, Per, UnknownFlag, UsedFlag, applications, buckets, buckets_of_yesterday, flags_of,
    missing, of_flag, unknown_flags, used_by,
};
pub use self::retention::forget;
pub use self::series::{Figure, Sample, Series, Spread, Told};
pub use self::usage::{Tally, Usage};
use crate::clock::Time;

const HOUR: i64 = 60 * 60 * 1000;
const DAY: i64 = 24 * HOUR;

/// The beginning of the hour or day, as long as `span`, that a moment lies in.
const fn floor(at: Time, span: i64) -> Time {
    Time::from_millis(at.millis() - at.millis().rem_euclid(span))
}
