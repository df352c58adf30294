//! Provisioning: which identity provider manages people and groups here, and how it is set up.

mod guide;
mod removal;

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use crate::access::{Administer, ConfigureAuth, Granted, admins};
use crate::db::Read;
use crate::events::{self, Filter};
use crate::provisioning::connection::{self, Connection, NewToken, Overview};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Query, Viewer, why_not_everywhere};
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::notice::{Tone, notice};
use crate::ui::part::switch::{Switch, Switched, switch};
use crate::ui::part::{button, code, event, secret, tag, time};
use crate::ui::{Places, Ui};

/// How many events are shown.
const LATEST: i64 = 10;

pub(in crate::ui) fn places(places: Places) -> Places {
    places
        .page("/provisioning", show)
        .action("/provisioning/{id}/switch", enable)
        .page("/provisioning/{id}/token", ask_token)
        .action("/provisioning/{id}/token", new_token)
        .with(guide::places)
        .with(removal::places)
}

/// What the address asks for: whose steps are shown.
#[derive(Default, Deserialize)]
struct Asked {
    #[serde(default)]
    r#for: String,
}

/// The address that an identity provider is given.
fn base_url(ui: &Ui) -> String {
    format!("{}/scim", ui.config.url())
}

async fn one(tx: &mut Read, id: &str) -> Result<Overview, Fault> {
    let found = connection::list(tx).await?.into_iter().find(|it| it.connection.id.to_string() == id);
    found.ok_or_else(|| Fault::missing("There is no such connection."))
}

async fn show(
    grant: Granted<ConfigureAuth>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let connections = connection::list(&mut tx).await?;
    let safe = admins::way_back_in(&mut tx).await?;
    let why_not = why_not_everywhere::<Administer>(grant.held());
    let admin = grant.held().is_admin();
    let by =
        Filter { connections: connections.iter().map(|it| it.connection.id).collect(), ..Filter::default() };
    let latest = if admin { events::search(&mut tx, &by, 0, LATEST).await?.0 } else { Vec::new() };
    let watch = Watch::over(&grant, &mut tx, None, None).await?;
    let quirks = ui.metrics.quirks();
    let fresh = connections.iter().all(|it| !it.connection.enabled && it.token_at.is_none() && it.users == 0);
    let body = html! {
        @if fresh {
            div.empty {
                p.empty-title { "No identity provider is connected" }
                p { "Okta, Microsoft Entra ID or any SCIM 2.0 client can create, change and remove people and groups here. Who leaves the company loses all access at once, and a pushed group can carry a role." }
                p { "Make a token, switch provisioning on, then follow the steps below." }
            }
        }
        @for it in &connections { (card(&ui, &frame, it, why_not.as_deref(), safe)) }
        (guide::section(&ui, &frame, &asked.r#for))
        @if !quirks.is_empty() {
            section aria-labelledby="quirks" {
                h2 #quirks { "Deviations from the standard" }
                p.muted { "What the identity provider sends against the standard, and is understood all the same. Counted since this server started." }
                p.chips { @for (name, times) in &quirks { (tag::chip(&format!("{name} {times}"))) } }
            }
        }
        @if admin && (!latest.is_empty() || !fresh) {
            section aria-labelledby="latest" {
                h2 #latest { "Recent changes" }
                @if latest.is_empty() { p.calm { "Nothing yet. Assign yourself in the identity provider: you appear here." } }
                @else { (event::feed(&frame, &latest, event::Among::Many)) }
            }
        }
        (removal::section(&frame, &connections, why_not.as_deref()))
    };
    Ok(frame.page(&viewer, &Page::new(Section::Provisioning, "Provisioning", body).watch(watch)))
}

/// A connection: whether it is on, what it manages, when it last called.
fn card(ui: &Ui, frame: &Frame, it: &Overview, why_not: Option<&str>, safe: bool) -> Markup {
    let unsafe_now = "Nobody could administer burgee if the identity provider removed its admins. Keep an active admin with a password who is not provisioned, or give a provisioned group the Admin role.";
    let Connection { id, enabled, .. } = it.connection;
    let name = &it.connection.setup.name;
    let reason = why_not.or((!enabled && !safe).then_some(unsafe_now));
    let to = |step: &str| frame.at(&format!("/provisioning/{id}{step}"));
    html! {
        article.card id={ "connection-" (id) } aria-labelledby={ "connection-" (id) "-name" } {
            header.row.spread {
                h2.row id={ "connection-" (id) "-name" } {
                    @if name == "default" { "Identity provider" } @else { (name) }
                    @if enabled { (tag::toned("on", "good")) } @else { (tag::chip("off")) }
                    @if enabled && it.token_at.is_none() { (tag::toned("no token", "warning")) }
                }
                (switch(&Switch { id: &format!("switch-{id}"), label: &format!("Provisioning by {name}"), on: enabled, action: &to("/switch"), back: "/provisioning", why_not: reason }))
            }
            @if !enabled && it.token_at.is_some() {
                (notice(Tone::Info, "Provisioning is off", &html! { p { "Calls of the identity provider are refused, and what it manages can be changed by hand." } }))
            }
            dl.facts {
                div { dt { "Last call" } dd { (time::ago_or(it.called_at, frame.now, "never")) } }
                div { dt { "People" } dd { @if it.users > 0 { a href=(frame.at("/users?origin=scim")) { (it.users) } @if it.inactive > 0 { span.muted { " · " (it.inactive) " inactive" } } } @else { "0" } } }
                div { dt { "Groups" } dd { @if it.groups > 0 { a href=(frame.at("/groups?origin=scim")) { (it.groups) } } @else { "0" } } }
                div { dt { "Token" } dd { @match it.token_at { Some(at) => { "made " (time::ago(at, frame.now)) }, None => span.muted { "none" } } } }
            }
            div.field { p.label { "Base URL" } (code::block("Base URL", &base_url(ui))) }
            div.row {
                @let label = if it.token_at.is_some() { "New token…" } else { "Create token…" };
                @match why_not {
                    None if it.token_at.is_some() => a.button #new-token href=(to("/token")) { (label) },
                    None => a.button.primary #new-token href=(to("/token")) { (label) },
                    Some(_) => (button::or_why("new-token", label, why_not)),
                }
            }
        }
    }
}

async fn enable(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(id): Path<String>,
    Form(wanted): Form<Switched>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, frame.now).await?;
    let it = one(&mut tx, &id).await?;
    connection::enable(&mut tx, it.connection.id, wanted.enabled).await?;
    let changed = tx.recorded() > 0;
    tx.commit().await?;
    let (state, back) = if wanted.enabled { ("on", "false") } else { ("off", "true") };
    let undo = format!("/provisioning/{id}/switch");
    let note = Note::switched(changed, format!("Provisioning is {state}"), undo, &[("enabled", back)]);
    Ok(frame.done("/provisioning", &note))
}

async fn ask_token(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let it = one(&mut tx, &id).await?;
    let body = html! {
        @if it.token_at.is_some() {
            (notice(Tone::Warning, "The current token stops working at once", &html! {
                p { "The identity provider is refused until it has the new one. It called " (time::ago_or(it.called_at, frame.now, "never")) ". Nothing is lost: it sends again what failed." }
            }))
        }
        p { "The new token is shown once. Whoever holds it can make admins, by way of a group that carries the role." }
        form.row method="post" action=(frame.at(&format!("/provisioning/{id}/token"))) {
            button.button.danger #new-token { "Create new token" }
            (button::link(&frame.at("/provisioning"), "Cancel"))
        }
    };
    let page = Page::new(Section::Provisioning, "New provisioning token", body);
    Ok(frame.page(&viewer, &page.below("Provisioning", "/provisioning".to_owned())))
}

async fn new_token(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, frame.now).await?;
    let it = one(&mut tx, &id).await?;
    let new = NewToken::default();
    let (_, token) = connection::issue(&mut tx, &ui.entropy, it.connection.id, new).await?;
    tx.commit().await?;
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let body = html! {
        (secret::once("provisioning token", &token))
        @if !it.connection.enabled {
            (notice(Tone::Warning, "Provisioning is still off", &html! { p { "Switch it on before the identity provider tests the connection." } }))
        }
        div.field { p.label { "Base URL" } (code::block("Base URL", &base_url(&ui))) }
        section aria-labelledby="try" {
            h2 #try { "Try it" }
            (code::block("A call with it", &format!("curl -H 'Authorization: Bearer {token}' {}/v2/Users", base_url(&ui))))
        }
        div.row { (button::link(&frame.at("/provisioning"), "Back to provisioning")) }
    };
    let page = Page::new(Section::Provisioning, "The provisioning token is there", body);
    Ok(frame.page(&viewer, &page.below("Provisioning", "/provisioning".to_owned())))
}
