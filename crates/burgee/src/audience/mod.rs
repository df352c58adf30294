//! Segments that take whoever is in a group.
//!
//! A segment may be tied to a group: who is in the group, or in a group inside it, and is active is in the segment,
//! recognised by one of their attributes. Everybody's value stands in a row of its own, which [`follow`] keeps in line at
//! the end of every change that could touch it. So payloads read values and never groups, and a value that clients get
//! changes together with an event about the segment.

mod follow;

use std::collections::{BTreeSet, HashMap};

use burgee_eval::document::{Constraint, Operator};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

pub(crate) use self::follow::follow;
use crate::db::{Read, Write};
use crate::error::{Error, Kind, Result};
use crate::events::Change;
use crate::sql;

/// How many people a segment can take from a group: as many values go to clients.
pub const MOST: i64 = 10_000;
/// The longest name of a context field, in characters.
const LONGEST_FIELD: usize = 100;
/// The longest value, in bytes.
const LONGEST_VALUE: usize = 255;

/// By what a member of a group is recognised. An e-mail address is none of it, and never goes to clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "GroupAttribute")]
pub enum By {
    /// `externalId`, as the identity provider says it.
    ExternalId,
    /// The id that the identity provider knows.
    ScimId,
    /// The user name.
    UserName,
    /// `employeeNumber` of the enterprise extension.
    EmployeeNumber,
    /// The number of the account.
    UserId,
}

impl By {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::ExternalId, Self::EmployeeNumber, Self::UserName, Self::ScimId, Self::UserId];

    /// What it is called on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ExternalId => "externalId",
            Self::ScimId => "scimId",
            Self::UserName => "userName",
            Self::EmployeeNumber => "employeeNumber",
            Self::UserId => "userId",
        }
    }

    /// What people read.
    pub const fn label(self) -> &'static str {
        match self {
            Self::ExternalId => "external id",
            Self::ScimId => "SCIM id",
            Self::UserName => "user name",
            Self::EmployeeNumber => "employee number",
            Self::UserId => "number of the account",
        }
    }

    /// The one with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.name() == name)
    }
}

/// To which group a segment is to be tied, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tie {
    /// The group.
    pub group: i64,
    /// The context field that is compared.
    pub field: String,
    /// With what.
    pub by: By,
}

/// The group of a segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Audience {
    /// Its number.
    pub id: i64,
    /// Its name, or what it was called.
    pub name: String,
    /// True if it was removed: nobody is in the segment.
    pub gone: bool,
    /// The context field that is compared.
    pub field: String,
    /// With what.
    pub by: By,
}

impl Audience {
    /// The same as somebody wants it.
    pub fn tie(&self) -> Tie {
        Tie { group: self.id, field: self.field.clone(), by: self.by }
    }
}

/// The group of a segment as the columns of [`audience!`] have it.
#[derive(Clone, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
#[expect(clippy::struct_field_names, reason = "they are columns beside those of a segment")]
pub struct Joined {
    group_id: Option<i64>,
    group_name: Option<String>,
    group_gone: bool,
    group_field: Option<String>,
    group_by: Option<String>,
}

impl Joined {
    /// The group, if the segment is tied to one.
    pub fn get(&self) -> Option<Audience> {
        Some(Audience {
            id: self.group_id?,
            name: self.group_name.clone().unwrap_or_default(),
            gone: self.group_gone,
            field: self.group_field.clone()?,
            by: By::named(self.group_by.as_deref()?)?,
        })
    }

    /// True if the segment is tied to no group.
    pub fn is_none(&self) -> bool {
        self.group_id.is_none()
    }
}

impl From<Audience> for Joined {
    fn from(audience: Audience) -> Self {
        Self {
            group_id: Some(audience.id),
            group_name: Some(audience.name),
            group_gone: audience.gone,
            group_field: Some(audience.field),
            group_by: Some(audience.by.name().to_owned()),
        }
    }
}

impl Serialize for Joined {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.get().serialize(serializer)
    }
}

/// SQL: the columns of [`Joined`](crate::audience::Joined), where `audience!(join)` joined the group of the segment `g`.
macro_rules! audience {
    () => {
        "tied.group_id, COALESCE(tie.name, tied.group_name) AS group_name,
         tied.group_id IS NOT NULL AND tie.id IS NULL AS group_gone, tied.field AS group_field,
         tied.attribute AS group_by"
    };
    (join) => {
        " LEFT JOIN segment_groups tied ON tied.segment_id = g.id LEFT JOIN groups tie ON tie.id = tied.group_id "
    };
}
pub(crate) use audience;

/// Refuses what no segment can be tied to; what comes back is the tie as it will be read. A group that is gone may
/// stay where it was.
pub async fn check(tx: &mut Read, tie: &Tie, before: Option<&Audience>) -> Result<Audience> {
    let length = tie.field.chars().count();
    if tie.field.trim().is_empty() || length > LONGEST_FIELD {
        return Err(Error::invalid(vec![format!(
            "\"group.field\" must name a context field in 1 to {LONGEST_FIELD} characters."
        )]));
    }
    let Tie { group, field, by } = tie.clone();
    let audience = |name, gone| Audience { id: group, name, gone, field, by };
    let found: Option<(String,)> = tx.optional(sql!("SELECT name FROM groups WHERE id = $1", group)).await?;
    match (found, before.filter(|before| before.id == group)) {
        (Some((name,)), before) => {
            if before.is_none() {
                ensure_room(tx, group, &name).await?;
            }
            Ok(audience(name, false))
        }
        (None, Some(before)) => Ok(audience(before.name.clone(), true)),
        (None, None) => Err(Error::invalid(vec![format!(
            "\"group.id\" must be the id of a group. You provided {group}."
        )])),
    }
}

async fn ensure_room(tx: &mut Read, group: i64, name: &str) -> Result<()> {
    let (members,): (i64,) = tx
        .one(sql!(
            "WITH RECURSIVE inside (group_id) AS (
                 SELECT CAST($1 AS BIGINT)
                 UNION SELECT g.child_id FROM group_groups g JOIN inside i ON g.parent_id = i.group_id
             )
             SELECT COUNT(*) FROM (
                 SELECT u.id FROM users u
                 WHERE u.id IN (SELECT m.user_id FROM group_users m JOIN inside i ON i.group_id = m.group_id)
                   AND u.active = TRUE AND u.is_service = FALSE LIMIT $2
             ) counted",
            group,
            MOST + 1
        ))
        .await?;
    if members <= MOST {
        return Ok(());
    }
    Err(Error::invalid(vec![format!(
        "The group \"{name}\" has more than {MOST} active members: \"group\" can take no more, because a value of each goes to \
         every client. Choose a smaller group."
    )]))
}

/// Ties a segment to a group, or to none. Who is in it is brought in line when the change ends.
pub async fn tie(tx: &mut Write, segment: i64, audience: Option<&Audience>) -> Result<()> {
    let Some(audience) = audience else {
        return tx.execute(sql!("DELETE FROM segment_groups WHERE segment_id = $1", segment)).await.map(drop);
    };
    tx.execute(sql!(
        "INSERT INTO segment_groups (segment_id, group_id, group_name, field, attribute)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (segment_id) DO UPDATE SET group_id = excluded.group_id, group_name = excluded.group_name,
                                                field = excluded.field, attribute = excluded.attribute",
        segment,
        audience.id,
        &audience.name,
        &audience.field,
        audience.by.name()
    ))
    .await
    .map(drop)
}

/// Notes what groups were called that go next, and which they were in: nobody puts them anywhere else meanwhile.
pub async fn lose(tx: &mut Change, groups: &[i64]) -> Result<()> {
    let groups = serde_json::to_string(groups)?;
    let _: Vec<(i64,)> =
        tx.all(sql!("SELECT id FROM groups WHERE id IN ({ids:$1}) ORDER BY id{lock}", &groups)).await?;
    let around: Vec<(i64,)> = tx
        .all(sql!("SELECT DISTINCT parent_id FROM group_groups WHERE child_id IN ({ids:$1})", &groups))
        .await?;
    tx.shrink(around.into_iter().map(|(id,)| id));
    tx.execute(sql!(
        "UPDATE segment_groups SET group_name = (SELECT g.name FROM groups g WHERE g.id = segment_groups.group_id)
         WHERE group_id IN ({ids:$1})",
        groups
    ))
    .await
    .map(drop)
}

/// Refuses to remove a group that segments take their people from.
pub async fn ensure_untied(tx: &mut Read, groups: &[i64]) -> Result<()> {
    let tied: Vec<(String,)> = tx
        .all(sql!(
            "SELECT s.name FROM segment_groups t JOIN segments s ON s.id = t.segment_id
             WHERE t.group_id IN ({ids:$1}) ORDER BY s.name LIMIT 11",
            serde_json::to_string(groups)?
        ))
        .await?;
    if tied.is_empty() {
        return Ok(());
    }
    let mut names: Vec<String> = tied.iter().take(10).map(|(name,)| format!("\"{name}\"")).collect();
    if tied.len() > names.len() {
        names.push("others".to_owned());
    }
    Err(Error::rejected(
        Kind::Conflict,
        format!(
            "Segments take their people from {}: {}. They would match nobody any more. Give them another group first.",
            if groups.len() == 1 { "this group" } else { "these groups" },
            names.join(", ")
        ),
    ))
}

/// What tied segments add to their own constraints, by segment: all of them, or those `named`.
///
/// Values are sorted and come once. Of more people than a segment can take, those with the oldest accounts count.
pub async fn constraints(tx: &mut Read, named: Option<&BTreeSet<i64>>) -> Result<HashMap<i64, Constraint>> {
    let named = named.map(serde_json::to_string).transpose()?;
    let ties: Vec<(i64, String)> = tx
        .all(sql!(
            "SELECT segment_id, field FROM segment_groups
             WHERE CAST($1 AS TEXT) IS NULL OR segment_id IN ({ids:$1})",
            named.clone()
        ))
        .await?;
    if ties.is_empty() {
        return Ok(HashMap::new());
    }
    let values: Vec<(i64, String)> = tx
        .all(sql!(
            "SELECT segment_id, value FROM (
                 SELECT segment_id, value, ROW_NUMBER() OVER (PARTITION BY segment_id ORDER BY user_id) AS place
                 FROM segment_people
                 WHERE value IS NOT NULL AND (CAST($1 AS TEXT) IS NULL OR segment_id IN ({ids:$1}))
             ) ranked WHERE place <= $2 ORDER BY segment_id, value",
            named,
            MOST
        ))
        .await?;
    let constraint = |field| Constraint {
        context_name: field,
        operator: Operator::In,
        values: Vec::new(),
        value: None,
        inverted: false,
        case_insensitive: false,
    };
    let mut found: HashMap<i64, Constraint> =
        ties.into_iter().map(|(segment, field)| (segment, constraint(field))).collect();
    for (segment, value) in values {
        if let Some(constraint) = found.get_mut(&segment).filter(|it| it.values.last() != Some(&value)) {
            constraint.values.push(value);
        }
    }
    Ok(found)
}

/// Who is in a segment because of its group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "segmentGroupCountsSchema")]
pub struct Census {
    /// The values that clients get.
    pub values: i64,
    /// Members whose value would be an e-mail address.
    pub addresses: i64,
    /// Members who have no value.
    pub without: i64,
    /// Members whose value is too long to be sent, or no text that could be compared.
    pub unusable: i64,
    /// Members beyond the number that a segment can take.
    pub beyond: i64,
}

impl Census {
    /// How many members clients do not recognise.
    pub const fn left_out(&self) -> i64 {
        self.addresses + self.without + self.unusable + self.beyond
    }
}

/// Counts who is in a segment because of its group.
pub async fn census(tx: &mut Read, segment: i64) -> Result<Census> {
    let rows: Vec<(Option<String>, i64, i64)> = tx
        .all(sql!(
            "SELECT without, COUNT(*), COUNT(DISTINCT value) FROM segment_people WHERE segment_id = $1 GROUP BY without",
            segment
        ))
        .await?;
    let mut census = Census::default();
    for (without, people, values) in rows {
        match without.as_deref() {
            None => {
                census.beyond = (people - MOST).max(0);
                census.values = values.min(MOST);
            }
            Some(ADDRESS) => census.addresses = people,
            Some(UNUSABLE) => census.unusable = people,
            Some(_) => census.without = people,
        }
    }
    Ok(census)
}

/// Why somebody has no value.
const NONE: &str = "none";
const ADDRESS: &str = "address";
const UNUSABLE: &str = "unusable";

/// What clients may get of a value, or why they get nothing.
fn sendable(value: Option<String>) -> Result<String, &'static str> {
    match value.filter(|value| !value.trim().is_empty()) {
        None => Err(NONE),
        Some(value) if value.contains('@') => Err(ADDRESS),
        Some(value) if value.len() > LONGEST_VALUE || value.chars().any(char::is_control) => Err(UNUSABLE),
        Some(value) => Ok(value),
    }
}
