//! The end of a project: archived, revived, deleted.

use axum::extract::State;
use axum::response::Response;
use maud::html;

use super::Tab;
use crate::access::Sight;
use crate::access::{DeleteProject, Granted, SeeProject};
use crate::db::Read;
use crate::features::search::{self, Choice, Filter, Reader};
use crate::projects::summary::{self, Summary, Which};
use crate::projects::{self};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Viewer, why_not};
use crate::ui::live::Watch;
use crate::ui::part::notice::{Tone, notice};
use crate::ui::part::{button, count, time};
use crate::ui::{Places, Ui};

pub(super) fn places(places: Places) -> Places {
    const DELETE: &str = "/projects/{projectId}/settings/delete";
    places
        .page("/projects/{projectId}/settings/end", show)
        .action("/projects/{projectId}/settings/archive", archive)
        .action("/projects/{projectId}/settings/revive", revive)
        .page(DELETE, ask)
        .action(DELETE, delete)
}

async fn summary(tx: &mut Read, project: &str) -> Result<Summary, Fault> {
    let found = summary::list(tx, &Sight::ALL, None, Which::One(project)).await?;
    found.into_iter().next().ok_or_else(Fault::nowhere)
}

/// Why nobody can end the project now.
fn obstacle(project: &Summary) -> Option<String> {
    if project.id == projects::DEFAULT {
        return Some("The project “default” is always there.".to_owned());
    }
    let flags = project.flags.total;
    let these = if flags == 1 { "flag is" } else { "flags are" };
    (flags > 0).then(|| format!("{flags} {these} active in it. Archive or move them first."))
}

async fn show(grant: Granted<SeeProject>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    let id = grant.scope().project.as_str();
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let project = summary(&mut tx, id).await?;
    let watch = Watch::over(&grant, &mut tx, Some(id), None).await?;
    let why_not = why_not::<DeleteProject>(grant.held(), id, None).or_else(|| obstacle(&project));
    let to = |step: &str| frame.at(&format!("/projects/{id}/settings/{step}"));
    let body = html! {
        @if let Some(why) = &why_not { (notice(Tone::Info, "The project can be neither archived nor deleted", &html! { p { (why) } })) }
        @if let Some(since) = project.archived_at {
            section aria-labelledby="revive-title" {
                h2 #revive-title { "Archived" }
                p.muted { "Since " (time::ago(since, frame.now)) ". It keeps its settings and members, and takes no flags." }
                form.row method="post" action=(to("revive")) { (button::or_why("revive", "Revive project", why_not.as_deref())) }
            }
        } @else {
            section aria-labelledby="archive-title" {
                h2 #archive-title { "Archive" }
                p.muted { "The project is put aside: it takes no flags and leaves the lists. It keeps its settings and members, and can be revived." }
                form.row method="post" action=(to("archive")) { (button::or_why("archive", "Archive project", why_not.as_deref())) }
            }
        }
        section aria-labelledby="delete-title" {
            h2 #delete-title { "Delete" }
            p.muted { "The project goes for good, with its archived flags. You see what goes before it does." }
            div.row { (button::link_or_why("delete", &to("delete"), "Delete project…", why_not.as_deref())) }
        }
    };
    let page = super::page(&frame, &viewer, id, Tab::End, &body);
    Ok(frame.page(&viewer, &page.watch(watch)))
}

async fn archive(
    grant: Granted<DeleteProject>,
    State(ui): State<Ui>,
    frame: Frame,
) -> Result<Response, Fault> {
    let id = grant.scope().project.as_str();
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    projects::archive(&mut tx, id).await?;
    tx.commit().await?;
    let note = Note::new("The project is archived").undo(format!("/projects/{id}/settings/revive"), &[]);
    Ok(frame.done(&Tab::End.path(id), &note))
}

async fn revive(
    grant: Granted<DeleteProject>,
    State(ui): State<Ui>,
    frame: Frame,
) -> Result<Response, Fault> {
    let id = grant.scope().project.as_str();
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    projects::revive(&mut tx, id).await?;
    tx.commit().await?;
    Ok(frame.done(&Tab::End.path(id), &Note::new("The project is back")))
}

async fn ask(grant: Granted<DeleteProject>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    let id = grant.scope().project.as_str();
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let project = summary(&mut tx, id).await?;
    let members = summary::members(&mut tx, Some(id)).await?.remove(id).unwrap_or_default();
    let reader = Reader { id: None, sight: Sight::ALL };
    let filter =
        Filter { archived: true, project: Some(Choice::AnyOf(vec![id.to_owned()])), ..Filter::default() };
    let query = search::Query { filter, limit: 1, ..search::Query::default() };
    let (_, flags) = search::search(&mut tx, &reader, &query).await?;
    let (only, others) = projects::tokens_that_go(&mut tx, id).await?;
    let obstacle = obstacle(&project);
    let body = html! {
        @if let Some(why) = &obstacle { (notice(Tone::Problem, "It cannot be deleted yet", &html! { p { (why) } })) }
        p { "This goes with " strong { (project.name) } ", and does not come back:" }
        ul.list {
            @if flags > 0 { li { (count::of(flags, "archived flag")) ", with strategies and numbers" } }
            @if members > 0 { li { "the roles of " (count::of(members, "member")) " in it; people stay on the server" } }
            @if only > 0 { li { (count::of(only, "API token")) " of this project only; whoever uses one of them is refused" } }
            @if others > 0 { li { "the project in " (count::of(others, "API token")) " of other projects, too" } }
            li { "its segments, context fields and settings" }
        }
        p.muted { "What happened in it stays in the event log." }
        form.row method="post" action=(frame.at(&format!("/projects/{id}/settings/delete"))) {
            @if obstacle.is_none() { button.button.danger #delete { "Delete project" } }
            (button::link(&frame.at(&Tab::End.path(id)), "Cancel"))
        }
    };
    Ok(super::below(&frame, &viewer, id, Tab::End, "Delete project", body))
}

async fn delete(
    grant: Granted<DeleteProject>,
    State(ui): State<Ui>,
    frame: Frame,
) -> Result<Response, Fault> {
    let id = grant.scope().project.as_str();
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    projects::delete(&mut tx, id).await?;
    tx.commit().await?;
    Ok(frame.done("/projects", &Note::new(format!("{id} is deleted"))))
}
