//! Where what an identity provider last pushed is not what is true now.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::{hold as held, name, tabs};
use crate::access::{Administer, Granted};
use crate::provisioning::connection::{self, Connection, Provider};
use crate::provisioning::drift::{self, Difference, Group, Person};
use crate::provisioning::hold::{self, Held};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Number, Query, Viewer};
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::notice::empty;
use crate::ui::part::{button, count, table, time};
use crate::ui::{Places, Ui};

/// How many discarded removals a page has.
const SIZE: i64 = 50;

pub(super) fn places(places: Places) -> Places {
    places.page("/provisioning/{id}/drift", show).action("/provisioning/{id}/drift", repair)
}

#[derive(Default, serde::Deserialize)]
struct Asked {
    person: Option<i64>,
    group: Option<i64>,
    discarded: Option<i64>,
}

async fn show(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let it = connection::get(&mut tx, id).await?;
    let people = drift::people(&mut tx, id, asked.person.unwrap_or_default()).await?;
    let groups = drift::groups(&mut tx, id, asked.group.unwrap_or_default()).await?;
    let after = asked.discarded.unwrap_or_default();
    let discarded = hold::held(&mut tx, id, hold::State::Discarded, None, after, SIZE).await?;
    let next_discarded =
        discarded.last().filter(|_| i64::try_from(discarded.len()) == Ok(SIZE)).map(|it| it.id);
    let watch = Watch::over(&grant, &mut tx, None, None).await?;
    let path = format!("/provisioning/{id}/drift");
    let more = |name: &str, next: Option<i64>| {
        html! { @if let Some(next) = next { div.row { (button::link(&frame.at(&format!("{path}?{name}={next}")), "Go on")) } } }
    };
    let begun = asked.person.or(asked.group).or(asked.discarded).is_some();
    let next = people.next.or(groups.next).or(next_discarded);
    let nothing = people.found.is_empty() && groups.found.is_empty() && discarded.is_empty();
    let body = html! {
        (tabs(&frame, id, "drift"))
        @if nothing && next.is_none() && !begun {
            (empty("No drift", "What this identity provider last pushed is what is true here. What differs will be listed: changes by hand, removals that you discarded, and members of whom it never spoke.", &html! {}))
        } @else if nothing && next.is_none() {
            (empty("Nothing more", "There is no further drift.", &button::link(&frame.at(&path), "From the beginning")))
        }
        @if !discarded.is_empty() { (kept(&frame, id, &discarded)) }
        (more("discarded", next_discarded))
        @if !people.found.is_empty() || !groups.found.is_empty() {
            form.choosing method="post" action=(frame.at(&path)) data-draft {
                @if !people.found.is_empty() { (persons(&frame, &people.found)) }
                @if !groups.found.is_empty() { (listed(&frame, &groups.found)) }
                div.row {
                    button.button #repair { "Re-apply to the chosen" }
                    button.button #repair-all name="all" value="true" { "Re-apply to all on this page" }
                }
                p.hint { "What was last pushed becomes true again, and is recorded. If nobody else could administer, one admin keeps access." }
            }
        }
        (more("person", people.next))
        (more("group", groups.next))
        (again(&it))
    };
    let page = Page::new(Section::Provisioning, name(&it), body)
        .below("Provisioning", "/provisioning".to_owned())
        .watch(watch);
    Ok(frame.page(&viewer, &page))
}

/// Removals that an admin said no to.
fn kept(frame: &Frame, id: i64, found: &[Held]) -> Markup {
    let list = html! {
        table.rows.stacks {
            thead { tr { th scope="col" { span.unseen { "Choose" } } th scope="col" { "What the identity provider wants" } th scope="col" { "Asked" } th scope="col" { "Discarded" } } }
            tbody {
                @for it in found {
                    tr {
                        td.lever { input type="checkbox" id={ "choose-" (it.id) } name="item" value=(it.id) aria-label={ "Choose: " (held::plain(it)) }; }
                        td.wide { (held::words(frame, it)) }
                        td data-label="Asked" { (time::ago(it.since, frame.now)) }
                        td data-label="Discarded" { (time::ago_or(it.discarded_at, frame.now, "–")) @if let Some(who) = &it.discarded_by { span.muted { " by " (who) } } }
                    }
                }
            }
        }
    };
    html! {
        section aria-labelledby="discarded" {
            h2 #discarded { "Discarded removals" }
            form.choosing method="get" action=(frame.at(&format!("/provisioning/{id}/hold/apply"))) data-draft {
                input type="hidden" name="discarded" value="true";
                (table::scroll("Discarded removals", &list))
                div.row { button.button #apply { "Apply chosen…" } }
            }
        }
    }
}

fn told(differences: &[Difference]) -> Markup {
    let said = |text: &Option<String>| match text.as_deref() {
        None => "nothing".to_owned(),
        Some("true") => "yes".to_owned(),
        Some("false") => "no".to_owned(),
        Some(text) => format!("“{text}”"),
    };
    let label = |what: &str| match what {
        "username" => "user name",
        "email" => "e-mail address",
        "active" => "has access",
        _ => "name",
    };
    html! { @for it in differences { div { (label(it.what)) ": pushed " (said(&it.pushed)) ", now " (said(&it.now)) } } }
}

fn persons(frame: &Frame, found: &[Person]) -> Markup {
    let list = html! {
        table.rows.stacks {
            thead { tr { th scope="col" { span.unseen { "Choose" } } th scope="col" { "Person" } th scope="col" { "Difference" } th scope="col" { "Changed" } th scope="col" { "Last pushed" } } }
            tbody {
                @for it in found {
                    tr {
                        td.lever {
                            input type="checkbox" id={ "user-" (it.id) } name="user" value=(it.id) aria-label={ "Choose " (it.name) };
                            input type="hidden" name="shown-user" value=(it.id);
                        }
                        td.wide { a.row-link href=(frame.at(&format!("/users/{}", it.id))) { (it.name) } }
                        td { (told(&it.differences)) }
                        td data-label="Changed" { (time::ago(it.changed_at, frame.now)) @if let Some(who) = &it.changed_by { span.muted { " by " (who) } } }
                        td data-label="Last pushed" { (time::ago(it.pushed_at, frame.now)) }
                    }
                }
            }
        }
    };
    html! {
        section aria-labelledby="people" {
            h2 #people { "People" }
            (table::scroll("People that differ", &list))
        }
    }
}

fn listed(frame: &Frame, found: &[Group]) -> Markup {
    let list = html! {
        table.rows.stacks {
            thead { tr { th scope="col" { span.unseen { "Choose" } } th scope="col" { "Group" } th scope="col" { "Difference" } } }
            tbody {
                @for it in found {
                    tr {
                        td.lever {
                            @if !it.differences.is_empty() {
                                input type="checkbox" id={ "group-" (it.id) } name="group" value=(it.id) aria-label={ "Choose " (it.name) };
                                input type="hidden" name="shown-group" value=(it.id);
                            }
                        }
                        td.wide { a.row-link href=(frame.at(&format!("/groups/{}", it.id))) { (it.name) } }
                        td {
                            (told(&it.differences))
                            @if it.by_hand > 0 {
                                div { (count::of(it.by_hand, "member")) " of whom it never spoke: they stay until somebody takes them out." }
                                ul.list {
                                    @for member in &it.members {
                                        li {
                                            a href=(frame.at(&format!("/users/{}", member.id))) { (member.name.as_deref().unwrap_or("somebody")) }
                                            span.muted { " since " (time::ago(member.since, frame.now)) @if let Some(who) = &member.by { " by " (who) } }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    };
    html! {
        section aria-labelledby="groups" {
            h2 #groups { "Groups" }
            (table::scroll("Groups that differ", &list))
        }
    }
}

/// How to let the identity provider push everything once more.
fn again(it: &Connection) -> Markup {
    html! {
        section aria-labelledby="again" {
            h2 #again { "Let the identity provider push again" }
            @if it.setup.provider == Provider::Entra {
                p { "Entra ID never looks at what is here: it sends what has changed in the directory since its last cycle, and so mends no drift. To let it compare and send everything:" }
                ol.list {
                    li { "In the Entra admin center, open " strong { "Enterprise apps" } ", the app, and " strong { "Provisioning" } "." }
                    li { "Choose " strong { "Restart provisioning" } " and confirm. It forgets what it knew, and reads all users and groups in scope." }
                    li { "Wait for the initial cycle: it takes longer than the usual 40 minutes if there are many people. It finds them by their user name, and makes nobody twice." }
                }
                p.muted { "What to expect: everybody in scope is looked for here, and what differs is sent. Who is out of scope since is taken away; if they are many, that waits under Held." }
            } @else {
                p { "Most identity providers send only what has changed. A full synchronisation, or “push now” for a group, sends everything again and mends what differs; until then, re-apply it here." }
            }
        }
    }
}

async fn repair(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let all = pairs.iter().any(|(name, _)| name == "all");
    let numbers = |chosen: &str, shown: &str| -> Result<Vec<i64>, Fault> {
        let wanted = if all { shown } else { chosen };
        let found = pairs.iter().filter(|(name, _)| name == wanted);
        found.map(|(_, value)| value.parse().map_err(|_| Fault::nowhere())).collect()
    };
    let (users, groups) = (numbers("user", "shown-user")?, numbers("group", "shown-group")?);
    let back = format!("/provisioning/{id}/drift");
    if users.is_empty() && groups.is_empty() {
        return Ok(frame.done(&back, &Note::new("Nothing was chosen")));
    }
    let mut tx = ui.db.change(&grant, frame.now).await?;
    let count = drift::repair(&mut tx, id, &users, &groups).await?;
    tx.commit().await?;
    Ok(frame.done(&back, &Note::new(format!("Re-applied: {count} of {}", users.len() + groups.len()))))
}
