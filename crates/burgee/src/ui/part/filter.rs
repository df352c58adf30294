//! What narrows a list: one of some values for each thing, and what is chosen, to be taken away again.

use maud::{Markup, html};

use super::icon;
use super::table::Ask;
use crate::ui::frame::Frame;

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
