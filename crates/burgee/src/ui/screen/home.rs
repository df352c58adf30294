//! Home: what needs the reader, and what happened.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::first_run::Tour;
use crate::access::{Granted, SignedIn};
use crate::events::{self, Filter as Which};
use crate::features::search::{self, Choice, Filter, Query, Reader, Summary};
use crate::owners::{self, Abandoned};
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::Viewer;
use crate::ui::live::{self, Watch};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::notice::Tone;
use crate::ui::part::{button, count, event, notice, tag};
use crate::ui::screen::provisioning::{hold, silence};
use crate::ui::{Places, Ui};

/// How many flags and events are shown of each sort.
const SHORT: i64 = 8;

pub(in crate::ui) fn places(places: Places) -> Places {
    places.page("/", home)
}

async fn home(grant: Granted<SignedIn>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let reader = Reader { id: grant.person().ok(), sight: grant.sight(&mut tx).await? };
    let due = ["stale", "potentially-stale"].map(str::to_owned).to_vec();
    let due = Filter { state: Some(Choice::AnyOf(due)), ..Filter::default() };
    let liked = Filter { favorite: Some(true), ..Filter::default() };
    let short = |filter| Query { filter, limit: SHORT, ..Query::default() };
    let (due, all_due) = search::search(&mut tx, &reader, &short(due)).await?;
    let (liked, _) = search::search(&mut tx, &reader, &short(liked)).await?;
    let newest = Query { descending: true, limit: 1, ..Query::default() };
    let (newest, _) = search::search(&mut tx, &reader, &newest).await?;
    let tour = Tour::of(&grant, &mut tx, &viewer, newest.first()).await?;
    let which = Which { sight: live::sight(&grant, &mut tx).await?, ..Which::default() };
    let (latest, _) = events::search(&mut tx, &which, 0, 12).await?;
    let (mut left, mut silent, mut held) = (Abandoned::default(), Vec::new(), Vec::new());
    if viewer.admin {
        left = owners::departed(&mut tx, &reader.sight, 0, 1, 1).await?;
        silent = crate::provisioning::silence::silent(&mut tx, frame.now).await?;
        held = crate::provisioning::hold::standing(&mut tx).await?;
    }
    let watch = Watch::over(&grant, &mut tx, None, None).await?;
    let body = html! {
        @if let Some(tour) = &tour { (tour.section(&frame)) }
        @else if newest.is_empty() { (beginning(&frame, &viewer)) }
        div.columns {
            section aria-labelledby="needs" {
                h2 #needs { "Needs you" }
                @for it in &held { (hold::told(&frame, it)) }
                @for it in &silent {
                    (notice::notice(Tone::Warning, "The identity provider is silent", &html! {
                        p { (silence::words(it, frame.now)) " " a href=(frame.at("/provisioning")) { "Provisioning" } }
                    }))
                }
                @if left.flags > 0 {
                    p {
                        (count::of(left.flags, "flag")) " of "
                        @match left.owners.as_slice() { [one] if left.total == 1 => (one.who.name), _ => { (left.total) " owners" } }
                        " who left: nobody answers for them. " a href=(frame.at("/flag-owners")) { "Hand them over" }
                    }
                }
                @if due.is_empty() && left.flags == 0 && silent.is_empty() && held.is_empty() {
                    p.calm { "Nothing right now. Flags that should be cleaned up will show here." }
                } @else if !due.is_empty() {
                    p.muted {
                        @if all_due == 1 { "A flag has outlived its purpose." }
                        @else { (all_due) " flags have outlived their purpose." }
                        " Remove what is stale from the code, then archive it."
                    }
                    (list(&frame, &due))
                }
                h2 { "Your favorites" }
                @if liked.is_empty() { p.calm { "Star a flag on its page to keep it at hand here." } } @else { (list(&frame, &liked)) }
            }
            section aria-labelledby="recent" {
                h2 #recent { "Recent changes" }
                (event::feed(&frame, &latest, event::Among::Many))
                div.row { (button::link(&frame.at("/events"), "All events")) }
            }
        }
    };
    Ok(frame.page(&viewer, &Page::new(Section::Home, "Home", body).watch(watch)))
}

fn beginning(frame: &Frame, viewer: &Viewer) -> Markup {
    let project = viewer.projects.first();
    html! {
        @match project {
            Some((id, name)) => (notice::empty(
                "Create your first flag",
                &format!("A flag turns a part of your application on or off without a release. {name} is ready for one."),
                &button::main_link(&frame.at(&format!("/projects/{id}/new-flag")), "New flag", None, None),
            )),
            None => (notice::empty("No project yet", "Flags live in projects. Ask an admin to add you to one.", &html! {})),
        }
    }
}

fn list(frame: &Frame, flags: &[Summary]) -> Markup {
    html! {
        ul.links {
            @for flag in flags {
                li {
                    a href=(frame.at(&format!("/projects/{}/features/{}", flag.feature.project, flag.feature.name))) { (flag.feature.name) }
                    span.muted { (flag.feature.project) }
                    @if flag.feature.stale { (tag::toned("stale", "warning")) }
                }
            }
        }
    }
}
