//! Provisioning: which identity providers manage people and groups here, and how each is set up.

pub(in crate::ui) mod calls;
mod client;
mod connection;
mod delete;
mod drift;
mod guide;
pub(in crate::ui) mod hold;
mod new;
mod receiver;
mod receivers;
mod removal;
mod roles;
mod settings;
pub(in crate::ui) mod silence;
mod tokens;
mod unowned;
mod wizard;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use crate::access::{Administer, ConfigureAuth, Granted, admins};
use crate::db::Read;
use crate::events::{self, Filter};
use crate::provisioning::connection::{self as connections, Connection, DEFAULT, Overview, Provider};
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::{Viewer, why_not_everywhere};
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::notice::{Tone, notice};
use crate::ui::part::{button, event, table, tag};
use crate::ui::{Places, Ui};

/// How many events are shown.
const LATEST: i64 = 10;

pub(in crate::ui) fn places(places: Places) -> Places {
    places
        .page("/provisioning", show)
        .with(new::places)
        .with(calls::places)
        .with(receivers::places)
        .with(guide::places)
        .with(connection::places)
        .with(wizard::places)
        .with(settings::places)
        .with(roles::places)
        .with(tokens::places)
        .with(client::places)
        .with(removal::places)
        .with(delete::places)
        .with(hold::places)
        .with(drift::places)
        .with(unowned::places)
}

/// What people read for the name of a connection: the default one has none that tells them anything.
fn name(it: &Connection) -> String {
    let named = it.id != DEFAULT || it.setup.name != "default";
    if named { it.setup.name.clone() } else { "Default connection".to_owned() }
}

/// Below the page of a connection.
fn below(page: Page, it: &Connection) -> Page {
    page.below("Provisioning", "/provisioning".to_owned())
        .below(&name(it), format!("/provisioning/{}", it.id))
}

/// What some connections changed last.
async fn latest(tx: &mut Read, frame: &Frame, connections: Vec<i64>) -> Result<Markup, Fault> {
    let by = Filter { connections, ..Filter::default() };
    let (latest, _) = events::search(tx, &by, 0, LATEST).await?;
    Ok(html! {
        section aria-labelledby="latest" {
            h2 #latest { "Recent changes" }
            @if latest.is_empty() { p.calm { "Nothing yet. Assign yourself in the identity provider: you appear here." } }
            @else { (event::feed(frame, &latest, event::Among::Many)) }
        }
    })
}

/// The pages of a connection.
fn tabs(frame: &Frame, id: i64, here: &str) -> Markup {
    let at = |step: &str| frame.at(&format!("/provisioning/{id}{step}"));
    table::tabs(
        "Connection",
        &[
            ("Overview", at(""), here.is_empty()),
            ("Held", at("/hold"), here == "hold"),
            ("Drift", at("/drift"), here == "drift"),
            ("Settings", at("/settings"), here == "settings"),
            ("Roles", at("/roles"), here == "roles"),
            ("OAuth", at("/client"), here == "client"),
        ],
    )
}

/// What has to be said where the server calls itself by an address that clouds do not call.
fn insecure(url: &str) -> Markup {
    html! {
        @if url.starts_with("http://") {
            (notice(Tone::Warning, "Identity providers in the cloud need HTTPS", &html! {
                p { "This server calls itself " code { (url) } ". Set " code { "UNLEASH_URL" } " to the address under which it is reached." }
            }))
        }
    }
}

/// True for a connection that nobody ever used.
fn untouched(it: &Overview) -> bool {
    !it.connection.enabled
        && it.token_at.is_none()
        && !it.has_client
        && it.users + it.groups == 0
        && it.called_at.is_none()
}

async fn show(grant: Granted<ConfigureAuth>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let all = connections::list(&mut tx).await?;
    let safe = admins::way_back_in(&mut tx).await?;
    let why_not = why_not_everywhere::<Administer>(grant.held());
    let admin = grant.held().is_admin();
    let watch = Watch::over(&grant, &mut tx, None, None).await?;
    let quirks = ui.metrics.quirks();
    let fresh = all.iter().all(untouched);
    let latest = if admin && !fresh {
        Some(latest(&mut tx, &frame, all.iter().map(|it| it.connection.id).collect()).await?)
    } else {
        None
    };
    let connect = |key| {
        button::main_link(
            &frame.at("/provisioning/new"),
            "Connect an identity provider",
            why_not.as_deref(),
            key,
        )
    };
    let silent = crate::provisioning::silence::silent(&mut tx, frame.now).await?;
    let held = crate::provisioning::hold::standing(&mut tx).await?;
    let body = html! {
        @for it in &silent {
            (notice(Tone::Warning, "The identity provider is silent", &html! { p { (silence::words(it, frame.now)) } }))
        }
        @for it in &held { (hold::told(&frame, it)) }
        @if fresh {
            div.empty {
                p.empty-title { "No identity provider is connected" }
                p { "Okta, Microsoft Entra ID or any other SCIM 2.0 client can create, change and remove people and groups here. Who leaves the company loses all access at once, and a pushed group can carry a role." }
                div.row {
                    @for it in Provider::ALL.iter().filter(|it| **it != Provider::Generic).chain([&Provider::Generic]) {
                        (button::link_or_why(&format!("connect-{}", it.name()), &frame.at(&format!("/provisioning/new?provider={}", it.name())), it.label(), why_not.as_deref()))
                    }
                }
            }
        }
        div.connections {
            @for it in all.iter().filter(|it| !untouched(it) || it.connection.id != DEFAULT) { (card(&frame, it, why_not.as_deref(), safe, held.iter().any(|held| held.connection == it.connection.id))) }
        }
        @if fresh || all.iter().any(|it| it.connection.id == DEFAULT && untouched(it)) {
            p.muted { "Unleash's own endpoints and " code { "INIT_SCIM_TOKEN" } " act on the " a href=(frame.at(&format!("/provisioning/{DEFAULT}"))) { "default connection" } ", which is not in use." }
        }
        @if !quirks.is_empty() {
            section aria-labelledby="quirks" {
                h2 #quirks { "Deviations from the standard" }
                p.muted { "What identity providers send against the standard, and is understood all the same. Counted since this server started." }
                p.chips { @for (name, times) in &quirks { (tag::chip(&format!("{name} {times}"))) } }
            }
        }
        @if let Some(latest) = latest { (latest) }
    };
    let actions = html! {
        @if admin {
            (button::link(&frame.at("/provisioning/unowned"), "Without a connection"))
            (button::link(&frame.at("/provisioning/calls"), "Calls"))
        }
        (button::link(&frame.at(receivers::HERE), "Receivers"))
        (connect(Some("c")))
    };
    let page = Page::new(Section::Provisioning, "Provisioning", body).actions(actions).watch(watch);
    Ok(frame.page(&viewer, &page))
}

/// A connection: whether it is on, what it manages, when it last called.
fn card(frame: &Frame, it: &Overview, why_not: Option<&str>, safe: bool, held: bool) -> Markup {
    let Connection { id, .. } = it.connection;
    let to = |step: &str| frame.at(&format!("/provisioning/{id}{step}"));
    html! {
        article.card id={ "connection-" (id) } aria-labelledby={ "connection-" (id) "-name" } {
            header.row.spread {
                h2.row id={ "connection-" (id) "-name" } {
                    a href=(to("")) { (name(&it.connection)) }
                    (connection::state(it, frame.now))
                    @if held { (tag::toned("removals held", "warning")) }
                }
                (connection::power(frame, &it.connection, why_not, safe, "/provisioning"))
            }
            (connection::rehearsed(frame, &it.connection))
            (connection::facts(frame, it))
            div.row {
                (button::link(&to(""), "Open"))
                (button::link(&to("/setup"), "Set up"))
                (button::link(&to("/settings"), "Settings"))
            }
        }
    }
}
