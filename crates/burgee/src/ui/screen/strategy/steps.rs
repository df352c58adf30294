//! What is done to a strategy in one step, from the page of its flag: off and on, up and down, gone.

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::{at, find, flag_path, gone, path};
use crate::access::{AddStrategy, Granted, Holdings, RemoveStrategy, UpdateStrategy};
use crate::features::{self, Edit, InPlace, Place, Position, StrategyDraft};
use crate::projects::environment;
use crate::segments;
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Viewer, why_not_at};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::notice::{Tone, notice};
use crate::ui::part::{button, icon, sentence};
use crate::ui::{Places, Ui};

pub(super) fn places(places: Places) -> Places {
    places
        .action(at!("/strategies/{strategyId}/switch"), switch)
        .action(at!("/strategies/{strategyId}/move"), shift)
        .page(at!("/strategies/{strategyId}/delete"), ask)
        .action(at!("/strategies/{strategyId}/delete"), delete)
}

/// Why somebody may not change the strategies of an environment.
#[derive(Default)]
pub(in crate::ui) struct Reasons {
    add: Option<String>,
    update: Option<String>,
    remove: Option<String>,
}

impl Reasons {
    /// Those for what somebody holds.
    pub(in crate::ui) fn of(held: &Holdings, project: &str, place: &environment::Place) -> Self {
        Self {
            add: why_not_at::<AddStrategy>(held, project, place),
            update: why_not_at::<UpdateStrategy>(held, project, place),
            remove: why_not_at::<RemoveStrategy>(held, project, place),
        }
    }

    /// The same for everything.
    pub(in crate::ui) fn all(why: &str) -> Self {
        Self { add: Some(why.to_owned()), update: Some(why.to_owned()), remove: Some(why.to_owned()) }
    }

    /// A way to more strategies, or why there is none.
    pub(super) fn link_to_add(&self, id: &str, to: &str, label: &Markup) -> Markup {
        html! {
            @match &self.add {
                None => a.button.small id=(id) href=(to) { (label) },
                Some(why) => span.tip {
                    button.button.small id=(id) type="button" aria-disabled="true" aria-describedby={ (id) "-why" } { (label) }
                    span.tip-text id={ (id) "-why" } role="tooltip" { (why) }
                },
            }
        }
    }
}

/// The way to a new strategy.
pub(in crate::ui) fn add_link(frame: &Frame, at: &Place, reasons: &Reasons) -> Markup {
    let to = frame.at(&path(at, "/new-strategy"));
    reasons.link_to_add(&format!("add-{}", at.environment), &to, &html! { (icon::plus()) "Add strategy" })
}

/// What can be done to the strategy at a position of its list.
pub(in crate::ui) fn buttons(
    frame: &Frame,
    at: &Place,
    place: &InPlace,
    index: usize,
    reasons: &Reasons,
) -> Markup {
    let strategy = &place.strategies[index];
    let id = strategy.id.as_str();
    let which = strategy.title.as_deref().filter(|title| !title.is_empty());
    let which = which.map_or_else(
        || format!("strategy {} in {}", index + 1, at.environment),
        |title| format!("“{title}” in {}", at.environment),
    );
    let to = |step: &str| frame.at(&path(at, &format!("/strategies/{id}{step}")));
    let why = reasons.update.as_deref();
    let act = |step: &str, name: &str, value: bool, key: &str, label: &str, shape: Markup| {
        let picture = button::picture(&format!("{key}-{id}"), &format!("{label} {which}"), &shape, why);
        html! {
            @if why.is_some() { (picture) }
            @else { form method="post" action=(to(step)) { input type="hidden" name=(name) value=(value); (picture) } }
        }
    };
    let link = |step: &str, key: &str, label: &str, shape: Markup, why: Option<&str>| {
        let (key, label) = (format!("{key}-{id}"), format!("{label} {which}"));
        html! {
            @if why.is_some() { (button::picture(&key, &label, &shape, why)) }
            @else { a.icon-button id=(key) href=(to(step)) aria-label=(label) { (shape) } }
        }
    };
    html! {
        div.strategy-steps {
            (link("", "edit", "Edit", icon::pencil(), why))
            (act("/switch", "disabled", !strategy.disabled, "power", if strategy.disabled { "Switch on" } else { "Switch off" }, icon::power()))
            @if index > 0 { (act("/move", "up", true, "up", "Move up", icon::up())) }
            @if index + 1 < place.strategies.len() { (act("/move", "up", false, "down", "Move down", icon::arrow_down())) }
            (link("/delete", "delete", "Delete", icon::trash(), reasons.remove.as_deref()))
        }
    }
}

#[derive(Deserialize)]
struct Switch {
    disabled: bool,
}

async fn switch(
    grant: Granted<UpdateStrategy>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, feature, environment, id)): Path<(String, String, String, String)>,
    Form(wanted): Form<Switch>,
) -> Result<Response, Fault> {
    let at = Place { project, feature, environment };
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    features::lock(&mut tx, &at.project, &at.feature).await?;
    let before = features::place(&mut tx, &at.project, &at.feature, &at.environment).await?;
    let strategy = before.strategies.into_iter().find(|strategy| strategy.id == id).ok_or_else(gone)?;
    let draft = StrategyDraft { disabled: wanted.disabled, ..strategy.into() };
    let edit = Edit::UpdateStrategy { id: id.clone(), draft };
    features::submit(&mut tx, &grant, &ui.entropy, &at, edit).await?;
    let after = features::place(&mut tx, &at.project, &at.feature, &at.environment).await?;
    let changed = tx.recorded() > 0;
    tx.commit().await?;
    let state = if wanted.disabled { "off" } else { "on" };
    let note = if before.enabled && !after.enabled {
        last_one_gone(&at)
    } else if !changed {
        Note::new(format!("The strategy in {} was {state} already", at.environment))
    } else {
        let undo = if wanted.disabled { "false" } else { "true" };
        Note::new(format!("The strategy in {} is {state}", at.environment))
            .undo(path(&at, &format!("/strategies/{id}/switch")), &[("disabled", undo)])
    };
    Ok(frame.done(&flag_path(&at), &note))
}

fn last_one_gone(at: &Place) -> Note {
    let Place { feature, environment, .. } = at;
    Note::new(format!("That was the last strategy that was on: {feature} is off in {environment} now"))
}

#[derive(Deserialize)]
struct Shift {
    up: bool,
}

async fn shift(
    grant: Granted<UpdateStrategy>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, feature, environment, id)): Path<(String, String, String, String)>,
    Form(wanted): Form<Shift>,
) -> Result<Response, Fault> {
    let at = Place { project, feature, environment };
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    features::lock(&mut tx, &at.project, &at.feature).await?;
    let place = features::place(&mut tx, &at.project, &at.feature, &at.environment).await?;
    let mut ids: Vec<String> = place.strategies.into_iter().map(|strategy| strategy.id).collect();
    let from = ids.iter().position(|it| *it == id).ok_or_else(gone)?;
    let to = if wanted.up { from.checked_sub(1) } else { Some(from + 1) };
    let Some(to) = to.filter(|to| *to < ids.len()) else {
        let note = Note::new(format!("The strategy in {} stood there already", at.environment));
        return Ok(frame.done(&flag_path(&at), &note));
    };
    ids.swap(from, to);
    let positions = ids.into_iter().zip(0..).map(|(id, sort_order)| Position { id, sort_order }).collect();
    features::submit(&mut tx, &grant, &ui.entropy, &at, Edit::ReorderStrategy(positions)).await?;
    tx.commit().await?;
    let (way, back) = if wanted.up { ("up", "false") } else { ("down", "true") };
    let note = Note::new(format!("The strategy in {} moved {way}", at.environment))
        .undo(path(&at, &format!("/strategies/{id}/move")), &[("up", back)]);
    Ok(frame.done(&flag_path(&at), &note))
}

async fn ask(
    grant: Granted<RemoveStrategy>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, feature, environment, id)): Path<(String, String, String, String)>,
) -> Result<Response, Fault> {
    let at = Place { project, feature, environment };
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let place = features::place(&mut tx, &at.project, &at.feature, &at.environment).await?;
    let strategy = find(&mut tx, &at, &id).await?.ok_or_else(gone)?;
    let last = place.enabled && place.strategies.iter().all(|it| it.disabled || it.id == id);
    let sight = grant.sight(&mut tx).await?;
    let segments = segments::list(&mut tx, &sight).await?;
    let names = segments.into_iter().map(|used| (used.segment.id, used.segment.name)).collect();
    let body = html! {
        @if last {
            (notice(Tone::Warning, "It is the last one that is on", &html! {
                p { (at.feature) " is turned off in " (at.environment) ", because otherwise everyone would get it." }
            }))
        }
        div.card { (sentence::strategy(&strategy, &names)) }
        p { "A strategy that is deleted does not come back. To keep it for later, switch it off." }
        form.row method="post" action=(frame.at(&path(&at, &format!("/strategies/{id}/delete")))) {
            button.button.danger #delete { "Delete strategy" }
            (button::link(&frame.at(&flag_path(&at)), "Cancel"))
        }
    };
    let page = Page::new(Section::Flags, format!("Delete strategy in {}", at.environment), body)
        .within(&viewer, &at.project)
        .below(&at.feature, flag_path(&at));
    Ok(frame.page(&viewer, &page))
}

async fn delete(
    grant: Granted<RemoveStrategy>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, feature, environment, id)): Path<(String, String, String, String)>,
) -> Result<Response, Fault> {
    let at = Place { project, feature, environment };
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    features::lock(&mut tx, &at.project, &at.feature).await?;
    let before = features::place(&mut tx, &at.project, &at.feature, &at.environment).await?;
    // Whoever wants it gone has what they want where somebody else was faster.
    if before.strategies.iter().any(|strategy| strategy.id == id) {
        features::submit(&mut tx, &grant, &ui.entropy, &at, Edit::DeleteStrategy { id }).await?;
    }
    let after = features::place(&mut tx, &at.project, &at.feature, &at.environment).await?;
    tx.commit().await?;
    let note = if before.enabled && !after.enabled {
        last_one_gone(&at)
    } else {
        Note::new(format!("The strategy in {} is deleted", at.environment))
    };
    Ok(frame.done(&flag_path(&at), &note))
}
