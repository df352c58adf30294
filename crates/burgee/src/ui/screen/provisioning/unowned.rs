//! Accounts that no connection owns.

use axum::extract::State;
use axum::response::Response;
use maud::html;
use serde::Deserialize;

use crate::access::{Administer, Granted};
use crate::provisioning::drift;
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::{Query, Viewer};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::notice::empty;
use crate::ui::part::table::{self, Ask};
use crate::ui::part::{button, tag, time};
use crate::ui::{Places, Ui};

const PATH: &str = "/provisioning/unowned";
/// How many accounts a page has.
const SIZE: i64 = 50;

pub(super) fn places(places: Places) -> Places {
    places.page(PATH, list)
}

#[derive(Deserialize)]
struct Asked {
    page: Option<i64>,
}

async fn list(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let page = table::number(asked.page);
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let (found, total) = drift::unowned(&mut tx, (page - 1) * SIZE, SIZE).await?;
    let ask = Ask { path: PATH, pairs: Vec::new() };
    let body = html! {
        p.muted { "Active people whom no identity provider manages. When they leave the company, nobody takes their access away but you." }
        @if found.is_empty() {
            (empty("Nobody", "Everybody with access is managed by an identity provider.", &button::link(&frame.at("/provisioning"), "Provisioning")))
        } @else {
            (table::scroll("Accounts without a connection", &html! {
                table.rows.stacks {
                    thead { tr { th scope="col" { "Person" } th scope="col" { "Root role" } th scope="col" { "Origin" } th scope="col" { "Last seen" } } }
                    tbody {
                        @for it in &found {
                            tr {
                                td.wide {
                                    a.row-link href=(frame.at(&format!("/users/{}", it.id))) { (it.called()) }
                                    @if let Some(email) = it.email.as_deref().filter(|email| *email != it.called()) { div.muted.clip { (email) } }
                                }
                                td { (it.root_role) }
                                td {
                                    @if let Some(connection) = &it.removed_by { (tag::toned("removed by its identity provider", "warning")) " " @if connection != "default" { "(" (connection) ") " } }
                                    @match &it.created_by { Some(who) => { "made by " (who) }, None => "made by the server" }
                                    " " span.muted { (time::ago(it.created_at, frame.now)) }
                                }
                                td data-label="Last seen" { (time::ago_or(it.seen_at, frame.now, "never")) }
                            }
                        }
                    }
                }
            }))
        }
        @if total > 0 { (ask.pages(&frame, page, SIZE, total)) }
    };
    let page = Page::new(Section::Provisioning, "Accounts without a connection", body)
        .below("Provisioning", "/provisioning".to_owned());
    Ok(frame.page(&viewer, &page))
}
