//! Lists: what is found, in which order, on which page; all of it in the address.

use maud::{Markup, html};

use super::icon;
use crate::ui::frame::Frame;

/// The question that an address asks, to be asked again with a difference.
pub(in crate::ui) struct Ask<'a> {
    /// The path of the list.
    pub(in crate::ui) path: &'a str,
    /// What the address asks for now.
    pub(in crate::ui) pairs: Vec<(&'a str, String)>,
}

impl Ask<'_> {
    /// The address with other values for some names; an empty value takes the name away.
    pub(in crate::ui) fn with(&self, frame: &Frame, changes: &[(&str, &str)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in &self.pairs {
            if !value.is_empty() && !changes.iter().any(|(changed, _)| changed == name) {
                query.append_pair(name, value);
            }
        }
        query.extend_pairs(changes.iter().filter(|(_, value)| !value.is_empty()));
        let query = query.finish();
        frame.at(&if query.is_empty() { self.path.to_owned() } else { format!("{}?{query}", self.path) })
    }

    /// What the address asks for under a name; empty: nothing.
    pub(super) fn get(&self, name: &str) -> &str {
        self.pairs.iter().find(|(found, _)| *found == name).map_or("", |(_, value)| value)
    }

    /// The heading of a column by which one can sort.
    pub(in crate::ui) fn heading(&self, frame: &Frame, key: &str, label: &str) -> Markup {
        let now = self.get("sort");
        let (state, next) = if now == key {
            (Some("ascending"), format!("-{key}"))
        } else if now.strip_prefix('-') == Some(key) {
            (Some("descending"), String::new())
        } else {
            (None, key.to_owned())
        };
        html! {
            th scope="col" aria-sort=[state] {
                a.sort href=(self.with(frame, &[("sort", &next), ("page", "")])) {
                    (label)
                    @match state { Some("ascending") => (icon::up()), Some(_) => (icon::arrow_down()), None => (icon::up_down()) }
                }
            }
        }
    }

    /// From page to page.
    pub(in crate::ui) fn pages(&self, frame: &Frame, page: i64, size: i64, total: i64) -> Markup {
        let last = (total + size - 1) / size;
        let to = |page: i64| self.with(frame, &[("page", &page.to_string())]);
        html! {
            nav.pages aria-label="Pages" {
                p.muted {
                    @if total == 0 { "Nothing found" }
                    @else { ((page - 1) * size + 1) "–" ((page * size).min(total)) " of " (total) }
                }
                @if last > 1 {
                    div.row {
                        @if page > 1 { a.button.small rel="prev" href=(to(page - 1)) { "Previous" } }
                        @if page < last { a.button.small rel="next" href=(to(page + 1)) { "Next" } }
                    }
                }
            }
        }
    }
}

/// The page that an address asks for; the first one, if it says nothing sensible.
pub(in crate::ui) fn number(asked: Option<i64>) -> i64 {
    asked.unwrap_or(1).clamp(1, 1_000_000)
}

/// The rows of a page, of a list that is there as a whole, and how many the list has.
pub(in crate::ui) fn cut<T>(list: &[T], page: i64, size: i64) -> (&[T], i64) {
    let total = i64::try_from(list.len()).unwrap_or(i64::MAX);
    let at = |row: i64| usize::try_from(row.min(total)).unwrap_or_default();
    (&list[at((page - 1) * size)..at(page * size)], total)
}

/// Around a table: what does not fit is scrolled, by keyboard, too.
pub(in crate::ui) fn scroll(label: &str, table: &Markup) -> Markup {
    html! { div.scroll role="region" aria-label=(label) tabindex="0" { (table) } }
}

/// A row of links of which one is where we are.
pub(in crate::ui) fn tabs(label: &str, tabs: &[(&str, String, bool)]) -> Markup {
    html! {
        nav.tabs aria-label=(label) {
            @for (name, path, here) in tabs { a href=(path) aria-current=[here.then_some("page")] { (name) } }
        }
    }
}

/// What a list looks like while it is loaded.
pub(in crate::ui) fn skeleton(rows: usize) -> Markup {
    html! {
        div.skeleton role="status" { span.unseen { "Loading" } @for _ in 0..rows { span.bone {} } }
    }
}
