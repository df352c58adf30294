//! The record of what happened: audit log, revision and the source of everything that follows a change.
//!
//! [`Db::change`](crate::db::Db::change) is the only way to write audited tables, and it ends with an [`Event`].

mod change;
mod event;
mod fact;
mod log;

pub use self::change::{Change, Recorded, Remark};
pub use self::event::Event;
pub use self::fact::Fact;
pub use self::log::{Creator, Filter, Record, by_day, creators, latest, newest, plan, search};
