//! Where somebody's permissions come from: root roles, and roles in projects, their own and those of their groups.

use super::role::Role;
use crate::db::Read;
use crate::error::Result;
use crate::sql;

/// Begins a statement about the user `$1`: `member` has the groups that they are in, and those around these groups.
macro_rules! with_member {
    ($rest:literal) => {
        concat!(
            "WITH RECURSIVE member (group_id) AS (
                 SELECT group_id FROM group_users WHERE user_id = $1
                 UNION
                 SELECT g.parent_id FROM group_groups g JOIN member m ON g.child_id = m.group_id
             )",
            $rest
        )
    };
}
pub(crate) use with_member;

/// The root roles that somebody holds, directly and through groups; their own comes first.
pub async fn root_roles(tx: &mut Read, user: i64) -> Result<Vec<Role>> {
    tx.all(sql!(
        with_member!(
            " SELECT r.id, r.name, r.type, r.description FROM roles r JOIN users u ON u.id = $1
              WHERE r.id = u.root_role_id
                 OR r.id IN (SELECT g.root_role_id FROM groups g JOIN member m ON m.group_id = g.id)
              ORDER BY r.id <> u.root_role_id, r.id"
        ),
        user
    ))
    .await
}

/// The roles that somebody holds in projects, directly and through groups, each with its project.
pub async fn project_roles(tx: &mut Read, user: i64) -> Result<Vec<(String, Role)>> {
    #[derive(sqlx::FromRow)]
    struct Row {
        project: String,
        #[sqlx(flatten)]
        role: Role,
    }
    let rows: Vec<Row> = tx
        .all(sql!(
            with_member!(
                ", held (project, role_id) AS (
                     SELECT project, role_id FROM user_roles WHERE user_id = $1
                     UNION
                     SELECT g.project, g.role_id FROM group_roles g JOIN member m ON m.group_id = g.group_id
                 )
                 SELECT h.project, r.id, r.name, r.type, r.description
                 FROM held h JOIN roles r ON r.id = h.role_id ORDER BY h.project, r.id"
            ),
            user
        ))
        .await?;
    Ok(rows.into_iter().map(|row| (row.project, row.role)).collect())
}
