//! Applications: who uses flags, where, and with which SDK.

mod one;

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use crate::access::{Granted, Guard, SeeProject, SignedIn};
use crate::applications::{self, Application, Member, OF_USERS, is_outdated};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, segment};
use crate::ui::guard::{Query, Viewer};
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::table::{self, Ask};
use crate::ui::part::{button, filter, notice, tag, time};
use crate::ui::screen::connect;
use crate::ui::{Places, Ui};

/// How many applications a page has.
const SIZE: i64 = 50;

pub(in crate::ui) fn places(places: Places) -> Places {
    places
        .page("/applications", everywhere)
        .page("/projects/{projectId}/applications", in_project)
        .with(one::places)
}

fn path(name: &str) -> String {
    format!("/applications/{}", segment(name))
}

/// `unleash-node-sdk:6.8.0` as people read it, and whether it is too old.
fn sdk(told: &str) -> Markup {
    let (name, version) = told.rsplit_once(':').unwrap_or((told, ""));
    html! {
        span.sdk {
            (name) " " @if !version.is_empty() { strong { (version) } }
            @if is_outdated(told) { " " (tag::toned("outdated", "warning")) }
        }
    }
}

/// What the address asks for.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    q: String,
    sort: String,
    page: Option<i64>,
}

impl Asked {
    fn page(&self) -> i64 {
        table::number(self.page)
    }

    fn which(&self) -> applications::Page {
        applications::Page {
            query: self.q.trim().to_owned(),
            descending: self.sort == "-name",
            offset: (self.page() - 1) * SIZE,
            limit: SIZE,
        }
    }

    fn ask<'a>(&self, path: &'a str) -> Ask<'a> {
        Ask { path, pairs: vec![("q", self.q.clone()), ("sort", self.sort.clone())] }
    }
}

async fn everywhere(
    grant: Granted<SignedIn>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let sight = grant.sight(&mut tx).await?;
    let (found, total) = applications::list(&mut tx, &sight, &asked.which()).await?;
    let outdated = outdated(applications::outdated_sdks(&mut tx, &sight, None).await?);
    let ask = asked.ask("/applications");
    let rows = html! {
        table.rows {
            thead { tr {
                (ask.heading(&frame, "name", "Application"))
                th scope="col" { "Projects" } th scope="col" { "Environments" } th scope="col" { "Last started" }
            } }
            tbody { @for it in &found { (row(&frame, it, outdated.get(&it.name))) } }
        }
    };
    let first = viewer.projects.first().map(|(id, _)| id.as_str());
    let body = body(&frame, &ask, &asked, (!found.is_empty()).then_some(&rows), total, first);
    page(&grant, &mut tx, &frame, &viewer, body, None).await
}

/// The SDKs that are too old, by application.
fn outdated(sdks: BTreeMap<String, Vec<String>>) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (sdk, applications) in sdks {
        for application in applications {
            found.entry(application).or_default().push(sdk.clone());
        }
    }
    found
}

fn row(frame: &Frame, it: &Application, outdated: Option<&Vec<String>>) -> Markup {
    let mut environments: Vec<&str> =
        it.usage.iter().flat_map(|(_, names)| names).map(String::as_str).collect();
    environments.sort_unstable();
    environments.dedup();
    html! {
        tr data-row {
            td.wide {
                a.row-link href=(frame.at(&path(&it.name))) { (it.name) }
                @if let Some(sdks) = outdated { " " span title=(sdks.join(", ")) { (tag::toned("outdated SDK", "warning")) } }
                @if let Some(text) = &it.details.description { div.muted.clip { (text) } }
            }
            td {
                @if it.usage.is_empty() { span.muted { "not known" } }
                @for (index, (project, _)) in it.usage.iter().enumerate() {
                    @if index > 0 { ", " }
                    @if project == "*" { "all" } @else { a.quiet href=(frame.at(&format!("/projects/{project}"))) { (project) } }
                }
            }
            td { (environments.join(", ")) }
            td { (time::ago(it.seen_at, frame.now)) }
        }
    }
}

async fn in_project(
    grant: Granted<SeeProject>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let project = grant.scope().project.clone();
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let (found, total) = applications::of_project(&mut tx, &project, &asked.which()).await?;
    let path = format!("/projects/{project}/applications");
    let ask = asked.ask(&path);
    let rows = html! {
        table.rows {
            thead { tr {
                (ask.heading(&frame, "name", "Application"))
                th scope="col" { "Environments" } th.number scope="col" { "Instances" } th scope="col" { "SDKs" }
            } }
            tbody { @for it in &found { (member(&frame, it)) } }
        }
    };
    let body = body(&frame, &ask, &asked, (!found.is_empty()).then_some(&rows), total, Some(&project));
    page(&grant, &mut tx, &frame, &viewer, body, Some(&project)).await
}

fn member(frame: &Frame, it: &Member) -> Markup {
    let of_users = it.instances.iter().any(|name| name == OF_USERS);
    html! {
        tr data-row {
            td.wide { a.row-link href=(frame.at(&path(&it.name))) { (it.name) } }
            td { (it.environments.join(", ")) }
            td.number { @if of_users && it.instances.len() == 1 { "at users" } @else { (it.instances.len()) } }
            td {
                @if it.sdks.is_empty() { span.muted { "not told" } }
                @for (name, versions) in &it.sdks {
                    @if versions.is_empty() { div { (sdk(name)) } }
                    @for version in versions { div { (sdk(&format!("{name}:{version}"))) } }
                }
            }
        }
    }
}

/// `rows` are missing if nothing is found. `project` is where an application is connected.
fn body(
    frame: &Frame,
    ask: &Ask<'_>,
    asked: &Asked,
    rows: Option<&Markup>,
    total: i64,
    project: Option<&str>,
) -> Markup {
    html! {
        div.filters { (filter::search(frame, ask, "Filter applications by name", "Filter applications")) }
        @match rows {
            Some(rows) => { (table::scroll("Applications", rows)) (ask.pages(frame, asked.page(), SIZE, total)) },
            None if !asked.q.trim().is_empty() || asked.page() > 1 => (notice::empty("No application matches", "Try fewer letters of its name.", &button::link(&frame.at(ask.path), "Show all applications"))),
            None => (notice::empty(
                "No application yet",
                "Applications appear here by themselves, some seconds after their SDK has started with an API token.",
                &html! { @if let Some(project) = project { (button::main_link(&frame.at(&connect::path(project, None)), "Connect an application", None, None)) } },
            )),
        }
    }
}

async fn page<G: Guard>(
    grant: &Granted<G>,
    tx: &mut crate::db::Read,
    frame: &Frame,
    viewer: &Viewer,
    body: Markup,
    project: Option<&str>,
) -> Result<Response, Fault> {
    let watch = Watch::over(grant, tx, project, None).await?;
    let section = if project.is_some() { Section::ProjectApplications } else { Section::Applications };
    let page = Page::new(section, "Applications", body).watch(watch);
    Ok(frame.page(
        viewer,
        &match project {
            Some(project) => page.within(viewer, project),
            None => page,
        },
    ))
}
