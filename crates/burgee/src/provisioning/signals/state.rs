//! How far each receiver has come, and who delivers to it now.

use std::time::Duration;

use serde::Serialize;

use super::outbox::event_of;
use super::receiver::Receiver;
use crate::clock::Time;
use crate::db::{Db, Read};
use crate::error::Result;
use crate::{keep, sql};

/// For how long a server has a receiver for itself, unless it delivers something. Longer than one delivery takes.
const LEASE: Duration = Duration::from_mins(1);
/// The longest text that is kept of an error, in characters.
const LONGEST: usize = 300;

/// How far a receiver has come.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct State {
    /// Which receiver.
    pub receiver_id: i64,
    /// How many facts of the record lie before it that may tell it something; 1000 stands for many.
    pub waiting: i64,
    /// How many events it has taken.
    pub delivered: i64,
    /// When it last took one.
    pub delivered_at: Option<Time>,
    /// How many events it has refused. They are not told again.
    pub refused: i64,
    /// How often in a row it could not be told.
    pub failures: i64,
    /// Not told before.
    pub next_at: Time,
    /// What went wrong last.
    pub error: Option<String>,
    /// When that was.
    pub error_at: Option<Time>,
}

macro_rules! select {
    ($rest:literal $(, $arg:expr)*) => {
        sql!(concat!(
            "SELECT s.receiver_id, s.delivered, s.delivered_at, s.refused, s.failures, s.next_at, s.error, s.error_at,
                    (SELECT COUNT(*) FROM (SELECT 1 FROM events e WHERE e.signal IS NOT NULL AND e.id > s.position
                        AND NOT EXISTS (SELECT 1 FROM scim_receiver_acks a
                                        WHERE a.receiver_id = s.receiver_id AND a.event_id = e.id) LIMIT 1000) w) AS waiting
             FROM scim_receiver_states s ", $rest) $(, $arg)*)
    };
}

/// How far all receivers have come.
pub async fn states(tx: &mut Read) -> Result<Vec<State>> {
    tx.all(select!("ORDER BY s.receiver_id")).await
}

/// How far a receiver has come.
pub async fn state(tx: &mut Read, receiver: i64) -> Result<State> {
    tx.one(select!("WHERE s.receiver_id = $1", receiver)).await
}

/// Takes a receiver for this server, which calls itself `holder` this time, or goes on having it. False: another one has
/// it.
pub(super) async fn lease(db: &Db, receiver: i64, holder: &str, now: Time) -> Result<bool> {
    let mut tx = db.bookkeep().await?;
    let taken = tx
        .execute(keep!(
            "UPDATE scim_receiver_states SET holder = $2, leased_until = $3 WHERE receiver_id = $1
               AND (leased_until <= $4 OR holder = $2)",
            receiver,
            holder,
            now.plus(LEASE),
            now
        ))
        .await?;
    tx.commit().await?;
    Ok(taken == 1)
}

/// Leaves a receiver to whoever comes next.
pub(super) async fn release(db: &Db, receiver: i64, holder: &str) -> Result<()> {
    let mut tx = db.bookkeep().await?;
    tx.execute(keep!(
        "UPDATE scim_receiver_states SET leased_until = 0 WHERE receiver_id = $1 AND holder = $2",
        receiver,
        holder
    ))
    .await?;
    tx.commit().await
}

/// Notes that an event was taken, or refused for a reason: it is done with. False: another server has the receiver now.
pub(super) async fn done(
    db: &Db,
    receiver: i64,
    holder: &str,
    event: i64,
    refused: Option<&str>,
    now: Time,
) -> Result<bool> {
    let mut tx = db.bookkeep().await?;
    let still = match refused {
        None => {
            tx.execute(keep!(
                "UPDATE scim_receiver_states SET position = $3, delivered = delivered + 1, delivered_at = $4, failures = 0,
                        next_at = 0, leased_until = $5 WHERE receiver_id = $1 AND holder = $2 AND position < $3",
                receiver,
                holder,
                event,
                now,
                now.plus(LEASE)
            ))
            .await?
        }
        Some(why) => {
            tx.execute(keep!(
                "UPDATE scim_receiver_states SET position = $3, refused = refused + 1, error = $6, error_at = $4, failures = 0,
                        next_at = 0, leased_until = $5 WHERE receiver_id = $1 AND holder = $2 AND position < $3",
                receiver,
                holder,
                event,
                now,
                now.plus(LEASE),
                short(why)
            ))
            .await?
        }
    };
    tx.commit().await?;
    Ok(still == 1)
}

/// Notes that an event could not be delivered, and when to try again.
pub(super) async fn failed(
    db: &Db,
    receiver: i64,
    holder: &str,
    why: &str,
    again: Time,
    now: Time,
) -> Result<()> {
    let mut tx = db.bookkeep().await?;
    tx.execute(keep!(
        "UPDATE scim_receiver_states SET failures = failures + 1, next_at = $3, error = $4, error_at = $5
         WHERE receiver_id = $1 AND holder = $2",
        receiver,
        holder,
        again,
        short(why),
        now
    ))
    .await?;
    tx.commit().await
}

/// Notes that nothing waits up to a fact, which lies behind the receiver's position.
pub(super) async fn pass(db: &Db, receiver: i64, position: i64) -> Result<()> {
    let mut tx = db.bookkeep().await?;
    tx.execute(keep!(
        "UPDATE scim_receiver_states SET position = $2 WHERE receiver_id = $1 AND position < $2",
        receiver,
        position
    ))
    .await?;
    tx.execute(keep!(
        "DELETE FROM scim_receiver_acks WHERE receiver_id = $1 AND event_id <= $2",
        receiver,
        position
    ))
    .await?;
    tx.commit().await
}

/// Why a receiver that fetches events refuses one (RFC 8936 §2.6).
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The name of the token.
    pub jti: String,
    /// In the receiver's words.
    pub why: String,
    /// True if it takes no events as it is set up: this one waits, and what is wrong is shown.
    pub of_all: bool,
}

#[derive(Serialize)]
struct Item {
    id: i64,
}

/// Notes what a receiver has taken, by the names of the tokens, and what it refuses. Neither is told again, unless it is
/// not about the one event. What was never told it is left out.
pub async fn acknowledge(
    db: &Db,
    receiver: &Receiver,
    taken: &[String],
    refused: &[Refusal],
    now: Time,
) -> Result<()> {
    let known = |jti: &str| event_of(jti, receiver.id).map(|id| Item { id });
    let taken: Vec<Item> = taken.iter().filter_map(|jti| known(jti)).collect();
    let (trouble, refused): (Vec<&Refusal>, Vec<&Refusal>) =
        refused.iter().filter(|it| known(&it.jti).is_some()).partition(|it| it.of_all);
    let errors: Vec<Item> = refused.iter().filter_map(|it| known(&it.jti)).collect();
    if taken.is_empty() && errors.is_empty() && trouble.is_empty() {
        return Ok(());
    }
    let mut tx = db.bookkeep().await?;
    if let Some(it) = trouble.first() {
        tx.execute(keep!(
            "UPDATE scim_receiver_states SET error = $2, error_at = $3 WHERE receiver_id = $1",
            receiver.id,
            short(&it.why),
            now
        ))
        .await?;
    }
    for (items, is_refused) in [(&taken, false), (&errors, true)] {
        if items.is_empty() {
            continue;
        }
        let count = tx
            .execute(keep!(
                "INSERT INTO scim_receiver_acks (receiver_id, event_id)
                 SELECT DISTINCT s.receiver_id, e.id FROM ({rows:$2}) r
                 JOIN events e ON e.id = CAST(item ->> 'id' AS BIGINT) AND e.signal IS NOT NULL
                 JOIN scim_receiver_states s ON s.receiver_id = $1 AND s.position < e.id WHERE TRUE
                 ON CONFLICT (receiver_id, event_id) DO NOTHING",
                receiver.id,
                serde_json::to_string(items)?
            ))
            .await?;
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        if count == 0 {
            continue;
        }
        if is_refused {
            let why = refused.first().map(|it| format!("{}: {}", it.jti, it.why));
            tx.execute(keep!(
                "UPDATE scim_receiver_states SET refused = refused + $2, error = $3, error_at = $4 WHERE receiver_id = $1",
                receiver.id,
                count,
                why.as_deref().map(short),
                now
            ))
            .await?;
        } else {
            tx.execute(keep!(
                "UPDATE scim_receiver_states SET delivered = delivered + $2, delivered_at = $3 WHERE receiver_id = $1",
                receiver.id,
                count,
                now
            ))
            .await?;
        }
    }
    tx.commit().await
}

/// What is kept of a text that somebody else wrote: one line, and not too long.
pub(super) fn short(text: &str) -> String {
    text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect()
}
