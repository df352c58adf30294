//! Who gains and who loses what by a change of the rules, before it is made.

use std::collections::{BTreeMap, BTreeSet};

use super::save::save;
use super::{Grant, Mapping, Named};
use crate::access::role;
use crate::access::said::with_said;
use crate::db::Read;
use crate::error::Result;
use crate::events::Change;
use crate::sql;

/// How many people are told one by one.
const MOST: usize = 100;

/// Somebody for whom something changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Who.
    pub user: i64,
    /// What people call them.
    pub name: String,
    /// What they hold afterwards and do not now.
    pub gains: Vec<Named>,
    /// What they hold now and not afterwards.
    pub loses: Vec<Named>,
}

/// What a change does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// How many people gain something.
    pub gaining: usize,
    /// How many people lose something.
    pub losing: usize,
    /// The first hundred of those for whom something changes, in the order of their accounts.
    pub people: Vec<Changed>,
}

impl Effect {
    /// True if nobody gains or loses anything.
    pub const fn is_nothing(&self) -> bool {
        self.gaining == 0 && self.losing == 0
    }
}

/// What [`save`] would do to the people of the connection. Nothing is changed. Refused where saving would be.
pub async fn preview(
    mut tx: Change,
    connection: i64,
    version: Option<i64>,
    next: &Mapping,
) -> Result<Effect> {
    let before = held(&mut tx, connection).await?;
    save(&mut tx, connection, version, next).await?;
    let after = held(&mut tx, connection).await?;
    let effect = compare(&mut tx, &before, &after).await?;
    tx.rehearse().await?;
    Ok(effect)
}

/// What everybody holds.
type Held = BTreeMap<i64, BTreeSet<Grant>>;

/// What the people of a connection hold in all, whoever gave it.
async fn held(tx: &mut Read, connection: i64) -> Result<Held> {
    let rows: Vec<(i64, Option<String>, i64)> = tx
        .all(sql!(
            with_said!(
                "SELECT user_id FROM scim_users WHERE connection_id = $1
                 UNION SELECT user_id FROM scim_held WHERE connection_id = $1 AND kind = 'delete'",
                " SELECT user_id, NULL AS project, role_id FROM own
                  UNION SELECT m.user_id, NULL, g.root_role_id FROM groups g JOIN reach m ON m.group_id = g.id
                        WHERE g.root_role_id IS NOT NULL
                  UNION SELECT r.user_id, r.project, r.role_id FROM user_roles r JOIN subject s ON s.id = r.user_id
                  UNION SELECT m.user_id, r.project, r.role_id FROM group_roles r JOIN reach m ON m.group_id = r.group_id
                  UNION SELECT user_id, project, role_id FROM given"
            ),
            connection
        ))
        .await?;
    let mut held = Held::new();
    for (user, project, role) in rows {
        held.entry(user).or_default().insert(Grant { project, role });
    }
    Ok(held)
}

async fn compare(tx: &mut Read, before: &Held, after: &Held) -> Result<Effect> {
    let none = BTreeSet::new();
    let roles = role::list(tx).await?;
    let mut effect = Effect::default();
    for user in before.keys().chain(after.keys()).copied().collect::<BTreeSet<_>>() {
        let (was, is) = (before.get(&user).unwrap_or(&none), after.get(&user).unwrap_or(&none));
        if was == is {
            continue;
        }
        let named = |grants: &BTreeSet<Grant>, without: &BTreeSet<Grant>| -> Vec<Named> {
            grants.difference(without).cloned().map(|grant| Named::of(grant, &roles)).collect()
        };
        let (gains, loses) = (named(is, was), named(was, is));
        effect.gaining += usize::from(!gains.is_empty());
        effect.losing += usize::from(!loses.is_empty());
        if effect.people.len() < MOST {
            effect.people.push(Changed { user, name: String::new(), gains, loses });
        }
    }
    let ids: Vec<i64> = effect.people.iter().map(|it| it.user).collect();
    let names: Vec<(i64, String)> = tx
        .all(sql!(
            "SELECT id, COALESCE(NULLIF(name, ''), username, email, '') FROM users WHERE id IN ({ids:$1})",
            serde_json::to_string(&ids)?
        ))
        .await?;
    let mut names: BTreeMap<i64, String> = names.into_iter().collect();
    for it in &mut effect.people {
        it.name = names.remove(&it.user).unwrap_or_default();
    }
    Ok(effect)
}
