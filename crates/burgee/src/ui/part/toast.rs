//! Notes in the corner: what was just done, and how to take it back.

use maud::{Markup, html};

use super::icon;
use crate::ui::frame::{Frame, Note};

/// What was done.
pub(in crate::ui) fn note(frame: &Frame, note: &Note) -> Markup {
    html! {
        toast-note.toast {
            (icon::done())
            p { (note.text) }
            @if let Some((action, fields)) = &note.undo {
                form method="post" action=(frame.at(action)) {
                    input type="hidden" name="back" value=(frame.here);
                    @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
                    button.button.small { "Undo" }
                }
            }
            button.icon-button type="button" data-dismiss aria-label="Dismiss" { (icon::close()) }
        }
    }
}

/// What did not work. It stays until it is dismissed.
pub(in crate::ui) fn problem(title: &str, sentences: &[String]) -> Markup {
    html! {
        toast-note.toast.problem role="alert" data-stays {
            (icon::alert())
            div { p.notice-title { (title) } @for sentence in sentences { p { (sentence) } } }
            button.icon-button type="button" data-dismiss aria-label="Dismiss" { (icon::close()) }
        }
    }
}
