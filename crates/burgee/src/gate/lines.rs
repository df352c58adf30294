//! Calls of identity providers, a line of JSON each.

use std::convert::Infallible;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use futures_util::stream::unfold;

use crate::app::App;
use crate::error::Result;
use crate::provisioning::journal::{self, Filter, Full};

/// What such lines are called by those who ask for them.
pub const KIND: &str = "application/x-ndjson";
/// How many calls are read at once.
const SOME: i64 = 200;
/// How many lines there are at most: the newest ones.
const MOST: usize = 50_000;

/// True if the request asks for lines rather than one JSON document.
pub fn wanted(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| ["ndjson", "jsonl"].iter().any(|kind| accept.contains(kind)))
}

/// The calls that a filter finds, the newest first, read while the client takes them. Where `after` is asked for, the
/// oldest come first, so that whoever follows can go on after the last one.
pub fn calls(app: App, filter: Filter) -> Body {
    let forward = filter.after.is_some();
    let rest = Some(Rest { app, filter, forward, left: MOST });
    Body::from_stream(unfold(rest, |rest| async {
        let (text, rest) = rest?.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(text)), rest))
    }))
}

/// What is not written yet.
struct Rest {
    app: App,
    filter: Filter,
    forward: bool,
    left: usize,
}

impl Rest {
    /// The next lines, and what is left after them. What cannot be read to its end ends early, and the log says so.
    async fn next(mut self) -> Option<(String, Option<Self>)> {
        let calls = match self.read().await {
            Ok(calls) => calls,
            Err(error) => {
                tracing::warn!(%error, "a file of calls ends early");
                return None;
            }
        };
        let mut text = String::new();
        for call in &calls {
            text.push_str(&serde_json::to_string(call).ok()?);
            text.push('\n');
        }
        let last = calls.last().map(|call| call.brief.id.clone());
        if self.forward {
            self.filter.after = last;
        } else {
            self.filter.before = last;
        }
        self.left = self.left.saturating_sub(calls.len());
        let over = self.left == 0 || i64::try_from(calls.len()).unwrap_or(0) < SOME;
        Some((text, (!over).then_some(self)))
    }

    async fn read(&self) -> Result<Vec<Full>> {
        let mut tx = self.app.db.read().await?;
        let calls = journal::newest(&mut tx, &self.filter, self.forward, SOME).await?;
        tx.end().await?;
        Ok(calls)
    }
}
