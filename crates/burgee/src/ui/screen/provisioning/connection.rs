//! The page of a connection: whether it is on, whom it manages, its tokens, and what it did last.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::wizard::labelled;
use super::{hold, insecure, latest, name, removal, tabs, tokens};
use crate::access::{Administer, ConfigureAuth, Granted, admins};
use crate::clock::Time;
use crate::events::Change;
use crate::provisioning::connection::{self, Connection, Overview, UNSAFE};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Number, Viewer, why_not_everywhere};
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::notice::{Tone, notice};
use crate::ui::part::switch::{Switch, Switched, switch};
use crate::ui::part::{button, tag, time};
use crate::ui::{Places, Ui};

pub(super) fn places(places: Places) -> Places {
    places
        .page("/provisioning/{id}", show)
        .action("/provisioning/{id}/switch", enable)
        .action("/provisioning/{id}/pause", pause)
}

/// Words about the state of a connection.
pub(super) fn state(it: &Overview, now: Time) -> Markup {
    let Connection { enabled, paused, dry_run, .. } = it.connection;
    html! {
        @if enabled { (tag::toned("on", "good")) } @else { (tag::chip("off")) }
        @if paused { (tag::toned("paused", "warning")) }
        @if dry_run { (tag::toned("dry run", "info")) }
        @if enabled && !it.has_way_in(now) { (tag::toned(if it.token_at.is_some() { "token expired" } else { "no token" }, "warning")) }
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

/// That calls change nothing, while that is so.
pub(super) fn rehearsed(frame: &Frame, it: &Connection) -> Markup {
    html! {
        @if it.dry_run {
            (notice(Tone::Info, "Dry run: calls change nothing", &html! { p {
                "They are answered as if they were done. What would have changed is among the "
                a href=(frame.at(&format!("/provisioning/calls?connection={}", it.id))) { "calls" } "; it ends in the "
                a href=(frame.at(&format!("/provisioning/{}/settings", it.id))) { "settings" } "."
            } }))
        }
    }
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
    let latest = if admin { Some(latest(&mut tx, &frame, vec![id]).await?) } else { None };
    let watch = Watch::over(&grant, &mut tx, None, None).await?;
    let held = crate::provisioning::hold::standing(&mut tx).await?;
    let url = connection::url(&ui.config.url(), it);
    let here = format!("/provisioning/{id}");
    let body = html! {
        (tabs(&frame, id, ""))
        @for it in held.iter().filter(|held| held.connection == id) { (hold::told(&frame, it)) }
        @if it.paused {
            (notice(Tone::Warning, "Paused: calls have to come again later", &html! { p { "They are answered with 503. Nothing is lost: identity providers send again what failed. Whom it manages stays managed." } }))
        } @else if !it.enabled && overview.users + overview.groups > 0 {
            (notice(Tone::Info, "Provisioning is off", &html! { p { "Calls of the identity provider are refused, and the people whom it manages can be changed by hand." } }))
        }
        (rehearsed(&frame, it))
        section.card aria-label="State" {
            header.row.spread {
                div.row { (state(&overview, frame.now)) }
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
        (tokens::section(&frame, &overview, &found, why_not.as_deref()))
        @if let Some(latest) = latest {
            (latest)
            div.row { (button::link(&frame.at(&format!("/provisioning/calls?connection={id}")), "All calls")) }
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
    let text = format!("Provisioning by {} is {}", name(&it), if wanted.enabled { "on" } else { "off" });
    settle(&frame, tx, &format!("/provisioning/{id}"), "switch", wanted.enabled, text).await
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
    let text = format!("{} {}", name(&it), if wanted.enabled { "is paused" } else { "takes calls again" });
    settle(&frame, tx, &format!("/provisioning/{id}"), "pause", wanted.enabled, text).await
}

/// Makes lasting what a switch changed, and offers to turn it back.
async fn settle(
    frame: &Frame,
    tx: Change,
    page: &str,
    switch: &str,
    on: bool,
    text: String,
) -> Result<Response, Fault> {
    let changed = tx.recorded() > 0;
    tx.commit().await?;
    let back = if on { "false" } else { "true" };
    Ok(frame.done(page, &Note::switched(changed, text, format!("{page}/{switch}"), &[("enabled", back)])))
}
