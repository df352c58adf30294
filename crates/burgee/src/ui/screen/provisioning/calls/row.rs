//! Calls in a list.

use maud::{Markup, html};

use crate::provisioning::connection::Overview;
use crate::provisioning::journal::{Brief, Outcome};
use crate::ui::frame::Frame;
use crate::ui::part::{icon, tag, time};
use crate::ui::screen::provisioning::name;

/// What people call a connection.
pub(in crate::ui) fn connection(connections: &[Overview], id: Option<i64>) -> String {
    let known = id.and_then(|id| connections.iter().find(|it| it.connection.id == id));
    match (known, id) {
        (Some(it), _) => name(&it.connection),
        (None, Some(id)) => format!("Connection {id}, which is gone"),
        (None, None) => "Nobody known".to_owned(),
    }
}

/// A list of calls, the newest first.
pub(in crate::ui) fn feed(frame: &Frame, calls: &[Brief], connections: &[Overview]) -> Markup {
    html! {
        ol.feed.calls { @for call in calls { li { (row(frame, call, connections)) } } }
    }
}

fn row(frame: &Frame, call: &Brief, connections: &[Overview]) -> Markup {
    html! {
        article.event {
            p.event-line {
                (mark(&call.outcome))
                a href=(frame.at(&format!("/provisioning/calls/{}", call.id))) { (call.meaning) }
            }
            p.event-where {
                @if call.replayed_by.is_some() { (tag::chip("done again")) }
                @if call.dry_run { (tag::toned("dry run", "info")) }
                @if connections.len() > 1 || call.connection.is_none() { span.muted { (connection(connections, call.connection)) } }
                code { (call.method) " " (call.status) }
                (time::ago(call.at, frame.now))
            }
        }
    }
}

/// How a call ended, as a sign with a name.
pub(super) fn mark(outcome: &str) -> Markup {
    let known = Outcome::named(outcome);
    let (class, shape) = match known {
        Some(Outcome::Changed) => ("good", icon::check()),
        Some(Outcome::Refused) => ("warning", icon::warning()),
        Some(Outcome::Failed) => ("problem", icon::alert()),
        Some(Outcome::Same) => ("muted", icon::minus()),
        Some(Outcome::Answered) | None => ("muted", icon::search()),
    };
    html! { span.outcome.(class) { (shape) span.unseen { (known.map_or("Unknown", Outcome::label)) ": " } } }
}
