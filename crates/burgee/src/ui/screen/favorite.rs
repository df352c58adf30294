//! Keeping a flag at hand, on the home page.

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use crate::access::{Granted, SeeProject};
use crate::features::favorite;
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::Form;
use crate::ui::part::icon;
use crate::ui::{Places, Ui};

pub(in crate::ui) fn places(places: Places) -> Places {
    places.action("/projects/{projectId}/features/{featureName}/favorite", keep)
}

/// A button that keeps the flag, or lets it go.
pub(in crate::ui) fn button(frame: &Frame, project: &str, feature: &str, kept: bool) -> Markup {
    html! {
        form method="post" action=(frame.at(&format!("/projects/{project}/features/{feature}/favorite"))) {
            button.button #favorite name="keep" value=(!kept) aria-pressed=(kept) { (icon::star()) "Favorite" }
        }
    }
}

#[derive(Deserialize)]
struct Wanted {
    keep: bool,
}

async fn keep(
    grant: Granted<SeeProject>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, feature)): Path<(String, String)>,
    Form(wanted): Form<Wanted>,
) -> Result<Response, Fault> {
    let person = grant.person()?;
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    if wanted.keep {
        favorite::add(&mut tx, &project, &feature, person).await?;
    } else {
        favorite::remove(&mut tx, &project, &feature, person).await?;
    }
    tx.commit().await?;
    Ok(frame.go(&format!("/projects/{project}/features/{feature}")))
}
