//! The tokens of a connection: which there are, making one, ending one.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::wizard::labelled;
use super::{below, insecure};
use crate::access::{Administer, Granted};
use crate::error::Error;
use crate::provisioning::connection::{self, NewToken, Overview, Source, Token};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Number, Viewer};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::expiry::{self, Expiry};
use crate::ui::part::form::{self, Field};
use crate::ui::part::notice::{Tone, notice};
use crate::ui::part::{button, secret, table, time};
use crate::ui::{Places, Ui};

/// The usual overlap.
pub(super) const DAY: Duration = Duration::from_hours(24);
/// How long the token before may go on working: in hours, and in words.
const OVERLAPS: [(&str, &str); 5] = [
    ("0", "It stops at once"),
    ("1", "For an hour"),
    ("24", "For a day"),
    ("168", "For a week"),
    ("720", "For 30 days"),
];

pub(super) fn places(places: Places) -> Places {
    places
        .page("/provisioning/{id}/token", ask)
        .action("/provisioning/{id}/token", make)
        .page("/provisioning/{id}/tokens/{token}/revoke", confirm)
        .action("/provisioning/{id}/tokens/{token}/revoke", revoke)
}

/// The tokens of a connection, as a part of its page.
pub(super) fn section(frame: &Frame, it: &Overview, tokens: &[Token], why_not: Option<&str>) -> Markup {
    let id = it.connection.id;
    html! {
        section aria-labelledby="tokens" {
            header.row.spread {
                h2 #tokens { "Tokens" }
                (button::link_or_why("new-token", &frame.at(&format!("/provisioning/{id}/token")), "New token…", why_not))
            }
            @if tokens.is_empty() && it.has_client {
                p.calm { "There is none: the identity provider gets in by OAuth." }
            } @else if tokens.is_empty() {
                p.calm { "There is none: nobody can call. Make one, and give it to the identity provider." }
            } @else {
                (table::scroll("Tokens", &rows(frame, id, tokens, why_not)))
            }
        }
    }
}

fn rows(frame: &Frame, id: i64, tokens: &[Token], why_not: Option<&str>) -> Markup {
    html! {
        table.rows.stacks {
            thead { tr {
                th scope="col" { "Begins with" } th scope="col" { "Made" } th scope="col" { "Expires" }
                th scope="col" { "Last used" } th scope="col" { "By" } th scope="col" { span.unseen { "Actions" } }
            } }
            tbody { @for token in tokens {
                tr {
                    td.wide { (beginning(token)) @if token.source == Source::Imported { " " span.muted { "imported" } } }
                    td data-label="Made" { (time::ago(token.created_at, frame.now)) }
                    td data-label="Expires" { (expiry::told(token.expires_at, frame.now)) }
                    td data-label="Last used" { (time::ago_or(token.used_at, frame.now, "never")) }
                    td.wide { @if let Some(agent) = &token.agent { (agent) } @if let Some(address) = &token.address { " " span.muted { (address) } } }
                    td.ends { (button::link_or_why(&format!("revoke-{}", token.id), &frame.at(&format!("/provisioning/{id}/tokens/{}/revoke", token.id)), "Revoke…", why_not)) }
                }
            } }
        }
    }
}

fn beginning(token: &Token) -> Markup {
    html! {
        @match &token.prefix { Some(prefix) => code { (prefix) "…" }, None => span.muted { "not known" } }
    }
}

/// What the form sends.
#[derive(Default, Deserialize)]
struct Sent {
    #[serde(default)]
    lasts: String,
    #[serde(default)]
    until: String,
    #[serde(default)]
    overlap: String,
    #[serde(default)]
    secret: String,
}

async fn ask(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    let sent = Sent { lasts: "never".to_owned(), overlap: "24".to_owned(), ..Sent::default() };
    draw(&grant, &ui, &frame, id, &sent, &[]).await
}

async fn draw(
    grant: &Granted<Administer>,
    ui: &Ui,
    frame: &Frame,
    id: i64,
    sent: &Sent,
    problems: &[String],
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(grant, &mut tx).await?;
    let it = connection::get(&mut tx, id).await?;
    let tokens = connection::tokens(&mut tx, &ui.token_uses, id).await?;
    let live = tokens.iter().filter(|token| token.is_live(frame.now)).count();
    let expiry = Expiry { lasts: &sent.lasts, until: &sent.until };
    let overlap = "Two tokens work at the same time at most: so the identity provider can change from one to the other without a gap.";
    let own = "Only to keep a token that the identity provider has already, such as the one from Unleash (64 hexadecimal digits). At least 16 characters.";
    let body = html! {
        (form::problems(problems))
        @if live > 1 {
            (notice(Tone::Warning, "Two tokens work already", &html! { p { "The older one stops working at once." } }))
        }
        p { "The new token is shown once. Whoever holds it can make admins, by way of a group that carries the role." }
        form.stack method="post" action=(frame.at(&format!("/provisioning/{id}/token"))) data-draft {
            (expiry.fields(&expiry::TERMS, true, None, frame.now))
            @if live > 0 {
                (Field { name: "overlap", label: "The token before", hint: Some(overlap), ..Field::default() }.choice(&OVERLAPS, &sent.overlap))
            }
            (Field { name: "secret", label: "Token from elsewhere", hint: Some(own), optional: true, ..Field::default() }.text("text", &sent.secret, "off"))
            div.row { button.button.primary #make { "Create token" } (button::link(&frame.at(&format!("/provisioning/{id}")), "Cancel")) }
        }
    };
    let page = below(Page::new(Section::Provisioning, "New provisioning token", body), &it);
    let page = if problems.is_empty() { page } else { page.status(StatusCode::UNPROCESSABLE_ENTITY) };
    Ok(frame.page(&viewer, &page))
}

async fn make(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let imported = Some(sent.secret.trim()).filter(|secret| !secret.is_empty()).map(str::to_owned);
    let expires_at = match (Expiry { lasts: &sent.lasts, until: &sent.until }).read(frame.now) {
        Ok(expires_at) => expires_at,
        Err(problem) => return draw(&grant, &ui, &frame, id, &sent, &[problem]).await,
    };
    let hours = OVERLAPS.iter().find(|(hours, _)| *hours == sent.overlap);
    let hours: u64 = hours.and_then(|(hours, _)| hours.parse().ok()).unwrap_or_default();
    let overlap = Duration::from_hours(hours);
    let new = NewToken { expires_at, overlap, secret: imported.clone() };
    let made = async {
        let mut tx = ui.db.change(&grant, frame.now).await?;
        let it = connection::get(&mut tx, id).await?;
        let (_, secret) = connection::issue(&mut tx, &ui.entropy, id, new).await?;
        tx.commit().await?;
        Ok::<_, Error>((it, secret))
    };
    let (it, token) = match made.await.map_err(Fault::from) {
        Ok(made) => made,
        Err(fault) if fault.is_about_input() => {
            return draw(&grant, &ui, &frame, id, &sent, &fault.sentences()).await;
        }
        Err(fault) => return Err(fault),
    };
    if imported.is_some() {
        let note = Note::new("The token works here now");
        return Ok(frame.done(&format!("/provisioning/{id}"), &note));
    }
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let url = connection::url(&ui.config.url(), &it);
    let body = html! {
        (secret::once("provisioning token", &token))
        @if !it.enabled {
            (notice(Tone::Warning, "Provisioning is still off", &html! { p { "Switch it on before the identity provider tests the connection." } }))
        }
        (insecure(&url))
        (labelled("Base URL", &url))
        section aria-labelledby="try" {
            h2 #try { "Try it" }
            (labelled("A call with it", &format!("curl -H 'Authorization: Bearer {token}' {url}/Users")))
        }
        div.row { (button::link(&frame.at(&format!("/provisioning/{id}")), "Back to the connection")) }
    };
    let page = Page::new(Section::Provisioning, "The provisioning token is there", body);
    Ok(frame.page(&viewer, &below(page, &it)))
}

async fn confirm(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((id, token)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let (id, token) = numbers(&id, &token)?;
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let it = connection::get(&mut tx, id).await?;
    let tokens = connection::tokens(&mut tx, &ui.token_uses, id).await?;
    let found = tokens.iter().find(|it| it.id == token);
    let found = found.ok_or_else(|| Fault::missing("This connection has no such token."))?;
    let others = tokens.iter().any(|it| it.id != token && it.is_live(frame.now));
    let body = html! {
        @if found.is_live(frame.now) {
            (notice(Tone::Warning, "It stops working at once", &html! {
                p {
                    "The token " (beginning(found)) " was last used " (time::ago_or(found.used_at, frame.now, "never")) ". "
                    @if others { "Another one works still." } @else { "It is the only one that works: the identity provider is refused until it has another. Nothing is lost: it sends again what failed." }
                }
            }))
        }
        form.row method="post" action=(frame.at(&format!("/provisioning/{id}/tokens/{token}/revoke"))) {
            button.button.danger #revoke { "Revoke token" }
            (button::link(&frame.at(&format!("/provisioning/{id}")), "Cancel"))
        }
    };
    Ok(frame.page(&viewer, &below(Page::new(Section::Provisioning, "Revoke token", body), &it)))
}

async fn revoke(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((id, token)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let (id, token) = numbers(&id, &token)?;
    let mut tx = ui.db.change(&grant, frame.now).await?;
    connection::revoke(&mut tx, id, token).await?;
    tx.commit().await?;
    Ok(frame.done(&format!("/provisioning/{id}"), &Note::new("The token is revoked")))
}

fn numbers(id: &str, token: &str) -> Result<(i64, i64), Fault> {
    id.parse().ok().zip(token.parse().ok()).ok_or_else(Fault::nowhere)
}
