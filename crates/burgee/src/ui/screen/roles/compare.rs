//! Two roles side by side.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::{matrix, path};
use crate::access::role::{self as roles, Held, Role};
use crate::access::{Granted, Level, Permission, ReadRoles};
use crate::db::Read;
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::{Query, Viewer};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::form::Field;
use crate::ui::part::table::{self, Ask};
use crate::ui::part::{icon, tag};
use crate::ui::{Places, Ui};

pub(super) fn places(places: Places) -> Places {
    places.page("/roles/compare", show)
}

/// What the address asks for.
#[derive(Default, Deserialize)]
struct Asked {
    #[serde(default)]
    a: String,
    #[serde(default)]
    b: String,
    /// `all`: what both hold alike, too.
    #[serde(default)]
    show: String,
}

/// One of the two, with what it holds by permission.
struct Side {
    role: Role,
    held: BTreeMap<Permission, BTreeSet<String>>,
}

impl Side {
    async fn of(tx: &mut Read, id: &str) -> Result<Option<Self>, Fault> {
        let Ok(id) = id.parse() else { return Ok(None) };
        let role = roles::get(tx, id).await?;
        let mut held: BTreeMap<Permission, BTreeSet<String>> = BTreeMap::new();
        for Held { permission, environment } in roles::held(tx, id).await? {
            held.entry(permission).or_default().insert(environment);
        }
        Ok(Some(Self { role, held }))
    }
}

async fn show(
    grant: Granted<ReadRoles>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let all = roles::list(&mut tx).await?;
    let (a, b) = (Side::of(&mut tx, &asked.a).await?, Side::of(&mut tx, &asked.b).await?);
    let choices: Vec<(String, String)> = all
        .into_iter()
        .map(|role| {
            let kind = if role.is_root() { "root" } else { "project" };
            (role.id.to_string(), format!("{} ({kind})", role.name))
        })
        .collect();
    let mut options = vec![("", "Choose a role")];
    options.extend(choices.iter().map(|(id, name)| (id.as_str(), name.as_str())));
    let body = html! {
        form.asking method="get" action=(frame.at("/roles/compare")) {
            (Field { name: "a", label: "This role", ..Field::default() }.choice(&options, &asked.a))
            (Field { name: "b", label: "With this one", ..Field::default() }.choice(&options, &asked.b))
            button.button { "Compare" }
        }
        @match (&a, &b) {
            (Some(a), Some(b)) => (compared(&frame, &asked, a, b)),
            _ => p.calm { "Choose two roles to see what one holds and the other does not." },
        }
    };
    let page = Page::new(Section::Roles, "Compare roles", body).below("Roles", "/roles".to_owned());
    Ok(frame.page(&viewer, &page))
}

fn compared(frame: &Frame, asked: &Asked, a: &Side, b: &Side) -> Markup {
    let pairs = vec![("a", asked.a.clone()), ("b", asked.b.clone()), ("show", asked.show.clone())];
    let ask = Ask { path: "/roles/compare", pairs };
    let everything = asked.show == "all";
    let differs = |it: &Permission| a.held.get(it) != b.held.get(it);
    let known: Vec<Permission> = Permission::ALL
        .iter()
        .copied()
        .filter(|it| a.held.contains_key(it) || b.held.contains_key(it))
        .collect();
    let different = known.iter().filter(|it| differs(it)).count();
    let shown: Vec<Permission> = known.into_iter().filter(|it| everything || differs(it)).collect();
    let levels = [
        (Level::Root, "Everywhere"),
        (Level::Project, "In the project"),
        (Level::Environment, "In its environments"),
    ];
    html! {
        div.filters {
            nav.segments aria-label="What is shown" {
                a href=(ask.with(frame, &[("show", "")])) aria-current=[(!everything).then_some("true")] { "Differences (" (different) ")" }
                a href=(ask.with(frame, &[("show", "all")])) aria-current=[everything.then_some("true")] { "All that they hold" }
            }
        }
        @if shown.is_empty() {
            p.calm { "Both hold exactly the same." }
        } @else {
            (table::scroll("Comparison", &html! {
                table.rows {
                    thead { tr {
                        th scope="col" { "Permission" }
                        @for side in [a, b] { th scope="col" { a href=(frame.at(&path(side.role.id))) { (side.role.name) } } }
                    } }
                    @for (level, title) in levels {
                        @let rows: Vec<&Permission> = shown.iter().filter(|it| it.level() == level).collect();
                        @if !rows.is_empty() {
                            tbody {
                                tr.grid-head { th scope="rowgroup" colspan="3" { (title) } }
                                @for it in rows {
                                    tr {
                                        th.wide scope="row" { (it.label()) span.muted { " · " (matrix::subject(*it)) } }
                                        @for side in [a, b] { td { (cell(side.held.get(it))) } }
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

fn cell(held: Option<&BTreeSet<String>>) -> Markup {
    html! {
        @match held {
            None => span.verdict.muted { (icon::minus()) span.unseen { "does not hold it" } },
            Some(places) => {
                span.verdict.good { (icon::check()) span.unseen { "holds it" } }
                @if places.iter().any(|place| !place.is_empty()) {
                    @for place in places { " " (tag::chip(if place.is_empty() { "all" } else { place })) }
                }
            }
        }
    }
}
