//! Answers to requests whose clients do not wait (RFC 9967 §2.5): kept until receivers have them.

use std::time::Duration;

use serde_json::{Value, json};

use super::note::Signal;
use crate::clock::Time;
use crate::db::Db;
use crate::error::Result;
use crate::events::{Change, Event, Fact};
use crate::{keep, sql};

/// For how long an answer waits for receivers.
const LIFE: Duration = Duration::from_hours(30 * 24);

/// What came of a request.
#[derive(Clone, Debug)]
pub struct Answer<'a> {
    /// What the client was told that the request is called.
    pub txn: &'a str,
    /// Whose request.
    pub connection: i64,
    /// How it was sent.
    pub method: &'a str,
    /// What it is about: the path of a resource below the mount point, or the one that was asked for.
    pub subject: &'a str,
    /// The status of the answer.
    pub status: u16,
    /// As one operation of a bulk answer (RFC 7644 §3.7.3).
    pub answer: &'a Value,
}

/// Keeps an answer for the receivers, in its place in the record.
pub async fn answered(tx: &mut Change, it: &Answer<'_>) -> Result<()> {
    let now = tx.now();
    tx.execute(sql!(
        "INSERT INTO scim_answers (txn, connection_id, subject, answer, created_at) VALUES ($1, $2, $3, $4, $5)",
        it.txn,
        it.connection,
        it.subject,
        it.answer.to_string(),
        now
    ))
    .await?;
    let fact = json!({
        "connection": it.connection, "txn": it.txn, "method": it.method, "path": it.subject, "status": it.status,
    });
    tx.record(Event::created(Fact::ScimCallAnswered, &fact));
    let signal = Signal {
        connection: Some(it.connection),
        txn: Some(it.txn.to_owned()),
        answer: true,
        ..Signal::default()
    };
    tx.signal(json!(signal));
    Ok(())
}

/// Forgets answers that nobody has fetched for thirty days.
pub async fn forget(db: &Db, now: Time) -> Result<()> {
    let old: Option<(String,)> = db
        .glance(sql!("SELECT txn FROM scim_answers WHERE created_at <= $1 LIMIT 1", now.minus(LIFE)))
        .await?;
    if old.is_none() {
        return Ok(());
    }
    let mut tx = db.bookkeep().await?;
    tx.execute(keep!("DELETE FROM scim_answers WHERE created_at <= $1", now.minus(LIFE))).await?;
    tx.commit().await
}
