//! Changing what a connection has to say about roles.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::rule::{Listed, rules};
use super::{Grant, Group, Mapping, Rule, words};
use crate::access::admins::ADMIN_ROLE;
use crate::access::role::{self, Role};
use crate::db::Read;
use crate::error::{Error, Kind, Result};
use crate::events::{Change, Event, Fact};
use crate::projects;
use crate::provisioning::connection::{self, Connection, Giving};
use crate::provisioning::guard;
use crate::sql;

/// How many rules a connection may have.
const MOST_RULES: usize = 500;
/// How many roles one rule may give.
const MOST_GRANTS: usize = 100;
/// The longest name or external id of a group, in characters.
const LONGEST: usize = 255;

/// Makes `next` what a connection has to say about roles, if it is still in the `version` that was looked at. Each rule
/// that differs is recorded by itself; nothing is, where nothing differs. An admin stays, whatever goes.
pub async fn save(tx: &mut Change, id: i64, version: Option<i64>, next: &Mapping) -> Result<()> {
    let before = connection::lock(tx, id).await?;
    if version.is_some_and(|version| version != before.version) {
        return Err(Error::rejected(
            Kind::Conflict,
            "Somebody else has changed this connection meanwhile: look at it again. Nothing was changed.",
        ));
    }
    let there = rules(tx, id).await?;
    check(tx, &there, next).await?;
    if before.giving.usual_role != next.giving.usual_role {
        role::lock(tx, next.giving.usual_role).await?;
    }
    let anew = heeded(&before.giving) != heeded(&next.giving);
    if anew {
        lock_people(tx, id).await?;
    }
    let recorded = tx.recorded();
    set_rules(tx, id, there, next).await?;
    let ruled = tx.recorded() > recorded;
    if !ruled && before.giving == next.giving {
        return Ok(());
    }
    let now = tx.now();
    tx.execute(sql!(
        "UPDATE scim_connections SET heeds_roles = $2, usual_role = $3, root_conflict = $4, gives_admin = $5,
                updated_at = $6, version = version + 1 WHERE id = $1",
        id,
        next.giving.heeds_roles,
        next.giving.usual_role,
        next.giving.root_conflict.name(),
        next.giving.gives_admin,
        now
    ))
    .await?;
    let after = connection::get(tx, id).await?;
    if before.giving != after.giving {
        tx.record(Event::updated(Fact::ScimConnectionUpdated, &before, &after));
    }
    if anew {
        heed_anew(tx, &after).await?;
    }
    guard::keep_one(tx, "change what a connection says about roles").await
}

/// Which words of documents count, if any: with or without Admin.
fn heeded(giving: &Giving) -> Option<bool> {
    giving.heeds_roles.then_some(giving.gives_admin)
}

/// Keeps everybody else from changing the people of a connection, and from making some, until the transaction ends: whoever
/// does now comes before, or heeds what is set up now.
async fn lock_people(tx: &mut Change, connection: i64) -> Result<()> {
    let people = || {
        sql!(
            "WITH locked AS (SELECT id FROM scim_users WHERE connection_id = $1 ORDER BY id{lock})
             SELECT COUNT(*) FROM locked",
            connection
        )
    };
    let _: (i64,) = tx.one(people()).await?;
    // Last, since whoever has locked somebody may go on to refer to the connection.
    let _: Option<(i64,)> =
        tx.optional(sql!("SELECT id FROM scim_connections WHERE id = $1{alone}", connection)).await?;
    // Those who were made meanwhile.
    let _: (i64,) = tx.one(people()).await?;
    Ok(())
}

/// Reads the documents of everybody again.
async fn heed_anew(tx: &mut Change, after: &Connection) -> Result<()> {
    if !after.giving.heeds_roles {
        return words::forget(tx, after.id).await;
    }
    // Whoever is held keeps what they have.
    tx.execute(sql!(
        "DELETE FROM scim_said WHERE user_id IN (SELECT user_id FROM scim_users WHERE connection_id = $1)
           AND user_id NOT IN (SELECT user_id FROM scim_held WHERE kind = 'deactivate' AND user_id IS NOT NULL)",
        after.id
    ))
    .await?;
    words::heed_all(tx, after).await
}

async fn set_rules(tx: &mut Change, connection: i64, there: Vec<Listed>, next: &Mapping) -> Result<()> {
    let there: BTreeMap<String, Listed> =
        there.into_iter().map(|listed| (listed.rule.group.key(), listed)).collect();
    let wanted: BTreeMap<String, &Rule> = next.rules.iter().map(|rule| (rule.group.key(), rule)).collect();
    for (key, old) in &there {
        if !wanted.contains_key(key) {
            tx.execute(sql!("DELETE FROM scim_rules WHERE id = $1", old.id)).await?;
            tx.record(Event::deleted(Fact::ScimRuleDeleted, &old.rule.state(connection)));
        }
    }
    for (key, rule) in wanted {
        match there.get(&key) {
            Some(old) if old.rule == *rule => {}
            Some(old) => {
                let sql =
                    sql!("UPDATE scim_rules SET wanted = $2 WHERE id = $1", old.id, rule.group.wanted());
                tx.execute(sql).await?;
                tx.execute(sql!("DELETE FROM scim_rule_roles WHERE rule_id = $1", old.id)).await?;
                give(tx, old.id, &rule.grants).await?;
                let (was, is) = (old.rule.state(connection), rule.state(connection));
                tx.record(Event::updated(Fact::ScimRuleUpdated, &was, &is));
            }
            None => {
                let now = tx.now();
                let (id,): (i64,) = tx
                    .one(sql!(
                        "INSERT INTO scim_rules (connection_id, wanted, group_key, created_at)
                         VALUES ($1, $2, $3, $4) RETURNING id",
                        connection,
                        rule.group.wanted(),
                        &key,
                        now
                    ))
                    .await?;
                give(tx, id, &rule.grants).await?;
                tx.record(Event::created(Fact::ScimRuleCreated, &rule.state(connection)));
            }
        }
    }
    Ok(())
}

async fn give(tx: &mut Change, rule: i64, grants: &BTreeSet<Grant>) -> Result<()> {
    let rows: Vec<Value> =
        grants.iter().map(|Grant { project, role }| json!({ "role": role, "project": project })).collect();
    tx.execute(sql!(
        "INSERT INTO scim_rule_roles (rule_id, role_id, project)
         SELECT CAST($1 AS BIGINT), CAST(item ->> 'role' AS BIGINT), CAST(item ->> 'project' AS TEXT)
         FROM ({rows:$2}) r",
        rule,
        serde_json::to_string(&rows)?
    ))
    .await
    .map(drop)
}

/// Refuses what cannot be: one sentence for each thing that is wrong. A rule that was there already may be about a project
/// that is gone by now, and gives what is left of it.
async fn check(tx: &mut Read, there: &[Listed], next: &Mapping) -> Result<()> {
    let roles = role::list(tx).await?;
    let projects: BTreeSet<String> =
        projects::summary::living(tx).await?.into_iter().map(|(id, _)| id).collect();
    let mut wrong = Vec::new();
    let root = |id: i64| roles.iter().any(|role| role.id == id && role.is_root());
    if !root(next.giving.usual_role) || next.giving.usual_role == ADMIN_ROLE {
        wrong.push("The role of newcomers must be a root role, and not Admin.".to_owned());
    }
    if next.rules.len() > MOST_RULES {
        wrong.push(format!("There may be {MOST_RULES} rules at most."));
    }
    let mut keys = BTreeSet::new();
    for rule in next.rules.iter().take(MOST_RULES) {
        let wanted = rule.group.wanted();
        let length = wanted.chars().count();
        if wanted.trim() != wanted || length == 0 || length > LONGEST {
            wrong.push(format!(
                "What names the group must have between 1 and {LONGEST} characters, with no spaces around them."
            ));
        }
        if !keys.insert(rule.group.key()) {
            wrong.push(format!("There are two rules about the group “{wanted}”: put them together."));
        }
        if rule.root() == Some(ADMIN_ROLE) && !next.giving.gives_admin {
            wrong.push(format!(
                "The rule about the group “{wanted}” cannot give Admin: this connection may not make admins. Allow it first."
            ));
        }
        if !there.iter().any(|listed| listed.rule == *rule) {
            wrong.extend(wrong_with(rule, &roles, &projects));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Error::invalid(wrong)) }
}

fn wrong_with(rule: &Rule, roles: &[Role], projects: &BTreeSet<String>) -> Vec<String> {
    let group = match &rule.group {
        Group::Name(name) => format!("“{name}”"),
        Group::External(id) => format!("with the external id “{id}”"),
    };
    if rule.grants.is_empty() {
        return vec![format!("The rule about the group {group} gives nothing: choose a role.")];
    }
    let mut wrong = Vec::new();
    if rule.grants.len() > MOST_GRANTS {
        wrong.push(format!("A rule gives {MOST_GRANTS} roles at most: {group} has more."));
    }
    if rule.grants.iter().filter(|grant| grant.project.is_none()).count() > 1 {
        wrong.push(format!("A rule gives one root role at most: {group} has more."));
    }
    for Grant { project, role } in rule.grants.iter().take(MOST_GRANTS) {
        let found = roles.iter().find(|known| known.id == *role);
        match (project, found) {
            (None, Some(found)) if !found.is_root() => wrong.push(format!(
                "“{}” is a role for projects: say in which project the group {group} has it.",
                found.name
            )),
            (Some(_), Some(found)) if found.is_root() => {
                wrong.push(format!(
                    "“{}” is a root role: the group {group} cannot have it in a project.",
                    found.name
                ));
            }
            (_, None) => wrong.push(format!("There is no role {role}, which the group {group} is to give.")),
            (Some(project), _) if !projects.contains(project) => {
                wrong.push(format!(
                    "There is no project “{project}”, in which the group {group} is to give a role."
                ));
            }
            _ => {}
        }
    }
    wrong
}
