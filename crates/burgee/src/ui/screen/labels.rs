//! The tags of a flag, and its links to what people should know about it.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use crate::access::{Granted, UpdateFeature};
use crate::db::Read;
use crate::error::Error;
use crate::features::{self, link};
use crate::tags::{Tag, of_flags, types};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Viewer};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::form::Field;
use crate::ui::part::{button, icon, tag};
use crate::ui::{Places, Ui};

pub(in crate::ui) fn places(places: Places) -> Places {
    places
        .page("/projects/{projectId}/features/{featureName}/labels", ask)
        .action("/projects/{projectId}/features/{featureName}/tags", retag)
        .action("/projects/{projectId}/features/{featureName}/links", relink)
}

fn path(project: &str, feature: &str) -> String {
    format!("/projects/{project}/features/{feature}")
}

/// What the form of tags sends.
#[derive(Default, Deserialize)]
struct Tagged {
    kind: String,
    value: String,
    #[serde(default)]
    remove: bool,
}

/// What the form of links sends.
#[derive(Default, Deserialize)]
struct Linked {
    #[serde(default)]
    url: String,
    #[serde(default)]
    title: String,
    /// The link that goes.
    remove: Option<String>,
}

/// What was typed and refused.
#[derive(Default)]
struct Typed {
    tagged: Tagged,
    linked: Linked,
    of_tag: Option<String>,
    of_link: Option<String>,
}

async fn ask(
    grant: Granted<UpdateFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((_, name)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    draw(&grant, &mut tx, &frame, &name, &Typed::default()).await
}

async fn draw(
    grant: &Granted<UpdateFeature>,
    tx: &mut Read,
    frame: &Frame,
    name: &str,
    typed: &Typed,
) -> Result<Response, Fault> {
    let project = grant.scope().project.as_str();
    let viewer = Viewer::of(grant, tx).await?;
    let feature = features::get(tx, project, name).await?;
    let links = features::detail(tx, feature, None).await?.links;
    let tags = of_flags::list(tx, name).await?;
    let kinds = types::list(tx).await?;
    let kinds: Vec<(&str, &str)> =
        kinds.iter().map(|kind| (kind.name.as_str(), kind.name.as_str())).collect();
    let path = path(project, name);
    let (to_tags, to_links) = (frame.at(&format!("{path}/tags")), frame.at(&format!("{path}/links")));
    let body = html! {
        section aria-labelledby="tags" {
            h2 #tags { "Tags" }
            @if tags.is_empty() { p.muted { "No tag yet. Tags say who owns a flag, or what it belongs to." } }
            ul.labels {
                @for (index, it) in tags.iter().enumerate() {
                    li {
                        (tag::tag(&it.tag.r#type, &it.tag.value, it.color.as_deref()))
                        form method="post" action=(to_tags) {
                            input type="hidden" name="kind" value=(it.tag.r#type);
                            input type="hidden" name="value" value=(it.tag.value);
                            input type="hidden" name="remove" value="true";
                            (remove(&format!("untag-{index}"), &format!("Remove the tag {}:{}", it.tag.r#type, it.tag.value)))
                        }
                    }
                }
            }
            form.stack method="post" action=(to_tags) data-draft {
                div.pair {
                    (Field { name: "kind", label: "Type", ..Field::default() }.choice(&kinds, if typed.tagged.kind.is_empty() { "simple" } else { &typed.tagged.kind }))
                    (Field { name: "value", label: "Value", problem: typed.of_tag.as_deref(), ..Field::default() }.text("text", &typed.tagged.value, "off"))
                }
                div.row { button.button #add-tag { "Add tag" } }
            }
        }
        section aria-labelledby="links" {
            h2 #links { "Links" }
            @if links.is_empty() { p.muted { "No link yet. Link to the ticket, the design, or the dashboard." } }
            ul.labels {
                @for (index, it) in links.iter().enumerate() {
                    @let title = it.title.as_deref().unwrap_or(&it.url);
                    li {
                        a href=(it.url) rel="noopener noreferrer" { (title) }
                        form method="post" action=(to_links) {
                            input type="hidden" name="remove" value=(it.id);
                            (remove(&format!("unlink-{index}"), &format!("Remove the link {title}")))
                        }
                    }
                }
            }
            form.stack method="post" action=(to_links) data-draft {
                (Field { name: "url", label: "Address", problem: typed.of_link.as_deref(), ..Field::default() }.text("text", &typed.linked.url, "off"))
                (Field { name: "title", label: "Title", optional: true, ..Field::default() }.text("text", &typed.linked.title, "off"))
                div.row { button.button #add-link { "Add link" } }
            }
        }
        div.row { (button::link(&frame.at(&path), "Back to the flag")) }
    };
    let wrong = typed.of_tag.is_some() || typed.of_link.is_some();
    let status = if wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = Page::new(Section::Flags, "Tags and links", body).within(&viewer, project).below(name, path);
    Ok(frame.page(&viewer, &page.status(status)))
}

fn remove(id: &str, label: &str) -> Markup {
    button::picture(id, label, &icon::trash(), None)
}

async fn retag(
    grant: Granted<UpdateFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, name)): Path<(String, String)>,
    Form(tagged): Form<Tagged>,
) -> Result<Response, Fault> {
    let changed: Result<(), Error> = async {
        let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
        features::lock(&mut tx, &project, &name).await?;
        let one = vec![Tag::new(tagged.kind.clone(), &tagged.value)?];
        let (added, removed) = if tagged.remove { (Vec::new(), one) } else { (one, Vec::new()) };
        of_flags::retag(&mut tx, &project, std::slice::from_ref(&name), added, removed).await?;
        tx.commit().await
    }
    .await;
    let path = path(&project, &name);
    match changed.map_err(Fault::from) {
        Ok(()) => {
            let what = if tagged.remove { "is not tagged any more with" } else { "is tagged with" };
            let note = Note::new(format!("{name} {what} {}:{}", tagged.kind, tagged.value.trim()));
            let undo = [("kind", tagged.kind.as_str()), ("value", tagged.value.trim())];
            let note = if tagged.remove { note.undo(format!("{path}/tags"), &undo) } else { note };
            Ok(frame.done(&format!("{path}/labels"), &note))
        }
        Err(fault) if fault.is_about_input() => {
            let mut tx = ui.db.read().await?;
            let typed = Typed { tagged, of_tag: Some(fault.sentences().join(" ")), ..Typed::default() };
            draw(&grant, &mut tx, &frame, &name, &typed).await
        }
        Err(fault) => Err(fault),
    }
}

async fn relink(
    grant: Granted<UpdateFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, name)): Path<(String, String)>,
    Form(linked): Form<Linked>,
) -> Result<Response, Fault> {
    let changed: Result<(), Error> = async {
        let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
        if let Some(id) = &linked.remove {
            link::remove(&mut tx, &project, &name, id).await?;
        } else {
            let title = linked.title.trim();
            let title = (!title.is_empty()).then(|| title.to_owned());
            let draft = link::Draft { url: linked.url.trim().to_owned(), title };
            link::add(&mut tx, &ui.entropy, &project, &name, draft).await?;
        }
        tx.commit().await
    }
    .await;
    match changed.map_err(Fault::from) {
        Ok(()) => {
            let what = if linked.remove.is_some() { "The link is removed" } else { "The link is there" };
            Ok(frame.done(&format!("{}/labels", path(&project, &name)), &Note::new(what)))
        }
        Err(fault) if fault.is_about_input() => {
            let mut tx = ui.db.read().await?;
            let typed = Typed { linked, of_link: Some(fault.sentences().join(" ")), ..Typed::default() };
            draw(&grant, &mut tx, &frame, &name, &typed).await
        }
        Err(fault) => Err(fault),
    }
}
