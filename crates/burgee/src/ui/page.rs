//! The frame around every page: navigation, where one is, who one is.

use axum::http::StatusCode;
use maud::{DOCTYPE, Markup, html};

use super::asset;
use super::frame::{Frame, Theme, Times};
use super::guard::Viewer;
use super::live::Watch;
use super::nav::{self, Section};
use super::part::{announcement, icon, toast};
use crate::access::{Guard, Maintain};

/// A page, before its frame is drawn around it.
pub(super) struct Page {
    pub(super) status: StatusCode,
    title: String,
    section: Section,
    project: Option<(String, String)>,
    crumbs: Vec<(String, String)>,
    actions: Option<Markup>,
    watch: Option<Watch>,
    body: Markup,
}

impl Page {
    /// A page with a title, which its main heading is.
    pub(super) fn new(section: Section, title: impl Into<String>, body: Markup) -> Self {
        Self {
            status: StatusCode::OK,
            title: title.into(),
            section,
            project: None,
            crumbs: Vec::new(),
            actions: None,
            watch: None,
            body,
        }
    }

    /// Answers with another status.
    #[must_use]
    pub(super) fn status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// Lies in a project.
    #[must_use]
    pub(super) fn within(mut self, viewer: &Viewer, project: &str) -> Self {
        let name = viewer.project(project);
        self.crumbs.push((name.to_owned(), format!("/projects/{project}")));
        self.project = Some((project.to_owned(), name.to_owned()));
        self
    }

    /// Lies below another page.
    #[must_use]
    pub(super) fn below(mut self, title: &str, path: String) -> Self {
        self.crumbs.push((title.to_owned(), path));
        self
    }

    /// What one can do with all of it; stands beside the heading.
    #[must_use]
    pub(super) fn actions(self, actions: Markup) -> Self {
        Self { actions: Some(actions), ..self }
    }

    /// Asks for itself again when something happens.
    #[must_use]
    pub(super) fn watch(self, watch: Watch) -> Self {
        Self { watch: Some(watch), ..self }
    }
}

fn head(frame: &Frame, title: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            title { (title) " · burgee" }
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta name="htmx-config"
                content=r##"{"includeIndicatorCSS":false,"morphIgnore":["data-htmx-powered","open","hx-morph-skip"]}"##;
            link rel="icon" type="image/svg+xml" href=(frame.at(&asset::ICON.path()));
            link rel="stylesheet" href=(frame.at(&asset::STYLE.path()));
            script defer src=(frame.at(&asset::HTMX.path())) {}
            script defer src=(frame.at(&asset::APP.path())) {}
        }
    }
}

fn theme(frame: &Frame) -> Option<&'static str> {
    (frame.theme != Theme::System).then(|| frame.theme.name())
}

fn times(frame: &Frame) -> Option<&'static str> {
    (frame.times != Times::Ago).then(|| frame.times.name())
}

/// A page without navigation, for who is not signed in and for failures.
pub(super) fn plain(frame: &Frame, title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" data-theme=[theme(frame)] data-times=[times(frame)] {
            (head(frame, title))
            body.plain {
                main #main tabindex="-1" {
                    a.brand href=(frame.at("/")) { (icon::mark()) "burgee" }
                    (body)
                }
            }
        }
    }
}

/// The whole page.
pub(super) fn whole(frame: &Frame, viewer: &Viewer, page: &Page) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" data-theme=[theme(frame)] data-times=[times(frame)] {
            (head(frame, &page.title))
            body hx-boost:inherited="target:#page,swap:outerMorph" {
                a.skip href="#main" { "Skip to content" }
                (content(frame, viewer, page))
                div #toasts role="status" aria-label="Notices" { (notes(frame)) }
                (lost())
                (palette(frame))
                (shortcuts())
            }
        }
    }
}

/// The part of the page that changes.
pub(super) fn fragment(frame: &Frame, viewer: &Viewer, page: &Page) -> Markup {
    html! {
        title { (page.title) " · burgee" }
        (content(frame, viewer, page))
        @if frame.note.is_some() { div #toasts hx-swap-oob="beforeend" { (notes(frame)) } }
    }
}

fn notes(frame: &Frame) -> Markup {
    html! { @if let Some(note) = &frame.note { (toast::note(frame, note)) } }
}

fn content(frame: &Frame, viewer: &Viewer, page: &Page) -> Markup {
    let live = page.watch.as_ref().map(|watch| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in [("project", &watch.project), ("feature", &watch.feature)] {
            query.extend_pairs(value.as_ref().map(|value| (name, value)));
        }
        if watch.calls {
            query.append_pair("calls", "true");
        }
        frame.at(&format!("/live?{}", query.finish()))
    });
    html! {
        div #page hx-history-elt data-live=[live] data-revision=[page.watch.as_ref().map(|watch| watch.revision)] {
            (nav::side(frame, viewer, page.section, page.project.as_ref()))
            div.stage {
                @if viewer.maintenance { (announcement::maintenance(frame, viewer.sees(Maintain::ANY_OF))) }
                @for banner in &viewer.banners { (announcement::banner(frame, &banner.draft)) }
                @if !page.crumbs.is_empty() {
                    nav.crumbs aria-label="Breadcrumbs" {
                        ol {
                            @if page.project.is_some() { li { a href=(frame.at("/projects")) { "Projects" } } }
                            @for (name, path) in &page.crumbs { li { a href=(frame.at(path)) { (name) } } }
                        }
                    }
                }
                main #main tabindex="-1" {
                    header.title {
                        h1 { (page.title) }
                        @if let Some(actions) = &page.actions { div.row { (actions) } }
                    }
                    (page.body)
                }
            }
        }
    }
}

fn lost() -> Markup {
    html! {
        div #lost.banner role="status" {
            p hidden { (icon::unplug()) "Connection lost. What you see may be out of date; trying again." }
        }
    }
}

fn palette(frame: &Frame) -> Markup {
    html! {
        dialog #palette aria-label="Search or act" {
            command-palette src=(frame.at("/search")) {
                div.seek-field {
                    (icon::search())
                    input type="text" role="combobox" aria-label="Search or act" aria-expanded="true"
                        aria-controls="found" aria-autocomplete="list" autocomplete="off" spellcheck="false"
                        placeholder="Go to a flag or project, or “turn off checkout in production”";
                    kbd { "Esc" }
                }
                div.found {}
            }
        }
    }
}

/// What keys do: those that `app.js` knows, and the `data-key` of pages.
fn shortcuts() -> Markup {
    let keys = [
        ("Ctrl K", "Search or act"),
        ("/", "Filter this list"),
        ("J", "Next row"),
        ("K", "Previous row"),
        ("Enter", "Open the row"),
        ("G H", "Go home"),
        ("G P", "Go to projects"),
        ("G E", "Go to events"),
        ("C", "Create here"),
        ("?", "Show this"),
    ];
    html! {
        dialog #keys aria-labelledby="keys-title" {
            header.row { h2 #keys-title { "Keyboard shortcuts" } form method="dialog" { button.icon aria-label="Close" { (icon::close()) } } }
            dl.keys {
                @for (key, what) in keys {
                    div { dt { @for key in key.split(' ') { kbd { (key) } " " } } dd { (what) } }
                }
            }
        }
    }
}
