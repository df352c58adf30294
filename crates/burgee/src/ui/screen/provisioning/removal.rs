//! Removing everybody, or every group, that identity providers have pushed.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use crate::access::{Administer, Granted};
use crate::error::Error;
use crate::provisioning::cleanup;
use crate::provisioning::connection::{self, DEFAULT, Overview};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Viewer};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::button;
use crate::ui::part::form::{self, Field};
use crate::ui::part::notice::{Tone, notice};
use crate::ui::{Places, Ui};

pub(super) fn places(places: Places) -> Places {
    places.page("/provisioning/remove/{what}", ask).action("/provisioning/remove/{what}", remove)
}

/// What is removed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Users,
    Groups,
}

impl What {
    fn named(name: &str) -> Result<Self, Fault> {
        match name {
            "users" => Ok(Self::Users),
            "groups" => Ok(Self::Groups),
            _ => Err(Fault::nowhere()),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Groups => "groups",
        }
    }

    fn count(self, connections: &[Overview]) -> i64 {
        let one = |it: &Overview| if self == Self::Users { it.users } else { it.groups };
        connections.iter().map(one).sum()
    }

    /// `1 user`, `2 users`.
    fn counted(self, count: i64) -> String {
        let name = if count == 1 { self.name().trim_end_matches('s') } else { self.name() };
        format!("{count} {name}")
    }

    /// What has to be typed, so that nobody does it by mistake.
    fn words(self, count: i64) -> String {
        format!("delete {}", self.counted(count))
    }
}

/// The ways to both.
pub(super) fn section(frame: &Frame, connections: &[Overview], why_not: Option<&str>) -> Markup {
    let way = |what: What, label: &str| {
        let id = format!("remove-{}", what.name());
        let nothing = format!("There are no provisioned {}.", what.name());
        let reason = why_not.or((what.count(connections) == 0).then_some(nothing.as_str()));
        html! {
            @match reason {
                None => a.button.danger id=(id) href=(frame.at(&format!("/provisioning/remove/{}", what.name()))) { (label) },
                Some(_) => (button::or_why(&id, label, reason)),
            }
        }
    };
    html! {
        section aria-labelledby="remove" {
            h2 #remove { "Start over" }
            p.muted { "Removes what identity providers have pushed. If one is still connected, it pushes again." }
            div.row { (way(What::Users, "Delete all provisioned users…")) (way(What::Groups, "Delete all provisioned groups…")) }
        }
    }
}

async fn ask(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(what): Path<String>,
) -> Result<Response, Fault> {
    draw(&grant, &ui, &frame, What::named(&what)?, "", &[], None).await
}

async fn draw(
    grant: &Granted<Administer>,
    ui: &Ui,
    frame: &Frame,
    what: What,
    typed: &str,
    problems: &[String],
    problem: Option<&str>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(grant, &mut tx).await?;
    let connections = connection::list(&mut tx).await?;
    let count = what.count(&connections);
    let name = what.name();
    let hint = format!("Type “{}”.", what.words(count));
    let body = html! {
        (form::problems(problems))
        @if connections.iter().any(|it| it.connection.enabled) {
            (notice(Tone::Warning, "Provisioning is on", &html! { p { "The identity provider makes them anew the next time it synchronises. Switch it off first if they are to stay away." } }))
        }
        ul.list {
            @match what {
                What::Users => {
                    li { "They lose all access at once: sessions, access tokens and one-time links end." }
                    li { "What they did stays in the event log. User names and e-mail addresses become free." }
                    li { "Coming back makes new people, without the roles they had here." }
                    li { "If nobody were left who can administer, everything stays as it is." }
                },
                What::Groups => {
                    li { "Their members lose the roles that they had by them." }
                    li { "The people stay." }
                    li { "If nobody were left who can administer, everything stays as it is." }
                },
            }
        }
        form.stack method="post" action=(frame.at(&format!("/provisioning/remove/{name}"))) {
            (Field { name: "words", label: "To confirm", hint: Some(&hint), problem, ..Field::default() }.text("text", typed, "off"))
            div.row { button.button.danger #remove { "Delete " (what.counted(count)) } (button::link(&frame.at("/provisioning"), "Cancel")) }
        }
    };
    let page = Page::new(Section::Provisioning, format!("Delete all provisioned {name}"), body)
        .below("Provisioning", "/provisioning".to_owned());
    let refused = problem.is_some() || !problems.is_empty();
    let status = if refused { StatusCode::UNPROCESSABLE_ENTITY } else { page.status };
    Ok(frame.page(&viewer, &page.status(status)))
}

#[derive(Deserialize)]
struct Sent {
    #[serde(default)]
    words: String,
}

async fn remove(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(what): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let what = What::named(&what)?;
    let mut tx = ui.db.change(&grant, frame.now).await?;
    let count = what.count(&connection::list(&mut tx).await?);
    let agreed = sent.words.trim() == what.words(count);
    let removed = async {
        if !agreed {
            return Ok(false);
        }
        let removed = match what {
            What::Users => cleanup::users(&mut tx, DEFAULT).await?,
            What::Groups => cleanup::groups(&mut tx, DEFAULT).await?,
        };
        // Whoever came meanwhile was not agreed upon.
        if i64::try_from(removed).ok() != Some(count) {
            return Ok(false);
        }
        tx.commit().await?;
        Ok(true)
    };
    match removed.await.map_err(|error: Error| Fault::from(error)) {
        Ok(false) => {
            let problem = "That is not what has to be typed, or the number has changed meanwhile.";
            draw(&grant, &ui, &frame, what, &sent.words, &[], Some(problem)).await
        }
        Ok(true) => {
            let note = Note::new(format!("Provisioning: {} deleted", what.counted(count)));
            Ok(frame.done("/provisioning", &note))
        }
        Err(fault) if fault.is_about_input() => {
            draw(&grant, &ui, &frame, what, &sent.words, &fault.sentences(), None).await
        }
        Err(fault) => Err(fault),
    }
}
