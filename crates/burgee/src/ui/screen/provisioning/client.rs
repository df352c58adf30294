//! The OAuth client of a connection: its id, its secret, its public keys.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use maud::html;
use serde::Deserialize;

use super::wizard::labelled;
use super::{insecure, name, tabs};
use crate::access::{Administer, ConfigureAuth, Granted, Guard};
use crate::error::Error;
use crate::provisioning::connection;
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Number, Viewer, why_not_everywhere};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::form::Field;
use crate::ui::part::{button, secret, time};
use crate::ui::{Places, Ui};

pub(super) fn places(places: Places) -> Places {
    places
        .page("/provisioning/{id}/client", show)
        .action("/provisioning/{id}/client/secret", give_secret)
        .action("/provisioning/{id}/client/keys", give_keys)
        .action("/provisioning/{id}/client/remove", remove)
}

async fn show(
    grant: Granted<ConfigureAuth>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    draw(&grant, &ui, &frame, id, &Drawn::default()).await
}

/// What the page shows beside what is stored.
#[derive(Default)]
struct Drawn<'a> {
    secret: Option<&'a str>,
    keys: Option<&'a str>,
    problem: Option<&'a str>,
}

async fn draw<G: Guard>(
    grant: &Granted<G>,
    ui: &Ui,
    frame: &Frame,
    id: i64,
    drawn: &Drawn<'_>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(grant, &mut tx).await?;
    let it = connection::get(&mut tx, id).await?;
    let client = connection::client(&mut tx, id).await?;
    let why_not = why_not_everywhere::<Administer>(grant.held());
    let why_not = why_not.as_deref();
    let url = ui.config.url();
    let at = |step: &str| frame.at(&format!("/provisioning/{id}/client{step}"));
    let stored = client.as_ref().and_then(|it| it.keys.as_deref()).unwrap_or_default();
    let hint = "One or several in PEM (“-----BEGIN PUBLIC KEY-----”), or a JWK set. RSA, P-256, P-384 or Ed25519. If it is empty, only the secret counts.";
    let body = html! {
        (tabs(frame, id, "client"))
        p.lead.muted { "For clients that speak OAuth 2.0 (client credentials) instead of holding a token, such as Entra: they fetch an access token, which works for an hour, from the token endpoint. Okta takes a token." }
        (insecure(&url))
        @if let Some(secret) = drawn.secret { (secret::once("client secret", secret)) }
        section.card aria-label="Values for the client" {
            (labelled("Token endpoint", &format!("{url}/oauth/token")))
            @match &client {
                Some(client) => {
                    (labelled("Client ID", &client.client_id))
                    dl.facts {
                        div { dt { "Secret" } dd { @match &client.secret_prefix { Some(prefix) => code { (prefix) "…" }, None => span.muted { "none" } } } }
                        div { dt { "Keys" } dd { @if stored.is_empty() { span.muted { "none" } } @else { "given" } } }
                        div { dt { "Last access token" } dd { (time::ago_or(client.token_at, frame.now, "never")) } }
                    }
                },
                None => p.muted { "The client comes to be with its first secret, or its first key." },
            }
            (labelled("Scope", "scim"))
        }
        section aria-labelledby="secret" {
            h2 #secret { "By a secret" }
            p.muted { "As client_secret_basic or client_secret_post. It is shown once; the one before stops working, and so do all access tokens." }
            form method="post" action=(at("/secret")) {
                (button::or_why("give-secret", if client.as_ref().is_some_and(|it| it.secret_prefix.is_some()) { "New secret" } else { "Create secret" }, why_not))
            }
        }
        section aria-labelledby="keys-of" {
            h2 #keys-of { "By a key" }
            p.muted { "As private_key_jwt (RFC 7523): the client signs an assertion, and the private key never leaves it. Each assertion works once." }
            form.stack method="post" action=(at("/keys")) data-draft {
                (Field { name: "keys", label: "Public keys", hint: Some(hint), problem: drawn.problem, optional: true, unmarked: false }.lines(drawn.keys.unwrap_or(stored)))
                div.row { (button::or_why("give-keys", "Save keys", why_not)) }
            }
        }
        @if client.is_some() {
            section aria-labelledby="remove" {
                h2 #remove { "No OAuth any more" }
                form method="post" action=(at("/remove")) { (button::or_why("remove-client", "Remove the client", why_not)) }
            }
        }
    };
    let page =
        Page::new(Section::Provisioning, name(&it), body).below("Provisioning", "/provisioning".to_owned());
    let page = if drawn.problem.is_some() { page.status(StatusCode::UNPROCESSABLE_ENTITY) } else { page };
    Ok(frame.page(&viewer, &page))
}

async fn give_secret(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, frame.now).await?;
    let (_, secret) = connection::give_secret(&mut tx, &ui.entropy, id).await?;
    tx.commit().await?;
    draw(&grant, &ui, &frame, id, &Drawn { secret: Some(&secret), ..Drawn::default() }).await
}

#[derive(Deserialize)]
struct Sent {
    #[serde(default)]
    keys: String,
}

async fn give_keys(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let keys = Some(sent.keys.trim()).filter(|keys| !keys.is_empty());
    let done = async {
        let mut tx = ui.db.change(&grant, frame.now).await?;
        connection::give_keys(&mut tx, &ui.entropy, id, keys).await?;
        tx.commit().await
    };
    match done.await.map_err(|error: Error| Fault::from(error)) {
        Ok(()) => Ok(frame.done(&format!("/provisioning/{id}/client"), &Note::new("The keys are saved"))),
        Err(fault) if fault.is_about_input() => {
            let problem = fault.sentences().join(" ");
            let drawn = Drawn { keys: Some(&sent.keys), problem: Some(&problem), ..Drawn::default() };
            draw(&grant, &ui, &frame, id, &drawn).await
        }
        Err(fault) => Err(fault),
    }
}

async fn remove(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, frame.now).await?;
    connection::remove_client(&mut tx, id).await?;
    tx.commit().await?;
    Ok(frame.done(&format!("/provisioning/{id}/client"), &Note::new("The OAuth client is gone")))
}
