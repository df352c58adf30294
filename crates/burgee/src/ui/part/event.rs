//! Events as a feed: who did what, where and when, with the difference in place.

use maud::{Markup, html};

use super::{diff, icon, notice, time};
use crate::events::Record;
use crate::ui::frame::Frame;

/// A list of events, the newest first.
pub(in crate::ui) fn feed(frame: &Frame, records: &[Record], open: bool) -> Markup {
    html! {
        @if records.is_empty() {
            (notice::empty("No events yet", "Everything that is changed is recorded here, with who did it.", &html! {}))
        } @else {
            ol.feed { @for record in records { li { (one(frame, record, open)) } } }
        }
    }
}

/// One event; `open` shows the difference from the beginning.
pub(in crate::ui) fn one(frame: &Frame, record: &Record, open: bool) -> Markup {
    let permalink = frame.at(&format!("/events/{}", record.id));
    let has_states = record.data.is_some() || record.pre_data.is_some();
    let line = html! {
        span.feed-what {
            strong { (record.created_by) } " · " (record.label().unwrap_or(&record.kind))
            @if let Some(place) = &record.environment { " in " (place) }
        }
        (time::ago(record.created_at, frame.now))
    };
    html! {
        article.event id={ "event-" (record.id) } {
            @if has_states {
                details open[open] {
                    summary { (icon::right()) (line) }
                    (diff::diff(record.pre_data.as_ref(), record.data.as_ref()))
                }
            } @else {
                div.event-line { (line) }
            }
            p.event-where {
                @if let Some(project) = &record.project {
                    @match &record.feature_name {
                        Some(flag) => a href=(frame.at(&format!("/projects/{project}/features/{flag}"))) { (flag) },
                        None => a href=(frame.at(&format!("/projects/{project}"))) { "Project " (project) },
                    }
                } @else if let Some(flag) = &record.feature_name { span { (flag) } }
                a.muted href=(permalink) { "#" (record.id) }
            }
        }
    }
}
