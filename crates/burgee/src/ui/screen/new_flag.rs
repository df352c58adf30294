//! Making a flag.

use axum::extract::State;
use axum::response::Response;
use maud::html;
use serde::Deserialize;

use crate::access::{CreateFeature, Granted};
use crate::db::Read;
use crate::feature_types;
use crate::features::{self, Draft};
use crate::projects::{self, environment};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Query, Viewer};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::button;
use crate::ui::part::form::{self, Field};
use crate::ui::{Places, Ui};

pub(in crate::ui) fn places(places: Places) -> Places {
    const PATH: &str = "/projects/{projectId}/new-flag";
    places.page(PATH, ask).action(PATH, create)
}

/// What the form sends.
#[derive(Default, Deserialize)]
struct Wanted {
    name: String,
    #[serde(default)]
    description: String,
    kind: String,
    #[serde(default)]
    impression_data: bool,
}

/// What may stand in the address: a name to begin with.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Suggested {
    name: String,
}

async fn ask(
    grant: Granted<CreateFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(suggested): Query<Suggested>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let wanted = Wanted { name: suggested.name, kind: "release".to_owned(), ..Wanted::default() };
    draw(&grant, &mut tx, &frame, &wanted, None).await
}

async fn draw(
    grant: &Granted<CreateFeature>,
    tx: &mut Read,
    frame: &Frame,
    wanted: &Wanted,
    fault: Option<&Fault>,
) -> Result<Response, Fault> {
    let project = grant.scope().project.as_str();
    let viewer = Viewer::of(grant, tx).await?;
    let naming = projects::get(tx, project).await?.feature_naming;
    let types = feature_types::list(tx).await?;
    let kinds: Vec<(&str, &str)> = types.iter().map(|kind| (kind.id.as_str(), kind.name.as_str())).collect();
    let places = environment::list(tx, project).await?;
    let places: Vec<&str> = places.iter().map(|place| place.environment.as_str()).collect();
    let sentences = fault.map(Fault::sentences).unwrap_or_default();
    let about = |word: &str| sentences.iter().find(|sentence| sentence.contains(word)).map(String::as_str);
    let of_description = about("description");
    let of_name = sentences.first().map(String::as_str).filter(|_| of_description.is_none());
    let hint = match (&naming.description, &naming.example) {
        (Some(text), _) if !text.is_empty() => text.clone(),
        (_, Some(example)) if !example.is_empty() => format!("Named like {example}."),
        _ => "Used in code, such as checkout.new-flow. It cannot be changed later.".to_owned(),
    };
    let body = html! {
        form.stack method="post" action=(frame.at(&format!("/projects/{project}/new-flag"))) data-draft {
            (Field { name: "name", label: "Name", hint: Some(&hint), problem: of_name, ..Field::default() }.text("text", &wanted.name, "off"))
            (Field { name: "description", label: "Description", hint: Some("What it is for, and when it can go."), problem: of_description, optional: true, ..Field::default() }.lines(&wanted.description))
            (Field { name: "kind", label: "Type", hint: Some("Says how long the flag is expected to live."), ..Field::default() }.choice(&kinds, &wanted.kind))
            (form::check("impression_data", "Report impressions", "Clients send an event whenever they evaluate the flag.", wanted.impression_data))
            p.hint { "It starts switched off in " (places.join(", ")) "." }
            div.row { (button::submit("Create flag")) (button::link(&frame.at(&format!("/projects/{project}")), "Cancel")) }
        }
    };
    let page = Page::new(Section::Flags, "New flag", body).within(&viewer, project);
    let status = fault.map_or(page.status, Fault::status);
    Ok(frame.page(&viewer, &page.status(status)))
}

async fn create(
    grant: Granted<CreateFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(wanted): Form<Wanted>,
) -> Result<Response, Fault> {
    let project = grant.scope().project.clone();
    match make(&ui, &grant, &wanted).await {
        Ok(()) => {
            let name = wanted.name.trim();
            let note = Note::new(format!("{name} is there, and off everywhere"));
            Ok(frame.done(&format!("/projects/{project}/features/{name}"), &note))
        }
        Err(fault) if fault.is_about_input() => {
            let mut tx = ui.db.read().await?;
            draw(&grant, &mut tx, &frame, &wanted, Some(&fault)).await
        }
        Err(fault) => Err(fault),
    }
}

async fn make(ui: &Ui, grant: &Granted<CreateFeature>, wanted: &Wanted) -> Result<(), Fault> {
    let description = wanted.description.replace("\r\n", "\n");
    let description = description.trim();
    let draft = Draft {
        description: (!description.is_empty()).then(|| description.to_owned()),
        kind: wanted.kind.clone(),
        impression_data: wanted.impression_data,
    };
    let mut tx = ui.db.change(grant, ui.clock.now()).await?;
    features::create(&mut tx, &ui.entropy, &grant.scope().project, wanted.name.trim(), draft).await?;
    tx.commit().await?;
    Ok(())
}
