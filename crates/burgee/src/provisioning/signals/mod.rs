//! SCIM events (RFC 9967): who else is told what happens to provisioned people and groups, as signed security event
//! tokens (RFC 8417), by push (RFC 8935) or by poll (RFC 8936).
//!
//! The record of events is the outbox: a fact that concerns a provisioned resource carries what may be said of it, and
//! every receiver has a position in the record. So nothing is told that was undone, nothing is lost that was done, and
//! the order is that of the record. What is delivered is made of the record when it is delivered.

mod answer;
mod kind;
mod note;
mod outbox;
mod push;
mod receiver;
mod signing;
mod state;
mod statement;

pub use self::answer::{Answer, answered, forget};
pub use self::kind::Kind;
pub use self::note::{Note, Verb, adopted, note};
pub use self::outbox::{Fetched, fetch};
pub use self::push::{ABOUT_ONE, Push};
pub use self::receiver::{
    Delivery, Draft, Header, Receiver, by_token, create, delete, enable, get, list, lock, new_token,
    poll_url, taken, update,
};
pub use self::signing::{published, rotate};
pub use self::state::{Refusal, State, acknowledge, state, states};
