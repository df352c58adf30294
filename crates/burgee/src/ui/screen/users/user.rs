//! One user: what is known of them, their root role and their groups.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::{borrowed, or_dash, path, root_roles};
use crate::access::reach::{self, Whose};
use crate::access::{Administer, Granted, admins, role};
use crate::db::Read;
use crate::people::roster::{self, Person};
use crate::people::user::{self, Edit};
use crate::provisioning::hold::Pending;
use crate::provisioning::{giving, locks};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Number, Viewer};
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::form::Field;
use crate::ui::part::notice::{Tone, notice};
use crate::ui::part::{button, person, table, time};
use crate::ui::screen::access;
use crate::ui::screen::provisioning::hold;
use crate::ui::{Places, Ui};

pub(super) fn places(places: Places) -> Places {
    places
        .page("/users/{id}", show)
        .action("/users/{id}/role", change_role)
        .action("/users/{id}/role/release", release)
}

/// Why administration hangs on somebody.
pub(super) const LAST: &str =
    "Nobody else could administer burgee with a password. Make somebody else an admin first.";

/// What the pages of a user share.
pub(super) struct Seen {
    pub(super) viewer: Viewer,
    pub(super) person: Person,
    /// Why name, address, password and activity are not changed here.
    pub(super) locked: Option<String>,
    /// The end of the account that an identity provider asked for, and that waits.
    waiting: Option<Pending>,
    watch: Watch,
}

impl Seen {
    /// Looks somebody up. A service account has pages of its own.
    pub(super) async fn of(grant: &Granted<Administer>, tx: &mut Read, id: i64) -> Result<Self, Fault> {
        let person = roster::get(tx, id).await?;
        if person.user.is_service {
            return Err(Fault::nowhere());
        }
        Ok(Self {
            viewer: Viewer::of(grant, tx).await?,
            locked: locked(tx, &person).await?,
            waiting: crate::provisioning::hold::of_user(tx, id).await?,
            watch: Watch::over(grant, tx, None, None).await?,
            person,
        })
    }

    /// Draws one of the pages.
    pub(super) fn page(self, frame: &Frame, tab: &str, body: &Markup) -> Response {
        let base = path(self.person.user.id);
        let tabs = [("Overview", ""), ("Access", "/access"), ("Sign-in", "/sign-in"), ("Events", "/events")];
        let tabs = tabs.map(|(label, rest)| (label, frame.at(&format!("{base}{rest}")), label == tab));
        let body = html! {
            @if !self.person.user.active {
                (notice(Tone::Warning, "This account is deactivated", &html! { p { "They cannot sign in, and hold nothing until they are reactivated." } }))
            }
            @if let Some(it) = &self.waiting { (hold::pending(frame, it)) }
            (table::tabs("User", &tabs))
            (body)
        };
        let edit =
            button::link_or_why("edit", &frame.at(&format!("{base}/edit")), "Edit", self.locked.as_deref());
        let page = Page::new(Section::Users, self.person.user.called(), body)
            .below("Users", "/users".to_owned())
            .actions(edit)
            .watch(self.watch);
        frame.page(&self.viewer, &page)
    }
}

/// Why an identity provider has the say; `None`: people do.
pub(super) async fn locked(tx: &mut Read, person: &Person) -> Result<Option<String>, Fault> {
    let Err(error) = locks::ensure_user_unlocked(tx, &person.user).await else { return Ok(None) };
    if error.kind().is_none() {
        return Err(error.into());
    }
    let name = person.connection.as_deref().unwrap_or("an identity provider");
    Ok(Some(format!("The SCIM connection “{name}” keeps this account. Change it in your identity provider.")))
}

async fn show(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    if roster::get(&mut tx, id).await?.user.is_service {
        return Ok(frame.go(&format!("/service-accounts/{id}")));
    }
    draw(&grant, &mut tx, &frame, id, None).await
}

async fn draw(
    grant: &Granted<Administer>,
    tx: &mut Read,
    frame: &Frame,
    id: i64,
    problem: Option<&str>,
) -> Result<Response, Fault> {
    let seen = Seen::of(grant, tx, id).await?;
    let roles = root_roles(tx).await?;
    let groups = reach::chains(tx, Whose::User(id)).await?;
    let last = admins::is_last(tx, id).await?;
    let held = reach::root_roles(tx, id).await?;
    let decided = giving::is_decided(tx, id).await?;
    let to = |step: &str| frame.at(&format!("{}{step}", path(id)));
    let (it, user) = (&seen.person, &seen.person.user);
    let body = html! {
        @if let Some(why) = &seen.locked {
            (notice(Tone::Info, "Kept by an identity provider", &html! { p { (why) " What you give by hand stands beside what it gives: " a href=(to("/access")) { "all that they have" } "." } }))
        }
        dl.facts {
            div { dt { "User name" } dd { (or_dash(user.username.as_deref())) } }
            div { dt { "E-mail" } dd { (or_dash(user.email.as_deref())) } }
            div { dt { "Origin" } dd { (person::origin(it.connection.as_deref())) } }
            div { dt { "Status" } dd { (person::status(&it.user)) } }
            div { dt { "Last seen" } dd { (time::ago_or(user.seen_at, frame.now, "never")) } }
            div { dt { "Created" } dd { (time::ago(user.created_at, frame.now)) } }
            @if let Some(scim) = &user.scim_id {
                div { dt { "SCIM id" } dd { code { (scim) } } }
                div { dt { "Provisioning" } dd { a href=(frame.at(&format!("/provisioning/calls?user={id}"))) { "What the identity provider sent" } } }
            }
        }
        section aria-labelledby="root-role" {
            h2 #root-role { "Root role" }
            form.asking method="post" action=(to("/role")) data-draft {
                input type="hidden" name="was" value=(user.root_role);
                (Field { name: "role", label: "What they may do everywhere", problem, ..Field::default() }.choice(&borrowed(&roles), &user.root_role.to_string()))
                button.button #save-role { "Change root role" }
            }
            @if last { p.hint { (LAST) } }
            @if user.active && (held.len() != 1 || held.iter().any(|role| role.id != user.root_role)) {
                p.hint { "What they hold in all: " (held.iter().map(|role| role.name.as_str()).collect::<Vec<_>>().join(", ")) ". " a href=(to("/access")) { "Where it comes from" } }
            }
            @if decided {
                form method="post" action=(to("/role/release")) {
                    button.button #release-role { "Leave it to the identity provider" }
                }
                p.hint { "It was decided by hand. If it is left to the identity provider, they have what newcomers have, and what it gives." }
            }
        }
        section aria-labelledby="groups" {
            h2 #groups { "Groups" }
            (access::member_of(frame, &groups))
        }
        (super::life::section(frame, &seen, last))
    };
    Ok(seen.page(frame, "Overview", &body))
}

/// Leaves the root role to the identity provider again.
async fn release(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    let done = async {
        giving::release(&mut tx, id).await?;
        tx.commit().await
    };
    match done.await.map_err(Fault::from) {
        Ok(()) => Ok(frame.done(&path(id), &Note::new("The identity provider decides on the root role"))),
        Err(fault) if fault.is_about_input() => {
            let mut tx = ui.db.read().await?;
            let mut response = draw(&grant, &mut tx, &frame, id, Some(&fault.sentences().join(" "))).await?;
            *response.status_mut() = fault.status();
            Ok(response)
        }
        Err(fault) => Err(fault),
    }
}

/// What the form of the root role sends: what is wanted, and what was there when the page was drawn.
#[derive(Deserialize)]
struct Role {
    role: i64,
    was: i64,
}

async fn change_role(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
    Form(wanted): Form<Role>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    user::lock(&mut tx, id).await?;
    let before = roster::get(&mut tx, id).await?.user;
    if before.is_service {
        return Err(Fault::nowhere());
    }
    let role = role::root(&mut tx, Some(wanted.role), None).await?;
    let changed = async {
        if before.root_role != wanted.was && before.root_role != wanted.role {
            let problem = "Somebody changed it meanwhile. What you see now is theirs; choose again.";
            return Err(Fault::unreadable(problem));
        }
        user::update(&mut tx, id, Edit { root_role: Some(role.id), ..Edit::default() }).await?;
        tx.commit().await?;
        Ok(())
    };
    match changed.await {
        Ok(()) => {
            let note = Note::new(format!("{} has the root role {}", before.called(), role.name));
            let (new, old) = (role.id.to_string(), before.root_role.to_string());
            let note = if new == old {
                note
            } else {
                note.undo(format!("{}/role", path(id)), &[("role", &old), ("was", &new)])
            };
            Ok(frame.done(&path(id), &note))
        }
        Err(fault) if fault.is_about_input() => {
            let mut tx = ui.db.read().await?;
            let mut response = draw(&grant, &mut tx, &frame, id, Some(&fault.sentences().join(" "))).await?;
            *response.status_mut() = fault.status();
            Ok(response)
        }
        Err(fault) => Err(fault),
    }
}
