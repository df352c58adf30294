//! What narrows a list: one of some values for each thing, and what is chosen, to be taken away again.

use std::time::Duration;

use maud::{Markup, html};

use super::icon;
use super::table::Ask;
use crate::clock::Time;
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;

/// The field that finds rows by a word: `q` in the address. `label` says what is found and by what, `short` the same in two words.
pub(in crate::ui) fn search(frame: &Frame, ask: &Ask<'_>, label: &str, short: &str) -> Markup {
    search_with(frame, ask, (label, short), &[], &html! { button.unseen { "Filter" } })
}

/// The same with more to narrow by: `more` are the fields named by `drawn`, and the button that sends them.
pub(in crate::ui) fn search_with(
    frame: &Frame,
    ask: &Ask<'_>,
    (label, short): (&str, &str),
    drawn: &[&str],
    more: &Markup,
) -> Markup {
    let kept = |(name, value): &&(&str, String)| *name != "q" && !value.is_empty() && !drawn.contains(name);
    html! {
        form.filter role="search" method="get" action=(frame.at(ask.path)) data-draft {
            (icon::search())
            input type="search" name="q" value=(ask.get("q")) aria-label=(label) placeholder=(short) data-key="/";
            @for (name, value) in ask.pairs.iter().filter(kept) { input type="hidden" name=(name) value=(value); }
            (more)
        }
    }
}

/// One of some values, each with a label; the first one does not restrict.
pub(in crate::ui) fn choice(name: &str, label: &str, options: &[(String, String)], chosen: &str) -> Markup {
    html! {
        div.field {
            label for={ "filter-" (name) } { (label) }
            select id={ "filter-" (name) } name=(name) {
                @for (value, label) in options { option value=(value) selected[value == chosen] { (label) } }
            }
        }
    }
}

/// `Any`, and then the others.
pub(in crate::ui) fn or_any(options: &[(String, String)]) -> Vec<(String, String)> {
    [(String::new(), "Any".to_owned())].into_iter().chain(options.iter().cloned()).collect()
}

/// The time from the beginning of a first day to the end of a last one, as far as they are told: `2026-11-27`.
pub(in crate::ui) fn days(from: &str, to: &str) -> Result<(Option<Time>, Option<Time>), Fault> {
    let day = |text: &str| {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let day = Time::parse(&format!("{text}T00:00:00Z"));
        day.map(Some)
            .ok_or_else(|| Fault::unreadable(format!("“{text}” is no day. Write it like 2026-11-27.")))
    };
    Ok((day(from)?, day(to)?.map(|day| day.plus(Duration::from_hours(24)))))
}

/// What the list is narrowed by: the name in the address, and what it says.
pub(in crate::ui) fn chips(frame: &Frame, ask: &Ask<'_>, chips: &[(&str, String)]) -> Markup {
    html! {
        @if !chips.is_empty() {
            ul.row.chips aria-label="Filters" {
                @for (name, text) in chips {
                    li { a.chip href=(ask.with(frame, &[(name, "")])) { (text) (icon::close()) span.unseen { "Remove this filter" } } }
                }
                li { a.small-link href=(frame.at(ask.path)) { "Clear all" } }
            }
        }
    }
}
