//! The shape of the small screens: a list, a page with one form for each thing in it, and a page that confirms its end.

use axum::response::Response;
use maud::{Markup, html};

use crate::ui::edit::Edit;
use crate::ui::frame::Frame;
use crate::ui::guard::Viewer;
use crate::ui::live::Watch;
use crate::ui::nav::Section;
use crate::ui::page::Page;
use crate::ui::part::{button, table};

/// Where such a screen is.
pub(super) struct Kind {
    pub(super) section: Section,
    /// What the list is called.
    pub(super) title: &'static str,
    /// Where the list is.
    pub(super) path: &'static str,
}

impl Kind {
    /// The list. `create` is the button that makes one more.
    pub(super) fn list(
        &self,
        watch: Watch,
        hint: &str,
        columns: &[&str],
        rows: &[Markup],
        create: Option<Markup>,
    ) -> Page {
        let rows = html! {
            table.rows {
                thead { tr { @for column in columns { th scope="col" { (column) } } } }
                tbody { @for row in rows { (row) } }
            }
        };
        let body = html! { p.hint { (hint) } (table::scroll(self.title, &rows)) };
        let page = Page::new(self.section, self.title, body).watch(watch);
        match create {
            Some(create) => page.actions(create),
            None => page,
        }
    }

    /// The page of one thing; `more` stands below the form.
    pub(super) fn form(
        &self,
        frame: &Frame,
        (title, action): (&str, &str),
        edit: &Edit,
        (label, why_not): (&str, Option<&str>),
        fields: &Markup,
        more: &Markup,
    ) -> Page {
        let body = html! {
            (edit.form(frame, action, ("save", label), Some(self.path), why_not, fields))
            (more)
        };
        self.below(title, body).status(edit.status())
    }

    /// The way to the end of one thing.
    pub(super) fn end(&self, frame: &Frame, name: &str, text: &str, why_not: Option<&str>) -> Markup {
        html! {
            section aria-labelledby="end" {
                h2 #end { "Delete" }
                p.muted { (text) }
                div.row { (button::link_or_why("delete", &frame.at(&format!("{}/{name}/delete", self.path)), "Delete…", why_not)) }
            }
        }
    }

    /// The page that says what goes, and asks.
    pub(super) fn confirm(
        &self,
        frame: &Frame,
        viewer: &Viewer,
        name: &str,
        what: &Markup,
        free: bool,
    ) -> Response {
        let body = html! {
            (what)
            form.row method="post" action=(frame.at(&format!("{}/{name}/delete", self.path))) {
                @if free { button.button.danger #delete { "Delete " (name) } }
                (button::link(&frame.at(&format!("{}/{name}", self.path)), "Cancel"))
            }
        };
        frame.page(viewer, &self.below(&format!("Delete {name}"), body))
    }

    /// A page below the list.
    pub(super) fn below(&self, title: &str, body: Markup) -> Page {
        Page::new(self.section, title, body).below(self.title, self.path.to_owned())
    }
}
