//! Accounts that no connection owns: what an identity provider cannot take away.

use crate::access::Actor;
use crate::clock::Time;
use crate::db::{Read, last_page};
use crate::error::Result;
use crate::people::user;
use crate::sql;

/// Somebody with access whom no identity provider manages.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Unowned {
    /// The number of the account.
    pub id: i64,
    /// The name that people see.
    pub name: Option<String>,
    /// The user name.
    pub username: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The name of the root role.
    pub root_role: String,
    /// When the account was made.
    pub created_at: Time,
    /// Who made it, if that was no identity provider and not the server itself.
    pub created_by: Option<String>,
    /// Which connection has removed it; that waits, or was discarded.
    pub removed_by: Option<String>,
    /// When they were last seen.
    pub seen_at: Option<Time>,
}

impl Unowned {
    /// The name under which lists show them.
    pub fn called(&self) -> String {
        user::called(self.id, [&self.name, &self.username, &self.email])
    }
}

/// A page of the active people without a connection, in the order in which they came, and how many there are.
pub async fn unowned(tx: &mut Read, offset: i64, limit: i64) -> Result<(Vec<Unowned>, i64)> {
    let found: Vec<Unowned> = tx
        .all(sql!(
            "SELECT u.id, u.name, u.username, u.email, r.name AS root_role, u.created_at,
                    CASE WHEN u.created_by = $3 THEN 'an API token'
                         ELSE COALESCE(NULLIF(a.name, ''), a.username, a.email) END AS created_by,
                    (SELECT MIN(c.name) FROM scim_held h JOIN scim_connections c ON c.id = h.connection_id
                     WHERE h.user_id = u.id AND h.kind = 'delete') AS removed_by,
                    n.last_at AS seen_at
             FROM users u JOIN roles r ON r.id = u.root_role_id
             LEFT JOIN users a ON a.id = u.created_by AND a.is_system = FALSE
             LEFT JOIN seen n ON n.subject = 'user' AND n.id = u.id
             WHERE u.deleted_at IS NULL AND u.is_system = FALSE AND u.is_service = FALSE AND u.active = TRUE
               AND NOT EXISTS (SELECT 1 FROM scim_users s WHERE s.user_id = u.id)
             ORDER BY u.id LIMIT $1 OFFSET $2",
            limit,
            offset,
            Actor::ADMIN_TOKEN_USER
        ))
        .await?;
    if let Some(total) = last_page(found.len(), offset, limit) {
        return Ok((found, total));
    }
    let (total,): (i64,) = tx
        .one(sql!(
            "SELECT COUNT(*) FROM users u
             WHERE u.deleted_at IS NULL AND u.is_system = FALSE AND u.is_service = FALSE AND u.active = TRUE
               AND NOT EXISTS (SELECT 1 FROM scim_users s WHERE s.user_id = u.id)"
        ))
        .await?;
    Ok((found, total))
}
