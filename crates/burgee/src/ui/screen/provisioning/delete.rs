//! Deleting a connection, and what becomes of its people.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use maud::html;
use serde::Deserialize;

use super::removal::What;
use super::{below, name};
use crate::access::{Administer, Granted};
use crate::error::Error;
use crate::provisioning::connection::{self, Fate};
use crate::provisioning::signals;
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Number, Viewer};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::button;
use crate::ui::part::form::{self, Field};
use crate::ui::{Places, Ui};

pub(super) fn places(places: Places) -> Places {
    places.page("/provisioning/{id}/delete", confirm).action("/provisioning/{id}/delete", delete)
}

/// What the form of a removal sends.
#[derive(Default, Deserialize)]
struct Farewell {
    #[serde(default)]
    people: String,
    #[serde(default)]
    words: String,
}

async fn confirm(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
) -> Result<Response, Fault> {
    draw(&grant, &ui, &frame, id, &Farewell::default(), &[], None).await
}

async fn draw(
    grant: &Granted<Administer>,
    ui: &Ui,
    frame: &Frame,
    id: i64,
    sent: &Farewell,
    problems: &[String],
    problem: Option<&str>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(grant, &mut tx).await?;
    let it = connection::overview(&mut tx, id).await?;
    let told: Vec<String> = signals::list(&mut tx)
        .await?
        .into_iter()
        .filter(|receiver| receiver.connection_id == Some(id))
        .map(|receiver| receiver.name)
        .collect();
    let slug = &it.connection.setup.slug;
    let hint = format!("Type “{slug}”.");
    let options = [
        (
            Fate::Release.name(),
            "They stay as they are",
            "From now on they are managed by hand. Whoever is active keeps access: see to it that nobody is forgotten who leaves.",
        ),
        (
            Fate::Deactivate.name(),
            "They lose access",
            "Sessions and access tokens end at once. Each can be activated again under Users. If nobody else could administer, one admin stays.",
        ),
    ];
    let body = html! {
        (form::problems(problems))
        ul.list {
            li { "Its tokens stop working at once: the identity provider is refused." }
            li { "Its " (What::Groups.counted(it.groups)) " stay with their roles and members, managed by hand." }
            @if !told.is_empty() {
                li { "Whoever is told of its events alone is removed, too, and does not hear of this: " (told.join(", ")) "." }
            }
            li { "What it did stays in the event log. Another connection that pushes the same people can take them over." }
        }
        form.stack method="post" action=(frame.at(&format!("/provisioning/{id}/delete"))) {
            (Field { name: "people", label: &format!("What becomes of its {}", What::Users.counted(it.users)), ..Field::default() }.radios(&options, &sent.people))
            (Field { name: "words", label: "To confirm", hint: Some(&hint), problem, ..Field::default() }.text("text", &sent.words, "off"))
            div.row { button.button.danger #delete { "Delete the connection" } (button::link(&frame.at(&format!("/provisioning/{id}")), "Cancel")) }
        }
    };
    let title = format!("Delete {}", name(&it.connection));
    let page = below(Page::new(Section::Provisioning, title, body), &it.connection);
    let refused = problem.is_some() || !problems.is_empty();
    let status = if refused { StatusCode::UNPROCESSABLE_ENTITY } else { page.status };
    Ok(frame.page(&viewer, &page.status(status)))
}

async fn delete(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Number(id): Number,
    Form(sent): Form<Farewell>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, frame.now).await?;
    let it = connection::get(&mut tx, id).await?;
    let Some(fate) = Fate::named(&sent.people) else {
        drop(tx);
        let problems = ["Say what becomes of its people.".to_owned()];
        return draw(&grant, &ui, &frame, id, &sent, &problems, None).await;
    };
    if sent.words.trim() != it.setup.slug {
        drop(tx);
        let problem = "That is not what has to be typed.";
        return draw(&grant, &ui, &frame, id, &sent, &[], Some(problem)).await;
    }
    let done = async {
        connection::delete(&mut tx, id, fate).await?;
        tx.commit().await
    };
    match done.await.map_err(|error: Error| Fault::from(error)) {
        Ok(()) => Ok(frame.done("/provisioning", &Note::new(format!("{} is deleted", name(&it))))),
        Err(fault) if fault.is_about_input() => {
            draw(&grant, &ui, &frame, id, &sent, &fault.sentences(), None).await
        }
        Err(fault) => Err(fault),
    }
}
