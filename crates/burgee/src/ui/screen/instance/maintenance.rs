//! The switch after which nothing can be changed.

use axum::extract::State;
use axum::response::Response;
use maud::html;

use super::page;
use crate::access::{Granted, Maintain};
use crate::instance::settings::{self, Maintenance};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Viewer};
use crate::ui::part::switch::{Switch, Switched, switch};
use crate::ui::{Places, Ui};

const HERE: &str = "/instance/maintenance";

pub(super) fn places(places: Places) -> Places {
    places.page(HERE, show).action(HERE, maintain)
}

async fn show(grant: Granted<Maintain>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let body = html! {
        section aria-labelledby="maintenance" {
            div.row.spread {
                h2 #maintenance { "Maintenance mode" }
                (switch(&Switch { id: "switch-maintenance", label: "Maintenance mode", on: viewer.maintenance, action: &frame.at(HERE), back: HERE, why_not: None }))
            }
            p.muted.lead { "While it is on, nobody can change anything here or with the Admin API, and every page says so. Applications still get their flags, and identity providers still provision." }
        }
    };
    Ok(frame.page(&viewer, &page(&frame, &viewer, HERE, &body)))
}

async fn maintain(
    grant: Granted<Maintain>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(wanted): Form<Switched>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, frame.now).await?;
    settings::store(&mut tx, &Maintenance { enabled: wanted.enabled }).await?;
    let changed = tx.recorded() > 0;
    tx.commit().await?;
    let (state, back) = if wanted.enabled { ("on", "false") } else { ("off", "true") };
    let note = Note::switched(changed, format!("Maintenance mode is {state}"), HERE, &[("enabled", back)]);
    Ok(frame.done(HERE, &note))
}
