//! What a fact of the record tells a receiver: about whom, and which events.

use anyhow::anyhow;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::kind::Kind;
use super::note::{Signal, Verb};
use super::receiver::Receiver;
use crate::clock::Time;
use crate::db::Read;
use crate::error::{Error, Result};
use crate::events::Fact;
use crate::provisioning::connection;
use crate::provisioning::members;
use crate::provisioning::resource::{Noun, find};
use crate::sql;

/// A group with more members than this is told without them.
const MOST_MEMBERS: i64 = 1000;

/// A fact that may tell something.
#[derive(sqlx::FromRow)]
pub(super) struct Row {
    pub(super) id: i64,
    pub(super) r#type: String,
    pub(super) created_at: Time,
    pub(super) data: Option<String>,
    pub(super) pre_data: Option<String>,
    pub(super) signal: String,
    pub(super) group_id: Option<String>,
}

impl Row {
    /// Reads what was written with the fact.
    fn read<T: DeserializeOwned>(&self, text: &str) -> Result<T> {
        serde_json::from_str(text).map_err(|error| {
            Error::internal(anyhow!("fact {} of the record cannot be read: {error}", self.id))
        })
    }

    /// The states after and before, where they say whom it is about, or what turn it is.
    fn states(&self) -> Result<(Value, Value)> {
        let telling = [Fact::UserDeleted, Fact::GroupDeleted, Fact::AdminRetained, Fact::UserUpdated];
        if !Fact::named(&self.r#type).is_some_and(|fact| telling.contains(&fact)) {
            return Ok((Value::Null, Value::Null));
        }
        let state = |text: &Option<String>| text.as_deref().map_or(Ok(Value::Null), |text| self.read(text));
        Ok((state(&self.data)?, state(&self.pre_data)?))
    }
}

/// What is told.
pub(super) struct Statement {
    /// What request it came of (RFC 9967 §2.2): the group of facts in the record, unless the client has another name
    /// for it.
    pub(super) txn: Option<String>,
    /// About whom (RFC 9967 §2.1).
    pub(super) subject: Value,
    /// What happened, by kind.
    pub(super) events: Map<String, Value>,
}

/// A provisioned resource, or one that was.
#[derive(sqlx::FromRow)]
#[expect(clippy::struct_field_names, reason = "they are columns")]
struct Subject {
    connection_id: i64,
    scim_id: String,
    external_id: Option<String>,
}

/// What happened to a subject by a fact alone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Removed,
    Released,
    Flipped(bool),
}

impl Turn {
    /// How it is told.
    const fn kind(self) -> Kind {
        match self {
            Self::Removed => Kind::Delete,
            Self::Released => Kind::FeedRemove,
            Self::Flipped(true) => Kind::Activate,
            Self::Flipped(false) => Kind::Deactivate,
        }
    }
}

/// What a receiver is told of a fact; nothing, if it is about nobody who is provisioned, or nothing that it takes.
pub(super) async fn statement(
    tx: &mut Read,
    row: &Row,
    to: &Receiver,
    issuer: &str,
) -> Result<Option<Statement>> {
    let signal: Signal = row.read(&row.signal)?;
    if signal.connection.is_some_and(|connection| !to.hears_of(connection)) {
        return Ok(None);
    }
    if signal.answer {
        return answer(tx, row, signal, to).await;
    }
    let (data, pre_data) = row.states()?;
    let turn = turn(&row.r#type, &data, &pre_data);
    let noun = match signal.noun.as_deref() {
        Some(name) => Noun::named(name),
        None if Fact::named(&row.r#type) == Some(Fact::GroupDeleted) => Some(Noun::Group),
        None => Some(Noun::User),
    };
    let Some(noun) = noun else { return Ok(None) };
    let takes = |kind: &Kind| to.takes(*kind);
    let added = signal.adopted.then_some(Kind::FeedAdd).filter(takes);
    let full = match signal.verb {
        Some(Verb::Create) => Some(Kind::CreateFull),
        Some(Verb::Put) => Some(Kind::PutFull),
        Some(Verb::Patch) | None => None,
    };
    let notice = signal.verb.and_then(|_| full.map_or(Some(Kind::PatchNotice), Kind::notice));
    let full = full.filter(takes);
    let notice = notice.filter(|_| full.is_none()).filter(takes);
    let turned = turn.map(Turn::kind).filter(takes);
    // Most facts tell most receivers nothing: whom they are about need not be looked up.
    if [added, full, notice, turned].iter().all(Option::is_none) {
        return Ok(None);
    }
    let Some(subject) = subject(tx, noun, &signal, turn, row.created_at, &data, &pre_data).await? else {
        return Ok(None);
    };
    if !to.hears_of(subject.connection_id) {
        return Ok(None);
    }
    let mut events = Map::new();
    if let Some(kind) = added {
        events.insert(kind.urn(), json!({}));
    }
    if let Some(kind) = full {
        // What is gone by now is told by its removal.
        if let Some((version, data)) = whole(tx, noun, &subject, issuer).await? {
            events.insert(kind.urn(), json!({ "version": tag(version), "data": data }));
        }
    }
    if let Some(kind) = notice {
        let version = signal.version.unwrap_or_default();
        events.insert(kind.urn(), json!({ "version": tag(version), "attributes": signal.attributes }));
    }
    if let Some(kind) = turned {
        events.insert(kind.urn(), json!({}));
    }
    if events.is_empty() {
        return Ok(None);
    }
    let mut about = json!({ "format": "scim", "uri": uri(noun, &subject.scim_id) });
    if let Some(external) = subject.external_id {
        about["externalId"] = external.into();
    }
    let txn = signal.txn.or_else(|| row.group_id.clone());
    Ok(Some(Statement { txn, subject: about, events }))
}

fn turn(fact: &str, data: &Value, pre_data: &Value) -> Option<Turn> {
    match Fact::named(fact)? {
        Fact::UserDeleted | Fact::GroupDeleted => Some(Turn::Removed),
        Fact::AdminRetained => (data["attempted"] == "delete").then_some(Turn::Released),
        Fact::UserUpdated => {
            let (before, after) = (pre_data["active"].as_bool()?, data["active"].as_bool()?);
            (before != after).then_some(Turn::Flipped(after))
        }
        _ => None,
    }
}

/// About whom a fact is: the signal says, or else who had the account, or the group, at that time.
async fn subject(
    tx: &mut Read,
    noun: Noun,
    signal: &Signal,
    turn: Option<Turn>,
    at: Time,
    data: &Value,
    pre_data: &Value,
) -> Result<Option<Subject>> {
    if let (Some(connection_id), Some(scim_id)) = (signal.connection, &signal.id) {
        let external: Option<(Option<String>,)> = tx
            .optional(sql!(
                "SELECT external_id FROM scim_users WHERE scim_id = $1
                 UNION ALL SELECT external_id FROM scim_groups WHERE scim_id = $1
                 UNION ALL SELECT external_id FROM scim_tombstones WHERE scim_id = $1",
                scim_id
            ))
            .await?;
        let external_id = external.and_then(|(id,)| id);
        return Ok(Some(Subject { connection_id, scim_id: scim_id.clone(), external_id }));
    }
    let id = match turn {
        Some(Turn::Removed) => pre_data["id"].as_i64(),
        Some(Turn::Released) => data["user"]["id"].as_i64(),
        Some(Turn::Flipped(_)) => data["id"].as_i64(),
        None => None,
    };
    let Some(id) = id else { return Ok(None) };
    if let Some(Turn::Flipped(_)) = turn {
        return tx
            .optional(sql!(
                "SELECT connection_id, scim_id, external_id FROM scim_users WHERE user_id = $1 AND created_at <= $2
                 UNION ALL
                 SELECT connection_id, scim_id, external_id FROM scim_tombstones
                 WHERE local_id = $1 AND resource_type = 'User' AND deleted_at >= $2",
                id,
                at
            ))
            .await;
    }
    tx.optional(sql!(
        "SELECT connection_id, scim_id, external_id FROM scim_tombstones
         WHERE local_id = $1 AND resource_type = $2 AND deleted_at = $3",
        id,
        noun.name(),
        at
    ))
    .await
}

/// The resource as it is now, and its version; none if it is gone.
async fn whole(tx: &mut Read, noun: Noun, subject: &Subject, issuer: &str) -> Result<Option<(i64, Value)>> {
    let Some(found) = find(tx, noun, subject.connection_id, &subject.scim_id).await? else { return Ok(None) };
    let base = connection::url(issuer, &connection::get(tx, subject.connection_id).await?);
    let location = |noun: Noun, id: &str| format!("{base}{}", uri(noun, id));
    let mut data = found.document.clone();
    data.insert("id".to_owned(), found.scim_id.clone().into());
    if noun == Noun::Group {
        let mut inside = members::inside(tx, subject.connection_id, &[found.local_id], MOST_MEMBERS).await?;
        if let Some(inside) = inside.remove(&found.local_id) {
            let one = |noun: Noun, id: &str| json!({ "value": id, "type": noun.name(), "$ref": location(noun, id) });
            let users = inside.users.iter().map(|it| one(Noun::User, &it.scim_id));
            let groups = inside.groups.iter().map(|it| one(Noun::Group, &it.scim_id));
            data.insert("members".to_owned(), users.chain(groups).collect());
        }
    }
    let meta = json!({
        "resourceType": noun.name(),
        "created": found.created_at,
        "lastModified": found.updated_at,
        "location": location(noun, &found.scim_id),
        "version": tag(found.version),
    });
    data.insert("meta".to_owned(), meta);
    Ok(Some((found.version, Value::Object(data))))
}

/// What came of a request whose client did not wait.
async fn answer(tx: &mut Read, row: &Row, signal: Signal, to: &Receiver) -> Result<Option<Statement>> {
    if signal.connection.is_none() || !to.takes(Kind::Answer) {
        return Ok(None);
    }
    let Some(txn) = signal.txn else { return Ok(None) };
    let found: Option<(String, String)> =
        tx.optional(sql!("SELECT subject, answer FROM scim_answers WHERE txn = $1", &txn)).await?;
    let Some((uri, answer)) = found else { return Ok(None) };
    let mut events = Map::new();
    events.insert(Kind::Answer.urn(), row.read(&answer)?);
    Ok(Some(Statement { txn: Some(txn), subject: json!({ "format": "scim", "uri": uri }), events }))
}

fn uri(noun: Noun, id: &str) -> String {
    match noun {
        Noun::User => format!("/Users/{id}"),
        Noun::Group => format!("/Groups/{id}"),
    }
}

/// A version as SCIM writes it.
fn tag(version: i64) -> String {
    format!("W/\"{version}\"")
}
