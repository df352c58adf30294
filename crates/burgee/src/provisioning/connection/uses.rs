//! When, from where and by what tokens were last used: noted in memory, written in batches.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::clock::Time;
use crate::db::Db;
use crate::error::Result;
use crate::keep;

/// The most that is kept of what a program calls itself, in characters.
const LONGEST_AGENT: usize = 200;

/// One use of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// When.
    pub at: Time,
    /// From which address.
    pub address: Option<String>,
    /// By which program, in its own words.
    pub agent: Option<String>,
}

/// Uses that are not written yet. At most one for each token, however often it is used.
#[derive(Default)]
pub struct Uses(Mutex<HashMap<i64, Use>>);

impl Uses {
    /// Notes that the token of this number was used.
    pub fn note(&self, token: i64, mut used: Use) {
        used.agent = used.agent.map(|agent| agent.chars().take(LONGEST_AGENT).collect());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(token, used);
    }

    /// The last use of a token, if it is not written yet.
    pub fn noted(&self, token: i64) -> Option<Use> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&token).cloned()
    }

    /// Writes what was noted since the last time. Tokens that are gone are passed over.
    pub async fn write(&self, db: &Db) -> Result<()> {
        let noted = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if noted.is_empty() {
            return Ok(());
        }
        let mut tx = db.bookkeep().await?;
        for (token, Use { at, address, agent }) in noted {
            tx.execute(keep!(
                "INSERT INTO scim_token_uses (token_id, used_at, address, agent)
                 SELECT id, $2, $3, $4 FROM scim_tokens WHERE id = $1
                 ON CONFLICT (token_id) DO UPDATE SET used_at = excluded.used_at, address = excluded.address,
                                                      agent = excluded.agent",
                token,
                at,
                address,
                agent
            ))
            .await?;
        }
        tx.commit().await
    }
}
