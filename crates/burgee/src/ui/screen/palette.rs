//! Search or act: anywhere in a few keys.
//!
//! The dialog asks the same address as the page that stands in for it without scripts.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::switch;
use crate::access::{
    Administer, CreateFeature, CreateProject, CreateSegment, Granted, Guard, SignedIn, ToggleFeature,
};
use crate::features::search::{self, Filter, Key, Reader, Summary};
use crate::projects::environment;
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::{Query, Viewer, why_not, why_not_at};
use crate::ui::nav::{self, Section};
use crate::ui::page::Page;
use crate::ui::part::icon;
use crate::ui::{Places, Ui};

/// How many flags are found.
const FLAGS: i64 = 6;

pub(in crate::ui) fn places(places: Places) -> Places {
    places.page("/search", find)
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
}

/// One thing to go to or to do.
struct Found {
    shape: Markup,
    label: Markup,
    hint: String,
    way: Way,
}

enum Way {
    Go(String),
    /// A form: where it posts to, and what.
    Act(String, Vec<(&'static str, String)>),
}

/// What somebody wants: to switch something, and which words name it.
fn understood(text: &str) -> (Option<bool>, Vec<&str>) {
    let lower = text.trim();
    let starts = |words: &str| {
        let head = lower.get(..words.len())?;
        let rest = &lower[words.len()..];
        (head.eq_ignore_ascii_case(words) && (rest.is_empty() || rest.starts_with(' '))).then_some(rest)
    };
    let verbs = [("turn on", true), ("turn off", false), ("enable", true), ("disable", false)];
    let (wanted, rest) = verbs
        .into_iter()
        .find_map(|(verb, on)| starts(verb).map(|rest| (Some(on), rest)))
        .unwrap_or((None, lower));
    (wanted, rest.split_whitespace().filter(|word| !word.eq_ignore_ascii_case("in")).collect())
}

async fn find(
    grant: Granted<SignedIn>,
    State(ui): State<Ui>,
    frame: Frame,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let (wanted, words) = understood(&asked.q);
    let first = words.first().copied().unwrap_or_default();
    let reader = Reader { id: grant.person().ok(), sight: grant.sight(&mut tx).await? };
    let filter = Filter {
        words: if first.is_empty() { Vec::new() } else { vec![burgee_scim::fold(first)] },
        ..Filter::default()
    };
    let query = search::Query {
        filter,
        key: Key::Name,
        favorites_first: true,
        limit: FLAGS,
        ..search::Query::default()
    };
    let (flags, _) = search::search(&mut tx, &reader, &query).await?;
    let mut found = Vec::new();
    for flag in &flags {
        if wanted.is_some() || words.len() > 1 {
            let places = environment::list(&mut tx, &flag.feature.project).await?;
            let allowed = |name: &str| {
                places.iter().any(|place| {
                    place.environment == name
                        && why_not_at::<ToggleFeature>(grant.held(), &flag.feature.project, place).is_none()
                })
            };
            found.extend(switches(flag, wanted, words.get(1).copied().unwrap_or_default(), allowed));
        }
    }
    if wanted.is_none() {
        found.extend(flags.iter().map(|flag| Found {
            shape: icon::flag(),
            label: html! { (flag.feature.name) },
            hint: flag.feature.project.clone(),
            way: Way::Go(format!("/projects/{}/features/{}", flag.feature.project, flag.feature.name)),
        }));
        let matches = |text: &str| burgee_scim::fold(text).contains(&burgee_scim::fold(asked.q.trim()));
        found.extend(viewer.projects.iter().filter(|(id, name)| matches(id) || matches(name)).take(5).map(
            |(id, name)| Found {
                shape: icon::folder(),
                label: html! { (name) },
                hint: "Project".to_owned(),
                way: Way::Go(format!("/projects/{id}")),
            },
        ));
        found.extend(pages(&viewer, &grant).into_iter().filter(|(label, ..)| matches(label)).map(
            |(label, path, shape)| Found {
                shape,
                label: html! { (label) },
                hint: String::new(),
                way: Way::Go(path),
            },
        ));
    }
    let list = draw(&frame, &asked.q, &found);
    if headers.contains_key("burgee-palette") {
        return Ok(list.into_response());
    }
    let body = html! {
        form.filter role="search" method="get" action=(frame.at("/search")) {
            (icon::search())
            input type="search" name="q" value=(asked.q) aria-label="Search or act" placeholder="A flag, a project, or “turn off checkout in production”";
            button.button { "Search" }
        }
        div.found { (list) }
    };
    Ok(frame.page(&viewer, &Page::new(Section::Home, "Search", body)))
}

fn pages(viewer: &Viewer, grant: &Granted<SignedIn>) -> Vec<(String, String, Markup)> {
    let ways = nav::ways(viewer).map(|(label, path, shape)| (label.to_owned(), path.to_owned(), shape));
    let mut pages: Vec<_> = ways.collect();
    let mine =
        viewer.projects.iter().filter(|(id, _)| why_not::<CreateFeature>(grant.held(), id, None).is_none());
    pages.extend(
        mine.take(5).map(|(id, name)| {
            (format!("New flag in {name}"), format!("/projects/{id}/new-flag"), icon::plus())
        }),
    );
    for (label, path, allowed) in [
        ("New project", "/new-project", CreateProject::ANY_OF),
        ("New segment", "/new-segment", CreateSegment::ANY_OF),
        ("New environment", "/new-environment", Administer::ANY_OF),
    ] {
        if grant.held().anywhere(allowed) {
            pages.push((label.to_owned(), path.to_owned(), icon::plus()));
        }
    }
    if viewer.admin {
        for what in ["user", "group", "service account"] {
            pages.push((format!("New {what}"), format!("/{}s/new", what.replace(' ', "-")), icon::plus()));
        }
        for kind in ["project", "root"] {
            pages.push((format!("New {kind} role"), format!("/roles/new?kind={kind}"), icon::plus()));
        }
        pages.push(("Design".to_owned(), "/design".to_owned(), icon::palette()));
    }
    pages
}

/// What can be switched of a flag, as far as the reader may.
fn switches(
    flag: &Summary,
    wanted: Option<bool>,
    environment: &str,
    allowed: impl Fn(&str) -> bool,
) -> Vec<Found> {
    let feature = &flag.feature;
    let starts = |name: &str| burgee_scim::fold(name).starts_with(&burgee_scim::fold(environment));
    let places = flag.environments.iter().filter(|place| starts(&place.environment));
    let places =
        places.filter(|place| wanted.is_none_or(|on| place.enabled != on) && allowed(&place.environment));
    places
        .map(|place| Found {
            shape: icon::power(),
            label: html! { "Turn " (if place.enabled { "off" } else { "on" }) " " strong { (feature.name) } " in " strong { (place.environment) } },
            hint: feature.project.clone(),
            way: Way::Act(
                switch::path(&feature.project, &feature.name, &place.environment),
                vec![("enabled", (!place.enabled).to_string())],
            ),
        })
        .collect()
}

fn draw(frame: &Frame, asked: &str, found: &[Found]) -> Markup {
    html! {
        div #found role="listbox" aria-label="Results" {
            @for (index, it) in found.iter().enumerate() {
                @let content = html! { (it.shape) span.clip { (it.label) } @if !it.hint.is_empty() { span.muted { (it.hint) } } };
                @match &it.way {
                    Way::Go(path) => a #{ "found-" (index) } role="option" aria-selected="false" href=(frame.at(path)) { (content) },
                    Way::Act(path, fields) => form role="none" method="post" action=(frame.at(path)) {
                        @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
                        button #{ "found-" (index) } role="option" aria-selected="false" { (content) }
                    },
                }
            }
        }
        @if found.is_empty() {
            p.calm { "Nothing found for “" (asked) "”. Try a part of a flag’s name, or “turn on …”." }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::understood;

    #[test]
    fn wishes_are_understood() {
        assert_eq!(
            understood("Turn off checkout in production"),
            (Some(false), vec!["checkout", "production"])
        );
        assert_eq!(understood(" enable x"), (Some(true), vec!["x"]));
        assert_eq!(understood("enabled-things"), (None, vec!["enabled-things"]));
        assert_eq!(understood("turn on"), (Some(true), vec![]));
        assert_eq!(understood("ÄÖ"), (None, vec!["ÄÖ"]));
    }
}
