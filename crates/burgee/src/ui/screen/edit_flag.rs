//! Describing a flag anew. Who edits at the same time as somebody else loses nothing: what only one of them changed is
//! kept, and what both changed is asked.

use axum::extract::{Path, State};
use axum::response::Response;
use maud::html;

use crate::access::{Granted, UpdateFeature};
use crate::db::Read;
use crate::feature_types;
use crate::features::{self, Draft, Feature};
use crate::ui::edit::{Edit, Values, checked};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Viewer};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::form::{self, Field};
use crate::ui::{Places, Ui};

pub(in crate::ui) fn places(places: Places) -> Places {
    const PATH: &str = "/projects/{projectId}/features/{featureName}/edit";
    places.page(PATH, ask).action(PATH, save)
}

fn values(feature: &Feature) -> Values {
    vec![
        ("description", feature.description.clone().unwrap_or_default()),
        ("kind", feature.kind.clone()),
        ("impression_data", checked(feature.impression_data)),
    ]
}

async fn ask(
    grant: Granted<UpdateFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, name)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let feature = features::get(&mut tx, &project, &name).await?;
    draw(&grant, &mut tx, &frame, &name, &Edit::of(values(&feature))).await
}

async fn draw(
    grant: &Granted<UpdateFeature>,
    tx: &mut Read,
    frame: &Frame,
    name: &str,
    edit: &Edit,
) -> Result<Response, Fault> {
    let project = grant.scope().project.as_str();
    let viewer = Viewer::of(grant, tx).await?;
    let types = feature_types::list(tx).await?;
    let kinds: Vec<(&str, &str)> = types.iter().map(|kind| (kind.id.as_str(), kind.name.as_str())).collect();
    let path = format!("/projects/{project}/features/{name}");
    let fields = html! {
        (Field { hint: Some("What it is for, and when it can go."), optional: true, ..edit.field("description", "Description") }.lines(edit.get("description")))
        (edit.field("kind", "Type").choice(&kinds, edit.get("kind")))
        (form::check("impression_data", "Report impressions", "Clients send an event whenever they evaluate the flag.", edit.on("impression_data")))
    };
    let body = edit.form(frame, &format!("{path}/edit"), ("save", "Save"), Some(&path), None, &fields);
    let page = Page::new(Section::Flags, "Edit flag", body).within(&viewer, project).below(name, path);
    Ok(frame.page(&viewer, &page.status(edit.status())))
}

async fn save(
    grant: Granted<UpdateFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, name)): Path<(String, String)>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let mut edit = Edit::read(pairs)?;
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    // Locked before it is compared, so that nobody comes between.
    let there = features::lock(&mut tx, &project, &name).await?;
    if edit.onto(values(&there)) {
        let draft = Draft {
            description: edit.some("description"),
            kind: edit.get("kind").to_owned(),
            impression_data: edit.on("impression_data"),
        };
        let saved = async {
            features::update(&mut tx, &project, &name, draft).await?;
            tx.commit().await
        };
        if edit.settle(saved.await, &[("description", "description")])?.is_some() {
            let note = Note::new(format!("{name} is saved"));
            return Ok(frame.done(&format!("/projects/{project}/features/{name}"), &note));
        }
    } else {
        drop(tx);
    }
    let mut tx = ui.db.read().await?;
    draw(&grant, &mut tx, &frame, &name, &edit).await
}
