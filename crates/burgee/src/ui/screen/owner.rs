//! Who answers for a flag.

use axum::extract::{Path, State};
use axum::response::Response;
use maud::html;

use crate::access::{Granted, UpdateFeature};
use crate::db::Read;
use crate::error::Error;
use crate::features;
use crate::owners::{self, Owner};
use crate::people::{group, roster};
use crate::ui::edit::{Edit, Values};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Viewer};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::form::Field;
use crate::ui::{Places, Ui};

/// How many people, and how many groups, are suggested.
const SUGGESTED: i64 = 100;

pub(in crate::ui) fn places(places: Places) -> Places {
    places
        .page("/projects/{projectId}/features/{featureName}/owner", ask)
        .action("/projects/{projectId}/features/{featureName}/owner", save)
}

/// With which names the first people and groups can be found.
pub(super) async fn suggestions(tx: &mut Read) -> Result<Vec<String>, Fault> {
    let query = roster::Query { limit: SUGGESTED, ..roster::Query::default() };
    let (people, _) = roster::search(tx, &query).await?;
    let people = people.into_iter().filter(|person| person.user.active);
    let mut names: Vec<String> =
        people.filter_map(|person| person.user.username.or(person.user.email)).collect();
    names.extend(group::names(tx, SUGGESTED).await?);
    Ok(names)
}

/// Whom a name means.
pub(super) async fn meant(tx: &mut Read, name: &str) -> Result<Owner, Error> {
    owners::named(tx, name).await?.ok_or_else(|| {
        Error::bad_data("\"owner\": no active person and no group has this name. Type a user name, an e-mail address or the name of a group.")
    })
}

/// The word for which an owner is found.
async fn word(tx: &mut Read, feature: &str) -> Result<String, Fault> {
    Ok(match owners::of(tx, feature).await? {
        Some(it) if !it.left => owners::word(tx, it.owner).await?,
        _ => String::new(),
    })
}

async fn values(tx: &mut Read, feature: &str) -> Result<Values, Fault> {
    Ok(vec![("owner", word(tx, feature).await?)])
}

async fn draw(
    grant: &Granted<UpdateFeature>,
    tx: &mut Read,
    frame: &Frame,
    name: &str,
    edit: &Edit,
) -> Result<Response, Fault> {
    let project = grant.scope().project.as_str();
    let viewer = Viewer::of(grant, tx).await?;
    features::get(tx, project, name).await?;
    let suggestions = suggestions(tx).await?;
    let suggestions: Vec<&str> = suggestions.iter().map(String::as_str).collect();
    let path = format!("/projects/{project}/features/{name}");
    let fields = html! {
        (Field {
            optional: true,
            hint: Some("A person by user name or e-mail address, or a group by name. They are asked when the flag should go."),
            ..edit.field("owner", "Owner")
        }.combo(&suggestions, edit.get("owner")))
    };
    let form = edit.form(frame, &format!("{path}/owner"), ("save", "Save"), Some(&path), None, &fields);
    let page = Page::new(Section::Flags, "Owner", form).within(&viewer, project).below(name, path);
    Ok(frame.page(&viewer, &page.status(edit.status())))
}

async fn ask(
    grant: Granted<UpdateFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((_, name)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let edit = Edit::of(values(&mut tx, &name).await?);
    draw(&grant, &mut tx, &frame, &name, &edit).await
}

async fn save(
    grant: Granted<UpdateFeature>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((_, name)): Path<(String, String)>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let mut edit = Edit::read(pairs)?;
    let project = grant.scope().project.clone();
    let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
    features::lock(&mut tx, &project, &name).await?;
    if edit.onto(values(&mut tx, &name).await?) {
        let wanted = edit.get("owner").trim().to_owned();
        let saved = async {
            let owner = if wanted.is_empty() { None } else { Some(meant(&mut tx, &wanted).await?) };
            let after = owners::set(&mut tx, &project, &name, owner).await?;
            tx.commit().await?;
            Ok::<_, Error>(after)
        };
        if let Some(after) = edit.settle(saved.await, &[("\"owner\"", "owner")])? {
            let note = match after {
                Some(after) => format!("{} answers for {name}", after.name),
                None => format!("Nobody answers for {name}"),
            };
            return Ok(frame.done(&format!("/projects/{project}/features/{name}"), &Note::new(note)));
        }
    } else {
        drop(tx);
    }
    draw(&grant, &mut ui.db.read().await?, &frame, &name, &edit).await
}
