//! Provisioned users: created or adopted, changed, deactivated, removed.
//!
//! The document is what the identity provider wants; the account behind it is what holds. They differ where the last
//! admin stays active, where a removal is [held](super::hold), and where people changed something ([`super::drift`]).

use burgee_scim::{Object, USER, fold, leaves};
use serde_json::{Value, json};

use super::connection::{Connection, OnMatch};
use super::giving;
use super::guard;
use super::hold::{self, Kind as Removal};
use super::profile::Profile;
use super::resource::{Noun, Provisioned, kept, taken, text};
use super::signals;
use crate::access::admins;
use crate::clock::Time;
use crate::db::{Read, Sql};
use crate::entropy::{Entropy, digest};
use crate::error::{Error, Kind, Result};
use crate::events::{Change, Event, Fact};
use crate::people::user::{self, Edit, NewUser};
use crate::sql;

/// Longer texts are indexed by a beginning of about this many bytes and a digest, and kept whole beside it.
const LONGEST_KEY: usize = 900;

/// A user who was just provisioned.
pub struct Created {
    /// The user.
    pub user: Provisioned,
    /// True if the account was there before. A new one is in no group yet.
    pub adopted: bool,
}

/// Provisions a user. Somebody who already has an account that no identity provider manages, with the same user name
/// or e-mail address, is adopted: roles and memberships stay; where the connection adopts nobody, that is a conflict.
pub async fn create(
    tx: &mut Change,
    entropy: &Entropy,
    on: &Connection,
    mut document: Object,
) -> Result<Created> {
    let connection = on.id;
    document.entry("active").or_insert(Value::Bool(true));
    let profile = Profile::of(&document);
    ensure_free(tx, connection, &document, None).await?;
    let mut here = adoptable(tx, &profile).await?;
    if let Some(id) = here {
        // Whom this connection has removed itself, and who is still here, comes back to it.
        let own = hold::had_removed(tx, connection, Some(id), None).await?;
        if on.setup.on_match == OnMatch::Conflict && !own {
            return Err(kept("user"));
        }
        hold::take_back_account(tx, connection, id).await?;
        // An admin may have removed them a moment ago.
        here = adoptable(tx, &profile).await?;
    }
    let (id, adopted) = match here {
        Some(id) => (id, true),
        None => (make(tx, on, &profile).await?, false),
    };
    let now = tx.now();
    let scim_id = entropy.ulid(now);
    let key = write(tx, connection, id, &scim_id, &document, now).await?;
    if adopted {
        adoption(tx, connection, id, &scim_id);
        // A link made before must not set a password now.
        tx.execute(sql!("DELETE FROM reset_tokens WHERE user_id = $1", id)).await?;
        giving::adopt(tx, on, id, &document).await?;
        align(tx, Word::Of(connection), id, None, &profile).await?;
    } else {
        if profile.active == Some(false) {
            align(tx, Word::Of(connection), id, None, &profile).await?;
        }
        giving::heed(tx, on, id, None, &document).await?;
    }
    let user =
        Provisioned { key, local_id: id, scim_id, document, version: 1, created_at: now, updated_at: now };
    Ok(Created { user, adopted })
}

/// Puts an account under a connection, with the id by which the identity provider knows it from another server. The
/// account stays as it is: `document` says what it is already.
pub async fn take_over(
    tx: &mut Change,
    connection: i64,
    account: i64,
    scim_id: &str,
    document: &Object,
    since: Time,
) -> Result<()> {
    ensure_free(tx, connection, document, None).await?;
    write(tx, connection, account, scim_id, document, since).await?;
    adoption(tx, connection, account, scim_id);
    signals::adopted(tx, connection, Noun::User, scim_id);
    Ok(())
}

/// Writes the resource and what filters search; tells its place in the connection's order.
async fn write(
    tx: &mut Change,
    connection: i64,
    account: i64,
    scim_id: &str,
    document: &Object,
    since: Time,
) -> Result<i64> {
    let profile = Profile::of(document);
    let now = tx.now();
    let (key,): (i64,) = tx
        .one(sql!(
            "INSERT INTO scim_users (user_id, connection_id, scim_id, external_id, user_name_ci, active, document,
                                     created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id",
            account,
            connection,
            scim_id,
            text(document, "externalId"),
            fold(&profile.username),
            profile.active.unwrap_or(true),
            serde_json::to_string(document)?,
            since,
            now
        ))
        .await?;
    index(tx, key, document).await?;
    Ok(key)
}

fn adoption(tx: &mut Change, connection: i64, account: i64, scim_id: &str) {
    let fact = json!({ "id": account, "scimId": scim_id, "connection": connection });
    tx.record(Event::created(Fact::UserAdopted, &fact));
}

/// Makes `next` the user's document. Nothing is recorded, and no version rises, if it is what it was and holds.
pub async fn change(
    tx: &mut Change,
    on: &Connection,
    current: Provisioned,
    next: Object,
) -> Result<Provisioned> {
    let profile = Profile::of(&next);
    if next == current.document && is_held(tx, current.local_id, &profile).await? {
        // The same words may mean more by now: a role may have come to be.
        giving::heed(tx, on, current.local_id, Some(&next), &next).await?;
        return Ok(current);
    }
    ensure_free(tx, on.id, &next, Some(current.key)).await?;
    let now = tx.now();
    let (version,): (i64,) = tx
        .one(sql!(
            "UPDATE scim_users SET external_id = $2, user_name_ci = $3, active = COALESCE($4, active), document = $5, updated_at = $6,
                                   version = version + 1 WHERE id = $1 RETURNING version",
            current.key,
            text(&next, "externalId"),
            fold(&profile.username),
            profile.active,
            serde_json::to_string(&next)?,
            now
        ))
        .await?;
    if leaves(&USER, &current.document) != leaves(&USER, &next) {
        tx.execute(sql!("DELETE FROM scim_leaves WHERE owner = $1", current.key)).await?;
        index(tx, current.key, &next).await?;
    }
    let before = Profile::of(&current.document);
    let account = align(tx, Word::Of(on.id), current.local_id, Some(&before), &profile).await?;
    giving::heed(tx, on, current.local_id, Some(&current.document), &next).await?;
    let changed = Provisioned { document: next, version, updated_at: now, ..current };
    if account {
        return Ok(changed);
    }
    // What changed shows in the document only: the record keeps which user it was.
    let fact = json!({ "id": changed.local_id, "scimId": changed.scim_id, "version": version });
    tx.record(Event::created(Fact::UserUpdated, &fact));
    Ok(changed)
}

/// Brings the account in line with what the identity provider last pushed, on an admin's word. False: it is already.
/// Refused if somebody else has the user name by now.
pub async fn repair(tx: &mut Change, user: &Provisioned) -> Result<bool> {
    let profile = Profile::of(&user.document);
    let other: Option<(i64,)> = tx
        .optional(sql!(
            "SELECT id FROM users WHERE username_ci = $1 AND id <> $2",
            fold(&profile.username),
            user.local_id
        ))
        .await?;
    if other.is_some() {
        let called = user::get(tx, user.local_id).await?.called();
        let message = format!(
            "{called} cannot have the user name “{}” again: another account has it.",
            profile.username
        );
        return Err(Error::rejected(Kind::Conflict, message));
    }
    align(tx, Word::Admin, user.local_id, Some(&profile), &profile).await
}

/// Removes a user: gone for the identity provider, names free again, all access ended. The record stays joined to
/// the tombstone; a new POST makes a new user without the old privileges. The last admin stays, and so does, for now,
/// whoever is in [hold](super::hold).
pub async fn delete(tx: &mut Change, connection: i64, user: &Provisioned) -> Result<()> {
    let id = user.local_id;
    // Their groups will change, too. Taken in one order, and before what others count.
    let _: Vec<(i64,)> = tx
        .all(sql!(
            "SELECT id FROM scim_groups WHERE group_id IN (SELECT group_id FROM group_users WHERE user_id = $1)
             ORDER BY id{lock}",
            id
        ))
        .await?;
    let last = admins::is_last(tx, id).await?;
    let account = user::get(tx, id).await?;
    if !last && !hold::keep_account(tx, connection, Removal::Delete, &account).await? {
        user::delete(tx, id).await?;
        return Ok(());
    }
    let now = tx.now();
    tx.execute(sql!(
        "UPDATE scim_groups SET version = version + 1, updated_at = $2
         WHERE group_id IN (SELECT group_id FROM group_users WHERE user_id = $1 AND unwanted = FALSE)",
        id,
        now
    ))
    .await?;
    tx.execute(sql!(
        "INSERT INTO scim_tombstones (scim_id, connection_id, resource_type, local_id, external_id, deleted_at)
         SELECT scim_id, connection_id, 'User', user_id, external_id, $2 FROM scim_users WHERE id = $1",
        user.key,
        now
    ))
    .await?;
    tx.execute(sql!("DELETE FROM scim_leaves WHERE owner = $1", user.key)).await?;
    tx.execute(sql!("DELETE FROM scim_users WHERE id = $1", user.key)).await?;
    if last {
        hold::take_back_account(tx, connection, id).await?;
        tx.execute(sql!("DELETE FROM scim_said WHERE user_id = $1", id)).await?;
        guard::retain(tx, id, "delete").await?;
    }
    Ok(())
}

/// The account that may be adopted: a person whom no identity provider manages.
async fn adoptable(tx: &mut Read, profile: &Profile) -> Result<Option<i64>> {
    // Each name by its own index, and first: SQLite would rather look at everybody.
    let found: Option<(i64,)> = tx
        .optional(sql!(
            "SELECT u.id
             FROM (SELECT id FROM users WHERE username_ci = $1 UNION SELECT id FROM users WHERE email_ci IN ($1, $2)) n
             CROSS JOIN users u
             WHERE u.id = n.id AND u.is_service = FALSE AND u.is_system = FALSE AND u.deleted_at IS NULL
               AND NOT EXISTS (SELECT 1 FROM scim_users s WHERE s.user_id = u.id)
             ORDER BY CASE WHEN u.username_ci = $1 THEN 0 ELSE 1 END, u.id",
            fold(&profile.username),
            profile.email.as_deref().map(fold)
        ))
        .await?;
    Ok(found.map(|(id,)| id))
}

async fn make(tx: &mut Change, on: &Connection, profile: &Profile) -> Result<i64> {
    let new = NewUser {
        name: profile.name.clone(),
        username: Some(profile.username.clone()),
        email: address(tx, profile, None).await?,
        root_role: on.giving.usual_role,
        password_hash: None,
        is_service: false,
    };
    Ok(user::provision(tx, new).await.map_err(as_scim)?.id)
}

/// The e-mail address that the account gets. Identity providers may give two people the same one (somebody's second
/// account for administration, say); an address belongs to one account only, so whoever comes later goes without.
pub(super) async fn address(tx: &mut Read, profile: &Profile, id: Option<i64>) -> Result<Option<String>> {
    let Some(email) = &profile.email else { return Ok(None) };
    let other: Option<(i64,)> = tx
        .optional(sql!(
            "SELECT id FROM users WHERE email_ci = $1 AND (CAST($2 AS BIGINT) IS NULL OR id <> $2)",
            fold(email),
            id
        ))
        .await?;
    Ok(profile.email.clone().filter(|_| other.is_none()))
}

/// By whose word an account is changed.
#[derive(Clone, Copy)]
enum Word {
    /// That of the identity provider behind a connection: a removal may have to wait.
    Of(i64),
    /// An admin's.
    Admin,
}

/// Brings the account in line with the profile; true if something was recorded. Its root role is never touched, and
/// an e-mail address of which the identity provider never spoke.
async fn align(
    tx: &mut Change,
    word: Word,
    id: i64,
    last: Option<&Profile>,
    profile: &Profile,
) -> Result<bool> {
    let recorded = tx.recorded();
    let before = user::get(tx, id).await?;
    let mut active = profile.active.unwrap_or(before.active);
    if matches!(word, Word::Admin) && hold::keeps_account(tx, id).await? {
        // Whether they lose their access is decided where it is held.
        active = before.active;
    }
    if before.active && !active {
        if admins::is_last(tx, id).await? {
            guard::retain(tx, id, "deactivate").await?;
            active = true;
        } else if let Word::Of(connection) = word {
            active = hold::keep_account(tx, connection, Removal::Deactivate, &before).await?;
        }
    } else if let (Word::Of(connection), Some(true)) = (word, profile.active)
        && last.is_some_and(|last| last.active == Some(false))
    {
        hold::take_back_account(tx, connection, id).await?;
    }
    let speaks = profile.email.is_some() || last.is_some_and(|last| last.email.is_some());
    let email = if speaks { Some(address(tx, profile, Some(id)).await?) } else { None };
    let edit = Edit {
        name: profile.name.is_some().then(|| profile.name.clone()),
        username: Some(Some(profile.username.clone())),
        email,
        root_role: None,
        active: Some(active),
    };
    user::update(tx, id, edit).await.map_err(as_scim)?;
    Ok(tx.recorded() > recorded)
}

/// True if the account is as active as the profile wants it to be. The last admin stays active all the same, and so does
/// whoever waits for an admin.
async fn is_held(tx: &mut Read, id: i64, profile: &Profile) -> Result<bool> {
    let Some(active) = profile.active else { return Ok(true) };
    let user = user::get(tx, id).await?;
    if user.active == active {
        return Ok(true);
    }
    Ok(user.active && (hold::keeps_account(tx, id).await? || admins::is_last(tx, id).await?))
}

/// Names the SCIM attribute that an account's rule is about.
fn as_scim(error: Error) -> Error {
    match error {
        Error::Rejected(rejection) if rejection.kind == Kind::NameExists => taken("user", "userName"),
        other => other,
    }
}

async fn ensure_free(tx: &mut Read, connection: i64, document: &Object, except: Option<i64>) -> Result<()> {
    let found: Option<(bool,)> = tx
        .optional(sql!(
            "SELECT user_name_ci = $2 FROM scim_users
             WHERE connection_id = $1 AND (user_name_ci = $2 OR external_id = $3)
               AND (CAST($4 AS BIGINT) IS NULL OR id <> $4)",
            connection,
            fold(text(document, "userName").unwrap_or_default()),
            text(document, "externalId"),
            except
        ))
        .await?;
    match found {
        None => Ok(()),
        Some((true,)) => Err(taken("user", "userName")),
        Some((false,)) => Err(taken("user", "externalId")),
    }
}

/// Writes what filters search. User name, external id and activity have columns of their own.
async fn index(tx: &mut Change, owner: i64, document: &Object) -> Result<()> {
    let mut sql = Sql::build(
        "INSERT INTO scim_leaves (attribute, value, whole, owner, ordinal, element_type, is_primary) VALUES ",
    );
    let mut first = true;
    for leaf in leaves(&USER, document) {
        if matches!(leaf.key.as_str(), "userName" | "externalId" | "active") {
            continue;
        }
        sql.push(if first { "(" } else { ", (" });
        sql.bind(leaf.key).push(", ").bind(index_key(&leaf.text)).push(", ");
        sql.bind(is_long(&leaf.text).then_some(leaf.text)).push(", ").bind(owner).push(", ");
        sql.bind(leaf.ordinal).push(", ").bind(leaf.element_type).push(", ").bind(leaf.primary).push(")");
        first = false;
    }
    if !first {
        sql.push(" ON CONFLICT (attribute, value, owner, ordinal) DO NOTHING");
        tx.execute(sql).await?;
    }
    Ok(())
}

/// True for texts that are not their own index key.
pub(super) fn is_long(text: &str) -> bool {
    text.len() > LONGEST_KEY
}

/// The form in which a text is indexed and looked up. For every `other` that is not long, it compares with `other`
/// as the text itself does.
pub(super) fn index_key(text: &str) -> String {
    if !is_long(text) {
        return text.to_owned();
    }
    format!("{}\u{1}{}", &text[..text.ceil_char_boundary(LONGEST_KEY)], digest(text))
}
