//! Receivers of SCIM events: who is told what happens to provisioned people and groups, and how far each has come.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::name;
use super::receiver::{self, told};
use crate::access::{Administer, ConfigureAuth, Granted};
use crate::provisioning::connection::{self, Overview};
use crate::provisioning::signals::{self, Delivery, Receiver, State as Standing};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Number, Viewer, why_not_everywhere};
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::switch::{Switch, Switched, switch};
use crate::ui::part::{button, notice, table, tag, time};
use crate::ui::{Places, Ui};

pub(super) const HERE: &str = "/provisioning/receivers";

pub(super) fn places(places: Places) -> Places {
    places
        .page(HERE, list)
        .action("/provisioning/receivers/{id}/switch", turn)
        .action("/provisioning/receivers/key", rotate)
        .with(receiver::places)
}

async fn list(grant: Granted<ConfigureAuth>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let why_not = why_not_everywhere::<Administer>(grant.held());
    let why_not = why_not.as_deref();
    let all = signals::list(&mut tx).await?;
    let states = signals::states(&mut tx).await?;
    let connections = connection::list(&mut tx).await?;
    let watch = Watch::over(&grant, &mut tx, None, None).await?;
    let add = |key| button::main_link(&frame.at("/provisioning/receivers/new"), "New receiver", why_not, key);
    let body = html! {
        p.lead.muted { "Each is told what happens to provisioned people and groups, as signed security event tokens (RFC 9967): an inner SIEM, say, or an application that follows along." }
        @if all.is_empty() {
            (notice::empty("Nobody is told", "A receiver gets events pushed to an address, or fetches them with a token of its own. Notices carry the names of attributes, and nobody's data.", &add(None)))
        } @else {
            (table::scroll("Receivers", &rows(&frame, &all, &states, &connections, why_not)))
            section.card aria-labelledby="key" {
                h2 #key { "Signing key" }
                p { "Receivers check events by the keys at " code { (ui.config.url()) "/.well-known/jwks.json" } ". One that is replaced signs nothing any more, and stays there for 30 days." }
                form method="post" action=(frame.at("/provisioning/receivers/key")) { (button::or_why("rotate", "Replace the key", why_not)) }
            }
        }
    };
    let page = Page::new(Section::Provisioning, "Receivers of events", body)
        .below("Provisioning", "/provisioning".to_owned())
        .actions(add(Some("c")))
        .watch(watch);
    Ok(frame.page(&viewer, &page))
}

fn rows(
    frame: &Frame,
    all: &[Receiver],
    states: &[Standing],
    connections: &[Overview],
    why_not: Option<&str>,
) -> Markup {
    html! {
        table.rows.stacks {
            thead { tr {
                th scope="col" { "On" } th scope="col" { "Name" } th scope="col" { "Told of" } th scope="col" { "Delivery" }
                th scope="col" { "Last taken" } th scope="col" { "Waiting" } th scope="col" { "Last error" }
            } }
            tbody { @for it in all {
                @let state = states.iter().find(|state| state.receiver_id == it.id);
                @let of = it.connection_id.and_then(|id| connections.iter().find(|known| known.connection.id == id));
                tr data-row {
                    td { (switch(&Switch { id: &format!("switch-{}", it.id), label: &format!("Tell {}", it.name), on: it.enabled, action: &frame.at(&format!("{HERE}/{}/switch", it.id)), back: HERE, why_not })) }
                    td.wide { @if why_not.is_none() { a.row-link href=(frame.at(&format!("{HERE}/{}", it.id))) { (it.name) } } @else { (it.name) } }
                    td { @match of { Some(known) => (name(&known.connection)), None => span.muted { "all connections" } } }
                    td.muted { (way(it.delivery)) }
                    @if let Some(state) = state {
                        td data-label="Last taken" { (time::ago_or(state.delivered_at, frame.now, "never")) }
                        td data-label="Waiting" { (told(state.waiting)) }
                        td.wide data-label="Last error" { (trouble(frame, state)) }
                    } @else { td {} td {} td {} }
                }
            } }
        }
    }
}

/// How events get there, in a word.
pub(super) const fn way(delivery: Delivery) -> &'static str {
    match delivery {
        Delivery::Push => "pushed",
        Delivery::Poll => "fetched",
    }
}

/// What went wrong last, and whether it still does.
pub(super) fn trouble(frame: &Frame, state: &Standing) -> Markup {
    html! {
        @match &state.error {
            None => span.muted { "none" },
            Some(error) => {
                @if state.failures > 0 { (tag::toned("Failing", "warning")) " " }
                (error)
                @if let Some(at) = state.error_at { " " span.muted { (time::ago(at, frame.now)) } }
            },
        }
    }
}

async fn turn(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
    Form(sent): Form<Switched>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, frame.now).await?;
    let it = signals::enable(&mut tx, id, sent.enabled).await?;
    tx.commit().await?;
    let word = if it.enabled { "is told what happens" } else { "is told nothing; what happens waits for it" };
    Ok(frame.done(HERE, &Note::new(format!("{} {word}", it.name))))
}

async fn rotate(grant: Granted<Administer>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, frame.now).await?;
    signals::rotate(&mut tx, &ui.entropy).await?;
    tx.commit().await?;
    Ok(frame.done(HERE, &Note::new("Events are signed with a new key")))
}
