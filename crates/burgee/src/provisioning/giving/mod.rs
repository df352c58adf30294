//! Roles that identity providers give: what `roles` and `entitlements` of a user say, and rules about groups.
//!
//! Nothing of it is written into what admins gave by hand. It is put together with that whenever somebody's permissions
//! are read ([`crate::access::said`]), so that a rule holds for whoever is in the group now, and goes with the membership.

mod effect;
mod follow;
mod release;
mod rule;
mod save;
mod words;

pub use self::effect::{Changed, Effect, preview};
pub(super) use self::follow::{about, at_rules, follow, inside, moved, ruled};
pub use self::release::{is_decided, release};
pub use self::rule::{Group, Listed, Rule, rules, sizes};
pub(super) use self::rule::{by_external, by_name};
pub use self::save::save;
pub(super) use self::words::{adopt, forget, heed};
use super::connection::{self, Giving};
use crate::access::role::Role;
use crate::db::Read;
use crate::error::Result;

/// A role in a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// The project; none for a root role.
    pub project: Option<String>,
    /// The role.
    pub role: i64,
}

/// A role in a place, by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// The grant.
    pub grant: Grant,
    /// What the role is called.
    pub role: String,
}

impl Named {
    /// The grant, with the name that its role has among `roles`.
    pub fn of(grant: Grant, roles: &[Role]) -> Self {
        let role = roles.iter().find(|role| role.id == grant.role);
        Self { role: role.map_or_else(|| grant.role.to_string(), |role| role.name.clone()), grant }
    }

    /// Like `Owner in shop`.
    pub fn words(&self) -> String {
        match &self.grant.project {
            Some(project) => format!("{} in {project}", self.role),
            None => self.role.clone(),
        }
    }
}

/// All that a connection has to say about roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// The settings.
    pub giving: Giving,
    /// What groups give.
    pub rules: Vec<Rule>,
}

/// What a connection has to say now, and the version of the connection.
pub async fn mapping(tx: &mut Read, connection: i64) -> Result<(Mapping, i64)> {
    let it = connection::get(tx, connection).await?;
    let rules = rules(tx, connection).await?.into_iter().map(|listed| listed.rule).collect();
    Ok((Mapping { giving: it.giving, rules }, it.version))
}
