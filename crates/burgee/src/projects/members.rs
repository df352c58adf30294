//! Who has which role in a project.
//!
//! Nobody gives a role that holds more than they hold in the project themselves. Taking a role away takes no more
//! than the right to manage access.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::ensure_exists;
use crate::access::{Holdings, role};
use crate::clock::Time;
use crate::db::Read;
use crate::error::{Error, Result};
use crate::events::{Change, Event, Fact};
use crate::people::{group, user};
use crate::sql;

/// A person or a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A user or service account.
    User(i64),
    /// A group.
    Group(i64),
}

/// One role of somebody in a project.
pub type Place = (Subject, i64);

/// The places of a project, each with the time since when.
pub async fn places(tx: &mut Read, project: &str) -> Result<BTreeMap<Place, Time>> {
    ensure_exists(tx, project).await?;
    let users: Vec<(i64, i64, Time)> = tx
        .all(sql!("SELECT user_id, role_id, created_at FROM user_roles WHERE project = $1", project))
        .await?;
    let groups: Vec<(i64, i64, Time)> = tx
        .all(sql!("SELECT group_id, role_id, created_at FROM group_roles WHERE project = $1", project))
        .await?;
    let users = users.into_iter().map(|(id, role, at)| ((Subject::User(id), role), at));
    let groups = groups.into_iter().map(|(id, role, at)| ((Subject::Group(id), role), at));
    Ok(users.chain(groups).collect())
}

/// Somebody with a place in a project.
#[derive(Clone, Debug)]
pub struct Member {
    /// Who.
    pub subject: Subject,
    /// What people call them.
    pub name: String,
    /// What a person signs in with.
    pub login: Option<String>,
    /// True for a service account.
    pub service: bool,
    /// False for people who cannot sign in.
    pub active: bool,
    /// True if they come from the identity provider.
    pub provisioned: bool,
    /// How many people are in a group.
    pub size: Option<i64>,
    /// Their roles in the project: number and name.
    pub roles: Vec<(i64, String)>,
    /// Since when they have the first of them.
    pub since: Time,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    name: String,
    login: Option<String>,
    service: bool,
    active: bool,
    provisioned: bool,
    size: Option<i64>,
    role_id: i64,
    role: String,
    created_at: Time,
}

/// Everybody who has a place in a project: people, then groups, by name.
pub async fn list(tx: &mut Read, project: &str) -> Result<Vec<Member>> {
    ensure_exists(tx, project).await?;
    let users: Vec<Row> = tx
        .all(sql!(
            "SELECT u.id, COALESCE(NULLIF(u.name, ''), u.username, u.email, '') AS name, COALESCE(u.email, u.username) AS login,
                    u.is_service AS service, u.active, s.scim_id IS NOT NULL AS provisioned,
                    CAST(NULL AS BIGINT) AS size, r.role_id, o.name AS role, r.created_at
             FROM user_roles r JOIN users u ON u.id = r.user_id JOIN roles o ON o.id = r.role_id
             LEFT JOIN scim_users s ON s.user_id = u.id
             WHERE r.project = $1 AND u.deleted_at IS NULL ORDER BY u.label_ci, u.id, r.role_id",
            project
        ))
        .await?;
    let groups: Vec<Row> = tx
        .all(sql!(
            "SELECT g.id, g.name, CAST(NULL AS TEXT) AS login, FALSE AS service, TRUE AS active,
                    s.scim_id IS NOT NULL AS provisioned,
                    (SELECT COUNT(*) FROM group_users m WHERE m.group_id = g.id) AS size,
                    r.role_id, o.name AS role, r.created_at
             FROM group_roles r JOIN groups g ON g.id = r.group_id JOIN roles o ON o.id = r.role_id
             LEFT JOIN scim_groups s ON s.group_id = g.id
             WHERE r.project = $1 ORDER BY g.name_ci, g.id, r.role_id",
            project
        ))
        .await?;
    let users = users.into_iter().map(|row| (Subject::User(row.id), row));
    let groups = groups.into_iter().map(|row| (Subject::Group(row.id), row));
    let mut members: Vec<Member> = Vec::new();
    for (subject, row) in users.chain(groups) {
        match members.last_mut().filter(|last| last.subject == subject) {
            Some(last) => {
                last.roles.push((row.role_id, row.role));
                last.since = last.since.min(row.created_at);
            }
            None => members.push(Member {
                subject,
                name: row.name,
                login: row.login,
                service: row.service,
                active: row.active,
                provisioned: row.provisioned,
                size: row.size,
                roles: vec![(row.role_id, row.role)],
                since: row.created_at,
            }),
        }
    }
    Ok(members)
}

/// The project roles that somebody may give in a project.
pub async fn givable(tx: &mut Read, giver: &Holdings, project: &str) -> Result<Vec<role::Role>> {
    let mut givable = Vec::new();
    for role in role::list(tx).await?.into_iter().filter(|role| !role.is_root()) {
        match role::ensure_may_give(tx, giver, role.id, project).await {
            Ok(()) => givable.push(role),
            Err(refused) if refused.kind().is_some() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(givable)
}

/// Gives every role to every subject, on top of what they have.
pub async fn add(
    tx: &mut Change,
    giver: &Holdings,
    project: &str,
    roles: &[i64],
    subjects: &[Subject],
) -> Result<()> {
    let roles = project_roles(tx, roles).await?;
    ensure_known(tx, subjects).await?;
    let before = places(tx, project).await?;
    let wanted = subjects.iter().flat_map(|subject| roles.iter().map(|role| (*subject, *role)));
    let added: BTreeSet<Place> = wanted.filter(|place| !before.contains_key(place)).collect();
    if added.is_empty() {
        return Ok(());
    }
    give(tx, giver, project, &added).await?;
    let state = state(subjects.iter().flat_map(|subject| roles.iter().map(|role| (*subject, *role))));
    tx.record(within(Event::created(Fact::ProjectAccessAdded, &state), project));
    Ok(())
}

/// Makes `wanted` all that there is in the project.
pub async fn replace(
    tx: &mut Change,
    giver: &Holdings,
    project: &str,
    wanted: BTreeSet<Place>,
) -> Result<()> {
    let subjects: Vec<Subject> = wanted.iter().map(|(subject, _)| *subject).collect();
    ensure_known(tx, &subjects).await?;
    let before: BTreeSet<Place> = places(tx, project).await?.into_keys().collect();
    let roles: Vec<i64> = wanted.iter().map(|(_, role)| *role).collect();
    let roles = if roles.is_empty() { BTreeSet::new() } else { project_roles(tx, &roles).await? };
    let wanted: BTreeSet<Place> = wanted.into_iter().filter(|(_, role)| roles.contains(role)).collect();
    if before == wanted {
        return Ok(());
    }
    give(tx, giver, project, &wanted.difference(&before).copied().collect()).await?;
    take(tx, project, before.difference(&wanted)).await?;
    let (before, after) = (state(before.into_iter()), state(wanted.into_iter()));
    tx.record(within(Event::updated(Fact::ProjectAccessUpdated, &before, &after), project));
    Ok(())
}

/// Makes `roles` all that one subject has in the project; with none, the subject has no place in it any more.
pub async fn set(
    tx: &mut Change,
    giver: &Holdings,
    project: &str,
    subject: Subject,
    roles: Option<&[i64]>,
) -> Result<()> {
    let before: BTreeSet<Place> =
        places(tx, project).await?.into_keys().filter(|(somebody, _)| *somebody == subject).collect();
    let after: BTreeSet<Place> = match roles {
        Some(roles) => {
            ensure_known(tx, &[subject]).await.map_err(|error| match error.kind() {
                Some(_) => Error::not_found(error.to_string()),
                None => error,
            })?;
            project_roles(tx, roles).await?.into_iter().map(|role| (subject, role)).collect()
        }
        None => BTreeSet::new(),
    };
    if before == after {
        return Ok(());
    }
    give(tx, giver, project, &after.difference(&before).copied().collect()).await?;
    take(tx, project, before.difference(&after)).await?;
    let of = |places: &BTreeSet<Place>| {
        let roles: Vec<i64> = places.iter().map(|(_, role)| *role).collect();
        match subject {
            Subject::User(id) => json!({ "userId": id, "roles": roles }),
            Subject::Group(id) => json!({ "groupId": id, "roles": roles }),
        }
    };
    let event = match (subject, roles) {
        (Subject::User(_), None) => Event::deleted(Fact::ProjectUserRolesDeleted, &of(&before)),
        (Subject::Group(_), None) => Event::deleted(Fact::ProjectGroupRolesDeleted, &of(&before)),
        (Subject::User(_), _) => Event::updated(Fact::ProjectUserRolesUpdated, &of(&before), &of(&after)),
        (Subject::Group(_), _) => Event::updated(Fact::ProjectGroupRolesUpdated, &of(&before), &of(&after)),
    };
    tx.record(within(event, project));
    Ok(())
}

/// How many have a role in one project.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Usage {
    /// The project.
    pub project: String,
    /// People.
    pub users: i64,
    /// Service accounts.
    pub services: i64,
    /// Groups.
    pub groups: i64,
}

/// In which projects a role is in use.
pub async fn usage(tx: &mut Read, role: i64) -> Result<Vec<Usage>> {
    tx.all(sql!(
        "SELECT p.id AS project,
                (SELECT COUNT(*) FROM user_roles r JOIN users u ON u.id = r.user_id
                 WHERE r.project = p.id AND r.role_id = $1 AND u.is_service = FALSE) AS users,
                (SELECT COUNT(*) FROM user_roles r JOIN users u ON u.id = r.user_id
                 WHERE r.project = p.id AND r.role_id = $1 AND u.is_service = TRUE) AS services,
                (SELECT COUNT(*) FROM group_roles r WHERE r.project = p.id AND r.role_id = $1) AS groups
         FROM projects p
         WHERE EXISTS (SELECT 1 FROM user_roles r WHERE r.project = p.id AND r.role_id = $1)
            OR EXISTS (SELECT 1 FROM group_roles r WHERE r.project = p.id AND r.role_id = $1)
         ORDER BY p.id",
        role
    ))
    .await
}

/// Those of `roles` that apply in projects; others are left out, as in Unleash, but none at all is refused.
async fn project_roles(tx: &mut Read, roles: &[i64]) -> Result<BTreeSet<i64>> {
    let mut found = BTreeSet::new();
    for id in roles.iter().copied().collect::<BTreeSet<_>>() {
        let role = role::get(tx, id).await.map_err(|error| match error.kind() {
            Some(_) => Error::bad_data(format!("Incorrect role id {id}")),
            None => error,
        })?;
        if !role.is_root() {
            found.insert(id);
        }
    }
    if found.is_empty() {
        return Err(Error::bad_data("At least one project role is needed."));
    }
    Ok(found)
}

/// Refuses people and groups who do not exist.
async fn ensure_known(tx: &mut Read, subjects: &[Subject]) -> Result<()> {
    for subject in subjects.iter().copied().collect::<BTreeSet<_>>() {
        let (found, what, id) = match subject {
            Subject::User(id) => (user::find(tx, id).await?.is_some(), "user", id),
            Subject::Group(id) => (group::find(tx, id).await?.is_some(), "group", id),
        };
        if !found {
            return Err(Error::bad_data(format!("Incorrect {what} id {id}")));
        }
    }
    Ok(())
}

async fn give(tx: &mut Change, giver: &Holdings, project: &str, places: &BTreeSet<Place>) -> Result<()> {
    for role in places.iter().map(|(_, role)| *role).collect::<BTreeSet<_>>() {
        role::ensure_may_give(tx, giver, role, project).await?;
    }
    let now = tx.now();
    for (subject, role) in places {
        tx.execute(match subject {
            Subject::User(id) => sql!(
                "INSERT INTO user_roles (user_id, role_id, project, created_at) VALUES ($1, $2, $3, $4)",
                *id,
                *role,
                project,
                now
            ),
            Subject::Group(id) => sql!(
                "INSERT INTO group_roles (group_id, role_id, project, created_at) VALUES ($1, $2, $3, $4)",
                *id,
                *role,
                project,
                now
            ),
        })
        .await?;
    }
    Ok(())
}

async fn take(tx: &mut Change, project: &str, places: impl Iterator<Item = &Place>) -> Result<()> {
    for (subject, role) in places {
        tx.execute(match subject {
            Subject::User(id) => sql!(
                "DELETE FROM user_roles WHERE user_id = $1 AND role_id = $2 AND project = $3",
                *id,
                *role,
                project
            ),
            Subject::Group(id) => sql!(
                "DELETE FROM group_roles WHERE group_id = $1 AND role_id = $2 AND project = $3",
                *id,
                *role,
                project
            ),
        })
        .await?;
    }
    Ok(())
}

fn within(event: Event, project: &str) -> Event {
    event.within(Some(project.to_owned()), None)
}

/// Roles, each with the people and groups who have it.
fn state(places: impl Iterator<Item = Place>) -> Value {
    let mut roles: BTreeMap<i64, (Vec<i64>, Vec<i64>)> = BTreeMap::new();
    for (subject, role) in places {
        let (users, groups) = roles.entry(role).or_default();
        match subject {
            Subject::User(id) => users.push(id),
            Subject::Group(id) => groups.push(id),
        }
    }
    let roles: Vec<Value> = roles
        .into_iter()
        .map(|(role, (users, groups))| json!({ "roleId": role, "userIds": users, "groupIds": groups }))
        .collect();
    json!({ "roles": roles })
}
