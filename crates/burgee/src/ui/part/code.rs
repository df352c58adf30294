//! Text to copy: a command, a token, a piece of code.

use maud::{Markup, html};

use super::icon;

/// A block with a button that copies it.
pub(in crate::ui) fn block(label: &str, text: &str) -> Markup {
    html! {
        copy-code.code {
            pre tabindex="0" aria-label=(label) { code { (text) } }
            button.icon-button type="button" hidden aria-label={ "Copy: " (label) } { (icon::copy()) }
        }
    }
}
