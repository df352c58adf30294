//! The reader's password, their sessions, and who tried to sign in by their name.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use maud::html;
use serde::Deserialize;

use super::page;
use crate::access::{Granted, SignedIn};
use crate::entropy::digest;
use crate::error::Kind;
use crate::people::login_history;
use crate::people::signed_in::{self, Which};
use crate::people::user;
use crate::provisioning::locks;
use crate::provisioning::own_password::{self, Sent};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Cookie, Form, Origins, Viewer};
use crate::ui::part::button;
use crate::ui::part::form::Field;
use crate::ui::part::notice::{Tone, notice};
use crate::ui::part::sign_in::{self, Sessions};
use crate::ui::screen::password::RULES;
use crate::ui::{Places, Ui};

const HERE: &str = "/profile/security";
/// How many tries to sign in are shown.
const SHOWN: i64 = 20;

pub(super) fn places(places: Places) -> Places {
    places.page(HERE, show).action("/profile/security/password", change).action("/profile/security/end", end)
}

/// What was refused about the two passwords.
#[derive(Default)]
struct Problems {
    of_old: Option<String>,
    of_new: Option<String>,
}

async fn show(
    grant: Granted<SignedIn>,
    State(ui): State<Ui>,
    Cookie(cookie): Cookie,
    frame: Frame,
) -> Result<Response, Fault> {
    draw(&grant, &ui, &frame, &cookie, &Problems::default()).await
}

async fn draw(
    grant: &Granted<SignedIn>,
    ui: &Ui,
    frame: &Frame,
    cookie: &str,
    problems: &Problems,
) -> Result<Response, Fault> {
    let id = grant.person()?;
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(grant, &mut tx).await?;
    let user = user::get(&mut tx, id).await?;
    let managed = locks::ensure_user_unlocked(&mut tx, &user).await.is_err();
    let sessions = signed_in::of(&mut tx, id, frame.now).await?;
    let logins = login_history::of(&mut tx, &user, frame.now, SHOWN).await?;
    let (mine, end) = (digest(cookie), frame.at("/profile/security/end"));
    let body = html! {
        section aria-labelledby="password-title" {
            h2 #password-title { "Password" }
            @if managed {
                (notice(Tone::Info, "Your identity provider manages your account", &html! { p { "You do not sign in with a password here." } }))
            } @else if !user.has_password {
                p.muted { "You have no password. An admin can send you a link to set one." }
            } @else {
                form.stack method="post" action=(frame.at("/profile/security/password")) data-draft {
                    input type="text" name="username" value=(user.label()) autocomplete="username" hidden;
                    (Field { name: "old", label: "Current password", problem: problems.of_old.as_deref(), ..Field::default() }.text("password", "", "current-password"))
                    (Field { name: "new", label: "New password", hint: Some(RULES), problem: problems.of_new.as_deref(), ..Field::default() }.text("password", "", "new-password"))
                    p.hint { "You are signed out in all other browsers." }
                    div.row { (button::submit("Change password")) }
                }
            }
        }
        section aria-labelledby="sessions" {
            h2 #sessions { "Where you are signed in" }
            (sign_in::sessions(frame, &sessions, Sessions { end: Some(&end), mine: &mine, ..Sessions::default() }))
            @if sessions.len() > 1 {
                form.row method="post" action=(end) {
                    input type="hidden" name="others" value="true";
                    button.button #end-others { "End all other sessions" }
                }
            }
        }
        section aria-labelledby="sign-ins" {
            h2 #sign-ins { "Recent sign-ins" }
            p.muted { "Of the last two weeks. If one that worked was not you, change your password." }
            @if logins.is_empty() { p.calm { "None." } } @else { (sign_in::tries(frame, &logins)) }
        }
    };
    let wrong = problems.of_old.is_some() || problems.of_new.is_some();
    let page = page(frame, HERE, &body);
    let status = if wrong { StatusCode::UNPROCESSABLE_ENTITY } else { page.status };
    Ok(frame.page(&viewer, &page.status(status)))
}

/// What the form of the password sends.
#[derive(Deserialize)]
struct Change {
    old: String,
    new: String,
}

async fn change(
    grant: Granted<SignedIn>,
    State(ui): State<Ui>,
    Cookie(cookie): Cookie,
    Origins(origins): Origins,
    frame: Frame,
    Form(sent): Form<Change>,
) -> Result<Response, Fault> {
    let wanted = Sent { old: &sent.old, new: &sent.new, session: Some(&cookie) };
    let Err(error) = own_password::change(&ui.door(), &grant, &origins, wanted).await else {
        let note = Note::new("Your password is changed, and your other sessions have ended");
        return Ok(frame.done(HERE, &note));
    };
    let is_old = error.kind() == Some(Kind::PasswordMismatch);
    let fault = Fault::from(error);
    let sentence = fault.sentences().join(" ");
    let problems = if is_old {
        Problems { of_old: Some(sentence), of_new: None }
    } else if fault.is_about_input() {
        Problems { of_old: None, of_new: Some(sentence) }
    } else {
        return Err(fault);
    };
    draw(&grant, &ui, &frame, &cookie, &problems).await
}

/// Which session ends: one, or all others.
#[derive(Deserialize)]
struct End {
    #[serde(default)]
    session: String,
    #[serde(default)]
    others: bool,
}

async fn end(
    grant: Granted<SignedIn>,
    State(ui): State<Ui>,
    Cookie(cookie): Cookie,
    frame: Frame,
    Form(sent): Form<End>,
) -> Result<Response, Fault> {
    let mine = digest(&cookie);
    let which = if sent.others { Which::Others(&mine) } else { Which::One(&sent.session) };
    let mut tx = ui.db.change(&grant, frame.now).await?;
    signed_in::end_of(&mut tx, grant.person()?, which).await?;
    tx.commit().await?;
    let text = if sent.others { "Your other sessions have ended" } else { "The session has ended" };
    Ok(frame.done(HERE, &Note::new(text)))
}
