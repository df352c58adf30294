//! The first steps on a fresh server: a flag, an application, and people from where they are managed already.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::connect;
use crate::access::{CreateFeature, Granted, SignedIn};
use crate::applications;
use crate::clock::Time;
use crate::db::Read;
use crate::features::search::Summary;
use crate::instance::opinions;
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Viewer, why_not};
use crate::ui::part::{button, icon};
use crate::ui::{Places, Ui};

/// Under this name it is remembered that somebody wants to see it no more.
const SEEN: &str = "first-run";

pub(in crate::ui) fn places(places: Places) -> Places {
    places.action("/first-run/dismiss", dismiss)
}

/// What is left to do, for who can do it.
pub(in crate::ui) struct Tour {
    /// Where flags are made.
    project: (String, String),
    /// A flag that is there already.
    flag: Option<(String, String)>,
    admin: bool,
}

impl Tour {
    /// `None`: there is nothing to show. `latest` is a flag that the reader sees.
    pub(in crate::ui) async fn of(
        grant: &Granted<SignedIn>,
        tx: &mut Read,
        viewer: &Viewer,
        latest: Option<&Summary>,
    ) -> Result<Option<Self>, Fault> {
        let mine = |(id, _): &&(String, String)| why_not::<CreateFeature>(grant.held(), id, None).is_none();
        let (Ok(person), Some(project)) = (grant.person(), viewer.projects.iter().find(mine)) else {
            return Ok(None);
        };
        let connected = applications::count(tx, Time::from_millis(0)).await? > 0;
        if (connected && latest.is_some())
            || opinions::seen(tx, person).await?.iter().any(|seen| seen == SEEN)
        {
            return Ok(None);
        }
        let flag = latest.map(|flag| (flag.feature.project.clone(), flag.feature.name.clone()));
        Ok(Some(Self { project: project.clone(), flag, admin: viewer.admin }))
    }

    pub(in crate::ui) fn section(&self, frame: &Frame) -> Markup {
        let (id, name) = &self.project;
        let step = |number: u8, done: bool, title: &str, body: Markup| {
            html! {
                li.done[done] {
                    span.step-number aria-hidden="true" { @if done { (icon::check()) } @else { (number) } }
                    div { h3 { (title) @if done { span.unseen { " (done)" } } } (body) }
                }
            }
        };
        let flag = match &self.flag {
            Some((project, flag)) => {
                html! { p { a href=(frame.at(&format!("/projects/{project}/features/{flag}"))) { (flag) } " is there." } }
            }
            None => html! {
                p.muted { "It turns a part of your application on or off without a release. It begins switched off in " (name) "." }
                form.row method="post" action=(frame.at(&format!("/projects/{id}/new-flag"))) {
                    input type="hidden" name="kind" value="release";
                    label.unseen for="first-flag" { "Name of the flag" }
                    input #first-flag name="name" value="my-first-flag" autocomplete="off" spellcheck="false" required;
                    button.button.primary { "Create flag" }
                }
            },
        };
        let to = match &self.flag {
            Some((project, flag)) => connect::path(project, Some(flag)),
            None => connect::path(id, None),
        };
        html! {
            section.card.tour aria-labelledby="tour" {
                header.row {
                    h2 #tour { "First steps" }
                    form.to-end method="post" action=(frame.at("/first-run/dismiss")) { (button::picture("dismiss", "Do not show this any more", &icon::close(), None)) }
                }
                ol.steps {
                    (step(1, self.flag.is_some(), "Create a flag", flag))
                    (step(2, false, "Connect an application", html! {
                        p.muted { "Make an API token, copy a few lines of code, and see the first call arrive." }
                        div.row { a.button.primary[self.flag.is_some()] #connect href=(frame.at(&to)) { "Connect an application" } }
                    }))
                    @if self.admin {
                        (step(3, false, "Connect your identity provider", html! {
                            p.muted { "People and groups come from where you manage them already, and go when they go there." }
                            div.row { (button::link(&frame.at("/provisioning"), "Set up provisioning")) }
                        }))
                    }
                }
            }
        }
    }
}

async fn dismiss(grant: Granted<SignedIn>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    opinions::see(&ui.db, grant.person()?, SEEN).await?;
    let note = Note::new("The first steps are gone. “Connect an application” is on the page of every flag.");
    Ok(frame.done("/", &note))
}
