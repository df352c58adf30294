//! What stands where there is nothing, or where something has to be said first.

use maud::{Markup, html};

use super::icon;

/// How serious it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ui) enum Tone {
    Info,
    Good,
    Warning,
    Problem,
}

/// A sentence before everything else.
pub(in crate::ui) fn notice(tone: Tone, title: &str, body: &Markup) -> Markup {
    let (class, shape) = match tone {
        Tone::Info => ("info", icon::info()),
        Tone::Good => ("good", icon::done()),
        Tone::Warning => ("warning", icon::warning()),
        Tone::Problem => ("problem", icon::alert()),
    };
    html! {
        div.notice.(class) role=[(tone == Tone::Problem).then_some("alert")] {
            (shape)
            div { p.notice-title { (title) } (body) }
        }
    }
}

/// An empty place: why it is empty, and what to do next.
pub(in crate::ui) fn empty(title: &str, why: &str, next: &Markup) -> Markup {
    html! {
        div.empty {
            p.empty-title { (title) }
            p { (why) }
            div.row { (next) }
        }
    }
}
