//! The rules of provisioning that hold whatever anybody does: searches mean what the engine says, nobody is locked
//! out, nothing that was acknowledged is lost, and access ends when it is said to end.

mod concurrency;
mod datasets;
mod durability;
mod guards;
mod lifecycle;
mod lockout;
mod lockout_by_people;
mod long_values;
mod model;
mod outage;
mod owners;
mod patch_model;
mod plans;
mod privacy;
mod questions;
mod sql_is_the_evaluator;
mod steps;
pub mod world;
