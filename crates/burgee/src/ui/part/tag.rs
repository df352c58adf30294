//! Chips: short words about something.

use maud::{Markup, html};

/// A word about something.
pub(in crate::ui) fn chip(word: &str) -> Markup {
    html! { span.chip { (word) } }
}

/// A word with a tone: `good`, `warning`, `problem`, `info`.
pub(in crate::ui) fn toned(word: &str, tone: &'static str) -> Markup {
    html! { span.chip.(tone) { (word) } }
}

/// A tag, with the colour of its type.
pub(in crate::ui) fn tag(kind: &str, value: &str, color: Option<&str>) -> Markup {
    html! { span.chip { (inside(kind, value, color)) } }
}

/// What a chip says about a tag.
pub(in crate::ui) fn inside(kind: &str, value: &str, color: Option<&str>) -> Markup {
    html! {
        @if let Some(color) = color {
            svg.dot viewBox="0 0 8 8" aria-hidden="true" { circle cx="4" cy="4" r="3.5" fill=(color) {} }
        }
        span.muted { (kind) ":" } (value)
    }
}

/// An environment, with its type where that is another word.
pub(in crate::ui) fn environment(name: &str, kind: &str) -> Markup {
    html! { strong { (name) } @if kind != name { " " (chip(kind)) } }
}
