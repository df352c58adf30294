//! Groups: whoever is a member holds the group's root role and its roles in projects.

use serde::Serialize;

use super::removed;
use crate::access::reach::with_member;
use crate::access::role;
use crate::audience;
use crate::clock::Time;
use crate::db::{Read, Sql, dialect, last_page};
use crate::error::{Error, Kind, Result};
use crate::events::{Change, Event, Fact};
use crate::{owners, sql};

/// The longest name, in characters.
const LONGEST_NAME: usize = 255;
/// The longest description, in characters.
const LONGEST_DESCRIPTION: usize = 1000;

/// A group without its members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// Its number.
    pub id: i64,
    /// Its name; no two groups share one, whatever the case of the letters.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The groups of single sign-on that it stands for.
    #[serde(rename = "mappingsSSO")]
    #[sqlx(try_from = "String")]
    pub mappings_sso: Mappings,
    /// The root role that its members hold.
    #[sqlx(rename = "root_role_id")]
    pub root_role: Option<i64>,
    /// When it was made.
    pub created_at: Time,
    /// Who made it.
    pub created_by: Option<String>,
    /// The id that the identity provider knows, if one manages the group.
    pub scim_id: Option<String>,
}

/// A list of texts in a column.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Mappings(pub Vec<String>);

impl From<String> for Mappings {
    fn from(text: String) -> Self {
        Self(serde_json::from_str(&text).unwrap_or_default())
    }
}

/// A group as somebody wants it.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The groups of single sign-on that it stands for.
    pub mappings_sso: Vec<String>,
    /// The root role that its members hold.
    pub root_role: Option<i64>,
}

/// A group as a list of choices shows it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Size {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// How many members it has.
    pub user_count: i64,
}

/// A group as a page of a list shows it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Listed {
    /// The connection that provisions it.
    pub connection: Option<String>,
    /// How many people and service accounts are in it.
    pub members: i64,
    /// In how many projects it has a role.
    pub projects: i64,
    /// The group.
    #[sqlx(flatten)]
    pub group: Group,
}

/// Which groups to find. What is `None` or empty does not restrict.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The name contains this.
    pub text: String,
    /// Whether an identity provider keeps it.
    pub provisioned: Option<bool>,
    /// The root role.
    pub role: Option<i64>,
}

/// `sql!` text that selects [`Group`]s; a condition follows. More columns may stand in front.
macro_rules! select_groups {
    ($rest:expr $(, $arg:expr)*) => {
        select_groups!([""] $rest $(, $arg)*)
    };
    ([$more:expr] $rest:expr $(, $arg:expr)*) => {
        sql!(concat!(
            "SELECT ", $more, "g.id, g.name, g.description, g.mappings_sso, g.root_role_id, g.created_at, g.created_by, s.scim_id
             FROM groups g LEFT JOIN scim_groups s ON s.group_id = g.id ", $rest) $(, $arg)*)
    };
}

/// All groups.
pub async fn list(tx: &mut Read) -> Result<Vec<Group>> {
    tx.all(select_groups!("ORDER BY g.id")).await
}

/// A page of the groups that pass a filter, by name, and how many there are in all.
pub async fn page(tx: &mut Read, filter: &Filter, offset: i64, limit: i64) -> Result<(Vec<Listed>, i64)> {
    let mut sql = Sql::build("SELECT g.id");
    conditions(&mut sql, tx, filter);
    sql.push(" ORDER BY g.name_ci LIMIT ").bind(limit).push(" OFFSET ").bind(offset);
    let ids: Vec<(i64,)> = tx.all(sql).await?;
    let total = if let Some(total) = last_page(ids.len(), offset, limit) {
        total
    } else {
        let mut count = Sql::build("SELECT COUNT(*)");
        conditions(&mut count, tx, filter);
        let (total,): (i64,) = tx.one(count).await?;
        total
    };
    let ids: Vec<i64> = ids.into_iter().map(|(id,)| id).collect();
    Ok((listed(tx, &ids).await?, total))
}

fn conditions(sql: &mut Sql, tx: &Read, filter: &Filter) {
    sql.push(" FROM groups g WHERE TRUE");
    let (start, middle, end) = dialect::contains(tx.engine());
    for word in filter.text.split_whitespace().take(5) {
        sql.push(" AND ").push(start).push("g.name_ci").push(middle).bind(burgee_scim::fold(word)).push(end);
    }
    sql.push(match filter.provisioned {
        None => "",
        Some(true) => " AND EXISTS (SELECT 1 FROM scim_groups s WHERE s.group_id = g.id)",
        Some(false) => " AND NOT EXISTS (SELECT 1 FROM scim_groups s WHERE s.group_id = g.id)",
    });
    if let Some(role) = filter.role {
        sql.push(" AND g.root_role_id = ").bind(role);
    }
}

/// The group with this id, as lists show it.
pub async fn glance(tx: &mut Read, id: i64) -> Result<Listed> {
    let found = listed(tx, &[id]).await?.into_iter().next();
    found.ok_or_else(|| Error::not_found(format!("Could not find group with id {id}")))
}

async fn listed(tx: &mut Read, ids: &[i64]) -> Result<Vec<Listed>> {
    tx.all(select_groups!(
        ["c.name AS connection,
          (SELECT COUNT(*) FROM group_users m WHERE m.group_id = g.id) AS members,
          (SELECT COUNT(DISTINCT r.project) FROM group_roles r WHERE r.group_id = g.id) AS projects, "]
        "LEFT JOIN scim_connections c ON c.id = s.connection_id WHERE g.id IN ({ids:$1}) ORDER BY g.name_ci",
        serde_json::to_string(ids)?
    ))
    .await
}

/// The groups inside a group: who is in them counts as a member of it.
pub async fn inside(tx: &mut Read, id: i64) -> Result<Vec<Group>> {
    tx.all(select_groups!(
        "JOIN group_groups x ON x.child_id = g.id WHERE x.parent_id = $1 ORDER BY g.name_ci",
        id
    ))
    .await
}

/// Keeps everybody else from changing the group until the transaction ends.
pub async fn lock(tx: &mut Change, id: i64) -> Result<Group> {
    let _: Option<(i64,)> = tx.optional(sql!("SELECT id FROM groups WHERE id = $1{lock}", id)).await?;
    get(tx, id).await
}

/// The groups with these ids, a JSON array.
pub async fn these(tx: &mut Read, ids: &str) -> Result<Vec<Group>> {
    tx.all(select_groups!("WHERE g.id IN ({ids:$1}) ORDER BY g.id", ids)).await
}

/// The groups that somebody is a member of, those around their groups included.
pub async fn of_user(tx: &mut Read, user: i64) -> Result<Vec<Group>> {
    tx.all(select_groups!(
        concat!("WHERE g.id IN (", with_member!(" SELECT group_id FROM member"), ") ORDER BY g.id"),
        user
    ))
    .await
}

/// The group with this id.
pub async fn get(tx: &mut Read, id: i64) -> Result<Group> {
    find(tx, id).await?.ok_or_else(|| Error::not_found(format!("Could not find group with id {id}")))
}

/// Like [`get`], without making a missing group an error.
pub async fn find(tx: &mut Read, id: i64) -> Result<Option<Group>> {
    tx.optional(select_groups!("WHERE g.id = $1", id)).await
}

/// The group with this name, whatever the case of the letters.
pub async fn named(tx: &mut Read, name: &str) -> Result<Option<Group>> {
    tx.optional(select_groups!("WHERE g.name_ci = $1", burgee_scim::fold(name.trim()))).await
}

/// Groups whose name contains `text`, by name, ten at most.
pub async fn search(tx: &mut Read, text: &str) -> Result<Vec<Size>> {
    let (start, middle, end) = dialect::contains(tx.engine());
    let mut sql = Sql::build(
        "SELECT g.id, g.name, (SELECT COUNT(*) FROM group_users m WHERE m.group_id = g.id) AS user_count
         FROM groups g WHERE ",
    );
    sql.push(start).push("g.name_ci").push(middle).bind(burgee_scim::fold(text)).push(end);
    sql.push(" ORDER BY g.name_ci LIMIT 10");
    tx.all(sql).await
}

/// The names of the first groups, `limit` at most.
pub async fn names(tx: &mut Read, limit: i64) -> Result<Vec<String>> {
    let found: Vec<(String,)> =
        tx.all(sql!("SELECT name FROM groups ORDER BY name_ci LIMIT $1", limit)).await?;
    Ok(found.into_iter().map(|(name,)| name).collect())
}

/// All groups with the number of their members, by name.
pub async fn sizes(tx: &mut Read) -> Result<Vec<Size>> {
    tx.all(sql!(
        "SELECT g.id, g.name, (SELECT COUNT(*) FROM group_users m WHERE m.group_id = g.id) AS user_count
         FROM groups g ORDER BY g.name"
    ))
    .await
}

/// The projects in which one group, or each, has a role: pairs of group and project.
pub async fn projects(tx: &mut Read, id: Option<i64>) -> Result<Vec<(i64, String)>> {
    tx.all(sql!(
        "SELECT DISTINCT group_id, project FROM group_roles
         WHERE CAST($1 AS BIGINT) IS NULL OR group_id = $1 ORDER BY group_id, project",
        id
    ))
    .await
}

/// Makes a group. It takes an admin, who may give any root role to its members.
pub async fn create(tx: &mut Change, draft: Draft) -> Result<Group> {
    let draft = check(tx, draft, None).await?;
    let (now, author) = (tx.now(), tx.actor().name.clone());
    let (id,): (i64,) = tx
        .one(sql!(
            "INSERT INTO groups (name, name_ci, description, mappings_sso, root_role_id, created_at, created_by)
             VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
            &draft.name,
            burgee_scim::fold(&draft.name),
            draft.description,
            serde_json::to_string(&draft.mappings_sso)?,
            draft.root_role,
            now,
            author
        ))
        .await?;
    let group = get(tx, id).await?;
    tx.record(Event::created(Fact::GroupCreated, &group));
    Ok(group)
}

/// Replaces everything but the members, and records it, unless nothing differs.
pub async fn update(tx: &mut Change, id: i64, draft: Draft) -> Result<Group> {
    // Whoever changes the same group at the same time waits here.
    let before = lock(tx, id).await?;
    let draft = check(tx, draft, Some(&before)).await?;
    let after = Group {
        name: draft.name,
        description: draft.description,
        mappings_sso: Mappings(draft.mappings_sso),
        root_role: draft.root_role,
        ..before.clone()
    };
    if after != before {
        tx.execute(sql!(
            "UPDATE groups SET name = $2, name_ci = $3, description = $4, mappings_sso = $5, root_role_id = $6,
                               version = version + 1 WHERE id = $1",
            id,
            &after.name,
            burgee_scim::fold(&after.name),
            after.description.clone(),
            serde_json::to_string(&after.mappings_sso)?,
            after.root_role
        ))
        .await?;
        tx.record(Event::updated(Fact::GroupUpdated, &before, &after));
    }
    Ok(after)
}

/// Deletes a group. What an identity provider knew of it stays as a tombstone. One that is not there is no error.
///
/// Refused while segments take their people from it, except to identity providers, whose whole synchronisation would
/// stop: for them the group goes, and nobody is left in the segments.
pub async fn delete(tx: &mut Change, id: i64) -> Result<()> {
    let Some(group) = find(tx, id).await? else { return Ok(()) };
    if tx.actor().connection().is_none() {
        audience::ensure_untied(tx, &[id]).await?;
    }
    owners::group_gone(tx, id, &group.name).await?;
    let signal = if group.scim_id.is_none() { removed::group(tx, id).await? } else { None };
    let now = tx.now();
    tx.execute(sql!(
        "INSERT INTO scim_tombstones (scim_id, connection_id, resource_type, local_id, external_id, deleted_at)
         SELECT scim_id, connection_id, 'Group', group_id, external_id, $2 FROM scim_groups WHERE group_id = $1",
        id,
        now
    ))
    .await?;
    tx.execute(sql!(
        "UPDATE scim_groups SET version = version + 1, updated_at = $2
         WHERE group_id IN (SELECT parent_id FROM group_groups WHERE child_id = $1)",
        id,
        now
    ))
    .await?;
    audience::lose(tx, &[id]).await?;
    tx.execute(sql!("DELETE FROM groups WHERE id = $1", id)).await?;
    tx.record(Event::deleted(Fact::GroupDeleted, &group));
    if let Some(signal) = signal {
        tx.signal(signal);
    }
    Ok(())
}

/// Refuses a draft that no group can be.
async fn check(tx: &mut Read, draft: Draft, before: Option<&Group>) -> Result<Draft> {
    let kept = before.is_some_and(|group| group.name == draft.name);
    let name = if kept { draft.name } else { draft.name.trim().to_owned() };
    if !kept && (name.is_empty() || name.chars().count() > LONGEST_NAME) {
        return Err(Error::bad_data(format!(
            "The group name must have between 1 and {LONGEST_NAME} characters."
        )));
    }
    if draft.description.as_ref().is_some_and(|text| text.chars().count() > LONGEST_DESCRIPTION) {
        return Err(Error::bad_data(format!(
            "The description must have at most {LONGEST_DESCRIPTION} characters."
        )));
    }
    let taken: Option<(i64,)> = tx
        .optional(sql!(
            "SELECT id FROM groups WHERE name_ci = $1 AND (CAST($2 AS BIGINT) IS NULL OR id <> $2)",
            burgee_scim::fold(&name),
            before.map(|group| group.id)
        ))
        .await?;
    if taken.is_some() {
        return Err(Error::rejected(
            Kind::NameExists,
            format!("There already exists a group with the name {name}"),
        ));
    }
    if let Some(role) = draft.root_role.filter(|role| before.and_then(|group| group.root_role) != Some(*role))
    {
        role::root(tx, Some(role), None).await.map_err(|error| match error.kind() {
            Some(_) => Error::bad_data(format!("Incorrect role id {role}")),
            None => error,
        })?;
    }
    Ok(Draft {
        name,
        description: draft.description,
        mappings_sso: draft.mappings_sso,
        root_role: draft.root_role,
    })
}
