//! What one operation did, as far as it is worth telling.

use burgee_scim::Object;
use serde_json::Value;

use crate::events::{Event, Fact, Remark};
use crate::provisioning::Noun;
use crate::provisioning::profile::Profile;
use crate::provisioning::resource::{Provisioned, text};

/// What kind of operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Act {
    /// Resources were looked for, by a filter if there is one.
    Look {
        /// As it was sent.
        filter: Option<String>,
        /// How many there are.
        found: Option<i64>,
    },
    /// One resource was read.
    Read,
    /// One was to be made.
    Create,
    /// One was to become what was sent.
    Replace,
    /// One was to change in parts.
    Patch,
    /// One was to go.
    Remove,
    /// What the service can do was asked.
    Discover,
    /// An access token was asked for.
    Token,
    /// Anything else.
    #[default]
    Other,
}

/// Whom or what an operation was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The id of the user or group here; none for one that never came to be.
    pub local_id: Option<i64>,
    /// What people call it.
    pub name: String,
}

/// One operation: what was asked, and what it did.
#[derive(Clone, Debug, Default)]
pub struct Deed {
    /// What kind of operation.
    pub act: Act,
    /// Of users or groups; none if of both, or of neither.
    pub noun: Option<Noun>,
    /// Whom or what it was about, if that was found.
    pub subject: Option<Subject>,
    /// The document before.
    pub before: Option<Object>,
    /// The document after.
    pub after: Option<Object>,
    /// What was recorded; in a dry run, what would have been.
    pub events: Vec<Event>,
    /// Under which group; none in a dry run.
    pub group: Option<String>,
    /// Why it was refused, or failed; for one of several operations of a call.
    pub refused: Option<String>,
    /// How many members the connection does not know: they were left out.
    pub unknown: usize,
    /// What else was left out.
    pub remarks: Vec<Remark>,
}

impl Deed {
    /// An operation of which nothing is known yet.
    pub const fn new(act: Act, noun: Option<Noun>) -> Self {
        Self {
            act,
            noun,
            subject: None,
            before: None,
            after: None,
            events: Vec::new(),
            group: None,
            refused: None,
            unknown: 0,
            remarks: Vec::new(),
        }
    }

    /// Says whom or what it is about.
    pub fn about(&mut self, noun: Noun, found: &Provisioned) {
        self.noun = Some(noun);
        let name = called(noun, &found.document);
        self.subject = Some(Subject { local_id: Some(found.local_id), name });
    }

    /// True if something was changed, or would have been.
    pub fn changed(&self) -> bool {
        !self.events.is_empty()
    }

    /// How much room it takes, in bytes: about.
    pub(super) fn size(&self) -> usize {
        let documents = [&self.before, &self.after].into_iter().flatten();
        let states = self.events.iter().flat_map(|event| [&event.data, &event.pre_data]).flatten();
        documents.flat_map(Object::values).chain(states).map(size).sum()
    }

    /// Which users and groups it touched, `limit` at most.
    pub(super) fn touched(&self, limit: usize) -> Vec<(Noun, i64)> {
        let mut touched = Vec::new();
        if let (Some(noun), Some(id)) = (self.noun, self.subject.as_ref().and_then(|it| it.local_id)) {
            touched.push((noun, id));
        }
        for event in &self.events {
            let Some(state) = event.data.as_ref().or(event.pre_data.as_ref()) else { continue };
            if matches!(event.fact, Fact::GroupUserAdded | Fact::GroupUserRemoved | Fact::ScimChangeHeld) {
                let users = state["userIds"].as_array().into_iter().flatten().filter_map(Value::as_i64);
                touched.extend(users.take(limit).map(|id| (Noun::User, id)));
            } else if event.fact == Fact::AdminRetained {
                touched.extend(state["user"]["id"].as_i64().map(|id| (Noun::User, id)));
            }
        }
        let mut seen = std::collections::HashSet::new();
        touched.retain(|it| seen.insert(*it));
        touched.truncate(limit);
        touched
    }
}

/// About how many bytes a value takes.
fn size(value: &Value) -> usize {
    size_of::<Value>()
        + match value {
            Value::String(text) => text.len(),
            Value::Array(list) => list.iter().map(size).sum(),
            Value::Object(map) => map.iter().map(|(name, value)| name.len() + size(value)).sum(),
            _ => 0,
        }
}

/// What people call a provisioned user or group.
pub(super) fn called(noun: Noun, document: &Object) -> String {
    match noun {
        Noun::User => {
            let profile = Profile::of(document);
            profile.name.filter(|name| !name.is_empty()).unwrap_or(profile.username)
        }
        Noun::Group => text(document, "displayName").unwrap_or_default().to_owned(),
    }
}
