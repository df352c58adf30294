//! Making a project.

use axum::extract::State;
use axum::response::Response;
use maud::html;

use crate::access::{CreateProject, Granted};
use crate::db::Read;
use crate::environments;
use crate::error::Error;
use crate::projects::{self, Draft, Mode};
use crate::ui::edit::Edit;
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Viewer};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::button;
use crate::ui::part::form::Field;
use crate::ui::{Places, Ui};

/// Who sees a project, with what that means.
pub(in crate::ui) const MODES: [(&str, &str, &str); 3] = [
    ("open", "Open", "Everybody sees it and may propose changes."),
    ("protected", "Protected", "Everybody sees it. Only its members may propose changes."),
    ("private", "Private", "Viewers who are not members do not see it."),
];

pub(in crate::ui) fn places(places: Places) -> Places {
    places.page("/new-project", ask).action("/new-project", create)
}

async fn ask(grant: Granted<CreateProject>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let enabled = environments::all(&mut tx).await?.into_iter().filter(|place| place.enabled);
    let names: Vec<String> = enabled.map(|place| place.name).collect();
    let edit = Edit::of(vec![("mode", "open".to_owned()), ("environments", names.join("\n"))]);
    draw(&grant, &mut tx, &frame, &edit).await
}

async fn draw(
    grant: &Granted<CreateProject>,
    tx: &mut Read,
    frame: &Frame,
    edit: &Edit,
) -> Result<Response, Fault> {
    let viewer = Viewer::of(grant, tx).await?;
    let places = environments::all(tx).await?;
    let places: Vec<(&str, &str, &str)> =
        places.iter().map(|place| (place.name.as_str(), place.name.as_str(), "")).collect();
    let body = html! {
        (edit.notices())
        form.stack method="post" action=(frame.at("/new-project")) data-draft {
            (edit.field("name", "Name").text("text", edit.get("name"), "off"))
            (Field { hint: Some("Stands in addresses and tokens, and cannot be changed later. Left empty, it is made from the name."), optional: true, ..edit.field("id", "Id") }.text("text", edit.get("id"), "off"))
            (Field { optional: true, hint: Some("Whose flags these are, and where they are used."), ..edit.field("description", "Description") }.lines(edit.get("description")))
            (edit.field("mode", "Who sees it").radios(&MODES, edit.get("mode")))
            (Field { hint: Some("Where its flags can be turned on. You can add and remove some later."), ..edit.field("environments", "Environments") }.checks(&places, &edit.list("environments")))
            div.row { (button::submit("Create project")) (button::link(&frame.at("/projects"), "Cancel")) }
        }
    };
    let page = Page::new(Section::Projects, "New project", body).below("Projects", "/projects".to_owned());
    Ok(frame.page(&viewer, &page.status(edit.status())))
}

async fn create(
    grant: Granted<CreateProject>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let mut edit = Edit::read(pairs)?;
    let draft = Draft {
        id: edit.some("id"),
        name: edit.get("name").to_owned(),
        description: edit.some("description"),
        mode: Mode::from(edit.get("mode").to_owned()),
        default_stickiness: None,
        feature_limit: None,
        environments: Some(edit.list("environments")),
        approvals: Vec::new(),
    };
    let made = async {
        let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
        let (project, _) = projects::create(&mut tx, draft).await?;
        tx.commit().await?;
        Ok::<_, Error>(project)
    };
    let about = [
        ("name of a project", "name"),
        ("description", "description"),
        ("environment", "environments"),
        ("id", "id"),
    ];
    if let Some(project) = edit.settle(made.await, &about)? {
        let note = Note::new(format!("{} is there", project.name));
        return Ok(frame.done(&format!("/projects/{}", project.id), &note));
    }
    let mut tx = ui.db.read().await?;
    draw(&grant, &mut tx, &frame, &edit).await
}
