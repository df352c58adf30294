//! Who is signed in now.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::page;
use crate::access::{Administer, Granted};
use crate::entropy::digest;
use crate::people::signed_in::{self, Session};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Cookie, Form, Query, Viewer};
use crate::ui::part::table::{self, Ask};
use crate::ui::part::{button, icon, notice, tag, time};
use crate::ui::{Places, Ui};

const HERE: &str = "/instance/sessions";
/// How many a page has.
const SIZE: usize = 50;

pub(super) fn places(places: Places) -> Places {
    places.page(HERE, list).action("/instance/sessions/end", end)
}

/// What the address asks for.
#[derive(Default, Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
    page: Option<usize>,
}

fn name(session: &Session) -> &str {
    session.email.as_deref().or(session.username.as_deref()).unwrap_or("somebody")
}

async fn list(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    Cookie(cookie): Cookie,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let number = asked.page.unwrap_or(1).clamp(1, 1_000_000);
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let word = asked.q.trim().to_lowercase();
    let mut sessions = signed_in::list(&mut tx, frame.now).await?;
    sessions.retain(|session| name(session).to_lowercase().contains(&word));
    let shown: Vec<&Session> = sessions.iter().skip((number - 1) * SIZE).take(SIZE).collect();
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let ask = Ask { path: HERE, pairs: vec![("q", asked.q.clone())] };
    let body = html! {
        div.filters {
            form.filter role="search" method="get" action=(frame.at(HERE)) data-draft {
                (icon::search())
                input type="search" name="q" value=(asked.q) aria-label="Find sessions by user name or e-mail address" placeholder="Find by name" data-key="/";
                button.unseen { "Filter" }
            }
        }
        @if shown.is_empty() {
            (notice::empty("No session matches", "Nobody by that name is signed in.", &button::link(&frame.at(HERE), "Show all")))
        } @else {
            (table::scroll("Sessions", &rows(&frame, &shown, &digest(&cookie))))
            (ask.pages(&frame, count(number), count(SIZE), count(sessions.len())))
        }
    };
    Ok(frame.page(&viewer, &page(&frame, HERE, &body)))
}

fn rows(frame: &Frame, sessions: &[&Session], mine: &str) -> Markup {
    html! {
        table.rows {
            thead { tr { th scope="col" { "Who" } th scope="col" { "Browser" } th scope="col" { "Address" } th scope="col" { "Since" } th scope="col" { "Ends" } th scope="col" { span.unseen { "End it" } } } }
            tbody { @for session in sessions {
                tr {
                    td.wide { a.row-link href=(frame.at(&format!("/users/{}", session.user_id))) { (name(session)) } @if session.digest == mine { " " (tag::toned("this one", "good")) } }
                    td { (session.browser().unwrap_or("Unknown browser")) span.muted { " · " (session.device()) } }
                    td { (session.ip.as_deref().unwrap_or("unknown")) }
                    td { (time::ago(session.created_at, frame.now)) }
                    td { (time::ago(session.expires_at, frame.now)) }
                    td.number { @if session.digest != mine {
                        form method="post" action=(frame.at("/instance/sessions/end")) {
                            input type="hidden" name="session" value=(session.digest);
                            button.button.small id={ "end-" (session.digest) } { "End" span.unseen { " the session of " (name(session)) " in " (session.browser().unwrap_or("an unknown browser")) } }
                        }
                    } }
                }
            } }
        }
    }
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
