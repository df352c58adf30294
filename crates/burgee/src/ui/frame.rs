//! What a page must know of the request that it answers, and the one place where answers are made: a whole page, or the
//! part of it that changes.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Ui;
use super::guard::Viewer;
use super::page::{self, Page};
use crate::clock::Time;
use crate::entropy::seal;
use crate::gate;

/// Remembers how somebody likes their pages.
pub(super) const THEME: &str = "burgee-theme";
/// Remembers how somebody likes moments to be told.
const TIMES: &str = "burgee-times";
/// Carries a note to the next page.
const NOTE: &str = "burgee-note";
/// For how many seconds a browser remembers.
const YEAR: u64 = 365 * 24 * 3600;
/// The longest note, so that it fits into a cookie.
const LONGEST: usize = 300;
/// The longest cookie that browsers surely keep, in bytes.
const LONGEST_COOKIE: usize = 3500;

/// Dark or light.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Theme {
    /// As the system says.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// All of them.
    pub(super) const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// As forms and the page spell it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme of this name.
    pub(super) fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|theme| theme.name() == name).unwrap_or_default()
    }
}

/// How moments are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Times {
    /// As time that passed.
    #[default]
    Ago,
    /// As date and time where the reader is.
    Local,
    /// As date and time in UTC.
    Utc,
}

impl Times {
    /// All of them.
    pub(super) const ALL: [Self; 3] = [Self::Ago, Self::Local, Self::Utc];

    /// As forms and the page spell it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Ago => "ago",
            Self::Local => "local",
            Self::Utc => "utc",
        }
    }

    /// The way of this name.
    pub(super) fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|times| times.name() == name).unwrap_or_default()
    }
}

/// What the next page says about what was just done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Note {
    /// A sentence.
    pub(super) text: String,
    /// The action that takes it back, with what its form sends.
    pub(super) undo: Option<(String, Vec<(String, String)>)>,
}

impl Note {
    /// Only says it.
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), undo: None }
    }

    /// Says it and offers to take it back.
    #[must_use]
    pub(super) fn undo(mut self, action: impl Into<String>, fields: &[(&str, &str)]) -> Self {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.undo = Some((action.into(), fields));
        self
    }

    /// As a cookie. Others could set one, too: what is done by it is sealed with the secret of the reader's session.
    /// What a switch was moved to. Only what changed can be taken back: else it was somebody else who did it.
    pub(super) fn switched(
        changed: bool,
        text: impl Into<String>,
        action: impl Into<String>,
        fields: &[(&str, &str)],
    ) -> Self {
        let text = text.into();
        if changed {
            Self::new(text).undo(action, fields)
        } else {
            Self::new(format!("{text}: it was so already"))
        }
    }

    fn write(&self, session: &str) -> String {
        let mut out = form_urlencoded::Serializer::new(String::new());
        out.append_pair("text", &self.text.chars().take(LONGEST).collect::<String>());
        if let Some((action, fields)) = &self.undo {
            out.append_pair("undo", action).extend_pairs(fields);
        }
        let note = out.finish();
        format!("{}.{note}", seal(session, &note))
    }

    fn read(cookie: &str, session: &str) -> Option<Self> {
        let (given, note) = cookie.split_once('.')?;
        let sealed = !session.is_empty() && given == seal(session, note);
        let mut pairs = form_urlencoded::parse(note.as_bytes()).into_owned();
        let (_, text) = pairs.next().filter(|(name, text)| name == "text" && !text.is_empty())?;
        let undo = pairs.next().filter(|(name, action)| sealed && name == "undo" && is_own(action));
        Some(Self { text, undo: undo.map(|(_, action)| (action, pairs.collect())) })
    }
}

/// True for a path on this server: nothing that a browser could read as another one's address.
pub(super) fn is_own(path: &str) -> bool {
    let plain = |c: char| !c.is_control() && c != '\\';
    path.starts_with('/') && !path.starts_with("//") && path.chars().all(plain)
}

/// A name as one part of a path, whatever is in it.
pub(super) fn segment(name: &str) -> String {
    percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// What a page must know of the request that it answers.
pub(super) struct Frame {
    ui: Ui,
    base: String,
    /// The secret of the reader's session; empty: none.
    session: String,
    /// The address of the page, below the base path.
    pub(super) here: String,
    /// True if only the part that changes is wanted.
    pub(super) fragment: bool,
    /// How the reader likes it.
    pub(super) theme: Theme,
    /// How the reader likes moments to be told.
    pub(super) times: Times,
    /// What was just done.
    pub(super) note: Option<Note>,
    /// The present.
    pub(super) now: Time,
    reads: bool,
}

impl FromRequestParts<Ui> for Frame {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, ui: &Ui) -> Result<Self, Self::Rejection> {
        let has = |name: &str| parts.headers.contains_key(name);
        let here = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let theme = gate::named_cookie(&parts.headers, THEME).map(Theme::named);
        // A page that refreshes by itself leaves the note to the one that somebody waits for.
        let session = gate::cookie(&parts.headers).unwrap_or_default();
        let note = gate::named_cookie(&parts.headers, NOTE)
            .filter(|_| !has("burgee-live"))
            .and_then(|note| Note::read(note, session));
        Ok(Self {
            ui: ui.clone(),
            base: ui.config.base_path(),
            session: session.to_owned(),
            here: here.to_owned(),
            fragment: has("hx-request"),
            theme: theme.unwrap_or_default(),
            times: gate::named_cookie(&parts.headers, TIMES).map(Times::named).unwrap_or_default(),
            note,
            now: ui.clock.now(),
            reads: parts.method == Method::GET,
        })
    }
}

impl Frame {
    /// The address of a path on this server.
    pub(super) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Answers with a page, or with the part that changes.
    pub(super) fn page(&self, viewer: &Viewer, page: &Page) -> Response {
        let status = page.status;
        let content =
            if self.fragment { page::fragment(self, viewer, page) } else { page::whole(self, viewer, page) };
        let mut response = (status, content).into_response();
        if self.note.is_some() {
            self.set_cookie(response.headers_mut(), NOTE, "", 0);
        }
        response
    }

    /// Goes to a page after something was done.
    pub(super) fn go(&self, path: &str) -> Response {
        (StatusCode::SEE_OTHER, [(header::LOCATION, self.at(path))]).into_response()
    }

    /// Goes to a page that says what was done.
    pub(super) fn done(&self, path: &str, note: &Note) -> Response {
        let mut response = self.go(path);
        let mut cookie = note.write(&self.session);
        if cookie.len() > LONGEST_COOKIE {
            cookie = Note::new(note.text.as_str()).write(&self.session);
        }
        self.set_cookie(response.headers_mut(), NOTE, &cookie, 20);
        response
    }

    /// Goes to where one signs in, and from there to the page.
    pub(super) fn sign_in(&self) -> Response {
        let next = if self.reads { self.here.as_str() } else { "/" };
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
        let to = if next == "/" { "/sign-in".to_owned() } else { format!("/sign-in?{query}") };
        if !self.fragment {
            return self.go(&to);
        }
        let to = [(HeaderName::from_static("hx-redirect"), self.at(&to))];
        (StatusCode::UNAUTHORIZED, to).into_response()
    }

    /// Remembers how the reader likes their pages.
    pub(super) fn keep_theme(&self, headers: &mut HeaderMap, theme: Theme) {
        self.set_cookie(headers, THEME, theme.name(), YEAR);
    }

    /// Remembers how the reader likes moments to be told.
    pub(super) fn keep_times(&self, headers: &mut HeaderMap, times: Times) {
        self.set_cookie(headers, TIMES, times.name(), YEAR);
    }

    fn set_cookie(&self, headers: &mut HeaderMap, name: &str, value: &str, seconds: u64) {
        if let Ok(cookie) = gate::set_cookie(&self.ui, name, value, seconds) {
            headers.append(header::SET_COOKIE, cookie);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_server_are_followed() {
        for own in ["/", "/projects/a?b=//c", "/a/../b"] {
            assert!(is_own(own), "{own}");
        }
        for other in
            ["", "a", "//evil.test", "/\\evil.test", "https://evil.test", "/a\nb", "javascript:alert(1)"]
        {
            assert!(!is_own(other), "{other}");
        }
    }

    #[test]
    fn notes_survive_the_cookie_and_never_lead_elsewhere() {
        let note = Note::new("“a & b” is off; really")
            .undo("/projects/p/switch", &[("enabled", "true"), ("back", "/x?y=1&z")]);
        assert_eq!(Note::read(&note.write("secret"), "secret"), Some(note.clone()));
        let elsewhere = Note::new("x").undo("//evil.test", &[]);
        assert_eq!(Note::read(&elsewhere.write("secret"), "secret"), Some(Note::new("x")));
        assert_eq!(Note::read("nonsense", "secret"), None);
        // What others wrote into the cookie says something at most.
        for (theirs, mine) in [("theirs", "mine"), ("", "mine"), ("", "")] {
            assert_eq!(Note::read(&note.write(theirs), mine), Some(Note::new(&note.text)));
        }
    }
}
