//! What people cannot change while an identity provider does.

use crate::db::Read;
use crate::error::{Error, Kind, Result};
use crate::people::group::Group;
use crate::people::user::User;
use crate::sql;

/// Refuses changes to name, address or password of somebody whom an enabled connection manages. The root role and
/// roles in projects are no provisioned data and stay in the admins' hands.
pub async fn ensure_user_unlocked(tx: &mut Read, user: &User) -> Result<()> {
    if user.scim_id.is_none() {
        return Ok(());
    }
    let managed: Option<(bool,)> = tx
        .optional(sql!(
            "SELECT c.enabled FROM scim_users s JOIN scim_connections c ON c.id = s.connection_id
             WHERE s.user_id = $1",
            user.id
        ))
        .await?;
    if managed == Some((true,)) {
        return Err(Error::rejected(
            Kind::Forbidden,
            "This user is managed by your SCIM provider and cannot be changed manually",
        ));
    }
    Ok(())
}

/// Refuses to rename a group that an identity provider pushed, or to change its members. Description, root role and
/// roles in projects stay in the admins' hands.
pub fn ensure_group_unlocked(group: &Group, renamed: bool, moved: bool) -> Result<()> {
    match &group.scim_id {
        Some(_) if renamed => Err(Error::bad_data("Cannot update the name of a SCIM group")),
        Some(_) if moved => Err(Error::bad_data("Cannot update users of a SCIM group")),
        _ => Ok(()),
    }
}
