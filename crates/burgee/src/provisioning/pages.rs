//! What is remembered of long lists while a client reads them page by page: how many there are in all, and where pages
//! begin. Without it, each page costs a count of all, and a walk past everybody before it.
//!
//! It holds for one revision: the last event. Nothing about users or groups changes without an event, and events
//! become visible in order, so two views with the same last event show the same lists.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use super::resource::Noun;
use crate::db::Read;
use crate::error::Result;
use crate::sql;

/// Beginnings of pages remembered for one list.
const STARTS: usize = 2_000;

/// The lists that were read last.
#[derive(Default)]
pub struct Pages(Mutex<HashMap<(i64, Noun), Known>>);

#[derive(Default)]
struct Known {
    revision: i64,
    total: i64,
    /// How many are left out before a page, and the key of the last of them.
    starts: BTreeMap<i64, i64>,
}

/// What is known before a page is read.
pub(super) struct Place {
    revision: i64,
    /// How many there are in all.
    pub(super) total: Option<i64>,
    /// The page is found behind this key …
    pub(super) after: i64,
    /// … after so many more.
    pub(super) skip: i64,
}

impl Pages {
    /// Where to begin to read the list of a connection's resources, to leave out the first `skip`.
    pub(super) async fn place(&self, tx: &mut Read, connection: i64, noun: Noun, skip: i64) -> Result<Place> {
        let (revision,): (i64,) = tx.one(sql!("SELECT COALESCE(MAX(id), 0) FROM events")).await?;
        let lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lists.get(&(connection, noun)).filter(|known| known.revision == revision);
        let nearest = known.and_then(|known| known.starts.range(..=skip).next_back());
        let (before, after) = nearest.map_or((0, 0), |(before, after)| (*before, *after));
        Ok(Place { revision, total: known.map(|known| known.total), after, skip: skip - before })
    }

    /// Remembers a page: the keys of its first and its last resource.
    pub(super) fn remember(
        &self,
        place: &Place,
        connection: i64,
        noun: Noun,
        total: i64,
        starts: [(i64, i64); 2],
    ) {
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lists.entry((connection, noun)).or_default();
        if known.revision > place.revision {
            return;
        }
        if known.revision < place.revision || known.starts.len() >= STARTS {
            *known = Known { revision: place.revision, total, starts: BTreeMap::new() };
        }
        known.total = total;
        known.starts.extend(starts);
    }
}
