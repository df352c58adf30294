//! Who signed in, and who tried to.

use axum::extract::State;
use axum::response::Response;
use maud::html;
use serde::Deserialize;
use serde_json::json;

use super::page;
use crate::access::{Granted, ReadInstanceLogs};
use crate::clock::Time;
use crate::db::Read;
use crate::error::Error;
use crate::gate::csv;
use crate::people::login_history::{self, Login};
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::{Query, Viewer};
use crate::ui::part::table::{self, Ask};
use crate::ui::part::{button, filter, icon, notice, sign_in};
use crate::ui::{Places, Ui};

const HERE: &str = "/instance/sign-ins";
const FILE: &str = "/instance/sign-ins.csv";
/// How many a page has.
const SIZE: i64 = 50;

pub(super) fn places(places: Places) -> Places {
    places.page(HERE, list).page(FILE, file)
}

/// What the address asks for.
#[derive(Default, Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    which: String,
    page: Option<i64>,
}

impl Asked {
    async fn search(&self, tx: &mut Read, now: Time, window: (i64, i64)) -> Result<(Vec<Login>, i64), Error> {
        login_history::search(tx, now, self.q.trim(), self.which == "refused", window).await
    }
}

async fn list(
    grant: Granted<ReadInstanceLogs>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let number = table::number(asked.page);
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let (logins, total) = asked.search(&mut tx, frame.now, ((number - 1) * SIZE, SIZE)).await?;
    let pairs = [("q", &asked.q), ("which", &asked.which)];
    let ask = Ask { path: HERE, pairs: pairs.map(|(name, value)| (name, value.clone())).to_vec() };
    let body = html! {
        p.muted { "Who tried to sign in during the last two weeks." }
        div.filters {
            (filter::search(&frame, &ask, "Find sign-ins by user name or address", "Find by name or address"))
            nav.segments aria-label="Outcome" {
                @for (which, label) in [("", "All"), ("refused", "Refused")] {
                    a href=(ask.with(&frame, &[("which", which)])) aria-current=[(asked.which == which).then_some("true")] { (label) }
                }
            }
        }
        @if logins.is_empty() {
            (notice::empty("No sign-in matches", "Nobody tried in these two weeks, or nobody by that name.", &button::link(&frame.at(HERE), "Show all")))
        } @else {
            (sign_in::tries(&frame, &logins))
            (ask.pages(&frame, number, SIZE, total))
        }
    };
    let file = Ask { path: FILE, ..ask };
    let save = html! { a.button href=(file.with(&frame, &[])) hx-boost="false" { (icon::download()) "CSV" } };
    Ok(frame.page(&viewer, &page(&frame, &viewer, HERE, &body).actions(save)))
}

/// All that the list has, on all of its pages.
async fn file(
    _: Granted<ReadInstanceLogs>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let (logins, _) = asked.search(&mut tx, frame.now, (0, login_history::MOST)).await?;
    let columns = ["when", "user name", "outcome", "reason", "address"];
    let rows = logins.into_iter().map(|login| {
        let outcome = if login.successful { "signed in" } else { "refused" };
        vec![
            json!(login.created_at),
            json!(login.username),
            json!(outcome),
            json!(login.failure_reason),
            json!(login.ip),
        ]
    });
    Ok(csv::table("sign-ins", &columns, rows))
}
