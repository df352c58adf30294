//! Nobody is ever locked out of administration: no change leaves it in weaker hands than it was, unless somebody with
//! a password remains.
//!
//! An admin is an active person (not a service account) who has the Admin role, directly, through a group, or because the
//! identity provider says so. The best kind can sign in with a password. The other kind is managed by an identity provider, or was kept against
//! one's will: they act with the sessions and tokens they have.

use std::collections::BTreeSet;

use super::said::{ruled, with_said};
use crate::db::Read;
use crate::error::Result;
use crate::sql;

/// The id of the Admin role.
pub const ADMIN_ROLE: i64 = 1;

/// In whose hands administration is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hands {
    /// Nobody's.
    Nobody,
    /// People's who have no password.
    WithoutPassword,
    /// At least one person's who has a password.
    WithPassword,
}

/// Begins a statement: `holder (id)` has all who hold the Admin role, whoever gave it.
macro_rules! with_holders {
    ($rest:literal) => {
        with_said!(
            concat!(
                "admin_group (id) AS (
                     SELECT id FROM groups WHERE root_role_id = 1
                     UNION
                     SELECT g.child_id FROM group_groups g JOIN admin_group a ON g.parent_id = a.id
                 ), ",
                ruled!("o.role_id = 1")
            ),
            "SELECT id FROM users WHERE root_role_id = 1 AND deleted_at IS NULL
             UNION SELECT user_id FROM scim_said WHERE role_id = 1
             UNION SELECT m.user_id FROM ruled a JOIN group_users m ON m.group_id = a.id",
            concat!(
                ", holder (id) AS (
                     SELECT user_id FROM own WHERE role_id = 1
                     UNION SELECT user_id FROM given WHERE role_id = 1
                     UNION SELECT m.user_id FROM admin_group a JOIN group_users m ON m.group_id = a.id
                 )",
                $rest
            )
        )
    };
}

/// SQL: the user `u` is somebody active with a password, and not the one of the statement's argument.
macro_rules! strong {
    () => {
        "u.deleted_at IS NULL AND u.active = TRUE AND u.is_service = FALSE AND u.is_system = FALSE \
         AND u.password_hash IS NOT NULL AND (CAST($1 AS BIGINT) IS NULL OR u.id <> $1)"
    };
}

/// In whose hands administration is, not counting the user `except`.
pub async fn hands(tx: &mut Read, except: Option<i64>) -> Result<Hands> {
    if plain(tx, except).await? { Ok(Hands::WithPassword) } else { managed(tx, except).await }
}

/// True if there is an admin with a password in whose role no identity provider has a say. Mostly, this look is enough.
async fn plain(tx: &mut Read, except: Option<i64>) -> Result<bool> {
    let (found,): (bool,) = tx
        .one(sql!(
            concat!(
                "SELECT EXISTS (
                     SELECT 1 FROM users u WHERE u.root_role_id = 1 AND ",
                strong!(),
                "      AND NOT EXISTS (SELECT 1 FROM scim_users s WHERE s.user_id = u.id)
                       AND NOT EXISTS (SELECT 1 FROM scim_held h WHERE h.user_id = u.id AND h.kind = 'delete'))"
            ),
            except
        ))
        .await?;
    Ok(found)
}

/// True if there is an admin with a password whom a short look finds among those whom identity providers manage: by a role
/// that was given by hand, by a group of their own that has the role, by an attribute, or by a rule about a group of their
/// own. Whom it finds, [`with_holders!`] finds, too; who is one in more roundabout ways, that alone does.
async fn evident(tx: &mut Read, except: Option<i64>) -> Result<bool> {
    let (found,): (bool,) = tx
        .one(sql!(
            concat!(
                "SELECT EXISTS (
                     SELECT 1 FROM users u JOIN scim_users s ON s.user_id = u.id
                     JOIN scim_connections c ON c.id = s.connection_id
                     WHERE u.root_role_id = 1
                       AND (u.retained = TRUE OR (u.root_by_hand = TRUE AND c.root_conflict <> 'idp'))
                       AND ",
                strong!(),
                ") OR EXISTS (
                     SELECT 1 FROM groups g JOIN group_users m ON m.group_id = g.id JOIN users u ON u.id = m.user_id
                     WHERE g.root_role_id = 1 AND ",
                strong!(),
                ") OR EXISTS (
                     SELECT 1 FROM scim_said a JOIN users u ON u.id = a.user_id
                     JOIN scim_users s ON s.user_id = u.id JOIN scim_connections c ON c.id = s.connection_id
                     WHERE a.role_id = 1 AND a.project IS NULL AND c.heeds_roles = TRUE AND c.gives_admin = TRUE
                       AND (u.root_by_hand = FALSE OR c.root_conflict <> 'local') AND ",
                strong!(),
                ") OR EXISTS (
                     SELECT 1 FROM scim_rule_roles o JOIN scim_rules x ON x.id = o.rule_id
                     JOIN scim_connections c ON c.id = x.connection_id
                     JOIN scim_group_keys k ON k.connection_id = x.connection_id AND k.group_key = x.group_key
                     JOIN group_users m ON m.group_id = k.group_id JOIN users u ON u.id = m.user_id
                     JOIN scim_users s ON s.user_id = u.id AND s.connection_id = x.connection_id
                     WHERE o.role_id = 1 AND o.project IS NULL AND c.gives_admin = TRUE
                       AND (u.root_by_hand = FALSE OR c.root_conflict <> 'local')
                       AND NOT EXISTS (SELECT 1 FROM scim_said a WHERE a.user_id = u.id AND a.project IS NULL)
                       AND ",
                strong!(),
                ")"
            ),
            except
        ))
        .await?;
    Ok(found)
}

/// Like [`hands`], where identity providers have a say in the roles of all admins who have passwords.
async fn managed(tx: &mut Read, except: Option<i64>) -> Result<Hands> {
    if evident(tx, except).await? {
        return Ok(Hands::WithPassword);
    }
    let (strength,): (i64,) = tx
        .one(sql!(
            with_holders!(
                ", admin (id, has_password, retained) AS (
                     SELECT u.id, u.password_hash IS NOT NULL, u.retained FROM holder h JOIN users u ON u.id = h.id
                     WHERE u.deleted_at IS NULL AND u.active = TRUE AND u.is_service = FALSE AND u.is_system = FALSE
                       AND (CAST($1 AS BIGINT) IS NULL OR u.id <> $1)
                 )
                 SELECT CAST(CASE
                     WHEN EXISTS (SELECT 1 FROM admin WHERE has_password) THEN 2
                     WHEN EXISTS (SELECT 1 FROM admin a WHERE a.retained = TRUE
                                  OR EXISTS (SELECT 1 FROM person p WHERE p.id = a.id)) THEN 1
                     ELSE 0 END AS BIGINT)"
            ),
            except
        ))
        .await?;
    Ok(match strength {
        2 => Hands::WithPassword,
        1 => Hands::WithoutPassword,
        _ => Hands::Nobody,
    })
}

/// Those of some users who are admins, or would be if they were active.
pub async fn among(tx: &mut Read, users: &[i64]) -> Result<BTreeSet<i64>> {
    let found: Vec<(i64,)> = tx
        .all(sql!(
            with_holders!(" SELECT id FROM holder WHERE id IN ({ids:$1})"),
            serde_json::to_string(users)?
        ))
        .await?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}

/// Everybody who is an admin now.
pub async fn people(tx: &mut Read) -> Result<BTreeSet<i64>> {
    let found: Vec<(i64,)> = tx
        .all(sql!(with_holders!(
            " SELECT u.id FROM holder h JOIN users u ON u.id = h.id
              WHERE u.deleted_at IS NULL AND u.active = TRUE AND u.is_service = FALSE AND u.is_system = FALSE"
        )))
        .await?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}

/// True if a user holds the Admin role, whoever gave it: asked of their own groups, and not of everybody's.
async fn holds(tx: &mut Read, id: i64) -> Result<bool> {
    let (found,): (bool,) = tx
        .one(sql!(
            with_said!(
                "SELECT CAST($1 AS BIGINT)",
                " SELECT EXISTS (SELECT 1 FROM own WHERE role_id = 1)
                      OR EXISTS (SELECT 1 FROM given WHERE role_id = 1)
                      OR EXISTS (SELECT 1 FROM reach m JOIN groups g ON g.id = m.group_id WHERE g.root_role_id = 1)"
            ),
            id
        ))
        .await?;
    Ok(found)
}

/// True if administration would be in weaker hands without the user `id`.
pub async fn is_last(tx: &mut Read, id: i64) -> Result<bool> {
    if plain(tx, Some(id)).await? || !holds(tx, id).await? {
        return Ok(false);
    }
    let without = managed(tx, Some(id)).await?;
    Ok(without < Hands::WithPassword && without < hands(tx, None).await?)
}

/// What must be true before provisioning is switched on: a way back in that no identity provider controls (an
/// active admin with a password who is not provisioned), or a provisioned group that makes its active members
/// admins.
pub async fn way_back_in(tx: &mut Read) -> Result<bool> {
    let (found,): (bool,) = tx
        .one(sql!(
            "SELECT EXISTS (
                 SELECT 1 FROM users u
                 WHERE u.deleted_at IS NULL AND u.active = TRUE AND u.is_service = FALSE AND u.password_hash IS NOT NULL
                   AND NOT EXISTS (SELECT 1 FROM scim_users s WHERE s.user_id = u.id)
                   AND (u.root_role_id = 1 OR EXISTS (
                       SELECT 1 FROM group_users m JOIN groups g ON g.id = m.group_id
                       WHERE m.user_id = u.id AND g.root_role_id = 1))
             ) OR EXISTS (
                 SELECT 1 FROM scim_groups s JOIN groups g ON g.id = s.group_id
                 JOIN group_users m ON m.group_id = g.id JOIN users u ON u.id = m.user_id
                 WHERE g.root_role_id = 1 AND u.deleted_at IS NULL AND u.active = TRUE AND u.is_service = FALSE
             )"
        ))
        .await?;
    Ok(found)
}

/// How many active admins there are, directly or through a group.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub struct Count {
    /// People with a password.
    pub with_password: i64,
    /// People without one.
    pub without_password: i64,
    /// Service accounts.
    pub service: i64,
}

/// Counts the active admins.
pub async fn count(tx: &mut Read) -> Result<Count> {
    tx.one(sql!(with_holders!(
        " SELECT COUNT(CASE WHEN u.is_service = FALSE AND u.password_hash IS NOT NULL THEN 1 END) AS with_password,
                 COUNT(CASE WHEN u.is_service = FALSE AND u.password_hash IS NULL THEN 1 END) AS without_password,
                 COUNT(CASE WHEN u.is_service = TRUE THEN 1 END) AS service
          FROM holder h JOIN users u ON u.id = h.id WHERE u.deleted_at IS NULL AND u.active = TRUE"
    )))
    .await
}

/// Somebody whom people can ask for what only admins can do.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Admin {
    /// The person's number.
    pub id: i64,
    /// The name that people see.
    pub name: Option<String>,
    /// The user name.
    pub username: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// A picture.
    pub image_url: Option<String>,
}

/// The first hundred admins by name, whoever made them that.
pub async fn list(tx: &mut Read) -> Result<Vec<Admin>> {
    tx.all(sql!(with_holders!(
        " SELECT u.id, u.name, u.username, u.email, u.image_url FROM holder h JOIN users u ON u.id = h.id
          WHERE u.deleted_at IS NULL AND u.active = TRUE AND u.is_service = FALSE AND u.is_system = FALSE
          ORDER BY COALESCE(u.name, u.username, u.email), u.id LIMIT 100"
    )))
    .await
}
