//! Which flags were ticked, and to which of them something is done.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use axum::response::Response;

use crate::access::{Granted, Guard, Holdings, UpdateSomeFeature};
use crate::db::Read;
use crate::features::search::{self, Choice, Filter, Key, Query as Search, Reader, Summary};
use crate::projects::environment::{self, Place};
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Note, is_own};
use crate::ui::guard::why_not;

/// How many flags may be chosen.
const MOST: usize = 500;
/// How long the names are together, at most, that a note can take back.
const LONGEST_UNDO: usize = 1500;

/// What the bar, or a page about the flags that were ticked, sends.
#[derive(Default)]
pub(super) struct Picked {
    flags: BTreeSet<String>,
    back: Option<String>,
    rest: HashMap<String, String>,
}

impl Picked {
    pub(super) fn read(pairs: Vec<(String, String)>) -> Result<Self, Fault> {
        let mut picked = Self::default();
        for (name, value) in pairs {
            match name.as_str() {
                "flag" => drop(picked.flags.insert(value)),
                "back" => picked.back = Some(value).filter(|back| is_own(back)),
                _ => drop(picked.rest.insert(name, value)),
            }
        }
        if picked.flags.len() > MOST {
            return Err(Fault::unreadable(format!("At most {MOST} flags can be changed at once.")));
        }
        Ok(picked)
    }

    /// What else was sent under a name.
    pub(super) fn get(&self, name: &str) -> &str {
        self.rest.get(name).map_or("", String::as_str)
    }

    /// Where the flags were ticked.
    pub(super) fn back(&self) -> &str {
        self.back.as_deref().unwrap_or("/flags")
    }

    /// Sorts the ticked flags that the reader sees, archived or not: those that `why_not`, asked about a project and its
    /// environments, leaves to them, and the others.
    pub(super) async fn sort<G: Guard>(
        &self,
        grant: &Granted<G>,
        tx: &mut Read,
        archived: bool,
        why_not: impl Fn(&Holdings, &str, &[Place]) -> Option<String>,
    ) -> Result<Lot, Fault> {
        let mut lot = Lot { nothing: self.flags.is_empty(), ..Lot::default() };
        if lot.nothing {
            return Ok(lot);
        }
        let reader = Reader { id: grant.person().ok(), sight: grant.sight(tx).await? };
        let names = Some(Choice::AnyOf(self.flags.iter().cloned().collect()));
        let filter = Filter { archived, names, ..Filter::default() };
        let limit = i64::try_from(MOST).unwrap_or(i64::MAX);
        let query = Search { filter, key: Key::Name, limit, ..Search::default() };
        let (found, _) = search::search(tx, &reader, &query).await?;
        let projects: BTreeSet<&str> = found.iter().map(|flag| flag.feature.project.as_str()).collect();
        let projects: Vec<&str> = projects.into_iter().collect();
        let places = environment::of_projects(tx, &projects).await?;
        let refused: HashMap<String, String> = projects
            .into_iter()
            .filter_map(|project| {
                let places = places.get(project).map_or(&[][..], Vec::as_slice);
                Some((project.to_owned(), why_not(grant.held(), project, places)?))
            })
            .collect();
        for flag in found {
            match refused.get(&flag.feature.project) {
                None => lot.flags.push(flag),
                Some(why) => {
                    lot.left += 1;
                    lot.why = Some(why.clone());
                }
            }
        }
        Ok(lot)
    }
}

/// The ticked flags to which something can be done.
#[derive(Default)]
pub(super) struct Lot {
    pub(super) flags: Vec<Summary>,
    /// How many others there are, which the reader may not change, and why not.
    pub(super) left: usize,
    pub(super) why: Option<String>,
    /// True if none was ticked.
    nothing: bool,
}

/// The action that takes something back, what it says, and for which flags.
pub(super) struct Undo<'a> {
    pub(super) action: &'a str,
    pub(super) fields: &'a [(&'a str, &'a str)],
    pub(super) flags: &'a [String],
}

impl Lot {
    /// Their names, by project.
    pub(super) fn homes(&self) -> BTreeMap<&str, Vec<String>> {
        let mut homes: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for Summary { feature, .. } in &self.flags {
            homes.entry(feature.project.as_str()).or_default().push(feature.name.clone());
        }
        homes
    }

    /// The project that all of them are in, if it is one.
    pub(super) fn home(&self) -> Option<&str> {
        let mut homes = self.homes().into_keys();
        homes.next().filter(|_| homes.next().is_none())
    }

    /// Goes back and says why nothing was done.
    pub(super) fn nothing(&self, frame: &Frame, picked: &Picked) -> Response {
        let text = match &self.why {
            _ if self.nothing => "No flag was selected. Tick some first.".to_owned(),
            Some(why) => format!("No flag was changed. {why}"),
            None => "No flag was changed: they are not there any more.".to_owned(),
        };
        frame.done(picked.back(), &Note::new(text))
    }

    /// Goes back and says what was done to how many; those that it changed can be taken back.
    pub(super) fn done(
        &self,
        frame: &Frame,
        picked: &Picked,
        text: &str,
        undo: Option<&Undo<'_>>,
    ) -> Response {
        if self.flags.is_empty() {
            return self.nothing(frame, picked);
        }
        let text = match (&self.why, self.left) {
            (Some(why), 1) => format!("{text}; one stays as it is. {why}"),
            (Some(why), left) => format!("{text}; {left} stay as they are. {why}"),
            (None, _) => text.to_owned(),
        };
        let note = Note::new(text);
        let note = match undo.filter(|undo| fits(undo.flags)) {
            Some(undo) => {
                let flags = undo.flags.iter().map(|name| ("flag", name.as_str()));
                let back = [("back", picked.back())];
                let fields: Vec<(&str, &str)> =
                    undo.fields.iter().copied().chain(back).chain(flags).collect();
                note.undo(undo.action, &fields)
            }
            None => note,
        };
        frame.done(picked.back(), &note)
    }
}

fn fits(names: &[String]) -> bool {
    !names.is_empty() && names.iter().map(|name| name.len() + 6).sum::<usize>() < LONGEST_UNDO
}

/// Why somebody may not change flags of a project, whatever its environments are.
pub(super) fn why_not_update(held: &Holdings, project: &str, _: &[Place]) -> Option<String> {
    why_not::<UpdateSomeFeature>(held, project, None)
}

/// `3 flags are`, `One flag is`.
pub(super) fn are(count: usize) -> String {
    match count {
        0 => "No flag was".to_owned(),
        1 => "One flag is".to_owned(),
        some => format!("{some} flags are"),
    }
}
