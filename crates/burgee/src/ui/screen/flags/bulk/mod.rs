//! What is done to many flags at once, in one project or in several: each where the reader may. The flags are ticked in
//! the list; what needs more than one click has a page that says which they are.

mod act;
mod ask;
mod picked;

use maud::{Markup, html};

use crate::ui::Places;
use crate::ui::frame::Frame;
use crate::ui::part::{button, icon, menu};

pub(super) fn places(places: Places) -> Places {
    places.with(act::places).with(ask::places)
}

/// Ticks a flag.
pub(super) fn pick(name: &str, ticked: bool) -> Markup {
    html! { input id={ "pick-" (name) } type="checkbox" name="flag" value=(name) form="bulk" checked[ticked] aria-label={ "Select " (name) }; }
}

/// Ticks all flags of the page; `to` is the page with all of them ticked, for who has no scripts.
pub(super) fn all(to: &str) -> Markup {
    html! {
        span.unseen { "Selected" }
        input #pick-all type="checkbox" data-all="bulk" hidden aria-label="Select all on this page";
        noscript { a href=(to) { "All" } }
    }
}

/// Why the reader may do it to none of the flags of the page; `None`: they may, to some at least.
#[derive(Default)]
pub(super) struct Reasons {
    pub(super) update: Option<String>,
    pub(super) remove: Option<String>,
    /// Turning them on and off, in each environment.
    pub(super) switch: Vec<(String, Option<String>)>,
}

/// What can be done to those that are ticked. It is there as soon as one is.
pub(super) fn bar(frame: &Frame, reasons: &Reasons, archived: bool) -> Markup {
    let (update, remove) = (reasons.update.as_deref(), reasons.remove.as_deref());
    let act = |id: &str,
               label: &str,
               step: &str,
               method: Option<&str>,
               sent: Option<(&str, bool)>,
               why: Option<&str>| {
        html! {
            @if why.is_some() { (button::or_why(id, label, why)) }
            @else { button.button.small id=(id) formaction=(frame.at(step)) formmethod=[method] name=[sent.map(|(name, _)| name)] value=[sent.map(|(_, value)| value)] { (label) } }
        }
    };
    let switches = |on: bool| {
        let verb = if on { "Turn on" } else { "Turn off" };
        let list = html! {
            ul.menu-list {
                @for (environment, why) in &reasons.switch {
                    li {
                        @match why {
                            None => button.as-item name="enabled" value=(on) formaction=(frame.at(&act::switch_path(environment))) { (verb) " in " (environment) },
                            Some(why) => { button.as-item type="button" aria-disabled="true" { (verb) " in " (environment) } p.hint.menu-row { (why) } },
                        }
                    }
                }
            }
        };
        menu::menu(if on { "bulk-on" } else { "bulk-off" }, verb, &html! { (verb) (icon::down()) }, &list)
    };
    html! {
        form #bulk.bulk method="post" action=(frame.at(act::STALE)) aria-label="Selected flags" {
            input type="hidden" name="back" value=(frame.here);
            p.bulk-count role="status" { span data-count="bulk" { "Selected flags" } }
            @if archived { (act("bulk-revive", "Revive", act::REVIVE, None, None, update)) }
            @else {
                (switches(true)) (switches(false))
                (act("bulk-stale", "Mark as stale", act::STALE, None, Some(("stale", true)), update))
                (act("bulk-fresh", "Not stale", act::STALE, None, Some(("stale", false)), update))
                (act("bulk-tag", "Tag…", ask::TAGS, Some("get"), None, update))
                (act("bulk-like", "Favorite", act::LIKE, None, Some(("keep", true)), None))
                (act("bulk-archive", "Archive…", ask::ARCHIVE, Some("get"), None, remove))
            }
        }
    }
}
