//! Flags: what they are, and everything that says who gets them.
//!
//! A flag lives in one project and has a place in each of the project's environments: on or off, with strategies.
//! Whatever changes one place, or the flag as a whole in a way that a change request can hold, is an [`Edit`] and
//! goes through [`apply`]; [`overwrite`] brings one place into a wanted state; [`submit`] is the same for somebody who acts now, and [`ensure_direct`] is its question for
//! many flags at once.

mod aging;
mod copy;
pub mod dependency;
mod detail;
mod edit;
pub mod favorite;
mod feature;
mod life;
pub mod lifecycle;
pub mod link;
mod relocate;
pub mod saved;
pub mod search;
mod strategy;
mod variants;

pub use self::aging::mark_overdue;
pub use self::copy::copy;
pub use self::detail::{Author, Detail, InPlace, Stage, detail, place};
pub use self::edit::{Edit, Place, Position, apply, ensure_direct, overwrite, submit, switch_all};
pub use self::feature::{
    Draft, Feature, check_name, create, ensure_free, find, get, kinds_in_use, lock, lock_all, seen_home,
    switch_stale, update,
};
pub use self::life::{archive, delete, mark_stale, revive};
pub use self::relocate::relocate;
pub use self::strategy::{Draft as StrategyDraft, Strategy, absent, home, strategies, types_in_use};
pub use self::variants::{distribute, set as set_variants};
