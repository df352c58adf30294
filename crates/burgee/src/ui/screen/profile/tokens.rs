//! The reader's personal access tokens, with which their scripts act as they do.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::page;
use crate::access::{Granted, SignedIn};
use crate::error::Error;
use crate::people::token::{self, PERSONAL_LIMIT, Personal};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Viewer};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::expiry::{self, Expiry};
use crate::ui::part::form::Field;
use crate::ui::part::{button, code, notice, secret, table, time};
use crate::ui::{Places, Ui};

const HERE: &str = "/profile/tokens";
/// After how many days a token may expire.
const TERMS: [u32; 4] = [7, 30, 90, 365];

pub(super) fn places(places: Places) -> Places {
    places
        .page(HERE, list)
        .page("/profile/tokens/new", ask)
        .action("/profile/tokens/new", create)
        .page("/profile/tokens/{id}/revoke", confirm)
        .action("/profile/tokens/{id}/revoke", revoke)
}

/// A page below the list.
fn below(title: &str, body: Markup) -> Page {
    Page::new(Section::Profile, title, body)
        .below("Profile", "/profile".to_owned())
        .below("Access tokens", HERE.to_owned())
}

async fn list(grant: Granted<SignedIn>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let tokens = token::personal_of(&mut tx, grant.person()?).await?;
    let full = i64::try_from(tokens.len()).is_ok_and(|count| count >= PERSONAL_LIMIT);
    let why_not =
        full.then(|| format!("You have {PERSONAL_LIMIT}, the most there may be. Revoke one first."));
    let create =
        |key| button::main_link(&frame.at("/profile/tokens/new"), "New token", why_not.as_deref(), key);
    let body = html! {
        @if tokens.is_empty() {
            (notice::empty("No access tokens", "With a personal access token your scripts use the Admin API as you: they may do what you may.", &create(None)))
        } @else {
            (table::scroll("Access tokens", &rows(&frame, &tokens)))
        }
    };
    Ok(frame.page(&viewer, &page(&frame, HERE, &body).actions(create(Some("c")))))
}

fn rows(frame: &Frame, tokens: &[Personal]) -> Markup {
    html! {
        table.rows {
            thead { tr { th scope="col" { "What for" } th scope="col" { "Last used" } th scope="col" { "Expires" } th scope="col" { "Created" } th scope="col" { span.unseen { "Revoke it" } } } }
            tbody { @for token in tokens {
                tr {
                    td.wide { (token.description) }
                    td { (time::ago_or(token.seen_at, frame.now, "never")) }
                    td { (expiry::told(Some(token.expires_at), frame.now)) }
                    td { (time::ago(token.created_at, frame.now)) }
                    td.number { a.button.small id={ "revoke-" (token.id) } href=(frame.at(&format!("{HERE}/{}/revoke", token.id))) { "Revoke" span.unseen { " " (token.description) } } }
                }
            } }
        }
    }
}

/// What the form sends.
#[derive(Default, Deserialize)]
struct Wanted {
    description: String,
    lasts: String,
    #[serde(default)]
    until: String,
}

/// What is wrong with it.
#[derive(Default)]
struct Problems {
    of_description: Option<String>,
    of_expiry: Option<String>,
}

async fn ask(grant: Granted<SignedIn>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    let wanted = Wanted { lasts: "90".to_owned(), ..Wanted::default() };
    draw(&grant, &ui, &frame, &wanted, &Problems::default()).await
}

async fn draw(
    grant: &Granted<SignedIn>,
    ui: &Ui,
    frame: &Frame,
    wanted: &Wanted,
    problems: &Problems,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(grant, &mut tx).await?;
    let expiry = Expiry { lasts: &wanted.lasts, until: &wanted.until };
    let body = html! {
        form.stack method="post" action=(frame.at("/profile/tokens/new")) data-draft {
            (Field { name: "description", label: "What it is for", hint: Some("Such as deploy script. Tells you later which one to revoke."), problem: problems.of_description.as_deref(), ..Field::default() }.text("text", &wanted.description, "off"))
            (expiry.fields(&TERMS, false, problems.of_expiry.as_deref(), frame.now))
            p.hint { "Whoever has the token may do what you may, and the event log names you." }
            div.row { (button::submit("Create token")) (button::link(&frame.at(HERE), "Cancel")) }
        }
    };
    let wrong = problems.of_description.is_some() || problems.of_expiry.is_some();
    let page = below("New access token", body);
    let status = if wrong { StatusCode::UNPROCESSABLE_ENTITY } else { page.status };
    Ok(frame.page(&viewer, &page.status(status)))
}

async fn create(
    grant: Granted<SignedIn>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(wanted): Form<Wanted>,
) -> Result<Response, Fault> {
    let expiry = Expiry { lasts: &wanted.lasts, until: &wanted.until }.read(frame.now);
    let end = expiry.and_then(|at| at.ok_or_else(|| "Choose when it expires.".to_owned()));
    let end = match end {
        Ok(at) => at,
        Err(problem) => {
            let problems = Problems { of_expiry: Some(problem), ..Problems::default() };
            return draw(&grant, &ui, &frame, &wanted, &problems).await;
        }
    };
    let made = async {
        let mut tx = ui.db.change(&grant, frame.now).await?;
        let me = grant.person()?;
        let made = token::create_personal(&mut tx, &ui.entropy, me, &wanted.description, end).await?;
        tx.commit().await?;
        Ok(made)
    };
    let (token, secret) = match made.await.map_err(|error: Error| Fault::from(error)) {
        Ok(made) => made,
        Err(fault) if fault.is_about_input() => {
            let sentence = fault.sentences().join(" ");
            let problems = if sentence.contains("expiry") {
                Problems { of_expiry: Some(sentence), ..Problems::default() }
            } else {
                Problems { of_description: Some(sentence), ..Problems::default() }
            };
            return draw(&grant, &ui, &frame, &wanted, &problems).await;
        }
        Err(fault) => return Err(fault),
    };
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let call = format!("curl -H 'Authorization: {secret}' {}/api/admin/projects", ui.config.url());
    let body = html! {
        (secret::once("access token", &secret))
        section aria-labelledby="use" { h2 #use { "Use it" } (code::block("A call with it", &call)) }
        div.row { (button::link(&frame.at(HERE), "All access tokens")) }
    };
    Ok(frame.page(&viewer, &below(&format!("{} is there", token.description), body)))
}

/// One of the reader's own.
fn own(tokens: Vec<Personal>, id: &str) -> Result<Personal, Fault> {
    let found = tokens.into_iter().find(|token| token.id.to_string() == id);
    found.ok_or_else(|| Fault::missing("You have no such token. It may have been revoked."))
}

async fn confirm(
    grant: Granted<SignedIn>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let token = own(token::personal_of(&mut tx, grant.person()?).await?, &id)?;
    let body = html! {
        p { "Scripts that use " strong { (token.description) } " are refused from now on. It was last used " (time::ago_or(token.seen_at, frame.now, "never")) "." }
        form.row method="post" action=(frame.at(&format!("{HERE}/{id}/revoke"))) {
            button.button.danger #revoke { "Revoke token" }
            (button::link(&frame.at(HERE), "Cancel"))
        }
    };
    Ok(frame.page(&viewer, &below("Revoke access token", body)))
}

async fn revoke(
    grant: Granted<SignedIn>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    let id: i64 = id.parse().map_err(|_| Fault::nowhere())?;
    let mut tx = ui.db.change(&grant, frame.now).await?;
    token::delete_personal(&mut tx, grant.person()?, id).await?;
    tx.commit().await?;
    Ok(frame.done(HERE, &Note::new("The token is revoked")))
}
