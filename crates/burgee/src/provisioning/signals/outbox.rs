//! What waits for a receiver: made of the record, from the receiver's position on.

use serde_json::{Value, json};

use super::receiver::Receiver;
use super::signing::Signer;
use super::state;
use super::statement::{Row, statement};
use crate::clock::Time;
use crate::db::{Db, Read};
use crate::entropy::Entropy;
use crate::error::Result;
use crate::sql;

/// How many facts are read at once.
const PAGE: i64 = 100;
/// How many facts are looked at before somebody else has a turn.
const MOST: usize = 2000;

/// An event that waits.
pub(super) struct Due {
    /// The number of the fact in the record.
    pub(super) event: i64,
    /// The name of the token (RFC 7519 §4.1.7): the same however often it is delivered.
    pub(super) jti: String,
    /// What the token says.
    pub(super) claims: Value,
}

/// What waits.
#[derive(Default)]
pub(super) struct Waiting {
    /// How far the receiver had come.
    pub(super) position: i64,
    /// How often in a row it could not be told.
    pub(super) failures: i64,
    /// In the order of the record.
    pub(super) due: Vec<Due>,
    /// Up to this fact, nothing waits.
    pub(super) passed: i64,
    /// True if there may be more.
    pub(super) more: bool,
}

/// What waits for a receiver, `limit` events at most.
pub(super) async fn waiting(
    tx: &mut Read,
    receiver: &Receiver,
    issuer: &str,
    limit: usize,
) -> Result<Waiting> {
    let state: Option<(i64, i64)> = tx
        .optional(sql!(
            "SELECT position, failures FROM scim_receiver_states WHERE receiver_id = $1",
            receiver.id
        ))
        .await?;
    // Whoever is gone by now is told nothing.
    let Some((position, failures)) = state else { return Ok(Waiting::default()) };
    let mut found = Waiting { position, failures, passed: position, ..Waiting::default() };
    let (mut after, mut seen) = (position, 0);
    loop {
        let rows: Vec<Row> = tx
            .all(sql!(
                "SELECT e.id, e.type, e.created_at, e.data, e.pre_data, e.signal, e.group_id FROM events e
                 WHERE e.signal IS NOT NULL AND e.id > $1
                   AND NOT EXISTS (SELECT 1 FROM scim_receiver_acks a WHERE a.receiver_id = $2 AND a.event_id = e.id)
                 ORDER BY e.id LIMIT $3",
                after,
                receiver.id,
                PAGE
            ))
            .await?;
        for row in &rows {
            after = row.id;
            match statement(tx, row, receiver, issuer).await? {
                Some(_) if found.due.len() == limit => {
                    found.more = true;
                    return Ok(found);
                }
                Some(it) => {
                    if found.due.is_empty() {
                        found.passed = row.id - 1;
                    }
                    let jti = jti(receiver.id, row.id);
                    let claims = json!({
                        "iss": issuer,
                        "aud": receiver.audience,
                        "iat": row.created_at.millis() / 1000,
                        "jti": jti,
                        "txn": it.txn,
                        "sub_id": it.subject,
                        "events": it.events,
                    });
                    found.due.push(Due { event: row.id, jti, claims });
                }
                None if found.due.is_empty() => found.passed = row.id,
                None => {}
            }
        }
        seen += rows.len();
        if i64::try_from(rows.len()).is_ok_and(|count| count < PAGE) {
            return Ok(found);
        }
        if seen >= MOST {
            found.more = true;
            return Ok(found);
        }
    }
}

/// The name of the token that tells a receiver of a fact.
fn jti(receiver: i64, event: i64) -> String {
    format!("r{receiver}-e{event}")
}

/// The fact that a token of this name tells a receiver of.
pub(super) fn event_of(jti: &str, receiver: i64) -> Option<i64> {
    let named = jti.strip_prefix(&format!("r{receiver}-e"))?;
    named.parse().ok().filter(|event: &i64| event.to_string() == named)
}

/// What a receiver fetched.
pub struct Fetched {
    /// Signed tokens, each with its name.
    pub sets: Vec<(String, String)>,
    /// True if more wait.
    pub more: bool,
}

/// What waits for a receiver that fetches events: signed, `limit` of them at most.
pub async fn fetch(
    db: &Db,
    entropy: &Entropy,
    receiver: &Receiver,
    issuer: &str,
    limit: usize,
    now: Time,
) -> Result<Fetched> {
    let mut tx = db.read().await?;
    let found = waiting(&mut tx, receiver, issuer, limit).await?;
    tx.end().await?;
    if found.passed > found.position {
        state::pass(db, receiver.id, found.passed).await?;
    }
    if found.due.is_empty() {
        return Ok(Fetched { sets: Vec::new(), more: found.more });
    }
    let signer = Signer::ready(db, entropy, now).await?;
    let signed = found.due.into_iter().map(|due| Ok((due.jti, signer.sign(&due.claims)?)));
    Ok(Fetched { sets: signed.collect::<Result<_>>()?, more: found.more })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_the_receiver_and_the_fact() {
        assert_eq!(event_of(&jti(7, 41), 7), Some(41));
        for other in ["r8-e41", "r7-e", "r7-e041", "r7-e+41", "r7-e-1x", "7-41", ""] {
            assert_eq!(event_of(other, 7), None, "{other}");
        }
    }
}
