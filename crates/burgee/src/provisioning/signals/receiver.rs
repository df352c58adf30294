//! Receivers: who is told, of which connections, what, and how.

use serde::Serialize;
use serde_json::Value;

use super::kind::Kind;
use crate::clock::Time;
use crate::db::{Db, Json, Read};
use crate::entropy::{Entropy, digest};
use crate::error::{Error, Kind as Why, Result};
use crate::events::{Change, Event, Fact};
use crate::outbound;
use crate::provisioning::connection;
use crate::sql;

/// How many receivers there may be.
const MOST: i64 = 50;
/// The longest name, audience and header, in characters.
const LONGEST: usize = 100;
const LONGEST_AUDIENCE: usize = 500;
const LONGEST_HEADER: usize = 8000;
/// What tokens of receivers begin with.
const MARK: &str = "bge_";
/// How many characters of a token are shown.
const SHOWN: usize = 12;

/// How events get to a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Delivery {
    /// They are sent, one by one (RFC 8935).
    Push,
    /// The receiver fetches them (RFC 8936).
    Poll,
}

impl Delivery {
    /// As it is stored and sent.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Poll => "poll",
        }
    }
}

impl TryFrom<String> for Delivery {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let found = [Self::Push, Self::Poll].into_iter().find(|it| it.name() == text);
        found.ok_or_else(|| format!("\"{text}\" is no way to deliver events"))
    }
}

/// A receiver, without what it shows, or is shown, as a secret.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Receiver {
    /// Its number.
    pub id: i64,
    /// The connection that it is told of; all, if none.
    pub connection_id: Option<i64>,
    /// What people call it.
    pub name: String,
    /// How events get there.
    #[sqlx(try_from = "String")]
    pub delivery: Delivery,
    /// Where they are pushed to.
    pub endpoint: Option<String>,
    /// Whether an `Authorization` header is sent.
    pub has_header: bool,
    /// How its token begins, if it fetches events.
    pub prefix: Option<String>,
    /// Whom events are for.
    pub audience: String,
    /// What it is told.
    #[sqlx(try_from = "String")]
    pub kinds: Json<Vec<Kind>>,
    /// Whether it is told anything.
    pub enabled: bool,
    /// When it was made.
    pub created_at: Time,
    /// Rises with every change.
    pub version: i64,
}

impl Receiver {
    /// True if it is told of events of this kind.
    pub(super) fn takes(&self, kind: Kind) -> bool {
        self.kinds.0.contains(&kind)
    }

    /// Where events are pushed to, as people and the record see it: values in a query may be secrets.
    pub fn shown(&self) -> Option<String> {
        self.endpoint.as_deref().map(outbound::masked)
    }

    /// As it is recorded.
    fn state(&self) -> Result<Value> {
        let mut state = serde_json::to_value(self)?;
        state["endpoint"] = self.shown().into();
        Ok(state)
    }

    /// True if it is told of this connection.
    pub(super) fn hears_of(&self, connection: i64) -> bool {
        self.connection_id.is_none_or(|own| own == connection)
    }
}

macro_rules! columns {
    () => {
        "r.id, r.connection_id, r.name, r.delivery, r.endpoint, (r.header IS NOT NULL) AS has_header, r.prefix, r.audience, \
         r.kinds, r.enabled, r.created_at, r.version"
    };
}

/// What becomes of the `Authorization` header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Header {
    /// It stays as it is.
    #[default]
    Same,
    /// None is sent.
    None,
    /// This one is sent.
    New(String),
}

impl Header {
    /// The one that is sent from now on, if it is another one.
    fn value(&self) -> Option<&str> {
        match self {
            Self::New(value) => Some(value),
            Self::Same | Self::None => None,
        }
    }
}

/// A receiver as somebody wants it.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What people call it.
    pub name: String,
    /// The connection that it is told of; all, if none.
    pub connection: Option<i64>,
    /// How events get there. It stays as it was made.
    pub delivery: Delivery,
    /// Where they are pushed to.
    pub endpoint: Option<String>,
    /// The `Authorization` header for pushed events.
    pub header: Header,
    /// Whom events are for (`aud`).
    pub audience: String,
    /// What it is told.
    pub kinds: Vec<Kind>,
    /// Whether it is told anything.
    pub enabled: bool,
}

impl Draft {
    /// What is wrong with it, all at once.
    fn check(&self) -> Result<()> {
        let mut wrong = Vec::new();
        let within = |text: &str, most: usize| {
            !text.trim().is_empty() && text.chars().count() <= most && !text.chars().any(char::is_control)
        };
        if !within(&self.name, LONGEST) {
            wrong.push(format!("The name must have between 1 and {LONGEST} characters."));
        }
        if !within(&self.audience, LONGEST_AUDIENCE) {
            wrong.push(format!("The audience must have between 1 and {LONGEST_AUDIENCE} characters."));
        }
        match (self.delivery, &self.endpoint) {
            (Delivery::Push, Some(endpoint)) => {
                if let Err(why) = outbound::check(endpoint) {
                    wrong.push(format!("The endpoint {why}."));
                }
            }
            (Delivery::Push, None) => {
                wrong.push("The endpoint is missing: where are events pushed to?".to_owned());
            }
            (Delivery::Poll, Some(_)) => {
                wrong.push("The endpoint has no use where the receiver fetches events.".to_owned());
            }
            (Delivery::Poll, None) => {}
        }
        if let Header::New(value) = &self.header {
            let sendable = !value.is_empty()
                && value.len() <= LONGEST_HEADER
                && value.bytes().all(|b| (32..127).contains(&b));
            if !sendable || self.delivery == Delivery::Poll {
                wrong.push(format!(
                    "The Authorization header is for pushed events, and has at most {LONGEST_HEADER} characters of ASCII."
                ));
            }
        }
        if self.kinds.is_empty() {
            wrong.push("Choose at least one of the events.".to_owned());
        }
        let twice = |kind: &Kind| kind.notice().is_some_and(|notice| self.kinds.contains(&notice));
        if let Some(kind) = self.kinds.iter().find(|kind| twice(kind)) {
            wrong.push(format!("Choose one of the events {} and its notice, not both.", kind.name()));
        }
        if wrong.is_empty() { Ok(()) } else { Err(Error::invalid(wrong)) }
    }

    /// In the order in which they are listed, each once.
    fn kinds(&self) -> Result<String> {
        let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| self.kinds.contains(kind)).collect();
        Ok(serde_json::to_string(&kinds)?)
    }
}

/// All receivers, in the order in which they were made.
pub async fn list(tx: &mut Read) -> Result<Vec<Receiver>> {
    tx.all(sql!(concat!("SELECT ", columns!(), " FROM scim_receivers r ORDER BY r.id"))).await
}

/// One receiver.
pub async fn get(tx: &mut Read, id: i64) -> Result<Receiver> {
    find(tx, id).await?.ok_or_else(|| Error::not_found("There is no such receiver."))
}

/// One receiver, if it is still there.
pub(super) async fn find(tx: &mut Read, id: i64) -> Result<Option<Receiver>> {
    tx.optional(sql!(concat!("SELECT ", columns!(), " FROM scim_receivers r WHERE r.id = $1"), id)).await
}

/// The receiver that fetches events with this token, if it is told anything.
pub async fn by_token(db: &Db, token: &str) -> Result<Option<Receiver>> {
    db.glance(sql!(
        concat!("SELECT ", columns!(), " FROM scim_receivers r WHERE r.digest = $1 AND r.enabled = TRUE"),
        digest(token)
    ))
    .await
}

/// What anybody is told of a connection.
pub async fn taken(tx: &mut Read, connection: i64) -> Result<Vec<Kind>> {
    let all = list(tx).await?;
    let told = |kind: &Kind| all.iter().any(|it| it.enabled && it.hears_of(connection) && it.takes(*kind));
    Ok(Kind::ALL.into_iter().filter(told).collect())
}

/// The `Authorization` header that goes with pushed events.
pub(super) async fn header(tx: &mut Read, id: i64) -> Result<Option<String>> {
    let found: Option<(Option<String>,)> =
        tx.optional(sql!("SELECT header FROM scim_receivers WHERE id = $1", id)).await?;
    Ok(found.and_then(|(header,)| header))
}

/// Makes a receiver. It is told what happens from now on. One that fetches events gets a token, which is returned once.
pub async fn create(tx: &mut Change, entropy: &Entropy, draft: &Draft) -> Result<(Receiver, Option<String>)> {
    draft.check()?;
    ensure_free(tx, &draft.name, None).await?;
    if let Some(id) = draft.connection {
        connected(tx, id).await?;
    }
    let (count,): (i64,) = tx.one(sql!("SELECT COUNT(*) FROM scim_receivers")).await?;
    if count >= MOST {
        return Err(Error::limit("receiver", MOST));
    }
    let token = (draft.delivery == Delivery::Poll).then(|| minted(entropy));
    let now = tx.now();
    let (id,): (i64,) = tx
        .one(sql!(
            "INSERT INTO scim_receivers (connection_id, name, delivery, endpoint, header, digest, prefix, audience, kinds,
                                         enabled, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id",
            draft.connection,
            draft.name.trim(),
            draft.delivery.name(),
            draft.endpoint.as_deref(),
            draft.header.value(),
            token.as_deref().map(digest),
            token.as_deref().map(|token| &token[..SHOWN]),
            draft.audience.trim(),
            draft.kinds()?,
            draft.enabled,
            now
        ))
        .await?;
    tx.execute(sql!(
        "INSERT INTO scim_receiver_states (receiver_id, position) SELECT CAST($1 AS BIGINT), COALESCE(MAX(id), 0) FROM events",
        id
    ))
    .await?;
    let made = get(tx, id).await?;
    tx.record(Event::created(Fact::ScimReceiverCreated, &made.state()?));
    Ok((made, token))
}

/// Changes a receiver, if it is still in the `version` that was looked at. A header is not sent to a place that it was
/// not given for. An endpoint as it is [shown](Receiver::shown) is the one that there is.
pub async fn update(tx: &mut Change, id: i64, version: Option<i64>, draft: &Draft) -> Result<Receiver> {
    draft.check()?;
    let present = get(tx, id).await?.connection_id;
    let before = lock(tx, id, draft.connection.filter(|_| draft.connection != present)).await?;
    if version.is_some_and(|version| version != before.version) {
        return Err(Error::rejected(
            Why::Conflict,
            "Somebody else has changed this receiver meanwhile: look at it again. Nothing was changed.",
        ));
    }
    if draft.delivery != before.delivery {
        return Err(Error::bad_data("How events get there cannot be changed: make another receiver."));
    }
    let endpoint = if draft.endpoint == before.shown() { &before.endpoint } else { &draft.endpoint };
    if before.has_header && draft.header == Header::Same && *endpoint != before.endpoint {
        return Err(Error::bad_data(
            "The endpoint is another one: give the Authorization header again, or say that none is sent.",
        ));
    }
    if *endpoint != before.endpoint && endpoint.as_deref().is_some_and(|it| it.contains("***")) {
        return Err(Error::bad_data("The endpoint is another one: give the values in its query again."));
    }
    ensure_free(tx, &draft.name, Some(id)).await?;
    if draft.header != Header::Same {
        tx.execute(sql!("UPDATE scim_receivers SET header = $2 WHERE id = $1", id, draft.header.value()))
            .await?;
    }
    tx.execute(sql!(
        "UPDATE scim_receivers SET connection_id = $2, name = $3, endpoint = $4, audience = $5, kinds = $6, enabled = $7,
                version = version + 1 WHERE id = $1",
        id,
        draft.connection,
        draft.name.trim(),
        endpoint.as_deref(),
        draft.audience.trim(),
        draft.kinds()?,
        draft.enabled
    ))
    .await?;
    changed(tx, &before).await
}

/// Begins to tell a receiver, or ends that. What happens meanwhile waits for it.
pub async fn enable(tx: &mut Change, id: i64, enabled: bool) -> Result<Receiver> {
    let before = lock(tx, id, None).await?;
    if before.enabled == enabled {
        return Ok(before);
    }
    tx.execute(sql!(
        "UPDATE scim_receivers SET enabled = $2, version = version + 1 WHERE id = $1",
        id,
        enabled
    ))
    .await?;
    changed(tx, &before).await
}

/// Gives a receiver that fetches events another token, which is returned once. The one before stops working.
pub async fn new_token(tx: &mut Change, entropy: &Entropy, id: i64) -> Result<(Receiver, String)> {
    let before = lock(tx, id, None).await?;
    if before.delivery == Delivery::Push {
        return Err(Error::bad_data("This receiver fetches nothing: events are pushed to it."));
    }
    let token = minted(entropy);
    tx.execute(sql!(
        "UPDATE scim_receivers SET digest = $2, prefix = $3, version = version + 1 WHERE id = $1",
        id,
        digest(&token),
        &token[..SHOWN]
    ))
    .await?;
    Ok((changed(tx, &before).await?, token))
}

/// Removes a receiver, and returns what it was. Whatever waits for it is not told any more.
pub async fn delete(tx: &mut Change, id: i64) -> Result<Receiver> {
    let before = lock(tx, id, None).await?;
    tx.execute(sql!("DELETE FROM scim_receivers WHERE id = $1", id)).await?;
    tx.record(Event::deleted(Fact::ScimReceiverDeleted, &before.state()?));
    Ok(before)
}

/// A new token of a receiver that fetches events.
fn minted(entropy: &Entropy) -> String {
    format!("{MARK}{}", entropy.hex::<32>())
}

/// Where events are fetched from a server that is reached under this address.
pub fn poll_url(issuer: &str) -> String {
    format!("{issuer}/scim/events/poll")
}

async fn changed(tx: &mut Change, before: &Receiver) -> Result<Receiver> {
    // Whoever set it up anew wants to see whether it works now.
    tx.execute(sql!(
        "UPDATE scim_receiver_states SET failures = 0, next_at = 0 WHERE receiver_id = $1",
        before.id
    ))
    .await?;
    let after = get(tx, before.id).await?;
    tx.record(Event::updated(Fact::ScimReceiverUpdated, &before.state()?, &after.state()?));
    Ok(after)
}

/// Keeps everybody else from changing a receiver, and the connection that it will be told of from now on, until the
/// transaction ends. Whoever removes a connection holds it, and waits for its receivers: so it comes first here, too.
pub async fn lock(tx: &mut Change, id: i64, connection: Option<i64>) -> Result<Receiver> {
    if let Some(connection) = connection {
        connected(tx, connection).await?;
    }
    let _: Option<(i64,)> =
        tx.optional(sql!("SELECT id FROM scim_receivers WHERE id = $1{lock}", id)).await?;
    get(tx, id).await
}

/// Locks a connection that somebody is to be told of.
async fn connected(tx: &mut Change, id: i64) -> Result<()> {
    connection::lock(tx, id).await.map(drop).map_err(|error| match error.kind() {
        Some(Why::NotFound) => Error::bad_data("There is no such connection."),
        _ => error,
    })
}

async fn ensure_free(tx: &mut Read, name: &str, except: Option<i64>) -> Result<()> {
    let found: Option<(i64,)> = tx
        .optional(sql!(
            "SELECT id FROM scim_receivers WHERE name = $1 AND (CAST($2 AS BIGINT) IS NULL OR id <> $2)",
            name.trim(),
            except
        ))
        .await?;
    match found {
        None => Ok(()),
        Some(_) => Err(Error::rejected(
            Why::NameExists,
            format!("There is a receiver with the name \"{}\" already.", name.trim()),
        )),
    }
}
