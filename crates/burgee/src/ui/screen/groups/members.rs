//! Who comes into a group, and who leaves it.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::{group, path};
use crate::access::{Administer, Granted};
use crate::db::Read;
use crate::people::group as groups;
use crate::people::membership::{self, Member};
use crate::people::roster::{self, Filter, Person, Query};
use crate::people::user::{self, User};
use crate::provisioning::locks;
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Number};
use crate::ui::part::form::Field;
use crate::ui::part::{button, person, table, time};
use crate::ui::{Places, Ui};

/// How many people are suggested.
const SUGGESTED: i64 = 100;
/// How many are offered in place of somebody who was not found.
const OFFERED: i64 = 10;

pub(super) fn places(places: Places) -> Places {
    places.action("/groups/{id}/add", add).action("/groups/{id}/remove", remove)
}

/// Somebody who was not found, and who may have been meant.
pub(super) struct Refused {
    who: String,
    problem: String,
    meant: Vec<Person>,
}

/// With which names the first people can be found.
pub(super) async fn suggestions(tx: &mut Read) -> Result<Vec<String>, Fault> {
    let (people, _) = roster::search(tx, &Query { limit: SUGGESTED, ..Query::default() }).await?;
    Ok(people.into_iter().filter_map(|person| person.user.username.or(person.user.email)).collect())
}

/// The form that adds somebody.
pub(super) fn form(
    frame: &Frame,
    id: i64,
    suggestions: &[String],
    locked: Option<&str>,
    refused: Option<&Refused>,
) -> Markup {
    let action = frame.at(&format!("{}/add", path(id)));
    let suggestions: Vec<&str> = suggestions.iter().map(String::as_str).collect();
    html! {
        @match locked {
            Some(why) => div.row { (button::or_why("add", "Add somebody", Some(why))) },
            None => form.asking method="post" action=(action) data-draft {
                (Field { name: "who", label: "Add somebody by user name, e-mail address or name", problem: refused.map(|it| it.problem.as_str()), ..Field::default() }.combo(&suggestions, refused.map_or("", |it| &it.who)))
                button.button #add { "Add" }
            }
        }
        @if let Some(refused) = refused.filter(|it| !it.meant.is_empty()) {
            ul.links aria-label="Who may be meant" {
                @for it in &refused.meant {
                    li {
                        span.who { (it.user.called()) span.muted { (it.user.email.as_deref().or(it.user.username.as_deref()).unwrap_or_default()) } }
                        form.end method="post" action=(action) {
                            input type="hidden" name="user" value=(it.user.id);
                            button.button.small id={ "add-" (it.user.id) } aria-label={ "Add " (it.user.called()) } { "Add" }
                        }
                    }
                }
            }
        }
    }
}

/// The members of a page.
pub(super) fn table(frame: &Frame, id: i64, members: &[Member], locked: Option<&str>) -> Markup {
    table::scroll(
        "Members",
        &html! {
            table.rows {
                thead { tr {
                    th scope="col" { "Name" } th scope="col" { "User name" } th scope="col" { "Status" } th scope="col" { "Since" }
                    th scope="col" { span.unseen { "Remove" } }
                } }
                tbody {
                    @for it in members {
                        tr data-row id={ "row-" (it.user.id) } {
                            td.wide { a.row-link href=(frame.at(&format!("/users/{}", it.user.id))) { (it.user.called()) } }
                            td { (super::super::users::or_dash(it.user.username.as_deref().or(it.user.email.as_deref()))) }
                            td { (person::status(&it.user)) }
                            td { (time::ago(it.joined_at, frame.now)) }
                            td.number {
                                @if locked.is_none() {
                                    form method="post" action=(frame.at(&format!("{}/remove", path(id)))) {
                                        input type="hidden" name="user" value=(it.user.id);
                                        button.button.small id={ "remove-" (it.user.id) } aria-label={ "Remove " (it.user.called()) } { "Remove" }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        },
    )
}

/// What the forms send: an account by its number, or words that name one.
#[derive(Default, Deserialize)]
struct Meant {
    #[serde(default)]
    who: String,
    user: Option<i64>,
}

/// Who is meant; `Err`: nobody for sure.
async fn resolve(tx: &mut Read, meant: &Meant) -> Result<Result<User, Refused>, Fault> {
    if let Some(id) = meant.user {
        return Ok(Ok(user::get(tx, id).await?));
    }
    let who = meant.who.trim();
    if let Some(user) = user::named(tx, who).await? {
        return Ok(Ok(user));
    }
    let filter = Filter { text: who.to_owned(), ..Filter::default() };
    let query = Query { filter, limit: OFFERED, ..Query::default() };
    let found = if who.is_empty() { Vec::new() } else { roster::search(tx, &query).await?.0 };
    let problem = match found.len() {
        0 => "Nobody has such a name. Make the user first, or try a part of the name.",
        1 => "Nobody has exactly this user name or e-mail address. Is it this one?",
        _ => "Several people may be meant. Choose one of them.",
    };
    Ok(Err(Refused { who: who.to_owned(), problem: problem.to_owned(), meant: found }))
}

async fn add(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
    Form(meant): Form<Meant>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    let group = groups::lock(&mut tx, id).await?;
    let user = match resolve(&mut tx, &meant).await? {
        Ok(user) => user,
        Err(refused) => {
            drop(tx);
            let mut tx = ui.db.read().await?;
            return group::draw(&grant, &mut tx, &frame, id, 1, Some(&refused)).await;
        }
    };
    let moved = membership::add(&mut tx, &group, user.id).await?;
    locks::ensure_group_unlocked(&group, false, moved)?;
    tx.commit().await?;
    let name = user.called();
    let note = if moved {
        let back = user.id.to_string();
        Note::new(format!("{name} is in {}", group.name))
            .undo(format!("{}/remove", path(id)), &[("user", &back)])
    } else {
        Note::new(format!("{name} was in {} before", group.name))
    };
    Ok(frame.done(&path(id), &note))
}

async fn remove(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
    Form(meant): Form<Meant>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    let group = groups::lock(&mut tx, id).await?;
    let user = user::get(&mut tx, meant.user.unwrap_or_default()).await?;
    let moved = membership::remove(&mut tx, &group, user.id).await?;
    locks::ensure_group_unlocked(&group, false, moved)?;
    tx.commit().await?;
    let back = user.id.to_string();
    let note = Note::new(format!("{} is not in {} any more", user.called(), group.name));
    let note = if moved { note.undo(format!("{}/add", path(id)), &[("user", &back)]) } else { note };
    Ok(frame.done(&path(id), &note))
}
