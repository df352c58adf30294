//! The reader's own things: who they are here, what they may do, how they like their pages.

mod security;
mod tokens;

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use crate::access::{Granted, SignedIn, reach};
use crate::people::user::User;
use crate::people::{group, user};
use crate::provisioning::locks;
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Times};
use crate::ui::guard::Viewer;
use crate::ui::nav::{self, Section};
use crate::ui::page::Page;
use crate::ui::part::notice::{Tone, notice};
use crate::ui::part::{table, tag, time};
use crate::ui::{Places, Ui};

pub(in crate::ui) fn places(places: Places) -> Places {
    places.page("/profile", show).with(security::places).with(tokens::places)
}

const PATHS: [(&str, &str); 3] =
    [("Profile", "/profile"), ("Security", "/profile/security"), ("Access tokens", "/profile/tokens")];

/// A page of the profile under its tabs.
fn page(frame: &Frame, here: &str, body: &Markup) -> Page {
    let tabs: Vec<(&str, String, bool)> =
        PATHS.into_iter().map(|(name, path)| (name, frame.at(path), path == here)).collect();
    Page::new(Section::Profile, "Profile", html! { (table::tabs("Profile", &tabs)) (body) })
}

async fn show(grant: Granted<SignedIn>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    let id = grant.person()?;
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let user = user::get(&mut tx, id).await?;
    let managed = locks::ensure_user_unlocked(&mut tx, &user).await.is_err();
    let root = reach::root_roles(&mut tx, id).await?;
    let mut held: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (project, role) in reach::project_roles(&mut tx, id).await? {
        held.entry(project).or_default().push(role.name);
    }
    let groups = group::of_user(&mut tx, id).await?;
    let body = html! {
        @if managed {
            (notice(Tone::Info, "Your identity provider manages your account", &html! {
                p { "Name, user name and e-mail address come from there, and so does the way you sign in. Change them there." }
            }))
        }
        (facts(&frame, &user))
        @if !managed { p.hint { @if viewer.admin { "Change your name and address on " a href=(frame.at(&format!("/users/{id}/edit"))) { "your page among the users" } "." } @else { "Ask an admin to change your name or address." } } }
        section aria-labelledby="access" {
            h2 #access { "What you may do" }
            @if viewer.admin {
                p { "You are an admin: you may do everything, in all projects." }
            } @else {
                p { "Everywhere: " @for (index, role) in root.iter().enumerate() { @if index > 0 { ", " } strong { (role.name) } } ". "
                    @for role in &root { span.muted { (role.description) " " } } }
            }
            @if !groups.is_empty() {
                p.chips { "Groups:" @for group in &groups { (tag::chip(&group.name)) } }
            }
            @if held.is_empty() {
                @if !viewer.admin { p.muted { "You have no role in a project. You see those that are open to everybody." } }
            } @else {
                (table::scroll("Roles in projects", &html! {
                    table.rows {
                        thead { tr { th scope="col" { "Project" } th scope="col" { "Your roles there" } } }
                        tbody { @for (project, roles) in &held {
                            tr data-row { td.wide { a.row-link href=(frame.at(&format!("/projects/{project}"))) { (viewer.project(project)) } } td { (roles.join(", ")) } }
                        } }
                    }
                }))
            }
        }
        section aria-labelledby="look" {
            h2 #look { "How pages look" }
            div.row.looks {
                form method="post" action=(frame.at("/theme")) hx-boost="false" {
                    input type="hidden" name="back" value=(frame.here);
                    (nav::themes(&frame))
                }
                form method="post" action=(frame.at("/times")) hx-boost="false" {
                    input type="hidden" name="back" value=(frame.here);
                    fieldset.segments {
                        legend { "Times" }
                        @for (times, label) in Times::ALL.into_iter().zip(["3 h ago", "Date, in my time zone", "Date, in UTC"]) {
                            button name="times" value=(times.name()) aria-pressed=(frame.times == times) { (label) }
                        }
                    }
                }
            }
            p.hint { "Kept in this browser." }
        }
    };
    Ok(frame.page(&viewer, &page(&frame, "/profile", &body)))
}

fn facts(frame: &Frame, user: &User) -> Markup {
    let or_none = |text: &Option<String>| {
        html! { @match text { Some(text) => (text), None => span.muted { "none" } } }
    };
    html! {
        dl.facts {
            div { dt { "Name" } dd { (or_none(&user.name)) } }
            div { dt { "User name" } dd { (or_none(&user.username)) } }
            div { dt { "E-mail address" } dd { (or_none(&user.email)) } }
            div { dt { "Here since" } dd { (time::ago(user.created_at, frame.now)) } }
        }
    }
}
