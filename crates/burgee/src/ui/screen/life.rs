//! The life of a flag: its stages, and its end: completed, marked as stale, archived, and revived.

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use crate::access::{DeleteFeature, Granted, SeeProject, UpdateFeature};
use crate::features::lifecycle::{self, Outcome};
use crate::features::{self, Detail, Stage, dependency};
use crate::projects::environment;
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Viewer, why_not, why_not_at};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::form::{self, Field};
use crate::ui::part::notice::{Tone, notice};
use crate::ui::part::{button, time};
use crate::ui::{Places, Ui};

pub(in crate::ui) fn places(places: Places) -> Places {
    const ARCHIVE: &str = "/projects/{projectId}/features/{featureName}/archive";
    const COMPLETE: &str = "/projects/{projectId}/features/{featureName}/complete";
    places
        .page(COMPLETE, ask_outcome)
        .action(COMPLETE, complete)
        .action("/projects/{projectId}/features/{featureName}/uncomplete", uncomplete)
        .action("/projects/{projectId}/features/{featureName}/stale", stale)
        .page(ARCHIVE, ask)
        .action(ARCHIVE, archive)
        .action("/projects/{projectId}/features/{featureName}/revive", revive)
}

fn path(project: &str, feature: &str) -> String {
    format!("/projects/{project}/features/{feature}")
}

/// What can be done about the end of a flag.
pub(in crate::ui) fn section(
    frame: &Frame,
    grant: &Granted<SeeProject>,
    detail: &Detail,
    history: &[Stage],
    places: &[environment::Place],
) -> Markup {
    let feature = &detail.feature;
    let (held, project) = (grant.held(), feature.project.as_str());
    let to = |step: &str| frame.at(&format!("{}{step}", path(project, &feature.name)));
    let update = why_not::<UpdateFeature>(held, project, None);
    let remove = why_not::<DeleteFeature>(held, project, None).or_else(|| {
        // It goes everywhere, so that every environment that wants approval is asked.
        places.iter().find_map(|place| why_not_at::<DeleteFeature>(held, project, place))
    });
    html! {
        section aria-labelledby="life" {
            h2 #life { "Life" }
            (stages(frame, detail, history))
            @if feature.archived {
                p.muted { "A flag that is revived begins anew: off everywhere, and depending on nothing." }
                form.row method="post" action=(to("/revive")) { (button::or_why("revive", "Revive", update.as_deref())) }
            } @else {
                div.row {
                    @if completed(history) {
                        form method="post" action=(to("/uncomplete")) { (button::or_why("uncomplete", "Not completed after all", update.as_deref())) }
                    } @else { (button::link_or_why("complete", &to("/complete"), "Complete…", update.as_deref())) }
                    form method="post" action=(to("/stale")) {
                        input type="hidden" name="stale" value=(!feature.stale);
                        (button::or_why("stale", if feature.stale { "Not stale any more" } else { "Mark as stale" }, update.as_deref()))
                    }
                    (button::link_or_why("archive", &to("/archive"), "Archive…", remove.as_deref()))
                }
                p.hint { "Completed: it is decided what becomes of it. Stale: it should go. Archived: clients no longer get it." }
            }
        }
    }
}

fn completed(history: &[Stage]) -> bool {
    history.iter().any(|stage| stage.stage == "completed")
}

/// The stages of a life: the word for it, and what people read.
const STAGES: [(&str, &str); 5] = [
    ("initial", "Created"),
    ("pre-live", "Used"),
    ("live", "Live"),
    ("completed", "Completed"),
    ("archived", "Archived"),
];

/// Where the flag is in its life, and what comes next.
fn stages(frame: &Frame, detail: &Detail, history: &[Stage]) -> Markup {
    let now = history.last().map_or("initial", |stage| stage.stage.as_str());
    let asked = detail.environments.iter().filter(|place| place.kind == "production");
    let asked = asked.filter_map(|place| place.last_seen_at).max();
    html! {
        ol.stages {
            @for (stage, label) in STAGES {
                @let reached = history.iter().find(|it| it.stage == stage);
                li.reached[reached.is_some()] aria-current=[(stage == now).then_some("step")] {
                    strong { (label) }
                    @if let Some(it) = reached {
                        span { @if let Some(status) = &it.status { (status) ", " } (time::ago(it.created_at, frame.now)) }
                    }
                }
            }
        }
        p.muted {
            @match now {
                "initial" => "Next: an application asks for it.",
                "pre-live" => "Next: it is on in a production environment, and an application asks for it there.",
                "live" => "Next: when it is decided whether what it guards stays or goes, complete it.",
                "completed" => {
                    "Next: remove it from the code, then archive it. "
                    @if let Some(seen) = asked { "Applications in production asked for it " (time::ago(seen, frame.now)) "." }
                },
                _ => "Its life is over.",
            }
        }
    }
}

/// What was decided.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Decided {
    /// `kept`, `variant` or `discarded`.
    outcome: String,
    variant: String,
}

async fn ask_outcome(
    grant: Granted<UpdateFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, name)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    features::get(&mut tx, &project, &name).await?;
    let variants = dependency::variants_of(&mut tx, &project, &name).await?;
    let path = path(&project, &name);
    let radio =
        |value: &str, label: &str, hint: &str, on: bool| form::radio("outcome", value, label, hint, on);
    let variants: Vec<(&str, &str)> = variants.iter().map(|name| (name.as_str(), name.as_str())).collect();
    let body = html! {
        form.stack method="post" action=(frame.at(&format!("{path}/complete"))) {
            fieldset.choices {
                legend { "What was decided?" }
                (radio("kept", "It stays", "What it guards is for everybody from now on.", true))
                @if !variants.is_empty() {
                    (radio("variant", "One variant stays", "The others go.", false))
                    div.nested { (Field { name: "variant", label: "Variant", ..Field::default() }.choice(&variants, "")) }
                }
                (radio("discarded", "It goes", "What it guards is removed.", false))
            }
            p.hint { "Nothing changes for applications. It tells everybody that the flag can be removed from the code." }
            div.row { (button::submit("Complete flag")) (button::link(&frame.at(&path), "Cancel")) }
        }
    };
    let page = Page::new(Section::Flags, "Complete flag", body).within(&viewer, &project).below(&name, path);
    Ok(frame.page(&viewer, &page))
}

async fn complete(
    grant: Granted<UpdateFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, name)): Path<(String, String)>,
    Form(decided): Form<Decided>,
) -> Result<Response, Fault> {
    let outcome = if decided.outcome == "discarded" { Outcome::Discarded } else { Outcome::Kept };
    let variant = (decided.outcome == "variant").then_some(decided.variant);
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    features::lock(&mut tx, &project, &name).await?;
    let already = completed(&lifecycle::history(&mut tx, &project, &name).await?);
    lifecycle::complete(&mut tx, &project, &name, outcome, variant).await?;
    tx.commit().await?;
    let path = path(&project, &name);
    let note = Note::new(format!("{name} is completed"));
    // What somebody else decided before does not come back.
    let note = if already { note } else { note.undo(format!("{path}/uncomplete"), &[]) };
    Ok(frame.done(&path, &note))
}

async fn uncomplete(
    grant: Granted<UpdateFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, name)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    lifecycle::uncomplete(&mut tx, &project, &name).await?;
    tx.commit().await?;
    Ok(frame.done(&path(&project, &name), &Note::new(format!("{name} is not completed any more"))))
}

#[derive(Deserialize)]
struct Stale {
    stale: bool,
}

async fn stale(
    grant: Granted<UpdateFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, name)): Path<(String, String)>,
    Form(wanted): Form<Stale>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    features::switch_stale(&mut tx, &project, &name, wanted.stale).await?;
    let changed = tx.recorded() > 0;
    tx.commit().await?;
    let (state, back) = if wanted.stale { ("stale", "false") } else { ("not stale", "true") };
    let path = path(&project, &name);
    let note = if changed {
        Note::new(format!("{name} is {state}")).undo(format!("{path}/stale"), &[("stale", back)])
    } else {
        Note::new(format!("{name} was {state} already"))
    };
    Ok(frame.done(&path, &note))
}

async fn ask(
    grant: Granted<DeleteFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, name)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let feature = features::get(&mut tx, &project, &name).await?;
    let detail = features::detail(&mut tx, feature, grant.person().ok()).await?;
    let path = path(&project, &name);
    let on: Vec<_> = detail.environments.iter().filter(|place| place.enabled).collect();
    let body = html! {
        @if !detail.children.is_empty() {
            (notice(Tone::Problem, "Other flags depend on it", &html! {
                p {
                    "End the dependency, or archive them first: "
                    @for (index, child) in detail.children.iter().enumerate() {
                        @if index > 0 { ", " }
                        a href=(frame.at(&self::path(&project, child))) { (child) }
                    }
                    "."
                }
            }))
        }
        @for place in on {
            (notice(Tone::Warning, &format!("It is on in {}", place.environment), &html! {
                p { "Once it is archived, applications fall back to what they do without it. "
                    @match place.last_seen_at { Some(seen) => { "A client asked for it " (time::ago(seen, frame.now)) "." }, None => "No client has asked for it yet." } }
            }))
        }
        p { "Clients no longer get " strong { (name) } ". It can be revived later, and is off everywhere then." }
        form.row method="post" action=(frame.at(&format!("{path}/archive"))) {
            @if detail.children.is_empty() { button.button.danger #archive { "Archive flag" } }
            (button::link(&frame.at(&path), "Cancel"))
        }
    };
    let page = Page::new(Section::Flags, "Archive flag", body).within(&viewer, &project).below(&name, path);
    Ok(frame.page(&viewer, &page))
}

async fn archive(
    grant: Granted<DeleteFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, name)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    features::get(&mut tx, &project, &name).await?;
    features::ensure_direct(&mut tx, &grant, &project).await?;
    features::archive(&mut tx, &project, std::slice::from_ref(&name)).await?;
    tx.commit().await?;
    Ok(frame.done(&path(&project, &name), &Note::new(format!("{name} is archived"))))
}

async fn revive(
    grant: Granted<UpdateFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, name)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    features::get(&mut tx, &project, &name).await?;
    features::revive(&mut tx, &project, std::slice::from_ref(&name)).await?;
    tx.commit().await?;
    Ok(frame.done(&path(&project, &name), &Note::new(format!("{name} is back, and off everywhere"))))
}
