//! Making environments, from nothing or after the likeness of another, and changing them.

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};

use super::kind::Kind;
use crate::access::{Administer, Granted};
use crate::db::Read;
use crate::environments::{self, Draft, Edit as Changes, Environment, Likeness, MOST_APPROVALS};
use crate::error::Error;
use crate::ui::edit::{Edit, Values, checked};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Viewer};
use crate::ui::nav::Section;
use crate::ui::part::form::{Field, check};
use crate::ui::{Places, Ui};

/// What is wrong with which field.
const ABOUT: [(&str, &str); 4] =
    [("approvals", "approvals"), ("type", "kind"), ("name", "name"), ("Project", "projects")];

pub(in crate::ui) fn places(places: Places) -> Places {
    places
        .page("/new-environment", ask_new)
        .action("/new-environment", create)
        .page("/environments/{name}", ask)
        .action("/environments/{name}", save)
        .page("/environments/{name}/copy", ask_copy)
        .action("/environments/{name}/copy", copy)
}

const KIND: Kind = Kind { section: Section::Environments, title: "Environments", path: "/environments" };

/// A page with one form.
fn page(
    frame: &Frame,
    viewer: &Viewer,
    title: &str,
    action: &str,
    edit: &Edit,
    label: &str,
    fields: &Markup,
) -> Response {
    frame.page(viewer, &KIND.form(frame, (title, action), edit, (label, None), fields, &html! {}))
}

fn name_field(edit: &Edit) -> Markup {
    Field {
        hint: Some("Stands in addresses and tokens, and cannot be changed later."),
        ..edit.field("name", "Name")
    }
    .text("text", edit.get("name"), "off")
}

fn kind_field(edit: &Edit) -> Markup {
    let known = ["development", "test", "pre-production", "production"];
    Field { hint: Some("One of the usual ones, or a word of your own."), ..edit.field("kind", "Type") }
        .combo(&known, edit.get("kind"))
}

fn approvals_field(edit: &Edit) -> Markup {
    let counts: Vec<String> = (1..=MOST_APPROVALS).map(|count| count.to_string()).collect();
    let counts: Vec<(&str, &str)> = std::iter::once(("", "None"))
        .chain(counts.iter().map(|count| (count.as_str(), count.as_str())))
        .collect();
    Field { hint: Some("How many people must approve a change, in new projects. Each project can change it in its settings."), ..edit.field("approvals", "Approvals") }
        .choice(&counts, edit.get("approvals"))
}

async fn ask_new(grant: Granted<Administer>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    let edit = Edit::of(vec![("kind", "development".to_owned()), ("enabled", checked(true))]);
    draw_new(&grant, &mut ui.db.read().await?, &frame, &edit).await
}

async fn draw_new(
    grant: &Granted<Administer>,
    tx: &mut Read,
    frame: &Frame,
    edit: &Edit,
) -> Result<Response, Fault> {
    let viewer = Viewer::of(grant, tx).await?;
    let fields = html! {
        (name_field(edit))
        (kind_field(edit))
        (approvals_field(edit))
        (check("enabled", "In new projects", "New projects use it. Others can add it in their settings.", edit.on("enabled")))
    };
    Ok(page(frame, &viewer, "New environment", "/new-environment", edit, "Create environment", &fields))
}

async fn create(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let mut edit = Edit::read(pairs)?;
    let draft = Draft {
        name: edit.get("name").to_owned(),
        r#type: edit.get("kind").to_owned(),
        enabled: edit.on("enabled"),
        sort_order: None,
        required_approvals: edit.number("approvals"),
    };
    let made = async {
        let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
        let made = environments::create(&mut tx, draft).await?;
        tx.commit().await?;
        Ok::<_, Error>(made)
    };
    if let Some(made) = edit.settle(made.await, &ABOUT)? {
        return Ok(frame.done("/environments", &Note::new(format!("{} is there", made.name))));
    }
    draw_new(&grant, &mut ui.db.read().await?, &frame, &edit).await
}

fn values(place: &Environment) -> Values {
    vec![
        ("kind", place.r#type.clone()),
        ("approvals", place.required_approvals.map(|count| count.to_string()).unwrap_or_default()),
        ("enabled", checked(place.enabled)),
    ]
}

async fn ask(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(name): Path<String>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let edit = Edit::of(values(&environments::get(&mut tx, &name).await?));
    draw(&grant, &mut tx, &frame, &name, &edit).await
}

async fn draw(
    grant: &Granted<Administer>,
    tx: &mut Read,
    frame: &Frame,
    name: &str,
    edit: &Edit,
) -> Result<Response, Fault> {
    let viewer = Viewer::of(grant, tx).await?;
    let fields = html! {
        (kind_field(edit))
        (approvals_field(edit))
        (check("enabled", "In new projects", "New projects use it.", edit.on("enabled")))
    };
    Ok(page(frame, &viewer, name, &format!("/environments/{name}"), edit, "Save", &fields))
}

async fn save(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(name): Path<String>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let mut edit = Edit::read(pairs)?;
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    // Locked before it is compared, so that nobody comes between.
    let there = environments::lock(&mut tx, &name).await?;
    let mergeable = edit.onto(values(&there));
    let approvals = edit.number("approvals");
    if mergeable && edit.sound() {
        let changes = Changes {
            r#type: Some(edit.get("kind").to_owned()),
            sort_order: None,
            required_approvals: Some(approvals),
            enabled: Some(edit.on("enabled")),
        };
        let saved = async {
            environments::update(&mut tx, &name, changes).await?;
            tx.commit().await
        };
        if edit.settle(saved.await, &ABOUT)?.is_some() {
            return Ok(frame.done("/environments", &Note::new(format!("{name} is saved"))));
        }
    } else {
        drop(tx);
    }
    draw(&grant, &mut ui.db.read().await?, &frame, &name, &edit).await
}

async fn ask_copy(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(name): Path<String>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let kind = environments::get(&mut tx, &name).await?.r#type;
    draw_copy(&grant, &mut tx, &frame, &name, &Edit::of(vec![("kind", kind)])).await
}

async fn draw_copy(
    grant: &Granted<Administer>,
    tx: &mut Read,
    frame: &Frame,
    name: &str,
    edit: &Edit,
) -> Result<Response, Fault> {
    let viewer = Viewer::of(grant, tx).await?;
    let using = environments::projects(tx, name).await?;
    let using: Vec<(&str, &str, &str)> =
        using.iter().map(|(id, called)| (id.as_str(), called.as_str(), "")).collect();
    let fields = html! {
        p.hint { "In the copy, flags begin as they are in " strong { (name) } " now: on or off, with the same strategies. Later changes in one do not reach the other." }
        (name_field(edit))
        (kind_field(edit))
        @if using.len() > 1 {
            (Field { optional: true, hint: Some("Which projects get it. None chosen: all that use the original."), ..edit.field("projects", "Projects") }.checks(&using, &edit.list("projects")))
        }
        (check("permissions", "The same permissions", &format!("Roles that may do something in {name} may do it in the copy."), edit.on("permissions")))
    };
    let action = format!("/environments/{name}/copy");
    Ok(page(frame, &viewer, &format!("Copy {name}"), &action, edit, "Create copy", &fields))
}

async fn copy(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(name): Path<String>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let mut edit = Edit::read(pairs)?;
    let likeness = Likeness {
        name: edit.get("name").to_owned(),
        r#type: edit.get("kind").to_owned(),
        projects: edit.list("projects"),
        permissions: edit.on("permissions"),
    };
    let made = async {
        let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
        let made = environments::copy(&mut tx, &ui.entropy, &name, likeness).await?;
        tx.commit().await?;
        Ok::<_, Error>(made)
    };
    if let Some(made) = edit.settle(made.await, &ABOUT)? {
        let note = Note::new(format!("{} is there, as {name} is now", made.name));
        return Ok(frame.done("/environments", &note));
    }
    draw_copy(&grant, &mut ui.db.read().await?, &frame, &name, &edit).await
}
