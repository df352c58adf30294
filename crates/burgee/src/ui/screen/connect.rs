//! Connecting an application: a token made on demand, code to copy, and the moment when the first call arrives.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::api_tokens::snippet;
use crate::access::{CreateProjectTokens, Granted, Guard, SeeProject};
use crate::clock::Time;
use crate::db::Read;
use crate::features;
use crate::people::api_token::{self, Kind, NewToken};
use crate::people::seen::Subject;
use crate::projects::{environment, tokens};
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::{Form, Query, Viewer, why_not};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::form::{self, Field};
use crate::ui::part::{button, icon, secret, time};
use crate::ui::{Places, Ui};

pub(in crate::ui) fn places(places: Places) -> Places {
    const PATH: &str = "/projects/{projectId}/connect";
    places.page(PATH, ask).action(PATH, make).page("/projects/{projectId}/connect/status", status)
}

/// Where an application is connected that asks for a flag.
pub(in crate::ui) fn path(project: &str, flag: Option<&str>) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(flag.map(|flag| ("flag", flag)))
        .finish();
    if query.is_empty() {
        format!("/projects/{project}/connect")
    } else {
        format!("/projects/{project}/connect?{query}")
    }
}

/// What the address asks for, and what the form sends.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    /// The flag that the code asks for.
    flag: String,
    /// Where the application runs: `server` or `browser`.
    runs: String,
    environment: String,
    /// The token that is waited for, by its selector.
    token: String,
}

impl Wanted {
    fn kind(&self) -> Kind {
        if self.runs == "browser" { Kind::Frontend } else { Kind::Client }
    }

    fn flag(&self) -> &str {
        if self.flag.is_empty() { snippet::FLAG } else { &self.flag }
    }

    /// The address, as it is or with other things.
    fn with(&self, project: &str, step: &str, runs: &str) -> String {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(
                [
                    ("flag", self.flag.as_str()),
                    ("runs", runs),
                    ("environment", &self.environment),
                    ("token", &self.token),
                ]
                .iter()
                .filter(|(_, value)| !value.is_empty()),
            )
            .finish();
        format!("/projects/{project}/connect{step}?{query}")
    }
}

async fn ask(
    grant: Granted<SeeProject>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Fault> {
    draw(&grant, &ui, &frame, &grant.scope().project, wanted, None, &[]).await
}

async fn draw<G: Guard>(
    grant: &Granted<G>,
    ui: &Ui,
    frame: &Frame,
    project: &str,
    wanted: Wanted,
    made: Option<&str>,
    problems: &[String],
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(grant, &mut tx).await?;
    // What was made is shown, whatever became of the flag.
    if !wanted.flag.is_empty() && made.is_none() {
        features::get(&mut tx, project, &wanted.flag).await?;
    }
    let places = environment::list(&mut tx, project).await?;
    let environments: Vec<(&str, &str)> =
        places.iter().map(|place| (place.environment.as_str(), place.environment.as_str())).collect();
    let heard = Heard::of(ui, &mut tx, project, &wanted).await?;
    let why_not = why_not::<CreateProjectTokens>(grant.held(), project, None);
    let browser = wanted.kind() == Kind::Frontend;
    let to =
        |runs: &str| frame.at(&Wanted { token: String::new(), ..wanted.clone() }.with(project, "", runs));
    let body = html! {
        (form::problems(problems))
        nav.segments aria-label="Where it runs" {
            a href=(to("server")) aria-current=[(!browser).then_some("true")] { "On a server" }
            a href=(to("browser")) aria-current=[browser.then_some("true")] { "In a browser or an app" }
        }
        ol.how-to {
            li {
                @match made {
                    Some(secret) => (secret::once("API token", secret)),
                    None => {
                        h2 { "Create an API token" }
                        p.muted {
                            @if browser { "It only gets what the flags are for one user, so that anybody may see it." }
                            @else { "It gets all flags of this project in one environment, with their rules: keep it secret." }
                        }
                        form.row.wide-row method="post" action=(frame.at(&format!("/projects/{project}/connect"))) {
                            input type="hidden" name="flag" value=(wanted.flag);
                            input type="hidden" name="runs" value=(if browser { "browser" } else { "server" });
                            (Field { name: "environment", label: "Environment", ..Field::default() }.choice(&environments, &wanted.environment))
                            @if why_not.is_some() { (button::or_why("make", "Create token", why_not.as_deref())) } @else { button.button.primary #make { "Create token" } }
                        }
                    },
                }
            }
            li {
                h2 { "Ask for the flag" }
                @if made.is_none() { p.muted { "Put your token where the code says <API token>." } }
                (snippet::all(wanted.kind(), &ui.config.url(), made.unwrap_or("<API token>"), wanted.flag()))
            }
            li {
                h2 { "See the first call arrive" }
                (heard.line(frame, project, &wanted))
            }
        }
        div.row {
            @if wanted.flag.is_empty() { (button::link(&frame.at(&format!("/projects/{project}")), "See the flags")) }
            @else { (button::link(&frame.at(&format!("/projects/{project}/features/{}", wanted.flag)), "Open the flag")) }
        }
    };
    let page = Page::new(Section::Flags, "Connect an application", body).within(&viewer, project);
    let page = if wanted.flag.is_empty() {
        page
    } else {
        page.below(&wanted.flag, format!("/projects/{project}/features/{}", wanted.flag))
    };
    Ok(frame.page(&viewer, &page))
}

async fn make(
    grant: Granted<CreateProjectTokens>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(wanted): Form<Wanted>,
) -> Result<Response, Fault> {
    let project = grant.scope().project.clone();
    let name = if wanted.flag.is_empty() { project.clone() } else { wanted.flag.clone() };
    let new = NewToken {
        name: format!("{name} in {}", wanted.environment),
        kind: wanted.kind(),
        environment: wanted.environment.clone(),
        projects: Vec::new(),
        expires_at: None,
        secret: None,
    };
    let made = async {
        let mut tx = ui.db.change(&grant, ui.clock.now()).await?;
        if !wanted.flag.is_empty() {
            features::get(&mut tx, &project, &wanted.flag).await?;
        }
        let limit = ui.config.unleash_api_tokens_limit;
        let made = tokens::create_in_project(&mut tx, &grant, &ui.entropy, limit, new).await?;
        tx.commit().await?;
        Ok::<_, crate::error::Error>(made)
    };
    match made.await.map_err(Fault::from) {
        Ok((token, secret)) => {
            let wanted = Wanted { token: token.selector, ..wanted };
            draw(&grant, &ui, &frame, &project, wanted, Some(&secret), &[]).await
        }
        Err(fault) if fault.is_about_input() => {
            draw(&grant, &ui, &frame, &project, wanted, None, &fault.sentences()).await
        }
        Err(fault) => Err(fault),
    }
}

/// The line that says whether a call arrived. It asks for itself again until one did.
async fn status(
    grant: Granted<SeeProject>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Fault> {
    let project = &grant.scope().project;
    let mut tx = ui.db.read().await?;
    let heard = Heard::of(&ui, &mut tx, project, &wanted).await?;
    Ok(heard.line(&frame, project, &wanted).into_response())
}

/// What was heard of applications.
struct Heard {
    /// When a token was used: the one that is waited for, or any that reaches the project.
    called: Option<Time>,
}

impl Heard {
    async fn of(ui: &Ui, tx: &mut Read, project: &str, wanted: &Wanted) -> Result<Self, Fault> {
        let selector = Some(wanted.token.as_str()).filter(|selector| !selector.is_empty());
        let uses = api_token::last_uses(tx, project, selector).await?;
        // What is noted and not written yet counts, too: nobody likes to wait for it.
        let called =
            uses.into_iter().filter_map(|(id, at)| ui.seen.noted(Subject::ApiToken, id).max(at)).max();
        Ok(Self { called })
    }

    fn line(&self, frame: &Frame, project: &str, wanted: &Wanted) -> Markup {
        let again = frame.at(&wanted.with(project, "/status", &wanted.runs));
        // Who has just made a token is about to use it.
        let pace = if wanted.token.is_empty() { "every 10s" } else { "every 2s" };
        html! {
            @match self.called {
                Some(called) => div.heard.good #heard role="status" {
                    (icon::done())
                    p {
                        strong { "Connected. " }
                        "An application asked for flags "
                        (time::ago(called, frame.now)) "."
                    }
                },
                None => div.heard #heard role="status" hx-get=(again) hx-trigger=(pace) hx-target="this" hx-swap="outerHTML" {
                    (icon::clock())
                    p { strong { "Waiting for the first call. " } "This turns green by itself as soon as an application asks for flags." }
                },
            }
        }
    }
}
