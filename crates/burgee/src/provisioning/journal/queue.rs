//! Calls that are noted and not written yet.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde_json::Value;

use super::deed::{Act, Deed};
use super::redact::{LARGEST, LONGEST};
use crate::clock::Time;
use crate::entropy::Entropy;

/// How many calls wait at most.
const MOST: usize = 10_000;
/// How many bytes wait at most: of bodies, and of what calls did.
const MOST_BYTES: usize = 32 * 1024 * 1024;
/// How many calls of nobody known, or of whoever only says who they are, are noted in a minute.
const STRANGERS: u32 = 20;
/// How long a minute is.
const MINUTE: i64 = 60_000;

/// A call, as it is noted.
#[derive(Clone, Debug)]
pub struct Call {
    /// Whose; none if nobody knows.
    pub connection: Option<i64>,
    /// When it began.
    pub at: Time,
    /// How long it took, in microseconds.
    pub micros: i64,
    /// GET, POST, …
    pub method: String,
    /// As it was asked for.
    pub path: String,
    /// What stood after the `?`.
    pub query: Option<String>,
    /// The status of the answer.
    pub status: u16,
    /// What shows whose call it was: never the secret itself.
    pub credential: Option<String>,
    /// Where it came from.
    pub address: Option<String>,
    /// Which program the client says it is.
    pub agent: Option<String>,
    /// What the client, or a proxy, calls the request.
    pub request_id: Option<String>,
    /// True if nothing was to be changed.
    pub dry_run: bool,
    /// Which call was done again, and by whom.
    pub replays: Option<(String, String)>,
    /// The deviations that were understood, by name.
    pub quirks: Vec<&'static str>,
    /// Those headers of request and answer that matter: `{"request": {…}, "response": {…}}`.
    pub headers: Value,
    /// The body that came.
    pub request: Part,
    /// The body that was sent.
    pub response: Part,
    /// Why it was refused, or failed.
    pub detail: Option<String>,
    /// What was done, operation by operation.
    pub deeds: Vec<Deed>,
}

impl Call {
    /// True if nobody has shown that it is theirs: whoever asks for a token in vain has only said so.
    fn is_of_a_stranger(&self) -> bool {
        let refused = self.status >= 400 && self.deeds.iter().any(|deed| deed.act == Act::Token);
        self.connection.is_none() || refused
    }

    /// How much room it takes until it is written, in bytes: about.
    fn size(&self) -> usize {
        let deeds: usize = self.deeds.iter().map(Deed::size).sum();
        self.request.len() + self.response.len() + deeds
    }
}

/// A body.
#[derive(Clone, Debug, Default)]
pub enum Part {
    /// There was none.
    #[default]
    None,
    /// All of it.
    Whole(Bytes),
    /// The beginning of a body, and how large that was.
    Head(Bytes, usize),
    /// Too large to keep, or sent bit by bit: how large, if that is known.
    Large(Option<usize>),
}

impl Part {
    /// A body of this text; none if it is empty.
    pub fn of(bytes: Bytes) -> Self {
        match bytes.len() {
            0 => Self::None,
            1..=LARGEST => Self::Whole(bytes),
            size => Self::Large(Some(size)),
        }
    }

    /// A body that this server wrote: without secrets, so that its beginning may be kept as it is unless something has to
    /// be masked.
    pub fn sent(bytes: &Bytes, mask: bool) -> Self {
        if !mask && bytes.len() > LONGEST {
            return Self::Head(Bytes::copy_from_slice(&bytes[..LONGEST]), bytes.len());
        }
        Self::of(bytes.clone())
    }

    fn len(&self) -> usize {
        if let Self::Whole(bytes) | Self::Head(bytes, _) = self { bytes.len() } else { 0 }
    }
}

/// What the journal tells of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Calls for which there was no room, since the server started.
    pub lost: u64,
    /// Calls of nobody known that were not noted because there were so many, since the server started.
    pub passed_over: u64,
}

/// Calls that are not written yet.
#[derive(Default)]
pub struct Journal {
    waiting: Mutex<Waiting>,
    lost: AtomicU64,
    passed_over: AtomicU64,
}

#[derive(Default)]
struct Waiting {
    /// With their ids and sizes, which are reckoned before anybody has to wait.
    calls: VecDeque<(String, usize, Call)>,
    /// The sizes together.
    bytes: usize,
    /// The newest id.
    last: Option<String>,
    /// The present minute, and how many calls of nobody known it had.
    strangers: (i64, u32),
}

impl Journal {
    /// Notes a call. Returns the id under which it will be found; none if there is no room.
    pub fn note(&self, entropy: &Entropy, now: Time, call: Call) -> Option<String> {
        let bytes = call.size();
        let mut waiting = self.waiting();
        if call.is_of_a_stranger() {
            let minute = now.millis().div_euclid(MINUTE);
            if waiting.strangers.0 != minute {
                waiting.strangers = (minute, 0);
            }
            waiting.strangers.1 = waiting.strangers.1.saturating_add(1);
            if waiting.strangers.1 > STRANGERS {
                self.passed_over.fetch_add(1, Ordering::Relaxed);
                return None;
            }
        }
        if waiting.calls.len() >= MOST || waiting.bytes + bytes > MOST_BYTES {
            self.lost.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        let id = entropy.ulid_after(now, waiting.last.as_deref());
        waiting.last = Some(id.clone());
        waiting.bytes += bytes;
        waiting.calls.push_back((id.clone(), bytes, call));
        Some(id)
    }

    /// How many calls are not to be found.
    pub fn missing(&self) -> Missing {
        Missing {
            lost: self.lost.load(Ordering::Relaxed),
            passed_over: self.passed_over.load(Ordering::Relaxed),
        }
    }

    pub(super) fn lose(&self, calls: usize) {
        self.lost.fetch_add(calls as u64, Ordering::Relaxed);
    }

    /// The next calls to write, the oldest first: `limit` at most.
    pub(super) fn take(&self, limit: usize) -> Vec<(String, Call)> {
        let mut waiting = self.waiting();
        let some = limit.min(waiting.calls.len());
        let taken: Vec<_> = waiting.calls.drain(..some).collect();
        waiting.bytes -= taken.iter().map(|(_, bytes, _)| bytes).sum::<usize>();
        taken.into_iter().map(|(id, _, call)| (id, call)).collect()
    }

    /// Puts calls back that could not be written now.
    pub(super) fn put_back(&self, calls: Vec<(String, Call)>) {
        let calls: Vec<_> = calls.into_iter().map(|(id, call)| (id, call.size(), call)).collect();
        let mut waiting = self.waiting();
        for (id, bytes, call) in calls.into_iter().rev() {
            if waiting.calls.len() >= MOST || waiting.bytes + bytes > MOST_BYTES {
                self.lose(1);
                continue;
            }
            waiting.bytes += bytes;
            waiting.calls.push_front((id, bytes, call));
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
