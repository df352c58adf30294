//! Where somebody's permissions come from: root roles, and roles in projects, their own and those of their groups.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, VecDeque};

use super::resolve::{Hold, hold};
use super::role::{self, Role};
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

/// Whose permissions are explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// A person's or a service account's.
    User(i64),
    /// What every member of a group has from it.
    Group(i64),
}

/// A group by number and name.
pub type Named = (i64, String);

/// One reason why somebody holds something: a role, where it applies, and how it comes to them.
#[derive(Clone, Debug)]
pub struct Way {
    /// The groups on the way: the one that they are in, then the ones around it; the last one has the role. Empty: the
    /// role is their own.
    pub through: Vec<Named>,
    /// The role.
    pub role: Role,
    /// The project in which they have it. `None`: it is a root role.
    pub project: Option<String>,
    /// What it gives, and where.
    pub holds: Vec<Hold>,
}

/// Where somebody's permissions come from, each reason by itself; root roles come first, their own before those of groups.
pub async fn ways(tx: &mut Read, whose: Whose) -> Result<Vec<Way>> {
    let chains = chains(tx, whose).await?;
    let mut found: Vec<(Option<String>, Vec<Named>, i64)> = Vec::new();
    if let Whose::User(id) = whose {
        let root: Vec<(i64,)> = tx.all(sql!("SELECT root_role_id FROM users WHERE id = $1", id)).await?;
        found.extend(root.into_iter().map(|(role,)| (None, Vec::new(), role)));
        let own: Vec<(String, i64)> =
            tx.all(sql!("SELECT project, role_id FROM user_roles WHERE user_id = $1", id)).await?;
        found.extend(own.into_iter().map(|(project, role)| (Some(project), Vec::new(), role)));
    }
    let ids = serde_json::to_string(&chains.keys().collect::<Vec<_>>())?;
    let of_groups: Vec<(i64, Option<String>, i64)> = tx
        .all(sql!(
            "SELECT g.id, NULL, g.root_role_id FROM groups g
             WHERE g.root_role_id IS NOT NULL AND g.id IN ({ids:$1})
             UNION ALL SELECT group_id, project, role_id FROM group_roles WHERE group_id IN ({ids:$1})",
            ids
        ))
        .await?;
    let of_groups = of_groups.into_iter();
    found.extend(of_groups.map(|(group, project, role)| (project, chains[&group].clone(), role)));
    found.sort_by(|a, b| (&a.0, a.1.len(), &a.1, a.2).cmp(&(&b.0, b.1.len(), &b.1, b.2)));
    let mut roles: HashMap<i64, (Role, Vec<role::Held>)> = HashMap::new();
    let mut ways = Vec::new();
    for (project, through, id) in found {
        if let Entry::Vacant(place) = roles.entry(id) {
            place.insert((role::get(tx, id).await?, role::held(tx, id).await?));
        }
        let Some((role, held)) = roles.get(&id) else { continue };
        let holds = held.iter().map(|it| hold(it.permission, project.as_deref(), &it.environment)).collect();
        ways.push(Way { through, role: role.clone(), project, holds });
    }
    Ok(ways)
}

/// The groups that somebody belongs to, each with the shortest chain of groups by which they do; for a group, itself and
/// those around it.
pub async fn chains(tx: &mut Read, whose: Whose) -> Result<BTreeMap<i64, Vec<Named>>> {
    let start = match whose {
        Whose::Group(id) => vec![id],
        Whose::User(id) => {
            let direct: Vec<(i64,)> = tx
                .all(sql!("SELECT group_id FROM group_users WHERE user_id = $1 ORDER BY group_id", id))
                .await?;
            direct.into_iter().map(|(id,)| id).collect()
        }
    };
    let rows: Vec<(i64, String, Option<i64>)> = tx
        .all(sql!(
            "WITH RECURSIVE reached (id, inside) AS (
                 SELECT item, CAST(NULL AS BIGINT) FROM ({ids:$1}) start
                 UNION
                 SELECT g.parent_id, g.child_id FROM group_groups g JOIN reached r ON g.child_id = r.id
             )
             SELECT g.id, g.name, r.inside FROM reached r JOIN groups g ON g.id = r.id ORDER BY g.id, r.inside",
            serde_json::to_string(&start)?
        ))
        .await?;
    let mut names: HashMap<i64, String> = HashMap::new();
    let mut around: HashMap<i64, Vec<i64>> = HashMap::new();
    for (id, name, inside) in rows {
        names.insert(id, name);
        if let Some(inside) = inside {
            around.entry(inside).or_default().push(id);
        }
    }
    let mut found: BTreeMap<i64, Vec<Named>> = BTreeMap::new();
    let mut next: VecDeque<(i64, Vec<Named>)> = start.into_iter().map(|id| (id, Vec::new())).collect();
    while let Some((id, mut chain)) = next.pop_front() {
        let Some(name) = names.get(&id).filter(|_| !found.contains_key(&id)) else { continue };
        chain.push((id, name.clone()));
        next.extend(around.get(&id).into_iter().flatten().map(|outer| (*outer, chain.clone())));
        found.insert(id, chain);
    }
    Ok(found)
}
