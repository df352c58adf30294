//! The server itself: how it is, how it is set up, how much there is of what, who signed in.

mod banners;
mod configuration;
mod figures;
mod maintenance;
mod sessions;
mod sign_ins;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use crate::access::{
    Administer, Granted, Guard, Maintain, ManageBanners, Permission, ReadInstanceLogs, SeeInstance,
};
use crate::events::{self, Filter};
use crate::instance::identity;
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::Viewer;
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::{table, tag, time};
use crate::ui::{Places, Ui};

pub(in crate::ui) fn places(places: Places) -> Places {
    places
        .page("/instance", health)
        .with(configuration::places)
        .with(figures::places)
        .with(maintenance::places)
        .with(banners::places)
        .with(sign_ins::places)
        .with(sessions::places)
}

/// The pages, with what it takes to see each.
const PATHS: [(&str, &str, &[Permission]); 7] = [
    ("Health", "/instance", Administer::ANY_OF),
    ("Configuration", "/instance/configuration", Administer::ANY_OF),
    ("Statistics", "/instance/statistics", Administer::ANY_OF),
    ("Maintenance", "/instance/maintenance", Maintain::ANY_OF),
    ("Banners", "/instance/banners", ManageBanners::ANY_OF),
    ("Sign-ins", "/instance/sign-ins", ReadInstanceLogs::ANY_OF),
    ("Sessions", "/instance/sessions", Administer::ANY_OF),
];

/// A page about the server under the tabs that the reader sees.
fn page(frame: &Frame, viewer: &Viewer, here: &str, body: &Markup) -> Page {
    let seen = PATHS.into_iter().filter(|(.., needs)| viewer.sees(needs));
    let tabs: Vec<(&str, String, bool)> =
        seen.map(|(name, path, _)| (name, frame.at(path), path == here)).collect();
    Page::new(Section::Instance, "Instance", html! { (table::tabs("Instance", &tabs)) (body) })
}

/// The first of the pages, or the first that the reader sees.
async fn health(grant: Granted<SeeInstance>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    let (engine, version, schema) = ui.db.about().await?;
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    match PATHS.into_iter().find(|(.., needs)| viewer.sees(needs)) {
        Some((_, path, _)) if path != "/instance" => return Ok(frame.go(path)),
        _ => {}
    }
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
    Ok(frame.page(&viewer, &page(&frame, &viewer, "/instance", &body).watch(watch)))
}
