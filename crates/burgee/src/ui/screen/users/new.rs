//! Making an account for somebody: with a password, or with a link by which they choose one.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::{borrowed, path, root_roles};
use crate::access::role::{self, VIEWER};
use crate::access::{Administer, Granted};
use crate::db::Read;
use crate::people::user::{NewUser, User, check_email};
use crate::people::{account, password};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Viewer};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::form::Field;
use crate::ui::part::notice::{Tone, notice};
use crate::ui::part::{button, secret};
use crate::ui::{Places, Ui};

pub(super) fn places(places: Places) -> Places {
    places.page("/users/new", ask).action("/users/new", create)
}

/// What the form sends.
#[derive(Default, Deserialize)]
struct Wanted {
    #[serde(default)]
    name: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    role: i64,
}

async fn ask(grant: Granted<Administer>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let wanted = Wanted { role: VIEWER, ..Wanted::default() };
    draw(&grant, &mut tx, &frame, &wanted, None).await
}

async fn draw(
    grant: &Granted<Administer>,
    tx: &mut Read,
    frame: &Frame,
    wanted: &Wanted,
    fault: Option<&Fault>,
) -> Result<Response, Fault> {
    let viewer = Viewer::of(grant, tx).await?;
    let roles = root_roles(tx).await?;
    let sentences = fault.map(Fault::sentences).unwrap_or_default();
    let about = |words: &[&str]| {
        let found = sentences.iter().filter(|sentence| words.iter().any(|word| sentence.contains(word)));
        let found: Vec<&str> = found.map(String::as_str).collect();
        (!found.is_empty()).then(|| found.join(" "))
    };
    let (of_email, of_password) = (about(&["email"]), about(&["password"]));
    let of_username =
        (of_email.is_none() && of_password.is_none()).then(|| sentences.first().cloned()).flatten();
    let body = html! {
        form.stack method="post" action=(frame.at("/users/new")) data-draft {
            (Field { name: "name", label: "Name", hint: Some("How people see them, such as Ada Lovelace."), optional: true, ..Field::default() }.text("text", &wanted.name, "off"))
            (Field { name: "username", label: "User name", optional: true, problem: of_username.as_deref(), ..Field::default() }.text("text", &wanted.username, "off"))
            (Field { name: "email", label: "E-mail address", hint: Some("They sign in with the user name or the e-mail address. One of them is needed."), optional: true, problem: of_email.as_deref(), ..Field::default() }.text("email", &wanted.email, "off"))
            (Field { name: "role", label: "Root role", hint: Some("What they may do everywhere. Roles in projects are given in the project."), ..Field::default() }.choice(&borrowed(&roles), &wanted.role.to_string()))
            (Field { name: "password", label: "Password", hint: Some("Leave it empty to get a link with which they choose one themselves."), optional: true, problem: of_password.as_deref(), ..Field::default() }.text("password", "", "new-password"))
            div.row { (button::submit("Create user")) (button::link(&frame.at("/users"), "Cancel")) }
        }
    };
    let page = Page::new(Section::Users, "New user", body).below("Users", "/users".to_owned());
    let status = fault.map_or(page.status, Fault::status);
    Ok(frame.page(&viewer, &page.status(status)))
}

async fn create(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(wanted): Form<Wanted>,
) -> Result<Response, Fault> {
    let made = make(&ui, &grant, &wanted).await;
    let mut tx = ui.db.read().await?;
    match made {
        Ok((user, None)) => {
            Ok(frame.done(&path(user.id), &Note::new(format!("{} is there and can sign in", user.called()))))
        }
        Ok((user, Some(token))) => {
            let viewer = Viewer::of(&grant, &mut tx).await?;
            let url = format!("{}/new-user?token={token}", ui.config.url());
            let body = html! {
                (notice(Tone::Good, &format!("{} is there", user.called()), &html! { p { "Give them this link: with it they choose a password and come in." } }))
                (once(&url))
                div.row {
                    (button::link(&frame.at(&path(user.id)), "Go to the user"))
                    (button::link(&frame.at("/users/new"), "Make another user"))
                }
            };
            let page = Page::new(Section::Users, "Invite link", body).below("Users", "/users".to_owned());
            Ok(frame.page(&viewer, &page))
        }
        Err(fault) if fault.is_about_input() => draw(&grant, &mut tx, &frame, &wanted, Some(&fault)).await,
        Err(fault) => Err(fault),
    }
}

/// A link that is shown once.
pub(super) fn once(url: &str) -> Markup {
    html! {
        (secret::once("link", url))
        p.muted { "It works once, for 24 hours." }
    }
}

async fn make(
    ui: &Ui,
    grant: &Granted<Administer>,
    wanted: &Wanted,
) -> Result<(User, Option<String>), Fault> {
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let email = given(&wanted.email);
    if let Some(email) = &email {
        check_email(email)?;
    }
    let password_hash = if wanted.password.is_empty() {
        None
    } else {
        Some(password::accept(&ui.passwords, &wanted.password, Vec::new()).await?)
    };
    let mut tx = ui.db.change(grant, ui.clock.now()).await?;
    let new = NewUser {
        name: given(&wanted.name),
        username: given(&wanted.username),
        email,
        root_role: role::root(&mut tx, Some(wanted.role), None).await?.id,
        password_hash,
        is_service: false,
    };
    let made = account::open(&mut tx, &ui.entropy, new).await?;
    tx.commit().await?;
    Ok(made)
}
