//! A button that opens a small panel. It works without scripts; the script closes it on Escape and outside clicks.

use maud::{Markup, html};

/// A menu. `name` is what it is called by who does not see it.
pub(in crate::ui) fn menu(id: &str, name: &str, label: &Markup, panel: &Markup) -> Markup {
    html! {
        details.menu id=(id) {
            summary aria-label=(name) { (label) }
            div.menu-panel { (panel) }
        }
    }
}
