//! What becomes of a user or a group of Unleash.

use crate::db::Read;
use crate::error::Result;
use crate::provisioning::Noun;
use crate::sql;

/// What becomes of one.
pub(super) enum Fate {
    /// It is here already, under this number.
    Here(i64),
    /// It collides with something: with what.
    Conflict(String),
    /// It was removed here.
    Gone,
    /// It is taken over.
    New,
}

impl Fate {
    /// What the identity provider's id decides; none if that id is new here.
    pub(super) async fn by_id(
        tx: &mut Read,
        connection: i64,
        noun: Noun,
        scim_id: &str,
    ) -> Result<Option<Self>> {
        let (known, what) = match noun {
            Noun::User => {
                (sql!("SELECT user_id, connection_id FROM scim_users WHERE scim_id = $1", scim_id), "account")
            }
            Noun::Group => {
                (sql!("SELECT group_id, connection_id FROM scim_groups WHERE scim_id = $1", scim_id), "group")
            }
        };
        let known: Option<(i64, i64)> = tx.optional(known).await?;
        if let Some((id, of)) = known {
            let other = || Self::Conflict("another connection has the identity provider's id".to_owned());
            return Ok(Some(if of == connection { Self::Here(id) } else { other() }));
        }
        // What the id stood for, which is in use no more: removed, or still here and managed by hand.
        let was: Option<(i64, bool)> = tx
            .optional(sql!(
                "SELECT t.local_id,
                        (t.resource_type = 'User'
                         AND EXISTS (SELECT 1 FROM users u WHERE u.id = t.local_id AND u.deleted_at IS NULL))
                        OR (t.resource_type = 'Group'
                            AND EXISTS (SELECT 1 FROM groups g WHERE g.id = t.local_id)) AS lives
                 FROM scim_tombstones t WHERE t.scim_id = $1",
                scim_id
            ))
            .await?;
        Ok(was.map(|(id, lives)| {
            if lives {
                Self::Conflict(format!(
                    "the identity provider's id stood for {what} {id}, which is managed by hand now"
                ))
            } else {
                Self::Gone
            }
        }))
    }
}
