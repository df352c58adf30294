//! The projects that one sees.

use axum::extract::State;
use axum::response::Response;
use maud::html;

use crate::access::{Granted, SignedIn};
use crate::projects::summary::{self, Which};
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::Viewer;
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::{notice, table, tag, time};
use crate::ui::{Places, Ui};

pub(in crate::ui) fn places(places: Places) -> Places {
    places.page("/projects", list)
}

async fn list(grant: Granted<SignedIn>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let sight = grant.sight(&mut tx).await?;
    let projects = summary::list(&mut tx, &sight, grant.person().ok(), Which::Living).await?;
    let watch = Watch::over(&grant, &mut tx, None, None).await?;
    let rows = html! {
        table.rows {
            thead { tr {
                th scope="col" { "Project" } th.number scope="col" { "Flags" } th scope="col" { "Health" } th scope="col" { "Last change" }
            } }
            tbody {
                @for project in &projects {
                    tr data-row {
                        td {
                            a.row-link href=(frame.at(&format!("/projects/{}", project.id))) { (project.name) }
                            @if project.mode.as_str() != "open" { " " (tag::chip(project.mode.as_str())) }
                            @if let Some(text) = &project.description { div.muted.clip { (text) } }
                        }
                        td.number { (project.flags.total) }
                        td {
                            @if project.flags.total == 0 { span.muted { "–" } }
                            @else {
                                (project.flags.health()) " %"
                                @let due = project.flags.stale + project.flags.potentially_stale;
                                @if due > 0 { span.muted { " · " (due) " to clean up" } }
                            }
                        }
                        td { (time::ago_or(project.last_event_at, frame.now, "never")) }
                    }
                }
            }
        }
    };
    let body = html! {
        @if projects.is_empty() {
            (notice::empty("No projects", "You are in no project yet. Ask an admin to add you to one.", &html! {}))
        } @else { (table::scroll("Projects", &rows)) }
    };
    Ok(frame.page(&viewer, &Page::new(Section::Projects, "Projects", body).watch(watch)))
}
