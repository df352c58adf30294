//! What changed for a scope since a revision: `GET /api/client/delta`, and what streams send.
//!
//! Deltas are made of states, not of events: whoever was at revision `n` gets every flag that became different after
//! it, as it is now, and the names of those that are gone. So nobody can be too slow, and changes in between may be
//! left out; what a client has after any chain of deltas is what it would have fetched.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde_json::json;

use super::catalog::{Catalog, Segment, json};
use super::encoded::{Encoded, Encoding};
use super::payload::join;
use super::scope::Scope;
use super::views::View;
use crate::error::Result;

/// A scope at a revision, and the step that led to it.
pub struct Delta {
    /// The last event that may have changed what the scope shows.
    pub revision: i64,
    scope: Arc<Scope>,
    catalog: Arc<Catalog>,
    /// From which revision the last step led here, and what it was.
    step: Option<(i64, Message)>,
    whole: OnceLock<Whole>,
}

/// What a client needs that is at some revision.
pub enum Answer<'d> {
    /// Nothing: it has everything.
    Nothing,
    /// Some events.
    Changes(Message),
    /// Everything, as one event.
    Everything(&'d Whole),
}

/// `{"events": […]}`, as a server-sent event.
#[derive(Clone)]
pub struct Message {
    /// All of it, from the name of the event to the empty line at the end.
    pub frame: Bytes,
    /// Where the document begins.
    start: usize,
}

/// A message with everything in it.
pub struct Whole {
    /// For streams.
    pub message: Message,
    document: Encoded,
}

impl Message {
    fn begin(revision: i64, event: &str) -> (Vec<u8>, usize) {
        let mut out = format!("id: {revision}\nevent: {event}\ndata: ").into_bytes();
        let start = out.len();
        out.extend(b"{\"events\":[");
        (out, start)
    }

    fn end((mut out, start): (Vec<u8>, usize)) -> Self {
        out.extend(b"]}\n\n");
        Self { frame: out.into(), start }
    }

    /// The document in it.
    pub fn document(&self) -> Bytes {
        self.frame.slice(self.start..self.frame.len() - 2)
    }
}

impl Whole {
    /// The document in the message.
    pub async fn document(&self, encoding: Encoding) -> Result<Bytes> {
        self.document.bytes(encoding).await
    }
}

impl Delta {
    /// What a client needs that is at revision `at`; `None`: it has nothing.
    pub fn since(&self, at: Option<i64>) -> Answer<'_> {
        match at {
            Some(at) if at == self.revision => Answer::Nothing,
            Some(at) if at < self.revision && at >= self.catalog.known_since(&self.scope) => {
                Answer::Changes(match &self.step {
                    Some((from, changes)) if *from == at => changes.clone(),
                    _ => changes(&self.scope, &self.catalog, self.revision, at),
                })
            }
            _ => Answer::Everything(self.whole()),
        }
    }

    /// The server-sent event that brings a stream from the revision `at` here; `None`: it is here.
    pub fn frame(&self, at: Option<i64>) -> Option<Bytes> {
        match self.since(at) {
            Answer::Nothing => None,
            Answer::Changes(message) => Some(message.frame),
            Answer::Everything(whole) => Some(whole.message.frame.clone()),
        }
    }

    fn whole(&self) -> &Whole {
        self.whole.get_or_init(|| {
            let (mut out, start) = Message::begin(self.revision, "unleash-connected");
            out.extend(
                format!("{{\"eventId\":{},\"type\":\"hydration\",\"features\":[", self.revision).bytes(),
            );
            join(&mut out, self.catalog.flags(&self.scope).into_iter(), |out, flag| out.extend(&*flag.json));
            out.extend(b"],\"segments\":[");
            join(&mut out, self.catalog.segments(&self.scope), |out, segment| out.extend(&*segment.json));
            out.extend(b"]}");
            let message = Message::end((out, start));
            Whole { document: Encoded::new(message.document(), None), message }
        })
    }
}

impl View for Delta {
    type Key = Arc<Scope>;

    fn revision(scope: &Arc<Scope>, catalog: &Catalog) -> i64 {
        catalog.revision_of(scope)
    }

    fn of(scope: &Arc<Scope>, catalog: &Arc<Catalog>, revision: i64, before: Option<&Self>) -> Self {
        let known = before.filter(|before| before.revision >= catalog.known_since(scope));
        let step = known.map(|before| (before.revision, changes(scope, catalog, revision, before.revision)));
        Self { revision, scope: scope.clone(), catalog: catalog.clone(), step, whole: OnceLock::new() }
    }
}

/// The events that lead from the revision `at` to `revision`: segments first, because flags refer to them. All bear the
/// revision that they lead to.
fn changes(scope: &Scope, catalog: &Catalog, revision: i64, at: i64) -> Message {
    let changed: Vec<_> = catalog.flags(scope).into_iter().filter(|flag| flag.revision > at).collect();
    let strategies = changed.iter().flat_map(|flag| &flag.feature.strategies);
    let used: BTreeSet<i64> = strategies.flat_map(|strategy| strategy.segments.iter().copied()).collect();
    let needed = |segment: &&Segment| segment.revision > at || used.contains(&segment.content.id);
    let mut events: Vec<Box<[u8]>> = Vec::new();
    for segment in catalog.segments(scope).filter(needed) {
        events.push(event(revision, "segment-updated", "segment", &segment.json));
    }
    for (name, project) in catalog.gone(scope, at) {
        let removed = json!({
            "eventId": revision, "type": "feature-removed", "featureName": name, "project": project
        });
        events.push(json(&removed));
    }
    for flag in changed {
        events.push(event(revision, "feature-updated", "feature", &flag.json));
    }
    let (mut out, start) = Message::begin(revision, "unleash-updated");
    join(&mut out, events.iter(), |out, event| out.extend(&**event));
    Message::end((out, start))
}

fn event(revision: i64, kind: &str, field: &str, content: &[u8]) -> Box<[u8]> {
    let mut out = format!("{{\"eventId\":{revision},\"type\":\"{kind}\",\"{field}\":").into_bytes();
    out.extend(content);
    out.push(b'}');
    out.into_boxed_slice()
}
