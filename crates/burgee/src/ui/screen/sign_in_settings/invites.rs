//! Invite links: whoever has one makes themselves an account.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::HERE;
use crate::access::{Administer, Granted};
use crate::db::Read;
use crate::error::Error;
use crate::people::invite::{self, Guest, Link};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Viewer};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::expiry::{self, Expiry};
use crate::ui::part::form::Field;
use crate::ui::part::switch::{Switch, Switched, switch};
use crate::ui::part::{button, secret, table, time};
use crate::ui::{Places, Ui};

/// After how many days a link may expire.
const TERMS: [u32; 3] = [1, 7, 30];
/// How many of those who came by a link are named.
pub(super) const NAMED: i64 = 5;

pub(super) fn places(places: Places) -> Places {
    places
        .page("/sign-in-settings/new-link", ask)
        .action("/sign-in-settings/new-link", create)
        .action("/sign-in-settings/links/{link}/switch", enable)
        .action("/sign-in-settings/links/{link}/expiry", prolong)
}

/// The links that there are.
pub(super) fn section(
    frame: &Frame,
    links: &[Link],
    guests: &[(Guest, i64)],
    why_not: Option<&str>,
) -> Markup {
    html! {
        section aria-labelledby="links" {
            div.row.spread {
                h2 #links { "Invite links" }
                @match why_not {
                    None => (button::link(&frame.at("/sign-in-settings/new-link"), "New link")),
                    Some(_) => (button::or_why("new-link", "New link", why_not)),
                }
            }
            p.muted.lead { "Whoever has a link can make their own account, with the role Viewer. A link works for a month at most." }
            @if why_not.is_some() { p.calm { "Admins see the links." } }
            @else if links.is_empty() { p.calm { "There is none. Make one to let a team in without making each account by hand." } }
            @else { (table::scroll("Invite links", &rows(frame, links, guests))) }
        }
    }
}

fn rows(frame: &Frame, links: &[Link], guests: &[(Guest, i64)]) -> Markup {
    html! {
        table.rows {
            thead { tr { th scope="col" { "On" } th scope="col" { "Name" } th scope="col" { "Expires" } th scope="col" { "Who came" } th scope="col" { "Created" } th scope="col" { span.unseen { "Extend it" } } } }
            tbody { @for link in links {
                @let to = |step: &str| frame.at(&format!("/sign-in-settings/links/{}{step}", link.selector));
                @let came: Vec<&(Guest, i64)> = guests.iter().filter(|(guest, _)| guest.link_id == link.id).collect();
                tr {
                    td { (switch(&Switch { id: &format!("switch-{}", link.selector), label: &format!("Invite link {}", link.name), on: link.enabled, action: &to("/switch"), back: HERE, why_not: None })) }
                    td.wide { (link.name) }
                    td { (expiry::told(Some(link.expires_at), frame.now)) }
                    td.wide {
                        @if came.is_empty() { span.muted { "nobody yet" } }
                        @for (index, (guest, _)) in came.iter().enumerate() {
                            @if index > 0 { ", " }
                            a href=(frame.at(&format!("/users/{}", guest.id))) { (guest.name.as_deref().or(guest.username.as_deref()).unwrap_or("somebody")) }
                        }
                        @if let Some((_, total)) = came.first().filter(|(_, total)| *total > NAMED) { span.muted { " and " (total - NAMED) " more" } }
                    }
                    td { (time::ago(link.created_at, frame.now)) @if let Some(author) = &link.created_by { span.muted { " by " (author) } } }
                    td.number { form method="post" action=(to("/expiry")) { button.button.small id={ "prolong-" (link.selector) } { "Extend to 30 days" span.unseen { " the link " (link.name) } } } }
                }
            } }
        }
    }
}

/// What the form sends.
#[derive(Default, Deserialize)]
struct Wanted {
    name: String,
    lasts: String,
    #[serde(default)]
    until: String,
}

async fn ask(grant: Granted<Administer>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    let wanted = Wanted { lasts: "7".to_owned(), ..Wanted::default() };
    draw(&grant, &ui, &frame, &wanted, None, None).await
}

async fn draw(
    grant: &Granted<Administer>,
    ui: &Ui,
    frame: &Frame,
    wanted: &Wanted,
    of_name: Option<&str>,
    of_expiry: Option<&str>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(grant, &mut tx).await?;
    let expiry = Expiry { lasts: &wanted.lasts, until: &wanted.until };
    let body = html! {
        form.stack method="post" action=(frame.at("/sign-in-settings/new-link")) data-draft {
            (Field { name: "name", label: "Name", hint: Some("Whom it is for, such as Team checkout."), problem: of_name, ..Field::default() }.text("text", &wanted.name, "off"))
            (expiry.fields(&TERMS, false, of_expiry, frame.now))
            p.hint { "At most a month from now. Who joins is a viewer: they see open projects and change nothing." }
            div.row { (button::submit("Create link")) (button::link(&frame.at(HERE), "Cancel")) }
        }
    };
    let refused = of_name.is_some() || of_expiry.is_some();
    let status = if refused { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = Page::new(Section::SignIn, "New invite link", body).below("Sign-in", HERE.to_owned());
    Ok(frame.page(&viewer, &page.status(status)))
}

async fn create(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(wanted): Form<Wanted>,
) -> Result<Response, Fault> {
    let name = wanted.name.trim();
    if name.is_empty() {
        return draw(&grant, &ui, &frame, &wanted, Some("Give it a name, to know it by."), None).await;
    }
    let end = Expiry { lasts: &wanted.lasts, until: &wanted.until }.read(frame.now);
    let end = match end.and_then(|at| at.ok_or_else(|| "Choose when it expires.".to_owned())) {
        Ok(at) => at,
        Err(problem) => return draw(&grant, &ui, &frame, &wanted, None, Some(&problem)).await,
    };
    let made = async {
        let mut tx = ui.db.change(&grant, frame.now).await?;
        let made = invite::create(&mut tx, &ui.entropy, name, end).await?;
        tx.commit().await?;
        Ok(made)
    };
    let (link, token) = match made.await.map_err(|error: Error| Fault::from(error)) {
        Ok(made) => made,
        Err(fault) if fault.is_about_input() => {
            let sentence = fault.sentences().join(" ");
            let (name, expiry) =
                if sentence.contains("expiry") { (None, Some(sentence)) } else { (Some(sentence), None) };
            return draw(&grant, &ui, &frame, &wanted, name.as_deref(), expiry.as_deref()).await;
        }
        Err(fault) => return Err(fault),
    };
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let body = html! {
        (secret::once("invite link", &format!("{}/new-user?invite={token}", ui.config.url())))
        p { "It works until it " strong { "expires " (time::ago(link.expires_at, frame.now)) } ", or is switched off. Everybody who has it can come." }
        div.row { (button::link(&frame.at(HERE), "Back to sign-in settings")) }
    };
    let page = Page::new(Section::SignIn, format!("The link {} is there", link.name), body);
    Ok(frame.page(&viewer, &page.below("Sign-in", HERE.to_owned())))
}

/// The link that a path names. Only by its selector: secrets stand in no address here.
async fn selected(tx: &mut Read, selector: &str) -> Result<Link, Fault> {
    let found = invite::list(tx).await?.into_iter().find(|link| link.selector == selector);
    found.ok_or_else(|| Fault::missing("There is no such link."))
}

async fn enable(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(selector): Path<String>,
    Form(wanted): Form<Switched>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, frame.now).await?;
    let link = selected(&mut tx, &selector).await?;
    invite::update(&mut tx, &link.selector, Some(wanted.enabled), None).await?;
    let changed = tx.recorded() > 0;
    tx.commit().await?;
    let (state, back) = if wanted.enabled { ("works", "false") } else { ("does not work any more", "true") };
    let undo = format!("/sign-in-settings/links/{selector}/switch");
    let note = Note::switched(changed, format!("The link {} {state}", link.name), undo, &[("enabled", back)]);
    Ok(frame.done(HERE, &note))
}

async fn prolong(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(selector): Path<String>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, frame.now).await?;
    let link = selected(&mut tx, &selector).await?;
    invite::update(&mut tx, &link.selector, None, Some(expiry::in_days(30, frame.now))).await?;
    tx.commit().await?;
    Ok(frame.done(HERE, &Note::new(format!("The link {} expires in 30 days", link.name))))
}
