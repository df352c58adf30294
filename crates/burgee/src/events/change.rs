//! The one way to change audited tables: a grant to begin, an event to end.

use std::collections::BTreeSet;
use std::ops::{Deref, DerefMut};

use serde_json::Value;

use super::event::Event;
use super::log;
use crate::access::admins::{self, Hands};
use crate::access::{Actor, Granted, Guard};
use crate::audience;
use crate::clock::Time;
use crate::db::{Db, Read, Write};
use crate::error::{Error, Kind, Result};

/// How many things that were left out are told.
const MOST_REMARKS: usize = 100;

/// What a change recorded.
#[derive(Debug, Default)]
pub struct Recorded {
    /// The facts.
    pub events: Vec<Event>,
    /// The group under which they stand in the log; none if nothing was recorded, or nothing lasts.
    pub group: Option<String>,
    /// How many of those that were named were left out.
    pub left_out: usize,
    /// What else was left out, and why.
    pub remarks: Vec<Remark>,
}

/// Something that was asked for and left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// What kind of thing, with its article.
    pub kind: &'static str,
    /// As it was named.
    pub named: String,
    /// Why.
    pub why: &'static str,
}

/// A change in progress: a writing transaction that knows who acts and when. Dropping it undoes everything.
pub struct Change {
    db: Db,
    tx: Write,
    actor: Actor,
    now: Time,
    events: Vec<Event>,
    left_out: usize,
    shrunk: BTreeSet<i64>,
    leaving: BTreeSet<i64>,
    remarks: Vec<Remark>,
    txn: Option<String>,
}

impl Db {
    /// Begins a change. Nothing lasts before [`Change::commit`].
    pub async fn change<G: Guard>(&self, grant: &Granted<G>, now: Time) -> Result<Change> {
        let tx = self.begin_write().await?;
        Ok(Change {
            db: self.clone(),
            tx,
            actor: grant.actor().clone(),
            now,
            events: Vec::new(),
            left_out: 0,
            shrunk: BTreeSet::new(),
            leaving: BTreeSet::new(),
            remarks: Vec::new(),
            txn: None,
        })
    }
}

impl Change {
    /// When the change happens.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Who acts.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Records a fact. Every change has at least one.
    pub fn record(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Says what receivers of SCIM events hear of the last fact.
    pub fn signal(&mut self, signal: Value) {
        self.signal_at(self.events.len().saturating_sub(1), signal);
    }

    /// Says what receivers of SCIM events hear of the fact that is `at` this place among those of the change.
    pub fn signal_at(&mut self, at: usize, signal: Value) {
        if let Some(event) = self.events.get_mut(at) {
            event.signal = Some(signal);
        }
    }

    /// Says what the request is called that the change comes of: receivers of SCIM events know it by that.
    pub fn come_of(&mut self, txn: String) {
        self.txn = Some(txn);
    }

    /// Notes that some of those that were named are not known, and were left out: no fact, since nothing changed, but
    /// worth telling.
    pub fn leave_out(&mut self, count: usize) {
        self.left_out += count;
    }

    /// Notes groups from which others, with everybody in them, are taken: no event names them.
    pub fn shrink(&mut self, groups: impl IntoIterator<Item = i64>) {
        self.shrunk.extend(groups);
    }

    /// The groups that were noted so.
    pub fn shrunk(&self) -> &BTreeSet<i64> {
        &self.shrunk
    }

    /// Notes who is about to lose their account in this change: nothing should pass to them first.
    pub fn see_off(&mut self, people: impl IntoIterator<Item = i64>) {
        self.leaving.extend(people);
    }

    /// The people who were noted so.
    pub fn leaving(&self) -> &BTreeSet<i64> {
        &self.leaving
    }

    /// Notes that something that was asked for was left out. The first hundred are told.
    pub fn remark(&mut self, remark: Remark) {
        if self.remarks.len() < MOST_REMARKS && !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }

    /// How many facts were recorded so far.
    pub fn recorded(&self) -> usize {
        self.events.len()
    }

    /// What was recorded so far.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// What was there before this change, as far as others have made it last.
    pub async fn before(&self) -> Result<Read> {
        self.db.aside().await
    }

    /// True if administration is in weaker hands than before this change, and nobody with a password has it.
    pub async fn weakens_administration(&mut self) -> Result<bool> {
        let now = admins::hands(&mut self.tx, None).await?;
        Ok(now < Hands::WithPassword && now < admins::hands(&mut self.before().await?, None).await?)
    }

    /// Makes the change lasting, together with its events. Where nothing was recorded, nothing changed: everything is
    /// undone. So a change that forgets its event is no change.
    ///
    /// Whatever the change was, an admin remains: one that would leave none, or none with a password where there was
    /// one, is refused and undone.
    pub async fn commit(self) -> Result<()> {
        self.commit_told().await.map(drop)
    }

    /// Like [`Change::commit`], and tells what was recorded.
    pub async fn commit_told(mut self) -> Result<Recorded> {
        if self.events.is_empty() {
            let Self { left_out, remarks, .. } = self;
            return Ok(Recorded { left_out, remarks, ..Recorded::default() });
        }
        self.tx.order_events().await?;
        self.ensure_administered().await?;
        let standing = log::standing(&mut self.tx).await?;
        if standing.tied {
            audience::follow(&mut self).await?;
        }
        let announced = self.events.iter().any(Event::concerns_clients);
        let group = self.append(standing.last).await?;
        self.tx.commit().await?;
        if announced {
            self.db.announce();
        }
        let Self { events, left_out, remarks, .. } = self;
        Ok(Recorded { events, group: Some(group), left_out, remarks })
    }

    async fn append(&mut self, last: i64) -> Result<String> {
        log::append(&mut self.tx, &self.actor, self.now, self.txn.as_deref(), &self.events, last).await
    }

    /// Checks what [`Change::commit`] checks, undoes everything, and tells what would have been recorded.
    pub async fn rehearse(mut self) -> Result<Recorded> {
        self.ensure_administered().await?;
        if log::standing(&mut self.tx).await?.tied {
            audience::follow(&mut self).await?;
        }
        let Self { events, left_out, remarks, .. } = self;
        Ok(Recorded { events, group: None, left_out, remarks })
    }

    /// Refuses what would leave nobody who can administer the installation, or nobody with a password.
    async fn ensure_administered(&mut self) -> Result<()> {
        if self.events.iter().any(|event| event.fact.may_cost_admins())
            && self.weakens_administration().await?
        {
            return Err(Error::rejected(
                Kind::LastAdmin,
                "This would leave nobody who can administer burgee. Make somebody else an admin first.",
            ));
        }
        Ok(())
    }
}

impl Deref for Change {
    type Target = Write;
    fn deref(&self) -> &Write {
        &self.tx
    }
}

impl DerefMut for Change {
    fn deref_mut(&mut self) -> &mut Write {
        &mut self.tx
    }
}
