//! The tokens of a service account: made, shown once, and revoked.

use axum::extract::State;
use axum::response::Response;

use super::path;
use crate::access::{Administer, Granted};
use crate::db::Read;
use crate::people::service_account;
use crate::people::token as personal;
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Number, Query, Viewer};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::screen::personal_tokens::{self as tokens, Revoked, Wanted};
use crate::ui::{Places, Ui};

const REACH: &str = "Whoever has the token may do what the account may, and the event log names the account.";

pub(super) fn places(places: Places) -> Places {
    places
        .page("/service-accounts/{id}/new-token", ask)
        .action("/service-accounts/{id}/new-token", create)
        .page("/service-accounts/{id}/revoke-token", ask_to_revoke)
        .action("/service-accounts/{id}/revoke-token", revoke)
}

async fn ask(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    draw(&grant, &mut tx, &frame, id, &Wanted::default(), None).await
}

async fn draw(
    grant: &Granted<Administer>,
    tx: &mut Read,
    frame: &Frame,
    id: i64,
    wanted: &Wanted,
    fault: Option<&Fault>,
) -> Result<Response, Fault> {
    let viewer = Viewer::of(grant, tx).await?;
    let account = service_account::get(tx, id).await?;
    let (status, body) = tokens::form(frame, &path(id), REACH, wanted, fault);
    let page = Page::new(Section::ServiceAccounts, "New token", body)
        .below("Service accounts", "/service-accounts".to_owned())
        .below(&account.called(), path(id));
    Ok(frame.page(&viewer, &page.status(status)))
}

async fn create(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
    Form(wanted): Form<Wanted>,
) -> Result<Response, Fault> {
    let made = async {
        let end = wanted.end(frame.now)?;
        let mut tx = ui.db.change(&grant, frame.now).await?;
        service_account::get(&mut tx, id).await?;
        let made = personal::create_personal(&mut tx, &ui.entropy, id, &wanted.description, end).await?;
        tx.commit().await?;
        Ok::<_, Fault>(made)
    };
    let made = made.await;
    let mut tx = ui.db.read().await?;
    match made {
        Ok((token, secret)) => {
            let viewer = Viewer::of(&grant, &mut tx).await?;
            let account = service_account::get(&mut tx, id).await?;
            let body = tokens::made(&ui, &frame, &secret, &path(id));
            let page = Page::new(Section::ServiceAccounts, format!("{} is there", token.description), body)
                .below("Service accounts", "/service-accounts".to_owned())
                .below(&account.called(), path(id));
            Ok(frame.page(&viewer, &page))
        }
        Err(fault) if fault.is_mendable() => draw(&grant, &mut tx, &frame, id, &wanted, Some(&fault)).await,
        Err(fault) => Err(fault),
    }
}

async fn ask_to_revoke(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
    Query(asked): Query<Revoked>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let account = service_account::get(&mut tx, id).await?;
    let here = path(id);
    let body = tokens::confirm(&mut tx, &frame, id, asked.token, (&here, &here)).await?;
    let page = Page::new(Section::ServiceAccounts, "Revoke token", body)
        .below("Service accounts", "/service-accounts".to_owned())
        .below(&account.called(), here);
    Ok(frame.page(&viewer, &page))
}

async fn revoke(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
    Form(revoked): Form<Revoked>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    service_account::get(&mut tx, id).await?;
    personal::delete_personal(&mut tx, id, revoked.token).await?;
    tx.commit().await?;
    Ok(frame.done(&path(id), &Note::new("The token is revoked")))
}
