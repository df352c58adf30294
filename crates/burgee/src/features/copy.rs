//! A new flag like another one.

use burgee_eval::document::Variant;

use super::detail::places;
use super::edit::Place;
use super::feature::{self, Draft, Feature, Room, get, lock_all};
use super::{dependency, strategy, variants};
use crate::access::{Granted, Guard, Permission};
use crate::entropy::Entropy;
use crate::error::{Error, Kind, Result};
use crate::events::{Change, Event, Fact};
use crate::projects::change_requests;

/// Makes a flag with the type, the strategies, the variants and the dependency of another one of its project; off
/// everywhere, without tags. Strategies that named a group of users get the new flag's own, if `regroup`. Whoever
/// copies strategies must be allowed to add them, and nothing may have to be approved.
pub async fn copy<G: Guard>(
    tx: &mut Change,
    grant: &Granted<G>,
    entropy: &Entropy,
    (project, source): (&str, &str),
    name: &str,
    regroup: bool,
) -> Result<Feature> {
    if !change_requests::environments(tx, project).await?.is_empty() {
        let message = format!("Cloning not allowed. Project {project} has change requests enabled.");
        return Err(Error::rejected(Kind::Forbidden, message));
    }
    Room::of(tx, project).await?;
    let mut locked = vec![source.to_owned()];
    locked.extend(dependency::of(tx, source).await?.into_iter().map(|parent| parent.feature));
    lock_all(tx, project, &locked).await?;
    let like = get(tx, project, source).await?;
    let draft =
        Draft { description: like.description, kind: like.kind, impression_data: like.impression_data };
    let feature = feature::insert(tx, entropy, project, name, draft, like.stale).await?;
    for parent in dependency::of(tx, source).await? {
        dependency::add(tx, project, name, parent).await?;
    }
    for found in places(tx, source).await? {
        let place =
            Place { project: project.to_owned(), feature: name.to_owned(), environment: found.environment };
        if !found.strategies.is_empty() {
            let needed = &[Permission::CreateFeatureStrategy];
            grant.ensure_held(needed, project, &place.environment)?;
        }
        for mut strategy in found.strategies {
            strategy.id = entropy.ulid(tx.now());
            if let Some(group) = strategy.parameters.get_mut("groupId").filter(|_| regroup) {
                name.clone_into(group);
            }
            strategy::store(tx, &place, &strategy).await?;
            tx.record(place.event(Event::created(Fact::StrategyAdded, &strategy)));
        }
        copy_variants(tx, &place, found.variants).await?;
    }
    Ok(feature)
}

async fn copy_variants(tx: &mut Change, place: &Place, list: Vec<Variant>) -> Result<()> {
    if list.is_empty() {
        return Ok(());
    }
    variants::set(tx, (&place.project, &place.feature, &place.environment), list).await.map(drop)
}
