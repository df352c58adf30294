//! Cursors (RFC 9865): a place in a list, written down so that any server can go on from it.
//!
//! They say where in the list of a connection to go on, and give nobody access to anything. What they contain is bound to
//! the search by a digest, so that one of another search, or a mangled one, is refused rather than misread.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use burgee_scim::Error;
use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::entropy::digest;
use crate::provisioning::query::{Mark, Start};

/// For how many seconds a cursor can be used.
pub(super) const TIMEOUT: i64 = 3600;
/// Characters of the digest.
const TAG: usize = 22;

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Cursor {
    /// Which of the lists that are read as one.
    pub(super) list: usize,
    /// The place in it; its beginning, if absent.
    mark: Option<Mark>,
    back: bool,
    made: i64,
}

impl Cursor {
    /// A place from which to go on, or to go back.
    pub(super) fn new(list: usize, mark: Option<Mark>, back: bool, now: Time) -> Self {
        Self { list, mark, back, made: now.millis() }
    }

    /// Reads a cursor of the search that `search` describes. An empty one is the beginning.
    pub(super) fn read(text: &str, search: &str, now: Time) -> Result<Self, Error> {
        if text.is_empty() {
            return Ok(Self::new(0, None, false, now));
        }
        let invalid = || {
            Error::invalid_cursor(
                "The cursor is not one of this search: use nextCursor as it was given, with the same parameters, or begin \
                 anew with an empty cursor.",
            )
        };
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| invalid())?;
        let (tag, content) = bytes.split_at_checked(TAG).ok_or_else(invalid)?;
        if tag != Self::tag(search, content).as_bytes() {
            return Err(invalid());
        }
        let cursor: Self = serde_json::from_slice(content).map_err(|_| invalid())?;
        let age = now.millis().saturating_sub(cursor.made);
        if age > TIMEOUT * 1000 {
            return Err(Error::expired_cursor(format!(
                "The cursor is older than {TIMEOUT} seconds: begin anew with an empty cursor."
            )));
        }
        Ok(cursor)
    }

    /// The text for the client: letters, digits, `-` and `_`.
    pub(super) fn write(&self, search: &str) -> serde_json::Result<String> {
        let content = serde_json::to_vec(self)?;
        let mut bytes = Self::tag(search, &content).into_bytes();
        bytes.extend(content);
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Where in its list the page begins.
    pub(super) fn start(self) -> Start {
        match self.mark {
            None => Start::First,
            Some(mark) if self.back => Start::Before(mark),
            Some(mark) => Start::After(mark),
        }
    }

    fn tag(search: &str, content: &[u8]) -> String {
        let mut tag = digest(&format!("{search}\n{}", String::from_utf8_lossy(content)));
        tag.truncate(TAG);
        tag
    }
}

#[cfg(test)]
mod tests {
    use burgee_scim::ScimType::{ExpiredCursor, InvalidCursor};

    use super::*;

    #[test]
    fn a_cursor_is_read_where_it_was_written_and_nowhere_else() {
        let now = Time::from_millis(1_000_000);
        let cursor = Cursor::new(1, Some(Mark { key: 7, sorted: None }), false, now);
        let text = cursor.write("search").unwrap();
        assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')));
        assert_eq!(Cursor::read(&text, "search", now).unwrap(), cursor);
        assert_eq!(Cursor::read("", "search", now).unwrap().start(), Start::First);
        let kind =
            |text: &str, search: &str, now: Time| Cursor::read(text, search, now).unwrap_err().scim_type;
        assert_eq!(kind(&text, "another", now), Some(InvalidCursor));
        for mangled in [&text[1..], &text[..text.len() - 4], "x", "%", "ä"] {
            assert_eq!(kind(mangled, "search", now), Some(InvalidCursor), "{mangled}");
        }
        let later = Time::from_millis(1_000_000 + TIMEOUT * 1000);
        assert!(Cursor::read(&text, "search", later).is_ok());
        assert_eq!(kind(&text, "search", Time::from_millis(later.millis() + 1)), Some(ExpiredCursor));
    }
}
