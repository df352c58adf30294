//! The switch: on or off, at once.

use maud::{Markup, html};
use serde::Deserialize;

/// What the form of a switch sends.
#[derive(Deserialize)]
pub(in crate::ui) struct Switched {
    /// How it shall stand.
    pub(in crate::ui) enabled: bool,
}

/// A switch.
pub(in crate::ui) struct Switch<'a> {
    /// Unique on the page, so that focus stays on it when the page changes.
    pub(in crate::ui) id: &'a str,
    /// What it switches, for who does not see where it stands.
    pub(in crate::ui) label: &'a str,
    /// Whether it is on.
    pub(in crate::ui) on: bool,
    /// Where its form posts to: `enabled`, and `back` to the page.
    pub(in crate::ui) action: &'a str,
    /// The page to come back to.
    pub(in crate::ui) back: &'a str,
    /// Why the reader may not.
    pub(in crate::ui) why_not: Option<&'a str>,
}

/// A form with one button. One that may not be used can still be reached, and says why.
pub(in crate::ui) fn switch(it: &Switch<'_>) -> Markup {
    let why = format!("{}-why", it.id);
    html! {
        @match it.why_not {
            None => form.switch-form method="post" action=(it.action) {
                input type="hidden" name="enabled" value=(!it.on);
                input type="hidden" name="back" value=(it.back);
                button.switch id=(it.id) role="switch" aria-checked=(it.on) aria-label=(it.label) { span {} }
            },
            Some(reason) => span.tip {
                button.switch id=(it.id) type="button" role="switch" aria-checked=(it.on) aria-label=(it.label)
                    aria-disabled="true" aria-describedby=(why) { span {} }
                span.tip-text id=(why) role="tooltip" { (reason) }
            },
        }
    }
}
