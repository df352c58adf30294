//! Who is signed in now.

use axum::extract::State;
use axum::response::Response;
use maud::html;
use serde::Deserialize;

use super::page;
use crate::access::{Administer, Granted};
use crate::entropy::digest;
use crate::people::signed_in;
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Cookie, Form, Query, Viewer};
use crate::ui::part::sign_in::{self, Sessions};
use crate::ui::part::table::{self, Ask};
use crate::ui::part::{button, filter, notice};
use crate::ui::{Places, Ui};

const HERE: &str = "/instance/sessions";
/// How many a page has.
const SIZE: i64 = 50;

pub(super) fn places(places: Places) -> Places {
    places.page(HERE, list).action("/instance/sessions/end", end)
}

/// What the address asks for.
#[derive(Default, Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
    page: Option<i64>,
}

async fn list(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    Cookie(cookie): Cookie,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let number = table::number(asked.page);
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let window = ((number - 1) * SIZE, SIZE);
    let (sessions, total) = signed_in::search(&mut tx, frame.now, asked.q.trim(), window).await?;
    let (mine, end) = (digest(&cookie), frame.at("/instance/sessions/end"));
    let with = Sessions { named: true, end: Some(&end), mine: &mine };
    let ask = Ask { path: HERE, pairs: vec![("q", asked.q.clone())] };
    let body = html! {
        div.filters { (filter::search(&frame, &ask, "Find sessions by user name or e-mail address", "Find by name")) }
        @if sessions.is_empty() {
            (notice::empty("No session matches", "Nobody by that name is signed in.", &button::link(&frame.at(HERE), "Show all")))
        } @else {
            (sign_in::sessions(&frame, &sessions, with))
            (ask.pages(&frame, number, SIZE, total))
        }
    };
    Ok(frame.page(&viewer, &page(&frame, &viewer, HERE, &body)))
}

#[derive(Deserialize)]
struct Sent {
    session: String,
}

async fn end(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, frame.now).await?;
    signed_in::end(&mut tx, &sent.session).await?;
    tx.commit().await?;
    Ok(frame.done(HERE, &Note::new("The session has ended")))
}
