//! A flag somewhere else: as a copy under another name, or moved to another project.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::html;
use serde::Deserialize;

use crate::access::{CreateFeature, Granted, MoveFeature};
use crate::features;
use crate::projects;
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Viewer, why_not};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::button;
use crate::ui::part::form::{self, Field};
use crate::ui::{Places, Ui};

pub(in crate::ui) fn places(places: Places) -> Places {
    const COPY: &str = "/projects/{projectId}/features/{featureName}/copy";
    const MOVE: &str = "/projects/{projectId}/features/{featureName}/move";
    places.page(COPY, ask_copy).action(COPY, copy).page(MOVE, ask_move).action(MOVE, relocate)
}

fn path(project: &str, feature: &str, rest: &str) -> String {
    format!("/projects/{project}/features/{feature}{rest}")
}

/// What the form of a copy sends.
#[derive(Default, Deserialize)]
struct Copied {
    name: String,
    #[serde(default)]
    regroup: bool,
}

async fn ask_copy(
    grant: Granted<CreateFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((_, source)): Path<(String, String)>,
) -> Result<Response, Fault> {
    draw_copy(&grant, &ui, &frame, &source, &Copied { name: String::new(), regroup: true }, &[]).await
}

async fn draw_copy(
    grant: &Granted<CreateFeature>,
    ui: &Ui,
    frame: &Frame,
    source: &str,
    wanted: &Copied,
    problems: &[String],
) -> Result<Response, Fault> {
    let project = grant.scope().project.as_str();
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(grant, &mut tx).await?;
    features::get(&mut tx, project, source).await?;
    let naming = projects::get(&mut tx, project).await?.feature_naming;
    let hint = match naming.example.as_deref().filter(|example| !example.is_empty()) {
        Some(example) => format!("Named like {example}."),
        None => format!("Such as {source}-2. It cannot be changed later."),
    };
    let back = path(project, source, "");
    let problem = problems.join(" ");
    let body = html! {
        p { "The copy has the type, the strategies, the variants and the dependency of " strong { (source) } ". It is off everywhere, and has no tags." }
        form.stack method="post" action=(frame.at(&path(project, source, "/copy"))) data-draft {
            (Field { name: "name", label: "Name of the copy", hint: Some(&hint), problem: (!problem.is_empty()).then_some(problem.as_str()), ..Field::default() }.text("text", &wanted.name, "off"))
            (form::check("regroup", "Roll out on its own", "Who gets the copy is drawn anew. Otherwise the same users get both flags.", wanted.regroup))
            div.row { (button::submit("Copy flag")) (button::link(&frame.at(&back), "Cancel")) }
        }
    };
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = Page::new(Section::Flags, "Copy flag", body).within(&viewer, project).below(source, back);
    Ok(frame.page(&viewer, &page.status(status)))
}

async fn copy(
    grant: Granted<CreateFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, source)): Path<(String, String)>,
    Form(wanted): Form<Copied>,
) -> Result<Response, Fault> {
    let name = wanted.name.trim();
    let copied = async {
        let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
        features::copy(&mut tx, &grant, &ui.entropy, (&project, &source), name, wanted.regroup).await?;
        tx.commit().await
    };
    match copied.await.map_err(Fault::from) {
        Ok(()) => {
            let note = Note::new(format!("{name} is there, like {source}, and off everywhere"));
            Ok(frame.done(&path(&project, name, ""), &note))
        }
        Err(fault) if fault.is_mendable() => {
            draw_copy(&grant, &ui, &frame, &source, &wanted, &fault.sentences()).await
        }
        Err(fault) => Err(fault),
    }
}

/// What the form of a move sends.
#[derive(Default, Deserialize)]
struct Moved {
    target: String,
}

async fn ask_move(
    grant: Granted<MoveFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((_, name)): Path<(String, String)>,
) -> Result<Response, Fault> {
    draw_move(&grant, &ui, &frame, &name, &Moved::default(), &[]).await
}

async fn draw_move(
    grant: &Granted<MoveFeature>,
    ui: &Ui,
    frame: &Frame,
    name: &str,
    wanted: &Moved,
    problems: &[String],
) -> Result<Response, Fault> {
    let project = grant.scope().project.as_str();
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(grant, &mut tx).await?;
    features::get(&mut tx, project, name).await?;
    let mine = |id: &String| *id != project && why_not::<MoveFeature>(grant.held(), id, None).is_none();
    let targets: Vec<(&str, &str)> = viewer
        .projects
        .iter()
        .filter(|(id, _)| mine(id))
        .map(|(id, name)| (id.as_str(), name.as_str()))
        .collect();
    let back = path(project, name, "");
    let problem = problems.join(" ");
    let body = html! {
        @if targets.is_empty() {
            p { "There is no other project into which you may move flags. You need the permission to move flags there, too." }
            div.row { (button::link(&frame.at(&back), "Back to the flag")) }
        } @else {
            p {
                strong { (name) } " keeps its name, its strategies and its history. Clients get it as before, if their API tokens reach the other project. "
                "Who may change it is then decided there."
            }
            form.stack method="post" action=(frame.at(&path(project, name, "/move"))) data-draft {
                (Field { name: "target", label: "To project", hint: Some("It must have the same environments."), problem: (!problem.is_empty()).then_some(problem.as_str()), ..Field::default() }.choice(&targets, &wanted.target))
                div.row { (button::submit("Move flag")) (button::link(&frame.at(&back), "Cancel")) }
            }
        }
    };
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = Page::new(Section::Flags, "Move flag", body).within(&viewer, project).below(name, back);
    Ok(frame.page(&viewer, &page.status(status)))
}

async fn relocate(
    grant: Granted<MoveFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, name)): Path<(String, String)>,
    Form(wanted): Form<Moved>,
) -> Result<Response, Fault> {
    let moved = async {
        let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
        grant.sight(&mut tx).await?.ensure(&mut tx, &wanted.target).await?;
        features::relocate(&mut tx, &grant, &project, &name, &wanted.target).await?;
        tx.commit().await
    };
    match moved.await.map_err(Fault::from) {
        Ok(()) => {
            let note = Note::new(format!("{name} is in {} now", wanted.target))
                .undo(path(&wanted.target, &name, "/move"), &[("target", &project)]);
            Ok(frame.done(&path(&wanted.target, &name, ""), &note))
        }
        Err(fault) if fault.is_mendable() => {
            draw_move(&grant, &ui, &frame, &name, &wanted, &fault.sentences()).await
        }
        Err(fault) => Err(fault),
    }
}
