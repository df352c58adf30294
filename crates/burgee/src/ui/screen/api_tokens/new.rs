//! Making a token. Its secret stands in the answer, and nowhere else.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::{label, page, path, snippet};
use crate::access::{CreateApiTokens, CreateProjectTokens, Granted, Guard};
use crate::clock::Time;
use crate::db::Read;
use crate::error::Error;
use crate::people::api_token::{Action, ApiToken, Kind, NewToken};
use crate::projects::{self, environment, tokens};
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::{Form, Viewer, lacking};
use crate::ui::part::expiry::{self, Expiry};
use crate::ui::part::form::{self, Field};
use crate::ui::part::{button, secret};
use crate::ui::{Places, Ui};

pub(super) fn places(places: Places) -> Places {
    places
        .page("/tokens/new", ask)
        .action("/tokens/new", create)
        .page("/projects/{projectId}/tokens/new", ask_in_project)
        .action("/projects/{projectId}/tokens/new", create_in_project)
}

/// What the form sends.
struct Wanted {
    name: String,
    kind: String,
    environment: String,
    /// All projects, those to come included.
    everywhere: bool,
    projects: Vec<String>,
    lasts: String,
    until: String,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            name: String::new(),
            kind: String::new(),
            environment: String::new(),
            everywhere: true,
            projects: Vec::new(),
            lasts: "never".to_owned(),
            until: String::new(),
        }
    }
}

impl Wanted {
    fn of(pairs: Vec<(String, String)>) -> Self {
        let mut wanted = Self::default();
        for (name, value) in pairs {
            match name.as_str() {
                "name" => wanted.name = value,
                "kind" => wanted.kind = value,
                "environment" => wanted.environment = value,
                "reach" => wanted.everywhere = value == "all",
                "project" => wanted.projects.push(value),
                "lasts" => wanted.lasts = value,
                "until" => wanted.until = value,
                _ => {}
            }
        }
        wanted
    }

    fn expiry(&self) -> Expiry<'_> {
        Expiry { lasts: &self.lasts, until: &self.until }
    }

    /// What is wanted, if it can be understood; otherwise what is wrong with it.
    fn read(&self, now: Time) -> Result<NewToken, Problem> {
        let expires_at = self.expiry().read(now).map_err(Problem::Expiry)?;
        if expires_at.is_some_and(|at| at <= now) {
            return Err(Problem::Expiry("That day is over: the token would never work.".to_owned()));
        }
        if !self.everywhere && self.projects.is_empty() {
            return Err(Problem::Projects("Choose at least one project, or all.".to_owned()));
        }
        let kind = Kind::posted(&self.kind).ok_or_else(|| Problem::Kind("Choose a type.".to_owned()))?;
        Ok(NewToken {
            name: self.name.clone(),
            kind,
            environment: self.environment.clone(),
            projects: if self.everywhere { Vec::new() } else { self.projects.clone() },
            expires_at,
            secret: None,
        })
    }
}

/// What is wrong with the form, beside its field.
enum Problem {
    Name(String),
    Kind(String),
    Environment(String),
    Projects(String),
    Expiry(String),
    Whole(String),
}

impl From<&Fault> for Problem {
    fn from(fault: &Fault) -> Self {
        let sentence = fault.sentences().join(" ");
        if sentence.contains("name") {
            Self::Name(sentence)
        } else if sentence.contains("nvironment") {
            Self::Environment(sentence)
        } else if sentence.contains("Project") {
            Self::Projects(sentence)
        } else {
            Self::Whole(sentence)
        }
    }
}

async fn ask(grant: Granted<CreateApiTokens>, State(ui): State<Ui>, frame: Frame) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    draw(&grant, &mut tx, &frame, None, &Wanted::default(), None).await
}

async fn ask_in_project(
    grant: Granted<CreateProjectTokens>,
    State(ui): State<Ui>,
    frame: Frame,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    draw(&grant, &mut tx, &frame, Some(&grant.scope().project), &Wanted::default(), None).await
}

async fn draw<G: Guard>(
    grant: &Granted<G>,
    tx: &mut Read,
    frame: &Frame,
    project: Option<&str>,
    wanted: &Wanted,
    problem: Option<&Problem>,
) -> Result<Response, Fault> {
    let viewer = Viewer::of(grant, tx).await?;
    let environments = match project {
        None => projects::environments(tx).await?,
        Some(project) => {
            let places = environment::list(tx, project).await?;
            places.into_iter().map(|place| place.environment).collect()
        }
    };
    let options: Vec<(&str, &str)> = environments.iter().map(|name| (name.as_str(), name.as_str())).collect();
    let path = path(project);
    let of = |wanted: fn(&Problem) -> Option<&String>| problem.and_then(wanted).map(String::as_str);
    let of_name = of(|it| if let Problem::Name(text) = it { Some(text) } else { None });
    let of_kind = of(|it| if let Problem::Kind(text) = it { Some(text) } else { None });
    let of_place = of(|it| if let Problem::Environment(text) = it { Some(text) } else { None });
    let of_projects = of(|it| if let Problem::Projects(text) = it { Some(text) } else { None });
    let of_expiry = of(|it| if let Problem::Expiry(text) = it { Some(text) } else { None });
    let of_all = of(|it| if let Problem::Whole(text) = it { Some(text) } else { None });
    let may = |kind: Kind| match project {
        Some(_) => None,
        None => lacking(grant.held(), kind.permission(Action::Create), None, None),
    };
    let kinds = [
        (
            Kind::Client,
            "Backend",
            "For servers. Gets all flags with their rules and decides by itself: keep it secret.",
        ),
        (
            Kind::Frontend,
            "Frontend",
            "For browsers and apps. Gets results for one user only: others may see it.",
        ),
    ];
    let (open, closed): (Vec<_>, Vec<_>) = kinds.into_iter().partition(|(kind, ..)| may(*kind).is_none());
    let offered: Vec<_> = open.iter().map(|(kind, title, what)| (label(*kind), *title, *what)).collect();
    let why_not: Vec<String> =
        closed.iter().filter_map(|(kind, title, _)| Some(format!("{title}: {}", may(*kind)?))).collect();
    let why_not = (!why_not.is_empty()).then(|| why_not.join(" "));
    let chosen =
        Kind::posted(&wanted.kind).or_else(|| open.first().map(|(kind, ..)| *kind)).map_or("", label);
    let body = html! {
        (form::problems(&of_all.map(str::to_owned).into_iter().collect::<Vec<_>>()))
        form.stack method="post" action=(frame.at(&format!("{path}/new"))) data-draft {
            (Field { name: "name", label: "Name", hint: Some("Which application it is for, such as shop-backend. The event log shows it."), problem: of_name, ..Field::default() }.text("text", &wanted.name, "off"))
            (Field { name: "kind", label: "Type", problem: of_kind, hint: why_not.as_deref(), ..Field::default() }.radios(&offered, chosen))
            (Field { name: "environment", label: "Environment", hint: Some("Whose flags it gets. A token is for one environment."), problem: of_place, ..Field::default() }.choice(&options, &wanted.environment))
            @if project.is_none() { (reach(&viewer, wanted, of_projects)) }
            (wanted.expiry().fields(&expiry::TERMS, true, of_expiry, frame.now))
            div.row { (button::submit("Create token")) (button::link(&frame.at(&path), "Cancel")) }
        }
    };
    let page = page(&viewer, project, "New API token", body).below("API tokens", path);
    let status = if problem.is_some() { axum::http::StatusCode::UNPROCESSABLE_ENTITY } else { page.status };
    Ok(frame.page(&viewer, &page.status(status)))
}

fn reach(viewer: &Viewer, wanted: &Wanted, problem: Option<&str>) -> Markup {
    const REACH: [(&str, &str, &str); 2] = [
        ("all", "All projects", "Those to come included."),
        ("some", "Only some", "Flags of other projects are not there for it."),
    ];
    let chosen = if wanted.everywhere { "all" } else { "some" };
    html! {
        div.all-or-some {
            (Field { name: "reach", label: "Projects", problem, ..Field::default() }.radios(&REACH, chosen))
            fieldset.choice-list.when-some {
                legend.unseen { "Which projects" }
                @for (id, name) in &viewer.projects {
                    div.check {
                        input type="checkbox" id={ "project-" (id) } name="project" value=(id) checked[wanted.projects.contains(id)];
                        label for={ "project-" (id) } { (name) }
                    }
                }
            }
        }
    }
}

async fn create(
    grant: Granted<CreateApiTokens>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let wanted = Wanted::of(pairs);
    let made = match wanted.read(frame.now) {
        Ok(new) => {
            let made = async {
                let mut tx = ui.db.change(&grant, frame.now).await?;
                let limit = ui.config.unleash_api_tokens_limit;
                let made = tokens::create(&mut tx, &grant, &ui.entropy, limit, new).await?;
                tx.commit().await?;
                Ok(made)
            };
            made.await.map_err(|error: Error| Fault::from(error))
        }
        Err(problem) => {
            let mut tx = ui.db.read().await?;
            return draw(&grant, &mut tx, &frame, None, &wanted, Some(&problem)).await;
        }
    };
    answer(&grant, &ui, &frame, None, &wanted, made).await
}

async fn create_in_project(
    grant: Granted<CreateProjectTokens>,
    State(ui): State<Ui>,
    frame: Frame,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let project = grant.scope().project.clone();
    let wanted = Wanted { everywhere: true, ..Wanted::of(pairs) };
    let made = match wanted.read(frame.now) {
        Ok(new) => {
            let made = async {
                let mut tx = ui.db.change(&grant, frame.now).await?;
                let limit = ui.config.unleash_api_tokens_limit;
                let made = tokens::create_in_project(&mut tx, &grant, &ui.entropy, limit, new).await?;
                tx.commit().await?;
                Ok(made)
            };
            made.await.map_err(|error: Error| Fault::from(error))
        }
        Err(problem) => {
            let mut tx = ui.db.read().await?;
            return draw(&grant, &mut tx, &frame, Some(&project), &wanted, Some(&problem)).await;
        }
    };
    answer(&grant, &ui, &frame, Some(&project), &wanted, made).await
}

/// The new token with its secret, or the form again.
async fn answer<G: Guard>(
    grant: &Granted<G>,
    ui: &Ui,
    frame: &Frame,
    project: Option<&str>,
    wanted: &Wanted,
    made: Result<(ApiToken, String), Fault>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let (token, secret) = match made {
        Ok(made) => made,
        Err(fault) if fault.is_about_input() => {
            return draw(grant, &mut tx, frame, project, wanted, Some(&Problem::from(&fault))).await;
        }
        Err(fault) => return Err(fault),
    };
    let viewer = Viewer::of(grant, &mut tx).await?;
    let path = path(project);
    let body = html! {
        (secret::once("API token", &secret))
        section aria-labelledby="use" {
            h2 #use { "Use it" }
            (snippet::all(token.kind, &ui.config.url(), &secret, snippet::FLAG))
        }
        div.row { (button::link(&frame.at(&path), "All tokens")) (button::link(&frame.at(&format!("{path}/new")), "Create another")) }
    };
    let page = page(&viewer, project, format!("{} is there", token.token_name), body);
    Ok(frame.page(&viewer, &page.below("API tokens", path)))
}
