//! Groups: whoever is in one holds its root role and its roles in projects.

mod edit;
mod group;
mod members;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::users::{borrowed, root_roles};
use crate::access::role::{self, Role};
use crate::access::{Administer, Granted};
use crate::people::group::{self as groups, Filter, Listed};
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::{Query, Viewer};
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::form::{self, Pick};
use crate::ui::part::table::{self, Ask};
use crate::ui::part::{button, filter, notice, person};
use crate::ui::screen::users::role_name;
use crate::ui::{Places, Ui};

/// How many groups a page has.
const SIZE: i64 = 50;

pub(in crate::ui) fn places(places: Places) -> Places {
    places.page("/groups", list).with(edit::places).with(group::places).with(members::places)
}

/// The page of a group.
fn path(id: i64) -> String {
    format!("/groups/{id}")
}

/// What the address asks for.
#[derive(Default, Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    origin: String,
    #[serde(default)]
    role: String,
    page: Option<i64>,
}

async fn list(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let page = table::number(asked.page);
    let filter = Filter {
        text: asked.q.clone(),
        provisioned: match asked.origin.as_str() {
            "manual" => Some(false),
            "scim" => Some(true),
            _ => None,
        },
        role: asked.role.parse().ok(),
    };
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let (found, total) = groups::page(&mut tx, &filter, (page - 1) * SIZE, SIZE).await?;
    let (roles, choices) = (role::list(&mut tx).await?, root_roles(&mut tx).await?);
    let watch = Watch::over(&grant, &mut tx, None, None).await?;
    let pairs = [("q", &asked.q), ("origin", &asked.origin), ("role", &asked.role)];
    let narrows = pairs.iter().any(|(_, value)| !value.trim().is_empty());
    let ask = Ask { path: "/groups", pairs: pairs.map(|(name, value)| (name, value.clone())).to_vec() };
    let mut of_role = vec![("", "Any root role")];
    of_role.extend(borrowed(&choices));
    let origins = [("", "All origins"), ("manual", "Manual"), ("scim", "SCIM")];
    let create = |key| button::main_link(&frame.at("/groups/new"), "New group", None, key);
    let more = html! {
        (form::pick(&Pick { name: "origin", label: "Origin", chosen: &asked.origin }, &origins))
        (form::pick(&Pick { name: "role", label: "Root role", chosen: &asked.role }, &of_role))
        button.button.small { "Filter" }
    };
    let body = html! {
        div.filters { (filter::search_with(&frame, &ask, ("Find groups by name", "Find groups"), &["origin", "role"], &more)) }
        @if !found.is_empty() {
            (table::scroll("Groups", &rows(&frame, &found, &roles)))
            (ask.pages(&frame, page, SIZE, total))
        } @else if narrows || page > 1 {
            (notice::empty("No group matches", "Try a part of the name.", &button::link(&frame.at("/groups"), "Show all groups")))
        } @else {
            (notice::empty("No groups yet", "A group gives the same roles to many people at once. Make one, or let your identity provider push them.", &create(None)))
        }
    };
    let page = Page::new(Section::Groups, "Groups", body).watch(watch).actions(create(Some("c")));
    Ok(frame.page(&viewer, &page))
}

fn rows(frame: &Frame, found: &[Listed], roles: &[Role]) -> Markup {
    html! {
        table.rows.stacks {
            thead { tr {
                th scope="col" { "Group" } th scope="col" { "Origin" } th.number scope="col" { "Members" }
                th scope="col" { "Root role" } th.number scope="col" { "Projects" }
            } }
            tbody {
                @for it in found {
                    tr data-row id={ "row-" (it.group.id) } {
                        td.wide {
                            a.row-link href=(frame.at(&path(it.group.id))) { (it.group.name) }
                            @if let Some(text) = it.group.description.as_deref().filter(|text| !text.is_empty()) { div.muted.clip { (text) } }
                        }
                        td data-label="Origin" { (person::origin(it.connection.as_deref())) }
                        td.number data-label="Members" { (it.members) }
                        td data-label="Root role" { @match it.group.root_role { Some(id) => (role_name(roles, id)), None => span.muted { "none" } } }
                        td.number data-label="Projects" { (it.projects) }
                    }
                }
            }
        }
    }
}
