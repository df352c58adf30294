//! One token: what it reaches, how it is used, when it ends.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::{environment, kind, page, path, projects, snippet};
use crate::access::{
    DeleteApiTokens, DeleteProjectTokens, Granted, Guard, ReadApiTokens, ReadProjectTokens, UpdateApiTokens,
};
use crate::db::Read;
use crate::people::api_token::{Action, ApiToken, EVERYWHERE};
use crate::projects::tokens;
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note};
use crate::ui::guard::{Form, Viewer, lacking, why_not};
use crate::ui::part::expiry::{self, Expiry};
use crate::ui::part::notice::{Tone, notice};
use crate::ui::part::{button, time};
use crate::ui::{Places, Ui};

pub(super) fn places(places: Places) -> Places {
    places
        .page("/tokens/{token}", show)
        .action("/tokens/{token}/expiry", prolong)
        .page("/tokens/{token}/delete", ask)
        .action("/tokens/{token}/delete", delete)
        .page("/projects/{projectId}/tokens/{token}", show_in_project)
        .page("/projects/{projectId}/tokens/{token}/delete", ask_in_project)
        .action("/projects/{projectId}/tokens/{token}/delete", delete_in_project)
}

/// The token with this selector: addresses never hold secrets.
fn named(tokens: Vec<ApiToken>, selector: &str) -> Result<ApiToken, Fault> {
    let found = tokens.into_iter().find(|token| token.selector == selector);
    found.ok_or_else(|| Fault::missing("There is no such token. It may have been deleted."))
}

async fn show(
    grant: Granted<ReadApiTokens>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(selector): Path<String>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let token = named(tokens::all(&mut tx, &grant).await?, &selector)?;
    draw(&grant, &ui, &mut tx, &frame, &token, Expiry { lasts: "90", until: "" }, None).await
}

async fn draw(
    grant: &Granted<ReadApiTokens>,
    ui: &Ui,
    tx: &mut Read,
    frame: &Frame,
    token: &ApiToken,
    wanted: Expiry<'_>,
    problem: Option<&str>,
) -> Result<Response, Fault> {
    let viewer = Viewer::of(grant, tx).await?;
    let here = format!("/tokens/{}", token.selector);
    let may = |action| lacking(grant.held(), token.kind.permission(action), None, None);
    let body = html! {
        (facts(frame, token))
        section aria-labelledby="use" {
            h2 #use { "Use it" }
            (snippet::all(token.kind, &ui.config.url(), "YOUR-TOKEN", snippet::FLAG))
        }
        section aria-labelledby="expiry" {
            h2 #expiry { "Expiry" }
            @match may(Action::Update) {
                Some(why) => div.row { (button::or_why("prolong", "Change expiry", Some(&why))) },
                None => form.stack method="post" action=(frame.at(&format!("{here}/expiry"))) data-draft {
                    (wanted.fields(&expiry::TERMS, false, problem, frame.now))
                    div.row { (button::or_why("prolong", "Change expiry", None)) }
                },
            }
        }
        (end(frame, &here, may(Action::Delete).as_deref()))
    };
    let page = page(&viewer, None, token.token_name.as_str(), body).below("API tokens", path(None));
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { page.status };
    Ok(frame.page(&viewer, &page.status(status)))
}

async fn show_in_project(
    grant: Granted<ReadProjectTokens>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, selector)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let token = named(tokens::of_project(&mut tx, &grant).await?, &selector)?;
    let here = format!("{}/{selector}", path(Some(&project)));
    let elsewhere = lacking(grant.held(), token.kind.permission(Action::Read), None, None).is_none();
    let why_not = why_not::<DeleteProjectTokens>(grant.held(), &project, None).or_else(|| {
        let reason = "It reaches more than this project, so it is not deleted here.";
        (!tokens::is_of(&token, &project)).then(|| reason.to_owned())
    });
    let body = html! {
        (facts(&frame, &token))
        section aria-labelledby="use" {
            h2 #use { "Use it" }
            (snippet::all(token.kind, &ui.config.url(), "YOUR-TOKEN", snippet::FLAG))
        }
        @if elsewhere {
            p { a href=(frame.at(&format!("/tokens/{selector}"))) { "Change its expiry" } " under API tokens." }
        }
        (end(&frame, &here, why_not.as_deref()))
    };
    let page = page(&viewer, Some(&project), token.token_name.as_str(), body);
    Ok(frame.page(&viewer, &page.below("API tokens", path(Some(&project)))))
}

fn facts(frame: &Frame, token: &ApiToken) -> Markup {
    html! {
        dl.facts {
            div { dt { "Type" } dd { (kind(token.kind)) } }
            div { dt { "Environment" } dd { (environment(token)) } }
            div { dt { "Projects" } dd { (projects(token, usize::MAX)) } }
            div { dt { "Created" } dd { (time::ago(token.created_at, frame.now)) @if let Some(author) = &token.created_by { " by " (author) } } }
            div { dt { "Last used" } dd { (time::ago_or(token.seen_at, frame.now, "never")) } }
            div { dt { "Expires" } dd { (expiry::told(token.expires_at, frame.now)) } }
            div { dt { "In the event log" } dd { a href=(frame.at(&format!("/events?q={}", token.selector))) { (token.selector) } } }
        }
    }
}

fn end(frame: &Frame, here: &str, why_not: Option<&str>) -> Markup {
    html! {
        section aria-labelledby="end" {
            h2 #end { "Delete" }
            p.muted { "Applications that use it stop getting flags at once. They keep what they had." }
            div.row {
                @match why_not {
                    None => a.button.danger #delete href=(frame.at(&format!("{here}/delete"))) { "Delete token…" },
                    Some(_) => (button::or_why("delete", "Delete token…", why_not)),
                }
            }
        }
    }
}

/// What the form of the expiry sends.
#[derive(Deserialize)]
struct Sent {
    lasts: String,
    #[serde(default)]
    until: String,
}

async fn prolong(
    grant: Granted<UpdateApiTokens>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(selector): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let wanted = Expiry { lasts: &sent.lasts, until: &sent.until };
    let end = wanted.read(frame.now).and_then(|at| match at {
        Some(at) if at > frame.now => Ok(at),
        _ => Err("Choose a day to come.".to_owned()),
    });
    match end {
        Ok(at) => {
            let mut tx = ui.db.change(&grant, frame.now).await?;
            let token = tokens::prolong(&mut tx, &grant, &selector, at).await?.ok_or_else(Fault::nowhere)?;
            tx.commit().await?;
            let note = Note::new(format!("{} expires on {}", token.token_name, &at.to_string()[..10]));
            Ok(frame.done(&format!("/tokens/{}", token.selector), &note))
        }
        Err(problem) => {
            // Whoever may change a token's end may not always see it: the form is theirs to see only if so.
            let mut tx = ui.db.read().await?;
            let reader = grant.also::<ReadApiTokens>()?;
            let token = named(tokens::all(&mut tx, &reader).await?, &selector)?;
            draw(&reader, &ui, &mut tx, &frame, &token, wanted, Some(&problem)).await
        }
    }
}

async fn ask(
    grant: Granted<DeleteApiTokens>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(selector): Path<String>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let token = named(tokens::all(&mut tx, &grant.also()?).await?, &selector)?;
    grant.ensure(token.kind.permission(Action::Delete))?;
    confirm(&grant, &mut tx, &frame, None, &token).await
}

async fn ask_in_project(
    grant: Granted<DeleteProjectTokens>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, selector)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let token = named(tokens::of_project(&mut tx, &grant.also()?).await?, &selector)?;
    confirm(&grant, &mut tx, &frame, Some(&project), &token).await
}

async fn confirm<G: Guard>(
    grant: &Granted<G>,
    tx: &mut Read,
    frame: &Frame,
    project: Option<&str>,
    token: &ApiToken,
) -> Result<Response, Fault> {
    let viewer = Viewer::of(grant, tx).await?;
    let (all, here) = (path(project), format!("{}/{}", path(project), token.selector));
    let reach = if token.projects.iter().any(|project| project == EVERYWHERE) {
        "flags of all projects".to_owned()
    } else {
        format!("flags of {}", token.projects.join(", "))
    };
    let body = html! {
        @match token.seen_at {
            Some(seen) => (notice(Tone::Warning, "It is in use", &html! {
                p { "An application used it " (time::ago(seen, frame.now)) ". It gets no news from now on, and what it does without flags if it starts anew." }
            })),
            None => (notice(Tone::Info, "Nobody has used it yet", &html! { p { "No application notices." } })),
        }
        p { "The token " strong { (token.token_name) } " gets " (reach) " in " (environment(token)) ". This cannot be undone: make a new one if it is needed again." }
        form.row method="post" action=(frame.at(&format!("{here}/delete"))) {
            button.button.danger #delete { "Delete token" }
            (button::link(&frame.at(&here), "Cancel"))
        }
    };
    let page = page(&viewer, project, "Delete API token", body).below("API tokens", all);
    Ok(frame.page(&viewer, &page.below(&token.token_name, here)))
}

async fn delete(
    grant: Granted<DeleteApiTokens>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(selector): Path<String>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, frame.now).await?;
    let token = tokens::delete(&mut tx, &grant, &selector).await?;
    tx.commit().await?;
    // Who deletes what is gone already has what they want.
    let name = token.map_or_else(|| "The token".to_owned(), |token| token.token_name);
    Ok(frame.done("/tokens", &Note::new(format!("{name} is deleted"))))
}

async fn delete_in_project(
    grant: Granted<DeleteProjectTokens>,
    State(ui): State<Ui>,
    frame: Frame,
    Path((project, selector)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.change(&grant, frame.now).await?;
    let token = tokens::delete_in_project(&mut tx, &grant, &selector).await?;
    tx.commit().await?;
    Ok(frame.done(&path(Some(&project)), &Note::new(format!("{} is deleted", token.token_name))))
}
