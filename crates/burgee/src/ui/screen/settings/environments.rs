//! The environments that a project uses.

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};

use super::Tab;
use crate::access::{Granted, SeeProject, UpdateDefaultStrategy, UpdateProject};
use crate::features::Strategy;
use crate::projects::environment::{self, View};
use crate::segments;
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Viewer, why_not};
use crate::ui::live::Watch;
use crate::ui::part::notice::{Tone, notice};
use crate::ui::part::{button, count, sentence, table, tag};
use crate::ui::screen::strategy::{default_path, read_default};
use crate::ui::{Places, Ui};

pub(super) fn places(places: Places) -> Places {
    const REMOVE: &str = "/projects/{projectId}/settings/environments/{environment}/remove";
    places
        .page("/projects/{projectId}/settings/environments", list)
        .action("/projects/{projectId}/settings/environments/{environment}/add", add)
        .page(REMOVE, ask)
        .action(REMOVE, remove)
}

fn path(project: &str, environment: &str, step: &str) -> String {
    format!("{}/{environment}/{step}", Tab::Environments.path(project))
}

async fn list(grant: Granted<SeeProject>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    let project = grant.scope().project.as_str();
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let sight = grant.sight(&mut tx).await?;
    let places = environment::view(&mut tx, project).await?;
    let segments = segments::names(&mut tx, &sight).await?;
    let watch = Watch::over(&grant, &mut tx, Some(project), None).await?;
    let change = why_not::<UpdateProject>(grant.held(), project, None);
    let edit = why_not::<UpdateDefaultStrategy>(grant.held(), project, None);
    let used = places.iter().filter(|place| place.used).count();
    let mut rows = Vec::new();
    for place in &places {
        let default = place.strategy()?.map(read_default).transpose()?.map(|draft| {
            let strategy = Strategy {
                id: String::new(),
                name: draft.name,
                title: draft.title,
                disabled: draft.disabled,
                constraints: draft.constraints,
                parameters: draft.parameters,
                variants: draft.variants,
                sort_order: 0,
                segments: draft.segments,
            };
            sentence::strategy(&strategy, &segments)
        });
        rows.push(row(&frame, project, place, default, used, change.as_deref(), edit.as_deref()));
    }
    let body = html! {
        p.hint { "A flag has a state of its own in each environment that the project uses. A flag that is turned on without a strategy of its own gets the default one." }
        (table::scroll("Environments", &html! {
            table.rows {
                thead { tr {
                    th scope="col" { "Environment" } th scope="col" { "Flags on" } th scope="col" { "Default strategy" }
                    th scope="col" { span.unseen { "Actions" } }
                } }
                tbody { @for row in &rows { (row) } }
            }
        }))
    };
    let page = super::page(&frame, &viewer, project, Tab::Environments, &body);
    Ok(frame.page(&viewer, &page.watch(watch)))
}

fn row(
    frame: &Frame,
    project: &str,
    place: &View,
    default: Option<Markup>,
    used: usize,
    change: Option<&str>,
    edit: Option<&str>,
) -> Markup {
    let name = place.environment.name.as_str();
    let last = (used == 1).then_some("A project needs at least one environment.");
    html! {
        tr id={ "row-" (name) } {
            td {
                (tag::environment(name, &place.environment.r#type))
                @if !place.environment.enabled { " " (tag::toned("off for new projects", "warning")) }
            }
            @if place.used {
                td { (place.enabled_flags) }
                td.wide { @match default { Some(sentence) => (sentence), None => span.muted { "Everyone" } } }
                td.ends {
                    div.row {
                        (button::edit(&format!("default-{name}"), &frame.at(&default_path(project, name)), &format!("the default strategy in {name}"), edit))
                        (button::link_or_why(&format!("remove-{name}"), &frame.at(&path(project, name, "remove")), "Remove…", change.or(last)))
                    }
                }
            } @else {
                td.muted { "–" }
                td.muted { "Not used by this project" }
                td.ends {
                    form.row method="post" action=(frame.at(&path(project, name, "add"))) { (button::or_why(&format!("add-{name}"), "Use it", change)) }
                }
            }
        }
    }
}

async fn add(
    grant: Granted<UpdateProject>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, name)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    environment::add(&mut tx, &project, &name).await?;
    tx.commit().await?;
    let note = Note::new(format!("The project uses {name}; its flags are off there"))
        .undo(path(&project, &name, "remove"), &[]);
    Ok(frame.done(&Tab::Environments.path(&project), &note))
}

async fn ask(
    grant: Granted<UpdateProject>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, name)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    environment::get(&mut tx, &project, &name).await?;
    let places = environment::view(&mut tx, &project).await?;
    let place = places.into_iter().find(|place| place.environment.name == name).ok_or_else(Fault::nowhere)?;
    let body = html! {
        @if place.enabled_flags > 0 {
            (notice(Tone::Warning, &format!("{} on in {name}", count::are(place.enabled_flags, "flag")), &html! {
                p { "Applications that ask for them there get what they do without the flag." }
            }))
        }
        @if place.api_tokens > 0 {
            (notice(Tone::Info, &format!("{} for {name} in this project", count::are(place.api_tokens, "API token")), &html! {
                p { "They stay, and find no flags of this project any more." }
            }))
        }
        p { "The states and strategies that the flags of this project have in " strong { (name) } " are deleted, with the default strategy and the approvals that changes need there. They do not come back when the project uses it again." }
        form.row method="post" action=(frame.at(&path(&project, &name, "remove"))) {
            button.button.danger #remove { "Remove from project" }
            (button::link(&frame.at(&Tab::Environments.path(&project)), "Cancel"))
        }
    };
    Ok(super::below(&frame, &viewer, &project, Tab::Environments, &format!("Remove {name}"), body))
}

async fn remove(
    grant: Granted<UpdateProject>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, name)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    environment::remove(&mut tx, &project, &name).await?;
    tx.commit().await?;
    let note = Note::new(format!("The project does not use {name} any more"));
    Ok(frame.done(&Tab::Environments.path(&project), &note))
}
