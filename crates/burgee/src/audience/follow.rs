//! Keeps the people of segments in line with their groups.

use std::collections::{BTreeMap, BTreeSet};

use burgee_scim::schema::ENTERPRISE_URN;
use serde_json::{Value, json};

use super::{By, sendable};
use crate::db::Read;
use crate::error::{Error, Result};
use crate::events::{Change, Event, Fact};
use crate::sql;

/// How many people are looked at together.
const BATCH: usize = 1000;

/// What a change did to people, groups and segments, as its events tell.
#[derive(Default)]
struct Stirred {
    /// People who came into a group or left one, or are not what they were.
    users: BTreeSet<i64>,
    /// Groups inside which other groups come or go, and those that go themselves.
    groups: BTreeSet<i64>,
    /// Groups that are gone.
    gone: BTreeSet<i64>,
    /// Segments that may be tied to another group, or to none.
    segments: BTreeSet<i64>,
    /// Whether segments may have gone with their project.
    project: bool,
    /// Whether nothing tells any more whom it was about.
    everybody: bool,
}

impl Stirred {
    fn by(tx: &Change) -> Self {
        let mut stirred = Self { groups: tx.shrunk().clone(), ..Self::default() };
        for event in tx.events() {
            let Some(state) = event.data.as_ref().or(event.pre_data.as_ref()) else { continue };
            let id = || state["id"].as_i64();
            match event.fact {
                Fact::GroupUserAdded | Fact::GroupUserRemoved => {
                    stirred
                        .users
                        .extend(state["userIds"].as_array().into_iter().flatten().filter_map(Value::as_i64));
                }
                // Whose removal is held may be known by less from now on.
                Fact::UserUpdated | Fact::UserAdopted | Fact::UserDeleted | Fact::ScimChangeHeld => {
                    stirred.users.extend(id());
                }
                Fact::AdminRetained => stirred.users.extend(state["user"]["id"].as_i64()),
                Fact::GroupUpdated if state["groupsChanged"].is_i64() => stirred.groups.extend(id()),
                Fact::GroupDeleted => {
                    stirred.gone.extend(id());
                    stirred.groups.extend(id());
                }
                // Whoever it brought has other ids now, or none.
                Fact::ScimConnectionDeleted => stirred.everybody = true,
                Fact::SegmentCreated | Fact::SegmentUpdated | Fact::SegmentDeleted => {
                    stirred.segments.extend(event.segment);
                }
                Fact::ProjectDeleted => stirred.project = true,
                _ => {}
            }
        }
        stirred
    }
}

/// A segment that is tied to a group.
#[derive(sqlx::FromRow)]
struct Tied {
    id: i64,
    name: String,
    project: Option<String>,
    group_id: i64,
    group_name: String,
    attribute: String,
}

/// What became of the values of a segment.
#[derive(Default)]
struct Moved {
    came: usize,
    went: usize,
    changed: usize,
}

/// Brings the people of segments in line with what a change did, and records every segment whose values are others
/// now.
///
/// Called when no other change can end before this one does: only then what it reads is true when it ends. Nothing else
/// writes these rows, so that nobody who waits for that moment holds one of them.
pub(crate) async fn follow(tx: &mut Change) -> Result<()> {
    let stirred = Stirred::by(tx);
    if stirred.project || !stirred.segments.is_empty() {
        tx.execute(sql!(
            "DELETE FROM segment_people
             WHERE (segment_id IN ({ids:$1}) OR $2) AND segment_id NOT IN (SELECT segment_id FROM segment_groups)",
            serde_json::to_string(&stirred.segments)?,
            stirred.project
        ))
        .await?;
    }
    let users: Vec<i64> = stirred.users.iter().copied().collect();
    let mut partly = BTreeSet::new();
    for some in users.chunks(BATCH) {
        partly.extend(around_users(tx, some).await?);
    }
    let mut wholly = stirred.segments.clone();
    if !stirred.groups.is_empty() {
        wholly.extend(around_groups(tx, &stirred.groups).await?);
    }
    let some = &partly | &wholly;
    for tied in tied(tx, (!stirred.everybody).then_some(&some)).await? {
        let lost = stirred.gone.contains(&tied.group_id);
        let mut moved = Moved::default();
        if !stirred.everybody && !wholly.contains(&tied.id) {
            for some in users.chunks(BATCH) {
                some_people(tx, &tied, some, &mut moved).await?;
            }
        } else {
            all_people(tx, &tied, &mut moved).await?;
        }
        let told = stirred.segments.contains(&tied.id);
        if !told && (lost || moved.came + moved.went + moved.changed > 0) {
            let state = json!({
                "id": tied.id, "name": tied.name, "groupId": tied.group_id, "groupName": tied.group_name,
                "groupRemoved": lost, "came": moved.came, "went": moved.went, "changed": moved.changed,
            });
            let event = Event::created(Fact::SegmentPeopleChanged, &state);
            tx.record(event.within(tied.project, None).on_segment(tied.id));
        }
    }
    Ok(())
}

/// The segments that have one of these people, or that are tied to a group around one.
async fn around_users(tx: &mut Read, users: &[i64]) -> Result<Vec<i64>> {
    let found: Vec<(i64,)> = tx
        .all(sql!(
            "WITH RECURSIVE up (group_id) AS (
                 SELECT group_id FROM group_users WHERE user_id IN ({ids:$1})
                 UNION SELECT g.parent_id FROM group_groups g JOIN up ON g.child_id = up.group_id
             )
             SELECT t.segment_id FROM segment_groups t JOIN up ON up.group_id = t.group_id
             UNION SELECT segment_id FROM segment_people WHERE user_id IN ({ids:$1})",
            serde_json::to_string(users)?
        ))
        .await?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}

/// The segments that are tied to one of these groups, or to a group around one.
async fn around_groups(tx: &mut Read, groups: &BTreeSet<i64>) -> Result<Vec<i64>> {
    let found: Vec<(i64,)> = tx
        .all(sql!(
            "WITH RECURSIVE up (group_id) AS (
                 SELECT item FROM ({ids:$1}) i
                 UNION SELECT g.parent_id FROM group_groups g JOIN up ON g.child_id = up.group_id
             )
             SELECT t.segment_id FROM segment_groups t JOIN up ON up.group_id = t.group_id",
            serde_json::to_string(groups)?
        ))
        .await?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}

/// All tied segments, or those among some.
async fn tied(tx: &mut Read, among: Option<&BTreeSet<i64>>) -> Result<Vec<Tied>> {
    if among.is_some_and(BTreeSet::is_empty) {
        return Ok(Vec::new());
    }
    tx.all(sql!(
        "SELECT s.id, s.name, s.project, t.group_id, COALESCE(g.name, t.group_name, '') AS group_name, t.attribute
         FROM segment_groups t JOIN segments s ON s.id = t.segment_id LEFT JOIN groups g ON g.id = t.group_id
         WHERE CAST($1 AS TEXT) IS NULL OR s.id IN ({ids:$1}) ORDER BY s.id",
        among.map(serde_json::to_string).transpose()?
    ))
    .await
}

/// Somebody in a group.
#[derive(sqlx::FromRow)]
struct Member {
    id: i64,
    username: Option<String>,
    external_id: Option<String>,
    scim_id: Option<String>,
    document: Option<String>,
}

impl Member {
    fn value(self, by: By) -> Option<String> {
        match by {
            By::ExternalId => self.external_id,
            By::ScimId => self.scim_id,
            By::UserName => self.username,
            By::UserId => Some(self.id.to_string()),
            By::EmployeeNumber => {
                let document: Value = serde_json::from_str(self.document.as_deref()?).ok()?;
                Some(document[ENTERPRISE_URN]["employeeNumber"].as_str()?.to_owned())
            }
        }
    }
}

/// The value of everybody, or why they have none.
type People = BTreeMap<i64, Result<String, &'static str>>;

/// SQL: the active people of the group `$1` and of the groups inside it, with their documents if `$2`; a condition on
/// their memberships follows.
macro_rules! members {
    ($condition:literal) => {
        concat!(
            "WITH RECURSIVE inside (group_id) AS (
                 SELECT CAST($1 AS BIGINT)
                 UNION SELECT g.child_id FROM group_groups g JOIN inside i ON g.parent_id = i.group_id
             )
             SELECT u.id, u.username, s.external_id, s.scim_id, CASE WHEN $2 THEN s.document END AS document
             FROM users u LEFT JOIN scim_users s ON s.user_id = u.id
             WHERE u.active = TRUE AND u.is_service = FALSE AND u.deleted_at IS NULL AND u.id IN (
                 SELECT m.user_id FROM group_users m JOIN inside i ON i.group_id = m.group_id WHERE ",
            $condition,
            ") ORDER BY u.id LIMIT $4"
        )
    };
}

async fn some_people(tx: &mut Change, tied: &Tied, users: &[i64], moved: &mut Moved) -> Result<()> {
    let (by, limit) = (tied.by()?, i64::try_from(BATCH).map_err(Error::internal)?);
    let list = serde_json::to_string(users)?;
    let found: Vec<Member> = tx
        .all(sql!(members!("m.user_id IN ({ids:$3})"), tied.group_id, by == By::EmployeeNumber, &list, limit))
        .await?;
    let stored: Vec<Stored> = tx
        .all(sql!(
            "SELECT user_id, value, without FROM segment_people WHERE segment_id = $1 AND user_id IN ({ids:$2})",
            tied.id,
            &list
        ))
        .await?;
    settle(tx, tied.id, people(found, by), stored, moved).await
}

async fn all_people(tx: &mut Change, tied: &Tied, moved: &mut Moved) -> Result<()> {
    let (by, limit) = (tied.by()?, i64::try_from(BATCH).map_err(Error::internal)?);
    let mut after = i64::MIN;
    loop {
        let found: Vec<Member> = tx
            .all(sql!(members!("m.user_id > $3"), tied.group_id, by == By::EmployeeNumber, after, limit))
            .await?;
        let last = found.last().filter(|_| found.len() == BATCH).map_or(i64::MAX, |member| member.id);
        let stored: Vec<Stored> = tx
            .all(sql!(
                "SELECT user_id, value, without FROM segment_people
                 WHERE segment_id = $1 AND user_id > $2 AND user_id <= $3",
                tied.id,
                after,
                last
            ))
            .await?;
        settle(tx, tied.id, people(found, by), stored, moved).await?;
        if last == i64::MAX {
            return Ok(());
        }
        after = last;
    }
}

impl Tied {
    fn by(&self) -> Result<By> {
        By::named(&self.attribute)
            .ok_or_else(|| Error::internal(anyhow::anyhow!("attribute {}", self.attribute)))
    }
}

#[derive(sqlx::FromRow)]
struct Stored {
    user_id: i64,
    value: Option<String>,
    without: Option<String>,
}

fn people(found: Vec<Member>, by: By) -> People {
    found.into_iter().map(|member| (member.id, sendable(member.value(by)))).collect()
}

/// Makes `people` of what is stored of them, and counts the values that change.
async fn settle(
    tx: &mut Change,
    segment: i64,
    mut people: People,
    stored: Vec<Stored>,
    moved: &mut Moved,
) -> Result<()> {
    let mut known: BTreeSet<i64> = BTreeSet::new();
    let mut gone = Vec::new();
    for row in stored {
        match people.get(&row.user_id) {
            None => {
                gone.push(row.user_id);
                moved.went += usize::from(row.value.is_some());
            }
            Some(Ok(value)) if row.value.as_ref() == Some(value) => drop(people.remove(&row.user_id)),
            Some(Err(why)) if row.without.as_deref() == Some(*why) => drop(people.remove(&row.user_id)),
            Some(Ok(_)) if row.value.is_some() => {
                moved.changed += 1;
                known.insert(row.user_id);
            }
            Some(now) => moved.went += usize::from(now.is_err() && row.value.is_some()),
        }
    }
    moved.came += people.iter().filter(|(id, now)| now.is_ok() && !known.contains(id)).count();
    if !gone.is_empty() {
        tx.execute(sql!(
            "DELETE FROM segment_people WHERE segment_id = $1 AND user_id IN ({ids:$2})",
            segment,
            serde_json::to_string(&gone)?
        ))
        .await?;
    }
    if people.is_empty() {
        return Ok(());
    }
    let row = |(id, now): (i64, Result<String, &'static str>)| match now {
        Ok(value) => json!({ "user": id, "value": value }),
        Err(why) => json!({ "user": id, "without": why }),
    };
    let rows: Vec<Value> = people.into_iter().map(row).collect();
    tx.execute(sql!(
        "INSERT INTO segment_people (segment_id, user_id, value, without)
         SELECT CAST($1 AS BIGINT), CAST(item ->> 'user' AS BIGINT), item ->> 'value', item ->> 'without'
         FROM ({rows:$2}) r WHERE TRUE
         ON CONFLICT (segment_id, user_id) DO UPDATE SET value = excluded.value, without = excluded.without",
        segment,
        serde_json::to_string(&rows)?
    ))
    .await
    .map(drop)
}
