//! What needs more than one click: pages that say which flags they are.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};

use super::picked::{Lot, Picked, Undo, are, why_not_update};
use crate::access::{DeleteSomeFeature, Granted, Holdings, UpdateSomeFeature};
use crate::features::search::Summary;
use crate::features::{self, dependency};
use crate::projects::environment::Place;
use crate::tags::{Tag, of_flags, types};
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::{Form, Query, Viewer, why_not, why_not_at};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::form::Field;
use crate::ui::part::notice::{Tone, notice};
use crate::ui::part::{button, table, tag, time};
use crate::ui::{Places, Ui};

pub(super) const ARCHIVE: &str = "/flags/archive";
pub(super) const TAGS: &str = "/flags/tags";

pub(super) fn places(places: Places) -> Places {
    places.page(TAGS, ask_tags).action(TAGS, retag).page(ARCHIVE, ask_archive).action(ARCHIVE, archive)
}

/// What a form about the flags sends along.
fn kept(picked: &Picked, lot: &Lot) -> Markup {
    html! {
        input type="hidden" name="back" value=(picked.back());
        @for flag in &lot.flags { input type="hidden" name="flag" value=(flag.feature.name); }
    }
}

/// Says that some flags are left out, and why.
fn left_out(lot: &Lot) -> Markup {
    html! {
        @if let Some(why) = &lot.why {
            @let title = if lot.left == 1 { "One of them is left out".to_owned() } else { format!("{} of them are left out", lot.left) };
            (notice(Tone::Warning, &title, &html! { p { (why) } }))
        }
    }
}

/// The page of some flags: in their project, if it is one.
fn page(viewer: &Viewer, lot: &Lot, title: &str, body: Markup) -> Page {
    match lot.home() {
        Some(project) => Page::new(Section::Flags, title, body).within(viewer, project),
        None => Page::new(Section::AllFlags, title, body).below("Flags", "/flags".to_owned()),
    }
}

fn listed(frame: &Frame, lot: &Lot) -> Markup {
    let several = lot.home().is_none();
    table::scroll(
        "Selected flags",
        &html! {
            table.rows {
                thead { tr { th scope="col" { "Flag" } @if several { th scope="col" { "Project" } } th scope="col" { "On in" } th scope="col" { "Last seen" } th scope="col" { "Tags" } } }
                tbody {
                    @for Summary { feature, environments, tags, .. } in &lot.flags {
                        tr {
                            td.wide { a.row-link href=(frame.at(&format!("/projects/{}/features/{}", feature.project, feature.name))) { (feature.name) } }
                            @if several { td.muted { (feature.project) } }
                            td {
                                @if !environments.iter().any(|place| place.enabled) { span.muted { "nowhere" } }
                                @for place in environments.iter().filter(|place| place.enabled) { (tag::toned(&place.environment, "good")) " " }
                            }
                            td { (time::ago_or(environments.iter().filter_map(|place| place.last_seen_at).max(), frame.now, "never")) }
                            td { @for it in tags { (tag::tag(&it.tag.kind, &it.tag.value, it.color.as_deref())) " " } }
                        }
                    }
                }
            }
        },
    )
}

/// They go everywhere, so that every environment that wants approval is asked.
fn why_not_archive(held: &Holdings, project: &str, places: &[Place]) -> Option<String> {
    let refused = places.iter().find_map(|place| why_not_at::<DeleteSomeFeature>(held, project, place));
    why_not::<DeleteSomeFeature>(held, project, None).or(refused)
}

async fn ask_archive(
    grant: Granted<DeleteSomeFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let picked = Picked::read(pairs)?;
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let lot = picked.sort(&grant, &mut tx, false, why_not_archive).await?;
    if lot.flags.is_empty() {
        return Ok(lot.nothing(&frame, &picked));
    }
    let mut needed = Vec::new();
    for (project, names) in lot.homes() {
        needed.extend(dependency::at_stake(&mut tx, project, &names).await?.0);
    }
    let on = lot.flags.iter().filter(|flag| flag.environments.iter().any(|place| place.enabled)).count();
    let count = lot.flags.len();
    let label = if count == 1 { "Archive flag".to_owned() } else { format!("Archive {count} flags") };
    let body = html! {
        @if !needed.is_empty() {
            (notice(Tone::Problem, "Other flags depend on some of them", &html! { p { (needed.join(", ")) ": end that first, or archive the flags that depend on them, too." } }))
        }
        (left_out(&lot))
        @if on > 0 {
            (notice(Tone::Warning, &if on == 1 { "One of them is on".to_owned() } else { format!("{on} of them are on") }, &html! { p { "Once they are archived, applications fall back to what they do without them." } }))
        }
        p { "Clients no longer get these flags. They can be revived later, and are off everywhere then." }
        (listed(&frame, &lot))
        form.row method="post" action=(frame.at(ARCHIVE)) {
            (kept(&picked, &lot))
            @if needed.is_empty() { button.button.danger #archive { (label) } }
            (button::link(&frame.at(picked.back()), "Cancel"))
        }
    };
    Ok(frame.page(&viewer, &page(&viewer, &lot, "Archive flags", body)))
}

async fn archive(
    grant: Granted<DeleteSomeFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let picked = Picked::read(pairs)?;
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    let lot = picked.sort(&grant, &mut tx, false, why_not_archive).await?;
    let mut gone = Vec::new();
    for (project, names) in lot.homes() {
        features::ensure_direct(&mut tx, &grant, project).await?;
        gone.extend(features::archive(&mut tx, project, &names).await?);
    }
    tx.commit().await?;
    Ok(lot.done(&frame, &picked, &format!("{} archived", are(gone.len())), None))
}

async fn ask_tags(
    grant: Granted<UpdateSomeFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    draw_tags(&grant, &ui, &frame, &Picked::read(pairs)?, None).await
}

async fn draw_tags(
    grant: &Granted<UpdateSomeFeature>,
    ui: &Ui,
    frame: &Frame,
    picked: &Picked,
    problem: Option<&str>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(grant, &mut tx).await?;
    let lot = picked.sort(grant, &mut tx, false, why_not_update).await?;
    if lot.flags.is_empty() {
        return Ok(lot.nothing(frame, picked));
    }
    let kinds = types::list(&mut tx).await?;
    let kinds: Vec<(&str, &str)> =
        kinds.iter().map(|kind| (kind.name.as_str(), kind.name.as_str())).collect();
    let kind = if picked.get("kind").is_empty() { "simple" } else { picked.get("kind") };
    let body = html! {
        (left_out(&lot))
        form.stack method="post" action=(frame.at(TAGS)) data-draft {
            (kept(picked, &lot))
            div.pair {
                (Field { name: "kind", label: "Type", ..Field::default() }.choice(&kinds, kind))
                (Field { name: "value", label: "Value", problem, ..Field::default() }.text("text", picked.get("value"), "off"))
            }
            div.row {
                button.button.primary name="act" value="add" { "Add to all" }
                button.button name="act" value="remove" { "Remove from all" }
                (button::link(&frame.at(picked.back()), "Cancel"))
            }
        }
        (listed(frame, &lot))
    };
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let count = lot.flags.len();
    let title = if count == 1 { "Tag a flag".to_owned() } else { format!("Tag {count} flags") };
    Ok(frame.page(&viewer, &page(&viewer, &lot, &title, body).status(status)))
}

async fn retag(
    grant: Granted<UpdateSomeFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let picked = Picked::read(pairs)?;
    let remove = picked.get("act") == "remove";
    let retagged = async {
        let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
        let lot = picked.sort(&grant, &mut tx, false, why_not_update).await?;
        let mut changed = Vec::new();
        for (project, names) in lot.homes() {
            features::lock_all(&mut tx, project, &names).await?;
            let one = vec![Tag::new(picked.get("kind").to_owned(), picked.get("value"))?];
            let (added, removed) = if remove { (Vec::new(), one) } else { (one, Vec::new()) };
            changed.extend(of_flags::retag(&mut tx, project, &names, added, removed).await?);
        }
        tx.commit().await?;
        Ok::<_, Fault>((lot, changed))
    };
    match retagged.await {
        Ok((lot, changed)) => {
            let (kind, value) = (picked.get("kind"), picked.get("value").trim());
            let (what, back) =
                if remove { ("not tagged any more with", "add") } else { ("tagged with", "remove") };
            let text = format!("{} {what} {kind}:{value}", are(changed.len()));
            let fields = [("kind", kind), ("value", value), ("act", back)];
            let undo = Undo { action: TAGS, fields: &fields, flags: &changed };
            Ok(lot.done(&frame, &picked, &text, Some(&undo)))
        }
        Err(fault) if fault.is_about_input() => {
            draw_tags(&grant, &ui, &frame, &picked, Some(&fault.sentences().join(" "))).await
        }
        Err(fault) => Err(fault),
    }
}
