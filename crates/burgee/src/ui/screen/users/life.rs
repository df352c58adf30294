//! The end of an account: deactivated, back again, or gone.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::path;
use super::user::{LAST, Seen};
use crate::access::{Administer, Granted, admins};
use crate::error::{Error, Kind};
use crate::people::user::{self, Edit, User};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::Number;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::button;
use crate::ui::part::notice::{Tone, notice};
use crate::ui::{Places, Ui};

pub(super) fn places(places: Places) -> Places {
    places
        .page("/users/{id}/deactivate", ask_to_deactivate)
        .action("/users/{id}/deactivate", deactivate)
        .action("/users/{id}/reactivate", reactivate)
        .page("/users/{id}/delete", ask_to_delete)
        .action("/users/{id}/delete", delete)
}

/// Why activity is not changed here, even while provisioning is off: the next word of the identity provider would undo
/// it without anybody noticing.
fn kept(user: &User) -> Option<&'static str> {
    let why = "An identity provider keeps this account and says whether it is active. Change it there, or delete the account.";
    user.scim_id.is_some().then_some(why)
}

/// What can be done about the end of an account; `last` is true for the last admin.
pub(super) fn section(frame: &Frame, seen: &Seen, last: bool) -> Markup {
    let user = &seen.person.user;
    let to = |step: &str| frame.at(&format!("{}{step}", path(user.id)));
    let last = last.then_some(LAST);
    let kept = kept(&seen.person.user);
    let off = kept.or(last);
    html! {
        section aria-labelledby="life" {
            h2 #life { "Deactivate or delete" }
            p.muted { "Deactivate an account to sign them out and keep its roles and groups for later. Deleting is for good." }
            div.row {
                @if user.active {
                    (button::link_or_why("deactivate", &to("/deactivate"), "Deactivate…", off))
                } @else {
                    form method="post" action=(to("/reactivate")) { (button::or_why("reactivate", "Reactivate", kept)) }
                }
                (button::link_or_why("delete", &to("/delete"), "Delete…", last))
            }
        }
    }
}

async fn ask_to_deactivate(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let seen = Seen::of(&grant, &mut tx, id).await?;
    let last = admins::is_last(&mut tx, id).await?;
    let why = kept(&seen.person.user).or(last.then_some(LAST));
    let words = html! {
        p { strong { (seen.person.user.called()) } " is signed out everywhere at once. Their access tokens and password links are gone for good; name, roles and groups stay until you reactivate the account." }
    };
    Ok(confirm(&frame, &grant, &seen, ("Deactivate user", "Deactivate", "/deactivate"), why, &words))
}

async fn ask_to_delete(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let seen = Seen::of(&grant, &mut tx, id).await?;
    let last = admins::is_last(&mut tx, id).await?.then_some(LAST);
    let words = html! {
        p { strong { (seen.person.user.called()) } " loses all access at once: sessions, tokens, roles and groups. This cannot be undone. What they did stays in the events; user name and e-mail address become free again." }
        @if let Some(connection) = &seen.person.connection {
            (notice(Tone::Warning, "An identity provider keeps this account", &html! {
                p { "As long as the person is assigned there, “" (connection) "” can make a new account for them. End the assignment first." }
            }))
        }
    };
    Ok(confirm(&frame, &grant, &seen, ("Delete user", "Delete user", "/delete"), last, &words))
}

fn confirm(
    frame: &Frame,
    grant: &Granted<Administer>,
    seen: &Seen,
    (title, act, step): (&'static str, &str, &str),
    why_not: Option<&str>,
    words: &Markup,
) -> Response {
    let id = seen.person.user.id;
    let back = frame.at(&path(id));
    let body = html! {
        @if grant.actor().user_id() == id && why_not.is_none() {
            (notice(Tone::Warning, "This is you", &html! { p { "You will be signed out, and need another admin to come back." } }))
        }
        @match why_not {
            Some(why) => {
                (notice(Tone::Problem, "This is not possible now", &html! { p { (why) } }))
                div.row { (button::link(&back, "Back to the user")) }
            }
            None => {
                (words)
                form.row method="post" action=(frame.at(&format!("{}{step}", path(id)))) {
                    button.button.danger #confirm { (act) } (button::link(&back, "Cancel"))
                }
            }
        }
    };
    let page = Page::new(Section::Users, title, body)
        .below("Users", "/users".to_owned())
        .below(&seen.person.user.called(), path(id));
    frame.page(&seen.viewer, &page)
}

async fn switch(ui: &Ui, grant: &Granted<Administer>, id: i64, active: bool) -> Result<String, Fault> {
    let mut tx = ui.db.change(grant, ui.clock.now()).await?;
    user::lock(&mut tx, id).await?;
    let user = user::get(&mut tx, id).await?;
    if user.is_service {
        return Err(Fault::nowhere());
    }
    if let Some(why) = kept(&user) {
        return Err(Error::rejected(Kind::Forbidden, why).into());
    }
    user::update(&mut tx, id, Edit { active: Some(active), ..Edit::default() }).await?;
    tx.commit().await?;
    Ok(user.called())
}

async fn deactivate(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    let name = switch(&ui, &grant, id, false).await?;
    Ok(frame.done(&path(id), &Note::new(format!("{name} is deactivated and signed out everywhere"))))
}

async fn reactivate(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    let name = switch(&ui, &grant, id, true).await?;
    Ok(frame
        .done(&path(id), &Note::new(format!("{name} is active again, with the roles and groups of before"))))
}

async fn delete(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    if user::get(&mut tx, id).await?.is_service {
        return Err(Fault::nowhere());
    }
    let user = user::delete(&mut tx, id).await?;
    tx.commit().await?;
    Ok(frame.done("/users", &Note::new(format!("{} is deleted", user.called()))))
}
