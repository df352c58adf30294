//! Types of tags: what tags say, and how people recognise them.

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};

use super::kind::Kind;
use crate::access::{CreateTagType, DeleteTagType, Granted, Guard, SignedIn, UpdateTagType};
use crate::db::Read;
use crate::error::Error;
use crate::tags::types::{self, TagType};
use crate::ui::edit::{Edit, Values};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Viewer, why_not_everywhere};
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::part::form::Field;
use crate::ui::part::{button, count, tag};
use crate::ui::{Places, Ui};

const KIND: Kind = Kind { section: Section::TagTypes, title: "Tag types", path: "/tag-types" };
/// What is wrong with which field.
const ABOUT: [(&str, &str); 4] =
    [("description", "description"), ("icon", "icon"), ("color", "color"), ("name", "name")];

pub(in crate::ui) fn places(places: Places) -> Places {
    const DELETE: &str = "/tag-types/{name}/delete";
    places
        .page("/tag-types", list)
        .page("/new-tag-type", ask_new)
        .action("/new-tag-type", create)
        .page("/tag-types/{name}", ask)
        .action("/tag-types/{name}", save)
        .page(DELETE, ask_delete)
        .action(DELETE, delete)
}

async fn list(grant: Granted<SignedIn>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let sight = grant.sight(&mut tx).await?;
    let used = types::in_use(&mut tx, &sight).await?;
    let all = types::list(&mut tx).await?;
    let watch = Watch::over(&grant, &mut tx, None, None).await?;
    let why_not = why_not_everywhere::<CreateTagType>(grant.held());
    let create = button::main_link(&frame.at("/new-tag-type"), "New tag type", why_not.as_deref(), Some("c"));
    let rows: Vec<Markup> = all.iter().map(|kind| html! {
        tr data-row id={ "row-" (kind.name) } {
            td.wide {
                a.row-link href=(frame.at(&format!("/tag-types/{}", kind.name))) { (kind.name) }
                @if let Some(text) = kind.description.as_deref().filter(|text| !text.is_empty()) { div.muted.clip { (text) } }
            }
            td { (tag::tag(&kind.name, "value", kind.color.as_deref())) }
            td { (count::of(used.get(&kind.name).copied().unwrap_or_default(), "flag")) }
        }
    }).collect();
    let hint = "Tags say who owns a flag, or what it belongs to. Each has a type and a value.";
    Ok(frame
        .page(&viewer, &KIND.list(watch, hint, &["Tag type", "Looks like", "Used by"], &rows, Some(create))))
}

fn fields(edit: &Edit, new: bool) -> Markup {
    html! {
        @if new { (Field { hint: Some("Such as team. It cannot be changed later."), ..edit.field("name", "Name") }.text("text", edit.get("name"), "off")) }
        (Field { optional: true, hint: Some("What the tags say."), ..edit.field("description", "Description") }.lines(edit.get("description")))
        (Field { optional: true, hint: Some("As #RRGGBB, such as #d97706. It stands before the tag as a dot."), ..edit.field("color", "Colour") }.text("text", edit.get("color"), "off"))
        (Field { optional: true, hint: Some("For programs that show one."), ..edit.field("icon", "Icon") }.text("text", edit.get("icon"), "off"))
    }
}

fn values(kind: &TagType) -> Values {
    vec![
        ("description", kind.description.clone().unwrap_or_default()),
        ("color", kind.color.clone().unwrap_or_default()),
        ("icon", kind.icon.clone().unwrap_or_default()),
    ]
}

async fn ask_new(
    grant: Granted<CreateTagType>,
    State(ui): State<Ui>,
    frame: Frame,
) -> Result<Response, Fault> {
    draw_new(&grant, &mut ui.db.read().await?, &frame, &Edit::default()).await
}

async fn draw_new(
    grant: &Granted<CreateTagType>,
    tx: &mut Read,
    frame: &Frame,
    edit: &Edit,
) -> Result<Response, Fault> {
    let viewer = Viewer::of(grant, tx).await?;
    let (title, label) = (("New tag type", "/new-tag-type"), ("Create tag type", None));
    Ok(frame.page(&viewer, &KIND.form(frame, title, edit, label, &fields(edit, true), &html! {})))
}

async fn create(
    grant: Granted<CreateTagType>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let mut edit = Edit::read(pairs)?;
    let draft = TagType {
        name: edit.get("name").to_owned(),
        description: edit.some("description"),
        icon: edit.some("icon"),
        color: edit.some("color"),
    };
    let made = async {
        let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
        let made = types::create(&mut tx, draft).await?;
        tx.commit().await?;
        Ok::<_, Error>(made)
    };
    if let Some(made) = edit.settle(made.await, &ABOUT)? {
        return Ok(frame.done(KIND.path, &Note::new(format!("{} is there", made.name))));
    }
    draw_new(&grant, &mut ui.db.read().await?, &frame, &edit).await
}

async fn ask(
    grant: Granted<SignedIn>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(name): Path<String>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let edit = Edit::of(values(&types::get(&mut tx, &name).await?));
    draw(&grant, &mut tx, &frame, &name, &edit).await
}

async fn draw<G: Guard>(
    grant: &Granted<G>,
    tx: &mut Read,
    frame: &Frame,
    name: &str,
    edit: &Edit,
) -> Result<Response, Fault> {
    let viewer = Viewer::of(grant, tx).await?;
    let why_not = why_not_everywhere::<UpdateTagType>(grant.held());
    let keep = why_not_everywhere::<DeleteTagType>(grant.held());
    let more = KIND.end(frame, name, "All tags of this type go with it, wherever they are.", keep.as_deref());
    let action = format!("/tag-types/{name}");
    Ok(frame.page(
        &viewer,
        &KIND.form(frame, (name, &action), edit, ("Save", why_not.as_deref()), &fields(edit, false), &more),
    ))
}

async fn save(
    grant: Granted<UpdateTagType>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(name): Path<String>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let mut edit = Edit::read(pairs)?;
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    // Locked before it is compared, so that nobody comes between.
    let there = types::lock(&mut tx, &name).await?;
    if edit.onto(values(&there)) {
        // What was never there stays away: what is emptied becomes empty.
        let sent = |field: &str, before: &Option<String>| {
            edit.some(field).or_else(|| before.as_ref().map(|_| String::new()))
        };
        let (description, icon, color) =
            (sent("description", &there.description), sent("icon", &there.icon), sent("color", &there.color));
        let saved = async {
            types::update(&mut tx, &name, description, icon, color).await?;
            tx.commit().await
        }
        .await;
        if edit.settle(saved, &ABOUT)?.is_some() {
            return Ok(frame.done(KIND.path, &Note::new(format!("{name} is saved"))));
        }
    } else {
        drop(tx);
    }
    draw(&grant, &mut ui.db.read().await?, &frame, &name, &edit).await
}

async fn ask_delete(
    grant: Granted<DeleteTagType>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(name): Path<String>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let sight = grant.sight(&mut tx).await?;
    types::get(&mut tx, &name).await?;
    let count = types::in_use(&mut tx, &sight).await?.remove(&name).unwrap_or_default();
    let what = html! { p { "Tags of the type " strong { (name) } " are on " (count::of(count, "flag")) ". They are taken off, and do not come back." } };
    Ok(KIND.confirm(&frame, &viewer, &name, &what, true))
}

async fn delete(
    grant: Granted<DeleteTagType>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(name): Path<String>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    types::delete(&mut tx, &name).await?;
    tx.commit().await?;
    Ok(frame.done(KIND.path, &Note::new(format!("{name} is deleted"))))
}
