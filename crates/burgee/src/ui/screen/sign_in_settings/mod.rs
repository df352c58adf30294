//! How people get in, and which web pages get flags.

mod invites;
mod origins;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};

use crate::access::{Administer, ConfigureCors, Granted, SeeSignIn};
use crate::instance::settings::{self, Frontend};
use crate::people::invite;
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::{Viewer, why_not_everywhere};
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::tag;
use crate::ui::{Places, Ui};

const HERE: &str = "/sign-in-settings";

pub(in crate::ui) fn places(places: Places) -> Places {
    places.page(HERE, show).with(invites::places).with(origins::places)
}

async fn show(grant: Granted<SeeSignIn>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    draw(&grant, &ui, &frame, None).await
}

/// `refused` are the origins that somebody typed, those that were there before, and what is wrong.
async fn draw(
    grant: &Granted<SeeSignIn>,
    ui: &Ui,
    frame: &Frame,
    refused: Option<origins::Refused<'_>>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(grant, &mut tx).await?;
    let admin = why_not_everywhere::<Administer>(grant.held());
    let cors = why_not_everywhere::<ConfigureCors>(grant.held());
    // Links are for admins to know of.
    let (links, guests) = if admin.is_none() {
        (invite::list(&mut tx).await?, invite::first_guests(&mut tx, invites::NAMED).await?)
    } else {
        (Vec::new(), Vec::new())
    };
    let stored: Option<Frontend> = settings::load(&mut tx).await?;
    let set_here = stored.is_some();
    let allowed =
        stored.map_or_else(|| ui.config.unleash_frontend_api_origins.clone(), |it| it.frontend_api_origins);
    let watch = Watch::over(grant, &mut tx, None, None).await?;
    let status = if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let body = html! {
        (password(ui))
        (invites::section(frame, &links, &guests, admin.as_deref()))
        (origins::section(frame, &allowed, set_here, refused, cors.as_deref()))
    };
    let page = Page::new(Section::SignIn, "Sign-in", body).status(status);
    Ok(frame.page(&viewer, &page.watch(watch)))
}

/// The one way in that there is, with the limits that the operator set.
fn password(ui: &Ui) -> Markup {
    let limit = ui.config.simple_login_limit_per_minute;
    html! {
        section aria-labelledby="password" {
            h2.row #password { "Passwords" (tag::toned("on", "good")) }
            p.muted.lead { "The only way to sign in to this version, so it cannot be switched off: nobody could get in to switch it on again. Single sign-on is to come." }
            dl.facts {
                div { dt { "A session lasts" } dd { (ui.config.session_ttl_hours) " h" } }
                div { dt { "Sessions at once" } dd { (ui.config.max_parallel_sessions) " a person" } }
                div { dt { "Tries" } dd { @if limit == 0 { "no limit" } @else { (limit) " a minute, for an address and for an account" } } }
            }
            p.hint { "The operator sets these: SESSION_TTL_HOURS, MAX_PARALLEL_SESSIONS, SIMPLE_LOGIN_LIMIT_PER_MINUTE." }
        }
    }
}
