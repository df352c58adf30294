//! Groups and who is in them.

use std::collections::{BTreeSet, HashMap, HashSet};

use burgee_scim::{Object, fold};
use serde::Deserialize;
use serde_json::{Value, json};

use super::fate::Fate;
use super::outcome::Outcome;
use super::source::{Source, Team};
use super::{Taken, root_roles};
use crate::clock::Time;
use crate::db::Read;
use crate::error::{Error, Result};
use crate::events::{Change, Fact};
use crate::people::group::{self, Draft};
use crate::people::membership;
use crate::provisioning::{self, Noun};
use crate::sql;

/// Takes over the groups that are not here, with their members, and brings newcomers into those that are; tells which is
/// which.
pub(super) async fn take(
    tx: &mut Change,
    connection: i64,
    source: &Source,
    people: &HashMap<i64, Taken>,
    outcome: &mut Outcome,
) -> Result<HashMap<i64, Taken>> {
    let roles = root_roles(tx).await?;
    let removed = removed(tx).await?;
    let mut taken = HashMap::new();
    for team in &source.groups {
        match fate(tx, connection, team, &removed).await? {
            Fate::Conflict(with) => outcome.conflicts.push(format!("group {}: {with}", team.name)),
            Fate::Gone => {
                outcome.groups.out += 1;
                outcome.leave("removed here since", &team.name);
            }
            Fate::Here(id) => {
                outcome.groups.here += 1;
                taken.insert(team.id, Taken { id, new: false });
            }
            Fate::New => match make(tx, connection, team, &roles, outcome).await {
                Ok(id) => {
                    outcome.groups.new += 1;
                    taken.insert(team.id, Taken { id, new: true });
                }
                Err(Error::Rejected(refused)) => {
                    outcome.conflicts.push(format!("group {}: {}", team.name, refused.message));
                }
                Err(error) => return Err(error),
            },
        }
    }
    let mut members: HashMap<i64, Vec<i64>> = HashMap::new();
    for (team, person) in &source.members {
        members.entry(*team).or_default().push(*person);
    }
    for team in &source.groups {
        let inside = members.remove(&team.id).unwrap_or_default();
        let Some(place) = taken.get(&team.id) else {
            outcome.members.out += inside.len();
            continue;
        };
        fill(tx, *place, &inside, people, outcome).await?;
    }
    Ok(taken)
}

/// Who is here and was in the group before the move may have left it since: only who, or what, is new is brought together.
async fn fill(
    tx: &mut Change,
    place: Taken,
    inside: &[i64],
    people: &HashMap<i64, Taken>,
    outcome: &mut Outcome,
) -> Result<()> {
    let known: Vec<Taken> = inside.iter().filter_map(|person| people.get(person).copied()).collect();
    outcome.members.out += inside.len() - known.len();
    let coming: BTreeSet<i64> =
        known.iter().filter(|person| place.new || person.new).map(|person| person.id).collect();
    let others: BTreeSet<i64> =
        known.iter().map(|person| person.id).filter(|person| !coming.contains(person)).collect();
    let there: Vec<(i64,)> = tx
        .all(sql!(
            "SELECT user_id FROM group_users WHERE group_id = $1 AND user_id IN ({ids:$2})",
            place.id,
            serde_json::to_string(&others)?
        ))
        .await?;
    outcome.members.here += there.len();
    outcome.members.out += others.len() - there.len();
    outcome.members.new += coming.len();
    let group = group::get(tx, place.id).await?;
    if there.len() < others.len() {
        outcome.leave("groups which some are not in who were here already", &group.name);
    }
    if coming.is_empty() {
        return Ok(());
    }
    if place.new {
        membership::set(tx, &group, &coming).await?;
        return Ok(());
    }
    for person in coming {
        membership::add(tx, &group, person).await?;
    }
    provisioning::group::stir(tx, place.id).await
}

/// When the groups were made that were removed here since.
async fn removed(tx: &mut Read) -> Result<HashSet<Time>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Removed {
        created_at: Time,
    }
    let states: Vec<(Option<String>,)> =
        tx.all(sql!("SELECT pre_data FROM events WHERE type = $1", Fact::GroupDeleted.name())).await?;
    let read = |(state,): &(Option<String>,)| serde_json::from_str::<Removed>(state.as_deref()?).ok();
    Ok(states.iter().filter_map(read).map(|it| it.created_at).collect())
}

async fn fate(tx: &mut Read, connection: i64, team: &Team, removed: &HashSet<Time>) -> Result<Fate> {
    if let Some(scim_id) = &team.scim_id
        && let Some(fate) = Fate::by_id(tx, connection, Noun::Group, scim_id).await?
    {
        return Ok(fate);
    }
    let named: Option<(i64, Time)> = tx
        .optional(sql!("SELECT id, created_at FROM groups WHERE name_ci = $1", fold(team.name.trim())))
        .await?;
    Ok(match named {
        // Taken over before, and removed since: it is known by when it was made in Unleash.
        None if removed.contains(&team.created_at) => Fate::Gone,
        None => Fate::New,
        // Taken over before: it is known by when it was made in Unleash.
        Some((id, at)) if at == team.created_at && team.scim_id.is_none() => Fate::Here(id),
        Some(_) => Fate::Conflict("there is a group of this name here already".to_owned()),
    })
}

async fn make(
    tx: &mut Change,
    connection: i64,
    team: &Team,
    roles: &HashMap<String, i64>,
    outcome: &mut Outcome,
) -> Result<i64> {
    let root_role = match &team.role {
        None => None,
        Some(name) => {
            let found = roles.get(&fold(name)).copied();
            if found.is_none() {
                let why = format!("groups without a root role, since there is no \"{name}\"");
                outcome.leave(&why, &team.name);
            }
            found
        }
    };
    let draft = Draft {
        name: team.name.clone(),
        description: team.description.clone(),
        mappings_sso: serde_json::from_str(&team.mappings).unwrap_or_default(),
        root_role,
    };
    let made = group::create(tx, draft).await?;
    tx.execute(sql!("UPDATE groups SET created_at = $2 WHERE id = $1", made.id, team.created_at)).await?;
    if let Some(scim_id) = &team.scim_id {
        let document = team.document(&made.name);
        let since = team.created_at;
        provisioning::group::take_over(tx, connection, made.id, scim_id, &document, since).await?;
    }
    Ok(made.id)
}

impl Team {
    /// What the identity provider is told that it sent.
    fn document(&self, name: &str) -> Object {
        let mut document = Object::new();
        let mut put = |name: &str, value: Value| {
            document.insert(name.to_owned(), value);
        };
        put("schemas", json!([burgee_scim::GROUP.schema.urn]));
        put("displayName", json!(name));
        if let Some(id) = &self.external_id {
            put("externalId", json!(id));
        }
        document
    }
}
