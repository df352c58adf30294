//! The document of `GET /api/client/features`, as bytes in every encoding.

use std::sync::Arc;

use burgee_eval::document::{self, Constraint};
use bytes::Bytes;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::catalog::{Catalog, Flag, json};
use super::encoded::{Encoded, Encoding};
use super::scope::Scope;
use super::views::View;
use crate::error::Result;

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Query {
    /// Whose flags.
    pub scope: Arc<Scope>,
    /// Only flags with one of these tags (type and value), in order; none: all.
    pub tags: Vec<(String, String)>,
    /// Only flags whose name begins so.
    pub prefix: Option<String>,
    /// Segments are written into the strategies, for clients that do not know them.
    pub inline: bool,
}

impl Query {
    /// True if it leaves out some of what the token sees.
    pub(super) fn narrows(&self) -> bool {
        self.prefix.is_some() || !self.tags.is_empty()
    }

    fn takes(&self, flag: &Flag) -> bool {
        self.prefix.as_ref().is_none_or(|prefix| flag.feature.name.starts_with(prefix))
            && (self.tags.is_empty() || self.tags.iter().any(|tag| flag.tags.contains(tag)))
    }

    fn document(&self) -> document::Query {
        document::Query {
            project: self.scope.projects.as_ref().map(|projects| projects.iter().cloned().collect()),
            tag: (!self.tags.is_empty())
                .then(|| self.tags.iter().map(|(kind, value)| vec![kind.clone(), value.clone()]).collect()),
            name_prefix: self.prefix.clone(),
            environment: Some(self.scope.environment.clone()),
            inline_segment_constraints: Some(self.inline),
        }
    }
}

/// The document that answers a query.
pub struct Payload {
    /// Names its content, with quotes: hash of the query, revision, version of the format.
    pub etag: String,
    /// The last event that may have changed it.
    pub revision: i64,
    document: Encoded,
}

impl Payload {
    /// Its bytes. What was not asked for before is compressed now; later payloads have it from the start.
    pub async fn bytes(&self, encoding: Encoding) -> Result<Bytes> {
        self.document.bytes(encoding).await
    }
}

impl View for Payload {
    type Key = Query;

    fn revision(query: &Query, catalog: &Catalog) -> i64 {
        catalog.revision_of(&query.scope)
    }

    fn of(query: &Query, catalog: &Arc<Catalog>, revision: i64, before: Option<&Self>) -> Self {
        let asked = json(&query.document());
        let hash = hash(&asked);
        let etag = format!("\"{hash}:{revision}:v1\"");
        let meta = json(&json!({ "revisionId": revision, "etag": etag, "queryHash": hash }));
        let flags = catalog.flags(&query.scope);
        let length: usize = flags.iter().map(|flag| flag.json.len() + 1).sum();
        let mut out = Vec::with_capacity(length + asked.len() + meta.len() + 256);
        out.extend(b"{\"version\":2,\"features\":[");
        let taken = flags.into_iter().filter(|flag| query.takes(flag));
        join(&mut out, taken, |out, flag| {
            if query.inline && flag.feature.strategies.iter().any(|strategy| !strategy.segments.is_empty()) {
                out.extend(inlined(flag, catalog));
            } else {
                out.extend(&*flag.json);
            }
        });
        out.extend(b"],\"query\":");
        out.extend(&*asked);
        if !query.inline {
            out.extend(b",\"segments\":[");
            join(&mut out, catalog.segments(&query.scope), |out, segment| out.extend(&*segment.json));
            out.extend(b"]");
        }
        out.extend(b",\"meta\":");
        out.extend(&*meta);
        out.extend(b"}");
        let document = Encoded::new(out.into(), before.map(|before| &before.document));
        Self { etag, revision, document }
    }
}

/// Items with commas between them.
pub(super) fn join<T>(
    out: &mut Vec<u8>,
    items: impl Iterator<Item = T>,
    mut write: impl FnMut(&mut Vec<u8>, T),
) {
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(out, item);
    }
}

/// A flag for clients that do not know segments.
fn inlined(flag: &Flag, catalog: &Catalog) -> Box<[u8]> {
    let mut feature = flag.feature.clone();
    for strategy in &mut feature.strategies {
        let segments = std::mem::take(&mut strategy.segments);
        let found = segments.iter().filter_map(|id| catalog.segments.get(id));
        let constraints: Vec<Constraint> =
            found.flat_map(|found| found.content.constraints.iter().cloned()).collect();
        strategy.constraints.extend(constraints);
    }
    json(&feature)
}

/// Eight hexadecimal digits, the same on every server.
fn hash(bytes: &[u8]) -> String {
    use std::fmt::Write;
    Sha256::digest(bytes).iter().take(4).fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}
