//! What an identity provider took away, and waits for an admin: applied or discarded, all of it or in part.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::{name, tabs};
use crate::access::{Administer, Granted};
use crate::db::Read;
use crate::provisioning::connection::{self, Connection};
use crate::provisioning::hold::{self, Guard, Held, Kind, Limits, Pending, Standing};
use crate::ui::edit::{Edit, Values};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Number, Query, Viewer};
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::notice::{Tone, empty, notice};
use crate::ui::part::{button, count, table, time};
use crate::ui::{Places, Ui};

/// How many removals a page has.
const SIZE: i64 = 100;
/// How many are named before they are applied.
const NAMED: i64 = 20;
/// What refusals are about.
const ABOUT: [(&str, &str); 3] = [("share", "share"), ("least", "least"), ("window", "minutes")];

pub(super) fn places(places: Places) -> Places {
    places
        .page("/provisioning/{id}/hold", show)
        .action("/provisioning/{id}/hold", configure)
        .page("/provisioning/{id}/hold/apply", ask)
        .action("/provisioning/{id}/hold/apply", apply)
        .action("/provisioning/{id}/hold/discard", discard)
        .action("/provisioning/{id}/hold/end", end)
}

/// That removals wait, wherever an admin looks.
pub(in crate::ui) fn told(frame: &Frame, it: &Standing) -> Markup {
    let waits = if it.waiting == 1 { "waits" } else { "wait" };
    let title = format!("{} by an identity provider {waits}", count::of(it.waiting, "removal"));
    notice(
        Tone::Warning,
        &title,
        &html! {
            p {
                @if it.name != "default" { "“" (it.name) "”: " }
                @match it.since {
                    Some(since) => { "It took away more than usual " (time::ago(since, frame.now)) ". Since then, nobody loses access by it until you say so. " },
                    None => { "They were held, and nobody has decided about them yet. " },
                }
                a href=(frame.at(&format!("/provisioning/{}/hold", it.connection))) { "Look at them" }
            }
        },
    )
}

/// That a removal waits, on the page of whom or what it is about.
pub(in crate::ui) fn pending(frame: &Frame, it: &Pending) -> Markup {
    let title = match it.kind {
        Kind::Deactivate => "Their deactivation waits for an admin".to_owned(),
        Kind::Delete => "Their deletion waits for an admin".to_owned(),
        Kind::Leave if it.count == 1 => "1 member waits to be taken out".to_owned(),
        Kind::Leave => format!("{} members wait to be taken out", it.count),
        Kind::DeleteGroup => "The deletion of this group waits for an admin".to_owned(),
    };
    notice(
        Tone::Warning,
        &title,
        &html! {
            p {
                "The SCIM connection “" (it.name) "” asked for it " (time::ago(it.since, frame.now)) ", when it took away more than usual. Here, nothing changes until you decide. "
                a href=(frame.at(&format!("/provisioning/{}/hold", it.connection))) { "Look at what is held" }
            }
        },
    )
}

/// What was asked for, in words.
pub(super) fn words(frame: &Frame, it: &Held) -> Markup {
    let user = html! {
        @if let Some(id) = it.user_id { a href=(frame.at(&format!("/users/{id}"))) { (it.user_name.as_deref().unwrap_or("somebody")) } }
    };
    let group = html! {
        @if let Some(id) = it.group_id { a href=(frame.at(&format!("/groups/{id}"))) { (it.group_name.as_deref().unwrap_or("a group")) } }
    };
    html! {
        @match it.kind {
            Kind::Deactivate => { (user) " loses access" },
            Kind::Delete => { (user) " is deleted" },
            Kind::Leave => { (user) " leaves " (group) },
            Kind::DeleteGroup => { "The group " (group) " is deleted" },
        }
    }
}

/// The same as text.
pub(super) fn plain(it: &Held) -> String {
    let user = it.user_name.as_deref().unwrap_or("somebody");
    let group = it.group_name.as_deref().unwrap_or("a group");
    match it.kind {
        Kind::Deactivate => format!("{user} loses access"),
        Kind::Delete => format!("{user} is deleted"),
        Kind::Leave => format!("{user} leaves {group}"),
        Kind::DeleteGroup => format!("the group {group} is deleted"),
    }
}

fn values(limits: Limits) -> Values {
    vec![
        ("share", limits.share.to_string()),
        ("least", limits.least.to_string()),
        ("minutes", limits.minutes.to_string()),
    ]
}

/// What a form, or an address, chooses.
struct Chosen {
    ids: Vec<i64>,
    all: bool,
    discarded: bool,
}

impl Chosen {
    fn read(pairs: &[(String, String)]) -> Result<Self, Fault> {
        let mut ids = Vec::new();
        for (_, value) in pairs.iter().filter(|(name, _)| name == "item") {
            ids.push(value.parse().map_err(|_| Fault::nowhere())?);
        }
        let says = |what: &str| pairs.iter().any(|(name, _)| name == what);
        Ok(Self { ids, all: says("all"), discarded: says("discarded") })
    }

    fn ids(&self) -> Option<&[i64]> {
        (!self.all).then_some(self.ids.as_slice())
    }

    const fn state(&self) -> hold::State {
        if self.discarded { hold::State::Discarded } else { hold::State::Waiting }
    }

    fn is_nothing(&self) -> bool {
        !self.all && self.ids.is_empty()
    }

    /// Where it was chosen.
    fn back(&self, id: i64) -> String {
        format!("/provisioning/{id}/{}", if self.discarded { "drift" } else { "hold" })
    }
}

#[derive(serde::Deserialize)]
struct Asked {
    after: Option<i64>,
}

async fn show(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let it = connection::get(&mut tx, id).await?;
    let guard = hold::guard(&mut tx, id).await?;
    let edit = Edit::of(values(guard.limits));
    draw(&grant, &mut tx, &frame, &it, &guard, asked.after.unwrap_or_default(), &edit).await
}

async fn draw(
    grant: &Granted<Administer>,
    tx: &mut Read,
    frame: &Frame,
    it: &Connection,
    guard: &Guard,
    after: i64,
    edit: &Edit,
) -> Result<Response, Fault> {
    let viewer = Viewer::of(grant, tx).await?;
    let waiting = hold::waiting(tx, it.id).await?;
    let found = hold::held(tx, it.id, hold::State::Waiting, None, after, SIZE).await?;
    let watch = Watch::over(grant, tx, None, None).await?;
    let path = format!("/provisioning/{}/hold", it.id);
    let body = html! {
        (tabs(frame, it.id, "hold"))
        @if let Some(since) = guard.held_since.filter(|_| waiting > 0) {
            (notice(Tone::Warning, "What it takes away waits for you", &html! {
                p { "More went " (time::ago(since, frame.now)) " than the limits below allow. The identity provider notices nothing, and all its other changes are done at once. The hold ends when nothing waits any more." }
                form method="post" action=(frame.at(&format!("{path}/end"))) { button.button.small #end { "End the hold now" } }
            }))
        }
        @if found.is_empty() && after == 0 {
            (empty("Nothing waits", "If this identity provider takes away more people or members at once than usual, what it takes away is listed here until you apply or discard it.", &html! {}))
        } @else {
            (queue(frame, &path, &found, waiting))
        }
        @if i64::try_from(found.len()) == Ok(SIZE) {
            @if let Some(last) = found.last() { div.row { (button::link(&frame.at(&format!("{path}?after={}", last.id)), "More")) } }
        }
        section aria-labelledby="limits" {
            h2 #limits { "Limits" }
            p.muted { "Whom the identity provider made within the same time does not count: testing a connection changes nothing." }
            (edit.form(frame, &path, ("save", "Save limits"), None, None, &fields(edit)))
        }
    };
    let page = Page::new(Section::Provisioning, name(it), body)
        .below("Provisioning", "/provisioning".to_owned())
        .watch(watch);
    Ok(frame.page(&viewer, &page.status(edit.status())))
}

fn fields(edit: &Edit) -> Markup {
    let field = |name, label, hint| {
        crate::ui::part::form::Field { hint: Some(hint), ..edit.field(name, label) }.text(
            "number",
            edit.get(name),
            "off",
        )
    };
    html! {
        (field("share", "Share, in percent", "Of its active people, or of the members of a group. Beyond it, removals wait. 0: nothing ever waits."))
        (field("least", "Least number", "So many may always go, however small the share is in which that results."))
        (field("minutes", "Window, in minutes", "Within this time they are counted together."))
    }
}

/// The list, to choose from.
fn queue(frame: &Frame, path: &str, found: &[Held], waiting: i64) -> Markup {
    let list = html! {
        table.rows.stacks {
            thead { tr {
                th scope="col" { span.unseen { "Choose" } }
                th scope="col" { "What the identity provider wants" } th scope="col" { "Since" } th scope="col" { "Call" }
            } }
            tbody {
                @for it in found {
                    tr data-row id={ "held-" (it.id) } {
                        td.lever { input type="checkbox" id={ "choose-" (it.id) } name="item" value=(it.id) aria-label={ "Choose: " (plain(it)) }; }
                        td.wide { (words(frame, it)) }
                        td data-label="Since" { (time::ago(it.since, frame.now)) }
                        td { @if let Some(call) = &it.call { a href=(frame.at(&format!("/provisioning/calls/{call}"))) { "Call" span.unseen { " that asked for: " (plain(it)) } } } }
                    }
                }
            }
        }
    };
    html! {
        form.choosing method="post" action=(frame.at(&format!("{path}/discard"))) data-draft {
            (table::scroll("Removals that wait", &list))
            div.row {
                button.button #apply formmethod="get" formaction=(frame.at(&format!("{path}/apply"))) { "Apply chosen…" }
                button.button #discard { "Discard chosen" }
                button.button #apply-all name="all" value="true" formmethod="get" formaction=(frame.at(&format!("{path}/apply"))) { "Apply all " (waiting) "…" }
                button.button #discard-all name="all" value="true" { "Discard all " (waiting) }
            }
            p.hint { "Applied: it is done as if it had never waited. Discarded: access stays, until the identity provider gives it back itself and takes it away again; it shows under Drift." }
        }
    }
}

/// Says what is going to be done.
async fn ask(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let chosen = Chosen::read(&pairs)?;
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let it = connection::get(&mut tx, id).await?;
    let limit = if chosen.all { NAMED } else { SIZE };
    let found = hold::held(&mut tx, id, chosen.state(), chosen.ids(), 0, limit).await?;
    let total = if chosen.all {
        hold::waiting(&mut tx, id).await?
    } else {
        i64::try_from(found.len()).unwrap_or(i64::MAX)
    };
    let rest = total - i64::try_from(found.len()).unwrap_or(total);
    let back = chosen.back(id);
    let body = html! {
        @if found.is_empty() {
            (empty("Nothing is chosen", "Choose what to apply first. What somebody else has decided meanwhile is no longer there.", &button::link(&frame.at(&back), "Back")))
        } @else {
            p { "What the identity provider asked for is done now. Whoever loses access loses sessions and access tokens, too; who is deleted does not get their roles back. If nobody else could administer, one admin stays." }
            ul.list { @for it in &found { li { (words(&frame, it)) } } }
            @if rest > 0 { p.muted { "and " (rest) " more" } }
            form.row method="post" action=(frame.at(&format!("/provisioning/{id}/hold/apply"))) {
                @if chosen.all { input type="hidden" name="all" value="true"; }
                @else { @for it in &found { input type="hidden" name="item" value=(it.id); } }
                @if chosen.discarded { input type="hidden" name="discarded" value="true"; }
                button.button.danger #apply { "Apply " (count::of(total, "removal")) }
                (button::link(&frame.at(&back), "Cancel"))
            }
        }
    };
    let page = Page::new(Section::Provisioning, "Apply removals", body)
        .below("Provisioning", "/provisioning".to_owned())
        .below(&name(&it), back);
    Ok(frame.page(&viewer, &page))
}

async fn apply(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let chosen = Chosen::read(&pairs)?;
    if chosen.is_nothing() {
        return Ok(frame.done(&chosen.back(id), &Note::new("Nothing was chosen")));
    }
    let mut tx = ui.db.change(&grant, frame.now).await?;
    let done = hold::apply(&mut tx, id, chosen.state(), chosen.ids()).await?;
    tx.commit().await?;
    Ok(frame.done(&chosen.back(id), &Note::new(said("applied", done))))
}

async fn discard(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let chosen = Chosen::read(&pairs)?;
    if chosen.is_nothing() {
        return Ok(frame.done(&chosen.back(id), &Note::new("Nothing was chosen")));
    }
    let mut tx = ui.db.change(&grant, frame.now).await?;
    let done = hold::discard(&mut tx, id, chosen.ids()).await?;
    tx.commit().await?;
    Ok(frame.done(&chosen.back(id), &Note::new(said("discarded", done))))
}

/// What was decided, and what is left.
fn said(what: &str, done: hold::Done) -> String {
    let rest =
        if done.left == 0 { "nothing waits any more".to_owned() } else { format!("{} left", done.left) };
    format!("{} {what}: {rest}", count::of(done.count, "removal"))
}

async fn end(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, frame.now).await?;
    connection::get(&mut tx, id).await?;
    hold::end(&mut tx, id).await?;
    tx.commit().await?;
    let note = Note::new("The hold is over: what it takes away from now on is done at once");
    Ok(frame.done(&format!("/provisioning/{id}/hold"), &note))
}

async fn configure(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let mut edit = Edit::read(pairs)?;
    let mut tx = ui.db.change(&grant, frame.now).await?;
    connection::get(&mut tx, id).await?;
    // Locked before they are compared, so that nobody comes between.
    let before = hold::lock(&mut tx, id).await?.limits;
    if edit.onto(values(before)) {
        let limits = Limits {
            share: edit.number("share").unwrap_or(before.share),
            least: edit.number("least").unwrap_or(before.least),
            minutes: edit.number("minutes").unwrap_or(before.minutes),
        };
        if edit.sound() {
            let saved = async {
                hold::configure(&mut tx, id, limits).await?;
                tx.commit().await
            };
            if edit.settle(saved.await, &ABOUT)?.is_some() {
                return Ok(
                    frame.done(&format!("/provisioning/{id}/hold"), &Note::new("The limits are saved"))
                );
            }
        } else {
            drop(tx);
        }
    } else {
        drop(tx);
    }
    let mut tx = ui.db.read().await?;
    let it = connection::get(&mut tx, id).await?;
    let guard = hold::guard(&mut tx, id).await?;
    draw(&grant, &mut tx, &frame, &it, &guard, 0, &edit).await
}
