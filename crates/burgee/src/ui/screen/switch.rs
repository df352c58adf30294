//! Turning a flag on and off.

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;

use crate::access::{Granted, ToggleFeature};
use crate::features::{self, Edit, Place};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note, is_own};
use crate::ui::guard::Form;
use crate::ui::{Places, Ui};

pub(in crate::ui) fn places(places: Places) -> Places {
    places.action("/projects/{projectId}/features/{featureName}/environments/{environment}/switch", switch)
}

/// Where a switch posts to.
pub(in crate::ui) fn path(project: &str, feature: &str, environment: &str) -> String {
    format!("/projects/{project}/features/{feature}/environments/{environment}/switch")
}

#[derive(Deserialize)]
struct Wanted {
    enabled: bool,
    back: Option<String>,
}

async fn switch(
    grant: Granted<ToggleFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, feature, environment)): Path<(String, String, String)>,
    Form(wanted): Form<Wanted>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    let edit = Edit::UpdateEnabled { enabled: wanted.enabled, should_activate_disabled_strategies: false };
    let place = Place { project, feature, environment };
    features::submit(&mut tx, &grant, &ui.entropy, &place, edit).await?;
    let changed = tx.recorded() > 0;
    tx.commit().await?;
    let Place { project, feature, environment } = place;
    let (state, back) = if wanted.enabled { ("on", "false") } else { ("off", "true") };
    let note = if changed {
        Note::new(format!("{feature} is {state} in {environment}"))
            .undo(path(&project, &feature, &environment), &[("enabled", back)])
    } else {
        Note::new(format!("{feature} was {state} in {environment} already"))
    };
    let back = wanted.back.filter(|back| is_own(back));
    Ok(frame.done(&back.unwrap_or_else(|| format!("/projects/{project}/features/{feature}")), &note))
}
