//! One group: who is in it, and what it reaches.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::{members, path};
use crate::access::reach::{self, Way, Whose};
use crate::access::{Administer, Granted, Sight, role};
use crate::constraints::usage::{self, Use};
use crate::db::Read;
use crate::people::group::{self as groups, Listed};
use crate::people::membership;
use crate::provisioning::hold::Pending;
use crate::segments::{self, Segment};
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::{Number, Query, Viewer};
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::notice::{Tone, notice};
use crate::ui::part::table::{self, Ask};
use crate::ui::part::{button, icon, person, time};
use crate::ui::screen::access::{self, About, Question};
use crate::ui::screen::provisioning::hold;
use crate::ui::screen::segments::where_used;
use crate::ui::screen::users::role_name;
use crate::ui::{Places, Ui};

/// How many members a page has.
const SIZE: i64 = 25;

pub(super) fn places(places: Places) -> Places {
    places.page("/groups/{id}", show).page("/groups/{id}/access", reaches)
}

/// What the pages of a group share.
pub(super) struct Seen {
    pub(super) viewer: Viewer,
    pub(super) it: Listed,
    /// Its removal, or that of members, which an identity provider asked for, and which waits.
    waiting: Option<Pending>,
    watch: Watch,
}

impl Seen {
    pub(super) async fn of(grant: &Granted<Administer>, tx: &mut Read, id: i64) -> Result<Self, Fault> {
        Ok(Self {
            it: groups::glance(tx, id).await?,
            waiting: crate::provisioning::hold::of_group(tx, id).await?,
            viewer: Viewer::of(grant, tx).await?,
            watch: Watch::over(grant, tx, None, None).await?,
        })
    }

    /// Why members and name are not changed here.
    pub(super) fn locked(&self) -> Option<String> {
        let connection = self.it.connection.as_deref()?;
        Some(format!(
            "The SCIM connection “{connection}” keeps this group. Change it in your identity provider."
        ))
    }

    fn page(self, frame: &Frame, tab: &str, body: &Markup) -> (Page, Viewer) {
        let base = path(self.it.group.id);
        let to = |step: &str| frame.at(&format!("{base}{step}"));
        let tabs = [("Members", ""), ("Access", "/access")];
        let tabs = tabs.map(|(label, rest)| (label, to(rest), label == tab));
        let body = html! {
            @if let Some(it) = &self.waiting { (hold::pending(frame, it)) }
            (table::tabs("Group", &tabs))
            (body)
        };
        let actions =
            html! { (button::link(&to("/edit"), "Edit")) (button::link(&to("/delete"), "Delete…")) };
        let page = Page::new(Section::Groups, self.it.group.name, body)
            .below("Groups", "/groups".to_owned())
            .actions(actions)
            .watch(self.watch);
        (page, self.viewer)
    }
}

#[derive(Default, Deserialize)]
struct Asked {
    page: Option<i64>,
}

async fn show(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    draw(&grant, &mut tx, &frame, id, table::number(asked.page), None).await
}

/// Draws the page; `refused` is who was looked for in vain.
pub(super) async fn draw(
    grant: &Granted<Administer>,
    tx: &mut Read,
    frame: &Frame,
    id: i64,
    number: i64,
    refused: Option<&members::Refused>,
) -> Result<Response, Fault> {
    let seen = Seen::of(grant, tx, id).await?;
    let found = membership::page(tx, id, (number - 1) * SIZE, SIZE).await?;
    let total = seen.it.members;
    let inside = groups::inside(tx, id).await?;
    let ways = reach::ways(tx, Whose::Group(id)).await?;
    let roles = role::list(tx).await?;
    let mut tied = Vec::new();
    for segment in segments::of_group(tx, &Sight::ALL, id).await? {
        tied.push((usage::of_segment(tx, &Sight::ALL, segment.id).await?, segment));
    }
    let suggestions = if seen.it.connection.is_none() { members::suggestions(tx).await? } else { Vec::new() };
    let base = path(id);
    let ask = Ask { path: &base, pairs: Vec::new() };
    let locked = seen.locked();
    let group = &seen.it.group;
    let body = html! {
        @if let Some(why) = &locked {
            (notice(Tone::Info, "Kept by an identity provider", &html! { p { (why) " Description, root role and roles in projects stay in your hands." } }))
        }
        @if let Some(text) = group.description.as_deref().filter(|text| !text.is_empty()) { p.lead { (text) } }
        dl.facts {
            div { dt { "Origin" } dd { (person::origin(seen.it.connection.as_deref())) } }
            @if seen.it.connection.is_some() {
                div { dt { "Provisioning" } dd { a href=(frame.at(&format!("/provisioning/calls?group={id}"))) { "What the identity provider sent" } } }
            }
            div { dt { "Members" } dd { (seen.it.members) } }
            div { dt { "Root role" } dd { @match group.root_role { Some(id) => (role_name(&roles, id)), None => span.muted { "none" } } } }
            div { dt { "Created" } dd { (time::ago(group.created_at, frame.now)) @if let Some(author) = &group.created_by { " by " (author) } } }
            @if let Some(scim) = &group.scim_id { div { dt { "SCIM id" } dd { code { (scim) } } } }
        }
        section aria-labelledby="members" {
            h2 #members { "Members" }
            (members::form(frame, id, &suggestions, locked.as_deref(), refused))
            @if total == 0 {
                p.calm { @if inside.is_empty() { "Nobody is in this group yet: its roles reach nobody." } @else { "Nobody is in this group itself, only in the groups inside it." } }
            } @else {
                (members::table(frame, id, &found, locked.as_deref()))
                (ask.pages(frame, number, SIZE, total))
            }
        }
        @if !inside.is_empty() {
            section aria-labelledby="inside" {
                h2 #inside { "Groups inside it" }
                p.muted { "Whoever is in one of them has what this group has." }
                ul.links { @for one in &inside { li { (icon::group()) a href=(frame.at(&path(one.id))) { (one.name) } } } }
            }
        }
        section aria-labelledby="reaches" {
            h2 #reaches { "Projects it reaches" }
            (projects(frame, &seen.viewer, &ways))
        }
        section aria-labelledby="segments" {
            h2 #segments { "Segments that take its members" }
            (tied_segments(frame, &tied))
        }
    };
    let (page, viewer) = seen.page(frame, "Members", &body);
    let status = if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(frame.page(&viewer, &page.status(status)))
}

/// The segments that are tied to the group, each with the strategies that use it.
fn tied_segments(frame: &Frame, tied: &[(Vec<Use>, Segment)]) -> Markup {
    html! {
        @if tied.is_empty() {
            p.calm { "No segment does. Choose the group in a segment, and flags follow who is in it." }
        }
        @for (uses, segment) in tied {
            h3 { a href=(frame.at(&format!("/segments/{}", segment.id))) { (segment.name) } }
            (where_used(frame, uses))
        }
    }
}

fn projects(frame: &Frame, viewer: &Viewer, ways: &[Way]) -> Markup {
    let mut places: BTreeMap<&str, Vec<&Way>> = BTreeMap::new();
    for way in ways {
        if let Some(project) = &way.project {
            places.entry(project).or_default().push(way);
        }
    }
    html! {
        @if places.is_empty() {
            p.calm { "It has no role in a project. Give it one on the page of the project’s members." }
        } @else {
            (table::scroll("Projects", &html! {
                table.rows {
                    thead { tr { th scope="col" { "Project" } th scope="col" { "Roles" } } }
                    tbody {
                        @for (project, ways) in &places {
                            tr {
                                td.wide { a href=(frame.at(&format!("/projects/{project}/members"))) { (viewer.project(project)) } }
                                td {
                                    div.chips {
                                        @for way in ways {
                                            a.chip href=(frame.at(&format!("/roles/{}", way.role.id))) { (way.role.name) }
                                            @if let [_, .., (_, outer)] = way.through.as_slice() { span.muted { "through " (outer) } }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }))
        }
    }
}

async fn reaches(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
    Query(question): Query<Question>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let seen = Seen::of(&grant, &mut tx, id).await?;
    let about = About {
        whose: Whose::Group(id),
        name: &seen.it.group.name,
        path: &format!("{}/access", path(id)),
        active: true,
    };
    let body = access::explained(&frame, &mut tx, &seen.viewer, &about, &question).await?;
    let (page, viewer) = seen.page(&frame, "Access", &body);
    Ok(frame.page(&viewer, &page))
}
