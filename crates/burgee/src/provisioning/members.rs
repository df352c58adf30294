//! The members of provisioned groups, as set operations on rows: what an operation costs depends on what it changes,
//! never on how large the group is.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use burgee_scim::{Checked, Error as Scim, MemberChange, ScimType};
use serde_json::json;

use super::connection::{Connection, UnknownMembers};
use super::query::member_condition;
use super::resource::Provisioned;
use super::{guard, hold};
use crate::clock::Time;
use crate::db::{Read, Sql};
use crate::error::{Error, Result};
use crate::events::{Change, Event, Fact};
use crate::sql;

/// One member on its way out.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Listed {
    /// Its place in the list; pass the last one to get the next page.
    pub key: i64,
    /// The id that the identity provider knows.
    pub scim_id: String,
    /// Its name.
    pub display: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    key: i64,
    scim_id: Option<String>,
    display: Option<String>,
}

/// The next `limit` users in a group after the place `after`, with their names if `named`.
///
/// Rows are taken from the membership before anything else is looked up, so that a page costs the same wherever it
/// begins. Those of people whom the connection does not know are passed over.
pub async fn users(
    tx: &mut Read,
    connection: i64,
    group: i64,
    mut after: i64,
    limit: i64,
    named: bool,
) -> Result<Vec<Listed>> {
    let full = usize::try_from(limit).map_err(Error::internal)?;
    let mut listed = Vec::new();
    loop {
        let sql = if named {
            sql!(
                "SELECT m.user_id AS key, s.scim_id, COALESCE(u.name, u.username, u.email) AS display
                 FROM (SELECT user_id FROM group_users WHERE group_id = $1 AND user_id > $2
                       AND unwanted = FALSE ORDER BY user_id LIMIT $4) m
                 LEFT JOIN scim_users s ON s.user_id = m.user_id AND s.connection_id = $3
                 LEFT JOIN users u ON u.id = s.user_id ORDER BY m.user_id",
                group,
                after,
                connection,
                limit
            )
        } else {
            sql!(
                "SELECT m.user_id AS key, s.scim_id, CAST(NULL AS TEXT) AS display
                 FROM (SELECT user_id FROM group_users WHERE group_id = $1 AND user_id > $2
                       AND unwanted = FALSE ORDER BY user_id LIMIT $4) m
                 LEFT JOIN scim_users s ON s.user_id = m.user_id AND s.connection_id = $3 ORDER BY m.user_id",
                group,
                after,
                connection,
                limit
            )
        };
        let rows: Vec<Row> = tx.all(sql).await?;
        let last = rows.last().map_or(after, |row| row.key);
        let ended = rows.len() < full;
        listed
            .extend(rows.into_iter().filter_map(|Row { key, scim_id, display }| {
                Some(Listed { key, scim_id: scim_id?, display })
            }));
        if ended || listed.len() >= full {
            listed.truncate(full);
            return Ok(listed);
        }
        after = last;
    }
}

/// The groups inside a group.
pub async fn groups(tx: &mut Read, connection: i64, group: i64) -> Result<Vec<Listed>> {
    tx.all(sql!(
        "SELECT m.child_id AS key, s.scim_id, g.name AS display
         FROM group_groups m JOIN scim_groups s ON s.group_id = m.child_id JOIN groups g ON g.id = m.child_id
         WHERE m.parent_id = $1 AND s.connection_id = $2 ORDER BY m.child_id",
        group,
        connection
    ))
    .await
}

/// Everybody in a group.
#[derive(Debug, Default)]
pub struct Inside {
    /// Users.
    pub users: Vec<Listed>,
    /// The groups inside it.
    pub groups: Vec<Listed>,
}

#[derive(sqlx::FromRow)]
struct Within {
    owner: i64,
    key: i64,
    scim_id: Option<String>,
    display: Option<String>,
}

/// Everybody in each of some groups, from one look at `limit` rows of users and one at as many of groups. Groups that
/// a look did not reach the end of are left out: [`users`] and [`groups`] tell.
pub async fn inside(
    tx: &mut Read,
    connection: i64,
    groups: &[i64],
    limit: i64,
) -> Result<HashMap<i64, Inside>> {
    let ids = serde_json::to_string(groups)?;
    let users: Vec<Within> = tx
        .all(sql!(
            "SELECT m.group_id AS owner, m.user_id AS key, s.scim_id,
                    COALESCE(u.name, u.username, u.email) AS display
             FROM (SELECT group_id, user_id FROM group_users
                   WHERE group_id IN ({ids:$1}) AND unwanted = FALSE
                   ORDER BY group_id, user_id LIMIT $3) m
             LEFT JOIN scim_users s ON s.user_id = m.user_id AND s.connection_id = $2
             LEFT JOIN users u ON u.id = s.user_id ORDER BY m.group_id, m.user_id",
            &ids,
            connection,
            limit
        ))
        .await?;
    let nested: Vec<Within> = tx
        .all(sql!(
            "SELECT m.parent_id AS owner, m.child_id AS key, s.scim_id, g.name AS display
             FROM (SELECT parent_id, child_id FROM group_groups WHERE parent_id IN ({ids:$1})
                   ORDER BY parent_id, child_id LIMIT $3) m
             LEFT JOIN scim_groups s ON s.group_id = m.child_id AND s.connection_id = $2
             LEFT JOIN groups g ON g.id = s.group_id ORDER BY m.parent_id, m.child_id",
            &ids,
            connection,
            limit
        ))
        .await?;
    let full = usize::try_from(limit).map_err(Error::internal)?;
    let mut found: HashMap<i64, Inside> = groups.iter().map(|group| (*group, Inside::default())).collect();
    for look in [&users, &nested] {
        if let Some(last) = look.last().filter(|_| look.len() >= full) {
            found.retain(|group, _| *group < last.owner);
        }
    }
    let known = |Within { key, scim_id, display, .. }| Some(Listed { key, scim_id: scim_id?, display });
    for row in users {
        if let Some(inside) = found.get_mut(&row.owner) {
            inside.users.extend(known(row));
        }
    }
    for row in nested {
        if let Some(inside) = found.get_mut(&row.owner) {
            inside.groups.extend(known(row));
        }
    }
    Ok(found)
}

/// True if a group has more than `limit` members. Reads no more than that many rows.
pub async fn more_than(tx: &mut Read, group: i64, limit: i64) -> Result<bool> {
    let found: Option<(i64,)> = tx
        .optional(sql!(
            "SELECT user_id FROM group_users WHERE group_id = $1 AND unwanted = FALSE LIMIT 1 OFFSET $2",
            group,
            limit
        ))
        .await?;
    Ok(found.is_some())
}

/// A group that a user belongs to.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Membership {
    /// The user's SCIM id.
    pub who: String,
    /// The group's SCIM id.
    pub scim_id: String,
    /// The group's name.
    pub display: String,
    /// False for membership through a group in the group.
    pub direct: bool,
}

/// The provisioned groups of some users, given by SCIM id.
pub async fn memberships(tx: &mut Read, connection: i64, users: &[&str]) -> Result<Vec<Membership>> {
    tx.all(sql!(
        "WITH RECURSIVE reach (who, group_id, direct) AS (
             SELECT s.scim_id, m.group_id, TRUE FROM scim_users s JOIN group_users m ON m.user_id = s.user_id
             WHERE s.scim_id IN ({list:$1}) AND m.unwanted = FALSE
             UNION
             SELECT r.who, g.parent_id, FALSE FROM reach r JOIN group_groups g ON g.child_id = r.group_id
         )
         SELECT r.who, s.scim_id, g.name AS display, COUNT(CASE WHEN r.direct THEN 1 END) > 0 AS direct
         FROM reach r JOIN groups g ON g.id = r.group_id JOIN scim_groups s ON s.group_id = r.group_id
         WHERE s.connection_id = $2 GROUP BY r.who, s.scim_id, g.name ORDER BY s.scim_id",
        serde_json::to_string(users)?,
        connection
    ))
    .await
}

/// Applies changes to a group's membership in order, records who came and who went in the end, and keeps an admin, if they would
/// have left none. Tells who did either. New members that the connection does not know are ignored or refused,
/// as it is set up; people who were added by hand before a group was adopted stay. Where the connection is in
/// [hold](super::hold), or this brings it there, whoever went is gone for the identity provider and still has access.
pub(super) async fn apply(
    tx: &mut Change,
    on: &Connection,
    group: &Provisioned,
    name: &str,
    changes: &[MemberChange],
) -> Result<Touched> {
    let (users, groups) = (Moved::nobody(), Moved::nobody());
    let (connection, unknown) = (on.id, on.setup.unknown_members);
    let waiting = hold::keeps_members(tx, group.local_id).await?;
    let mut work =
        Work { tx, connection, unknown, group: group.local_id, waiting, back: Vec::new(), users, groups };
    for change in changes {
        match change {
            MemberChange::Add(ids) => work.add(ids.len(), &serde_json::to_string(ids)?).await?,
            MemberChange::Remove(ids) => work.remove(ids.len(), &serde_json::to_string(ids)?).await?,
            MemberChange::RemoveMatching(filter) => work.remove_matching(filter).await?,
            MemberChange::RemoveAll => work.keep_only("[]").await?,
            MemberChange::Replace(ids) => {
                let list = serde_json::to_string(ids)?;
                work.keep_only(&list).await?;
                work.add(ids.len(), &list).await?;
            }
        }
    }
    let Work { mut users, groups, back, .. } = work;
    let held = hold::keep_members(tx, on.id, group, name, &mut users.went).await?;
    let nested = groups.came.len() + groups.went.len();
    let went: BTreeSet<i64> = users.went.into_keys().collect();
    let state =
        |users: &BTreeSet<i64>| json!({ "groupId": group.local_id, "groupName": name, "userIds": users });
    if !users.came.is_empty() {
        tx.record(Event::created(Fact::GroupUserAdded, &state(&users.came)));
    }
    if !went.is_empty() {
        tx.record(Event::deleted(Fact::GroupUserRemoved, &state(&went)));
    }
    if !back.is_empty() {
        let members = json!({ "groupId": group.local_id, "groupName": name, "userIds": back });
        hold::withdrawn(tx, on.id, &members).await?;
    }
    if nested > 0 {
        tx.record(Event::created(
            Fact::GroupUpdated,
            &json!({ "id": group.local_id, "name": name, "groupsChanged": nested }),
        ));
    }
    let inside: BTreeSet<i64> = groups.went.into_keys().collect();
    let at_stake = guard::at_stake(tx, group.local_id, &went, &inside).await?;
    guard::keep_one_of(tx, &at_stake, "remove from group").await?;
    let touched = |came: BTreeSet<i64>, went: BTreeSet<i64>| came.into_iter().chain(went).collect();
    Ok(Touched {
        waiting: held || !back.is_empty(),
        users: touched(users.came, went),
        groups: touched(groups.came, inside),
    })
}

/// Who came into a group, or went.
#[derive(Debug, Default)]
pub(super) struct Touched {
    /// Users.
    pub(super) users: BTreeSet<i64>,
    /// Groups.
    pub(super) groups: BTreeSet<i64>,
    /// What waits for an admin is not what it was.
    pub(super) waiting: bool,
}

impl Touched {
    /// True if anything changed.
    pub(super) fn anything(&self) -> bool {
        self.waiting || !self.users.is_empty() || !self.groups.is_empty()
    }
}

/// Who is in the group now and was not before, and the other way round, with what is known of them. Whoever came and
/// went did neither.
struct Moved<T> {
    came: BTreeSet<i64>,
    went: BTreeMap<i64, T>,
}

impl<T> Moved<T> {
    const fn nobody() -> Self {
        Self { came: BTreeSet::new(), went: BTreeMap::new() }
    }

    fn come(&mut self, ids: Vec<(i64,)>) {
        self.came.extend(ids.into_iter().map(|(id,)| id).filter(|id| self.went.remove(id).is_none()));
    }

    fn go(&mut self, ids: Vec<(i64, T)>) {
        self.went.extend(ids.into_iter().filter(|(id, _)| !self.came.remove(id)));
    }
}

/// The `+` in front of a connection's id keeps SQLite from searching by connection, which would be all users, where
/// the ids in the list find the few that are meant.
struct Work<'a> {
    tx: &'a mut Change,
    connection: i64,
    unknown: UnknownMembers,
    group: i64,
    /// Removals of members wait, or were discarded.
    waiting: bool,
    /// Whom the identity provider took out before, and added again before they were gone.
    back: Vec<i64>,
    /// With when they came in.
    users: Moved<Time>,
    groups: Moved<()>,
}

impl Work<'_> {
    async fn add(&mut self, count: usize, list: &str) -> Result<()> {
        if count == 0 {
            return Ok(());
        }
        if self.waiting {
            self.back.extend(hold::take_back_members(self.tx, self.connection, self.group, list).await?);
        }
        let now = self.tx.now();
        let author = self.tx.actor().name.clone();
        let added: Vec<(i64,)> = self
            .tx
            .all(sql!(
                "INSERT INTO group_users (group_id, user_id, joined_at, created_by)
                 SELECT $1, s.user_id, $2, $3 FROM scim_users s
                 WHERE s.scim_id {among:$4} AND +s.connection_id = $5
                 ON CONFLICT (group_id, user_id) DO NOTHING RETURNING user_id",
                self.group,
                now,
                author,
                list,
                self.connection
            ))
            .await?;
        if added.len() < count {
            let groups = self
                .tx
                .all(sql!(
                    "INSERT INTO group_groups (parent_id, child_id)
                     SELECT $1, s.group_id FROM scim_groups s
                     WHERE s.scim_id {among:$2} AND +s.connection_id = $3 AND s.group_id <> $1
                     ON CONFLICT (parent_id, child_id) DO NOTHING RETURNING child_id",
                    self.group,
                    list,
                    self.connection
                ))
                .await?;
            self.groups.come(groups);
            self.tell_unknown(list).await?;
        }
        self.users.come(added);
        Ok(())
    }

    /// Ids that mean nothing here are left out, unless the connection is set up otherwise: one that is out of date must
    /// not hold up all the others.
    async fn tell_unknown(&mut self, list: &str) -> Result<()> {
        let found: Vec<(String,)> = self
            .tx
            .all(sql!(
                "SELECT item FROM ({list:$1}) i
                 WHERE NOT EXISTS (SELECT 1 FROM scim_users s WHERE s.scim_id = item AND s.connection_id = $2)
                   AND NOT EXISTS (SELECT 1 FROM scim_groups s WHERE s.scim_id = item AND s.connection_id = $2)
                 LIMIT 1000",
                list,
                self.connection
            ))
            .await?;
        if found.is_empty() {
            return Ok(());
        }
        let named = found.iter().take(5);
        let ids: Vec<String> = named.map(|(id,)| id.chars().take(64).collect()).collect();
        let ids = ids.join(", ");
        if self.unknown == UnknownMembers::Reject {
            let message = format!("Among the members are no users or groups of this connection: {ids}");
            return Err(Scim::of(ScimType::InvalidValue, message).into());
        }
        self.tx.leave_out(found.len());
        tracing::warn!(group.id = self.group, ids, "members that the connection does not know were ignored");
        Ok(())
    }

    async fn remove(&mut self, count: usize, list: &str) -> Result<()> {
        let removed: Vec<(i64, Time)> = self
            .tx
            .all(sql!(
                "DELETE FROM group_users WHERE group_id = $1 AND user_id IN (
                     SELECT s.user_id FROM scim_users s WHERE s.scim_id {among:$2} AND +s.connection_id = $3)
                   AND unwanted = FALSE RETURNING user_id, joined_at",
                self.group,
                list,
                self.connection
            ))
            .await?;
        if removed.len() < count {
            let groups: Vec<(i64,)> = self
                .tx
                .all(sql!(
                    "DELETE FROM group_groups WHERE parent_id = $1 AND child_id IN (
                         SELECT s.group_id FROM scim_groups s WHERE s.scim_id {among:$2} AND +s.connection_id = $3)
                     RETURNING child_id",
                    self.group,
                    list,
                    self.connection
                ))
                .await?;
            self.groups.go(groups.into_iter().map(|(id,)| (id, ())).collect());
        }
        self.users.go(removed);
        Ok(())
    }

    /// Removes whoever is not in `list`: with [`Work::add`], a replacement that touches only what differs. Both engines
    /// look into a `NOT IN` list by hash or tree; joining the list instead reads it again for every member.
    async fn keep_only(&mut self, list: &str) -> Result<()> {
        let removed: Vec<(i64, Time)> = self
            .tx
            .all(sql!(
                "DELETE FROM group_users WHERE group_id = $1 AND user_id IN (
                     SELECT s.user_id FROM group_users m JOIN scim_users s ON s.user_id = m.user_id
                     WHERE m.group_id = $1 AND s.connection_id = $3 AND s.scim_id NOT IN ({list:$2}))
                   AND unwanted = FALSE RETURNING user_id, joined_at",
                self.group,
                list,
                self.connection
            ))
            .await?;
        let groups: Vec<(i64,)> = self
            .tx
            .all(sql!(
                "DELETE FROM group_groups WHERE parent_id = $1 AND child_id IN (
                     SELECT s.group_id FROM group_groups m JOIN scim_groups s ON s.group_id = m.child_id
                     WHERE m.parent_id = $1 AND s.connection_id = $3 AND s.scim_id NOT IN ({list:$2}))
                 RETURNING child_id",
                self.group,
                list,
                self.connection
            ))
            .await?;
        self.users.go(removed);
        self.groups.go(groups.into_iter().map(|(id,)| (id, ())).collect());
        Ok(())
    }

    async fn remove_matching(&mut self, filter: &Checked) -> Result<()> {
        let engine = self.tx.engine();
        let mut users = Sql::build("DELETE FROM group_users WHERE group_id = ");
        users.bind(self.group).push(
            " AND user_id IN (SELECT s.user_id FROM group_users m JOIN scim_users s ON s.user_id = m.user_id
             WHERE m.group_id = ",
        );
        users.bind(self.group).push(" AND s.connection_id = ").bind(self.connection).push(" AND ");
        member_condition(&mut users, engine, self.connection, filter, "s.scim_id", "user")?;
        users.push(") AND unwanted = FALSE RETURNING user_id, joined_at");
        let removed = self.tx.all(users).await?;
        self.users.go(removed);
        let mut groups = Sql::build("DELETE FROM group_groups WHERE parent_id = ");
        groups.bind(self.group).push(
            " AND child_id IN (SELECT s.group_id FROM group_groups m JOIN scim_groups s ON s.group_id = m.child_id
             WHERE m.parent_id = ",
        );
        groups.bind(self.group).push(" AND s.connection_id = ").bind(self.connection).push(" AND ");
        member_condition(&mut groups, engine, self.connection, filter, "s.scim_id", "group")?;
        groups.push(") RETURNING child_id");
        let removed: Vec<(i64,)> = self.tx.all(groups).await?;
        self.groups.go(removed.into_iter().map(|(id,)| (id, ())).collect());
        Ok(())
    }
}
