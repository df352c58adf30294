//! Users: everybody who can sign in, and each of them by themselves.

mod edit;
mod events;
mod life;
mod new;
mod reach;
mod sign_in;
mod user;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use crate::access::role::{self, Role};
use crate::access::{Administer, Granted};
use crate::db::Read;
use crate::people::roster::{self, Filter, Key, Origin, Person, Query as Which, Status};
use crate::people::user::User;
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::{Query, Viewer};
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::form::{self, Pick};
use crate::ui::part::table::{self, Ask};
use crate::ui::part::{button, filter, notice, person, time};
use crate::ui::{Places, Ui};

/// How many users a page has.
const SIZE: i64 = 50;

pub(in crate::ui) fn places(places: Places) -> Places {
    places
        .page("/users", list)
        .with(new::places)
        .with(user::places)
        .with(reach::places)
        .with(sign_in::places)
        .with(events::places)
        .with(edit::places)
        .with(life::places)
}

/// What the address asks for.
#[derive(Default, Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    origin: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    sort: String,
    page: Option<i64>,
}

impl Asked {
    fn page(&self) -> i64 {
        table::number(self.page)
    }

    fn filter(&self) -> Filter {
        Filter {
            services: false,
            text: self.q.clone(),
            origin: match self.origin.as_str() {
                "manual" => Some(Origin::Manual),
                "scim" => Some(Origin::Provisioned),
                _ => None,
            },
            role: self.role.parse().ok(),
            status: match self.status.as_str() {
                "active" => Some(Status::Active),
                "unseen" => Some(Status::Unseen),
                "deactivated" => Some(Status::Deactivated),
                _ => None,
            },
        }
    }

    fn query(&self) -> Which {
        let (key, descending) = match self.sort.as_str() {
            // Who was seen last is asked for first.
            "seen" => (Key::Seen, true),
            "-seen" => (Key::Seen, false),
            "-name" => (Key::Name, true),
            _ => (Key::Name, false),
        };
        Which { filter: self.filter(), key, descending, offset: (self.page() - 1) * SIZE, limit: SIZE }
    }
}

async fn list(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let (people, total) = roster::search(&mut tx, &asked.query()).await?;
    let roles = role::list(&mut tx).await?;
    let watch = Watch::over(&grant, &mut tx, None, None).await?;
    let pairs = [
        ("q", &asked.q),
        ("origin", &asked.origin),
        ("role", &asked.role),
        ("status", &asked.status),
        ("sort", &asked.sort),
    ];
    let narrows = pairs[..4].iter().any(|(_, value)| !value.trim().is_empty());
    let ask = Ask { path: "/users", pairs: pairs.map(|(name, value)| (name, value.clone())).to_vec() };
    let create = |key| button::main_link(&frame.at("/users/new"), "New user", None, key);
    let body = html! {
        (filters(&frame, &ask, &asked, &roles))
        @if !people.is_empty() {
            (table::scroll("Users", &rows(&frame, &ask, &people, &roles)))
            (ask.pages(&frame, asked.page(), SIZE, total))
        } @else if narrows || asked.page() > 1 {
            (notice::empty("No user matches", "Try a part of the name, the user name or the e-mail address.", &button::link(&frame.at("/users"), "Show all users")))
        } @else {
            (notice::empty("No users yet", "Make an account for somebody, or let your identity provider make them.", &create(None)))
        }
    };
    let page = Page::new(Section::Users, "Users", body).watch(watch).actions(create(Some("c")));
    Ok(frame.page(&viewer, &page))
}

fn filters(frame: &Frame, ask: &Ask<'_>, asked: &Asked, roles: &[Role]) -> Markup {
    let roles = roles.iter().filter(|role| role.is_root());
    let roles: Vec<(String, &str)> = roles.map(|role| (role.id.to_string(), role.name.as_str())).collect();
    let mut of_role = vec![("", "All root roles")];
    of_role.extend(roles.iter().map(|(id, name)| (id.as_str(), *name)));
    let origins = [("", "All origins"), ("manual", "Manual"), ("scim", "SCIM")];
    let states = [
        ("", "Any status"),
        ("active", "Active"),
        ("unseen", "Never signed in"),
        ("deactivated", "Deactivated"),
    ];
    let more = html! {
        (form::pick(&Pick { name: "origin", label: "Origin", chosen: &asked.origin }, &origins))
        (form::pick(&Pick { name: "role", label: "Root role", chosen: &asked.role }, &of_role))
        (form::pick(&Pick { name: "status", label: "Status", chosen: &asked.status }, &states))
        button.button.small { "Filter" }
    };
    let names = ("Find users by name, user name or e-mail", "Find users");
    html! { div.filters { (filter::search_with(frame, ask, names, &["origin", "role", "status"], &more)) } }
}

fn rows(frame: &Frame, ask: &Ask<'_>, people: &[Person], roles: &[Role]) -> Markup {
    html! {
        table.rows.stacks {
            thead { tr {
                (ask.heading(frame, "name", "Name, user name, e-mail"))
                th scope="col" { "Origin" }
                th scope="col" { "Root role" }
                th scope="col" { "Status" }
                (ask.heading(frame, "seen", "Last seen"))
            } }
            tbody {
                @for it in people {
                    tr data-row id={ "row-" (it.user.id) } {
                        td.wide {
                            a.row-link href=(frame.at(&path(it.user.id))) { (it.user.called()) }
                            div.muted.clip { (names(&it.user)) }
                        }
                        td data-label="Origin" { (person::origin(it.connection.as_deref())) }
                        td data-label="Root role" { (role_name(roles, it.user.root_role)) }
                        td { (person::status(&it.user)) }
                        td data-label="Last seen" { (time::ago_or(it.user.seen_at, frame.now, "never")) }
                    }
                }
            }
        }
    }
}

/// User name and e-mail address; what is the same stands once.
fn names(user: &User) -> String {
    let mut names: Vec<&str> =
        [&user.username, &user.email].into_iter().flatten().map(String::as_str).collect();
    names.dedup();
    names.join(" · ")
}

/// The page of a user.
fn path(id: i64) -> String {
    format!("/users/{id}")
}

/// A value, or that there is none.
pub(in crate::ui) fn or_dash(value: Option<&str>) -> Markup {
    html! { @match value.filter(|text| !text.is_empty()) { Some(text) => (text), None => span.muted { "–" } } }
}

/// The name of a role.
pub(in crate::ui) fn role_name(roles: &[Role], id: i64) -> &str {
    roles.iter().find(|role| role.id == id).map_or("unknown", |role| role.name.as_str())
}

/// The root roles as choices: number and name.
pub(in crate::ui) async fn root_roles(tx: &mut Read) -> Result<Vec<(String, String)>, Fault> {
    let roles = role::list(tx).await?;
    Ok(roles.into_iter().filter(Role::is_root).map(|role| (role.id.to_string(), role.name)).collect())
}

/// Choices as fields take them.
pub(in crate::ui) fn borrowed(choices: &[(String, String)]) -> Vec<(&str, &str)> {
    choices.iter().map(|(value, label)| (value.as_str(), label.as_str())).collect()
}
