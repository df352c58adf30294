//! The one way to change audited tables: a grant to begin, an event to end.

use std::ops::{Deref, DerefMut};

use super::event::Event;
use super::log;
use crate::access::{Actor, Granted, Guard, admins};
use crate::clock::Time;
use crate::db::{Db, Write};
use crate::error::{Error, Kind, Result};

/// A change in progress: a writing transaction that knows who acts and when. Dropping it undoes everything.
pub struct Change {
    db: Db,
    tx: Write,
    actor: Actor,
    now: Time,
    events: Vec<Event>,
}

/// What a change came to. Only [`Change::recorded`] and [`Change::done`] make one.
pub struct Recorded<T> {
    value: T,
    lasting: bool,
}

impl<T> Recorded<T> {
    /// Shapes the value that the caller of the change gets.
    pub fn map<U>(self, shape: impl FnOnce(T) -> U) -> Recorded<U> {
        Recorded { value: shape(self.value), lasting: self.lasting }
    }

    /// The value, where the change goes on. What was recorded stays recorded.
    pub fn into_value(self) -> T {
        self.value
    }
}

impl Db {
    /// Runs `work` in one transaction, records its events and commits; or undoes everything, if `work` fails or
    /// recorded nothing.
    ///
    /// Whatever the work was, a usable admin remains: a change that would leave none is refused.
    pub async fn change<G: Guard, T>(
        &self,
        grant: &Granted<G>,
        now: Time,
        work: impl AsyncFnOnce(&mut Change) -> Result<Recorded<T>>,
    ) -> Result<T> {
        let mut change = self.begin_change(grant, now).await?;
        let recorded = work(&mut change).await?;
        change.commit().await?;
        Ok(recorded.value)
    }

    /// Begins a change. Nothing lasts before [`Change::commit`].
    pub async fn begin_change<G: Guard>(&self, grant: &Granted<G>, now: Time) -> Result<Change> {
        let tx = self.begin_write().await?;
        Ok(Change { db: self.clone(), tx, actor: grant.actor().clone(), now, events: Vec::new() })
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

    /// Records a fact; for changes that consist of several.
    pub fn record(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Ends the change with its last fact.
    pub fn recorded<T>(&mut self, value: T, event: Event) -> Recorded<T> {
        self.events.push(event);
        self.done(value)
    }

    /// Ends a change whose facts were recorded on the way. Where there were none, nothing changed: everything is
    /// rolled back. So a change that forgets its event is no change.
    pub fn done<T>(&mut self, value: T) -> Recorded<T> {
        Recorded { value, lasting: !self.events.is_empty() }
    }

    /// Makes the change lasting, together with its events. Where nothing was recorded, nothing changed: everything is
    /// undone. So a change that forgets its event is no change.
    ///
    /// Whatever the change was, a usable admin remains: one that would leave none is refused and undone.
    pub async fn commit(mut self) -> Result<()> {
        if self.events.is_empty() {
            return Ok(());
        }
        self.tx.order_events().await?;
        if self.events.iter().any(|event| event.fact.may_cost_admins())
            && !admins::remain(&mut self.tx, None).await?
            && admins::remain(&mut self.db.begin_read().await?, None).await?
        {
            return Err(Error::rejected(
                Kind::LastAdmin,
                "This would leave nobody who can administer burgee. Make somebody else an admin first.",
            ));
        }
        log::append(&mut self.tx, &self.actor, self.now, self.events).await?;
        self.tx.commit().await
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
