//! What clients see: a copy of it in memory, which follows the log of events.
//!
//! Requests of clients are answered from the copy alone. Every server has its own; at the same event, all are the same,
//! down to the ETags. While the database is away, the last copy serves.

mod catalog;
mod delta;
mod encoded;
mod evaluator;
mod load;
mod payload;
mod scope;
mod tokens;
mod views;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{Mutex, watch};

use self::catalog::Catalog;
pub use self::delta::{Answer, Delta, Message, Whole};
pub use self::encoded::{Encoded, Encoding};
pub use self::evaluator::{Evaluator, Written};
use self::load::Happening;
pub use self::payload::{Payload, Query};
pub use self::scope::Scope;
pub use self::tokens::Token;
use self::tokens::Tokens;
use self::views::{Kept, Views};
use crate::clock::Time;
use crate::db::{Db, News, Read};
use crate::error::{Error, Result};
use crate::instance::settings::{self, Frontend};

/// How many different questions for payloads are remembered with their answers.
const MOST_PAYLOADS: usize = 1000;
/// The same for questions that narrow what a token sees, of which anybody can think up any number.
const MOST_NARROWED: usize = 100;
/// How many scopes are followed for deltas and streams.
const MOST_DELTAS: usize = 10_000;
/// For how many scopes flags are kept ready to be evaluated.
const MOST_EVALUATORS: usize = 1000;
/// Changes that come faster than this are followed together.
const PACE: Duration = Duration::from_millis(2);

/// The copy, and what is made of it.
pub struct Published {
    catalog: ArcSwap<Catalog>,
    /// Rises with every new catalog.
    renewed: watch::Sender<u64>,
    payloads: Views<Payload>,
    narrowed: Views<Payload>,
    deltas: Views<Delta>,
    evaluators: Views<Evaluator>,
    /// Held while the copy is brought up to date.
    turn: Mutex<Outcome>,
    /// How often that began.
    begun: AtomicU64,
    /// Whether the database answered the last time.
    fresh: AtomicBool,
}

/// How bringing the copy up to date ended: the last time that it did, and the last time that it did not.
#[derive(Default)]
struct Outcome {
    done: u64,
    failed: u64,
}

/// The flags that there are.
pub struct Flags(Arc<HashMap<Arc<str>, Arc<str>>>);

impl Flags {
    /// A flag's name as the copy has it, and its project.
    pub fn find(&self, name: &str) -> Option<(&Arc<str>, &str)> {
        self.0.get_key_value(name).map(|(name, project)| (name, &**project))
    }
}

/// Somebody who follows a view of a scope.
pub struct Following<V>(watch::Receiver<Kept<V>>);

impl<V> Following<V> {
    /// The view as it is now, and its revision.
    pub fn current(&mut self) -> (i64, Arc<V>) {
        let current = self.0.borrow_and_update();
        (current.revision, current.view.clone())
    }

    /// Waits until it is different from what [`Following::current`] said. False: it is not followed any more.
    pub async fn changed(&mut self) -> bool {
        self.0.changed().await.is_ok()
    }
}

impl Default for Published {
    fn default() -> Self {
        Self {
            catalog: ArcSwap::default(),
            renewed: watch::Sender::new(0),
            payloads: Views::new(MOST_PAYLOADS),
            narrowed: Views::new(MOST_NARROWED),
            deltas: Views::new(MOST_DELTAS),
            evaluators: Views::new(MOST_EVALUATORS),
            turn: Mutex::default(),
            begun: AtomicU64::new(0),
            fresh: AtomicBool::new(false),
        }
    }
}

impl Published {
    /// The document that answers a query.
    pub fn payload(&self, query: &Query) -> Arc<Payload> {
        self.answers(query).get(query, &self.catalog)
    }

    fn answers(&self, query: &Query) -> &Views<Payload> {
        if query.narrows() { &self.narrowed } else { &self.payloads }
    }

    /// The document that answers a query of somebody who has seen `revision`, perhaps on another server that is ahead.
    pub async fn payload_after(self: &Arc<Self>, query: &Query, revision: i64, db: &Db) -> Arc<Payload> {
        let payload = self.payload(query);
        if payload.revision >= revision || self.catch_up(db).await.is_err() {
            return payload;
        }
        self.answers(query).newest(query, &self.catalog)
    }

    /// One flag as the clients of a scope get it, as JSON.
    pub fn flag(&self, scope: &Scope, name: &str) -> Option<Vec<u8>> {
        let catalog = self.catalog.load();
        let found = catalog.projects(scope).find_map(|(_, project)| project.flags.get(name));
        found.map(|flag| flag.json.to_vec())
    }

    /// The flags that there are.
    pub fn flags(&self) -> Flags {
        Flags(self.catalog.load().homes.clone())
    }

    /// A scope without the projects that show nothing there: of these, anybody can think up any number.
    pub fn trimmed(&self, scope: Arc<Scope>) -> Arc<Scope> {
        let catalog = self.catalog.load();
        let shows = |project: &String| catalog.shows(&scope.environment, project);
        match &scope.projects {
            Some(projects) if !projects.iter().all(shows) => Arc::new(Scope {
                environment: scope.environment.clone(),
                projects: Some(projects.iter().filter(|project| shows(project)).cloned().collect()),
            }),
            _ => scope,
        }
    }

    /// A scope and how it came to be as it is.
    pub fn delta(&self, scope: &Arc<Scope>) -> Arc<Delta> {
        self.deltas.get(scope, &self.catalog)
    }

    /// The same, for somebody who has seen `revision`, perhaps on another server that is ahead.
    pub async fn delta_after(self: &Arc<Self>, scope: &Arc<Scope>, revision: i64, db: &Db) -> Arc<Delta> {
        let delta = self.delta(scope);
        if delta.revision >= revision || self.catch_up(db).await.is_err() {
            return delta;
        }
        self.delta(scope)
    }

    /// Follows the changes of a scope. `None`: too many are followed already.
    pub fn follow_deltas(&self, scope: &Arc<Scope>) -> Option<Following<Delta>> {
        self.deltas.follow(scope, &self.catalog).map(Following)
    }

    /// The flags of a scope, ready to be evaluated for somebody who has seen `revision`, perhaps on another server that
    /// is ahead.
    pub async fn evaluator_after(
        self: &Arc<Self>,
        scope: &Arc<Scope>,
        revision: i64,
        db: &Db,
    ) -> Arc<Evaluator> {
        let evaluator = self.evaluators.get(scope, &self.catalog);
        if evaluator.revision >= revision || self.catch_up(db).await.is_err() {
            return evaluator;
        }
        self.evaluators.newest(scope, &self.catalog)
    }

    /// Follows what flags come to in a scope. `None`: too many are followed already.
    pub fn follow_evaluators(&self, scope: &Arc<Scope>) -> Option<Following<Evaluator>> {
        self.evaluators.follow(scope, &self.catalog).map(Following)
    }

    /// The origins of pages that may use the Frontend API, if somebody has set them.
    pub fn origins(&self) -> Option<Arc<Vec<String>>> {
        self.catalog.load().origins.clone()
    }

    /// The token with this secret, if it still works. One that the copy does not know may just have been made: the
    /// database is asked, once for all who ask at the same time.
    pub async fn token(self: &Arc<Self>, db: &Db, secret: &str, now: Time) -> Result<Option<Arc<Token>>> {
        self.let_in(db, now, |tokens| tokens.find(secret).cloned()).await
    }

    /// The token that listens with this key, as [`Published::token`].
    pub async fn listening(self: &Arc<Self>, db: &Db, key: &str, now: Time) -> Result<Option<Arc<Token>>> {
        self.let_in(db, now, |tokens| tokens.listening(key).cloned()).await
    }

    async fn let_in(
        self: &Arc<Self>,
        db: &Db,
        now: Time,
        find: impl Fn(&Tokens) -> Option<Arc<Token>>,
    ) -> Result<Option<Arc<Token>>> {
        let mut found = find(&self.catalog.load().tokens);
        if found.is_none() {
            self.catch_up(db).await?;
            found = find(&self.catalog.load().tokens);
        }
        Ok(found.filter(|token| !token.is_over(now)))
    }

    /// The token with this secret, as far as the copy knows.
    pub fn known_token(&self, secret: &str, now: Time) -> Option<Arc<Token>> {
        self.catalog.load().tokens.find(secret).filter(|token| !token.is_over(now)).cloned()
    }

    /// True while the copy follows the database.
    pub fn is_fresh(&self) -> bool {
        self.fresh.load(Ordering::Relaxed)
    }

    /// The last event that is in the copy.
    pub fn revision(&self) -> i64 {
        self.catalog.load().revision
    }

    /// Tells whenever something was committed that is in the copy now; what it was says the log.
    pub fn news(&self) -> watch::Receiver<u64> {
        self.renewed.subscribe()
    }

    /// Follows the database for ever.
    pub async fn follow(self: &Arc<Self>, db: &Db) {
        let mut news: News = db.news().await;
        loop {
            news.next().await;
            if let Err(error) = self.catch_up(db).await {
                tracing::warn!(%error, "the database does not answer; clients get what was last known");
            }
            tokio::time::sleep(PACE).await;
        }
    }

    /// Makes payloads and evaluators anew whenever the copy changed, for ever. Beside [`Published::follow`], so that
    /// nobody who waits for changes waits for documents to be compressed.
    pub async fn prepare(self: &Arc<Self>) {
        tokio::join!(
            self.whenever_renewed(|this| this.payloads.renew(&this.catalog.load())),
            self.whenever_renewed(|this| this.narrowed.renew(&this.catalog.load())),
            self.whenever_renewed(|this| this.evaluators.renew(&this.catalog.load())),
        );
    }

    async fn whenever_renewed(self: &Arc<Self>, work: fn(&Self)) {
        let mut renewed = self.renewed.subscribe();
        while renewed.changed().await.is_ok() {
            let this = self.clone();
            if let Err(error) = tokio::task::spawn_blocking(move || work(&this)).await {
                tracing::error!(%error, "what clients get could not be made anew");
            }
        }
    }

    /// Brings all of it up to date at once: for a server that does not follow the database yet.
    pub async fn refresh(self: &Arc<Self>, db: &Db) -> Result<()> {
        self.catch_up(db).await?;
        let this = self.clone();
        let work = tokio::task::spawn_blocking(move || {
            let catalog = this.catalog.load();
            this.payloads.renew(&catalog);
            this.narrowed.renew(&catalog);
            this.evaluators.renew(&catalog);
        });
        work.await.map_err(Error::internal)
    }

    /// Forgets what nobody asked for lately.
    pub fn forget_the_quiet(&self) {
        self.payloads.forget_the_quiet();
        self.narrowed.forget_the_quiet();
        self.deltas.forget_the_quiet();
        self.evaluators.forget_the_quiet();
    }

    /// Brings the copy up to everything that was committed before the call.
    pub async fn catch_up(self: &Arc<Self>, db: &Db) -> Result<()> {
        let asked = self.begun.load(Ordering::SeqCst);
        let mut last = self.turn.lock().await;
        // Perhaps somebody else began after this call, and came to an end.
        if last.done > asked {
            return Ok(());
        }
        if last.failed > asked {
            return Err(Error::unavailable());
        }
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let outcome = self.renew(db).await;
        self.fresh.store(outcome.is_ok(), Ordering::Relaxed);
        *(if outcome.is_ok() { &mut last.done } else { &mut last.failed }) = number;
        outcome
    }

    async fn renew(self: &Arc<Self>, db: &Db) -> Result<()> {
        let before = self.catalog.load_full();
        let mut tx = db.read().await?;
        let next = next(&mut tx, &before).await?;
        tx.end().await?;
        if let Some(next) = next {
            let next = Arc::new(next);
            self.catalog.store(next.clone());
            // Not earlier: whose stream ends comes again at once, and must not be let in.
            if !Arc::ptr_eq(&next.tokens, &before.tokens) {
                next.tokens.end_others(&before.tokens);
            }
            let this = self.clone();
            // To its end, also if whoever asked for this is gone: nobody else would say that there is something new.
            let work = tokio::task::spawn_blocking(move || {
                this.deltas.renew(&next);
                this.renewed.send_modify(|count| *count += 1);
            });
            work.await.map_err(Error::internal)?;
        }
        Ok(())
    }
}

/// The catalog as of now; `None`: nothing happened.
async fn next(tx: &mut Read, before: &Catalog) -> Result<Option<Catalog>> {
    if before.revision == 0 {
        return whole(tx, Catalog::default(), true).await.map(Some);
    }
    let Some(events) = load::events(tx, before.revision).await? else {
        return whole(tx, before.clone(), false).await.map(Some);
    };
    match events.split_first() {
        Some((known, news)) if known.id == before.revision => match news.last() {
            Some(last) => follow(tx, before, news, last.id).await.map(Some),
            None => Ok(None),
        },
        // The database was put back to an earlier state.
        _ => {
            let catalog =
                Catalog { life: before.life + 1, tokens: before.tokens.clone(), ..Catalog::default() };
            whole(tx, catalog, true).await.map(Some)
        }
    }
}

async fn follow(tx: &mut Read, before: &Catalog, events: &[Happening], last: i64) -> Result<Catalog> {
    let broad =
        |event: &Happening| event.revises && event.feature_name.is_none() && event.segment_id.is_none();
    if events.iter().any(broad) {
        return whole(tx, before.clone(), false).await;
    }
    let mut catalog = Catalog { revision: last, ..before.clone() };
    if events.iter().any(Happening::changes_ways_in) {
        ways_in(tx, &mut catalog).await?;
    }
    let revisions: BTreeMap<i64, i64> =
        events.iter().filter_map(|event| Some((event.segment_id?, event.id))).collect();
    if !revisions.is_empty() {
        let ids: BTreeSet<i64> = revisions.keys().copied().collect();
        catalog.absorb_segments(load::segments(tx, Some(&ids)).await?, Some(&ids), &revisions, false);
    }
    let mut names = BTreeSet::new();
    for event in events.iter().filter(|event| event.revises && event.segment_id.is_none()) {
        catalog.touch(event.environment.as_deref(), event.project.as_deref(), event.id);
        if let Some(left) = event.left() {
            catalog.touch(None, Some(&left), event.id);
        }
        names.extend(event.feature_name.clone());
    }
    if !names.is_empty() {
        catalog.absorb(load::flags(tx, Some(&names)).await?, Some(&names), false);
    }
    Ok(catalog)
}

/// Loads everything. `first`: what was known before does not count.
async fn whole(tx: &mut Read, mut catalog: Catalog, first: bool) -> Result<Catalog> {
    catalog.revision = load::last_event(tx).await?;
    let environments = load::environments(tx).await?;
    catalog.absorb_places(environments, &load::places(tx).await?, first);
    catalog.absorb_segments(
        load::segments(tx, None).await?,
        None,
        &load::segment_revisions(tx).await?,
        first,
    );
    catalog.absorb(load::flags(tx, None).await?, None, first);
    ways_in(tx, &mut catalog).await?;
    Ok(catalog)
}

async fn ways_in(tx: &mut Read, catalog: &mut Catalog) -> Result<()> {
    catalog.tokens = Arc::new(Tokens::load(tx, &catalog.tokens).await?);
    let frontend: Option<Frontend> = settings::load(tx).await?;
    catalog.origins = frontend.map(|frontend| Arc::new(frontend.frontend_api_origins));
    Ok(())
}
