//! What a user may do, and why.

use axum::extract::State;
use axum::response::Response;

use super::path;
use super::user::Seen;
use crate::access::reach::Whose;
use crate::access::{Administer, Granted};
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::{Number, Query};
use crate::ui::screen::access::{self, Question};
use crate::ui::{Places, Ui};

pub(super) fn places(places: Places) -> Places {
    places.page("/users/{id}/access", show)
}

async fn show(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
    Query(question): Query<Question>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let seen = Seen::of(&grant, &mut tx, id).await?;
    let about = access::About {
        whose: Whose::User(id),
        name: &seen.person.user.called(),
        path: &format!("{}/access", path(id)),
        active: seen.person.user.active,
    };
    let body = access::explained(&frame, &mut tx, &seen.viewer, &about, &question).await?;
    Ok(seen.page(&frame, "Access", &body))
}
