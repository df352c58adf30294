//! What the document of a user says about roles.
//!
//! A value is the id or name of a root role, `project:role`, or `Role in Project`, as `/Roles` and `/Entitlements` list
//! them; both attributes take all of them. Identity providers send the text itself, an object with `value` and `display`, or
//! either with JSON inside.

use std::collections::{BTreeMap, BTreeSet};

use burgee_scim::{Error as Scim, Mode, Object, fold};
use serde_json::{Value, json};

use super::{Grant, follow};
use crate::access::admins::ADMIN_ROLE;
use crate::access::role::{self, Role};
use crate::db::Read;
use crate::error::Result;
use crate::events::{Change, Remark};
use crate::projects;
use crate::provisioning::connection::Connection;
use crate::provisioning::hold;
use crate::sql;

/// The attributes that count.
const ATTRIBUTES: [&str; 2] = ["roles", "entitlements"];
/// How many documents are read at once.
const CHUNK: i64 = 500;
/// The longest text that is told of a value, in characters.
const LONGEST_TOLD: usize = 64;
/// The longest text that may name a role, in bytes.
const LONGEST: usize = 4096;
/// How many projects are looked up by what one document calls them, and not all of them read.
const MOST_NAMED: usize = 100;

/// Lets the words of a user's document count, in place of those that did before, and records what that gives and takes.
/// What is not known, or may not be given, is left out and told; a strict connection refuses what is not known and was not
/// in the document `last` pushed. Whoever is in [hold](super::super::hold) keeps what they have.
pub async fn heed(
    tx: &mut Change,
    on: &Connection,
    user: i64,
    last: Option<&Object>,
    document: &Object,
) -> Result<()> {
    if replace(tx, on, user, last, document).await? {
        follow(tx, on.id, &BTreeSet::from([user]), "change roles").await?;
    }
    Ok(())
}

/// Lets the words of somebody's first document count who had an account before, and what rules say of them; what another
/// connection said of them does so no more.
pub async fn adopt(tx: &mut Change, on: &Connection, user: i64, document: &Object) -> Result<()> {
    tx.execute(sql!("DELETE FROM scim_said WHERE user_id = $1", user)).await?;
    replace(tx, on, user, None, document).await?;
    follow(tx, on.id, &BTreeSet::from([user]), "adopt").await
}

/// Replaces the words of a user; true if they differ. Without a document `last`, there were none.
async fn replace(
    tx: &mut Change,
    on: &Connection,
    user: i64,
    last: Option<&Object>,
    document: &Object,
) -> Result<bool> {
    let said = values(document);
    if said.is_empty() && last.is_none() {
        return Ok(false);
    }
    // As it is set up now: since the call came in, an admin may have changed it.
    let giving: Option<(bool, bool)> = tx
        .optional(sql!("SELECT heeds_roles, gives_admin FROM scim_connections WHERE id = $1", on.id))
        .await?;
    let Some((true, admin)) = giving else { return Ok(false) };
    let before: Vec<(i64, Option<String>, String)> =
        tx.all(sql!("SELECT role_id, project, attribute FROM scim_said WHERE user_id = $1", user)).await?;
    if before.is_empty() && said.is_empty() || hold::keeps_account(tx, user).await? {
        return Ok(false);
    }
    let before: BTreeMap<Grant, String> =
        before.into_iter().map(|(role, project, attribute)| (Grant { project, role }, attribute)).collect();
    let known = Known::of(tx, &said).await?;
    let last = last.map(values).unwrap_or_default();
    let after = counting(tx, on.mode(), admin, &known, said, &last)?;
    if before == after {
        return Ok(false);
    }
    tx.execute(sql!("DELETE FROM scim_said WHERE user_id = $1", user)).await?;
    keep(tx, &[(user, after)]).await?;
    Ok(true)
}

/// Lets the words of all documents of a connection count, where none did before. Recorded is the fact as a whole, by whoever
/// asks for it.
pub(super) async fn heed_all(tx: &mut Change, on: &Connection) -> Result<()> {
    let known = Known::all(tx).await?;
    let mut after = 0;
    loop {
        let rows: Vec<(i64, i64, String)> = tx
            .all(sql!(
                "SELECT s.id, s.user_id, s.document FROM scim_users s WHERE s.connection_id = $1 AND s.id > $2
                   AND NOT EXISTS (SELECT 1 FROM scim_held h WHERE h.user_id = s.user_id AND h.kind = 'deactivate')
                   AND EXISTS (SELECT 1 FROM scim_leaves l WHERE l.owner = s.id AND l.attribute IN (
                       'roles.value', 'roles.display', 'entitlements.value', 'entitlements.display'))
                 ORDER BY s.id LIMIT $3",
                on.id,
                after,
                CHUNK
            ))
            .await?;
        let Some((last, ..)) = rows.last() else { return Ok(()) };
        after = *last;
        let mut people = Vec::new();
        for (_, user, document) in rows {
            let said = values(&serde_json::from_str(&document)?);
            // What is stored already was accepted once: nothing of it is refused now.
            people.push((user, counting(tx, Mode::Tolerant, on.giving.gives_admin, &known, said, &[])?));
        }
        keep(tx, &people).await?;
    }
}

/// Forgets the words of everybody whom a connection manages, or has removed while that waits for an admin.
pub async fn forget(tx: &mut Change, connection: i64) -> Result<()> {
    tx.execute(sql!(
        "DELETE FROM scim_said WHERE user_id IN (
             SELECT user_id FROM scim_users WHERE connection_id = $1
             UNION SELECT user_id FROM scim_held WHERE connection_id = $1 AND kind = 'delete')",
        connection
    ))
    .await
    .map(drop)
}

/// Stores words of people. A word that is there already stays.
async fn keep(tx: &mut Change, people: &[(i64, BTreeMap<Grant, String>)]) -> Result<()> {
    let rows: Vec<Value> = people
        .iter()
        .flat_map(|(user, words)| words.iter().map(move |(grant, attribute)| (user, grant, attribute)))
        .map(|(user, Grant { project, role }, attribute)| {
            json!({ "user": user, "role": role, "project": project, "attribute": attribute })
        })
        .collect();
    tx.execute(sql!(
        "INSERT INTO scim_said (user_id, role_id, project, attribute)
         SELECT CAST(item ->> 'user' AS BIGINT), CAST(item ->> 'role' AS BIGINT), CAST(item ->> 'project' AS TEXT),
                CAST(item ->> 'attribute' AS TEXT)
         FROM ({rows:$1}) r WHERE TRUE ON CONFLICT DO NOTHING",
        serde_json::to_string(&rows)?
    ))
    .await
    .map(drop)
}

/// One value of one attribute: the texts that may name a role, the best first.
#[derive(PartialEq, Eq)]
struct Said {
    attribute: &'static str,
    texts: Vec<String>,
}

/// What a document says.
fn values(document: &Object) -> Vec<Said> {
    let mut said = Vec::new();
    for attribute in ATTRIBUTES {
        let elements = match document.get(attribute) {
            None | Some(Value::Null) => continue,
            Some(Value::Array(elements)) => elements.as_slice(),
            Some(single) => std::slice::from_ref(single),
        };
        for element in elements {
            let texts = texts(element);
            if !texts.is_empty() {
                said.push(Said { attribute, texts });
            }
        }
    }
    said
}

/// The texts of an element: its value, then what it is called. JSON in a value is looked into.
fn texts(element: &Value) -> Vec<String> {
    let parts = match element {
        Value::String(text) => vec![text.clone()],
        Value::Number(number) => vec![number.to_string()],
        Value::Object(parts) => ["value", "display", "displayName"]
            .into_iter()
            .filter_map(|name| match parts.get(name)? {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    };
    let mut found = Vec::new();
    for text in parts {
        match serde_json::from_str::<Object>(&text) {
            Ok(inside) => found.extend(texts(&Value::Object(inside))),
            Err(_) if !text.trim().is_empty() => found.push(text.trim().to_owned()),
            Err(_) => {}
        }
    }
    found
}

/// True if a text may name a role: it is short enough, and no JSON inside has brought what no name has.
fn may_name(text: &str) -> bool {
    text.len() <= LONGEST && !text.contains('\0')
}

/// What a text may mean as a role in a project, the likeliest first: the project, and the role.
fn places(text: &str) -> Vec<(&str, &str)> {
    let lower = text.to_ascii_lowercase();
    // Roles and projects may have the word in their names, too.
    let splits = lower
        .match_indices(" in ")
        .take(MOST_NAMED)
        .map(move |(at, word)| (&text[at + word.len()..], &text[..at]));
    let all = text.rsplit_once(':').into_iter().chain(splits);
    all.map(|(project, role)| (project.trim(), role.trim())).collect()
}

/// What values may name.
struct Known {
    roles: Vec<Role>,
    /// Id and name.
    projects: Vec<(String, String)>,
}

impl Known {
    async fn all(tx: &mut Read) -> Result<Self> {
        Ok(Self { roles: role::list(tx).await?, projects: projects::summary::living(tx).await? })
    }

    /// Only projects that the values may mean are looked up, unless these are very many.
    async fn of(tx: &mut Read, said: &[Said]) -> Result<Self> {
        if said.is_empty() {
            return Ok(Self { roles: Vec::new(), projects: Vec::new() });
        }
        let texts = said.iter().flat_map(|it| &it.texts).filter(|text| may_name(text));
        let meant = texts.flat_map(|text| places(text)).map(|(project, _)| project);
        let named: Vec<&str> = meant.take(MOST_NAMED + 1).collect();
        if named.len() > MOST_NAMED {
            return Self::all(tx).await;
        }
        let projects =
            if named.is_empty() { Vec::new() } else { projects::summary::living_named(tx, &named).await? };
        Ok(Self { roles: role::list(tx).await?, projects })
    }

    /// The role that a text names by id or name, of root roles or of those in projects.
    fn role(&self, text: &str, root: bool) -> Option<i64> {
        let mut fit = self.roles.iter().filter(|role| role.is_root() == root);
        let named = fold(text);
        let id: Option<i64> = text.parse().ok();
        fit.clone()
            .find(|role| Some(role.id) == id)
            .or_else(|| fit.find(|role| fold(&role.name) == named))
            .map(|role| role.id)
    }

    /// The project that a text names, by id or by a name that no other has.
    fn project(&self, text: &str) -> Option<String> {
        if let Some((id, _)) = self.projects.iter().find(|(id, _)| id == text) {
            return Some(id.clone());
        }
        let named = fold(text);
        let mut fit = self.projects.iter().filter(|(_, name)| fold(name) == named);
        match (fit.next(), fit.next()) {
            (Some((id, _)), None) => Some(id.clone()),
            _ => None,
        }
    }

    fn grant(&self, text: &str) -> Option<Grant> {
        if !may_name(text) {
            return None;
        }
        if let Some(role) = self.role(text, true) {
            return Some(Grant { project: None, role });
        }
        places(text).into_iter().find_map(|(project, role)| {
            let (project, role) = (self.project(project)?, self.role(role, false)?);
            Some(Grant { project: Some(project), role })
        })
    }
}

/// Those words that count, each with the attribute that has it.
fn counting(
    tx: &mut Change,
    mode: Mode,
    admin: bool,
    known: &Known,
    said: Vec<Said>,
    last: &[Said],
) -> Result<BTreeMap<Grant, String>> {
    let mut words = BTreeMap::new();
    for it in said {
        // What was accepted once is not refused for what became of the role since.
        let strict = mode == Mode::Strict && !last.contains(&it);
        let Said { attribute, texts } = it;
        let named: String = texts[0].chars().take(LONGEST_TOLD).collect();
        let kind = if attribute == "roles" { "a role" } else { "an entitlement" };
        match texts.iter().find_map(|text| known.grant(text)) {
            Some(grant) if grant.project.is_none() && grant.role == ADMIN_ROLE && !admin => {
                tx.remark(Remark { kind, named, why: "this connection may not make admins" });
            }
            Some(grant) => {
                words.entry(grant).or_insert_with(|| attribute.to_owned());
            }
            None if strict => {
                let message = format!("{attribute}: there is no role or entitlement “{named}” here");
                return Err(Scim::invalid_value(message).into());
            }
            None => tx.remark(Remark { kind, named, why: "there is none of this name here" }),
        }
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn known() -> Known {
        let role = |id: i64, name: &str, kind: &str| Role {
            id,
            name: name.to_owned(),
            r#type: kind.to_owned(),
            description: String::new(),
        };
        let project = |id: &str, name: &str| (id.to_owned(), name.to_owned());
        Known {
            roles: vec![
                role(1, "Admin", "root"),
                role(2, "Editor", "root"),
                role(4, "Owner", "project"),
                role(9, "Guest in residence", "custom"),
            ],
            projects: vec![project("shop", "The Shop"), project("a", "Twin"), project("b", "Twin")],
        }
    }

    #[test]
    fn a_value_names_a_role_by_id_name_or_display() {
        let grant = |text: &str| known().grant(text).map(|it| (it.project.unwrap_or_default(), it.role));
        let place = |project: &str, role: i64| Some((project.to_owned(), role));
        for text in ["2", "Editor", "eDITOR"] {
            assert_eq!(grant(text), place("", 2), "{text}");
        }
        for text in
            ["shop:4", "shop:owner", "The Shop:4", "Owner in The Shop", "owner IN the shop", "OWNER in shop"]
        {
            assert_eq!(grant(text), place("shop", 4), "{text}");
        }
        assert_eq!(grant("Guest in residence in The Shop"), place("shop", 9));
        for text in ["", "4", "Owner", "Owner in Twin", "Owner in nowhere", "shop:2", "shop:", ":4", "Wizard"]
        {
            assert_eq!(grant(text), None, "{text}");
        }
        assert_eq!(grant("Owner in b"), place("b", 4));
    }

    #[test]
    fn what_is_longer_than_any_name_names_nothing() {
        let grant = |spaces: usize| known().grant(&format!("{}shop:4", " ".repeat(spaces)));
        assert!(grant(LONGEST - "shop:4".len()).is_some());
        assert_eq!(grant(LONGEST - "shop:4".len() + 1), None);
        assert_eq!(known().grant("shop:4\0"), None);
    }

    #[test]
    fn a_text_may_mean_several_places() {
        assert_eq!(places("a:b : 4"), [("a:b", "4")]);
        assert_eq!(
            places("Guest IN residence in Shop"),
            [("residence in Shop", "Guest"), ("Shop", "Guest IN residence")]
        );
        assert!(places("Editor").is_empty());
    }

    #[test]
    fn values_come_in_many_shapes() {
        let shapes = [
            json!("Editor"),
            json!({ "value": "Editor", "primary": true }),
            json!({ "value": " ", "display": "Editor" }),
            json!("{\"id\":\"18d1\",\"value\":\"Editor\",\"displayName\":\"Editor\"}"),
            json!({ "value": "{\"id\":\"18d1\",\"displayName\":\"Editor\"}" }),
        ];
        for shape in shapes {
            assert_eq!(texts(&shape).first().map(String::as_str), Some("Editor"), "{shape}");
        }
        assert!(texts(&json!({ "primary": true })).is_empty());
        assert!(texts(&json!([["Editor"]])).is_empty());
    }
}
