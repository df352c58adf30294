//! Signing in and out.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::html;
use serde::Deserialize;

use crate::error::{Error, Kind};
use crate::gate::{self, Open};
use crate::people::seen::Subject;
use crate::people::session;
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, is_own};
use crate::ui::guard::{Form, Origins, Query};
use crate::ui::part::form::{self, Field};
use crate::ui::part::{button, notice};
use crate::ui::{Places, Ui, page};

pub(in crate::ui) fn places(places: Places) -> Places {
    places
        .page("/sign-in", ask)
        .action("/sign-in", sign_in)
        .action("/sign-out", sign_out)
        .page("/signed-out", signed_out)
}

#[derive(Deserialize)]
struct Next {
    next: Option<String>,
}

async fn ask(_: Open, State(ui): State<Ui>, frame: Frame, Query(next): Query<Next>) -> Response {
    draw(&ui, &frame, "", next.next.as_deref().unwrap_or("/"), &[])
}

fn draw(ui: &Ui, frame: &Frame, username: &str, next: &str, problems: &[String]) -> Response {
    let body = html! {
        h1 { "Sign in" }
        @if let Some(note) = &frame.note { (notice::notice(notice::Tone::Good, &note.text, &html! {})) }
        (form::problems(problems))
        form method="post" action=(frame.at("/sign-in")) {
            input type="hidden" name="next" value=(next);
            (Field { name: "username", label: "User name or e-mail address", ..Field::default() }.text("text", username, "username"))
            (Field { name: "password", label: "Password", ..Field::default() }.text("password", "", "current-password"))
            (button::submit("Sign in"))
        }
        p.hint { "Forgot your password? Ask an admin of " (ui.config.url().trim_start_matches("https://").trim_start_matches("http://")) " for a reset link." }
    };
    page::plain(frame, "Sign in", &body).into_response()
}

#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: String,
    #[serde(default)]
    next: String,
}

async fn sign_in(
    _: Open,
    State(ui): State<Ui>,
    Origins(origins): Origins,
    frame: Frame,
    Form(sent): Form<Credentials>,
) -> Result<Response, Fault> {
    let next = if is_own(&sent.next) { sent.next.as_str() } else { "/" };
    match ui.door().sign_in(sent.username.trim(), &sent.password, origins).await {
        Ok(begun) => {
            ui.seen.note(Subject::User, begun.user.id, ui.clock.now());
            let mut response = frame.go(next);
            response
                .headers_mut()
                .append(header::SET_COOKIE, gate::session_cookie(&ui, Some(&begun.secret))?);
            Ok(response)
        }
        Err(error) => {
            let (status, why) = refusal(&error).ok_or(error)?;
            let mut response = draw(&ui, &frame, &sent.username, next, &[why]);
            *response.status_mut() = status;
            Ok(response)
        }
    }
}

/// What somebody is told who cannot sign in; nothing that tells whether the account exists.
fn refusal(error: &Error) -> Option<(StatusCode, String)> {
    let Error::Rejected(rejection) = error else { return None };
    match rejection.kind {
        Kind::PasswordMismatch => {
            Some((StatusCode::UNAUTHORIZED, "User name and password do not belong together.".to_owned()))
        }
        Kind::RateLimit => {
            let seconds = rejection.retry_after.unwrap_or(60);
            let why = format!("Too many tries. You can try again in {seconds} seconds.");
            Some((StatusCode::TOO_MANY_REQUESTS, why))
        }
        _ => Some((StatusCode::FORBIDDEN, rejection.message.clone())),
    }
}

async fn sign_out(
    _: Open,
    State(ui): State<Ui>,
    frame: Frame,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    if let Some(secret) = gate::cookie(&headers) {
        session::sign_out(&ui.db, secret).await?;
    }
    let mut response = frame.go("/signed-out");
    response.headers_mut().append(header::SET_COOKIE, gate::session_cookie(&ui, None)?);
    response.headers_mut().insert("clear-site-data", HeaderValue::from_static("\"storage\""));
    Ok(response)
}

async fn signed_out(_: Open, frame: Frame) -> Response {
    let body = html! {
        h1 { "You are signed out" }
        p { "All your sessions have ended, on other devices, too." }
        div.row { a.button.primary href=(frame.at("/sign-in")) { "Sign in again" } }
    };
    page::plain(&frame, "Signed out", &body).into_response()
}
