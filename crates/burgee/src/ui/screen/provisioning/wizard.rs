//! Setting a connection up, step by step, up to the moment when the identity provider calls for the first time.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::{below, guide, insecure};
use crate::access::{Administer, ConfigureAuth, Granted, Guard, admins};
use crate::clock::Time;
use crate::db::Read;
use crate::people::seen::Subject;
use crate::provisioning::connection::{self, Connection, NewToken, Overview, Token};
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::{Number, Query, Viewer, why_not_everywhere};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::notice::{Tone, notice};
use crate::ui::part::{button, code, count, icon, secret, time};
use crate::ui::{Places, Ui};

pub(super) fn places(places: Places) -> Places {
    places
        .page("/provisioning/{id}/setup", show)
        .action("/provisioning/{id}/setup", begin)
        .page("/provisioning/{id}/setup/status", status)
}

async fn show(
    grant: Granted<ConfigureAuth>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    draw(&grant, &ui, &frame, id, None).await
}

/// Makes the token that the steps need, and lets the identity provider in if that is safe.
async fn begin(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, frame.now).await?;
    let new = NewToken { overlap: super::tokens::DAY, ..NewToken::default() };
    let made = connection::issue(&mut tx, &ui.entropy, id, new).await?;
    if admins::way_back_in(&mut tx).await? {
        connection::enable(&mut tx, id, true).await?;
    }
    tx.commit().await?;
    draw(&grant, &ui, &frame, id, Some(made)).await
}

async fn draw<G: Guard>(
    grant: &Granted<G>,
    ui: &Ui,
    frame: &Frame,
    id: i64,
    made: Option<(Token, String)>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(grant, &mut tx).await?;
    let it = connection::overview(&mut tx, id).await?;
    let safe = admins::way_back_in(&mut tx).await?;
    let heard = Heard::of(ui, &mut tx, &it, made.as_ref().map(|(token, _)| token.id)).await?;
    let why_not = why_not_everywhere::<Administer>(grant.held());
    let Connection { setup, enabled, .. } = &it.connection;
    let url = connection::url(&ui.config.url(), &it.connection);
    let shown = made.as_ref().map_or("<token>", |(_, secret)| secret);
    let body = html! {
        (insecure(&url))
        ol.how-to {
            li {
                h2 { "Make a token, and let it in" }
                @match &made {
                    Some((_, token)) => (secret::once("provisioning token", token)),
                    None => {
                        p.muted { "With the token, the identity provider can create, change and remove people and groups here. It is shown once, in this page." }
                        @if let Some(at) = it.token_at {
                            p.muted { "There is one already, made " (time::ago(at, frame.now)) ". It goes on working for a day." }
                        }
                        form.row method="post" action=(frame.at(&format!("/provisioning/{id}/setup"))) {
                            @let label = if *enabled { "Create token" } else { "Create token and switch on" };
                            @if why_not.is_some() { (button::or_why("make", label, why_not.as_deref())) } @else { button.button.primary #make { (label) } }
                        }
                    },
                }
                @if made.is_some() && *enabled { p { (icon::done()) " The connection is switched on." } }
                @if !enabled && !safe {
                    (notice(Tone::Warning, "It cannot be switched on yet", &html! { p { (connection::UNSAFE) } }))
                }
            }
            (guide::steps(setup.provider, &url, shown))
            li {
                h2 { "See the first call arrive" }
                (heard.line(frame, id))
            }
            li {
                h2 { "Say who becomes what" }
                p { "Everybody who comes is a " strong { "Viewer" } ". Push a group, and give the " a href=(frame.at("/groups?origin=scim")) { "group" } " a role here: whoever is in it has the role, and loses it with the group." }
                p { "Or say beforehand " a href=(frame.at(&format!("/provisioning/{id}/roles"))) { "what its groups give" } ", and whether roles that it sends with people count. You see who gains and loses what before it does." }
            }
        }
        div.row {
            (button::link(&frame.at(&format!("/provisioning/{id}")), "Open the connection"))
            a href=(frame.at(&format!("/provisioning/guides/{}", setup.provider.name()))) hx-boost="false" { "The whole guide" }
            span.muted { " (text): what the identity provider does, what becomes of it, every error" }
        }
    };
    let title = format!("Set up {}", setup.provider.label());
    Ok(frame.page(&viewer, &below(Page::new(Section::Provisioning, title, body), &it.connection)))
}

/// The token that is waited for; any of the connection's, if it is none.
#[derive(Default, Deserialize)]
struct Asked {
    token: Option<i64>,
}

/// The line that says whether a call arrived. It asks for itself again until one did.
async fn status(
    _: Granted<ConfigureAuth>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let it = connection::overview(&mut tx, id).await?;
    let heard = Heard::of(&ui, &mut tx, &it, asked.token).await?;
    Ok(heard.line(&frame, id).into_response())
}

/// What was heard of the identity provider.
struct Heard {
    token: Option<i64>,
    at: Option<Time>,
    whence: Option<String>,
    agent: Option<String>,
    people: i64,
    groups: i64,
}

impl Heard {
    async fn of(ui: &Ui, tx: &mut Read, it: &Overview, token: Option<i64>) -> Result<Self, Fault> {
        let id = it.connection.id;
        let used = connection::tokens(tx, &ui.token_uses, id).await?;
        let used = used.into_iter().filter(|it| token.is_none_or(|token| token == it.id));
        let last = used.max_by_key(|it| it.used_at);
        let mut heard = Self {
            token,
            at: last.as_ref().and_then(|it| it.used_at),
            whence: last.as_ref().and_then(|it| it.address.clone()),
            agent: last.and_then(|it| it.agent),
            people: it.users,
            groups: it.groups,
        };
        if token.is_none() {
            heard.at = heard.at.max(it.called_at).max(ui.seen.noted(Subject::Connection, id));
        }
        Ok(heard)
    }

    fn line(&self, frame: &Frame, id: i64) -> Markup {
        let mut again = format!("/provisioning/{id}/setup/status");
        if let Some(token) = self.token {
            again = format!("{again}?token={token}");
        }
        html! {
            @match self.at {
                Some(at) => div.heard.good #heard role="status" {
                    (icon::done())
                    p {
                        strong { "Connected. " }
                        (self.agent.as_deref().unwrap_or("The identity provider")) " called " (time::ago(at, frame.now))
                        @if let Some(whence) = &self.whence { " from " (whence) }
                        ". It manages " (count::some(self.people, "person", "people")) " and " (count::some(self.groups, "group", "groups")) "."
                    }
                },
                None => div.heard #heard role="status" hx-get=(frame.at(&again)) hx-trigger="every 2s" hx-target="this" hx-swap="outerHTML" {
                    (icon::clock())
                    p { strong { "Waiting for the first call. " } "This turns green by itself as soon as the identity provider calls with the token." }
                },
            }
        }
    }
}

/// A block of text to copy, with what it is called.
pub(super) fn labelled(label: &str, text: &str) -> Markup {
    html! { div.field { p.label { (label) } (code::block(label, text)) } }
}
