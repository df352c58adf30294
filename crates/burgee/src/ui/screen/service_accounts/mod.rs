//! Service accounts: what programs act as. They hold roles like people, and come in with tokens only.

mod account;
mod edit;
mod token;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::users::{or_dash, role_name};
use crate::access::role::{self, Role};
use crate::access::{Administer, Granted};
use crate::people::roster::{self, Filter, Key, Person, Query as Which};
use crate::people::token as tokens;
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::{Query, Viewer};
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::table::{self, Ask};
use crate::ui::part::{button, filter, notice, tag, time};
use crate::ui::{Places, Ui};

/// How many accounts a page has.
const SIZE: i64 = 50;

pub(in crate::ui) fn places(places: Places) -> Places {
    places.page("/service-accounts", list).with(edit::places).with(account::places).with(token::places)
}

/// The page of a service account.
fn path(id: i64) -> String {
    format!("/service-accounts/{id}")
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

async fn list(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let number = table::number(asked.page);
    let (key, descending) = match asked.sort.as_str() {
        "seen" => (Key::Seen, true),
        "-seen" => (Key::Seen, false),
        "-name" => (Key::Name, true),
        _ => (Key::Name, false),
    };
    let filter = Filter { services: true, text: asked.q.clone(), ..Filter::default() };
    let query = Which { filter, key, descending, offset: (number - 1) * SIZE, limit: SIZE };
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let (found, total) = roster::search(&mut tx, &query).await?;
    let ids: Vec<i64> = found.iter().map(|it| it.user.id).collect();
    let counts = tokens::counts(&mut tx, &ids, frame.now).await?;
    let roles = role::list(&mut tx).await?;
    let watch = Watch::over(&grant, &mut tx, None, None).await?;
    let pairs = [("q", &asked.q), ("sort", &asked.sort)];
    let ask =
        Ask { path: "/service-accounts", pairs: pairs.map(|(name, value)| (name, value.clone())).to_vec() };
    let create =
        |key| button::main_link(&frame.at("/service-accounts/new"), "New service account", None, key);
    let live = |id: i64| counts.iter().find(|(user, _)| *user == id).map_or(0, |(_, count)| *count);
    let body = html! {
        @if total > 0 || !asked.q.trim().is_empty() {
            div.filters { (filter::search(&frame, &ask, "Find service accounts by name", "Find service accounts")) }
        }
        @if !found.is_empty() {
            (table::scroll("Service accounts", &rows(&frame, &ask, &found, &roles, live)))
            (ask.pages(&frame, number, SIZE, total))
        } @else if !asked.q.trim().is_empty() || number > 1 {
            (notice::empty("No service account matches", "Try a part of the name.", &button::link(&frame.at("/service-accounts"), "Show all service accounts")))
        } @else {
            (notice::empty("No service accounts yet", "Scripts, pipelines and Terraform should act as a service account: it has roles and tokens of its own, and stays when people leave.", &create(None)))
        }
    };
    let page = Page::new(Section::ServiceAccounts, "Service accounts", body).watch(watch);
    Ok(frame.page(&viewer, &page.actions(create(Some("c")))))
}

fn rows(frame: &Frame, ask: &Ask<'_>, found: &[Person], roles: &[Role], live: impl Fn(i64) -> i64) -> Markup {
    html! {
        table.rows {
            thead { tr {
                (ask.heading(frame, "name", "Name")) th scope="col" { "User name" } th scope="col" { "Root role" }
                th.number scope="col" { "Tokens" } (ask.heading(frame, "seen", "Last seen")) th scope="col" { "Created" }
            } }
            tbody {
                @for it in found {
                    @let count = live(it.user.id);
                    tr data-row id={ "row-" (it.user.id) } {
                        td.wide { a.row-link href=(frame.at(&path(it.user.id))) { (it.user.called()) } }
                        td { (or_dash(it.user.username.as_deref())) }
                        td { (role_name(roles, it.user.root_role)) }
                        td.number { @if count == 0 { (tag::toned("none that works", "warning")) } @else { (count) } }
                        td { (time::ago_or(it.user.seen_at, frame.now, "never")) }
                        td { (time::ago(it.user.created_at, frame.now)) }
                    }
                }
            }
        }
    }
}
