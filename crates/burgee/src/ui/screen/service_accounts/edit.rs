//! Making, changing and deleting service accounts.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::path;
use crate::access::role::{self, VIEWER};
use crate::access::{Administer, Granted};
use crate::db::Read;
use crate::people::user::{self, User};
use crate::people::{service_account, token as tokens};
use crate::ui::edit::{Edit, Values};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Number, Viewer};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::button;
use crate::ui::part::form::Field;
use crate::ui::screen::kind::Kind;
use crate::ui::screen::users::{borrowed, root_roles};
use crate::ui::{Places, Ui};

const KIND: Kind =
    Kind { section: Section::ServiceAccounts, title: "Service accounts", path: "/service-accounts" };

pub(super) fn places(places: Places) -> Places {
    places
        .page("/service-accounts/new", ask_new)
        .action("/service-accounts/new", create)
        .page("/service-accounts/{id}/edit", ask_edit)
        .action("/service-accounts/{id}/edit", save)
        .page("/service-accounts/{id}/delete", ask_to_delete)
        .action("/service-accounts/{id}/delete", delete)
}

fn values(account: &User) -> Values {
    vec![("name", account.name.clone().unwrap_or_default()), ("role", account.root_role.to_string())]
}

/// Words of refusals, each with the field that they are about.
const ABOUT: [(&str, &str); 3] =
    [("already exists", "username"), ("username", "username"), ("rootRole", "role")];

/// The fields; a new account gets a user name, too, which stays.
async fn fields(tx: &mut Read, edit: &Edit, new: bool) -> Result<Markup, Fault> {
    let choices = root_roles(tx).await?;
    Ok(html! {
        (Field { hint: Some("What acts, such as “Nightly build”."), ..edit.field("name", "Name") }.text("text", edit.get("name"), "off"))
        @if new { (Field { hint: Some("The events show it. It stays as it is."), ..edit.field("username", "User name") }.text("text", edit.get("username"), "off")) }
        (Field { hint: Some("What it may do everywhere. Roles in projects are given in the project."), ..edit.field("role", "Root role") }.choice(&borrowed(&choices), edit.get("role")))
    })
}

async fn ask_new(grant: Granted<Administer>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    draw_new(&grant, &mut tx, &frame, &Edit::of(vec![("role", VIEWER.to_string())])).await
}

async fn draw_new(
    grant: &Granted<Administer>,
    tx: &mut Read,
    frame: &Frame,
    edit: &Edit,
) -> Result<Response, Fault> {
    let viewer = Viewer::of(grant, tx).await?;
    let fields = fields(tx, edit, true).await?;
    let title = ("New service account", "/service-accounts/new");
    let label = ("Create service account", None);
    Ok(frame.page(&viewer, &KIND.form(frame, title, edit, label, &fields, &html! {})))
}

async fn create(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let mut edit = Edit::read(pairs)?;
    let made = async {
        let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
        let role = role::root(&mut tx, edit.get("role").parse().ok(), None).await?.id;
        let (name, username) = (edit.get("name").to_owned(), edit.get("username").to_owned());
        let account = service_account::create(&mut tx, name, username, role).await?;
        tx.commit().await?;
        Ok(account)
    };
    let made = made.await;
    if let Some(account) = edit.settle(made, &ABOUT)? {
        let note = Note::new(format!("{} is there. It needs a token to act.", account.called()));
        return Ok(frame.done(&path(account.id), &note));
    }
    let mut tx = ui.db.read().await?;
    draw_new(&grant, &mut tx, &frame, &edit).await
}

async fn ask_edit(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let account = service_account::get(&mut tx, id).await?;
    draw_edit(&grant, &mut tx, &frame, id, &Edit::of(values(&account))).await
}

async fn draw_edit(
    grant: &Granted<Administer>,
    tx: &mut Read,
    frame: &Frame,
    id: i64,
    edit: &Edit,
) -> Result<Response, Fault> {
    let viewer = Viewer::of(grant, tx).await?;
    let account = service_account::get(tx, id).await?;
    let fields = fields(tx, edit, false).await?;
    let action = format!("{}/edit", path(id));
    let body = edit.form(frame, &action, ("save", "Save"), Some(&path(id)), None, &fields);
    let page = KIND.below("Edit service account", body).below(&account.called(), path(id));
    Ok(frame.page(&viewer, &page.status(edit.status())))
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
    let there = service_account::get(&mut tx, id).await?;
    if edit.onto(values(&there)) {
        let (name, role) = (edit.get("name").to_owned(), edit.get("role").parse().ok());
        let saved = async {
            let role = role::root(&mut tx, role, None).await?.id;
            let wanted =
                user::Edit { name: Some(Some(name)), root_role: Some(role), ..user::Edit::default() };
            let account = user::update(&mut tx, id, wanted).await?;
            tx.commit().await?;
            Ok(account)
        };
        if let Some(account) = edit.settle(saved.await, &ABOUT)? {
            return Ok(frame.done(&path(id), &Note::new(format!("{} is saved", account.called()))));
        }
    } else {
        drop(tx);
    }
    let mut tx = ui.db.read().await?;
    draw_edit(&grant, &mut tx, &frame, id, &edit).await
}

async fn ask_to_delete(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let account = service_account::get(&mut tx, id).await?;
    let tokens = tokens::personal_of(&mut tx, id).await?;
    let body = html! {
        p {
            strong { (account.called()) } " is gone for good. "
            @match tokens.len() { 0 => "It has no token, so that nothing acts as it now.", 1 => "Its token stops working at once.", count => { "Its " (count) " tokens stop working at once." } }
            " What it did stays in the events."
        }
        form.row method="post" action=(frame.at(&format!("{}/delete", path(id)))) {
            button.button.danger #confirm { "Delete service account" } (button::link(&frame.at(&path(id)), "Cancel"))
        }
    };
    let page = Page::new(Section::ServiceAccounts, "Delete service account", body)
        .below("Service accounts", "/service-accounts".to_owned())
        .below(&account.called(), path(id));
    Ok(frame.page(&viewer, &page))
}

async fn delete(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    service_account::get(&mut tx, id).await?;
    let account = user::delete(&mut tx, id).await?;
    tx.commit().await?;
    Ok(frame.done("/service-accounts", &Note::new(format!("{} is deleted", account.called()))))
}
