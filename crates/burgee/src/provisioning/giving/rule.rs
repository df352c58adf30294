//! Rules: what being in a group gives.

use std::collections::{BTreeMap, BTreeSet};

use burgee_scim::fold;
use serde_json::{Value, json};

use super::Grant;
use crate::db::Read;
use crate::error::Result;
use crate::sql;

/// What names a group of the identity provider, whether or not it was pushed already.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// By its display name, whatever the case of the letters.
    Name(String),
    /// By its `externalId`.
    External(String),
}

impl Group {
    /// The name or id, as typed.
    pub fn wanted(&self) -> &str {
        match self {
            Self::Name(text) | Self::External(text) => text,
        }
    }

    /// What is stored to find the group by.
    pub(super) fn key(&self) -> String {
        match self {
            Self::Name(name) => by_name(name),
            Self::External(id) => by_external(id),
        }
    }

    fn read(key: &str, wanted: String) -> Self {
        if key.starts_with("i:") { Self::External(wanted) } else { Self::Name(wanted) }
    }
}

/// The key of a group that is known by its name: the same for names that differ in case only.
pub fn by_name(name: &str) -> String {
    format!("n:{}", fold(name))
}

/// The key of a group that is known by its `externalId`.
pub fn by_external(id: &str) -> String {
    format!("i:{id}")
}

/// What being in a group gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The group.
    pub group: Group,
    /// What its members have. Nothing is possible: its roles' projects may be gone.
    pub grants: BTreeSet<Grant>,
}

impl Rule {
    /// The root role that it gives, if it gives one.
    pub fn root(&self) -> Option<i64> {
        self.grants.iter().find(|grant| grant.project.is_none()).map(|grant| grant.role)
    }

    /// The roles in projects that it gives.
    pub fn in_projects(&self) -> impl Iterator<Item = (&str, i64)> {
        self.grants.iter().filter_map(|grant| Some((grant.project.as_deref()?, grant.role)))
    }

    /// What is recorded of it.
    pub(super) fn state(&self, connection: i64) -> Value {
        let roles: Vec<Value> =
            self.grants.iter().map(|grant| json!({ "role": grant.role, "project": grant.project })).collect();
        let named = match self.group {
            Group::Name(_) => "displayName",
            Group::External(_) => "externalId",
        };
        json!({ "connection": connection, named: self.group.wanted(), "roles": roles })
    }
}

/// A rule as lists show it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its number.
    pub id: i64,
    /// The rule.
    pub rule: Rule,
    /// The group, if it was pushed: its number and name here.
    pub group: Option<(i64, String)>,
}

/// The rules of a connection, in the order of what they are about.
pub async fn rules(tx: &mut Read, connection: i64) -> Result<Vec<Listed>> {
    #[derive(sqlx::FromRow)]
    struct Row {
        id: i64,
        wanted: String,
        group_key: String,
        group_id: Option<i64>,
        group_name: Option<String>,
    }
    let rows: Vec<Row> = tx
        .all(sql!(
            "SELECT x.id, x.wanted, x.group_key, g.id AS group_id, g.name AS group_name
             FROM scim_rules x
             LEFT JOIN groups g ON g.id = (
                 SELECT MAX(k.group_id) FROM scim_group_keys k
                 WHERE k.connection_id = x.connection_id AND k.group_key = x.group_key)
             WHERE x.connection_id = $1 ORDER BY x.group_key",
            connection
        ))
        .await?;
    let grants: Vec<(i64, Option<String>, i64)> = tx
        .all(sql!(
            "SELECT o.rule_id, o.project, o.role_id FROM scim_rule_roles o JOIN scim_rules x ON x.id = o.rule_id
             WHERE x.connection_id = $1",
            connection
        ))
        .await?;
    let mut by_rule: BTreeMap<i64, BTreeSet<Grant>> = BTreeMap::new();
    for (rule, project, role) in grants {
        by_rule.entry(rule).or_default().insert(Grant { project, role });
    }
    let listed = |row: Row| Listed {
        rule: Rule {
            group: Group::read(&row.group_key, row.wanted),
            grants: by_rule.remove(&row.id).unwrap_or_default(),
        },
        id: row.id,
        group: row.group_id.zip(row.group_name),
    };
    Ok(rows.into_iter().map(listed).collect())
}

/// How many are in each group that a rule of the connection is about, not counting groups inside. A group in which nobody
/// is has no number.
pub async fn sizes(tx: &mut Read, connection: i64) -> Result<BTreeMap<i64, i64>> {
    let found: Vec<(i64, i64)> = tx
        .all(sql!(
            "SELECT group_id, COUNT(*) FROM group_users WHERE group_id IN (
                 SELECT k.group_id FROM scim_rules x
                 JOIN scim_group_keys k ON k.connection_id = x.connection_id AND k.group_key = x.group_key
                 WHERE x.connection_id = $1)
             GROUP BY group_id",
            connection
        ))
        .await?;
    Ok(found.into_iter().collect())
}
