//! The end of a flag: marked as stale, archived, and revived.

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use crate::access::{DeleteFeature, Granted, SeeProject, UpdateFeature};
use crate::features::{self, Detail};
use crate::projects::environment;
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Viewer, why_not, why_not_at};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::notice::{Tone, notice};
use crate::ui::part::{button, time};
use crate::ui::{Places, Ui};

pub(in crate::ui) fn places(places: Places) -> Places {
    const ARCHIVE: &str = "/projects/{projectId}/features/{featureName}/archive";
    places
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
            h2 #life { "End of life" }
            @if feature.archived {
                p.muted { "A flag that is revived begins anew: off everywhere, and depending on nothing." }
                form.row method="post" action=(to("/revive")) { (button::or_why("revive", "Revive", update.as_deref())) }
            } @else {
                p.muted { "Stale says that it should go. Archived, clients no longer get it." }
                div.row {
                    form method="post" action=(to("/stale")) {
                        input type="hidden" name="stale" value=(!feature.stale);
                        (button::or_why("stale", if feature.stale { "Not stale any more" } else { "Mark as stale" }, update.as_deref()))
                    }
                    @if remove.is_some() { (button::or_why("archive", "Archive", remove.as_deref())) }
                    @else { a.button #archive href=(to("/archive")) { "Archive" } }
                }
            }
        }
    }
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
    tx.commit().await?;
    let (state, back) = if wanted.stale { ("stale", "false") } else { ("not stale", "true") };
    let path = path(&project, &name);
    let note = Note::new(format!("{name} is {state}")).undo(format!("{path}/stale"), &[("stale", back)]);
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
                p { (detail.children.join(", ")) ": end that first, or archive them." }
            }))
        }
        @for place in on {
            (notice(Tone::Warning, &format!("It is on in {}", place.environment), &html! {
                p { "Where it is archived, applications get what they do without the flag. "
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
