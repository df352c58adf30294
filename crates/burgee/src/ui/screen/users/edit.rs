//! Changing a user's names. Who edits at the same time as somebody else loses nothing.

use axum::extract::State;
use axum::response::Response;
use maud::html;

use super::path;
use super::user::Seen;
use crate::access::{Administer, Granted};
use crate::db::Read;
use crate::people::user::{self, User, check_email};
use crate::provisioning::locks;
use crate::ui::edit::{Edit, Values};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Number};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::button;
use crate::ui::part::form::Field;
use crate::ui::part::notice::{Tone, notice};
use crate::ui::{Places, Ui};

pub(super) fn places(places: Places) -> Places {
    places.page("/users/{id}/edit", ask).action("/users/{id}/edit", save)
}

fn values(user: &User) -> Values {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    vec![("name", text(&user.name)), ("username", text(&user.username)), ("email", text(&user.email))]
}

async fn ask(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let user = user::get(&mut tx, id).await?;
    draw(&grant, &mut tx, &frame, id, &Edit::of(values(&user))).await
}

async fn draw(
    grant: &Granted<Administer>,
    tx: &mut Read,
    frame: &Frame,
    id: i64,
    edit: &Edit,
) -> Result<Response, Fault> {
    let seen = Seen::of(grant, tx, id).await?;
    let fields = html! {
        (Field { optional: true, ..edit.field("name", "Name") }.text("text", edit.get("name"), "off"))
        (Field { optional: true, ..edit.field("username", "User name") }.text("text", edit.get("username"), "off"))
        (Field { optional: true, hint: Some("They sign in with the user name or the e-mail address. One of them is needed."), ..edit.field("email", "E-mail address") }.text("email", edit.get("email"), "off"))
    };
    let body = html! {
        @if let Some(why) = &seen.locked {
            (notice(Tone::Info, "Kept by an identity provider", &html! { p { (why) } }))
            div.row { (button::link(&frame.at(&path(id)), "Back to the user")) }
        } @else {
            (edit.form(frame, &format!("{}/edit", path(id)), ("save", "Save"), Some(&path(id)), None, &fields))
        }
    };
    let page = Page::new(Section::Users, "Edit user", body)
        .below("Users", "/users".to_owned())
        .below(&seen.person.user.called(), path(id));
    Ok(frame.page(&seen.viewer, &page.status(edit.status())))
}

async fn save(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let mut edit = Edit::read(pairs)?;
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    // Locked before it is compared, so that nobody comes between.
    user::lock(&mut tx, id).await?;
    let there = user::get(&mut tx, id).await?;
    if there.is_service {
        return Err(Fault::nowhere());
    }
    locks::ensure_user_unlocked(&mut tx, &there).await?;
    if edit.onto(values(&there)) {
        let wanted = user::Edit {
            name: Some(edit.some("name")),
            username: Some(edit.some("username")),
            email: Some(edit.some("email")),
            ..user::Edit::default()
        };
        let saved = async {
            if let Some(Some(email)) = &wanted.email
                && there.email.as_ref() != Some(email)
            {
                check_email(email)?;
            }
            let user = user::update(&mut tx, id, wanted).await?;
            tx.commit().await?;
            Ok(user)
        };
        if let Some(user) = edit.settle(saved.await, &[("valid email", "email")])? {
            return Ok(frame.done(&path(id), &Note::new(format!("{} is saved", user.called()))));
        }
    } else {
        drop(tx);
    }
    let mut tx = ui.db.read().await?;
    draw(&grant, &mut tx, &frame, id, &edit).await
}
