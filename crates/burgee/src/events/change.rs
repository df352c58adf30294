//! The one way to change audited tables: a grant to begin, an event to end.

use std::ops::{Deref, DerefMut};

use super::event::Event;
use super::log;
use crate::access::admins::{self, Hands};
use crate::access::{Actor, Granted, Guard};
use crate::audience;
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

impl Db {
    /// Begins a change. Nothing lasts before [`Change::commit`].
    pub async fn change<G: Guard>(&self, grant: &Granted<G>, now: Time) -> Result<Change> {
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

    /// Records a fact. Every change has at least one.
    pub fn record(&mut self, event: Event) {
        self.events.push(event);
    }

    /// How many facts were recorded so far.
    pub fn recorded(&self) -> usize {
        self.events.len()
    }

    /// What was recorded so far.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// True if administration is in weaker hands than before this change, and nobody with a password has it.
    pub async fn weakens_administration(&mut self) -> Result<bool> {
        let now = admins::hands(&mut self.tx, None).await?;
        Ok(now < Hands::WithPassword && now < admins::hands(&mut self.db.aside().await?, None).await?)
    }

    /// Makes the change lasting, together with its events. Where nothing was recorded, nothing changed: everything is
    /// undone. So a change that forgets its event is no change.
    ///
    /// Whatever the change was, an admin remains: one that would leave none, or none with a password where there was
    /// one, is refused and undone.
    pub async fn commit(mut self) -> Result<()> {
        if self.events.is_empty() {
            return Ok(());
        }
        self.tx.order_events().await?;
        if self.events.iter().any(|event| event.fact.may_cost_admins())
            && self.weakens_administration().await?
        {
            return Err(Error::rejected(
                Kind::LastAdmin,
                "This would leave nobody who can administer burgee. Make somebody else an admin first.",
            ));
        }
        let standing = log::standing(&mut self.tx).await?;
        if standing.tied {
            audience::follow(&mut self).await?;
        }
        let announced = self.events.iter().any(Event::concerns_clients);
        log::append(&mut self.tx, &self.actor, self.now, &self.events, standing.last).await?;
        self.tx.commit().await?;
        if announced {
            self.db.announce();
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
