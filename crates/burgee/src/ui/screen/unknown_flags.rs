//! Flags that applications ask for and that are not there: mistyped, deleted too early, or not made yet.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use crate::access::{CreateFeature, Granted, Holdings, SignedIn};
use crate::metrics::{self, UnknownFlag};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, segment};
use crate::ui::guard::{Query, Viewer, why_not};
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::form::Field;
use crate::ui::part::table::{self, Ask};
use crate::ui::part::{button, filter, notice, time};
use crate::ui::{Places, Ui};

/// How many flags a page has.
const SIZE: i64 = 50;

pub(in crate::ui) fn places(places: Places) -> Places {
    places.page("/unknown-flags", list).page("/unknown-flags/create", choose)
}

/// Where a flag with this name is made: the project is asked there, if there are several.
pub(in crate::ui) fn create(name: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("name", name).finish();
    format!("/unknown-flags/create?{query}")
}

/// What the address asks for.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    q: String,
    page: Option<i64>,
}

async fn list(
    grant: Granted<SignedIn>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let page = table::number(asked.page);
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let sight = grant.sight(&mut tx).await?;
    let mut found = metrics::unknown_flags(&mut tx, &sight).await?;
    let word = asked.q.trim().to_lowercase();
    found.retain(|flag| flag.name.to_lowercase().contains(&word));
    found.sort_by(|a, b| b.seen_at.cmp(&a.seen_at).then_with(|| a.name.cmp(&b.name)));
    let watch = Watch::over(&grant, &mut tx, None, None).await?;
    let (shown, total) = table::cut(&found, page, SIZE);
    let why_not = why_not_create(grant.held(), &viewer);
    let ask = Ask { path: "/unknown-flags", pairs: vec![("q", asked.q.clone())] };
    let rows = html! {
        table.rows {
            thead { tr { th scope="col" { "Name" } th scope="col" { "Asked for by" } th scope="col" { "Last asked" } th scope="col" { span.unseen { "What to do" } } } }
            tbody { @for flag in shown { (row(&frame, flag, why_not.as_deref())) } }
        }
    };
    let body = html! {
        p.muted { "Applications ask for these names and get “off”. A name may be mistyped in the code, the flag may have been archived too early, or nobody has created it yet." }
        div.filters { (filter::search(&frame, &ask, "Filter by name", "Filter names")) }
        @if !shown.is_empty() {
            (table::scroll("Unknown flags", &rows))
            (ask.pages(&frame, page, SIZE, total))
        } @else if !word.is_empty() || page > 1 {
            (notice::empty("No name matches", "Try fewer letters.", &button::link(&frame.at(ask.path), "Show all names")))
        } @else {
            (notice::empty("No unknown flags", "Every flag that applications ask for exists. When one asks for another name, it shows up here, with the application.", &html! {}))
        }
    };
    let page = Page::new(Section::UnknownFlags, "Unknown flags", body).watch(watch);
    Ok(frame.page(&viewer, &page))
}

fn row(frame: &Frame, flag: &UnknownFlag, why_not: Option<&str>) -> Markup {
    let history = form_urlencoded::Serializer::new(String::new()).append_pair("flag", &flag.name).finish();
    html! {
        tr {
            td.wide {
                strong { (flag.name) }
                @if let Some(then) = flag.last_event_at {
                    div.muted { "There was one: " a href=(frame.at(&format!("/events?{history}"))) { "something happened to it" } " " (time::ago(then, frame.now)) }
                }
            }
            td {
                @for (application, environments) in &flag.reports {
                    div {
                        a href=(frame.at(&format!("/applications/{}", segment(application)))) { (application) }
                        span.muted { " in " (environments.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")) }
                    }
                }
            }
            td { (time::ago(flag.seen_at, frame.now)) }
            td.ends {
                (button::link_or_why(&format!("create-{}", flag.name), &frame.at(&create(&flag.name)), "Create this flag", why_not))
            }
        }
    }
}

/// The projects in which somebody may make flags.
fn mine<'v>(held: &Holdings, viewer: &'v Viewer) -> Vec<(&'v str, &'v str)> {
    let mine = viewer.projects.iter().filter(|(id, _)| why_not::<CreateFeature>(held, id, None).is_none());
    mine.map(|(id, name)| (id.as_str(), name.as_str())).collect()
}

fn why_not_create(held: &Holdings, viewer: &Viewer) -> Option<String> {
    mine(held, viewer).is_empty().then(|| {
        "You need the permission to create flags in a project. Ask an admin or a project’s owner.".to_owned()
    })
}

/// What the address asks for: a name, and the project once it is chosen.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Chosen {
    name: String,
    project: String,
}

async fn choose(
    grant: Granted<SignedIn>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(chosen): Query<Chosen>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let projects = mine(grant.held(), &viewer);
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("name", &chosen.name).finish();
    let project = match projects.as_slice() {
        [(only, _)] => Some(*only),
        several => several.iter().map(|(id, _)| *id).find(|id| *id == chosen.project),
    };
    if let Some(project) = project {
        return Ok(frame.go(&format!("/projects/{project}/new-flag?{query}")));
    }
    let body = html! {
        @match why_not_create(grant.held(), &viewer) {
            Some(why) => p { (why) },
            None => form.stack method="get" action=(frame.at("/unknown-flags/create")) {
                p { "In which project does " strong { (chosen.name) } " belong?" }
                input type="hidden" name="name" value=(chosen.name);
                (Field { name: "project", label: "Project", hint: Some("The application’s API token has to reach it."), ..Field::default() }.choice(&projects, ""))
                div.row { (button::submit("Next")) (button::link(&frame.at("/unknown-flags"), "Cancel")) }
            },
        }
    };
    let page = Page::new(Section::UnknownFlags, "Create this flag", body)
        .below("Unknown flags", "/unknown-flags".to_owned());
    Ok(frame.page(&viewer, &page))
}
