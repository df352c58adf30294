//! Making, changing and deleting roles.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::{matrix, path, role};
use crate::access::role::{self as roles, Draft, Held, Role};
use crate::access::{Administer, Granted, Level, Permission};
use crate::db::Read;
use crate::projects;
use crate::ui::edit::{Edit, Values};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Number, Query, Viewer};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::button;
use crate::ui::part::form::Field;
use crate::ui::part::notice::{Tone, notice};
use crate::ui::{Places, Ui};

pub(super) fn places(places: Places) -> Places {
    places
        .page("/roles/new", ask_new)
        .action("/roles/new", create)
        .action("/roles/{id}", save)
        .page("/roles/{id}/delete", ask_to_delete)
        .action("/roles/{id}/delete", delete)
}

fn values(role: &Role) -> Values {
    vec![("name", role.name.clone()), ("description", role.description.clone())]
}

/// What a role holds, as forms write it.
fn written(held: &[Held]) -> Vec<String> {
    held.iter().map(matrix::key).collect()
}

/// The form that shows a role.
pub(super) fn of(role: &Role, held: &[Held]) -> Edit {
    let mut values = values(role);
    values.push(("held", written(held).join("\n")));
    Edit::of(values)
}

/// What the boxes say.
pub(super) fn held(edit: &Edit) -> BTreeSet<Held> {
    edit.list("held").iter().filter_map(|key| matrix::read(key)).collect()
}

fn draft(edit: &Edit, in_projects: bool) -> Draft {
    Draft {
        name: edit.get("name").to_owned(),
        description: edit.get("description").to_owned(),
        in_projects,
        held: held(edit).into_iter().collect(),
    }
}

/// Words of refusals, each with the field that they are about.
const ABOUT: [(&str, &str); 1] = [("name", "name")];

/// The fields and the matrix.
pub(super) fn fields(edit: &Edit, in_projects: bool, environments: &[String]) -> Markup {
    html! {
        (edit.opened())
        div.narrow {
            (edit.field("name", "Name").text("text", edit.get("name"), "off"))
            (Field { hint: Some("Who should have it, and what for."), optional: true, ..edit.field("description", "Description") }.lines(edit.get("description")))
        }
        (matrix::matrix(in_projects, environments, &held(edit), false))
    }
}

/// What the address of the form says.
#[derive(Default, Deserialize)]
struct Asked {
    #[serde(default)]
    kind: String,
    /// The role to begin with.
    from: Option<i64>,
}

async fn ask_new(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let Some(from) = asked.from else {
        return draw_new(&grant, &mut tx, &frame, &Edit::default(), asked.kind != "root").await;
    };
    let role = roles::get(&mut tx, from).await?;
    let in_projects = !role.is_root();
    // What no role of its kind can hold stays behind.
    let fits = |it: &Held| {
        it.permission != Permission::Admin && (it.permission.level() == Level::Root) != in_projects
    };
    let held: Vec<Held> = roles::held(&mut tx, from).await?.into_iter().filter(fits).collect();
    let edit = Edit::of(vec![
        ("name", format!("Copy of {}", role.name)),
        ("description", role.description),
        ("held", written(&held).join("\n")),
    ]);
    draw_new(&grant, &mut tx, &frame, &edit, in_projects).await
}

async fn draw_new(
    grant: &Granted<Administer>,
    tx: &mut Read,
    frame: &Frame,
    edit: &Edit,
    in_projects: bool,
) -> Result<Response, Fault> {
    let viewer = Viewer::of(grant, tx).await?;
    let environments = projects::environments(tx).await?;
    let (kind, title) = if in_projects { ("project", "New project role") } else { ("root", "New root role") };
    let body = html! {
        (edit.notices())
        form.role-form method="post" action=(frame.at("/roles/new")) data-draft {
            input type="hidden" name="kind" value=(kind);
            (fields(edit, in_projects, &environments))
            div.row.send { (button::submit("Create role")) (button::link(&frame.at("/roles"), "Cancel")) }
        }
    };
    let page = Page::new(Section::Roles, title, body).below("Roles", "/roles".to_owned());
    Ok(frame.page(&viewer, &page.status(edit.status())))
}

async fn create(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let mut edit = Edit::read(pairs)?;
    let in_projects = edit.get("kind") != "root";
    let made = async {
        let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
        let role = roles::create(&mut tx, draft(&edit, in_projects)).await?;
        tx.commit().await?;
        Ok(role)
    };
    let made = made.await;
    if let Some(role) = edit.settle(made, &ABOUT)? {
        return Ok(frame.done(&path(role.id), &Note::new(format!("The role {} is there", role.name))));
    }
    let mut tx = ui.db.read().await?;
    draw_new(&grant, &mut tx, &frame, &edit, in_projects).await
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
    let there = roles::lock(&mut tx, id).await?;
    edit.merge_list("held", &written(&roles::held(&mut tx, id).await?));
    if edit.onto(values(&there)) {
        let wanted = draft(&edit, !there.is_root());
        let saved = async {
            let role = roles::update(&mut tx, id, wanted).await?;
            tx.commit().await?;
            Ok(role)
        };
        if let Some(role) = edit.settle(saved.await, &ABOUT)? {
            return Ok(frame.done(&path(id), &Note::new(format!("The role {} is saved", role.name))));
        }
    } else {
        drop(tx);
    }
    let mut tx = ui.db.read().await?;
    role::draw(&grant, &mut tx, &frame, id, Some(&edit)).await
}

async fn ask_to_delete(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    draw_delete(&grant, &mut tx, &frame, id).await
}

async fn draw_delete(
    grant: &Granted<Administer>,
    tx: &mut Read,
    frame: &Frame,
    id: i64,
) -> Result<Response, Fault> {
    let viewer = Viewer::of(grant, tx).await?;
    let it = roles::get(tx, id).await?;
    let held = roles::holders(tx).await?.into_iter().find(|held| held.role == id).unwrap_or_default();
    let back = frame.at(&path(id));
    let used = held.users + held.groups + held.given + held.connections > 0;
    let body = html! {
        @if !it.is_own() {
            (notice(Tone::Problem, "This role comes with the server", &html! { p { "It cannot be deleted. Give people another role instead." } }))
            div.row { (button::link(&back, "Back to the role")) }
        } @else if used {
            (notice(Tone::Problem, "This role is in use", &html! { p { (role::who(held)) " Change that first." } }))
            div.row { (button::link(&back, "See who has it")) }
        } @else {
            p { strong { (it.name) } " is gone for good. Nobody has it now, so that nobody loses anything." }
            form.row method="post" action=(frame.at(&format!("{}/delete", path(id)))) {
                button.button.danger #confirm { "Delete role" } (button::link(&back, "Cancel"))
            }
        }
    };
    let page = Page::new(Section::Roles, "Delete role", body)
        .below("Roles", "/roles".to_owned())
        .below(&it.name, path(id));
    Ok(frame.page(&viewer, &page))
}

async fn delete(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    let role = roles::get(&mut tx, id).await?;
    let deleted = async {
        roles::delete(&mut tx, id).await?;
        tx.commit().await?;
        Ok::<_, Fault>(())
    };
    match deleted.await {
        Ok(()) => Ok(frame.done("/roles", &Note::new(format!("The role {} is deleted", role.name)))),
        Err(fault) if fault.is_about_input() => {
            let mut tx = ui.db.read().await?;
            let mut response = draw_delete(&grant, &mut tx, &frame, id).await?;
            *response.status_mut() = StatusCode::CONFLICT;
            Ok(response)
        }
        Err(fault) => Err(fault),
    }
}
