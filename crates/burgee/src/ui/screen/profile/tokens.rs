//! The reader's personal access tokens, with which their scripts act as they do.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::page;
use crate::access::{Granted, SignedIn};
use crate::people::token;
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Query, Viewer};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::{button, notice};
use crate::ui::screen::personal_tokens::{self as tokens, Revoked, Wanted};
use crate::ui::{Places, Ui};

const HERE: &str = "/profile/tokens";
const REACH: &str = "Whoever has the token may do what you may, and the event log names you.";

pub(super) fn places(places: Places) -> Places {
    places
        .page(HERE, list)
        .page("/profile/tokens/new-token", ask)
        .action("/profile/tokens/new-token", create)
        .page("/profile/tokens/revoke-token", ask_to_revoke)
        .action("/profile/tokens/revoke-token", revoke)
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
    let list = token::personal_of(&mut tx, grant.person()?).await?;
    let why_not = tokens::full(&list);
    let create = || {
        button::main_link(&frame.at("/profile/tokens/new-token"), "New token", why_not.as_deref(), Some("c"))
    };
    let body = html! {
        @if list.is_empty() {
            (notice::empty("No access tokens", "With a personal access token your scripts use the Admin API as you: they may do what you may.", &create()))
        } @else {
            (tokens::list(&frame, &list, HERE))
        }
    };
    let page = page(&frame, HERE, &body);
    Ok(frame.page(&viewer, &if list.is_empty() { page } else { page.actions(create()) }))
}

async fn ask(grant: Granted<SignedIn>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    draw(&grant, &ui, &frame, &Wanted::default(), None).await
}

async fn draw(
    grant: &Granted<SignedIn>,
    ui: &Ui,
    frame: &Frame,
    wanted: &Wanted,
    fault: Option<&Fault>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(grant, &mut tx).await?;
    let (status, body) = tokens::form(frame, HERE, REACH, wanted, fault);
    Ok(frame.page(&viewer, &below("New access token", body).status(status)))
}

async fn create(
    grant: Granted<SignedIn>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(wanted): Form<Wanted>,
) -> Result<Response, Fault> {
    let me = grant.person()?;
    let made = async {
        let end = wanted.end(frame.now)?;
        let mut tx = ui.db.change(&grant, frame.now).await?;
        let made = token::create_personal(&mut tx, &ui.entropy, me, &wanted.description, end).await?;
        tx.commit().await?;
        Ok::<_, Fault>(made)
    };
    match made.await {
        Ok((token, secret)) => {
            let mut tx = ui.db.read().await?;
            let viewer = Viewer::of(&grant, &mut tx).await?;
            let body = tokens::made(&ui, &frame, &secret, HERE);
            Ok(frame.page(&viewer, &below(&format!("{} is there", token.description), body)))
        }
        Err(fault) if fault.is_mendable() => draw(&grant, &ui, &frame, &wanted, Some(&fault)).await,
        Err(fault) => Err(fault),
    }
}

async fn ask_to_revoke(
    grant: Granted<SignedIn>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(asked): Query<Revoked>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let body = tokens::confirm(&mut tx, &frame, grant.person()?, asked.token, (HERE, HERE)).await?;
    Ok(frame.page(&viewer, &below("Revoke access token", body)))
}

async fn revoke(
    grant: Granted<SignedIn>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(revoked): Form<Revoked>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, frame.now).await?;
    token::delete_personal(&mut tx, grant.person()?, revoked.token).await?;
    tx.commit().await?;
    Ok(frame.done(HERE, &Note::new("The token is revoked")))
}
