//! Everybody at a glance: root role, groups, and the projects in which somebody has a role.

use std::collections::HashMap;

use crate::access::said::with_said;
use crate::clock::Time;
use crate::db::Read;
use crate::error::Result;
use crate::sql;

/// One person at a glance.
#[derive(Clone, Debug)]
pub struct Survey {
    /// The person's number.
    pub id: i64,
    /// The name that people see.
    pub name: Option<String>,
    /// The e-mail address, or else the user name.
    pub email: String,
    /// When the account was made.
    pub created_at: Time,
    /// When the person was last seen.
    pub seen_at: Option<Time>,
    /// The name of the root role that counts; of several, all, with commas between.
    pub root_role: String,
    /// The names of the groups that the person is in.
    pub groups: Vec<String>,
    /// The projects in which the person has a role, directly, through groups, or because their identity provider says so.
    pub projects: Vec<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    name: Option<String>,
    email: Option<String>,
    created_at: Time,
    seen_at: Option<Time>,
}

/// Everybody with access.
pub async fn all(tx: &mut Read) -> Result<Vec<Survey>> {
    let rows: Vec<Row> = tx
        .all(sql!(
            "SELECT u.id, u.name, COALESCE(u.email, u.username) AS email, u.created_at, n.last_at AS seen_at
             FROM users u
             LEFT JOIN seen n ON n.subject = 'user' AND n.id = u.id
             WHERE u.deleted_at IS NULL AND u.active = TRUE AND u.is_system = FALSE AND u.is_service = FALSE
             ORDER BY u.id"
        ))
        .await?;
    let mut groups = by_user(
        tx.all(sql!(
            "SELECT m.user_id, g.name FROM group_users m JOIN groups g ON g.id = m.group_id
             ORDER BY m.user_id, g.name"
        ))
        .await?,
    );
    let held: Vec<(i64, Option<String>, String)> = tx
        .all(sql!(with_said!(
            "SELECT id FROM users WHERE deleted_at IS NULL AND active = TRUE AND is_system = FALSE AND is_service = FALSE",
            ", held (user_id, project, role_id) AS (
                 SELECT user_id, CAST(NULL AS TEXT), role_id FROM own
                 UNION SELECT user_id, project, role_id FROM given
                 UNION SELECT user_id, project, role_id FROM user_roles
                 UNION SELECT m.user_id, r.project, r.role_id FROM group_roles r JOIN reach m ON m.group_id = r.group_id
             )
             SELECT h.user_id, h.project, r.name FROM held h JOIN roles r ON r.id = h.role_id
             ORDER BY h.user_id, h.project, r.id"
        )))
        .await?;
    let (mut roots, mut projects) = (HashMap::new(), HashMap::new());
    for (user, project, role) in held {
        let of = if project.is_some() { &mut projects } else { &mut roots };
        let list: &mut Vec<String> = of.entry(user).or_default();
        let told = project.unwrap_or(role);
        if list.last() != Some(&told) {
            list.push(told);
        }
    }
    Ok(rows
        .into_iter()
        .map(|row| Survey {
            id: row.id,
            name: row.name,
            email: row.email.unwrap_or_default(),
            created_at: row.created_at,
            seen_at: row.seen_at,
            root_role: roots.remove(&row.id).unwrap_or_default().join(", "),
            groups: groups.remove(&row.id).unwrap_or_default(),
            projects: projects.remove(&row.id).unwrap_or_default(),
        })
        .collect())
}

fn by_user(pairs: Vec<(i64, String)>) -> HashMap<i64, Vec<String>> {
    let mut found: HashMap<i64, Vec<String>> = HashMap::new();
    for (user, name) in pairs {
        found.entry(user).or_default().push(name);
    }
    found
}
