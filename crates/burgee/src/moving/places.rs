//! Roles in projects, where the project and a role of the name are here.

use std::collections::{BTreeMap, HashMap};

use burgee_scim::fold;

use super::Taken;
use super::outcome::Outcome;
use super::source::Source;
use crate::access::{Holdings, role};
use crate::error::{Kind, Result};
use crate::events::Change;
use crate::projects::members::{self, Subject};

/// Who is to get a role in a project, whether they are new here, and what people call them.
type Candidate<'a> = (Subject, bool, &'a str);

/// Gives whoever is new the roles that they had. Who was here before may have lost one since: it is not given again.
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
    let names: HashMap<(bool, i64), String> = source
        .people
        .iter()
        .map(|person| ((false, person.id), person.called()))
        .chain(source.groups.iter().map(|team| ((true, team.id), team.name.clone())))
        .collect();
    let mut wanted = BTreeMap::<(&str, &str), Vec<Candidate>>::new();
    for place in &source.places {
        let known = if place.is_group { groups } else { people };
        match known.get(&place.who) {
            None => outcome.places.out += 1,
            Some(Taken { id, new }) => {
                let subject = if place.is_group { Subject::Group(*id) } else { Subject::User(*id) };
                let name = names.get(&(place.is_group, place.who)).map(String::as_str).unwrap_or_default();
                wanted.entry((&place.project, &place.role)).or_default().push((subject, *new, name));
            }
        }
    }
    for ((project, name), subjects) in wanted {
        let there = match members::places(tx, project).await {
            Ok(there) => Some(there),
            Err(error) if error.kind() == Some(Kind::NotFound) => None,
            Err(error) => return Err(error),
        };
        let absent = there.is_none();
        let (Some(role), Some(there)) = (roles.get(&fold(name)), there) else {
            outcome.places.out += subjects.len();
            let what = if absent { "projects that are not here" } else { "project roles that are not here" };
            outcome.leave(what, if absent { project } else { name });
            continue;
        };
        let mut coming = Vec::new();
        for (subject, new, who) in subjects {
            if there.contains_key(&(subject, *role)) {
                outcome.places.here += 1;
            } else if new {
                coming.push(subject);
            } else {
                outcome.places.out += 1;
                let why = "roles in projects that somebody does not have who was here already";
                outcome.leave(why, format!("{who} ({name} in {project})"));
            }
        }
        if !coming.is_empty() {
            members::add(tx, giver, project, &[*role], &coming).await?;
            outcome.places.new += coming.len();
        }
    }
    Ok(())
}
