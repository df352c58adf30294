//! What happened: everywhere, in a project, or to a flag.

mod download;

use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use crate::access::{Granted, Guard, SeeProject, SignedIn};
use crate::clock::Time;
use crate::db::Read;
use crate::events::{self, Creator, Fact, Filter};
use crate::provisioning::journal;
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::{Query, Viewer};
use crate::ui::live::{self, Watch};
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::table::{self, Ask};
use crate::ui::part::{button, chart, event, filter, icon, menu, notice};
use crate::ui::{Places, Ui};

/// How many events a page has.
const SIZE: i64 = 50;
/// How many days are counted.
const DAYS: i64 = 30;
const DAY: Duration = Duration::from_hours(24);
/// What has a field of its own beside the search.
const DRAWN: [&str; 7] = ["what", "flag", "by", "project", "environment", "from", "to"];

pub(in crate::ui) fn places(places: Places) -> Places {
    places
        .page("/events", everywhere)
        .page("/events/{id}", one)
        .page("/projects/{projectId}/events", in_project)
        .with(download::places)
}

/// What the address asks for.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    q: String,
    what: String,
    flag: String,
    /// A person, by name.
    by: String,
    /// A project, where all are listed.
    project: String,
    environment: String,
    /// The first day and the last one: `2026-11-27`.
    from: String,
    to: String,
    page: Option<i64>,
}

impl Asked {
    fn pairs(&self) -> Vec<(&'static str, String)> {
        let pairs = [
            ("q", &self.q),
            ("what", &self.what),
            ("flag", &self.flag),
            ("by", &self.by),
            ("project", &self.project),
            ("environment", &self.environment),
            ("from", &self.from),
            ("to", &self.to),
        ];
        pairs.map(|(name, value)| (name, value.trim().to_owned())).to_vec()
    }

    async fn filter<G: Guard>(
        &self,
        grant: &Granted<G>,
        tx: &mut Read,
        project: Option<&str>,
    ) -> Result<Filter, Fault> {
        let one = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
        let (from, until) = filter::days(&self.from, &self.to)?;
        let mut created_by = Vec::new();
        if let Some(name) = one(&self.by) {
            created_by.extend(events::creators(tx, Some(&name), i64::MAX).await?.into_iter().map(|it| it.id));
            if created_by.is_empty() {
                // Nobody is called so.
                created_by.push(i64::MIN);
            }
        }
        let what = self.what.trim();
        let mut types: Vec<String> = Fact::ALL
            .iter()
            .filter(|fact| fact.label() == what || fact.name() == what)
            .map(|fact| fact.name().to_owned())
            .collect();
        if types.is_empty() {
            // Nothing is called so, and nothing of the kind happened.
            types.extend(one(what));
        }
        Ok(Filter {
            types,
            projects: project.map(str::to_owned).or_else(|| one(&self.project)).into_iter().collect(),
            features: one(&self.flag).into_iter().collect(),
            environments: one(&self.environment).into_iter().collect(),
            created_by,
            from,
            until,
            query: one(&self.q),
            sight: live::sight(grant, tx).await?,
            ..Filter::default()
        })
    }
}

async fn everywhere(
    grant: Granted<SignedIn>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    list(&grant, &ui, &frame, &asked, None).await
}

async fn in_project(
    grant: Granted<SeeProject>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let project = grant.scope().project.clone();
    list(&grant, &ui, &frame, &asked, Some(&project)).await
}

async fn list<G: Guard>(
    grant: &Granted<G>,
    ui: &Ui,
    frame: &Frame,
    asked: &Asked,
    project: Option<&str>,
) -> Result<Response, Fault> {
    let page = table::number(asked.page);
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(grant, &mut tx).await?;
    let people = events::creators(&mut tx, None, PEOPLE).await?;
    let which = asked.filter(grant, &mut tx, project).await?;
    let (records, total) = events::search(&mut tx, &which, (page - 1) * SIZE, SIZE).await?;
    let days = Days::of(&mut tx, &which, frame.now).await?;
    let flag = Some(asked.flag.trim()).filter(|flag| !flag.is_empty());
    let watch = Watch::over(grant, &mut tx, project, flag).await?;
    let path = project.map_or_else(|| "/events".to_owned(), |project| format!("/projects/{project}/events"));
    let ask = Ask { path: &path, pairs: asked.pairs() };
    let narrows = ask.pairs.iter().any(|(_, value)| !value.is_empty());
    let more = html! {
        input.what list="whats" name="what" value=(asked.what) aria-label="What happened" placeholder="What happened";
        datalist #whats { @for fact in Fact::ALL { option value=(fact.label()) {} } }
        (menu::menu("more-filters", "More filters", &html! { (icon::filter()) "Filters" }, &more(asked, &viewer, project, &people)))
        button.unseen { "Filter" }
    };
    let chips: Vec<(&str, String)> = [
        ("what", &asked.what, ""),
        ("flag", &asked.flag, "flag: "),
        ("by", &asked.by, "by "),
        ("project", &asked.project, "project: "),
        ("environment", &asked.environment, "in "),
        ("from", &asked.from, "from "),
        ("to", &asked.to, "to "),
    ]
    .into_iter()
    .filter(|(name, value, _)| !value.trim().is_empty() && (*name != "project" || project.is_none()))
    .map(|(name, value, before)| (name, format!("{before}{}", value.trim())))
    .collect();
    let body = html! {
        div.filters {
            (filter::search_with(frame, &ask, ("Filter by text in the recorded values", "Filter by text"), &DRAWN, &more))
            (menu::menu("download", "Download", &html! { (icon::download()) "Download" }, &download::ways(frame, &ask)))
        }
        (filter::chips(frame, &ask, &chips))
        @if records.is_empty() && narrows {
            (notice::empty("No event matches", "Try other words, or a longer time.", &button::link(&frame.at(&path), "Show all events")))
        } @else {
            @if let Some(days) = days.filter(|_| !records.is_empty()) { (days.strip()) }
            (event::feed(frame, &records, event::Among::Many))
            (ask.pages(frame, page, SIZE, total))
        }
    };
    let section = if project.is_some() { Section::ProjectEvents } else { Section::Events };
    let page = Page::new(section, "Events", body).watch(watch);
    Ok(frame.page(
        &viewer,
        &match project {
            Some(project) => page.within(&viewer, project),
            None => page,
        },
    ))
}

/// The filters that are not always there.
fn more(asked: &Asked, viewer: &Viewer, project: Option<&str>, people: &[Creator]) -> Markup {
    let field = |name: &str, label: &str, value: &str, kind: &str, list: Option<&str>| {
        html! {
            div.field {
                label for={ "filter-" (name) } { (label) }
                input id={ "filter-" (name) } type=(kind) name=(name) value=(value) list=[list] autocomplete="off";
            }
        }
    };
    let projects: Vec<(String, String)> = viewer.projects.clone();
    html! {
        div.filter-fields {
            (field("by", "Who", &asked.by, "text", Some("people")))
            datalist #people { @for it in people { option value=(it.name) {} } }
            @if project.is_none() { (filter::choice("project", "Project", &filter::or_any(&projects), &asked.project)) }
            (field("flag", "Flag", &asked.flag, "text", None))
            (field("environment", "Environment", &asked.environment, "text", None))
            (field("from", "From", &asked.from, "date", None))
            (field("to", "To", &asked.to, "date", None))
            div.row { button.button.primary.small { "Apply" } }
        }
    }
}

/// How many people one may choose from.
const PEOPLE: i64 = 500;

/// How much happened on each of some days.
struct Days {
    labels: Vec<String>,
    counts: Vec<f64>,
}

impl Days {
    /// Those of the range that is asked for, or the last ones. `None` if counting would take long.
    async fn of(tx: &mut Read, which: &Filter, now: Time) -> Result<Option<Self>, Fault> {
        let number = |time: Time| time.millis().div_euclid(i64::try_from(DAY.as_millis()).unwrap_or(1));
        let last = which.until.map_or_else(|| number(now), |until| number(until) - 1).min(number(now));
        let first = which.from.map_or(last + 1 - DAYS, number).max(last - 2 * DAYS);
        if first >= last {
            return Ok(None);
        }
        let begins = |day: i64| Time::from_millis(0).plus(DAY * u32::try_from(day).unwrap_or(0));
        let which = Filter { from: Some(begins(first)), until: Some(begins(last + 1)), ..which.clone() };
        let Some(found) = events::by_day(tx, &which).await? else { return Ok(None) };
        let days = first..=last;
        Ok(Some(Self {
            labels: days.clone().map(|day| begins(day).to_string()[..10].to_owned()).collect(),
            counts: days
                .map(|day| {
                    f64::from(u32::try_from(found.get(&day).copied().unwrap_or(0)).unwrap_or(u32::MAX))
                })
                .collect(),
        }))
    }

    fn strip(&self) -> Markup {
        let labels: Vec<&str> = self.labels.iter().map(String::as_str).collect();
        let title =
            format!("Events by the day: {} in {} days", self.counts.iter().sum::<f64>(), labels.len());
        chart::strip(&title, &labels, &chart::Series { name: "Events", values: &self.counts })
    }
}

async fn one(
    grant: Granted<SignedIn>,
    State(ui): State<Ui>,
    frame: Frame,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    let id: i64 = id.parse().map_err(|_| Fault::nowhere())?;
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let filter = Filter { ids: vec![id], sight: live::sight(&grant, &mut tx).await?, ..Filter::default() };
    let (records, _) = events::search(&mut tx, &filter, 0, 1).await?;
    let record =
        records.first().ok_or_else(|| Fault::missing("There is no such event, or you may not see it."))?;
    let call = match &record.group_id {
        Some(group) if grant.held().is_admin() => {
            journal::of_events(&mut tx, group, record.created_at).await?
        }
        _ => None,
    };
    let title = record.label().unwrap_or(&record.kind).to_owned();
    let body = html! {
        div.feed { (event::one(&frame, record, event::Among::Many, true)) }
        @if let Some(call) = &call {
            p { "The identity provider’s call that did it: " a href=(frame.at(&format!("/provisioning/calls/{}", call.id))) { (call.meaning) } }
        }
    };
    Ok(frame.page(&viewer, &Page::new(Section::Events, title, body).below("Events", "/events".to_owned())))
}
