//! A simulated company and the two identity providers that most people have: what happens in the [`Directory`] is
//! provisioned by [`Okta`] or [`Entra`] as the real ones do it, request by request, over HTTP. The network in between may
//! lose answers and send requests twice ([`Faults`]); at the end both sides must agree exactly ([`differences`]).

mod agree;
mod directory;
mod entra;
mod okta;
mod wire;

use std::collections::BTreeSet;

pub use self::agree::{Expected, IdentityProvider, differences};
pub use self::directory::{Directory, Person, Team};
pub use self::entra::Entra;
pub use self::okta::Okta;
pub use self::wire::{Answer, Faults, Wire};

/// What an identity provider remembers of a person it has provisioned.
#[derive(Clone, Debug)]
struct Account {
    /// The id that the service gave.
    id: String,
    /// What was last sent.
    sent: Person,
}

/// What an identity provider remembers of a group it has pushed.
#[derive(Clone, Debug, Default)]
struct Group {
    id: String,
    name: String,
    /// The keys of the members that were sent.
    members: BTreeSet<String>,
}
