//! The flags of a project, with their switches.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::switch;
use crate::access::{CreateFeature, Granted, SeeProject, ToggleFeature};
use crate::features::search::{self, Choice, Filter, Having, Key, Reader, Summary, Tag};
use crate::projects::environment;
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::{Query, Viewer, why_not, why_not_at};
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::switch::{Switch, switch};
use crate::ui::part::table::{self, Ask};
use crate::ui::part::{button, icon, notice, tag, time};
use crate::ui::{Places, Ui};

/// How many flags a page has.
const SIZE: i64 = 50;

pub(in crate::ui) fn places(places: Places) -> Places {
    places.page("/projects/{projectId}", list)
}

/// What the address asks for.
#[derive(Default, Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    tag: String,
    #[serde(default)]
    sort: String,
    page: Option<i64>,
}

impl Asked {
    fn page(&self) -> i64 {
        self.page.unwrap_or(1).clamp(1, 1_000_000)
    }

    fn narrows(&self) -> bool {
        !(self.q.trim().is_empty() && self.state.is_empty() && self.tag.is_empty())
    }

    fn query(&self, project: &str) -> search::Query {
        let word = burgee_scim::fold(self.q.trim());
        let state = match self.state.as_str() {
            "archived" | "" => None,
            state => Some(Choice::AnyOf(vec![state.to_owned()])),
        };
        let tags = self
            .tag
            .split_once(':')
            .map(|(kind, value)| Having::Any(vec![Tag { kind: kind.to_owned(), value: value.to_owned() }]));
        let (key, descending) = match self.sort.strip_prefix('-') {
            Some(key) => (key, true),
            None => (self.sort.as_str(), false),
        };
        let (key, descending) = match (key, key.strip_prefix("in:")) {
            (_, Some(environment)) => (Key::Environment(environment.to_owned()), !descending),
            ("created", _) => (Key::Created, !descending),
            ("seen", _) => (Key::Seen, !descending),
            ("type", _) => (Key::Kind, descending),
            _ => (Key::Name, descending),
        };
        search::Query {
            filter: Filter {
                archived: self.state == "archived",
                words: if word.is_empty() { Vec::new() } else { vec![word] },
                project: Some(Choice::AnyOf(vec![project.to_owned()])),
                state,
                tags,
                ..Filter::default()
            },
            key,
            descending,
            favorites_first: false,
            offset: (self.page() - 1) * SIZE,
            limit: SIZE,
        }
    }
}

async fn list(
    grant: Granted<SeeProject>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let project = grant.scope().project.as_str();
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let reader = Reader { id: grant.person().ok(), sight: grant.sight(&mut tx).await? };
    let (flags, total) = search::search(&mut tx, &reader, &asked.query(project)).await?;
    let environments = environment::list(&mut tx, project).await?;
    let watch = Watch::over(&grant, &mut tx, Some(project), None).await?;
    let columns: Vec<(&str, Option<String>)> = environments
        .iter()
        .map(|place| (place.environment.as_str(), why_not_at::<ToggleFeature>(grant.held(), project, place)))
        .collect();
    let path = format!("/projects/{project}");
    let pairs = [("q", &asked.q), ("state", &asked.state), ("tag", &asked.tag), ("sort", &asked.sort)];
    let ask = Ask { path: &path, pairs: pairs.map(|(name, value)| (name, value.clone())).to_vec() };
    let why_not = why_not::<CreateFeature>(grant.held(), project, None);
    let create =
        |key| button::main_link(&frame.at(&format!("{path}/new-flag")), "New flag", why_not.as_deref(), key);
    let body = html! {
        (filters(&frame, &ask, &asked))
        @if !flags.is_empty() {
            (table::scroll("Flags", &rows(&frame, &ask, &columns, &flags)))
            (ask.pages(&frame, asked.page(), SIZE, total))
        } @else if asked.narrows() || asked.page() > 1 {
            (notice::empty("No flag matches", "Try fewer words or another state.", &button::link(&frame.at(&path), "Show all flags")))
        } @else {
            (notice::empty("No flags yet", "A flag turns a part of your application on or off without a release.", &create(None)))
        }
    };
    let page = Page::new(Section::Flags, "Flags", body).within(&viewer, project).watch(watch);
    Ok(frame.page(&viewer, &page.actions(create(Some("c")))))
}

fn filters(frame: &Frame, ask: &Ask<'_>, asked: &Asked) -> Markup {
    const STATES: [(&str, &str); 5] = [
        ("", "All"),
        ("active", "Active"),
        ("potentially-stale", "Potentially stale"),
        ("stale", "Stale"),
        ("archived", "Archived"),
    ];
    html! {
        div.filters {
            form.filter role="search" method="get" action=(frame.at(ask.path)) data-draft {
                (icon::search())
                input type="search" name="q" value=(asked.q) aria-label="Filter flags by name or description" placeholder="Filter flags" data-key="/";
                input type="hidden" name="state" value=(asked.state);
                input type="hidden" name="sort" value=(asked.sort);
                button.unseen { "Filter" }
            }
            nav.segments aria-label="State" {
                @for (state, label) in STATES {
                    a href=(ask.with(frame, &[("state", state)])) aria-current=[(asked.state == state).then_some("true")] { (label) }
                }
            }
            @if !asked.tag.is_empty() {
                a.chip href=(ask.with(frame, &[("tag", "")])) { (asked.tag) (icon::close()) span.unseen { "Remove this filter" } }
            }
        }
    }
}

fn rows(frame: &Frame, ask: &Ask<'_>, columns: &[(&str, Option<String>)], flags: &[Summary]) -> Markup {
    html! {
        table.rows {
            thead { tr {
                (ask.heading(frame, "name", "Flag"))
                @for (environment, _) in columns { (ask.heading(frame, &format!("in:{environment}"), environment)) }
                (ask.heading(frame, "type", "Type"))
                (ask.heading(frame, "seen", "Last seen"))
                (ask.heading(frame, "created", "Created"))
            } }
            tbody {
                @for flag in flags {
                    tr data-row id={ "row-" (flag.feature.name) } {
                        td.wide {
                            a.row-link href=(frame.at(&format!("/projects/{}/features/{}", flag.feature.project, flag.feature.name))) { (flag.feature.name) }
                            @if flag.feature.stale { " " (tag::toned("stale", "warning")) }
                            @for found in &flag.tags {
                                @let text = format!("{}:{}", found.tag.kind, found.tag.value);
                                " " a.chip href=(ask.with(frame, &[("tag", &text), ("page", "")])) { (text) }
                            }
                            @if let Some(text) = flag.feature.description.as_deref().filter(|text| !text.is_empty()) { div.muted.clip { (text) } }
                        }
                        @for (environment, why_not) in columns { td { (cell(frame, flag, environment, why_not.as_deref())) } }
                        td.muted { (flag.feature.kind) }
                        td { (time::ago_or(flag.environments.iter().filter_map(|place| place.last_seen_at).max(), frame.now, "never")) }
                        td { (time::ago(flag.feature.created_at, frame.now)) }
                    }
                }
            }
        }
    }
}

fn cell(frame: &Frame, flag: &Summary, environment: &str, why_not: Option<&str>) -> Markup {
    let feature = &flag.feature;
    let Some(glance) = flag.environments.iter().find(|place| place.environment == environment) else {
        return html! { span.muted { "–" } };
    };
    switch(&Switch {
        id: &format!("switch-{}-{environment}", feature.name),
        label: &format!("{} in {environment}", feature.name),
        on: glance.enabled,
        action: &frame.at(&switch::path(&feature.project, &feature.name, environment)),
        back: &frame.here,
        why_not: if feature.archived { Some("This flag is archived. Revive it first.") } else { why_not },
    })
}
