//! One fact as it is recorded.

use serde::Serialize;
use serde_json::Value;

use super::fact::Fact;

/// One fact with the state before and after, and where it happened. Who and when is added when it is recorded.
/// Secrets never go in.
#[derive(Clone, Debug)]
pub struct Event {
    /// What happened.
    pub fact: Fact,
    /// The state after.
    pub data: Option<Value>,
    /// The state before.
    pub pre_data: Option<Value>,
    /// The project it happened in.
    pub project: Option<String>,
    /// The environment it happened in.
    pub environment: Option<String>,
    /// The flag it happened to.
    pub feature: Option<String>,
    /// The segment it happened to.
    pub segment: Option<i64>,
    /// What receivers of SCIM events hear of it: names of attributes, never values.
    pub signal: Option<Value>,
}

impl Event {
    /// A fact without states.
    pub const fn bare(fact: Fact) -> Self {
        Self {
            fact,
            data: None,
            pre_data: None,
            project: None,
            environment: None,
            feature: None,
            segment: None,
            signal: None,
        }
    }

    /// Something came to be.
    pub fn created(fact: Fact, after: &impl Serialize) -> Self {
        Self { data: Some(state(after)), ..Self::bare(fact) }
    }

    /// Something changed.
    pub fn updated(fact: Fact, before: &impl Serialize, after: &impl Serialize) -> Self {
        Self { data: Some(state(after)), pre_data: Some(state(before)), ..Self::bare(fact) }
    }

    /// Something ceased to be.
    pub fn deleted(fact: Fact, before: &impl Serialize) -> Self {
        Self { pre_data: Some(state(before)), ..Self::bare(fact) }
    }

    /// True if clients may have to fetch something else after it.
    pub const fn revises(&self) -> bool {
        self.fact.revises(self.feature.is_some())
    }

    /// True if it changes what clients see, or who may see it.
    pub const fn concerns_clients(&self) -> bool {
        self.revises() || self.fact.changes_ways_in()
    }

    /// What is kept for receivers of SCIM events; none if they hear nothing of it. Facts that end a provisioned person's
    /// access, or begin it again, say enough by themselves, whoever brought them about.
    pub(super) fn signal(&self) -> Option<Value> {
        self.signal.clone().or_else(|| self.ends().then(|| Value::Object(serde_json::Map::new())))
    }

    /// True if it begins or ends somebody's access.
    pub fn flips(&self) -> bool {
        let active = |state: &Option<Value>| state.as_ref().and_then(|state| state["active"].as_bool());
        self.fact == Fact::UserUpdated
            && self.pre_data.is_some()
            && active(&self.pre_data) != active(&self.data)
    }

    /// True if it ends an account, a group, what the identity provider has to do with one, or somebody's access, or
    /// begins that again.
    fn ends(&self) -> bool {
        self.flips() || matches!(self.fact, Fact::UserDeleted | Fact::GroupDeleted | Fact::AdminRetained)
    }

    /// Says in which project and environment.
    #[must_use]
    pub fn within(mut self, project: Option<String>, environment: Option<String>) -> Self {
        self.project = project;
        self.environment = environment;
        self
    }

    /// Says to which flag.
    #[must_use]
    pub fn on(mut self, feature: impl Into<String>) -> Self {
        self.feature = Some(feature.into());
        self
    }

    /// Says to which segment.
    #[must_use]
    pub const fn on_segment(mut self, id: i64) -> Self {
        self.segment = Some(id);
        self
    }
}

fn state(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}
