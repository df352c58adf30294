//! What is made of the catalog for clients: made once for each key and revision, and made anew off the path of requests.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::catalog::Catalog;

/// After how many rounds without anybody asking a view goes.
const PATIENCE: u32 = 10;

/// Something that is made of the catalog.
pub trait View: Send + Sync + Sized + 'static {
    /// What it is made for.
    type Key: Clone + Eq + Hash + Send + Sync;

    /// Makes it. `before` is the one of an earlier catalog.
    fn of(key: &Self::Key, catalog: &Arc<Catalog>, revision: i64, before: Option<&Self>) -> Self;

    /// The last event that may have changed it.
    fn revision(key: &Self::Key, catalog: &Catalog) -> i64;
}

/// The views of one kind that are in use.
pub(super) struct Views<V: View> {
    slots: ArcSwap<HashMap<V::Key, Arc<Slot<V>>>>,
    /// How many are kept. Others are made for each request.
    most: usize,
}

struct Slot<V> {
    current: watch::Sender<Kept<V>>,
    /// For how many rounds nobody asked.
    idle: AtomicU32,
}

/// A view, with the life of the database and the revision that it is of.
pub(super) struct Kept<V> {
    life: u64,
    pub(super) revision: i64,
    pub(super) view: Arc<V>,
}

impl<V: View> Views<V> {
    pub(super) fn new(most: usize) -> Self {
        Self { slots: ArcSwap::default(), most }
    }

    /// The view for a key. The first one is made at once; from then on, it follows the catalog by itself.
    pub(super) fn get(&self, key: &V::Key, catalog: &ArcSwap<Catalog>) -> Arc<V> {
        if let Some(slot) = self.slots.load().get(key) {
            slot.idle.store(0, Ordering::Relaxed);
            return slot.current.borrow().view.clone();
        }
        match self.slot(key, catalog) {
            Some(slot) => slot.current.borrow().view.clone(),
            None => make::<V>(key, &catalog.load(), None).view,
        }
    }

    /// The view for a key, up to the catalog.
    pub(super) fn newest(&self, key: &V::Key, catalog: &ArcSwap<Catalog>) -> Arc<V> {
        if let Some(slot) = self.slots.load().get(key) {
            slot.renew(key, &catalog.load(), false);
        }
        self.get(key, catalog)
    }

    /// Follows the view for a key. `None`: too many are followed already.
    pub(super) fn follow(
        &self,
        key: &V::Key,
        catalog: &ArcSwap<Catalog>,
    ) -> Option<watch::Receiver<Kept<V>>> {
        let known = self.slots.load().get(key).cloned();
        let slot = known.or_else(|| self.slot(key, catalog))?;
        slot.idle.store(0, Ordering::Relaxed);
        Some(slot.current.subscribe())
    }

    fn slot(&self, key: &V::Key, catalog: &ArcSwap<Catalog>) -> Option<Arc<Slot<V>>> {
        if self.slots.load().len() >= self.most {
            return None;
        }
        let slot = Arc::new(Slot {
            current: watch::Sender::new(make::<V>(key, &catalog.load(), None)),
            idle: AtomicU32::new(0),
        });
        self.slots.rcu(|slots| {
            let mut slots = HashMap::clone(slots);
            slots.entry(key.clone()).or_insert_with(|| slot.clone());
            slots
        });
        let slot = self.slots.load().get(key).cloned().unwrap_or(slot);
        // If the catalog changed before the slot was there for `renew` to see.
        slot.renew(key, &catalog.load(), false);
        Some(slot)
    }

    /// Brings every view up to the catalog.
    pub(super) fn renew(&self, catalog: &Arc<Catalog>) {
        for (key, slot) in &**self.slots.load() {
            slot.renew(key, catalog, true);
        }
    }

    /// Forgets views that nobody asked for lately.
    pub(super) fn forget_the_quiet(&self) {
        let quiet =
            |slot: &Slot<V>| slot.idle.load(Ordering::Relaxed) >= PATIENCE && slot.current.is_closed();
        for slot in self.slots.load().values() {
            slot.idle.fetch_add(1, Ordering::Relaxed);
        }
        if self.slots.load().values().any(|slot| quiet(slot)) {
            self.slots.rcu(|slots| {
                let mut slots = HashMap::clone(slots);
                slots.retain(|_, slot| !quiet(slot));
                slots
            });
        }
    }
}

impl<V> Kept<V> {
    fn age(&self) -> (u64, i64) {
        (self.life, self.revision)
    }
}

impl<V: View> Slot<V> {
    /// `ahead`: what clients will ask for is made along with it, which may take a while.
    fn renew(&self, key: &V::Key, catalog: &Arc<Catalog>, ahead: bool) {
        let (before, view) = {
            let current = self.current.borrow();
            (current.age(), current.view.clone())
        };
        if (catalog.life, V::revision(key, catalog)) > before {
            let next = make(key, catalog, ahead.then_some(&*view));
            self.current.send_if_modified(|current| {
                let newer = next.age() > current.age();
                if newer {
                    *current = next;
                }
                newer
            });
        }
    }
}

fn make<V: View>(key: &V::Key, catalog: &Arc<Catalog>, before: Option<&V>) -> Kept<V> {
    let revision = V::revision(key, catalog);
    Kept { life: catalog.life, revision, view: Arc::new(V::of(key, catalog, revision, before)) }
}
