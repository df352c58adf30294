//! Groups that are not what was last pushed, or have members of whom the identity provider never spoke.

use std::collections::BTreeMap;

use super::people::Difference;
use super::{Page, SIZE};
use crate::clock::Time;
use crate::db::Read;
use crate::error::Result;
use crate::provisioning::resource::text;
use crate::sql;

/// How many members that were added by hand are shown of a group.
const SHOWN: i64 = 20;

/// A member who was added by hand.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Hand {
    #[sqlx(rename = "group_id")]
    group: i64,
    /// The number of the account.
    pub id: i64,
    /// What it is called.
    pub name: Option<String>,
    /// When they came into the group.
    pub since: Time,
    /// Who put them there, if that is known.
    #[sqlx(rename = "author")]
    pub by: Option<String>,
}

/// A group that is not what was last pushed.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its number.
    pub id: i64,
    /// What it is called.
    pub name: String,
    /// How its name differs.
    pub differences: Vec<Difference>,
    /// How many members were added by hand.
    pub by_hand: i64,
    /// The first of them.
    pub members: Vec<Hand>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    name: String,
    document: String,
    by_hand: i64,
}

/// The next groups of a connection after the number `after` that have another name than was pushed, or members whom
/// the connection does not know. Those are looked for from the people, who are few, and not from the groups.
pub async fn groups(tx: &mut Read, connection: i64, after: i64) -> Result<Page<Group>> {
    let rows: Vec<Row> = tx
        .all(sql!(
            "WITH strange (group_id, people) AS (
                 SELECT m.group_id, COUNT(*) FROM users u
                 LEFT JOIN scim_users s ON s.user_id = u.id AND s.connection_id = $1
                 JOIN group_users m ON m.user_id = u.id
                 JOIN scim_groups g ON g.group_id = m.group_id AND g.connection_id = $1
                 WHERE s.id IS NULL AND u.deleted_at IS NULL AND m.group_id > $2
                   AND NOT EXISTS (SELECT 1 FROM scim_held h WHERE h.user_id = u.id AND h.connection_id = $1 AND h.kind = 'delete')
                 GROUP BY m.group_id
             )
             SELECT g.id, g.name, s.document, COALESCE(x.people, 0) AS by_hand
             FROM scim_groups s JOIN groups g ON g.id = s.group_id LEFT JOIN strange x ON x.group_id = g.id
             WHERE s.connection_id = $1 AND g.id > $2 AND (x.people > 0 OR g.name_ci <> s.display_name_ci)
             ORDER BY g.id LIMIT $3",
            connection,
            after,
            SIZE
        ))
        .await?;
    let next = rows.last().filter(|_| i64::try_from(rows.len()) == Ok(SIZE)).map(|last| last.id);
    let mut members = by_hand(tx, connection, &rows).await?;
    let mut found = Vec::new();
    for Row { id, name, document, by_hand } in rows {
        let document = serde_json::from_str(&document)?;
        let differences = Difference::between("name", text(&document, "displayName"), Some(&name));
        let members = members.remove(&id).unwrap_or_default();
        found.push(Group { id, name, differences: differences.into_iter().collect(), by_hand, members });
    }
    Ok(Page { found, next })
}

/// The first members who were added by hand, of each group.
async fn by_hand(tx: &mut Read, connection: i64, groups: &[Row]) -> Result<BTreeMap<i64, Vec<Hand>>> {
    let ids: Vec<i64> = groups.iter().filter(|group| group.by_hand > 0).map(|group| group.id).collect();
    let found: Vec<Hand> = tx
        .all(sql!(
            "SELECT group_id, id, name, since, author FROM (
                 SELECT m.group_id, u.id, COALESCE(NULLIF(u.name, ''), u.username, u.email) AS name,
                        m.joined_at AS since, m.created_by AS author,
                        ROW_NUMBER() OVER (PARTITION BY m.group_id ORDER BY u.id) AS place
                 FROM users u LEFT JOIN scim_users s ON s.user_id = u.id AND s.connection_id = $1
                 JOIN group_users m ON m.user_id = u.id
                 WHERE s.id IS NULL AND u.deleted_at IS NULL AND m.group_id IN ({ids:$2})
                   AND NOT EXISTS (SELECT 1 FROM scim_held h WHERE h.user_id = u.id AND h.connection_id = $1 AND h.kind = 'delete')) strange
             WHERE place <= $3 ORDER BY group_id, id",
            connection,
            serde_json::to_string(&ids)?,
            SHOWN
        ))
        .await?;
    let mut members: BTreeMap<i64, Vec<Hand>> = BTreeMap::new();
    for hand in found {
        members.entry(hand.group).or_default().push(hand);
    }
    Ok(members)
}
