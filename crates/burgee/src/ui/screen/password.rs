//! Setting a password with a one-time link: the first one, or a new one.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::html;
use serde::Deserialize;

use crate::gate::Open;
use crate::people::invite::{self, Newcomer};
use crate::people::{reset, user};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Origins, Query};
use crate::ui::part::button;
use crate::ui::part::form::{self, Field};
use crate::ui::{Places, Ui, page};

/// What a password must be, for who chooses one.
pub(super) const RULES: &str =
    "At least 10 characters, with upper and lower case, a number and a special character.";

pub(in crate::ui) fn places(places: Places) -> Places {
    places
        .page("/reset-password", ask)
        .page("/new-user", ask)
        .action("/reset-password", set)
        .action("/new-user", join)
}

#[derive(Deserialize)]
struct Link {
    token: Option<String>,
    invite: Option<String>,
}

async fn ask(
    _: Open,
    State(ui): State<Ui>,
    Origins(origins): Origins,
    frame: Frame,
    Query(link): Query<Link>,
) -> Result<Response, Fault> {
    if let Some(secret) = link.invite {
        ui.throttle.address(origins.ip.as_deref())?;
        let mut tx = ui.db.read().await?;
        invite::find_open(&mut tx, &secret, ui.clock.now()).await?;
        return Ok(draw_join(&frame, &Joining { invite: secret, ..Joining::default() }, &[]));
    }
    let token = link.token.unwrap_or_default();
    let mut tx = ui.db.read().await?;
    let (user, _) = reset::whose(&mut tx, &token, ui.clock.now()).await?;
    Ok(draw(&frame, &token, &user.label(), &[]))
}

fn draw(frame: &Frame, token: &str, name: &str, problems: &[String]) -> Response {
    let body = html! {
        h1 { "Choose a password" }
        p { "For " strong { (name) } ". The link works once; all other sessions end." }
        (form::problems(problems))
        form method="post" action=(frame.at("/reset-password")) {
            input type="hidden" name="token" value=(token);
            input type="text" name="username" value=(name) autocomplete="username" hidden;
            (Field { name: "password", label: "New password", hint: Some(RULES), ..Field::default() }.text("password", "", "new-password"))
            (button::submit("Set password"))
        }
    };
    page::plain(frame, "Choose a password", &body).into_response()
}

#[derive(Deserialize)]
struct Chosen {
    token: String,
    password: String,
}

async fn set(
    _: Open,
    State(ui): State<Ui>,
    frame: Frame,
    Form(sent): Form<Chosen>,
) -> Result<Response, Fault> {
    let now = ui.clock.now();
    match reset::redeem(&ui.db, &ui.passwords, &sent.token, &sent.password, now).await.map_err(Fault::from) {
        Ok(()) => Ok(frame.done("/sign-in", &Note::new("Your password is set. Sign in with it."))),
        Err(fault) if fault.is_about_input() => {
            let mut tx = ui.db.read().await?;
            let (user, _) = reset::whose(&mut tx, &sent.token, now).await?;
            let mut response = draw(&frame, &sent.token, &user.label(), &fault.sentences());
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
        Err(fault) => Err(fault),
    }
}

#[derive(Default, Deserialize)]
struct Joining {
    invite: String,
    name: String,
    email: String,
    password: String,
}

fn draw_join(frame: &Frame, sent: &Joining, problems: &[String]) -> Response {
    let body = html! {
        h1 { "Join" }
        p { "You were invited. Say who you are and choose a password." }
        (form::problems(problems))
        form method="post" action=(frame.at("/new-user")) {
            input type="hidden" name="invite" value=(sent.invite);
            (Field { name: "name", label: "Name", ..Field::default() }.text("text", &sent.name, "name"))
            (Field { name: "email", label: "E-mail address", ..Field::default() }.text("email", &sent.email, "email"))
            (Field { name: "password", label: "Password", hint: Some(RULES), ..Field::default() }.text("password", "", "new-password"))
            (button::submit("Join"))
        }
    };
    page::plain(frame, "Join", &body).into_response()
}

async fn join(
    _: Open,
    State(ui): State<Ui>,
    Origins(origins): Origins,
    frame: Frame,
    Form(sent): Form<Joining>,
) -> Result<Response, Fault> {
    ui.throttle.address(origins.ip.as_deref())?;
    let now = ui.clock.now();
    // Nobody without a link keeps the server busy with passwords.
    let mut tx = ui.db.read().await?;
    invite::find_open(&mut tx, &sent.invite, now).await?;
    tx.end().await?;
    let newcomer = Newcomer {
        name: sent.name.clone(),
        username: None,
        email: sent.email.clone(),
        password: sent.password.clone(),
    };
    let accepted = async {
        user::check_email(&sent.email)?;
        invite::accept(&ui.db, &ui.passwords, &sent.invite, newcomer, now).await
    };
    match accepted.await.map_err(Fault::from) {
        Ok(_) => Ok(frame.done("/sign-in", &Note::new("Welcome! Sign in with your e-mail address."))),
        Err(fault) if fault.is_about_input() => {
            let mut response = draw_join(&frame, &sent, &fault.sentences());
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
        Err(fault) => Err(fault),
    }
}
