//! What was put aside: archived flags and projects. Flags are revived or deleted for good, one or many at a time.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use crate::access::{DeleteSomeFeature, Granted, Guard, SeeProject, SignedIn, UpdateSomeFeature};
use crate::db::Read;
use crate::error::Error;
use crate::events::Change;
use crate::features::search::{self, Choice, Filter, Key, Reader, Summary};
use crate::features::{self, Feature};
use crate::projects::summary::{self, Which};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Query, Viewer, why_not};
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::notice::{Tone, notice};
use crate::ui::part::table::{self, Ask};
use crate::ui::part::{button, filter, icon, notice as place, time};
use crate::ui::{Places, Ui};

/// How many flags a page has, and how many can be chosen at a time.
const SIZE: i64 = 50;
const MOST_CHOSEN: usize = 50;
/// How many archived projects are listed.
const MOST_PROJECTS: i64 = 50;

pub(in crate::ui) fn places(places: Places) -> Places {
    places
        .page("/archive", list)
        .page("/projects/{projectId}/archive", list_in_project)
        .page("/archive/chosen", ask)
        .action("/archive/revive", revive)
        .action("/archive/delete", delete)
}

/// What the address asks for.
#[derive(Default, Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    sort: String,
    page: Option<i64>,
}

impl Asked {
    fn page(&self) -> i64 {
        table::number(self.page)
    }

    fn query(&self, project: Option<&str>) -> search::Query {
        let word = burgee_scim::fold(self.q.trim());
        let (key, descending) = match self.sort.strip_prefix('-') {
            Some(key) => (key, true),
            None => (self.sort.as_str(), false),
        };
        let (key, descending) = match key {
            "created" => (Key::Created, !descending),
            _ => (Key::Name, descending),
        };
        search::Query {
            filter: Filter {
                archived: true,
                words: if word.is_empty() { Vec::new() } else { vec![word] },
                project: project.map(|project| Choice::AnyOf(vec![project.to_owned()])),
                ..Filter::default()
            },
            key,
            descending,
            favorites_first: false,
            offset: (self.page() - 1) * SIZE,
            limit: SIZE,
        }
    }
}

async fn list(
    grant: Granted<SignedIn>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let sight = grant.sight(&mut tx).await?;
    let mut projects = summary::list(&mut tx, &sight, None, Which::Archived).await?;
    let word = burgee_scim::fold(asked.q.trim());
    projects.retain(|project| burgee_scim::fold(&project.name).contains(&word));
    let (shown, total) = table::cut(&projects, 1, MOST_PROJECTS);
    let more = html! {
        @if total > 0 {
            section aria-labelledby="projects" {
                h2 #projects { "Projects" }
                @if total > MOST_PROJECTS { p.hint { "The first " (MOST_PROJECTS) " of " (total) ". A part of the name finds the others." } }
                ul.links {
                    @for project in shown {
                        li {
                            (icon::folder())
                            a href=(frame.at(&format!("/projects/{}/settings/end", project.id))) { (project.name) }
                            @if let Some(since) = project.archived_at { span.muted.end { "archived " (time::ago(since, frame.now)) } }
                        }
                    }
                }
            }
        }
    };
    drawn_list(&grant, &mut tx, &frame, &asked, None, &more).await
}

async fn list_in_project(
    grant: Granted<SeeProject>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let project = grant.scope().project.clone();
    drawn_list(&grant, &mut ui.db.read().await?, &frame, &asked, Some(&project), &html! {}).await
}

async fn drawn_list<G: Guard>(
    grant: &Granted<G>,
    tx: &mut Read,
    frame: &Frame,
    asked: &Asked,
    project: Option<&str>,
    more: &Markup,
) -> Result<Response, Fault> {
    let viewer = Viewer::of(grant, tx).await?;
    let reader = Reader { id: grant.person().ok(), sight: grant.sight(tx).await? };
    let (flags, total) = search::search(tx, &reader, &asked.query(project)).await?;
    let watch = Watch::over(grant, tx, project, None).await?;
    let path = project.map_or_else(|| "/archive".to_owned(), |id| format!("/projects/{id}/archive"));
    let ask = Ask { path: &path, pairs: vec![("q", asked.q.clone()), ("sort", asked.sort.clone())] };
    let body = html! {
        @if !flags.is_empty() || !asked.q.trim().is_empty() {
            div.filters { (filter::search(frame, &ask, "Filter archived flags by name or description", "Filter archived flags")) }
        }
        @if !flags.is_empty() {
            form.choosing method="get" action=(frame.at("/archive/chosen")) data-draft {
                (table::scroll("Archived flags", &rows(frame, &ask, &flags, project.is_none())))
                div.row { button.button #choose { "Revive or delete chosen…" } span.muted { "You see what happens before it does." } }
            }
            (ask.pages(frame, asked.page(), SIZE, total))
        } @else if !asked.q.trim().is_empty() || asked.page() > 1 {
            (place::empty("No archived flag matches", "Try fewer words.", &button::link(&frame.at(&path), "Show all archived flags")))
        } @else {
            (place::empty("No archived flags", "Flags that are archived wait here: clients no longer get them, and they can be revived.", &html! {}))
        }
        (more)
    };
    let section = if project.is_some() { Section::ProjectArchive } else { Section::Archive };
    let page = Page::new(section, "Archive", body).watch(watch);
    let page = match project {
        Some(project) => page.within(&viewer, project),
        None => page,
    };
    Ok(frame.page(&viewer, &page))
}

fn rows(frame: &Frame, ask: &Ask<'_>, flags: &[Summary], with_project: bool) -> Markup {
    html! {
        table.rows {
            thead { tr {
                th scope="col" { span.unseen { "Choose" } }
                (ask.heading(frame, "name", "Flag"))
                @if with_project { th scope="col" { "Project" } }
                th scope="col" { "Type" } th scope="col" { "Archived" }
                (ask.heading(frame, "created", "Created"))
            } }
            tbody {
                @for Summary { feature, .. } in flags {
                    tr data-row id={ "row-" (feature.name) } {
                        td.lever { input type="checkbox" id={ "choose-" (feature.name) } name="flag" value=(feature.name) aria-label={ "Choose " (feature.name) }; }
                        td.wide {
                            a.row-link href=(frame.at(&format!("/projects/{}/features/{}", feature.project, feature.name))) { (feature.name) }
                            @if let Some(text) = feature.description.as_deref().filter(|text| !text.is_empty()) { div.muted.clip { (text) } }
                        }
                        @if with_project { td.muted { (feature.project) } }
                        td.muted { (feature.kind) }
                        td { (time::ago_or(feature.archived_at, frame.now, "–")) }
                        td { (time::ago(feature.created_at, frame.now)) }
                    }
                }
            }
        }
    }
}

/// The flags that a form or an address names; more than can be chosen at a time are refused.
fn names(pairs: Vec<(String, String)>) -> Result<Vec<String>, Fault> {
    let mut names: Vec<String> =
        pairs.into_iter().filter(|(name, _)| name == "flag").map(|(_, flag)| flag).collect();
    names.sort();
    names.dedup();
    if names.len() > MOST_CHOSEN {
        return Err(Fault::unreadable(format!("At most {MOST_CHOSEN} flags can be chosen at a time.")));
    }
    Ok(names)
}

/// Those of them that are in the archive and seen.
async fn chosen(grant: &Granted<SignedIn>, tx: &mut Read, names: Vec<String>) -> Result<Vec<Feature>, Fault> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let reader = Reader { id: grant.person().ok(), sight: grant.sight(tx).await? };
    let filter = Filter { names: Some(Choice::AnyOf(names)), archived: true, ..Filter::default() };
    let limit = i64::try_from(MOST_CHOSEN).unwrap_or(i64::MAX);
    let query = search::Query { filter, key: Key::Name, limit, ..search::Query::default() };
    let (found, _) = search::search(tx, &reader, &query).await?;
    Ok(found.into_iter().map(|it| it.feature).collect())
}

async fn ask(
    grant: Granted<SignedIn>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let chosen = chosen(&grant, &mut tx, names(pairs)?).await?;
    let may = |why: fn(&crate::access::Holdings, &str, Option<&str>) -> Option<String>| {
        chosen.iter().find_map(|feature| why(grant.held(), &feature.project, None))
    };
    let (no_revive, no_delete) = (may(why_not::<UpdateSomeFeature>), may(why_not::<DeleteSomeFeature>));
    let count = chosen.len();
    let these = if count == 1 { "flag".to_owned() } else { format!("{count} flags") };
    let sent = html! { @for feature in &chosen { input type="hidden" name="flag" value=(feature.name); } };
    let body = html! {
        @if chosen.is_empty() {
            (place::empty("Nothing is chosen", "Check the boxes of some archived flags first.", &button::link(&frame.at("/archive"), "Back to the archive")))
        } @else {
            ul.links {
                @for feature in &chosen {
                    li {
                        (icon::flag())
                        a href=(frame.at(&format!("/projects/{}/features/{}", feature.project, feature.name))) { (feature.name) }
                        span.muted.end { (feature.project) }
                    }
                }
            }
            section aria-labelledby="revive-title" {
                h2 #revive-title { "Revive" }
                p.muted { "A flag that is revived begins anew: off everywhere, and depending on nothing." }
                form.row method="post" action=(frame.at("/archive/revive")) { (sent) (button::or_why("revive", format!("Revive {these}"), no_revive.as_deref())) }
            }
            section aria-labelledby="delete-title" {
                h2 #delete-title { "Delete for good" }
                (notice(Tone::Warning, "This cannot be taken back", &html! { p { "Strategies, tags, links and numbers go, too. The names become free. What happened stays in the event log." } }))
                form.row method="post" action=(frame.at("/archive/delete")) {
                    (sent)
                    @if no_delete.is_some() { (button::or_why("delete", format!("Delete {these} for good"), no_delete.as_deref())) }
                    @else { button.button.danger #delete { "Delete " (these) " for good" } }
                    (button::link(&frame.at("/archive"), "Cancel"))
                }
            }
        }
    };
    let page = Page::new(Section::Archive, "Revive or delete", body).below("Archive", "/archive".to_owned());
    Ok(frame.page(&viewer, &page))
}

/// The flags by their projects. One that is not there any more is left out.
async fn homes<G: Guard>(
    tx: &mut Change,
    grant: &Granted<G>,
    names: Vec<String>,
) -> Result<BTreeMap<String, Vec<String>>, Error> {
    let mut homes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in names {
        if let Some(project) = features::seen_home(tx, grant, &name).await? {
            homes.entry(project).or_default().push(name);
        }
    }
    Ok(homes)
}

fn done(frame: &Frame, names: &[String], what: &str) -> Response {
    let note = match names {
        [] => "Nothing changed: somebody else was faster".to_owned(),
        [one] => format!("{one} {what}"),
        many => format!("{} flags: each {what}", many.len()),
    };
    frame.done("/archive", &Note::new(note))
}

async fn revive(
    grant: Granted<UpdateSomeFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let names = names(pairs)?;
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    let mut back = Vec::new();
    for (project, names) in homes(&mut tx, &grant, names).await? {
        back.extend(features::revive(&mut tx, &project, &names).await?);
    }
    tx.commit().await?;
    Ok(done(&frame, &back, "is back, and off everywhere"))
}

async fn delete(
    grant: Granted<DeleteSomeFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let names = names(pairs)?;
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    let mut gone = Vec::new();
    for (project, names) in homes(&mut tx, &grant, names).await? {
        gone.extend(features::delete(&mut tx, &project, &names).await?);
    }
    tx.commit().await?;
    Ok(done(&frame, &gone, "is deleted for good"))
}
