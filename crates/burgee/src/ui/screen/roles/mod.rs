//! Roles: bundles of permissions, for everywhere or for projects.

mod compare;
mod edit;
mod matrix;
mod role;

use std::collections::HashMap;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use crate::access::role::{self as roles, Holders, Role};
use crate::access::{Administer, Granted, ReadRoles};
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::{Viewer, why_not_everywhere};
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::{button, icon, table, tag};
use crate::ui::{Places, Ui};

pub(in crate::ui) fn places(places: Places) -> Places {
    places.page("/roles", list).with(edit::places).with(compare::places).with(role::places)
}

/// The page of a role.
fn path(id: i64) -> String {
    format!("/roles/{id}")
}

async fn list(grant: Granted<ReadRoles>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let all = roles::list(&mut tx).await?;
    let holders = roles::holders(&mut tx).await?.into_iter().map(|it| (it.role, it)).collect();
    let watch = Watch::over(&grant, &mut tx, None, None).await?;
    let why = why_not_everywhere::<Administer>(grant.held());
    let (root, project): (Vec<Role>, Vec<Role>) = all.into_iter().partition(Role::is_root);
    let section = |kind: &str, title: &str, what: &str, list: &[Role]| {
        html! {
            section aria-labelledby=(kind) {
                h2 id=(kind) { (title) }
                p.muted { (what) }
                (table::scroll(title, &rows(&frame, list, &holders)))
            }
        }
    };
    let body = html! {
        (section("root", "Root roles", "What somebody may do everywhere. Everybody has exactly one; groups can add more.", &root))
        (section("project", "Project roles", "What somebody may do in the projects in which they have the role.", &project))
    };
    let actions = html! {
        (button::link(&frame.at("/roles/compare"), "Compare"))
        @match &why {
            Some(why) => (button::or_why("new-role", "New role", Some(why))),
            None => {
                (button::link(&frame.at("/roles/new?kind=root"), "New root role"))
                (button::main_link(&frame.at("/roles/new?kind=project"), "New project role", None, Some("c")))
            }
        }
    };
    let page = Page::new(Section::Roles, "Roles", body).watch(watch).actions(actions);
    Ok(frame.page(&viewer, &page))
}

fn rows(frame: &Frame, list: &[Role], holders: &HashMap<i64, Holders>) -> Markup {
    html! {
        table.rows {
            thead { tr { th scope="col" { "Role" } th.number scope="col" { "Users" } th.number scope="col" { "Groups" } th.number scope="col" { "Projects" } } }
            tbody {
                @for role in list {
                    @let held = holders.get(&role.id).copied().unwrap_or_default();
                    tr data-row id={ "row-" (role.id) } {
                        td.wide {
                            a.row-link href=(frame.at(&path(role.id))) { (role.name) }
                            @if !role.is_own() { " " (predefined()) }
                            @if !role.description.is_empty() { div.muted.clip { (role.description) } }
                        }
                        td.number { (held.users) }
                        td.number { (held.groups) }
                        td.number { @if role.is_root() { span.muted { "–" } } @else { (held.projects) } }
                    }
                }
            }
        }
    }
}

/// Marks a role that comes with the server.
fn predefined() -> Markup {
    html! { span.chip { (icon::lock()) "predefined" } }
}

/// What kind of role it is.
fn kind(role: &Role) -> Markup {
    tag::chip(if role.is_root() { "root role" } else { "project role" })
}
