//! The projects that one sees.

use std::cmp::Reverse;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::favorite;
use crate::access::{CreateProject, Granted, SignedIn};
use crate::projects::Mode;
use crate::projects::summary::{self, Summary, Which};
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::{Query, Viewer, why_not_everywhere};
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::table::{self, Ask};
use crate::ui::part::{button, filter, notice, tag, time};
use crate::ui::{Places, Ui};

/// How many projects a page has.
const SIZE: i64 = 50;

pub(in crate::ui) fn places(places: Places) -> Places {
    places.page("/projects", list)
}

/// What the address asks for.
#[derive(Default, Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    sort: String,
    page: Option<i64>,
}

impl Asked {
    fn page(&self) -> i64 {
        table::number(self.page)
    }

    fn finds(&self, project: &Summary) -> bool {
        let wanted = burgee_scim::fold(self.q.trim());
        let texts = [Some(&project.id), Some(&project.name), project.description.as_ref()];
        texts.into_iter().flatten().any(|text| burgee_scim::fold(text).contains(&wanted))
    }

    /// Favourites come first unless another order is asked for.
    fn sort(&self, projects: &mut [Row]) {
        match self.sort.trim_start_matches('-') {
            "flags" => projects.sort_by_key(|row| Reverse(row.project.flags.total)),
            "health" => projects.sort_by_key(|row| row.project.flags.health()),
            "members" => projects.sort_by_key(|row| Reverse(row.members)),
            "changed" => {
                projects
                    .sort_by_key(|row| Reverse(row.project.last_event_at.map(crate::clock::Time::millis)));
            }
            "name" => {}
            _ => projects.sort_by_key(|row| !row.project.favorite),
        }
        if self.sort.starts_with('-') {
            projects.reverse();
        }
    }
}

struct Row {
    project: Summary,
    members: i64,
    owners: Vec<String>,
}

async fn list(
    grant: Granted<SignedIn>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let sight = grant.sight(&mut tx).await?;
    let projects = summary::list(&mut tx, &sight, grant.person().ok(), Which::Living).await?;
    let members = summary::members(&mut tx, None).await?;
    let mut owners = summary::owners(&mut tx, None).await?;
    let watch = Watch::over(&grant, &mut tx, None, None).await?;
    let none = projects.is_empty();
    let found = projects.into_iter().filter(|project| asked.finds(project));
    let mut rows: Vec<Row> = found
        .map(|project| Row {
            members: members.get(&project.id).copied().unwrap_or_default(),
            owners: owners.remove(&project.id).into_iter().flatten().map(|owner| owner.name).collect(),
            project,
        })
        .collect();
    asked.sort(&mut rows);
    let (shown, total) = table::cut(&rows, asked.page(), SIZE);
    let ask = Ask { path: "/projects", pairs: vec![("q", asked.q.clone()), ("sort", asked.sort.clone())] };
    let why_not = why_not_everywhere::<CreateProject>(grant.held());
    let create = |key| button::main_link(&frame.at("/new-project"), "New project", why_not.as_deref(), key);
    let body = html! {
        @if none {
            @let why = if why_not.is_none() { "A project holds the flags of a team or a product, and says who may change them." } else { "You are in no project yet. Ask an admin to add you to one." };
            (notice::empty("No projects", why, &create(None)))
        } @else {
            div.filters { (filter::search(&frame, &ask, "Filter projects by name or description", "Filter projects")) }
            @if shown.is_empty() {
                (notice::empty("No project matches", "Try fewer words.", &button::link(&frame.at("/projects"), "Show all projects")))
            } @else {
                (table::scroll("Projects", &table(&frame, &ask, shown)))
                (ask.pages(&frame, asked.page(), SIZE, total))
            }
        }
    };
    let page = Page::new(Section::Projects, "Projects", body).watch(watch);
    Ok(frame.page(&viewer, &page.actions(create(Some("c")))))
}

fn table(frame: &Frame, ask: &Ask<'_>, rows: &[Row]) -> Markup {
    html! {
        table.rows.stacks {
            thead { tr {
                th scope="col" { span.unseen { "Favorite" } }
                (ask.heading(frame, "name", "Project"))
                (ask.heading(frame, "flags", "Flags"))
                (ask.heading(frame, "health", "Health"))
                (ask.heading(frame, "members", "Members"))
                th scope="col" { "Owners" }
                (ask.heading(frame, "changed", "Last change"))
            } }
            tbody {
                @for Row { project, members, owners } in rows {
                    tr data-row id={ "row-" (project.id) } {
                        td.lever { (favorite::star(frame, &project.id, &project.name, project.favorite)) }
                        td.wide {
                            a.row-link href=(frame.at(&format!("/projects/{}", project.id))) { (project.name) }
                            @if project.mode != Mode::Open { " " (mode(project.mode)) }
                            @if let Some(text) = project.description.as_deref().filter(|text| !text.is_empty()) { div.muted.clip { (text) } }
                        }
                        td data-label="Flags" { (project.flags.total) }
                        td data-label="Health" { (health(project)) }
                        td data-label="Members" { (members) }
                        td.muted.wraps data-label="Owners" { (named(owners)) }
                        td data-label="Last change" { (time::ago_or(project.last_event_at, frame.now, "never")) }
                    }
                }
            }
        }
    }
}

/// Who sees a project, in a word.
pub(in crate::ui) fn mode(mode: Mode) -> Markup {
    tag::chip(mode.as_str())
}

fn health(project: &Summary) -> Markup {
    let flags = project.flags;
    let due = flags.stale + flags.potentially_stale;
    html! {
        @if flags.total == 0 { span.muted { "–" } }
        @else {
            (flags.health()) " %"
            @if due > 0 { span.muted { " · " (due) " to clean up" } }
        }
    }
}

/// The first names, and how many more there are.
fn named(owners: &[String]) -> String {
    match owners {
        [] => "–".to_owned(),
        [one] => one.clone(),
        [one, other] => format!("{one}, {other}"),
        [one, other, more @ ..] => format!("{one}, {other} and {} more", more.len()),
    }
}
