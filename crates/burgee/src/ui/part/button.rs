//! Buttons, and links that look like them.

use maud::{Markup, Render, html};

/// The one thing that a form does.
pub(in crate::ui) fn submit(label: &str) -> Markup {
    html! { button.button.primary { (label) } }
}

/// A way to another page.
pub(in crate::ui) fn link(to: &str, label: &str) -> Markup {
    html! { a.button href=(to) { (label) } }
}

/// The main thing to do on a page. Who may not sees it, and why not.
pub(in crate::ui) fn main_link(to: &str, label: &str, why_not: Option<&str>, key: Option<&str>) -> Markup {
    html! {
        @match why_not {
            None => a.button.primary href=(to) data-key=[key] { (label) },
            Some(why) => {
                span.tip {
                    button.button.primary type="button" aria-disabled="true" aria-describedby="why-not" { (label) }
                    span.tip-text #why-not role="tooltip" { (why) }
                }
            }
        }
    }
}

/// A button of a form that is only a picture. Who may not use it can still reach it, and learns why not.
pub(in crate::ui) fn picture(id: &str, label: &str, shape: &Markup, why_not: Option<&str>) -> Markup {
    let why = format!("{id}-why");
    html! {
        @match why_not {
            None => button.icon-button id=(id) aria-label=(label) { (shape) },
            Some(reason) => span.tip {
                button.icon-button id=(id) type="button" aria-label=(label) aria-disabled="true" aria-describedby=(why) { (shape) }
                span.tip-text id=(why) role="tooltip" { (reason) }
            },
        }
    }
}

/// A button of a form. Who may not use it can still reach it, and learns why not.
pub(in crate::ui) fn or_why(id: &str, label: impl Render, why_not: Option<&str>) -> Markup {
    let why = format!("{id}-why");
    html! {
        @match why_not {
            None => button.button id=(id) { (label) },
            Some(reason) => span.tip {
                button.button id=(id) type="button" aria-disabled="true" aria-describedby=(why) { (label) }
                span.tip-text id=(why) role="tooltip" { (reason) }
            },
        }
    }
}

/// A way to another page. Who may not go there can still reach it, and learns why not.
pub(in crate::ui) fn link_or_why(id: &str, to: &str, label: impl Render, why_not: Option<&str>) -> Markup {
    html! {
        @if why_not.is_some() { (or_why(id, label, why_not)) } @else { a.button id=(id) href=(to) { (label) } }
    }
}

/// The way to the form in which something is changed; `what` says which, to who does not see what is around it.
pub(in crate::ui) fn edit(id: &str, to: &str, what: &str, why_not: Option<&str>) -> Markup {
    link_or_why(id, to, html! { "Edit" span.unseen { " " (what) } }, why_not)
}
