//! What takes one click.

use axum::extract::{Path, State};
use axum::response::Response;

use super::picked::{Picked, Undo, are, why_not_update};
use crate::access::{Granted, SignedIn, ToggleSomeFeature, UpdateSomeFeature};
use crate::features::{self, favorite};
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::{Form, why_not_at};
use crate::ui::{Places, Ui};

pub(super) const STALE: &str = "/flags/stale";
pub(super) const REVIVE: &str = "/flags/revive";
pub(super) const LIKE: &str = "/flags/favorite";

pub(super) fn places(places: Places) -> Places {
    places
        .action("/flags/environments/{environment}", switch)
        .action(STALE, stale)
        .action(REVIVE, revive)
        .action(LIKE, like)
}

/// Where flags are turned on and off in an environment.
pub(super) fn switch_path(environment: &str) -> String {
    format!("/flags/environments/{environment}")
}

async fn switch(
    grant: Granted<ToggleSomeFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(environment): Path<String>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let picked = Picked::read(pairs)?;
    let on = picked.get("enabled") == "true";
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    let lot = picked
        .sort(&grant, &mut tx, false, |held, project, places| {
            match places.iter().find(|place| place.environment == environment) {
                Some(place) => why_not_at::<ToggleSomeFeature>(held, project, place),
                None => Some(format!("{project} does not use {environment}.")),
            }
        })
        .await?;
    let mut changed = Vec::new();
    for (project, names) in lot.homes() {
        let (at, names) = ((project, environment.as_str()), names.into_iter().collect());
        changed.extend(features::switch_all(&mut tx, &grant, &ui.entropy, at, names, (on, false)).await?);
    }
    tx.commit().await?;
    let (state, back) = if on { ("on", "false") } else { ("off", "true") };
    let rest = match lot.flags.len() - changed.len() {
        0 => String::new(),
        1 => "; one already was".to_owned(),
        some => format!("; {some} already were"),
    };
    let text = format!("{} {state} in {environment} now{rest}", are(changed.len()));
    let undo = Undo { action: &switch_path(&environment), fields: &[("enabled", back)], flags: &changed };
    Ok(lot.done(&frame, &picked, &text, Some(&undo)))
}

async fn stale(
    grant: Granted<UpdateSomeFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let picked = Picked::read(pairs)?;
    let stale = picked.get("stale") == "true";
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    let lot = picked.sort(&grant, &mut tx, false, why_not_update).await?;
    let mut changed = Vec::new();
    for (project, names) in lot.homes() {
        changed.extend(features::mark_stale(&mut tx, project, &names, stale).await?);
    }
    tx.commit().await?;
    let (state, back) = if stale { ("marked as stale", "false") } else { ("not stale any more", "true") };
    let undo = Undo { action: STALE, fields: &[("stale", back)], flags: &changed };
    Ok(lot.done(&frame, &picked, &format!("{} {state}", are(changed.len())), Some(&undo)))
}

async fn revive(
    grant: Granted<UpdateSomeFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let picked = Picked::read(pairs)?;
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    let lot = picked.sort(&grant, &mut tx, true, why_not_update).await?;
    let mut back = Vec::new();
    for (project, names) in lot.homes() {
        back.extend(features::revive(&mut tx, project, &names).await?);
    }
    tx.commit().await?;
    Ok(lot.done(&frame, &picked, &format!("{} back, and off everywhere", are(back.len())), None))
}

/// Keeps flags at hand, or lets them go.
async fn like(
    grant: Granted<SignedIn>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let picked = Picked::read(pairs)?;
    let (person, keep) = (grant.person()?, picked.get("keep") == "true");
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    let lot = picked.sort(&grant, &mut tx, false, |_, _, _| None).await?;
    let mut changed = Vec::new();
    for (project, names) in lot.homes() {
        changed.extend(if keep {
            favorite::add_all(&mut tx, project, &names, person).await?
        } else {
            favorite::remove_all(&mut tx, project, &names, person).await?
        });
    }
    tx.commit().await?;
    let (state, back) =
        if keep { ("among your favorites", "false") } else { ("no favorite any more", "true") };
    let undo = Undo { action: LIKE, fields: &[("keep", back)], flags: &changed };
    Ok(lot.done(&frame, &picked, &format!("{} {state}", are(changed.len())), Some(&undo)))
}
