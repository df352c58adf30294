//! What happened: everywhere, in a project, or to a flag.

use axum::extract::{Path, State};
use axum::response::Response;
use maud::html;
use serde::Deserialize;

use crate::access::{Granted, Guard, SeeProject, SignedIn};
use crate::events::{self, Fact, Filter};
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::{Query, Viewer};
use crate::ui::live::{self, Watch};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::table::Ask;
use crate::ui::part::{button, event, icon, notice};
use crate::ui::{Places, Ui};

/// How many events a page has.
const SIZE: i64 = 50;

pub(in crate::ui) fn places(places: Places) -> Places {
    places
        .page("/events", everywhere)
        .page("/events/{id}", one)
        .page("/projects/{projectId}/events", in_project)
}

/// What the address asks for.
#[derive(Default, Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    what: String,
    #[serde(default)]
    flag: String,
    page: Option<i64>,
}

async fn everywhere(
    grant: Granted<SignedIn>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    list(&grant, &ui, &frame, &asked, None).await
}

async fn in_project(
    grant: Granted<SeeProject>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let project = grant.scope().project.clone();
    list(&grant, &ui, &frame, &asked, Some(&project)).await
}

async fn list<G: Guard>(
    grant: &Granted<G>,
    ui: &Ui,
    frame: &Frame,
    asked: &Asked,
    project: Option<&str>,
) -> Result<Response, Fault> {
    let page = asked.page.unwrap_or(1).clamp(1, 1_000_000);
    let one = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(grant, &mut tx).await?;
    let filter = Filter {
        types: Fact::ALL
            .iter()
            .filter(|fact| fact.label() == asked.what || fact.name() == asked.what)
            .map(|fact| fact.name().to_owned())
            .collect(),
        projects: project.map(str::to_owned).into_iter().collect(),
        features: one(&asked.flag).into_iter().collect(),
        query: one(&asked.q),
        sight: live::sight(grant, &mut tx).await?,
        ..Filter::default()
    };
    let (records, total) = events::search(&mut tx, &filter, (page - 1) * SIZE, SIZE).await?;
    let watch = Watch::over(grant, &mut tx, project, one(&asked.flag).as_deref()).await?;
    let path = project.map_or_else(|| "/events".to_owned(), |project| format!("/projects/{project}/events"));
    let pairs = [("q", &asked.q), ("what", &asked.what), ("flag", &asked.flag)];
    let ask = Ask { path: &path, pairs: pairs.map(|(name, value)| (name, value.clone())).to_vec() };
    let narrows = pairs.iter().any(|(_, value)| !value.trim().is_empty());
    let body = html! {
        div.filters {
            form.filter role="search" method="get" action=(frame.at(&path)) data-draft {
                (icon::search())
                input type="search" name="q" value=(asked.q) aria-label="Filter by text in the recorded values" placeholder="Filter by text" data-key="/";
                input.what list="whats" name="what" value=(asked.what) aria-label="What happened" placeholder="What happened";
                datalist #whats { @for fact in Fact::ALL { option value=(fact.label()) {} } }
                @if !asked.flag.is_empty() { input type="hidden" name="flag" value=(asked.flag); }
                button.button.small { "Filter" }
            }
            @if !asked.flag.is_empty() {
                a.chip href=(ask.with(frame, &[("flag", "")])) { "flag: " (asked.flag) (icon::close()) span.unseen { "Remove this filter" } }
            }
        }
        @if records.is_empty() && narrows {
            (notice::empty("No event matches", "Try other words.", &button::link(&frame.at(&path), "Show all events")))
        } @else {
            (event::feed(frame, &records, event::Among::Many))
            (ask.pages(frame, page, SIZE, total))
        }
    };
    let section = if project.is_some() { Section::ProjectEvents } else { Section::Events };
    let page = Page::new(section, "Events", body).watch(watch);
    Ok(frame.page(
        &viewer,
        &match project {
            Some(project) => page.within(&viewer, project),
            None => page,
        },
    ))
}

async fn one(
    grant: Granted<SignedIn>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    let id: i64 = id.parse().map_err(|_| Fault::nowhere())?;
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let filter = Filter { ids: vec![id], sight: live::sight(&grant, &mut tx).await?, ..Filter::default() };
    let (records, _) = events::search(&mut tx, &filter, 0, 1).await?;
    let record =
        records.first().ok_or_else(|| Fault::missing("There is no such event, or you may not see it."))?;
    let title = record.label().unwrap_or(&record.kind).to_owned();
    let body = html! {
        div.feed { (event::one(&frame, record, event::Among::Many, true)) }
    };
    Ok(frame.page(&viewer, &Page::new(Section::Events, title, body).below("Events", "/events".to_owned())))
}
