//! API tokens: those of the whole server, and those that reach a project.

mod new;
mod one;
pub(in crate::ui) mod snippet;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use crate::access::{CreateApiTokens, CreateProjectTokens, Granted, Guard, ReadApiTokens, ReadProjectTokens};
use crate::db::Read;
use crate::people::api_token::{ApiToken, EVERYWHERE, Kind};
use crate::projects::tokens;
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::{Query, Viewer, why_not, why_not_everywhere};
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::table::{self, Ask};
use crate::ui::part::{button, expiry, filter, notice, tag, time};
use crate::ui::screen::settings::{self, Tab};
use crate::ui::{Places, Ui};

/// How many tokens a page has.
const SIZE: i64 = 50;
/// How many projects of a token are named in a list.
const NAMED: usize = 3;

pub(in crate::ui) fn places(places: Places) -> Places {
    places
        .page("/tokens", everywhere)
        .page("/projects/{projectId}/tokens", in_project)
        .with(new::places)
        .with(one::places)
}

/// Where the tokens of a project are, or all that one may see.
fn path(project: Option<&str>) -> String {
    project.map_or_else(|| "/tokens".to_owned(), |project| format!("/projects/{project}/tokens"))
}

/// A page about tokens of a project, or about all.
fn page(viewer: &Viewer, project: Option<&str>, title: impl Into<String>, body: Markup) -> Page {
    match project {
        Some(project) => Page::new(Section::ProjectSettings, title, body).within(viewer, project),
        None => Page::new(Section::Tokens, title, body),
    }
}

/// What people call the type.
const fn label(kind: Kind) -> &'static str {
    match kind {
        Kind::Admin => "admin",
        Kind::Client => "backend",
        Kind::Frontend => "frontend",
    }
}

fn kind(kind: Kind) -> Markup {
    match kind {
        Kind::Admin => tag::toned(label(kind), "warning"),
        Kind::Client => tag::chip(label(kind)),
        Kind::Frontend => tag::toned(label(kind), "info"),
    }
}

fn environment(token: &ApiToken) -> &str {
    if token.environment == EVERYWHERE { "all" } else { &token.environment }
}

fn projects(token: &ApiToken, most: usize) -> Markup {
    html! {
        @if token.projects.iter().any(|project| project == EVERYWHERE) { span.muted { "all" } }
        @else {
            (token.projects.iter().take(most).map(String::as_str).collect::<Vec<_>>().join(", "))
            @if token.projects.len() > most { span.muted { " and " (token.projects.len() - most) " more" } }
        }
    }
}

/// What the address asks for.
#[derive(Default, Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    which: String,
    #[serde(default)]
    sort: String,
    page: Option<i64>,
}

impl Asked {
    /// What matches, in order.
    fn of(&self, frame: &Frame, mut tokens: Vec<ApiToken>) -> Vec<ApiToken> {
        let word = self.q.trim().to_lowercase();
        tokens.retain(|token| {
            let texts = [&token.token_name, &token.environment, &token.selector];
            let found =
                texts.into_iter().chain(&token.projects).any(|text| text.to_lowercase().contains(&word));
            found
                && match self.which.as_str() {
                    "ending" => expiry::is_near(token.expires_at, frame.now),
                    "unused" => token.seen_at.is_none(),
                    "" => true,
                    which => label(token.kind) == which,
                }
        });
        let (key, down) = self.sort.strip_prefix('-').map_or((self.sort.as_str(), false), |key| (key, true));
        tokens.sort_by(|a, b| {
            let by_name = || a.token_name.to_lowercase().cmp(&b.token_name.to_lowercase());
            let order = match key {
                "type" => label(a.kind).cmp(label(b.kind)),
                "environment" => a.environment.cmp(&b.environment),
                // The first in a list is what was there last.
                "seen" => b.seen_at.cmp(&a.seen_at),
                "created" => b.created_at.cmp(&a.created_at),
                "expires" => {
                    let end =
                        |token: &ApiToken| token.expires_at.map_or(i64::MAX, crate::clock::Time::millis);
                    end(a).cmp(&end(b))
                }
                _ => by_name(),
            };
            (if down { order.reverse() } else { order }).then_with(by_name).then(a.id.cmp(&b.id))
        });
        tokens
    }
}

async fn everywhere(
    grant: Granted<ReadApiTokens>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let found = tokens::all(&mut tx, &grant).await?;
    let why_not = why_not_everywhere::<CreateApiTokens>(grant.held());
    list(&grant, &mut tx, &frame, &asked, None, found, why_not.as_deref()).await
}

async fn in_project(
    grant: Granted<ReadProjectTokens>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let project = grant.scope().project.clone();
    let found = tokens::of_project(&mut tx, &grant).await?;
    let why_not = why_not::<CreateProjectTokens>(grant.held(), &project, None);
    list(&grant, &mut tx, &frame, &asked, Some(&project), found, why_not.as_deref()).await
}

async fn list<G: Guard>(
    grant: &Granted<G>,
    tx: &mut Read,
    frame: &Frame,
    asked: &Asked,
    project: Option<&str>,
    all: Vec<ApiToken>,
    why_not: Option<&str>,
) -> Result<Response, Fault> {
    let viewer = Viewer::of(grant, tx).await?;
    let watch = Watch::over(grant, tx, None, None).await?;
    let (none, path) = (all.is_empty(), path(project));
    let found = asked.of(frame, all);
    let number = table::number(asked.page);
    let pairs = [("q", &asked.q), ("which", &asked.which), ("sort", &asked.sort)];
    let ask = Ask { path: &path, pairs: pairs.map(|(name, value)| (name, value.clone())).to_vec() };
    let create = |key| button::main_link(&frame.at(&format!("{path}/new")), "New token", why_not, key);
    let (shown, total) = table::cut(&found, number, SIZE);
    let body = html! {
        @if let Some(project) = project {
            (settings::tabs(frame, &viewer, project, Tab::Tokens))
            p.muted.lead { "Tokens that reach this project. Those that reach other projects, too, are changed under API tokens." }
        }
        @if none {
            (notice::empty("No tokens yet", "An application asks for flags with a token. It says for which environment and which projects.", &create(None)))
        } @else {
            (filters(frame, &ask, asked))
            @if shown.is_empty() {
                (notice::empty("No token matches", "Try fewer letters or another kind.", &button::link(&frame.at(&path), "Show all tokens")))
            } @else {
                (table::scroll("API tokens", &rows(frame, &ask, shown)))
                (ask.pages(frame, number, SIZE, total))
            }
        }
    };
    let title = if project.is_some() { "Settings" } else { "API tokens" };
    let page = page(&viewer, project, title, body).actions(create(Some("c"))).watch(watch);
    Ok(frame.page(&viewer, &page))
}

fn filters(frame: &Frame, ask: &Ask<'_>, asked: &Asked) -> Markup {
    const WHICH: [(&str, &str); 5] = [
        ("", "All"),
        ("backend", "Backend"),
        ("frontend", "Frontend"),
        ("ending", "Expired or soon"),
        ("unused", "Never used"),
    ];
    html! {
        div.filters {
            (filter::search(frame, ask, "Find tokens by name, environment or project", "Find tokens"))
            nav.segments aria-label="Kind" {
                @for (which, label) in WHICH {
                    a href=(ask.with(frame, &[("which", which)])) aria-current=[(asked.which == which).then_some("true")] { (label) }
                }
            }
        }
    }
}

fn rows(frame: &Frame, ask: &Ask<'_>, tokens: &[ApiToken]) -> Markup {
    html! {
        table.rows.stacks {
            thead { tr {
                (ask.heading(frame, "name", "Name"))
                (ask.heading(frame, "type", "Type"))
                (ask.heading(frame, "environment", "Environment"))
                th scope="col" { "Projects" }
                (ask.heading(frame, "seen", "Last used"))
                (ask.heading(frame, "expires", "Expires"))
                (ask.heading(frame, "created", "Created"))
            } }
            tbody {
                @for token in tokens {
                    tr data-row id={ "row-" (token.selector) } {
                        td.wide { a.row-link href=(frame.at(&format!("{}/{}", ask.path, token.selector))) { (token.token_name) } }
                        td { (kind(token.kind)) }
                        td data-label="Environment" { (environment(token)) }
                        td data-label="Projects" { (projects(token, NAMED)) }
                        td data-label="Last used" { (time::ago_or(token.seen_at, frame.now, "never")) }
                        td data-label="Expires" { (expiry::told(token.expires_at, frame.now)) }
                        td data-label="Created" { (time::ago(token.created_at, frame.now)) }
                    }
                }
            }
        }
    }
}
