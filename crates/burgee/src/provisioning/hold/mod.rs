//! The guard against mass removal. A connection that takes away much more than usual is put into *hold*: from then on
//! what it takes away waits for an admin, and all else goes on.
//!
//! The identity provider notices nothing. Its calls succeed, and it reads back what it wrote: its document says what it
//! wants, the account behind it what holds. Somebody held in a group is an `unwanted` row of the membership, which
//! SCIM passes over and everything else counts.

mod decide;
mod item;
mod put_off;
mod tally;

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

pub use self::decide::{Done, apply, discard};
pub use self::item::{Held, Kind, Pending, State, held, of_group, of_user};
pub(super) use self::put_off::{
    had_removed, keep_account, keep_group, keep_members, keeps_account, keeps_members, leaving,
    take_back_account, take_back_group, take_back_members, withdrawn,
};
use self::tally::Tally;
use super::connection;
use super::resource::Provisioned;
use crate::clock::Time;
use crate::db::Read;
use crate::error::{Error, Result};
use crate::events::{Change, Event, Fact};
use crate::people::user::User;
use crate::sql;

/// The longest window, in minutes: a week.
const LONGEST: i64 = 7 * 24 * 60;
/// The highest number of people that may go in any case.
const LARGEST: i64 = 1_000_000;

/// How much a connection may take away before it is put into hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Limits {
    /// How many percent of its active people, or of the members of a group; 0: as much as it likes.
    pub share: i64,
    /// So many may go in any case.
    pub least: i64,
    /// Within how many minutes.
    pub minutes: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { share: 20, least: 10, minutes: 60 }
    }
}

impl Limits {
    fn window(self) -> Duration {
        Duration::from_mins(self.minutes.unsigned_abs())
    }

    /// True if so many are too many of `size`.
    const fn exceeded(self, total: i64, size: i64) -> bool {
        total > self.least && total * 100 > self.share * size
    }

    fn check(self) -> Result<()> {
        let mut wrong = Vec::new();
        if !(0..=100).contains(&self.share) {
            wrong.push("The share must be between 0 and 100 percent.".to_owned());
        }
        if !(1..=LARGEST).contains(&self.least) {
            wrong.push(format!("The least number must be between 1 and {LARGEST}."));
        }
        if !(1..=LONGEST).contains(&self.minutes) {
            wrong.push(format!("The window must be between 1 and {LONGEST} minutes."));
        }
        if wrong.is_empty() { Ok(()) } else { Err(Error::invalid(wrong)) }
    }
}

/// The guard of a connection, and whether it holds anything.
#[derive(Clone, Debug, Default, sqlx::FromRow)]
pub struct Guard {
    /// How much may go.
    #[sqlx(flatten)]
    pub limits: Limits,
    /// Since when removals wait, if they do.
    pub held_since: Option<Time>,
    counted_from: i64,
    tally: Option<String>,
}

impl Guard {
    /// Whoever came after this does not count, and what went before it counts no more.
    fn since(&self, now: Time) -> Time {
        now.minus(self.limits.window())
    }

    const fn is_on(&self) -> bool {
        self.limits.share > 0
    }

    /// What a stored tally counts now.
    fn tally(&self, text: Option<&str>, now: Time) -> Tally {
        Tally::read(text).since(self.since(now).max(Time::from_millis(self.counted_from)))
    }
}

/// The guard of a connection.
pub async fn guard(tx: &mut Read, connection: i64) -> Result<Guard> {
    let found = tx
        .optional(sql!(
            "SELECT share, least, minutes, held_since, counted_from, tally FROM scim_guards WHERE connection_id = $1",
            connection
        ))
        .await?;
    Ok(found.unwrap_or_default())
}

/// Like [`guard`], and keeps everybody else from changing its limits, from counting, and from beginning or ending a hold.
pub async fn lock(tx: &mut Change, connection: i64) -> Result<Guard> {
    loop {
        let found = tx
            .optional(sql!(
                "SELECT share, least, minutes, held_since, counted_from, tally FROM scim_guards
                 WHERE connection_id = $1{lock}",
                connection
            ))
            .await?;
        if let Some(guard) = found {
            return Ok(guard);
        }
        tx.execute(sql!(
            "INSERT INTO scim_guards (connection_id) VALUES ($1) ON CONFLICT (connection_id) DO NOTHING",
            connection
        ))
        .await?;
    }
}

/// Sets the limits of a connection. Nothing is recorded if nothing differs. Without a guard there is no hold; what
/// waits goes on waiting for an admin.
pub async fn configure(tx: &mut Change, connection: i64, limits: Limits) -> Result<Guard> {
    limits.check()?;
    connection::get(tx, connection).await?;
    let before = lock(tx, connection).await?;
    if before.limits == limits {
        return Ok(before);
    }
    tx.execute(sql!(
        "UPDATE scim_guards SET share = $2, least = $3, minutes = $4 WHERE connection_id = $1",
        connection,
        limits.share,
        limits.least,
        limits.minutes
    ))
    .await?;
    let state = |limits: &Limits| json!({ "connection": connection, "limits": limits });
    tx.record(Event::updated(Fact::ScimGuardUpdated, &state(&before.limits), &state(&limits)));
    if limits.share == 0 {
        end(tx, connection).await?;
    }
    guard(tx, connection).await
}

/// Ends the hold of a connection: removals are done again, and counted from now on. What waits goes on waiting.
pub async fn end(tx: &mut Change, connection: i64) -> Result<()> {
    if lock(tx, connection).await?.held_since.is_none() {
        return Ok(());
    }
    let now = tx.now();
    tx.execute(sql!(
        "UPDATE scim_guards SET held_since = NULL, counted_from = $2, tally = NULL WHERE connection_id = $1",
        connection,
        now
    ))
    .await?;
    let waiting = waiting(tx, connection).await?;
    let fact = json!({ "connection": connection, "waiting": waiting });
    tx.record(Event::created(Fact::ScimHoldEnded, &fact));
    Ok(())
}

/// Ends the hold if nothing waits any more.
async fn settle(tx: &mut Change, connection: i64) -> Result<()> {
    if guard(tx, connection).await?.held_since.is_none() {
        return Ok(());
    }
    // Whoever adds something holds the same lock: what is found now is all there is.
    lock(tx, connection).await?;
    if waits(tx, connection).await? { Ok(()) } else { end(tx, connection).await }
}

async fn waits(tx: &mut Read, connection: i64) -> Result<bool> {
    let found: Option<(i64,)> = tx
        .optional(sql!(
            "SELECT id FROM scim_held WHERE connection_id = $1 AND discarded_at IS NULL LIMIT 1",
            connection
        ))
        .await?;
    Ok(found.is_some())
}

/// The guard of a connection, locked, and whether it holds. A hold in which nothing waits any more, because admins have
/// removed whom it was about, ends here.
async fn holding(tx: &mut Change, connection: i64) -> Result<(Guard, bool)> {
    let it = lock(tx, connection).await?;
    if it.held_since.is_none() {
        return Ok((it, false));
    }
    if waits(tx, connection).await? {
        return Ok((it, true));
    }
    end(tx, connection).await?;
    Ok((guard(tx, connection).await?, false))
}

/// How many removals of a connection wait.
pub async fn waiting(tx: &mut Read, connection: i64) -> Result<i64> {
    let (count,): (i64,) = tx
        .one(sql!(
            "SELECT COUNT(*) FROM scim_held WHERE connection_id = $1 AND discarded_at IS NULL",
            connection
        ))
        .await?;
    Ok(count)
}

/// A connection of which something waits.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Standing {
    /// Which connection.
    pub connection: i64,
    /// What it is called.
    pub name: String,
    /// Since when it is in hold; none if that has ended, and something still waits.
    pub since: Option<Time>,
    /// How many removals wait.
    pub waiting: i64,
}

/// The connections that need an admin.
pub async fn standing(tx: &mut Read) -> Result<Vec<Standing>> {
    tx.all(sql!(
        "SELECT c.id AS connection, c.name, g.held_since AS since,
                (SELECT COUNT(*) FROM scim_held h WHERE h.connection_id = c.id AND h.discarded_at IS NULL) AS waiting
         FROM scim_connections c LEFT JOIN scim_guards g ON g.connection_id = c.id
         WHERE EXISTS (SELECT 1 FROM scim_held h WHERE h.connection_id = c.id AND h.discarded_at IS NULL)
         ORDER BY c.id"
    ))
    .await
}

/// True if this account must not lose its access now. Counts it otherwise.
///
/// Whoever has no access anyway, or was made within the window (as identity providers do to test themselves), neither
/// counts nor waits.
async fn weigh_account(tx: &mut Change, connection: i64, account: &User) -> Result<bool> {
    let now = tx.now();
    let quick = guard(tx, connection).await?;
    if !quick.is_on() || !account.active || account.created_at > quick.since(now) {
        return Ok(false);
    }
    let (guard, holds) = holding(tx, connection).await?;
    if holds || !guard.is_on() {
        return Ok(holds);
    }
    let limits = guard.limits;
    let mut tally = guard.tally(guard.tally.as_deref(), now);
    let total = tally.count() + 1;
    if limits.exceeded(total, tally.size) {
        // Twice as many as are needed, so that they are not counted again for each.
        let (others,): (i64,) = tx
            .one(sql!(
                "SELECT COUNT(*) FROM (SELECT 1 FROM scim_users
                     WHERE connection_id = $1 AND active = TRUE AND user_id <> $2 LIMIT $3) found",
                connection,
                account.id,
                total * 200 / limits.share
            ))
            .await?;
        tally.size = others + total;
        if limits.exceeded(total, tally.size) {
            trip(tx, connection, limits, total, &json!({ "people": tally.size })).await?;
            return Ok(true);
        }
    }
    tally.add(1, now, limits.window());
    tx.execute(sql!(
        "UPDATE scim_guards SET tally = $2 WHERE connection_id = $1",
        connection,
        serde_json::to_string(&tally)?
    ))
    .await?;
    Ok(false)
}

/// True if so many must not lose a group now, of whom `there` are still in it. Counts them otherwise. Whoever changes the
/// group has locked it; `it` is the guard, as it was just read.
async fn weigh_members(
    tx: &mut Change,
    connection: i64,
    mut it: Guard,
    group: &Provisioned,
    losing: i64,
    there: i64,
) -> Result<bool> {
    let now = tx.now();
    if losing == 0 {
        return Ok(false);
    }
    if it.held_since.is_some() {
        let (now, holds) = holding(tx, connection).await?;
        if holds {
            return Ok(true);
        }
        it = now;
    }
    if !it.is_on() {
        return Ok(false);
    }
    let limits = it.limits;
    let stored: Option<(Option<String>,)> =
        tx.optional(sql!("SELECT tally FROM scim_groups WHERE id = $1", group.key)).await?;
    let mut tally = it.tally(stored.and_then(|(tally,)| tally).as_deref(), now);
    let total = tally.count() + losing;
    if limits.exceeded(total, tally.size) {
        let (found,): (i64,) = tx
            .one(sql!(
                "SELECT COUNT(*) FROM (SELECT 1 FROM group_users WHERE group_id = $1 LIMIT $2) found",
                group.local_id,
                total.saturating_mul(200) / limits.share + there
            ))
            .await?;
        tally.size = found - there + total;
        if limits.exceeded(total, tally.size) {
            lock(tx, connection).await?;
            let name = group.document.get("displayName");
            let about = json!({ "members": tally.size, "groupId": group.local_id, "groupName": name });
            trip(tx, connection, limits, total, &about).await?;
            return Ok(true);
        }
    }
    tally.add(losing, now, limits.window());
    tx.execute(sql!(
        "UPDATE scim_groups SET tally = $2 WHERE id = $1",
        group.key,
        serde_json::to_string(&tally)?
    ))
    .await?;
    Ok(false)
}

/// Puts a connection into hold, unless it is.
async fn trip(tx: &mut Change, connection: i64, limits: Limits, gone: i64, of: &Value) -> Result<()> {
    let now = tx.now();
    let begun = tx
        .execute(sql!(
            "UPDATE scim_guards SET held_since = $2 WHERE connection_id = $1 AND held_since IS NULL",
            connection,
            now
        ))
        .await?;
    if begun == 0 {
        return Ok(());
    }
    let name = connection::get(tx, connection).await?.setup.name;
    tracing::warn!(
        connection = name,
        gone,
        "an identity provider takes away so much that it waits for an admin"
    );
    let fact = json!({ "connection": connection, "name": name, "gone": gone, "of": of, "limits": limits });
    tx.record(Event::created(Fact::ScimConnectionHeld, &fact));
    Ok(())
}
