//! How a user comes in: sessions, personal tokens, the tries of the last two weeks, and a link for a new password.

use axum::extract::State;
use axum::response::Response;
use maud::html;

use super::path;
use super::user::{Seen, locked};
use crate::access::{Administer, Granted};
use crate::people::login_history;
use crate::people::signed_in::{self, Which};
use crate::people::{reset, roster, token, user};
use crate::provisioning::locks;
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Number, Query};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::button;
use crate::ui::part::notice::{Tone, notice};
use crate::ui::part::sign_in::{self, Sessions};
use crate::ui::screen::personal_tokens::{self as tokens, Revoked};
use crate::ui::{Places, Ui};

/// How many tries are shown.
const TRIES: i64 = 20;

pub(super) fn places(places: Places) -> Places {
    places
        .page("/users/{id}/sign-in", show)
        .action("/users/{id}/end-sessions", end_sessions)
        .page("/users/{id}/revoke-token", ask_to_revoke)
        .action("/users/{id}/revoke-token", revoke)
        .page("/users/{id}/password-link", ask)
        .action("/users/{id}/password-link", make)
}

async fn show(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let seen = Seen::of(&grant, &mut tx, id).await?;
    let sessions = signed_in::of(&mut tx, id, frame.now).await?;
    let tokens = token::personal_of(&mut tx, id).await?;
    let user = &seen.person.user;
    let tries = login_history::of(&mut tx, user, frame.now, TRIES).await?;
    let why = seen
        .locked
        .clone()
        .or_else(|| (!user.active).then(|| "The account is deactivated. Reactivate it first.".to_owned()));
    let to = |step: &str| frame.at(&format!("{}{step}", path(id)));
    let body = html! {
        section aria-labelledby="password" {
            h2 #password { "Password" }
            p.muted { @if user.has_password { "A password is set." } @else { "No password is set: they cannot sign in with one yet." } }
            div.row {
                (button::link_or_why("password-link", &to("/password-link"), "Make a password link", why.as_deref()))
            }
        }
        section aria-labelledby="sessions" {
            h2 #sessions { "Sessions" }
            @if sessions.is_empty() { p.calm { "Not signed in anywhere." } }
            @else {
                (sign_in::sessions(&frame, &sessions, Sessions::default()))
                form.row method="post" action=(to("/end-sessions")) {
                    button.button #end-sessions { @if sessions.len() == 1 { "End the session" } @else { "End all " (sessions.len()) " sessions" } }
                }
            }
        }
        section aria-labelledby="tokens" {
            h2 #tokens { "Access tokens" }
            @if tokens.is_empty() { p.calm { "None. People make them on their profile; programs should have a service account." } }
            @else { (tokens::list(&frame, &tokens, &path(id))) }
        }
        section aria-labelledby="tries" {
            h2 #tries { "Sign-ins of the last two weeks" }
            @if tries.is_empty() { p.calm { "Nobody tried to sign in with these names." } }
            @else { (sign_in::tries(&frame, &tries)) }
        }
    };
    Ok(seen.page(&frame, "Sign-in", &body))
}

async fn end_sessions(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    let user = user::get(&mut tx, id).await?;
    signed_in::end_of(&mut tx, id, Which::All).await?;
    tx.commit().await?;
    let note = Note::new(format!("{} is signed out everywhere", user.called()));
    Ok(frame.done(&format!("{}/sign-in", path(id)), &note))
}

async fn ask_to_revoke(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
    Query(asked): Query<Revoked>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let seen = Seen::of(&grant, &mut tx, id).await?;
    let here = path(id);
    let body = tokens::confirm(&mut tx, &frame, id, asked.token, (&here, &format!("{here}/sign-in"))).await?;
    let page = Page::new(Section::Users, "Revoke token", body)
        .below("Users", "/users".to_owned())
        .below(&seen.person.user.called(), here);
    Ok(frame.page(&seen.viewer, &page))
}

async fn revoke(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
    Form(revoked): Form<Revoked>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    user::get(&mut tx, id).await?;
    token::delete_personal(&mut tx, id, revoked.token).await?;
    tx.commit().await?;
    Ok(frame.done(&format!("{}/sign-in", path(id)), &Note::new("The token is revoked")))
}

async fn ask(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let seen = Seen::of(&grant, &mut tx, id).await?;
    let back = frame.at(&format!("{}/sign-in", path(id)));
    let body = html! {
        @if let Some(why) = locked(&mut tx, &seen.person).await? {
            (notice(Tone::Problem, "This is not possible here", &html! { p { (why) } }))
            div.row { (button::link(&back, "Back")) }
        } @else {
            p { "Whoever has the link can choose a new password for " strong { (seen.person.user.called()) } ", once, within 24 hours. Links that were made before stop working; when the password is set, all their sessions end." }
            form.row method="post" action=(frame.at(&format!("{}/password-link", path(id)))) {
                (button::submit("Make the link")) (button::link(&back, "Cancel"))
            }
        }
    };
    let page = Page::new(Section::Users, "Password link", body)
        .below("Users", "/users".to_owned())
        .below(&seen.person.user.called(), path(id));
    Ok(frame.page(&seen.viewer, &page))
}

async fn make(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    let user = roster::get(&mut tx, id).await?.user;
    if user.is_service {
        return Err(Fault::unreadable("Service accounts have no password."));
    }
    locks::ensure_user_unlocked(&mut tx, &user).await?;
    let token = reset::issue(&mut tx, &ui.entropy, &user).await?;
    tx.commit().await?;
    let mut tx = ui.db.read().await?;
    let seen = Seen::of(&grant, &mut tx, id).await?;
    let body = html! {
        p { "Give it to " strong { (user.called()) } " by a way that only they read." }
        (super::new::once(&format!("{}/reset-password?token={token}", ui.config.url())))
        div.row { (button::link(&frame.at(&format!("{}/sign-in", path(id))), "Done")) }
    };
    let page = Page::new(Section::Users, "Password link", body)
        .below("Users", "/users".to_owned())
        .below(&user.called(), path(id));
    Ok(frame.page(&seen.viewer, &page))
}
