//! Users and service accounts.
//!
//! Removing a user keeps a tombstone: the record stays joined to an id that never comes back, while user name and
//! e-mail address become free again. Deactivating or removing somebody ends all their access in the same transaction.

use serde::Serialize;

use super::removed;
use crate::clock::Time;
use crate::db::{Db, Read};
use crate::entropy::digest;
use crate::error::{Error, Kind, Result};
use crate::events::{Change, Event, Fact};
use crate::{keep, owners, sql};

/// The longest user name or e-mail address, in bytes.
const LONGEST_NAME: usize = 1024;
/// The part of a name that lists are sorted by, in characters: as much as any index holds.
const LONGEST_LABEL: usize = 200;

/// A user or service account as stored.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The number that the wire calls `id`.
    pub id: i64,
    /// The name that people see.
    pub name: Option<String>,
    /// Signs in with this, or with the e-mail address.
    pub username: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// A picture.
    pub image_url: Option<String>,
    /// The one root role.
    #[sqlx(rename = "root_role_id")]
    pub root_role: i64,
    /// False: may do nothing and cannot sign in.
    pub active: bool,
    /// True for service accounts, which act with tokens only.
    pub is_service: bool,
    /// When the account was made.
    pub created_at: Time,
    /// The id that the identity provider knows, if one manages the account.
    pub scim_id: Option<String>,
    /// When the person was last seen.
    #[serde(skip)]
    pub seen_at: Option<Time>,
    /// True if a password is set.
    #[serde(skip)]
    pub has_password: bool,
}

impl User {
    /// The name under which the person's changes are recorded.
    pub fn label(&self) -> String {
        let names = [&self.email, &self.username, &self.name];
        names.into_iter().flatten().next().cloned().unwrap_or_else(|| format!("user {}", self.id))
    }

    /// The name under which lists show them.
    pub fn called(&self) -> String {
        called(self.id, [&self.name, &self.username, &self.email])
    }

    /// What is recorded of a person, or of a service account.
    pub(super) const fn either(&self, person: Fact, service: Fact) -> Fact {
        if self.is_service { service } else { person }
    }
}

/// The name under which lists show somebody: the first of their name, user name and e-mail address that says something.
pub fn called(id: i64, names: [&Option<String>; 3]) -> String {
    let said = names.into_iter().flatten().find(|name| !name.is_empty());
    said.cloned().unwrap_or_else(|| format!("user {id}"))
}

/// `sql!` text that selects [`User`]s; a condition follows. More columns may stand in front.
macro_rules! select_users {
    ($rest:literal $(, $arg:expr)* $(,)?) => {
        $crate::people::user::select_users!([""] $rest $(, $arg)*)
    };
    ([$more:literal] $rest:literal $(, $arg:expr)* $(,)?) => {
        $crate::sql!(concat!(
            "SELECT ", $more, "u.id, u.name, u.username, u.email, u.image_url, u.root_role_id, u.active, u.is_service,
                    u.created_at, s.scim_id, n.last_at AS seen_at, u.password_hash IS NOT NULL AS has_password
             FROM users u LEFT JOIN scim_users s ON s.user_id = u.id
             LEFT JOIN seen n ON n.subject = 'user' AND n.id = u.id ", $rest) $(, $arg)*)
    };
}
pub(super) use select_users;

/// What it takes to make a user.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The name that people see.
    pub name: Option<String>,
    /// User name; one of user name and e-mail address is needed.
    pub username: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// The root role.
    pub root_role: i64,
    /// A hash made by [`super::password`].
    pub password_hash: Option<String>,
    /// A service account.
    pub is_service: bool,
}

/// A change to a user; `None` leaves a value as it is.
#[derive(Clone, Debug, Default)]
pub struct Edit {
    /// The name that people see.
    pub name: Option<Option<String>>,
    /// User name.
    pub username: Option<Option<String>>,
    /// E-mail address.
    pub email: Option<Option<String>>,
    /// The root role.
    pub root_role: Option<i64>,
    /// Whether the person has any access.
    pub active: Option<bool>,
}

/// The user with this id, service accounts included, unless removed.
pub async fn get(tx: &mut Read, id: i64) -> Result<User> {
    find(tx, id).await?.ok_or_else(|| Error::not_found("No user found"))
}

/// Like [`get`], without making a missing user an error.
pub async fn find(tx: &mut Read, id: i64) -> Result<Option<User>> {
    tx.optional(select_users!("WHERE u.id = $1 AND u.deleted_at IS NULL AND u.is_system = FALSE", id)).await
}

/// The person with this user name or e-mail address, whichever the text looks like.
pub async fn named(tx: &mut Read, name: &str) -> Result<Option<User>> {
    let key = burgee_scim::fold(name);
    tx.optional(select_users!(
        "WHERE u.deleted_at IS NULL AND u.is_system = FALSE AND u.is_service = FALSE
           AND (u.username_ci = $1 OR u.email_ci = $1) ORDER BY CASE WHEN u.email_ci = $1 THEN 0 ELSE 1 END",
        &key
    ))
    .await
}

/// All people. Those whom an identity provider has deactivated are left out.
pub async fn list(tx: &mut Read) -> Result<Vec<User>> {
    tx.all(select_users!(
        "WHERE u.deleted_at IS NULL AND u.is_system = FALSE AND u.is_service = FALSE
           AND (u.active = TRUE OR s.scim_id IS NULL) ORDER BY u.id"
    ))
    .await
}

/// People whose name, user name or e-mail address starts with `text`, ten at most.
pub async fn search(tx: &mut Read, text: &str) -> Result<Vec<User>> {
    let start = burgee_scim::fold(text);
    let end = format!("{start}\u{10ffff}");
    tx.all(select_users!(
        "WHERE u.deleted_at IS NULL AND u.is_system = FALSE AND u.is_service = FALSE AND u.active = TRUE
           AND ((u.username_ci >= $1 AND u.username_ci < $2) OR (u.email_ci >= $1 AND u.email_ci < $2)
                OR (u.name >= $3 AND u.name < $4)) ORDER BY u.id LIMIT 10",
        &start,
        &end,
        text,
        format!("{text}\u{10ffff}")
    ))
    .await
}

/// Makes a user. Refuses a user name or e-mail address that somebody else has.
pub async fn create(tx: &mut Change, new: NewUser) -> Result<User> {
    make(tx, new, true).await
}

/// Like [`create`], but nobody decides on the root role by hand: what the identity provider says about it counts.
pub async fn provision(tx: &mut Change, new: NewUser) -> Result<User> {
    make(tx, new, false).await
}

async fn make(tx: &mut Change, new: NewUser, by_hand: bool) -> Result<User> {
    check_names(new.username.as_deref(), new.email.as_deref())?;
    check_name(tx, new.name.as_deref())?;
    ensure_free(tx, new.username.as_deref(), new.email.as_deref(), None).await?;
    let now = tx.now();
    let author = tx.actor().user_id();
    let has_password = new.password_hash.is_some();
    let (id,): (i64,) = tx
        .one(sql!(
            "INSERT INTO users (name, username, username_ci, email, email_ci, email_hash, root_role_id, password_hash,
                                is_service, created_at, created_by, updated_at, label_ci, root_by_hand)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $10, $12, $13) RETURNING id",
            new.name.clone(),
            new.username.clone(),
            new.username.as_deref().map(burgee_scim::fold),
            new.email.clone(),
            new.email.as_deref().map(burgee_scim::fold),
            new.email.as_deref().map(digest),
            new.root_role,
            new.password_hash,
            new.is_service,
            now,
            author,
            label([&new.name, &new.username, &new.email]),
            by_hand
        ))
        .await?;
    let user = User {
        id,
        name: new.name,
        username: new.username,
        email: new.email,
        image_url: None,
        root_role: new.root_role,
        active: true,
        is_service: new.is_service,
        created_at: now,
        scim_id: None,
        seen_at: None,
        has_password,
    };
    tx.record(Event::created(user.either(Fact::UserCreated, Fact::ServiceAccountCreated), &user));
    Ok(user)
}

/// Keeps everybody else from changing the user until the transaction ends.
pub async fn lock(tx: &mut Change, id: i64) -> Result<()> {
    let _: Option<(i64,)> = tx.optional(sql!("SELECT id FROM users WHERE id = $1{lock}", id)).await?;
    Ok(())
}

/// Keeps everybody else from changing what identity providers say of some users, before the first of them is removed.
pub async fn lock_provisioned(tx: &mut Change, users: &[i64]) -> Result<()> {
    let ids = serde_json::to_string(users)?;
    let _: Vec<(i64,)> =
        tx.all(sql!("SELECT id FROM scim_users WHERE user_id IN ({ids:$1}) ORDER BY id{lock}", ids)).await?;
    Ok(())
}

/// Changes a user and records it, unless nothing differs. Deactivation ends all access.
pub async fn update(tx: &mut Change, id: i64, edit: Edit) -> Result<User> {
    lock(tx, id).await?;
    let before = get(tx, id).await?;
    let mut after = before.clone();
    if let Some(name) = edit.name {
        after.name = name;
    }
    if let Some(username) = edit.username {
        after.username = username;
    }
    if let Some(email) = edit.email {
        after.email = email;
    }
    if let Some(role) = edit.root_role {
        after.root_role = role;
    }
    if let Some(active) = edit.active {
        after.active = active;
    }
    check_names(after.username.as_deref(), after.email.as_deref())?;
    if after.name != before.name {
        check_name(tx, after.name.as_deref())?;
    }
    let decided = edit.root_role.is_some() && decide(tx, id).await?;
    let same = !decided
        && before.name == after.name
        && before.username == after.username
        && before.email == after.email
        && before.root_role == after.root_role
        && before.active == after.active;
    if same {
        return Ok(after);
    }
    let renamed = (before.username != after.username).then_some(after.username.as_deref()).flatten();
    let moved = (before.email != after.email).then_some(after.email.as_deref()).flatten();
    ensure_free(tx, renamed, moved, Some(id)).await?;
    let now = tx.now();
    tx.execute(sql!(
        "UPDATE users SET name = $2, username = $3, username_ci = $4, email = $5, email_ci = $6, email_hash = $7,
                          root_role_id = $8, active = $9, updated_at = $10, label_ci = $11, version = version + 1
         WHERE id = $1",
        id,
        after.name.clone(),
        after.username.clone(),
        after.username.as_deref().map(burgee_scim::fold),
        after.email.clone(),
        after.email.as_deref().map(burgee_scim::fold),
        after.email.as_deref().map(digest),
        after.root_role,
        after.active,
        now,
        label([&after.name, &after.username, &after.email])
    ))
    .await?;
    if before.active && !after.active {
        end_access(tx, id).await?;
        owners::left(tx, id, &before.called()).await?;
    } else if before.email != after.email {
        // A link that was mailed to the old address must not open the account.
        tx.execute(sql!("DELETE FROM reset_tokens WHERE user_id = $1", id)).await?;
    }
    let fact = after.either(Fact::UserUpdated, Fact::ServiceAccountUpdated);
    tx.record(Event::updated(fact, &before, &after));
    if before.active != after.active
        && before.scim_id.is_none()
        && let Some(signal) = removed::user(tx, id).await?
    {
        tx.signal(signal);
    }
    Ok(after)
}

/// Notes that somebody decided on the root role by hand; false: it was so already.
async fn decide(tx: &mut Change, id: i64) -> Result<bool> {
    let sql = sql!("UPDATE users SET root_by_hand = TRUE WHERE id = $1 AND root_by_hand = FALSE", id);
    Ok(tx.execute(sql).await? > 0)
}

/// Removes a user: all access ends, roles and memberships go, the tombstone stays.
pub async fn delete(tx: &mut Change, id: i64) -> Result<User> {
    let user = get(tx, id).await?;
    end_access(tx, id).await?;
    owners::left(tx, id, &user.called()).await?;
    // Their groups will change, too. Taken in one order, so that those who leave together do not wait in a circle.
    let _: Vec<(i64,)> = tx
        .all(sql!(
            "SELECT id FROM scim_groups WHERE group_id IN (SELECT group_id FROM group_users WHERE user_id = $1)
             ORDER BY id{lock}",
            id
        ))
        .await?;
    let signal = if user.scim_id.is_none() { removed::user(tx, id).await? } else { None };
    let now = tx.now();
    for statement in [
        sql!("DELETE FROM user_roles WHERE user_id = $1", id),
        sql!(
            "UPDATE scim_groups SET version = version + 1, updated_at = $2
             WHERE group_id IN (SELECT group_id FROM group_users WHERE user_id = $1)",
            id,
            now
        ),
        sql!("DELETE FROM group_users WHERE user_id = $1", id),
        sql!("DELETE FROM scim_held WHERE user_id = $1", id),
        sql!("DELETE FROM scim_said WHERE user_id = $1", id),
        sql!(
            "INSERT INTO scim_tombstones (scim_id, connection_id, resource_type, local_id, external_id, email_hash, deleted_at)
             SELECT s.scim_id, s.connection_id, 'User', s.user_id, s.external_id, u.email_hash, $2
             FROM scim_users s JOIN users u ON u.id = s.user_id WHERE s.user_id = $1{lock}",
            id,
            now
        ),
        sql!("DELETE FROM scim_leaves WHERE owner IN (SELECT id FROM scim_users WHERE user_id = $1)", id),
        sql!("DELETE FROM scim_users WHERE user_id = $1", id),
        sql!("DELETE FROM used_passwords WHERE user_id = $1", id),
        sql!("DELETE FROM saved_searches WHERE user_id = $1", id),
        sql!(
            "UPDATE users SET deleted_at = $2, updated_at = $2, active = FALSE, username = NULL, username_ci = NULL,
                              email = NULL, email_ci = NULL, label_ci = '', password_hash = NULL, root_role_id = 3,
                              version = version + 1 WHERE id = $1",
            id,
            now
        ),
    ] {
        tx.execute(statement).await?;
    }
    tx.record(Event::deleted(user.either(Fact::UserDeleted, Fact::ServiceAccountDeleted), &user));
    if let Some(signal) = signal {
        tx.signal(signal);
    }
    Ok(user)
}

/// Ends every way in that a person has: sessions, personal tokens, one-time links. Re-activation revives none.
pub async fn end_access(tx: &mut Change, id: i64) -> Result<()> {
    tx.execute(sql!("DELETE FROM sessions WHERE user_id = $1", id)).await?;
    tx.execute(sql!("DELETE FROM reset_tokens WHERE user_id = $1", id)).await?;
    super::token::delete_all_of(tx, id).await
}

/// The people who were not seen since `since` and existed before it.
pub async fn inactive(tx: &mut Read, since: Time) -> Result<Vec<User>> {
    tx.all(select_users!(
        "WHERE u.deleted_at IS NULL AND u.is_system = FALSE AND u.is_service = FALSE AND u.created_at < $1
           AND (n.last_at IS NULL OR n.last_at < $1)
           AND NOT EXISTS (SELECT 1 FROM personal_tokens p JOIN seen t ON t.subject = 'pat' AND t.id = p.id
                           WHERE p.user_id = u.id AND t.last_at >= $1) ORDER BY u.id",
        since
    ))
    .await
}

/// What lists are sorted by.
fn label(names: [&Option<String>; 3]) -> String {
    let name = names.into_iter().flatten().find(|name| !name.is_empty());
    name.map(|name| burgee_scim::fold(name).chars().take(LONGEST_LABEL).collect()).unwrap_or_default()
}

/// Gives a label to everybody who was there before there were labels.
pub async fn label_all(db: &Db) -> Result<()> {
    type Names = (i64, Option<String>, Option<String>, Option<String>);
    loop {
        let mut tx = db.read().await?;
        let found: Vec<Names> = tx
            .all(sql!(
                "SELECT id, name, username, email FROM users WHERE label_ci IS NULL ORDER BY id LIMIT 1000"
            ))
            .await?;
        tx.end().await?;
        if found.is_empty() {
            return Ok(());
        }
        let mut tx = db.bookkeep().await?;
        for (id, name, username, email) in found {
            let label = label([&name, &username, &email]);
            tx.execute(keep!("UPDATE users SET label_ci = $2 WHERE id = $1 AND label_ci IS NULL", id, label))
                .await?;
        }
        tx.commit().await?;
    }
}

/// Refuses an account without a name to sign in with, and names that no index can hold.
fn check_names(username: Option<&str>, email: Option<&str>) -> Result<()> {
    if username.is_none() && email.is_none() {
        return Err(Error::bad_data("You must specify username or email"));
    }
    for (what, name) in [("username", username), ("email", email)] {
        if name.is_some_and(|name| name.trim().is_empty() || name.len() > LONGEST_NAME) {
            return Err(Error::bad_data(format!("The {what} must have between 1 and {LONGEST_NAME} bytes.")));
        }
    }
    Ok(())
}

/// Refuses names that nobody reads to the end, except from identity providers: they must not fail over one.
fn check_name(tx: &Change, name: Option<&str>) -> Result<()> {
    if tx.actor().connection().is_none() && name.is_some_and(|name| name.len() > LONGEST_NAME) {
        return Err(Error::bad_data(format!("The name must have {LONGEST_NAME} bytes at most.")));
    }
    Ok(())
}

async fn ensure_free(
    tx: &mut Read,
    username: Option<&str>,
    email: Option<&str>,
    except: Option<i64>,
) -> Result<()> {
    let taken: Option<(i64,)> = tx
        .optional(sql!(
            "SELECT id FROM users
             WHERE (username_ci = $1 OR email_ci = $2) AND (CAST($3 AS BIGINT) IS NULL OR id <> $3)",
            username.map(burgee_scim::fold),
            email.map(burgee_scim::fold),
            except
        ))
        .await?;
    match taken {
        None => Ok(()),
        Some(_) => Err(Error::rejected(Kind::AccountExists, "User already exists")),
    }
}

/// Refuses what cannot be an e-mail address.
pub fn check_email(email: &str) -> Result<()> {
    let valid = email.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && !domain.is_empty() && !email.chars().any(|c| c.is_whitespace() || c.is_control())
    });
    if valid {
        Ok(())
    } else {
        Err(Error::invalid(vec![format!("\"value\" must be a valid email. You provided \"{email}\".")]))
    }
}
