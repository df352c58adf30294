//! When people and tokens were last seen: noted in memory, written in batches.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::clock::Time;
use crate::db::{Db, Keep};
use crate::error::Result;
use crate::keep;

/// What was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A user, by any way in.
    User,
    /// A personal access token.
    PersonalToken,
    /// An API token.
    ApiToken,
    /// A connection to an identity provider.
    Connection,
}

impl Subject {
    const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::PersonalToken => "pat",
            Self::ApiToken => "api-token",
            Self::Connection => "scim",
        }
    }
}

/// Sightings that are not written yet. At most one for each subject, however often it is seen.
#[derive(Default)]
pub struct Seen(Mutex<HashMap<(Subject, i64), Time>>);

impl Seen {
    /// Notes a sighting.
    pub fn note(&self, subject: Subject, id: i64, at: Time) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert((subject, id), at);
    }

    /// When something was seen, if that is not written yet.
    pub fn noted(&self, subject: Subject, id: i64) -> Option<Time> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&(subject, id)).copied()
    }

    /// Writes what was noted since the last time.
    pub async fn write(&self, db: &Db) -> Result<()> {
        let noted = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if noted.is_empty() {
            return Ok(());
        }
        let mut tx = db.bookkeep().await?;
        for ((subject, id), at) in noted {
            tx.execute(sighting(subject, id, at)).await?;
        }
        tx.commit().await
    }
}

/// The statement that writes one sighting.
pub(super) fn sighting(subject: Subject, id: i64, at: Time) -> Keep {
    keep!(
        "INSERT INTO seen (subject, id, first_at, last_at) VALUES ($1, $2, $3, $3)
         ON CONFLICT (subject, id) DO UPDATE SET last_at = excluded.last_at",
        subject.name(),
        id,
        at
    )
}
