//! Flags without an owner: what people left behind, and what becomes of such flags.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::owner::{meant, suggestions};
use crate::access::{Administer, Granted, Sight};
use crate::db::Read;
use crate::error::Error;
use crate::instance::settings;
use crate::owners::{self, Departed, Owner, Policy};
use crate::people::group;
use crate::ui::edit::Edit;
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Viewer};
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::form::{self, Field};
use crate::ui::part::{button, count, notice, tag, time};
use crate::ui::{Places, Ui};

/// How many owners are shown, and how many flags of each.
const OWNERS: i64 = 20;
const SHOWN: i64 = 50;
/// How many groups are suggested.
const GROUPS: i64 = 500;
const PATH: &str = "/flag-owners";
/// What becomes of flags: the word in the form, what it is called, and what it means.
const POLICIES: [(&str, &str, &str); 3] = [
    ("list", "Nobody’s, and listed here", "You hand them over."),
    (
        "manager",
        "Their manager’s",
        "As the identity provider tells: the first one above who is active. Without one they are listed here.",
    ),
    ("group", "A group’s", "The group that you choose."),
];

pub(in crate::ui) fn places(places: Places) -> Places {
    places
        .page(PATH, list)
        .action("/flag-owners/hand-over", hand_over)
        .page("/flag-owners/policy", ask_policy)
        .action("/flag-owners/policy", save_policy)
}

/// The word in forms for an owner.
fn word(owner: Owner) -> String {
    match owner {
        Owner::User(id) => format!("user:{id}"),
        Owner::Group(id) => format!("group:{id}"),
    }
}

fn read(word: &str) -> Option<Owner> {
    match word.split_once(':')? {
        ("user", id) => id.parse().ok().map(Owner::User),
        ("group", id) => id.parse().ok().map(Owner::Group),
        _ => None,
    }
}

/// What was typed and refused.
#[derive(Default)]
struct Refused {
    from: Option<Owner>,
    to: String,
    problem: String,
}

async fn list(grant: Granted<Administer>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    draw(&grant, &mut ui.db.read().await?, &frame, &Refused::default()).await
}

async fn draw(
    grant: &Granted<Administer>,
    tx: &mut Read,
    frame: &Frame,
    refused: &Refused,
) -> Result<Response, Fault> {
    let viewer = Viewer::of(grant, tx).await?;
    let watch = Watch::over(grant, tx, None, None).await?;
    let found = owners::departed(tx, &Sight::ALL, 0, OWNERS, SHOWN).await?;
    let suggestions = suggestions(tx).await?;
    let suggestions: Vec<&str> = suggestions.iter().map(String::as_str).collect();
    let mut sections = Vec::new();
    for it in &found.owners {
        let typed = (refused.from == Some(it.who.owner)).then_some(refused);
        sections.push(section(frame, it, &heir(tx, it).await?, &suggestions, typed));
    }
    let body = html! {
        p.muted { "Flags of people who lost their account, or of groups that were removed. Clients notice nothing; only nobody answers for them." }
        @if sections.is_empty() {
            (notice::empty("Nobody left flags behind", "When somebody leaves who answers for flags, they show here until somebody else takes over.", &html! {}))
        }
        @for section in &sections { (section) }
        @if found.total > OWNERS { p.muted { (found.total - OWNERS) " more owners show here as soon as these are handed over." } }
        p.muted { "Flags that never had an owner: " a href=(frame.at("/flags?owner=nobody")) { "all flags without an owner" } "." }
    };
    let page = Page::new(Section::FlagOwners, "Flags without an owner", body)
        .watch(watch)
        .actions(button::link(&frame.at("/flag-owners/policy"), "When people leave…"))
        .status(if refused.from.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK });
    Ok(frame.page(&viewer, &page))
}

/// Who is offered first: whoever left and is back, or else their manager.
async fn heir(tx: &mut Read, it: &Departed) -> Result<String, Fault> {
    let owner = match (it.who.owner, it.back) {
        (owner, true) => Some(owner),
        (Owner::User(id), false) => owners::manager(tx, id, &BTreeSet::new()).await?.map(Owner::User),
        (Owner::Group(_), false) => None,
    };
    Ok(match owner {
        Some(owner) => owners::word(tx, owner).await?,
        None => String::new(),
    })
}

fn section(
    frame: &Frame,
    it: &Departed,
    heir: &str,
    suggestions: &[&str],
    refused: Option<&Refused>,
) -> Markup {
    let key = word(it.who.owner).replace(':', "-");
    let to = format!("to-{key}");
    let typed = refused.map_or(heir, |refused| &refused.to);
    html! {
        section aria-labelledby={ "of-" (key) } {
            h2 id={ "of-" (key) } {
                (it.who.name) " "
                @if it.back { (tag::chip("has an account again")) }
            }
            p.muted {
                (count::of(it.count, "flag"))
                @if let Some(since) = it.since { ", without an owner since " (time::ago(since, frame.now)) }
            }
            form.stack method="post" action=(frame.at("/flag-owners/hand-over")) data-draft {
                input type="hidden" name="from" value=(word(it.who.owner));
                ul.ticks {
                    @for flag in &it.flags {
                        @let id = format!("flag-{}", flag.name);
                        li.check {
                            input type="checkbox" id=(id) name="flag" value=(flag.name);
                            div {
                                label for=(id) { (flag.name) } " "
                                a.muted href=(frame.at(&format!("/projects/{}/features/{}", flag.project, flag.name))) aria-label={ "Open " (flag.name) " in " (flag.project) } { (flag.project) }
                            }
                        }
                    }
                }
                @if it.count > SHOWN { p.muted { "and " (it.count - SHOWN) " more" } }
                (Field {
                    name: &to, label: "Hand over to", problem: refused.map(|refused| refused.problem.as_str()),
                    hint: Some("A person or a group. What you tick goes; with nothing ticked, all of them."), optional: false, unmarked: false,
                }.combo(suggestions, typed))
                div.row { button.button id={ "hand-over-" (key) } { "Hand over" } }
            }
        }
    }
}

async fn hand_over(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let from = pairs.iter().find(|(name, _)| name == "from").and_then(|(_, value)| read(value));
    let from = from.ok_or_else(Fault::nowhere)?;
    let to = pairs.iter().find(|(name, _)| name.starts_with("to-"));
    let to = to.map(|(_, value)| value.trim().to_owned()).unwrap_or_default();
    let flags: Vec<String> =
        pairs.into_iter().filter(|(name, _)| name == "flag").map(|(_, value)| value).collect();
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    let done = async {
        let heir = meant(&mut tx, &to).await?;
        let chosen = (!flags.is_empty()).then_some(flags.as_slice());
        let flags = owners::hand_over(&mut tx, from, chosen, heir).await?;
        tx.commit().await?;
        Ok::<_, Error>(flags)
    };
    match done.await.map_err(Fault::from) {
        Ok(0) => {
            Ok(frame.done(PATH, &Note::new("Nothing was left to hand over: others answer for these flags")))
        }
        Ok(flags) => {
            Ok(frame.done(PATH, &Note::new(format!("{to} answers for {} now", count::of(flags, "flag")))))
        }
        Err(fault) if fault.is_about_input() => {
            let problem = fault.sentences().join(" ").replace("\"owner\": ", "");
            let refused = Refused { from: Some(from), to, problem };
            draw(&grant, &mut ui.db.read().await?, &frame, &refused).await
        }
        Err(fault) => Err(fault),
    }
}

async fn ask_policy(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let policy: Policy = settings::load(&mut tx).await?.unwrap_or_default();
    let (word, group) = match policy {
        Policy::List => ("list", String::new()),
        Policy::Manager => ("manager", String::new()),
        Policy::Group { group } => ("group", owners::word(&mut tx, Owner::Group(group)).await?),
    };
    let edit = Edit::of(vec![("leave", word.to_owned()), ("group", group)]);
    draw_policy(&grant, &mut tx, &frame, &edit).await
}

async fn draw_policy(
    grant: &Granted<Administer>,
    tx: &mut Read,
    frame: &Frame,
    edit: &Edit,
) -> Result<Response, Fault> {
    let viewer = Viewer::of(grant, tx).await?;
    let groups = group::names(tx, GROUPS).await?;
    let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
    let fields = html! {
        fieldset.choices {
            legend { "When people leave, their flags are" }
            @for (value, label, hint) in POLICIES { (form::radio("leave", value, label, hint, edit.get("leave") == value)) }
        }
        (Field { optional: true, hint: Some("Only if you chose a group."), ..edit.field("group", "Group") }.combo(&groups, edit.get("group")))
    };
    let form = edit.form(frame, "/flag-owners/policy", ("save", "Save"), Some(PATH), None, &fields);
    let page = Page::new(Section::FlagOwners, "When people leave", form)
        .below("Flags without an owner", PATH.to_owned())
        .status(edit.status());
    Ok(frame.page(&viewer, &page))
}

#[derive(Deserialize)]
struct Chosen {
    leave: String,
    #[serde(default)]
    group: String,
}

async fn save_policy(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(chosen): Form<Chosen>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    let saved = async {
        let policy = match chosen.leave.as_str() {
            "manager" => Policy::Manager,
            "group" => match group::named(&mut tx, &chosen.group).await? {
                Some(group) => Policy::Group { group: group.id },
                None => {
                    return Err(Error::bad_data(
                        "\"group\": no group has this name. Choose one from the list.",
                    ));
                }
            },
            _ => Policy::List,
        };
        owners::decide(&mut tx, policy).await?;
        tx.commit().await
    };
    let saved = saved.await;
    let mut edit = Edit::of(vec![("leave", chosen.leave), ("group", chosen.group)]);
    match edit.settle(saved, &[("\"group\"", "group")])? {
        Some(()) => Ok(frame.done(PATH, &Note::new("It holds for whoever leaves from now on"))),
        None => draw_policy(&grant, &mut ui.db.read().await?, &frame, &edit).await,
    }
}
