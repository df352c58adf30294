//! Describing a flag anew. Who edits at the same time as somebody else loses nothing: what only one of them changed is
//! kept, and what both changed is asked.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::html;
use serde::Deserialize;

use crate::access::{Granted, UpdateFeature};
use crate::db::Read;
use crate::feature_types;
use crate::features::{self, Draft, Feature};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Viewer};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::button;
use crate::ui::part::form::{self, Field};
use crate::ui::part::notice::{Tone, notice};
use crate::ui::{Places, Ui};

pub(in crate::ui) fn places(places: Places) -> Places {
    const PATH: &str = "/projects/{projectId}/features/{featureName}/edit";
    places.page(PATH, ask).action(PATH, save)
}

/// What the form sends: what is wanted, and what was there when it was opened.
#[derive(Clone, Default, Deserialize)]
struct Edit {
    description: String,
    kind: String,
    #[serde(default)]
    impression_data: bool,
    was_description: String,
    was_kind: String,
    was_impression_data: bool,
}

impl Edit {
    fn of(feature: &Feature) -> Self {
        let description = feature.description.clone().unwrap_or_default();
        Self {
            was_description: description.clone(),
            was_kind: feature.kind.clone(),
            was_impression_data: feature.impression_data,
            description,
            kind: feature.kind.clone(),
            impression_data: feature.impression_data,
        }
    }

    /// The edit on top of what is there now, and the fields that somebody else changed differently.
    fn onto(self, now: &Feature) -> (Self, Vec<&'static str>) {
        let there = Self::of(now);
        let mut disputed = Vec::new();
        let merged = Self {
            description: merge(
                "description",
                &self.was_description,
                self.description,
                &there.description,
                &mut disputed,
            ),
            kind: merge("kind", &self.was_kind, self.kind, &there.kind, &mut disputed),
            impression_data: if self.impression_data == self.was_impression_data {
                there.impression_data
            } else {
                self.impression_data
            },
            ..there
        };
        (merged, disputed)
    }

    fn draft(&self) -> Draft {
        let description = self.description.trim();
        Draft {
            description: (!description.is_empty()).then(|| description.to_owned()),
            kind: self.kind.clone(),
            impression_data: self.impression_data,
        }
    }
}

/// Browsers send line ends of their own.
fn plain(text: &str) -> String {
    text.replace("\r\n", "\n").trim().to_owned()
}

fn merge(
    field: &'static str,
    was: &str,
    wanted: String,
    now: &str,
    disputed: &mut Vec<&'static str>,
) -> String {
    let (was, mine, theirs) = (plain(was), plain(&wanted), plain(now));
    if mine == was {
        return now.to_owned();
    }
    if theirs != was && theirs != mine {
        disputed.push(field);
    }
    wanted
}

async fn ask(
    grant: Granted<UpdateFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, name)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let feature = features::get(&mut tx, &project, &name).await?;
    let page = draw(&grant, &mut tx, &frame, &name, &Edit::of(&feature), &[], &[]).await?;
    Ok(page)
}

async fn draw(
    grant: &Granted<UpdateFeature>,
    tx: &mut Read,
    frame: &Frame,
    name: &str,
    edit: &Edit,
    disputed: &[&str],
    problems: &[String],
) -> Result<Response, Fault> {
    let project = grant.scope().project.as_str();
    let viewer = Viewer::of(grant, tx).await?;
    let types = feature_types::list(tx).await?;
    let kinds: Vec<(&str, &str)> = types.iter().map(|kind| (kind.id.as_str(), kind.name.as_str())).collect();
    let path = format!("/projects/{project}/features/{name}");
    let theirs = |field: &str, value: &str| {
        disputed.contains(&field).then(|| format!("Somebody else made it: “{value}”. Save to keep yours."))
    };
    let (of_description, of_kind) =
        (theirs("description", &edit.was_description), theirs("kind", &edit.was_kind));
    let body = html! {
        @if !disputed.is_empty() {
            (notice(Tone::Warning, "Somebody changed this flag while you were editing", &html! {
                p { "What only one of you changed is kept. Look at the fields below, then save again." }
            }))
        }
        (form::problems(problems))
        form.stack method="post" action=(frame.at(&format!("{path}/edit"))) data-draft {
            input type="hidden" name="was_description" value=(edit.was_description);
            input type="hidden" name="was_kind" value=(edit.was_kind);
            input type="hidden" name="was_impression_data" value=(edit.was_impression_data);
            (Field { name: "description", label: "Description", hint: Some("What it is for, and when it can go."), optional: true, problem: of_description.as_deref() }.lines(&edit.description))
            (Field { name: "kind", label: "Type", problem: of_kind.as_deref(), ..Field::default() }.choice(&kinds, &edit.kind))
            (form::check("impression_data", "Report impressions", "Clients send an event whenever they evaluate the flag.", edit.impression_data))
            div.row { (button::submit("Save")) (button::link(&frame.at(&path), "Cancel")) }
        }
    };
    let status = match (disputed, problems) {
        ([], []) => StatusCode::OK,
        ([], _) => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::CONFLICT,
    };
    let page = Page::new(Section::Flags, "Edit flag", body).within(&viewer, project).below(name, path);
    Ok(frame.page(&viewer, &page.status(status)))
}

async fn save(
    grant: Granted<UpdateFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, name)): Path<(String, String)>,
    Form(edit): Form<Edit>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    // Locked before it is compared, so that nobody comes between.
    let there = features::lock(&mut tx, &project, &name).await?;
    let (edit, disputed) = edit.onto(&there);
    if !disputed.is_empty() {
        drop(tx);
        let mut tx = ui.db.read().await?;
        return draw(&grant, &mut tx, &frame, &name, &edit, &disputed, &[]).await;
    }
    let saved = async {
        features::update(&mut tx, &project, &name, edit.draft()).await?;
        tx.commit().await
    };
    match saved.await.map_err(Fault::from) {
        Ok(()) => Ok(frame
            .done(&format!("/projects/{project}/features/{name}"), &Note::new(format!("{name} is saved")))),
        Err(fault) if fault.is_about_input() => {
            let mut tx = ui.db.read().await?;
            draw(&grant, &mut tx, &frame, &name, &edit, &[], &fault.sentences()).await
        }
        Err(fault) => Err(fault),
    }
}
