//! Roles in projects, where the project and a role of the name are here.

use std::collections::{BTreeMap, HashMap};

use burgee_scim::fold;

use super::Taken;
use super::outcome::Outcome;
use super::source::Source;
use crate::access::{Holdings, role};
use crate::error::Result;
use crate::events::Change;
use crate::projects::ensure_exists;
use crate::projects::members::{self, Subject};

/// Gives whoever is new the roles that they had.
pub(super) async fn take(
    tx: &mut Change,
    giver: &Holdings,
    source: &Source,
    people: &HashMap<i64, Taken>,
    groups: &HashMap<i64, Taken>,
    outcome: &mut Outcome,
) -> Result<()> {
    let roles: HashMap<String, i64> = role::list(tx)
        .await?
        .into_iter()
        .filter(|role| !role.is_root())
        .map(|role| (fold(&role.name), role.id))
        .collect();
    let mut wanted: BTreeMap<(&str, &str), Vec<Subject>> = BTreeMap::new();
    for place in &source.places {
        let known = if place.is_group { groups } else { people };
        match known.get(&place.who) {
            None => outcome.places.out += 1,
            Some(Taken { new: false, .. }) => outcome.places.here += 1,
            Some(Taken { id, .. }) => {
                let subject = if place.is_group { Subject::Group(*id) } else { Subject::User(*id) };
                wanted.entry((&place.project, &place.role)).or_default().push(subject);
            }
        }
    }
    for ((project, name), subjects) in wanted {
        let absent = match ensure_exists(tx, project).await {
            Ok(()) => false,
            Err(error) if error.kind().is_some() => true,
            Err(error) => return Err(error),
        };
        let role = roles.get(&fold(name));
        let (Some(role), false) = (role, absent) else {
            outcome.places.out += subjects.len();
            let what = if absent { "projects that are not here" } else { "project roles that are not here" };
            outcome.leave(what, if absent { project } else { name });
            continue;
        };
        members::add(tx, giver, project, &[*role], &subjects).await?;
        outcome.places.new += subjects.len();
    }
    Ok(())
}
