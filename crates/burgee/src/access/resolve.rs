//! What somebody holds: the union of their root role, their groups' root roles, their roles in projects and what their
//! identity provider gives.

use std::sync::Arc;

use super::actor::Actor;
use super::permission::{Level, Permission};
use super::said::with_said;
use super::sight::Sight;
use crate::db::Read;
use crate::error::Result;
use crate::sql;

/// Somebody with everything they hold.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Who.
    pub actor: Actor,
    /// What they hold.
    pub held: Arc<Holdings>,
}

impl Subject {
    /// Which projects they see.
    pub async fn sight(&self, tx: &mut Read) -> Result<Sight> {
        Sight::of(tx, &self.actor, &self.held).await
    }
}

/// One permission and where it holds. `None` means everywhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hold {
    /// The permission.
    pub permission: Permission,
    /// The project it is bound to.
    pub project: Option<String>,
    /// The environment it is bound to.
    pub environment: Option<String>,
}

impl Hold {
    /// True if this is enough for one of `wanted` in this project and environment.
    pub fn gives(&self, wanted: &[Permission], project: Option<&str>, environment: Option<&str>) -> bool {
        (self.permission == Permission::Admin || wanted.contains(&self.permission))
            && self.project.as_deref().is_none_or(|p| Some(p) == project)
            && self.environment.as_deref().is_none_or(|e| Some(e) == environment)
    }
}

/// A set of holds; there are no denials, so more roles never mean fewer rights.
#[derive(Clone, Debug, Default)]
pub struct Holdings(Vec<Hold>);

impl Holdings {
    /// Everything, everywhere.
    pub fn admin() -> Self {
        Self(vec![Hold { permission: Permission::Admin, project: None, environment: None }])
    }

    /// The holds themselves, sorted and without repetition.
    pub fn iter(&self) -> impl Iterator<Item = &Hold> {
        self.0.iter()
    }

    /// True if ADMIN is among them.
    pub fn is_admin(&self) -> bool {
        self.any(&[], None, None)
    }

    /// True if one of `wanted`, or ADMIN, is held in this project and environment.
    pub fn any(&self, wanted: &[Permission], project: Option<&str>, environment: Option<&str>) -> bool {
        self.0.iter().any(|hold| hold.gives(wanted, project, environment))
    }

    /// True if one of `wanted`, or ADMIN, is held somewhere.
    pub fn anywhere(&self, wanted: &[Permission]) -> bool {
        self.0.iter().any(|hold| hold.permission == Permission::Admin || wanted.contains(&hold.permission))
    }

    /// True if this set may do whatever `other` may: nobody passes on what they do not hold.
    pub fn covers(&self, other: &Self) -> bool {
        other.iter().all(|hold| {
            hold.permission != Permission::Admin
                && self.any(&[hold.permission], hold.project.as_deref(), hold.environment.as_deref())
                || self.is_admin()
        })
    }
}

impl FromIterator<Hold> for Holdings {
    fn from_iter<I: IntoIterator<Item = Hold>>(holds: I) -> Self {
        let mut holds: Vec<_> = holds.into_iter().collect();
        holds.sort();
        holds.dedup();
        Self(holds)
    }
}

/// Makes a hold of a role's row. Root roles carry no project; what they hold of project or environment
/// permissions counts in the project `default`, as in Unleash.
pub(super) fn hold(permission: Permission, project: Option<&str>, environment: &str) -> Hold {
    let project = (permission.level() != Level::Root).then(|| project.unwrap_or("default").to_owned());
    let environment =
        (permission.level() == Level::Environment && !environment.is_empty()).then(|| environment.to_owned());
    Hold { permission, project, environment }
}

/// Everything the user `id` holds, directly and through groups, nested ones included.
/// Nobody who is inactive or deleted holds anything.
pub async fn holdings_of(tx: &mut Read, id: i64) -> Result<Holdings> {
    let rows: Vec<(Option<String>, String, String)> = tx
        .all(sql!(
            with_said!(
                "SELECT CAST($1 AS BIGINT)",
                ", held (project, role_id) AS (
                     SELECT NULL, role_id FROM own
                     UNION SELECT NULL, g.root_role_id FROM groups g JOIN reach m ON m.group_id = g.id
                           WHERE g.root_role_id IS NOT NULL
                     UNION SELECT project, role_id FROM user_roles WHERE user_id = $1
                     UNION SELECT r.project, r.role_id FROM group_roles r JOIN reach m ON m.group_id = r.group_id
                     UNION SELECT project, role_id FROM given
                 )
                 SELECT h.project, p.permission, p.environment
                 FROM held h JOIN role_permissions p ON p.role_id = h.role_id
                 WHERE EXISTS (SELECT 1 FROM users WHERE id = $1 AND active = TRUE AND deleted_at IS NULL)"
            ),
            id
        ))
        .await?;
    Ok(rows
        .iter()
        .filter_map(|(project, permission, environment)| {
            Some(hold(Permission::named(permission)?, project.as_deref(), environment))
        })
        .collect())
}
