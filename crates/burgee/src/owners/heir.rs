//! To whom flags can go.

use std::collections::BTreeSet;

use burgee_scim::fold;
use burgee_scim::schema::ENTERPRISE_URN;
use serde_json::Value;

use super::Owner;
use crate::db::Read;
use crate::error::Result;
use crate::sql;

/// How many managers above each other are looked at.
const HIGHEST: usize = 20;

/// The first active manager above somebody who is not `leaving`, as their identity provider tells: by the id that it was
/// given, by its own id, or by user name.
pub async fn manager(tx: &mut Read, user: i64, leaving: &BTreeSet<i64>) -> Result<Option<i64>> {
    let (mut current, mut seen) = (user, BTreeSet::from([user]));
    for _ in 0..HIGHEST {
        let found: Option<(i64, String)> = tx
            .optional(sql!("SELECT connection_id, document FROM scim_users WHERE user_id = $1", current))
            .await?;
        let Some((connection, document)) = found else { return Ok(None) };
        let document: Value = serde_json::from_str(&document)?;
        let manager = &document[ENTERPRISE_URN]["manager"];
        let Some(name) = manager["value"].as_str().or(manager.as_str()) else { return Ok(None) };
        let above: Option<(i64, bool)> = tx
            .optional(sql!(
                "SELECT s.user_id, u.active
                 FROM (SELECT id FROM scim_users WHERE connection_id = $1 AND scim_id = $2
                       UNION SELECT id FROM scim_users WHERE connection_id = $1 AND external_id = $2
                       UNION SELECT id FROM scim_users WHERE connection_id = $1 AND user_name_ci = $3) n
                 CROSS JOIN scim_users s JOIN users u ON u.id = s.user_id
                 WHERE s.id = n.id
                 ORDER BY CASE WHEN s.scim_id = $2 THEN 0 WHEN s.external_id = $2 THEN 1 ELSE 2 END LIMIT 1",
                connection,
                name,
                fold(name)
            ))
            .await?;
        match above {
            Some((id, active)) if seen.insert(id) => {
                if active && !leaving.contains(&id) {
                    return Ok(Some(id));
                }
                current = id;
            }
            _ => return Ok(None),
        }
    }
    Ok(None)
}

/// The active person with this user name or e-mail address, or else the group with this name.
pub async fn named(tx: &mut Read, name: &str) -> Result<Option<Owner>> {
    let key = fold(name.trim());
    let user: Option<(i64,)> = tx
        .optional(sql!(
            "SELECT id FROM users
             WHERE (username_ci = $1 OR email_ci = $1) AND active = TRUE AND is_service = FALSE AND is_system = FALSE
               AND deleted_at IS NULL ORDER BY CASE WHEN email_ci = $1 THEN 0 ELSE 1 END LIMIT 1",
            &key
        ))
        .await?;
    if let Some((id,)) = user {
        return Ok(Some(Owner::User(id)));
    }
    let group: Option<(i64,)> = tx.optional(sql!("SELECT id FROM groups WHERE name_ci = $1", &key)).await?;
    Ok(group.map(|(id,)| Owner::Group(id)))
}

/// The word by which [`named`] finds an owner.
pub async fn word(tx: &mut Read, owner: Owner) -> Result<String> {
    let found: Option<(Option<String>,)> = match owner {
        Owner::User(id) => {
            tx.optional(sql!("SELECT COALESCE(username, email) AS word FROM users WHERE id = $1", id)).await?
        }
        Owner::Group(id) => tx.optional(sql!("SELECT name FROM groups WHERE id = $1", id)).await?,
    };
    Ok(found.and_then(|(word,)| word).unwrap_or_default())
}
