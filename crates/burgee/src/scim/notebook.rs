//! What a call asks for and does, noted for the journal while it is answered.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, Method, header};
use axum::response::Response;
use http_body_util::BodyExt;
use serde_json::{Map, Value, json};

use super::fault::Fault;
use crate::app::{App, client_address};
use crate::clock::Time;
use crate::provisioning::Noun;
use crate::provisioning::journal::{self, Act, Deed, Part};

/// Headers of a request that matter for what becomes of it.
const ASKED: [HeaderName; 6] = [
    header::ACCEPT,
    header::CONTENT_TYPE,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    HeaderName::from_static("traceparent"),
    HeaderName::from_static(super::DRY_RUN),
];
/// Headers of an answer that matter to the client.
const ANSWERED: [HeaderName; 7] = [
    header::CONTENT_TYPE,
    header::ETAG,
    header::LOCATION,
    header::RETRY_AFTER,
    header::WWW_AUTHENTICATE,
    header::ALLOW,
    HeaderName::from_static(super::later::SET_TXN),
];
/// The longest value of a header that is kept, in characters.
const LONGEST: usize = 300;

/// Takes notes of one call. Copies share them.
#[derive(Clone, Default)]
pub(super) struct Notebook(Arc<Mutex<Noted>>);

#[derive(Default)]
struct Noted {
    connection: Option<i64>,
    credential: Option<String>,
    dry_run: bool,
    replays: Option<(String, String)>,
    quirks: Vec<&'static str>,
    request: Part,
    detail: Option<String>,
    deeds: Vec<Deed>,
}

impl Notebook {
    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whose call it is, and by which token.
    pub(super) fn whose(&self, connection: i64, credential: Option<String>) {
        let mut noted = self.noted();
        noted.connection = Some(connection);
        noted.credential = credential;
    }

    /// Nothing is to be changed.
    pub(super) fn dry_run(&self) {
        self.noted().dry_run = true;
    }

    /// A call is done again: which, and by whom.
    pub(super) fn replays(&self, id: &str, who: &str) {
        self.noted().replays = Some((id.to_owned(), who.to_owned()));
    }

    /// A deviation was understood.
    pub(super) fn quirk(&self, name: &'static str) {
        let mut noted = self.noted();
        if !noted.quirks.contains(&name) {
            noted.quirks.push(name);
        }
    }

    /// The body that came.
    pub(super) fn request(&self, body: &Bytes) {
        self.noted().request = Part::of(body.clone());
    }

    /// An operation begins.
    pub(super) fn begin(&self, act: Act, noun: Option<Noun>) {
        self.noted().deeds.push(Deed::new(act, noun));
    }

    /// More is known of the operation.
    pub(super) fn tell(&self, more: impl FnOnce(&mut Deed)) {
        if let Some(deed) = self.noted().deeds.last_mut() {
            more(deed);
        }
    }

    /// Why the call was refused, where the answer has another shape.
    pub(super) fn told(&self, why: &str) {
        let mut noted = self.noted();
        if let Some(deed) = noted.deeds.last_mut() {
            deed.refused = Some(why.to_owned());
        }
        noted.detail = Some(why.to_owned());
    }

    /// The operation, or the whole call, was refused or failed.
    pub(super) fn refuse(&self, fault: &Fault) {
        self.told(fault.detail());
    }
}

/// A call that was not answered yet.
pub(super) struct Begun {
    since: Instant,
    at: Time,
    method: Method,
    path: String,
    query: Option<String>,
    address: Option<String>,
    agent: Option<String>,
    request_id: Option<String>,
    headers: Value,
}

impl Begun {
    /// A call that begins now; none if the journal keeps none.
    pub(super) fn of(app: &App, request: Request) -> (Option<Self>, Request) {
        if app.journal_rules().days == 0 {
            return (None, request);
        }
        let (parts, body) = request.into_parts();
        let word = |name: HeaderName| word(&parts.headers, &name);
        let begun = Self {
            since: Instant::now(),
            at: app.clock.now(),
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().map(str::to_owned),
            address: client_address(&parts, app),
            agent: word(header::USER_AGENT),
            request_id: word(HeaderName::from_static("x-request-id")),
            headers: chosen(&parts.headers, &ASKED),
        };
        (Some(begun), Request::from_parts(parts, body))
    }

    /// The same, without what stood in its query: where secrets are sent, one may stand there by mistake.
    pub(super) fn without_query(self) -> Self {
        Self { query: None, ..self }
    }

    /// A call that is done again, here and now.
    pub(super) fn again(app: &App, of: &journal::Full, address: Option<String>) -> Self {
        Self {
            since: Instant::now(),
            at: app.clock.now(),
            method: of.brief.method.parse().unwrap_or_default(),
            path: of.brief.path.clone(),
            query: of.brief.query.clone(),
            address,
            agent: None,
            request_id: None,
            headers: of.headers.0["request"].clone(),
        }
    }

    /// Hands everything to the journal. Returns the answer as it was, and the id under which the call will be found.
    pub(super) async fn end(
        self,
        app: &App,
        notebook: &Notebook,
        response: Response,
    ) -> (Response, Option<String>) {
        let (parts, body) = response.into_parts();
        let (sent, body) = kept(body, app.journal_rules().mask).await;
        let noted = std::mem::take(&mut *notebook.noted());
        let call = journal::Call {
            connection: noted.connection,
            at: self.at,
            micros: i64::try_from(self.since.elapsed().as_micros()).unwrap_or(i64::MAX),
            method: self.method.as_str().to_owned(),
            path: self.path,
            query: self.query,
            status: parts.status.as_u16(),
            credential: noted.credential,
            address: self.address,
            agent: self.agent,
            request_id: self.request_id,
            dry_run: noted.dry_run,
            replays: noted.replays,
            quirks: noted.quirks,
            headers: json!({ "request": self.headers, "response": chosen(&parts.headers, &ANSWERED) }),
            request: noted.request,
            response: sent,
            detail: noted.detail,
            deeds: noted.deeds,
        };
        let id = app.journal.note(&app.entropy, app.clock.now(), call);
        (Response::from_parts(parts, body), id)
    }
}

/// What the journal needs of a body that is sent, and the body. One that is sent bit by bit is left alone.
async fn kept(body: Body, mask: bool) -> (Part, Body) {
    if body.size_hint().exact().is_none() {
        return (Part::Large(None), body);
    }
    let Ok(all) = body.collect().await else { return (Part::None, Body::empty()) };
    let bytes = all.to_bytes();
    (Part::sent(&bytes, mask), Body::from(bytes))
}

fn word(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let text = headers.get(name)?.to_str().ok()?;
    Some(text.chars().take(LONGEST).collect())
}

fn chosen(headers: &HeaderMap, names: &[HeaderName]) -> Value {
    let known = names.iter().filter_map(|name| Some((name.as_str().to_owned(), word(headers, name)?.into())));
    Value::Object(known.collect::<Map<_, _>>())
}
