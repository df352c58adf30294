//! What a user did, and what was done to their account.

use axum::extract::State;
use axum::response::Response;
use maud::html;
use serde::Deserialize;

use super::path;
use super::user::Seen;
use crate::access::{Administer, Granted};
use crate::events::{self, Fact, Filter};
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::{Number, Query};
use crate::ui::part::event;
use crate::ui::part::table::{self, Ask};
use crate::ui::{Places, Ui};

/// How many events a page has.
const SIZE: i64 = 25;

pub(super) fn places(places: Places) -> Places {
    places.page("/users/{id}/events", show)
}

/// What the address asks for.
#[derive(Default, Deserialize)]
struct Asked {
    /// `about`: what was done to the account.
    #[serde(default)]
    what: String,
    page: Option<i64>,
}

/// What happens to accounts.
const ABOUT: [Fact; 7] = [
    Fact::UserCreated,
    Fact::UserUpdated,
    Fact::UserAdopted,
    Fact::AdminRetained,
    Fact::ResetLinkCreated,
    Fact::ScimRolesGiven,
    Fact::ScimRolesTaken,
];

async fn show(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let page = table::number(asked.page);
    let about = asked.what == "about";
    let mut tx = ui.db.read().await?;
    let seen = Seen::of(&grant, &mut tx, id).await?;
    let filter = if about {
        let types = ABOUT.iter().map(|fact| fact.name().to_owned()).collect();
        // The state of an account begins with its number.
        let query = Some(format!("{{\"id\":{id},"));
        Filter { types, query, from: Some(seen.person.user.created_at), ..Filter::default() }
    } else {
        Filter { created_by: vec![id], ..Filter::default() }
    };
    let (records, total) = events::search(&mut tx, &filter, (page - 1) * SIZE, SIZE).await?;
    let path = format!("{}/events", path(id));
    let ask = Ask { path: &path, pairs: vec![("what", asked.what.clone())] };
    let body = html! {
        div.filters {
            nav.segments aria-label="Which events" {
                a href=(ask.with(&frame, &[("what", "")])) aria-current=[(!about).then_some("true")] { "What they did" }
                a href=(ask.with(&frame, &[("what", "about")])) aria-current=[about.then_some("true")] { "What was done to the account" }
            }
        }
        (event::feed(&frame, &records, event::Among::Many))
        @if total > 0 { (ask.pages(&frame, page, SIZE, total)) }
    };
    Ok(seen.page(&frame, "Events", &body))
}
