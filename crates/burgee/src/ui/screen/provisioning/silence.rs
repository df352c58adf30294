//! That an identity provider calls no more.

use maud::{Markup, html};

use crate::clock::Time;
use crate::provisioning::silence::Silence;
use crate::ui::part::time;

/// Since when, and what to look at.
pub(in crate::ui) fn words(it: &Silence, now: Time) -> Markup {
    let cycle = match it.cycle.as_secs() / 60 {
        minutes @ ..120 => format!("{minutes} minutes"),
        minutes @ 120..2880 => format!("{} hours", minutes / 60),
        minutes => format!("{} days", minutes / 60 / 24),
    };
    html! {
        @if it.name != "default" { "“" (it.name) "”: " }
        "The last call was " (time::ago(it.since, now)) ", and pauses are no longer than " (cycle) " as a rule. "
        "Has its token expired, or is its job stopped or in quarantine? Look there."
    }
}
