//! A button that opens a small panel. It works without scripts; the script closes it on Escape and outside clicks.

use maud::{Markup, html};

/// A way to another page, in a menu. Who may not go there sees it, and why not.
pub(in crate::ui) fn way(to: &str, label: &str, shape: &Markup, why_not: Option<&str>) -> Markup {
    html! {
        @match why_not {
            None => li { a href=(to) { (shape) (label) } },
            Some(why) => li { span.as-item aria-disabled="true" { (shape) (label) } p.hint.menu-row { (why) } },
        }
    }
}

/// A menu. `name` is what it is called by who does not see it.
pub(in crate::ui) fn menu(id: &str, name: &str, label: &Markup, panel: &Markup) -> Markup {
    html! {
        details.menu id=(id) {
            summary aria-label=(name) { (label) }
            div.menu-panel { (panel) }
        }
    }
}
