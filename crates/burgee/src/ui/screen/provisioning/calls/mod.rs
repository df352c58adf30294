//! What identity providers ask for: every call, told in words.

mod one;
pub(in crate::ui) mod row;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use crate::access::{Administer, Granted};
use crate::db::Read;
use crate::gate::{csv, lines};
use crate::people::{group, user};
use crate::provisioning::Noun;
use crate::provisioning::connection::{self, Overview};
use crate::provisioning::journal::{self, Filter, Outcome, Verb};
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::{Query, Viewer};
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::notice::{Tone, notice};
use crate::ui::part::table::Ask;
use crate::ui::part::{button, filter, icon, menu, notice};
use crate::ui::{Places, Ui};

/// How many calls a page has.
const SIZE: i64 = 50;

pub(super) fn places(places: Places) -> Places {
    places.page("/provisioning/calls", list).page("/provisioning/calls.jsonl", file).with(one::places)
}

/// What the address asks for.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    q: String,
    connection: String,
    outcome: String,
    kind: String,
    /// A user, by number.
    user: String,
    /// A group, by number.
    group: String,
    /// The first day and the last one: `2026-11-27`.
    from: String,
    to: String,
    page: Option<i64>,
}

impl Asked {
    fn pairs(&self) -> Vec<(&'static str, String)> {
        let pairs = [
            ("q", &self.q),
            ("connection", &self.connection),
            ("outcome", &self.outcome),
            ("kind", &self.kind),
            ("user", &self.user),
            ("group", &self.group),
            ("from", &self.from),
            ("to", &self.to),
        ];
        pairs.map(|(name, value)| (name, value.trim().to_owned())).to_vec()
    }

    fn filter(&self) -> Result<Filter, Fault> {
        let (from, until) = filter::days(&self.from, &self.to)?;
        let number = |text: &str| (!text.trim().is_empty()).then(|| text.trim().parse().unwrap_or(i64::MIN));
        Ok(Filter {
            connection: number(&self.connection),
            outcome: known("outcome", &self.outcome, Outcome::named)?,
            verb: known("kind of calls", &self.kind, Verb::named)?,
            subjects: [(Noun::User, &self.user), (Noun::Group, &self.group)]
                .into_iter()
                .filter_map(|(noun, text)| Some((noun, number(text)?)))
                .collect(),
            text: Some(self.q.trim().to_owned()).filter(|text| !text.is_empty()),
            from,
            until,
            ..Filter::default()
        })
    }

    /// What the list is narrowed by, in words.
    async fn chips(&self, tx: &mut Read, connections: &[Overview]) -> Vec<(&'static str, String)> {
        let mut chips = Vec::new();
        if !self.connection.trim().is_empty() {
            chips.push(("connection", row::connection(connections, self.connection.trim().parse().ok())));
        }
        if let Some(outcome) = Outcome::named(self.outcome.trim()) {
            chips.push(("outcome", outcome.label().to_owned()));
        }
        if let Some(verb) = Verb::named(self.kind.trim()) {
            chips.push(("kind", verb.label().to_owned()));
        }
        if let Ok(id) = self.user.trim().parse() {
            let known = user::get(tx, id).await.ok();
            chips.push(("user", known.map_or_else(|| format!("user {id}"), |it| it.called())));
        }
        if let Ok(id) = self.group.trim().parse() {
            let known = group::glance(tx, id).await.ok();
            chips.push(("group", known.map_or_else(|| format!("group {id}"), |it| it.group.name)));
        }
        for (name, value) in [("from", &self.from), ("to", &self.to)] {
            if !value.trim().is_empty() {
                chips.push((name, format!("{name} {}", value.trim())));
            }
        }
        chips
    }
}

/// The choice of this name, if one is told.
fn known<T>(what: &str, name: &str, named: fn(&str) -> Option<T>) -> Result<Option<T>, Fault> {
    let name = name.trim();
    if name.is_empty() {
        return Ok(None);
    }
    named(name).map(Some).ok_or_else(|| Fault::unreadable(format!("“{name}” is no {what}.")))
}

async fn list(
    grant: Granted<Administer>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let page = asked.page.unwrap_or(1).clamp(1, 100_000);
    let which = asked.filter()?;
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let connections = connection::list(&mut tx).await?;
    let (calls, total) = journal::search(&mut tx, &which, (page - 1) * SIZE, SIZE).await?;
    let chips = asked.chips(&mut tx, &connections).await;
    let watch = Watch::calls(&grant, &mut tx).await?;
    let ask = Ask { path: "/provisioning/calls", pairs: asked.pairs() };
    let narrows = ask.pairs.iter().any(|(_, value)| !value.is_empty());
    let download = Ask { path: "/provisioning/calls.jsonl", pairs: asked.pairs() }.with(&frame, &[]);
    let body = html! {
        (kept(&ui))
        div.filters {
            form.filter role="search" method="get" action=(frame.at(ask.path)) data-draft {
                (icon::search())
                input type="search" name="q" value=(asked.q) aria-label="Filter by words, path or what was looked for" placeholder="Filter by words, path or what was looked for" data-key="/";
                @for name in ["user", "group"] {
                    @let value = ask.pairs.iter().find(|(it, _)| *it == name).map_or("", |(_, value)| value);
                    @if !value.is_empty() { input type="hidden" name=(name) value=(value); }
                }
                (menu::menu("more-filters", "More filters", &html! { (icon::filter()) "Filters" }, &more(&asked, &connections)))
                button.unseen { "Filter" }
            }
            a.button.small href=(download) hx-boost="false" { (icon::download()) "Download" }
        }
        (filter::chips(&frame, &ask, &chips))
        @if calls.is_empty() && narrows {
            (notice::empty("No call matches", "Try other words, or a longer time.", &button::link(&frame.at(ask.path), "Show all calls")))
        } @else if calls.is_empty() {
            (notice::empty("No calls yet", "Every call of an identity provider shows here, with what it asked for and what came of it. Let it test the connection.", &button::link(&frame.at("/provisioning"), "Set up provisioning")))
        } @else {
            (row::feed(&frame, &calls, &connections))
            (ask.pages(&frame, page, SIZE, total))
        }
    };
    let page = Page::new(Section::Provisioning, "Calls", body);
    Ok(frame.page(&viewer, &page.below("Provisioning", "/provisioning".to_owned()).watch(watch)))
}

/// What is not to be found, and why.
fn kept(ui: &Ui) -> Markup {
    let missing = ui.journal.missing();
    html! {
        @if ui.journal_rules().days == 0 {
            (notice(Tone::Warning, "Calls are not kept", &html! { p { code { "SCIM_CALLS_DAYS" } " is 0 on this server. What was kept before is forgotten." } }))
        }
        @if missing.lost > 0 {
            (notice(Tone::Warning, "Some calls are missing", &html! { p { "Since this server started, there was no room for " (missing.lost) " calls. They were answered as usual." } }))
        }
        @if missing.passed_over > 0 {
            (notice(Tone::Info, "Calls without a valid token", &html! { p { "So many came that " (missing.passed_over) " of them were counted only." } }))
        }
    }
}

/// The filters that are not always there.
fn more(asked: &Asked, connections: &[Overview]) -> Markup {
    let options = |all: Vec<(&'static str, &'static str)>| -> Vec<(String, String)> {
        all.into_iter().map(|(name, label)| (name.to_owned(), label.to_owned())).collect()
    };
    let outcomes = options(Outcome::ALL.iter().map(|it| (it.name(), it.label())).collect());
    let verbs = options(Verb::ALL.iter().map(|it| (it.name(), it.label())).collect());
    let whose: Vec<(String, String)> = connections
        .iter()
        .map(|it| (it.connection.id.to_string(), row::connection(connections, Some(it.connection.id))))
        .collect();
    html! {
        div.filter-fields {
            (filter::choice("outcome", "Outcome", &filter::or_any(&outcomes), asked.outcome.trim()))
            (filter::choice("kind", "Kind", &filter::or_any(&verbs), asked.kind.trim()))
            @if whose.len() > 1 { (filter::choice("connection", "Connection", &filter::or_any(&whose), asked.connection.trim())) }
            @for (name, label, value) in [("from", "From", &asked.from), ("to", "To", &asked.to)] {
                div.field {
                    label for={ "filter-" (name) } { (label) }
                    input id={ "filter-" (name) } type="date" name=(name) value=(value) autocomplete="off";
                }
            }
            div.row { button.button.primary.small { "Apply" } }
        }
    }
}

async fn file(
    _: Granted<Administer>,
    State(ui): State<Ui>,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let body = lines::calls((*ui).clone(), asked.filter()?);
    Ok(csv::file("calls.jsonl", lines::KIND, body))
}
