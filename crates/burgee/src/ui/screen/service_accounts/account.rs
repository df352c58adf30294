//! One service account: its tokens, its root role, and what it reaches.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::path;
use crate::access::reach::{self, Whose};
use crate::access::{Administer, Granted, role};
use crate::db::Read;
use crate::people::service_account;
use crate::people::token as personal;
use crate::people::user::User;
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::{Number, Query, Viewer};
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::{button, table, time};
use crate::ui::screen::access::{self, About, Question};
use crate::ui::screen::personal_tokens as tokens;
use crate::ui::screen::users::{or_dash, role_name};
use crate::ui::{Places, Ui};

pub(super) fn places(places: Places) -> Places {
    places.page("/service-accounts/{id}", show).page("/service-accounts/{id}/access", reaches)
}

/// What the pages of a service account share.
struct Seen {
    viewer: Viewer,
    account: User,
    watch: Watch,
}

impl Seen {
    async fn of(grant: &Granted<Administer>, tx: &mut Read, id: i64) -> Result<Self, Fault> {
        Ok(Self {
            account: service_account::get(tx, id).await?,
            viewer: Viewer::of(grant, tx).await?,
            watch: Watch::over(grant, tx, None, None).await?,
        })
    }

    fn page(self, frame: &Frame, tab: &str, body: &Markup) -> Response {
        let base = path(self.account.id);
        let to = |step: &str| frame.at(&format!("{base}{step}"));
        let tabs = [("Overview", ""), ("Access", "/access")];
        let tabs = tabs.map(|(label, rest)| (label, to(rest), label == tab));
        let body = html! { (table::tabs("Service account", &tabs)) (body) };
        let actions =
            html! { (button::link(&to("/edit"), "Edit")) (button::link(&to("/delete"), "Delete…")) };
        let page = Page::new(Section::ServiceAccounts, self.account.called(), body)
            .below("Service accounts", "/service-accounts".to_owned())
            .actions(actions)
            .watch(self.watch);
        frame.page(&self.viewer, &page)
    }
}

async fn show(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let seen = Seen::of(&grant, &mut tx, id).await?;
    let list = personal::personal_of(&mut tx, id).await?;
    let roles = role::list(&mut tx).await?;
    let groups = reach::chains(&mut tx, Whose::User(id)).await?;
    let to = |step: &str| frame.at(&format!("{}{step}", path(id)));
    let account = &seen.account;
    let body = html! {
        dl.facts {
            div { dt { "User name" } dd { (or_dash(account.username.as_deref())) } }
            div { dt { "Root role" } dd { (role_name(&roles, account.root_role)) } }
            div { dt { "Last seen" } dd { (time::ago_or(account.seen_at, frame.now, "never")) } }
            div { dt { "Created" } dd { (time::ago(account.created_at, frame.now)) } }
        }
        section aria-labelledby="tokens" {
            div.row.spread {
                h2 #tokens { "Tokens" }
                @match tokens::full(&list) {
                    None => a.button #new-token href=(to("/new-token")) data-key="c" { "New token" },
                    Some(why) => (button::or_why("new-token", "New token", Some(&why))),
                }
            }
            @if list.is_empty() { p.calm { "No token yet: the account cannot do anything without one." } }
            @else { (tokens::list(&frame, &list, &path(id))) }
        }
        section aria-labelledby="groups" {
            h2 #groups { "Groups" }
            (access::member_of(&frame, &groups))
        }
    };
    Ok(seen.page(&frame, "Overview", &body))
}

async fn reaches(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
    Query(question): Query<Question>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let seen = Seen::of(&grant, &mut tx, id).await?;
    let about = About {
        whose: Whose::User(id),
        name: &seen.account.called(),
        path: &format!("{}/access", path(id)),
        active: seen.account.active,
    };
    let body = access::explained(&frame, &mut tx, &seen.viewer, &about, &question).await?;
    Ok(seen.page(&frame, "Access", &body))
}
