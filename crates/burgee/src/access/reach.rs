//! Where somebody's permissions come from: root roles, and roles in projects, their own, those of their groups, and what
//! their identity provider gives.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, VecDeque};

use super::resolve::{Hold, hold};
use super::role::{self, Role};
use super::said::{ruled, with_said};
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

/// The root roles that somebody holds, directly and through groups; their own comes first, then what their identity
/// provider gives.
pub async fn root_roles(tx: &mut Read, user: i64) -> Result<Vec<Role>> {
    tx.all(sql!(
        with_said!(
            "SELECT CAST($1 AS BIGINT)",
            ", held (role_id, place) AS (
                 SELECT role_id, 0 FROM own UNION SELECT role_id, 1 FROM given WHERE project IS NULL
                 UNION SELECT g.root_role_id, 2 FROM groups g JOIN reach m ON m.group_id = g.id
             )
             SELECT r.id, r.name, r.type, r.description FROM roles r
             JOIN (SELECT role_id, MIN(place) AS place FROM held GROUP BY role_id) h ON h.role_id = r.id
             ORDER BY h.place, r.id"
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
            with_said!(
                "SELECT CAST($1 AS BIGINT)",
                ", held (project, role_id) AS (
                     SELECT project, role_id FROM user_roles WHERE user_id = $1
                     UNION
                     SELECT g.project, g.role_id FROM group_roles g JOIN reach m ON m.group_id = g.group_id
                     UNION
                     SELECT project, role_id FROM given WHERE project IS NOT NULL
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

/// Who gave a role, or what did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// An admin, or whoever manages access to a project.
    Hand,
    /// The connection that brought the person: newcomers have it.
    Newcomer(Named),
    /// An attribute of the user, as this connection sent it.
    Attribute(Named, String),
    /// A rule of this connection, and what names the group in it.
    Rule(Named, Named),
}

/// One reason why somebody holds something: a role, where it applies, and how it comes to them.
#[derive(Clone, Debug)]
pub struct Way {
    /// Who gave the role, or what did.
    pub source: Source,
    /// The groups on the way: the one that they are in, then the ones around it; the last one has the role, or the rule.
    /// Empty: the role is their own.
    pub through: Vec<Named>,
    /// The role.
    pub role: Role,
    /// The project in which they have it. `None`: it is a root role.
    pub project: Option<String>,
    /// What it gives, and where.
    pub holds: Vec<Hold>,
}

/// A role in a place, with the groups between and who gave it.
type Found = (Option<String>, Vec<Named>, i64, Source);

/// Where somebody's permissions come from, each reason by itself; root roles come first, their own before those of groups.
/// What an identity provider says and does not count is left out. For a group it is what its rules say, which counts for
/// those members of whom their connection says nothing else.
pub async fn ways(tx: &mut Read, whose: Whose) -> Result<Vec<Way>> {
    let chains = chains(tx, whose).await?;
    let ids = serde_json::to_string(&chains.keys().collect::<Vec<_>>())?;
    let mut found: Vec<Found> = Vec::new();
    match whose {
        Whose::User(id) => {
            found.extend(own(tx, id).await?);
            let own: Vec<(String, i64)> =
                tx.all(sql!("SELECT project, role_id FROM user_roles WHERE user_id = $1", id)).await?;
            found.extend(
                own.into_iter().map(|(project, role)| (Some(project), Vec::new(), role, Source::Hand)),
            );
            found.extend(given(tx, id).await?.into_iter().filter_map(|row| row.found(&chains)));
        }
        Whose::Group(_) => {
            found.extend(ruled(tx, &ids).await?.into_iter().filter_map(|row| row.found(&chains)));
        }
    }
    let of_groups: Vec<(i64, Option<String>, i64)> = tx
        .all(sql!(
            "SELECT g.id, NULL, g.root_role_id FROM groups g
             WHERE g.root_role_id IS NOT NULL AND g.id IN ({ids:$1})
             UNION ALL SELECT group_id, project, role_id FROM group_roles WHERE group_id IN ({ids:$1})",
            &ids
        ))
        .await?;
    let of_groups = of_groups.into_iter();
    found.extend(
        of_groups.map(|(group, project, role)| (project, chains[&group].clone(), role, Source::Hand)),
    );
    found.sort_by(|a, b| (&a.0, a.1.len(), &a.1, a.2).cmp(&(&b.0, b.1.len(), &b.1, b.2)));
    let mut roles: HashMap<i64, (Role, Vec<role::Held>)> = HashMap::new();
    let mut ways = Vec::new();
    for (project, through, id, source) in found {
        if let Entry::Vacant(place) = roles.entry(id) {
            place.insert((role::get(tx, id).await?, role::held(tx, id).await?));
        }
        let Some((role, held)) = roles.get(&id) else { continue };
        let holds = held.iter().map(|it| hold(it.permission, project.as_deref(), &it.environment)).collect();
        ways.push(Way { source, through, role: role.clone(), project, holds });
    }
    Ok(ways)
}

/// Their own root role, if it counts.
async fn own(tx: &mut Read, user: i64) -> Result<Vec<Found>> {
    let rows: Vec<(i64, bool, Option<i64>, Option<String>)> = tx
        .all(sql!(
            with_said!(
                "SELECT CAST($1 AS BIGINT)",
                " SELECT o.role_id, u.root_by_hand, c.id, c.name FROM own o JOIN users u ON u.id = o.user_id
                  LEFT JOIN person p ON p.id = u.id LEFT JOIN scim_connections c ON c.id = p.connection_id"
            ),
            user
        ))
        .await?;
    let read = |(role, by_hand, id, name): (i64, bool, Option<i64>, Option<String>)| {
        let source = match id.zip(name).filter(|_| !by_hand) {
            Some(connection) => Source::Newcomer(connection),
            None => Source::Hand,
        };
        (None, Vec::new(), role, source)
    };
    Ok(rows.into_iter().map(read).collect())
}

/// A word of an identity provider.
#[derive(sqlx::FromRow)]
struct Word {
    project: Option<String>,
    role_id: i64,
    group_id: Option<i64>,
    attribute: Option<String>,
    rule_id: Option<i64>,
    wanted: Option<String>,
    connection_id: i64,
    connection: String,
}

impl Word {
    fn source(&self) -> Option<Source> {
        let connection = (self.connection_id, self.connection.clone());
        Some(match self.rule_id.zip(self.wanted.clone()) {
            Some(rule) => Source::Rule(connection, rule),
            None => Source::Attribute(connection, self.attribute.clone()?),
        })
    }

    fn found(self, chains: &BTreeMap<i64, Vec<Named>>) -> Option<Found> {
        let source = self.source()?;
        let through = match self.group_id {
            Some(group) => chains.get(&group)?.clone(),
            None => Vec::new(),
        };
        Some((self.project, through, self.role_id, source))
    }
}

async fn given(tx: &mut Read, user: i64) -> Result<Vec<Word>> {
    tx.all(sql!(
        with_said!(
            "SELECT CAST($1 AS BIGINT)",
            " SELECT w.project, w.role_id, w.group_id, w.attribute, w.rule_id, x.wanted, c.id AS connection_id,
                     c.name AS connection
              FROM given w JOIN person p ON p.id = w.user_id JOIN scim_connections c ON c.id = p.connection_id
              LEFT JOIN scim_rules x ON x.id = w.rule_id"
        ),
        user
    ))
    .await
}

/// Somebody who has a role in a project because their identity provider says so.
#[derive(Clone, Debug)]
pub struct Given {
    /// Who: number and name.
    pub person: Named,
    /// The role.
    pub role: Named,
    /// By what.
    pub source: Source,
}

/// How many are told who have roles in a project.
pub const MOST_GIVEN: i64 = 1000;

/// Who has roles in a project because their identity provider says so, by name; the first thousand.
pub async fn given_in(tx: &mut Read, project: &str) -> Result<Vec<Given>> {
    #[derive(sqlx::FromRow)]
    struct Row {
        user_id: i64,
        name: String,
        role: String,
        #[sqlx(flatten)]
        word: Word,
    }
    let rows: Vec<Row> = tx
        .all(sql!(
            with_said!(
                ruled!("o.project = $1"),
                "SELECT user_id FROM scim_said WHERE project = $1
                 UNION SELECT m.user_id FROM ruled a JOIN group_users m ON m.group_id = a.id",
                " SELECT w.user_id, COALESCE(NULLIF(u.name, ''), u.username, u.email, '') AS name, o.name AS role,
                         w.project, w.role_id, w.group_id, w.attribute, w.rule_id, x.wanted, c.id AS connection_id,
                         c.name AS connection
                  FROM given w JOIN users u ON u.id = w.user_id JOIN roles o ON o.id = w.role_id
                  JOIN person p ON p.id = w.user_id JOIN scim_connections c ON c.id = p.connection_id
                  LEFT JOIN scim_rules x ON x.id = w.rule_id
                  WHERE w.project = $1 ORDER BY u.label_ci, u.id, w.role_id LIMIT $2"
            ),
            project,
            MOST_GIVEN
        ))
        .await?;
    let given = rows.into_iter().filter_map(|Row { user_id, name, role, word }| {
        let role = (word.role_id, role);
        Some(Given { person: (user_id, name), role, source: word.source()? })
    });
    Ok(given.collect())
}

/// What rules say about groups, a JSON array of ids.
async fn ruled(tx: &mut Read, groups: &str) -> Result<Vec<Word>> {
    tx.all(sql!(
        "SELECT o.project, o.role_id, k.group_id, CAST(NULL AS TEXT) AS attribute, x.id AS rule_id, x.wanted,
                c.id AS connection_id, c.name AS connection
         FROM scim_group_keys k JOIN scim_connections c ON c.id = k.connection_id
         JOIN scim_rules x ON x.connection_id = k.connection_id AND x.group_key = k.group_key
         JOIN scim_rule_roles o ON o.rule_id = x.id
         WHERE k.group_id IN ({ids:$1}) AND (o.role_id <> 1 OR c.gives_admin = TRUE)",
        groups
    ))
    .await
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
