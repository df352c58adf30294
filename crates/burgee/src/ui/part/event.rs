//! Events as a feed: who did what, where and when, with the difference in place.

use maud::{Markup, html};

use super::{diff, icon, notice, time};
use crate::events::Record;
use crate::ui::frame::Frame;

/// What a list is about: what all its events share is not said again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ui) enum Among {
    Many,
    OneFlag,
}

/// A list of events, the newest first.
pub(in crate::ui) fn feed(frame: &Frame, records: &[Record], among: Among) -> Markup {
    html! {
        @if records.is_empty() {
            (notice::empty("No events yet", "Everything that is changed is recorded here, with who did it.", &html! {}))
        } @else {
            ol.feed { @for record in records { li { (one(frame, record, among, false)) } } }
        }
    }
}

/// One event; `open` shows the difference from the beginning.
pub(in crate::ui) fn one(frame: &Frame, record: &Record, among: Among, open: bool) -> Markup {
    let named = |name: &Option<String>| name.as_deref().filter(|name| *name != "*").map(str::to_owned);
    let line = html! {
        span {
            strong { (record.created_by) } " · " (record.label().unwrap_or(&record.kind))
            @if let Some(place) = named(&record.environment) { " in " (place) }
        }
    };
    html! {
        article.event id={ "event-" (record.id) } {
            @if record.data.is_some() || record.pre_data.is_some() {
                details open[open] {
                    summary { (icon::right()) (line) }
                    (diff::diff(record.pre_data.as_ref(), record.data.as_ref()))
                }
            } @else {
                p.event-line { (line) }
            }
            p.event-where {
                @if among == Among::Many { (subject(frame, named(&record.project), record.feature_name.as_deref())) }
                a.muted href=(frame.at(&format!("/events/{}", record.id))) { "#" (record.id) }
                (time::ago(record.created_at, frame.now))
            }
        }
    }
}

/// What it happened to; API tokens may be of several projects.
fn subject(frame: &Frame, project: Option<String>, flag: Option<&str>) -> Markup {
    html! {
        @match (project, flag) {
            (Some(project), Some(flag)) => a href=(frame.at(&format!("/projects/{project}/features/{flag}"))) { (flag) },
            // An API token may reach several.
            (Some(projects), None) => @for project in projects.split(',') {
                a href=(frame.at(&format!("/projects/{project}"))) { "Project " (project) }
            },
            (None, Some(flag)) => span { (flag) },
            (None, None) => {},
        }
    }
}
