//! Projects with what is in them, for lists: a handful of statements, however many projects there are.

use std::collections::HashMap;

use burgee_scim::fold;

use super::project::{Mode, OWNER};
use crate::access::said::{ruled, with_said};
use crate::access::{Sight, visible};
use crate::clock::Time;
use crate::db::Read;
use crate::error::Result;
use crate::sql;

/// A project as lists show it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Summary {
    /// Names it everywhere.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Who sees it.
    #[sqlx(try_from = "String")]
    pub mode: Mode,
    /// What decides who gets what in new strategies.
    pub default_stickiness: String,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
    /// Since when it is archived.
    pub archived_at: Option<Time>,
    /// Its flags.
    #[sqlx(flatten)]
    pub flags: Flags,
    /// Flags that are done and can be removed from the code.
    pub completed: i64,
    /// True if the viewer likes to have it at hand.
    pub favorite: bool,
    /// When something last happened in it.
    pub last_event_at: Option<Time>,
    /// When an application last asked for one of its flags.
    pub last_seen_at: Option<Time>,
    /// Its oldest flag.
    pub first_flag: Option<String>,
}

/// How many flags there are, and how many of them should be gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Flags {
    /// Living flags.
    pub total: i64,
    /// Those marked as stale.
    pub stale: i64,
    /// Those older than flags of their type should get.
    pub potentially_stale: i64,
}

impl Flags {
    /// The share of flags that should be gone, in percent.
    pub fn debt(self) -> i64 {
        let due = self.stale + self.potentially_stale;
        if self.total == 0 { 0 } else { (due * 200 + self.total) / (self.total * 2) }
    }

    /// The share of flags in good order, in percent.
    pub fn health(self) -> i64 {
        100 - self.debt()
    }

    /// Those that are not stale.
    pub fn active(self) -> i64 {
        self.total - self.stale
    }
}

/// Which projects to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which<'a> {
    /// Living ones.
    Living,
    /// Archived ones.
    Archived,
    /// One, whatever its state.
    One(&'a str),
}

/// The projects that somebody sees; `person` says whose favourites count.
pub async fn list(
    tx: &mut Read,
    sight: &Sight,
    person: Option<i64>,
    which: Which<'_>,
) -> Result<Vec<Summary>> {
    let (one, archived) = match which {
        Which::Living => (None, false),
        Which::Archived => (None, true),
        Which::One(id) => (Some(id), false),
    };
    tx.all(sql!(
        concat!(
            "SELECT p.id, p.name, p.description, p.mode, p.default_stickiness, p.created_at, p.updated_at,
                    p.archived_at, COALESCE(f.total, 0) AS total, COALESCE(f.stale, 0) AS stale,
                    COALESCE(f.potentially_stale, 0) AS potentially_stale, COALESCE(l.count, 0) AS completed,
                    EXISTS (SELECT 1 FROM favorite_projects v WHERE v.project = p.id AND v.user_id = $2) AS favorite,
                    (SELECT e.created_at FROM events e WHERE e.project = p.id ORDER BY e.id DESC LIMIT 1)
                        AS last_event_at,
                    s.at AS last_seen_at,
                    (SELECT o.name FROM features o WHERE o.project = p.id AND o.archived_at IS NULL
                     ORDER BY o.created_at, o.name LIMIT 1) AS first_flag
             FROM projects p
             LEFT JOIN (SELECT project, COUNT(*) AS total, COUNT(CASE WHEN stale = TRUE THEN 1 END) AS stale,
                               COUNT(CASE WHEN stale = FALSE AND potentially_stale = TRUE THEN 1 END)
                                   AS potentially_stale
                        FROM features WHERE archived_at IS NULL GROUP BY project) f ON f.project = p.id
             LEFT JOIN (SELECT f.project, COUNT(*) AS count
                        FROM feature_lifecycles y JOIN features f ON f.name = y.feature
                        WHERE y.stage = 'completed' AND f.archived_at IS NULL GROUP BY f.project) l
                  ON l.project = p.id
             LEFT JOIN (SELECT f.project, MAX(e.seen_at) AS at
                        FROM flag_sightings e JOIN features f ON f.name = e.feature GROUP BY f.project) s ON s.project = p.id
             WHERE ",
            visible!("p", "$1"),
            " AND (p.id = $3 OR (CAST($3 AS TEXT) IS NULL AND (p.archived_at IS NOT NULL) = $4))
             ORDER BY p.name, p.id"
        ),
        sight.param()?,
        person,
        one,
        archived
    ))
    .await
}

/// Id and name of the living projects that somebody sees, by name; a hundred at most.
pub async fn names(tx: &mut Read, sight: &Sight) -> Result<Vec<(String, String)>> {
    tx.all(sql!(
        concat!(
            "SELECT p.id, p.name FROM projects p WHERE p.archived_at IS NULL AND ",
            visible!("p", "$1"),
            " ORDER BY p.name, p.id LIMIT 100"
        ),
        sight.param()?
    ))
    .await
}

/// Id and name of all living projects, private ones, too, by id.
pub async fn living(tx: &mut Read) -> Result<Vec<(String, String)>> {
    tx.all(sql!("SELECT id, name FROM projects WHERE archived_at IS NULL ORDER BY id")).await
}

/// All of them that one of the texts may mean, by id, or by name, whatever the case of the letters; maybe some others.
pub async fn living_named(tx: &mut Read, texts: &[&str]) -> Result<Vec<(String, String)>> {
    let folded: Vec<String> = texts.iter().map(|text| fold(text)).collect();
    // Databases know the case of ASCII letters only: names with others are for whoever asks to compare.
    tx.all(sql!(
        "SELECT id, name FROM projects
         WHERE archived_at IS NULL
           AND (id IN ({list:$1}) OR lower(name) IN ({list:$2}) OR octet_length(name) <> length(name))
         ORDER BY id",
        serde_json::to_string(texts)?,
        serde_json::to_string(&folded)?
    ))
    .await
}

/// How many flags of which type a project has.
pub async fn types(tx: &mut Read, project: &str) -> Result<Vec<(String, i64)>> {
    tx.all(sql!(
        "SELECT type, COUNT(*) FROM features WHERE project = $1 AND archived_at IS NULL GROUP BY type ORDER BY type",
        project
    ))
    .await
}

/// How many people have a place in each project, directly, through groups, nested ones included, or because their identity
/// provider says so.
pub async fn members(tx: &mut Read, project: Option<&str>) -> Result<HashMap<String, i64>> {
    let rows: Vec<(String, i64)> = tx
        .all(sql!(
            with_said!(
                concat!(
                    "inside (project, group_id) AS (
                         SELECT project, group_id FROM group_roles WHERE CAST($1 AS TEXT) IS NULL OR project = $1
                         UNION
                         SELECT i.project, g.child_id FROM group_groups g JOIN inside i ON g.parent_id = i.group_id
                     ), ",
                    ruled!("o.project IS NOT NULL AND (CAST($1 AS TEXT) IS NULL OR o.project = $1)")
                ),
                "SELECT user_id FROM scim_said WHERE project IS NOT NULL AND (CAST($1 AS TEXT) IS NULL OR project = $1)
                 UNION SELECT m.user_id FROM ruled a JOIN group_users m ON m.group_id = a.id",
                ", member (project, user_id) AS (
                     SELECT project, user_id FROM user_roles WHERE CAST($1 AS TEXT) IS NULL OR project = $1
                     UNION
                     SELECT i.project, g.user_id FROM inside i JOIN group_users g ON g.group_id = i.group_id
                     UNION
                     SELECT project, user_id FROM given
                     WHERE project IS NOT NULL AND (CAST($1 AS TEXT) IS NULL OR project = $1)
                 )
                 SELECT m.project, COUNT(*) FROM member m JOIN users u ON u.id = m.user_id
                 WHERE u.deleted_at IS NULL GROUP BY m.project"
            ),
            project
        ))
        .await?;
    Ok(rows.into_iter().collect())
}

/// A person or group that owns a project.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Owner {
    /// The person's number; groups have none here.
    pub user_id: Option<i64>,
    /// The name that people see.
    pub name: String,
    /// The e-mail address, or the user name.
    pub email: Option<String>,
    /// A picture.
    pub image_url: Option<String>,
}

/// Who owns each project, or one.
pub async fn owners(tx: &mut Read, project: Option<&str>) -> Result<HashMap<String, Vec<Owner>>> {
    #[derive(sqlx::FromRow)]
    struct Row {
        project: String,
        #[sqlx(flatten)]
        owner: Owner,
    }
    let rows: Vec<Row> = tx
        .all(sql!(
            "SELECT r.project, u.id AS user_id, COALESCE(u.name, u.username, u.email, '') AS name,
                    COALESCE(u.email, u.username) AS email, u.image_url
             FROM user_roles r JOIN users u ON u.id = r.user_id
             WHERE r.role_id = $2 AND u.deleted_at IS NULL AND (CAST($1 AS TEXT) IS NULL OR r.project = $1)
             UNION ALL
             SELECT r.project, NULL, g.name, NULL, NULL FROM group_roles r JOIN groups g ON g.id = r.group_id
             WHERE r.role_id = $2 AND (CAST($1 AS TEXT) IS NULL OR r.project = $1)
             ORDER BY 1, 3",
            project,
            OWNER
        ))
        .await?;
    let mut owners: HashMap<String, Vec<Owner>> = HashMap::new();
    for row in rows {
        owners.entry(row.project).or_default().push(row.owner);
    }
    Ok(owners)
}

/// The projects in which somebody has a place, directly, through groups, or because their identity provider says so.
pub async fn of_person(tx: &mut Read, person: i64) -> Result<Vec<String>> {
    let ids: Vec<(String,)> = tx
        .all(sql!(
            with_said!(
                "SELECT CAST($1 AS BIGINT)",
                " SELECT project FROM user_roles WHERE user_id = $1
                  UNION SELECT r.project FROM group_roles r JOIN reach m ON m.group_id = r.group_id
                  UNION SELECT project FROM given WHERE project IS NOT NULL
                  UNION SELECT project FROM favorite_projects WHERE user_id = $1"
            ),
            person
        ))
        .await?;
    Ok(ids.into_iter().map(|(id,)| id).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_is_the_share_of_flags_in_good_order() {
        let flags = |total, stale, potentially_stale| Flags { total, stale, potentially_stale };
        assert_eq!(flags(0, 0, 0).health(), 100);
        assert_eq!(flags(3, 1, 0).health(), 67);
        assert_eq!(flags(3, 1, 1).health(), 33);
        assert_eq!(flags(3, 3, 0).health(), 0);
    }
}
