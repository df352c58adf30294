//! Setting a connection up: making it, changing it, letting it in.

use serde::Serialize;
use serde_json::json;

use super::choice::{OnMatch, PatchAnswer, Provider, Strictness, UnknownMembers};
use super::network::Network;
use super::{Connection, get, lock};
use crate::access::admins;
use crate::db::{Json, Read};
use crate::error::{Error, Kind, Result};
use crate::events::{Change, Event, Fact};
use crate::sql;

/// How many connections there may be.
const MOST: i64 = 100;
/// The longest name, and the longest slug, in characters.
const LONGEST_NAME: usize = 100;
const LONGEST_SLUG: usize = 40;
/// How many networks a connection may have.
const MOST_NETWORKS: usize = 100;
/// The highest limit, in requests per second: beyond it, there is none.
const FASTEST: i64 = 10_000;

/// Why a connection cannot be switched on.
pub const UNSAFE: &str = "Nobody could administer burgee if the identity provider removed its admins. Keep an active \
    admin with a password who is not provisioned, or give a provisioned group the Admin role.";

/// What admins choose for a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Setup {
    /// What people call it. The event log names it so, too.
    pub name: String,
    /// What names it in addresses: small letters, digits and `-`.
    pub slug: String,
    /// Who calls.
    #[sqlx(try_from = "String")]
    pub provider: Provider,
    /// How forgiving the service is.
    #[sqlx(try_from = "String")]
    pub mode: Strictness,
    /// How a PATCH is answered.
    #[sqlx(try_from = "String")]
    pub patch_answer: PatchAnswer,
    /// What becomes of whoever is here already.
    #[sqlx(try_from = "String")]
    pub on_match: OnMatch,
    /// What becomes of members whom the connection does not know.
    #[sqlx(try_from = "String")]
    pub unknown_members: UnknownMembers,
    /// How many requests a second it may send, if that is limited.
    pub rate: Option<i64>,
    /// Where it may call from; from everywhere, if empty.
    #[sqlx(try_from = "String")]
    pub networks: Json<Vec<Network>>,
}

impl Setup {
    /// A connection of this name with everything as it usually is.
    pub fn named(name: &str, slug: &str, provider: Provider) -> Self {
        Self {
            name: name.to_owned(),
            slug: slug.to_owned(),
            provider,
            mode: Strictness::Tolerant,
            patch_answer: PatchAnswer::Auto,
            on_match: OnMatch::Adopt,
            unknown_members: UnknownMembers::Ignore,
            rate: None,
            networks: Json::default(),
        }
    }

    /// What is wrong with it: one sentence for each thing.
    fn check(&self) -> Result<()> {
        let mut wrong = Vec::new();
        let length = self.name.chars().count();
        if self.name.trim() != self.name || length == 0 || length > LONGEST_NAME {
            wrong.push(format!(
                "The name must have between 1 and {LONGEST_NAME} characters, with no spaces around them."
            ));
        }
        let friendly = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.slug.is_empty() || self.slug.len() > LONGEST_SLUG || !self.slug.chars().all(friendly) {
            wrong.push(format!(
                "The name in the address must have between 1 and {LONGEST_SLUG} characters: small letters, digits and -."
            ));
        }
        if self.rate.is_some_and(|rate| !(1..=FASTEST).contains(&rate)) {
            wrong.push(format!("The limit must be between 1 and {FASTEST} requests per second."));
        }
        if self.networks.0.len() > MOST_NETWORKS {
            wrong.push(format!("There may be {MOST_NETWORKS} networks at most."));
        }
        if wrong.is_empty() { Ok(()) } else { Err(Error::invalid(wrong)) }
    }

    async fn ensure_free(&self, tx: &mut Read, except: Option<i64>) -> Result<()> {
        let found: Option<(bool,)> = tx
            .optional(sql!(
                "SELECT name = $1 FROM scim_connections WHERE (name = $1 OR slug = $2)
                 AND (CAST($3 AS BIGINT) IS NULL OR id <> $3)",
                &self.name,
                &self.slug,
                except
            ))
            .await?;
        let what = match found {
            None => return Ok(()),
            Some((true,)) => format!("name \"{}\"", self.name),
            Some((false,)) => format!("name \"{}\" in its address", self.slug),
        };
        Err(Error::rejected(Kind::NameExists, format!("There is a connection with the {what} already.")))
    }
}

/// Makes a connection. It is off, and has no token.
pub async fn create(tx: &mut Change, setup: &Setup) -> Result<Connection> {
    setup.check()?;
    setup.ensure_free(tx, None).await?;
    let (count,): (i64,) = tx.one(sql!("SELECT COUNT(*) FROM scim_connections")).await?;
    if count >= MOST {
        return Err(Error::limit("connection", MOST));
    }
    let now = tx.now();
    let (id,): (i64,) = tx
        .one(sql!(
            "INSERT INTO scim_connections (name, slug, provider, mode, patch_answer, on_match, unknown_members, rate,
                                           networks, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10) RETURNING id",
            &setup.name,
            &setup.slug,
            setup.provider.name(),
            setup.mode.name(),
            setup.patch_answer.name(),
            setup.on_match.name(),
            setup.unknown_members.name(),
            setup.rate,
            serde_json::to_string(&setup.networks)?,
            now
        ))
        .await?;
    let made = get(tx, id).await?;
    tx.record(Event::created(Fact::ScimConnectionCreated, &made));
    Ok(made)
}

/// Sets a connection up anew, if it is still in the `version` that was looked at. Nothing is recorded if nothing
/// differs.
pub async fn configure(tx: &mut Change, id: i64, version: Option<i64>, setup: &Setup) -> Result<Connection> {
    setup.check()?;
    let before = lock(tx, id).await?;
    if version.is_some_and(|version| version != before.version) {
        return Err(Error::rejected(
            Kind::Conflict,
            "Somebody else has changed this connection meanwhile: look at it again. Nothing was changed.",
        ));
    }
    if before.setup == *setup {
        return Ok(before);
    }
    setup.ensure_free(tx, Some(id)).await?;
    let now = tx.now();
    tx.execute(sql!(
        "UPDATE scim_connections SET name = $2, slug = $3, provider = $4, mode = $5, patch_answer = $6, on_match = $7,
                unknown_members = $8, rate = $9, networks = $10, updated_at = $11, version = version + 1 WHERE id = $1",
        id,
        &setup.name,
        &setup.slug,
        setup.provider.name(),
        setup.mode.name(),
        setup.patch_answer.name(),
        setup.on_match.name(),
        setup.unknown_members.name(),
        setup.rate,
        serde_json::to_string(&setup.networks)?,
        now
    ))
    .await?;
    changed(tx, &before).await
}

async fn changed(tx: &mut Change, before: &Connection) -> Result<Connection> {
    let after = get(tx, before.id).await?;
    tx.record(Event::updated(Fact::ScimConnectionUpdated, before, &after));
    Ok(after)
}

/// Lets an identity provider in, or shuts it out. Letting it in takes a proven way back in, so that it can never
/// lock everybody out of administration.
pub async fn enable(tx: &mut Change, id: i64, enabled: bool) -> Result<()> {
    let before = lock(tx, id).await?;
    if before.enabled == enabled {
        return Ok(());
    }
    if enabled && !admins::way_back_in(tx).await? {
        return Err(Error::rejected(Kind::Conflict, format!("Provisioning cannot be enabled. {UNSAFE}")));
    }
    turn(tx, &Connection { enabled, ..before.clone() }).await?;
    let state = |enabled: bool| json!({ "id": "scim", "connection": id, "enabled": enabled });
    tx.record(Event::updated(Fact::SettingUpdated, &state(before.enabled), &state(enabled)));
    Ok(())
}

/// Holds all calls of a connection up, or takes them again. Whom it manages stays managed.
pub async fn pause(tx: &mut Change, id: i64, paused: bool) -> Result<()> {
    let before = lock(tx, id).await?;
    if before.paused == paused {
        return Ok(());
    }
    turn(tx, &Connection { paused, ..before.clone() }).await?;
    changed(tx, &before).await.map(drop)
}

/// Begins to answer all calls of a connection without doing what they ask for, or ends that.
pub async fn rehearse(tx: &mut Change, id: i64, dry_run: bool) -> Result<()> {
    let before = lock(tx, id).await?;
    if before.dry_run == dry_run {
        return Ok(());
    }
    turn(tx, &Connection { dry_run, ..before.clone() }).await?;
    changed(tx, &before).await.map(drop)
}

/// Stores whether calls get in, wait, or change nothing.
async fn turn(tx: &mut Change, it: &Connection) -> Result<()> {
    let now = tx.now();
    tx.execute(sql!(
        "UPDATE scim_connections SET enabled = $2, paused = $3, dry_run = $4, updated_at = $5, version = version + 1
         WHERE id = $1",
        it.id,
        it.enabled,
        it.paused,
        it.dry_run,
        now
    ))
    .await
    .map(drop)
}
