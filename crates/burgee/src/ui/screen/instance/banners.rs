//! Banners: what everybody reads at the top of the page, written here.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::page;
use crate::access::{Granted, ManageBanners};
use crate::db::Read;
use crate::error::Error;
use crate::instance::banners::{self, Banner, Draft};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Viewer};
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::form::{self, Field};
use crate::ui::part::notice::{self, Tone};
use crate::ui::part::switch::{Switch, Switched, switch};
use crate::ui::part::{announcement, button, table, time};
use crate::ui::{Places, Ui};

const HERE: &str = "/instance/banners";
const TONES: [(&str, &str); 4] =
    [("info", "Information"), ("success", "Good news"), ("warning", "Warning"), ("error", "Problem")];

pub(super) fn places(places: Places) -> Places {
    places
        .page(HERE, list)
        .page("/instance/banners/new", ask)
        .action("/instance/banners/new", create)
        .page("/instance/banners/{id}", edit)
        .action("/instance/banners/{id}", save)
        .action("/instance/banners/{id}/switch", show)
        .page("/instance/banners/{id}/delete", confirm)
        .action("/instance/banners/{id}/delete", delete)
}

async fn one(tx: &mut Read, id: &str) -> Result<Banner, Fault> {
    let id: i64 = id.parse().map_err(|_| Fault::nowhere())?;
    Ok(banners::get(tx, id).await?)
}

async fn list(grant: Granted<ManageBanners>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let all = banners::list(&mut tx).await?;
    let watch = Watch::over(&grant, &mut tx, None, None).await?;
    let create = |key| button::main_link(&frame.at("/instance/banners/new"), "New banner", None, key);
    let body = html! {
        @if all.is_empty() {
            (notice::empty("No banners", "A banner stands at the top of every page, for everybody: planned work, a freeze, a link to the rules.", &create(None)))
        } @else { (table::scroll("Banners", &rows(&frame, &all))) }
    };
    let page = page(&frame, &viewer, HERE, &body).actions(create(Some("c"))).watch(watch);
    Ok(frame.page(&viewer, &page))
}

fn rows(frame: &Frame, all: &[Banner]) -> Markup {
    html! {
        table.rows {
            thead { tr { th scope="col" { "Shown" } th scope="col" { "What it says" } th scope="col" { "Tone" } th scope="col" { "Created" } } }
            tbody { @for it in all {
                @let tone = TONES.iter().find(|(name, _)| *name == it.draft.variant).map_or(it.draft.variant.as_str(), |(_, label)| label);
                tr data-row {
                    td { (switch(&Switch { id: &format!("switch-{}", it.id), label: &format!("Show “{}”", it.draft.message), on: it.draft.enabled, action: &frame.at(&format!("{HERE}/{}/switch", it.id)), back: HERE, why_not: None })) }
                    td.wide { a.row-link href=(frame.at(&format!("{HERE}/{}", it.id))) { (it.draft.message) } }
                    td.muted { (tone) }
                    td { (time::ago(it.created_at, frame.now)) }
                }
            } }
        }
    }
}

/// What the form sends.
#[derive(Default, Deserialize)]
struct Sent {
    #[serde(default)]
    message: String,
    #[serde(default)]
    variant: String,
    #[serde(default)]
    link: String,
    #[serde(default)]
    link_text: String,
    #[serde(default)]
    dialog_title: String,
    #[serde(default)]
    dialog: String,
    #[serde(default)]
    sticky: bool,
    #[serde(default)]
    enabled: bool,
    /// What was there when the form was opened.
    #[serde(default)]
    was: String,
    /// `preview`: only show what it will look like.
    #[serde(default)]
    act: String,
}

impl Sent {
    fn of(draft: &Draft) -> Self {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        Self {
            message: draft.message.clone(),
            variant: draft.variant.clone(),
            link: text(&draft.link),
            link_text: text(&draft.link_text),
            dialog_title: text(&draft.dialog_title),
            dialog: text(&draft.dialog),
            sticky: draft.sticky,
            enabled: draft.enabled,
            was: state(draft),
            act: String::new(),
        }
    }

    /// `icon`: what pages do not offer stays as it was.
    fn draft(&self, icon: Option<String>) -> Draft {
        let text =
            |text: &str| (!text.trim().is_empty()).then(|| text.replace("\r\n", "\n").trim().to_owned());
        let dialog = text(&self.dialog);
        Draft {
            message: self.message.trim().to_owned(),
            enabled: self.enabled,
            variant: if self.variant.is_empty() { "info".to_owned() } else { self.variant.clone() },
            sticky: self.sticky,
            icon,
            // More to read is behind the link.
            link: if dialog.is_some() {
                Some("dialog".to_owned())
            } else {
                text(&self.link).filter(|link| link != "dialog")
            },
            link_text: text(&self.link_text),
            dialog_title: text(&self.dialog_title),
            dialog,
        }
    }
}

/// A banner as a form remembers it.
fn state(draft: &Draft) -> String {
    serde_json::to_string(draft).unwrap_or_default()
}

async fn ask(grant: Granted<ManageBanners>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let sent = Sent { variant: "info".to_owned(), enabled: true, ..Sent::default() };
    draw(&grant, &mut tx, &frame, None, &sent, &Answer::Ask).await
}

async fn edit(
    grant: Granted<ManageBanners>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let banner = one(&mut tx, &id).await?;
    draw(&grant, &mut tx, &frame, Some(&banner), &Sent::of(&banner.draft), &Answer::Ask).await
}

/// Why the form is drawn.
enum Answer {
    /// Somebody opened it.
    Ask,
    /// Somebody wants to see what it will look like.
    Preview,
    /// It was refused.
    Refused(Vec<String>),
    /// Somebody else saved meanwhile.
    Disputed,
}

async fn draw(
    grant: &Granted<ManageBanners>,
    tx: &mut Read,
    frame: &Frame,
    banner: Option<&Banner>,
    sent: &Sent,
    answer: &Answer,
) -> Result<Response, Fault> {
    let viewer = Viewer::of(grant, tx).await?;
    let path = banner.map_or_else(|| format!("{HERE}/new"), |it| format!("{HERE}/{}", it.id));
    let refused = if let Answer::Refused(sentences) = answer { sentences.as_slice() } else { &[] };
    let about = |word: &str| refused.iter().find(|it| it.contains(word)).map(String::as_str);
    let (of_message, of_link) = (about("message"), about("link"));
    let rest: Vec<String> = if of_message.or(of_link).is_none() { refused.to_vec() } else { Vec::new() };
    let draft = sent.draft(None);
    let shown = draft.check().is_ok();
    let link = if sent.link == "dialog" { "" } else { &sent.link };
    let body = html! {
        (form::problems(&rest))
        @if matches!(answer, Answer::Disputed) {
            (notice::notice(Tone::Warning, "Somebody changed this banner while you were editing", &html! { p { "Save again to put yours in its place." } }))
        }
        @if shown && (banner.is_some() || matches!(answer, Answer::Preview)) {
            section.preview aria-labelledby="preview" { h2 #preview { "Preview" } (announcement::banner(frame, &Draft { sticky: false, ..draft })) }
        }
        form.stack method="post" action=(frame.at(&path)) data-draft {
            input type="hidden" name="was" value=(sent.was);
            (Field { name: "message", label: "What it says", problem: of_message, ..Field::default() }.lines(&sent.message))
            (Field { name: "variant", label: "Tone", ..Field::default() }.choice(&TONES, &sent.variant))
            div.pair {
                (Field { name: "link", label: "Link", hint: Some("An address, or a path here."), problem: of_link, optional: true, ..Field::default() }.text("text", link, "off"))
                (Field { name: "link_text", label: "What the link says", optional: true, ..Field::default() }.text("text", &sent.link_text, "off"))
            }
            (Field { name: "dialog_title", label: "Title of the details", optional: true, ..Field::default() }.text("text", &sent.dialog_title, "off"))
            (Field { name: "dialog", label: "Details", hint: Some("Unfold in the banner, in place of the link."), optional: true, ..Field::default() }.lines(&sent.dialog))
            (form::check("sticky", "Stays in view", "It does not scroll away with the page.", sent.sticky))
            (form::check("enabled", "Shown", "At the top of every page, for everybody.", sent.enabled))
            div.row {
                (button::submit(if banner.is_some() { "Save" } else { "Create banner" }))
                button.button name="act" value="preview" { "Preview" }
                (button::link(&frame.at(HERE), "Cancel"))
            }
        }
    };
    let title = if banner.is_some() { "Edit banner" } else { "New banner" };
    let status = match answer {
        Answer::Ask | Answer::Preview => StatusCode::OK,
        Answer::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Answer::Disputed => StatusCode::CONFLICT,
    };
    let delete =
        html! { @if banner.is_some() { (button::link(&frame.at(&format!("{path}/delete")), "Delete…")) } };
    Ok(frame.page(&viewer, &below(title, body).actions(delete).status(status)))
}

fn below(title: &str, body: Markup) -> Page {
    Page::new(Section::Instance, title, body)
        .below("Instance", "/instance".to_owned())
        .below("Banners", HERE.to_owned())
}

async fn create(
    grant: Granted<ManageBanners>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    if sent.act == "preview" {
        let mut tx = ui.db.read().await?;
        return draw(&grant, &mut tx, &frame, None, &sent, &Answer::Preview).await;
    }
    let made = async {
        let mut tx = ui.db.change(&grant, frame.now).await?;
        banners::create(&mut tx, sent.draft(None)).await?;
        tx.commit().await
    };
    match made.await.map_err(|error: Error| Fault::from(error)) {
        Ok(()) => Ok(frame.done(HERE, &Note::new("The banner is there"))),
        Err(fault) if fault.is_about_input() => {
            let mut tx = ui.db.read().await?;
            draw(&grant, &mut tx, &frame, None, &sent, &Answer::Refused(fault.sentences())).await
        }
        Err(fault) => Err(fault),
    }
}

async fn save(
    grant: Granted<ManageBanners>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(id): Path<String>,
    Form(mut sent): Form<Sent>,
) -> Result<Response, Fault> {
    if sent.act == "preview" {
        let mut tx = ui.db.read().await?;
        let banner = one(&mut tx, &id).await?;
        return draw(&grant, &mut tx, &frame, Some(&banner), &sent, &Answer::Preview).await;
    }
    let mut tx = ui.db.change(&grant, frame.now).await?;
    // Locked before it is compared, so that nobody comes between.
    let id = one(&mut tx, &id).await?.id;
    let banner = banners::lock(&mut tx, id).await?;
    let wanted = sent.draft(banner.draft.icon.clone());
    let there = state(&banner.draft);
    if there != sent.was && banner.draft != wanted {
        drop(tx);
        let mut tx = ui.db.read().await?;
        sent.was = there;
        return draw(&grant, &mut tx, &frame, Some(&banner), &sent, &Answer::Disputed).await;
    }
    let saved = async {
        banners::update(&mut tx, banner.id, wanted).await?;
        tx.commit().await
    };
    match saved.await.map_err(|error: Error| Fault::from(error)) {
        Ok(()) => Ok(frame.done(HERE, &Note::new("The banner is saved"))),
        Err(fault) if fault.is_about_input() => {
            let mut tx = ui.db.read().await?;
            let answer = Answer::Refused(fault.sentences());
            draw(&grant, &mut tx, &frame, Some(&banner), &sent, &answer).await
        }
        Err(fault) => Err(fault),
    }
}

async fn show(
    grant: Granted<ManageBanners>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(id): Path<String>,
    Form(wanted): Form<Switched>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, frame.now).await?;
    let banner = one(&mut tx, &id).await?;
    banners::show(&mut tx, banner.id, wanted.enabled).await?;
    let changed = tx.recorded() > 0;
    tx.commit().await?;
    let (state, back) = if wanted.enabled { ("shown", "false") } else { ("hidden", "true") };
    let undo = format!("{HERE}/{id}/switch");
    let note = Note::switched(changed, format!("The banner is {state}"), undo, &[("enabled", back)]);
    Ok(frame.done(HERE, &note))
}

async fn confirm(
    grant: Granted<ManageBanners>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let banner = one(&mut tx, &id).await?;
    let body = html! {
        (announcement::banner(&frame, &Draft { sticky: false, ..banner.draft }))
        p { "It goes from every page, for good. To show it again later, switch it off instead." }
        form.row method="post" action=(frame.at(&format!("{HERE}/{id}/delete"))) {
            button.button.danger #delete { "Delete banner" }
            (button::link(&frame.at(HERE), "Cancel"))
        }
    };
    Ok(frame.page(&viewer, &below("Delete banner", body)))
}

async fn delete(
    grant: Granted<ManageBanners>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, frame.now).await?;
    let banner = one(&mut tx, &id).await?;
    banners::delete(&mut tx, banner.id).await?;
    tx.commit().await?;
    Ok(frame.done(HERE, &Note::new("The banner is deleted")))
}
