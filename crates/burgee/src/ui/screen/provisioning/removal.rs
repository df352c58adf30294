//! Removing everybody, or every group, that an identity provider has pushed.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::{below, name};
use crate::access::{Administer, Granted};
use crate::error::Error;
use crate::provisioning::cleanup;
use crate::provisioning::connection::{self, DEFAULT, Overview};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Viewer};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::form::{self, Field};
use crate::ui::part::notice::{Tone, notice};
use crate::ui::part::{button, count};
use crate::ui::{Places, Ui};

pub(super) fn places(places: Places) -> Places {
    places.page("/provisioning/{id}/remove/{what}", ask).action("/provisioning/{id}/remove/{what}", remove)
}

/// What is removed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
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

    const fn count(self, it: &Overview) -> i64 {
        match self {
            Self::Users => it.users,
            Self::Groups => it.groups,
        }
    }

    /// `1 user`, `2 users`.
    pub(super) fn counted(self, count: i64) -> String {
        count::some(count, self.name().trim_end_matches('s'), self.name())
    }

    /// What has to be typed, so that nobody does it by mistake.
    fn words(self, count: i64) -> String {
        format!("delete {}", self.counted(count))
    }
}

/// The ways to all three.
pub(super) fn section(frame: &Frame, it: &Overview, why_not: Option<&str>) -> Markup {
    let id = it.connection.id;
    let way = |to: &str, label: &str, reason: Option<&str>| {
        let name = to.replace('/', "-");
        html! {
            @match reason {
                None => a.button.danger id=(name) href=(frame.at(&format!("/provisioning/{id}/{to}"))) { (label) },
                Some(_) => (button::or_why(&name, label, reason)),
            }
        }
    };
    let nothing = |what: What| {
        let nothing = format!("It manages no {}.", what.name());
        why_not.map(str::to_owned).or((what.count(it) == 0).then_some(nothing))
    };
    let stays = "Unleash's endpoints act on the default connection: switch it off instead.";
    html! {
        section aria-labelledby="remove" {
            h2 #remove { "Danger zone" }
            p.muted { "Removes what this connection has pushed. If the identity provider is still connected, it pushes again." }
            div.row {
                (way("remove/users", "Delete all its users…", nothing(What::Users).as_deref()))
                (way("remove/groups", "Delete all its groups…", nothing(What::Groups).as_deref()))
                (way("delete", "Delete the connection…", why_not.or((id == DEFAULT).then_some(stays))))
            }
        }
    }
}

async fn ask(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((id, what)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let (id, what) = (number(&id)?, What::named(&what)?);
    draw(&grant, &ui, &frame, id, what, "", &[], None).await
}

fn number(id: &str) -> Result<i64, Fault> {
    id.parse().map_err(|_| Fault::nowhere())
}

#[expect(
    clippy::too_many_arguments,
    reason = "a form that is drawn again, with what was typed and what is wrong"
)]
async fn draw(
    grant: &Granted<Administer>,
    ui: &Ui,
    frame: &Frame,
    id: i64,
    what: What,
    typed: &str,
    problems: &[String],
    problem: Option<&str>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(grant, &mut tx).await?;
    let it = connection::overview(&mut tx, id).await?;
    let count = what.count(&it);
    let hint = format!("Type “{}”.", what.words(count));
    let body = html! {
        (form::problems(problems))
        @if it.connection.enabled {
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
        form.stack method="post" action=(frame.at(&format!("/provisioning/{id}/remove/{}", what.name()))) {
            (Field { name: "words", label: "To confirm", hint: Some(&hint), problem, ..Field::default() }.text("text", typed, "off"))
            div.row { button.button.danger #remove { "Delete " (what.counted(count)) } (button::link(&frame.at(&format!("/provisioning/{id}")), "Cancel")) }
        }
    };
    let title = format!("Delete all {} of {}", what.name(), name(&it.connection));
    let page = below(Page::new(Section::Provisioning, title, body), &it.connection);
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
    Path((id, what)): Path<(String, String)>,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let (id, what) = (number(&id)?, What::named(&what)?);
    let mut tx = ui.db.change(&grant, frame.now).await?;
    let count = what.count(&connection::overview(&mut tx, id).await?);
    let agreed = sent.words.trim() == what.words(count);
    let removed = async {
        if !agreed {
            return Ok(false);
        }
        let removed = match what {
            What::Users => cleanup::users(&mut tx, id).await?,
            What::Groups => cleanup::groups(&mut tx, id).await?,
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
            draw(&grant, &ui, &frame, id, what, &sent.words, &[], Some(problem)).await
        }
        Ok(true) => {
            let note = Note::new(format!("Provisioning: {} deleted", what.counted(count)));
            Ok(frame.done(&format!("/provisioning/{id}"), &note))
        }
        Err(fault) if fault.is_about_input() => {
            draw(&grant, &ui, &frame, id, what, &sent.words, &fault.sentences(), None).await
        }
        Err(fault) => Err(fault),
    }
}
