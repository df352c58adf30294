//! One role: what it holds, and who has it.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::edit;
use super::{kind, matrix, path, predefined};
use crate::access::role::{self as roles, Holders, Role};
use crate::access::{Administer, Granted, Guard, Permission, ReadRoles};
use crate::db::Read;
use crate::people::group as groups;
use crate::people::roster::{self, Filter, Query};
use crate::projects;
use crate::projects::members::{self, Usage};
use crate::ui::edit::Edit;
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::{Number, Viewer, why_not_everywhere};
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::notice::{Tone, notice};
use crate::ui::part::{button, count, icon, table};
use crate::ui::{Places, Ui};

/// How many groups are named.
const NAMED: i64 = 50;

pub(super) fn places(places: Places) -> Places {
    places.page("/roles/{id}", show)
}

async fn show(
    grant: Granted<ReadRoles>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    draw(&grant, &mut tx, &frame, id, None).await
}

pub(super) async fn draw<G: Guard>(
    grant: &Granted<G>,
    tx: &mut Read,
    frame: &Frame,
    id: i64,
    edit: Option<&Edit>,
) -> Result<Response, Fault> {
    let viewer = Viewer::of(grant, tx).await?;
    let role = roles::get(tx, id).await?;
    let there = edit::of(&role, &roles::held(tx, id).await?);
    let (edit, holds, in_projects) = (edit.unwrap_or(&there), edit::held(&there), !role.is_root());
    let environments = projects::environments(tx).await?;
    let watch = Watch::over(grant, tx, None, None).await?;
    let held = roles::holders(tx).await?.into_iter().find(|held| held.role == id).unwrap_or_default();
    let why = why_not_everywhere::<Administer>(grant.held());
    let to = |step: &str| frame.at(&format!("{}{step}", path(id)));
    // The form shows the description of a role that can be changed.
    let changes = role.is_own() && why.is_none();
    let everything = holds.iter().any(|it| it.permission == Permission::Admin);
    let holders = if viewer.admin { Some(holders(frame, tx, &viewer, &role, held).await?) } else { None };
    let body = html! {
        div.chips { (kind(&role)) @if !role.is_own() { (predefined()) } }
        @if !role.description.is_empty() && !changes { p.lead { (role.description) } }
        section aria-labelledby="holders" {
            h2 #holders { "Who has it" }
            @match holders { Some(list) => (list), None => p { (who(held)) } }
        }
        @if everything {
            (notice(Tone::Info, "Holds everything", &html! { p { "Whoever has this role may do everything, everywhere, so that no single permission matters." } }))
        } @else if !role.is_own() {
            (notice(Tone::Info, "This role comes with the server", &html! { p { "It stays as it is. Make a copy to change what it holds." } }))
            (matrix::matrix(in_projects, &environments, &holds, true))
        } @else if let Some(why) = &why {
            (notice(Tone::Info, "You can look at this role", &html! { p { (why) } }))
            (matrix::matrix(in_projects, &environments, &holds, true))
        } @else {
            (edit.notices())
            form.role-form method="post" action=(frame.at(&path(id))) data-draft {
                (edit::fields(edit, in_projects, &environments))
                div.row.send { (button::submit("Save")) (button::link(&frame.at("/roles"), "Cancel")) }
            }
        }
    };
    let actions = html! {
        (button::link(&frame.at(&format!("/roles/compare?a={id}")), "Compare"))
        @match &why {
            Some(why) => (button::or_why("copy", "Make a copy", Some(why))),
            None => {
                @if !everything { (button::link(&frame.at(&format!("/roles/new?from={id}")), "Make a copy")) }
                @if role.is_own() { (button::link(&to("/delete"), "Delete…")) }
            }
        }
    };
    let page = Page::new(Section::Roles, role.name, body)
        .below("Roles", "/roles".to_owned())
        .actions(actions)
        .watch(watch)
        .status(edit.status());
    Ok(frame.page(&viewer, &page))
}

/// How many have a role, in words.
pub(super) fn who(held: Holders) -> String {
    let some = |count: i64, one: &str| (count > 0).then(|| count::of(count, one));
    let parts: Vec<String> =
        [some(held.users, "user"), some(held.groups, "group")].into_iter().flatten().collect();
    let places = some(held.projects, "project").map(|text| format!(", in {text}")).unwrap_or_default();
    let given = by_provider(held);
    let by_hand = match (parts.is_empty(), held.users + held.groups) {
        (true, _) => given.is_none().then(|| "Nobody has it.".to_owned()),
        (false, 1) => Some(format!("{} has it{places}.", parts.join(" and "))),
        (false, _) => Some(format!("{} have it{places}.", parts.join(" and "))),
    };
    [by_hand, given].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// What identity providers have to do with a role, in words.
fn by_provider(held: Holders) -> Option<String> {
    let people = (held.given > 0).then(|| {
        format!("{} by what the identity provider sends.", has(&count::of(held.given, "user"), held.given))
    });
    let connections = (held.connections > 0).then(|| {
        let verb = if held.connections == 1 { "gives" } else { "give" };
        format!("{} {verb} it by a rule, or to newcomers.", count::of(held.connections, "connection"))
    });
    let said: Vec<String> = [people, connections].into_iter().flatten().collect();
    (!said.is_empty()).then(|| said.join(" "))
}

fn has(who: &str, number: i64) -> String {
    format!("{who} {} it", if number == 1 { "has" } else { "have" })
}

/// Who has it, with ways to them.
async fn holders(
    frame: &Frame,
    tx: &mut Read,
    viewer: &Viewer,
    role: &Role,
    held: Holders,
) -> Result<Markup, Fault> {
    let given = by_provider(held);
    if !role.is_root() {
        let places = members::usage(tx, role.id).await?;
        return Ok(html! {
            @if !places.is_empty() {
                (in_projects(frame, viewer, &places))
            } @else if given.is_none() {
                p.calm { "Nobody has it yet. Give it to somebody on the page of a project’s members." }
            }
            @if let Some(given) = given { p { (given) } }
        });
    }
    let filter = Filter { role: Some(role.id), ..Filter::default() };
    let (_, people) = roster::search(tx, &Query { filter, limit: 1, ..Query::default() }).await?;
    let services = held.users - people;
    let filter = groups::Filter { role: Some(role.id), ..groups::Filter::default() };
    let (found, total) = groups::page(tx, &filter, 0, NAMED).await?;
    Ok(html! {
        @if held.users + held.groups == 0 {
            @if given.is_none() { p.calm { "Nobody has it yet. Give it to somebody on their page, or to a group." } }
        } @else {
            ul.links {
                @if people > 0 {
                    li {
                        (icon::users()) a href=(frame.at(&format!("/users?role={}", role.id))) { (count::of(people, "user")) }
                        span.muted { "as their root role" }
                    }
                }
                @if services > 0 {
                    li {
                        (icon::bot()) a href=(frame.at("/service-accounts")) { (count::of(services, "service account")) }
                        span.muted { "as their root role" }
                    }
                }
                @for it in &found {
                    li {
                        (icon::group()) a href=(frame.at(&format!("/groups/{}", it.group.id))) { (it.group.name) }
                        span.muted { @if it.members == 1 { "1 member" } @else { (it.members) " members" } }
                    }
                }
                @if total > NAMED { li { span.muted { "and " (total - NAMED) " more groups" } } }
            }
        }
        @if let Some(given) = given { p { (given) } }
    })
}

fn in_projects(frame: &Frame, viewer: &Viewer, places: &[Usage]) -> Markup {
    table::scroll(
        "Projects",
        &html! {
            table.rows {
                thead { tr { th scope="col" { "Project" } th.number scope="col" { "Users" } th.number scope="col" { "Service accounts" } th.number scope="col" { "Groups" } } }
                tbody {
                    @for it in places {
                        tr {
                            td.wide { a href=(frame.at(&format!("/projects/{}/members", it.project))) { (viewer.project(&it.project)) } }
                            td.number { (it.users) } td.number { (it.services) } td.number { (it.groups) }
                        }
                    }
                }
            }
        },
    )
}
