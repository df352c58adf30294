//! What the address of a list of flags asks for.

use std::time::Duration;

use serde::Deserialize;

use crate::clock::Time;
use crate::features::search::{Choice, Filter, Having, Key, OwnedBy, Query, Tag, When};
use crate::owners::Owner;
use crate::ui::part::table;

/// How many flags a page has.
pub(super) const SIZE: i64 = 50;

/// When clients last asked, as one may choose it: the word in the address, and what it says.
pub(super) const SEEN: [(&str, &str); 5] = [
    ("", "Any time"),
    ("1d", "In the last day"),
    ("7d", "In the last 7 days"),
    ("not-30d", "Not in the last 30 days"),
    ("never", "Never"),
];

/// The states of flags: the word in the address, and what it says.
pub(super) const STATES: [(&str, &str); 5] = [
    ("", "All"),
    ("active", "Active"),
    ("potentially-stale", "Potentially stale"),
    ("stale", "Stale"),
    ("archived", "Archived"),
];

/// What the address asks for. What is empty does not restrict.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    pub(super) q: String,
    pub(super) state: String,
    pub(super) tag: String,
    /// The type.
    pub(super) kind: String,
    /// Who made it, by id.
    pub(super) by: String,
    /// Who answers for it: `me`, `nobody`, `user:7` or `group:3`.
    pub(super) owner: String,
    /// One of [`SEEN`].
    pub(super) seen: String,
    /// An environment and how the flag stands there: `production:on`.
    pub(super) at: String,
    /// `yes`: only favourites.
    pub(super) liked: String,
    /// A project, in the list of all flags.
    pub(super) project: String,
    pub(super) sort: String,
    /// `all`: every flag of the page is ticked.
    pub(super) pick: String,
    page: Option<i64>,
}

impl Asked {
    pub(super) fn page(&self) -> i64 {
        table::number(self.page)
    }

    /// As it stands in the address, without the page.
    pub(super) fn pairs(&self) -> Vec<(&'static str, String)> {
        let pairs = [
            ("q", &self.q),
            ("state", &self.state),
            ("tag", &self.tag),
            ("kind", &self.kind),
            ("by", &self.by),
            ("owner", &self.owner),
            ("seen", &self.seen),
            ("at", &self.at),
            ("liked", &self.liked),
            ("project", &self.project),
            ("sort", &self.sort),
        ];
        pairs.map(|(name, value)| (name, value.trim().to_owned())).to_vec()
    }

    /// As a search that can be kept.
    pub(super) fn search(&self) -> String {
        let pairs = self.pairs();
        let pairs = pairs.iter().filter(|(_, value)| !value.is_empty());
        form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
    }

    pub(super) fn narrows(&self) -> bool {
        self.pairs().iter().any(|(name, value)| *name != "sort" && !value.is_empty())
    }

    pub(super) fn archived(&self) -> bool {
        self.state == "archived"
    }

    /// The search, in one project or in all of them.
    pub(super) fn query(&self, project: Option<&str>, now: Time) -> Query {
        let one = |text: &str| (!text.is_empty()).then(|| Choice::AnyOf(vec![text.to_owned()]));
        let day = Duration::from_hours(24);
        let seen = match self.seen.as_str() {
            "1d" => Some(When::From(now.minus(day))),
            "7d" => Some(When::From(now.minus(7 * day))),
            "not-30d" => Some(When::Before(now.minus(30 * day))),
            "never" => Some(When::Never),
            _ => None,
        };
        let word = burgee_scim::fold(self.q.trim());
        let tags = self
            .tag
            .split_once(':')
            .map(|(kind, value)| Having::Any(vec![Tag { kind: kind.to_owned(), value: value.to_owned() }]));
        let at = self.at.rsplit_once(':').map(|(environment, state)| (environment.to_owned(), state == "on"));
        let (key, descending) = self.order();
        Query {
            filter: Filter {
                archived: self.archived(),
                words: if word.is_empty() { Vec::new() } else { vec![word] },
                project: one(project.unwrap_or(&self.project)),
                state: one(&self.state).filter(|_| !self.archived()),
                kind: one(&self.kind),
                owner: owned_by(&self.owner),
                created_by: self.by.parse().ok().map(|id| Choice::AnyOf(vec![id])),
                seen,
                status: at.into_iter().collect(),
                favorite: (self.liked == "yes").then_some(true),
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

    /// What is sorted by, and whether from the greatest to the least. The latest and what is on come first.
    fn order(&self) -> (Key, bool) {
        let (key, descending) = match self.sort.strip_prefix('-') {
            Some(key) => (key, true),
            None => (self.sort.as_str(), false),
        };
        match (key, key.strip_prefix("in:")) {
            (_, Some(environment)) => (Key::Environment(environment.to_owned()), !descending),
            ("created", _) => (Key::Created, !descending),
            ("seen", _) => (Key::Seen, !descending),
            ("type", _) => (Key::Kind, descending),
            _ => (Key::Name, descending),
        }
    }
}

fn owned_by(text: &str) -> Option<OwnedBy> {
    match text.split_once(':') {
        None if text == "me" => Some(OwnedBy::Reader),
        None if text == "nobody" => Some(OwnedBy::Nobody),
        Some(("user", id)) => Some(OwnedBy::Owner(Owner::User(id.parse().ok()?))),
        Some(("group", id)) => Some(OwnedBy::Owner(Owner::Group(id.parse().ok()?))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_kept_without_its_page() {
        let asked =
            Asked { q: " a&b ".into(), at: "production:on".into(), page: Some(3), ..Asked::default() };
        assert_eq!(asked.search(), "q=a%26b&at=production%3Aon");
        assert!(asked.narrows() && !Asked { sort: "seen".into(), ..Asked::default() }.narrows());
        let query = asked.query(Some("p"), Time::from_millis(0));
        assert_eq!(query.filter.status, [("production".to_owned(), true)]);
        assert_eq!((query.offset, query.filter.words), (100, vec!["a&b".to_owned()]));
    }
}
