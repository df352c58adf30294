//! Keeping flags and projects at hand.

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use crate::access::{Granted, SeeProject};
use crate::features::favorite;
use crate::projects::favorites;
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, is_own};
use crate::ui::guard::Form;
use crate::ui::part::icon;
use crate::ui::{Places, Ui};

pub(in crate::ui) fn places(places: Places) -> Places {
    places
        .action("/projects/{projectId}/features/{featureName}/favorite", keep)
        .action("/projects/{projectId}/favorite", keep_project)
}

/// A star that keeps a project, or lets it go.
pub(in crate::ui) fn star(frame: &Frame, project: &str, name: &str, kept: bool) -> Markup {
    html! {
        form method="post" action=(frame.at(&format!("/projects/{project}/favorite"))) {
            input type="hidden" name="back" value=(frame.here);
            button.icon-button id={ "favorite-" (project) } name="keep" value=(!kept) aria-pressed=(kept) aria-label={ "Favorite: " (name) } { (icon::star()) }
        }
    }
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
    back: Option<String>,
}

async fn keep_project(
    grant: Granted<SeeProject>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(wanted): Form<Wanted>,
) -> Result<Response, Fault> {
    let (person, project) = (grant.person()?, &grant.scope().project);
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    if wanted.keep {
        favorites::add(&mut tx, person, project).await?;
    } else {
        favorites::remove(&mut tx, person, project).await?;
    }
    tx.commit().await?;
    let back = wanted.back.filter(|back| is_own(back));
    Ok(frame.go(&back.unwrap_or_else(|| format!("/projects/{project}"))))
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
