//! How a connection is set up: every choice, with what it means.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::new::ABOUT;
use super::{name, tabs};
use crate::access::{Administer, ConfigureAuth, Granted, Guard};
use crate::db::{Json, Read};
use crate::error::Result as Outcome;
use crate::provisioning::connection::{
    self, Connection, Network, OnMatch, PatchAnswer, Provider, Setup, Strictness, UnknownMembers,
};
use crate::ui::edit::{Edit, Values};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Number, Viewer, why_not_everywhere};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::form::Field;
use crate::ui::{Places, Ui};

pub(super) fn places(places: Places) -> Places {
    places.page("/provisioning/{id}/settings", ask).action("/provisioning/{id}/settings", save)
}

fn values(it: &Connection) -> Values {
    let setup = &it.setup;
    let networks: Vec<String> = setup.networks.0.iter().map(Network::to_string).collect();
    vec![
        ("name", setup.name.clone()),
        ("slug", setup.slug.clone()),
        ("provider", setup.provider.name().to_owned()),
        ("mode", setup.mode.name().to_owned()),
        ("patch_answer", setup.patch_answer.name().to_owned()),
        ("on_match", setup.on_match.name().to_owned()),
        ("unknown_members", setup.unknown_members.name().to_owned()),
        ("rate", setup.rate.map(|rate| rate.to_string()).unwrap_or_default()),
        ("networks", networks.join("\n")),
        ("dry_run", it.dry_run.to_string()),
    ]
}

/// What was typed; a choice that does not exist stays as it was.
fn read(edit: &mut Edit, before: &Setup) -> Outcome<Setup> {
    Ok(Setup {
        name: edit.get("name").to_owned(),
        slug: edit.get("slug").to_owned(),
        provider: Provider::named(edit.get("provider")).unwrap_or(before.provider),
        mode: Strictness::named(edit.get("mode")).unwrap_or(before.mode),
        patch_answer: PatchAnswer::named(edit.get("patch_answer")).unwrap_or(before.patch_answer),
        on_match: OnMatch::named(edit.get("on_match")).unwrap_or(before.on_match),
        unknown_members: UnknownMembers::named(edit.get("unknown_members")).unwrap_or(before.unknown_members),
        rate: edit.number("rate"),
        networks: Json(Network::parse_all(edit.list("networks").iter().map(String::as_str))?),
    })
}

async fn ask(
    grant: Granted<ConfigureAuth>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let it = connection::get(&mut tx, id).await?;
    draw(&grant, &mut tx, &frame, &it, &Edit::of(values(&it))).await
}

async fn draw<G: Guard>(
    grant: &Granted<G>,
    tx: &mut Read,
    frame: &Frame,
    it: &Connection,
    edit: &Edit,
) -> Result<Response, Fault> {
    let viewer = Viewer::of(grant, tx).await?;
    let why_not = why_not_everywhere::<Administer>(grant.held());
    let path = format!("/provisioning/{}/settings", it.id);
    let body = html! {
        (tabs(frame, it.id, "settings"))
        (edit.form(frame, &path, ("save", "Save"), Some(&format!("/provisioning/{}", it.id)), why_not.as_deref(), &fields(edit)))
    };
    let page =
        Page::new(Section::Provisioning, name(it), body).below("Provisioning", "/provisioning".to_owned());
    Ok(frame.page(&viewer, &page.status(edit.status())))
}

fn fields(edit: &Edit) -> Markup {
    let providers: Vec<(&str, &str)> = Provider::ALL.iter().map(|it| (it.name(), it.label())).collect();
    html! {
        section.stack aria-labelledby="who" {
            h2 #who { "Who it is" }
            (Field { hint: Some("As you and the event log call it."), ..edit.field("name", "Name") }.text("text", edit.get("name"), "off"))
            (Field { hint: Some("Stands in the base URL: small letters, digits and -. If it changes, the identity provider needs the new URL."), ..edit.field("slug", "Name in the address") }.text("text", edit.get("slug"), "off"))
            (Field { hint: Some("Which steps are shown. Calls are answered the same way, whoever sends them."), ..edit.field("provider", "Identity provider") }.choice(&providers, edit.get("provider")))
        }
        section.stack aria-labelledby="whom" {
            h2 #whom { "Whom it manages" }
            (edit.field("on_match", "Somebody, or a group, that is here already and managed by hand").radios(&[
                ("adopt", "Is taken over", "The person with the same user name or e-mail address, or the group with the same name. Roles stay, and so do members who were added by hand. What another connection manages is never taken."),
                ("conflict", "Stays as it is", "The call is refused with 409, and the identity provider shows an error for this person or group."),
            ], edit.get("on_match")))
            (edit.field("unknown_members", "Members of a group whom the connection does not know").radios(&[
                ("ignore", "Are left out", "Everybody else in the same call comes in. The server's log names them."),
                ("reject", "Make the call fail", "It is refused with 400, and changes nothing."),
            ], edit.get("unknown_members")))
        }
        section.stack aria-labelledby="how" {
            h2 #how { "How calls are answered" }
            (edit.field("mode", "What does not follow the standard").radios(&[
                ("tolerant", "Is understood where it is clear", "What all deployed identity providers send is. A deviation is never read as more destructive than it looks. What is not known is kept and given back."),
                ("strict", "Is refused", "As the interoperability profile of SCIM asks: unknown attributes and operations without a path are errors. For clients of your own."),
            ], edit.get("mode")))
            (edit.field("patch_answer", "A PATCH is answered").radios(&[
                ("auto", "As it fits", "With the resource; without a body to those who prefer that, and for groups of more than 100 members."),
                ("200", "With the resource", "Always: 200."),
                ("204", "Without a body", "204, unless the request asks for attributes."),
            ], edit.get("patch_answer")))
            (edit.field("dry_run", "What calls ask for").radios(&[
                ("false", "Is done", "As usual."),
                ("true", "Is tried and undone: a dry run", "Every call is answered as if it had been done, and changes nothing. The journal of calls shows what would have changed. Afterwards, let the identity provider begin anew."),
            ], edit.get("dry_run")))
        }
        section.stack aria-labelledby="whence" {
            h2 #whence { "From where, and how fast" }
            (Field { hint: Some("One in a line, such as 192.0.2.0/24 or 2001:db8::/32. Calls from elsewhere are refused with 403. If it is empty, calls may come from everywhere. Behind a proxy, the server must be told to trust it (TRUST_PROXY)."), optional: true, ..edit.field("networks", "Networks") }.lines(edit.get("networks")))
            (Field { hint: Some("What is beyond is answered with 429, and comes again a second later. Entra and Okta expect 25 at least. If it is empty, there is no limit."), optional: true, ..edit.field("rate", "Requests per second") }.text("number", edit.get("rate"), "off"))
        }
    }
}

async fn save(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let mut edit = Edit::read(pairs)?;
    let mut tx = ui.db.change(&grant, frame.now).await?;
    // Locked before it is compared, so that nobody comes between.
    let there = connection::lock(&mut tx, id).await?;
    if edit.onto(values(&there)) {
        let setup = read(&mut edit, &there.setup);
        let dry_run = edit.get("dry_run").parse().unwrap_or(there.dry_run);
        if edit.sound() {
            let saved = async {
                connection::configure(&mut tx, id, None, &setup?).await?;
                connection::rehearse(&mut tx, id, dry_run).await?;
                tx.commit().await
            };
            let about: Vec<(&str, &str)> = ABOUT.into_iter().chain([("network", "networks")]).collect();
            let saved = saved.await;
            if edit.settle(saved, &about)?.is_some() {
                let note = Note::new("The connection is saved");
                return Ok(frame.done(&format!("/provisioning/{id}"), &note));
            }
        } else {
            drop(tx);
        }
    } else {
        drop(tx);
    }
    let mut tx = ui.db.read().await?;
    let it = connection::get(&mut tx, id).await?;
    draw(&grant, &mut tx, &frame, &it, &edit).await
}
