//! Invite links: whoever has one makes themselves an account, as a viewer.
//!
//! Only the digest of a link's secret is stored; its selector names it to admins afterwards.

use std::time::Duration;

use serde::Serialize;
use serde_json::json;

use super::password::{self, Passwords};
use super::token::mint;
use super::user::{self, NewUser, User};
use crate::access::{Granted, Root, SignedIn};
use crate::clock::Time;
use crate::db::{Db, Read};
use crate::entropy::{Entropy, digest};
use crate::error::{Error, Kind, Result};
use crate::events::{Change, Event, Fact};
use crate::sql;

/// The longest time that a link works.
const LONGEST_LIFE: Duration = Duration::from_hours(30 * 24);
/// How many links there may be.
const MOST: i64 = 100;
/// The root role of whoever signs up.
pub const VIEWER: i64 = 3;

/// An invite link, without its secret.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// Its number.
    #[serde(skip)]
    pub id: i64,
    /// What names it, in place of the secret.
    pub selector: String,
    /// What people call it.
    pub name: String,
    /// Whether it works.
    pub enabled: bool,
    /// When it stops working.
    pub expires_at: Time,
    /// When it was made.
    pub created_at: Time,
    /// Who made it.
    pub created_by: Option<String>,
}

/// Somebody who wants an account.
#[derive(Clone)]
pub struct Newcomer {
    /// The name that people see.
    pub name: String,
    /// The user name.
    pub username: Option<String>,
    /// The e-mail address.
    pub email: String,
    /// The password.
    pub password: String,
}

/// All links.
pub async fn list(tx: &mut Read) -> Result<Vec<Link>> {
    tx.all(sql!(
        "SELECT id, selector, name, enabled, expires_at, created_at, created_by FROM invite_links ORDER BY id"
    ))
    .await
}

/// The link with this selector or whole secret.
pub async fn get(tx: &mut Read, text: &str) -> Result<Link> {
    let found: Option<Link> = tx
        .optional(sql!(
            "SELECT id, selector, name, enabled, expires_at, created_at, created_by FROM invite_links
             WHERE selector = $1 OR digest = $2",
            text,
            digest(text)
        ))
        .await?;
    found.ok_or_else(|| Error::not_found("Could not find public signup token."))
}

/// Somebody who came by a link.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Guest {
    /// By which.
    pub link_id: i64,
    /// The user's number.
    pub id: i64,
    /// The name that people see.
    pub name: Option<String>,
    /// The user name.
    pub username: Option<String>,
}

/// Everybody who came by a link and is still here.
pub async fn guests(tx: &mut Read) -> Result<Vec<Guest>> {
    tx.all(sql!(
        "SELECT i.link_id, u.id, u.name, u.username FROM invited_users i JOIN users u ON u.id = i.user_id
         WHERE u.deleted_at IS NULL ORDER BY i.link_id, u.id"
    ))
    .await
}

/// Of those who came by each link and are still here: the first `each`, with how many there are.
pub async fn first_guests(tx: &mut Read, each: i64) -> Result<Vec<(Guest, i64)>> {
    let found: Vec<First> = tx
        .all(sql!(
            "SELECT link_id, id, name, username, total FROM (
                 SELECT i.link_id, u.id, u.name, u.username, COUNT(*) OVER (PARTITION BY i.link_id) AS total,
                        ROW_NUMBER() OVER (PARTITION BY i.link_id ORDER BY u.id) AS nth
                 FROM invited_users i JOIN users u ON u.id = i.user_id WHERE u.deleted_at IS NULL
             ) AS came WHERE nth <= $1 ORDER BY link_id, id",
            each
        ))
        .await?;
    Ok(found.into_iter().map(|First { guest, total }| (guest, total)).collect())
}

#[derive(sqlx::FromRow)]
struct First {
    #[sqlx(flatten)]
    guest: Guest,
    total: i64,
}

/// Makes a link, which works for a month at most; the secret is returned once.
pub async fn create(
    tx: &mut Change,
    entropy: &Entropy,
    name: &str,
    expires_at: Time,
) -> Result<(Link, String)> {
    if name.chars().count() > 255 {
        return Err(Error::bad_data("The name must have 255 characters at most."));
    }
    let expires_at = expiry(tx.now(), expires_at)?;
    let (count,): (i64,) = tx.one(sql!("SELECT COUNT(*) FROM invite_links")).await?;
    if count >= MOST {
        return Err(Error::rejected(
            Kind::ExceedsLimit,
            format!(
                "Failed to create invite link. You can't create more than the established limit of {MOST}."
            ),
        ));
    }
    let (selector, secret) = mint(entropy, "");
    let (now, author) = (tx.now(), tx.actor().name.clone());
    tx.execute(sql!(
        "INSERT INTO invite_links (name, selector, digest, expires_at, created_at, created_by)
         VALUES ($1, $2, $3, $4, $5, $6)",
        name,
        &selector,
        digest(&secret),
        expires_at,
        now,
        author
    ))
    .await?;
    let link = get(tx, &selector).await?;
    tx.record(Event::created(Fact::SignupLinkCreated, &link));
    Ok((link, secret))
}

/// Changes whether, and until when, a link works.
pub async fn update(
    tx: &mut Change,
    text: &str,
    enabled: Option<bool>,
    expires_at: Option<Time>,
) -> Result<Link> {
    let before = get(tx, text).await?;
    let expires_at = expires_at.map(|at| expiry(tx.now(), at)).transpose()?;
    let after = Link {
        enabled: enabled.unwrap_or(before.enabled),
        expires_at: expires_at.unwrap_or(before.expires_at),
        ..before.clone()
    };
    tx.execute(sql!(
        "UPDATE invite_links SET enabled = $2, expires_at = $3 WHERE id = $1",
        after.id,
        after.enabled,
        after.expires_at
    ))
    .await?;
    tx.record(Event::updated(Fact::SignupLinkUpdated, &before, &after));
    Ok(after)
}

fn expiry(now: Time, wanted: Time) -> Result<Time> {
    if wanted <= now {
        return Err(Error::bad_data("The expiry must lie in the future."));
    }
    Ok(wanted.min(now.plus(LONGEST_LIFE)))
}

/// The link with this secret, if it works.
pub async fn find_open(tx: &mut Read, secret: &str, now: Time) -> Result<Link> {
    let found: Option<Link> = tx
        .optional(sql!(
            "SELECT id, selector, name, enabled, expires_at, created_at, created_by FROM invite_links WHERE digest = $1",
            digest(secret)
        ))
        .await?;
    let open = found.filter(|link| link.enabled && link.expires_at > now);
    open.ok_or_else(|| Error::bad_data("The invite link is unknown, was switched off, or has expired."))
}

/// Makes an account for somebody who has the secret of a link.
pub async fn accept(
    db: &Db,
    passwords: &Passwords,
    secret: &str,
    newcomer: Newcomer,
    now: Time,
) -> Result<User> {
    let hash = password::accept(passwords, &newcomer.password, Vec::new()).await?;
    // The link is the proof: an admin made it for newcomers.
    let grant = Granted::<SignedIn>::system("invite link", Root);
    let mut tx = db.change(&grant, now).await?;
    // Whoever switches the link off waits until this is done, or this waits and finds it off.
    tx.execute(sql!("UPDATE invite_links SET enabled = enabled WHERE digest = $1", digest(secret))).await?;
    let link = find_open(&mut tx, secret, now).await?;
    let new = NewUser {
        name: Some(newcomer.name),
        username: newcomer.username,
        email: Some(newcomer.email),
        root_role: VIEWER,
        password_hash: Some(hash.clone()),
        is_service: false,
    };
    let user = user::create(&mut tx, new).await?;
    password::set(&mut tx, user.id, &hash, None).await?;
    tx.execute(sql!("INSERT INTO invited_users (link_id, user_id) VALUES ($1, $2)", link.id, user.id))
        .await?;
    let state = json!({ "selector": link.selector, "name": link.name, "userId": user.id });
    tx.record(Event::created(Fact::SignupLinkUsed, &state));
    tx.commit().await?;
    Ok(user)
}
