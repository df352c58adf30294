//! The way to the service: one request at a time, again and again until there is an answer, as identity providers do it.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use serde_json::Value;

/// How often a request is sent before the service counts as gone.
const ATTEMPTS: usize = 100;
/// How long to wait before a request is sent again, if the service does not say.
const PAUSE: Duration = Duration::from_millis(100);

/// What the network does to requests: how often, in a hundred.
pub struct Faults {
    random: StdRng,
    /// The answer is lost: the identity provider sends the request again.
    pub lost: u32,
    /// The request arrives twice, at the same time.
    pub twice: u32,
}

impl Faults {
    /// The same `seed` makes the same faults.
    pub fn new(seed: u64, lost: u32, twice: u32) -> Self {
        Self { random: StdRng::seed_from_u64(seed), lost, twice }
    }

    fn strike(&mut self) -> (bool, bool) {
        let dice = self.random.random_range(0..100);
        (dice < self.lost, dice >= self.lost && dice < self.lost + self.twice)
    }
}

/// What the service answers.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Null, if there is none.
    pub body: Value,
}

impl Answer {
    /// Fails unless the status is one of these.
    pub fn one_of(self, statuses: &[u16]) -> Result<Self> {
        if !statuses.contains(&self.status) {
            bail!("{} instead of {statuses:?}: {}", self.status, self.body);
        }
        Ok(self)
    }

    /// The id in the body.
    pub fn id(&self) -> Result<String> {
        Ok(self.body["id"].as_str().with_context(|| format!("no id in {}", self.body))?.to_owned())
    }

    /// The id of the first resource of a list.
    pub fn first(&self) -> Option<String> {
        self.body["Resources"][0]["id"].as_str().map(str::to_owned)
    }
}

/// A connection to the service.
pub struct Wire {
    base: String,
    token: String,
    agent: &'static str,
    http: reqwest::Client,
    faults: Option<Faults>,
    /// How many requests were sent.
    pub sent: usize,
    /// How many of them had to be sent again.
    pub again: usize,
}

impl Wire {
    /// To the service at `base`, such as `http://127.0.0.1:4242/scim/v2`.
    pub fn to(base: &str, token: &str) -> Self {
        let http = reqwest::Client::builder().timeout(Duration::from_mins(1)).no_proxy().build();
        let http = http.unwrap_or_default();
        let (base, token) = (base.to_owned(), token.to_owned());
        Self { base, token, agent: "", http, faults: None, sent: 0, again: 0 }
    }

    /// The same way, with faults.
    #[must_use]
    pub fn with(mut self, faults: Faults) -> Self {
        self.faults = Some(faults);
        self
    }

    pub(crate) fn named(mut self, agent: &'static str) -> Self {
        self.agent = agent;
        self
    }

    /// Sends a request until it is answered by something else than "later".
    pub async fn send(&mut self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer> {
        for _ in 0..ATTEMPTS {
            let (lost, twice) = self.faults.as_mut().map(Faults::strike).unwrap_or_default();
            self.sent += 1;
            let answer = if twice {
                self.sent += 1;
                let both = tokio::join!(self.once(&method, path, body), self.once(&method, path, body));
                both.1
            } else {
                self.once(&method, path, body).await
            };
            match answer {
                Ok((Answer { status: 429 | 503, .. }, wait)) => tokio::time::sleep(wait).await,
                Ok((answer, _)) if !lost => return Ok(answer),
                Ok(_) => {}
                // Nobody there, or gone in the middle of it.
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
            self.again += 1;
        }
        bail!("no answer to {method} {path}")
    }

    /// Reads what has this path.
    pub async fn get(&mut self, path: &str) -> Result<Answer> {
        self.send(Method::GET, path, None).await
    }

    /// Looks for the resources that match a filter.
    pub async fn find(&mut self, endpoint: &str, more: &str, filter: &str) -> Result<Answer> {
        let filter = utf8_percent_encode(filter, NON_ALPHANUMERIC);
        self.get(&format!("{endpoint}?{more}filter={filter}")).await?.one_of(&[200])
    }

    /// Makes a resource; its id. Nothing, if it is there already.
    pub(crate) async fn create(&mut self, endpoint: &str, body: &Value) -> Result<Option<String>> {
        let made = self.send(Method::POST, endpoint, Some(body)).await?.one_of(&[201, 409])?;
        if made.status == 201 { made.id().map(Some) } else { Ok(None) }
    }

    /// The id of the resource that matches a filter; it is made if it is not there. Where it was made already, and the
    /// answer was lost, it is found then.
    pub(crate) async fn link(
        &mut self,
        endpoint: &str,
        find: &str,
        filter: &str,
        new: &Value,
    ) -> Result<String> {
        let mut id = self.find(endpoint, find, filter).await?.first();
        if id.is_none() {
            id = self.create(endpoint, new).await?;
        }
        if id.is_none() {
            id = self.find(endpoint, find, filter).await?.first();
        }
        id.with_context(|| format!("{new} is taken, and nobody has it"))
    }

    async fn once(&self, method: &Method, path: &str, body: Option<&Value>) -> Result<(Answer, Duration)> {
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.base));
        request = request.bearer_auth(&self.token).header(USER_AGENT, self.agent);
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/scim+json").body(body.to_string());
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        let wait = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let wait = wait.map_or(PAUSE, |seconds: u64| Duration::from_secs(seconds.min(5)));
        let text = response.text().await?;
        let body = if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).with_context(|| format!("{status}: no JSON: {text}"))?
        };
        Ok((Answer { status, body }, wait))
    }
}

/// A text in a filter.
pub(crate) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
