//! Every way to edit a flag in an environment, as data.
//!
//! An [`Edit`] can be applied now, or held by a change request and applied later; both go through [`apply`]. Its JSON
//! is that of a change in a change request: `{"action": …, "payload": …}`.

use std::collections::BTreeSet;

use burgee_eval::document::{Dependency, Variant};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::strategy::{self, Draft, Strategy, strategies};
use super::{dependency, feature, life, variants};
use crate::access::{Granted, Guard, Permission};
use crate::db::Read;
use crate::entropy::Entropy;
use crate::error::{Error, Result};
use crate::events::{Change, Event, Fact};
use crate::projects::change_requests;
use crate::sql;

/// A flag in an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The project that the flag lives in.
    pub project: String,
    /// The flag.
    pub feature: String,
    /// The environment.
    pub environment: String,
}

/// Where a strategy stands in its list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Position {
    /// The strategy.
    pub id: String,
    /// Lower ones are asked first.
    pub sort_order: i64,
}

/// One edit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", content = "payload", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Edit {
    /// Turns the flag on or off. On without an enabled strategy, it gets the default one, or its disabled ones back.
    UpdateEnabled {
        /// On or off.
        enabled: bool,
        /// Whether disabled strategies are enabled first.
        #[serde(default)]
        should_activate_disabled_strategies: bool,
    },
    /// Adds a strategy.
    AddStrategy(Draft),
    /// Replaces a strategy.
    UpdateStrategy {
        /// Which one.
        id: String,
        /// By what.
        #[serde(flatten)]
        draft: Draft,
    },
    /// Removes a strategy.
    DeleteStrategy {
        /// Which one.
        id: String,
    },
    /// Says in which order strategies are asked.
    ReorderStrategy(Vec<Position>),
    /// Replaces the variants that the flag itself has here.
    PatchVariant {
        /// By what.
        variants: Vec<Variant>,
    },
    /// Archives the flag, in every environment.
    ArchiveFeature,
    /// Makes the flag depend on another one, in every environment.
    AddDependency(Dependency),
    /// Ends what the flag depends on, in every environment.
    DeleteDependency,
}

/// Applies an edit for somebody who acts now. Where changes need approval, only those may who can skip that.
pub async fn submit<G: Guard>(
    tx: &mut Change,
    grant: &Granted<G>,
    entropy: &Entropy,
    place: &Place,
    edit: Edit,
) -> Result<Option<Strategy>> {
    match edit {
        Edit::ArchiveFeature | Edit::AddDependency(_) | Edit::DeleteDependency => {
            ensure_direct(tx, grant, &place.project).await?;
        }
        _ => ensure_direct_at(tx, grant, place).await?,
    }
    apply(tx, entropy, place, edit).await
}

/// How many flags may be switched at once.
const MOST: usize = 500;

/// Turns flags on or off in an environment, like [`submit`], and tells which were not so before. In the order of their
/// names, so that two who switch the same flags do not wait for each other.
pub async fn switch_all<G: Guard>(
    tx: &mut Change,
    grant: &Granted<G>,
    entropy: &Entropy,
    (project, environment): (&str, &str),
    flags: BTreeSet<String>,
    (enabled, should_activate_disabled_strategies): (bool, bool),
) -> Result<Vec<String>> {
    if flags.len() > MOST {
        return Err(Error::bad_data(format!("One request can switch at most {MOST} flags.")));
    }
    let mut switched = Vec::new();
    for feature in flags {
        let before = tx.recorded();
        let (project, environment) = (project.to_owned(), environment.to_owned());
        let place = Place { project, feature, environment };
        let edit = Edit::UpdateEnabled { enabled, should_activate_disabled_strategies };
        submit(tx, grant, entropy, &place, edit).await?;
        if tx.recorded() > before {
            switched.push(place.feature);
        }
    }
    Ok(switched)
}

/// Refuses to change flags as a whole to those who cannot skip approval in every environment of the project where
/// changes need it.
pub async fn ensure_direct<G: Guard>(tx: &mut Read, grant: &Granted<G>, project: &str) -> Result<()> {
    for environment in change_requests::environments(tx, project).await? {
        grant.ensure_held(&[Permission::SkipChangeRequest], project, &environment)?;
    }
    Ok(())
}

/// Applies an edit, and records what it changed. Answers the strategy that was added or replaced.
pub async fn apply(
    tx: &mut Change,
    entropy: &Entropy,
    place: &Place,
    edit: Edit,
) -> Result<Option<Strategy>> {
    let before = tx.recorded();
    let (project, feature) = (place.project.as_str(), place.feature.as_str());
    let written = match edit {
        Edit::UpdateEnabled { enabled, should_activate_disabled_strategies } => {
            let mut now = Standing::of(tx, place).await?;
            if enabled {
                now.prepare(tx, entropy, place, should_activate_disabled_strategies).await?;
            }
            now.switch(tx, place, enabled).await?;
            None
        }
        Edit::AddStrategy(draft) => {
            let now = Standing::find(tx, place).await?;
            let mut now = now.ok_or_else(|| {
                let (project, environment) = (&place.project, &place.environment);
                Error::bad_data(format!("Project {project} does not have the environment {environment}"))
            })?;
            Some(now.add(tx, entropy, place, draft).await?)
        }
        Edit::UpdateStrategy { id, draft } => {
            let mut now = Standing::of(tx, place).await?;
            let written = now.replace(tx, place, &id, draft).await?;
            now.settle(tx, place).await?;
            Some(written)
        }
        Edit::DeleteStrategy { id } => {
            let mut now = Standing::of(tx, place).await?;
            now.remove(tx, place, &id).await?;
            now.settle(tx, place).await?;
            None
        }
        Edit::ReorderStrategy(positions) => {
            Standing::of(tx, place).await?.sort(tx, place, positions).await?;
            None
        }
        Edit::PatchVariant { variants } => {
            Standing::of(tx, place).await?;
            variants::set(tx, (project, feature, &place.environment), variants).await?;
            None
        }
        Edit::ArchiveFeature => {
            life::archive(tx, project, &[feature.to_owned()]).await?;
            None
        }
        Edit::AddDependency(wanted) => {
            dependency::add(tx, project, feature, wanted).await?;
            None
        }
        Edit::DeleteDependency => {
            dependency::remove(tx, project, feature, None).await?;
            None
        }
    };
    if tx.recorded() > before {
        tx.execute(sql!("UPDATE features SET version = version + 1 WHERE name = $1", &place.feature)).await?;
    }
    Ok(written)
}

/// Makes `drafts` all strategies that a flag has at a place, in this order, and turns it on or off where `enabled` says
/// so. Strategies keep their ids by position, so what stays as it is is no change. Where changes need approval, only
/// those may who can skip that.
pub async fn overwrite<G: Guard>(
    tx: &mut Change,
    grant: &Granted<G>,
    entropy: &Entropy,
    place: &Place,
    drafts: Vec<Draft>,
    enabled: Option<bool>,
) -> Result<()> {
    let before = tx.recorded();
    let mut now = Standing::of(tx, place).await?;
    let mut there = now.strategies.clone().into_iter().map(|strategy| strategy.id);
    for draft in drafts {
        match there.next() {
            Some(id) => drop(now.replace(tx, place, &id, draft).await?),
            None => drop(now.add(tx, entropy, place, draft).await?),
        }
    }
    for id in there {
        now.remove(tx, place, &id).await?;
    }
    match enabled {
        Some(true) => {
            now.prepare(tx, entropy, place, false).await?;
            now.switch(tx, place, true).await?;
        }
        Some(false) => now.switch(tx, place, false).await?,
        None => now.settle(tx, place).await?,
    }
    if tx.recorded() > before {
        ensure_direct_at(tx, grant, place).await?;
        tx.execute(sql!("UPDATE features SET version = version + 1 WHERE name = $1", &place.feature)).await?;
    }
    Ok(())
}

/// Refuses to change a flag in an environment where changes need approval to those who cannot skip that.
async fn ensure_direct_at<G: Guard>(tx: &mut Read, grant: &Granted<G>, place: &Place) -> Result<()> {
    if change_requests::required(tx, &place.project, &place.environment).await?.is_some() {
        grant.ensure_held(&[Permission::SkipChangeRequest], &place.project, &place.environment)?;
    }
    Ok(())
}

/// How a flag stands in an environment while an edit is applied.
struct Standing {
    enabled: bool,
    strategies: Vec<Strategy>,
}

impl Standing {
    /// Whoever changes the flag, or takes the environment away, at the same time waits.
    async fn of(tx: &mut Change, place: &Place) -> Result<Self> {
        Self::find(tx, place).await?.ok_or_else(|| {
            let (environment, feature) = (&place.environment, &place.feature);
            Error::not_found(format!("Could not find environment {environment} for feature: {feature}"))
        })
    }

    /// `None` where the flag does not have the environment.
    async fn find(tx: &mut Change, place: &Place) -> Result<Option<Self>> {
        feature::lock(tx, &place.project, &place.feature).await?;
        let row: Option<(bool,)> = tx
            .optional(sql!(
                "SELECT enabled FROM feature_environments WHERE feature = $1 AND environment = $2{lock}",
                &place.feature,
                &place.environment
            ))
            .await?;
        let Some((enabled,)) = row else { return Ok(None) };
        let mut found = strategies(tx, &place.feature, Some(&place.environment)).await?;
        Ok(Some(Self { enabled, strategies: found.remove(&place.environment).unwrap_or_default() }))
    }

    fn has_enabled(&self) -> bool {
        self.strategies.iter().any(|strategy| !strategy.disabled)
    }

    async fn position(&self, tx: &mut Read, id: &str) -> Result<usize> {
        match self.strategies.iter().position(|strategy| strategy.id == id) {
            Some(index) => Ok(index),
            None => Err(strategy::absent(tx, id).await?),
        }
    }

    /// Makes sure that there is something to turn on.
    async fn prepare(
        &mut self,
        tx: &mut Change,
        entropy: &Entropy,
        place: &Place,
        activate: bool,
    ) -> Result<()> {
        if activate {
            for strategy in self.strategies.clone().into_iter().filter(|strategy| strategy.disabled) {
                let id = strategy.id.clone();
                self.replace(tx, place, &id, Draft { disabled: false, ..strategy.into() }).await?;
            }
        }
        if !self.has_enabled() {
            let draft = default_strategy(tx, place).await?;
            self.add(tx, entropy, place, draft).await?;
        }
        Ok(())
    }

    async fn switch(&mut self, tx: &mut Change, place: &Place, enabled: bool) -> Result<()> {
        if self.enabled == enabled {
            return Ok(());
        }
        tx.execute(sql!(
            "UPDATE feature_environments SET enabled = $3 WHERE feature = $1 AND environment = $2",
            &place.feature,
            &place.environment,
            enabled
        ))
        .await?;
        self.enabled = enabled;
        let fact = if enabled { Fact::FeatureEnabled } else { Fact::FeatureDisabled };
        tx.record(place.event(Event::bare(fact)));
        Ok(())
    }

    /// A flag without an enabled strategy would be on for everybody: it is turned off instead.
    async fn settle(&mut self, tx: &mut Change, place: &Place) -> Result<()> {
        if self.has_enabled() { Ok(()) } else { self.switch(tx, place, false).await }
    }

    async fn add(
        &mut self,
        tx: &mut Change,
        entropy: &Entropy,
        place: &Place,
        draft: Draft,
    ) -> Result<Strategy> {
        let id = entropy.ulid(tx.now());
        let strategy = strategy::insert(tx, place, id, draft, &self.strategies).await?;
        tx.record(place.event(Event::created(Fact::StrategyAdded, &strategy)));
        self.strategies.push(strategy.clone());
        Ok(strategy)
    }

    async fn replace(&mut self, tx: &mut Change, place: &Place, id: &str, draft: Draft) -> Result<Strategy> {
        let index = self.position(tx, id).await?;
        let before = &self.strategies[index];
        let after = strategy::replace(tx, place, before, draft).await?;
        if after != *before {
            tx.record(place.event(Event::updated(Fact::StrategyUpdated, before, &after)));
        }
        self.strategies[index] = after.clone();
        Ok(after)
    }

    async fn remove(&mut self, tx: &mut Change, place: &Place, id: &str) -> Result<()> {
        let index = self.position(tx, id).await?;
        let removed = self.strategies.remove(index);
        strategy::remove(tx, id).await?;
        tx.record(place.event(Event::deleted(Fact::StrategyRemoved, &removed)));
        Ok(())
    }

    async fn sort(&mut self, tx: &mut Change, place: &Place, positions: Vec<Position>) -> Result<()> {
        let order = |strategies: &[Strategy]| {
            let mut order: Vec<_> = strategies.iter().map(|s| (s.sort_order, s.id.clone())).collect();
            order.sort();
            json!({ "strategyIds": order.into_iter().map(|(_, id)| id).collect::<Vec<_>>() })
        };
        let before = order(&self.strategies);
        for Position { id, sort_order } in positions {
            let found = self.strategies.iter().position(|strategy| strategy.id == id);
            let index = found.ok_or_else(|| {
                Error::bad_data("trying to change strategies for environment via update sortOrder")
            })?;
            if self.strategies[index].sort_order != sort_order {
                self.strategies[index].sort_order = sort_order;
                strategy::sort(tx, &id, sort_order).await?;
            }
        }
        let after = order(&self.strategies);
        if before != after {
            tx.record(place.event(Event::updated(Fact::StrategyOrderChanged, &before, &after)));
        }
        Ok(())
    }
}

impl Place {
    /// The event, at this place.
    pub(super) fn event(&self, event: Event) -> Event {
        event.within(Some(self.project.clone()), Some(self.environment.clone())).on(&self.feature)
    }
}

/// What a flag gets that is turned on without a strategy: what the project says, or everybody.
async fn default_strategy(tx: &mut Read, place: &Place) -> Result<Draft> {
    let row: Option<(Option<String>,)> = tx
        .optional(sql!(
            "SELECT default_strategy FROM project_environments WHERE project = $1 AND environment = $2",
            &place.project,
            &place.environment
        ))
        .await?;
    match row.and_then(|(stored,)| stored) {
        Some(stored) => {
            let draft: Draft = serde_json::from_str(&stored)?;
            Ok(Draft { disabled: false, sort_order: None, ..draft })
        }
        None => Ok(Draft { name: "flexibleRollout".to_owned(), ..Draft::default() }),
    }
}
