//! Access explained: what somebody holds, where, and by which way it comes to them.

use std::collections::BTreeMap;

use maud::{Markup, html};
use serde::Deserialize;

use crate::access::reach::{self, Named, Source, Way, Whose};
use crate::access::{Hold, Level, Permission};
use crate::db::Read;
use crate::projects;
use crate::ui::fault::Fault;
use crate::ui::frame::Frame;
use crate::ui::guard::Viewer;
use crate::ui::part::form::Field;
use crate::ui::part::{button, icon, tag};

/// Whose access is explained.
pub(in crate::ui) struct About<'a> {
    pub(in crate::ui) whose: Whose,
    pub(in crate::ui) name: &'a str,
    /// The page that asks.
    pub(in crate::ui) path: &'a str,
    /// False: they hold nothing now.
    pub(in crate::ui) active: bool,
}

/// Whether they may do one thing in one place, as the address asks.
#[derive(Default, Deserialize)]
pub(in crate::ui) struct Question {
    #[serde(default)]
    may: String,
    #[serde(default)]
    project: String,
    #[serde(default)]
    environment: String,
}

/// A question with its answer, and the ways by which permissions come, place by place.
pub(in crate::ui) async fn explained(
    frame: &Frame,
    tx: &mut Read,
    viewer: &Viewer,
    about: &About<'_>,
    question: &Question,
) -> Result<Markup, Fault> {
    let ways = reach::ways(tx, about.whose).await?;
    let environments = projects::environments(tx).await?;
    let mut places: BTreeMap<&str, Vec<&Way>> = BTreeMap::new();
    for way in &ways {
        places.entry(way.project.as_deref().unwrap_or_default()).or_default().push(way);
    }
    Ok(html! {
        section aria-labelledby="ask" {
            h2 #ask { "May they do it?" }
            (form(frame, viewer, about, question, &environments))
            @if let Some(asked) = Permission::named(&question.may) { (answer(frame, about, question, asked, &ways)) }
        }
        section aria-labelledby="everything" {
            h2 #everything { "Everything they may do, and why" }
            @if ways.is_empty() { p.calm { "No role yet: this gives nobody anything." } }
            @for (project, ways) in &places {
                div.reach {
                    h3 {
                        @if project.is_empty() { (icon::globe()) "Root roles" }
                        @else { (icon::folder()) a href=(frame.at(&format!("/projects/{project}"))) { (viewer.project(project)) } }
                    }
                    ul { @for way in ways { li { (one(frame, about, way)) } } }
                }
            }
        }
    })
}

fn form(
    frame: &Frame,
    viewer: &Viewer,
    about: &About<'_>,
    question: &Question,
    environments: &[String],
) -> Markup {
    let of = |level: Level| {
        let all = Permission::ALL.iter().filter(move |permission| permission.level() == level);
        all.map(|permission| (permission.name(), permission.label().to_owned())).collect::<Vec<_>>()
    };
    let permissions = [
        ("Flags in an environment", of(Level::Environment)),
        ("In a project", of(Level::Project)),
        ("Everywhere", of(Level::Root)),
    ];
    let mut projects = vec![("", "Any project")];
    projects.extend(viewer.projects.iter().map(|(id, name)| (id.as_str(), name.as_str())));
    let mut places = vec![("", "Any environment")];
    places.extend(environments.iter().map(|name| (name.as_str(), name.as_str())));
    html! {
        form.asking method="get" action=(frame.at(about.path)) {
            (Field { name: "may", label: "Permission", ..Field::default() }.grouped(&permissions, &question.may))
            (Field { name: "project", label: "Project", ..Field::default() }.choice(&projects, &question.project))
            (Field { name: "environment", label: "Environment", ..Field::default() }.choice(&places, &question.environment))
            button.button { "Ask" }
        }
    }
}

/// True if a hold answers the question; a place that is left open is any.
fn gives(hold: &Hold, asked: Permission, question: &Question) -> bool {
    let place = |named: &Option<String>, wanted: &str| {
        if wanted.is_empty() { named.clone() } else { Some(wanted.to_owned()) }
    };
    let project = place(&hold.project, &question.project);
    let environment = place(&hold.environment, &question.environment);
    hold.gives(&[asked], project.as_deref(), environment.as_deref())
}

fn answer(frame: &Frame, about: &About<'_>, question: &Question, asked: Permission, ways: &[Way]) -> Markup {
    let found: Vec<(&Way, &Hold)> = ways
        .iter()
        .filter_map(|way| Some((way, way.holds.iter().find(|hold| gives(hold, asked, question))?)))
        .collect();
    let may = !found.is_empty() && about.active;
    html! {
        div.card #answer {
            p.trace-line {
                @if may { (tag::toned("yes", "good")) } @else { (tag::toned("no", "problem")) }
                span {
                    @if may {
                        @match found.len() { 1 => "In one way:", count => { "In " (count) " ways; each is enough:" } }
                    } @else if !found.is_empty() {
                        "The account is deactivated. Once it is reactivated, they may:"
                    } @else {
                        "No role of theirs gives it there."
                    }
                }
            }
            @for (way, hold) in found {
                (path(frame, about, way, Some(hold)))
            }
        }
    }
}

/// The groups between somebody and a role.
fn between<'w>(about: &About<'_>, way: &'w Way) -> &'w [Named] {
    match about.whose {
        Whose::User(_) => &way.through,
        // It is the first of the chain itself.
        Whose::Group(_) => way.through.get(1..).unwrap_or_default(),
    }
}

/// How a role came that is somebody's own.
pub(in crate::ui) fn directly(source: &Source) -> String {
    match source {
        Source::Hand => "given directly".to_owned(),
        Source::Newcomer((_, connection)) => format!("as newcomers of {connection} have it"),
        Source::Attribute((_, connection), attribute) => format!("by “{attribute}” from {connection}"),
        Source::Rule((_, connection), (_, group)) => format!("by the rule of {connection} about {group}"),
    }
}

/// The identity provider that gave a role, and by what: the way begins there.
fn origin(frame: &Frame, source: &Source) -> Markup {
    let to = |id: &i64| frame.at(&format!("/provisioning/{id}/roles"));
    html! {
        @match source {
            Source::Hand => {},
            Source::Newcomer((id, name)) => {
                li { (icon::sync()) a href=(to(id)) { (name) } span.muted { "what newcomers have" } }
            },
            Source::Attribute((id, name), attribute) => {
                li { (icon::sync()) a href=(to(id)) { (name) } span.muted { "“" (attribute) "” of the user" } }
            },
            Source::Rule((id, name), (_, group)) => {
                li { (icon::sync()) a href=(to(id)) { (name) } span.muted { "rule about " (group) } }
            },
        }
    }
}

/// From somebody by way of groups and a role to a permission and its place.
fn path(frame: &Frame, about: &About<'_>, way: &Way, hold: Option<&Hold>) -> Markup {
    html! {
        ol.path {
            li { @match about.whose { Whose::User(_) => (icon::user()), Whose::Group(_) => (icon::group()) } (about.name) }
            @for (id, group) in between(about, way) { li { (icon::group()) a href=(frame.at(&format!("/groups/{id}"))) { (group) } } }
            (origin(frame, &way.source))
            li {
                (icon::shield()) a href=(frame.at(&format!("/roles/{}", way.role.id))) { (way.role.name) }
                @if let Some(project) = &way.project { span.muted { "in " (project) } }
            }
            @if let Some(hold) = hold { li { (icon::check()) strong { (hold.permission.label()) } span.muted { (place(hold)) } } }
        }
    }
}

/// Where a hold counts.
fn place(hold: &Hold) -> String {
    match (&hold.project, &hold.environment) {
        (None, _) => "everywhere".to_owned(),
        (Some(project), None) if hold.permission.level() == Level::Environment => {
            format!("in all environments of {project}")
        }
        (Some(project), None) => format!("in {project}"),
        (Some(project), Some(environment)) => format!("in {environment} of {project}"),
    }
}

fn one(frame: &Frame, about: &About<'_>, way: &Way) -> Markup {
    let mut places: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
    for hold in &way.holds {
        places.entry(place(hold)).or_default().push(hold.permission.label());
    }
    let groups = between(about, way);
    html! {
        details.way {
            summary {
                (icon::right())
                strong { (way.role.name) }
                span.muted {
                    @if groups.is_empty() { (directly(&way.source)) }
                    @else {
                        "through " (groups.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>().join(" → "))
                        @if let Source::Rule((_, connection), _) = &way.source { ", by a rule of " (connection) }
                    }
                }
                span.muted.count { @match way.holds.len() { 1 => "1 permission", count => { (count) " permissions" } } }
            }
            div.way-in {
                (path(frame, about, way, None))
                @if way.holds.iter().any(|hold| hold.permission == Permission::Admin) {
                    p { "May do everything, everywhere." }
                } @else if way.holds.is_empty() {
                    p.muted { "Gives no permission: it lets them look." }
                } @else {
                    dl.held {
                        @for (place, labels) in &places {
                            div { dt { (place) } dd { @for label in labels { span.chip { (label) } } } }
                        }
                    }
                    @if way.project.is_none() && way.holds.iter().any(|hold| hold.project.is_some()) {
                        p.muted { "What a root role gives in projects counts in the project default only." }
                    }
                }
                div.row { (button::link(&frame.at(&format!("/roles/{}", way.role.id)), "Open the role")) }
            }
        }
    }
}

/// The groups that somebody belongs to, and how.
pub(in crate::ui) fn member_of(frame: &Frame, groups: &BTreeMap<i64, Vec<Named>>) -> Markup {
    html! {
        @if groups.is_empty() {
            p.calm { "In no group. " a href=(frame.at("/groups")) { "Groups" } " give the same roles to many people at once." }
        } @else {
            ul.links {
                @for chain in groups.values() {
                    @if let Some(((id, name), inner)) = chain.split_last() {
                        li {
                            (icon::group()) a href=(frame.at(&format!("/groups/{id}"))) { (name) }
                            @if let Some((_, first)) = inner.last() { span.muted { "because “" (first) "” is inside it" } }
                        }
                    }
                }
            }
        }
    }
}
