//! What everybody reads at the top of the page.

use maud::{Markup, html};

use super::icon;
use crate::instance::banners::Draft;
use crate::ui::frame::{Frame, is_own};

/// A banner as it is meant to be: with its tone, its link, or more to read behind it.
pub(in crate::ui) fn banner(frame: &Frame, it: &Draft) -> Markup {
    let (tone, shape) = match it.variant.as_str() {
        "warning" => ("warning", icon::warning()),
        "error" => ("problem", icon::alert()),
        "success" => ("good", icon::done()),
        _ => ("info", icon::info()),
    };
    let label = it.link_text.as_deref().filter(|text| !text.is_empty()).unwrap_or("More");
    let class = if it.sticky { "sticky" } else { "" };
    html! {
        aside.announcement.(tone).(class) aria-label="Announcement" {
            (shape)
            div {
                span { (it.message) }
                @match it.link.as_deref().unwrap_or_default() {
                    "" => {},
                    "dialog" => details {
                        summary { (label) }
                        @if let Some(title) = it.dialog_title.as_deref().filter(|text| !text.is_empty()) { p.notice-title { (title) } }
                        @for line in it.dialog.as_deref().unwrap_or_default().lines().filter(|line| !line.trim().is_empty()) { p { (line) } }
                    },
                    path if is_own(path) => { " " a href=(frame.at(path)) { (label) } },
                    elsewhere => { " " a href=(elsewhere) rel="noopener noreferrer" { (label) } },
                }
            }
        }
    }
}

/// That nothing can be changed now; `ends` is true for who can end it.
pub(in crate::ui) fn maintenance(frame: &Frame, ends: bool) -> Markup {
    html! {
        aside.announcement.warning.sticky aria-label="Maintenance" {
            (icon::lock())
            div {
                span { "Maintenance: nothing can be changed now. Applications get their flags as before." }
                @if ends { " " a href=(frame.at("/instance/maintenance")) { "End it" } }
            }
        }
    }
}
