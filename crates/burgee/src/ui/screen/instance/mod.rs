//! The server itself: how it is, how it is set up, how much there is of what, who signed in.

mod banners;
mod configuration;
mod figures;
mod sessions;
mod sign_ins;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use crate::access::{Administer, Granted, Maintain};
use crate::events::{self, Filter};
use crate::instance::identity;
use crate::instance::settings::{self, Maintenance};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Viewer};
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::switch::{Switch, switch};
use crate::ui::part::{table, tag, time};
use crate::ui::{Places, Ui};

pub(in crate::ui) fn places(places: Places) -> Places {
    places
        .page("/instance", health)
        .action("/instance/maintenance", maintain)
        .with(configuration::places)
        .with(figures::places)
        .with(banners::places)
        .with(sign_ins::places)
        .with(sessions::places)
}

const PATHS: [(&str, &str); 6] = [
    ("Health", "/instance"),
    ("Configuration", "/instance/configuration"),
    ("Statistics", "/instance/statistics"),
    ("Banners", "/instance/banners"),
    ("Sign-ins", "/instance/sign-ins"),
    ("Sessions", "/instance/sessions"),
];

/// A page about the server under its tabs.
fn page(frame: &Frame, here: &str, body: &Markup) -> Page {
    let tabs: Vec<(&str, String, bool)> =
        PATHS.into_iter().map(|(name, path)| (name, frame.at(path), path == here)).collect();
    Page::new(Section::Instance, "Instance", html! { (table::tabs("Instance", &tabs)) (body) })
}

async fn health(grant: Granted<Administer>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    let (engine, version, schema) = ui.db.about().await?;
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let id = identity::id(&mut tx).await?;
    let copy = &ui.published;
    let revision = copy.revision();
    let which = Filter { ids: vec![revision], ..Filter::default() };
    let (last, _) = events::search(&mut tx, &which, 0, 1).await?;
    let watch = Watch::over(&grant, &mut tx, None, None).await?;
    let lost = ui.usage.lost();
    let good = |fine: bool, yes, no| if fine { tag::toned(yes, "good") } else { tag::toned(no, "warning") };
    let body = html! {
        div.places {
            section.place aria-labelledby="database" {
                header { h2 #database { "Database" } (good(true, "answers", "")) }
                dl.facts {
                    div { dt { "Kind" } dd { (engine) " " (version) } }
                    div { dt { "Schema" } dd { "version " (schema) ", up to date" } }
                }
            }
            section.place aria-labelledby="copy" {
                header { h2 #copy { "What clients get" } (good(copy.is_fresh(), "up to date", "out of date")) }
                dl.facts {
                    div { dt { "Last change" } dd {
                        @match last.first() {
                            Some(event) => { a href=(frame.at(&format!("/events/{revision}"))) { "#" (revision) } " " (time::ago(event.created_at, frame.now)) },
                            None => span.muted { "none" },
                        }
                    } }
                }
                @if !copy.is_fresh() { p.muted { "The database did not answer lately. Clients get what was last known, until it does." } }
            }
            section.place aria-labelledby="streams" {
                header { h2 #streams { "Streams" } }
                dl.facts {
                    div { dt { "Open" } dd { (ui.streams.open()) } }
                    div { dt { "Limit" } dd { (ui.config.streaming_max_connections) " of each kind" } }
                }
                p.muted { "SDKs and pages that follow changes as they happen." }
            }
            section.place aria-labelledby="usage" {
                header { h2 #usage { "Usage of flags" } (good(lost == 0, "complete", "incomplete")) }
                dl.facts { div { dt { "Counters lost" } dd { (lost) } } }
                p.muted { @if lost == 0 { "Everything that applications reported since the start is counted." } @else { "More was reported than there was room for, or the database did not take it." } }
            }
        }
        section aria-labelledby="maintenance" {
            div.row.spread {
                h2 #maintenance { "Maintenance mode" }
                (switch(&Switch { id: "switch-maintenance", label: "Maintenance mode", on: viewer.maintenance, action: &frame.at("/instance/maintenance"), back: "/instance", why_not: None }))
            }
            p.muted.lead { "While it is on, nobody can change anything here or with the Admin API, and every page says so. Applications still get their flags, and identity providers still provision." }
        }
        section aria-labelledby="about" {
            h2 #about { "About" }
            dl.facts {
                div { dt { "Version" } dd { (env!("CARGO_PKG_VERSION")) } }
                div { dt { "Address" } dd { (ui.config.url()) } }
                div { dt { "Instance ID" } dd { (id) } }
            }
            ul.links {
                li { a href=(frame.at("/docs/openapi.json")) hx-boost="false" { "OpenAPI document" } span.muted { "every operation of the Admin API" } }
                li { a href=(frame.at("/internal-backstage/prometheus")) hx-boost="false" { "Metrics" } span.muted { "for Prometheus" } }
                li { a href=(frame.at("/ready")) hx-boost="false" { "Readiness" } span.muted { "for load balancers; " code { "/health" } " says that the process lives" } }
                li { a href=(frame.at("/design")) { "Design" } span.muted { "the parts that pages are made of" } }
            }
        }
    };
    Ok(frame.page(&viewer, &page(&frame, "/instance", &body).watch(watch)))
}

#[derive(Deserialize)]
struct Wanted {
    enabled: bool,
}

async fn maintain(
    grant: Granted<Maintain>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(wanted): Form<Wanted>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, frame.now).await?;
    settings::store(&mut tx, &Maintenance { enabled: wanted.enabled }).await?;
    tx.commit().await?;
    let (state, back) = if wanted.enabled { ("on", "false") } else { ("off", "true") };
    let note = Note::new(format!("Maintenance mode is {state}"));
    Ok(frame.done("/instance", &note.undo("/instance/maintenance", &[("enabled", back)])))
}
