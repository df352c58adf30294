//! Where changes need approval, and of how many.

use axum::extract::{Path, State};
use axum::response::Response;
use maud::html;

use super::Tab;
use crate::access::{Granted, ReadChangeRequestSettings, UpdateChangeRequestSettings};
use crate::db::Read;
use crate::environments::MOST_APPROVALS;
use crate::projects::environment::{self, Place};
use crate::projects::{self, change_requests};
use crate::ui::edit::{Edit, Values};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Viewer, why_not};
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::form::Field;
use crate::ui::part::{button, table, tag};
use crate::ui::{Places, Ui};

pub(super) fn places(places: Places) -> Places {
    const ONE: &str = "/projects/{projectId}/settings/change-requests/{environment}";
    places.page("/projects/{projectId}/settings/change-requests", list).page(ONE, ask).action(ONE, save)
}

fn path(project: &str, environment: &str) -> String {
    format!("{}/{environment}", Tab::Approvals.path(project))
}

async fn list(
    grant: Granted<ReadChangeRequestSettings>,
    State(ui): State<Ui>,
    frame: Frame,
) -> Result<Response, Fault> {
    let project = grant.scope().project.as_str();
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let places = environment::list(&mut tx, project).await?;
    let watch = Watch::over(&grant, &mut tx, Some(project), None).await?;
    let body = html! {
        p.hint { "Where changes need approval, people request a change of a flag, and it takes effect after others approve it." }
        (table::scroll("Change requests", &html! {
            table.rows {
                thead { tr { th scope="col" { "Environment" } th scope="col" { "A change needs" } th scope="col" { span.unseen { "Actions" } } } }
                tbody {
                    @for place in &places {
                        @let name = place.environment.as_str();
                        @let why = why_not::<UpdateChangeRequestSettings>(grant.held(), project, Some(name));
                        tr id={ "row-" (name) } {
                            td { (tag::environment(name, &place.r#type)) }
                            td { (needs(place.required_approvals)) }
                            td.ends { (button::edit(&format!("edit-{name}"), &frame.at(&path(project, name)), name, why.as_deref())) }
                        }
                    }
                }
            }
        }))
    };
    let page = super::page(&frame, &viewer, project, Tab::Approvals, &body);
    Ok(frame.page(&viewer, &page.watch(watch)))
}

fn needs(count: Option<i64>) -> String {
    match count {
        None => "No approval".to_owned(),
        Some(1) => "Approval of one other person".to_owned(),
        Some(count) => format!("Approval of {count} other people"),
    }
}

fn values(place: &Place) -> Values {
    vec![("approvals", place.required_approvals.map(|count| count.to_string()).unwrap_or_default())]
}

async fn ask(
    grant: Granted<UpdateChangeRequestSettings>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, name)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let place = environment::get(&mut tx, &project, &name).await?;
    draw(&grant, &mut tx, &frame, &Edit::of(values(&place))).await
}

async fn draw(
    grant: &Granted<UpdateChangeRequestSettings>,
    tx: &mut Read,
    frame: &Frame,
    edit: &Edit,
) -> Result<Response, Fault> {
    let (project, name) = (grant.scope().project.as_str(), grant.scope().environment.as_str());
    let viewer = Viewer::of(grant, tx).await?;
    let counts: Vec<(String, String)> = std::iter::once(None)
        .chain((1..=MOST_APPROVALS).map(Some))
        .map(|count| (count.map(|count| count.to_string()).unwrap_or_default(), needs(count)))
        .collect();
    let counts: Vec<(&str, &str)> =
        counts.iter().map(|(value, label)| (value.as_str(), label.as_str())).collect();
    let back = Tab::Approvals.path(project);
    let fields = html! {
        (Field { hint: Some("Change requests that are open keep what they have so far."), ..edit.field("approvals", "A change needs") }.choice(&counts, edit.get("approvals")))
    };
    let body = edit.form(frame, &path(project, name), ("save", "Save"), Some(&back), None, &fields);
    let page = Page::new(Section::ProjectSettings, format!("Change requests in {name}"), body)
        .within(&viewer, project)
        .below("Settings", back);
    Ok(frame.page(&viewer, &page.status(edit.status())))
}

async fn save(
    grant: Granted<UpdateChangeRequestSettings>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, name)): Path<(String, String)>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let mut edit = Edit::read(pairs)?;
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    projects::lock(&mut tx, &project).await?;
    let there = environment::get(&mut tx, &project, &name).await?;
    let mergeable = edit.onto(values(&there));
    let count = edit.number("approvals");
    if mergeable && edit.sound() {
        change_requests::configure(&mut tx, &project, &name, count).await?;
        tx.commit().await?;
        let note = Note::new(format!("Changes in {name}: {}", needs(count).to_lowercase()));
        return Ok(frame.done(&Tab::Approvals.path(&project), &note));
    }
    drop(tx);
    let mut tx = ui.db.read().await?;
    draw(&grant, &mut tx, &frame, &edit).await
}
