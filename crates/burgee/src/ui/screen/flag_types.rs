//! What flags are for, and how long flags of each type should live.

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};

use super::kind::Kind;
use crate::access::{Administer, Granted, SignedIn};
use crate::db::Read;
use crate::feature_types::{self, FeatureType};
use crate::features;
use crate::ui::edit::{Edit, Values};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Viewer, why_not_everywhere};
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::part::form::Field;
use crate::ui::part::{button, count};
use crate::ui::{Places, Ui};

const KIND: Kind = Kind { section: Section::FlagTypes, title: "Flag types", path: "/flag-types" };

pub(in crate::ui) fn places(places: Places) -> Places {
    places.page("/flag-types", list).page("/flag-types/{name}", ask).action("/flag-types/{name}", save)
}

async fn list(grant: Granted<SignedIn>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let sight = grant.sight(&mut tx).await?;
    let used = features::kinds_in_use(&mut tx, &sight).await?;
    let all = feature_types::list(&mut tx).await?;
    let watch = Watch::over(&grant, &mut tx, None, None).await?;
    let why_not = why_not_everywhere::<Administer>(grant.held());
    let rows: Vec<Markup> = all.iter().map(|kind| html! {
        tr data-row id={ "row-" (kind.id) } {
            td.wide { strong { (kind.name) } div.muted.clip { (kind.description) } }
            td { (lifetime(kind.lifetime_days)) }
            td { (count::of(used.get(&kind.id).copied().unwrap_or_default(), "flag")) }
            td.ends { (button::edit(&format!("edit-{}", kind.id), &frame.at(&format!("/flag-types/{}", kind.id)), &kind.name, why_not.as_deref())) }
        }
    }).collect();
    let hint = "Flags that are older than their type expects are marked as potentially stale.";
    Ok(frame.page(
        &viewer,
        &KIND.list(watch, hint, &["Flag type", "Should be gone after", "Used by", ""], &rows, None),
    ))
}

fn lifetime(days: Option<i64>) -> String {
    match days {
        None => "never".to_owned(),
        Some(1) => "1 day".to_owned(),
        Some(days) => format!("{days} days"),
    }
}

fn values(kind: &FeatureType) -> Values {
    vec![("days", kind.lifetime_days.map(|days| days.to_string()).unwrap_or_default())]
}

async fn ask(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let kind = feature_types::get(&mut tx, &id).await?;
    draw(&grant, &mut tx, &frame, &kind, &Edit::of(values(&kind))).await
}

async fn draw(
    grant: &Granted<Administer>,
    tx: &mut Read,
    frame: &Frame,
    kind: &FeatureType,
    edit: &Edit,
) -> Result<Response, Fault> {
    let viewer = Viewer::of(grant, tx).await?;
    let fields = html! {
        p.hint { (kind.description) }
        (Field { optional: true, hint: Some("Days after which a flag should be gone. Empty: flags of this type may stay for ever."), ..edit.field("days", "Expected lifetime in days") }.text("number", edit.get("days"), "off"))
    };
    let action = format!("/flag-types/{}", kind.id);
    Ok(frame
        .page(&viewer, &KIND.form(frame, (&kind.name, &action), edit, ("Save", None), &fields, &html! {})))
}

async fn save(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(id): Path<String>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let mut edit = Edit::read(pairs)?;
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    // Locked before it is compared, so that nobody comes between.
    let kind = feature_types::lock(&mut tx, &id).await?;
    let mergeable = edit.onto(values(&kind));
    let days = edit.number("days");
    if days.is_some_and(|days| !(0..=i64::from(i32::MAX)).contains(&days)) {
        edit.complain("days", "Type a number of days that is not negative, or leave it empty.");
    }
    if mergeable && edit.sound() {
        feature_types::set_lifetime(&mut tx, &id, days).await?;
        tx.commit().await?;
        return Ok(frame.done(KIND.path, &Note::new(format!("{} is saved", kind.name))));
    }
    drop(tx);
    draw(&grant, &mut ui.db.read().await?, &frame, &kind, &edit).await
}
