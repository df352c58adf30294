//! The environments of the server, in their order.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use crate::access::{Administer, Granted, SignedIn};
use crate::environments::{self, Edit as Changes, Usage};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Viewer, why_not_everywhere};
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::notice::{Tone, notice};
use crate::ui::part::switch::{Switch, Switched, switch as lever};
use crate::ui::part::{button, count, icon, table, tag};
use crate::ui::{Places, Ui};

pub(in crate::ui) fn places(places: Places) -> Places {
    const DELETE: &str = "/environments/{name}/delete";
    places
        .page("/environments", list)
        .action("/environments/{name}/switch", switch)
        .action("/environments/{name}/move", shift)
        .page(DELETE, ask)
        .action(DELETE, delete)
}

async fn list(grant: Granted<SignedIn>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let sight = grant.sight(&mut tx).await?;
    let all = environments::usage(&mut tx, &sight, None).await?;
    let watch = Watch::over(&grant, &mut tx, None, None).await?;
    let why_not = why_not_everywhere::<Administer>(grant.held());
    let rows = html! {
        table.rows.stacks {
            thead { tr {
                th scope="col" { "Environment" } th scope="col" { "In new projects" } th scope="col" { "Projects" }
                th scope="col" { "Flags on" } th scope="col" { "API tokens" } th scope="col" { span.unseen { "Actions" } }
            } }
            tbody {
                @for (index, it) in all.iter().enumerate() {
                    (row(&frame, it, (index > 0, index + 1 < all.len()), why_not.as_deref()))
                }
            }
        }
    };
    let body = html! {
        p.hint { "A flag has a state of its own in each environment. Everywhere else, they are listed in this order." }
        (table::scroll("Environments", &rows))
    };
    let page = Page::new(Section::Environments, "Environments", body).watch(watch).actions(
        button::main_link(&frame.at("/new-environment"), "New environment", why_not.as_deref(), Some("c")),
    );
    Ok(frame.page(&viewer, &page))
}

fn row(frame: &Frame, it: &Usage, (up, down): (bool, bool), why_not: Option<&str>) -> Markup {
    let place = &it.environment;
    let name = place.name.as_str();
    let to = |step: &str| frame.at(&format!("/environments/{name}{step}"));
    let shift = |there: bool, id: &str, label: &str, up: bool, shape: Markup| {
        html! {
            form method="post" action=(to("/move")) {
                input type="hidden" name="up" value=(up);
                (button::picture(&format!("{id}-{name}"), &format!("{label}: {name}"), &shape, why_not.or((!there).then_some("It stands there already."))))
            }
        }
    };
    let keep = why_not.or(place.protected.then_some("It is protected, and cannot be deleted."));
    html! {
        tr data-row id={ "row-" (name) } {
            td.wide {
                div.row {
                    @if why_not.is_none() { a.row-link href=(to("")) { (name) } } @else { strong { (name) } }
                    @if place.r#type != name { (tag::chip(&place.r#type)) }
                    @if place.protected { (tag::toned("protected", "info")) }
                }
                @if let Some(count) = place.required_approvals { div.muted { "In new projects, changes need " (count::of(count, "approval")) } }
            }
            td data-label="In new projects" {
                (lever(&Switch {
                    id: &format!("switch-{name}"),
                    label: &format!("{name} in new projects"),
                    on: place.enabled,
                    action: &to("/switch"),
                    back: "/environments",
                    why_not,
                }))
            }
            td data-label="Projects" { (it.projects) }
            td data-label="Flags on" { (it.enabled_flags) }
            td data-label="Tokens" { (it.api_tokens) }
            td.ends {
                div.row {
                    (shift(up, "up", "Move up", true, icon::up()))
                    (shift(down, "down", "Move down", false, icon::arrow_down()))
                    (button::link_or_why(&format!("copy-{name}"), &to("/copy"), "Copy", why_not))
                    (button::link_or_why(&format!("delete-{name}"), &to("/delete"), "Delete…", keep))
                }
            }
        }
    }
}

async fn switch(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(name): Path<String>,
    Form(wanted): Form<Switched>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    let changes = Changes { enabled: Some(wanted.enabled), ..Changes::default() };
    environments::update(&mut tx, &name, changes).await?;
    let changed = tx.recorded() > 0;
    tx.commit().await?;
    let (state, back) = if wanted.enabled { ("get", "false") } else { ("do not get", "true") };
    let undo = format!("/environments/{name}/switch");
    let note = Note::switched(changed, format!("New projects {state} {name}"), undo, &[("enabled", back)]);
    Ok(frame.done("/environments", &note))
}

#[derive(Deserialize)]
struct Shift {
    up: bool,
}

async fn shift(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(name): Path<String>,
    Form(wanted): Form<Shift>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    let mut names: Vec<String> =
        environments::lock_all(&mut tx).await?.into_iter().map(|place| place.name).collect();
    let from = names.iter().position(|it| *it == name).ok_or_else(Fault::nowhere)?;
    let to = if wanted.up { from.checked_sub(1) } else { Some(from + 1) };
    let Some(to) = to.filter(|to| *to < names.len()) else {
        return Ok(frame.done("/environments", &Note::new(format!("{name} stood there already"))));
    };
    names.swap(from, to);
    let order: BTreeMap<String, i64> = names.into_iter().zip(1..).collect();
    environments::sort(&mut tx, order).await?;
    tx.commit().await?;
    let (way, back) = if wanted.up { ("up", "false") } else { ("down", "true") };
    let note =
        Note::new(format!("{name} moved {way}")).undo(format!("/environments/{name}/move"), &[("up", back)]);
    Ok(frame.done("/environments", &note))
}

async fn ask(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(name): Path<String>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let sight = grant.sight(&mut tx).await?;
    let it = environments::usage(&mut tx, &sight, Some(&name)).await?.pop().ok_or_else(Fault::nowhere)?;
    let body = html! {
        @if it.environment.protected {
            (notice(Tone::Problem, "It is protected", &html! { p { "A protected environment cannot be deleted." } }))
        }
        @if it.enabled_flags > 0 {
            (notice(Tone::Warning, &format!("{} on in {name}", count::are(it.enabled_flags, "flag")), &html! {
                p { "Applications that ask for them there get what they do without the flag." }
            }))
        }
        p { "This goes with " strong { (name) } ", and does not come back:" }
        ul.list {
            @if it.projects > 0 { li { "its place in " (count::of(it.projects, "project")) ", with the states and strategies that flags have in it" } }
            @if it.api_tokens > 0 { li { (count::of(it.api_tokens, "API token")) "; whoever uses one of them is refused" } }
            li { "what roles may do in it" }
        }
        @if it.environment.enabled { p.muted { "To keep it out of new projects only, switch it off instead." } }
        form.row method="post" action=(frame.at(&format!("/environments/{name}/delete"))) {
            @if !it.environment.protected { button.button.danger #delete { "Delete environment" } }
            (button::link(&frame.at("/environments"), "Cancel"))
        }
    };
    let page = Page::new(Section::Environments, format!("Delete {name}"), body)
        .below("Environments", "/environments".to_owned());
    Ok(frame.page(&viewer, &page))
}

async fn delete(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(name): Path<String>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    environments::delete(&mut tx, &name).await?;
    tx.commit().await?;
    Ok(frame.done("/environments", &Note::new(format!("{name} is deleted"))))
}
