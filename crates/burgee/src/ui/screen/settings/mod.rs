//! How a project works, in tabs.

mod approvals;
mod end;
mod environments;
mod general;

use axum::response::Response;
use maud::{Markup, html};

use crate::access::{Guard, ReadChangeRequestSettings, ReadProjectTokens};
use crate::ui::Places;
use crate::ui::frame::Frame;
use crate::ui::guard::Viewer;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::table;

pub(in crate::ui) fn places(places: Places) -> Places {
    places.with(general::places).with(environments::places).with(approvals::places).with(end::places)
}

/// One of the tabs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ui) enum Tab {
    General,
    Environments,
    Approvals,
    Tokens,
    End,
}

impl Tab {
    fn path(self, project: &str) -> String {
        let rest = match self {
            Self::General => "settings",
            Self::Environments => "settings/environments",
            Self::Approvals => "settings/change-requests",
            Self::Tokens => "tokens",
            Self::End => "settings/end",
        };
        format!("/projects/{project}/{rest}")
    }
}

/// The row of tabs. What the reader may not see is not there.
pub(in crate::ui) fn tabs(frame: &Frame, viewer: &Viewer, project: &str, here: Tab) -> Markup {
    let tabs = [
        ("General", Tab::General, true),
        ("Environments", Tab::Environments, true),
        ("Change requests", Tab::Approvals, viewer.sees_in(project, ReadChangeRequestSettings::ANY_OF)),
        ("API tokens", Tab::Tokens, viewer.sees_in(project, ReadProjectTokens::ANY_OF)),
        ("Archive and delete", Tab::End, true),
    ];
    let tabs: Vec<(&str, String, bool)> = tabs
        .into_iter()
        .filter(|(_, _, seen)| *seen)
        .map(|(label, tab, _)| (label, frame.at(&tab.path(project)), tab == here))
        .collect();
    table::tabs("Settings", &tabs)
}

/// A page with the tabs above it.
fn page(frame: &Frame, viewer: &Viewer, project: &str, here: Tab, body: &Markup) -> Page {
    let body = html! { (tabs(frame, viewer, project, here)) (body) };
    Page::new(Section::ProjectSettings, "Settings", body).within(viewer, project)
}

/// A page below a tab.
fn below(frame: &Frame, viewer: &Viewer, project: &str, tab: Tab, title: &str, body: Markup) -> Response {
    let page = Page::new(Section::ProjectSettings, title, body).within(viewer, project);
    frame.page(viewer, &page.below("Settings", tab.path(project)))
}
