//! Roles: the six predefined ones, and those that an installation makes for itself.

use serde::Serialize;
use serde_json::json;

use super::permission::{Level, Permission};
use super::resolve::{Holdings, hold};
use crate::db::Read;
use crate::error::{Error, Kind, Result};
use crate::events::{Change, Event, Fact};
use crate::sql;

/// The role of people who may only look.
pub const VIEWER: i64 = 3;
/// Roles up to this id are predefined and cannot be changed.
const PREDEFINED: i64 = 6;

/// A role without its permissions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Role {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// `root`, `project`, `root-custom` or `custom`.
    pub r#type: String,
    /// What it is for.
    pub description: String,
}

impl Role {
    /// True if it can be somebody's root role.
    pub fn is_root(&self) -> bool {
        matches!(self.r#type.as_str(), "root" | "root-custom")
    }

    /// True if the installation made it for itself, so that it can be changed.
    pub const fn is_own(&self) -> bool {
        self.id > PREDEFINED
    }
}

/// A permission that a role holds; an empty environment means every one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Held {
    /// The permission.
    pub permission: Permission,
    /// The environment.
    pub environment: String,
}

/// A role as somebody wants it.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// True for a project role, false for a root role.
    pub in_projects: bool,
    /// What it holds.
    pub held: Vec<Held>,
}

/// All roles.
pub async fn list(tx: &mut Read) -> Result<Vec<Role>> {
    tx.all(sql!("SELECT id, name, type, description FROM roles ORDER BY id")).await
}

/// The role with this id.
pub async fn get(tx: &mut Read, id: i64) -> Result<Role> {
    tx.optional(sql!("SELECT id, name, type, description FROM roles WHERE id = $1", id))
        .await?
        .ok_or_else(|| Error::not_found(format!("Could not find role with id {id}")))
}

/// How many have a role, as a root role or in projects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Holders {
    /// The role.
    pub role: i64,
    /// People and service accounts.
    pub users: i64,
    /// Groups.
    pub groups: i64,
    /// The projects in which somebody has it.
    pub projects: i64,
    /// People to whom an identity provider gives it by what it sends of them.
    pub given: i64,
    /// The connections that give it by a rule, or to newcomers.
    pub connections: i64,
}

/// How many have each role; those that nobody has or gives are left out. That connections make newcomers Viewers is not
/// counted.
pub async fn holders(tx: &mut Read) -> Result<Vec<Holders>> {
    tx.all(sql!(
        "WITH held (role, users, groups, projects, given, connections) AS (
             SELECT root_role_id, COUNT(*), 0, 0, 0, 0 FROM users
             WHERE deleted_at IS NULL AND is_system = FALSE GROUP BY root_role_id
             UNION ALL SELECT root_role_id, 0, COUNT(*), 0, 0, 0 FROM groups WHERE root_role_id IS NOT NULL
                       GROUP BY root_role_id
             UNION ALL SELECT role_id, COUNT(DISTINCT user_id), 0, 0, 0, 0 FROM user_roles GROUP BY role_id
             UNION ALL SELECT role_id, 0, COUNT(DISTINCT group_id), 0, 0, 0 FROM group_roles GROUP BY role_id
             UNION ALL SELECT role_id, 0, 0, 0, COUNT(DISTINCT user_id), 0 FROM scim_said GROUP BY role_id
             UNION ALL SELECT role_id, 0, 0, COUNT(DISTINCT project), 0, 0 FROM (
                 SELECT role_id, project FROM user_roles UNION SELECT role_id, project FROM group_roles
                 UNION SELECT role_id, project FROM scim_said UNION SELECT role_id, project FROM scim_rule_roles
             ) AS places GROUP BY role_id
             UNION ALL SELECT role, 0, 0, 0, 0, COUNT(*) FROM (
                 SELECT o.role_id AS role, x.connection_id FROM scim_rule_roles o JOIN scim_rules x ON x.id = o.rule_id
                 UNION SELECT usual_role, id FROM scim_connections WHERE usual_role <> $1
             ) AS givers GROUP BY role
         )
         SELECT role, CAST(SUM(users) AS BIGINT) AS users, CAST(SUM(groups) AS BIGINT) AS groups,
                CAST(SUM(projects) AS BIGINT) AS projects, CAST(SUM(given) AS BIGINT) AS given,
                CAST(SUM(connections) AS BIGINT) AS connections
         FROM held GROUP BY role ORDER BY role",
        VIEWER
    ))
    .await
}

/// The root role with this id or this name.
pub async fn root(tx: &mut Read, id: Option<i64>, name: Option<&str>) -> Result<Role> {
    let key = name.map(burgee_scim::fold);
    let found: Option<Role> = tx
        .optional(sql!(
            "SELECT id, name, type, description FROM roles WHERE id = $1 OR name_ci = $2",
            id,
            key
        ))
        .await?;
    found.filter(Role::is_root).ok_or_else(|| Error::bad_data("Could not find rootRole"))
}

/// What a role holds.
pub async fn held(tx: &mut Read, id: i64) -> Result<Vec<Held>> {
    let rows: Vec<(String, String)> =
        tx.all(sql!("SELECT permission, environment FROM role_permissions WHERE role_id = $1", id)).await?;
    let mut held: Vec<Held> = rows
        .into_iter()
        .filter_map(|(name, environment)| Some(Held { permission: Permission::named(&name)?, environment }))
        .collect();
    held.sort();
    Ok(held)
}

/// What whoever gets the role in `project` would hold.
async fn holdings(tx: &mut Read, id: i64, project: &str) -> Result<Holdings> {
    let holds = held(tx, id).await?;
    Ok(holds.into_iter().map(|held| hold(held.permission, Some(project), &held.environment)).collect())
}

/// Refuses to let somebody pass on in a project what they do not hold there.
pub async fn ensure_may_give(tx: &mut Read, giver: &Holdings, role: i64, project: &str) -> Result<()> {
    if giver.is_admin() || giver.covers(&holdings(tx, role, project).await?) {
        return Ok(());
    }
    Err(Error::rejected(Kind::InvalidOperation, "User tried to grant role they did not have access to"))
}

/// Refuses a draft that no role can be.
pub async fn check(tx: &mut Read, draft: &Draft, except: Option<i64>) -> Result<()> {
    let name = draft.name.trim();
    if name.is_empty() || name.chars().count() > 255 {
        return Err(Error::bad_data("The role name must have between 1 and 255 characters."));
    }
    let wrong: Vec<&str> = draft
        .held
        .iter()
        .filter(|held| {
            held.permission == Permission::Admin
                || (held.permission.level() == Level::Root) == draft.in_projects
        })
        .map(|held| held.permission.name())
        .collect();
    if !wrong.is_empty() {
        let kind = if draft.in_projects { "project" } else { "root" };
        return Err(Error::bad_data(format!("A custom {kind} role cannot hold: {}", wrong.join(", "))));
    }
    let taken: Option<(i64,)> = tx
        .optional(sql!(
            "SELECT id FROM roles WHERE name_ci = $1 AND (CAST($2 AS BIGINT) IS NULL OR id <> $2)",
            burgee_scim::fold(name),
            except
        ))
        .await?;
    if taken.is_some() {
        return Err(Error::rejected(
            Kind::NameExists,
            format!("There already exists a role with the name {name}"),
        ));
    }
    Ok(())
}

/// Makes a role. It takes an admin, who holds whatever the role can.
pub async fn create(tx: &mut Change, draft: Draft) -> Result<Role> {
    check(tx, &draft, None).await?;
    let now = tx.now();
    let name = draft.name.trim();
    let (id,): (i64,) = tx
        .one(sql!(
            "INSERT INTO roles (name, name_ci, description, type, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $5) RETURNING id",
            name,
            burgee_scim::fold(name),
            &draft.description,
            if draft.in_projects { "custom" } else { "root-custom" },
            now
        ))
        .await?;
    store(tx, id, &draft.held).await?;
    let role = get(tx, id).await?;
    tx.record(Event::created(Fact::RoleCreated, &state(&role, &draft.held)));
    Ok(role)
}

/// Keeps everybody else from changing the role until the transaction ends.
pub async fn lock(tx: &mut Change, id: i64) -> Result<Role> {
    let _: Option<(i64,)> = tx.optional(sql!("SELECT id FROM roles WHERE id = $1{lock}", id)).await?;
    get(tx, id).await
}

/// Replaces name, description and permissions of a role that the installation made.
pub async fn update(tx: &mut Change, id: i64, draft: Draft) -> Result<Role> {
    let before = lock(tx, id).await?;
    ensure_own(&before)?;
    let draft = Draft { in_projects: !before.is_root(), ..draft };
    check(tx, &draft, Some(id)).await?;
    let held_before = held(tx, id).await?;
    let now = tx.now();
    let name = draft.name.trim();
    tx.execute(sql!(
        "UPDATE roles SET name = $2, name_ci = $3, description = $4, updated_at = $5 WHERE id = $1",
        id,
        name,
        burgee_scim::fold(name),
        &draft.description,
        now
    ))
    .await?;
    tx.execute(sql!("DELETE FROM role_permissions WHERE role_id = $1", id)).await?;
    store(tx, id, &draft.held).await?;
    let after = get(tx, id).await?;
    let event = Event::updated(Fact::RoleUpdated, &state(&before, &held_before), &state(&after, &draft.held));
    tx.record(event);
    Ok(after)
}

/// Deletes a role that the installation made, and that nobody has and no connection gives.
pub async fn delete(tx: &mut Change, id: i64) -> Result<()> {
    // Nobody can give it meanwhile.
    let role = lock(tx, id).await?;
    ensure_own(&role)?;
    let giver: Option<(String,)> = tx
        .optional(sql!(
            "SELECT name FROM scim_connections c
             WHERE c.usual_role = $1
                OR EXISTS (SELECT 1 FROM scim_rules x JOIN scim_rule_roles o ON o.rule_id = x.id
                           WHERE x.connection_id = c.id AND o.role_id = $1)
                OR EXISTS (SELECT 1 FROM scim_said a JOIN scim_users p ON p.user_id = a.user_id
                           WHERE p.connection_id = c.id AND a.role_id = $1)
                OR EXISTS (SELECT 1 FROM scim_said a JOIN scim_held h ON h.user_id = a.user_id AND h.kind = 'delete'
                           WHERE h.connection_id = c.id AND a.role_id = $1)
             ORDER BY c.id LIMIT 1",
            id
        ))
        .await?;
    if let Some((connection,)) = giver {
        let message = format!(
            "Role is in use: the connection {connection} gives it to people. Change what it says about roles first."
        );
        return Err(Error::rejected(Kind::RoleInUse, message));
    }
    let (used,): (bool,) = tx
        .one(sql!(
            "SELECT EXISTS (SELECT 1 FROM users WHERE root_role_id = $1 AND deleted_at IS NULL)
                 OR EXISTS (SELECT 1 FROM groups WHERE root_role_id = $1)
                 OR EXISTS (SELECT 1 FROM user_roles WHERE role_id = $1)
                 OR EXISTS (SELECT 1 FROM group_roles WHERE role_id = $1)
                 OR EXISTS (SELECT 1 FROM scim_said WHERE role_id = $1)",
            id
        ))
        .await?;
    if used {
        return Err(Error::rejected(
            Kind::RoleInUse,
            "Role is in use by users or groups. You cannot delete a role that is in use without first removing the \
             role from them.",
        ));
    }
    // Whoever was removed keeps a role in the books; it must be one that exists.
    tx.execute(sql!("UPDATE users SET root_role_id = $2 WHERE root_role_id = $1", id, VIEWER)).await?;
    let held = held(tx, id).await?;
    tx.execute(sql!("DELETE FROM roles WHERE id = $1", id)).await?;
    tx.record(Event::deleted(Fact::RoleDeleted, &state(&role, &held)));
    Ok(())
}

async fn store(tx: &mut Change, id: i64, held: &[Held]) -> Result<()> {
    for held in held {
        tx.execute(sql!(
            "INSERT INTO role_permissions (role_id, permission, environment) VALUES ($1, $2, $3)
             ON CONFLICT (role_id, permission, environment) DO NOTHING",
            id,
            held.permission.name(),
            &held.environment
        ))
        .await?;
    }
    Ok(())
}

fn ensure_own(role: &Role) -> Result<()> {
    if !role.is_own() {
        return Err(Error::rejected(Kind::Forbidden, "You cannot change built in roles."));
    }
    Ok(())
}

fn state(role: &Role, held: &[Held]) -> serde_json::Value {
    let permissions: Vec<_> = held
        .iter()
        .map(|held| json!({ "name": held.permission.name(), "environment": held.environment }))
        .collect();
    json!({ "id": role.id, "name": role.name, "type": role.r#type, "description": role.description, "permissions": permissions })
}
