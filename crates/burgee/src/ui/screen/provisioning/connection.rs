//! The page of a connection: whether it is on, whom it manages, its tokens, and what it did last.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::wizard::labelled;
use super::{UNSAFE, insecure, name, removal, tabs, tokens};
use crate::access::{Administer, ConfigureAuth, Granted, admins};
use crate::events::{self, Filter};
use crate::provisioning::connection::{self, Connection, Overview};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Number, Viewer, why_not_everywhere};
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::notice::{Tone, notice};
use crate::ui::part::switch::{Switch, Switched, switch};
use crate::ui::part::{button, event, tag, time};
use crate::ui::{Places, Ui};

/// How many events are shown.
const LATEST: i64 = 10;

pub(super) fn places(places: Places) -> Places {
    places
        .page("/provisioning/{id}", show)
        .action("/provisioning/{id}/switch", enable)
        .action("/provisioning/{id}/pause", pause)
}

/// Words about the state of a connection.
pub(super) fn state(it: &Overview) -> Markup {
    let Connection { enabled, paused, dry_run, .. } = it.connection;
    html! {
        @if enabled { (tag::toned("on", "good")) } @else { (tag::chip("off")) }
        @if paused { (tag::toned("paused", "warning")) }
        @if dry_run { (tag::toned("dry run", "info")) }
        @if enabled && it.token_at.is_none() { (tag::toned("no token", "warning")) }
    }
}

/// The switch that lets the identity provider in.
pub(super) fn power(frame: &Frame, it: &Connection, why_not: Option<&str>, safe: bool, back: &str) -> Markup {
    let reason = why_not.or((!it.enabled && !safe).then_some(UNSAFE));
    switch(&Switch {
        id: &format!("switch-{}", it.id),
        label: &format!("Provisioning by {}", name(it)),
        on: it.enabled,
        action: &frame.at(&format!("/provisioning/{}/switch", it.id)),
        back,
        why_not: reason,
    })
}

/// Whom a connection manages, and when it called.
pub(super) fn facts(frame: &Frame, it: &Overview) -> Markup {
    html! {
        dl.facts {
            div { dt { "Identity provider" } dd { (it.connection.setup.provider.label()) } }
            div { dt { "Last call" } dd { (time::ago_or(it.called_at, frame.now, "never")) } }
            div { dt { "People" } dd { @if it.users > 0 { a href=(frame.at("/users?origin=scim")) { (it.users) } @if it.inactive > 0 { span.muted { " · " (it.inactive) " inactive" } } } @else { "0" } } }
            div { dt { "Groups" } dd { @if it.groups > 0 { a href=(frame.at("/groups?origin=scim")) { (it.groups) } } @else { "0" } } }
        }
    }
}

async fn show(
    grant: Granted<ConfigureAuth>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let overview = connection::overview(&mut tx, id).await?;
    let it = &overview.connection;
    let safe = admins::way_back_in(&mut tx).await?;
    let why_not = why_not_everywhere::<Administer>(grant.held());
    let found = connection::tokens(&mut tx, &ui.token_uses, id).await?;
    let admin = grant.held().is_admin();
    let by = Filter { connections: vec![id], ..Filter::default() };
    let latest = if admin { events::search(&mut tx, &by, 0, LATEST).await?.0 } else { Vec::new() };
    let watch = Watch::over(&grant, &mut tx, None, None).await?;
    let url = connection::url(&ui.config.url(), it);
    let here = format!("/provisioning/{id}");
    let body = html! {
        (tabs(&frame, id, ""))
        @if it.paused {
            (notice(Tone::Warning, "Paused: calls have to come again later", &html! { p { "They are answered with 503. Nothing is lost: identity providers send again what failed. Whom it manages stays managed." } }))
        } @else if !it.enabled && overview.users + overview.groups > 0 {
            (notice(Tone::Info, "Provisioning is off", &html! { p { "Calls of the identity provider are refused, and the people whom it manages can be changed by hand." } }))
        }
        section.card aria-label="State" {
            header.row.spread {
                div.row { (state(&overview)) }
                div.row {
                    form method="post" action=(frame.at(&format!("{here}/pause"))) {
                        input type="hidden" name="enabled" value=(!it.paused);
                        (button::or_why("pause", if it.paused { "Take calls again" } else { "Pause" }, why_not.as_deref()))
                    }
                    (power(&frame, it, why_not.as_deref(), safe, &here))
                }
            }
            (facts(&frame, &overview))
            (labelled("Base URL", &url))
            (insecure(&url))
            div.row { (button::link(&frame.at(&format!("{here}/setup")), "Set it up, step by step")) }
        }
        (tokens::section(&frame, id, &found, why_not.as_deref()))
        @if admin {
            section aria-labelledby="latest" {
                h2 #latest { "Recent changes" }
                @if latest.is_empty() { p.calm { "Nothing yet. Assign yourself in the identity provider: you appear here." } }
                @else { (event::feed(&frame, &latest, event::Among::Many)) }
                div.row { (button::link(&frame.at(&format!("/provisioning/calls?connection={id}")), "All calls")) }
            }
        }
        (removal::section(&frame, &overview, why_not.as_deref()))
    };
    let page = Page::new(Section::Provisioning, name(it), body)
        .below("Provisioning", "/provisioning".to_owned())
        .watch(watch);
    Ok(frame.page(&viewer, &page))
}

async fn enable(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
    Form(wanted): Form<Switched>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, frame.now).await?;
    let it = connection::get(&mut tx, id).await?;
    connection::enable(&mut tx, id, wanted.enabled).await?;
    let changed = tx.recorded() > 0;
    tx.commit().await?;
    let (state, back) = if wanted.enabled { ("on", "false") } else { ("off", "true") };
    let undo = format!("/provisioning/{id}/switch");
    let text = format!("Provisioning by {} is {state}", name(&it));
    Ok(frame.done(&format!("/provisioning/{id}"), &Note::switched(changed, text, undo, &[("enabled", back)])))
}

/// `enabled`: hold calls up.
async fn pause(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
    Form(wanted): Form<Switched>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, frame.now).await?;
    let it = connection::get(&mut tx, id).await?;
    connection::pause(&mut tx, id, wanted.enabled).await?;
    let changed = tx.recorded() > 0;
    tx.commit().await?;
    let (state, back) = if wanted.enabled { ("is paused", "false") } else { ("takes calls again", "true") };
    let undo = format!("/provisioning/{id}/pause");
    let text = format!("{} {state}", name(&it));
    Ok(frame.done(&format!("/provisioning/{id}"), &Note::switched(changed, text, undo, &[("enabled", back)])))
}
