//! Making, changing and deleting groups.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};

use super::group::Seen;
use super::path;
use crate::access::{Administer, Granted, Sight};
use crate::db::Read;
use crate::error::Error;
use crate::people::group::{self as groups, Draft, Group};
use crate::provisioning::locks;
use crate::segments;
use crate::ui::edit::{Edit, Values};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Number, Viewer};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::button;
use crate::ui::part::form::{self, Field};
use crate::ui::part::notice::{Tone, notice};
use crate::ui::screen::kind::Kind;
use crate::ui::screen::users::{borrowed, root_roles};
use crate::ui::{Places, Ui};

const KIND: Kind = Kind { section: Section::Groups, title: "Groups", path: "/groups" };

pub(super) fn places(places: Places) -> Places {
    places
        .page("/groups/new", ask_new)
        .action("/groups/new", create)
        .page("/groups/{id}/edit", ask_edit)
        .action("/groups/{id}/edit", save)
        .page("/groups/{id}/delete", ask_to_delete)
        .action("/groups/{id}/delete", delete)
}

fn values(group: &Group) -> Values {
    vec![
        ("name", group.name.clone()),
        ("description", group.description.clone().unwrap_or_default()),
        ("role", group.root_role.map(|role| role.to_string()).unwrap_or_default()),
    ]
}

fn draft(edit: &Edit, mappings_sso: Vec<String>) -> Result<Draft, Error> {
    let unknown = |_| Error::bad_data("Choose one of the root roles.");
    Ok(Draft {
        name: edit.get("name").to_owned(),
        description: edit.some("description"),
        mappings_sso,
        root_role: edit.some("role").map(|role| role.parse().map_err(unknown)).transpose()?,
    })
}

/// Words of refusals, each with the field that they are about.
const ABOUT: [(&str, &str); 4] = [
    ("description", "description"),
    ("group name", "name"),
    ("with the name", "name"),
    ("root role", "role"),
];

/// The fields; `locked` says why the name stays.
async fn fields(tx: &mut Read, edit: &Edit, locked: Option<&str>) -> Result<Markup, Fault> {
    let choices = root_roles(tx).await?;
    let mut roles = vec![("", "None")];
    roles.extend(borrowed(&choices));
    Ok(html! {
        @match locked {
            Some(why) => { input type="hidden" name="name" value=(edit.get("name")); (form::fixed("Name", edit.get("name"), why)) },
            None => (edit.field("name", "Name").text("text", edit.get("name"), "off")),
        }
        (Field { hint: Some("Who belongs in it, and what for."), optional: true, ..edit.field("description", "Description") }.lines(edit.get("description")))
        (Field { hint: Some("Every member holds it, on top of their own. Roles in projects are given in the project."), ..edit.field("role", "Root role") }.choice(&roles, edit.get("role")))
    })
}

async fn ask_new(grant: Granted<Administer>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    draw_new(&grant, &mut tx, &frame, &Edit::default()).await
}

async fn draw_new(
    grant: &Granted<Administer>,
    tx: &mut Read,
    frame: &Frame,
    edit: &Edit,
) -> Result<Response, Fault> {
    let viewer = Viewer::of(grant, tx).await?;
    let fields = fields(tx, edit, None).await?;
    let (title, label) = (("New group", "/groups/new"), ("Create group", None));
    Ok(frame.page(&viewer, &KIND.form(frame, title, edit, label, &fields, &html! {})))
}

async fn create(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let mut edit = Edit::read(pairs)?;
    let made = async {
        let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
        let group = groups::create(&mut tx, draft(&edit, Vec::new())?).await?;
        tx.commit().await?;
        Ok(group)
    };
    let made = made.await;
    if let Some(group) = edit.settle(made, &ABOUT)? {
        let note = Note::new(format!("{} is there. Add its members now.", group.name));
        return Ok(frame.done(&path(group.id), &note));
    }
    let mut tx = ui.db.read().await?;
    draw_new(&grant, &mut tx, &frame, &edit).await
}

async fn ask_edit(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let group = groups::get(&mut tx, id).await?;
    draw_edit(&grant, &mut tx, &frame, id, &Edit::of(values(&group))).await
}

async fn draw_edit(
    grant: &Granted<Administer>,
    tx: &mut Read,
    frame: &Frame,
    id: i64,
    edit: &Edit,
) -> Result<Response, Fault> {
    let seen = Seen::of(grant, tx, id).await?;
    let fields = fields(tx, edit, seen.locked().as_deref()).await?;
    let action = format!("{}/edit", path(id));
    let body = edit.form(frame, &action, ("save", "Save"), Some(&path(id)), None, &fields);
    let page = KIND.below("Edit group", body).below(&seen.it.group.name, path(id));
    Ok(frame.page(&seen.viewer, &page.status(edit.status())))
}

async fn save(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let mut edit = Edit::read(pairs)?;
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    // Locked before it is compared, so that nobody comes between.
    let there = groups::lock(&mut tx, id).await?;
    if edit.onto(values(&there)) {
        let wanted = draft(&edit, there.mappings_sso.0.clone());
        let saved = async {
            let after = groups::update(&mut tx, id, wanted?).await?;
            locks::ensure_group_unlocked(&there, after.name != there.name, false)?;
            tx.commit().await?;
            Ok(after)
        };
        if let Some(group) = edit.settle(saved.await, &ABOUT)? {
            return Ok(frame.done(&path(id), &Note::new(format!("{} is saved", group.name))));
        }
    } else {
        drop(tx);
    }
    let mut tx = ui.db.read().await?;
    draw_edit(&grant, &mut tx, &frame, id, &edit).await
}

async fn ask_to_delete(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    draw_delete(&grant, &mut tx, &frame, id, None).await
}

async fn draw_delete(
    grant: &Granted<Administer>,
    tx: &mut Read,
    frame: &Frame,
    id: i64,
    fault: Option<&Fault>,
) -> Result<Response, Fault> {
    let seen = Seen::of(grant, tx, id).await?;
    let tied = segments::of_group(tx, &Sight::ALL, id).await?;
    let it = &seen.it;
    let body = html! {
        @if let Some(fault) = fault { (form::problems(&fault.sentences())) }
        p {
            strong { (it.group.name) } " is gone for good. "
            @match it.members { 0 => "Nobody is in it.", 1 => "Its member stays, without what the group gave them.", count => { "Its " (count) " members stay, without what the group gave them." } }
            @match it.projects { 0 => {}, 1 => " It has roles in 1 project.", count => { " It has roles in " (count) " projects." } }
        }
        @if let Some(connection) = &it.connection {
            (notice(Tone::Warning, "An identity provider keeps this group", &html! {
                p { "As long as it is assigned there, “" (connection) "” can push it again. End the assignment first." }
            }))
        }
        @if !tied.is_empty() {
            (notice(Tone::Problem, "Segments take its members", &html! {
                p { "Without it they would match nobody. Give them another group first:" }
                ul { @for segment in &tied { li { a href=(frame.at(&format!("/segments/{}", segment.id))) { (segment.name) } } } }
            }))
        }
        form.row method="post" action=(frame.at(&format!("{}/delete", path(id)))) {
            @if tied.is_empty() { button.button.danger #confirm { "Delete group" } " " } (button::link(&frame.at(&path(id)), "Cancel"))
        }
    };
    let page = Page::new(Section::Groups, "Delete group", body)
        .below("Groups", "/groups".to_owned())
        .below(&it.group.name, path(id));
    Ok(frame.page(&seen.viewer, &page.status(fault.map_or(StatusCode::OK, Fault::status))))
}

async fn delete(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    let group = groups::get(&mut tx, id).await?;
    let deleted = async {
        groups::delete(&mut tx, id).await?;
        tx.commit().await?;
        Ok::<_, Fault>(())
    };
    match deleted.await {
        Ok(()) => Ok(frame.done("/groups", &Note::new(format!("{} is deleted", group.name)))),
        Err(fault) if fault.is_about_input() => {
            let mut tx = ui.db.read().await?;
            draw_delete(&grant, &mut tx, &frame, id, Some(&fault)).await
        }
        Err(fault) => Err(fault),
    }
}
