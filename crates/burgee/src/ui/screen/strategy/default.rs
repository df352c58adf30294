//! The strategy that a flag gets which is turned on without one, in each environment of a project.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use serde_json::{Value, json};

use super::form::{self, fields};
use super::sent::Sent;
use super::{choices, disputed, parameters};
use crate::access::{Granted, UpdateDefaultStrategy};
use crate::db::Read;
use crate::entropy::digest;
use crate::error::Error;
use crate::features::StrategyDraft;
use crate::projects::{self, environment};
use crate::strategies;
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Viewer};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::button;
use crate::ui::part::form::{Problems, problems};
use crate::ui::{Places, Ui};

/// The only type that it can have.
const KIND: &str = "flexibleRollout";

pub(super) fn places(places: Places) -> Places {
    const PATH: &str = "/projects/{projectId}/settings/environments/{environment}/default-strategy";
    places.page(PATH, ask).action(PATH, save)
}

/// Where it is edited.
pub(in crate::ui) fn path(project: &str, environment: &str) -> String {
    format!("/projects/{project}/settings/environments/{environment}/default-strategy")
}

/// The stored form.
pub(in crate::ui) fn read(stored: Value) -> Result<StrategyDraft, Fault> {
    Ok(serde_json::from_value(stored).map_err(Error::from)?)
}

/// What tells whether somebody changed it.
fn version(stored: Option<&Value>) -> String {
    stored.map(|stored| digest(&stored.to_string())).unwrap_or_default()
}

async fn ask(
    grant: Granted<UpdateDefaultStrategy>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, environment)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let stored = environment::get(&mut tx, &project, &environment).await?.strategy()?;
    let was = version(stored.as_ref());
    let draft = match stored {
        Some(stored) => read(stored)?,
        None => StrategyDraft {
            name: KIND.to_owned(),
            parameters: [
                ("rollout".to_owned(), "100".to_owned()),
                ("stickiness".to_owned(), projects::get(&mut tx, &project).await?.default_stickiness),
            ]
            .into(),
            ..StrategyDraft::default()
        },
    };
    let sent = Sent { was, ..Sent::of(&draft, &[]) };
    draw(&grant, &mut tx, &frame, &environment, &sent, &Problems::default(), None).await
}

async fn draw(
    grant: &Granted<UpdateDefaultStrategy>,
    tx: &mut Read,
    frame: &Frame,
    environment: &str,
    sent: &Sent,
    wrong: &Problems,
    meanwhile: Option<Markup>,
) -> Result<Response, Fault> {
    let project = grant.scope().project.as_str();
    let viewer = Viewer::of(grant, tx).await?;
    let known = parameters(&strategies::list(tx).await?, KIND);
    let choices = choices(grant, tx, project, known).await?;
    let back = format!("/projects/{project}/settings/environments");
    let body = html! {
        @if let Some(meanwhile) = &meanwhile { (meanwhile) }
        (problems(&wrong.rest))
        p.hint { "A flag that is turned on in " (environment) " without a strategy of its own gets this one. Flags that have strategies keep them." }
        form.stack method="post" action=(frame.at(&path(project, environment))) data-draft novalidate {
            // The first button is the one that Enter presses.
            button.unseen name="act" value="save" tabindex="-1" aria-hidden="true" { "Save" }
            input type="hidden" name="was" value=(sent.was);
            (fields(frame, sent, &choices, wrong))
            div.row {
                button.button.primary #save name="act" value="save" { "Save" }
                (button::link(&frame.at(&back), "Cancel"))
            }
        }
    };
    let status = match (&meanwhile, wrong.none()) {
        (Some(_), _) => StatusCode::CONFLICT,
        (None, true) => StatusCode::OK,
        (None, false) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let page = Page::new(Section::ProjectSettings, format!("Default strategy in {environment}"), body)
        .within(&viewer, project)
        .below("Settings", back);
    Ok(frame.page(&viewer, &page.status(status)))
}

async fn save(
    grant: Granted<UpdateDefaultStrategy>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, environment)): Path<(String, String)>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let mut sent = Sent::read(pairs)?;
    let (mut wrong, mut meanwhile) = (Problems::default(), None);
    if !sent.changed() {
        sent = sent.without_empty_rows();
        match replace(&ui, &grant, &environment, &mut sent).await? {
            Saved::Yes => {
                let note = Note::new(format!("The default strategy in {environment} is saved"));
                return Ok(frame.done(&format!("/projects/{project}/settings/environments"), &note));
            }
            Saved::Not(sentences) => wrong = form::problems(&sent, sentences),
            Saved::Disputed(theirs, yours) => {
                meanwhile = Some(disputed(&theirs, &yours, &frame.at(&path(&project, &environment))));
            }
        }
    }
    let mut tx = ui.db.read().await?;
    draw(&grant, &mut tx, &frame, &environment, &sent, &wrong, meanwhile).await
}

/// What came of saving.
enum Saved {
    Yes,
    /// This is wrong with it.
    Not(Vec<String>),
    /// Somebody changed it meanwhile: theirs, and yours.
    Disputed(Value, Value),
}

async fn replace(
    ui: &Ui,
    grant: &Granted<UpdateDefaultStrategy>,
    environment: &str,
    sent: &mut Sent,
) -> Result<Saved, Fault> {
    let project = grant.scope().project.as_str();
    let mut tx = ui.db.change(grant, ui.clock.now()).await?;
    // Locked before it is compared, so that nobody comes between.
    projects::lock(&mut tx, project).await?;
    let stored = environment::get(&mut tx, project, environment).await?.strategy()?;
    let known = parameters(&strategies::list(&mut tx).await?, KIND);
    let before = match stored.clone() {
        Some(stored) => read(stored)?,
        None => StrategyDraft { name: KIND.to_owned(), ..StrategyDraft::default() },
    };
    let draft = match sent.draft(before, &known) {
        Ok(draft) => draft,
        Err(sentences) => return Ok(Saved::Not(sentences)),
    };
    let Value::Object(mut wanted) = json!(draft) else { return Err(Fault::nowhere()) };
    wanted.retain(|_, value| !value.is_null());
    let now = version(stored.as_ref());
    if now != sent.was {
        sent.was = now;
        return Ok(Saved::Disputed(json!(stored), Value::Object(wanted)));
    }
    let saved = async {
        environment::set_default_strategy(&mut tx, project, environment, wanted).await?;
        tx.commit().await
    };
    match saved.await.map_err(Fault::from) {
        Ok(()) => Ok(Saved::Yes),
        Err(fault) if fault.is_about_input() => Ok(Saved::Not(fault.sentences())),
        Err(fault) => Err(fault),
    }
}
