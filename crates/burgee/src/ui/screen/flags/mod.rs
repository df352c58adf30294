//! The flags of a project, or of all projects that one sees, with their switches.

mod asked;
mod bulk;
mod saved;

use std::collections::{BTreeSet, HashMap};

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use self::asked::{Asked, SEEN, SIZE, STATES};
use super::switch;
use crate::access::{
    CreateFeature, DeleteFeature, Granted, Guard, Holdings, SeeProject, SignedIn, ToggleFeature,
    UpdateFeature,
};
use crate::db::Read;
use crate::environments;
use crate::feature_types;
use crate::features::search::{self, Reader, Summary};
use crate::owners::{self, Owner};
use crate::projects::environment;
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::{Query, Viewer, why_not, why_not_at};
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::filter::{self, choice, or_any};
use crate::ui::part::switch::{Switch, switch};
use crate::ui::part::table::{self, Ask};
use crate::ui::part::{button, icon, menu, notice, tag, time};
use crate::ui::{Places, Ui};

/// What has a field of its own beside the search.
const DRAWN: [&str; 7] = ["project", "kind", "at", "seen", "by", "owner", "liked"];
/// How many people one may choose from.
const PEOPLE: i64 = 500;

pub(in crate::ui) fn places(places: Places) -> Places {
    places
        .page("/projects/{projectId}", in_project)
        .page("/flags", everywhere)
        .with(bulk::places)
        .with(saved::places)
}

async fn in_project(
    grant: Granted<SeeProject>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let project = grant.scope().project.clone();
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let path = format!("/projects/{project}");
    let list = List::of(&grant, &mut tx, &frame, &asked, (&path, Some(&project))).await?;
    let watch = Watch::over(&grant, &mut tx, Some(&project), None).await?;
    let why_not = why_not::<CreateFeature>(grant.held(), &project, None);
    let to = frame.at(&format!("/projects/{project}/new-flag"));
    let create = |key| button::main_link(&to, "New flag", why_not.as_deref(), key);
    let none = notice::empty(
        "No flags yet",
        "A flag turns a part of your application on or off without a release.",
        &create(None),
    );
    let page = Page::new(Section::Flags, "Flags", list.body(&none)).within(&viewer, &project).watch(watch);
    Ok(frame.page(&viewer, &page.actions(create(Some("c")))))
}

async fn everywhere(
    grant: Granted<SignedIn>,
    State(ui): State<Ui>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let mut tx = ui.db.read().await?;
    let viewer = Viewer::of(&grant, &mut tx).await?;
    let list = List::of(&grant, &mut tx, &frame, &asked, ("/flags", None)).await?;
    let watch = Watch::over(&grant, &mut tx, None, None).await?;
    let none = notice::empty(
        "No flags yet",
        "Flags live in projects. Open one, and create its first flag there.",
        &button::link(&frame.at("/projects"), "Projects"),
    );
    let projects = viewer.projects.iter().map(|(id, name)| (id.as_str(), name.as_str()));
    let list = List { projects: projects.collect(), ..list };
    let page = Page::new(Section::AllFlags, "Flags", list.body(&none)).watch(watch);
    Ok(frame.page(&viewer, &page))
}

/// A page of flags with all that its filters offer.
struct List<'a> {
    frame: &'a Frame,
    held: &'a Holdings,
    asked: &'a Asked,
    ask: Ask<'a>,
    /// The project that all of them are in; `None`: those of all projects.
    project: Option<&'a str>,
    /// The projects that one may choose; none within a project.
    projects: Vec<(&'a str, &'a str)>,
    flags: Vec<Summary>,
    total: i64,
    /// The environments that have a column.
    columns: Vec<String>,
    /// Why the reader may not switch there, by project and environment.
    reasons: HashMap<(String, String), String>,
    /// The environments that one may choose.
    environments: Vec<String>,
    types: Vec<(String, String)>,
    authors: Vec<(String, String)>,
    owners: Vec<(String, String)>,
    saved: Option<Vec<saved::Saved>>,
}

impl<'a> List<'a> {
    async fn of<G: Guard>(
        grant: &'a Granted<G>,
        tx: &mut Read,
        frame: &'a Frame,
        asked: &'a Asked,
        (path, project): (&'a str, Option<&'a str>),
    ) -> Result<Self, Fault> {
        let reader = Reader { id: grant.person().ok(), sight: grant.sight(tx).await? };
        let (flags, total) = search::search(tx, &reader, &asked.query(project, frame.now)).await?;
        let within: BTreeSet<&str> =
            flags.iter().map(|flag| flag.feature.project.as_str()).chain(project).collect();
        let within: Vec<&str> = within.into_iter().collect();
        let places = environment::of_projects(tx, &within).await?;
        let mut reasons = HashMap::new();
        for (project, places) in &places {
            for place in places {
                if let Some(why) = why_not_at::<ToggleFeature>(grant.held(), project, place) {
                    reasons.insert((project.clone(), place.environment.clone()), why);
                }
            }
        }
        // In the order of environments, those that one of the flags can be on in.
        let environments: Vec<String> =
            environments::all(tx).await?.into_iter().map(|environment| environment.name).collect();
        let used = |name: &String| places.values().flatten().any(|place| place.environment == *name);
        let columns: Vec<String> = environments.iter().filter(|name| used(name)).cloned().collect();
        let types = feature_types::list(tx).await?.into_iter().map(|kind| (kind.id, kind.name)).collect();
        let (authors, _) = search::authors(tx, &reader.sight, 0, PEOPLE).await?;
        let mut owners =
            vec![("me".to_owned(), "You".to_owned()), ("nobody".to_owned(), "Nobody".to_owned())];
        owners.extend(owners::all(tx, &reader.sight, PEOPLE).await?.into_iter().map(|it| match it.owner {
            Owner::User(id) => (format!("user:{id}"), it.name),
            Owner::Group(id) => (format!("group:{id}"), it.name),
        }));
        let saved = match reader.id {
            Some(person) => Some(saved::list(tx, person).await?),
            None => None,
        };
        Ok(Self {
            frame,
            held: grant.held(),
            asked,
            ask: Ask { path, pairs: asked.pairs() },
            project,
            projects: Vec::new(),
            flags,
            total,
            environments: if project.is_some() { columns.clone() } else { environments },
            columns,
            reasons,
            types,
            authors: authors.into_iter().map(|author| (author.id.to_string(), author.name)).collect(),
            owners,
            saved,
        })
    }

    /// `none` stands where there is no flag at all.
    fn body(&self, none: &Markup) -> Markup {
        let all = self.frame.at(self.ask.path);
        html! {
            (self.filters())
            @if !self.flags.is_empty() {
                (table::scroll("Flags", &self.rows()))
                (bulk::bar(self.frame, &self.bulk(), self.asked.archived()))
                (self.ask.pages(self.frame, self.asked.page(), SIZE, self.total))
            } @else if self.asked.narrows() || self.asked.page() > 1 {
                (notice::empty("No flag matches", "Try fewer words or other filters.", &button::link(&all, "Show all flags")))
            } @else { (none) }
        }
    }

    /// What cannot be done to any flag of the page.
    fn bulk(&self) -> bulk::Reasons {
        let homes: BTreeSet<&str> = self.flags.iter().map(|flag| flag.feature.project.as_str()).collect();
        let in_all = |why: &dyn Fn(&str) -> Option<String>| {
            let reasons: Option<Vec<String>> = homes.iter().map(|project| why(project)).collect();
            reasons.and_then(|reasons| reasons.into_iter().next())
        };
        let held = self.held;
        let switch = |environment: &String| {
            let lacks = |project: &str| self.reasons.get(&(project.to_owned(), environment.clone())).cloned();
            (environment.clone(), in_all(&lacks))
        };
        bulk::Reasons {
            update: in_all(&|project| why_not::<UpdateFeature>(held, project, None)),
            remove: in_all(&|project| why_not::<DeleteFeature>(held, project, None)),
            switch: self.columns.iter().map(switch).collect(),
        }
    }

    fn filters(&self) -> Markup {
        let asked = self.asked;
        let more = html! {
            button.unseen { "Filter" }
            (menu::menu("more-filters", "More filters", &html! { (icon::filter()) "Filters" }, &self.more()))
        };
        html! {
            div.filters {
                (filter::search_with(self.frame, &self.ask, ("Filter flags by name or description", "Filter flags"), &DRAWN, &more))
                nav.segments aria-label="State" {
                    @for (state, label) in STATES {
                        a href=(self.ask.with(self.frame, &[("state", state)])) aria-current=[(asked.state == state).then_some("true")] { (label) }
                    }
                }
                @if let Some(saved) = &self.saved { (saved::menu(self.frame, self.ask.path, &asked.search(), saved)) }
            }
            (filter::chips(self.frame, &self.ask, &self.chips()))
        }
    }

    /// The filters that are not always there.
    fn more(&self) -> Markup {
        let asked = self.asked;
        let own = |list: &[(&str, &str)]| -> Vec<(String, String)> {
            list.iter().map(|(value, label)| ((*value).to_owned(), (*label).to_owned())).collect()
        };
        let standing: Vec<(String, String)> = self
            .environments
            .iter()
            .flat_map(|name| {
                ["on", "off"].map(|state| (format!("{name}:{state}"), format!("{state} in {name}")))
            })
            .map(|(value, label)| (value, label.replacen('o', "O", 1)))
            .collect();
        html! {
            div.filter-fields {
                @if self.project.is_none() { (choice("project", "Project", &or_any(&own(&self.projects)), &asked.project)) }
                (choice("kind", "Type", &or_any(&self.types), &asked.kind))
                (choice("at", "Environment", &or_any(&standing), &asked.at))
                (choice("seen", "Last seen", &own(&SEEN), &asked.seen))
                (choice("owner", "Owner", &or_any(&self.owners), &asked.owner))
                (choice("by", "Created by", &or_any(&self.authors), &asked.by))
                div.check {
                    input #filter-liked type="checkbox" name="liked" value="yes" checked[asked.liked == "yes"];
                    label for="filter-liked" { "Only your favorites" }
                }
                div.row { button.button.primary.small { "Apply" } }
            }
        }
    }

    /// The filters that are set: their name in the address and what they say.
    fn chips(&self) -> Vec<(&'static str, String)> {
        let asked = self.asked;
        let named = |list: &[(String, String)], value: &str| {
            list.iter().find(|(id, _)| id == value).map_or_else(|| value.to_owned(), |(_, name)| name.clone())
        };
        let seen = SEEN.iter().find(|(value, _)| *value == asked.seen).map_or("", |(_, label)| label);
        let project = self.projects.iter().find(|(id, _)| *id == asked.project).map(|(_, name)| *name);
        let standing =
            asked.at.rsplit_once(':').map(|(environment, state)| format!("{state} in {environment}"));
        let chips = [
            ("project", &asked.project, format!("project: {}", project.unwrap_or(&asked.project))),
            ("tag", &asked.tag, asked.tag.clone()),
            ("kind", &asked.kind, format!("type: {}", named(&self.types, &asked.kind))),
            ("at", &asked.at, standing.unwrap_or_default()),
            ("seen", &asked.seen, format!("seen: {}", seen.to_lowercase())),
            ("owner", &asked.owner, format!("owner: {}", named(&self.owners, &asked.owner))),
            ("by", &asked.by, format!("by {}", named(&self.authors, &asked.by))),
            ("liked", &asked.liked, "favorites".to_owned()),
        ];
        let set = |(name, value, text): (&'static str, &String, String)| {
            (!value.is_empty()).then_some((name, text))
        };
        chips
            .into_iter()
            .filter(|(name, ..)| *name != "project" || self.project.is_none())
            .filter_map(set)
            .collect()
    }

    fn rows(&self) -> Markup {
        let (frame, ask) = (self.frame, &self.ask);
        html! {
            table.rows {
                thead { tr {
                    th.pick scope="col" { (bulk::all(&ask.with(frame, &[("page", &self.asked.page().to_string()), ("pick", "all")]))) }
                    (ask.heading(frame, "name", "Flag"))
                    @if self.project.is_none() { th scope="col" { "Project" } }
                    @for environment in &self.columns { (ask.heading(frame, &format!("in:{environment}"), environment)) }
                    (ask.heading(frame, "type", "Type"))
                    (ask.heading(frame, "seen", "Last seen"))
                    (ask.heading(frame, "created", "Created"))
                } }
                tbody { @for flag in &self.flags { (self.row(flag)) } }
            }
        }
    }

    fn row(&self, flag: &Summary) -> Markup {
        let (frame, feature) = (self.frame, &flag.feature);
        html! {
            tr data-row id={ "row-" (feature.name) } {
                td.pick { (bulk::pick(&feature.name, self.asked.pick == "all")) }
                td.wide.most {
                    a.row-link href=(frame.at(&format!("/projects/{}/features/{}", feature.project, feature.name))) { (feature.name) }
                    @if flag.favorite { span.liked { (icon::star()) span.unseen { "Favorite" } } }
                    @if feature.stale { " " (tag::toned("stale", "warning")) }
                    @for found in &flag.tags {
                        @let text = format!("{}:{}", found.tag.kind, found.tag.value);
                        " " a.chip href=(self.ask.with(frame, &[("tag", &text)])) { (tag::inside(&found.tag.kind, &found.tag.value, found.color.as_deref())) }
                    }
                    @if let Some(text) = feature.description.as_deref().filter(|text| !text.is_empty()) { div.muted.clip { (text) } }
                }
                @if self.project.is_none() { td { a.muted.quiet href=(frame.at(&format!("/projects/{}", feature.project))) { (feature.project) } } }
                @for environment in &self.columns { td { (self.cell(flag, environment)) } }
                td.muted { (feature.kind) }
                td { (time::ago_or(flag.environments.iter().filter_map(|place| place.last_seen_at).max(), frame.now, "never")) }
                td { (time::ago(feature.created_at, frame.now)) }
            }
        }
    }

    fn cell(&self, flag: &Summary, environment: &str) -> Markup {
        let feature = &flag.feature;
        let Some(glance) = flag.environments.iter().find(|place| place.environment == environment) else {
            return html! { span.muted { "–" } };
        };
        let why_not = self.reasons.get(&(feature.project.clone(), environment.to_owned()));
        switch(&Switch {
            id: &format!("switch-{}-{environment}", feature.name),
            label: &format!("{} in {environment}", feature.name),
            on: glance.enabled,
            action: &self.frame.at(&switch::path(&feature.project, &feature.name, environment)),
            back: &self.frame.here,
            why_not: if feature.archived {
                Some("This flag is archived. Revive it first.")
            } else {
                why_not.map(String::as_str)
            },
        })
    }
}
