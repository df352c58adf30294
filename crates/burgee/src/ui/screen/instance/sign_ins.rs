//! Who signed in, and who tried to.

use axum::extract::State;
use axum::response::Response;
use maud::html;
use serde::Deserialize;
use serde_json::json;

use super::page;
use crate::access::{Granted, ReadInstanceLogs};
use crate::gate::csv;
use crate::people::login_history;
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::{Query, Viewer};
use crate::ui::part::table::Ask;
use crate::ui::part::{button, icon, notice, sign_in};
use crate::ui::{Places, Ui};

const HERE: &str = "/instance/sign-ins";
/// How many a page has.
const SIZE: i64 = 50;

pub(super) fn places(places: Places) -> Places {
    places.page(HERE, list).page("/instance/sign-ins.csv", file)
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

async fn list(
    grant: Granted<ReadInstanceLogs>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let number = asked.page.unwrap_or(1).clamp(1, 1_000_000);
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let (text, refused) = (asked.q.trim(), asked.which == "refused");
    let window = ((number - 1) * SIZE, SIZE);
    let (logins, total) = login_history::search(&mut tx, frame.now, text, refused, window).await?;
    let pairs = [("q", &asked.q), ("which", &asked.which)];
    let ask = Ask { path: HERE, pairs: pairs.map(|(name, value)| (name, value.clone())).to_vec() };
    let body = html! {
        p.muted { "Who tried to sign in during the last two weeks." }
        div.filters {
            form.filter role="search" method="get" action=(frame.at(HERE)) data-draft {
                (icon::search())
                input type="search" name="q" value=(asked.q) aria-label="Find sign-ins by user name or address" placeholder="Find by name or address" data-key="/";
                input type="hidden" name="which" value=(asked.which);
                button.unseen { "Filter" }
            }
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
    let save = html! { a.button href=(frame.at("/instance/sign-ins.csv")) hx-boost="false" { (icon::download()) "All as CSV" } };
    Ok(frame.page(&viewer, &page(&frame, &viewer, HERE, &body).actions(save)))
}

async fn file(_: Granted<ReadInstanceLogs>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let logins = login_history::list(&mut tx, frame.now).await?;
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
