//! One call: what was asked, what was answered, and what came of it.

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use super::row;
use crate::access::{Administer, Granted};
use crate::events::{self, Fact};
use crate::provisioning::connection;
use crate::provisioning::journal::{self, Full, Outcome};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Viewer};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::notice::{Tone, notice};
use crate::ui::part::{button, code, diff, event, tag, time};
use crate::ui::{Places, Ui};

/// How many events of a call are shown.
const EVENTS: i64 = 100;

pub(super) fn places(places: Places) -> Places {
    places.page("/provisioning/calls/{id}", show).action("/provisioning/calls/{id}/replay", replay)
}

async fn show(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let found = journal::find(&mut tx, &id).await?;
    let call =
        found.ok_or_else(|| Fault::missing("There is no such call. Calls are forgotten after some time."))?;
    let connections = connection::list(&mut tx).await?;
    let groups = call.brief.events.0.clone();
    let records = if groups.is_empty() {
        Vec::new()
    } else {
        let filter = events::Filter { group_ids: groups, ..events::Filter::default() };
        events::search(&mut tx, &filter, 0, EVENTS).await?.0
    };
    let it = &call.brief;
    let outcome = Outcome::named(&it.outcome).map_or("Unknown", Outcome::label);
    let word = |text: &Option<String>| html! { @match text { Some(text) => (text), None => span.muted { "unknown" } } };
    let why_not = call.why_not_again();
    let body = html! {
        @match (&it.replays, it.dry_run) {
            (Some(of), true) => (notice(Tone::Info, "This is what would happen", &html! {
                p { "Nothing was changed yet. What you do is recorded as done by you." }
                form method="post" action=(frame.at(&format!("/provisioning/calls/{of}/replay"))) {
                    input type="hidden" name="apply" value="true";
                    button.button.primary #apply { "Replay now" }
                }
            })),
            (Some(_), false) => (notice(Tone::Good, "Done again", &html! { p { "The events below name whoever did it, and which call it was." } })),
            (None, _) => {},
        }
        dl.facts {
            div { dt { "Outcome" } dd.row { (row::mark(&it.outcome)) (outcome) @if it.dry_run { (tag::toned("dry run", "info")) } } }
            div { dt { "Answer" } dd { (it.status) } }
            div { dt { "When" } dd { (time::ago(it.at, frame.now)) } }
            div { dt { "Took" } dd { (took(it.micros)) } }
            div { dt { "Connection" } dd { (row::connection(&connections, it.connection)) } }
            @if it.credential.is_some() { div { dt { "Token" } dd { code { (word(&it.credential)) } } } }
            div { dt { "From" } dd { (word(&it.address)) } }
            div { dt { "Program" } dd { (word(&it.agent)) } }
            @if it.request_id.is_some() { div { dt { "Request id" } dd { code { (word(&it.request_id)) } } } }
            @if let Some(who) = &it.replayed_by {
                div { dt { "Done again by" } dd { (who) @if let Some(of) = &it.replays { " · " a href=(frame.at(&format!("/provisioning/calls/{of}"))) { "the call before" } } } }
            }
        }
        @if !it.quirks.0.is_empty() {
            section aria-labelledby="quirks" {
                h2 #quirks { "Deviations from the standard" }
                p.muted { "Understood all the same." }
                p.chips { @for name in &it.quirks.0 { (tag::chip(name)) } }
            }
        }
        (changes(&call))
        @if !records.is_empty() {
            section aria-labelledby="events" {
                h2 #events { "Events" }
                (event::feed(&frame, &records, event::Among::Many))
            }
        }
        section aria-labelledby="request" {
            h2 #request { "Request" }
            (code::block("What was asked for", &asked(&call)))
            (payload("Body of the request", call.request.as_deref(), &call.request_state, call.request_size))
        }
        section aria-labelledby="response" {
            h2 #response { "Response" }
            (code::block("Status and headers of the answer", &answered(&call)))
            (payload("Body of the answer", call.response.as_deref(), &call.response_state, call.response_size))
        }
    };
    let again = html! {
        form method="post" action=(frame.at(&format!("/provisioning/calls/{id}/replay"))) {
            (button::or_why("replay", "Dry run, then replay…", why_not))
        }
    };
    let page = Page::new(Section::Provisioning, it.meaning.clone(), body)
        .actions(html! { @if it.replays.is_none() { (again) } })
        .below("Provisioning", "/provisioning".to_owned())
        .below("Calls", "/provisioning/calls".to_owned());
    Ok(frame.page(&viewer, &page))
}

/// What the form sends.
#[derive(Deserialize)]
struct Wanted {
    /// True after the dry run.
    #[serde(default)]
    apply: bool,
}

/// Does a call again: first without changing anything.
async fn replay(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(id): Path<String>,
    Form(wanted): Form<Wanted>,
) -> Result<Response, Fault> {
    let found = journal::find(&mut ui.db.read().await?, &id).await?;
    let call = found.ok_or_else(|| Fault::missing("There is no such call."))?;
    let done = ui.replay(grant, call, !wanted.apply).await?;
    if let Some(made) = done.id {
        return Ok(frame.go(&format!("/provisioning/calls/{made}")));
    }
    let note = format!("It was answered with {}. The journal had no room for it.", done.status);
    Ok(frame.done(&format!("/provisioning/calls/{id}"), &Note::new(note)))
}

/// How long it took.
fn took(micros: i64) -> String {
    match micros {
        ..1000 => format!("{micros} µs"),
        1000..100_000 => format!("{}.{} ms", micros / 1000, micros % 1000 / 100),
        100_000..1_000_000 => format!("{} ms", micros / 1000),
        _ => format!("{}.{} s", micros / 1_000_000, micros % 1_000_000 / 100_000),
    }
}

/// Before and after, operation by operation.
pub(super) fn changes(call: &Full) -> Markup {
    let list = call.changes.0.as_array().map(Vec::as_slice).unwrap_or_default();
    let would = call.brief.dry_run;
    let differs = |change: &Value| !change["before"].is_null() || !change["after"].is_null();
    html! {
        @if !list.is_empty() {
            section aria-labelledby="changes" {
                h2 #changes { @if would { "What would have changed" } @else { "What changed" } }
                @for change in list {
                    @if change["cut"] == true { p.muted { "and more, which is not kept." } }
                    @else {
                        @if list.len() > 1 { h3 { (change["name"].as_str().unwrap_or("Somebody")) } }
                        @if differs(change) { (diff::diff(change.get("before").filter(|it| !it.is_null()), change.get("after").filter(|it| !it.is_null()))) }
                        @for event in change["events"].as_array().into_iter().flatten() {
                            @let kind = event["type"].as_str().unwrap_or_default();
                            details.would { summary { (label(kind)) }
                                (diff::diff(event["states"].get("before").filter(|it| !it.is_null()), event["states"].get("after").filter(|it| !it.is_null())))
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What people read for the type of an event.
fn label(kind: &str) -> String {
    Fact::named(kind).map_or_else(|| kind.to_owned(), |fact| fact.label().to_owned())
}

/// The first line of a request and its headers.
fn asked(call: &Full) -> String {
    let it = &call.brief;
    let query = it.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{} {}{query}{}", it.method, it.path, headers(&call.headers.0["request"]))
}

/// The status of an answer and its headers.
fn answered(call: &Full) -> String {
    format!("{}{}", call.brief.status, headers(&call.headers.0["response"]))
}

fn headers(of: &Value) -> String {
    let lines = of.as_object().into_iter().flatten();
    let lines = lines.map(|(name, value)| format!("\n{name}: {}", value.as_str().unwrap_or_default()));
    lines.collect::<Vec<_>>().concat()
}

/// A body as far as it is kept, and what is not.
fn payload(label: &str, text: Option<&str>, state: &str, size: i64) -> Markup {
    let pretty = text.map(|text| match serde_json::from_str::<Value>(text) {
        Ok(value) => serde_json::to_string_pretty(&value).unwrap_or_else(|_| text.to_owned()),
        Err(_) => text.to_owned(),
    });
    let size = match size {
        0..10_000 => format!("{size} bytes"),
        10_000..10_000_000 => format!("{} kB", size / 1000),
        _ => format!("{} MB", size / 1_000_000),
    };
    let remark = match state {
        "none" => "No body.".to_owned(),
        "secret" => "A password or token was in it. Such are never kept.".to_owned(),
        "masked" => "What says who somebody is is masked, as this server is set up.".to_owned(),
        "cut" if pretty.is_some() => format!("Only the beginning is kept, of {size}."),
        "cut" => format!("Too large to be kept: {size}."),
        "unreadable" => format!("It is no JSON, so that it is not kept: {size}."),
        _ => size,
    };
    html! {
        @if let Some(text) = &pretty { (code::block(label, text)) }
        p.muted { (remark) }
    }
}
